//! One item of a task on one host: prepared, tried until it is as wanted, judged.

use super::cancel::Level;
use super::journaled::{Journaled, JournaledPeers};
use super::keywords::all_hold;
use super::result::{End, Tried, failed, registered};
use super::step::HostTask;
use super::variables::{TaskTemplates, explained};
use crate::event::{Event, Status};
use crate::journal::{Record, Step};
use crate::modules::{Args, Context, Outcome};
use crate::template::Scope;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One item, ready to be sent.
pub(super) struct Attempt<'a> {
    pub(super) task: &'a HostTask<'a>,
    pub(super) scope: Scope,
    pub(super) item: Option<usize>,
    context: Context,
    args: Args,
    tries: u32,
    delay: Duration,
    no_log: bool,
}

impl<'a> Attempt<'a> {
    /// Renders all that the task needs, strictly.
    pub(super) fn prepare(
        task: &'a HostTask<'a>,
        scope: Scope,
        item: Option<usize>,
    ) -> Result<Self, String> {
        let (keyed, services, options) = (task.keyed, task.services, task.options);
        let target = keyed.delegate(&scope)?.unwrap_or_else(|| task.host.to_owned());
        let args = scope.render_map(&keyed.task.args).map_err(|error| explained(&error))?;
        let args = task.checked(args)?;
        let (tries, delay) = keyed.tries(&scope)?;
        let inventory = services.hosts.run_as(&target);
        let hosts = Arc::clone(&services.hosts);
        let journal = services.journal.clone();
        let context = Context {
            run_as: keyed.run_as(&scope, inventory, &options.run_as)?,
            connection: Arc::new(Journaled::new(&target, Arc::clone(&hosts), journal.clone())),
            peers: Arc::new(JournaledPeers { hosts, journal, run_as: options.run_as.clone() }),
            templates: Arc::new(TaskTemplates(scope.clone())),
            check: keyed.check(&scope, options.check)?,
            diff: keyed.diff(&scope, options.diff)?,
            deadline: keyed.timeout(&scope)?,
            environment: keyed.environment(&scope)?,
            run_id: options.run_id.clone(),
            run_dir: options.run_dir.clone(),
            search_path: search_path(task),
        };
        let no_log = keyed.no_log(&scope)?;
        Ok(Self { task, scope, item, context, args, tries, delay, no_log })
    }

    /// Tries until the result is as wanted; `None` when the run ends before it began.
    pub(super) async fn run(&self) -> Option<End> {
        let cancel = &self.task.services.cancel;
        let mut last = None;
        for number in 1..=self.tries {
            if cancel.is_asked() {
                return last;
            }
            let (end, wanted) = self.once(number).await;
            let over = !matches!(end.status, Status::Ok | Status::Changed | Status::Failed);
            if wanted || over {
                return Some(end);
            }
            last = Some(end);
            if number < self.tries {
                self.say_retry(number);
                tokio::select! {
                    () = tokio::time::sleep(self.delay) => {}
                    () = cancel.reached(Level::Finish) => {}
                }
            }
        }
        last
    }

    /// One try, with its records, and whether it is as wanted.
    async fn once(&self, number: u32) -> (End, bool) {
        let step = Step {
            id: self.task.planned.id.clone(),
            host: self.task.host.to_owned(),
            item: self.item,
            attempt: number,
        };
        if let Err(why) = self.record(Record::StepStarted { step: step.clone() }) {
            return (End::failed(why), true);
        }
        let began = Instant::now();
        let module = self.task.module.run(&self.context, &self.args);
        let tried = tokio::select! {
            result = module => Tried::of(result),
            () = self.task.services.cancel.reached(Level::Drop) => {
                Tried::Unknown("it was let go of while it ran".to_owned())
            }
        };
        let (end, wanted) = match tried {
            Tried::Unreachable(why) => (End::lost(Status::Unreachable, why), true),
            Tried::Unknown(why) => (End::lost(Status::Unknown, why), true),
            Tried::Ended(outcome) => self.judge(outcome, number),
        };
        match self.record(self.finished(step, &end, began)) {
            Ok(()) => (end, wanted),
            Err(why) => (End::failed(why), true),
        }
    }

    fn finished(&self, step: Step, end: &End, began: Instant) -> Record {
        let no_log = self.no_log;
        Record::StepFinished {
            step,
            status: end.status,
            rc: end.outcome.rc,
            msg: if no_log { String::new() } else { end.outcome.msg.clone() },
            result: (!no_log).then(|| Value::Object(end.registered.clone())),
            duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn record(&self, record: Record) -> Result<(), String> {
        let Some(journal) = &self.task.services.journal else { return Ok(()) };
        journal.append(record).map_err(|error| error.to_string())
    }

    /// Applies `changed_when`, `failed_when` and `until`.
    fn judge(&self, mut outcome: Outcome, number: u32) -> (End, bool) {
        let task = self.task.keyed.task;
        let mut map = registered(&outcome);
        if task.until.is_empty() && task.retries.is_none() {
            // No `attempts` then, as in Ansible.
        } else {
            map.insert("attempts".into(), json!(number));
        }
        if outcome.skipped {
            return (End::ended(outcome, map), true);
        }
        if let Err(why) = self.apply_conditions(&mut outcome, &mut map) {
            return (End::failed(why), true);
        }
        let wanted = if task.until.is_empty() {
            !outcome.failed
        } else {
            match all_hold(&self.with_result(&map), &task.until) {
                Ok(holds) => holds.is_ok(),
                Err(why) => return (End::failed(why), true),
            }
        };
        if !wanted && number == self.tries && !task.until.is_empty() {
            outcome.failed = true;
            map.insert("failed".into(), json!(true));
            if outcome.msg.is_empty() {
                outcome.msg = format!("not as wanted after {number} tries");
                map.insert("msg".into(), json!(outcome.msg));
            }
        }
        (End::ended(outcome, map), wanted)
    }

    fn apply_conditions(
        &self,
        outcome: &mut Outcome,
        map: &mut Map<String, Value>,
    ) -> Result<(), String> {
        let task = self.task.keyed.task;
        if !task.changed_when.is_empty() {
            outcome.changed = all_hold(&self.with_result(map), &task.changed_when)?.is_ok();
            map.insert("changed".into(), json!(outcome.changed));
        }
        if !task.failed_when.is_empty() {
            outcome.failed = all_hold(&self.with_result(map), &task.failed_when)?.is_ok();
            map.insert("failed".into(), json!(outcome.failed));
            map.insert("failed_when_result".into(), json!(outcome.failed));
        }
        Ok(())
    }

    /// The variables with the result under its `register` name.
    fn with_result(&self, result: &Map<String, Value>) -> Scope {
        match &self.task.keyed.task.register {
            Some(name) => self.scope.with(name, Value::Object(result.clone())),
            None => self.scope.clone(),
        }
    }

    fn say_retry(&self, number: u32) {
        let (planned, host) = (self.task.planned, self.task.host);
        let left = self.tries - number;
        let message = format!("`{host}`: {}: not yet, {left} more tries", planned.name);
        self.task.services.events.send(Event::Notice { message });
    }
}

/// Relative paths start from the file that the task stands in.
fn search_path(task: &HostTask<'_>) -> Vec<PathBuf> {
    let own = task.keyed.task.directory.iter();
    own.chain(&task.options.search_path).cloned().collect()
}

/// A step that could not be prepared.
pub(super) fn unprepared(why: String) -> End {
    let outcome = failed(why);
    let map = registered(&outcome);
    End::ended(outcome, map)
}
