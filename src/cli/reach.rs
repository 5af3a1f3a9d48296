//! The way to the hosts of a run: those of the inventory, those that a playbook adds while it runs,
//! and those that a task reaches in another way than the inventory says.

use super::session::Targets;
use crate::exec::{Hosts, TaskWay};
use crate::plan::HostScopes;
use crate::redact::Redactor;
use crate::transport::{Connection, Pool, RunAs, TransportError};
use async_trait::async_trait;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A way, and the variables that it was found by.
type Found = (Map<String, Value>, TaskWay);

/// The pool of a run, and what is known of the ways to its hosts.
pub(super) struct Reach {
    pool: Arc<Pool>,
    targets: Targets,
    redactor: Redactor,
    /// The latest way to each host, with the variables that it was found by: most tasks have the
    /// same.
    ways: Mutex<HashMap<String, Found>>,
    /// Hosts that were added with variables that cannot be meant.
    wrong: Mutex<HashMap<String, TransportError>>,
}

impl Reach {
    pub(super) fn new(pool: Arc<Pool>, targets: Targets, redactor: Redactor) -> Self {
        let (ways, wrong) = (Mutex::default(), Mutex::default());
        Self { pool, targets, redactor, ways, wrong }
    }

    /// Finds the way to a host that was added to the inventory.
    pub(super) fn add(&self, scopes: &HostScopes, host: &str) {
        match self.targets.target(scopes, host) {
            Ok(target) => {
                target.secrets().for_each(|secret| self.redactor.add(secret));
                self.pool.add(target);
            }
            Err(problem) => {
                let (what, reason) = (format!("host `{host}`"), problem.to_string());
                let error = TransportError::Local { what, reason };
                locked(&self.wrong).insert(host.to_owned(), error);
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Hosts for Reach {
    async fn connect(&self, host: &str) -> Result<Arc<dyn Connection>, TransportError> {
        let wrong = locked(&self.wrong).get(host).cloned();
        match wrong {
            Some(error) => Err(error),
            None => self.pool.connect(host).await,
        }
    }

    async fn reconnect(&self, host: &str) -> Result<Arc<dyn Connection>, TransportError> {
        self.pool.reconnect(host).await
    }

    fn run_as(&self, host: &str) -> Option<RunAs> {
        self.pool.run_as(host)
    }

    fn way(&self, host: &str, variables: Map<String, Value>) -> Result<TaskWay, String> {
        if let Some((known, way)) = locked(&self.ways).get(host)
            && *known == variables
        {
            return Ok(way.clone());
        }
        let target = self.targets.of_variables(host, variables.clone());
        let target = target.map_err(|problem| problem.to_string())?;
        target.secrets().for_each(|secret| self.redactor.add(secret));
        let run_as = target.run_as.clone();
        let way = TaskWay { name: self.pool.add(target), run_as };
        locked(&self.ways).insert(host.to_owned(), (variables, way.clone()));
        Ok(way)
    }

    async fn reset(&self, host: &str) {
        let way = locked(&self.ways).get(host).map(|(_, way)| way.name.clone());
        if let Some(way) = way.filter(|way| way != host) {
            self.pool.reset(&way).await;
        }
        self.pool.reset(host).await;
    }
}
