//! The order of things: plays, batches, tasks, and who is left.

use super::keywords::number;
use super::outcome::RunOutcome;
use super::result::End;
use super::services::{Options, Services};
use super::task::{BatchEnd, BatchTask};
use super::variables::{Learned, PlayVariables};
use crate::event::{Event, Status};
use crate::journal::Record;
use crate::plan::{Plan, PlannedPlay, PlannedTask};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Runs plans. Several plans may follow each other in one run (each after its own decision): what
/// hosts learned and who failed is kept, and so are the counts.
pub struct Runner {
    services: Services,
    options: Options,
    learned: Arc<Learned>,
    outcome: RunOutcome,
}

/// Whether and where the run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    EndPlay,
    EndRun,
}

impl Runner {
    /// A runner of one run.
    pub fn new(services: Services, options: Options) -> Self {
        let (learned, outcome) = (Arc::default(), RunOutcome::default());
        Self { services, options, learned, outcome }
    }

    /// Runs a plan to its end, or to where the run has to stop, and gives how the run stands now.
    pub async fn run(&mut self, plan: &Plan) -> RunOutcome {
        for play in &plan.plays {
            if self.is_over() || self.play(&Arc::new(play.clone())).await == Flow::EndRun {
                break;
            }
        }
        self.outcome.interrupted = self.outcome.interrupted || self.services.cancel.is_asked();
        if self.outcome.interrupted {
            let run = &self.options.run_id;
            self.notice(&format!("interrupted; go on with `rrecover resume {run}`"));
        }
        if let Some(journal) = &self.services.journal
            && let Err(error) = journal.sync().await
        {
            self.stop(error.to_string());
        }
        self.outcome.clone()
    }

    /// Whether nothing more may be started.
    fn is_over(&self) -> bool {
        let outcome = &self.outcome;
        self.services.cancel.is_asked() || !outcome.unknown.is_empty() || outcome.stopped.is_some()
    }

    fn stop(&mut self, why: String) {
        self.notice(&format!("the run stops: {why}"));
        self.outcome.stopped.get_or_insert(why);
    }

    fn notice(&self, message: &str) {
        let message = self.services.redactor.clean(message);
        if let Some(journal) = &self.services.journal {
            // The screen shows it in any case, and the next step finds a journal that is broken.
            let _ = journal.append(Record::Notice { message: message.clone() });
        }
        self.services.events.send(Event::Notice { message });
    }

    async fn play(&mut self, play: &Arc<PlannedPlay>) -> Flow {
        let troubled = self.outcome.failed.len() + self.outcome.unreachable.len();
        for batch in &play.batches {
            let flow = self.batch(play, batch).await;
            if flow == Flow::EndRun || self.is_over() {
                return Flow::EndRun;
            }
        }
        let now = self.outcome.failed.len() + self.outcome.unreachable.len();
        if self.options.stop_on_failure && now > troubled {
            let play = &play.name;
            self.stop(format!("play `{play}` did not end well on every host"));
            return Flow::EndRun;
        }
        Flow::Next
    }

    fn is_left(&self, host: &String) -> bool {
        !self.outcome.failed.contains(host) && !self.outcome.unreachable.contains(host)
    }

    async fn batch(&mut self, play: &Arc<PlannedPlay>, batch: &[String]) -> Flow {
        let begun: Vec<String> = batch.iter().filter(|host| self.is_left(host)).cloned().collect();
        if begun.is_empty() {
            return Flow::Next;
        }
        let started = Event::PlayStarted { play: play.name.clone(), hosts: begun.clone() };
        self.services.events.send(started);
        let mut hosts = begun.clone();
        for planned in &play.tasks {
            if self.is_over() {
                return Flow::EndRun;
            }
            let flow = self.task(play, planned, &mut hosts, batch).await;
            match flow {
                Flow::Next if hosts.is_empty() => break,
                Flow::Next => {}
                Flow::EndPlay => return Flow::Next,
                Flow::EndRun => return Flow::EndRun,
            }
        }
        if begun.iter().all(|host| !self.is_left(host)) {
            self.stop(format!("no host of play `{}` is left", play.name));
            return Flow::EndRun;
        }
        Flow::Next
    }

