//! One run per cluster at a time: a lock on the control-plane and etcd hosts.
//!
//! The lock is a file that says who holds it, put in place with `ln`: that is atomic, and unlike a
//! directory that is filled later it is never there without its holder's name.

use super::services::Hosts;
use crate::transport::{Command, Input, RunAs, TransportError, quote};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Where the lock is on each host.
pub const PATH: &str = "/var/lib/rrecover/lock";

/// Locking is a few file operations: a host that takes longer is not well.
const DEADLINE: Duration = Duration::from_secs(20);

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The run's id.
    pub run: String,
    /// The operator's login name.
    pub owner: String,
    /// The machine that the run is on.
    pub machine: String,
    /// The process on that machine.
    pub pid: u32,
    /// Since when, RFC 3339, UTC.
    pub since: String,
}

impl Holder {
    /// This process, for a run that begins now.
    pub fn this_process(run: &str) -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        Self {
            run: run.to_owned(),
            owner: login_name(),
            // Names repeat and process numbers begin anew: the boot tells them apart.
            machine: format!(
                "{} (boot {:.8})",
                read("/proc/sys/kernel/hostname"),
                read("/proc/sys/kernel/random/boot_id")
            ),
            pid: std::process::id(),
            since: jiff::Timestamp::now().to_string(),
        }
    }
}

/// Cron jobs and containers have no `USER`.
fn login_name() -> String {
    let named = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let uid = rustix::process::getuid().as_raw();
    named.filter(|name| !name.is_empty()).unwrap_or_else(|| format!("uid {uid}"))
}

/// Why the cluster is not ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Another run holds it.
    #[error(
        "`{host}` is locked by run {} of `{}` on `{}` (process {}) since {}",
        .holder.run, .holder.owner, .holder.machine, .holder.pid, .holder.since
    )]
    Held {
        /// The host that says so.
        host: String,
        /// Who holds it.
        holder: Box<Holder>,
    },
    /// What is there cannot be read as a lock.
    #[error("`{host}`: `{PATH}` is no lock that can be read: {text}")]
    Unreadable {
        /// The host.
        host: String,
        /// What stands there.
        text: String,
    },
    /// No host could be locked at all.
    #[error("no host could be locked: {0}")]
    NoHost(String),
}

/// The lock of a cluster, held. [`Lock::release`] gives it back.
#[must_use = "a lock that is not released keeps the next run out"]
pub struct Lock {
    hosts: Arc<dyn Hosts>,
    holder: Holder,
    locked: Vec<String>,
    default: RunAs,
    /// What the operator should know: hosts that could not be locked, stale locks that were taken.
    pub notices: Vec<String>,
}

impl std::fmt::Debug for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lock").field("locked", &self.locked).finish_non_exhaustive()
    }
}

/// What came of one host.
enum Answer {
    Taken(Option<String>),
    Refused(LockError),
    NotThere(String),
}

impl Lock {
    /// Locks every host that can be reached, or none: when one is held by another run, what was
    /// taken is given back. A lock whose process is gone from this machine is stale and is taken
    /// with a notice; with `take_over` any lock is. Hosts that are off cannot be locked and only
    /// make a notice: they are what a recovery is for.
    pub async fn acquire(
        hosts: Arc<dyn Hosts>,
        names: &[String],
        holder: Holder,
        default: RunAs,
        take_over: bool,
    ) -> Result<Self, LockError> {
        let mut lock = Self { hosts, holder, locked: Vec::new(), default, notices: Vec::new() };
        let answers = join_all(names.iter().map(|host| lock.take(host, take_over))).await;
        let mut refused = None;
        for (host, answer) in names.iter().zip(answers) {
            match answer {
                Answer::Taken(notice) => {
                    lock.locked.push(host.clone());
                    lock.notices.extend(notice);
                }
                Answer::NotThere(why) => lock.notices.push(format!("not locked: {why}")),
                Answer::Refused(error) => refused = refused.or(Some(error)),
            }
        }
        if refused.is_none() && lock.locked.is_empty() {
            refused = Some(LockError::NoHost(lock.notices.join("; ")));
        }
        match refused {
            None => Ok(lock),
            Some(error) => {
                lock.release().await;
                Err(error)
            }
        }
    }

    /// The hosts that are locked.
    pub fn hosts(&self) -> &[String] {
        &self.locked
    }

    /// Gives the lock back and tells which hosts still have it, with the reason.
    pub async fn release(self) -> Vec<String> {
        let script = format!(
            "if grep -Fq {} {PATH} 2>/dev/null; then rm -f {PATH}; fi",
            quote(&format!("\"run\":\"{}\"", self.holder.run))
        );
        let give = |host: &String| {
            let (host, script) = (host.clone(), script.clone());
            let sent = self.send_to(host.clone(), script, Input::Empty);
            async move {
                match sent.await {
                    Ok((0, _)) => None,
                    Ok((rc, text)) => Some(format!("`{host}` stays locked: rc {rc}: {text}")),
                    Err(error) => Some(format!("`{host}` stays locked: {error}")),
                }
            }
        };
        join_all(self.locked.iter().map(give)).await.into_iter().flatten().collect()
    }

