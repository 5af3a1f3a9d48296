//! `wait_for`: a port listens, a path is there or holds something, connections are gone, seen from
//! the host.
//!
//! Ports of the host itself are read from `/proc/net/tcp`, paths by looking: one command polls on
//! the host, so a wait costs one round trip. Other machines' ports, and what they say, are tried
//! through the host.

mod connections;

use super::args::{whole_number, wrong};
use super::look::{Look, look};
use super::pattern::Pattern;
use super::write::with_entry;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths};
use crate::transport::{TransportError, quote};
use async_trait::async_trait;
use connections::Connections;
use serde_json::{Map, Value, json};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, sleep, timeout_at};

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
                Parameter::optional("state")
                    .one_of(&["started", "present", "stopped", "absent", "drained"]),
                Parameter::optional("search_regex"),
                Parameter::optional("timeout"),
                Parameter::optional("delay"),
                Parameter::optional("sleep"),
                Parameter::optional("connect_timeout"),
                Parameter::optional("exclude_hosts"),
                Parameter::optional("active_connection_states"),
                Parameter::optional("msg"),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let wait = Wait::read(context, args).await?;
        if context.check {
            let msg = "remote module (wait_for) does not support check mode".to_owned();
            return Ok(Outcome { skipped: true, msg, ..Outcome::default() });
        }
        let began = Instant::now();
        sleep(wait.delay).await;
        let end = began + wait.timeout;
        let came = match &wait.goal {
            Goal::Time => {
                sleep(wait.timeout).await;
                Some(Match::default())
            }
            goal => wait.poll(context, goal, end).await?,
        };
        let elapsed = began.elapsed().as_secs();
        let Some(matched) = came else {
            let msg = args.text("msg")?.unwrap_or_else(|| wait.too_late());
            return Ok(Outcome { failed: true, msg, ..Outcome::default() }.with("elapsed", elapsed));
        };
        let entry = match &wait.goal {
            Goal::Path(path, _) | Goal::Content(path, _) => {
                look(context, path, Look::default()).await?.entry
            }
            _ => None,
        };
        let outcome = Outcome::default()
            .with("state", wait.state.clone())
            .with("port", whole_number(args, "port")?)
            .with("path", args.text("path")?)
            .with("search_regex", args.text("search_regex")?)
            .with("match_groups", matched.groups)
            .with("match_groupdict", matched.named)
            .with("elapsed", elapsed);
        // Of a path Ansible tells more, its own state among it.
        Ok(with_entry(outcome, entry.as_ref()))
    }
}

/// What is waited for.
enum Goal {
    /// That time goes by.
    Time,
    /// A port of the host itself; the test that its shell makes.
    Port(String),
    /// A path, and the test.
    Path(String, String),
    /// A path with a text in it.
    Content(String, Pattern),
    /// A port that is tried through the host, and what it has to say.
    Through(String, u16, Option<Pattern>),
    /// That a port has no connections.
    Drained(Connections),
}

/// The groups of what a pattern found.
#[derive(Default)]
struct Match {
    groups: Vec<Value>,
    named: Map<String, Value>,
}

struct Wait {
    goal: Goal,
    what: String,
    regex: Option<String>,
    state: String,
    wanted: bool,
    delay: Duration,
    timeout: Duration,
    pause: Duration,
    connect: Duration,
}

impl Wait {
    async fn read(context: &Context, args: &Args) -> Result<Self, ModuleError> {
        let state = args.text("state")?.unwrap_or_else(|| "started".to_owned());
        let wanted = !matches!(state.as_str(), "stopped" | "absent");
        let seconds = |name, default| -> Result<Duration, ModuleError> {
            Ok(Duration::from_secs(whole_number(args, name)?.unwrap_or(default)))
        };
        let (goal, what) = goal(context, args, &state, wanted).await?;
        Ok(Self {
            goal,
            what,
            regex: args.text("search_regex")?,
            state,
            wanted,
            delay: seconds("delay", 0)?,
            timeout: seconds("timeout", 300)?,
            pause: seconds("sleep", 1)?.max(Duration::from_secs(1)),
            connect: seconds("connect_timeout", 5)?.max(Duration::from_secs(1)),
        })
    }

    /// Ansible's words for a wait that was in vain.
    fn too_late(&self) -> String {
        let what = &self.what;
        match (&self.goal, &self.regex, self.state.as_str()) {
            (Goal::Drained(_), ..) => format!("Timeout when waiting for {what} to drain"),
            (_, Some(regex), _) if self.wanted => {
                format!("Timeout when waiting for search string {regex} in {what}")
            }
            (_, _, "stopped" | "absent") if what.starts_with('/') => {
                format!("Timeout when waiting for {what} to be absent.")
            }
            (_, _, "stopped" | "absent") => format!("Timeout when waiting for {what} to stop."),
            _ if what.starts_with('/') => format!("Timeout when waiting for file {what}"),
            _ => format!("Timeout when waiting for {what}"),
        }
    }

    /// Looks again and again until it is as wanted or the end has come.
    async fn poll(
        &self,
        context: &Context,
        goal: &Goal,
        end: Instant,
    ) -> Result<Option<Match>, ModuleError> {
        while Instant::now() < end {
            if let Some(found) = self.look(context, goal, end).await? {
                return Ok(Some(found));
            }
            if !matches!(goal, Goal::Port(_) | Goal::Path(..)) {
                sleep(self.pause).await;
            }
        }
        Ok(None)
    }

