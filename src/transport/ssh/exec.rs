//! One command on one channel: input and output at the same time, under one deadline.

use super::SshConnection;
use super::sessions::Ticket;
use crate::transport::run_as::{Step, Talk, prepare};
use crate::transport::streams::{Collected, Source};
use crate::transport::{Command, Output, TransportError};
use russh::client::Msg;
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};

/// How long the channel may stay open and silent after the exit code. A process that the command
/// left behind holds it open for as long as it lives.
const SILENCE: Duration = Duration::from_secs(5);
/// `SSH_EXTENDED_DATA_STDERR`.
const STDERR: u32 = 1;

type Write = ChannelWriteHalf<Msg>;

pub(super) async fn run(
    connection: &SshConnection,
    command: Command,
) -> Result<Output, TransportError> {
    let prepared = prepare(&command.script, command.run_as.as_ref(), &connection.user)?;
    let source = Source::open(&command.stdin).await?;
    let collected = Collected::open(&command.stdout).await?;
    let (read, running) = start(connection, prepared.script).await?;
    let deadline = Instant::now() + command.deadline;
    let (open_gate, gate) = oneshot::channel();
    let mut exchange = Exchange {
        connection,
        write: Arc::clone(&running.write),
        talk: prepared.talk,
        gate: Some(open_gate),
        collected,
        exit: None,
    };
    if !exchange.talk.holds_input() {
        exchange.open_gate();
    }
    let feed = feed(&running.write, source, gate);
    let ended = timeout_at(deadline, exchange.drive(read, feed)).await;
    let closed = ended.map_err(|_| TransportError::Deadline {
        host: connection.host.clone(),
        deadline: command.deadline,
    })??;
    if closed {
        running.over();
    }
    exchange.output().await
}

/// Sends the command on a channel of its own. Until here nothing has run.
async fn start(
    connection: &SshConnection,
    script: String,
) -> Result<(ChannelReadHalf, Running), TransportError> {
    let taken = timeout(connection.patience, connection.sessions.take()).await;
    let (channel, ticket) = match taken {
        Ok(Ok(taken)) => taken,
        Ok(Err(russh::Error::ChannelOpenFailure(failure))) => {
            return Err(refused(
                connection,
                &format!("opens no channel: {}", super::refusal(&failure)),
            ));
        }
        Err(_) if !connection.is_closed() => {
            return Err(refused(connection, "opens no further channel (`MaxSessions`?)"));
        }
        Ok(Err(_)) | Err(_) => return Err(connection.gone()),
    };
    let (read, write) = channel.split();
    // The reply is awaited among the output, so asking for it costs nothing.
    if write.exec(true, script).await.is_err() {
        return Err(connection.gone());
    }
    connection.sessions.open_ahead();
    Ok((read, Running { write: Arc::new(write), over: false, _ticket: ticket }))
}

fn refused(connection: &SshConnection, what: &str) -> TransportError {
    TransportError::Auth {
        host: connection.host.clone(),
        user: connection.user.clone(),
        reason: format!("the server {what}"),
    }
}

/// A command that was sent. When it is dropped before its end (deadline, error, cancelled), the
/// command is asked to stop, which sshd passes on for every login user but root, and its channel is
/// closed, so that it sees the end of its input.
struct Running {
    write: Arc<Write>,
    over: bool,
    _ticket: Ticket,
}

impl Running {
    fn over(mut self) {
        self.over = true;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let write = Arc::clone(&self.write);
            runtime.spawn(async move {
                // The connection may be gone; then there is nothing left to stop.
                let _ = write.signal(Sig::TERM).await;
                let _ = write.close().await;
            });
        }
    }
}

/// Sends standard input once the gate is open, then its end.
async fn feed(
    write: &Write,
    mut source: Source,
    gate: oneshot::Receiver<()>,
) -> Result<(), TransportError> {
    if gate.await.is_err() {
        return Ok(());
    }
    while let Some(piece) = source.next().await? {
        // The command may end without reading everything: its exit code says how it went.
        if write.data_bytes(piece).await.is_err() {
            return Ok(());
        }
    }
    let _ = write.eof().await;
    Ok(())
}

