//! The seam between what is to be done on a host and how the host is reached.

use super::TransportError;
use crate::redact::Secret;
use async_trait::async_trait;
use bytes::Bytes;
use std::fmt::Debug;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// A byte stream to a port behind a host.
pub type BoxStream = Box<dyn Duplex>;

/// What a forwarded TCP stream can do.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// One host, reached.
#[async_trait]
pub trait Connection: Send + Sync + Debug {
    /// The inventory's name of the host, for messages.
    fn host(&self) -> &str;

    /// Runs one command to its end and gives its output, whatever its exit code.
    async fn run(&self, command: Command) -> Result<Output, TransportError>;

    /// Opens a TCP stream that starts on the host (`direct-tcpip`).
    ///
    /// Gives [`TransportError::ForwardingRefused`] when the host's sshd forbids it.
    async fn open_tcp(&self, address: &str, port: u16) -> Result<BoxStream, TransportError>;

    /// Lets go of what connects to the host, and connects anew; for a host that boots. Does nothing
    /// where there is nothing to connect.
    async fn renew(&self) -> Result<(), TransportError> {
        Ok(())
    }

    /// Whether the host is this machine, as far as that is known.
    fn is_local(&self) -> bool {
        false
    }
}

/// A command for a host: a POSIX `sh` script, run with `sh -c`.
#[derive(Debug, Clone)]
pub struct Command {
    /// The script. Secrets never stand in it: they would show in the host's process list.
    pub script: String,
    /// What the script reads.
    pub stdin: Input,
    /// Where its standard output goes.
    pub stdout: Sink,
    /// As whom it runs; `None` is the login user.
    pub run_as: Option<RunAs>,
    /// From sending the command until its exit code; then the channel is closed.
    pub deadline: Duration,
}

impl Command {
    /// A command that reads nothing, runs as the login user and has a minute.
    pub fn new(script: impl Into<String>) -> Self {
        Self {
            script: script.into(),
            stdin: Input::Empty,
            stdout: Sink::Capture,
            run_as: None,
            deadline: Duration::from_secs(60),
        }
    }

    /// Sets as whom it runs.
    #[must_use]
    pub fn run_as(mut self, run_as: Option<RunAs>) -> Self {
        self.run_as = run_as;
        self
    }

    /// Sets how long it may take.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets what it reads.
    #[must_use]
    pub fn stdin(mut self, stdin: Input) -> Self {
        self.stdin = stdin;
        self
    }

    /// Sets where its standard output goes.
    #[must_use]
    pub fn stdout(mut self, stdout: Sink) -> Self {
        self.stdout = stdout;
        self
    }
}

/// What a command reads on standard input.
#[derive(Debug, Clone)]
pub enum Input {
    /// Nothing: end of file at once.
    Empty,
    /// These bytes.
    Bytes(Bytes),
    /// A local file, streamed in constant memory.
    File(PathBuf),
}

/// Where a command's standard output goes.
#[derive(Debug, Clone)]
pub enum Sink {
    /// Into [`Output::stdout`].
    Capture,
    /// Into a local file (created with mode 0600, truncated), streamed in constant memory.
    File(PathBuf),
}

/// What a command left behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// The exit code; 128 + n when signal n ended the command.
    pub rc: i32,
    /// Captured standard output, empty when it went to a file.
    pub stdout: Vec<u8>,
    /// Captured standard error, without the tool's own prompts and markers.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Whether the command exited with 0.
    pub fn success(&self) -> bool {
        self.rc == 0
    }

    /// Standard output as text.
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// Another user to run a command as, Ansible's `become`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunAs {
    /// `sudo`, `su` or `doas`.
    pub method: RunAsMethod,
    /// The user, usually `root`.
    pub user: String,
    /// The password that the method asks for. It goes over standard input, never into argv.
    pub password: Option<Secret>,
    /// `become_exe`: what is called instead of `sudo`, `su` or `doas`; a piece of shell, as in
    /// Ansible.
    pub program: Option<String>,
    /// `become_flags`: further arguments for it; a piece of shell, as in Ansible.
    pub flags: Option<String>,
}

impl Default for RunAs {
    /// Root by `sudo`, without a password.
    fn default() -> Self {
        Self {
            method: RunAsMethod::Sudo,
            user: "root".to_owned(),
            password: None,
            program: None,
            flags: None,
        }
    }
}

/// How to become another user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunAsMethod {
    /// `sudo`, with or without a password.
    Sudo,
    /// `su`, which always asks unless the login user is root.
    Su,
    /// `doas`.
    Doas,
}
