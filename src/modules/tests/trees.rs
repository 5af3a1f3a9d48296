use super::Bench;
use serde_json::{Value, json};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

fn mode(path: &str) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn copy_of_a_directory_takes_its_name_along_unless_a_slash_ends_it() {
    let bench = Bench::new();
    bench.local("files/conf/a", "1\n");
    bench.local("files/conf/sub/b", "2\n");
    std::fs::create_dir(bench.directory.path().join("local/files/conf/empty")).unwrap();
    symlink("a", bench.directory.path().join("local/files/conf/link")).unwrap();
    let task = |src: &str, dest: &str| json!({"src": src, "dest": bench.host(dest), "mode": "0640", "directory_mode": "0750"});
    let first = bench.run("copy", task("conf", "named")).await.unwrap();
    assert!(first.changed);
    assert_eq!(read(&bench.host("named/conf/sub/b")), "2\n");
    assert_eq!(read(&bench.host("named/conf/link")), "1\n");
    assert_eq!(mode(&bench.host("named/conf/a")), 0o640);
    assert_eq!(
        (mode(&bench.host("named/conf/sub")), mode(&bench.host("named/conf"))),
        (0o750, 0o750)
    );
    assert!(Path::new(&bench.host("named/conf/empty")).is_dir());
    assert!(!bench.run("copy", task("conf", "named")).await.unwrap().changed);
    assert_eq!(bench.round_trips(), 1);
    bench.run("copy", task("conf/", "plain")).await.unwrap();
    assert_eq!(read(&bench.host("plain/a")), "1\n");
    std::fs::write(bench.host("plain/a"), "other\n").unwrap();
    let outcome = bench.run("copy", task("conf/", "plain")).await.unwrap();
    assert_eq!(outcome.values["diff"][0]["before"], "other\n");
    assert_eq!((read(&bench.host("plain/a")), bench.round_trips()), ("1\n".to_owned(), 3));
    let mut links = task("conf/", "links");
    links["local_follow"] = json!(false);
    bench.run("copy", links.clone()).await.unwrap();
    assert_eq!(std::fs::read_link(bench.host("links/link")).unwrap(), Path::new("a"));
    assert!(!bench.run("copy", links).await.unwrap().changed);
}

#[tokio::test]
async fn copy_makes_a_missing_directory_only_when_a_slash_asks_for_it() {
    let bench = Bench::new();
    bench.local("files/f", "x");
    let missing = json!({"src": "f", "dest": bench.host("no/f")});
    assert!(bench.run("copy", missing).await.is_err());
    let slash = json!({"src": "f", "dest": bench.host("no/such/"), "directory_mode": "0700"});
    let outcome = bench.run("copy", slash).await.unwrap();
    assert_eq!(outcome.values["dest"], json!(bench.host("no/such/f")));
    assert_eq!((mode(&bench.host("no/such")), mode(&bench.host("no"))), (0o700, 0o700));
    for (name, kind) in [
        ("checksum", "string"),
        ("md5sum", "string"),
        ("uid", "number"),
        ("owner", "string"),
        ("mode", "string"),
        ("state", "string"),
        ("size", "number"),
    ] {
        let value = &outcome.values[name];
        assert!(if kind == "string" { value.is_string() } else { value.is_number() }, "{name}");
    }
}

#[tokio::test]
async fn copy_follows_a_link_only_when_told_and_honours_modes_and_checksums() {
    let bench = Bench::new();
    let source = bench.local("files/f", "new");
    std::fs::set_permissions(&source, std::fs::Permissions::from_mode(0o710)).unwrap();
    std::fs::write(bench.host("real"), "old").unwrap();
    symlink(bench.host("real"), bench.host("link")).unwrap();
    let follow =
        json!({"src": "f", "dest": bench.host("link"), "follow": true, "mode": "preserve"});
    bench.run("copy", follow).await.unwrap();
    assert_eq!((read(&bench.host("real")), mode(&bench.host("real"))), ("new".to_owned(), 0o710));
    let replaced = json!({"src": "f", "dest": bench.host("link")});
    assert!(bench.run("copy", replaced).await.unwrap().changed);
    assert!(std::fs::symlink_metadata(bench.host("link")).unwrap().is_file());
    let digest = "c2a6b03f190dfb2b4aa91f8af8d477a9bc3401dc";
    let right = json!({"src": "f", "dest": bench.host("g"), "checksum": digest, "mode": "u+x,g-r"});
    bench.run("copy", right).await.unwrap();
    assert_eq!(mode(&bench.host("g")), 0o704);
    let wrong = json!({"src": "f", "dest": bench.host("h"), "checksum": "00"});
    assert!(bench.run("copy", wrong).await.is_err());
    let vault = bench.local("files/v", "$ANSIBLE_VAULT;1.1;AES256\n00\n");
    assert!(bench.run("copy", json!({"src": vault, "dest": bench.host("v")})).await.is_err());
    let raw = json!({"src": vault, "dest": bench.host("v"), "decrypt": false});
    assert!(bench.run("copy", raw).await.unwrap().changed);
}