struct Exchange<'a> {
    connection: &'a SshConnection,
    write: Arc<Write>,
    talk: Talk,
    gate: Option<oneshot::Sender<()>>,
    collected: Collected,
    exit: Option<i32>,
}

impl Exchange<'_> {
    fn open_gate(&mut self) {
        if let Some(gate) = self.gate.take() {
            // Nobody waits any more when the input failed; that error is on its way.
            let _ = gate.send(());
        }
    }

    /// Until the channel closes; `false` when it is still open after the exit code.
    async fn drive(
        &mut self,
        mut read: ChannelReadHalf,
        feed: impl Future<Output = Result<(), TransportError>>,
    ) -> Result<bool, TransportError> {
        tokio::pin!(feed);
        let mut fed = false;
        loop {
            tokio::select! {
                result = &mut feed, if !fed => {
                    result?;
                    fed = true;
                }
                () = tokio::time::sleep(SILENCE), if self.exit.is_some() => return Ok(false),
                message = read.wait() => match message {
                    None if self.exit.is_some() => return Ok(true),
                    None => return Err(self.connection.lost()),
                    Some(ChannelMsg::Close) => return self.closed(),
                    Some(message) => self.take(message).await?,
                },
            }
        }
    }

    async fn take(&mut self, message: ChannelMsg) -> Result<(), TransportError> {
        match message {
            ChannelMsg::Data { data } => self.collected.stdout(&self.talk.hear_stdout(&data)).await,
            ChannelMsg::ExtendedData { data, ext: STDERR } => self.stderr(&data).await,
            ChannelMsg::ExitStatus { exit_status } => {
                // The wire has 32 bits, a process has eight.
                self.exit = Some(i32::try_from(exit_status).unwrap_or(255));
                Ok(())
            }
            ChannelMsg::ExitSignal { signal_name, .. } => {
                self.exit = Some(128 + number(&signal_name));
                Ok(())
            }
            ChannelMsg::Failure => Err(refused(self.connection, "refuses to run a command")),
            _ => Ok(()),
        }
    }

    async fn stderr(&mut self, data: &[u8]) -> Result<(), TransportError> {
        match self.talk.hear(data) {
            Step::Wait => Ok(()),
            Step::Started(rest) => {
                self.open_gate();
                self.collected.stderr(&rest)
            }
            Step::SendPassword => {
                if let Some(line) = self.talk.password_line() {
                    // A connection that breaks here shows at the next read.
                    let _ = self.write.data_bytes(line).await;
                }
                Ok(())
            }
            Step::WrongPassword => Err(self.talk.refused(&self.connection.host, None)),
        }
    }

    fn closed(&self) -> Result<bool, TransportError> {
        if self.exit.is_some() {
            return Ok(true);
        }
        Err(TransportError::Lost {
            host: self.connection.host.clone(),
            reason: "the server closed the channel without an exit code".into(),
        })
    }

    async fn output(self) -> Result<Output, TransportError> {
        if !self.talk.started() {
            return Err(self.talk.refused(&self.connection.host, self.exit));
        }
        let (stdout, stderr) = self.collected.finish().await?;
        Ok(Output { rc: self.exit.unwrap_or(255), stdout, stderr })
    }
}

/// The signal's number on Linux, which is what a shell adds to 128.
fn number(signal: &Sig) -> i32 {
    match signal {
        Sig::HUP => 1,
        Sig::INT => 2,
        Sig::QUIT => 3,
        Sig::ILL => 4,
        Sig::ABRT => 6,
        Sig::FPE => 8,
        Sig::KILL => 9,
        Sig::USR1 => 10,
        Sig::SEGV => 11,
        Sig::PIPE => 13,
        Sig::ALRM => 14,
        Sig::TERM => 15,
        Sig::Custom(name) => match name.as_str() {
            "TRAP@openssh.com" | "TRAP" => 5,
            "BUS@openssh.com" | "BUS" => 7,
            "USR2" => 12,
            "XCPU@openssh.com" | "XCPU" => 24,
            "XFSZ@openssh.com" | "XFSZ" => 25,
            "SYS@openssh.com" | "SYS" => 31,
            _ => 127,
        },
    }
}
