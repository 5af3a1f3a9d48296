//! INI inventories: `[group]`, `[group:children]`, `[group:vars]`.

use super::tree::{Tree, UNGROUPED};
use super::{Variable, address, literal, range, words};
use crate::error::{Location, Problem, Problems};
use indexmap::IndexMap;

/// What the lines of a section are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Section {
    Hosts,
    Children,
    Variables,
}

/// A group that was named before its own section came.
enum Pending {
    /// By its `:vars` section.
    Variables(Location),
    /// As a child of these groups.
    Child(Location, Vec<String>),
}

/// Reads an INI inventory into `tree` and notes every mistake in it.
pub(super) fn read(file: &str, source: &str, text: &str, tree: &mut Tree) -> Result<(), Problems> {
    let mut reader = Reader {
        source,
        tree,
        group: UNGROUPED.to_owned(),
        section: Section::Hosts,
        pending: IndexMap::new(),
        problems: Problems::default(),
    };
    for (line, number) in text.split('\n').zip(1..) {
        let body = line.trim();
        let column = line.chars().take_while(|c| c.is_whitespace()).count() + 1;
        if !body.is_empty() && !body.starts_with(['#', ';']) {
            let at = Location::new(file, number, column);
            if let Err(problem) = reader.line(body, &at) {
                reader.problems.push(problem);
            }
        }
    }
    reader.finish();
    reader.problems.or(())
}

struct Reader<'a> {
    source: &'a str,
    tree: &'a mut Tree,
    group: String,
    section: Section,
    pending: IndexMap<String, Pending>,
    problems: Problems,
}

impl Reader<'_> {
    fn line(&mut self, line: &str, at: &Location) -> Result<(), Problem> {
        if let Some((group, kind)) = section_header(line) {
            return self.begin(group, kind, at);
        }
        if line.starts_with('[') && line.ends_with(']') {
            return Err(Problem::at(at.clone(), format!("`{line}` is not a section"))
                .hint("write `[group]`, `[group:children]` or `[group:vars]`, without spaces"));
        }
        match self.section {
            Section::Hosts => self.host_line(line, at),
            Section::Children => self.child_line(line, at),
            Section::Variables => self.variable_line(line, at),
        }
    }

    fn begin(&mut self, group: &str, kind: &str, at: &Location) -> Result<(), Problem> {
        let section = match kind {
            "" | "hosts" => Section::Hosts,
            "children" => Section::Children,
            "vars" => Section::Variables,
            _ => {
                // The lines below belong to nothing we know; keep them out of the group before.
                (self.group, self.section) = (group.to_owned(), Section::Variables);
                self.tree.add_group(group);
                return Err(Problem::at(at.clone(), format!("`{kind}` is not a kind of section"))
                    .hint(format!("write `[{group}]`, `[{group}:children]` or `[{group}:vars]`")));
            }
        };
        if section == Section::Variables && !self.tree.groups.contains_key(group) {
            let pending = Pending::Variables(at.clone());
            self.pending.entry(group.to_owned()).or_insert(pending);
        }
        self.tree.add_group(group);
        (self.group, self.section) = (group.to_owned(), section);
        if section != Section::Variables
            && let Some(Pending::Child(named, parents)) = self.pending.shift_remove(group)
        {
            for parent in parents {
                self.link(&parent, group, &named)?;
            }
        }
        Ok(())
    }

    fn link(&mut self, parent: &str, child: &str, at: &Location) -> Result<(), Problem> {
        self.tree.add_child(parent, child).map_err(|message| {
            Problem::at(at.clone(), message)
                .hint(format!("remove `{child}` from `[{parent}:children]`"))
        })
    }

    fn host_line(&mut self, line: &str, at: &Location) -> Result<(), Problem> {
        let words = words::split(line).map_err(|unfinished| {
            Problem::at(shifted(at, unfinished.column), unfinished.what).hint(unfinished.hint)
        })?;
        let Some((first, assignments)) = words.split_first() else { return Ok(()) };
        let (names, port) = hosts(&first.text)
            .map_err(|(message, hint)| Problem::at(at.clone(), message).hint(hint))?;
        for name in &names {
            self.tree.add_host(name, &self.group, port, self.source);
        }
        for word in assignments {
            let place = shifted(at, word.column);
            let Some((name, text)) = word.text.split_once('=') else {
                return Err(Problem::at(place, format!("`{}` is not `key=value`", word.text)).hint(
                    "write `key=value` without spaces around `=`, and quotes round a value with spaces",
                ));
            };
            let value = variable(name, text, place)?;
            for host in &names {
                self.tree.set(host, name.to_owned(), value.clone())?;
            }
        }
        Ok(())
    }

    fn variable_line(&mut self, line: &str, at: &Location) -> Result<(), Problem> {
        let Some((name, text)) = line.split_once('=') else {
            return Err(Problem::at(at.clone(), format!("`{line}` is not `key=value`"))
                .hint(format!("lines below `[{}:vars]` set variables", self.group)));
        };
        let (name, text) = (name.trim(), text.trim());
        let value = variable(name, text, at.clone())?;
        self.tree.set(&self.group, name.to_owned(), value)
    }

    fn child_line(&mut self, line: &str, at: &Location) -> Result<(), Problem> {
        let Some(child) = group_name(line) else {
            return Err(Problem::at(at.clone(), format!("`{line}` is not a group's name"))
                .hint(format!("lines below `[{}:children]` name one group each", self.group)));
        };
        if self.tree.groups.contains_key(child) {
            let parent = self.group.clone();
            return self.link(&parent, child, at);
        }
        let pending = Pending::Child(at.clone(), Vec::new());
        if let Pending::Child(_, parents) = self.pending.entry(child.to_owned()).or_insert(pending)
        {
            parents.push(self.group.clone());
        }
        Ok(())
    }

    /// Names the groups that never got a section of their own.
    fn finish(&mut self) {
        for (group, pending) in std::mem::take(&mut self.pending) {
            let (at, place) = match pending {
                Pending::Variables(at) => (at, format!("[{group}:vars]")),
                Pending::Child(at, parents) => (at, format!("[{}:children]", parents.join(", "))),
            };
            let known = self.tree.groups.keys().filter(|name| **name != group);
            let near = crate::error::near_matches(&group, known.map(String::as_str));
            let hint = match near.first() {
                Some(name) => format!("is it `{name}`? Otherwise add an empty `[{group}]`"),
                None => format!("add an empty `[{group}]`"),
            };
            let message = format!("`{place}` names the group `{group}`, which is not there");
            self.problems.push(Problem::at(at, message).hint(hint));
        }
    }
}

