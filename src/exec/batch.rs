//! A play on a batch of hosts: sections, blocks, roles, and the way of each host through them.
//!
//! Steps are walked as a tree with the set of hosts that are there. A task ends on all of them
//! before the next one begins. Hosts that fail fall out of the set; the block around takes them to
//! its `rescue`, else they fall further. In a free play each host walks alone.

use super::keywords::boolean;
use super::state::{BatchState, RoleState, Run, locked};
use super::variables::PlayVariables;
use crate::plan::{PlannedBlock, PlannedPlay, PlannedRole, PlannedStep, PlannedTask};
use futures_util::future::{BoxFuture, FutureExt, join_all};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// A play on a batch of hosts.
pub(super) struct Batch<'a> {
    pub(super) run: &'a Run,
    pub(super) play: Arc<PlannedPlay>,
    /// The hosts of the batch.
    pub(super) hosts: &'a [String],
    /// The hosts of the play.
    all: &'a [String],
    pub(super) state: Mutex<BatchState>,
    /// How many hosts work at once.
    pub(super) forks: Semaphore,
    /// The same for tasks that limit it themselves, by their ids.
    pub(super) throttles: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// Where the walk is.
#[derive(Debug, Clone, Default)]
pub(super) struct Way {
    /// Whether a `rescue` deals with failures here.
    pub(super) rescuing: bool,
    /// Whether handlers are being run.
    pub(super) flushing: bool,
    /// Items of loops around an include.
    pub(super) items: Map<String, Value>,
    /// How many includes are around.
    pub(super) depth: usize,
}

