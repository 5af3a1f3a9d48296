//! What is known before anything runs: inventory, decision, run. Scopes are made from it.

use super::hosts::PlayHosts;
use crate::error::{Problem, Problems};
use crate::inventory::{Inventory, Variable};
use crate::playbook::Play;
use crate::template::{HostVariables, Scope};
use indexmap::IndexMap;
use serde_json::{Map, Value};
use std::sync::{Arc, OnceLock};

/// What is known before anything runs.
#[derive(Debug, Clone)]
pub struct Known {
    /// The inventory.
    pub inventory: Arc<Inventory>,
    /// What was decided, which playbooks read as `cluster`; `None` when nothing was observed: then
    /// whatever reads it is decided later.
    pub cluster: Option<Value>,
    /// The run's id.
    pub run_id: String,
    /// What the command line said, as playbooks read it: `ansible_check_mode` and the like.
    pub said: Map<String, Value>,
    /// The hosts that `--limit` leaves; `None` is all.
    pub limit: Option<Vec<String>>,
    /// Who logs in where neither a variable nor a keyword says so.
    pub user: Option<String>,
    /// What [`Self::top`] adds to every scope.
    pub magic: Magic,
}

/// The names that nothing may shadow, made when they are first read: every host and every group
/// stands in them, so that making them for each host would be quadratic.
#[derive(Debug, Clone, Default)]
pub struct Magic(OnceLock<Arc<Map<String, Value>>>);

impl Known {
    /// The inventory, to add to it.
    pub fn inventory_mut(&mut self) -> &mut Inventory {
        self.magic = Magic::default();
        Arc::make_mut(&mut self.inventory)
    }

    /// What playbooks read as `cluster` from now on.
    pub fn decided(&mut self, cluster: Value) {
        self.magic = Magic::default();
        self.cluster = Some(cluster);
    }

    /// The inventory's variables of a host; `None` when there is no such host.
    pub fn host(&self, host: &str) -> Option<Scope> {
        self.written(host).map(Scope::new)
    }

    /// The inventory's variables of a host as they are written; `None` when there is no such host.
    pub fn written(&self, host: &str) -> Option<Map<String, Value>> {
        let known = self.inventory.contains(host) || is_local(host);
        known.then(|| values(self.inventory.variables(host)))
    }

    /// The hosts of a play as they are now.
    pub fn hosts_of(&self, play: &Play) -> Result<PlayHosts, Problems> {
        let mut problems = Problems::default();
        let all = match super::hosts::choose(self, play)? {
            super::hosts::Chosen::Hosts(hosts) => hosts,
            super::hosts::Chosen::Later => {
                let place = play.hosts.location.clone();
                return Err(Problem::at(place, "the hosts of the play are not known").into());
            }
        };
        let batches = super::hosts::batches(self, play, all.clone(), &mut problems);
        problems.or(PlayHosts { all, batches })
    }

    /// What wins over play, task and results: the extra variables, and on top of them the names
    /// that nothing may shadow.
    pub fn top(&self, scope: &Scope) -> Scope {
        let extra = self.inventory.extra_vars().clone();
        let scope = scope
            .extend(values(extra))
            .extend_shared(self.magic.0.get_or_init(|| Arc::new(self.magic())));
        let scope = scope.with_vault(self.inventory.vault());
        match self.cluster {
            Some(_) => scope,
            None => scope.later(["cluster".to_owned()]),
        }
    }

    /// The variables that belong to no host: for `hosts`, `serial` and the names of plays.
    pub fn global(&self, play: &Play) -> Scope {
        let scope = self.top(&Scope::new(play.vars.clone()).extend_data(play.magic()));
        let places = play.directory.iter().cloned().collect();
        scope.searching(places, play.directory.as_deref())
    }

    /// Every host of the inventory.
    pub fn hosts(&self) -> Vec<String> {
        self.inventory.hosts().map(str::to_owned).collect()
    }

    fn magic(&self) -> Map<String, Value> {
        let groups = self.inventory.groups();
        let groups: Map<String, Value> =
            groups.into_iter().map(|(name, hosts)| (name, Value::from(hosts))).collect();
        let mut magic = self.said.clone();
        magic.insert("groups".to_owned(), Value::Object(groups));
        magic.insert("run_id".to_owned(), Value::from(self.run_id.as_str()));
        if let Some(cluster) = &self.cluster {
            magic.insert("cluster".to_owned(), cluster.clone());
        }
        magic
    }
}

/// The hosts' variables outside of any play, `hostvars` included.
#[derive(Debug, Clone)]
pub struct HostScopes(Arc<Known>);

impl HostScopes {
    /// Those of an inventory.
    pub fn new(inventory: &Arc<Inventory>, run_id: &str) -> Self {
        Self(Arc::new(Known {
            inventory: Arc::clone(inventory),
            cluster: None,
            run_id: run_id.to_owned(),
            said: Map::new(),
            limit: None,
            user: None,
            magic: Magic::default(),
        }))
    }

    /// The variables of one host; a host that there is not has those of no host.
    pub fn of(&self, host: &str) -> Scope {
        let scope = self.0.top(&self.0.host(host).unwrap_or_default());
        scope.of_host(host, Arc::new(self.clone()))
    }
}

impl HostVariables for HostScopes {
    fn hosts(&self) -> Vec<String> {
        self.0.hosts()
    }

    fn scope(&self, host: &str) -> Option<Scope> {
        self.0.written(host).map(|_| self.of(host))
    }
}

/// Adds the directory of the play's file, which nothing may shadow.
pub(super) fn playbook_dir(scope: Scope, play: &Play) -> Scope {
    match play.playbook_dir() {
        Some(directory) => scope.with("playbook_dir", directory),
        None => scope,
    }
}

/// This machine is a host without being in the inventory, as in Ansible.
pub fn is_local(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

fn values(variables: IndexMap<String, Variable>) -> Map<String, Value> {
    variables.into_iter().map(|(name, variable)| (name, variable.value)).collect()
}
