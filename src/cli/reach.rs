//! The way to the hosts of a run, those that a playbook adds while it runs included.

use super::session::Targets;
use crate::exec::Hosts;
use crate::inventory::Inventory;
use crate::transport::{Connection, Pool, RunAs, TransportError};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The pool of the inventory's hosts, and one for each host that was added.
pub(super) struct Reach {
    pool: Arc<Pool>,
    added: Mutex<HashMap<String, Result<Arc<Pool>, TransportError>>>,
    targets: Targets,
}

impl Reach {
    pub(super) fn new(pool: Arc<Pool>, targets: Targets) -> Self {
        Self { pool, added: Mutex::default(), targets }
    }

    /// Finds the way to a host that was added to the inventory.
    pub(super) fn add(&self, inventory: &Arc<Inventory>, host: &str) {
        let target = self.targets.target(inventory, host);
        let pool = target.map(|target| Arc::new(Pool::new(vec![target])));
        let pool = pool.map_err(|problem| TransportError::Local {
            what: format!("host `{host}`"),
            reason: problem.to_string(),
        });
        self.added().insert(host.to_owned(), pool);
    }

    fn added(&self) -> MutexGuard<'_, HashMap<String, Result<Arc<Pool>, TransportError>>> {
        self.added.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pool(&self, host: &str) -> Result<Arc<Pool>, TransportError> {
        self.added().get(host).cloned().unwrap_or_else(|| Ok(Arc::clone(&self.pool)))
    }
}

#[async_trait]
impl Hosts for Reach {
    async fn connect(&self, host: &str) -> Result<Arc<dyn Connection>, TransportError> {
        self.pool(host)?.connect(host).await
    }

    fn run_as(&self, host: &str) -> Option<RunAs> {
        self.pool(host).ok()?.run_as(host)
    }

    async fn reset(&self, host: &str) {
        if let Ok(pool) = self.pool(host) {
            pool.reset(host).await;
        }
    }
}
