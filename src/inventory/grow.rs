//! What a playbook adds to the inventory while it runs: `add_host`, `group_by`.

use super::tree::{ALL, UNGROUPED};
use super::{Inventory, Variable};
use serde_json::{Map, Value};

impl Inventory {
    /// Adds a host, or what it did not have; whether that changed anything. What is added is never
    /// rendered again: it was rendered already.
    pub fn add_host(
        &mut self,
        name: &str,
        groups: &[String],
        variables: &Map<String, Value>,
    ) -> bool {
        let mut changed = false;
        if !self.contains(name) {
            self.tree.add_host(name, UNGROUPED, None, "");
            changed = true;
        }
        for group in groups {
            changed |= self.put(name, group);
        }
        if let Some(host) = self.tree.hosts.get_mut(name) {
            for (name, value) in variables {
                let known = host.variables.get(name).map(|variable| &variable.value);
                if known != Some(value) {
                    host.variables.insert(name.clone(), Variable::new(value.clone()));
                    changed = true;
                }
            }
        }
        self.tree.settle();
        changed
    }

    /// Puts a host into a group below other groups; whether that changed anything.
    pub fn add_to_group(&mut self, host: &str, group: &str, parents: &[String]) -> bool {
        let mut changed = self.put(host, group);
        self.put_in_order(group);
        for parent in parents.iter().filter(|parent| *parent != ALL) {
            let children = self.tree.groups.get(parent).map(|parent| &parent.children);
            if !children.is_some_and(|children| children.contains(group)) {
                self.tree.add_group(parent);
                // A circle is left out, as a host is in both groups then anyway.
                changed |= self.tree.add_child(parent, group).is_ok();
            }
        }
        self.tree.settle();
        changed
    }

    /// Hosts come to a group at the same time; the order in which they did is chance, so that a new
    /// group has the inventory's.
    fn put_in_order(&mut self, group: &str) {
        let known = &self.tree.hosts;
        if let Some(group) = self.tree.groups.get_mut(group).filter(|group| group.grown) {
            group
                .hosts
                .sort_by(|one, other| known.get_index_of(one).cmp(&known.get_index_of(other)));
        }
    }

    fn put(&mut self, host: &str, group: &str) -> bool {
        let new = !self.tree.groups.contains_key(group);
        self.tree.add_group(group);
        let Some(group) = self.tree.groups.get_mut(group) else { return false };
        group.grown |= new;
        group.hosts.insert(host.to_owned())
    }
}
