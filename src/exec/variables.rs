//! The variables of a host while the run goes on: what the plan had, and what was learned since.

use crate::modules::{ModuleError, TemplateOptions, Templates};
use crate::plan::{Known, PlannedPlay};
use crate::template::{HostVariables, Scope, TemplateError, Whitespace};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The variables that a run begins with.
pub trait Variables: Send + Sync {
    /// The variables of a host in a play, up to the play's own; `None` when there is no such host.
    fn scope(&self, play: &PlannedPlay, host: &str) -> Option<Scope>;

    /// Every host of the inventory, for `hostvars`.
    fn hosts(&self) -> Vec<String>;

    /// What wins over all else: `-e` variables, and then what nothing may shadow.
    fn top(&self, scope: Scope) -> Scope;
}

impl Variables for Known {
    fn scope(&self, play: &PlannedPlay, host: &str) -> Option<Scope> {
        Self::scope(self, &play.play, host)
    }

    fn hosts(&self) -> Vec<String> {
        Self::hosts(self)
    }

    fn top(&self, scope: Scope) -> Scope {
        Self::top(self, &scope)
    }
}

/// What hosts learned in this run: registered results and facts.
#[derive(Debug, Default)]
pub(super) struct Learned(Mutex<HashMap<String, Map<String, Value>>>);

impl Learned {
    /// The host keeps a variable for the rest of the run.
    pub(super) fn set(&self, host: &str, name: &str, value: Value) {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.entry(host.to_owned()).or_default().insert(name.to_owned(), value);
    }

    fn of(&self, host: &str) -> Map<String, Value> {
        let hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.get(host).cloned().unwrap_or_default()
    }
}

/// The variables of one play as they stand now.
#[derive(Clone)]
pub(super) struct PlayVariables {
    pub(super) variables: Arc<dyn Variables>,
    pub(super) learned: Arc<Learned>,
    pub(super) play: Arc<PlannedPlay>,
    /// What the runner itself knows: `ansible_check_mode`, `ansible_play_hosts` and the like.
    pub(super) magic: Map<String, Value>,
}

impl PlayVariables {
    /// The variables of a host for a task: the task's own win over the play's, what was learned
    /// wins over those, and the extra variables over all, which is Ansible's order.
    pub(super) fn of_task(&self, host: &str, vars: &Map<String, Value>) -> Option<Scope> {
        let scope = self.variables.scope(&self.play, host)?;
        let scope = scope.extend_data(self.magic.clone()).extend(vars.clone());
        let scope = scope.extend_data(self.learned.of(host));
        let all: Arc<dyn HostVariables> = Arc::new(self.clone());
        Some(self.variables.top(scope).of_host(host, all))
    }
}

impl HostVariables for PlayVariables {
    fn hosts(&self) -> Vec<String> {
        self.variables.hosts()
    }

    fn scope(&self, host: &str) -> Option<Scope> {
        self.of_task(host, &Map::new())
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
            .render_file(text, whitespace)
            .map_err(|error| ModuleError::Failed(format!("`{name}`: {}", explained(&error))))
    }
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
