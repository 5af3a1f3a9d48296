//! What a module did, or why it could not.

use crate::transport::TransportError;
use serde_json::{Map, Value};

/// What a module did. What a task registers is made from this.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Whether the host is different now (or, under check mode, would be).
    pub changed: bool,
    /// Whether it did not work, with [`Outcome::msg`] saying why.
    pub failed: bool,
    /// Whether there was nothing to do by the module's own rule (`creates` for example).
    pub skipped: bool,
    /// One sentence for people.
    pub msg: String,
    /// The exit code of the command, when the module ran one for the operator.
    pub rc: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// What changed, line by line, when [`super::Context::diff`].
    pub diff: String,
    /// Further registered values.
    pub values: Map<String, Value>,
}

impl Outcome {
    /// Nothing had to be done.
    pub fn ok(msg: impl Into<String>) -> Self {
        Self { msg: msg.into(), ..Self::default() }
    }

    /// Something was changed.
    pub fn changed(msg: impl Into<String>) -> Self {
        Self { changed: true, msg: msg.into(), ..Self::default() }
    }

    /// It failed with a message of the operator's own, which is registered as it is.
    pub(super) fn failed(msg: Value) -> Self {
        let text = msg.as_str().map_or_else(|| msg.to_string(), str::to_owned);
        Self { failed: true, ..Self::ok(text) }.with("msg", msg)
    }

    /// Says it to people, and registers it as `msg` as Ansible's module does.
    #[must_use]
    pub fn saying(mut self, msg: impl Into<String>) -> Self {
        self.msg = msg.into();
        let msg = self.msg.clone();
        self.with("msg", msg)
    }

    /// Adds a registered value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.values.insert(name.to_owned(), value.into());
        self
    }
}

/// Why a module could not do its work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModuleError {
    /// The host could not be reached, or the outcome is not known.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// An argument cannot be used.
    #[error("argument `{name}` {reason}")]
    Argument {
        /// The argument.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A command on the host did not do what it should.
    #[error("{what}: `{command}` exited with {rc}{}", tail(.stderr))]
    Command {
        /// What was to be done.
        what: String,
        /// The command, without secrets.
        command: String,
        /// Its exit code.
        rc: i32,
        /// Its standard error, whole.
        stderr: String,
    },
    /// A safety rule says no; nothing was changed by this step.
    #[error("{reason}")]
    Refused {
        /// The rule and the evidence.
        reason: String,
        /// The way out.
        hint: String,
    },
    /// It did not come about in time, or not as it should.
    #[error("{0}")]
    Failed(String),
}

/// The last line of an error output, which is where programs put the reason.
fn tail(stderr: &str) -> String {
    stderr
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .map(|line| format!(": {}", line.trim()))
        .unwrap_or_default()
}
