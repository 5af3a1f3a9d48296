//! Why the lab could not do what was asked.

use crate::error::{Failure, Kind};
use std::path::PathBuf;
use std::time::Duration;

/// What can go wrong with the lab. Each is one sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A program that the lab drives is not there and could not be installed.
    #[error("the lab needs `{program}`, which is not on this machine; install it with `{install}`")]
    MissingProgram {
        /// The program.
        program: String,
        /// What to type.
        install: String,
    },
    /// There is no Docker engine and none could be started.
    #[error("the lab needs a running Docker engine: {reason}")]
    NoDocker {
        /// What was tried and seen.
        reason: String,
    },
    /// Something has to be built, and only root can.
    #[error("{what} must be built once, and only root can; run the same command as root once")]
    NotRoot {
        /// What is to be built.
        what: String,
    },
    /// A command ended with an error.
    #[error("`{command}` failed ({status}): {said}")]
    Command {
        /// The command, shortened.
        command: String,
        /// Its exit status in words.
        status: String,
        /// The end of what it said.
        said: String,
    },
    /// A command or a state did not come in time.
    #[error("{what} took longer than {} s", .deadline.as_secs())]
    Deadline {
        /// What was waited for.
        what: String,
        /// How long.
        deadline: Duration,
    },
    /// A file could not be read or written.
    #[error("cannot {action} `{}`: {source}", .path.display())]
    File {
        /// `read`, `write`, …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// The lab's own file is not what this program writes.
    #[error("`{}` does not describe a lab: {reason}", .path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no lab of that name.
    #[error("there is no lab named `{name}`; `rrecover lab up --name {name}` boots one")]
    NoLab {
        /// The name.
        name: String,
    },
    /// A lab of that name exists already.
    #[error("a lab named `{name}` exists already; `rrecover lab down --name {name}` removes it")]
    Exists {
        /// The name.
        name: String,
    },
    /// What was asked for cannot be.
    #[error("{reason}")]
    Invalid {
        /// What and why.
        reason: String,
    },
    /// The lab has no such host.
    #[error("the lab has no host `{host}`; it has {known}")]
    UnknownHost {
        /// The host that was asked for.
        host: String,
        /// Those there are.
        known: String,
    },
    /// Every private subnet that was tried is in use.
    #[error("no free subnet between 10.213.0.0/24 and 10.213.255.0/24; name one with `--subnet`")]
    NoSubnet,
}

impl LabError {
    /// A closure that turns an input/output error on `path` into a [`LabError::File`].
    pub(super) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }

    /// What was asked for cannot be, and why.
    pub(super) fn invalid(reason: impl Into<String>) -> Self {
        Self::Invalid { reason: reason.into() }
    }
}

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        let kind = match &error {
            LabError::Command { .. } | LabError::Deadline { .. } => Kind::HostFailed,
            _ => Kind::Usage,
        };
        Self::new(kind, error.to_string())
    }
}
