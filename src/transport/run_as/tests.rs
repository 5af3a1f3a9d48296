use super::*;
use crate::redact::Secret;

fn root(method: RunAsMethod, password: Option<&str>) -> RunAs {
    RunAs { method, user: "root".into(), password: password.map(Secret::new) }
}

fn talk(run_as: Option<&RunAs>) -> Talk {
    prepare("id", run_as, "admin").unwrap().talk
}

fn reason(error: TransportError) -> String {
    match error {
        TransportError::RunAs { reason, .. } => reason,
        other => panic!("not a run-as error: {other}"),
    }
}

#[test]
fn nothing_is_added_when_the_login_user_is_the_wanted_one() {
    let prepared = prepare("id", Some(&root(RunAsMethod::Sudo, Some("x"))), "root").unwrap();
    assert!(prepared.script.starts_with("sh -c "), "{}", prepared.script);
    assert!(!prepared.talk.holds_input());
}

#[test]
fn the_password_is_never_in_the_command_line() {
    for method in [RunAsMethod::Sudo, RunAsMethod::Su, RunAsMethod::Doas] {
        let prepared = prepare("id", Some(&root(method, Some("s3cret"))), "admin").unwrap();
        assert!(!prepared.script.contains("s3cret"), "{}", prepared.script);
    }
}

#[test]
fn a_user_name_cannot_become_an_option() {
    let run_as = RunAs { user: "-s".into(), ..root(RunAsMethod::Sudo, None) };
    assert!(prepare("id", Some(&run_as), "admin").is_err());
}

#[test]
fn a_script_longer_than_an_argument_is_refused_before_it_is_sent() {
    assert!(prepare(&"x".repeat(LONGEST), None, "admin").is_err());
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
