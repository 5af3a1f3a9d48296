//! From what a loop is over to its items.

use crate::playbook::{Loop, LoopKind};
use crate::template::{Scope, TemplateError};
use serde_json::Value;

/// Why a loop has no items.
#[derive(Debug)]
pub enum NoItems {
    /// What it is over cannot be evaluated, or not yet.
    Template(TemplateError),
    /// What `loop` is over is no list.
    NoList(String),
}

/// The items of a loop.
pub fn loop_items(scope: &Scope, repeat: &Loop) -> Result<Vec<Value>, NoItems> {
    let written = &repeat.items.value;
    match repeat.kind {
        LoopKind::With(lookup) => scope.with_lookup(lookup, written).map_err(NoItems::Template),
        LoopKind::List => match scope.render_value(written).map_err(NoItems::Template)? {
            Value::Array(items) => Ok(items),
            other => Err(NoItems::NoList(format!("a loop needs a list, but this gives `{other}`"))),
        },
    }
}
