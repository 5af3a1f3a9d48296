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
        &["exec", "--help"],
        &["runs", "--help"],
        &["inventory", "--help"],
        &["inventory", "mark-broken", "--help"],
        &["inventory", "add", "--help"],
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

#[test]
fn one_command_runs_without_a_playbook() {
    let home = home();
    let local = ["-i", "localhost,", "-e", "ansible_connection=local"];
    let exec = |arguments: &[&str]| {
        rrecover(&home, &[&["exec", "all"], &local[..], arguments].concat()).assert()
    };
    exec(&["--", "echo one; echo two >&2"])
        .success()
        .stdout("localhost | CHANGED | rc=0 >>\none\ntwo\n");
    exec(&["-a", "echo no; exit 3"]).code(2).stdout(contains("localhost | FAILED | rc=3 >>\nno\n"));
    exec(&["-m", "ping"])
        .success()
        .stdout(contains("localhost | SUCCESS => {\n").and(contains("    \"ping\": \"pong\"")));
    let made = home.path().join("made");
    let touch = format!("path={} state=touch mode=0600", made.display());
    exec(&["-m", "file", "-a", &touch]).success().stdout(contains("localhost | CHANGED => {"));
    assert!(made.is_file());
    let remove = format!("path={} state=absent", made.display());
    exec(&["--check", "-m", "file", "-a", &remove]).success().stdout(contains("CHANGED"));
    assert!(made.is_file(), "check mode writes nothing");
    exec(&["-m", "file", "-a", "pth=made"]).code(1).stderr(contains("`path`"));
    exec(&["-m", "no_such_module"]).code(1).stderr(contains("no_such_module"));
}

/// `kubeadm` under the password `pw`.
const SEALED: &str = "\
etcd_deployment_type: !vault |
          $ANSIBLE_VAULT;1.1;AES256
          62386563376462626663393135346264333333633232373665373430326564333930646465353032
          6238636331303435663363353238313339376632643636370a316639626231616636623536393730
          34613336313162643933643930353836326536333034363037383139343831366331643334613433
          3964633334336261620a383730646331326664363831353638386266303832626638373338653236
          3962
";

#[test]
fn a_vaulted_value_needs_its_password_only_when_it_is_read() {
    let home = home();
    std::fs::create_dir(home.path().join("group_vars")).expect("a directory");
    let write = |name: &str, text: &str| {
        std::fs::write(home.path().join(name), text).expect("a file");
    };
    write("group_vars/all.yml", SEALED);
    write("pw", "pw\n");
    write("wrong", "xy\n");
    let run = |arguments: &[&str]| rrecover(&home, arguments).assert();
    let listed = contains("__ansible_vault").and(contains("__place").not());
    run(&["inventory", "-i", "hosts.ini", "--list"]).success().stdout(listed);
    run(&["play", "recover-control-plane", "-i", "hosts.ini", "--list-tasks"]).success();
    let diagnose = ["diagnose", "-i", "hosts.ini"];
    run(&diagnose).code(1).stderr(
        contains("group_vars/all.yml:1:23: this is encrypted")
            .and(contains("--vault-password-file")),
    );
    run(&[&diagnose[..], &["--vault-id", "dev@wrong"]].concat())
        .code(1)
        .stderr(contains("no vault password opens this; tried: `dev`"));
    let graph = ["inventory", "-i", "hosts.ini", "--graph", "--vars"];
    for arguments in
        [&["--vault-password-file", "pw"][..], &["--vault-id", "dev@wrong", "--vault-id", "x@pw"]]
    {
        run(&[&graph[..], arguments].concat()).success().stdout(contains("kubeadm"));
        run(&[&diagnose[..], arguments].concat()).code(1).stderr(contains("yet"));
    }
    write("ansible.cfg", "[defaults]\nvault_password_file = pw\n");
    run(&graph).success().stdout(contains("kubeadm"));
    rrecover(&home, &graph).env("ANSIBLE_VAULT_PASSWORD_FILE", "wrong").assert().code(1);
}

#[test]
fn the_operator_s_own_configuration_counts() {
    let home = home();
    let write = |text: &str| {
        std::fs::write(home.path().join("ansible.cfg"), text).expect("a file");
    };
    write("[defaults]\ninventory = hosts.ini\nremote_user = admin\n");
    let list = ["inventory", "--list"];
    rrecover(&home, &list).assert().success().stdout(contains("node1"));
    write("[defaults]\ninventory = hosts.ini\nhash_behaviour = merge\n");
    rrecover(&home, &list).assert().code(1).stderr(
        contains("ansible.cfg:3:1: `hash_behaviour = merge` is not supported")
            .and(contains("combine")),
    );
}