/// What became of the hosts that went through some steps. Who is in neither list has left the play.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// They came to the end.
    pub(super) through: Vec<String>,
    /// They failed on the way.
    pub(super) fallen: Vec<String>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        run: &'a Run,
        play: &Arc<PlannedPlay>,
        hosts: &'a [String],
        all: &'a [String],
    ) -> Self {
        let handlers = play.handlers.iter().cloned().map(Arc::new).collect();
        Self {
            run,
            play: Arc::clone(play),
            hosts,
            all,
            state: Mutex::new(BatchState { handlers, ..BatchState::default() }),
            forks: Semaphore::new(run.options.forks.max(1)),
            throttles: Mutex::default(),
        }
    }

    /// Runs the play on these hosts of the batch.
    pub(super) async fn run(&self, hosts: &[String]) {
        if self.play.play.free {
            let alone = hosts.iter().map(|host| self.sections(vec![host.clone()]));
            join_all(alone).await;
        } else {
            self.sections(hosts.to_vec()).await;
        }
    }

    /// Why all hosts failed together, when they did.
    pub(super) fn fatal(&self) -> Option<String> {
        locked(&self.state).fatal.clone()
    }

    /// Whether the play is over after this batch.
    pub(super) fn ends_play(&self) -> bool {
        locked(&self.state).end_play
    }

    async fn sections(&self, mut hosts: Vec<String>) {
        let way = Way::default();
        if let Some(gather) = &self.play.gather {
            hosts = self.settle(self.task(gather, hosts, &way).await);
        }
        for steps in [&self.play.before, &self.play.main, &self.play.after] {
            let Left { through, fallen } = self.steps(steps, hosts, &way).await;
            if self.run.is_over() {
                return self.fall(&fallen);
            }
            let forced = if fallen.is_empty() { Ok(false) } else { self.forces_handlers(&fallen) };
            let notified = match forced {
                Ok(true) => self.in_order(through.iter().chain(&fallen)),
                _ => through.clone(),
            };
            let mut flushed = self.flush(&notified, &way).await;
            flushed.through.retain(|host| through.contains(host));
            flushed.fallen.extend(fallen);
            hosts = self.settle(flushed);
        }
    }

    /// Hosts that fell out of everything have failed.
    fn settle(&self, left: Left) -> Vec<String> {
        self.fall(&left.fallen);
        left.through
    }

    fn fall(&self, fallen: &[String]) {
        let state = locked(&self.state);
        let lost = fallen.iter().filter(|host| !state.cleared.contains(*host));
        lost.for_each(|host| self.run.drop_host(host));
    }

    fn forces_handlers(&self, hosts: &[String]) -> Result<bool, String> {
        let Some(forced) = &self.play.play.force_handlers else { return Ok(false) };
        let scope = hosts.first().and_then(|host| self.variables(&Way::default()).of_host(host));
        scope.map_or(Ok(false), |scope| boolean(&scope, Some(forced), false, "force_handlers"))
    }

    /// Walks steps with hosts.
    pub(super) fn steps<'s>(
        &'s self,
        steps: &'s [PlannedStep],
        hosts: Vec<String>,
        way: &'s Way,
    ) -> BoxFuture<'s, Left> {
        async move {
            let mut left = Left { through: hosts.clone(), fallen: Vec::new() };
            for step in steps {
                let here = self.present(&left.through);
                if here.is_empty() || self.run.is_over() {
                    break;
                }
                let after = match step {
                    PlannedStep::Task(task) => self.task(task, here, way).await,
                    PlannedStep::Block(block) => self.block(block, here, way).await,
                    PlannedStep::Role(group) => self.role(group, here, way).await,
                };
                left.through = after.through;
                left.fallen.extend(after.fallen);
                if is_readmission(step) {
                    let back = hosts.iter().filter(|host| !left.fallen.contains(host));
                    left.through = self.in_order(back);
                }
            }
            left.through = self.present(&left.through);
            left
        }
        .boxed()
    }

    async fn block(&self, block: &PlannedBlock, hosts: Vec<String>, way: &Way) -> Left {
        let inside = Way { rescuing: way.rescuing || !block.rescue.is_empty(), ..way.clone() };
        let mut left = self.steps(&block.body, hosts, &inside).await;
        let swept = self.take_swept(&mut left.fallen);
        if !block.block.rescue.is_empty() && !left.fallen.is_empty() && !self.run.is_over() {
            let fallen = self.in_order(left.fallen.iter());
            self.rescued(&fallen);
            let after = self.steps(&block.rescue, fallen, way).await;
            left.through = self.in_order(left.through.iter().chain(&after.through));
            left.fallen = after.fallen;
        }
        let beside = if block.block.rescue.is_empty() {
            swept
        } else {
            left.fallen.extend(swept);
            Vec::new()
        };
        if block.always.is_empty() || self.run.is_over() {
            left.fallen.extend(beside);
            return left;
        }
        let all = self.in_order(left.through.iter().chain(&left.fallen));
        let after = self.steps(&block.always, all, way).await;
        left.through.retain(|host| after.through.contains(host));
        left.fallen.retain(|host| after.through.contains(host));
        left.fallen.extend(after.fallen);
        left.fallen.extend(beside);
        left
    }

    /// Takes those hosts out that no part of the block they fell in deals with.
    fn take_swept(&self, fallen: &mut Vec<String>) -> Vec<String> {
        let mut state = locked(&self.state);
        fallen.extract_if(.., |host| state.swept.remove(host)).collect()
    }

    /// Hosts that are dealt with count as hosts of the play again.
    fn rescued(&self, hosts: &[String]) {
        let mut state = locked(&self.state);
        state.failed.retain(|host| !hosts.contains(host));
    }

    async fn role(&self, group: &PlannedRole, hosts: Vec<String>, way: &Way) -> Left {
        let left = self.steps(&group.steps, hosts, way).await;
        let mut state = locked(&self.state);
        for host in &left.through {
            state.leaving_role.remove(host);
            let key = (group.role.identity.clone(), host.clone());
            if let Some(role) = state.roles.get_mut(&key) {
                *role = RoleState::Done;
            }
        }
        left
    }

    /// The hosts for which the play goes on.
    pub(super) fn present(&self, hosts: &[String]) -> Vec<String> {
        let state = locked(&self.state);
        hosts.iter().filter(|host| !state.ended.contains(*host)).cloned().collect()
    }

    /// The hosts for which a task is to be run: not those that leave its role, nor those that have
    /// been through it.
    pub(super) fn concerned(&self, planned: &PlannedTask, hosts: &[String]) -> Vec<String> {
        let state = locked(&self.state);
        let Some(role) = &planned.task.role else { return hosts.to_vec() };
        let is_done = |host: &String| {
            let key = (role.identity.clone(), host.clone());
            !role.allow_duplicates && state.roles.get(&key) == Some(&RoleState::Done)
        };
        let stays = |host: &&String| !state.leaving_role.contains(*host) && !is_done(host);
        hosts.iter().filter(stays).cloned().collect()
    }

    /// Hosts in the order of the play, each once.
    pub(super) fn in_order<'h>(&self, hosts: impl Iterator<Item = &'h String>) -> Vec<String> {
        let wanted: HashSet<&String> = hosts.collect();
        self.hosts.iter().filter(|host| wanted.contains(host)).cloned().collect()
    }

    /// The variables as they stand now.
    pub(super) fn variables(&self, way: &Way) -> PlayVariables {
        let state = locked(&self.state);
        PlayVariables {
            variables: Arc::clone(&self.run.services.variables),
            learned: Arc::clone(&self.run.learned),
            play: Arc::clone(&self.play),
            published: state.published.clone(),
            items: way.items.clone(),
            magic: Arc::new(self.magic(&state)),
        }
    }

    /// What the runner itself knows.
    fn magic(&self, state: &BatchState) -> Map<String, Value> {
        let options = &self.run.options;
        let gone = |host: &String| state.failed.contains(host) || state.ended.contains(host);
        let stays = |host: &&String| !gone(host) && self.run.is_left(host);
        let of = |hosts: &[String]| json!(hosts.iter().filter(stays).collect::<Vec<_>>());
        let mut magic = self.play.play.magic();
        magic.insert("ansible_check_mode".into(), json!(options.check));
        magic.insert("ansible_play_batch".into(), of(self.hosts));
        magic.insert("play_hosts".into(), of(self.hosts));
        magic.insert("ansible_play_hosts".into(), of(self.all));
        magic.insert("ansible_play_hosts_all".into(), json!(self.all));
        magic.insert("ansible_play_name".into(), json!(self.play.name));
        magic
    }
}

/// Whether hosts that could not be reached come back after the step.
fn is_readmission(step: &PlannedStep) -> bool {
    let PlannedStep::Task(task) = step else { return false };
    task.module == "meta" && task.task.args.get("action") == Some(&json!("clear_host_errors"))
}
