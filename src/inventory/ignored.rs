//! What Ansible leaves out when a directory is the inventory.

use regex::Regex;

/// By the end of the name, unless `ansible.cfg` says other ends.
const ENDS: [&str; 12] =
    [".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry"];
/// By the whole name, whatever `ansible.cfg` says.
const NAMES: [&str; 3] = ["host_vars", "group_vars", "vars_plugins"];

/// What is left out of a directory of inventories.
#[derive(Debug, Clone, Default)]
pub struct Ignored {
    /// `inventory_ignore_extensions`, in place of the usual ends.
    pub ends: Option<Vec<String>>,
    /// `inventory_ignore_patterns`, searched for anywhere in the name.
    pub patterns: Vec<Regex>,
}

impl Ignored {
    /// Whether the entry `name` of a directory is left out.
    pub(super) fn contains(&self, name: &str) -> bool {
        let by_end = match &self.ends {
            Some(ends) => ends.iter().any(|end| name.ends_with(end.as_str())),
            None => ENDS.iter().any(|end| name.ends_with(end)),
        };
        by_end
            || name.starts_with('.')
            || NAMES.contains(&name)
            || self.patterns.iter().any(|pattern| pattern.is_match(name))
    }
}
