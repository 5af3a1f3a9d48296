use super::Bench;
use serde_json::{Value, json};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// A tree to look through: `a.log`, `b.txt`, `.hidden`, `sub/c.log`, `sub/deep/d.log`, `link`.
fn tree(bench: &Bench) {
    std::fs::create_dir_all(bench.host("sub/deep")).unwrap();
    for (name, content) in [
        ("a.log", "one\ntwo\n"),
        ("b.txt", "x"),
        (".hidden", ""),
        ("sub/c.log", "two\n"),
        ("sub/deep/d.log", "long content\n"),
    ] {
        std::fs::write(bench.host(name), content).unwrap();
    }
    symlink("b.txt", bench.host("link")).unwrap();
}

async fn names(bench: &Bench, mut args: Value) -> Vec<String> {
    args["paths"] = json!(bench.host(""));
    let outcome = bench.run("find", args).await.unwrap();
    let files = outcome.values["files"].as_array().unwrap().clone();
    assert_eq!(outcome.values["matched"], files.len());
    let top = bench.host("");
    let name = |file: &Value| file["path"].as_str().unwrap().strip_prefix(&top).unwrap().to_owned();
    files.iter().map(name).collect()
}

#[tokio::test]
async fn find_chooses_by_name_kind_and_depth() {
    let bench = Bench::new();
    tree(&bench);
    for (args, wanted) in [
        (json!({}), vec!["a.log", "b.txt"]),
        (json!({"hidden": true}), vec![".hidden", "a.log", "b.txt"]),
        (json!({"patterns": "*.log"}), vec!["a.log"]),
        (json!({"patterns": "*.log,b*"}), vec!["a.log", "b.txt"]),
        (json!({"patterns": ["*"], "excludes": "[!a]*"}), vec!["a.log"]),
        (json!({"patterns": "^[ab]\\.", "use_regex": true}), vec!["a.log", "b.txt"]),
        (
            json!({"recurse": true, "patterns": "*.log"}),
            vec!["a.log", "sub/c.log", "sub/deep/d.log"],
        ),
        (json!({"recurse": true, "depth": 2, "patterns": "*.log"}), vec!["a.log", "sub/c.log"]),
        (json!({"file_type": "directory", "recurse": true}), vec!["sub", "sub/deep"]),
        (json!({"file_type": "link"}), vec!["link"]),
        (json!({"file_type": "any"}), vec!["a.log", "b.txt", "link", "sub"]),
        (json!({"contains": "tw", "recurse": true}), vec!["a.log", "sub/c.log"]),
        (json!({"contains": "one\\ntwo", "read_whole_file": true}), vec!["a.log"]),
        (json!({"size": "5b"}), vec!["a.log"]),
        (json!({"size": "-5"}), vec!["b.txt"]),
        (json!({"age": "-1h"}), vec!["a.log", "b.txt"]),
        (json!({"age": "1h"}), vec![]),
        (json!({"limit": 1}), vec!["a.log"]),
    ] {
        assert_eq!(names(&bench, args.clone()).await, wanted, "{args}");
    }
}

#[tokio::test]
async fn find_chooses_by_mode_and_tells_what_it_saw() {
    let bench = Bench::new();
    tree(&bench);
    std::fs::set_permissions(bench.host("a.log"), std::fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(names(&bench, json!({"mode": "0640"})).await, ["a.log"]);
    assert_eq!(names(&bench, json!({"mode": "u=rw,g=r"})).await, ["a.log"]);
    assert_eq!(names(&bench, json!({"mode": "0004", "exact_mode": false})).await, ["b.txt"]);
    let args = json!({"paths": [bench.host("sub"), bench.host("none")], "get_checksum": true});
    let outcome = bench.run("find", args).await.unwrap();
    let file = &outcome.values["files"][0];
    assert_eq!(
        (&file["checksum"], &file["size"], &file["isreg"]),
        (&json!("7bbef45b3bc70855010e02460717643125c3beca"), &json!(4), &json!(true))
    );
    assert_eq!(outcome.values["examined"], 2);
    assert!(outcome.values["skipped_paths"][bench.host("none")].is_string());
    assert_eq!(outcome.msg, "Not all paths examined, check warnings for details");
    assert!(bench.run("find", json!({"paths": bench.host(""), "age": "1x"})).await.is_err());
}

#[tokio::test]
async fn tempfile_makes_what_only_its_owner_may_enter() {
    let bench = Bench::new();
    for (state, mode, suffix) in
        [("file", 0o600, ""), ("directory", 0o700, ".d"), ("file", 0o600, ".conf")]
    {
        let task =
            json!({"path": bench.host(""), "state": state, "prefix": "t.", "suffix": suffix});
        let outcome = bench.run("tempfile", task).await.unwrap();
        let path = outcome.values["path"].as_str().unwrap();
        let name = path.strip_prefix(&bench.host("")).unwrap();
        assert!(outcome.changed && name.starts_with("t.") && name.ends_with(suffix), "{path}");
        let data = std::fs::metadata(Path::new(path)).unwrap();
        assert_eq!(
            (data.is_dir(), data.permissions().mode() & 0o7777),
            (state == "directory", mode)
        );
    }
    assert_eq!(bench.picture().len(), 3);
    assert!(bench.run("tempfile", json!({"prefix": "a/b"})).await.is_err());
}
