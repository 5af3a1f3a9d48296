//! What can be settled now: conditions and loops.

use super::loops::{NoItems, loop_items};
use super::model::Settled;
use crate::error::Problem;
use crate::playbook::{Loop, Text};
use crate::template::Scope;
use serde_json::Value;

/// Whether all conditions hold. One that does not hold settles it, whatever the others are; one
/// that cannot be known yet leaves it open.
pub(super) fn conditions(scope: &Scope, when: &[Text]) -> Result<Settled, Problem> {
    let mut open = Vec::new();
    for condition in when {
        match scope.condition(&condition.text) {
            Ok(true) => {}
            Ok(false) => return Ok(Settled::Now(false)),
            Err(error) if error.is_later() => open.push(condition.text.trim().to_owned()),
            // Ansible would not get to a condition behind one that does not hold.
            Err(_) if !open.is_empty() => open.push(condition.text.trim().to_owned()),
            Err(error) => return Err(error.problem(&condition.location)),
        }
    }
    if open.is_empty() {
        return Ok(Settled::Now(true));
    }
    Ok(Settled::Runtime(open.join(" and ")))
}

/// A loop's items; `None` when they are only known while running.
pub(super) fn items(scope: &Scope, repeat: &Loop) -> Result<Option<Vec<Value>>, Problem> {
    let place = &repeat.items.location;
    match loop_items(scope, repeat) {
        Ok(items) => Ok(Some(items)),
        Err(NoItems::Template(error)) if error.is_later() => Ok(None),
        Err(NoItems::Template(error)) => Err(error.problem(place)),
        Err(NoItems::NoList(why)) => Err(Problem::at(place.clone(), why)),
    }
}

/// The scope of one item of a loop.
pub(super) fn with_item(scope: &Scope, repeat: &Loop, index: usize, item: &Value) -> Scope {
    let scope = scope.with(&repeat.variable, item.clone());
    match &repeat.index_variable {
        Some(name) => scope.with(name, index),
        None => scope,
    }
}
