//! What was decided, before anything is changed: what was seen, what will be done, what needs a
//! yes.

use super::style::{Style, harmless};
use crate::cluster::decision::{Action, Decision, Refusal};

/// The decision as text, with a newline at its end.
pub fn decision(decision: &Decision, style: Style) -> String {
    let mut text = String::new();
    let diagnosis = &decision.diagnosis;
    text.push_str(&format!("{} {}\n", style.bold("seen:"), harmless(&diagnosis.sentence)));
    text.push_str(&format!("{} {}\n", style.bold("decided:"), action(decision.action)));
    for line in steps(decision) {
        text.push_str(&format!("  {}\n", harmless(&line)));
    }
    let (before, after) = (&diagnosis.quorum, decision.etcd.promised.len());
    text.push_str(&format!(
        "{} now {} of {} voters healthy, {} needed, quorum {}",
        style.bold("quorum:"),
        before.healthy,
        before.voters,
        before.needed,
        if before.present { "present" } else { "lost" }
    ));
    if after > 0 {
        text.push_str(&format!("; afterwards {after} voters, {} needed", after / 2 + 1));
    }
    text.push('\n');
    list(&mut text, &style.notable("warning:"), &decision.warnings);
    list(&mut text, &style.bad("needs a yes:"), &decision.confirm);
    text
}

/// The refusal as text, with a newline at its end.
pub fn refusal(refusal: &Refusal, style: Style) -> String {
    let mut text = format!(
        "{} {}\n{} {} (rule {})\n",
        style.bold("seen:"),
        harmless(&refusal.diagnosis.sentence),
        style.bad("refused:"),
        harmless(&refusal.reason),
        refusal.rule
    );
    list(&mut text, "because:", &refusal.evidence);
    list(&mut text, "way out:", &refusal.way_out);
    text.push_str("nothing was changed\n");
    text
}

fn list(text: &mut String, name: &str, lines: &[String]) {
    for line in lines {
        text.push_str(&format!("{name} {}\n", harmless(line)));
    }
}

fn action(action: Action) -> &'static str {
    match action {
        Action::Nothing => "nothing is to be done",
        Action::Start => "start stopped members, then look again",
        Action::Repair => "quorum is there: remove dead members and grow back",
        Action::Restore => "quorum is lost: restore one member and grow back",
    }
}

/// What will be done, in its order.
fn steps(decision: &Decision) -> Vec<String> {
    let etcd = &decision.etcd;
    let mut steps = Vec::new();
    steps.extend(etcd.start.iter().map(|host| format!("start etcd on {host}")));
    steps.extend(
        etcd.retire
            .iter()
            .map(|host| format!("stop etcd on {host} and move its data aside (kept)")),
    );
    if let Some(restore) = &etcd.restore {
        let from = match (&restore.snapshot, &etcd.survivor) {
            (Some(snapshot), _) => format!("the snapshot {}", snapshot.path),
            (None, Some(survivor)) => format!("the data of {survivor}"),
            (None, None) => "its own data".to_owned(),
        };
        let bump = match restore.bump_revision {
            0 => String::new(),
            bump => format!(", revision raised by {bump}"),
        };
        steps.push(format!("restore {} from {from}{bump}", restore.host));
        if !restore.expected_loss.is_empty() {
            steps.push(format!("expected loss: {}", restore.expected_loss));
        }
    }
    steps.extend(etcd.dead.iter().map(|member| {
        let name =
            if member.name.is_empty() { "a member that never started" } else { &member.name };
        let host = member.host.as_ref().map(|host| format!(" on {host}")).unwrap_or_default();
        format!("remove member {} ({name}{host})", member.id)
    }));
    steps.extend(etcd.joining.iter().map(|member| {
        let learner = if member.learner { ", as a learner first" } else { "" };
        format!("add {} on {} ({}){learner}", member.name, member.host, member.peer_url)
    }));
    if !etcd.converge.is_empty() {
        steps.push(format!("write the settings anew on {}", etcd.converge.join(", ")));
    }
    steps
}
