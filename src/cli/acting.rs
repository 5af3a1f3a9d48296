//! The part of a run that changes something: its journal, its lock, its runner.

use super::cycle::Cycle;
use super::reach::Reach;
use super::runs;
use super::screen::Screen;
use crate::cluster::decision::Decision;
use crate::error::{Failure, Kind};
use crate::event::{Event, VERSION};
use crate::exec::lock::{Holder, Lock, LockError};
use crate::exec::{Cancel, EventSink, Level, Options, RunOutcome, Runner, Services};
use crate::journal::{Invocation, Journal, JournalError, Record, clean_arguments, clean_variables};
use crate::plan::{Plan, view};
use crate::redact::Redactor;
use crate::transport::{Pool, RunAs};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a run begins with.
pub(super) struct Begin<'b> {
    /// What was loaded.
    pub cycle: &'b Cycle,
    /// The way to the hosts.
    pub pool: &'b Arc<Pool>,
    /// The hosts that hold the lock.
    pub lock_hosts: Vec<String>,
    /// What was decided, when the run rests on a decision.
    pub known: Option<&'b Decision>,
}

/// A run that changes something, or looks as if it did under check mode.
pub(super) struct Acting {
    runner: Runner,
    journal: Option<Arc<Journal>>,
    lock: Option<Lock>,
    events: Arc<dyn EventSink>,
    variables: Arc<super::variables::Current>,
    outcome: RunOutcome,
    run_id: String,
}

impl Acting {
    /// Takes the lock, begins the journal. Under check mode neither is written.
    pub(super) async fn begin(begin: Begin<'_>) -> Result<Self, Failure> {
        let Begin { cycle, pool, lock_hosts, known } = begin;
        let run_id = cycle.session.run_id.clone();
        let redactor = Arc::new(cycle.session.redactor.clone());
        let check = cycle.say.check;
        let journal = if check { None } else { Some(Arc::new(journal(cycle, &redactor)?)) };
        let lock = if check || lock_hosts.is_empty() {
            None
        } else {
            Some(lock(&cycle.screen, pool, &lock_hosts, &run_id, cycle.say.take_over).await?)
        };
        let run_dir =
            journal.as_ref().map_or_else(PathBuf::new, |journal| journal.directory().to_owned());
        let reach = Arc::new(Reach::new(
            Arc::clone(pool),
            cycle.session.targets(),
            cycle.session.redactor.clone(),
        ));
        let variables = super::variables::Current::new(cycle.known(known)?, Arc::clone(&reach));
        let variables = Arc::new(variables);
        let cancel = Cancel::default();
        tokio::spawn(listen(cancel.clone(), Arc::clone(&cycle.screen) as Arc<_>));
        let services = Services {
            hosts: reach,
            variables: Arc::clone(&variables) as Arc<_>,
            journal: journal.clone(),
            events: Arc::clone(&cycle.screen) as Arc<_>,
            redactor,
            cancel,
        };
        let options = Options {
            run_id: run_id.clone(),
            check,
            diff: cycle.say.diff,
            forks: cycle.forks,
            stop_on_failure: known.is_some(),
            run_as: RunAs { password: cycle.session.become_password(), ..RunAs::default() },
            user: cycle.session.user(),
            run_dir,
        };
        cycle.screen.send(Event::RunStarted {
            version: VERSION,
            run: run_id.clone(),
            playbooks: cycle.selection.playbooks.clone(),
            check,
        });
        Ok(Self {
            runner: Runner::new(services, options),
            journal,
            lock,
            events: Arc::clone(&cycle.screen) as Arc<dyn EventSink>,
            variables,
            outcome: RunOutcome::default(),
            run_id,
        })
    }

    /// Writes down what was decided; what follows reads it as `cluster`.
    pub(super) fn decided(&self, decision: &Decision) -> Result<(), Failure> {
        self.variables.decided(super::cycle::cluster(decision));
        match &self.journal {
            Some(journal) => {
                journal.append(Record::Decided { decision: json!(decision) }).map_err(unwritable)
            }
            None => Ok(()),
        }
    }

    /// Runs a plan; its hash is in the journal before its first step.
    pub(super) async fn run(&mut self, plan: &Plan) -> Result<RunOutcome, Failure> {
        if let Some(journal) = &self.journal {
            journal.plan(&view(plan)).map_err(unwritable)?;
        }
        self.outcome = self.runner.run(plan).await;
        Ok(self.outcome.clone())
    }

    /// How the run stands.
    pub(super) fn outcome(&self) -> RunOutcome {
        self.outcome.clone()
    }

    /// Writes a verification down.
    pub(super) fn note(&self, event: &Event) {
        if let (Some(journal), Event::Verified { holds, findings }) = (&self.journal, event) {
            // A journal that cannot be written any more does not undo what holds.
            let _ = journal.append(Record::Verified { holds: *holds, findings: findings.clone() });
        }
    }

