//! Sections of names and values as Python's `configparser` reads them with its own defaults.

use serde_json::{Map, Value};

/// Why a text cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is not made of sections, names and values.
    Text,
    /// A value refers to what is not there.
    Reference(String),
}

/// How deep a value may refer to values, `MAX_INTERPOLATION_DEPTH` of Python.
const DEPTH: usize = 10;

type Pairs = Vec<(String, String)>;

/// The sections by name, each with the names of `DEFAULT` in it.
pub(super) fn parse(text: &str) -> Result<Map<String, Value>, Unreadable> {
    let (defaults, sections) = read(text)?;
    let mut all = Map::new();
    for (section, mut pairs) in sections {
        for (name, value) in &defaults {
            if !pairs.iter().any(|(known, _)| known == name) {
                pairs.push((name.clone(), value.clone()));
            }
        }
        let mut values = Map::new();
        for (name, value) in &pairs {
            let place = Place { section: &section, pairs: &pairs };
            let value = place.resolve(name, value, 1)?;
            values.insert(name.clone(), Value::String(value));
        }
        all.insert(section, Value::Object(values));
    }
    Ok(all)
}

fn read(text: &str) -> Result<(Pairs, Vec<(String, Pairs)>), Unreadable> {
    let mut defaults = Pairs::new();
    let mut sections: Vec<(String, Pairs)> = Vec::new();
    let mut in_defaults = false;
    // How far the line of the last name was indented; what is further goes on with its value.
    let mut name_indent: Option<usize> = None;
    for line in text.lines() {
        let body = line.trim();
        if body.starts_with(['#', ';']) {
            continue;
        }
        let pairs =
            if in_defaults { Some(&mut defaults) } else { sections.last_mut().map(|s| &mut s.1) };
        let indent = line.len() - line.trim_start().len();
        let going_on = name_indent.is_some_and(|name| body.is_empty() || indent > name);
        if going_on {
            if let Some((_, value)) = pairs.and_then(|pairs| pairs.last_mut()) {
                value.push('\n');
                value.push_str(body);
            }
            continue;
        }
        if body.is_empty() {
            continue;
        }
        if let Some(name) = body.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            in_defaults = name.0 == "DEFAULT";
            name_indent = None;
            if !in_defaults {
                if name.0.is_empty() || sections.iter().any(|(known, _)| known == name.0) {
                    return Err(Unreadable::Text);
                }
                sections.push((name.0.to_owned(), Pairs::new()));
            }
            continue;
        }
        let (name, value) = body.split_once(['=', ':']).ok_or(Unreadable::Text)?;
        let name = name.trim().to_lowercase();
        let pairs = pairs.ok_or(Unreadable::Text)?;
        if name.is_empty() || pairs.iter().any(|(known, _)| *known == name) {
            return Err(Unreadable::Text);
        }
        pairs.push((name, value.trim().to_owned()));
        name_indent = Some(indent);
    }
    for (_, value) in sections.iter_mut().flat_map(|(_, pairs)| pairs).chain(&mut defaults) {
        value.truncate(value.trim_end().len());
    }
    Ok((defaults, sections))
}

/// A value that is looked at: its section and what stands there.
struct Place<'a> {
    section: &'a str,
    pairs: &'a Pairs,
}

impl Place<'_> {
    /// Puts in what `%(name)s` refers to; `%%` is a percent sign. The messages are Python's.
    fn resolve(&self, name: &str, value: &str, depth: usize) -> Result<String, Unreadable> {
        let section = self.section;
        let raw = |key: &str| self.pairs.iter().find(|(known, _)| known == key).map(|(_, it)| it);
        let original = raw(name).map_or(value, String::as_str);
        if depth > DEPTH {
            return Err(Unreadable::Reference(format!(
                "Recursion limit exceeded in value substitution: option '{name}' in section \
                 '{section}' contains an interpolation key which cannot be substituted in {DEPTH} \
                 steps. Raw value: '{original}'"
            )));
        }
        let mut text = String::new();
        let mut rest = value;
        while let Some(at) = rest.find('%') {
            text.push_str(&rest[..at]);
            let from = &rest[at..];
            if let Some(tail) = from.strip_prefix("%%") {
                text.push('%');
                rest = tail;
                continue;
            }
            let inside = from.strip_prefix("%(").ok_or_else(|| {
                let why = "'%' must be followed by '%' or '('";
                Unreadable::Reference(format!("{why}, found: '{from}'"))
            })?;
            let (key, tail) = inside.split_once(")s").ok_or_else(|| {
                Unreadable::Reference(format!("bad interpolation variable reference '{from}'"))
            })?;
            let key = key.to_lowercase();
            let found = raw(&key).ok_or_else(|| {
                Unreadable::Reference(format!(
                    "Bad value substitution: option '{name}' in section '{section}' contains an \
                     interpolation key '{key}' which is not a valid option name. Raw value: \
                     '{original}'"
                ))
            })?;
            text.push_str(&self.resolve(name, found, depth + 1)?);
            rest = tail;
        }
        text.push_str(rest);
        Ok(text)
    }
}
