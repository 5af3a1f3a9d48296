//! From YAML nodes to variables.

use super::{Variable, Variables};
use crate::error::{Location, Problem, Problems};
use crate::vault::Sealed;
use crate::yaml::{Node, NodeKind};
use indexmap::IndexMap;
use serde_json::{Map, Value};

/// The key under which `!unsafe` text stands: text that must never be rendered as a template. It is
/// the spelling of `ansible-inventory --list`.
pub const UNSAFE_KEY: &str = "__ansible_unsafe";

/// Text that must never be rendered.
pub(super) fn unsafe_text(text: Value) -> Value {
    Value::Object(Map::from_iter([(UNSAFE_KEY.to_owned(), text)]))
}

/// The value with all text in it as text that must never be rendered.
pub(super) fn unsafe_values(value: Value) -> Value {
    match value {
        Value::String(_) => unsafe_text(value),
        Value::Array(items) => items.into_iter().map(unsafe_values).collect(),
        Value::Object(entries) => {
            Value::Object(entries.into_iter().map(|(k, v)| (k, unsafe_values(v))).collect())
        }
        other => other,
    }
}

/// A mapping's entries with text keys as in a Python dict: the last duplicate wins, in the first's
/// place. Each comes with where its key stands.
pub(super) fn entries(mapping: &[(Node, Node)]) -> IndexMap<String, (&Location, &Node)> {
    mapping.iter().map(|(key, value)| (key.key_text(), (&key.location, value))).collect()
}

/// The variables of a mapping, each with the place of its key.
pub(super) fn variables(mapping: &[(Node, Node)], problems: &mut Problems) -> Variables {
    entries(mapping)
        .into_iter()
        .map(|(name, (location, node))| {
            (name, Variable::at(plain(node, problems), location.clone()))
        })
        .collect()
}

/// The node as plain data; what cannot be read is noted and becomes null.
fn plain(node: &Node, problems: &mut Problems) -> Value {
    match &node.kind {
        NodeKind::Scalar(value) => value.clone(),
        NodeKind::Tagged { tag, text } if tag == "!unsafe" => {
            unsafe_text(Value::from(text.as_str()))
        }
        NodeKind::Tagged { tag, text } if tag == "!vault" || tag == "!vault-encrypted" => {
            Sealed { text: text.clone(), location: Some(node.location.clone()) }.value()
        }
        NodeKind::Tagged { tag, .. } => {
            problems.push(unknown_tag(tag, &node.location));
            Value::Null
        }
        NodeKind::Sequence(items) => items.iter().map(|item| plain(item, problems)).collect(),
        NodeKind::Mapping(mapping) => {
            let pairs = entries(mapping).into_iter();
            Value::Object(pairs.map(|(name, (_, node))| (name, plain(node, problems))).collect())
        }
    }
}

fn unknown_tag(tag: &str, location: &Location) -> Problem {
    Problem::at(location.clone(), format!("the YAML tag `{tag}` is not known"))
        .hint("only `!unsafe` and `!vault` have a meaning here")
}

/// The value as `ansible-inventory` lists it: encrypted text without the place that we keep.
pub(super) fn listed(value: Value) -> Value {
    if let Some(sealed) = Sealed::of(&value) {
        return Sealed { location: None, ..sealed }.value();
    }
    match value {
        Value::Array(items) => items.into_iter().map(listed).collect(),
        Value::Object(entries) => {
            Value::Object(entries.into_iter().map(|(k, v)| (k, listed(v))).collect())
        }
        other => other,
    }
}

/// The value with `!unsafe` text as plain text, to be shown.
pub(super) fn revealed(value: &Value) -> Value {
    match value {
        Value::Object(entries) => match entries.get(UNSAFE_KEY).filter(|_| entries.len() == 1) {
            Some(text) => text.clone(),
            None => Value::Object(entries.iter().map(|(k, v)| (k.clone(), revealed(v))).collect()),
        },
        Value::Array(items) => items.iter().map(revealed).collect(),
        other => other.clone(),
    }
}
