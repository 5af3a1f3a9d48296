//! How each host is to be reached, from its variables and the command line.
//!
//! Variables win over the command line, as in Ansible. `vars` builds the command line that Ansible
//! would call `ssh` with, `way` follows the jump hosts, `endpoint` reads what holds for one sshd.
//! Nothing is contacted here: whatever is wrong is a [`Problem`] before the first packet.

mod endpoint;
#[cfg(test)]
mod tests;
mod vars;
mod way;

pub use super::ssh_config::{Options, SshConfig};

use super::RunAs;
use super::connection::RunAsMethod;
use super::ssh_config::Home;
use crate::error::{Problem, Problems};
use crate::redact::Secret;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// One host: how it is reached and as whom commands run there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The inventory's name.
    pub name: String,
    /// The way there.
    pub reach: Reach,
    /// The host's `become`; `None` runs commands as the login user.
    pub run_as: Option<RunAs>,
    /// The user, method and password for a task that asks to become another user by itself.
    pub become_as: RunAs,
}

impl Target {
    /// The passwords of the host, of its bastions and of `become`, to keep them out of sight.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let endpoints = match &self.reach {
            Reach::Local => Vec::new(),
            Reach::Ssh { endpoint, jump } => jump.iter().chain([&**endpoint]).collect(),
        };
        let logins = endpoints.into_iter().filter_map(|one| one.credentials.password.as_ref());
        logins.chain(&self.become_as.password)
    }
}

/// The way to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// This machine: commands run without SSH.
    Local,
    /// Over SSH.
    Ssh {
        /// The host's own sshd.
        endpoint: Box<Endpoint>,
        /// The bastions in between, the nearest first.
        jump: Vec<Endpoint>,
    },
}

/// One sshd: where it listens, who logs in, whom to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Name or address, without brackets.
    pub address: String,
    /// TCP port.
    pub port: u16,
    /// The login user.
    pub user: String,
    /// What proves that we are that user.
    pub credentials: Credentials,
    /// What proves that the host is that host.
    pub trust: Trust,
    /// How its sshd is connected to when no bastion is in between.
    pub line: Line,
    /// What may be used on the connection.
    pub algorithms: Algorithms,
    /// Whether commands on the host may use our agent.
    pub forward_agent: bool,
    /// For TCP connect and key exchange together, as OpenSSH's `ConnectTimeout`.
    pub connect_timeout: Duration,
    /// How often a silent peer is asked whether it is there, and how often it may not answer.
    pub keepalive: (Duration, usize),
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            address: String::new(),
            port: 22,
            user: "root".into(),
            credentials: Credentials::default(),
            trust: Trust::default(),
            line: Line::default(),
            algorithms: Algorithms::default(),
            forward_agent: false,
            connect_timeout: CONNECT_TIMEOUT,
            keepalive: (KEEPALIVE_EVERY, KEEPALIVES),
        }
    }
}

/// As Ansible's `timeout`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// With [`KEEPALIVES`], a dead peer is found within fifteen seconds.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(5);
const KEEPALIVES: usize = 2;

impl Endpoint {
    /// `address:port`, for messages.
    pub fn place(&self) -> String {
        if self.address.contains(':') {
            format!("[{}]:{}", self.address, self.port)
        } else {
            format!("{}:{}", self.address, self.port)
        }
    }
}

/// How the bytes get to an sshd.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// `ProxyCommand`: a local command whose standard input and output are the connection.
    pub command: Option<String>,
    /// `BindAddress`: the local address to connect from.
    pub from: Option<IpAddr>,
    /// `AddressFamily`: only IPv4 (`Some(false)`) or only IPv6 (`Some(true)`).
    pub only_ipv6: Option<bool>,
}

/// Lists of algorithms as `ssh_config` has them (`+`, `-` and `^` change the default list).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Algorithms {
    /// `Ciphers`.
    pub ciphers: Option<String>,
    /// `MACs`.
    pub macs: Option<String>,
    /// `KexAlgorithms`.
    pub kex: Option<String>,
    /// `HostKeyAlgorithms`.
    pub host_keys: Option<String>,
    /// `PubkeyAcceptedAlgorithms`: for logging in.
    pub public_keys: Option<String>,
    /// `CASignatureAlgorithms`: what host certificates may be signed with.
    pub authorities: Option<String>,
}

/// What proves who we are, in the order it is tried: configured keys, the password, the agent's
/// other keys, the default key files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Key files that were configured for the host.
    pub keys: Vec<PathBuf>,
    /// `~/.ssh/id_*`, tried last; those that do not exist are passed over.
    pub default_keys: Vec<PathBuf>,
    /// `CertificateFile`: certificates for those keys, beside `<key>-cert.pub`.
    pub certificates: Vec<PathBuf>,
    /// The agent's socket.
    pub agent: Option<PathBuf>,
    /// The login password.
    pub password: Option<Secret>,
    /// `IdentitiesOnly`: no key but the configured ones, even if the agent holds more.
    pub configured_only: bool,
    /// `PreferredAuthentications` and the switches of single methods: only these, in this order.
    pub methods: Option<Vec<Method>>,
}

/// A way to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// With keys and certificates.
    PublicKey,
    /// The password as an answer to the server's question.
    KeyboardInteractive,
    /// The password.
    Password,
}

