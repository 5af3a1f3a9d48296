//! `--graph`, as `ansible-inventory` draws it.

use super::listing::shown;
use super::tree::ALL;
use super::{Inventory, Variables, python, value};
use crate::error::Problem;
use crate::vault::Sealed;
use serde_json::{Map, Value};

impl Inventory {
    /// The groups below `group` with their hosts, and with `variables` what is set for each:
    /// encrypted values too, decrypted, as Ansible draws them.
    pub fn graph(&self, group: &str, variables: bool) -> Result<String, Problem> {
        if !self.tree.groups.contains_key(group) {
            return Err(Problem::new(format!("`{group}` is not a group of the inventory"))
                .hint("`rrecover inventory --graph` without a name draws all groups"));
        }
        let mut lines = Vec::new();
        self.graph_group(group, 0, variables, &mut lines)?;
        Ok(lines.join("\n"))
    }

    fn graph_group(
        &self,
        name: &str,
        depth: usize,
        variables: bool,
        lines: &mut Vec<String>,
    ) -> Result<(), Problem> {
        let Some(group) = self.tree.groups.get(name) else { return Ok(()) };
        lines.push(branch(depth, &format!("@{name}:")));
        for child in &group.children {
            self.graph_group(child, depth + 1, variables, lines)?;
        }
        for host in group.hosts.iter().filter(|_| name != ALL) {
            lines.push(branch(depth + 1, host));
            if variables {
                self.graph_variables(&shown(self.variables(host)), depth + 2, lines)?;
            }
        }
        if variables {
            self.graph_variables(&self.group_variables(name), depth + 1, lines)?;
        }
        Ok(())
    }

    fn graph_variables(
        &self,
        variables: &Map<String, Value>,
        depth: usize,
        lines: &mut Vec<String>,
    ) -> Result<(), Problem> {
        for (name, variable) in python::sorted(variables) {
            let text = match Sealed::of(variable) {
                Some(sealed) => self.vault.reveal(&sealed)?,
                None => python::text(&value::revealed(variable)),
            };
            lines.push(branch(depth, &format!("{{{name} = {text}}}")));
        }
        Ok(())
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

fn branch(depth: usize, text: &str) -> String {
    if depth == 0 { text.to_owned() } else { format!("{}--{text}", "  |".repeat(depth)) }
}