#[test]
fn a_host_is_marked_and_unmarked_in_the_file() {
    let home = home();
    let file = || std::fs::read_to_string(home.path().join("hosts.ini")).expect("the inventory");
    let before = file();
    let mark = ["inventory", "mark-broken", "node1", "-i", "hosts.ini"];
    let shown = contains("+[broken_etcd]\n+node1\n");
    rrecover(&home, &[&mark[..], &["--check"]].concat()).assert().success().stdout(shown.clone());
    assert_eq!(file(), before, "--check writes nothing");
    rrecover(&home, &mark).assert().success().stdout(shown);
    assert_eq!(file(), format!("{before}\n[broken_etcd]\nnode1\n"));
    rrecover(&home, &mark).assert().success().stdout("");
    rrecover(&home, &["inventory", "unmark", "node1", "-i", "hosts.ini"]).assert().success();
    assert_eq!(file(), format!("{before}\n[broken_etcd]\n"));
    rrecover(&home, &["inventory", "mark-broken", "node2", "-i", "hosts.ini"])
        .assert()
        .code(1)
        .stderr(contains("did you mean `node1`"));
}

#[test]
fn a_vaulted_value_of_a_play_is_opened_when_it_is_read() {
    let home = home();
    let write = |name: &str, text: &str| {
        std::fs::write(home.path().join(name), text).expect("a file");
    };
    let sealed = SEALED.trim_end().replace('\n', "\n    ");
    write("pw", "pw\n");
    write(
        "site.yml",
        &format!(
            "- hosts: all\n  gather_facts: false\n  vars:\n    {sealed}\n  tasks:\n    - command: touch {{{{ etcd_deployment_type }}}}\n      args: {{chdir: {}}}\n",
            home.path().display()
        ),
    );
    let play = ["play", "site.yml", "-i", "localhost,", "-e", "ansible_connection=local", "--yes"];
    rrecover(&home, &play).assert().failure().stderr(contains("site.yml:4:27: this is encrypted"));
    rrecover(&home, &[&play[..], &["--vault-password-file", "pw"]].concat())
        .assert()
        .success()
        .stdout(contains("kubeadm").not());
    assert!(home.path().join("kubeadm").is_file(), "the command had the plain text");
}

#[test]
fn what_matches_no_host_is_said() {
    let home = home();
    rrecover(&home, &["exec", "-i", "hosts.ini", "ectd", "--", "true"])
        .assert()
        .code(1)
        .stderr(contains("did you mean `etcd`"));
    let text = "- name: odd\n  hosts: nowhere\n  gather_facts: false\n  tasks: [ping: ]\n";
    std::fs::write(home.path().join("site.yml"), text).expect("a playbook");
    rrecover(&home, &["play", "-i", "hosts.ini", "site.yml"])
        .assert()
        .success()
        .stderr(contains("play `odd`: no host matches"));
}

#[test]
fn a_failed_assertion_names_the_condition() {
    let home = home();
    let text =
        "- hosts: localhost\n  gather_facts: false\n  tasks: [assert: {that: [1 == 1, 1 == 2]}]\n";
    std::fs::write(home.path().join("site.yml"), text).expect("a playbook");
    let play = ["play", "site.yml", "-i", "localhost,", "-e", "ansible_connection=local"];
    rrecover(&home, &play)
        .assert()
        .code(2)
        .stderr(contains("1 == 2").and(contains("1 == 1").not()));
}

#[test]
fn a_step_whose_outcome_is_not_known_says_nothing_of_a_lock_that_was_not_taken() {
    let home = home();
    let play = "- hosts: localhost\n  gather_facts: false\n  tasks:\n    - command: sleep 30\n      \
                timeout: 1\n      ignore_errors: true\n";
    std::fs::write(home.path().join("site.yml"), play).expect("a playbook");
    let run = ["play", "site.yml", "-i", "localhost,", "-e", "ansible_connection=local", "--yes"];
    let said = contains("not known").and(contains("lock stays").not());
    rrecover(&home, &run).assert().failure().stderr(said);
}
