//! This machine as a host (`ansible_connection: local`).

use super::run_as::{LoginShell, Step, Talk, prepare};
use super::streams::{Collected, Source};
use super::{BoxStream, Command, Connection, Output, TransportError};
use async_trait::async_trait;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::time::timeout;

/// How long a TCP connection from here may take.
const CONNECT: Duration = Duration::from_secs(10);
const PIECE: usize = 64 * 1024;

/// Runs commands on this machine.
#[derive(Debug, Clone)]
pub struct LocalConnection {
    host: String,
    user: String,
}

impl LocalConnection {
    /// This machine under the inventory's name `host`.
    pub fn new(host: impl Into<String>) -> Self {
        Self { host: host.into(), user: user_name() }
    }
}

/// The name of the user that this process runs as.
pub(super) fn user_name() -> String {
    let id = rustix::process::geteuid().as_raw();
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    });
    named.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| id.to_string())
}

#[async_trait]
impl Connection for LocalConnection {
    fn host(&self) -> &str {
        &self.host
    }

    fn is_local(&self) -> bool {
        true
    }

    async fn run(&self, command: Command) -> Result<Output, TransportError> {
        let prepared = prepare(
            &command.script,
            command.run_as.as_ref(),
            &self.user,
            LoginShell::Bourne,
            None,
        )?;
        let source = Source::open(&command.stdin).await?;
        let collected = Collected::open(&command.stdout).await?;
        let mut process = tokio::process::Command::new("sh");
        process.args(["-c", &prepared.script]).process_group(0).kill_on_drop(true);
        process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = process.spawn().map_err(|error| self.local(&error))?;
        let mut run = Run { connection: self, talk: prepared.talk, collected, child };
        let Ok(status) = timeout(command.deadline, run.drive(source)).await else {
            run.stop();
            let (host, deadline) = (self.host.clone(), command.deadline);
            return Err(TransportError::Deadline { host, deadline });
        };
        let rc = exit_code(status?);
        run.output(rc).await
    }

    async fn open_tcp(&self, address: &str, port: u16) -> Result<BoxStream, TransportError> {
        let unreachable = |reason: String| TransportError::Unreachable {
            host: self.host.clone(),
            address: format!("{address}:{port}"),
            reason,
        };
        match timeout(CONNECT, TcpStream::connect((address, port))).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(error)) => Err(unreachable(error.to_string())),
            Err(_) => Err(unreachable("no answer in time".into())),
        }
    }
}

impl LocalConnection {
    fn local(&self, error: &std::io::Error) -> TransportError {
        TransportError::Local {
            what: format!("a command on `{}`", self.host),
            reason: error.to_string(),
        }
    }
}

fn exit_code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(255)
}

/// Pipes of the command's process.
struct Pipes {
    stdin: ChildStdin,
    stdout: ChildStdout,
    stderr: ChildStderr,
}

struct Run<'a> {
    connection: &'a LocalConnection,
    talk: Talk,
    collected: Collected,
    child: Child,
}

impl Run<'_> {
    async fn drive(&mut self, source: Source) -> Result<ExitStatus, TransportError> {
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (self.child.stdin.take(), self.child.stdout.take(), self.child.stderr.take())
        else {
            return Err(self.connection.local(&std::io::Error::other("no pipes")));
        };
        let mut pipes = Pipes { stdin, stdout, stderr };
        if self.talk.holds_input() && !self.greet(&mut pipes).await? {
            drop(pipes);
            return self.wait().await;
        }
        let Pipes { stdin, mut stdout, mut stderr } = pipes;
        let drain = drain(&mut self.collected, &mut self.talk, &mut stdout, &mut stderr);
        let (fed, drained) = tokio::join!(feed(stdin, source), drain);
        fed?;
        drained.map_err(|error| self.connection.local(&error))??;
        self.wait().await
    }

    async fn wait(&mut self) -> Result<ExitStatus, TransportError> {
        self.child.wait().await.map_err(|error| self.connection.local(&error))
    }

    /// The talk about a password; `false` when the method ended instead of starting the script.
    async fn greet(&mut self, pipes: &mut Pipes) -> Result<bool, TransportError> {
        let mut buffer = [0; 4096];
        loop {
            let count = pipes.stderr.read(&mut buffer).await.unwrap_or(0);
            if count == 0 {
                return Ok(false);
            }
            match self.talk.hear(&buffer[..count]) {
                Step::Wait => {}
                Step::Started(rest) => {
                    self.collected.stderr(&rest)?;
                    return Ok(true);
                }
                Step::SendPassword => {
                    if let Some(line) = self.talk.password_line() {
                        // A method that is gone says why on standard error.
                        let _ = pipes.stdin.write_all(&line).await;
                    }
                }
                Step::WrongPassword => return Err(self.talk.refused(&self.connection.host, None)),
            }
        }
    }

    /// Ends the command with everything it started.
    fn stop(&self) {
        let group = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = group.and_then(rustix::process::Pid::from_raw) {
            // It may have ended by itself just now.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
        }
    }

    async fn output(self, rc: i32) -> Result<Output, TransportError> {
        if !self.talk.started() {
            return Err(self.talk.refused(&self.connection.host, Some(rc)));
        }
        let (stdout, stderr) = self.collected.finish().await?;
        Ok(Output { rc, stdout, stderr })
    }
}

async fn feed(mut stdin: ChildStdin, mut source: Source) -> Result<(), TransportError> {
    while let Some(piece) = source.next().await? {
        // The command may end without reading everything: its exit code says how it went.
        if stdin.write_all(&piece).await.is_err() {
            break;
        }
    }
    Ok(())
}

type Drained = Result<(), TransportError>;

/// Reads both streams to their ends.
async fn drain(
    collected: &mut Collected,
    talk: &mut Talk,
    stdout: &mut ChildStdout,
    stderr: &mut ChildStderr,
) -> std::io::Result<Drained> {
    let (mut out, mut err) = (vec![0; PIECE], vec![0; PIECE]);
    let (mut out_open, mut err_open) = (true, true);
    while out_open || err_open {
        let taken = tokio::select! {
            count = stdout.read(&mut out), if out_open => {
                let count = count?;
                out_open = count > 0;
                collected.stdout(&talk.hear_stdout(&out[..count])).await
            }
            count = stderr.read(&mut err), if err_open => {
                let count = count?;
                err_open = count > 0;
                match talk.hear(&err[..count]) {
                    Step::Started(own) => collected.stderr(&own),
                    Step::Wait | Step::SendPassword | Step::WrongPassword => Ok(()),
                }
            }
        };
        if taken.is_err() {
            return Ok(taken);
        }
    }
    Ok(Ok(()))
}
