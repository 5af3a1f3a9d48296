//! Where roles are looked for, and which files of theirs count.

use super::library::Source;
use super::load::Loader;
use crate::error::Problem;
use crate::yaml::Node;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// What a file may end in, in the order in which Ansible looks.
const EXTENSIONS: [&str; 3] = [".yml", ".yaml", ".json"];

/// The directories in which roles are looked for: beside the playbook, those that are set, beside
/// the role that asks, and the playbook's own.
fn search_path(base: Option<&Path>, set: &[PathBuf], asking: Option<&Path>) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = base.iter().map(|base| base.join("roles")).collect();
    paths.extend(set.iter().cloned());
    paths.extend(asking.map(Path::to_owned));
    paths.extend(base.map(Path::to_owned));
    paths
}

impl Loader {
    pub(super) fn find_role(&mut self, name: &str, place: &Node) -> Option<PathBuf> {
        if name.contains("{{") {
            self.problems.push(
                Problem::at(
                    place.location.clone(),
                    "the name of a role must be known when it is loaded: no templates",
                )
                .hint("use `include_role`"),
            );
            return None;
        }
        let searched = search_path(
            self.base.as_deref(),
            &self.means.roles_path,
            self.role_directory().as_deref(),
        );
        let found =
            searched.iter().map(|directory| directory.join(name)).find(|path| path.is_dir());
        let found = found.or_else(|| {
            Some(PathBuf::from(name)).filter(|path| path.is_dir() && name.contains('/'))
        });
        if found.is_none() {
            let shown: Vec<String> =
                searched.iter().map(|path| path.display().to_string()).collect();
            self.problems.push(
                Problem::at(place.location.clone(), format!("there is no role `{name}`"))
                    .hint(format!("it is looked for in {}", shown.join(", "))),
            );
        }
        found.map(|path| path.canonicalize().unwrap_or(path))
    }

    /// The directory that holds the role whose file is being read: roles beside it are found.
    fn role_directory(&self) -> Option<PathBuf> {
        let directory = self.source.directory()?;
        let inside = ["tasks", "handlers", "meta"].iter().any(|part| directory.ends_with(part));
        let role = directory.parent().filter(|_| inside)?;
        role.parent().map(Path::to_owned)
    }

    /// Reads one file of a role, when it is there. A file that was asked for by name has to be.
    pub(super) fn role_file(
        &mut self,
        role: &Path,
        part: &str,
        from: Option<&str>,
        place: &Node,
        mut read: impl FnMut(&mut Self, &[Node]),
    ) {
        let Some(path) = candidates(&role.join(part), from).into_iter().find(|path| path.is_file())
        else {
            if let Some(from) = from {
                self.problems.push(Problem::at(
                    place.location.clone(),
                    format!("there is no `{part}/{from}` in the role `{}`", role.display()),
                ));
            }
            return;
        };
        let Some((documents, source)) = self.read_file(Source::Disk(path), place) else { return };
        let before = self.enter(source);
        let nodes: Vec<Node> = documents.into_iter().filter(|node| !node.is_null()).collect();
        read(self, &nodes);
        self.enter(before);
    }

    /// `defaults` or `vars` of a role: a file, or a directory of files that are merged by name.
    pub(super) fn role_vars(
        &mut self,
        role: &Path,
        part: &str,
        from: Option<&str>,
        place: &Node,
    ) -> Map<String, Value> {
        let mut found = Map::new();
        let directory = role.join(part);
        let Some(path) = candidates(&directory, from).into_iter().find(|path| path.exists()) else {
            if let Some(from) = from {
                self.problems.push(Problem::at(
                    place.location.clone(),
                    format!("there is no `{part}/{from}` in the role `{}`", role.display()),
                ));
            }
            return found;
        };
        for file in files_of(&path) {
            found.extend(self.variables_file(Source::Disk(file), place).unwrap_or_default());
        }
        found
    }
}

/// The paths that `main`, or the file that is asked for, may have.
pub(super) fn candidates(directory: &Path, from: Option<&str>) -> Vec<PathBuf> {
    let name = from.unwrap_or("main");
    let with = EXTENSIONS.map(|end| directory.join(format!("{name}{end}")));
    let plain = directory.join(name);
    match from {
        // A name that has its extension already is meant as it is.
        Some(_) => std::iter::once(plain).chain(with).collect(),
        None => with.into_iter().chain([plain]).collect(),
    }
}

/// The file, or the files of a directory by name, those of directories inside it included.
fn files_of(path: &Path) -> Vec<PathBuf> {
    let Ok(directory) = std::fs::read_dir(path) else { return vec![path.to_owned()] };
    let mut inside: Vec<PathBuf> = directory.flatten().map(|entry| entry.path()).collect();
    inside.sort_unstable();
    let wanted = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let plain = !name.contains('.') || EXTENSIONS.iter().any(|end| name.ends_with(end));
        !name.starts_with('.') && !name.ends_with('~') && (path.is_dir() || plain)
    };
    inside.into_iter().filter(wanted).flat_map(|path| files_of(&path)).collect()
}
