//! What a runner is given: hosts, variables, journal, reporters, options.

use super::cancel::Cancel;
use super::variables::Variables;
use crate::event::Event;
use crate::journal::Journal;
use crate::redact::Redactor;
use crate::transport::{Connection, Defaults, Pool, RunAs, Target, TransportError};
use async_trait::async_trait;
use serde_json::{Map, Value};
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

    /// How one task reaches the host, and as whom its commands run there, by the variables that
    /// hold for it; or why they cannot be meant.
    fn way(&self, host: &str, variables: Map<String, Value>) -> Result<TaskWay, String> {
        let target = Target::from_vars(host, &variables, &Defaults::default());
        let target = target.map_err(|problem| problem.to_string())?;
        Ok(TaskWay { name: host.to_owned(), run_as: target.run_as })
    }

    /// Lets go of the connection, so that the next one is made anew.
    async fn reset(&self, host: &str);
}

/// How one task reaches a host.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskWay {
    /// The name under which [`Hosts::connect`] takes that way.
    pub name: String,
    /// As whom its commands run there; `None` is the login user.
    pub run_as: Option<RunAs>,
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
    /// As whom a step between two hosts works on a host whose inventory does not say.
    pub run_as: RunAs,
    /// Who logs in where neither a variable nor a keyword says so.
    pub user: Option<String>,
    /// A local directory of this run, mode 0700.
    pub run_dir: PathBuf,
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
            user: None,
            run_dir: PathBuf::new(),
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
