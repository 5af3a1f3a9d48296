//! `--list` and `--host`, as `ansible-inventory` shows them.

use super::magic::INTERNAL;
use super::tree::{ALL, Group};
use super::{Inventory, Variables, python, value, yaml_text};
use indexmap::IndexSet;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

impl Inventory {
    /// All groups and the variables of all hosts, as `ansible-inventory --list` gives them; with
    /// `limit` only these hosts.
    pub fn list(&self, limit: Option<&[String]>) -> Value {
        let lister = Lister { inventory: self, hosts: self.listed(limit) };
        let mut groups = Map::new();
        lister.group(ALL, &mut HashSet::new(), &mut groups);
        let variables: Map<String, Value> = lister
            .hosts
            .iter()
            .map(|host| (host.clone(), self.marked(host)))
            .filter(|(_, variables)| variables.as_object().is_some_and(|map| !map.is_empty()))
            .collect();
        groups
            .insert("_meta".into(), json!({"hostvars": variables, "profile": "inventory_legacy"}));
        Value::Object(groups)
    }

    /// The same as [`Inventory::list`] in the shape of `--list --yaml`.
    pub fn list_nested(&self, limit: Option<&[String]>) -> Value {
        let lister = Lister { inventory: self, hosts: self.listed(limit) };
        let mut seen = Seen::default();
        let all = lister.nested(ALL, &mut seen);
        Value::Object(all.map(|group| (ALL.to_owned(), group)).into_iter().collect())
    }

    /// The variables of one host, as `ansible-inventory --host` gives them.
    pub fn host(&self, host: &str) -> Value {
        value::revealed(&self.marked(host))
    }

    /// The variables of one host with `!unsafe` and encrypted text marked, as they stand in `--list`.
    fn marked(&self, host: &str) -> Value {
        value::listed(Value::Object(shown(self.variables(host))))
    }

    fn listed(&self, limit: Option<&[String]>) -> IndexSet<String> {
        let wanted = |host: &&str| limit.is_none_or(|limit| limit.iter().any(|name| name == host));
        self.hosts().filter(wanted).map(str::to_owned).collect()
    }
}

/// `value` as Ansible prints JSON: keys sorted, four spaces.
pub fn to_json(value: &Value) -> String {
    python::json(value)
}

/// `value` as Ansible prints YAML: keys sorted, block style.
pub fn to_yaml(value: &Value) -> String {
    yaml_text::write(&value::revealed(value))
}

/// Variables that the operator set, without those that Ansible defines.
pub(super) fn shown(variables: Variables) -> Map<String, Value> {
    variables
        .into_iter()
        .filter(|(name, _)| !INTERNAL.contains(&name.as_str()))
        .map(|(name, variable)| (name, variable.value))
        .collect()
}

struct Lister<'a> {
    inventory: &'a Inventory,
    hosts: IndexSet<String>,
}

/// What stands in the output already; it is not repeated.
#[derive(Default)]
struct Seen {
    groups: HashSet<String>,
    hosts: HashSet<String>,
}

impl Lister<'_> {
    fn hosts_in(&self, name: &str, group: &Group) -> Vec<String> {
        let listed = |host: &&String| name != ALL && self.hosts.contains(host.as_str());
        group.hosts.iter().filter(listed).cloned().collect()
    }

    /// A group and, after it, the groups below it, side by side.
    fn group(&self, name: &str, seen: &mut HashSet<String>, out: &mut Map<String, Value>) {
        let Some(group) = self.inventory.tree.groups.get(name) else { return };
        let mut entry = Map::new();
        let hosts = self.hosts_in(name, group);
        if !hosts.is_empty() {
            entry.insert("hosts".into(), hosts.into());
        }
        if !group.children.is_empty() {
            entry.insert(
                "children".into(),
                group.children.iter().cloned().collect::<Vec<_>>().into(),
            );
        }
        if !entry.is_empty() {
            out.insert(name.to_owned(), Value::Object(entry));
        }
        for child in &group.children {
            if seen.insert(child.clone()) {
                self.group(child, seen, out);
            }
        }
    }

    /// A group with the groups below it inside; `None` when there is nothing in it.
    fn nested(&self, name: &str, seen: &mut Seen) -> Option<Value> {
        let group = self.inventory.tree.groups.get(name)?;
        let mut children = Map::new();
        for child in &group.children {
            if seen.groups.contains(child) {
                children.insert(child.clone(), json!({}));
            } else {
                children.extend(self.nested(child, seen).map(|inside| (child.clone(), inside)));
                seen.groups.insert(child.clone());
            }
        }
        let mut hosts = Map::new();
        for host in self.hosts_in(name, group) {
            let first = seen.hosts.insert(host.clone());
            let variables = if first { self.inventory.marked(&host) } else { json!({}) };
            hosts.insert(host, variables);
        }
        let mut entry = Map::new();
        for (key, content) in [("children", children), ("hosts", hosts)] {
            if !content.is_empty() {
                entry.insert(key.into(), Value::Object(content));
            }
        }
        (!entry.is_empty()).then_some(Value::Object(entry))
    }
}
