use super::*;
use crate::redact::Secret;

fn root(method: RunAsMethod, password: Option<&str>) -> RunAs {
    RunAs { method, password: password.map(Secret::new), ..RunAs::default() }
}

fn prepared(script: &str, run_as: Option<&RunAs>, user: &str) -> Result<Prepared, TransportError> {
    prepare(script, run_as, user, LoginShell::Bourne, None)
}

fn talk(run_as: Option<&RunAs>) -> Talk {
    prepared("id", run_as, "admin").unwrap().talk
}

fn reason(error: TransportError) -> String {
    match error {
        TransportError::RunAs { reason, .. } => reason,
        other => panic!("not a run-as error: {other}"),
    }
}

#[test]
fn nothing_is_added_when_the_login_user_is_the_wanted_one() {
    let prepared = prepared("id", Some(&root(RunAsMethod::Sudo, Some("x"))), "root").unwrap();
    assert!(prepared.script.starts_with("sh -c "), "{}", prepared.script);
    assert!(!prepared.talk.holds_input());
}

#[test]
fn the_password_is_never_in_the_command_line() {
    for method in [RunAsMethod::Sudo, RunAsMethod::Su, RunAsMethod::Doas] {
        let prepared = prepared("id", Some(&root(method, Some("s3cret"))), "admin").unwrap();
        assert!(!prepared.script.contains("s3cret"), "{}", prepared.script);
    }
}

#[test]
fn a_user_name_cannot_become_an_option() {
    let run_as = RunAs { user: "-s".into(), ..root(RunAsMethod::Sudo, None) };
    assert!(prepared("id", Some(&run_as), "admin").is_err());
}

#[test]
fn a_script_longer_than_an_argument_is_refused_before_it_is_sent() {
    assert!(prepared(&"x".repeat(LONGEST), None, "admin").is_err());
}

#[test]
fn what_comes_before_the_mark_is_not_the_scripts_even_in_single_bytes() {
    let mut talk = talk(None);
    let all = format!("noise{}own", talk.mark);
    let mut stdout = Vec::new();
    let mut stderr = Vec::new();
    for byte in all.as_bytes() {
        stdout.extend_from_slice(&talk.hear_stdout(&[*byte]));
        if let Step::Started(own) = talk.hear(&[*byte]) {
            stderr.extend(own);
        }
    }
    assert_eq!((stdout.as_slice(), stderr.as_slice()), (&b"own"[..], &b"own"[..]));
}

#[test]
fn the_password_answers_the_first_prompt_and_a_second_one_means_it_was_wrong() {
    let run_as = root(RunAsMethod::Sudo, Some("x"));
    let mut talk = talk(Some(&run_as));
    let prompt = talk.prompt.clone();
    assert_eq!(talk.hear(b"We trust you have received the usual lecture\n"), Step::Wait);
    assert_eq!(talk.hear(&prompt.as_bytes()[..9]), Step::Wait);
    assert_eq!(talk.hear(&prompt.as_bytes()[9..]), Step::SendPassword);
    assert_eq!(talk.hear(b"Sorry, try again.\n"), Step::Wait);
    assert_eq!(talk.hear(prompt.as_bytes()), Step::WrongPassword);
    assert_eq!(reason(talk.refused("h", None)), "wrong password");
}

#[test]
fn sudo_without_a_password_that_needs_one_says_what_to_type() {
    let run_as = root(RunAsMethod::Sudo, None);
    let mut talk = talk(Some(&run_as));
    assert_eq!(talk.hear(b"sudo: a password is required\n"), Step::Wait);
    let reason = reason(talk.refused("h", Some(1)));
    assert!(reason.starts_with("it needs a password: -K"), "{reason}");
}

#[test]
fn the_prompt_of_su_is_only_taken_for_one_after_su_was_called() {
    let run_as = root(RunAsMethod::Su, Some("x"));
    let mut talk = talk(Some(&run_as));
    assert_eq!(talk.hear(b"Welcome:"), Step::Wait);
    let called = talk.prompt.clone();
    assert_eq!(talk.hear(called.as_bytes()), Step::Wait);
    assert_eq!(talk.hear("Mot de passe\u{a0}: ".as_bytes()), Step::SendPassword);
    assert_eq!(talk.hear(b"\n"), Step::Wait);
    assert_eq!(talk.hear(b"Mot de passe: "), Step::WrongPassword);
}

#[test]
fn flags_and_programs_stand_where_ansible_puts_them_and_n_is_ours() {
    let line = |run_as: &RunAs| prepared("id", Some(run_as), "admin").unwrap().script;
    let sudo = RunAs {
        program: Some("/opt/sudo -u x".into()),
        flags: Some("-E -Hn --non-interactive --login".into()),
        ..root(RunAsMethod::Sudo, None)
    };
    assert!(line(&sudo).starts_with("/opt/sudo -u x -E -H --login -n -u root -- sh -c "));
    let su = RunAs { flags: Some("-".into()), ..root(RunAsMethod::Su, None) };
    assert!(line(&su).starts_with("su - -s /bin/sh root -c "), "{}", line(&su));
    let doas = RunAs { flags: Some("-n".into()), ..root(RunAsMethod::Doas, Some("x")) };
    assert!(line(&doas).contains("; doas  -n -u root sh -c "), "{}", line(&doas));
    let on_terminal = prepare("id", Some(&doas), "admin", LoginShell::Bourne, terminal());
    let line = on_terminal.unwrap().script;
    assert!(line.contains("; doas   -u root sh -c "), "{line}");
}

fn terminal() -> Option<Terminal> {
    let nothing = crate::transport::Input::Empty;
    futures_util::FutureExt::now_or_never(Terminal::for_input(&nothing)).unwrap().ok()
}

#[test]
fn on_a_terminal_standard_error_follows_the_end_mark_even_in_single_bytes() {
    let mut talk = prepare("id", None, "admin", LoginShell::Bourne, terminal()).unwrap().talk;
    let all = format!("noise\r\n{}out\0put{}error", talk.mark, talk.end);
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    for byte in all.as_bytes() {
        let (own, step) = talk.hear_terminal(&[*byte]);
        stdout.extend(own);
        if let Step::Started(own) = step {
            stderr.extend(own);
        }
    }
    assert_eq!((stdout.as_slice(), stderr.as_slice()), (&b"out\0put"[..], &b"error"[..]));
}