#[tokio::test]
async fn copy_of_a_directory_on_the_host_brings_what_differs() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.host("src/sub")).unwrap();
    std::fs::write(bench.host("src/sub/f"), "1").unwrap();
    std::fs::set_permissions(bench.host("src/sub/f"), std::fs::Permissions::from_mode(0o600))
        .unwrap();
    symlink("sub/f", bench.host("src/l")).unwrap();
    let task = json!({"src": bench.host("src"), "dest": bench.host("dest"), "remote_src": true});
    assert!(bench.run("copy", task.clone()).await.unwrap().changed);
    let copied = bench.host("dest/src/sub/f");
    assert_eq!((read(&copied), mode(&copied)), ("1".to_owned(), 0o600));
    assert_eq!(std::fs::read_link(bench.host("dest/src/l")).unwrap(), Path::new("sub/f"));
    assert!(!bench.run("copy", task.clone()).await.unwrap().changed);
    std::fs::write(&copied, "2").unwrap();
    std::fs::write(bench.host("dest/src/extra"), "").unwrap();
    assert!(bench.run("copy", task).await.unwrap().changed);
    assert_eq!(read(&copied), "1");
    let contents =
        json!({"src": bench.host("src/"), "dest": bench.host("flat"), "remote_src": true});
    bench.run("copy", contents).await.unwrap();
    assert_eq!(read(&bench.host("flat/sub/f")), "1");
}

#[tokio::test]
async fn file_makes_hard_links_and_replaces_only_with_force() {
    let bench = Bench::new();
    let (a, b) = (bench.host("a"), bench.host("b"));
    std::fs::write(&a, "x").unwrap();
    let task = json!({"path": b, "src": a, "state": "hard"});
    let outcome = bench.run("file", task.clone()).await.unwrap();
    assert_eq!((outcome.changed, &outcome.values["state"]), (true, &json!("hard")));
    assert_eq!(std::fs::metadata(&a).unwrap().ino(), std::fs::metadata(&b).unwrap().ino());
    assert!(!bench.run("file", task).await.unwrap().changed);
    let c = bench.host("c");
    std::fs::write(&c, "y").unwrap();
    let task = json!({"path": c, "src": a, "state": "hard"});
    assert!(bench.run("file", task.clone()).await.is_err());
    let mut force = task;
    force["force"] = json!(true);
    assert!(bench.run("file", force).await.unwrap().changed);
    assert_eq!(read(&c), "x");
    let missing = json!({"path": bench.host("l"), "src": bench.host("none"), "state": "link"});
    assert!(bench.run("file", missing.clone()).await.is_err());
    let mut force = missing;
    force["force"] = json!(true);
    assert!(bench.run("file", force.clone()).await.unwrap().changed);
    assert!(!bench.run("file", force).await.unwrap().changed);
    std::fs::create_dir(bench.host("d")).unwrap();
    let empty = json!({"path": bench.host("d"), "src": a, "state": "link", "force": true});
    assert!(bench.run("file", empty).await.unwrap().changed);
    assert_eq!(std::fs::read_link(bench.host("d")).unwrap(), Path::new(&a));
}

#[tokio::test]
async fn file_sets_times_as_told_and_otherwise_leaves_them() {
    let bench = Bench::new();
    let path = bench.host("f");
    let touch = |more: Value| {
        let mut task = json!({"path": path, "state": "touch"});
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        task
    };
    let at = json!({"modification_time": "202001020304.05", "access_time": "2021-01-01",
        "access_time_format": "%Y-%m-%d"});
    assert!(bench.run("file", touch(at.clone())).await.unwrap().changed);
    let offset = |text: &str| {
        let output = std::process::Command::new("date").args(["-d", text, "+%s"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse::<i64>().unwrap()
    };
    let times = || {
        let data = std::fs::metadata(&path).unwrap();
        (data.mtime(), data.atime())
    };
    assert_eq!(times(), (offset("2020-01-02 03:04:05"), offset("2021-01-01")));
    assert!(!bench.run("file", touch(at)).await.unwrap().changed);
    let keep = json!({"modification_time": "preserve", "access_time": "preserve", "mode": "0600"});
    assert!(bench.run("file", touch(keep.clone())).await.unwrap().changed);
    assert!(!bench.run("file", touch(keep)).await.unwrap().changed);
    let before = times();
    assert!(bench.run("file", touch(json!({}))).await.unwrap().changed);
    assert!(times().0 > before.0 && times().1 > before.1);
    let result = bench.run("file", json!({"path": path})).await.unwrap();
    assert_eq!(
        (result.changed, &result.values["state"], &result.values["mode"]),
        (false, &json!("file"), &json!("0600"))
    );
}
