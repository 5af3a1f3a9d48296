//! Becoming another user with the real sudo, su and doas.

use super::help::*;
use rrecover::transport::RunAsMethod::{Doas, Su, Sudo};
use rrecover::transport::{LocalConnection, RunAs, files};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

const WITH_PASSWORD: &str = "@USER@ ALL=(ALL) ALL";
const WITHOUT_PASSWORD: &str = "@USER@ ALL=(ALL) NOPASSWD: ALL";

fn become_root(user: &User) -> RunAs {
    User::run_as(Sudo, "root", Some(user.password.expose()))
}

fn reason(result: Result<rrecover::transport::Output, TransportError>) -> String {
    match result.unwrap_err() {
        TransportError::RunAs { reason, .. } => reason,
        other => panic!("not a run-as error: {other}"),
    }
}

fn host_of(user: &User) -> (Sshd, Pool) {
    let sshd = Sshd::start(&[]);
    let pool = Pool::new(vec![sshd.target(&user.name)]);
    (sshd, pool)
}

#[tokio::test]
async fn sudo_with_a_password_runs_as_root_and_input_and_output_are_untouched() {
    let user = User::make(Some(WITH_PASSWORD));
    let (_sshd, pool) = host_of(&user);
    let command = Command::new("id -un; cat; echo own >&2; exit 5")
        .run_as(Some(become_root(&user)))
        .stdin(Input::Bytes(Bytes::from_static(b"first line\nrest")));
    let output = connect(&pool).await.run(command).await.unwrap();
    assert_eq!(output.rc, 5);
    assert_eq!(output.stdout_text(), "root\nfirst line\nrest");
    assert_eq!(output.stderr_text(), "own\n");
}

#[tokio::test]
async fn the_password_shows_in_no_process_list() {
    let user = User::make(Some(WITH_PASSWORD));
    let (_sshd, pool) = host_of(&user);
    let command = Command::new("cat /proc/[0-9]*/cmdline /proc/$PPID/environ | tr '\\0' ' '");
    let output = connect(&pool).await.run(command.run_as(Some(become_root(&user)))).await.unwrap();
    let all = output.stdout_text();
    assert!(all.contains("sudo") && !all.contains(user.password.expose()));
}

