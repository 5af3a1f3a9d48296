//! From nothing to a session that is logged in: connect, exchange keys, check the host's key.

use super::algorithms::{self, NoOffer, allows, kind};
use super::keys::KeyRing;
use super::link::{Link, Wire};
use super::manners::Manners;
use super::proxy::{self, Child};
use super::sessions::Sessions;
use super::{Ended, SshConnection, auth};
use crate::transport::TransportError;
use crate::transport::known_hosts::{Distrust, HostKey, KnownHost};
use crate::transport::settings::Endpoint;
use russh::client::{self, Config, DisconnectReason, Handle};
use russh::keys::PublicKeyOrCertificate;
use russh::{AlgorithmKind, Channel, Names, SshId};
use std::borrow::Cow;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::net::{TcpSocket, TcpStream, UnixStream, lookup_host};
use tokio::time::{Instant, timeout_at};

/// Bytes under way on one channel: at 100 ms round trip, 40 MB/s.
const WINDOW: u32 = 4 << 20;

/// Connects and logs in. `host` is the name for messages; `via` is the bastion in front.
pub(in crate::transport) async fn dial(
    host: &str,
    endpoint: &Endpoint,
    via: Option<Arc<SshConnection>>,
    keys: &KeyRing,
) -> Result<SshConnection, TransportError> {
    let place = endpoint.place();
    let distrusted = |distrust: Distrust| TransportError::HostKey {
        host: host.to_owned(),
        address: place.clone(),
        reason: distrust.reason,
        hint: distrust.hint,
    };
    let known =
        KnownHost::load(&endpoint.address, endpoint.port, &endpoint.trust).map_err(distrusted)?;
    let ended: Ended = Arc::new(OnceLock::new());
    let config = Arc::new(config(&known, endpoint).map_err(|none| match none {
        NoOffer::HostKey(distrust) => distrusted(distrust),
        NoOffer::Option { name, list } => TransportError::Local {
            what: format!("`{host}`: `{name} {list}`"),
            reason: "it leaves no algorithm that is supported".into(),
        },
    })?);
    let drops_idle = Arc::new(AtomicBool::new(false));
    let client = Client {
        known: known.clone(),
        authorities: endpoint.algorithms.authorities.clone(),
        agent: endpoint.credentials.agent.clone().filter(|_| endpoint.forward_agent),
        drops_idle: Arc::clone(&drops_idle),
        ended: Arc::clone(&ended),
    };
    let deadline = Instant::now() + endpoint.connect_timeout;
    let unreachable = |reason: String| TransportError::Unreachable {
        host: host.to_owned(),
        address: place.clone(),
        reason,
    };
    let (wire, child) = wire(host, endpoint, via.as_deref(), deadline).await?;
    let handshake = client::connect_stream(config, Link::new(wire), client);
    let mut handle = match timeout_at(deadline, handshake).await {
        Ok(Ok(handle)) => handle,
        Ok(Err(HandshakeError::HostKey(distrust))) => return Err(distrusted(distrust)),
        Ok(Err(HandshakeError::Ssh(error))) => {
            let theirs = no_common_key(&error);
            return Err(match theirs.and_then(|theirs| known.no_known_kind(&theirs)) {
                Some(distrust) => distrusted(distrust),
                None => unreachable(with_last_words(describe(&error), child).await),
            });
        }
        Err(_) => {
            let seconds = endpoint.connect_timeout.as_secs_f32();
            let reason = format!("no SSH key exchange within {seconds} s");
            return Err(unreachable(with_last_words(reason, child).await));
        }
    };
    auth::log_in(&mut handle, host, endpoint, keys).await?;
    let connection = connection(host, endpoint, handle, ended, via);
    if drops_idle.load(Ordering::Acquire) {
        connection.sessions.one_at_a_time();
    }
    Ok(connection)
}

/// The reason, and what a `ProxyCommand` said before it ended.
async fn with_last_words(reason: String, child: Option<Child>) -> String {
    match child {
        Some(child) => reason + &child.last_words().await,
        None => reason,
    }
}

