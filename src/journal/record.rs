//! The records of a journal as they stand on disk. Versioned: a change here is a new version.

use crate::event::{Stats, Status};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// The version of the journal's format.
pub const VERSION: u32 = 1;

/// One attempt at one task (and item) on one host.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Step {
    /// The task's stable id in the plan.
    pub id: String,
    /// The inventory's name of the host.
    pub host: String,
    /// The place of the loop's item, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<usize>,
    /// From 1; more than that under `until`.
    pub attempt: u32,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.id, self.host)?;
        if let Some(item) = self.item {
            write!(f, ", item {item}")?;
        }
        if self.attempt > 1 {
            write!(f, ", attempt {}", self.attempt)?;
        }
        Ok(())
    }
}

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Record {
    /// The first record.
    RunStarted {
        /// The run's id.
        run: String,
        /// The program's version.
        program: String,
        /// The process on this machine.
        pid: u32,
    },
    /// The run goes on in another process. What was in flight may be started again.
    Resumed {
        /// The process on this machine.
        pid: u32,
    },
    /// It was decided what is to be done.
    Decided {
        /// The decision.
        decision: Value,
    },
    /// The plan was made and stands in `plan.json`.
    Planned {
        /// SHA-256 of that file, hexadecimal.
        sha256: String,
    },
    /// A step is about to be sent.
    StepStarted {
        /// The step.
        step: Step,
    },
    /// A step ended.
    StepFinished {
        /// The step.
        step: Step,
        /// How.
        status: Status,
        /// The exit code of the command, when there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rc: Option<i32>,
        /// What the module says.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        msg: String,
        /// What the task registers; not with `no_log`, and not when it is very long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<Value>,
        /// How long it took.
        duration_ms: u64,
    },
    /// Something the operator was told.
    Notice {
        /// The text.
        message: String,
    },
    /// The cluster was looked at again, and compared with what the decision promised.
    Verified {
        /// Whether the promise holds.
        holds: bool,
        /// What was compared.
        findings: Vec<String>,
    },
    /// The last record of a run that was not cut off.
    RunFinished {
        /// Counts by host.
        stats: BTreeMap<String, Stats>,
        /// The exit code.
        exit_code: u8,
    },
}

/// A record in its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// [`VERSION`].
    pub v: u32,
    /// Its number, from 0.
    pub n: u64,
    /// When it was written, RFC 3339, UTC.
    pub at: String,
    /// What is recorded.
    pub record: Record,
}