    async fn task(
        &mut self,
        play: &Arc<PlannedPlay>,
        planned: &PlannedTask,
        hosts: &mut Vec<String>,
        batch: &[String],
    ) -> Flow {
        let variables = PlayVariables {
            variables: Arc::clone(&self.services.variables),
            learned: Arc::clone(&self.learned),
            play: Arc::clone(play),
            magic: self.magic(hosts, batch),
        };
        let task = BatchTask {
            services: &self.services,
            options: &self.options,
            play,
            planned,
            variables: &variables,
        };
        let BatchEnd { ends, fatal } = task.run(hosts).await;
        let mut trouble = false;
        let mut flow = Flow::Next;
        for (host, end) in &ends {
            self.learn(planned, host, end, batch);
            self.count(planned, host, end);
            match end.meta().filter(|_| end.status != Status::Failed) {
                Some("end_host") => hosts.retain(|left| left != host),
                Some("end_play") => flow = Flow::EndPlay,
                _ => {}
            }
            let out = matches!(end.status, Status::Failed | Status::Unreachable);
            if out && !end.ignored {
                trouble = true;
                hosts.retain(|left| left != host);
            }
        }
        if !self.outcome.unknown.is_empty() {
            let steps = self.outcome.unknown.join("; ");
            self.stop(format!("the outcome of a step is not known: {steps}"));
            return Flow::EndRun;
        }
        if trouble && (fatal || self.too_many(play, &variables, hosts, batch)) {
            let name = &planned.name;
            self.stop(format!("task `{name}` failed, which ends the run on all hosts"));
            return Flow::EndRun;
        }
        flow
    }

    /// Whether more hosts of the batch are gone than `max_fail_percentage` allows.
    fn too_many(
        &self,
        play: &PlannedPlay,
        variables: &PlayVariables,
        hosts: &[String],
        batch: &[String],
    ) -> bool {
        let Some(limit) = &play.play.max_fail_percentage else { return false };
        let Some(scope) = batch.first().and_then(|host| variables.of_task(host, &Map::new()))
        else {
            return true;
        };
        // What cannot be read is taken as the stricter one.
        let limit = number(&scope, Some(limit), "max_fail_percentage").ok().flatten();
        let gone = batch.iter().filter(|host| !self.is_left(host)).count();
        debug_assert!(hosts.len() + gone <= batch.len());
        percentage(gone, batch.len()) > limit.unwrap_or(0.0)
    }

    /// What the runner itself knows.
    fn magic(&self, hosts: &[String], batch: &[String]) -> Map<String, Value> {
        let mut magic = Map::new();
        magic.insert("ansible_check_mode".into(), json!(self.options.check));
        magic.insert("ansible_diff_mode".into(), json!(self.options.diff));
        magic.insert("ansible_forks".into(), json!(self.options.forks));
        magic.insert("ansible_play_batch".into(), json!(batch));
        magic.insert("ansible_play_hosts".into(), json!(hosts));
        magic
    }

    /// Keeps what was registered and set. What runs once is known to every host of the batch.
    fn learn(&self, planned: &PlannedTask, host: &str, end: &End, batch: &[String]) {
        let one = [host.to_owned()];
        let learners = if planned.run_once { batch } else { &one };
        for learner in learners {
            if let Some(name) = &planned.task.register {
                self.learned.set(learner, name, Value::Object(end.registered.clone()));
            }
            for (name, value) in end.facts().into_iter().flatten() {
                self.learned.set(learner, name, value.clone());
            }
        }
    }

    fn count(&mut self, planned: &PlannedTask, host: &str, end: &End) {
        if planned.module == "meta" && end.status != Status::Failed {
            return;
        }
        let stats = self.outcome.stats.entry(host.to_owned()).or_default();
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
            Status::Failed => {
                stats.failures += 1;
                self.outcome.failed.push(host.to_owned());
            }
            Status::Unreachable => {
                stats.unreachable += 1;
                self.outcome.unreachable.push(host.to_owned());
            }
            Status::Unknown => {
                stats.failures += 1;
                let why = &end.outcome.msg;
                self.outcome.unknown.push(format!("`{}` on `{host}`: {why}", planned.name));
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer hosts than a float can count")]
fn percentage(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}
