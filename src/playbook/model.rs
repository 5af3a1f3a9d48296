//! What a playbook says. Nothing is rendered here; every part knows where it stands.

use crate::error::Location;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// One playbook file with what it imports.
#[derive(Debug, Clone, PartialEq)]
pub struct Playbook {
    /// The name as the operator typed it, or a built-in one's own name.
    pub name: String,
    /// The directory that relative paths start from; `None` for a built-in playbook.
    pub directory: Option<PathBuf>,
    /// Its entries in order, imports already in place.
    pub entries: Vec<Entry>,
}

impl Playbook {
    /// The decisions that the playbook's plays rest on (`- decide: NAME`), in order.
    pub fn decisions(&self) -> Vec<&str> {
        self.entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Decide(name) => Some(name.text.as_str()),
                Entry::Play(_) => None,
            })
            .collect()
    }

    /// The plays in order.
    pub fn plays(&self) -> impl Iterator<Item = &Arc<Play>> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Play(play) => Some(play),
            Entry::Decide(_) => None,
        })
    }
}

/// One entry of a playbook.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// `- decide: NAME`: the plays below read that decision as `cluster.NAME`.
    Decide(Text),
    /// A play.
    Play(Arc<Play>),
}

/// A text that may hold templates or be an expression, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text as written.
    pub text: String,
    /// Where it stands.
    pub location: Location,
}

/// A value that may hold templates, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Templated {
    /// The value as written.
    pub value: Value,
    /// Where it stands.
    pub location: Location,
}

/// A play: tasks for a set of hosts.
#[derive(Debug, Clone, PartialEq)]
pub struct Play {
    /// Where it begins.
    pub location: Location,
    /// Its name as written; templates may stand in it.
    pub name: Option<String>,
    /// A pattern, a list of them, or a template that renders to one of both.
    pub hosts: Templated,
    /// Its variables, not rendered.
    pub vars: Map<String, Value>,
    /// How many hosts at a time: numbers or percentages; empty is all at once.
    pub serial: Option<Templated>,
    /// Whether a failure on one host ends the play on all hosts.
    pub any_errors_fatal: Option<Templated>,
    /// The share of hosts in percent that may fail before the play ends.
    pub max_fail_percentage: Option<Templated>,
    /// What tasks inherit: become, environment, tags and the like.
    pub inherited: Keywords,
    /// `pre_tasks`, `tasks` and `post_tasks` in the order in which they run, blocks flattened.
    pub tasks: Vec<Arc<Task>>,
    /// Where its parts stand: `vars.NAME`.
    pub places: BTreeMap<String, Location>,
}

/// One task.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Where it begins.
    pub location: Location,
    /// Its name as written; templates may stand in it.
    pub name: Option<String>,
    /// The module's short name.
    pub module: String,
    /// Its arguments by the module's own parameter names, not rendered.
    pub args: Map<String, Value>,
    /// `when` of the task and of the blocks and imports around it, outermost first; all must hold.
    pub when: Vec<Text>,
    /// `loop` or `with_items`.
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
    /// Variables of the task and of the blocks around it, not rendered; the innermost wins.
    pub vars: Map<String, Value>,
    /// The keywords that blocks and plays hand down, merged with those of the blocks around it. The
    /// play's [`Play::inherited`] lie [`Keywords::under`] them.
    pub keywords: Keywords,
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
    /// Where a part stands (`args.path`), or else the task.
    pub fn place(&self, part: &str) -> &Location {
        self.places.get(part).unwrap_or(&self.location)
    }
}

/// `loop` with its control.
#[derive(Debug, Clone, PartialEq)]
pub struct Loop {
    /// A list, or a template that renders to one.
    pub items: Templated,
    /// Whether lists inside the list are flattened by one level, as `with_items` does.
    pub flatten: bool,
    /// The variable of the item, `item` unless said otherwise.
    pub variable: String,
    /// The variable of the index from 0.
    pub index_variable: Option<String>,
    /// What is shown instead of the item.
    pub label: Option<Templated>,
}

/// Keywords that plays and blocks hand down to tasks. What is `None` was not written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Keywords {
    /// Whether commands run as another user.
    pub r#become: Option<Templated>,
    /// Which user.
    pub become_user: Option<Templated>,
    /// By which program: `sudo`, `su`, `doas`.
    pub become_method: Option<Templated>,
    /// Environments, the outermost first; later ones win.
    pub environment: Vec<Templated>,
    /// Tags; those of blocks included, not the play's.
    pub tags: Vec<String>,
    /// Whether a failure is noted and passed over.
    pub ignore_errors: Option<Templated>,
    /// Whether an unreachable host is noted and passed over.
    pub ignore_unreachable: Option<Templated>,
    /// Whether it runs on the first host only, for all.
    pub run_once: Option<Templated>,
    /// Check mode, whatever the command line says.
    pub check_mode: Option<Templated>,
    /// Diff mode, whatever the command line says.
    pub diff: Option<Templated>,
    /// Whether arguments and results are secret.
    pub no_log: Option<Templated>,
    /// Seconds that the task may take.
    pub timeout: Option<Templated>,
    /// How many hosts at once.
    pub throttle: Option<Templated>,
    /// Whether a failure on one host ends the play on all hosts.
    pub any_errors_fatal: Option<Templated>,
}
