//! A play and its steps.

use super::{Keywords, Prompt, Task, Templated, Text};
use crate::error::Location;
use crate::playbook::role::Role;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A play: tasks for a set of hosts.
#[derive(Debug, Clone, PartialEq)]
pub struct Play {
    /// Where it begins.
    pub location: Location,
    /// The directory of the file that it stands in, its `playbook_dir`; `None` in a built-in one.
    pub directory: Option<PathBuf>,
    /// Its name as written; templates may stand in it.
    pub name: Option<String>,
    /// A pattern, a list of them, or a template that renders to one of both.
    pub hosts: Templated,
    /// Its variables and those of its `vars_files`, not rendered.
    pub vars: Map<String, Value>,
    /// What the operator is asked before the run.
    pub prompts: Vec<Prompt>,
    /// `when` of the imports around it: its tasks have it, too.
    pub when: Vec<Text>,
    /// Whether facts are gathered first: a play that does not say so gathers them.
    pub gather_facts: Option<Templated>,
    /// How many hosts at a time: numbers or percentages; empty is all at once.
    pub serial: Option<Templated>,
    /// In which order its hosts are worked on.
    pub order: Option<Templated>,
    /// Whether each host goes through the tasks at its own pace (`strategy: free`).
    pub free: bool,
    /// Whether a failure on one host ends the play on all hosts.
    pub any_errors_fatal: Option<Templated>,
    /// The share of hosts in percent that may fail before the play ends.
    pub max_fail_percentage: Option<Templated>,
    /// Whether notified handlers run on hosts that failed, too.
    pub force_handlers: Option<Templated>,
    /// What tasks inherit: become, environment, tags and the like.
    pub inherited: Keywords,
    /// What is run, in order; notified handlers are run after each section.
    pub sections: Sections,
    /// Handlers in the order in which they run: those of the roles, then the play's own.
    pub handlers: Vec<Arc<Task>>,
    /// The roles of `roles` and `import_role`, whose variables all tasks of the play see.
    pub roles: Vec<Arc<Role>>,
    /// Where its parts stand: `vars.NAME`.
    pub places: BTreeMap<String, Location>,
}

/// The three lists of steps of a play.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sections {
    /// `pre_tasks`.
    pub before: Vec<Step>,
    /// `roles`, then `tasks`.
    pub main: Vec<Step>,
    /// `post_tasks`.
    pub after: Vec<Step>,
}

impl Play {
    /// A play that says nothing yet but its hosts.
    pub fn new(location: Location, hosts: Templated) -> Self {
        Self {
            location,
            directory: None,
            name: None,
            hosts,
            vars: Map::new(),
            prompts: Vec::new(),
            when: Vec::new(),
            gather_facts: None,
            serial: None,
            order: None,
            free: false,
            any_errors_fatal: None,
            max_fail_percentage: None,
            force_handlers: None,
            inherited: Keywords::default(),
            sections: Sections::default(),
            handlers: Vec::new(),
            roles: Vec::new(),
            places: std::collections::BTreeMap::new(),
        }
    }

    /// The defaults and the variables of the roles that every task of the play sees.
    pub fn exported(&self) -> (Map<String, Value>, Map<String, Value>) {
        let merge = |part: fn(&Role) -> &Map<String, Value>| {
            let mut merged = Map::new();
            for role in &self.roles {
                merged.extend(part(role).clone());
            }
            merged
        };
        (merge(|role| &role.exported_defaults), merge(|role| &role.exported_vars))
    }

    /// What the play itself tells its tasks, and nothing may shadow.
    pub fn magic(&self) -> Map<String, Value> {
        let roles: Vec<&str> = self.roles.iter().map(|role| role.name.as_str()).collect();
        let mut magic = Map::new();
        magic.extend(self.playbook_dir().map(|path| ("playbook_dir".to_owned(), path.into())));
        for name in ["ansible_play_role_names", "role_names"] {
            magic.insert(name.to_owned(), Value::from(roles.clone()));
        }
        magic
    }

    /// `playbook_dir`; `None` in a built-in playbook.
    pub fn playbook_dir(&self) -> Option<String> {
        let directory = self.directory.as_ref()?;
        let whole = std::path::absolute(directory).unwrap_or_else(|_| directory.clone());
        Some(whole.components().collect::<PathBuf>().display().to_string())
    }

    /// Every task of the three sections in the order in which they stand, without handlers and
    /// without what is included while running.
    pub fn tasks(&self) -> Vec<&Arc<Task>> {
        let mut tasks = Vec::new();
        for steps in [&self.sections.before, &self.sections.main, &self.sections.after] {
            collect(steps, &mut tasks);
        }
        tasks
    }
}

/// Every task of the steps, in the order in which they stand.
pub(in crate::playbook) fn collect<'a>(steps: &'a [Step], tasks: &mut Vec<&'a Arc<Task>>) {
    for step in steps {
        match step {
            Step::Task(task) => tasks.push(task),
            Step::Block(block) => {
                for part in [&block.body, &block.rescue, &block.always] {
                    collect(part, tasks);
                }
            }
            Step::Role(group) => collect(&group.steps, tasks),
        }
    }
}

/// One step of a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A task.
    Task(Arc<Task>),
    /// A block with `rescue` or `always`. Other blocks are flattened: what they say is handed down.
    Block(Arc<Block>),
    /// The tasks of a role: what ran to their end is not run again for the same role.
    Role(Arc<RoleSteps>),
}

/// The tasks of a role.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleSteps {
    /// The role.
    pub role: Arc<Role>,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// A block that catches failures or cleans up.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Where it begins.
    pub location: Location,
    /// Its name as written.
    pub name: Option<String>,
    /// What is tried.
    pub body: Vec<Step>,
    /// What runs on a host where that failed.
    pub rescue: Vec<Step>,
    /// What runs in any case.
    pub always: Vec<Step>,
}
