//! From nothing to a session that is logged in: connect, exchange keys, check the host's key.

use super::keys::KeyRing;
use super::link::{Link, Wire};
use super::sessions::Sessions;
use super::{Ended, SshConnection, auth};
use crate::transport::TransportError;
use crate::transport::known_hosts::{Distrust, HostKey, KnownHost};
use crate::transport::settings::Endpoint;
use russh::client::{self, Config, DisconnectReason, Handle};
use russh::keys::{Algorithm, HashAlg, PublicKeyOrCertificate};
use russh::{AlgorithmKind, Preferred, SshId, cipher};
use std::borrow::Cow;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};

/// AES-GCM has hardware support on every server; chacha20 stays for those without, CTR for the
/// old.
const CIPHERS: &[cipher::Name] = &[
    cipher::AES_128_GCM,
    cipher::AES_256_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_CTR,
    cipher::AES_128_CTR,
];
/// With [`KEEPALIVES`], a dead peer is found within fifteen seconds.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(5);
const KEEPALIVES: usize = 2;
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
    let config = Arc::new(config(&known).map_err(distrusted)?);
    let client = Client { known: known.clone(), ended: Arc::clone(&ended) };
    let deadline = Instant::now() + endpoint.connect_timeout;
    let unreachable = |reason: String| TransportError::Unreachable {
        host: host.to_owned(),
        address: place.clone(),
        reason,
    };
    let wire = wire(host, endpoint, via.as_deref(), deadline).await?;
    let handshake = client::connect_stream(config, Link::new(wire), client);
    let mut handle = match timeout_at(deadline, handshake).await {
        Err(_) => {
            let seconds = endpoint.connect_timeout.as_secs_f32();
            return Err(unreachable(format!("no SSH key exchange within {seconds} s")));
        }
        Ok(Err(HandshakeError::HostKey(distrust))) => return Err(distrusted(distrust)),
        Ok(Err(HandshakeError::Ssh(error))) => {
            let reason = describe(&error);
            return Err(
                match no_common_key(&error).and_then(|theirs| known.no_known_kind(&theirs)) {
                    Some(distrust) => distrusted(distrust),
                    None => unreachable(reason),
                },
            );
        }
        Ok(Ok(handle)) => handle,
    };
    auth::log_in(&mut handle, host, endpoint, keys).await?;
    Ok(connection(host, endpoint, handle, ended, via))
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
        _via: via,
    }
}

async fn wire(
    host: &str,
    endpoint: &Endpoint,
    via: Option<&SshConnection>,
    deadline: Instant,
) -> Result<Wire, TransportError> {
    let unreachable = |reason: String| TransportError::Unreachable {
        host: host.to_owned(),
        address: endpoint.place(),
        reason,
    };
    let Some(via) = via else {
        let stream = tcp(endpoint, deadline).await.map_err(|error| unreachable(plain(&error)))?;
        return Ok(Wire::Tcp(stream));
    };
    let open = via.open_channel(&endpoint.address, endpoint.port);
    match timeout_at(deadline, open).await {
        Ok(Ok(channel)) => Ok(Wire::Channel(channel.into_stream())),
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
    let addresses: Vec<_> = found.await.map_err(|_| late())??.collect();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for (index, address) in addresses.iter().enumerate() {
        let now = Instant::now();
        let left = u32::try_from(addresses.len() - index).unwrap_or(1);
        let until = now + deadline.saturating_duration_since(now) / left;
        match timeout_at(until, TcpStream::connect(address)).await {
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

/// `connection refused` without the error number behind it.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

/// The client's settings for one host. Only key types it is known by are asked for.
fn config(known: &KnownHost) -> Result<Config, Distrust> {
    let sha2 = [HashAlg::Sha512, HashAlg::Sha256].map(|hash| Algorithm::Rsa { hash: Some(hash) });
    let mut algorithms: Vec<Algorithm> = Preferred::DEFAULT
        .key
        .iter()
        .filter(|a| !matches!(a, Algorithm::Rsa { .. }))
        .cloned()
        .collect();
    algorithms.extend(sha2);
    let kinds = known.kinds();
    if !kinds.is_empty() {
        algorithms.retain(|algorithm| kinds.contains(&kind(algorithm)));
    }
    if algorithms.is_empty() {
        return Err(Distrust {
            reason: format!("it is known only by key types not supported: {}", kinds.join(", ")),
            hint: "add its ed25519, ecdsa or rsa key to `known_hosts`".into(),
        });
    }
    Ok(Config {
        client_id: SshId::Standard(Cow::Borrowed(concat!(
            "SSH-2.0-rrecover_",
            env!("CARGO_PKG_VERSION")
        ))),
        window_size: WINDOW,
        keepalive_interval: Some(KEEPALIVE_EVERY),
        keepalive_max: KEEPALIVES,
        nodelay: true,
        preferred: Preferred {
            key: Cow::Owned(algorithms),
            cipher: Cow::Borrowed(CIPHERS),
            // Only packets of text gain, and every packet pays.
            compression: Cow::Borrowed(&[russh::compression::NONE]),
            ..Preferred::DEFAULT
        },
        ..Config::default()
    })
}

/// The key type as `known_hosts` names it: signature hashes of RSA share one.
fn kind(algorithm: &Algorithm) -> &str {
    match algorithm {
        Algorithm::Rsa { .. } => "ssh-rsa",
        other => other.as_str(),
    }
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
    ended: Ended,
}

impl client::Handler for Client {
    type Error = HandshakeError;

    async fn check_server_key(
        &mut self,
        shown: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        // Certificates are never asked for, so one is not to be trusted.
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else { return Ok(false) };
        let blob = key.to_bytes().map_err(|error| HandshakeError::Ssh(error.into()))?;
        let key = HostKey { kind: kind(&key.algorithm()).to_owned(), blob };
        let known = self.known.clone();
        // Writing a new key down waits for a file lock.
        let checked = tokio::task::spawn_blocking(move || known.check(&key)).await;
        checked
            .map_err(|error| russh::Error::IO(std::io::Error::other(error)))?
            .map_err(HandshakeError::HostKey)?;
        Ok(true)
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
