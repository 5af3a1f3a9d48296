//! Changes to YAML files that are written in lines, not in braces.

use super::lines::Lines;
use super::{in_range, is_range_with, typed};
use crate::error::{Location, Problem};
use crate::inventory::{address, yaml_text};
use crate::yaml::{self, Node, NodeKind};
use indexmap::IndexMap;
use serde_json::Value;

/// How deep a line is indented below its parent where nothing shows it.
const INDENT: usize = 2;

/// A group wherever the file names it: its key and what stands behind it.
struct Group<'a> {
    key: &'a Node,
    content: &'a Node,
}

/// Every place where the file holds the group.
fn groups<'a>(top: &'a Node, name: &str) -> Vec<Group<'a>> {
    let mut found = Vec::new();
    collect(top, name, &mut found);
    found
}

fn collect<'a>(children: &'a Node, name: &str, found: &mut Vec<Group<'a>>) {
    for (key, content) in entries(children) {
        if key.as_str() == Some(name) {
            found.push(Group { key, content });
        }
        if let Some(below) = content.get("children") {
            collect(below, name, found);
        }
    }
}

fn entries(node: &Node) -> &[(Node, Node)] {
    match &node.kind {
        NodeKind::Mapping(entries) => entries,
        _ => &[],
    }
}

/// The document of a file whose lines are those that YAML counts.
fn parsed(file: &str, text: &str) -> Result<Option<Node>, Problem> {
    if let Some(number) = text.lines().position(|line| line.contains('\r')) {
        let place = Location::new(file, number + 1, 1);
        return Err(Problem::at(
            place,
            "a carriage return stands alone here, which YAML takes for the end of a line",
        )
        .hint("end the lines as the others end, then run this again"));
    }
    Ok(yaml::parse(file, text)?.into_iter().next())
}

/// The text, taken apart in lines.
struct Page<'a> {
    lines: Lines<'a>,
}

impl Page<'_> {
    /// Whether the key is the first thing in its line: then the lines below it that are indented
    /// deeper are all its own.
    fn begins_line(&self, key: &Node) -> bool {
        let line = self.lines.all.get(key.location.line - 1).copied().unwrap_or_default();
        line.chars().take(key.location.column - 1).all(|c| c == ' ')
            && !line.trim_start().starts_with(['{', '"', '\''])
    }

    /// The lines of an entry, counted from 0, without blank lines at its end.
    fn extent(&self, key: &Node) -> std::ops::Range<usize> {
        let first = key.location.line - 1;
        let indent = key.location.column - 1;
        let mut end = first + 1;
        for (number, line) in self.lines.all.iter().enumerate().skip(first + 1) {
            let body = line.trim_start();
            if body.trim().is_empty() {
                continue;
            }
            if line.len() - body.len() <= indent {
                break;
            }
            end = number + 1;
        }
        first..end
    }

    /// The text of the line in which a key stands, behind its colon and without a comment.
    fn behind_colon(&self, key: &Node) -> &str {
        let line = self.lines.all.get(key.location.line - 1).copied().unwrap_or_default();
        let at = line.char_indices().nth(key.location.column - 1).map_or(0, |(at, _)| at);
        let behind =
            line.get(at..).unwrap_or_default().split_once(':').map_or("", |(_, behind)| behind);
        behind.split(" #").next().unwrap_or_default().trim()
    }
}

fn braces(key: &Node) -> Problem {
    Problem::at(
        key.location.clone(),
        "this is written in braces or quotes and cannot be changed here",
    )
    .hint("make the change by hand, or write it as one line for each name")
}

fn spaces(count: usize) -> String {
    " ".repeat(count)
}