/// The hosts that the first word of a line, or a YAML key, stands for, and their port; or what is
/// wrong with it and what to write.
pub(super) fn hosts(pattern: &str) -> Result<(Vec<String>, Option<u32>), (String, String)> {
    let wrong = |message: String, hint: &str| Err((message, hint.to_owned()));
    if pattern.is_empty() {
        return wrong("a host without a name".into(), "remove the empty quotes");
    }
    let (name, port) = address::parse(pattern).unwrap_or_else(|| (pattern.to_owned(), None));
    if port.is_none() && pattern.trim().ends_with(':') {
        return wrong(
            format!("the host `{pattern}` ends in `:` without a port"),
            "write `host:22`; if this is YAML, name the file `….yml`",
        );
    }
    if pattern.trim() == "---" {
        return wrong("`---` begins YAML, but this is read as INI".into(), "name the file `….yml`");
    }
    match range::expand(&name) {
        Ok(names) => Ok((names, port)),
        Err(message) => wrong(message, "a range is `node[01:20]`, `[a:f]` or `[1:9:2]`"),
    }
}

fn variable(name: &str, text: &str, at: Location) -> Result<Variable, Problem> {
    if name.is_empty() {
        return Err(Problem::at(at, "a value without a name").hint("write `key=value`"));
    }
    match literal::value(text) {
        Ok(value) => Ok(Variable::at(value, at)),
        Err(message) => Err(Problem::at(at, format!("`{name}` is {message}"))
            .hint(format!("write `{name}='\"…\"'` for text in braces"))),
    }
}

/// The group and kind of `[group]` or `[group:kind]`, with a comment behind it or not.
pub(super) fn section_header(line: &str) -> Option<(&str, &str)> {
    let (inside, after) = line.strip_prefix('[')?.split_once(']')?;
    let (group, kind) = match inside.split_once(':') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (inside, ""),
    };
    let kind_is_word = kind.chars().all(|c| c.is_alphanumeric() || c == '_');
    let after = after.trim_start();
    let valid = !group.is_empty()
        && !group.contains(char::is_whitespace)
        && kind_is_word
        && (after.is_empty() || after.starts_with('#'));
    valid.then_some((group, kind))
}

/// The group's name on a line of a `:children` section.
fn group_name(line: &str) -> Option<&str> {
    let end = line.find(|c: char| c == ':' || c == ']' || c.is_whitespace()).unwrap_or(line.len());
    let (name, after) = line.split_at(end);
    let after = after.trim_start();
    (!name.is_empty() && (after.is_empty() || after.starts_with('#'))).then_some(name)
}

/// `at` moved to `column` (from 1) of the line's text.
fn shifted(at: &Location, column: usize) -> Location {
    Location { column: at.column + column - 1, ..at.clone() }
}
