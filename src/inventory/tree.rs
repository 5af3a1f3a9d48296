//! Groups and hosts as they are collected from all sources, and how they hang together.

use super::{Variable, Variables};
use crate::error::Problem;
use indexmap::{IndexMap, IndexSet};
use std::collections::HashMap;

/// The group that holds everything.
pub(super) const ALL: &str = "all";
/// The group of hosts that are in no other.
pub(super) const UNGROUPED: &str = "ungrouped";
/// The variable that orders groups of one depth.
const PRIORITY: &str = "ansible_group_priority";

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub(super) hosts: IndexSet<String>,
    pub(super) children: IndexSet<String>,
    pub(super) parents: IndexSet<String>,
    pub(super) variables: Variables,
    /// Of two groups of one depth the one with the higher priority wins.
    pub(super) priority: i64,
    /// The longest way down from `all`; deeper groups win. Set by [`Tree::settle`].
    pub(super) depth: usize,
    /// Whether it came to be while a playbook ran.
    pub(super) grown: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Host {
    pub(super) variables: Variables,
    /// The source that named the host first: a path, or a list of hosts.
    pub(super) source: String,
}

/// All groups and hosts in the order in which they were first named.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) groups: IndexMap<String, Group>,
    pub(super) hosts: IndexMap<String, Host>,
    /// The groups that name each host themselves, by [`Tree::settle`]: to ask every group for every
    /// host would take as long as everything else together.
    named_by: HashMap<String, Vec<String>>,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            hosts: IndexSet::new(),
            children: IndexSet::new(),
            parents: IndexSet::new(),
            variables: Variables::new(),
            priority: 1,
            depth: 0,
            grown: false,
        }
    }
}

impl Default for Tree {
    fn default() -> Self {
        let (groups, hosts) = (IndexMap::new(), IndexMap::new());
        let mut tree = Self { groups, hosts, named_by: HashMap::new() };
        tree.add_group(ALL);
        tree.add_group(UNGROUPED);
        tree.link(ALL, UNGROUPED);
        tree
    }
}

impl Tree {
    pub(super) fn add_group(&mut self, name: &str) {
        if !self.groups.contains_key(name) {
            self.groups.insert(name.to_owned(), Group::default());
        }
    }

    /// Puts a host into a group. A port only counts where the host is named first, as in Ansible.
    pub(super) fn add_host(&mut self, name: &str, group: &str, port: Option<u32>, source: &str) {
        self.hosts.entry(name.to_owned()).or_insert_with(|| {
            let mut host = Host { source: source.to_owned(), ..Host::default() };
            if let Some(port) = port.filter(|port| *port != 0) {
                host.variables.insert("ansible_port".into(), Variable::new(port));
            }
            host
        });
        self.groups.entry(group.to_owned()).or_default().hosts.insert(name.to_owned());
    }

    /// Makes `child` a part of `parent`, unless that would close a circle.
    pub(super) fn add_child(&mut self, parent: &str, child: &str) -> Result<(), String> {
        if parent == child {
            return Err(format!("the group `{child}` cannot be its own child"));
        }
        if child == ALL {
            return Err("the group `all` holds every group and cannot be a child".into());
        }
        if self.ancestors(parent).contains(child) {
            return Err(format!("the groups `{parent}` and `{child}` would contain each other"));
        }
        self.link(parent, child);
        Ok(())
    }

    fn link(&mut self, parent: &str, child: &str) {
        self.groups.entry(parent.to_owned()).or_default().children.insert(child.to_owned());
        self.groups.entry(child.to_owned()).or_default().parents.insert(parent.to_owned());
    }

    /// Sets a variable of the group or, when there is none of that name, the host.
    pub(super) fn set(
        &mut self,
        entity: &str,
        name: String,
        value: Variable,
    ) -> Result<(), Problem> {
        if let Some(group) = self.groups.get_mut(entity) {
            if name == PRIORITY {
                group.priority = priority(&value)?;
            } else {
                group.variables.insert(name, value);
            }
        } else if let Some(host) = self.hosts.get_mut(entity) {
            host.variables.insert(name, value);
        }
        Ok(())
    }

