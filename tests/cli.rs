//! The command line as a user meets it: its whole reference, its exit codes, its first words.
#![expect(clippy::expect_used, reason = "a test says what failed by failing")]

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

/// The binary in an empty home.
fn rrecover(home: &tempfile::TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rrecover"));
    command
        .args(arguments)
        .current_dir(home.path())
        .env("HOME", home.path())
        .env("COLUMNS", "100")
        .env_remove("XDG_STATE_HOME")
        .env_remove("RRECOVER_INVENTORY")
        .env_remove("ANSIBLE_INVENTORY")
        .env_remove("ANSIBLE_CONFIG");
    command
}

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a temporary directory");
    let inventory = "node1 ansible_host=127.0.0.1 ansible_port=1 ip=127.0.0.1\n[etcd]\nnode1\n";
    std::fs::write(home.path().join("hosts.ini"), inventory).expect("an inventory");
    home
}

#[test]
fn the_reference_is_what_it_was() {
    let home = home();
    let mut reference = String::new();
    for command in [
        &["--help"][..],
        &["play", "--help"],
        &["plan", "--help"],
        &["diagnose", "--help"],
        &["runs", "--help"],
        &["inventory", "--help"],
        &["playbooks", "--help"],
        &["lab", "--help"],
        &["lab", "up", "--help"],
        &["lab", "break", "--help"],
    ] {
        let output = rrecover(&home, command).assert().success().get_output().stdout.clone();
        reference.push_str(&format!("$ rrecover {}\n", command.join(" ")));
        reference.push_str(&String::from_utf8_lossy(&output));
        reference.push('\n');
    }
    insta::assert_snapshot!("reference", reference);
}

#[test]
fn a_usage_error_exits_with_1_and_says_what_to_type() {
    let home = home();
    rrecover(&home, &["play"]).assert().code(1).stderr(contains("PLAYBOOK"));
    rrecover(&home, &["play", "x", "--no-such-option"]).assert().code(1);
    rrecover(&home, &["diagnose"])
        .assert()
        .code(1)
        .stderr(contains("no inventory is named").and(contains("-i PATH")));
    rrecover(&home, &["play", "recover-control-plan", "-i", "hosts.ini"])
        .assert()
        .code(1)
        .stderr(contains("recover-control-plane"));
    rrecover(&home, &["play", "recover-control-plane", "-i", "hosts.ini", "-l", "node2"])
        .assert()
        .code(1)
        .stderr(contains("node2").and(contains("nothing was contacted")));
}

#[test]
fn what_cannot_be_recovered_yet_is_refused_before_any_contact() {
    let home = home();
    for variable in ["etcd_deployment_type=kubeadm", "etcd_events_cluster_enabled=true"] {
        rrecover(&home, &["diagnose", "-i", "hosts.ini", "-e", variable])
            .assert()
            .code(1)
            .stderr(contains("yet"));
    }
    rrecover(&home, &["diagnose", "-i", "hosts.ini", "-e", "trust_declared=perhaps"])
        .assert()
        .code(1)
        .stderr(contains("trust_declared"));
}

#[test]
fn a_missing_snapshot_is_refused_with_3_before_any_contact() {
    let home = home();
    let arguments = ["play", "recover-control-plane", "-i", "hosts.ini", "--yes", "-e"];
    rrecover(&home, &[&arguments[..], &["etcd_snapshot=none.db"]].concat())
        .assert()
        .code(3)
        .stderr(contains("none.db").and(contains("nothing was changed")));
}

#[test]
fn nothing_is_contacted_to_list_or_to_check_a_playbook() {
    let home = home();
    let play = |option| {
        let arguments = ["play", "recover-control-plane", "-i", "hosts.ini", option];
        rrecover(&home, &arguments).assert().success()
    };
    play("--syntax-check").stdout("");
    play("--list-tasks").stdout(contains("Restore one member"));
    play("--list-hosts").stdout(contains("Grow by one member"));
    play("--list-tags");
    assert!(!home.path().join(".local").exists(), "no run was begun");
}

#[test]
fn a_step_of_a_recovery_cannot_be_left_out() {
    let home = home();
    for options in [&["--tags", "x"][..], &["--skip-tags", "x"], &["--start-at-task", "Settle"]] {
        let arguments = ["play", "recover-control-plane", "-i", "hosts.ini"];
        rrecover(&home, &[&arguments[..], options].concat())
            .assert()
            .code(1)
            .stderr(contains(options[0]));
    }
}

#[test]
fn the_manual_and_completions_are_generated() {
    let home = home();
    rrecover(&home, &["man"]).assert().success().stdout(contains(".TH"));
    for shell in ["bash", "zsh", "fish"] {
        rrecover(&home, &["completions", shell]).assert().success().stdout(contains("rrecover"));
    }
    rrecover(&home, &["playbooks"]).assert().success().stdout(contains("recover-control-plane"));
    rrecover(&home, &["runs"]).assert().success().stdout(contains("no runs"));
}
