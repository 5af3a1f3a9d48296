//! Changes to INI files.

use super::lines::Lines;
use super::{in_range, is_range_with};
use crate::error::{Location, Problem};
use crate::inventory::tree::UNGROUPED;
use crate::inventory::{address, ini, words};
use indexmap::IndexMap;

/// The hosts' lines of one `[group]`, counted from 0; the header is not one of them.
struct Section {
    group: String,
    first: usize,
    end: usize,
}

/// The sections that hold hosts; what stands before the first header belongs to `ungrouped`.
fn sections(lines: &Lines<'_>) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut open = Some((UNGROUPED.to_owned(), 0));
    for (number, line) in lines.all.iter().enumerate() {
        let Some((group, kind)) = ini::section_header(line.trim()) else { continue };
        if let Some((group, first)) = open.take() {
            sections.push(Section { group, first, end: number });
        }
        open = matches!(kind, "" | "hosts").then(|| (group.to_owned(), number + 1));
    }
    sections.extend(open.map(|(group, first)| Section { group, first, end: lines.all.len() }));
    sections
}

fn says_something(line: &str) -> bool {
    let body = line.trim();
    !body.is_empty() && !body.starts_with(['#', ';'])
}

/// Puts `host` into `group`, whose section is `place` or comes behind everything when only `place`
/// is there; `None` when it is not.
pub(super) fn insert(
    text: &str,
    place: &str,
    group: &str,
    host: &str,
    variables: &IndexMap<String, String>,
) -> Option<String> {
    let lines = Lines::of(text);
    let sections = sections(&lines);
    let whole = line(host, variables);
    if place != group {
        let mut headers = lines.all.iter().filter_map(|line| ini::section_header(line.trim()));
        headers.find(|(group, _)| *group == place)?;
        let gap = lines.all.last().is_some_and(|last| !last.trim().is_empty());
        let mut new = vec![String::new(); usize::from(gap)];
        new.extend([format!("[{group}]"), whole]);
        return Some(lines.with(lines.all.len(), &new));
    }
    let section = sections.iter().rfind(|section| section.group == group)?;
    Some(lines.with(behind_last(&lines, section), &[whole]))
}

/// The line behind the last host of a section.
fn behind_last(lines: &Lines<'_>, section: &Section) -> usize {
    let inside = &lines.all[section.first..section.end];
    section.first + inside.iter().rposition(|line| says_something(line)).map_or(0, |last| last + 1)
}

fn line(host: &str, variables: &IndexMap<String, String>) -> String {
    let mut line = host.to_owned();
    for (name, value) in variables {
        line.push_str(&format!(" {name}={}", quoted(value)));
    }
    line
}

/// A value as one word of a line.
fn quoted(value: &str) -> String {
    if value.is_empty() || value.contains(|c: char| c.is_whitespace() || "#'\"\\".contains(c)) {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        value.to_owned()
    }
}

/// Takes `host` out of the sections of `group`; `None` when it is in none of them.
pub(super) fn remove(
    file: &str,
    text: &str,
    group: &str,
    host: &str,
) -> Result<Option<String>, Problem> {
    let lines = Lines::of(text);
    let mut gone = Vec::new();
    for section in sections(&lines).iter().filter(|section| section.group == group) {
        for number in (section.first..section.end).filter(|n| says_something(lines.all[*n])) {
            let body = lines.all[number].trim();
            let Some(first) = words::split(body).ok().and_then(|words| words.into_iter().next())
            else {
                continue;
            };
            let name = address::parse(&first.text).map_or(first.text, |(name, _)| name);
            if name == host {
                gone.push(number..number + 1);
            } else if is_range_with(&name, host) {
                return Err(in_range(Location::new(file, number + 1, 1), host, &name));
            }
        }
    }
    if gone.is_empty() {
        return Ok(None);
    }
    Ok(Some(lines.without(&gone)))
}
