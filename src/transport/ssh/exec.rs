//! One command on one channel, under one deadline.

use super::SshConnection;
use super::exchange::{End, Exchange};
use super::sessions::Ticket;
use crate::transport::run_as::{Terminal, prepare};
use crate::transport::streams::{Collected, Source};
use crate::transport::{Command, Output, RunAsMethod, TransportError};
use russh::client::Msg;
use russh::{ChannelReadHalf, ChannelWriteHalf, Pty, Sig};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// One, one more for a channel that was gone, one more on a terminal.
const ATTEMPTS: usize = 3;

pub(super) type Write = ChannelWriteHalf<Msg>;

pub(super) async fn run(
    connection: &SshConnection,
    command: Command,
) -> Result<Output, TransportError> {
    if let Some(error) = connection.manners.known_refusal(command.run_as.as_ref()) {
        return Err(error);
    }
    let asks_there = command
        .run_as
        .as_ref()
        .is_some_and(|run_as| run_as.method == RunAsMethod::Doas && run_as.password.is_some());
    let mut terminal =
        asks_there || (command.run_as.is_some() && connection.manners.wants_terminal());
    // Whatever makes it go round again happened before anything ran.
    for _ in 0..ATTEMPTS {
        match attempt(connection, &command, terminal).await? {
            Attempt::Ran(output) => return Ok(output),
            Attempt::WantsTerminal => {
                connection.manners.give_terminals();
                terminal = true;
            }
            Attempt::ChannelWasGone => connection.sessions.open_none_ahead(),
        }
    }
    Err(refused(connection, "closes every channel before a command runs"))
}

enum Attempt {
    Ran(Output),
    /// `sudo` or `su` refused to run without one.
    WantsTerminal,
    /// The server had closed the channel, which waited for a command, before it took this one.
    ChannelWasGone,
}

async fn attempt(
    connection: &SshConnection,
    command: &Command,
    on_terminal: bool,
) -> Result<Attempt, TransportError> {
    let terminal =
        if on_terminal { Some(Terminal::for_input(&command.stdin).await?) } else { None };
    let shell = connection.manners.shell();
    let run_as = command.run_as.as_ref();
    let prepared = prepare(&command.script, run_as, &connection.user, shell, terminal)?;
    let source = Source::open(&command.stdin).await?;
    let collected = Collected::open(&command.stdout).await?;
    // Waiting for a channel takes nothing of the command's own time.
    let wait = Instant::now() + command.deadline;
    let (read, running) = start(connection, prepared.script, on_terminal, wait).await?;
    let deadline = Instant::now() + command.deadline;
    let (open_gate, gate) = oneshot::channel();
    let mut exchange = Exchange {
        connection,
        write: Arc::clone(&running.write),
        talk: prepared.talk,
        on_terminal,
        gate: Some(open_gate),
        collected,
        accepted: false,
        exit: None,
    };
    if !exchange.talk.holds_input() {
        exchange.open_gate();
    }
    let feed = feed(&running.write, source, gate, !on_terminal);
    let ended = timeout_at(deadline, exchange.drive(read, feed)).await;
    let closed = ended.map_err(|_| TransportError::Deadline {
        host: connection.host.clone(),
        deadline: command.deadline,
    })?;
    connection.manners.note(exchange.talk.login_shell());
    if let Err(error) = &closed {
        connection.manners.note_refusal(run_as, error);
    }
    match closed? {
        End::Closed => running.over(),
        End::StillOpen => {}
        End::NeverRan => {
            running.over();
            return Ok(Attempt::ChannelWasGone);
        }
    }
    if exchange.talk.wants_terminal() {
        return Ok(Attempt::WantsTerminal);
    }
    let output = exchange.output().await;
    if let Err(error) = &output {
        connection.manners.note_refusal(run_as, error);
    }
    output.map(Attempt::Ran)
}

/// Sends the command on a channel of its own. Until here nothing has run.
async fn start(
    connection: &SshConnection,
    script: String,
    on_terminal: bool,
    until: Instant,
) -> Result<(ChannelReadHalf, Running), TransportError> {
    let taken = timeout_at(until, connection.sessions.take(connection.patience)).await;
    let (channel, ticket) = match taken {
        Ok(Ok(taken)) => taken,
        Ok(Err(russh::Error::ChannelOpenFailure(failure))) => {
            return Err(refused(
                connection,
                &format!("opens no channel: {}", super::refusal(&failure)),
            ));
        }
        Ok(Err(russh::Error::ConnectionTimeout)) | Err(_) if !connection.is_closed() => {
            return Err(refused(connection, "opens no further channel (`MaxSessions`?)"));
        }
        Ok(Err(_)) | Err(_) => return Err(connection.gone()),
    };
    let (read, write) = channel.split();
    if connection.forwards_agent && write.agent_forward(false).await.is_err() {
        return Err(connection.gone());
    }
    if on_terminal {
        // No echo of the password, no carriage returns; the script makes it raw.
        let modes = [(Pty::ECHO, 0), (Pty::OPOST, 0)];
        if write.request_pty(false, "dumb", 80, 24, 0, 0, &modes).await.is_err() {
            return Err(connection.gone());
        }
    }
    // The reply is awaited among the output, so asking for it costs nothing.
    if write.exec(true, script).await.is_err() {
        return Err(connection.gone());
    }
    connection.sessions.open_ahead();
    Ok((read, Running { write: Arc::new(write), over: false, _ticket: ticket }))
}

pub(super) fn refused(connection: &SshConnection, what: &str) -> TransportError {
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
    say_end: bool,
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
    if say_end {
        let _ = write.eof().await;
    }
    Ok(())
}
