//! What is to be done: the pure heart of a recovery.
//!
//! A run works in rounds. Each observes, decides and acts; after [`Action::Start`] the next round
//! looks and decides again. Nothing is remembered between rounds or runs but what can be seen on
//! the hosts, so a run that was killed anywhere is finished by running it again.
//!
//! One file for each concern: `kept` and `lost` are the order of the questions with and without
//! quorum; `start`, `repair`, `restore` and `grow` answer them; `refuse` holds the safety rules.

mod grow;
mod kept;
mod lost;
mod names;
mod refuse;
mod repair;
mod restore;
mod seed;
mod start;

#[cfg(test)]
mod tests;

use super::assess::diagnose;
use super::decision::{Action, Decision, Diagnosis, EtcdDecision, Refusal, Wanted};
use super::picture::Picture;
use super::status::ClusterStatus;

/// Decides from what was seen and what is wanted. Pure: no clock, no chance, no host is asked.
///
/// # Errors
/// A [`Refusal`] names the rule that forbids to go on, what was seen, and the way out.
pub fn decide(wanted: &Wanted, status: &ClusterStatus) -> Result<Decision, Box<Refusal>> {
    let picture = Picture::new(wanted, status);
    let diagnosis = diagnose(&picture);
    let way = if picture.split_brain() {
        Err(refuse::split_brain(&picture))
    } else if picture.quorum.present {
        kept::way(&picture)
    } else {
        lost::way(&picture)
    };
    let way = way.and_then(|draft| refuse::data_elsewhere(&picture, draft));
    match way.and_then(|draft| refuse::outside_limit(&picture, draft)) {
        Ok(draft) => Ok(draft.decision(diagnosis)),
        Err(no) => Err(Box::new(no.refusal(diagnosis))),
    }
}

/// A decision in the making.
struct Draft {
    action: Action,
    etcd: EtcdDecision,
    warnings: Vec<String>,
    confirm: Vec<String>,
}

impl Draft {
    fn new(action: Action) -> Self {
        let etcd = EtcdDecision::default();
        Self { action, etcd, warnings: Vec::new(), confirm: Vec::new() }
    }

    fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    fn decision(mut self, diagnosis: Diagnosis) -> Decision {
        self.etcd.action = Some(self.action);
        self.etcd.quorum = diagnosis.quorum;
        Decision {
            diagnosis,
            action: self.action,
            etcd: self.etcd,
            warnings: self.warnings,
            confirm: self.confirm,
        }
    }
}

/// A refusal in the making.
struct No {
    rule: &'static str,
    reason: String,
    evidence: Vec<String>,
    way_out: Vec<String>,
}

impl No {
    fn new(rule: &'static str, reason: impl Into<String>) -> Self {
        Self { rule, reason: reason.into(), evidence: Vec::new(), way_out: Vec::new() }
    }

    fn seen(mut self, evidence: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    fn way_out(mut self, way: impl Into<String>) -> Self {
        self.way_out.push(way.into());
        self
    }

    fn refusal(self, diagnosis: Diagnosis) -> Refusal {
        Refusal {
            diagnosis,
            rule: self.rule.to_owned(),
            reason: self.reason,
            evidence: self.evidence,
            way_out: self.way_out,
        }
    }
}