    /// Lets go of the lock and ends the journal.
    pub(super) async fn finish(mut self, outcome: &RunOutcome, code: u8) -> Result<u8, Failure> {
        if outcome.unknown.is_empty() {
            self.unlock().await;
        } else if self.lock.is_some() {
            let message =
                "the lock stays: a step whose outcome is not known may still run".to_owned();
            self.events.send(Event::Notice { message });
        }
        if let Some(journal) = &self.journal {
            let end = Record::RunFinished { stats: outcome.stats.clone(), exit_code: code };
            journal.append(end).map_err(unwritable)?;
            journal.sync().await.map_err(unwritable)?;
        }
        self.events.send(Event::RunFinished { stats: outcome.stats.clone(), exit_code: code });
        if outcome.failure().is_some() && self.journal.is_some() {
            let message = format!(
                "`rrecover runs show {}` has every step; the same command again looks at what is \
                 there now and goes on",
                self.run_id
            );
            self.events.send(Event::Notice { message });
        }
        Ok(code)
    }

    /// Ends a run that cannot go on.
    pub(super) async fn abandon(mut self, failure: &Failure) {
        self.unlock().await;
        let exit_code = failure.kind.exit_code();
        if let Some(journal) = &self.journal {
            let stats = self.outcome.stats.clone();
            // The failure itself is what is reported.
            let _ = journal.append(Record::Notice { message: failure.message.clone() });
            let _ = journal.append(Record::RunFinished { stats, exit_code });
        }
        self.events.send(Event::RunFinished { stats: self.outcome.stats.clone(), exit_code });
    }

    async fn unlock(&mut self) {
        if let Some(lock) = self.lock.take() {
            for left in lock.release().await {
                self.events.send(Event::Notice { message: left });
            }
        }
    }
}

/// One run per cluster at a time. Hosts that are off are what a recovery is for: they only make a
/// note.
async fn lock(
    screen: &Screen,
    pool: &Arc<Pool>,
    hosts: &[String],
    run_id: &str,
    take_over: bool,
) -> Result<Lock, Failure> {
    let root = RunAs::default();
    let pool = Arc::clone(pool) as Arc<_>;
    let lock = Lock::acquire(pool, hosts, Holder::this_process(run_id), root, take_over)
        .await
        .map_err(|error| locked(&error))?;
    for notice in &lock.notices {
        screen.send(Event::Notice { message: notice.clone() });
    }
    Ok(lock)
}

fn locked(error: &LockError) -> Failure {
    let way_out = match error {
        LockError::NoHost(_) => "mend access to the hosts, then run again",
        _ => "wait for that run, or say `--take-over` when it is certainly dead",
    };
    Failure::new(Kind::Refused, error.to_string()).hint("nothing was changed").hint(way_out)
}

/// The journal of this run; a run that was cut off goes on in its own.
fn journal(cycle: &Cycle, redactor: &Arc<Redactor>) -> Result<Journal, Failure> {
    let root = runs::directory()?;
    let run = &cycle.session.run_id;
    let own: PathBuf = root.join(run);
    if own.join(crate::journal::FILE).is_file() {
        return Journal::resume(&own, Arc::clone(redactor))
            .map(|(journal, _)| journal)
            .map_err(unwritable);
    }
    let arguments: Vec<String> = std::env::args().collect();
    let variables = cycle.session.inventory.extra_vars();
    let variables =
        variables.iter().map(|(name, variable)| (name.clone(), variable.value.clone())).collect();
    let invocation = Invocation {
        run: run.clone(),
        arguments: clean_arguments(&arguments),
        directory: std::env::current_dir().unwrap_or_default().display().to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        user: std::env::var("USER").unwrap_or_default(),
        inventories: sources(cycle.session.inventory.sources()),
        playbooks: cycle.selection.playbooks.clone(),
        variables: clean_variables(&variables),
        check: false,
    };
    Journal::create(&root, &invocation, Arc::clone(redactor)).map_err(unwritable)
}

fn sources(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path: &PathBuf| Path::display(path).to_string()).collect()
}

/// Without a journal nothing is changed: it could not be finished after a crash.
fn unwritable(error: JournalError) -> Failure {
    Failure::new(Kind::Interrupted, "the run's journal cannot be written")
        .cause(error)
        .hint("no further step was begun; make room under XDG_STATE_HOME, then run again")
}

/// SIGINT once: finish what runs. Twice: let go.
async fn listen(cancel: Cancel, events: Arc<dyn EventSink>) {
    while tokio::signal::ctrl_c().await.is_ok() {
        let message = match cancel.escalate() {
            Level::Drop => "letting go of what runs; its outcome will not be known",
            _ => "finishing what runs, starting nothing more; once more lets go of it",
        };
        events.send(Event::Notice { message: message.to_owned() });
    }
}