#[tokio::test]
async fn a_wrong_sudo_password_is_a_clear_error_without_a_hang() {
    let user = User::make(Some(WITH_PASSWORD));
    let (_sshd, pool) = host_of(&user);
    let run_as = User::run_as(Sudo, "root", Some("not it"));
    let before = Instant::now();
    let result = connect(&pool).await.run(Command::new("id").run_as(Some(run_as))).await;
    assert_eq!(reason(result), "wrong password");
    assert!(before.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_wrong_password_is_an_error_even_if_sudo_asks_only_once() {
    let user = User::make(Some("Defaults:@USER@ passwd_tries=1\n@USER@ ALL=(ALL) ALL"));
    let (_sshd, pool) = host_of(&user);
    let run_as = User::run_as(Sudo, "root", Some("not it"));
    let result = connect(&pool).await.run(Command::new("id").run_as(Some(run_as))).await;
    assert_eq!(reason(result), "wrong password");
}

#[tokio::test]
async fn a_password_that_nobody_asks_for_does_not_reach_the_command() {
    let user = User::make(Some(WITHOUT_PASSWORD));
    let (_sshd, pool) = host_of(&user);
    let command = Command::new("cat").run_as(Some(become_root(&user)));
    let output = connect(&pool).await.run(command.clone()).await.unwrap();
    assert_eq!(output.stdout_text(), "");
    let command = command.stdin(Input::Bytes(Bytes::from_static(b"data")));
    assert_eq!(connect(&pool).await.run(command).await.unwrap().stdout_text(), "data");
}

#[tokio::test]
async fn sudo_without_a_password_works_where_none_is_needed_and_else_says_what_to_type() {
    let free = User::make(Some(WITHOUT_PASSWORD));
    let (_sshd, pool) = host_of(&free);
    let run_as = User::run_as(Sudo, "root", None);
    let command = Command::new("id -un").run_as(Some(run_as));
    assert_eq!(connect(&pool).await.run(command.clone()).await.unwrap().stdout_text(), "root\n");
    let asked = User::make(Some(WITH_PASSWORD));
    let (_sshd, pool) = host_of(&asked);
    let reason = reason(connect(&pool).await.run(command).await);
    assert!(reason.starts_with("it needs a password: -K"), "{reason}");
}

#[tokio::test]
async fn a_user_whom_sudo_does_not_know_gets_sudos_words() {
    let user = User::make(None);
    let (_sshd, pool) = host_of(&user);
    let command = Command::new("id").run_as(Some(become_root(&user)));
    let reason = reason(connect(&pool).await.run(command).await);
    assert!(reason.contains("not in the sudoers file"), "{reason}");
}

/// Every byte in and out, the streams apart, the exit code kept.
async fn carries_everything(connection: &Arc<dyn Connection>, run_as: &RunAs) {
    let all: Vec<u8> = (0..=255).cycle().take(40_000).collect();
    for input in [Vec::new(), all] {
        let command = Command::new("id -un >&2; cat; printf 'err\\n\\n' >&2; exit 7");
        let command =
            command.stdin(Input::Bytes(input.clone().into())).run_as(Some(run_as.clone()));
        let output = connection.run(command).await.unwrap();
        assert_eq!(output.rc, 7, "{:?}", output.stderr_text());
        assert!(output.stdout == input, "{} bytes of {}", output.stdout.len(), input.len());
        assert_eq!(output.stderr_text(), format!("{}\nerr\n\n", run_as.user));
    }
}

#[tokio::test]
async fn sudo_that_requires_a_terminal_gets_one() {
    for rule in ["NOPASSWD: ALL", "ALL"] {
        let user =
            User::make(Some(&format!("Defaults:@USER@ requiretty\n@USER@ ALL=(ALL) {rule}")));
        let (_sshd, pool) = host_of(&user);
        let connection = connect(&pool).await;
        let password = Some(user.password.expose()).filter(|_| rule == "ALL");
        let run_as = User::run_as(Sudo, "root", password);
        carries_everything(&connection, &run_as).await;
        let wrong = Command::new("id").run_as(Some(User::run_as(Sudo, "root", Some("no"))));
        if rule == "ALL" {
            assert_eq!(reason(connection.run(wrong).await), "wrong password");
        }
    }
}

#[tokio::test]
async fn sudo_on_a_pseudo_terminal_of_its_own_changes_no_byte() {
    let user =
        User::make(Some("Defaults:@USER@ use_pty, requiretty\n@USER@ ALL=(ALL) NOPASSWD: ALL"));
    let (_sshd, pool) = host_of(&user);
    carries_everything(&connect(&pool).await, &User::run_as(Sudo, "root", None)).await;
}

#[tokio::test]
async fn a_server_that_gives_no_terminal_to_a_sudo_that_requires_one_says_so() {
    let user = User::make(Some("Defaults:@USER@ requiretty\n@USER@ ALL=(ALL) NOPASSWD: ALL"));
    let sshd = Sshd::start(&["PermitTTY no"]);
    let pool = Pool::new(vec![sshd.target(&user.name)]);
    let command = Command::new("id").run_as(Some(User::run_as(Sudo, "root", None)));
    let reason = reason(connect(&pool).await.run(command).await);
    assert!(reason.contains("tty"), "{reason}");
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_in_a_connection() {
    let user = User::make(Some(WITH_PASSWORD));
    let (_sshd, pool) = host_of(&user);
    let counting = user.home().join("sudo");
    let calls = user.home().join("calls");
    let script = format!("#!/bin/sh\necho call >> {}\nexec sudo \"$@\"\n", calls.display());
    std::fs::write(&counting, script).unwrap();
    std::fs::set_permissions(&counting, std::fs::Permissions::from_mode(0o755)).unwrap();
    let connection = connect(&pool).await;
    let run_as = |password| RunAs {
        program: Some(counting.display().to_string()),
        ..User::run_as(Sudo, "root", Some(password))
    };
    for _ in 0..5 {
        let command = Command::new("id").run_as(Some(run_as("not it")));
        assert_eq!(reason(connection.run(command).await), "wrong password");
    }
    assert_eq!(std::fs::read_to_string(&calls).unwrap(), "call\n");
    let right = Command::new("id -un").run_as(Some(run_as(user.password.expose())));
    assert_eq!(connection.run(right).await.unwrap().stdout_text(), "root\n");
}

#[tokio::test]
async fn sudo_that_asks_for_the_targets_password_or_lectures_is_answered() {
    let to = User::make(None);
    let rules =
        "Defaults:@USER@ targetpw, lecture=always, passprompt_override\n@USER@ ALL=(ALL) ALL";
    let from = User::make(Some(rules));
    let (_sshd, pool) = host_of(&from);
    let run_as = User::run_as(Sudo, &to.name, Some(to.password.expose()));
    let output =
        connect(&pool).await.run(Command::new("id -un").run_as(Some(run_as))).await.unwrap();
    assert_eq!(
        (output.stdout_text(), output.stderr_text()),
        (format!("{}\n", to.name), String::new())
    );
}

#[tokio::test]
async fn flags_change_what_sudo_does() {
    let user = User::make(Some("Defaults:@USER@ setenv\n@USER@ ALL=(ALL) NOPASSWD: ALL"));
    let (_sshd, pool) = host_of(&user);
    let connection = connect(&pool).await;
    for (flags, wanted) in [(None, "/root"), (Some("-E"), user.home().to_str().unwrap())] {
        let run_as = RunAs { flags: flags.map(str::to_owned), ..User::run_as(Sudo, "root", None) };
        let command = Command::new("echo $HOME").run_as(Some(run_as));
        let output = connection.run(command).await.unwrap();
        assert_eq!(output.stdout_text().trim(), wanted, "{flags:?}");
    }
    let login = RunAs { flags: Some("-i".into()), ..User::run_as(Sudo, "root", None) };
    let output = connection.run(Command::new("echo \"it's $HOME\"; pwd").run_as(Some(login))).await;
    assert_eq!(output.unwrap().stdout_text(), "it's /root\n/root\n");
}

#[tokio::test]
async fn an_unprivileged_user_becomes_another_one_whose_files_nobody_else_reads() {
    let (from, to) = (User::make(Some(WITHOUT_PASSWORD)), User::make(None));
    let (_sshd, pool) = host_of(&from);
    let connection = connect(&pool).await;
    let own = to.home().join("own");
    std::fs::create_dir(&own).unwrap();
    std::os::unix::fs::chown(&own, Some(uid(&to.name)), None).unwrap();
    std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o700)).unwrap();
    let file = own.join("file");
    let place = files::Place { path: file.display().to_string(), ..files::Place::default() };
    let run_as = Some(User::run_as(Sudo, &to.name, None));
    let source = Input::Bytes(Bytes::from_static(b"secret"));
    let sent = files::upload(&*connection, run_as.clone(), source, &place, Duration::from_secs(20));
    sent.await.unwrap_or_else(|error| panic!("{error}"));
    let metadata = std::fs::metadata(&file).unwrap();
    assert_eq!((metadata.uid(), metadata.mode() & 0o777), (uid(&to.name), 0o600));
    let read = Command::new(format!("cat {}", file.display()));
    assert_ne!(connection.run(read.clone()).await.unwrap().rc, 0);
    assert_eq!(connection.run(read.run_as(run_as)).await.unwrap().stdout_text(), "secret");
}

fn uid(name: &str) -> u32 {
    let output = std::process::Command::new("id").args(["-u", name]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn root_becomes_another_user_by_sudo_and_su_without_a_password() {
    let user = User::make(None);
    let sshd = Sshd::start(&[]);
    let pool = Pool::new(vec![sshd.target("root")]);
    let connection = connect(&pool).await;
    for method in [Sudo, Su] {
        let run_as = User::run_as(method, &user.name, None);
        let command = Command::new("id -un; cat").run_as(Some(run_as));
        let command = command.stdin(Input::Bytes(Bytes::from_static(b"in")));
        let output = connection.run(command).await.unwrap();
        assert_eq!(output.stdout_text(), format!("{}\nin", user.name), "{method:?}");
    }
}

#[tokio::test]
async fn su_takes_the_wanted_users_password_and_refuses_a_wrong_or_missing_one() {
    let (from, to) = (User::make(None), User::make(None));
    let (_sshd, pool) = host_of(&from);
    let connection = connect(&pool).await;
    let run = async |password| {
        let run_as = User::run_as(Su, &to.name, password);
        let command = Command::new("id -un; cat").run_as(Some(run_as));
        connection.run(command.stdin(Input::Bytes(Bytes::from_static(b"in")))).await
    };
    let output = run(Some(to.password.expose())).await.unwrap();
    assert_eq!(output.stdout_text(), format!("{}\nin", to.name));
    let wrong = reason(run(Some("not it")).await);
    assert!(wrong.starts_with("wrong password"), "{wrong}");
    let missing = reason(run(None).await);
    assert!(missing.starts_with("it needs a password: -K"), "{missing}");
}

/// The rules of doas stand in one file of the machine; it is put back.
struct DoasRules(Option<String>);

impl DoasRules {
    const FILE: &str = "/etc/doas.conf";

    fn set(rules: &str) -> Self {
        let before = std::fs::read_to_string(Self::FILE).ok();
        std::fs::write(Self::FILE, rules).unwrap();
        std::fs::set_permissions(Self::FILE, std::fs::Permissions::from_mode(0o600)).unwrap();
        Self(before)
    }
}

impl Drop for DoasRules {
    fn drop(&mut self) {
        let _ = match &self.0 {
            Some(before) => std::fs::write(Self::FILE, before),
            None => std::fs::remove_file(Self::FILE),
        };
    }
}

#[tokio::test]
async fn doas_works_with_and_without_a_password() {
    let (free, asked) = (User::make(None), User::make(None));
    let rules = format!("permit nopass {}\npermit persist {}\n", free.name, asked.name);
    let _rules = DoasRules::set(&rules);
    let (_sshd, pool) = host_of(&free);
    let connection = connect(&pool).await;
    carries_everything(&connection, &User::run_as(Doas, "root", None)).await;
    carries_everything(&connection, &User::run_as(Doas, "root", Some("unused"))).await;
    let (_sshd, pool) = host_of(&asked);
    let connection = connect(&pool).await;
    let needs = Command::new("id").run_as(Some(User::run_as(Doas, "root", None)));
    let needs = reason(connection.run(needs).await);
    assert!(needs.starts_with("it needs a password: -K"), "{needs}");
    carries_everything(&connection, &User::run_as(Doas, "root", Some(asked.password.expose())))
        .await;
    let wrong = Command::new("id").run_as(Some(User::run_as(Doas, "root", Some("not it"))));
    let before = Instant::now();
    let wrong = reason(connection.run(wrong).await);
    assert!(wrong.starts_with("wrong password"), "{wrong}");
    assert!(before.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_user_that_does_not_exist_is_an_error() {
    let sshd = Sshd::start(&[]);
    let pool = Pool::new(vec![sshd.target("root")]);
    for method in [Sudo, Su, Doas] {
        let run_as = User::run_as(method, "nosuchuser", None);
        let result = connect(&pool).await.run(Command::new("id").run_as(Some(run_as))).await;
        assert!(matches!(result, Err(TransportError::RunAs { .. })), "{method:?} {result:?}");
    }
}

#[tokio::test]
async fn this_machine_runs_commands_as_others_too() {
    let user = User::make(None);
    let local = LocalConnection::new("localhost");
    let run_as = User::run_as(Sudo, &user.name, Some("unused"));
    let command = Command::new("id -un; cat; exit 3").run_as(Some(run_as));
    let command = command.stdin(Input::Bytes(Bytes::from_static(b"in")));
    let output = local.run(command).await.unwrap();
    assert_eq!((output.rc, output.stdout_text()), (3, format!("{}\nin", user.name)));
}
