//! The order of things: plays, batches, and who is left.

use super::batch::Batch;
use super::outcome::RunOutcome;
use super::services::{Options, Services};
use super::state::Run;
use crate::event::Event;
use crate::plan::{Plan, PlannedPlay, PlayHosts};
use std::sync::Arc;

/// Runs plans. Several plans may follow each other in one run (each after its own decision): what
/// hosts learned and who failed is kept, and so are the counts.
pub struct Runner {
    run: Run,
}

impl Runner {
    /// A runner of one run.
    pub fn new(services: Services, options: Options) -> Self {
        Self { run: Run::new(services, options) }
    }

    /// Runs a plan to its end, or to where the run has to stop, and gives how the run stands now.
    pub async fn run(&mut self, plan: &Plan) -> RunOutcome {
        for play in &plan.plays {
            if self.run.is_over() {
                break;
            }
            self.play(&Arc::new(play.clone())).await;
        }
        let interrupted = self.run.outcome().interrupted || self.run.services.cancel.is_asked();
        self.run.outcome().interrupted = interrupted;
        if interrupted {
            self.run.notice("interrupted; the same command again goes on from here");
        }
        if let Some(journal) = &self.run.services.journal
            && let Err(error) = journal.sync().await
        {
            self.run.stop(&error.to_string());
        }
        self.run.outcome().clone()
    }

    async fn play(&self, play: &Arc<PlannedPlay>) {
        let troubled = self.troubled();
        let hosts = match &play.undecided_hosts {
            None => Ok(PlayHosts { all: play.all.clone(), batches: play.batches.clone() }),
            Some(_) => self.run.services.variables.hosts_of(play),
        };
        let PlayHosts { all, batches } = match hosts {
            Ok(hosts) => hosts,
            Err(why) => return self.run.stop(&format!("play `{}`: {why}", play.name)),
        };
        // The playbooks of a recovery are for groups that many clusters do not have.
        if all.is_empty() && !self.run.options.stop_on_failure {
            self.run.notice(&format!("play `{}`: no host matches, nothing to do", play.name));
        }
        for batch in &batches {
            if self.batch(play, batch, &all).await || self.run.is_over() {
                break;
            }
        }
        if self.run.options.stop_on_failure && self.troubled() > troubled {
            let play = &play.name;
            self.run.stop(&format!("play `{play}` did not end well on every host"));
        }
    }

    fn troubled(&self) -> usize {
        let outcome = self.run.outcome();
        outcome.failed.len() + outcome.unreachable.len()
    }

    /// Runs a play on a batch of its hosts; whether the play is over then.
    async fn batch(&self, play: &Arc<PlannedPlay>, hosts: &[String], all: &[String]) -> bool {
        let begun: Vec<String> =
            hosts.iter().filter(|host| self.run.is_left(host)).cloned().collect();
        if begun.is_empty() {
            return false;
        }
        let started = Event::PlayStarted { play: play.name.clone(), hosts: begun.clone() };
        self.run.services.events.send(started);
        let batch = Batch::new(&self.run, play, hosts, all);
        batch.run(&begun).await;
        if begun.iter().all(|host| !self.run.is_left(host)) && !self.run.is_over() {
            let why = batch.fatal();
            let none = || format!("no host of play `{}` is left", play.name);
            self.run.stop(&why.unwrap_or_else(none));
        }
        batch.ends_play()
    }
}
