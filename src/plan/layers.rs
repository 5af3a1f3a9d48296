//! Which variable wins inside a play: Ansible's order, in one place for planning and running.

use crate::playbook::{Play, Role, Task};
use crate::template::{Open, Scope};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The variables of a host for a task, by where they come from. What is not known yet is said by
/// [`Layers::facts_open`], [`Layers::anything_open`] and [`Layers::later`].
#[derive(Debug, Default)]
pub struct Layers<'a> {
    /// The play.
    pub play: Option<&'a Play>,
    /// The role that the task belongs to.
    pub role: Option<&'a Role>,
    /// The task's own and those of the blocks around it.
    pub vars: Map<String, Value>,
    /// What includes handed over.
    pub params: Map<String, Value>,
    /// Roles that became public while running.
    pub published: Vec<std::sync::Arc<Role>>,
    /// Facts, under their full names.
    pub facts: Map<String, Value>,
    /// What `include_vars` read.
    pub read: Map<String, Value>,
    /// Registered results and set facts.
    pub learned: Map<String, Value>,
    /// Items of loops around an include.
    pub items: Map<String, Value>,
    /// Whether facts are still to be gathered or set.
    pub facts_open: bool,
    /// Whether anything may still be read or set.
    pub anything_open: bool,
    /// What will be set by name.
    pub later: BTreeSet<String>,
}

impl Layers<'_> {
    /// The layers of a task in a play.
    pub fn of<'a>(play: &'a Play, task: &'a Task) -> Layers<'a> {
        Layers {
            play: Some(play),
            role: task.role.as_deref(),
            vars: task.vars.clone(),
            params: task.params.clone(),
            ..Layers::default()
        }
    }

    /// From the weakest to the strongest: defaults of roles, the inventory, facts, the play, roles,
    /// blocks and task, files read, results, parameters of roles and includes. Extra variables and
    /// the names that nothing may shadow come on top of this.
    pub fn scope(self, inventory: Map<String, Value>) -> Scope {
        let (mut defaults, mut exported) = self.play.map(Play::exported).unwrap_or_default();
        for role in &self.published {
            defaults.extend(role.exported_defaults.clone());
            exported.extend(role.exported_vars.clone());
        }
        let of_role = |part: fn(&Role) -> &Map<String, Value>| {
            self.role.map(part).cloned().unwrap_or_default()
        };
        let mut scope =
            Scope::new(defaults).extend(of_role(|role| &role.defaults)).extend(inventory);
        // Without any facts `ansible_facts` is empty, not undefined.
        scope = scope.with("ansible_facts", Map::new()).extend_data(self.facts);
        if self.facts_open {
            scope = scope.open(Open::Facts).later(["ansible_facts".to_owned()]);
        }
        scope = scope.extend(self.play.map(|play| play.vars.clone()).unwrap_or_default());
        scope = scope.extend(exported).extend(of_role(|role| &role.vars)).extend(self.vars);
        scope = scope.extend(self.read);
        if self.anything_open {
            scope = scope.open(Open::Anything);
        }
        scope = scope.extend_data(self.learned).later(self.later);
        scope =
            scope.extend(of_role(|role| &role.params)).extend(self.params).extend_data(self.items);
        match self.role {
            Some(role) => scope
                .with("role_name", role.name.as_str())
                .with("ansible_role_name", role.name.as_str())
                .with("role_path", role.path.display().to_string()),
            None => scope,
        }
    }
}
