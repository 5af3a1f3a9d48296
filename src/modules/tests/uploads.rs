use super::Bench;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

fn mode(path: &str) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn copy_writes_once_and_then_finds_nothing_to_do_in_one_round_trip() {
    let bench = Bench::new();
    let dest = bench.host("a file");
    let task = json!({"content": "hello\n", "dest": dest, "mode": "0640"});
    let first = bench.run("copy", task.clone()).await.unwrap();
    assert!(first.changed && first.diff.contains("+hello"));
    assert_eq!(std::fs::read_to_string(&dest).unwrap(), "hello\n");
    assert_eq!(mode(&dest), 0o640);
    let again = bench.run("copy", task).await.unwrap();
    assert!(!again.changed);
    assert_eq!(bench.round_trips(), 1);
    // SHA-1 of `hello\n`, which is what Ansible registers.
    assert_eq!(again.values["checksum"], "f572d396fae9206628714fb2ce00f72e94f2258f");
}

#[tokio::test]
async fn copy_of_a_local_file_goes_into_a_directory_and_keeps_a_backup() {
    let bench = Bench::new();
    bench.local("files/app.conf", "new\n");
    std::fs::write(bench.host("app.conf"), "old\n").unwrap();
    let task = json!({"src": "app.conf", "dest": bench.host(""), "backup": true});
    let outcome = bench.run("copy", task).await.unwrap();
    assert_eq!(std::fs::read_to_string(bench.host("app.conf")).unwrap(), "new\n");
    let backup = outcome.values["backup_file"].as_str().unwrap();
    assert_eq!(std::fs::read_to_string(backup).unwrap(), "old\n");
    let kept = json!({"content": "other", "dest": bench.host("app.conf"), "force": false});
    assert!(!bench.run("copy", kept).await.unwrap().changed);
    let missing = bench.run("copy", json!({"src": "none", "dest": bench.host("x")})).await;
    assert!(missing.unwrap_err().to_string().contains("looked for"));
}

#[tokio::test]
async fn template_renders_here_and_writes_there() {
    let bench = Bench::new();
    bench.local("templates/t.j2", "name\n");
    let dest = bench.host("out");
    let task = json!({"src": "t.j2", "dest": dest});
    assert!(bench.run("template", task.clone()).await.unwrap().changed);
    assert_eq!(std::fs::read_to_string(&dest).unwrap(), "NAME\n");
    assert!(!bench.run("template", task).await.unwrap().changed);
}

#[tokio::test]
async fn slurp_and_fetch_bring_the_bytes_as_they_are() {
    let bench = Bench::new();
    let path = bench.host("f");
    std::fs::write(&path, [0, 255, 10]).unwrap();
    let slurped = bench.run("slurp", json!({"src": path})).await.unwrap();
    assert_eq!(slurped.values["content"], "AP8K");
    let task = json!({"src": path, "dest": "got/", "flat": true});
    assert!(bench.run("fetch", task.clone()).await.unwrap().changed);
    let got = bench.directory.path().join("local/got/f");
    assert_eq!(std::fs::read(&got).unwrap(), [0, 255, 10]);
    assert!(!bench.run("fetch", task).await.unwrap().changed);
    let none = json!({"src": bench.host("none"), "dest": "got/"});
    assert!(bench.run("fetch", none).await.unwrap().failed);
    let none = json!({"src": bench.host("none"), "dest": "got/", "fail_on_missing": false});
    assert!(!bench.run("fetch", none).await.unwrap().failed);
}

#[tokio::test]
async fn lineinfile_edits_a_file_once() {
    let bench = Bench::new();
    let path = bench.host("conf");
    std::fs::write(&path, "a=1\nb=2\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let task = json!({"path": path, "regexp": "^a=", "line": "a=3"});
    assert!(bench.run("lineinfile", task.clone()).await.unwrap().changed);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a=3\nb=2\n");
    assert_eq!(mode(&path), 0o640);
    assert!(!bench.run("lineinfile", task).await.unwrap().changed);
    assert_eq!(bench.round_trips(), 1);
    let none = json!({"path": bench.host("none"), "line": "x"});
    assert_eq!(bench.run("lineinfile", none).await.unwrap().rc, Some(257));
    let create = json!({"path": bench.host("none"), "line": "x", "create": true});
    assert!(bench.run("lineinfile", create).await.unwrap().changed);
    assert_eq!(std::fs::read_to_string(bench.host("none")).unwrap(), "x\n");
}
