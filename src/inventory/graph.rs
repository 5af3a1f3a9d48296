//! `--graph`, as `ansible-inventory` draws it.

use super::listing::shown;
use super::tree::ALL;
use super::{Inventory, Variables, python, value};
use serde_json::{Map, Value};

impl Inventory {
    /// The groups below `group` with their hosts, and with `variables` what is set for each; `None`
    /// when there is no such group.
    pub fn graph(&self, group: &str, variables: bool) -> Option<String> {
        self.tree.groups.contains_key(group).then(|| {
            let mut lines = Vec::new();
            self.graph_group(group, 0, variables, &mut lines);
            lines.join("\n")
        })
    }

    fn graph_group(&self, name: &str, depth: usize, variables: bool, lines: &mut Vec<String>) {
        let Some(group) = self.tree.groups.get(name) else { return };
        lines.push(branch(depth, &format!("@{name}:")));
        for child in &group.children {
            self.graph_group(child, depth + 1, variables, lines);
        }
        for host in group.hosts.iter().filter(|_| name != ALL) {
            lines.push(branch(depth + 1, host));
            if variables {
                graph_variables(&shown(self.variables(host)), depth + 2, lines);
            }
        }
        if variables {
            graph_variables(&self.group_variables(name), depth + 1, lines);
        }
    }

    /// What is set for a group itself, in the inventory and beside it.
    fn group_variables(&self, name: &str) -> Map<String, Value> {
        let mut variables = Variables::new();
        let group = self.tree.groups.get(name);
        variables.extend(group.map(|group| group.variables.clone()).unwrap_or_default());
        for place in self.adjacent.inventory.iter().chain(&self.adjacent.playbook) {
            variables.extend(place.groups.get(name).cloned().unwrap_or_default());
        }
        let mut shown = shown(variables);
        if let Some(priority) = group.map(|group| group.priority).filter(|priority| *priority != 1)
        {
            shown.insert("ansible_group_priority".into(), priority.into());
        }
        shown
    }
}

fn graph_variables(variables: &Map<String, Value>, depth: usize, lines: &mut Vec<String>) {
    for (name, variable) in python::sorted(variables) {
        let text = python::text(&value::revealed(variable));
        lines.push(branch(depth, &format!("{{{name} = {text}}}")));
    }
}

fn branch(depth: usize, text: &str) -> String {
    if depth == 0 { text.to_owned() } else { format!("{}--{text}", "  |".repeat(depth)) }
}
