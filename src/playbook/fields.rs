//! Reading the values of keys.

use super::keys::entries;
use super::model::{Keywords, Templated, Text};
use crate::error::{Location, Problem, Problems};
use crate::vault::Sealed;
use crate::yaml::{Node, NodeKind};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A value with its place. `!vault` and `!unsafe` are refused.
pub(super) fn templated(node: &Node, problems: &mut Problems) -> Templated {
    no_tags(node, problems);
    Templated { value: node.value(), location: node.location.clone() }
}

/// What is read as plain data must not lose a tag that means something.
pub(super) fn no_tags(node: &Node, problems: &mut Problems) {
    match &node.kind {
        NodeKind::Tagged { tag, .. } => problems.push(Problem::at(
            node.location.clone(),
            format!("`{tag}` is not supported yet in playbooks"),
        )),
        NodeKind::Sequence(items) => items.iter().for_each(|item| no_tags(item, problems)),
        NodeKind::Mapping(pairs) => pairs.iter().for_each(|(_, value)| no_tags(value, problems)),
        NodeKind::Scalar(_) => {}
    }
}

/// A string.
pub(super) fn string(node: &Node, what: &str, problems: &mut Problems) -> Option<String> {
    match node.string(what) {
        Ok(text) => Some(text.to_owned()),
        Err(problem) => {
            problems.push(problem);
            None
        }
    }
}

/// A title: numbers count as text, as in `name: 2379`.
pub(super) fn title(node: &Node, problems: &mut Problems) -> Option<String> {
    match &node.kind {
        NodeKind::Scalar(Value::Number(number)) => Some(number.to_string()),
        _ => string(node, "`name`", problems),
    }
}

/// The name of a variable.
pub(super) fn variable(node: &Node, what: &str, problems: &mut Problems) -> Option<String> {
    let name = string(node, what, problems)?;
    if is_name(&name) {
        return Some(name);
    }
    problems.push(Problem::at(
        node.location.clone(),
        format!("{what} must be the name of a variable, not `{name}`"),
    ));
    None
}

pub(super) fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A literal boolean.
pub(super) fn boolean(node: &Node, what: &str, problems: &mut Problems) -> Option<bool> {
    if let NodeKind::Scalar(Value::Bool(value)) = node.kind {
        return Some(value);
    }
    problems.push(Problem::at(
        node.location.clone(),
        format!("{what} must be true or false, but here stands {}", node.kind_name()),
    ));
    None
}

/// Conditions: one or a list of them.
pub(super) fn conditions(node: &Node, what: &str, problems: &mut Problems) -> Vec<Text> {
    let nodes = match &node.kind {
        NodeKind::Sequence(items) => items.iter().collect(),
        _ => vec![node],
    };
    let mut texts = Vec::new();
    for node in nodes {
        let text = match &node.kind {
            NodeKind::Scalar(Value::Bool(value)) => value.to_string(),
            NodeKind::Scalar(Value::String(text)) if !text.trim().is_empty() => text.clone(),
            _ => {
                problems.push(Problem::at(
                    node.location.clone(),
                    format!("{what} must be a condition, but here stands {}", node.kind_name()),
                ));
                continue;
            }
        };
        texts.push(Text { text, location: node.location.clone() });
    }
    texts
}

/// Tags: a list, or a string with commas.
pub(super) fn tags(node: &Node, problems: &mut Problems) -> Vec<String> {
    let nodes = match &node.kind {
        NodeKind::Sequence(items) => items.iter().collect(),
        _ => vec![node],
    };
    let mut tags = Vec::new();
    for node in nodes {
        let Some(text) = string(node, "a tag", problems) else { continue };
        if text.contains("{{") {
            problems.push(Problem::at(
                node.location.clone(),
                "templates in tags are not supported: tags choose tasks before there are variables",
            ));
        }
        tags.extend(text.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()));
    }
    tags
}

/// Variables, and where each stands.
pub(super) fn vars(
    node: &Node,
    problems: &mut Problems,
    places: &mut BTreeMap<String, Location>,
) -> Map<String, Value> {
    let mut vars = Map::new();
    if node.is_null() {
        return vars;
    }
    for (key, name, value) in entries(node, "`vars`", problems) {
        if !is_name(name) {
            problems.push(Problem::at(
                key.location.clone(),
                format!("`{name}` cannot be the name of a variable"),
            ));
        }
        places.insert(format!("vars.{name}"), value.location.clone());
        vars.insert(name.to_owned(), data(value, problems));
    }
    vars
}

