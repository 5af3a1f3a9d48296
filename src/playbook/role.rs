//! What a role says, and what its tasks see of it.

use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A role as one place uses it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its directory.
    pub path: PathBuf,
    /// Two uses that say the same are one use: the second does not run again.
    pub identity: String,
    /// Whether the second one runs again nevertheless.
    pub allow_duplicates: bool,
    /// The roles that need this one, outermost first.
    pub chain: Vec<Arc<Role>>,
    /// The weakest variables of its tasks.
    pub defaults: Map<String, Value>,
    /// Variables of its tasks that win over the play's.
    pub vars: Map<String, Value>,
    /// What the place that uses it hands over; it wins over facts and results.
    pub params: Map<String, Value>,
    /// The defaults that the whole play sees.
    pub exported_defaults: Map<String, Value>,
    /// The variables that the whole play sees.
    pub exported_vars: Map<String, Value>,
    pub(super) own: Own,
}

/// What a role says itself, without what is around it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Own {
    pub(super) defaults: Map<String, Value>,
    pub(super) vars: Map<String, Value>,
    /// `vars` where it is used.
    pub(super) written: Map<String, Value>,
    pub(super) params: Map<String, Value>,
}

/// Which files of a role are read instead of `main`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleFiles {
    /// `tasks_from`.
    pub tasks: Option<String>,
    /// `handlers_from`.
    pub handlers: Option<String>,
    /// `vars_from`.
    pub vars: Option<String>,
    /// `defaults_from`.
    pub defaults: Option<String>,
}

impl Role {
    /// The roles that need this one, and this one.
    pub(super) fn with_chain(self: &Arc<Self>) -> Vec<Arc<Self>> {
        self.chain.iter().chain([self]).cloned().collect()
    }

    /// The directories in which its files are looked for, its own first.
    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(self.path.as_path())
            .chain(self.chain.iter().rev().map(|role| role.path.as_path()))
    }

    /// Puts together what its tasks see, in Ansible's order: for defaults, what it needs is weakest;
    /// for variables, what needs it.
    pub(super) fn inherit(&mut self, needed: &[Arc<Self>]) {
        let merge = |maps: Vec<&Map<String, Value>>| {
            let mut merged = Map::new();
            for map in maps {
                merged.extend(map.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            merged
        };
        let chain = || self.chain.iter().map(|role| &role.own);
        let defaults = || needed.iter().map(|role| &role.own.defaults);
        let vars = || needed.iter().map(|role| &role.own.vars);
        self.exported_defaults = merge(defaults().chain([&self.own.defaults]).collect());
        self.exported_vars =
            merge(chain().map(|own| &own.vars).chain(vars()).chain([&self.own.vars]).collect());
        self.defaults = merge(
            defaults()
                .chain(chain().map(|own| &own.defaults))
                .chain([&self.own.defaults])
                .collect(),
        );
        self.vars = merge(
            chain()
                .flat_map(|own| [&own.written, &own.vars])
                .chain(vars())
                .chain([&self.own.vars, &self.own.written])
                .collect(),
        );
        self.params = merge(chain().map(|own| &own.params).chain([&self.own.params]).collect());
    }
}

/// What was asked of a role's files, as text.
impl RoleFiles {
    /// Sets the file of one part: `tasks_from` and the like.
    pub fn set(&mut self, key: &str, file: String) {
        match key {
            "tasks_from" => self.tasks = Some(file),
            "handlers_from" => self.handlers = Some(file),
            "vars_from" => self.vars = Some(file),
            _ => self.defaults = Some(file),
        }
    }
}