fn connection(
    host: &str,
    endpoint: &Endpoint,
    handle: Handle<Client>,
    ended: Ended,
    via: Option<Arc<SshConnection>>,
) -> SshConnection {
    let handle = Arc::new(handle);
    SshConnection {
        host: host.to_owned(),
        place: endpoint.place(),
        user: endpoint.user.clone(),
        sessions: Sessions::new(Arc::clone(&handle)),
        handle,
        ended,
        patience: endpoint.connect_timeout,
        manners: Manners::default(),
        forwards_agent: endpoint.forward_agent,
        _via: via,
    }
}

async fn wire(
    host: &str,
    endpoint: &Endpoint,
    via: Option<&SshConnection>,
    deadline: Instant,
) -> Result<(Wire, Option<Child>), TransportError> {
    let unreachable = |reason: String| TransportError::Unreachable {
        host: host.to_owned(),
        address: endpoint.place(),
        reason,
    };
    let Some(via) = via else {
        if let Some(command) = &endpoint.line.command {
            let (wire, child) = proxy::start(command)
                .map_err(|error| unreachable(format!("`ProxyCommand {command}`: {error}")))?;
            return Ok((wire, Some(child)));
        }
        let stream = tcp(endpoint, deadline).await.map_err(|error| unreachable(plain(&error)))?;
        return Ok((Wire::Tcp(stream), None));
    };
    let open = via.open_channel(&endpoint.address, endpoint.port);
    match timeout_at(deadline, open).await {
        Ok(Ok(channel)) => Ok((Wire::Channel(channel.into_stream()), None)),
        Ok(Err(TransportError::Unreachable { reason, .. })) => {
            Err(unreachable(format!("through jump host {}: {reason}", via.place)))
        }
        Ok(Err(other)) => Err(other),
        Err(_) => Err(unreachable(format!("no answer in time through jump host {}", via.place))),
    }
}

/// Tries every address of the name, each with its share of the time that is left.
async fn tcp(endpoint: &Endpoint, deadline: Instant) -> io::Result<TcpStream> {
    let late = || io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
    let found = timeout_at(deadline, lookup_host((endpoint.address.as_str(), endpoint.port)));
    let found = found.await.map_err(|_| late())??;
    let wanted = |address: &SocketAddr| {
        endpoint.line.only_ipv6.is_none_or(|ipv6| ipv6 == address.is_ipv6())
            && endpoint.line.from.is_none_or(|from| from.is_ipv6() == address.is_ipv6())
    };
    let addresses: Vec<_> = found.filter(wanted).collect();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for (index, address) in addresses.iter().enumerate() {
        let now = Instant::now();
        let left = u32::try_from(addresses.len() - index).unwrap_or(1);
        let until = now + deadline.saturating_duration_since(now) / left;
        match timeout_at(until, connect(*address, endpoint.line.from)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = late(),
        }
    }
    Err(last)
}

async fn connect(address: SocketAddr, from: Option<IpAddr>) -> io::Result<TcpStream> {
    let Some(from) = from else { return TcpStream::connect(address).await };
    let socket = if from.is_ipv6() { TcpSocket::new_v6() } else { TcpSocket::new_v4() }?;
    socket.bind(SocketAddr::new(from, 0))?;
    socket.connect(address).await
}

/// `connection refused` without the error number behind it.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

/// The client's settings for one host.
fn config(known: &KnownHost, endpoint: &Endpoint) -> Result<Config, NoOffer> {
    let (every, most) = endpoint.keepalive;
    Ok(Config {
        client_id: SshId::Standard(Cow::Borrowed(concat!(
            "SSH-2.0-rrecover_",
            env!("CARGO_PKG_VERSION")
        ))),
        window_size: WINDOW,
        keepalive_interval: Some(every),
        keepalive_max: most,
        nodelay: true,
        preferred: algorithms::preferred(known, &endpoint.algorithms)?,
        ..Config::default()
    })
}

fn no_common_key(error: &russh::Error) -> Option<String> {
    match error {
        russh::Error::NoCommonAlgo { kind: AlgorithmKind::Key, theirs, .. } => {
            Some(theirs.join(", "))
        }
        _ => None,
    }
}

fn describe(error: &russh::Error) -> String {
    match error {
        russh::Error::IO(error) => plain(error),
        russh::Error::HUP | russh::Error::Disconnect => {
            "the server closed the connection during the SSH handshake".into()
        }
        russh::Error::NoCommonAlgo { kind, theirs, .. } => {
            let what = format!("{kind:?}").to_lowercase();
            format!("no {what} algorithm in common, the server offers {}", theirs.join(", "))
        }
        other => other.to_string(),
    }
}

