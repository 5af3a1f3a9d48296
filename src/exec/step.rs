//! One task on one host: its condition, its loop, what it tells.

use super::attempt::Attempt;
use super::cancel::Level;
use super::keywords::{Keyed, all_hold, item_names, number};
use super::place::Place;
use super::result::{End, after, of_loop};
use super::services::{Options, Services};
use super::variables::{PlayVariables, explained};
use crate::event::{Event, HostResult, Status};
use crate::modules::{Args, Module, Parameter};
use crate::plan::{Loop, NoItems, PlannedTask, loop_items};
use crate::template::Scope;
use serde_json::{Map, Value};
use std::time::{Duration, Instant};

/// What is said in place of a result that is not to be shown.
const CENSORED: &str = "the output has been hidden due to the fact that 'no_log: true' was \
                        specified for this result";

/// One task on one host.
pub(super) struct HostTask<'a> {
    pub(super) services: &'a Services,
    pub(super) options: &'a Options,
    pub(super) play: &'a str,
    pub(super) planned: &'a PlannedTask,
    /// The step's id, of this time.
    pub(super) id: String,
    pub(super) keyed: Keyed<'a>,
    pub(super) module: &'static dyn Module,
    pub(super) host: &'a str,
    pub(super) scope: Scope,
    /// Everybody's variables.
    pub(super) variables: &'a PlayVariables,
}

