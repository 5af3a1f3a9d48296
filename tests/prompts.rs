//! Passwords asked for on a real terminal: a pseudo-terminal whose other end is the operator.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test says what failed by failing")]

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// A prompt that does not come within this time never comes.
const DEADLINE: Duration = Duration::from_secs(120);

/// Runs the binary on a terminal of its own and answers each prompt. Gives stdout and what stood on
/// the terminal.
fn on_terminal(
    home: &tempfile::TempDir,
    arguments: &[&str],
    answers: &[(&str, &str)],
) -> (String, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let slave = File::options().read(true).write(true).open(name).unwrap();
    let mut child = Command::new("setsid")
        .args(["--ctty", "--wait", env!("CARGO_BIN_EXE_rrecover")])
        .args(arguments)
        .current_dir(home.path())
        .env("HOME", home.path())
        .env_remove("ANSIBLE_CONFIG")
        .stdin(slave)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut master = File::from(master);
    let shown = reader(master.try_clone().unwrap());
    let mut seen = String::new();
    for (prompt, answer) in answers {
        while !seen.ends_with(prompt) {
            let Ok(byte) = shown.recv_timeout(DEADLINE) else {
                child.kill().unwrap();
                let output = child.wait_with_output().unwrap();
                let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
                panic!("it never asked {prompt}; seen: {seen}; {stderr}");
            };
            seen.push(char::from(byte));
        }
        master.write_all(format!("{answer}\n").as_bytes()).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    seen.extend(shown.try_iter().map(char::from));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    (String::from_utf8_lossy(&output.stdout).into_owned(), seen)
}

/// What stands on the terminal, until its other end is closed.
fn reader(mut terminal: File) -> Receiver<u8> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut byte = [0];
        while terminal.read(&mut byte).is_ok_and(|count| count == 1) {
            if sender.send(byte[0]).is_err() {
                break;
            }
        }
    });
    receiver
}

fn home(group_vars: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("hosts.ini"), "[etcd]\nnode1 ip=127.0.0.1\n").unwrap();
    std::fs::create_dir(home.path().join("group_vars")).unwrap();
    std::fs::write(home.path().join("group_vars/all.yml"), group_vars).unwrap();
    home
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
fn vault_passwords_are_asked_for_and_not_shown() {
    let graph = ["inventory", "-i", "hosts.ini", "--graph", "--vars"];
    for (option, prompt) in [
        (&["--ask-vault-pass"][..], "Vault password: "),
        (&["--vault-id", "berlin@prompt"], "Vault password (berlin): "),
    ] {
        let arguments = [&graph[..], option].concat();
        let (stdout, seen) = on_terminal(&home(SEALED), &arguments, &[(prompt, "pw")]);
        assert!(stdout.contains("{etcd_deployment_type = kubeadm}"), "{stdout}");
        assert!(!seen.contains("pw\r"), "what is typed must not be seen: {seen}");
    }
}

#[test]
fn login_and_become_passwords_are_asked_for_in_this_order() {
    let arguments =
        ["play", "recover-control-plane", "-i", "hosts.ini", "-k", "-K", "--list-tasks"];
    let answers = [("SSH password: ", "hunter2"), ("BECOME password: ", "hunter3")];
    let (stdout, seen) = on_terminal(&home("{}\n"), &arguments, &answers);
    assert!(stdout.contains("Restore one member"), "{stdout}");
    assert!(!seen.contains("hunter"), "{seen}");
}