/// What proves who the host is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// What happens at first contact.
    pub policy: HostKeyPolicy,
    /// The user's `known_hosts` files; the first is the one that is written to.
    pub files: Vec<PathBuf>,
    /// The system's `known_hosts` files.
    pub global_files: Vec<PathBuf>,
    /// `HostKeyAlias`: the host's name in those files.
    pub alias: Option<String>,
    /// `HashKnownHosts`: names are written down as hashes.
    pub hash_names: bool,
}

/// What happens when a host's key is in no `known_hosts` file. A key that changed or is revoked is
/// refused under every policy; there is no policy that does not check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HostKeyPolicy {
    /// Unknown hosts are refused.
    #[default]
    Strict,
    /// The key of an unknown host is accepted and written down.
    AcceptNew,
}

/// One bastion as the operator names it; what is missing comes from `ssh_config`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Jump {
    /// Name or address.
    pub address: String,
    /// TCP port.
    pub port: Option<u16>,
    /// The login user.
    pub user: Option<String>,
}

impl Jump {
    /// A list as `-J` takes it: `user@host:port,…`, the nearest first; `none` is no bastion.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, Problem> {
        if text.eq_ignore_ascii_case("none") {
            return Ok(Vec::new());
        }
        text.split(',').map(|hop| Self::parse(hop.trim())).collect()
    }

    /// One bastion: `user@host:port` or `ssh://user@host:port`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let bare = text.strip_prefix("ssh://").unwrap_or(text);
        let (user, place) = match bare.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()), place),
            None => (None, bare),
        };
        let (address, port) = split_port(place)
            .ok_or_else(|| Problem::new(format!("`{text}` is no jump host")).hint(JUMP_HINT))?;
        if address.is_empty() || address.starts_with('-') || user.as_deref() == Some("") {
            return Err(Problem::new(format!("`{text}` is no jump host")).hint(JUMP_HINT));
        }
        Ok(Self { address, port, user })
    }
}

const JUMP_HINT: &str = "write `user@host:port`, several separated by commas";

/// `host`, `host:port`, `[v6]:port` or a bare IPv6 address.
fn split_port(place: &str) -> Option<(String, Option<u16>)> {
    if let Some(rest) = place.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(port.parse().ok()?),
            None if rest.is_empty() => None,
            None => return None,
        };
        return Some((address.to_owned(), port));
    }
    match place.split_once(':') {
        Some((_, rest)) if rest.contains(':') => Some((place.to_owned(), None)),
        Some((address, port)) => Some((address.to_owned(), Some(port.parse().ok()?))),
        None => Some((place.to_owned(), None)),
    }
}

/// What the command line, the environment and `ssh_config` say for every host that does not say
/// otherwise.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// `-u`: the login user; without it `ssh_config` or [`Self::local_user`] says who.
    pub user: Option<String>,
    /// Who calls us.
    pub local_user: String,
    /// `--private-key`.
    pub private_key: Option<PathBuf>,
    /// `-J`: the bastions, the nearest first.
    pub jump: Vec<Jump>,
    /// The way through the inventory's `bastion` group, for hosts that name no other one.
    pub bastion: Vec<Endpoint>,
    /// `-k`: the login password.
    pub password: Option<Secret>,
    /// `-b`: whether commands run as another user.
    pub run_as: bool,
    /// `--become-user`.
    pub run_as_user: String,
    /// `--become-method`.
    pub run_as_method: RunAsMethod,
    /// `-K`, `--become-password-file`.
    pub run_as_password: Option<Secret>,
    /// What happens at first contact with a host; without it `ssh_config` says.
    pub host_keys: Option<HostKeyPolicy>,
    /// For TCP connect and key exchange together; without it `ssh_config` or ten seconds.
    pub connect_timeout: Option<Duration>,
    /// The agent's socket.
    pub agent: Option<PathBuf>,
    /// The home directory: `~`, the default keys and `known_hosts`.
    pub home: Option<PathBuf>,
    /// `~/.ssh/config` and `/etc/ssh/ssh_config`.
    pub ssh_config: Arc<SshConfig>,
}

impl Default for Defaults {
    /// As `root`, by `sudo`; knows nothing of the environment.
    fn default() -> Self {
        Self {
            user: None,
            local_user: "root".into(),
            private_key: None,
            jump: Vec::new(),
            bastion: Vec::new(),
            password: None,
            run_as: false,
            run_as_user: "root".into(),
            run_as_method: RunAsMethod::Sudo,
            run_as_password: None,
            host_keys: None,
            connect_timeout: None,
            agent: None,
            home: None,
            ssh_config: Arc::default(),
        }
    }
}

impl Defaults {
    /// What holds before the command line is read: the local user, `HOME`, `SSH_AUTH_SOCK`,
    /// `~/.ssh/config` and `/etc/ssh/ssh_config`.
    pub fn from_environment() -> Result<Self, Problems> {
        let path = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let home = path("HOME");
        Ok(Self {
            local_user: super::local::user_name(),
            agent: path("SSH_AUTH_SOCK"),
            ssh_config: Arc::new(SshConfig::of_user(home.as_deref())?),
            home,
            ..Self::default()
        })
    }

    fn home(&self) -> Home {
        Home::new(self.home.clone())
    }

    /// Files below `~/.ssh`.
    fn ssh_files(&self, names: &[&str]) -> Vec<PathBuf> {
        let home = self.home.iter();
        home.flat_map(|home| names.iter().map(|name| home.join(".ssh").join(name))).collect()
    }
}