/// Puts `host` into `group`, which stands at `place` or comes behind it; `None` when `place` is not
/// in the file.
pub(super) fn insert(
    file: &str,
    text: &str,
    place: &str,
    group: &str,
    host: &str,
    variables: &IndexMap<String, String>,
) -> Result<Option<String>, Problem> {
    let Some(top) = parsed(file, text)? else { return Ok(None) };
    let page = Page { lines: Lines::of(text) };
    let found = groups(&top, place);
    let with_hosts = found.iter().find(|group| group.content.get("hosts").is_some());
    let Some(target) = with_hosts.or(found.first()) else { return Ok(None) };
    if !page.begins_line(target.key) {
        return Err(braces(target.key));
    }
    let indent = target.key.location.column - 1;
    if place != group {
        let mut new = vec![
            format!("{}{group}:", spaces(indent)),
            format!("{}hosts:", spaces(indent + INDENT)),
        ];
        new.extend(host_lines(host, variables, indent + 2 * INDENT, ""));
        return Ok(Some(page.lines.with(page.extent(target.key).end, &new)));
    }
    let hosts = entries(target.content).iter().rfind(|(key, _)| key.as_str() == Some("hosts"));
    if let Some((key, hosts)) = hosts {
        return into_hosts(&page, key, hosts, host, variables).map(Some);
    }
    let inner = entries(target.content).first().map(|(key, _)| key);
    let inner = inner.map_or(indent + INDENT, |key| key.location.column - 1);
    let mut new = vec![format!("{}hosts:", spaces(inner))];
    new.extend(host_lines(host, variables, inner + INDENT, ""));
    below_key(&page, target.key, &new).map(Some)
}

/// Behind the last of the hosts, written as that one is.
fn into_hosts(
    page: &Page<'_>,
    key: &Node,
    hosts: &Node,
    host: &str,
    variables: &IndexMap<String, String>,
) -> Result<String, Problem> {
    let Some((last, content)) = entries(hosts).last() else {
        let new = host_lines(host, variables, key.location.column - 1 + INDENT, "");
        return below_key(page, key, &new);
    };
    if !page.begins_line(key) || !page.begins_line(last) || last.location.line == key.location.line
    {
        return Err(braces(key));
    }
    let style = if content.is_null() { page.behind_colon(last) } else { "" };
    let braces = entries(content).is_empty() && page.behind_colon(last) == "{}";
    let style = if braces { "{}" } else { style };
    let new = host_lines(host, variables, last.location.column - 1, style);
    Ok(page.lines.with(page.extent(last).end, &new))
}

/// Right below a key that holds nothing, or `{}`, in its own line.
fn below_key(page: &Page<'_>, key: &Node, new: &[String]) -> Result<String, Problem> {
    let number = key.location.line - 1;
    match page.behind_colon(key) {
        _ if !page.begins_line(key) => Err(braces(key)),
        "" | "null" | "~" if page.behind_colon(key).is_empty() => {
            Ok(page.lines.with(number + 1, new))
        }
        "{}" => {
            let emptied = page.lines.all[number].replacen(" {}", "", 1);
            let mut all = page.lines.all.clone();
            all[number] = &emptied;
            Ok(Lines { all, end: page.lines.end }.with(number + 1, new))
        }
        _ => Err(braces(key)),
    }
}

/// The lines of a host: its name and its variables.
fn host_lines(
    host: &str,
    variables: &IndexMap<String, String>,
    indent: usize,
    style: &str,
) -> Vec<String> {
    let key = yaml_text::inline(&Value::from(host));
    let gap = if style.is_empty() || !variables.is_empty() { "" } else { " " };
    let style = if variables.is_empty() { style } else { "" };
    let mut lines = vec![format!("{}{key}:{gap}{style}", spaces(indent))];
    for (name, value) in variables {
        let entry = Value::from_iter([(name.clone(), typed(value).value)]);
        let written = yaml_text::write(&entry);
        let written = written.lines();
        lines.extend(written.map(|line| format!("{}{line}", spaces(indent + INDENT))));
    }
    lines
}

/// Takes `host` out of the hosts of `group`; `None` when it is not in them.
pub(super) fn remove(
    file: &str,
    text: &str,
    group: &str,
    host: &str,
) -> Result<Option<String>, Problem> {
    let Some(top) = parsed(file, text)? else { return Ok(None) };
    let page = Page { lines: Lines::of(text) };
    let mut gone = Vec::new();
    for found in groups(&top, group) {
        let Some(hosts) = found.content.get("hosts") else { continue };
        if hosts.as_str() == Some(host) {
            return Err(braces(hosts));
        }
        for (key, _) in entries(hosts) {
            let pattern = key.key_text();
            let name = address::parse(&pattern).map_or(pattern, |(name, _)| name);
            if name == host {
                if !page.begins_line(key) {
                    return Err(braces(key));
                }
                gone.push(page.extent(key));
            } else if is_range_with(&name, host) {
                let at = &key.location;
                return Err(in_range(Location::new(file, at.line, at.column), host, &name));
            }
        }
    }
    if gone.is_empty() {
        return Ok(None);
    }
    Ok(Some(page.lines.without(&gone)))
}
