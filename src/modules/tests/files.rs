use super::Bench;
use crate::modules::ModuleError;
use serde_json::json;
use std::os::unix::fs::{PermissionsExt, symlink};

fn mode(path: &str) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn every_file_touching_module_refuses_paths_that_are_too_wide() {
    let bench = Bench::new();
    let source = bench.local("f", "x");
    for path in ["", "/", "//", "/etc/*", "relative", "/a/../b"] {
        for (module, args) in [
            ("copy", json!({"content": "x", "dest": path})),
            ("template", json!({"src": source, "dest": path})),
            ("file", json!({"path": path, "state": "absent"})),
            ("stat", json!({"path": path})),
            ("slurp", json!({"src": path})),
            ("lineinfile", json!({"path": path, "line": "x"})),
            ("replace", json!({"path": path, "regexp": "x"})),
            ("blockinfile", json!({"path": path, "block": "x"})),
            ("find", json!({"paths": path})),
            ("tempfile", json!({"path": path})),
        ] {
            let result = bench.run(module, args).await;
            assert!(matches!(result, Err(ModuleError::Refused { .. })), "{module} {path:?}");
            assert_eq!(bench.round_trips(), 0);
        }
    }
    let system = bench.run("file", json!({"path": "/etc/", "state": "absent"})).await;
    assert!(matches!(system, Err(ModuleError::Refused { .. })));
}

#[tokio::test]
async fn copy_sets_a_mode_alone_without_sending_the_file_again() {
    let bench = Bench::new();
    let dest = bench.host("f");
    std::fs::write(&dest, "x").unwrap();
    // `mode: 0600` without quotes is the number 384 in YAML.
    let outcome =
        bench.run("copy", json!({"content": "x", "dest": dest, "mode": 384})).await.unwrap();
    assert!(outcome.changed);
    assert_eq!(mode(&dest), 0o600);
    assert_eq!(bench.round_trips(), 2);
    for wrong in [json!("rw"), json!("u+z"), json!(99_999), json!(true), json!("")] {
        let task = json!({"content": "x", "dest": dest, "mode": wrong});
        assert!(bench.run("copy", task).await.is_err());
    }
}

#[tokio::test]
async fn copy_within_the_host_compares_first() {
    let bench = Bench::new();
    let (src, dest) = (bench.host("src"), bench.host("dest"));
    std::fs::write(&src, "data").unwrap();
    let task = json!({"src": src, "dest": dest, "remote_src": true, "mode": "0600"});
    assert!(bench.run("copy", task.clone()).await.unwrap().changed);
    assert_eq!((std::fs::read_to_string(&dest).unwrap(), mode(&dest)), ("data".to_owned(), 0o600));
    assert!(!bench.run("copy", task).await.unwrap().changed);
    assert_eq!(bench.picture().len(), 2, "nothing temporary is left");
}

#[tokio::test]
async fn file_makes_directories_links_and_absence_and_says_changed_truly() {
    let bench = Bench::new();
    let (deep, link) = (bench.host("a/b c"), bench.host("link"));
    for (task, proof) in [
        (json!({"path": deep, "state": "directory", "mode": "0750"}), "directory"),
        (json!({"path": link, "state": "link", "src": deep}), "link"),
        (json!({"path": bench.host("a"), "state": "absent"}), "absent"),
    ] {
        let first = bench.run("file", task.clone()).await.unwrap();
        assert!(first.changed, "{proof}");
        match proof {
            "directory" => assert_eq!(mode(&deep), 0o750),
            "link" => assert_eq!(std::fs::read_link(&link).unwrap().to_str().unwrap(), deep),
            _ => assert!(!std::path::Path::new(&deep).exists()),
        }
        let again = bench.run("file", task).await.unwrap();
        assert!(!again.changed, "{proof} again");
        assert!(bench.round_trips() <= 2);
    }
}

#[tokio::test]
async fn file_never_replaces_a_thing_of_another_kind() {
    let bench = Bench::new();
    let path = bench.host("f");
    std::fs::write(&path, "x").unwrap();
    assert!(bench.run("file", json!({"path": path, "state": "directory"})).await.is_err());
    assert!(bench.run("file", json!({"path": path, "state": "link", "src": "/x"})).await.is_err());
    assert!(bench.run("file", json!({"path": path, "state": "link", "src": "/"})).await.is_err());
    assert!(bench.run("file", json!({"path": bench.host("no")})).await.is_err());
    assert!(bench.run("copy", json!({"content": "", "dest": bench.host("")})).await.is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "x");
}

