//! `async`, with a real `sh` on this machine.

use super::*;
use crate::transport::LocalConnection;
use std::time::{Duration, Instant};

fn bench() -> Bench {
    Bench::of(Arc::new(LocalConnection::new("a")))
}

fn background(script: &str, seconds: u64, poll: f64) -> Task {
    let mut task = shell(script);
    task.background = templated(json!(seconds));
    task.poll = templated(json!(poll));
    task
}

#[tokio::test]
async fn a_command_in_the_background_is_waited_for() {
    let bench = bench();
    let mut job = background("cat; echo out; echo err >&2; exit 3", 20, 0.05);
    job.args.insert("stdin".to_owned(), json!("in"));
    let outcome = bench.run(vec![play(&[&["a"]], vec![job])]).await;
    let result = &bench.results()[0];
    assert_eq!(
        (result.rc, result.stdout.as_str(), result.stderr.as_str()),
        (Some(3), "in\nout", "err")
    );
    assert_eq!(result.result["finished"], json!(true));
    assert_eq!(outcome.failed, ["a"]);
    let job = result.result["ansible_job_id"].as_str().unwrap();
    let left =
        std::path::Path::new(&std::env::var("HOME").unwrap()).join(".ansible_async").join(job);
    assert!(!left.exists(), "nothing is left of a job that was waited for");
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_ended() {
    let bench = bench();
    let outcome = bench.run(vec![play(&[&["a"]], vec![background("sleep 60", 1, 0.1)])]).await;
    assert_eq!(outcome.failed, ["a"]);
    assert!(bench.results()[0].msg.contains("did not complete within the requested time - 1s"));
}

#[tokio::test]
async fn what_a_command_that_takes_too_long_started_is_ended_with_it() {
    let bench = bench();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pids");
    let shown = file.display();
    let script = format!("trap '' TERM; sleep 60 & echo $! $$ >{shown}; sleep 60; true");
    bench.run(vec![play(&[&["a"]], vec![background(&script, 1, 0.1)])]).await;
    let pids = std::fs::read_to_string(file).unwrap();
    for pid in pids.split_whitespace() {
        let runs = || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            !stat.is_empty() && !stat.contains(") Z ")
        };
        let began = Instant::now();
        while runs() {
            assert!(began.elapsed() < Duration::from_secs(10), "{pid} still runs");
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_job_that_had_nothing_to_do_is_seen_as_such() {
    let bench = bench();
    let mut tasks = Vec::new();
    for (name, path) in [("creates", "/"), ("removes", "/no/such")] {
        let mut start = background("echo ran", 20, 0.0);
        start.args.insert(name.to_owned(), json!(path));
        start.register = Some("job".to_owned());
        let mut look = task("async_status", json!({"jid": "{{ job.ansible_job_id }}"}));
        look.register = Some("seen".to_owned());
        look.until = texts(&["seen.finished"]);
        look.retries = templated(json!(100));
        look.delay = templated(json!(0.1));
        tasks.extend([start, look]);
    }
    bench.run(vec![play(&[&["a"]], tasks)]).await;
    let results = bench.results();
    for (at, why) in [(1, "/ exists"), (3, "/no/such does not exist")] {
        let result = &results[at].result;
        assert_eq!(result["changed"], json!(false));
        assert_eq!(result["stdout"], json!(format!("skipped, since {why}")));
        assert_eq!(result["rc"], json!(0));
        assert_eq!(result["finished"], json!(true));
    }
}

#[tokio::test]
async fn a_job_that_is_not_waited_for_is_looked_at_later() {
    let bench = bench();
    let mut start = background("sleep 0.3; echo late", 20, 0.0);
    start.register = Some("job".to_owned());
    let mut look = task("async_status", json!({"jid": "{{ job.ansible_job_id }}"}));
    look.register = Some("seen".to_owned());
    look.until = texts(&["seen.finished"]);
    look.retries = templated(json!(100));
    look.delay = templated(json!(0.1));
    let tidy = task("async_status", json!({"jid": "{{ job.ansible_job_id }}", "mode": "cleanup"}));
    let again = task("async_status", json!({"jid": "{{ job.ansible_job_id }}"}));
    let outcome = bench.run(vec![play(&[&["a"]], vec![start, look, tidy, again])]).await;
    let results = bench.results();
    assert_eq!(results[0].result["started"], json!(true));
    assert_eq!(results[0].result["finished"], json!(false));
    assert_eq!(results[1].stdout, "late");
    assert!(results[1].result["attempts"].as_u64().unwrap() > 1);
    assert_eq!(results[3].msg, "could not find job");
    assert_eq!(outcome.failed, ["a"]);
}
