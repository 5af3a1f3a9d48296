//! Lookups of files.

use super::Asked;
use crate::template::about::about_template;
use crate::template::evaluate::FileSettings;
use crate::template::lazy::to_json;
use crate::template::python::python_text;
use crate::template::render::Whitespace;
use crate::template::value::{carry, entries, entry, is_list, is_map, items, refuse, why_missing};
use crate::vault::is_sealed;
use minijinja::{Error, Value};
use std::path::{Path, PathBuf};

impl Asked<'_> {
    /// Where a relative path may mean: below `folder` of each place, then at the place itself.
    fn candidates(&self, folder: &str, path: &str) -> Vec<PathBuf> {
        if Path::new(path).is_absolute() {
            return vec![PathBuf::from(path)];
        }
        let both = |place: &PathBuf| [place.join(folder).join(path), place.join(path)];
        self.scope.search_path().iter().flat_map(both).collect()
    }

    fn find(&self, folder: &str, path: &str) -> Result<PathBuf, Error> {
        let candidates = self.candidates(folder, path);
        if let Some(found) = candidates.iter().find(|path| path.exists()) {
            return Ok(found.clone());
        }
        let tried: Vec<String> =
            candidates.iter().map(|path| format!("`{}`", path.display())).collect();
        let tried = if tried.is_empty() { "no place".to_owned() } else { tried.join(", ") };
        Err(refuse(format!("there is no file `{path}`; looked for {tried}")))
    }
}

/// The text of a file, in the clear. What was encrypted is kept from being shown.
fn read(asked: &Asked<'_>, path: &Path) -> Result<String, Error> {
    let unreadable = |error: String| refuse(format!("cannot read `{}`: {error}", path.display()));
    let content = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let sealed = is_sealed(&content);
    let content = asked.scope.open_file(path, content).map_err(carry)?;
    let text = String::from_utf8(content).map_err(|error| unreadable(error.to_string()))?;
    if sealed {
        asked.scope.hide(&serde_json::Value::from(text.trim()));
    }
    Ok(text)
}

pub(super) fn file(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let mut found = Vec::new();
    for term in asked.texts()? {
        let text = read(asked, &asked.find("files", &term)?)?;
        let mut text = text.as_str();
        if asked.flag("lstrip", false) {
            text = text.trim_start();
        }
        if asked.flag("rstrip", true) {
            text = text.trim_end();
        }
        found.push(Value::from(text));
    }
    Ok(found)
}

pub(super) fn unvault(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let mut found = Vec::new();
    for term in asked.texts()? {
        let text = read(asked, &asked.find("files", &term)?)?;
        found.push(Value::from(text));
    }
    Ok(found)
}

pub(super) fn fileglob(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let mut found = Vec::new();
    for term in asked.texts()? {
        let (directory, _) = term.rsplit_once('/').unwrap_or(("", &term));
        let places = match directory {
            "" if term.starts_with('/') => vec![PathBuf::from(&term)],
            "" => asked.candidates("files", &term),
            _ => {
                let found = asked.candidates("files", directory).into_iter().find(|p| p.exists());
                let name = term.rsplit('/').next().unwrap_or_default();
                found.map(|place| place.join(name)).into_iter().collect()
            }
        };
        let matching = places
            .iter()
            .map(|place| glob(&place.to_string_lossy()))
            .find(|matching| !matching.is_empty());
        found.extend(matching.unwrap_or_default().into_iter().map(Value::from));
    }
    Ok(found)
}

/// The files (no directories) that match a pattern, sorted.
pub(in crate::template) fn glob(pattern: &str) -> Vec<String> {
    let root = if pattern.starts_with('/') { "/" } else { "" };
    let mut found = vec![root.to_owned()];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let below = |base: &String| -> Vec<String> {
            let join = |name: &str| match base.as_str() {
                "" => name.to_owned(),
                "/" => format!("/{name}"),
                base => format!("{base}/{name}"),
            };
            if !part.contains(['*', '?', '[']) {
                return Some(join(part))
                    .filter(|path| Path::new(path).exists())
                    .into_iter()
                    .collect();
            }
            let directory = if base.is_empty() { "." } else { base };
            let names = std::fs::read_dir(directory).into_iter().flatten().flatten();
            let names = names.filter_map(|entry| entry.file_name().into_string().ok());
            let mut names: Vec<String> = names
                .filter(|name| name.starts_with('.') == part.starts_with('.') && fits(part, name))
                .collect();
            names.sort();
            names.iter().map(|name| join(name)).collect()
        };
        found = found.iter().flat_map(below).collect();
    }
    found.retain(|path| Path::new(path).is_file());
    found
}

