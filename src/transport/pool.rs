//! The connections of a run: one a host, one a bastion, made when first wanted.

use super::local::LocalConnection;
use super::settings::{Endpoint, Reach, Target};
use super::ssh::{KeyRing, SshConnection, dial};
use super::{Connection, RunAs, TransportError};
use crate::redact::Secret;
use std::collections::HashMap;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Mutex as AsyncMutex;

/// All hosts of a run and the connections to them.
pub struct Pool {
    /// By name; those that tasks reach in another way by a name of their own.
    hosts: Mutex<HashMap<String, Arc<Host>>>,
    bastions: Mutex<HashMap<Vec<String>, Arc<Bastion>>>,
    keys: KeyRing,
}

struct Host {
    target: Option<Target>,
    state: AsyncMutex<State>,
}

impl Host {
    fn new(target: Target) -> Self {
        Self { target: Some(target), state: AsyncMutex::new(State::Untried) }
    }
}

/// What came of the attempt to reach a host. A failure stays: a host that is off costs one
/// connect timeout in the whole run.
#[derive(Clone)]
enum State {
    Untried,
    Ssh(Arc<SshConnection>),
    Other(Arc<dyn Connection>),
    Failed(TransportError),
}

type Bastion = AsyncMutex<Option<Result<Arc<SshConnection>, TransportError>>>;

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hosts = self.hosts();
        f.debug_struct("Pool").field("hosts", &hosts.keys()).finish_non_exhaustive()
    }
}

impl Pool {
    /// A pool for `targets`. Nothing is contacted yet.
    pub fn new(targets: Vec<Target>) -> Self {
        let host = |target: Target| (target.name.clone(), Arc::new(Host::new(target)));
        Self {
            hosts: Mutex::new(targets.into_iter().map(host).collect()),
            bastions: Mutex::default(),
            keys: KeyRing::new(None),
        }
    }

    /// A pool of connections that are there already: the tests' fakes.
    pub fn of(connections: Vec<Arc<dyn Connection>>) -> Self {
        let pool = Self::new(Vec::new());
        for connection in connections {
            let name = connection.host().to_owned();
            let state = AsyncMutex::new(State::Other(connection));
            pool.hosts().insert(name, Arc::new(Host { target: None, state }));
        }
        pool
    }

    /// Sets who is asked for the passphrase of an encrypted key file; each is asked for once in a
    /// run. Without it such keys only work through the agent.
    #[must_use]
    pub fn ask_passphrase(
        mut self,
        ask: impl Fn(&Path) -> Option<Secret> + Send + Sync + 'static,
    ) -> Self {
        self.keys = KeyRing::new(Some(Arc::new(ask)));
        self
    }

    /// Makes a way to a host known, and gives the name that it has here: the host's own, or, when
    /// the host is known by another way, one that tells of this one.
    pub fn add(&self, target: Target) -> String {
        let mut hosts = self.hosts();
        let same =
            |host: &Arc<Host>| host.target.as_ref().is_none_or(|known| known.reach == target.reach);
        let mut name = target.name.clone();
        let mut number = 1;
        while let Some(host) = hosts.get(&name) {
            if same(host) {
                return name;
            }
            number += 1;
            name = format!("{} ({number})", target.name);
        }
        hosts.insert(name.clone(), Arc::new(Host::new(target)));
        name
    }

    /// The connection to `host`, made when it is first wanted. Concurrent callers share one
    /// attempt; a failure is remembered until [`Self::reconnect`]. A connection that is known to
    /// be gone is made anew, which is safe: nothing was sent on the new one yet.
    pub async fn connect(&self, host: &str) -> Result<Arc<dyn Connection>, TransportError> {
        let entry = self.host(host)?;
        let mut state = entry.state.lock().await;
        match &*state {
            State::Ssh(connection) if !connection.is_closed() => return Ok(connection.clone()),
            State::Other(connection) => return Ok(connection.clone()),
            State::Failed(error) => return Err(error.clone()),
            State::Ssh(_) | State::Untried => {}
        }
        self.establish(&entry, &mut state).await
    }

    /// Drops the connection to `host`, or the memory of a failure, and connects anew. For
    /// `wait_for_connection`, and after [`TransportError::Lost`].
    pub async fn reconnect(&self, host: &str) -> Result<Arc<dyn Connection>, TransportError> {
        self.reset(host).await;
        self.connect(host).await
    }

    /// Drops the connection to `host`, or the memory of a failure: the next one is made anew.
    pub async fn reset(&self, host: &str) {
        let Ok(entry) = self.host(host) else { return };
        let mut state = entry.state.lock().await;
        match &*state {
            State::Other(_) => return,
            State::Ssh(connection) => connection.disconnect().await,
            State::Untried | State::Failed(_) => {}
        }
        if let Some(Target { reach: Reach::Ssh { jump, .. }, .. }) = &entry.target {
            self.forget_broken_bastions(jump).await;
        }
        *state = State::Untried;
    }

