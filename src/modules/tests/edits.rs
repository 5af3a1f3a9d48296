use super::Bench;
use serde_json::{Value, json};
use std::os::unix::fs::{PermissionsExt, symlink};

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn mode(path: &str) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// A file on the host, with the path in the arguments; run twice, the second changes nothing.
async fn twice(bench: &Bench, module: &str, before: &str, args: Value) -> (String, Value) {
    let path = bench.host("conf");
    std::fs::write(&path, before).unwrap();
    let mut args = args;
    args["path"] = json!(path);
    let first = bench.run(module, args.clone()).await.unwrap();
    assert!(first.changed, "{module} {args}: {first:?}");
    let after = read(&path);
    let again = bench.run(module, args.clone()).await.unwrap();
    assert!(!again.changed, "{module} {args}: {again:?}");
    assert_eq!(read(&path), after);
    (after, Value::Object(first.values))
}

#[tokio::test]
async fn replace_works_on_the_part_between_two_patterns() {
    let bench = Bench::new();
    let all = json!({"regexp": "^a=(.*)$", "replace": r"b=\1"});
    assert_eq!(twice(&bench, "replace", "a=1\nx\na=2\n", all).await.0, "b=1\nx\nb=2\n");
    let part = json!({"regexp": "a", "replace": "b", "after": "<", "before": ">"});
    assert_eq!(twice(&bench, "replace", "a<aa\na>a", part).await.0, "a<bb\nb>a");
    let behind = json!({"regexp": "a", "replace": "b", "after": "<"});
    assert_eq!(twice(&bench, "replace", "a<aa", behind).await.0, "a<bb");
    let outcome = bench.run("replace", json!({
        "path": bench.host("conf"), "regexp": "b", "replace": "c", "after": "none", "before": "x",
    }));
    let outcome = outcome.await.unwrap();
    assert!(!outcome.changed && outcome.msg.starts_with("Pattern for before/after"), "{outcome:?}");
    let gone = json!({"path": bench.host("gone"), "regexp": "x"});
    assert_eq!(bench.run("replace", gone).await.unwrap().rc, Some(257));
}

#[tokio::test]
async fn blockinfile_keeps_one_block_and_gives_it_attributes() {
    let bench = Bench::new();
    let args = json!({"block": "x\ny", "mode": "0600", "backup": true, "insertbefore": "^b"});
    let (after, values) = twice(&bench, "blockinfile", "a\nb\n", args).await;
    let block = "# BEGIN ANSIBLE MANAGED BLOCK\nx\ny\n# END ANSIBLE MANAGED BLOCK\n";
    assert_eq!(after, format!("a\n{block}b\n"));
    assert_eq!(mode(&bench.host("conf")), 0o600);
    assert_eq!(read(values["backup_file"].as_str().unwrap()), "a\nb\n");
    assert_eq!(values["diff"][0]["before"], "a\nb\n");
    assert_eq!(values["diff"][1]["after"]["mode"], "0600");
    let deep = bench.host("new/deep/conf");
    let create = json!({"path": deep, "block": "x", "create": true});
    let created = bench.run("blockinfile", create).await.unwrap();
    assert_eq!((created.msg.as_str(), mode(&deep)), ("File created", 0o644));
}

#[tokio::test]
async fn edits_go_through_links_and_never_past_a_failed_validation() {
    let bench = Bench::new();
    let path = bench.host("conf");
    std::fs::write(&path, "a=1\n").unwrap();
    symlink(&path, bench.host("link")).unwrap();
    let edit = |line: &str, validate: &str| json!({"path": bench.host("link"), "regexp": "^a=", "line": line, "validate": validate});
    let good = bench.run("lineinfile", edit("a=2", "grep -q 'a=2' %s")).await.unwrap();
    assert!(good.changed && good.msg == "line replaced", "{good:?}");
    assert!(std::fs::symlink_metadata(bench.host("link")).unwrap().is_symlink());
    assert_eq!(read(&path), "a=2\n");
    let bad = bench.run("lineinfile", edit("a=3", "sh -c 'echo no >&2; exit 7' %s")).await.unwrap();
    assert!(
        bad.failed && !bad.changed && bad.msg.starts_with("failed to validate: rc:7 error:no"),
        "{bad:?}"
    );
    assert_eq!(read(&path), "a=2\n");
    assert_eq!(bench.picture().len(), 2, "nothing temporary is left");
    assert!(bench.run("lineinfile", edit("a=3", "true")).await.is_err());
    for module in ["copy", "template"] {
        let source = bench.local("files/f", "new");
        let task = json!({"src": source, "dest": path, "validate": "false %s"});
        assert!(bench.run(module, task).await.unwrap().failed, "{module}");
        assert_eq!(read(&path), "a=2\n");
    }
}

#[tokio::test]
async fn lineinfile_tells_how_many_lines_went_and_what_of_the_file_changed() {
    let bench = Bench::new();
    let path = bench.host("conf");
    std::fs::write(&path, "a\nb\na\n").unwrap();
    let task = json!({"path": path, "regexp": "^a$", "state": "absent"});
    let outcome = bench.run("lineinfile", task.clone()).await.unwrap();
    assert_eq!((outcome.msg.as_str(), &outcome.values["found"]), ("2 line(s) removed", &json!(2)));
    assert_eq!(outcome.values["backup"], "");
    let again = bench.run("lineinfile", task).await.unwrap();
    assert_eq!((again.changed, &again.values["found"]), (false, &json!(0)));
    let task = json!({"path": path, "line": "b", "mode": "u=rw,go="});
    let outcome = bench.run("lineinfile", task).await.unwrap();
    assert_eq!(outcome.msg, "ownership, perms or SE linux context changed");
    assert_eq!(mode(&path), 0o600);
    let backup = json!({"path": path, "line": "c", "backup": true, "mode": "0640"});
    let outcome = bench.run("lineinfile", backup).await.unwrap();
    assert_eq!(outcome.msg, "line added and ownership, perms or SE linux context changed");
    assert_eq!(read(outcome.values["backup"].as_str().unwrap()), "b\n");
    assert_eq!((read(&path), mode(&path)), ("b\nc\n".to_owned(), 0o640));
    let directory = json!({"path": bench.host(""), "line": "x"});
    assert_eq!(bench.run("lineinfile", directory).await.unwrap().rc, Some(256));
}