/// Why the handshake failed: the host's key, or anything else.
#[derive(Debug)]
pub(in crate::transport) enum HandshakeError {
    HostKey(Distrust),
    Ssh(russh::Error),
}

impl From<russh::Error> for HandshakeError {
    fn from(error: russh::Error) -> Self {
        Self::Ssh(error)
    }
}

/// What the SSH session asks us.
pub(in crate::transport) struct Client {
    known: KnownHost,
    /// `CASignatureAlgorithms`.
    authorities: Option<String>,
    /// The agent that commands on the host may use.
    agent: Option<PathBuf>,
    /// Set for dropbear: when a command ends it closes the channels that wait for one, and falls
    /// over a command that crosses the closing.
    drops_idle: Arc<AtomicBool>,
    ended: Ended,
}

impl Client {
    /// Checks on a thread of its own: writing a new key down waits for a file lock.
    async fn check(
        &self,
        check: impl FnOnce(KnownHost) -> Result<(), Distrust> + Send + 'static,
    ) -> Result<bool, HandshakeError> {
        let known = self.known.clone();
        let checked = tokio::task::spawn_blocking(move || check(known)).await;
        checked
            .map_err(|error| russh::Error::IO(io::Error::other(error)))?
            .map_err(HandshakeError::HostKey)?;
        Ok(true)
    }
}

impl client::Handler for Client {
    type Error = HandshakeError;

    async fn check_server_key(
        &mut self,
        shown: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => {
                let blob = key.to_bytes().map_err(|error| HandshakeError::Ssh(error.into()))?;
                let key = HostKey { kind: kind(&key.algorithm()).to_owned(), blob };
                self.check(move |known| known.check(&key)).await
            }
            PublicKeyOrCertificate::Certificate(certificate) => {
                let signed_with = certificate.signature().algorithm();
                if !allows(self.authorities.as_ref(), signed_with.as_str()) {
                    return Err(HandshakeError::HostKey(Distrust {
                        reason: format!(
                            "its certificate is signed with `{signed_with}`, which is not trusted"
                        ),
                        hint: "have it signed anew, or set `CASignatureAlgorithms`".into(),
                    }));
                }
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                let now = since.map_or(0, |since| since.as_secs());
                let certificate = certificate.clone();
                self.check(move |known| known.check_certificate(&certificate, now)).await
            }
        }
    }

    async fn kex_done(
        &mut self,
        _secret: Option<&[u8]>,
        _names: &Names,
        session: &mut client::Session,
    ) -> Result<(), Self::Error> {
        let dropbear = session.remote_sshid().starts_with(b"SSH-2.0-dropbear");
        self.drops_idle.store(dropbear, Ordering::Release);
        Ok(())
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        channel: Channel<client::Msg>,
        reply: client::ChannelOpenHandle,
        _session: &mut client::Session,
    ) -> Result<(), Self::Error> {
        // Without `ForwardAgent` no host gets near the agent; dropping the reply refuses.
        let Some(agent) = self.agent.clone() else { return Ok(()) };
        let Ok(mut agent) = UnixStream::connect(agent).await else { return Ok(()) };
        reply.accept().await;
        tokio::spawn(async move {
            let mut channel = channel.into_stream();
            // It ends when either side has had enough.
            let _ = tokio::io::copy_bidirectional(&mut channel, &mut agent).await;
        });
        Ok(())
    }

    async fn disconnected(
        &mut self,
        reason: DisconnectReason<Self::Error>,
    ) -> Result<(), Self::Error> {
        let (text, result) = match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                (format!("the server said goodbye: {}", info.message), Ok(()))
            }
            DisconnectReason::Error(HandshakeError::Ssh(error)) => {
                let text = match &error {
                    russh::Error::KeepaliveTimeout => "no answer to keepalives".to_owned(),
                    russh::Error::HUP => "the server closed the connection".to_owned(),
                    russh::Error::IO(error) => plain(error),
                    other => other.to_string(),
                };
                (text, Err(HandshakeError::Ssh(error)))
            }
            DisconnectReason::Error(other) => ("the host's key changed".to_owned(), Err(other)),
        };
        // Only the first reason counts.
        let _ = self.ended.set(text);
        result
    }
}
