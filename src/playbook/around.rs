//! What stands around a task: blocks, imports and roles, not the play.

use super::fields::{conditions, keyword, templated, templates};
use super::model::{Keywords, Task, Templated, Text};
use super::role::Role;
use crate::error::{Location, Problems};
use crate::yaml::Node;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Where the parts of a task stand.
pub(super) type Places = BTreeMap<String, Location>;

/// What blocks, imports and roles hand down to the tasks inside them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Around {
    pub(super) when: Vec<Text>,
    pub(super) vars: Map<String, Value>,
    /// What includes hand over; it wins over facts and results.
    pub(super) params: Map<String, Value>,
    pub(super) places: Places,
    pub(super) delegate_to: Option<Templated>,
    pub(super) delegate_facts: Option<Templated>,
    pub(super) notify: Vec<Templated>,
    pub(super) keywords: Keywords,
    pub(super) directory: Option<PathBuf>,
    pub(super) role: Option<Arc<Role>>,
    pub(super) depth: usize,
    /// Whether the tasks are handlers.
    pub(super) handler: bool,
}

impl Around {
    /// Reads a key that blocks, imports and uses of roles share; `false` when it is none.
    pub(super) fn key(&mut self, name: &str, value: &Node, problems: &mut Problems) -> bool {
        match name {
            "when" => self.when.extend(conditions(value, "`when`", problems)),
            "delegate_to" => self.delegate_to = Some(templated(value, problems)),
            "delegate_facts" => self.delegate_facts = Some(templated(value, problems)),
            "notify" => self.notify = templates(value, problems),
            _ => {
                let mut own = Keywords::default();
                if !keyword(&mut own, name, value, problems) {
                    return false;
                }
                self.keywords = own.under(&self.keywords);
            }
        }
        true
    }

    /// Reads `vars` of a block or an import.
    pub(super) fn vars(&mut self, value: &Node, problems: &mut Problems) {
        let own = super::fields::vars(value, problems, &mut self.places);
        self.vars.extend(own);
    }

    /// A task that has what is handed down, and nothing of its own yet.
    pub(super) fn task(&self, location: Location) -> Task {
        Task {
            when: self.when.clone(),
            delegate_to: self.delegate_to.clone(),
            delegate_facts: self.delegate_facts.clone(),
            notify: self.notify.clone(),
            vars: self.vars.clone(),
            params: self.params.clone(),
            role: self.role.clone(),
            places: self.places.clone(),
            directory: self.directory.clone(),
            ..Task::new(location, "")
        }
    }
}