    /// As whom commands run on `host`, from its variables; `None` is the login user.
    pub fn run_as(&self, host: &str) -> Option<RunAs> {
        self.host(host).ok()?.target.as_ref()?.run_as.clone()
    }

    /// Closes every connection, hosts before bastions.
    pub async fn close(&self) {
        let hosts: Vec<_> = self.hosts().values().cloned().collect();
        for host in hosts {
            let mut state = host.state.lock().await;
            if let State::Ssh(connection) = &*state {
                connection.disconnect().await;
                *state = State::Untried;
            }
        }
        let bastions: Vec<_> = self.bastions().drain().collect();
        for (_, bastion) in bastions {
            if let Some(Ok(connection)) = &*bastion.lock().await {
                connection.disconnect().await;
            }
        }
    }

    fn host(&self, name: &str) -> Result<Arc<Host>, TransportError> {
        self.hosts().get(name).cloned().ok_or_else(|| TransportError::Local {
            what: format!("host `{name}`"),
            reason: "it is not among the hosts of this run".into(),
        })
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<String, Arc<Host>>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn establish(
        &self,
        host: &Host,
        state: &mut State,
    ) -> Result<Arc<dyn Connection>, TransportError> {
        let (made, result): (State, Result<Arc<dyn Connection>, _>) = match &host.target {
            None => return Err(unknown_reach()),
            Some(Target { name, reach: Reach::Local, .. }) => {
                let connection: Arc<dyn Connection> = Arc::new(LocalConnection::new(name));
                (State::Other(connection.clone()), Ok(connection))
            }
            Some(Target { name, reach: Reach::Ssh { endpoint, jump }, .. }) => {
                match self.dial_through(name, endpoint, jump).await {
                    Ok(connection) => {
                        connection.warm_up();
                        (State::Ssh(connection.clone()), Ok(connection))
                    }
                    Err(error) => (State::Failed(error.clone()), Err(error)),
                }
            }
        };
        *state = made;
        result
    }

    async fn dial_through(
        &self,
        name: &str,
        endpoint: &Endpoint,
        jump: &[Endpoint],
    ) -> Result<Arc<SshConnection>, TransportError> {
        let via = match jump.len() {
            0 => None,
            hops => Some(
                self.bastion(&jump[..hops]).await.map_err(|error| behind(name, endpoint, error))?,
            ),
        };
        Ok(Arc::new(dial(name, endpoint, via, &self.keys).await?))
    }

    /// The shared connection to the last bastion of a chain. Boxed, since a chain goes through
    /// its own beginning.
    fn bastion<'a>(
        &'a self,
        chain: &'a [Endpoint],
    ) -> Pin<Box<dyn Future<Output = Result<Arc<SshConnection>, TransportError>> + Send + 'a>> {
        Box::pin(async move {
            let Some((last, before)) = chain.split_last() else { return Err(unknown_reach()) };
            let slot = Arc::clone(self.bastions().entry(chain_key(chain)).or_default());
            let mut slot = slot.lock().await;
            match &*slot {
                Some(Ok(connection)) if !connection.is_closed() => return Ok(connection.clone()),
                Some(Err(error)) => return Err(error.clone()),
                Some(Ok(_)) | None => {}
            }
            let result = async {
                let via = match before {
                    [] => None,
                    before => Some(self.bastion(before).await?),
                };
                dial(&last.place(), last, via, &self.keys).await.map(Arc::new)
            };
            let result = result.await;
            *slot = Some(result.clone());
            result
        })
    }

    /// Lets the bastions of a chain that failed or are gone be tried again.
    async fn forget_broken_bastions(&self, jump: &[Endpoint]) {
        for hops in 1..=jump.len() {
            let slot = self.bastions().get(&chain_key(&jump[..hops])).cloned();
            if let Some(slot) = slot {
                let mut slot = slot.lock().await;
                if matches!(&*slot, Some(Err(_))) {
                    *slot = None;
                }
            }
        }
    }

    fn bastions(&self) -> MutexGuard<'_, HashMap<Vec<String>, Arc<Bastion>>> {
        self.bastions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bastions are shared by who logs in where, through what.
fn chain_key(chain: &[Endpoint]) -> Vec<String> {
    let name = |hop: &Endpoint| {
        format!("{}@{} {}", hop.user, hop.place(), hop.line.command.as_deref().unwrap_or_default())
    };
    chain.iter().map(name).collect()
}

/// A host behind a bastion that cannot be reached shows no sign of life of its own.
fn behind(name: &str, endpoint: &Endpoint, error: TransportError) -> TransportError {
    match error {
        TransportError::Unreachable { host, reason, .. } => TransportError::Unreachable {
            host: name.to_owned(),
            address: endpoint.place(),
            reason: format!("its jump host {host} does not answer: {reason}"),
        },
        other => other,
    }
}

fn unknown_reach() -> TransportError {
    TransportError::Local {
        what: "connection".into(),
        reason: "there is no way to the host".into(),
    }
}
