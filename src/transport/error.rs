//! Why a host could not be reached, or a command's outcome is not known.

use std::time::Duration;

/// What can go wrong between here and a host. Cheap to clone: a host that could not be reached is
/// asked once in a run, and every later step gets the same answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No answer in time, no route, refused: the host may be off.
    #[error("`{host}` ({address}) does not answer: {reason}")]
    Unreachable {
        /// The inventory's name.
        host: String,
        /// `address:port` that was tried.
        address: String,
        /// What the network said.
        reason: String,
    },
    /// The host's key is not the one in `known_hosts`, or is revoked.
    #[error("the host key of `{host}` ({address}) is not to be trusted: {reason}")]
    HostKey {
        /// The inventory's name.
        host: String,
        /// `address:port` that was tried.
        address: String,
        /// Changed, unknown or revoked, with the fingerprint and the file and line.
        reason: String,
        /// What to type to put it right.
        hint: String,
    },
    /// The host answers but does not let us in.
    #[error("`{host}` does not let `{user}` in: {reason}")]
    Auth {
        /// The inventory's name.
        host: String,
        /// The login user.
        user: String,
        /// Which methods were tried.
        reason: String,
    },
    /// `sudo`, `su` or `doas` refused.
    #[error("`{host}`: cannot become `{user}` with {method}: {reason}")]
    RunAs {
        /// The inventory's name.
        host: String,
        /// The user that was to be become.
        user: String,
        /// The method.
        method: String,
        /// Wrong password, password needed, not allowed.
        reason: String,
    },
    /// The host's sshd forbids TCP forwarding.
    #[error("`{host}` does not forward to {target}: {reason}")]
    ForwardingRefused {
        /// The inventory's name.
        host: String,
        /// `address:port` that was asked for.
        target: String,
        /// The server's words.
        reason: String,
    },
    /// The command was sent, but its deadline passed before its exit code came. It may still run.
    #[error("`{host}`: no exit code after {deadline:?}; the command may still run")]
    Deadline {
        /// The inventory's name.
        host: String,
        /// The deadline that passed.
        deadline: Duration,
    },
    /// The connection was lost after the command was sent: its outcome is unknown.
    #[error(
        "`{host}`: the connection was lost while a command ran, its outcome is unknown: {reason}"
    )]
    Lost {
        /// The inventory's name.
        host: String,
        /// What broke.
        reason: String,
    },
    /// A local file could not be read or written, or a setting cannot be used.
    #[error("{what}: {reason}")]
    Local {
        /// The file or the setting.
        what: String,
        /// What the system said.
        reason: String,
    },
}

impl TransportError {
    /// Whether a command may have run although no result came back.
    pub fn outcome_unknown(&self) -> bool {
        matches!(self, Self::Deadline { .. } | Self::Lost { .. })
    }

    /// Whether the host gave no sign of life at all, as when it is powered off.
    pub fn no_sign_of_life(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}
