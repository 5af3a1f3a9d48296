//! The keywords of a task on a host, rendered: what the task says, else what its play says.

use super::background::{Limits, POLL};
use super::variables::explained;
use crate::plan::{Loop, Play, Task, Templated, Text};
use crate::template::{OMIT, Scope};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// No command is without a deadline: what a task may take when it does not say.
pub(super) const TIMEOUT: Duration = Duration::from_secs(600);

/// A task with its play, where keywords are looked up.
#[derive(Clone, Copy)]
pub(super) struct Keyed<'a> {
    pub(super) play: &'a Play,
    pub(super) task: &'a Task,
}

/// Picks the keyword of the task, else of the play.
macro_rules! keyword {
    ($keyed:expr, $name:ident) => {
        $keyed.task.keywords.$name.as_ref().or($keyed.play.inherited.$name.as_ref())
    };
}

impl Keyed<'_> {
    pub(super) fn ignore_errors(self, scope: &Scope) -> Result<bool, String> {
        boolean(scope, keyword!(self, ignore_errors), false, "ignore_errors")
    }

    pub(super) fn ignore_unreachable(self, scope: &Scope) -> Result<bool, String> {
        boolean(scope, keyword!(self, ignore_unreachable), false, "ignore_unreachable")
    }

    pub(super) fn no_log(self, scope: &Scope) -> Result<bool, String> {
        boolean(scope, keyword!(self, no_log), false, "no_log")
    }

    pub(super) fn check(self, scope: &Scope, default: bool) -> Result<bool, String> {
        boolean(scope, keyword!(self, check_mode), default, "check_mode")
    }

    pub(super) fn diff(self, scope: &Scope, default: bool) -> Result<bool, String> {
        boolean(scope, keyword!(self, diff), default, "diff")
    }

    pub(super) fn any_errors_fatal(self, scope: &Scope) -> Result<bool, String> {
        let play = self.play.any_errors_fatal.as_ref();
        boolean(scope, keyword!(self, any_errors_fatal).or(play), false, "any_errors_fatal")
    }

    pub(super) fn run_once(self, scope: &Scope) -> Result<bool, String> {
        boolean(scope, keyword!(self, run_once), false, "run_once")
    }

    /// Whether facts belong to the host that the task is delegated to.
    pub(super) fn delegate_facts(self, scope: &Scope) -> Result<bool, String> {
        boolean(scope, self.task.delegate_facts.as_ref(), false, "delegate_facts")
    }

    /// The handlers that are notified.
    pub(super) fn notify(self, scope: &Scope) -> Result<Vec<String>, String> {
        let mut names = Vec::new();
        for part in &self.task.notify {
            match render(scope, Some(part))? {
                None => {}
                Some(Value::String(name)) => names.push(name),
                Some(Value::Array(list)) => {
                    names.extend(list.iter().filter_map(Value::as_str).map(str::to_owned));
                }
                Some(other) => return Err(format!("`notify` must be names, not {other}")),
            }
        }
        Ok(names)
    }

    /// How many hosts at once, when the task limits it.
    pub(super) fn throttle(self, scope: &Scope) -> Result<Option<usize>, String> {
        let throttle = number(scope, keyword!(self, throttle), "throttle")?;
        let hosts = throttle.filter(|hosts| *hosts > 0.0);
        Ok(hosts.map(whole))
    }

    pub(super) fn timeout(self, scope: &Scope) -> Result<Duration, String> {
        let seconds = number(scope, keyword!(self, timeout), "timeout")?;
        // As in Ansible, 0 is none; here that is the default, since nothing waits for ever.
        let seconds = seconds.filter(|seconds| *seconds > 0.0);
        Ok(seconds.map_or(TIMEOUT, Duration::from_secs_f64))
    }

    /// How it runs in the background, when it does.
    pub(super) fn background(self, scope: &Scope) -> Result<Option<Limits>, String> {
        let most = number(scope, self.task.background.as_ref(), "async")?.unwrap_or(0.0);
        let poll = number(scope, self.task.poll.as_ref(), "poll")?.unwrap_or(POLL);
        let seconds = |number: f64| Duration::from_secs_f64(number.max(0.0));
        let poll = (poll > 0.0).then(|| seconds(poll));
        Ok((most > 0.0).then(|| Limits { most: seconds(most), poll }))
    }

    /// How often it is tried at most, and the pause between two tries.
    pub(super) fn tries(self, scope: &Scope) -> Result<(u32, Duration), String> {
        let retries = number(scope, self.task.retries.as_ref(), "retries")?;
        let tries = match retries {
            None if self.task.until.is_empty() => 1,
            None => 4,
            Some(retries) => whole(retries.max(0.0)) + 1,
        };
        let delay = number(scope, self.task.delay.as_ref(), "delay")?.unwrap_or(5.0).max(0.0);
        Ok((u32::try_from(tries).unwrap_or(u32::MAX), Duration::from_secs_f64(delay)))
    }

    /// What the task, else its play, says of how hosts are reached and as whom commands run there:
    /// as the variables that win over it.
    pub(super) fn connection(self, scope: &Scope) -> Result<Map<String, Value>, String> {
        let keywords = [
            ("ansible_connection", keyword!(self, connection), "connection"),
            ("ansible_port", keyword!(self, port), "port"),
            ("ansible_user", keyword!(self, remote_user), "remote_user"),
            ("ansible_become_user", keyword!(self, become_user), "become_user"),
            ("ansible_become_method", keyword!(self, become_method), "become_method"),
            ("ansible_become_flags", keyword!(self, become_flags), "become_flags"),
            ("ansible_become_exe", keyword!(self, become_exe), "become_exe"),
        ];
        let mut said = Map::new();
        for (variable, keyword, name) in keywords {
            let value = text(scope, keyword, name)?;
            said.extend(value.map(|value| (variable.to_owned(), Value::from(value))));
        }
        if let Some(keyword) = keyword!(self, r#become) {
            let wanted = boolean(scope, Some(keyword), false, "become")?;
            said.insert("ansible_become".to_owned(), Value::from(wanted));
        }
        Ok(said)
    }

    /// The environment, the innermost winning.
    pub(super) fn environment(self, scope: &Scope) -> Result<Vec<(String, String)>, String> {
        let mut environment: Vec<(String, String)> = Vec::new();
        let written = self.play.inherited.environment.iter();
        for layer in written.chain(&self.task.keywords.environment) {
            let value = scope.render_value(&layer.value).map_err(|error| explained(&error))?;
            let layers = match value {
                Value::Array(layers) => layers,
                Value::Null => Vec::new(),
                one => vec![one],
            };
            for layer in layers {
                let Value::Object(names) = layer else {
                    return Err("`environment` must be a mapping".to_owned());
                };
                for (name, value) in names {
                    check_name(&name)?;
                    environment.retain(|(known, _)| *known != name);
                    environment.push((name, plain(&value)));
                }
            }
        }
        Ok(environment)
    }

    /// The host it runs on, when that is another one.
    pub(super) fn delegate(self, scope: &Scope) -> Result<Option<String>, String> {
        match text(scope, self.task.delegate_to.as_ref(), "delegate_to")? {
            Some(host) if host.trim().is_empty() => Err("`delegate_to` rendered empty".to_owned()),
            host => Ok(host),
        }
    }
}

