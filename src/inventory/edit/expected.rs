//! What the inventory must be after a change, and whether it is.

use super::{Step, typed};
use crate::error::Problem;
use crate::inventory::tree::{Group, Host, Tree};
use crate::inventory::{Inventory, Variables, value};
use serde_json::Value;
use std::collections::BTreeMap;

/// Compares the inventory that was read back with the one before and what was meant.
pub(super) fn check(before: &Inventory, steps: &[Step], after: &Inventory) -> Result<(), Problem> {
    let expected = apply(&before.tree, steps);
    let moved = expected.groups.iter().find(|(name, _)| moved(&before.tree, &after.tree, name));
    let moved = moved.map(|(name, _)| format!("the order of the hosts in `{name}`"));
    match difference(&expected, &after.tree).or(moved) {
        None => Ok(()),
        Some(what) => Err(Problem::new(format!("the change would also change {what}"))
            .hint("make the change by hand; nothing was written")),
    }
}

/// Whether hosts that were and are in a group stand in another order: the order of `etcd` decides
/// names of members.
fn moved(before: &Tree, after: &Tree, group: &str) -> bool {
    let (Some(before), Some(after)) = (before.groups.get(group), after.groups.get(group)) else {
        return false;
    };
    let kept = before.hosts.iter().filter(|host| after.hosts.contains(*host));
    !kept.eq(after.hosts.iter().filter(|host| before.hosts.contains(*host)))
}

fn apply(before: &Tree, steps: &[Step]) -> Tree {
    let mut tree = before.clone();
    for step in steps {
        match step {
            Step::Into { group, host, variables } => {
                tree.add_host(host, group, None, "");
                let own = variables.iter().map(|(name, text)| (name.clone(), typed(text)));
                tree.hosts.entry(host.clone()).or_default().variables.extend(own);
            }
            Step::OutOf { group, host } => {
                if let Some(group) = tree.groups.get_mut(group) {
                    group.hosts.shift_remove(host);
                }
            }
        }
    }
    // A host that stands in no group any more stands nowhere.
    let groups = std::mem::take(&mut tree.groups);
    tree.hosts.retain(|host, _| groups.values().any(|group| group.hosts.contains(host)));
    tree.groups = groups;
    tree.settle();
    tree
}

fn difference(expected: &Tree, found: &Tree) -> Option<String> {
    let names = expected.hosts.keys().chain(found.hosts.keys());
    for name in names {
        match (expected.hosts.get(name), found.hosts.get(name)) {
            (Some(one), Some(other)) if same_host(one, other) => {}
            _ => return Some(format!("the host `{name}`")),
        }
    }
    let names = expected.groups.keys().chain(found.groups.keys());
    for name in names {
        match (expected.groups.get(name), found.groups.get(name)) {
            (Some(one), Some(other)) if same_group(one, other) => {}
            _ => return Some(format!("the group `{name}`")),
        }
    }
    None
}

fn same_host(one: &Host, other: &Host) -> bool {
    values(&one.variables) == values(&other.variables)
}

/// The same hosts and children; `IndexSet` compares without their order.
fn same_group(one: &Group, other: &Group) -> bool {
    one.hosts == other.hosts
        && one.children == other.children
        && one.priority == other.priority
        && values(&one.variables) == values(&other.variables)
}

/// The values by name; where they stand may change.
fn values(variables: &Variables) -> BTreeMap<&str, Value> {
    let values = variables.iter();
    values.map(|(name, variable)| (name.as_str(), value::listed(variable.value.clone()))).collect()
}
