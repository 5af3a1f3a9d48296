//! The variables of a run: what is known, with the decision of the round that goes on.

use super::reach::Reach;
use crate::exec::{NewHost, Variables};
use crate::plan::{HostScopes, Known, PlannedPlay, PlayHosts};
use crate::template::Scope;
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is known now. A round's decision replaces that of the round before.
pub(super) struct Current {
    known: Mutex<Known>,
    reach: Arc<Reach>,
}

impl Current {
    pub(super) fn new(known: Known, reach: Arc<Reach>) -> Self {
        Self { known: Mutex::new(known), reach }
    }

    /// What playbooks read as `cluster` from now on.
    pub(super) fn decided(&self, cluster: Value) {
        self.locked().decided(cluster);
    }

    fn known(&self) -> Known {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Variables for Current {
    fn inventory(&self, host: &str) -> Option<Map<String, Value>> {
        self.locked().written(host)
    }

    fn hosts(&self) -> Vec<String> {
        self.locked().hosts()
    }

    fn top(&self, scope: Scope) -> Scope {
        self.locked().top(&scope)
    }

    fn hosts_of(&self, play: &PlannedPlay) -> Result<PlayHosts, String> {
        self.known().hosts_of(&play.play).map_err(|problems| problems.to_string())
    }

    fn add_host(&self, new: &NewHost) -> bool {
        let mut known = self.locked();
        let is_new = !known.inventory.contains(&new.name);
        let changed = known.inventory_mut().add_host(&new.name, &new.groups, &new.variables);
        let outside = known.limit.as_ref().is_some_and(|limit| !limit.contains(&new.name));
        if is_new && outside {
            // As in Ansible, `--limit` is about the hosts that there were.
            known.limit.get_or_insert_default().push(new.name.clone());
        }
        let scopes = HostScopes::new(&known.inventory, &known.run_id);
        self.reach.add(&scopes, &new.name);
        changed
    }

    fn add_to_group(&self, host: &str, group: &str, parents: &[String]) -> bool {
        self.locked().inventory_mut().add_to_group(host, group, parents)
    }
}
