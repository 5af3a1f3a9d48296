//! `group_vars/` and `host_vars/`, beside the inventory and beside the playbook.

use super::files::{self, Files};
use super::tree::Tree;
use super::{Sources, Variable, Variables, value};
use crate::error::{Location, Problem};
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What a name may end in, in the order in which Ansible looks: the first that exists counts.
const EXTENSIONS: [&str; 4] = ["", ".yml", ".yaml", ".json"];

/// Variables from the files beside inventories and playbooks, in the order of their sources.
#[derive(Debug, Clone, Default)]
pub(super) struct Adjacent {
    pub(super) inventory: Vec<Place>,
    pub(super) playbook: Vec<Place>,
}

/// What one directory's `group_vars` and `host_vars` say.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) groups: HashMap<String, Variables>,
    pub(super) hosts: HashMap<String, Variables>,
}

impl Adjacent {
    /// Reads the files of all groups and hosts in `tree`; others are not looked at.
    pub(super) fn load(sources: &Sources, tree: &Tree, files: &mut Files) -> Self {
        let mut seen = HashMap::new();
        let mut place = |directory: PathBuf| {
            let real = directory.canonicalize().unwrap_or_else(|_| directory.clone());
            seen.entry(real).or_insert_with(|| Place::load(&directory, tree, files)).clone()
        };
        let beside = sources.inventory.iter().filter_map(|source| directory_of(source));
        Self {
            inventory: beside.map(&mut place).collect(),
            playbook: sources.playbook_dirs.iter().cloned().map(&mut place).collect(),
        }
    }
}

/// The directory of a source: itself, or that of the file. A list of hosts has none.
fn directory_of(source: &str) -> Option<PathBuf> {
    let path = Path::new(source);
    if path.is_dir() {
        return Some(path.to_owned());
    }
    let parent = path.parent().filter(|_| path.exists())?;
    Some(if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() })
}

impl Place {
    fn load(directory: &Path, tree: &Tree, files: &mut Files) -> Self {
        Self {
            groups: load_all(&directory.join("group_vars"), tree.groups.keys(), files),
            hosts: load_all(&directory.join("host_vars"), tree.hosts.keys(), files),
        }
    }
}

fn load_all<'a>(
    directory: &Path,
    names: impl Iterator<Item = &'a String>,
    files: &mut Files,
) -> HashMap<String, Variables> {
    if !directory.is_dir() {
        if directory.exists() {
            let message = format!("`{}` is not a directory", directory.display());
            files
                .problems
                .push(Problem::new(message).hint("make it a directory with a file for each name"));
        }
        return HashMap::new();
    }
    // A name that begins with `/` is a chroot's, not a file's.
    names
        .filter(|name| !name.starts_with('/'))
        .filter_map(|name| {
            let mut variables = Variables::new();
            for file in files_for(directory, name, files) {
                variables.extend(load_file(&file, files));
            }
            (!variables.is_empty()).then(|| (name.clone(), variables))
        })
        .collect()
}

/// The files that hold a name's variables: one file, or all of a directory.
fn files_for(directory: &Path, name: &str, files: &mut Files) -> Vec<PathBuf> {
    let candidates =
        EXTENSIONS.iter().map(|extension| directory.join(format!("{name}{extension}")));
    let Some(found) = candidates.into_iter().find(|path| path.exists()) else { return Vec::new() };
    if found.is_dir() { files_below(&found, 0, files) } else { vec![found] }
}

/// All files of a directory and of those below it, by name; hidden ones and backups are left out.
fn files_below(directory: &Path, depth: usize, files: &mut Files) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (name, path) in files.directory(directory, depth) {
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        let extension = name.rfind('.').map_or("", |at| &name[at..]);
        if path.is_dir() {
            if extension.is_empty() {
                found.extend(files_below(&path, depth + 1, files));
            }
        } else if EXTENSIONS.contains(&extension) {
            found.push(path);
        }
    }
    found
}

/// The variables of a file; none, with the mistakes noted, when it has any.
pub(super) fn load_file(path: &Path, files: &mut Files) -> Variables {
    let text = files.text(path);
    text.map(|text| parse(&path.display().to_string(), &text, files)).unwrap_or_default()
}

/// The variables of a YAML or JSON text. What is valid JSON is read as JSON, as Ansible does: there
/// `1e3` is a number.
pub(super) fn parse(file: &str, text: &str, files: &mut Files) -> Variables {
    let json = serde_json::from_str::<Value>(text).ok();
    let node = match files::document(file, text) {
        Ok(None) => return Variables::new(),
        Ok(Some(node)) => Some(node),
        Err(_) if json.is_some() => None,
        Err(problem) => {
            files.problems.push(problem);
            return Variables::new();
        }
    };
    let place = |name: &str| {
        let key = node.as_ref().and_then(|node| {
            node.mapping("").ok()?.iter().find(|(key, _)| key.as_str() == Some(name))
        });
        key.map_or_else(|| Location::new(file, 1, 1), |(key, _)| key.location.clone())
    };
    if let Some(Value::Object(entries)) = json {
        return entries
            .into_iter()
            .map(|(name, value)| (name.clone(), Variable::at(value, place(&name))))
            .collect();
    }
    let Some(node) = node.filter(|node| !node.is_null()) else { return Variables::new() };
    match node.mapping("a file of variables") {
        Ok(mapping) => value::variables(mapping, &mut files.problems),
        Err(problem) => {
            files.problems.push(problem.hint("write `name: value` lines"));
            Variables::new()
        }
    }
}
