use super::Bench;
use serde_json::json;

/// A task on a host whose boot is a file, with a command that boots it.
fn task(bench: &Bench, command: &str) -> serde_json::Value {
    std::fs::write(bench.host("boot"), "one").unwrap();
    let boot = bench.host("boot");
    json!({
        "boot_time_command": format!("cat {boot}"),
        "reboot_command": format!("/bin/sh {command}"),
        "test_command": format!("test -e {}", bench.host("up")),
        "reboot_timeout": 3,
    })
}

#[tokio::test]
async fn a_reboot_is_over_when_the_boot_is_another_one_and_the_test_goes_well() {
    let bench = Bench::new();
    let script = bench.local(
        "reboot",
        &format!(
            "(sleep 1; echo two >{}; touch {}) >/dev/null 2>&1 &\n",
            bench.host("boot"),
            bench.host("up")
        ),
    );
    let outcome = bench.run("reboot", task(&bench, &script)).await.unwrap();
    assert!(outcome.changed && !outcome.failed, "{outcome:?}");
    assert_eq!(outcome.values["rebooted"], true);
    assert!(outcome.values["elapsed"].as_u64().unwrap() >= 1);
}

#[tokio::test]
async fn a_host_that_does_not_boot_is_a_failure_and_so_is_a_command_that_does_not_work() {
    let bench = Bench::new();
    let nothing = bench.local("nothing", ":\n");
    let outcome = bench.run("reboot", task(&bench, &nothing)).await.unwrap();
    assert!(
        outcome.failed && outcome.msg.contains("last boot time check (timeout=3)"),
        "{outcome:?}"
    );
    let fails = bench.local("fails", "echo no >&2; exit 1\n");
    let outcome = bench.run("reboot", task(&bench, &fails)).await.unwrap();
    assert!(outcome.failed && outcome.values["rebooted"] == false, "{outcome:?}");
    assert_eq!(outcome.msg, "Reboot command failed. Error was: ', no'");
}

#[tokio::test]
async fn nothing_is_rebooted_in_check_mode_nor_when_the_program_is_not_there() {
    let mut bench = Bench::new();
    let task = json!({"reboot_command": "no-such-program now"});
    let outcome = bench.run("reboot", task).await.unwrap();
    assert!(outcome.failed && outcome.msg.contains("Unable to find command"), "{outcome:?}");
    bench.context.check = true;
    assert!(bench.run("reboot", json!({})).await.unwrap().changed);
    assert_eq!(bench.round_trips(), 0);
}

#[tokio::test]
async fn a_host_that_answers_is_connected() {
    let mut bench = Bench::new();
    let outcome = bench.run("wait_for_connection", json!({"timeout": 2})).await.unwrap();
    assert!(!outcome.failed && !outcome.changed);
    assert_eq!(outcome.values["elapsed"], 0);
    bench.context.check = true;
    assert!(bench.run("wait_for_connection", json!({})).await.unwrap().skipped);
}
