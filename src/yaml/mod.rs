//! YAML with positions, read as PyYAML reads it, because Ansible does.
//!
//! Every node keeps where it stands, so that each mistake can be shown with file:line:column.
//! Plain scalars are resolved by YAML 1.1 rules (`yes` is true, `010` is 8): see [`scalar`].

mod analysis;
mod build;
mod scalar;
mod text;
mod write;

use crate::error::{Location, Problem};
use serde_json::Value;

pub use build::parse;
pub use scalar::resolve_plain;
pub use write::{Layout, write};

/// One YAML node and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where the node begins.
    pub location: Location,
    /// What it is.
    pub kind: NodeKind,
}

/// The kinds of YAML nodes.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// Null, boolean, number or string, already resolved.
    Scalar(Value),
    /// A string behind a local tag, `!vault` or `!unsafe`.
    Tagged {
        /// The tag with its exclamation mark.
        tag: String,
        /// The scalar's text.
        text: String,
    },
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping in the file's order, merge keys already applied, duplicates kept.
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// The mapping's entries, or a problem that says what was expected.
    pub fn mapping(&self, what: &str) -> Result<&[(Node, Node)], Problem> {
        match &self.kind {
            NodeKind::Mapping(entries) => Ok(entries),
            _ => Err(self.expected(what, "a mapping")),
        }
    }

    /// The sequence's items, or a problem that says what was expected.
    pub fn sequence(&self, what: &str) -> Result<&[Node], Problem> {
        match &self.kind {
            NodeKind::Sequence(items) => Ok(items),
            _ => Err(self.expected(what, "a list")),
        }
    }

    /// The string, or a problem that says what was expected.
    pub fn string(&self, what: &str) -> Result<&str, Problem> {
        self.as_str().ok_or_else(|| self.expected(what, "a string"))
    }

    /// The string, when the node is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether the node is null, or nothing was written.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, NodeKind::Scalar(Value::Null))
    }

    /// The last value under `key`, as in a Python dict.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            NodeKind::Mapping(entries) => entries
                .iter()
                .rev()
                .find(|(name, _)| name.as_str() == Some(key))
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The node as plain data, without positions. Tagged strings become their text.
    pub fn value(&self) -> Value {
        match &self.kind {
            NodeKind::Scalar(value) => value.clone(),
            NodeKind::Tagged { text, .. } => Value::String(text.clone()),
            NodeKind::Sequence(items) => items.iter().map(Node::value).collect(),
            NodeKind::Mapping(entries) => Value::Object(
                entries.iter().map(|(key, value)| (key.key_text(), value.value())).collect(),
            ),
        }
    }

    /// The node as a mapping key, spelled as Python's JSON encoder would.
    pub fn key_text(&self) -> String {
        match &self.kind {
            NodeKind::Scalar(Value::String(text)) | NodeKind::Tagged { text, .. } => text.clone(),
            _ => self.value().to_string(),
        }
    }

    /// What kind of thing stands here, for messages.
    pub fn kind_name(&self) -> &'static str {
        match &self.kind {
            NodeKind::Scalar(Value::Null) => "nothing",
            NodeKind::Scalar(Value::Bool(_)) => "a boolean",
            NodeKind::Scalar(Value::Number(_)) => "a number",
            NodeKind::Scalar(_) => "a string",
            NodeKind::Tagged { .. } => "a tagged string",
            NodeKind::Sequence(_) => "a list",
            NodeKind::Mapping(_) => "a mapping",
        }
    }

    fn expected(&self, what: &str, wanted: &str) -> Problem {
        Problem::at(
            self.location.clone(),
            format!("{what} must be {wanted}, but here stands {}", self.kind_name()),
        )
    }
}

#[cfg(test)]
mod tests;
