//! Reading what the operator named, and the record of what was read.

use crate::error::{Location, Problem, Problems};
use crate::vault::{self, Vault};
use crate::yaml::{self, Node};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// More directories inside each other than any inventory has; keeps out circles of links.
const MAX_DEPTH: usize = 10;

/// Reads files and remembers which, and collects every mistake.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) read: Vec<PathBuf>,
    /// Those of them that were encrypted.
    pub(super) sealed: Vec<PathBuf>,
    pub(super) vault: Vault,
    /// Texts in place of what stands on disk.
    pub(super) replaced: BTreeMap<PathBuf, String>,
    pub(super) problems: Problems,
}

impl Files {
    /// The text of a file; `None` after noting why it cannot be had.
    pub(super) fn text(&mut self, path: &Path) -> Option<String> {
        if let Some(text) = self.replaced.get(path) {
            return Some(text.clone());
        }
        let name = path.display().to_string();
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let problem = Problem::new(format!("cannot read `{name}`: {error}"));
                self.problems.push(problem.hint("check the path and who may read it"));
                return None;
            }
        };
        if !self.read.iter().any(|read| read == path) {
            self.read.push(path.to_owned());
        }
        match String::from_utf8(bytes) {
            Ok(text) if vault::is_sealed(text.as_bytes()) => self.open(path, &text),
            Ok(text) => Some(text),
            Err(error) => {
                let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let place = place_after(&name, &String::from_utf8_lossy(before));
                let problem = Problem::at(place, "this is not UTF-8 text");
                self.problems.push(problem.hint("save the file as UTF-8"));
                None
            }
        }
    }

    /// The plain text of an encrypted file.
    fn open(&mut self, path: &Path, text: &str) -> Option<String> {
        self.sealed.push(path.to_owned());
        let place = Location::new(path.display().to_string(), 1, 1);
        self.vault.open(text, &place).map_err(|problem| self.problems.push(problem)).ok()
    }

    /// The entries of a directory, sorted by name; none after noting why it cannot be listed.
    /// `depth` is how many directories lie above it.
    pub(super) fn directory(&mut self, path: &Path, depth: usize) -> Vec<(String, PathBuf)> {
        if depth > MAX_DEPTH {
            let problem = Problem::new(format!("`{}` is nested too deep", path.display()));
            self.problems.push(problem.hint("a symbolic link there may lead in a circle"));
            return Vec::new();
        }
        let listing = std::fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        match listing {
            Ok(entries) => {
                let mut entries: Vec<_> = entries
                    .iter()
                    .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
                    .collect();
                entries.sort();
                entries
            }
            Err(error) => {
                let problem = Problem::new(format!("cannot list `{}`: {error}", path.display()));
                self.problems.push(problem.hint("check who may read the directory"));
                Vec::new()
            }
        }
    }
}

/// The one document of `text`; `None` when there is nothing in it.
pub(super) fn document(file: &str, text: &str) -> Result<Option<Node>, Problem> {
    let hint = "look at the indentation, colons and quotes at this place and just above it";
    let documents = yaml::parse(file, text).map_err(|problem| problem.hint(hint))?;
    let mut documents = documents.into_iter();
    let first = documents.next();
    match documents.next() {
        Some(second) => Err(Problem::at(second.location, "a second YAML document begins here")
            .hint("Ansible reads one document a file; remove the `---`")),
        None => Ok(first),
    }
}

fn place_after(file: &str, text: &str) -> Location {
    let line = text.matches('\n').count() + 1;
    let column = text.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    Location::new(file, line, column)
}
