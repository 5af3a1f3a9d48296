//! Connections that let no command out before the journal says so.
//!
//! They connect when the first command wants to go out: a task that sends nothing (`debug`,
//! `set_fact`) works for a host that is off, too.

use super::services::Hosts;
use crate::journal::Journal;
use crate::modules::Peers;
use crate::transport::{BoxStream, Command, Connection, Output, RunAs, TransportError};
use async_trait::async_trait;
use std::fmt;
use std::sync::Arc;
use tokio::sync::Mutex;

/// A connection whose first command waits until the step's record is on disk.
pub(super) struct Journaled {
    host: String,
    /// The name of the way to it.
    way: String,
    hosts: Arc<dyn Hosts>,
    journal: Option<Arc<Journal>>,
    ready: Mutex<Option<Arc<dyn Connection>>>,
}

impl fmt::Debug for Journaled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journaled").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Journaled {
    pub(super) fn new(
        host: &str,
        way: &str,
        hosts: Arc<dyn Hosts>,
        journal: Option<Arc<Journal>>,
    ) -> Self {
        let (host, way) = (host.to_owned(), way.to_owned());
        Self { host, way, hosts, journal, ready: Mutex::default() }
    }

    /// The host, connected, with every record so far on disk.
    async fn ready(&self) -> Result<Arc<dyn Connection>, TransportError> {
        let mut ready = self.ready.lock().await;
        if let Some(connection) = &*ready {
            return Ok(Arc::clone(connection));
        }
        let connection = self.hosts.connect(&self.way).await?;
        if let Some(journal) = &self.journal {
            // Not sent: what cannot be recorded is not done.
            journal.sync().await.map_err(|error| TransportError::Local {
                what: "the journal, without which nothing is sent".to_owned(),
                reason: error.to_string(),
            })?;
        }
        Ok(Arc::clone(ready.insert(connection)))
    }
}

#[async_trait]
impl Connection for Journaled {
    fn host(&self) -> &str {
        &self.host
    }

    async fn run(&self, command: Command) -> Result<Output, TransportError> {
        self.ready().await?.run(command).await
    }

    async fn open_tcp(&self, address: &str, port: u16) -> Result<BoxStream, TransportError> {
        self.ready().await?.open_tcp(address, port).await
    }

    async fn renew(&self) -> Result<(), TransportError> {
        // The next command takes the new one.
        *self.ready.lock().await = None;
        self.hosts.reconnect(&self.way).await.map(drop)
    }

    fn is_local(&self) -> bool {
        let ready = self.ready.try_lock();
        ready.is_ok_and(|ready| ready.as_ref().is_some_and(|connection| connection.is_local()))
    }
}

/// Other hosts of a step, under the same rule.
pub(super) struct JournaledPeers {
    pub(super) hosts: Arc<dyn Hosts>,
    pub(super) journal: Option<Arc<Journal>>,
    /// As whom a step between hosts works on a host whose inventory does not say.
    pub(super) run_as: RunAs,
}

#[async_trait]
impl Peers for JournaledPeers {
    async fn peer(
        &self,
        host: &str,
    ) -> Result<(Arc<dyn Connection>, Option<RunAs>), TransportError> {
        // Connected at once: whoever asks for a peer wants to know whether it is there.
        let connection = Journaled::new(host, host, Arc::clone(&self.hosts), self.journal.clone());
        connection.ready().await?;
        let run_as = self.hosts.run_as(host).or_else(|| Some(self.run_as.clone()));
        Ok((Arc::new(connection), run_as))
    }
}