    async fn look(
        &self,
        context: &Context,
        goal: &Goal,
        end: Instant,
    ) -> Result<Option<Match>, ModuleError> {
        let plain = |came: bool| came.then(Match::default);
        match goal {
            Goal::Time => Ok(plain(true)),
            Goal::Port(test) | Goal::Path(_, test) => {
                self.on_host(context, test, end).await.map(plain)
            }
            Goal::Content(path, pattern) => {
                let text =
                    context.sh(format!("cat {} 2>/dev/null", quote(path))).await?.stdout_text();
                Ok(groups(pattern, &text))
            }
            Goal::Through(host, port, pattern) => {
                self.through(context, host, *port, pattern.as_ref(), end).await
            }
            Goal::Drained(connections) => Ok(plain(connections.count(context).await? == 0)),
        }
    }

    /// Polls in one command on the host, as long as one command may take.
    async fn on_host(
        &self,
        context: &Context,
        test: &str,
        end: Instant,
    ) -> Result<bool, ModuleError> {
        let left = end.saturating_duration_since(Instant::now()).as_secs().max(1);
        let most = context.deadline.as_secs().saturating_sub(2).max(1);
        let not = if self.wanted { "" } else { "! " };
        let script = format!(
            "end=$(( $(date +%s) + {} ))\nuntil {not}{{ {test}; }}; do\n\
             [ $(date +%s) -lt $end ] || exit 45\nsleep {}\ndone\n",
            left.min(most),
            self.pause.as_secs()
        );
        let output = context.sh(script).await?;
        match output.rc {
            0 => Ok(true),
            45 => Ok(false),
            rc => Err(ModuleError::Command {
                what: format!("waiting for {}", self.what),
                command: test.to_owned(),
                rc,
                stderr: output.stderr_text(),
            }),
        }
    }

    /// Tries a connection through the host. Only a connection that was tried and not made counts as
    /// closed; a host that may not try is an error.
    async fn through(
        &self,
        context: &Context,
        host: &str,
        port: u16,
        pattern: Option<&Pattern>,
        end: Instant,
    ) -> Result<Option<Match>, ModuleError> {
        let attempt = context.connection.open_tcp(host, port);
        let stream = match tokio::time::timeout(self.connect, attempt).await {
            Ok(Ok(stream)) => Some(stream),
            Err(_) | Ok(Err(TransportError::Unreachable { .. })) => None,
            Ok(Err(error)) => return Err(error.into()),
        };
        let as_wanted = stream.is_some() == self.wanted;
        let (Some(mut stream), true, Some(pattern)) = (stream, self.wanted, pattern) else {
            return Ok(as_wanted.then(Match::default));
        };
        let (mut said, mut buffer) = (Vec::new(), [0; 1024]);
        while let Ok(Ok(count @ 1..)) = timeout_at(end, stream.read(&mut buffer)).await {
            said.extend_from_slice(&buffer[..count]);
            if pattern.occurs(&String::from_utf8_lossy(&said)) {
                // Ansible keeps the groups of files only.
                return Ok(Some(Match::default()));
            }
        }
        Ok(None)
    }
}

/// What is waited for, and its name in messages.
async fn goal(
    context: &Context,
    args: &Args,
    state: &str,
    wanted: bool,
) -> Result<(Goal, String), ModuleError> {
    let port = whole_number(args, "port")?;
    let regex = args.text("search_regex")?;
    let regex = regex.map(|text| Pattern::new("search_regex", "m", &text)).transpose()?;
    if state != "drained" && args.0.contains_key("exclude_hosts") {
        return Err(wrong("exclude_hosts", "goes with `state: drained` only"));
    }
    match (port, args.text("path")?) {
        (Some(_), Some(_)) => Err(wrong("path", "and `port` exclude each other")),
        (None, Some(_)) if matches!(state, "stopped" | "drained") => {
            Err(wrong("state", format!("`{state}` is about a port, not about a path")))
        }
        (None, None) if state == "drained" => Err(wrong("port", "is missing")),
        (None, None) => Ok((Goal::Time, "the time to go by".to_owned())),
        (None, Some(path)) => {
            let path = paths::check("path", &paths::expanded(context, &path).await?)?;
            let goal = match regex.filter(|_| wanted) {
                Some(regex) => Goal::Content(path.clone(), regex),
                None => Goal::Path(path.clone(), format!("[ -e {} ]", quote(&path))),
            };
            Ok((goal, path))
        }
        (Some(port), None) => {
            let port = u16::try_from(port).ok().filter(|port| *port > 0);
            let port = port.ok_or_else(|| wrong("port", "must be between 1 and 65535"))?;
            let host = args.text("host")?.unwrap_or_else(|| "127.0.0.1".to_owned());
            let what = format!("{host}:{port}");
            let own = matches!(host.as_str(), "127.0.0.1" | "localhost");
            if state == "drained" {
                return Ok((Goal::Drained(Connections::read(args, &host, port)?), what));
            }
            let regex = regex.filter(|_| wanted);
            if own && regex.is_none() {
                return Ok((Goal::Port(listening(port)), what));
            }
            Ok((Goal::Through(host, port, regex), what))
        }
    }
}

/// The groups of the first occurrence.
fn groups(pattern: &Pattern, text: &str) -> Option<Match> {
    let found = pattern.first(text)?;
    let value = |group: Option<fancy_regex::Match<'_>>| json!(group.map(|group| group.as_str()));
    let groups = (1..found.len()).map(|index| value(found.get(index))).collect();
    let names = pattern.names().map(|name| (name.to_owned(), value(found.name(name))));
    Some(Match { groups, named: names.collect() })
}

/// A test for a listener that 127.0.0.1 reaches: its address is that, or any, in IPv4 or IPv6.
fn listening(port: u16) -> String {
    let any = "00000000|0100007F|7F000001|00000000000000000000000000000000\
               |0000000000000000FFFF00000100007F";
    format!(
        "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -Eq ' ({any}):{port:04X} [0-9A-F]+:0000 0A '"
    )
}
