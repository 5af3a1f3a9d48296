use super::Bench;
use crate::modules::{CACHEABLE, FACTS, GROW, ModuleError};
use serde_json::json;

#[tokio::test]
async fn command_runs_one_program_without_a_shells_operators() {
    let bench = Bench::new();
    let outcome = bench.run("command", json!({"cmd": "echo 'a  b' $HOME; ls"})).await.unwrap();
    let home = std::env::var("HOME").unwrap_or_else(|_| "$HOME".to_owned());
    assert_eq!(outcome.stdout, format!("a  b {home}; ls"));
    assert!(outcome.changed && !outcome.failed);
    let outcome =
        bench.run("command", json!({"cmd": "echo ${NO_SUCH} $NO_SUCH $5"})).await.unwrap();
    assert_eq!(outcome.stdout, "${NO_SUCH} $NO_SUCH $5");
    let outcome = bench.run("command", json!({"argv": ["printf", "%s|", "a b", "c"]})).await;
    let outcome = outcome.unwrap();
    assert_eq!(outcome.stdout, "a b|c|");
    assert_eq!(outcome.values["cmd"], json!(["printf", "%s|", "a b", "c"]));
    for (name, length) in [("start", 26), ("end", 26), ("delta", 14)] {
        assert_eq!(outcome.values[name].as_str().unwrap().len(), length, "{outcome:?}");
    }
    let plain = json!({"cmd": "echo $HOME ~", "expand_argument_vars": false});
    assert_eq!(bench.run("command", plain).await.unwrap().stdout, "$HOME ~");
}

#[tokio::test]
async fn a_return_code_other_than_zero_is_a_failure() {
    let bench = Bench::new();
    let outcome =
        bench.run("shell", json!({"cmd": "echo out; echo err >&2; exit 3"})).await.unwrap();
    assert!(outcome.failed && outcome.changed);
    assert_eq!(
        (outcome.rc, outcome.stdout.as_str(), outcome.stderr.as_str()),
        (Some(3), "out", "err")
    );
    for program in ["/no/such/program", "no-such-program"] {
        let missing = bench.run("command", json!({"cmd": program})).await.unwrap();
        assert!(missing.failed && !missing.changed && missing.rc == Some(2), "{missing:?}");
        assert_eq!(missing.msg, "Error executing command.");
    }
}

#[tokio::test]
async fn creates_and_removes_decide_on_the_host_in_one_round_trip() {
    let bench = Bench::new();
    let (mark, dir) = (bench.host("a mark"), bench.host(""));
    let task = json!({"cmd": format!("echo run >> '{mark}'"), "creates": mark});
    assert!(bench.run("shell", task.clone()).await.unwrap().changed);
    let again = bench.run("shell", task).await.unwrap();
    assert!(!again.changed && again.stdout.starts_with("skipped, since"));
    assert_eq!(bench.round_trips(), 1);
    assert_eq!(std::fs::read_to_string(&mark).unwrap(), "run\n");
    let glob = json!({"cmd": "false", "creates": format!("{dir}a*")});
    assert!(!bench.run("command", glob).await.unwrap().failed);
    let removes = json!({"cmd": "false", "removes": format!("{dir}none*")});
    assert!(!bench.run("command", removes).await.unwrap().failed);
    let removes = json!({"cmd": "echo yes", "removes": mark});
    assert_eq!(bench.run("shell", removes).await.unwrap().stdout, "yes");
}

#[tokio::test]
async fn chdir_stdin_executable_and_environment_reach_the_command() {
    let mut bench = Bench::new();
    bench.context.environment = vec![("WORD".into(), "it's".into())];
    let dir = bench.host("");
    let outcome = bench
        .run("shell", json!({
            "cmd": "cat; pwd; echo \"$WORD\"", "stdin": "in", "chdir": dir, "executable": "/bin/sh",
        }))
        .await
        .unwrap();
    let pwd = std::fs::canonicalize(&dir).unwrap();
    assert_eq!(outcome.stdout, format!("in\n{}\nit's", pwd.display()));
    let gone = bench.run("shell", json!({"cmd": "echo ran", "chdir": "/no/such"})).await.unwrap();
    assert!(gone.failed && !gone.changed && gone.stdout.is_empty());
    assert_eq!(
        (&gone.values["rc"], gone.msg.as_str()),
        (&json!(null), "Unable to change directory before execution.")
    );
}

