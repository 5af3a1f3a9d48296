//! `wait_for`: a port listens or a path is there, seen from the host, or no longer.
//!
//! Ports of the host itself are read from `/proc/net/tcp`, paths by looking: one command polls on
//! the host, so a wait costs one round trip. Other machines' ports are tried through the host.

use super::args::whole_number;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths};
use crate::transport::{TransportError, quote};
use async_trait::async_trait;
use std::time::{Duration, Instant};

/// The module.
#[derive(Debug)]
pub(super) struct WaitFor;

#[async_trait]
impl Module for WaitFor {
    fn name(&self) -> &'static str {
        "wait_for"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::optional("host"),
                Parameter::optional("port"),
                Parameter::optional("path"),
                Parameter::optional("state").one_of(&["started", "present", "stopped", "absent"]),
                Parameter::optional("timeout"),
                Parameter::optional("delay"),
                Parameter::optional("sleep"),
                Parameter::optional("connect_timeout"),
                Parameter::optional("msg"),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let wait = Wait::read(context, args)?;
        if context.check {
            let msg = format!("would wait for {}", wait.goal);
            return Ok(Outcome { skipped: true, msg, ..Outcome::default() });
        }
        let began = Instant::now();
        let came = match &wait.probe {
            Probe::OnHost(test) => wait.on_host(context, test).await?,
            Probe::Through(host, port) => wait.through(context, host, *port).await?,
        };
        let elapsed = began.elapsed().as_secs();
        if came {
            return Ok(Outcome::default().with("elapsed", elapsed));
        }
        let timeout = wait.timeout;
        let default = format!("Timeout when waiting for {}: not after {timeout} s", wait.goal);
        let msg = args.text("msg")?.unwrap_or(default);
        Ok(Outcome { failed: true, msg, ..Outcome::default() }.with("elapsed", elapsed))
    }
}

/// How it is found out.
enum Probe {
    /// A test that the host's shell makes.
    OnHost(String),
    /// A connection that is tried through the host.
    Through(String, u16),
}

struct Wait {
    probe: Probe,
    goal: String,
    wanted: bool,
    delay: u64,
    timeout: u64,
    pause: u64,
    connect: Duration,
}

fn wrong(name: &str, reason: &str) -> ModuleError {
    ModuleError::Argument { name: name.to_owned(), reason: reason.to_owned() }
}

impl Wait {
    fn read(context: &Context, args: &Args) -> Result<Self, ModuleError> {
        let state = args.text("state")?;
        let wanted = !matches!(state.as_deref(), Some("stopped" | "absent"));
        let number = |name, default| -> Result<u64, ModuleError> {
            Ok(whole_number(args, name)?.unwrap_or(default))
        };
        let delay = number("delay", 0)?;
        // The task's own deadline is the limit: past it nobody waits for the answer.
        let limit = context.deadline.as_secs().saturating_sub(delay + 2);
        let timeout = number("timeout", 300)?.min(limit);
        let pause = number("sleep", 1)?.max(1);
        let connect = Duration::from_secs(number("connect_timeout", 5)?.max(1));
        let (probe, goal) = Self::probe(args)?;
        let verb = if wanted { "to be there" } else { "to be gone" };
        let goal = format!("{goal} {verb}");
        Ok(Self { probe, goal, wanted, delay, timeout, pause, connect })
    }

    fn probe(args: &Args) -> Result<(Probe, String), ModuleError> {
        let port = whole_number(args, "port")?;
        match (port, args.text("path")?) {
            (Some(_), Some(_)) => Err(wrong("path", "and `port` exclude each other")),
            (None, None) => Err(wrong("port", "or `path` has to be given")),
            (None, Some(path)) => {
                let path = paths::check("path", &path)?;
                Ok((Probe::OnHost(format!("[ -e {} ]", quote(&path))), format!("`{path}`")))
            }
            (Some(port), None) => {
                let port = u16::try_from(port).ok().filter(|port| *port > 0);
                let port = port.ok_or_else(|| wrong("port", "must be between 1 and 65535"))?;
                let host = args.text("host")?.unwrap_or_else(|| "127.0.0.1".to_owned());
                let goal = format!("{host}:{port}");
                if matches!(host.as_str(), "127.0.0.1" | "localhost") {
                    return Ok((Probe::OnHost(listening(port)), goal));
                }
                Ok((Probe::Through(host, port), goal))
            }
        }
    }

    /// Polls in one command on the host.
    async fn on_host(&self, context: &Context, test: &str) -> Result<bool, ModuleError> {
        let not = if self.wanted { "" } else { "! " };
        let script = format!(
            "sleep {}\nend=$(( $(date +%s) + {} ))\nuntil {not}{{ {test}; }}; do\n\
             [ $(date +%s) -lt $end ] || exit 45\nsleep {}\ndone\n",
            self.delay, self.timeout, self.pause
        );
        let output = context.sh(script).await?;
        match output.rc {
            0 => Ok(true),
            45 => Ok(false),
            rc => Err(ModuleError::Command {
                what: format!("waiting for {}", self.goal),
                command: test.to_owned(),
                rc,
                stderr: output.stderr_text(),
            }),
        }
    }

    /// Tries a connection through the host until it is as wanted. Only a connection that was
    /// tried and not made counts as closed; a host that may not try is an error.
    async fn through(&self, context: &Context, host: &str, port: u16) -> Result<bool, ModuleError> {
        tokio::time::sleep(Duration::from_secs(self.delay)).await;
        let end = Instant::now() + Duration::from_secs(self.timeout);
        loop {
            let attempt = context.connection.open_tcp(host, port);
            let open = match tokio::time::timeout(self.connect, attempt).await {
                Ok(Ok(_)) => true,
                Err(_) | Ok(Err(TransportError::Unreachable { .. })) => false,
                Ok(Err(error)) => return Err(error.into()),
            };
            if open == self.wanted {
                return Ok(true);
            }
            if Instant::now() >= end {
                return Ok(false);
            }
            tokio::time::sleep(Duration::from_secs(self.pause)).await;
        }
    }
}

/// A test for a listener that 127.0.0.1 reaches: its address is that, or any, in IPv4 or IPv6.
fn listening(port: u16) -> String {
    let any = "00000000|0100007F|7F000001|00000000000000000000000000000000\
               |0000000000000000FFFF00000100007F";
    format!(
        "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -Eq ' ({any}):{port:04X} [0-9A-F]+:0000 0A '"
    )
}
