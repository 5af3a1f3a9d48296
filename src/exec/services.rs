//! What a runner is given: hosts, variables, journal, reporters, options.

use super::cancel::Cancel;
use super::variables::Variables;
use crate::event::Event;
use crate::journal::Journal;
use crate::redact::Redactor;
use crate::transport::{Connection, Pool, RunAs, TransportError};
use async_trait::async_trait;
use std::path::PathBuf;
use std::sync::Arc;

/// Where hosts are found; the connection pool stands behind it.
#[async_trait]
pub trait Hosts: Send + Sync {
    /// The host of that inventory name, connected. A host that cannot be reached gives the same
    /// answer each time without being tried again.
    async fn connect(&self, host: &str) -> Result<Arc<dyn Connection>, TransportError>;

    /// The same over a new connection, whatever was known of the old one.
    async fn reconnect(&self, host: &str) -> Result<Arc<dyn Connection>, TransportError> {
        self.connect(host).await
    }

    /// As whom commands run there, from the inventory and the command line.
    fn run_as(&self, host: &str) -> Option<RunAs>;

    /// How a task there becomes another user when it asks to and the host itself does not.
    fn become_as(&self, _host: &str) -> Option<RunAs> {
        None
    }

    /// Lets go of the connection, so that the next one is made anew.
    async fn reset(&self, host: &str);
}

#[async_trait]
impl Hosts for Pool {
    async fn connect(&self, host: &str) -> Result<Arc<dyn Connection>, TransportError> {
        Self::connect(self, host).await
    }

    async fn reconnect(&self, host: &str) -> Result<Arc<dyn Connection>, TransportError> {
        Self::reconnect(self, host).await
    }

    fn run_as(&self, host: &str) -> Option<RunAs> {
        Self::run_as(self, host)
    }

    fn become_as(&self, host: &str) -> Option<RunAs> {
        Self::become_as(self, host)
    }

    async fn reset(&self, host: &str) {
        Self::reset(self, host).await;
    }
}

/// Who hears what happens. Called in the order in which it happens; must not block.
pub trait EventSink: Send + Sync {
    /// Takes one event.
    fn send(&self, event: Event);
}

impl EventSink for tokio::sync::mpsc::UnboundedSender<Event> {
    fn send(&self, event: Event) {
        // A reporter that is gone does not stop a recovery.
        let _ = Self::send(self, event);
    }
}

/// What the operator chose for the run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The run's id.
    pub run_id: String,
    /// Look and report, write nothing.
    pub check: bool,
    /// Show line by line what changes.
    pub diff: bool,
    /// How many hosts at once in a task.
    pub forks: usize,
    /// A failed host ends the run after its play: set for playbooks that rest on a decision, where
    /// no play may build on a step that failed.
    pub stop_on_failure: bool,
    /// How a task becomes another user on a host whose inventory does not say how.
    pub run_as: RunAs,
    /// A local directory of this run, mode 0700.
    pub run_dir: PathBuf,
    /// Where relative local paths are looked for, in order.
    pub search_path: Vec<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            run_id: String::new(),
            check: false,
            diff: false,
            forks: 5,
            stop_on_failure: false,
            run_as: RunAs::default(),
            run_dir: PathBuf::new(),
            search_path: Vec::new(),
        }
    }
}

/// What a runner works with.
#[derive(Clone)]
pub struct Services {
    /// The hosts.
    pub hosts: Arc<dyn Hosts>,
    /// Their variables.
    pub variables: Arc<dyn Variables>,
    /// The journal; `None` under check mode, which writes nothing.
    pub journal: Option<Arc<Journal>>,
    /// Who hears what happens.
    pub events: Arc<dyn EventSink>,
    /// Strikes secrets out of events.
    pub redactor: Arc<Redactor>,
    /// How the run is stopped from outside.
    pub cancel: Cancel,
}
