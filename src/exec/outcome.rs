//! How a run ended.

use crate::error::Kind;
use crate::event::Stats;
use std::collections::BTreeMap;

/// How a run ended, before its promise is verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunOutcome {
    /// Counts by host, of every host of the plan.
    pub stats: BTreeMap<String, Stats>,
    /// Hosts that failed a step, in the order in which they did.
    pub failed: Vec<String>,
    /// Hosts that could not be reached.
    pub unreachable: Vec<String>,
    /// Steps that were sent and did not answer: `task on host: why`.
    pub unknown: Vec<String>,
    /// Whether the operator stopped the run.
    pub interrupted: bool,
    /// Why the run ended before its plan, when it did and nobody stopped it.
    pub stopped: Option<String>,
}

impl RunOutcome {
    /// Why the run did not end well; `None` when it did. A step whose outcome is unknown makes
    /// the run one that was cut off: `resume` asks the host what became of it.
    pub fn failure(&self) -> Option<Kind> {
        if self.interrupted || !self.unknown.is_empty() {
            return Some(Kind::Interrupted);
        }
        if !self.failed.is_empty() || (self.stopped.is_some() && self.unreachable.is_empty()) {
            return Some(Kind::HostFailed);
        }
        (!self.unreachable.is_empty()).then_some(Kind::Unreachable)
    }

    /// The exit code, 0 when all is well.
    pub fn exit_code(&self) -> u8 {
        self.failure().map_or(0, Kind::exit_code)
    }
}
