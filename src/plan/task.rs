//! One task on its hosts.

use super::known::{Known, is_local, playbook_dir};
use super::later::Later;
use super::layers::Layers;
use super::model::{PlannedHost, PlannedTask, Settled};
use super::names::{rendered, step_id, task_name};
use super::reached::Reached;
use super::settle::{conditions, items, with_item};
use super::tags::of_task;
use crate::error::{Problem, Problems, did_you_mean, near_matches};
use crate::playbook::{Catalog, Play, Task, Templated};
use crate::template::{HostVariables, Scope};
use serde_json::{Map, Value};
use std::sync::Arc;

/// A play while it is planned, and what earlier tasks leave behind for later ones.
#[derive(Clone)]
pub(super) struct Planning {
    pub(super) known: Arc<Known>,
    pub(super) play: Arc<Play>,
    pub(super) number: usize,
    /// Every host of the play.
    pub(super) hosts: Arc<[String]>,
    /// What every host of the play is told of it.
    pub(super) magic: Arc<Map<String, Value>>,
    /// What earlier tasks set while the run goes on.
    pub(super) later: Later,
}

impl HostVariables for Planning {
    fn hosts(&self) -> Vec<String> {
        self.known.hosts()
    }

    fn scope(&self, host: &str) -> Option<Scope> {
        self.layered(host, Layers { play: Some(&self.play), ..Layers::default() })
    }
}

/// A task with what is needed to plan it.
pub(super) struct TaskInput<'a> {
    pub(super) task: &'a Arc<Task>,
    /// Its number in the play, from 1.
    pub(super) number: usize,
    pub(super) batches: &'a [Vec<String>],
    pub(super) catalog: &'a dyn Catalog,
    /// Whether a `rescue` deals with a failure of it.
    pub(super) caught: bool,
}

impl Planning {
    /// A host's variables for a task, as the runner will have them.
    pub(super) fn task_scope(&self, host: &str, task: &Task) -> Option<Scope> {
        self.layered(host, Layers::of(&self.play, task))
    }

    fn layered(&self, host: &str, layers: Layers<'_>) -> Option<Scope> {
        let running = [
            "ansible_play_hosts",
            "ansible_play_batch",
            "ansible_play_name",
            "ansible_search_path",
            "play_hosts",
            "ansible_loop",
        ];
        let layers = Layers {
            facts_open: self.later.facts,
            anything_open: self.later.anything,
            later: self.later.names.clone(),
            ..layers
        };
        let scope = layers.scope(self.known.written(host)?).extend_shared(&self.magic);
        let scope = scope.later(running.map(str::to_owned));
        let shadowed = ["groups", "group_names", "hostvars"].map(str::to_owned);
        let top = playbook_dir(self.known.top(&scope), &self.play);
        let top = if self.later.hosts { top.later(shadowed) } else { top };
        Some(top.of_host(host, Arc::new(self.clone())).planned())
    }

    /// Plans one task. Mistakes are noted.
    pub(super) fn task(&self, input: &TaskInput<'_>, problems: &mut Problems) -> PlannedTask {
        let task = input.task;
        let first = self.hosts.first().and_then(|host| self.task_scope(host, task));
        let run_once = self.run_once(task, first.as_ref(), problems);
        let mut hosts = Vec::new();
        for batch in input.batches {
            let count = if run_once { 1 } else { batch.len() };
            for host in batch.iter().take(count) {
                match self.on_host(host, task, input.catalog) {
                    Ok(planned) => hosts.push(planned),
                    Err(problem) if input.caught || is_ignored(task) => {
                        hosts.push(left_open(host, &problem));
                    }
                    Err(problem) => note(problems, problem),
                }
            }
        }
        let raw = task_name(task);
        PlannedTask {
            id: step_id(self.number, input.number, &raw),
            task: Arc::clone(task),
            name: rendered(raw, first.as_ref()),
            module: task.module.clone(),
            tags: of_task(task, &self.play.inherited),
            run_once,
            hosts,
            included: Vec::new(),
            destructive: task.destructive,
            undo: task.undo.clone(),
        }
    }

    fn run_once(&self, task: &Task, scope: Option<&Scope>, problems: &mut Problems) -> bool {
        let keywords = task.keywords.under(&self.play.inherited);
        let (Some(run_once), Some(scope)) = (keywords.run_once, scope) else { return false };
        flag(scope, &run_once, "run_once").unwrap_or_else(|problem| {
            note(problems, problem);
            false
        })
    }

