use super::Bench;
use crate::modules::{FACTS, META, ModuleError};
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
    assert_eq!(outcome.unwrap().stdout, "a b|c|");
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
    let missing = bench.run("command", json!({"cmd": "/no/such/program"})).await.unwrap();
    assert!(missing.failed);
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
    assert!(gone.failed && gone.stdout.is_empty());
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
    assert_eq!(
        bench.run("meta", json!({"action": "end_host"})).await.unwrap().values[META],
        "end_host"
    );
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
    let through = json!({"host": "127.0.0.2", "port": 1, "timeout": 0});
    assert!(bench.run("wait_for", through).await.unwrap().failed);
    drop(listener);
    let gone = json!({"port": port, "state": "stopped", "timeout": 5});
    assert!(!bench.run("wait_for", gone).await.unwrap().failed);
    let late =
        bench.run("wait_for", json!({"path": bench.host("no"), "timeout": 0})).await.unwrap();
    assert!(late.failed && late.msg.contains("Timeout"));
    std::fs::write(bench.host("yes"), "").unwrap();
    let there =
        bench.run("wait_for", json!({"path": bench.host("yes"), "timeout": 0})).await.unwrap();
    assert!(!there.failed);
}