#[tokio::test]
async fn file_changes_attributes_in_depth_and_follows_links_unless_told_not_to() {
    let bench = Bench::new();
    let outside = bench.local("outside", "");
    std::fs::set_permissions(&outside, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::create_dir(bench.host("d")).unwrap();
    std::fs::write(bench.host("d/f"), "").unwrap();
    symlink(&outside, bench.host("d/l")).unwrap();
    let task = |follow| {
        let path = bench.host("d");
        json!({"path": path, "state": "directory", "recurse": true, "mode": "u=rwX,go=", "follow": follow})
    };
    assert!(bench.run("file", task(false)).await.unwrap().changed);
    let modes = || (mode(&bench.host("d")), mode(&bench.host("d/f")), mode(&outside));
    assert_eq!(modes(), (0o700, 0o600, 0o644));
    assert!(!bench.run("file", task(false)).await.unwrap().changed);
    assert!(bench.run("file", task(true)).await.unwrap().changed);
    assert_eq!(modes(), (0o700, 0o600, 0o600));
    assert!(!bench.run("file", task(true)).await.unwrap().changed);
}

#[tokio::test]
async fn stat_tells_what_is_there() {
    let bench = Bench::new();
    let path = bench.host("f");
    let gone = bench.run("stat", json!({"path": path})).await.unwrap();
    assert_eq!(gone.values["stat"], json!({"exists": false}));
    std::fs::write(&path, "hello\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let stat = &bench.run("stat", json!({"path": path})).await.unwrap().values["stat"];
    assert_eq!(stat["mode"], "0640");
    assert_eq!(
        (&stat["size"], &stat["isreg"], &stat["isdir"]),
        (&json!(6), &json!(true), &json!(false))
    );
    assert_eq!(stat["checksum"], "f572d396fae9206628714fb2ce00f72e94f2258f");
    symlink(&path, bench.host("l")).unwrap();
    let link = json!({"path": bench.host("l"), "get_checksum": false});
    let stat = &bench.run("stat", link).await.unwrap().values["stat"];
    assert_eq!((&stat["islnk"], &stat["lnk_target"]), (&json!(true), &json!(path)));
    let followed = json!({"path": bench.host("l"), "follow": true});
    assert_eq!(bench.run("stat", followed).await.unwrap().values["stat"]["isreg"], true);
    assert_eq!(stat["lnk_source"], json!(std::fs::canonicalize(&path).unwrap()));
    let stat = &bench.run("stat", json!({"path": path})).await.unwrap().values["stat"];
    for (name, value) in [("mimetype", "text/plain"), ("charset", "us-ascii")] {
        assert!(stat[name] == value || stat[name] == "unknown", "{stat}");
    }
    assert_eq!((&stat["readable"], &stat["attributes"].is_array()), (&json!(true), &true));
    let bare =
        json!({"path": path, "get_mime": false, "get_attributes": false, "get_checksum": false});
    let stat = &bench.run("stat", bare).await.unwrap().values["stat"];
    assert!(stat.get("mimetype").or(stat.get("version")).or(stat.get("checksum")).is_none());
}

#[tokio::test]
async fn check_mode_tells_the_truth_and_writes_nothing() {
    let mut bench = Bench::new();
    bench.context.check = true;
    let source = bench.local("t", "new");
    std::fs::write(bench.host("f"), "old\n").unwrap();
    std::fs::write(bench.host("src"), "other").unwrap();
    std::fs::create_dir(bench.host("tree")).unwrap();
    let before = bench.picture();
    let (f, new) = (bench.host("f"), bench.host("new"));
    for (module, args) in [
        ("copy", json!({"content": "x", "dest": f, "backup": true})),
        ("copy", json!({"content": "x", "dest": new})),
        ("copy", json!({"src": bench.host("src"), "dest": f, "remote_src": true})),
        ("template", json!({"src": source, "dest": f})),
        ("file", json!({"path": f, "state": "absent"})),
        ("file", json!({"path": f, "mode": "0601"})),
        ("file", json!({"path": new, "state": "directory"})),
        ("file", json!({"path": new, "state": "touch"})),
        ("file", json!({"path": bench.host(""), "recurse": true, "mode": "0711"})),
        ("lineinfile", json!({"path": f, "line": "x"})),
        ("replace", json!({"path": f, "regexp": "old", "replace": "x"})),
        ("blockinfile", json!({"path": f, "block": "x"})),
        ("blockinfile", json!({"path": new, "block": "x", "create": true})),
        ("copy", json!({"src": bench.directory.path().join("local"), "dest": new})),
        ("copy", json!({"src": bench.host("tree"), "dest": new, "remote_src": true})),
    ] {
        assert!(bench.run(module, args.clone()).await.unwrap().changed, "{module} {args}");
        assert_eq!(bench.picture(), before, "{module} {args}");
    }
    let fetch = json!({"src": f, "dest": "got"});
    assert!(bench.run("fetch", fetch).await.unwrap().skipped);
    assert!(bench.run("tempfile", json!({"path": bench.host("")})).await.unwrap().skipped);
    assert_eq!(bench.picture(), before);
    assert!(!bench.directory.path().join("local/got").exists());
}