    /// Once all sources are read: hangs every group under `all`, tidies `ungrouped`, finds depths.
    pub(super) fn settle(&mut self) {
        let orphans: Vec<String> = self
            .groups
            .iter()
            .filter(|(name, group)| *name != ALL && group.parents.is_empty())
            .map(|(name, _)| name.clone())
            .collect();
        for group in orphans {
            self.link(ALL, &group);
        }
        self.index();
        let names: Vec<String> = self.hosts.keys().cloned().collect();
        for host in names {
            let groups = self.groups_of(&host);
            let grouped = groups.iter().any(|group| *group != ALL && *group != UNGROUPED);
            if let Some(ungrouped) = self.groups.get_mut(UNGROUPED) {
                if grouped {
                    ungrouped.hosts.shift_remove(&host);
                } else {
                    ungrouped.hosts.insert(host);
                }
            }
        }
        self.index();
        let depths: HashMap<String, usize> =
            self.groups.keys().map(|name| (name.clone(), 0)).collect();
        for (name, depth) in self.depths(depths) {
            if let Some(group) = self.groups.get_mut(&name) {
                group.depth = depth;
            }
        }
    }

    fn index(&mut self) {
        self.named_by.clear();
        for (name, group) in &self.groups {
            for host in &group.hosts {
                self.named_by.entry(host.clone()).or_default().push(name.clone());
            }
        }
    }

    /// Pushes every group below its deepest parent, level by level; circles cannot occur here.
    fn depths(&self, mut depths: HashMap<String, usize>) -> HashMap<String, usize> {
        let mut level = vec![ALL];
        let mut depth = 0;
        while !level.is_empty() {
            depth += 1;
            let children: IndexSet<&str> = level.iter().flat_map(|g| self.children(g)).collect();
            for child in &children {
                depths.insert((*child).to_owned(), depth);
            }
            level = children.into_iter().collect();
        }
        depths
    }

    fn children(&self, group: &str) -> impl Iterator<Item = &str> {
        self.groups
            .get(group)
            .into_iter()
            .flat_map(|group| group.children.iter().map(String::as_str))
    }

    /// All groups above `group`.
    fn ancestors<'a>(&'a self, group: &'a str) -> IndexSet<&'a str> {
        let mut found = IndexSet::new();
        let mut todo = vec![group];
        while let Some(name) = todo.pop() {
            for parent in self.groups.get(name).into_iter().flat_map(|group| &group.parents) {
                if found.insert(parent.as_str()) {
                    todo.push(parent);
                }
            }
        }
        found
    }

    /// The hosts of a group and of all groups below it: its own first, then level by level.
    pub(super) fn hosts_of(&self, group: &str) -> Vec<String> {
        let mut found: IndexSet<&str> = IndexSet::new();
        let mut seen: IndexSet<&str> = IndexSet::from([group]);
        let mut level = vec![group];
        while !level.is_empty() {
            for name in &level {
                let hosts = self.groups.get(*name).into_iter().flat_map(|group| &group.hosts);
                found.extend(hosts.map(String::as_str));
            }
            let next: IndexSet<&str> = level.iter().flat_map(|g| self.children(g)).collect();
            level = next.into_iter().filter(|name| seen.insert(name)).collect();
        }
        found.into_iter().map(str::to_owned).collect()
    }

    /// The groups that hold `host`, directly or through a child.
    pub(super) fn groups_of(&self, host: &str) -> IndexSet<&str> {
        let mut found = IndexSet::new();
        for name in self.named_by.get(host).into_iter().flatten() {
            found.insert(name.as_str());
            found.extend(self.ancestors(name));
        }
        found
    }
}

fn priority(value: &Variable) -> Result<i64, Problem> {
    let number = match &value.value {
        serde_json::Value::String(text) => text.trim().parse().ok(),
        serde_json::Value::Bool(flag) => Some(i64::from(*flag)),
        other => other.as_i64(),
    };
    number.ok_or_else(|| Problem {
        location: value.location.clone(),
        message: format!("`{PRIORITY}` must be a whole number"),
        hint: Some(format!("write `{PRIORITY}=10`; the higher one wins")),
    })
}
