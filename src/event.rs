//! What happens in a run, as data: reporters show it, the journal keeps it.
//!
//! `--output json` prints one object a line; the key `event` says its kind (DESIGN section 3).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The version of the event format.
pub const VERSION: u32 = 1;

/// How a task ended on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was so already.
    Ok,
    /// It was made so.
    Changed,
    /// Its condition did not hold.
    Skipped,
    /// It did not work.
    Failed,
    /// The host could not be reached.
    Unreachable,
    /// It was sent, and no answer came.
    Unknown,
}

/// Counts of one host, Ansible's recap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Tasks that ended well, changed or not.
    pub ok: u32,
    /// Tasks that changed something.
    pub changed: u32,
    /// Tasks that could not reach the host.
    pub unreachable: u32,
    /// Tasks that failed.
    pub failures: u32,
    /// Tasks whose condition did not hold.
    pub skipped: u32,
    /// Failures that a `rescue` dealt with.
    pub rescued: u32,
    /// Failures that were ignored as asked.
    pub ignored: u32,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// The first event of a run.
    RunStarted {
        /// [`VERSION`].
        version: u32,
        /// The run's id.
        run: String,
        /// The playbooks as the operator named them.
        playbooks: Vec<String>,
        /// Whether nothing will be written.
        check: bool,
    },
    /// The cluster was looked at.
    Observed {
        /// A `cluster::status::ClusterStatus`.
        status: Value,
    },
    /// It was decided what is to be done.
    Decided {
        /// A `cluster::decide::Decision`.
        decision: Value,
    },
    /// What will be done.
    Plan {
        /// A `plan::Plan`.
        plan: Value,
    },
    /// A play begins.
    PlayStarted {
        /// Its name.
        play: String,
        /// Its hosts, in order.
        hosts: Vec<String>,
    },
    /// A task begins.
    TaskStarted {
        /// The play's name.
        play: String,
        /// The task's name.
        task: String,
        /// Whether it is marked destructive.
        destructive: bool,
    },
    /// A task ended on a host.
    HostResult(Box<HostResult>),
    /// Something the operator should know that is no result.
    Notice {
        /// The text.
        message: String,
    },
    /// The cluster was looked at again, and compared with what the decision promised.
    Verified {
        /// Whether the promise holds.
        holds: bool,
        /// What was compared, one finding a line.
        findings: Vec<String>,
    },
    /// The last event of a run.
    RunFinished {
        /// Counts by host.
        stats: BTreeMap<String, Stats>,
        /// The exit code.
        exit_code: u8,
    },
}

/// How a task ended on a host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostResult {
    /// The play's name.
    pub play: String,
    /// The task's name.
    pub task: String,
    /// The inventory's name of the host.
    pub host: String,
    /// The loop's item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<Value>,
    /// How it ended.
    pub status: Status,
    /// The exit code of the command, when there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rc: Option<i32>,
    /// Its standard output, redacted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stdout: String,
    /// Its standard error, redacted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr: String,
    /// What the module says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub msg: String,
    /// What changed, line by line, under `--diff`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub diff: String,
    /// How long it took.
    pub duration_ms: u64,
    /// Whether a failure was ignored as asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignored: bool,
    /// The whole result, as `register` keeps it, redacted; null under `no_log`.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub result: Value,
}