/// What an item of a loop adds to the variables.
pub(super) fn item_names(
    scope: &Scope,
    repeat: &Loop,
    items: &[Value],
    index: usize,
) -> Result<Map<String, Value>, String> {
    let count = items.len();
    let mut names = Map::new();
    names.insert(repeat.variable.clone(), items.get(index).cloned().unwrap_or_default());
    names.insert("ansible_loop_var".into(), json!(repeat.variable));
    if let Some(name) = &repeat.index_variable {
        names.insert(name.clone(), json!(index));
        names.insert("ansible_index_var".into(), json!(name));
    }
    if boolean(scope, repeat.extended.as_ref(), false, "extended")? {
        let mut extended = json!({
            "index": index + 1,
            "index0": index,
            "first": index == 0,
            "last": index + 1 == count,
            "length": count,
            "revindex": count - index,
            "revindex0": count - index - 1,
        });
        if boolean(scope, repeat.extended_allitems.as_ref(), true, "extended_allitems")? {
            extended["allitems"] = json!(items);
        }
        if let Some(next) = items.get(index + 1) {
            extended["nextitem"] = next.clone();
        }
        if let Some(previous) = index.checked_sub(1).and_then(|at| items.get(at)) {
            extended["previtem"] = previous.clone();
        }
        names.insert("ansible_loop".into(), extended);
    }
    Ok(names)
}

/// A number of things; what is written as a fraction is rounded down.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the conversion saturates, and callers give no negative numbers"
)]
pub(super) fn whole(number: f64) -> usize {
    number as usize
}

fn check_name(name: &str) -> Result<(), String> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins && name.chars().all(good) {
        return Ok(());
    }
    Err(format!("`environment`: `{name}` is not a name that a shell variable can have"))
}

/// A value as the text that a program gets.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

fn render(scope: &Scope, keyword: Option<&Templated>) -> Result<Option<Value>, String> {
    let Some(keyword) = keyword else { return Ok(None) };
    let value = scope
        .render_value(&keyword.value)
        .map_err(|error| format!("{}: {}", keyword.location, explained(&error)))?;
    Ok(Some(value).filter(|value| !value.is_null() && *value != OMIT))
}

/// A keyword as true or false.
pub(super) fn boolean(
    scope: &Scope,
    keyword: Option<&Templated>,
    default: bool,
    name: &str,
) -> Result<bool, String> {
    let Some(value) = render(scope, keyword)? else { return Ok(default) };
    truth(&value).ok_or_else(|| format!("`{name}` must be true or false, not {value}"))
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Number(number) => match number.as_i64()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "yes" | "true" | "on" | "1" => Some(true),
            "no" | "false" | "off" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A keyword as a number.
pub(super) fn number(
    scope: &Scope,
    keyword: Option<&Templated>,
    name: &str,
) -> Result<Option<f64>, String> {
    let Some(value) = render(scope, keyword)? else { return Ok(None) };
    let number = match &value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let number = number.filter(|number| number.is_finite() && *number < 1e9);
    number.map(Some).ok_or_else(|| format!("`{name}` must be a number, not {value}"))
}

fn text(scope: &Scope, keyword: Option<&Templated>, name: &str) -> Result<Option<String>, String> {
    match render(scope, keyword)? {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(other) => Err(format!("`{name}` must be text, not {other}")),
    }
}

/// Whether all conditions hold; the first that does not, else.
pub(super) fn all_hold<'a>(
    scope: &Scope,
    conditions: &'a [Text],
) -> Result<Result<(), &'a Text>, String> {
    for condition in conditions {
        match scope.condition(&condition.text) {
            Ok(true) => {}
            Ok(false) => return Ok(Err(condition)),
            Err(error) => return Err(format!("{}: {}", condition.location, explained(&error))),
        }
    }
    Ok(Ok(()))
}