    async fn take(&self, host: &str, take_over: bool) -> Answer {
        let mut notice = None;
        // Twice: once to see who holds it, once more when that lock may be taken.
        let mut expected: Option<String> = None;
        for _ in 0..3 {
            let text = match self.try_once(host, expected.as_deref()).await {
                Ok(None) => return Answer::Taken(notice),
                Ok(Some(text)) => text,
                Err(why) => return Answer::NotThere(why),
            };
            match self.may_take(host, &text, take_over) {
                Err(error) => return Answer::Refused(error),
                Ok(message) => notice = message,
            }
            expected = Some(text);
        }
        let text = "it changes hands while it is looked at".to_owned();
        Answer::Refused(LockError::Unreadable { host: host.to_owned(), text })
    }

    /// Whether a lock that is there may be taken, and what to say about it.
    fn may_take(
        &self,
        host: &str,
        text: &str,
        take_over: bool,
    ) -> Result<Option<String>, LockError> {
        let Ok(holder) = serde_json::from_str::<Holder>(text) else {
            let (host, text) = (host.to_owned(), text.to_owned());
            if take_over {
                return Ok(Some(format!("`{host}`: a lock that cannot be read was taken over")));
            }
            return Err(LockError::Unreadable { host, text });
        };
        if holder == self.holder {
            return Ok(None);
        }
        let of = format!("run {} of `{}` since {}", holder.run, holder.owner, holder.since);
        if holder.machine == self.holder.machine && !is_alive(holder.pid) {
            return Ok(Some(format!("`{host}`: the lock of {of} was stale: its process is gone")));
        }
        if take_over {
            return Ok(Some(format!("`{host}`: the lock of {of} was taken over")));
        }
        Err(LockError::Held { host: host.to_owned(), holder: Box::new(holder) })
    }

    /// `None` when the lock is ours now, else what stands in the one that is there. One that
    /// reads `expected` is put aside first.
    async fn try_once(&self, host: &str, expected: Option<&str>) -> Result<Option<String>, String> {
        let info = serde_json::to_string(&self.holder).map_err(|error| error.to_string())?;
        let script = script(&self.holder.run, expected);
        let sent = self.send_to(host.to_owned(), script, Input::Bytes(info.into())).await;
        match sent {
            Ok((0, _)) => Ok(None),
            Ok((HELD, text)) => Ok(Some(text)),
            Ok((rc, text)) => Err(format!("`{host}`: rc {rc}: {text}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The exit code, and what was said.
    async fn send_to(
        &self,
        host: String,
        script: String,
        stdin: Input,
    ) -> Result<(i32, String), TransportError> {
        let connection = self.hosts.connect(&host).await?;
        let run_as = self.hosts.run_as(&host).or_else(|| Some(self.default.clone()));
        let command = Command::new(script).stdin(stdin).run_as(run_as).deadline(DEADLINE);
        let output = connection.run(command).await?;
        let text = if output.rc == HELD { output.stdout_text() } else { output.stderr_text() };
        Ok((output.rc, text.trim().to_owned()))
    }
}

/// The script's exit code when another lock is there.
const HELD: i32 = 75;

/// Writes the holder beside the lock and links it in. A stale lock is moved aside first, and moved
/// back when it turns out to be another one than was judged.
fn script(run: &str, expected: Option<&str>) -> String {
    let directory = PATH.trim_end_matches("/lock");
    let mut script = format!(
        "umask 077\nmkdir -p {directory} || exit\nmine={PATH}.{run}\n\
         trap 'rm -f \"$mine\" \"$mine.old\"' EXIT\ncat > \"$mine\" || exit\n\
         sync \"$mine\" 2>/dev/null || sync\n\
         if [ -d {PATH} ]; then echo 'it is a directory'; exit {HELD}; fi\n"
    );
    if let Some(expected) = expected {
        script.push_str(&format!(
            "if [ \"$(cat {PATH} 2>/dev/null)\" = {0} ] && mv {PATH} \"$mine.old\"; then\n\
             if [ \"$(cat \"$mine.old\")\" != {0} ]; then ln \"$mine.old\" {PATH}; fi\nfi\n",
            quote(expected)
        ));
    }
    script.push_str(&format!(
        "if ln \"$mine\" {PATH} 2>/dev/null; then exit 0; fi\ncat {PATH}\nexit {HELD}\n"
    ));
    script
}

/// Whether a process of this machine is there. `/proc` may hide those of other users (hidepid), so
/// it is asked by a signal that is not sent: only "no such process" is a no. One that ended and that
/// nobody has waited for still takes signals: its state tells.
fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    !matches!(state, Some('Z' | 'X'))
        && pid.is_some_and(|pid| {
            rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

    #[test]
    fn a_process_that_ended_is_dead_before_anybody_waits_for_it() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = WaitId::Pid(Pid::from_child(&child));
        waitid(pid, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
        assert!(!is_alive(child.id()));
        child.wait().unwrap();
    }

    #[test]
    fn only_a_process_that_is_not_there_is_dead() {
        assert!(is_alive(std::process::id()));
        assert!(is_alive(1), "another user's process is alive too");
        assert!(!is_alive(5_000_000), "above the kernel's limit");
        assert!(!is_alive(0) && !is_alive(u32::MAX), "no process has these numbers");
    }
}
