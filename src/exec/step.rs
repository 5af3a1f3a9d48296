//! One task on one host: its condition, its loop, what it tells.

use super::attempt::Attempt;
use super::keywords::{Keyed, all_hold};
use super::result::{End, of_loop};
use super::services::{Options, Services};
use super::variables::explained;
use crate::event::{Event, HostResult, Status};
use crate::modules::{Args, Module, Parameter};
use crate::plan::{Loop, PlannedTask, Settled};
use crate::template::Scope;
use serde_json::{Map, Value, json};
use std::time::Instant;

/// What is said in place of a result that is not to be shown.
const CENSORED: &str = "the output has been hidden due to the fact that 'no_log: true' was \
                        specified for this result";

/// One task on one host.
pub(super) struct HostTask<'a> {
    pub(super) services: &'a Services,
    pub(super) options: &'a Options,
    pub(super) play: &'a str,
    pub(super) planned: &'a PlannedTask,
    pub(super) keyed: Keyed<'a>,
    pub(super) module: &'static dyn Module,
    pub(super) host: &'a str,
    pub(super) scope: Scope,
}

impl HostTask<'_> {
    /// Runs it to its end; `None` when the run is stopped before it began.
    pub(super) async fn run(&self) -> Option<End> {
        if self.services.cancel.is_asked() {
            return None;
        }
        let settled = self.planned.hosts.iter().find(|planned| planned.host == self.host);
        if settled.is_some_and(|planned| planned.condition == Settled::Now(false)) {
            return Some(self.told(&self.scope, None, Instant::now(), End::skipped(None)));
        }
        match &self.keyed.task.repeat {
            None => self.item(self.scope.clone(), None).await,
            Some(repeat) => self.each(repeat).await,
        }
    }

    /// Runs the loop. As in Ansible an item that fails does not keep the next ones from running;
    /// but no recovery step builds on one that failed.
    async fn each(&self, repeat: &Loop) -> Option<End> {
        let items = match self.items(repeat) {
            Ok(items) => items,
            Err(why) => {
                // Items that cannot be made do not matter for a task that is left out.
                let skip = matches!(all_hold(&self.scope, &self.keyed.task.when), Ok(Err(_)));
                let end = if skip { End::skipped(None) } else { End::failed(why) };
                return Some(self.told(&self.scope, None, Instant::now(), end));
            }
        };
        if items.is_empty() {
            let end = End::skipped(None);
            return Some(self.told(&self.scope, None, Instant::now(), end));
        }
        let mut ends = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let mut names = Map::new();
            names.insert(repeat.variable.clone(), item.clone());
            names.insert("ansible_loop_var".into(), json!(repeat.variable));
            if let Some(name) = &repeat.index_variable {
                names.insert(name.clone(), json!(index));
            }
            let scope = self.scope.extend_data(names);
            let Some(mut end) = self.item(scope, Some((index, item.clone()))).await else {
                break;
            };
            end.registered.insert(repeat.variable.clone(), item);
            end.registered.insert("ansible_loop_var".into(), json!(repeat.variable));
            let gone = matches!(end.status, Status::Unreachable | Status::Unknown);
            let stop = end.status == Status::Failed && self.options.stop_on_failure;
            let over = (gone || stop) && !end.ignored;
            ends.push(end);
            if over {
                break;
            }
        }
        (!ends.is_empty()).then(|| of_loop(ends))
    }

    fn items(&self, repeat: &Loop) -> Result<Vec<Value>, String> {
        let value = self.scope.render_value(&repeat.items.value);
        let value = value.map_err(|error| explained(&error))?;
        let items = match value {
            Value::Array(items) => items,
            one if repeat.flatten => vec![one],
            other => return Err(format!("`loop` must be a list, not {other}")),
        };
        if !repeat.flatten {
            return Ok(items);
        }
        let flat = items.into_iter().flat_map(|item| match item {
            Value::Array(inner) => inner,
            one => vec![one],
        });
        Ok(flat.collect())
    }

    async fn item(&self, scope: Scope, item: Option<(usize, Value)>) -> Option<End> {
        let began = Instant::now();
        let end = match all_hold(&scope, &self.keyed.task.when) {
            Err(why) => End::failed(why),
            Ok(Err(condition)) => End::skipped(Some(&condition.text)),
            Ok(Ok(())) => {
                let index = item.as_ref().map(|(index, _)| *index);
                match Attempt::prepare(self, scope.clone(), index) {
                    Err(why) => super::attempt::unprepared(why),
                    Ok(attempt) => attempt.run().await?,
                }
            }
        };
        Some(self.told(&scope, item.map(|(_, item)| item), began, end))
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
        if end.meta().is_none() || end.status == Status::Failed {
            self.services.events.send(Event::HostResult(self.result(scope, item, began, &end)));
        }
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
        result
    }

    /// What is shown of a loop's item.
    fn label(&self, scope: &Scope, item: Value) -> Value {
        let label = self.keyed.task.repeat.as_ref().and_then(|repeat| repeat.label.as_ref());
        let shown = label.and_then(|label| scope.render_value(&label.value).ok()).unwrap_or(item);
        match shown {
            Value::String(text) => Value::String(self.services.redactor.clean(&text)),
            Value::Object(_) | Value::Array(_) => {
                let text = self.services.redactor.clean(&shown.to_string());
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            other => other,
        }
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

fn check_choice(parameter: &Parameter, value: &Value) -> Result<(), String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null => return Ok(()),
        other => other.to_string(),
    };
    if parameter.choices.is_empty() || parameter.choices.contains(&text.as_str()) {
        return Ok(());
    }
    let choices = parameter.choices.join(", ");
    Err(format!("`{}` must be one of {choices}, not `{text}`", parameter.name))
}
