//! The rules as tables: a cluster, what was done to it, what is decided.
//!
//! Each line of a [`cases!`] table is a test of its own. An outcome is written as the verdict, then
//! either the refusal's rule, or the action with who is started, removed (by member name or id),
//! retired, restored on and from, joined (`~` as a learner) and kept, and how many questions the
//! operator has to say yes to.
//!
//! Every rule of DOMAIN section 4 that a pure decision can hold is named in a test here. The others
//! hold where something is done: I-04 and I-21 in `etcd_member` and `etcd_config`, the move of
//! I-10 in `etcd_restore`, the trial of I-11 in `etcd_restore`, the files of I-18 in `pki`, I-23
//! with the static pods, I-26 in the transport and the journal, I-27 with the run's check mode.

mod hold;
mod kept;
mod lab;
mod law;
mod lost;
mod restore;
mod resume;
mod words;

use self::lab::Lab;
use super::super::decision::{Decision, JoiningMember, Refusal};
use super::decide;

/// One test for each line: a name, a cluster, the outcome.
macro_rules! cases {
    ($($name:ident: $lab:expr => $outcome:expr;)*) => {
        $(#[test]
        fn $name() {
            assert_eq!($crate::cluster::decide::tests::outcome(&$lab), $outcome);
        })*
    };
}
pub(crate) use cases;

/// Decides on a lab.
fn decided(lab: &Lab) -> Result<Decision, Box<Refusal>> {
    decide(&lab.wanted(), &lab.status())
}

/// The decision on a lab that must not be refused.
fn decision(lab: &Lab) -> Decision {
    decided(lab).expect("must not be refused")
}

/// The refusal on a lab that must be refused.
fn refusal(lab: &Lab) -> Refusal {
    *decided(lab).expect_err("must be refused")
}

/// The outcome in one line.
fn outcome(lab: &Lab) -> String {
    match decided(lab) {
        Err(no) => format!("{:?}: refuse {}", no.diagnosis.verdict, no.rule),
        Ok(decision) => {
            format!("{:?}: {}", decision.diagnosis.verdict, summary(&decision))
        }
    }
}

fn summary(decision: &Decision) -> String {
    let etcd = &decision.etcd;
    let member = |member: &JoiningMember| {
        format!("{}{}", member.host, if member.learner { "~" } else { "" })
    };
    let dead = etcd
        .dead
        .iter()
        .map(|dead| if dead.name.is_empty() { dead.id.clone() } else { dead.name.clone() });
    let seed = etcd.restore.iter().map(|restore| {
        let from = if restore.snapshot.is_some() { "snapshot" } else { &restore.source_dir };
        format!("{}({from})", restore.host)
    });
    let mut text = format!("{:?}", decision.action).to_lowercase();
    let parts = [
        ("", etcd.start.clone()),
        ("-", dead.collect()),
        ("retire ", etcd.retire.clone()),
        ("on ", seed.collect()),
        ("+", etcd.joining.iter().map(member).collect()),
        ("= ", etcd.promised.iter().map(|one| one.host.clone()).collect()),
    ];
    for (sign, names) in parts {
        if !names.is_empty() {
            text.push_str(&format!(" {sign}{}", names.join(",")));
        }
    }
    if !decision.confirm.is_empty() {
        text.push_str(&format!(" ?{}", decision.confirm.len()));
    }
    text.replace("/var/lib/etcd", "")
}
