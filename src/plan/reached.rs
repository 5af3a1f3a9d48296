//! What a task's templates see of the host that the task runs on.

use crate::template::Scope;
use serde_json::Value;

/// The old and the new name of what Ansible tells every task of the way to its host.
const TOLD: [(&str, &str); 4] = [
    ("ansible_ssh_host", "ansible_host"),
    ("ansible_ssh_user", "ansible_user"),
    ("ansible_ssh_port", "ansible_port"),
    ("ansible_connection", "ansible_connection"),
];

/// The host that a task runs on.
pub struct Reached<'a> {
    /// The host that the task is for.
    pub host: &'a str,
    /// The host that it is delegated to, with its variables for the task.
    pub delegate: Option<(&'a str, Scope)>,
    /// Who logs in where no variable says so.
    pub user: Option<Value>,
    /// How it is reached where no variable says so.
    pub connection: Option<Value>,
}

impl Reached<'_> {
    /// The variables of the task with what tells of the host that it runs on: its variables as
    /// `ansible_delegated_vars`, and, as in Ansible, the way to it under those names that the
    /// task's own host does not have.
    #[must_use]
    pub fn seen(self, scope: &Scope) -> Scope {
        let Some((delegate, there)) = &self.delegate else {
            return self.told(scope, self.host, scope);
        };
        let variables = self.told(there, delegate, there);
        let variables = variables.with("inventory_hostname", self.host);
        self.told(scope, delegate, there).with_delegate(delegate, variables)
    }

    /// Adds the way to `host`, whose variables are `there`, where `scope` does not have it.
    fn told(&self, scope: &Scope, host: &str, there: &Scope) -> Scope {
        let mut told = serde_json::Map::new();
        for (old, new) in TOLD {
            // What cannot be read fails where it is used.
            let read = |name| there.get(name).ok().flatten().filter(|value| !value.is_null());
            let value = read(old).or_else(|| read(new)).or_else(|| match new {
                "ansible_host" => Some(Value::from(host)),
                "ansible_user" => self.user.clone(),
                "ansible_connection" => self.connection.clone(),
                _ => None,
            });
            let Some(value) = value else { continue };
            for name in [old, new] {
                if !scope.has(name) {
                    told.insert(name.to_owned(), value.clone());
                }
            }
        }
        scope.extend_data(told)
    }
}
