//! What tasks leave behind while the run goes on: it cannot be known before.

use crate::playbook::Task;
use std::collections::BTreeSet;

/// Includes in includes are followed this far; what is deeper may set anything.
const MAX_DEPTH: usize = 5;

/// Modules that bring facts.
const FACTS: [&str; 4] = ["setup", "gather_facts", "package_facts", "service_facts"];

/// What is known only while running.
#[derive(Debug, Clone, Default)]
pub(super) struct Later {
    /// These variables.
    pub(super) names: BTreeSet<String>,
    /// Facts.
    pub(super) facts: bool,
    /// Any variable.
    pub(super) anything: bool,
    /// The hosts and groups that there are.
    pub(super) hosts: bool,
}

impl Later {
    /// Adds what a task leaves behind.
    pub(super) fn add(&mut self, task: &Task) {
        self.add_nested(task, 0);
    }

    fn add_nested(&mut self, task: &Task, depth: usize) {
        self.names.extend(task.register.clone());
        match task.module.as_str() {
            "set_fact" => {
                self.names.extend(task.args.keys().cloned());
                self.facts |= task.args.contains_key("cacheable");
            }
            "include_vars" => self.anything = true,
            "add_host" | "group_by" => {
                self.hosts = true;
                let changed = ["groups", "group_names", "hostvars"];
                self.names.extend(changed.map(str::to_owned));
            }
            module if FACTS.contains(&module) => self.facts = true,
            _ => {}
        }
        let Some(include) = &task.include else { return };
        let known = include.known().filter(|_| depth < MAX_DEPTH);
        if let Some(Ok(included)) = known {
            for inner in included.tasks() {
                self.add_nested(&inner, depth + 1);
            }
            self.anything |= include.is_public();
        } else {
            self.anything = true;
            self.facts = true;
        }
    }
}
