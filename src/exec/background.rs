//! `async`: a command that goes on by itself on its host.
//!
//! The command is started in a session of its own, with what it reads and writes in a directory of
//! `~/.ansible_async`, so that it outlives the connection. `poll` looks at it until it ended; with
//! `poll: 0` the task ends at once, and `async_status` looks later.

use crate::modules::{Outcome, job_dir};
use crate::transport::{BoxStream, Command, Connection, Output, RunAs, TransportError, quote};
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Seconds between two looks when the task does not say.
pub(super) const POLL: f64 = 15.0;

/// How long starting and looking may take.
const SHORT: Duration = Duration::from_secs(60);

/// What `async` and `poll` ask for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limits {
    /// How long the command may run.
    pub(super) most: Duration,
    /// Between two looks; `None` does not wait.
    pub(super) poll: Option<Duration>,
}

/// A connection whose command runs in the background.
#[derive(Debug)]
pub(super) struct Background {
    inner: Arc<dyn Connection>,
    limits: Limits,
    job: String,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unused,
    Started,
    Ended,
    TooLong,
}

impl Background {
    pub(super) fn new(inner: Arc<dyn Connection>, limits: Limits, job: String) -> Self {
        Self { inner, limits, job, state: Mutex::new(State::Unused) }
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Completes what the module made of the output.
    pub(super) fn complete(&self, outcome: Outcome) -> Outcome {
        let state = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let job = self.job.as_str();
        match state {
            State::Unused => outcome,
            State::Ended => {
                outcome.with("ansible_job_id", job).with("started", true).with("finished", true)
            }
            State::Started => Outcome::changed("")
                .with("ansible_job_id", job)
                .with("results_file", format!("~/.ansible_async/{job}"))
                .with("started", true)
                .with("finished", false),
            State::TooLong => {
                let seconds = self.limits.most.as_secs();
                let msg =
                    format!("async task did not complete within the requested time - {seconds}s");
                Outcome { failed: true, msg, ..Outcome::default() }.with("ansible_job_id", job)
            }
        }
    }

    async fn look(&self, script: String, run_as: Option<RunAs>) -> Result<Output, TransportError> {
        self.inner.run(Command::new(script).run_as(run_as).deadline(SHORT)).await
    }
}

#[async_trait]
impl Connection for Background {
    fn host(&self) -> &str {
        self.inner.host()
    }

    async fn run(&self, command: Command) -> Result<Output, TransportError> {
        let run_as = command.run_as.clone();
        let start = Command::new(starter(&self.job, &command.script, self.limits.most))
            .run_as(run_as.clone())
            .stdin(command.stdin)
            .deadline(SHORT);
        let started = self.inner.run(start).await?;
        if !started.success() {
            return Ok(started);
        }
        self.set(State::Started);
        let Some(poll) = self.limits.poll else { return Ok(Output::default()) };
        let end = Instant::now() + self.limits.most + Duration::from_secs(1);
        loop {
            tokio::time::sleep(poll.min(end.saturating_duration_since(Instant::now()))).await;
            let rc = self
                .look(format!("cat {}/rc 2>/dev/null", job_dir(&self.job)), run_as.clone())
                .await?;
            if let Ok(rc) = rc.stdout_text().trim().parse() {
                let taken = self
                    .look(
                        format!("cat {0}/out; cat {0}/err >&2; rm -rf {0}", job_dir(&self.job)),
                        run_as,
                    )
                    .await?;
                // The job's own wrapper says so when it had to end it.
                self.set(if rc == TOO_LONG { State::TooLong } else { State::Ended });
                return Ok(Output { rc, ..taken });
            }
            if Instant::now() >= end {
                self.set(State::TooLong);
                return Ok(Output::default());
            }
        }
    }

    async fn open_tcp(&self, address: &str, port: u16) -> Result<BoxStream, TransportError> {
        self.inner.open_tcp(address, port).await
    }
}

/// What a job leaves as its exit code when it was ended for taking too long.
const TOO_LONG: i32 = -1;

/// Starts a job: what it reads is kept first, then it goes on without us.
fn starter(job: &str, script: &str, most: Duration) -> String {
    let job_dir = job_dir(job);
    let seconds = most.as_secs().max(1);
    // `kill` with `--` is a mistake to some shells. Where there is no `setsid` there is no group of
    // the job's own, and its command is ended alone.
    let inside = format!(
        "cd \"$HOME\" || cd /
sh -c {script} <\"$d/in\" >\"$d/out\" 2>\"$d/err\" & p=$!
( sleep {seconds} & s=$!
trap 'kill $s; exit' TERM
wait $s
echo {TOO_LONG} >\"$d/late\" && mv \"$d/late\" \"$d/rc\"
kill -KILL -$$ || kill -KILL $p ) >/dev/null 2>&1 & w=$!
wait $p; rc=$?
echo $rc >\"$d/rc.part\" && mv \"$d/rc.part\" \"$d/rc\"
kill $w",
        script = quote(script),
    );
    format!(
        "umask 077
d={job_dir}
mkdir -p \"$d\" && cat >\"$d/in\" || exit
export d
if command -v setsid >/dev/null 2>&1; then s=setsid; else s=; fi
nohup $s sh -c {inside} >/dev/null 2>&1 </dev/null &",
        inside = quote(&inside),
    )
}