    fn on_host(
        &self,
        host: &str,
        task: &Task,
        catalog: &dyn Catalog,
    ) -> Result<PlannedHost, Problem> {
        let scope = self.task_scope(host, task).ok_or_else(|| {
            Problem::at(
                self.play.hosts.location.clone(),
                format!("`{host}` is not in the inventory"),
            )
        })?;
        let step = OnHost { planning: self, task, host, scope, catalog };
        let secret = step.secret()?;
        let mut planned = match &task.repeat {
            None => step.once(&step.scope, task)?,
            Some(repeat) => match items(&step.scope, repeat) {
                Ok(Some(found)) => step.each(&found)?,
                Ok(None) => step.open_loop()?,
                // Items that cannot be made do not matter for a task that is left out.
                Err(problem) => match conditions(&step.scope, &task.when) {
                    Ok(Settled::Now(false)) => step.empty(Settled::Now(false)),
                    _ => return Err(problem),
                },
            },
        };
        if secret {
            planned.commands.clear();
            planned.args = None;
            planned.items = None;
        }
        Ok(planned)
    }
}

struct OnHost<'a> {
    planning: &'a Planning,
    task: &'a Task,
    host: &'a str,
    scope: Scope,
    catalog: &'a dyn Catalog,
}

impl OnHost<'_> {
    /// Whether arguments must not be shown. What is not known yet counts as secret.
    fn secret(&self) -> Result<bool, Problem> {
        let keywords = self.task.keywords.under(&self.planning.play.inherited);
        match keywords.no_log {
            Some(no_log) => match self.scope.render_value(&no_log.value) {
                Err(error) if error.is_later() => Ok(true),
                _ => flag(&self.scope, &no_log, "no_log"),
            },
            None => Ok(false),
        }
    }

    /// The task without its loop, or for one item of it.
    fn once(&self, scope: &Scope, task: &Task) -> Result<PlannedHost, Problem> {
        let delegate = self.delegate(scope);
        let scope = &self.seen(scope, delegate.as_ref().ok());
        let condition = conditions(scope, &task.when)?;
        let mut planned = self.empty(condition);
        if planned.condition == Settled::Now(false) {
            return Ok(planned);
        }
        planned.delegate = delegate?;
        self.keywords(scope)?;
        planned.args = self.args(scope)?;
        if let Some(args) = &planned.args {
            planned.commands = self.catalog.preview(&task.module, args);
        }
        Ok(planned)
    }

    fn each(&self, found: &[Value]) -> Result<PlannedHost, Problem> {
        let Some(repeat) = &self.task.repeat else { return Ok(self.empty(Settled::Now(false))) };
        let mut whole = self.empty(Settled::Now(false));
        let mut kept = Vec::new();
        for (index, item) in found.iter().enumerate() {
            let scope = with_item(&self.scope, repeat, index, item);
            let one = self.once(&scope, self.task)?;
            match (&whole.condition, one.condition) {
                (_, Settled::Now(false)) => continue,
                (Settled::Now(false), condition) => whole.condition = condition,
                (Settled::Now(true), condition @ Settled::Runtime(_)) => {
                    whole.condition = condition;
                }
                _ => {}
            }
            whole.delegate = whole.delegate.or(one.delegate);
            whole.commands.extend(one.commands);
            kept.push(item.clone());
        }
        whole.items = Some(kept);
        Ok(whole)
    }

    /// A loop over what is not known yet.
    fn open_loop(&self) -> Result<PlannedHost, Problem> {
        let Some(repeat) = &self.task.repeat else { return Ok(self.empty(Settled::Now(false))) };
        let names = std::iter::once(repeat.variable.clone()).chain(repeat.index_variable.clone());
        let scope = self.scope.later(names);
        let mut planned = self.once(&scope, self.task)?;
        if planned.condition == Settled::Now(true) {
            let items = match &repeat.items.value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            planned.condition = Settled::Runtime(format!("for each of {items}"));
        }
        Ok(planned)
    }

    fn empty(&self, condition: Settled) -> PlannedHost {
        PlannedHost {
            host: self.host.to_owned(),
            delegate: None,
            condition,
            items: None,
            commands: Vec::new(),
            args: None,
        }
    }

    /// The rendered arguments; `None` when one of them is only known while running.
    fn args(&self, scope: &Scope) -> Result<Option<Map<String, Value>>, Problem> {
        let mut args = Map::new();
        let mut open = false;
        for (name, value) in &self.task.args {
            let one = Map::from_iter([(name.clone(), value.clone())]);
            match scope.render_map(&one) {
                Ok(rendered) => args.extend(rendered),
                Err(error) if error.is_later() => open = true,
                Err(error) => return Err(error.problem(self.task.place(&format!("args.{name}")))),
            }
        }
        Ok((!open).then_some(args))
    }

    /// The variables with what tells of the host that it runs on; `delegate` is `None` when it is
    /// not known which one that is.
    fn seen(&self, scope: &Scope, delegate: Option<&Option<String>>) -> Scope {
        let all = self.task.keywords.under(&self.planning.play.inherited);
        let said = |keyword: Option<Templated>| scope.render_value(&keyword?.value).ok();
        let user = self.planning.known.user.clone().map(Value::from);
        let connection = said(all.connection).or_else(|| Some(Value::from("ssh")));
        let user = said(all.remote_user).or(user);
        let delegated = self.task.delegate_to.is_some();
        let named = delegate.and_then(Option::as_deref);
        let there = named.and_then(|name| Some((name, self.planning.task_scope(name, self.task)?)));
        if delegated && there.is_none() {
            let told = ["ansible_delegated_vars", "ansible_host", "ansible_user", "ansible_port"];
            let open = told.into_iter().filter(|name| !scope.has(name));
            return scope.later(open.map(str::to_owned));
        }
        Reached { host: self.host, delegate: there, user, connection }.seen(scope)
    }

    fn delegate(&self, scope: &Scope) -> Result<Option<String>, Problem> {
        let Some(delegate) = &self.task.delegate_to else { return Ok(None) };
        let place = &delegate.location;
        let host = match scope.render_value(&delegate.value) {
            Ok(Value::String(host)) => host,
            Ok(other) => {
                return Err(Problem::at(
                    place.clone(),
                    format!("`delegate_to` must be a host, not `{other}`"),
                ));
            }
            Err(error) if error.is_later() => return Ok(None),
            Err(error) => return Err(error.problem(place)),
        };
        let known = self.planning.known.inventory.contains(&host);
        if known || is_local(&host) || self.planning.later.hosts {
            return Ok(Some(host));
        }
        let hosts = self.planning.known.hosts();
        let problem = Problem::at(
            place.clone(),
            format!("`delegate_to` names `{host}`, which is not in the inventory"),
        );
        Err(match did_you_mean(&near_matches(&host, hosts.iter().map(String::as_str))) {
            Some(hint) => problem.hint(hint),
            None => problem,
        })
    }

    /// Keywords are rendered when the task runs; here their mistakes are found.
    fn keywords(&self, scope: &Scope) -> Result<(), Problem> {
        let all = self.task.keywords.under(&self.planning.play.inherited);
        let own = [&self.task.retries, &self.task.delay];
        let handed = [
            &all.r#become,
            &all.become_user,
            &all.become_method,
            &all.become_flags,
            &all.become_exe,
            &all.remote_user,
            &all.port,
            &all.connection,
            &all.ignore_errors,
            &all.ignore_unreachable,
            &all.check_mode,
            &all.diff,
            &all.timeout,
            &all.throttle,
            &all.any_errors_fatal,
        ];
        let single = own.into_iter().chain(handed).filter_map(Option::as_ref);
        for keyword in single.chain(&all.environment) {
            match scope.render_value(&keyword.value) {
                Err(error) if !error.is_later() => return Err(error.problem(&keyword.location)),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A keyword that must be true or false.
pub(super) fn flag(scope: &Scope, keyword: &Templated, name: &str) -> Result<bool, Problem> {
    let value =
        scope.render_value(&keyword.value).map_err(|error| error.problem(&keyword.location))?;
    let text = match &value {
        Value::Bool(flag) => return Ok(*flag),
        Value::String(text) => text.trim().to_ascii_lowercase(),
        other => other.to_string(),
    };
    match text.as_str() {
        "yes" | "true" | "on" | "1" => Ok(true),
        "no" | "false" | "off" | "0" => Ok(false),
        _ => Err(Problem::at(
            keyword.location.clone(),
            format!("`{name}` must be true or false, not `{text}`"),
        )),
    }
}

/// Whether the task's failure is passed over whatever the variables are.
fn is_ignored(task: &Task) -> bool {
    task.keywords.ignore_errors.as_ref().is_some_and(|ignored| ignored.value == true)
}

/// A host on which the task will fail as things stand, which the playbook deals with.
fn left_open(host: &str, problem: &Problem) -> PlannedHost {
    PlannedHost {
        host: host.to_owned(),
        delegate: None,
        condition: Settled::Runtime(problem.message.clone()),
        items: None,
        commands: Vec::new(),
        args: None,
    }
}

/// The same mistake on several hosts is one mistake.
fn note(problems: &mut Problems, problem: Problem) {
    if !problems.0.contains(&problem) {
        problems.push(problem);
    }
}
