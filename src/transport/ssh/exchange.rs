//! What goes to and fro on a command's channel: input and output at the same time.

use super::SshConnection;
use super::exec::{Write, refused};
use crate::transport::run_as::{Step, Talk};
use crate::transport::streams::Collected;
use crate::transport::{Output, TransportError};
use russh::{ChannelMsg, ChannelReadHalf, Sig};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long the channel may stay open and silent after the exit code. A process that the command
/// left behind holds it open for as long as it lives.
const SILENCE: Duration = Duration::from_secs(5);
/// `SSH_EXTENDED_DATA_STDERR`.
const STDERR: u32 = 1;

/// One command's talk, output and exit code.
pub(super) struct Exchange<'a> {
    pub(super) connection: &'a SshConnection,
    pub(super) write: Arc<Write>,
    pub(super) talk: Talk,
    pub(super) on_terminal: bool,
    /// Lets standard input go.
    pub(super) gate: Option<oneshot::Sender<()>>,
    pub(super) collected: Collected,
    /// The server has said that it runs the command.
    pub(super) accepted: bool,
    pub(super) exit: Option<i32>,
}

/// How an exchange ended.
pub(super) enum End {
    Closed,
    /// The channel is still open after the exit code.
    StillOpen,
    /// The channel was closed before the server took the command.
    NeverRan,
}

impl Exchange<'_> {
    pub(super) fn open_gate(&mut self) {
        if let Some(gate) = self.gate.take() {
            // Nobody waits any more when the input failed; that error is on its way.
            let _ = gate.send(());
        }
    }

    /// Takes what comes until the channel closes.
    pub(super) async fn drive(
        &mut self,
        mut read: ChannelReadHalf,
        feed: impl Future<Output = Result<(), TransportError>>,
    ) -> Result<End, TransportError> {
        tokio::pin!(feed);
        let mut fed = false;
        loop {
            tokio::select! {
                result = &mut feed, if !fed => {
                    result?;
                    fed = true;
                }
                () = tokio::time::sleep(SILENCE), if self.exit.is_some() => return Ok(End::StillOpen),
                message = read.wait() => match message {
                    None if self.exit.is_some() => return Ok(End::Closed),
                    None => return Err(self.connection.lost()),
                    Some(ChannelMsg::Close) => return self.closed(),
                    Some(message) => self.take(message).await?,
                },
            }
        }
    }

    async fn take(&mut self, message: ChannelMsg) -> Result<(), TransportError> {
        match message {
            ChannelMsg::Data { data } if self.on_terminal => {
                let (own, step) = self.talk.hear_terminal(&data);
                self.collected.stdout(&own).await?;
                self.step(step).await
            }
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
            ChannelMsg::Success => {
                self.accepted = true;
                Ok(())
            }
            ChannelMsg::Failure => Err(refused(self.connection, "refuses to run a command")),
            _ => Ok(()),
        }
    }

    async fn stderr(&mut self, data: &[u8]) -> Result<(), TransportError> {
        let step = self.talk.hear(data);
        self.step(step).await
    }

    async fn step(&mut self, step: Step) -> Result<(), TransportError> {
        match step {
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

    fn closed(&self) -> Result<End, TransportError> {
        if self.exit.is_some() {
            return Ok(End::Closed);
        }
        // The answer to the request comes before anything else; without it nothing was started.
        if !self.accepted && !self.talk.heard_anything() {
            return Ok(End::NeverRan);
        }
        Err(TransportError::Lost {
            host: self.connection.host.clone(),
            reason: "the server closed the channel without an exit code".into(),
        })
    }

    /// What the command left behind, or why it never ran.
    pub(super) async fn output(mut self) -> Result<Output, TransportError> {
        if !self.talk.started() {
            return Err(self.talk.refused(&self.connection.host, self.exit));
        }
        let held = self.talk.held();
        self.collected.stdout(&held).await?;
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
