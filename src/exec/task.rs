//! One task on the hosts that are there: in parallel, then the barrier; and what follows from it.

use super::batch::{Batch, Left, Way};
use super::keywords::{Keyed, number};
use super::result::End;
use super::search::searching;
use super::state::{RoleState, locked, once_each};
use super::step::HostTask;
use super::variables::PlayVariables;
use crate::event::{Event, Status};
use crate::modules;
use crate::plan::{PlannedTask, task_name};
use crate::template::is_template;
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Modules that work for all hosts at once, as if `run_once` were said.
const FOR_ALL: [&str; 1] = ["add_host"];

impl Batch<'_> {
    /// Runs a task on hosts.
    pub(super) async fn task(&self, planned: &PlannedTask, hosts: Vec<String>, way: &Way) -> Left {
        // Handlers of a role run although the role came to its end.
        let here = if way.flushing { hosts.clone() } else { self.concerned(planned, &hosts) };
        if here.is_empty() {
            return Left { through: hosts, fallen: Vec::new() };
        }
        let named = self.named(planned, &here, way);
        let planned = named.as_ref().unwrap_or(planned);
        let mut left = if planned.task.include.is_some() {
            self.include(planned, here.clone(), way).await
        } else if planned.module == "meta" {
            self.meta(planned, here.clone(), way).await
        } else {
            self.module(planned, &here, way).await
        };
        let here: HashSet<&String> = here.iter().collect();
        let beside = hosts.iter().filter(|host| !here.contains(host));
        left.through = self.in_order(left.through.iter().chain(beside));
        left
    }

    /// The task with its name as the first host's variables have it now; `None` when no template
    /// stands in the name, or when it cannot be rendered.
    fn named(&self, planned: &PlannedTask, hosts: &[String], way: &Way) -> Option<PlannedTask> {
        planned.task.name.as_deref().filter(|name| is_template(name))?;
        let scope = self.variables(way).of_task(hosts.first()?, &planned.task)?;
        let name = scope.render_text(&task_name(&planned.task)).ok()?;
        Some(PlannedTask { name, ..planned.clone() })
    }

    async fn module(&self, planned: &PlannedTask, hosts: &[String], way: &Way) -> Left {
        let variables = self.variables(way);
        let keyed = Keyed { play: &self.play.play, task: &planned.task };
        let Some(limits) = self.limits(planned, keyed, hosts, &variables) else {
            return Left { through: hosts.to_vec(), fallen: Vec::new() };
        };
        let limits = match limits {
            Ok(limits) => limits,
            Err(why) => {
                self.tell_failures(planned, hosts, &why, way);
                return Left { through: Vec::new(), fallen: hosts.to_vec() };
            }
        };
        self.announce(planned);
        let some = if limits.once { &hosts[..1] } else { hosts };
        let one = |host| self.on_host(planned, keyed, host, &variables, &limits);
        let ends = join_all(some.iter().map(String::as_str).map(one)).await;
        let ends: Vec<(String, End)> = ends.into_iter().flatten().collect();
        self.settled(planned, hosts, &ends, &limits, way)
    }

    pub(super) fn announce(&self, planned: &PlannedTask) {
        self.run.services.events.send(Event::TaskStarted {
            play: self.play.name.clone(),
            task: planned.name.clone(),
            destructive: planned.destructive,
        });
    }

    /// What holds for the task as a whole, by the variables of its first host.
    fn limits(
        &self,
        planned: &PlannedTask,
        keyed: Keyed<'_>,
        hosts: &[String],
        variables: &PlayVariables,
    ) -> Option<Result<Limits, String>> {
        let first = hosts.first()?;
        let Some(scope) = variables.of_task(first, &planned.task) else {
            return Some(Err(format!("`{first}` is not in the inventory")));
        };
        let free = self.play.play.free;
        let read = || {
            let throttle = keyed.throttle(&scope)?;
            let once = planned.run_once
                || FOR_ALL.contains(&planned.module.as_str())
                || keyed.run_once(&scope)?;
            Ok(Limits {
                // As in Ansible, hosts of a free play know nothing of each other.
                fatal: keyed.any_errors_fatal(&scope)? && !free,
                once: once && !free,
                throttle: throttle.map(|most| self.throttle(&planned.id, most)),
            })
        };
        Some(read())
    }

    fn throttle(&self, id: &str, most: usize) -> Arc<Semaphore> {
        let mut throttles = locked(&self.throttles);
        let new = || Arc::new(Semaphore::new(most));
        Arc::clone(throttles.entry(id.to_owned()).or_insert_with(new))
    }

    async fn on_host(
        &self,
        planned: &PlannedTask,
        keyed: Keyed<'_>,
        host: &str,
        variables: &PlayVariables,
        limits: &Limits,
    ) -> Option<(String, End)> {
        // The semaphores are never closed.
        let _throttle = match &limits.throttle {
            Some(throttle) => Some(throttle.acquire().await.ok()?),
            None => None,
        };
        let _fork = self.forks.acquire().await.ok()?;
        let module = modules::find(&planned.module);
        let end = match (module, variables.of_task(host, &planned.task)) {
            (Some(module), Some(scope)) => {
                let (services, options) = (&self.run.services, &self.run.options);
                let scope = searching(&scope, keyed);
                let play = &self.play.name;
                let id = self.run.step_id(&planned.id, host);
                let task = HostTask {
                    services,
                    options,
                    play,
                    planned,
                    id,
                    keyed,
                    module,
                    host,
                    scope,
                    variables,
                };
                task.run().await?
            }
            (None, _) => End::failed(format!("there is no module `{}`", planned.module)),
            (_, None) => End::failed(format!("`{host}` is not in the inventory")),
        };
        Some((host.to_owned(), End { for_all: limits.once, ..end }))
    }

    /// Draws the consequences: what is learned, counted, notified, and who goes on.
    fn settled(
        &self,
        planned: &PlannedTask,
        hosts: &[String],
        ends: &[(String, End)],
        limits: &Limits,
        way: &Way,
    ) -> Left {
        let mut left = Left::default();
        let mut trouble = false;
        for (host, end) in ends {
            self.learn(planned, host, end);
            self.run.count(planned, host, end, way.rescuing);
            self.note_role(planned, host, end);
            let out = matches!(end.status, Status::Failed | Status::Unreachable) && !end.ignored;
            trouble |= out;
            match end.status {
                Status::Failed if out => {
                    left.fallen.push(host.clone());
                    self.failed(planned, host, end, way);
                }
                Status::Unreachable if out => {
                    let mut state = locked(&self.state);
                    state.ended.insert(host.clone());
                    state.failed.insert(host.clone());
                    drop(state);
                    self.run.drop_host(host);
                }
                Status::Changed if !end.notify.is_empty() => {
                    self.notify(planned, host, end, way, &mut left);
                }
                _ => {}
            }
        }
        let unknown = self.run.outcome().unknown.join("; ");
        if !unknown.is_empty() {
            self.run.stop(&format!("the outcome of a step is not known: {unknown}"));
            return left;
        }
        if trouble && (limits.fatal || limits.once || self.too_many(way)) {
            self.all_fall(planned, hosts, &mut left, limits.once, way);
        }
        let stays = hosts.iter().filter(|host| !left.fallen.contains(host));
        left.through = self.present(&self.in_order(stays));
        left
    }

    /// A failure that takes all hosts with it.
    fn all_fall(
        &self,
        planned: &PlannedTask,
        hosts: &[String],
        left: &mut Left,
        once: bool,
        way: &Way,
    ) {
        let mut state = locked(&self.state);
        let with_them =
            |host: &&String| !state.ended.contains(*host) && !left.fallen.contains(host);
        let swept: Vec<String> = hosts.iter().filter(with_them).cloned().collect();
        if once {
            state.swept.extend(swept.iter().cloned());
        }
        if once && way.rescuing {
            let mut outcome = self.run.outcome();
            for host in &swept {
                once_each(&mut outcome.failed, host);
            }
        }
        left.fallen.extend(swept);
        state.failed.extend(left.fallen.iter().cloned());
        if !way.rescuing {
            let name = &planned.name;
            let why = format!("task `{name}` failed, which ends the run on all hosts");
            state.fatal.get_or_insert(why);
        }
    }

    /// Keeps what the `rescue` may want to know, and that the host failed.
    pub(super) fn failed(&self, planned: &PlannedTask, host: &str, end: &End, way: &Way) {
        {
            let mut state = locked(&self.state);
            state.failed.insert(host.to_owned());
            state.cleared.remove(host);
        }
        if way.rescuing {
            let task = &planned.task;
            let shown = json!({
                "name": task.name.clone().unwrap_or_default(),
                "action": task.module,
                "args": task.args,
                "tags": planned.tags,
                "register": task.register,
                "delegate_to": task.delegate_to.as_ref().map(|delegate| &delegate.value),
            });
            let result = Value::Object(end.registered.clone());
            self.run.learned.set(host, "ansible_failed_task", shown);
            self.run.learned.set(host, "ansible_failed_result", result);
        }
    }

    /// Whether more hosts failed than `max_fail_percentage` allows.
    fn too_many(&self, way: &Way) -> bool {
        let Some(limit) = &self.play.play.max_fail_percentage else { return false };
        if self.play.play.free {
            return false;
        }
        let scope = self.hosts.first().and_then(|host| self.variables(way).of_host(host));
        // What cannot be read is taken as the stricter one.
        let limit = scope.and_then(|scope| number(&scope, Some(limit), "max_fail_percentage").ok());
        let gone = self.run.outcome().failed.len();
        percentage(gone, self.hosts.len()) > limit.flatten().unwrap_or(0.0)
    }

    /// Keeps what was registered and set. What runs once is known to every host of the batch.
    fn learn(&self, planned: &PlannedTask, host: &str, end: &End) {
        let one = [host.to_owned()];
        let learners: &[String] = if end.for_all { self.hosts } else { &one };
        let learned = &self.run.learned;
        if let Some(name) = &planned.task.register {
            for learner in learners {
                learned.set(learner, name, Value::Object(end.registered.clone()));
            }
        }
        // As in Ansible a task that failed sets nothing, not even what its first items had.
        let well = matches!(end.status, Status::Ok | Status::Changed);
        let Some(facts) = end.facts().filter(|_| well) else { return };
        let delegate = end.facts_of.as_ref().map(std::slice::from_ref);
        for learner in delegate.unwrap_or(learners) {
            match planned.module.as_str() {
                "set_fact" => {
                    self.set_facts(learner, facts);
                    if end.cacheable() {
                        learned.found(learner, facts);
                    }
                }
                "include_vars" => learned.read(learner, facts),
                _ => learned.found(learner, facts),
            }
        }
    }

    fn set_facts(&self, host: &str, facts: &Map<String, Value>) {
        for (name, value) in facts {
            self.run.learned.set(host, name, value.clone());
        }
    }

    fn note_role(&self, planned: &PlannedTask, host: &str, end: &End) {
        let Some(role) = &planned.task.role else { return };
        if matches!(end.status, Status::Ok | Status::Changed | Status::Failed) {
            let key = (role.identity.clone(), host.to_owned());
            locked(&self.state).roles.entry(key).or_insert(RoleState::Begun);
        }
    }
}

/// What holds for a task as a whole.
struct Limits {
    /// A failure on one host is one on all.
    fatal: bool,
    /// It runs on the first host, for all.
    once: bool,
    /// How many hosts at once.
    throttle: Option<Arc<Semaphore>>,
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer hosts than a float can count")]
fn percentage(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}
