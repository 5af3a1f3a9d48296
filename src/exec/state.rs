//! What a run and a batch of hosts keep in mind. Hosts of a free play share it.

use super::outcome::RunOutcome;
use super::result::End;
use super::services::{Options, Services};
use super::variables::Learned;
use crate::event::{Event, Status};
use crate::journal::Record;
use crate::plan::PlannedTask;
use crate::playbook::Role;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One run: its means, and how it stands.
pub(super) struct Run {
    pub(super) services: Services,
    pub(super) options: Options,
    pub(super) learned: Arc<Learned>,
    outcome: Mutex<RunOutcome>,
    /// Hosts that take no further part: they failed, could not be reached, or fell with others.
    out: Mutex<HashSet<String>>,
    /// How often each step began on each host.
    begun: Mutex<HashMap<(String, String), usize>>,
}

impl Run {
    pub(super) fn new(services: Services, options: Options) -> Self {
        Self {
            services,
            options,
            learned: Arc::default(),
            outcome: Mutex::default(),
            out: Mutex::default(),
            begun: Mutex::default(),
        }
    }

    pub(super) fn outcome(&self) -> MutexGuard<'_, RunOutcome> {
        locked(&self.outcome)
    }

    /// Whether nothing more may be started.
    pub(super) fn is_over(&self) -> bool {
        let outcome = self.outcome();
        self.services.cancel.is_asked() || !outcome.unknown.is_empty() || outcome.stopped.is_some()
    }

    /// Starts nothing more.
    pub(super) fn stop(&self, why: &str) {
        self.notice(&format!("the run stops: {why}"));
        self.outcome().stopped.get_or_insert_with(|| why.to_owned());
    }

    pub(super) fn notice(&self, message: &str) {
        let message = self.services.redactor.clean(message);
        if let Some(journal) = &self.services.journal {
            // The screen shows it in any case, and the next step finds a journal that is broken.
            let _ = journal.append(Record::Notice { message: message.clone() });
        }
        self.services.events.send(Event::Notice { message });
    }

    /// Whether the host still takes part.
    pub(super) fn is_left(&self, host: &str) -> bool {
        !locked(&self.out).contains(host)
    }

    /// The host takes no further part.
    pub(super) fn drop_host(&self, host: &str) {
        locked(&self.out).insert(host.to_owned());
    }

    /// The hosts take part again, whatever happened.
    pub(super) fn readmit(&self, hosts: &[String]) {
        locked(&self.out).retain(|out| !hosts.contains(out));
        let mut outcome = self.outcome();
        outcome.failed.retain(|failed| !hosts.contains(failed));
        outcome.unreachable.retain(|off| !hosts.contains(off));
    }

    /// The step's id for one more beginning on a host: what runs again is another step.
    pub(super) fn step_id(&self, id: &str, host: &str) -> String {
        let mut begun = locked(&self.begun);
        let times = begun.entry((id.to_owned(), host.to_owned())).or_default();
        *times += 1;
        if *times == 1 { id.to_owned() } else { format!("{id}+{times}") }
    }

    /// Counts how a task ended on a host. A failure that a `rescue` deals with is none.
    pub(super) fn count(&self, planned: &PlannedTask, host: &str, end: &End, rescuing: bool) {
        let mut outcome = self.outcome();
        let stats = outcome.stats.entry(host.to_owned()).or_default();
        match end.status {
            Status::Ok => stats.ok += 1,
            Status::Changed => {
                stats.ok += 1;
                stats.changed += 1;
            }
            Status::Skipped => stats.skipped += 1,
            Status::Failed | Status::Unreachable if end.ignored => {
                stats.ok += 1;
                stats.ignored += 1;
                stats.changed += u32::from(end.changed);
            }
            Status::Failed if rescuing => stats.rescued += 1,
            Status::Failed => {
                stats.failures += 1;
                once_each(&mut outcome.failed, host);
            }
            Status::Unreachable => {
                stats.unreachable += 1;
                once_each(&mut outcome.unreachable, host);
            }
            Status::Unknown => {
                stats.failures += 1;
                let why = &end.outcome.msg;
                outcome.unknown.push(format!("`{}` on `{host}`: {why}", planned.name));
            }
        }
    }
}

pub(super) fn once_each(list: &mut Vec<String>, host: &str) {
    if !list.iter().any(|known| known == host) {
        list.push(host.to_owned());
    }
}

/// What a batch of hosts keeps in mind for the length of its play.
#[derive(Default)]
pub(super) struct BatchState {
    /// Hosts for which the play is over: it was ended, or they cannot be reached.
    pub(super) ended: HashSet<String>,
    /// Hosts that failed, as `ansible_play_hosts` leaves them out.
    pub(super) failed: HashSet<String>,
    /// Hosts whose failures were forgotten.
    pub(super) cleared: HashSet<String>,
    /// Hosts that fell with one on which a task ran for all: as in Ansible they are past the
    /// `rescue` around it, or the `always` where there is none.
    pub(super) swept: HashSet<String>,
    /// Hosts that leave their role at its end.
    pub(super) leaving_role: HashSet<String>,
    /// Roles by identity and host: whether a task of it ran, and whether it came to its end.
    pub(super) roles: HashMap<(String, String), RoleState>,
    /// What hosts notified and is not looked up yet.
    pub(super) notified: HashMap<String, Vec<String>>,
    /// Handlers by their place, with the hosts for which they are to run.
    pub(super) due: HashMap<usize, HashSet<String>>,
    /// Every handler of the play, those that includes brought at the end.
    pub(super) handlers: Vec<Arc<PlannedTask>>,
    /// Roles that became public.
    pub(super) published: Vec<Arc<Role>>,
    /// Whether the play is over after this batch.
    pub(super) end_play: bool,
    /// Why all hosts of the batch failed together.
    pub(super) fatal: Option<String>,
}

/// How far a role came on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RoleState {
    /// A task of it ran.
    Begun,
    /// It came to its end.
    Done,
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
