//! SSH in process: one connection a host, one channel a command.
//!
//! `dial` makes the connection (deadlines, host key), `auth` logs in, `sessions` keeps the next
//! channel open ahead so that a command costs one round trip, `exec` runs a command on a channel.

mod algorithms;
mod auth;
mod dial;
mod exchange;
mod exec;
mod keys;
mod link;
mod manners;
mod proxy;
mod sessions;
mod signer;

pub(super) use dial::dial;
pub(super) use keys::KeyRing;

use super::{BoxStream, Command, Connection, Output, TransportError};
use async_trait::async_trait;
use manners::Manners;
use russh::ChannelOpenFailure;
use russh::client::{Handle, Msg};
use sessions::Sessions;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Why a session ended, for messages.
type Ended = Arc<OnceLock<String>>;

/// A host, logged in to over SSH.
pub(super) struct SshConnection {
    host: String,
    place: String,
    user: String,
    handle: Arc<Handle<dial::Client>>,
    sessions: Sessions,
    ended: Ended,
    /// How long the server may take to open a channel.
    patience: Duration,
    /// How commands have to be sent.
    manners: Manners,
    /// Whether commands may use our agent.
    forwards_agent: bool,
    /// The bastion whose channel carries this connection; kept so that it outlives it.
    _via: Option<Arc<SshConnection>>,
}

impl fmt::Debug for SshConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SshConnection({}@{} {})", self.user, self.place, self.host)
    }
}

impl SshConnection {
    /// Whether the connection is known to be gone.
    pub(super) fn is_closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// Says goodbye; commands that still run lose their channel.
    pub(super) async fn disconnect(&self) {
        let goodbye = self.handle.disconnect(russh::Disconnect::ByApplication, "", "");
        // It is gone already when this fails.
        let _ = tokio::time::timeout(Duration::from_secs(1), goodbye).await;
    }

    /// Opens the first session channel ahead of the first command.
    pub(super) fn warm_up(&self) {
        self.sessions.open_ahead();
    }

    fn why_ended(&self) -> String {
        self.ended.get().cloned().unwrap_or_else(|| "the connection was closed".into())
    }

    fn lost(&self) -> TransportError {
        TransportError::Lost { host: self.host.clone(), reason: self.why_ended() }
    }

    /// The connection was gone before anything was sent on it.
    fn gone(&self) -> TransportError {
        TransportError::Unreachable {
            host: self.host.clone(),
            address: self.place.clone(),
            reason: self.why_ended(),
        }
    }

    async fn open_channel(
        &self,
        address: &str,
        port: u16,
    ) -> Result<russh::Channel<Msg>, TransportError> {
        let target = format!("{address}:{port}");
        let unreachable = |reason: &str| TransportError::Unreachable {
            host: self.host.clone(),
            address: target.clone(),
            reason: reason.to_owned(),
        };
        let open = self.handle.channel_open_direct_tcpip(address, u32::from(port), "127.0.0.1", 0);
        match tokio::time::timeout(self.patience, open).await {
            Err(_) => Err(unreachable("no answer in time behind the host")),
            Ok(Ok(channel)) => Ok(channel),
            Ok(Err(russh::Error::ChannelOpenFailure(failure))) => match failure {
                ChannelOpenFailure::ConnectFailed => {
                    Err(unreachable("the host could not connect to it"))
                }
                refused => Err(TransportError::ForwardingRefused {
                    host: self.host.clone(),
                    target: target.clone(),
                    reason: refusal(&refused).into(),
                }),
            },
            Ok(Err(_)) => Err(self.gone()),
        }
    }
}

/// The server's reason for not opening a channel, in words.
fn refusal(failure: &ChannelOpenFailure) -> &str {
    match failure {
        ChannelOpenFailure::AdministrativelyProhibited => "administratively prohibited",
        ChannelOpenFailure::ConnectFailed => "open failed",
        ChannelOpenFailure::UnknownChannelType => "unknown channel type",
        ChannelOpenFailure::ResourceShortage => "resource shortage",
        ChannelOpenFailure::Other { reason, .. } => reason,
    }
}

#[async_trait]
impl Connection for SshConnection {
    fn host(&self) -> &str {
        &self.host
    }

    async fn run(&self, command: Command) -> Result<Output, TransportError> {
        exec::run(self, command).await
    }

    async fn open_tcp(&self, address: &str, port: u16) -> Result<BoxStream, TransportError> {
        Ok(Box::new(self.open_channel(address, port).await?.into_stream()))
    }
}