#[tokio::test]
async fn check_mode_skips_commands_and_sends_nothing() {
    let mut bench = Bench::new();
    bench.context.check = true;
    let mark = bench.host("mark");
    for module in ["command", "shell", "raw"] {
        let outcome = bench.run(module, json!({"cmd": format!("touch {mark}")})).await.unwrap();
        assert!(outcome.skipped && !outcome.changed);
        assert_eq!(bench.round_trips(), 0);
    }
    let guarded = json!({"cmd": format!("touch {mark}"), "creates": mark});
    assert!(bench.run("command", guarded).await.unwrap().changed);
    assert!(bench.picture().is_empty());
}

#[tokio::test]
async fn a_script_of_this_machine_runs_on_the_host_and_leaves_nothing() {
    let mut bench = Bench::new();
    bench.context.environment = vec![("WORD".into(), "w".into())];
    bench.local(
        "files/my script.sh",
        "#!/bin/sh\necho \"$#:$1:$WORD:$PWD\"; cat; echo e >&2; exit 3\n",
    );
    let task = json!({"cmd": "'my script.sh' 'a b' $WORD", "chdir": "/"});
    let outcome = bench.run("script", task.clone()).await.unwrap();
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("1:a b:w:/\n", "e\n"));
    assert!(outcome.failed && outcome.changed && outcome.rc == Some(3), "{outcome:?}");
    let left = std::fs::read_dir(std::env::var("HOME").unwrap()).unwrap();
    let left = left.filter(|entry| {
        entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".rrecover-")
    });
    assert_eq!(left.count(), 0);
    let shell = json!({"cmd": "'my script.sh'", "executable": "sh -x"});
    assert!(bench.run("script", shell).await.unwrap().stderr.contains("+ echo"));
    let made = json!({"cmd": "'my script.sh'", "creates": "/"});
    assert!(bench.run("script", made.clone()).await.unwrap().skipped);
    let gone = json!({"cmd": "'my script.sh'", "removes": "/no/such"});
    assert!(bench.run("script", gone).await.unwrap().skipped);
    bench.context.check = true;
    assert!(bench.run("script", task).await.unwrap().skipped);
    let would = json!({"cmd": "'my script.sh'", "creates": "/no/such"});
    assert!(bench.run("script", would).await.unwrap().changed);
    assert!(bench.run("script", json!({"cmd": "none.sh"})).await.is_err());
}

#[tokio::test]
async fn empty_commands_are_refused() {
    let bench = Bench::new();
    for args in [json!({"cmd": ""}), json!({"cmd": "  "}), json!({}), json!({"argv": []})] {
        assert!(bench.run("command", args).await.is_err());
    }
    assert!(bench.run("shell", json!({"cmd": " \n"})).await.is_err());
    assert_eq!(bench.round_trips(), 0);
}

#[tokio::test]
async fn assert_fails_on_the_first_condition_that_does_not_hold() {
    let bench = Bench::new();
    let good = bench.run("assert", json!({"that": ["true", true]})).await.unwrap();
    assert!(!good.failed && good.msg == "All assertions passed");
    let bad =
        bench.run("assert", json!({"that": ["true", "1 == 2"], "fail_msg": "no"})).await.unwrap();
    assert!(bad.failed && bad.msg == "no" && bad.values["assertion"] == "1 == 2");
    assert!(bench.run("assert", json!({"that": []})).await.is_err());
}

