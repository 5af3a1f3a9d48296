//! How each host is to be reached, from its variables and the command line.
//!
//! Variables win over the command line, as in Ansible. Nothing is contacted here: whatever is
//! wrong is a [`Problem`] before the first packet.

mod ssh_args;
#[cfg(test)]
mod tests;
mod vars;

use super::RunAs;
use super::connection::RunAsMethod;
use crate::error::Problem;
use crate::redact::Secret;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One host: how it is reached and as whom commands run there.
#[derive(Debug, Clone)]
pub struct Target {
    /// The inventory's name.
    pub name: String,
    /// The way there.
    pub reach: Reach,
    /// The host's `become`; `None` runs commands as the login user.
    pub run_as: Option<RunAs>,
}

/// The way to a host.
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone)]
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
    /// For TCP connect and key exchange together, as OpenSSH's `ConnectTimeout`.
    pub connect_timeout: Duration,
}

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

/// What proves who we are, in the order it is tried: configured keys, the password, the agent's
/// other keys, the default key files.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// Key files that were configured for the host.
    pub keys: Vec<PathBuf>,
    /// `~/.ssh/id_*`, tried last; those that do not exist are passed over.
    pub default_keys: Vec<PathBuf>,
    /// The agent's socket.
    pub agent: Option<PathBuf>,
    /// The login password.
    pub password: Option<Secret>,
    /// `IdentitiesOnly`: no key but the configured ones, even if the agent holds more.
    pub configured_only: bool,
}

/// What proves who the host is.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// What happens at first contact.
    pub policy: HostKeyPolicy,
    /// `known_hosts` files; the first is the one that is written to.
    pub files: Vec<PathBuf>,
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

/// One bastion as the operator names it; what is missing comes from [`Defaults`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Jump {
    /// Name or address.
    pub address: String,
    /// TCP port, 22 when missing.
    pub port: Option<u16>,
    /// The login user.
    pub user: Option<String>,
    /// A key file.
    pub private_key: Option<PathBuf>,
    /// The login password.
    pub password: Option<Secret>,
    /// What happens at first contact.
    pub policy: Option<HostKeyPolicy>,
    /// `known_hosts` files.
    pub known_hosts: Vec<PathBuf>,
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
        Ok(Self { address, port, user, ..Self::default() })
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

/// What the command line and the environment say for every host that does not say otherwise.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// `-u`: the login user.
    pub user: String,
    /// `--private-key`.
    pub private_key: Option<PathBuf>,
    /// `-J`, or the inventory's `bastion` group: the bastions, the nearest first.
    pub jump: Vec<Jump>,
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
    /// What happens at first contact with a host.
    pub host_keys: HostKeyPolicy,
    /// Another `known_hosts` file than the user's and the system's.
    pub known_hosts: Option<PathBuf>,
    /// For TCP connect and key exchange together.
    pub connect_timeout: Duration,
    /// The agent's socket.
    pub agent: Option<PathBuf>,
    /// The home directory: `~`, the default keys and `known_hosts`.
    pub home: Option<PathBuf>,
}

impl Default for Defaults {
    /// Strict, as `root`, ten seconds; knows nothing of the environment.
    fn default() -> Self {
        Self {
            user: "root".into(),
            private_key: None,
            jump: Vec::new(),
            password: None,
            run_as: false,
            run_as_user: "root".into(),
            run_as_method: RunAsMethod::Sudo,
            run_as_password: None,
            host_keys: HostKeyPolicy::Strict,
            known_hosts: None,
            connect_timeout: Duration::from_secs(10),
            agent: None,
            home: None,
        }
    }
}

impl Defaults {
    /// What holds before the command line is read: the local user, `HOME`, `SSH_AUTH_SOCK`.
    pub fn from_environment() -> Self {
        let path = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        Self {
            user: super::local::user_name(),
            agent: path("SSH_AUTH_SOCK"),
            home: path("HOME"),
            ..Self::default()
        }
    }

    /// Default key files, in OpenSSH's order.
    fn default_keys(&self) -> Vec<PathBuf> {
        let names = ["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"];
        let home = self.home.iter();
        home.flat_map(|home| names.map(|name| home.join(".ssh").join(name))).collect()
    }

    /// The files with host keys: what was named, else the user's and the system's.
    fn known_hosts(&self) -> Vec<PathBuf> {
        if let Some(file) = &self.known_hosts {
            return vec![file.clone()];
        }
        let user = self.home.iter().map(|home| home.join(".ssh/known_hosts"));
        user.chain([PathBuf::from("/etc/ssh/ssh_known_hosts")]).collect()
    }

    /// `~/x` below the home directory.
    fn expand(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => Path::new(path).to_owned(),
        }
    }

    /// A bastion with everything that it does not say itself.
    fn endpoint(&self, jump: &Jump) -> Endpoint {
        let files =
            if jump.known_hosts.is_empty() { self.known_hosts() } else { jump.known_hosts.clone() };
        Endpoint {
            address: jump.address.clone(),
            port: jump.port.unwrap_or(22),
            user: jump.user.clone().unwrap_or_else(|| self.user.clone()),
            credentials: Credentials {
                keys: jump.private_key.clone().or(self.private_key.clone()).into_iter().collect(),
                default_keys: self.default_keys(),
                agent: self.agent.clone(),
                password: jump.password.clone().or(self.password.clone()),
                configured_only: false,
            },
            trust: Trust { policy: jump.policy.unwrap_or(self.host_keys), files },
            connect_timeout: self.connect_timeout,
        }
    }
}
