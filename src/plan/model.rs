//! What will be done: plays, batches, tasks, hosts.

use crate::playbook::{Play, Task};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::sync::Arc;

/// A playbook compiled against an inventory and a decision.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Every play in order, those without hosts too.
    pub plays: Vec<PlannedPlay>,
}

/// One play of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedPlay {
    /// What was written.
    #[serde(skip)]
    pub play: Arc<Play>,
    /// Its name, rendered.
    pub name: String,
    /// Its hosts in the order in which they are worked on, in the batches of `serial`. No batches:
    /// the play has no hosts and is passed over.
    pub batches: Vec<Vec<String>>,
    /// Set when the hosts depend on what is not decided yet (`--list-hosts` without a cluster):
    /// what was written. There are no batches then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undecided_hosts: Option<String>,
    /// Its tasks in order; those that tags leave out are not in it.
    pub tasks: Vec<PlannedTask>,
}

impl PlannedPlay {
    /// Every host of the play.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.batches.iter().flatten().map(String::as_str)
    }
}

/// One task of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedTask {
    /// Stable: the play's and the task's numbers and the name, `02-05-remove-dead-member`.
    pub id: String,
    /// What was written.
    #[serde(skip)]
    pub task: Arc<Task>,
    /// Its name, rendered as far as it can be now.
    pub name: String,
    /// The module.
    pub module: String,
    /// Tags of the task and of what is around it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether it runs on the first host of each batch only, for all hosts.
    pub run_once: bool,
    /// Where it runs, in the play's order.
    pub hosts: Vec<PlannedHost>,
    /// Whether it is marked destructive.
    pub destructive: bool,
    /// How it is taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
}

/// One task on one host.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedHost {
    /// The host that the task is for.
    pub host: String,
    /// The host that it runs on instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegate: Option<String>,
    /// Whether it runs.
    pub condition: Settled,
    /// The loop's items for which it is not settled that they are left out; `None` without a loop,
    /// and when the items are decided while running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<Value>>,
    /// The exact commands, when the arguments are known and the module can tell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// The rendered arguments, when they are known and the task neither loops nor hides them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<Map<String, Value>>,
}

/// Whether a task runs on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Known now.
    Now(bool),
    /// Decided while running, by this condition.
    Runtime(String),
}

impl Serialize for Settled {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Now(value) => serializer.serialize_bool(*value),
            Self::Runtime(condition) => serializer.serialize_str(condition),
        }
    }
}
