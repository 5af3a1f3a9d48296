//! One task on the hosts of a batch: in parallel, then the barrier.

use super::keywords::Keyed;
use super::result::End;
use super::services::{Options, Services};
use super::step::HostTask;
use super::variables::PlayVariables;
use crate::event::Event;
use crate::modules;
use crate::plan::{PlannedPlay, PlannedTask};
use futures_util::future::join_all;
use tokio::sync::Semaphore;

/// One task on the hosts that are left of a batch.
pub(super) struct BatchTask<'a> {
    pub(super) services: &'a Services,
    pub(super) options: &'a Options,
    pub(super) play: &'a PlannedPlay,
    pub(super) planned: &'a PlannedTask,
    pub(super) variables: &'a PlayVariables,
}

/// How a task ended on the hosts where it ran.
pub(super) struct BatchEnd {
    /// By host, in the play's order. A host that is not in it was not begun.
    pub(super) ends: Vec<(String, End)>,
    /// Whether a failure ends the play on all hosts.
    pub(super) fatal: bool,
}

impl BatchTask<'_> {
    /// Runs it on `hosts` and comes back when the last one ended.
    pub(super) async fn run(&self, hosts: &[String]) -> BatchEnd {
        let planned = self.planned;
        let mut hosts: Vec<&String> = hosts
            .iter()
            .filter(|host| planned.hosts.iter().any(|planned| planned.host == **host))
            .collect();
        if planned.run_once {
            hosts.truncate(1);
        }
        let Some(first) = hosts.first() else {
            return BatchEnd { ends: Vec::new(), fatal: false };
        };
        if planned.module != "meta" {
            self.services.events.send(Event::TaskStarted {
                play: self.play.name.clone(),
                task: planned.name.clone(),
                destructive: planned.destructive,
            });
        }
        let keyed = Keyed { play: &self.play.play, task: &planned.task };
        let scope = self.variables.of_task(first, &planned.task.vars);
        let limits = scope.map(|scope| (keyed.any_errors_fatal(&scope), keyed.throttle(&scope)));
        let (fatal, throttle) = match limits {
            Some((Ok(fatal), Ok(throttle))) => (fatal, throttle),
            Some((Err(why), _) | (_, Err(why))) => return all_failed(&hosts, &why),
            None => return all_failed(&hosts, "the host is not in the inventory"),
        };
        let forks = self.options.forks.max(1);
        let limit = Semaphore::new(throttle.map_or(forks, |throttle| throttle.min(forks)));
        let ends = join_all(hosts.into_iter().map(|host| self.on_host(host, keyed, &limit))).await;
        BatchEnd { ends: ends.into_iter().flatten().collect(), fatal: fatal || planned.run_once }
    }

    async fn on_host(
        &self,
        host: &str,
        keyed: Keyed<'_>,
        limit: &Semaphore,
    ) -> Option<(String, End)> {
        // The semaphore is never closed.
        let _permit = limit.acquire().await.ok()?;
        let end = match (
            modules::find(&self.planned.module),
            self.variables.of_task(host, &self.planned.task.vars),
        ) {
            (Some(module), Some(scope)) => {
                let (services, options, planned) = (self.services, self.options, self.planned);
                let play = &self.play.name;
                let task =
                    HostTask { services, options, play, planned, keyed, module, host, scope };
                task.run().await?
            }
            (None, _) => End::failed(format!("there is no module `{}`", self.planned.module)),
            (_, None) => End::failed(format!("`{host}` is not in the inventory")),
        };
        Some((host.to_owned(), end))
    }
}

fn all_failed(hosts: &[&String], why: &str) -> BatchEnd {
    let ends = hosts.iter().map(|host| ((*host).clone(), End::failed(why))).collect();
    BatchEnd { ends, fatal: true }
}
