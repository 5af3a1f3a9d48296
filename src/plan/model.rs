//! What will be done: plays, batches, tasks, hosts.

use super::hosts::PlayHosts;
use crate::playbook::{Block, Play, Role, Task};
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
    /// Its hosts in the order of its pattern.
    #[serde(skip)]
    pub all: Vec<String>,
    /// Set when the hosts depend on what is not decided yet: what was written. There are no batches
    /// then. They are chosen when the play begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undecided_hosts: Option<String>,
    /// The task that gathers facts first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gather: Option<PlannedTask>,
    /// `pre_tasks`; what tags leave out is in none of the lists.
    #[serde(rename = "pre_tasks", skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<PlannedStep>,
    /// Roles and tasks, in order.
    #[serde(rename = "tasks")]
    pub main: Vec<PlannedStep>,
    /// `post_tasks`.
    #[serde(rename = "post_tasks", skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<PlannedStep>,
    /// Handlers, in the order in which they run when they are notified.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub handlers: Vec<PlannedTask>,
    /// What `--tags` and `--skip-tags` leave, for what is included while running.
    #[serde(skip)]
    pub tags: Arc<super::tags::Tags>,
}

impl PlannedPlay {
    /// A play without steps.
    pub fn new(play: Arc<Play>, name: String, hosts: PlayHosts) -> Self {
        Self {
            play,
            name,
            batches: hosts.batches,
            all: hosts.all,
            undecided_hosts: None,
            gather: None,
            before: Vec::new(),
            main: Vec::new(),
            after: Vec::new(),
            handlers: Vec::new(),
            tags: Arc::default(),
        }
    }

    /// Every host of the play.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.batches.iter().flatten().map(String::as_str)
    }

    /// Every task of the three sections in the order in which they stand, without handlers; what
    /// includes of a known name will put in place is among them.
    pub fn tasks(&self) -> Vec<&PlannedTask> {
        self.collect(true)
    }

    /// The same without what is included, as Ansible lists them.
    pub fn written_tasks(&self) -> Vec<&PlannedTask> {
        self.collect(false)
    }

    fn collect(&self, included: bool) -> Vec<&PlannedTask> {
        let mut tasks = Vec::new();
        for steps in [&self.before, &self.main, &self.after] {
            collect(steps, included, &mut tasks);
        }
        tasks
    }
}

fn collect<'a>(steps: &'a [PlannedStep], included: bool, tasks: &mut Vec<&'a PlannedTask>) {
    for step in steps {
        match step {
            PlannedStep::Task(task) => {
                tasks.push(task);
                if included {
                    collect(&task.included, included, tasks);
                }
            }
            PlannedStep::Block(block) => {
                for part in [&block.body, &block.rescue, &block.always] {
                    collect(part, included, tasks);
                }
            }
            PlannedStep::Role(group) => collect(&group.steps, included, tasks),
        }
    }
}

/// One step of a play.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum PlannedStep {
    /// A task.
    Task(PlannedTask),
    /// A block with `rescue` or `always`.
    Block(PlannedBlock),
    /// The tasks of a role.
    Role(PlannedRole),
}

/// A block that catches failures or cleans up.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedBlock {
    /// What was written.
    #[serde(skip)]
    pub block: Arc<Block>,
    /// What is tried.
    #[serde(rename = "block")]
    pub body: Vec<PlannedStep>,
    /// What runs on a host where that failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rescue: Vec<PlannedStep>,
    /// What runs in any case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub always: Vec<PlannedStep>,
}

/// The tasks of a role.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedRole {
    /// The role.
    #[serde(serialize_with = "role_name")]
    pub role: Arc<Role>,
    /// Its steps.
    pub steps: Vec<PlannedStep>,
}

fn role_name<S: Serializer>(role: &Arc<Role>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&role.name)
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
    /// Where it runs, in the play's order, as far as that is known now.
    pub hosts: Vec<PlannedHost>,
    /// What an include of a known name will put in its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub included: Vec<PlannedStep>,
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
