//! The variables of a host while the run goes on: what the plan had, and what was learned since.

use crate::modules::{ModuleError, TemplateOptions, Templates, fact_variables};
use crate::plan::{Layers, PlannedPlay, PlayHosts};
use crate::playbook::{self, Role, Task};
use crate::template::{HostVariables, Scope, TemplateError, Whitespace};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The variables that a run begins with, and the hosts that there are.
pub trait Variables: Send + Sync {
    /// The inventory's variables of a host; `None` when there is no such host.
    fn inventory(&self, host: &str) -> Option<Map<String, Value>>;

    /// Every host of the inventory, for `hostvars`.
    fn hosts(&self) -> Vec<String>;

    /// What wins over all else: `-e` variables, and then what nothing may shadow.
    fn top(&self, scope: Scope) -> Scope;

    /// The hosts of a play as they are now; or why they cannot be told.
    fn hosts_of(&self, play: &PlannedPlay) -> Result<PlayHosts, String>;

    /// Adds a host to the inventory of this run, or what it did not have; whether it changed
    /// anything.
    fn add_host(&self, new: &NewHost) -> bool;

    /// Puts a host into a group below other groups; whether it changed anything.
    fn add_to_group(&self, host: &str, group: &str, parents: &[String]) -> bool;
}

/// A host that a playbook adds to the inventory while it runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewHost {
    /// Its name.
    pub name: String,
    /// The groups that it is put into.
    pub groups: Vec<String>,
    /// Its variables.
    pub variables: Map<String, Value>,
}

/// What one host learned in this run.
#[derive(Debug, Clone, Default)]
struct Kept {
    /// What modules found out: weaker than the variables of the play.
    facts: Map<String, Value>,
    /// What `include_vars` read.
    read: Map<String, Value>,
    /// Registered results and set facts.
    results: Map<String, Value>,
}

/// What hosts learned in this run: registered results and facts.
#[derive(Debug, Default)]
pub(super) struct Learned(Mutex<HashMap<String, Kept>>);

impl Learned {
    /// The host keeps a result or a set fact for the rest of the run.
    pub(super) fn set(&self, host: &str, name: &str, value: Value) {
        self.with(host, |kept| kept.results.insert(name.to_owned(), value));
    }

    /// The host keeps what a module found out.
    pub(super) fn found(&self, host: &str, facts: &Map<String, Value>) {
        self.with(host, |kept| kept.facts.extend(facts.clone()));
    }

    /// The host keeps what was read from files.
    pub(super) fn read(&self, host: &str, variables: &Map<String, Value>) {
        self.with(host, |kept| kept.read.extend(variables.clone()));
    }

    /// The host forgets its facts, those that were set as well as those that were found out.
    pub(super) fn forget_facts(&self, host: &str) {
        self.with(host, |kept| kept.facts.clear());
    }

    fn with<T>(&self, host: &str, change: impl FnOnce(&mut Kept) -> T) -> T {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(hosts.entry(host.to_owned()).or_default())
    }
}

/// The variables of one play as they stand now.
#[derive(Clone)]
pub(super) struct PlayVariables {
    pub(super) variables: Arc<dyn Variables>,
    pub(super) learned: Arc<Learned>,
    pub(super) play: Arc<PlannedPlay>,
    /// Roles that became public while running.
    pub(super) published: Vec<Arc<Role>>,
    /// Items of loops around an include.
    pub(super) items: Map<String, Value>,
    /// What the runner itself knows: `ansible_check_mode`, `ansible_play_hosts` and the like.
    pub(super) magic: Arc<Map<String, Value>>,
}

impl PlayVariables {
    /// The variables of a host for a task.
    pub(super) fn of_task(&self, host: &str, task: &Task) -> Option<Scope> {
        self.layered(host, Layers::of(&self.play.play, task))
    }

    /// The variables of a host in the play, outside of any task.
    pub(super) fn of_host(&self, host: &str) -> Option<Scope> {
        self.layered(host, Layers { play: Some(&self.play.play), ..Layers::default() })
    }

    fn layered(&self, host: &str, layers: Layers<'_>) -> Option<Scope> {
        let kept = self.learned.with(host, |kept| kept.clone());
        let layers = Layers {
            published: self.published.clone(),
            facts: fact_variables(None, &kept.facts),
            read: kept.read,
            learned: kept.results,
            items: self.items.clone(),
            ..layers
        };
        let scope = layers.scope(self.variables.inventory(host)?);
        let all: Arc<dyn HostVariables> = Arc::new(self.clone());
        let scope = self.variables.top(scope).extend_shared(&self.magic);
        Some(scope.of_host(host, all))
    }
}

impl HostVariables for PlayVariables {
    fn hosts(&self) -> Vec<String> {
        self.variables.hosts()
    }

    fn scope(&self, host: &str) -> Option<Scope> {
        self.of_host(host)
    }
}

/// A task's variables for what modules evaluate themselves.
pub(super) struct TaskTemplates(pub(super) Scope);

impl Templates for TaskTemplates {
    fn condition(&self, expression: &str) -> Result<bool, ModuleError> {
        self.0.condition(expression).map_err(|error| module_error(&error))
    }

    fn expression(&self, expression: &str) -> Result<Value, ModuleError> {
        self.0.expression(expression).map_err(|error| module_error(&error))
    }

    fn template(
        &self,
        name: &str,
        text: &str,
        options: TemplateOptions,
    ) -> Result<String, ModuleError> {
        let whitespace =
            Whitespace { trim_blocks: options.trim_blocks, lstrip_blocks: options.lstrip_blocks };
        self.0
            .of_template(options.about)
            .render_file(Path::new(name), text, whitespace)
            .map_err(|error| ModuleError::Failed(format!("`{name}`: {}", explained(&error))))
    }

    fn open(&self, file: &Path, content: Vec<u8>) -> Result<Vec<u8>, ModuleError> {
        self.0.open_file(file, content).map_err(|error| module_error(&error))
    }

    fn variables(&self, file: &Path) -> Result<Map<String, Value>, ModuleError> {
        let content = std::fs::read(file).map_err(|error| unreadable(file, &error))?;
        let opened = self.open(file, content.clone())?;
        let sealed = opened != content;
        let text = String::from_utf8(opened).map_err(|error| unreadable(file, &error))?;
        let variables = playbook::variables(file, &text)
            .map_err(|problems| ModuleError::Failed(problems.to_string()))?;
        if sealed {
            variables.values().for_each(|value| self.0.hide(value));
        }
        Ok(variables)
    }
}

/// What cannot be read of a file of this machine.
fn unreadable(file: &Path, error: &dyn std::fmt::Display) -> ModuleError {
    ModuleError::Failed(format!("cannot read `{}`: {error}", file.display()))
}

/// A template's error as a module's.
fn module_error(error: &TemplateError) -> ModuleError {
    ModuleError::Failed(explained(error))
}

/// A template's error with its hint.
pub(super) fn explained(error: &TemplateError) -> String {
    match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    }
}
