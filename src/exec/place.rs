//! Where a task runs: on its host or on the one that it is delegated to, and by which way.

use super::services::TaskWay;
use super::step::HostTask;
use super::variables::explained;
use crate::plan::Reached;
use crate::template::{OMIT, Scope};
use crate::transport::Target;
use serde_json::Value;

/// Where a task runs.
pub(super) struct Place {
    /// The host.
    pub(super) host: String,
    delegated: bool,
    /// The host's variables for the task. With `delegate_to` they are the other host's, without
    /// what a loop adds, as in Ansible.
    variables: Scope,
}

impl Place {
    /// Where the task runs by the variables of its host.
    pub(super) fn of(task: &HostTask<'_>, scope: &Scope) -> Result<Self, String> {
        let Some(delegate) = task.keyed.delegate(scope)? else {
            let (host, variables) = (task.host.to_owned(), scope.clone());
            return Ok(Self { host, delegated: false, variables });
        };
        match task.variables.of_task(&delegate, task.keyed.task) {
            Some(variables) => Ok(Self { host: delegate, delegated: true, variables }),
            None => Err(format!("`{delegate}` is not in the inventory")),
        }
    }

    /// The variables of the task with what tells of the place.
    pub(super) fn seen(&self, task: &HostTask<'_>, scope: &Scope) -> Scope {
        // What a keyword cannot say fails when the way is found.
        let said = |name| Some(task.keyed.connection(scope).ok()?.get(name)?.clone());
        let user = said("ansible_user").or_else(|| task.options.user.clone().map(Value::from));
        let connection = said("ansible_connection").unwrap_or_else(|| Value::from("ssh"));
        let delegated = self.delegated.then(|| (self.host.as_str(), self.variables.clone()));
        let connection = Some(connection);
        Reached { host: task.host, delegate: delegated, user, connection }.seen(scope)
    }

    /// The way there: by the host's variables, else by what the task's keywords say, else by what
    /// holds for all hosts.
    pub(super) fn way(&self, task: &HostTask<'_>, scope: &Scope) -> Result<TaskWay, String> {
        let mut variables = task.keyed.connection(scope)?;
        for name in Target::variables() {
            let value = self.variables.get(name).map_err(|error| explained(&error))?;
            let is_set = |value: &Value| !value.is_null() && *value != "" && *value != OMIT;
            variables.extend(value.filter(is_set).map(|value| (name.to_owned(), value)));
        }
        task.services.hosts.way(&self.host, variables)
    }
}