impl HostTask<'_> {
    /// Runs it to its end; `None` when the run is stopped before it began.
    pub(super) async fn run(&self) -> Option<End> {
        if self.services.cancel.is_asked() {
            return None;
        }
        match &self.keyed.task.repeat {
            None => {
                let began = Instant::now();
                let end = self.item(&self.scope, None).await?;
                Some(self.told(&self.scope, None, began, end))
            }
            Some(repeat) => self.each(repeat).await,
        }
    }

    /// Runs the loop. As in Ansible an item that fails does not keep the next ones from running;
    /// but no recovery step builds on one that failed.
    async fn each(&self, repeat: &Loop) -> Option<End> {
        let items = match loop_items_of(&self.scope, repeat) {
            Ok(items) => items,
            Err(why) => {
                // Items that cannot be made do not matter for a task that is left out.
                let end = match all_hold(&self.scope, &self.keyed.task.when) {
                    Ok(Err(condition)) => End::skipped(condition),
                    _ => End::failed(why),
                };
                return Some(self.told(&self.scope, None, Instant::now(), end));
            }
        };
        if items.is_empty() {
            return Some(self.told(&self.scope, None, Instant::now(), End::no_items()));
        }
        let mut ends = Vec::with_capacity(items.len());
        let mut base = self.scope.clone();
        for index in 0..items.len() {
            let (end, scope) = match self.one(&base, repeat, &items, index).await {
                Ok(one) => one?,
                Err(why) => {
                    let end = End::failed(why);
                    let item = items.get(index).cloned();
                    (self.told(&base, item, Instant::now(), end), base.clone())
                }
            };
            let gone = matches!(end.status, Status::Unreachable | Status::Unknown);
            let stop = end.status == Status::Failed && self.options.stop_on_failure;
            let over = (gone || stop) && !end.ignored;
            ends.push(end);
            if over || breaks(repeat, &scope) {
                break;
            }
            base = scope;
        }
        (!ends.is_empty()).then(|| of_loop(ends))
    }

    /// One item: how it ended, and the variables after it. The next item finds the result under its
    /// name and the facts that were set, as in Ansible. `None` when the run is stopped before it began.
    async fn one(
        &self,
        base: &Scope,
        repeat: &Loop,
        items: &[Value],
        index: usize,
    ) -> Result<Option<(End, Scope)>, String> {
        let names = item_names(&self.scope, repeat, items, index)?;
        if index > 0 {
            self.pause(repeat).await?;
        }
        let began = Instant::now();
        let scope = base.extend_data(names.clone());
        let Some(mut end) = self.item(&scope, Some(index)).await else { return Ok(None) };
        end.registered.extend(names);
        let end = self.told(&scope, items.get(index).cloned(), began, end);
        let scope = after(&scope, self.planned, &end.registered);
        Ok(Some((end, scope)))
    }

    async fn pause(&self, repeat: &Loop) -> Result<(), String> {
        let pause = number(&self.scope, repeat.pause.as_ref(), "pause")?.unwrap_or(0.0).max(0.0);
        if pause > 0.0 {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs_f64(pause)) => {}
                () = self.services.cancel.reached(Level::Finish) => {}
            }
        }
        Ok(())
    }

    /// Runs the task once; `index` is the number of the loop's item.
    async fn item(&self, scope: &Scope, index: Option<usize>) -> Option<End> {
        let place = Place::of(self, scope);
        let seen = place.as_ref().map_or_else(|_| scope.clone(), |place| place.seen(self, scope));
        Some(match all_hold(&seen, &self.keyed.task.when) {
            Err(why) => End::failed(why),
            Ok(Err(condition)) => End::skipped(condition),
            Ok(Ok(())) => {
                let prepared =
                    place.and_then(|place| Attempt::prepare(self, &place, seen.clone(), index));
                match prepared {
                    Err(why) => super::attempt::unprepared(why),
                    Ok(attempt) => self.with_notify(&seen, attempt.run().await?),
                }
            }
        })
    }

    /// Adds what it notifies, when it came to a good end.
    fn with_notify(&self, scope: &Scope, end: End) -> End {
        if !matches!(end.status, Status::Ok | Status::Changed) {
            return end;
        }
        match self.keyed.notify(scope) {
            Ok(notify) => End { notify, ..end },
            Err(why) => End::failed(why),
        }
    }

    /// Decides whether a failure is passed over, and tells how it ended.
    fn told(&self, scope: &Scope, item: Option<Value>, began: Instant, mut end: End) -> End {
        let ignored = match end.status {
            Status::Failed => self.keyed.ignore_errors(scope),
            Status::Unreachable => self.keyed.ignore_unreachable(scope),
            _ => Ok(false),
        };
        end.ignored = ignored.unwrap_or_else(|why| {
            end.outcome.msg = format!("{}; {why}", end.outcome.msg);
            false
        });
        let result = Box::new(self.result(scope, item, began, &end));
        self.services.events.send(Event::HostResult(result));
        end
    }

    fn result(&self, scope: &Scope, item: Option<Value>, began: Instant, end: &End) -> HostResult {
        let clean = |text: &str| self.services.redactor.clean(text);
        let outcome = &end.outcome;
        let mut result = HostResult {
            play: self.play.to_owned(),
            task: self.planned.name.clone(),
            host: self.host.to_owned(),
            item: None,
            status: end.status,
            rc: outcome.rc,
            stdout: String::new(),
            stderr: String::new(),
            msg: String::new(),
            diff: String::new(),
            duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            ignored: end.ignored,
            result: Value::Null,
        };
        // When it cannot be told whether the result is secret, it is.
        if self.keyed.no_log(scope).unwrap_or(true) {
            CENSORED.clone_into(&mut result.msg);
            return result;
        }
        result.item = item.map(|item| self.label(scope, item));
        result.stdout = clean(&outcome.stdout);
        result.stderr = clean(&outcome.stderr);
        result.msg = clean(&outcome.msg);
        result.diff = clean(&outcome.diff);
        result.result = self.services.redactor.clean_value(Value::Object(end.registered.clone()));
        result
    }

    /// What is shown of a loop's item.
    fn label(&self, scope: &Scope, item: Value) -> Value {
        let label = self.keyed.task.repeat.as_ref().and_then(|repeat| repeat.label.as_ref());
        let shown = label.and_then(|label| scope.render_value(&label.value).ok()).unwrap_or(item);
        self.services.redactor.clean_value(shown)
    }

    /// The arguments under the module's own names; required ones there, choices kept.
    pub(super) fn checked(&self, args: Map<String, Value>) -> Result<Args, String> {
        let parameters = self.module.parameters();
        let known = |name: &str| -> Option<&Parameter> {
            parameters.iter().find(|p| p.name == name || p.aliases.contains(&name))
        };
        let mut checked = Map::new();
        for (name, value) in args {
            match known(&name) {
                Some(parameter) => {
                    check_choice(parameter, &value)?;
                    checked.insert(parameter.name.to_owned(), value);
                }
                None if self.module.takes_any() => {
                    checked.insert(name, value);
                }
                None => return Err(format!("`{}` takes no `{name}`", self.module.name())),
            }
        }
        let missing = parameters.iter().find(|p| p.required && !checked.contains_key(p.name));
        if let Some(parameter) = missing {
            return Err(format!("`{}` needs `{}`", self.module.name(), parameter.name));
        }
        Ok(Args(checked))
    }
}

/// Whether the loop ends after this item. A condition that cannot be read ends it, too.
fn breaks(repeat: &Loop, scope: &Scope) -> bool {
    !repeat.break_when.is_empty() && !matches!(all_hold(scope, &repeat.break_when), Ok(Err(_)))
}

/// The items of a loop.
pub(super) fn loop_items_of(scope: &Scope, repeat: &Loop) -> Result<Vec<Value>, String> {
    loop_items(scope, repeat).map_err(|why| match why {
        NoItems::Template(error) => explained(&error),
        NoItems::NoList(why) => why,
    })
}

fn check_choice(parameter: &Parameter, value: &Value) -> Result<(), String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null => return Ok(()),
        other => other.to_string(),
    };
    if parameter.is_refused() {
        return Err(format!("`{}` is not supported", parameter.name));
    }
    if parameter.choices.is_empty() || parameter.choices.contains(&text.as_str()) {
        return Ok(());
    }
    let choices = parameter.choices.join(", ");
    let hint = parameter.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    Err(format!("`{}` must be one of {choices}, not `{text}`{hint}", parameter.name))
}