/// The key under which text stands that is never rendered, as in the inventory.
const UNSAFE: &str = "__ansible_unsafe";

/// Text that is never rendered.
pub(super) fn never_rendered(text: Value) -> Value {
    Value::Object(Map::from_iter([(UNSAFE.to_owned(), text)]))
}

/// A value of a variable: `!unsafe` and `!vault` text is kept apart, other tags are refused.
pub(super) fn data(node: &Node, problems: &mut Problems) -> Value {
    match &node.kind {
        NodeKind::Tagged { tag, text } if tag == "!unsafe" => {
            never_rendered(Value::from(text.as_str()))
        }
        NodeKind::Tagged { tag, text } if tag == "!vault" => {
            Sealed { text: text.clone(), location: Some(node.location.clone()) }.value()
        }
        NodeKind::Tagged { .. } => {
            no_tags(node, problems);
            Value::Null
        }
        NodeKind::Sequence(items) => items.iter().map(|item| data(item, problems)).collect(),
        NodeKind::Mapping(pairs) => Value::Object(
            pairs.iter().map(|(key, value)| (key.key_text(), data(value, problems))).collect(),
        ),
        NodeKind::Scalar(value) => value.clone(),
    }
}

/// One value or a list of them, each with its place.
pub(super) fn one_or_more(node: &Node) -> Vec<&Node> {
    match &node.kind {
        NodeKind::Sequence(items) => items.iter().collect(),
        NodeKind::Scalar(Value::Null) => Vec::new(),
        _ => vec![node],
    }
}

/// Names: a list, or a single one.
pub(super) fn names(node: &Node, what: &str, problems: &mut Problems) -> Vec<String> {
    one_or_more(node).into_iter().filter_map(|one| string(one, what, problems)).collect()
}

/// Templates: a list, or a single one.
pub(super) fn templates(node: &Node, problems: &mut Problems) -> Vec<Templated> {
    one_or_more(node).into_iter().map(|one| templated(one, problems)).collect()
}

/// One of the keywords that plays, blocks and tasks share; `false` when it is none.
pub(super) fn keyword(
    keywords: &mut Keywords,
    name: &str,
    node: &Node,
    problems: &mut Problems,
) -> bool {
    let slot = match name {
        "become" => &mut keywords.r#become,
        "become_user" => &mut keywords.become_user,
        "become_method" => &mut keywords.become_method,
        "become_flags" => &mut keywords.become_flags,
        "become_exe" => &mut keywords.become_exe,
        "remote_user" => &mut keywords.remote_user,
        "port" => &mut keywords.port,
        "connection" => &mut keywords.connection,
        "ignore_errors" => &mut keywords.ignore_errors,
        "ignore_unreachable" => &mut keywords.ignore_unreachable,
        "run_once" => &mut keywords.run_once,
        "check_mode" => &mut keywords.check_mode,
        "diff" => &mut keywords.diff,
        "no_log" => &mut keywords.no_log,
        "timeout" => &mut keywords.timeout,
        "throttle" => &mut keywords.throttle,
        "any_errors_fatal" => &mut keywords.any_errors_fatal,
        "environment" => {
            environment(keywords, node, problems);
            return true;
        }
        "tags" => {
            keywords.tags.extend(tags(node, problems));
            return true;
        }
        _ => return false,
    };
    *slot = Some(templated(node, problems));
    true
}

fn environment(keywords: &mut Keywords, node: &Node, problems: &mut Problems) {
    let parts: Vec<&Node> = match &node.kind {
        NodeKind::Sequence(items) => items.iter().collect(),
        _ => vec![node],
    };
    for part in parts {
        match &part.kind {
            NodeKind::Mapping(_) | NodeKind::Scalar(Value::String(_)) => {
                keywords.environment.push(templated(part, problems));
            }
            NodeKind::Scalar(Value::Null) => {}
            _ => problems.push(Problem::at(
                part.location.clone(),
                format!("`environment` must be a mapping, but here stands {}", part.kind_name()),
            )),
        }
    }
}
