//! Which hosts a play is for, in which order, and in which batches.

use super::known::{Known, is_local};
use crate::error::{Problem, Problems};
use crate::playbook::Play;
use crate::template::{Scope, TemplateError};
use serde_json::Value;

/// The hosts of a play.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlayHosts {
    /// All of them in the order of the pattern, whatever order they are worked on in.
    pub all: Vec<String>,
    /// In the order in which they are worked on, as many at a time.
    pub batches: Vec<Vec<String>>,
}

/// A play's hosts.
pub(super) enum Chosen {
    /// These, in the order of the pattern.
    Hosts(Vec<String>),
    /// Not known before the cluster was looked at.
    Later,
}

/// The hosts of a play, narrowed by `--limit`. Hosts that were decided on are not narrowed: the
/// decision was made with the limit in hand and refuses when it cannot keep to it.
pub(super) fn choose(known: &Known, play: &Play) -> Result<Chosen, Problem> {
    let limit = known.limit.as_deref();
    let location = &play.hosts.location;
    let scope = known.global(play);
    let value = match scope.render_value(&play.hosts.value) {
        Ok(value) => value,
        Err(error) if error.is_later() => return Ok(Chosen::Later),
        Err(error) => return Err(error.problem(location)),
    };
    let templated = value != play.hosts.value;
    let hosts = match value {
        Value::Null => Ok(Vec::new()),
        Value::String(pattern) => one_pattern(known, &pattern, templated),
        Value::Array(items) => several(known, &items, templated),
        other => Err(Problem::new(format!("`hosts` must render to hosts, not to `{other}`"))),
    };
    let mut hosts =
        hosts.map_err(|problem| Problem { location: Some(location.clone()), ..problem })?;
    if let Some(limit) = limit.filter(|_| !decided_on(&scope, play)) {
        hosts.retain(|host| limit.contains(host));
    }
    Ok(Chosen::Hosts(hosts))
}

/// Puts the hosts into the order that the play asks for.
fn order(scope: &Scope, play: &Play, hosts: &mut [String]) -> Result<(), Problem> {
    let Some(order) = &play.order else { return Ok(()) };
    let place = &order.location;
    let value = scope.render_value(&order.value).map_err(|error| error.problem(place))?;
    match value.as_str() {
        Some("inventory") => {}
        Some("reverse_inventory") => hosts.reverse(),
        Some("sorted") => hosts.sort_unstable(),
        Some("reverse_sorted") => hosts.sort_unstable_by(|one, other| other.cmp(one)),
        Some("shuffle") => shuffle(hosts),
        _ => {
            return Err(Problem::at(place.clone(), format!("`order` cannot be `{value}`"))
                .hint("it is inventory, reverse_inventory, sorted, reverse_sorted or shuffle"));
        }
    }
    Ok(())
}

/// Puts hosts into some order.
fn shuffle(hosts: &mut [String]) {
    use std::hash::{BuildHasher, RandomState};
    let chance = RandomState::new();
    hosts.sort_by_cached_key(|host| chance.hash_one(host));
}

/// Whether the hosts depend on what was decided.
fn decided_on(scope: &Scope, play: &Play) -> bool {
    let blind = scope.later(["cluster".to_owned()]);
    matches!(blind.render_value(&play.hosts.value), Err(TemplateError::Later { .. }))
}

/// A pattern as written may name a group that this cluster does not have. One that was rendered
/// from a variable is what the operator typed: a mistake in it must not pass.
fn one_pattern(known: &Known, pattern: &str, strict: bool) -> Result<Vec<String>, Problem> {
    if pattern.trim().is_empty() {
        return Ok(Vec::new());
    }
    if is_local(pattern) {
        return Ok(vec![pattern.to_owned()]);
    }
    let found = known.inventory.matching(pattern)?;
    if found.is_empty() && strict {
        return known.inventory.select(pattern);
    }
    Ok(found)
}

fn several(known: &Known, items: &[Value], strict: bool) -> Result<Vec<String>, Problem> {
    let mut names = Vec::new();
    for item in items {
        match item {
            Value::String(name) => names.push(name.as_str()),
            other => {
                return Err(Problem::new(format!("`hosts` must be names of hosts, not `{other}`")));
            }
        }
    }
    if names.iter().any(|name| name.starts_with(['!', '&'])) {
        return one_pattern(known, &names.join(","), strict);
    }
    let mut hosts: Vec<String> = Vec::new();
    for name in names {
        let found = if known.inventory.contains(name) {
            vec![name.to_owned()]
        } else {
            one_pattern(known, name, strict)?
        };
        let new = found.into_iter().filter(|host| !hosts.contains(host)).collect::<Vec<_>>();
        hosts.extend(new);
    }
    Ok(hosts)
}

/// The hosts in the order that the play asks for and in the batches of `serial`: numbers and
/// percentages, the last one repeats.
pub(super) fn batches(
    known: &Known,
    play: &Play,
    mut hosts: Vec<String>,
    problems: &mut Problems,
) -> Vec<Vec<String>> {
    if let Err(problem) = order(&known.global(play), play, &mut hosts) {
        problems.push(problem);
    }
    if hosts.is_empty() {
        return Vec::new();
    }
    let Some(serial) = &play.serial else { return vec![hosts] };
    let rendered = known.global(play).render_value(&serial.value);
    let sizes = rendered.map_err(|error| error.problem(&serial.location)).and_then(|value| {
        let items = match value {
            Value::Array(items) => items,
            one => vec![one],
        };
        items.iter().map(|item| size(item, hosts.len())).collect::<Option<Vec<usize>>>().ok_or_else(
            || {
                Problem::at(serial.location.clone(), "`serial` must be a number or a percentage")
                    .hint("for example `serial: 1`, `serial: 30%` or a list of them")
            },
        )
    });
    match sizes {
        Ok(sizes) => cut(hosts, &sizes),
        Err(problem) => {
            problems.push(problem);
            vec![hosts]
        }
    }
}

/// How many hosts a part of `serial` means; 0 is all of them.
fn size(value: &Value, hosts: usize) -> Option<usize> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    let count = match text.strip_suffix('%') {
        Some(percent) => (percent.parse::<usize>().ok()?.checked_mul(hosts)? / 100).max(1),
        None => text.parse().ok()?,
    };
    Some(if count == 0 { hosts } else { count })
}

fn cut(hosts: Vec<String>, sizes: &[usize]) -> Vec<Vec<String>> {
    let mut batches = Vec::new();
    let mut rest = hosts.into_iter().peekable();
    let mut sizes = sizes.iter();
    let mut size = usize::MAX;
    while rest.peek().is_some() {
        size = sizes.next().copied().unwrap_or(size);
        batches.push(rest.by_ref().take(size).collect());
    }
    batches
}
