//! YAML (and JSON) inventories: groups with `hosts`, `children` and `vars`.

use super::tree::Tree;
use super::{ini, value};
use crate::error::{Location, Problem, Problems};
use crate::yaml::{Node, NodeKind};
use indexmap::IndexMap;
use serde_json::Value;

/// Reads a YAML inventory into `tree` and notes every mistake in it.
pub(super) fn read(source: &str, top: &Node, tree: &mut Tree) -> Result<(), Problems> {
    let mut reader = Reader { source, tree, problems: Problems::default() };
    match top.mapping("a YAML inventory") {
        Ok(groups) if top.get("plugin").is_some() => {
            let at = groups.first().map_or(&top.location, |(key, _)| &key.location);
            reader.problems.push(
                Problem::at(at.clone(), "this configures an inventory plugin, which is not supported")
                    .hint("write its result to a file with `ansible-inventory --list --yaml --output FILE`"),
            );
        }
        Ok(groups) => {
            for (name, group) in groups {
                reader.group(name, group);
            }
        }
        Err(problem) => {
            reader.problems.push(problem.hint("begin with `all:` and `hosts:` below it"));
        }
    }
    reader.problems.or(())
}

struct Reader<'a> {
    source: &'a str,
    tree: &'a mut Tree,
    problems: Problems,
}

impl Reader<'_> {
    fn group(&mut self, name: &Node, group: &Node) -> Option<String> {
        let name = self.note(name_of(name, "a group's name"))?;
        self.tree.add_group(&name);
        if group.is_null() {
            return Some(name);
        }
        let what = format!("the group `{name}`");
        let sections = self.note(group.mapping(&what).map_err(|problem| {
            problem.hint("a group holds `hosts`, `children` and `vars`, or nothing")
        }))?;
        for (section, (location, content)) in value::entries(sections) {
            match section.as_str() {
                _ if content.is_null() && is_section(&section) => {}
                "vars" => self.variables(&name, content),
                "children" => self.children(&name, content),
                "hosts" => self.hosts(&name, content),
                _ => self.unknown(&name, &section, location),
            }
        }
        Some(name)
    }

    fn variables(&mut self, group: &str, content: &Node) {
        let what = format!("`vars` of the group `{group}`");
        let Some(mapping) = self.mapping(content, &what) else { return };
        for (name, variable) in value::variables(mapping, &mut self.problems) {
            if let Err(problem) = self.tree.set(group, name, variable) {
                self.problems.push(problem);
            }
        }
    }

    fn children(&mut self, group: &str, content: &Node) {
        for (key, child) in self.members(group, "children", content) {
            let Some(name) = self.group(&key, &child) else { continue };
            if let Err(message) = self.tree.add_child(group, &name) {
                self.problems.push(
                    Problem::at(key.location, message)
                        .hint(format!("remove `{name}` from the children of `{group}`")),
                );
            }
        }
    }

    fn hosts(&mut self, group: &str, content: &Node) {
        for (key, content) in self.members(group, "hosts", content) {
            let Some(pattern) = self.note(name_of(&key, "a host's name")) else { continue };
            let expanded = ini::hosts(&pattern)
                .map_err(|(message, hint)| Problem::at(key.location.clone(), message).hint(hint));
            let Some((names, port)) = self.note(expanded) else { continue };
            for name in &names {
                self.tree.add_host(name, group, port, self.source);
            }
            if !content.is_null() {
                self.host_variables(&pattern, &names, &content);
            }
        }
    }

    fn host_variables(&mut self, pattern: &str, names: &[String], content: &Node) {
        let what = format!("what stands below the host `{pattern}`");
        let Some(mapping) = self.mapping(content, &what) else { return };
        for (variable, value) in value::variables(mapping, &mut self.problems) {
            for name in names {
                if let Err(problem) = self.tree.set(name, variable.clone(), value.clone()) {
                    self.problems.push(problem);
                }
            }
        }
    }

    /// The members of `hosts` or `children`: a mapping, or a lone name.
    fn members(&mut self, group: &str, section: &str, content: &Node) -> Vec<(Node, Node)> {
        if content.as_str().is_some() {
            let nothing = NodeKind::Scalar(Value::Null);
            let nothing = Node { location: content.location.clone(), kind: nothing };
            return vec![(content.clone(), nothing)];
        }
        let what = format!("`{section}` of the group `{group}`");
        let mapping = content.mapping(&what).map_err(|problem| {
            problem.hint(format!("write each name with a colon: `{section}:` and below it `name:`"))
        });
        let mapping = self.note(mapping).unwrap_or_default();
        let mut members: IndexMap<String, (Node, Node)> = IndexMap::new();
        for (key, value) in mapping {
            members.insert(key.key_text(), (key.clone(), value.clone()));
        }
        members.into_values().collect()
    }

    fn unknown(&mut self, group: &str, section: &str, at: &Location) {
        let problem =
            Problem::at(at.clone(), format!("`{section}` is not a part of the group `{group}`"));
        self.problems.push(problem.hint(format!(
            "a group holds `hosts`, `children` and `vars`; put `{section}` below one of them"
        )));
    }

    /// A mapping of variables.
    fn mapping<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [(Node, Node)]> {
        let hint = "write `name: value` lines below it";
        self.note(node.mapping(what).map_err(|problem| problem.hint(hint)))
    }

    fn note<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.problems.push(problem)).ok()
    }
}

/// The name of a group or host. YAML reads `12` and `yes` as something else than text.
fn name_of(key: &Node, what: &str) -> Result<String, Problem> {
    let name = key.string(what).map_err(|problem| problem.hint("put the name into quotes"))?;
    if name.is_empty() {
        return Err(Problem::at(key.location.clone(), format!("{what} is empty"))
            .hint("write the name in front of the colon"));
    }
    Ok(name.to_owned())
}

fn is_section(name: &str) -> bool {
    matches!(name, "hosts" | "children" | "vars")
}
