//! What `include_tasks` and `include_role` take.

use super::block::{ROLE_ARGUMENTS, role_name};
use super::fields::{boolean, templated};
use super::include::{RoleTarget, Target};
use super::keys::{entries, unknown};
use super::model::Templated;
use super::words::spelled_out;
use crate::error::{Problem, Problems};
use crate::yaml::{Node, NodeKind};

/// What is included, from what stands behind the key and under `args`.
pub(super) fn target(
    name: &str,
    value: &Node,
    args: Option<&Node>,
    problems: &mut Problems,
) -> Option<Target> {
    let value = &*spelled_out(value);
    if name == "include_tasks" { tasks(value, args, problems) } else { role(value, args, problems) }
}

fn tasks(value: &Node, args: Option<&Node>, problems: &mut Problems) -> Option<Target> {
    let mut file = value.as_str().is_some().then(|| templated(value, problems));
    let mapping = matches!(value.kind, NodeKind::Mapping(_)).then_some(value);
    for node in mapping.into_iter().chain(args) {
        for (key, word, part) in entries(node, "`include_tasks`", problems) {
            match word {
                "file" => file = Some(templated(part, problems)),
                "apply" => {}
                _ => problems.push(unknown(key, word, "`include_tasks`", ["file", "apply"])),
            }
        }
    }
    let file = file.filter(|file| file.value.is_string());
    if file.is_none() {
        problems
            .push(Problem::at(value.location.clone(), "`include_tasks` needs the name of a file"));
    }
    file.map(Target::Tasks)
}

fn role(value: &Node, args: Option<&Node>, problems: &mut Problems) -> Option<Target> {
    let mut found = RoleTarget {
        name: Templated { value: serde_json::Value::Null, location: value.location.clone() },
        from: Vec::new(),
        public: false,
        allow_duplicates: true,
    };
    let mapping = matches!(value.kind, NodeKind::Mapping(_)).then_some(value);
    let mut from = |key, part: &Node, problems: &mut Problems| {
        found.from.push((key, templated(part, problems)));
    };
    for node in mapping.into_iter().chain(args) {
        for (key, word, part) in entries(node, "`include_role`", problems) {
            match word {
                "name" | "role" | "apply" | "rolespec_validate" => {}
                "tasks_from" => from("tasks_from", part, problems),
                "handlers_from" => from("handlers_from", part, problems),
                "vars_from" => from("vars_from", part, problems),
                "defaults_from" => from("defaults_from", part, problems),
                "public" => found.public = boolean(part, "`public`", problems).unwrap_or(false),
                "allow_duplicates" => {
                    found.allow_duplicates =
                        boolean(part, "`allow_duplicates`", problems).unwrap_or(true);
                }
                _ => problems.push(unknown(
                    key,
                    word,
                    "`include_role`",
                    ROLE_ARGUMENTS.iter().copied(),
                )),
            }
        }
    }
    let named = role_name(value).or_else(|| args.and_then(role_name));
    let Some(named) = named.filter(|named| named.as_str().is_some()) else {
        problems.push(Problem::at(value.location.clone(), "`include_role` needs `name`"));
        return None;
    };
    found.name = templated(named, problems);
    Some(Target::Role(Box::new(found)))
}
