//! A task and its loop.

use super::{Keywords, Templated, Text};
use crate::error::Location;
use crate::playbook::include::Include;
use crate::playbook::role::Role;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// One task.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Where it begins.
    pub location: Location,
    /// Its name as written; templates may stand in it.
    pub name: Option<String>,
    /// The module's short name; for includes `include_tasks` or `include_role`.
    pub module: String,
    /// Its arguments by the module's own parameter names, not rendered.
    pub args: Map<String, Value>,
    /// The tasks that are put in its place while running.
    pub include: Option<Include>,
    /// `when` of the task and of the blocks and imports around it, outermost first; all must hold.
    pub when: Vec<Text>,
    /// `loop` or `with_…`.
    pub repeat: Option<Loop>,
    /// The variable that gets the result.
    pub register: Option<String>,
    /// Tried again until all of these hold.
    pub until: Vec<Text>,
    /// How often it is tried again.
    pub retries: Option<Templated>,
    /// Seconds between two tries.
    pub delay: Option<Templated>,
    /// What makes the result count as changed; all must hold. Empty: what the module says.
    pub changed_when: Vec<Text>,
    /// What makes the result count as failed; all must hold. Empty: what the module says.
    pub failed_when: Vec<Text>,
    /// The host it runs on instead.
    pub delegate_to: Option<Templated>,
    /// Whether facts belong to the host it runs on instead.
    pub delegate_facts: Option<Templated>,
    /// Handlers that are notified when it changed something: names or topics.
    pub notify: Vec<Templated>,
    /// For a handler: the topics that it listens to.
    pub listen: Vec<String>,
    /// Seconds that it may run in the background.
    pub background: Option<Templated>,
    /// Seconds between two looks at it there; 0 does not wait for it.
    pub poll: Option<Templated>,
    /// Variables of the task and of the blocks around it, not rendered; the innermost wins.
    pub vars: Map<String, Value>,
    /// Variables handed to what is included; they win over facts and results.
    pub params: Map<String, Value>,
    /// The keywords that blocks and plays hand down, merged with those of the blocks around it. The
    /// play's [`inherited`](super::Play::inherited) lie [`Keywords::under`] them.
    pub keywords: Keywords,
    /// The role that it belongs to.
    pub role: Option<Arc<Role>>,
    /// Whether it takes something away that cannot be had again without `undo`.
    pub destructive: bool,
    /// How it is taken back, for the operator.
    pub undo: Option<String>,
    /// Where its parts stand: `args.NAME`, `vars.NAME`.
    pub places: BTreeMap<String, Location>,
    /// The directory of the file it stands in, which relative local paths start from; `None` in a
    /// built-in file.
    pub directory: Option<PathBuf>,
}

impl Task {
    /// A task of a module that says nothing else.
    pub fn new(location: Location, module: &str) -> Self {
        Self {
            location,
            name: None,
            module: module.to_owned(),
            args: Map::new(),
            include: None,
            when: Vec::new(),
            repeat: None,
            register: None,
            until: Vec::new(),
            retries: None,
            delay: None,
            changed_when: Vec::new(),
            failed_when: Vec::new(),
            delegate_to: None,
            delegate_facts: None,
            notify: Vec::new(),
            listen: Vec::new(),
            background: None,
            poll: None,
            vars: Map::new(),
            params: Map::new(),
            keywords: Keywords::default(),
            role: None,
            destructive: false,
            undo: None,
            places: BTreeMap::new(),
            directory: None,
        }
    }

    /// Where a part stands (`args.path`), or else the task.
    pub fn place(&self, part: &str) -> &Location {
        self.places.get(part).unwrap_or(&self.location)
    }
}

/// `loop` with its control.
#[derive(Debug, Clone, PartialEq)]
pub struct Loop {
    /// What is looped over, or a template that renders to it.
    pub items: Templated,
    /// How the items are made from it.
    pub kind: LoopKind,
    /// The variable of the item, `item` unless said otherwise.
    pub variable: String,
    /// The variable of the index from 0.
    pub index_variable: Option<String>,
    /// What is shown instead of the item.
    pub label: Option<Templated>,
    /// Seconds between two items.
    pub pause: Option<Templated>,
    /// Whether `ansible_loop` tells of the other items.
    pub extended: Option<Templated>,
    /// Whether `ansible_loop.allitems` is among that.
    pub extended_allitems: Option<Templated>,
    /// The loop ends after the item for which all of these hold.
    pub break_when: Vec<Text>,
}

impl Loop {
    /// A loop without `loop_control`.
    pub fn new(items: Templated, kind: LoopKind) -> Self {
        Self {
            items,
            kind,
            variable: "item".to_owned(),
            index_variable: None,
            label: None,
            pause: None,
            extended: None,
            extended_allitems: None,
            break_when: Vec::new(),
        }
    }
}

/// How a loop's items are made from what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoopKind {
    /// `loop`: a list, as it is.
    List,
    /// `with_NAME`: what the lookup of that name gives for it.
    With(&'static str),
}
