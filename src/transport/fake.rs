//! A host that exists in tests only: answers by what a script contains, remembers what was sent.
//!
//! Public, and not behind `cfg(test)`, because integration tests and the tests of other modules
//! script hosts with it; it reaches nothing and holds no secrets of its own.
//!
//! ```
//! # use rrecover::transport::{Command, Connection, fake::FakeConnection};
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! let host = FakeConnection::new("etcd1").on("systemctl stop", FakeConnection::says(""));
//! host.run(Command::new("systemctl stop etcd")).await.unwrap();
//! host.assert_sent("stop etcd");
//! host.assert_not_sent("rm ");
//! # });
//! ```

use super::{BoxStream, Command, Connection, Input, Output, RunAs, Sink, TransportError};
use async_trait::async_trait;
use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::net::TcpStream;

type Matcher = Box<dyn Fn(&Command) -> bool + Send + Sync>;
type Answer = Result<Output, TransportError>;

/// A command that a fake host was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The script.
    pub script: String,
    /// What it would have read, files included.
    pub stdin: Vec<u8>,
    /// As whom it would have run.
    pub run_as: Option<RunAs>,
}

struct Rule {
    matches: Matcher,
    /// The last answer is given again and again.
    answers: Mutex<VecDeque<Answer>>,
}

/// A host without a machine.
pub struct FakeConnection {
    host: String,
    rules: Vec<Rule>,
    otherwise: Answer,
    forward: Option<SocketAddr>,
    sent: Mutex<Vec<Sent>>,
}

impl fmt::Debug for FakeConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FakeConnection({})", self.host)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FakeConnection {
    /// A host that answers nothing it was not told to: exit code 127, and it says so.
    pub fn new(host: impl Into<String>) -> Self {
        let stderr = b"fake host: no rule matches this command\n".to_vec();
        Self {
            host: host.into(),
            rules: Vec::new(),
            otherwise: Ok(Output { rc: 127, stdout: Vec::new(), stderr }),
            forward: None,
            sent: Mutex::default(),
        }
    }

    /// A command that went well and printed `stdout`.
    pub fn says(stdout: impl Into<Vec<u8>>) -> Output {
        Output { rc: 0, stdout: stdout.into(), stderr: Vec::new() }
    }

    /// A command that exited with `rc` and printed `stderr`.
    pub fn fails(rc: i32, stderr: impl Into<Vec<u8>>) -> Output {
        Output { rc, stdout: Vec::new(), stderr: stderr.into() }
    }

    /// Answers scripts that contain `part`. Of several rules that match, the first one counts.
    #[must_use]
    pub fn on(self, part: impl Into<String>, answer: Output) -> Self {
        let part = part.into();
        self.on_command(move |command| command.script.contains(&part), vec![Ok(answer)])
    }

    /// As [`Self::on`], with an error in place of an answer.
    #[must_use]
    pub fn on_error(self, part: impl Into<String>, error: TransportError) -> Self {
        let part = part.into();
        self.on_command(move |command| command.script.contains(&part), vec![Err(error)])
    }

    /// As [`Self::on`], with one answer after the other; the last one stays.
    #[must_use]
    pub fn on_each(self, part: impl Into<String>, answers: Vec<Output>) -> Self {
        let part = part.into();
        let answers = answers.into_iter().map(Ok).collect();
        self.on_command(move |command| command.script.contains(&part), answers)
    }

    /// Answers commands for which `matches` holds, one answer after the other; the last one stays.
    #[must_use]
    pub fn on_command(
        mut self,
        matches: impl Fn(&Command) -> bool + Send + Sync + 'static,
        answers: Vec<Answer>,
    ) -> Self {
        let answers = Mutex::new(answers.into());
        self.rules.push(Rule { matches: Box::new(matches), answers });
        self
    }

    /// Answers whatever no rule matches.
    #[must_use]
    pub fn otherwise(mut self, answer: Answer) -> Self {
        self.otherwise = answer;
        self
    }

    /// Forwards every TCP stream to `address`, where the test listens.
    #[must_use]
    pub fn forwarding_to(mut self, address: SocketAddr) -> Self {
        self.forward = Some(address);
        self
    }

    /// Every command so far, in order.
    pub fn sent(&self) -> Vec<Sent> {
        lock(&self.sent).clone()
    }

    /// Whether a script with `part` in it was sent.
    pub fn was_sent(&self, part: &str) -> bool {
        lock(&self.sent).iter().any(|sent| sent.script.contains(part))
    }

    /// Holds a test to it that a script with `part` was sent.
    ///
    /// # Panics
    /// If none was; shows what was.
    #[track_caller]
    pub fn assert_sent(&self, part: &str) {
        assert!(self.was_sent(part), "{}: `{part}` was not sent, but:\n{}", self.host, self.log());
    }

    /// Holds a test to it that no script with `part` was sent.
    ///
    /// # Panics
    /// If one was.
    #[track_caller]
    pub fn assert_not_sent(&self, part: &str) {
        assert!(!self.was_sent(part), "{}: `{part}` was sent:\n{}", self.host, self.log());
    }

    fn log(&self) -> String {
        let scripts: Vec<_> = self.sent().into_iter().map(|sent| sent.script).collect();
        scripts.join("\n---\n")
    }

    fn answer(&self, command: &Command) -> Answer {
        let Some(rule) = self.rules.iter().find(|rule| (rule.matches)(command)) else {
            return self.otherwise.clone();
        };
        let mut answers = lock(&rule.answers);
        let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        next.unwrap_or_else(|| self.otherwise.clone())
    }
}

#[async_trait]
impl Connection for FakeConnection {
    fn host(&self) -> &str {
        &self.host
    }

    async fn run(&self, command: Command) -> Result<Output, TransportError> {
        let local = |path: &std::path::Path, error: &std::io::Error| TransportError::Local {
            what: format!("`{}`", path.display()),
            reason: error.to_string(),
        };
        let stdin = match &command.stdin {
            Input::Empty => Vec::new(),
            Input::Bytes(bytes) => bytes.to_vec(),
            Input::File(path) => std::fs::read(path).map_err(|error| local(path, &error))?,
        };
        let (script, run_as) = (command.script.clone(), command.run_as.clone());
        lock(&self.sent).push(Sent { script, stdin, run_as });
        let mut output = self.answer(&command)?;
        if let Sink::File(path) = &command.stdout {
            let stdout = std::mem::take(&mut output.stdout);
            std::fs::write(path, stdout).map_err(|error| local(path, &error))?;
        }
        Ok(output)
    }

    async fn open_tcp(&self, address: &str, port: u16) -> Result<BoxStream, TransportError> {
        let target = format!("{address}:{port}");
        let refused = |reason: String| TransportError::ForwardingRefused {
            host: self.host.clone(),
            target: target.clone(),
            reason,
        };
        let forward =
            self.forward.ok_or_else(|| refused("the fake host forwards nothing".into()))?;
        let stream =
            TcpStream::connect(forward).await.map_err(|error| refused(error.to_string()))?;
        Ok(Box::new(stream))
    }
}
