//! What the operator wrote about hosts: groups, variables, patterns.
//!
//! Everything here means what it means to ansible-core 2.19; `tests/inventory_differential.rs`
//! asks `ansible-inventory` about the same files. What Ansible only warns about (a file that does
//! not parse, a key it skips, a name it does not know) is an error here: the wrong host is the
//! worst thing a recovery can touch.
//!
//! Encrypted values stay encrypted until they are read; see [`crate::vault`].

mod address;
mod adjacent;
mod edit;
mod extra;
mod files;
mod graph;
mod grow;
mod ignored;
mod ini;
mod key_values;
mod listing;
mod literal;
mod load;
mod magic;
mod pattern;
mod precedence;
mod python;
mod range;
mod script;
mod tree;
mod value;
mod words;
mod yaml_file;
mod yaml_text;

use crate::error::Location;
use crate::vault::Vault;
use indexmap::IndexMap;
use serde_json::Value;
use std::path::PathBuf;

pub use edit::{Change, Edit};
pub use ignored::Ignored;
pub use listing::{to_json, to_yaml};
pub use load::Inventory;
pub use value::UNSAFE_KEY;

/// Where the inventory comes from, as given on the command line.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// `-i` in order: files, scripts, directories, or lists with a comma (`host1,host2`, `host,`).
    pub inventory: Vec<String>,
    /// The directories of the playbooks: their `group_vars` and `host_vars` count too.
    pub playbook_dirs: Vec<PathBuf>,
    /// `-e` in order: `key=value …`, JSON or YAML in braces, or `@file`.
    pub extra_vars: Vec<String>,
    /// What opens encrypted files and values.
    pub vault: Vault,
    /// What is left out of directories.
    pub ignored: Ignored,
}

/// A variable as it was written: templates in it are not rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// The value. Wherever it is nested, `!unsafe` text is `{UNSAFE_KEY: text}` and `!vault` text a
    /// [`Sealed`](crate::vault::Sealed).
    pub value: Value,
    /// Where it was written; `None` for what the command line and the inventory itself define.
    pub location: Option<Location>,
}

impl Variable {
    /// A variable that stands in no file.
    pub fn new(value: impl Into<Value>) -> Self {
        Self { value: value.into(), location: None }
    }

    /// A variable written at a place.
    pub fn at(value: impl Into<Value>, location: Location) -> Self {
        Self { value: value.into(), location: Some(location) }
    }
}

/// Variables by name, in the order in which they were first set.
pub type Variables = IndexMap<String, Variable>;

#[cfg(test)]
mod tests;