/// Whether a name fits a pattern with `*`, `?` and `[…]`.
fn fits(pattern: &str, name: &str) -> bool {
    let mut regex = String::from("^(?s:");
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
        match character {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '[' => match rest.split_once(']').filter(|(class, _)| !class.is_empty()) {
                Some((class, after)) => {
                    let class =
                        class.strip_prefix('!').map_or(class.to_owned(), |c| format!("^{c}"));
                    regex.push_str(&format!(
                        "[{}]",
                        class.replace('\\', "\\\\").replace('[', "\\[")
                    ));
                    rest = after;
                }
                None => regex.push_str("\\["),
            },
            other => regex.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    regex.push_str(")$");
    regex::Regex::new(&regex).is_ok_and(|regex| regex.is_match(name))
}

pub(super) fn first_found(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let mut terms = Vec::new();
    for term in &asked.terms {
        terms.extend(without_missing(term, asked.as_with)?);
    }
    let mut skip = asked.flag("skip", false);
    if terms.is_empty() {
        terms = asked.option("files").map(one_or_more).transpose()?.unwrap_or_default();
    }
    let paths = asked.option("paths").map(texts).transpose()?.unwrap_or_default();
    let mut search = Vec::new();
    collect(&terms, &paths, &mut search, &mut skip)?;
    let folders: &[&str] = if asked.as_with { &["templates", "files", "vars"] } else { &[""] };
    for name in &search {
        for folder in folders {
            if let Ok(found) = asked.find(folder, name) {
                return Ok(vec![Value::from(clean(&found))]);
            }
        }
    }
    if skip {
        return Ok(Vec::new());
    }
    Err(refuse(format!("none of the files was found: {}", search.join(", "))))
}

/// The path without `.` and `..`.
fn clean(path: &Path) -> String {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean.display().to_string()
}

/// Undefined names are left out of `with_first_found`, and errors elsewhere.
fn without_missing(term: &Value, leave_out: bool) -> Result<Option<Value>, Error> {
    match why_missing(term) {
        Some(_) if leave_out => Ok(None),
        Some(error) => Err(carry(error.clone())),
        None => Ok(Some(term.clone())),
    }
}

fn one_or_more(value: &Value) -> Result<Vec<Value>, Error> {
    if is_list(value) { items(value) } else { Ok(vec![value.clone()]) }
}

fn texts(value: &Value) -> Result<Vec<String>, Error> {
    one_or_more(value)?.iter().map(python_text).collect()
}

fn collect(
    terms: &[Value],
    paths: &[String],
    search: &mut Vec<String>,
    skip: &mut bool,
) -> Result<(), Error> {
    for term in terms {
        if is_list(term) {
            collect(&items(term)?, paths, search, skip)?;
            continue;
        }
        let (files, own_paths) = if is_map(term) {
            if let Some((name, _)) = entries(term, "first_found")?
                .into_iter()
                .find(|(name, _)| !matches!(name.as_str(), Some("files" | "paths" | "skip")))
            {
                return Err(refuse(format!("`first_found` has no option `{name}`")));
            }
            let part = |name: &str| entry(term, &Value::from(name));
            if let Some(wanted) = part("skip") {
                *skip = wanted.is_true() && wanted.as_str().is_none()
                    || crate::template::filters::to_bool(&wanted);
            }
            let files = part("files").map(|files| texts(&files)).transpose()?.unwrap_or_default();
            let paths = part("paths").map(|paths| texts(&paths)).transpose()?.unwrap_or_default();
            (files, paths)
        } else {
            (vec![python_text(term)?], paths.to_vec())
        };
        if own_paths.is_empty() {
            search.extend(files);
            continue;
        }
        for path in &own_paths {
            search
                .extend(files.iter().map(|file| format!("{}/{file}", path.trim_end_matches('/'))));
        }
    }
    Ok(())
}

pub(super) fn template(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let whitespace = Whitespace {
        trim_blocks: asked.flag("trim_blocks", true),
        lstrip_blocks: asked.flag("lstrip_blocks", false),
    };
    let mut scope = asked.scope.clone();
    if let Some(variables) = asked.option("template_vars")
        && let serde_json::Value::Object(variables) = to_json(variables)?
    {
        scope = scope.extend_data(variables);
    }
    let mut found = Vec::new();
    for term in asked.texts()? {
        let path = asked.find("templates", &term)?;
        let text = read(asked, &path)?;
        let directories = template_directories(&path, scope.search_path());
        let settings = FileSettings { whitespace, directories };
        let scope = scope.of_template(about_template(&term, &path, None));
        found.push(crate::template::render::file(&scope, &text, settings).map_err(carry)?);
    }
    Ok(found)
}

/// Where a template looks for what it includes: beside itself first.
pub(in crate::template) fn template_directories(path: &Path, search: &[PathBuf]) -> Vec<PathBuf> {
    let beside = path.parent().map(Path::to_path_buf);
    let below = search.iter().flat_map(|place| [place.join("templates"), place.clone()]);
    beside.into_iter().chain(below).collect()
}