#[tokio::test]
async fn values_and_words_for_the_runner_come_out_as_data() {
    let bench = Bench::new();
    let facts = bench.run("set_fact", json!({"a": 1, "b": [2]})).await.unwrap();
    assert_eq!(facts.values[FACTS], json!({"a": 1, "b": [2]}));
    assert!(bench.run("set_fact", json!({"a-b": 1})).await.is_err());
    let kept = bench.run("set_fact", json!({"a": 1, "cacheable": "yes"})).await.unwrap();
    assert_eq!((&kept.values[FACTS], &kept.values[CACHEABLE]), (&json!({"a": 1}), &json!(true)));
    let added = json!({"name": "new:2222", "groups": "x, y", "size": 3});
    let added = bench.run("add_host", added).await.unwrap().values;
    let wanted = json!({
        "host_name": "new", "groups": ["x", "y"], "host_vars": {"size": 3, "ansible_ssh_port": 2222},
    });
    assert_eq!((&added[GROW], &added["add_host"]), (&wanted, &wanted));
    assert!(bench.run("add_host", json!({"name": "a b"})).await.is_err());
    let grouped = bench.run("group_by", json!({"key": "os Debian"})).await.unwrap().values;
    assert_eq!(grouped["add_group"], "os-Debian");
    assert_eq!(grouped[GROW], json!({"group": "os-Debian", "parents": ["all"]}));
    assert_eq!(bench.run("ping", json!({})).await.unwrap().values["ping"], "pong");
    assert!(bench.run("fail", json!({"msg": "no"})).await.unwrap().failed);
    let shown = bench.run("debug", json!({"var": "x"})).await.unwrap();
    assert_eq!(shown.values["x"], "value of x");
    assert!(bench.run("pause", json!({"seconds": 0})).await.is_ok());
    assert!(matches!(bench.run("pause", json!({})).await, Err(ModuleError::Failed(_))));
}

#[tokio::test]
async fn wait_for_sees_listeners_and_paths_and_gives_up_in_time() {
    let bench = Bench::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let up = bench.run("wait_for", json!({"port": port, "timeout": 5})).await.unwrap();
    assert!(!up.failed);
    assert_eq!(bench.round_trips(), 1);
    let through = json!({"host": "127.0.0.2", "port": 1, "timeout": 1});
    assert!(bench.run("wait_for", through).await.unwrap().failed);
    drop(listener);
    let gone = json!({"port": port, "state": "stopped", "timeout": 5});
    assert!(!bench.run("wait_for", gone).await.unwrap().failed);
    let late =
        bench.run("wait_for", json!({"path": bench.host("no"), "timeout": 1})).await.unwrap();
    assert!(
        late.failed && late.msg == format!("Timeout when waiting for file {}", bench.host("no"))
    );
    std::fs::write(bench.host("yes"), "").unwrap();
    let there = json!({"path": bench.host("yes"), "timeout": 5});
    assert!(!bench.run("wait_for", there).await.unwrap().failed);
    // As in Ansible nobody looks at all when there is no time.
    let none = json!({"path": bench.host("yes"), "timeout": 0});
    assert!(bench.run("wait_for", none).await.unwrap().failed);
}

#[tokio::test]
async fn wait_for_reads_files_and_what_a_port_says_and_counts_connections() {
    let bench = Bench::new();
    std::fs::write(bench.host("log"), "start\nready at 17\n").unwrap();
    let regex = json!({"path": bench.host("log"), "search_regex": "^ready at (?P<time>\\d+)$", "timeout": 5});
    let found = bench.run("wait_for", regex).await.unwrap();
    assert_eq!(found.values["match_groups"], json!(["17"]));
    assert_eq!(found.values["match_groupdict"], json!({"time": "17"}));
    let never =
        json!({"path": bench.host("log"), "search_regex": "^never", "timeout": 1, "msg": "no"});
    let never = bench.run("wait_for", never).await.unwrap();
    assert!(never.failed && never.msg == "no");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"220 ready\r\n").unwrap();
        (listener, stream)
    });
    let says = json!({"port": port, "search_regex": "^220 ", "timeout": 5});
    assert!(!bench.run("wait_for", says).await.unwrap().failed);
    let (listener, stream) = server.join().unwrap();
    drop(stream);
    let client = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let drained = |states: &str| json!({"port": port, "state": "drained", "timeout": 1, "active_connection_states": states});
    assert!(bench.run("wait_for", drained("ESTABLISHED")).await.unwrap().failed);
    drop((client, listener));
    assert!(!bench.run("wait_for", drained("ESTABLISHED")).await.unwrap().failed);
    let time = bench.run("wait_for", json!({"timeout": 1})).await.unwrap();
    assert!(!time.failed && time.values["elapsed"] == 1);
}
