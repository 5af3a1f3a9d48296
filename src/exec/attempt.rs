//! One item of a task on one host: prepared, tried until it is as wanted, judged.

use super::background::Background;
use super::cancel::Level;
use super::growing::grow;
use super::journaled::{Journaled, JournaledPeers};
use super::keywords::all_hold;
use super::place::Place;
use super::result::{End, Tried, after, failed, registered};
use super::search::search_path;
use super::step::HostTask;
use super::variables::{TaskTemplates, explained};
use crate::event::{Event, Status};
use crate::journal::{Record, Step};
use crate::modules::{Args, Context, Outcome};
use crate::template::Scope;
use crate::transport::Connection;
use serde_json::{Map, Value, json};
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
    facts_of: Option<String>,
    background: Option<Arc<Background>>,
}

impl<'a> Attempt<'a> {
    /// Renders all that the task needs, strictly.
    pub(super) fn prepare(
        task: &'a HostTask<'a>,
        place: &Place,
        scope: Scope,
        item: Option<usize>,
    ) -> Result<Self, String> {
        let (keyed, services, options) = (task.keyed, task.services, task.options);
        let facts_of = Some(place.host.clone())
            .filter(|host| host != task.host && keyed.delegate_facts(&scope) == Ok(true));
        let args = scope.render_map(&keyed.task.args).map_err(|error| explained(&error))?;
        let args = task.checked(args)?;
        let (tries, delay) = keyed.tries(&scope)?;
        let way = place.way(task, &scope)?;
        let hosts = Arc::clone(&services.hosts);
        let journal = services.journal.clone();
        let check = keyed.check(&scope, options.check)?;
        let connection: Arc<dyn Connection> =
            Arc::new(Journaled::new(&place.host, &way.name, Arc::clone(&hosts), journal.clone()));
        let limits = keyed.background(&scope)?.filter(|_| !check);
        let background = limits.map(|limits| {
            let job = format!("j{}", crate::journal::new_id().to_lowercase());
            Arc::new(Background::new(Arc::clone(&connection), limits, job))
        });
        let context = Context {
            run_as: way.run_as,
            connection: match &background {
                Some(background) => Arc::clone(background) as Arc<_>,
                None => connection,
            },
            peers: Arc::new(JournaledPeers { hosts, journal, run_as: options.run_as.clone() }),
            templates: Arc::new(TaskTemplates(scope.clone())),
            check,
            diff: keyed.diff(&scope, options.diff)?,
            deadline: keyed.timeout(&scope)?,
            environment: keyed.environment(&scope)?,
            run_id: options.run_id.clone(),
            run_dir: options.run_dir.clone(),
            search_path: search_path(keyed.play, keyed.task),
            playbook_dir: keyed.play.directory.clone(),
        };
        let no_log = keyed.no_log(&scope)?;
        Ok(Self { task, scope, item, context, args, tries, delay, no_log, facts_of, background })
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
            id: self.task.id.clone(),
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
            Tried::Ended(outcome) => match &self.background {
                Some(background) => self.judge(background.complete(outcome), number),
                None => self.judge(outcome, number),
            },
        };
        match self.record(self.finished(step, &end, began)) {
            Ok(()) => (End { facts_of: self.facts_of.clone(), ..end }, wanted),
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
        grow(self.task.services, self.task.host, &mut outcome);
        let mut map = registered(&outcome);
        if self.tries > 1 {
            map.insert("attempts".into(), json!(number));
        }
        if outcome.skipped {
            return (End::ended(outcome, map), true);
        }
        if let Err((name, why)) = self.apply_conditions(&mut outcome, &mut map) {
            outcome.failed = true;
            map.insert("failed".into(), json!(true));
            map.insert(name.into(), json!(why));
            outcome.msg = why;
        }
        let wanted = if task.until.is_empty() {
            !outcome.failed
        } else {
            match all_hold(&self.with_result(&map), &task.until) {
                Ok(holds) => holds.is_ok(),
                Err(why) => return (End::failed(why), true),
            }
        };
        if !wanted && number == self.tries && self.tries > 1 {
            // `failed_when` has the last word on the task, though not on what is registered.
            outcome.failed = task.failed_when.is_empty() || outcome.failed;
            map.insert("failed".into(), json!(true));
            // As Ansible counts when it gives up: without the first try.
            map.insert("attempts".into(), json!(number - 1));
            if outcome.msg.is_empty() {
                outcome.msg = format!("not as wanted after {number} tries");
            }
        }
        (End::ended(outcome, map), wanted)
    }

    /// What cannot be evaluated is a failure; it is registered under the name that comes with it.
    fn apply_conditions(
        &self,
        outcome: &mut Outcome,
        map: &mut Map<String, Value>,
    ) -> Result<(), (&'static str, String)> {
        let task = self.task.keyed.task;
        let hold = |map: &Map<String, Value>, conditions, name| {
            let held = all_hold(&self.with_result(map), conditions);
            held.map(|held| held.is_ok()).map_err(|why| (name, why))
        };
        if !task.changed_when.is_empty() {
            outcome.changed = hold(map, &task.changed_when, "changed_when_result")?;
            map.insert("changed".into(), json!(outcome.changed));
        }
        if !task.failed_when.is_empty() {
            outcome.failed = hold(map, &task.failed_when, "failed_when_result")?;
            map.insert("failed".into(), json!(outcome.failed));
            map.insert("failed_when_result".into(), json!(outcome.failed));
        }
        Ok(())
    }

    /// The variables with what the task brought.
    fn with_result(&self, result: &Map<String, Value>) -> Scope {
        after(&self.scope, self.task.planned, result)
    }

    fn say_retry(&self, number: u32) {
        let (planned, host) = (self.task.planned, self.task.host);
        let left = self.tries - number;
        let message = format!("`{host}`: {}: not yet, {left} more tries", planned.name);
        self.task.services.events.send(Event::Notice { message });
    }
}

/// A step that could not be prepared.
pub(super) fn unprepared(why: String) -> End {
    let outcome = failed(why);
    let map = registered(&outcome);
    End::ended(outcome, map)
}
