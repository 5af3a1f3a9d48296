//! From the sources on the command line to an [`Inventory`].

use super::adjacent::Adjacent;
use super::files::{self, Files};
use super::tree::{Tree, UNGROUPED};
use super::{
    Sources, Variable, Variables, address, extra, ini, magic, pattern, precedence, yaml_file,
};
use crate::error::{Location, Problem, Problems, did_you_mean, near_matches};
use indexmap::IndexMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What Ansible leaves out when a directory is the inventory, by the end of the name.
const IGNORED_ENDS: [&str; 12] =
    [".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry"];
/// The same, by the whole name.
const IGNORED_NAMES: [&str; 3] = ["host_vars", "group_vars", "vars_plugins"];

/// Hosts, groups and variables, read and free of mistakes.
#[derive(Debug, Clone)]
pub struct Inventory {
    pub(super) tree: Tree,
    pub(super) adjacent: Adjacent,
    pub(super) extra: Variables,
    read: Vec<PathBuf>,
}

impl Inventory {
    /// Reads everything that `sources` names. All mistakes are reported at once.
    pub fn load(sources: &Sources) -> Result<Self, Problems> {
        let mut loader = Loader::default();
        for source in &sources.inventory {
            loader.source(source);
        }
        loader.tree.settle();
        let Loader { tree, mut files } = loader;
        let adjacent = Adjacent::load(sources, &tree, &mut files);
        let extra = extra::load(&sources.extra_vars, &mut files);
        let Files { read, problems } = files;
        problems.or(Self { tree, adjacent, extra, read })
    }

    /// All hosts in Ansible's order: by group, not by line.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        let order = self.tree.hosts_of(super::tree::ALL);
        order
            .into_iter()
            .filter_map(|name| self.tree.hosts.get_key_value(&name))
            .map(|(name, _)| name.as_str())
    }

    /// Whether the inventory names this host.
    pub fn contains(&self, host: &str) -> bool {
        self.tree.hosts.contains_key(host)
    }

    /// All groups with their hosts, those of child groups included: the magic variable `groups`.
    pub fn groups(&self) -> IndexMap<String, Vec<String>> {
        self.tree.groups.keys().map(|name| (name.clone(), self.tree.hosts_of(name))).collect()
    }

    /// The hosts of a group; none when there is no such group.
    pub fn group_hosts(&self, group: &str) -> Vec<String> {
        self.tree.hosts_of(group).into_iter().filter(|host| self.contains(host)).collect()
    }

    /// The groups of a host, sorted, without `all`: the magic variable `group_names`.
    pub fn groups_of(&self, host: &str) -> Vec<String> {
        magic::group_names(&self.tree, host)
    }

    /// The host's variables by Ansible's precedence, extra variables included, templates not
    /// rendered. A host that is not in the inventory has what the group `all` has, as in Ansible.
    pub fn variables(&self, host: &str) -> IndexMap<String, Variable> {
        precedence::variables(self, host)
    }

    /// The variables of `-e`, which win over all others.
    pub fn extra_vars(&self) -> &IndexMap<String, Variable> {
        &self.extra
    }

    /// The hosts that a pattern means, in Ansible's order. A name in it that is neither a host nor a
    /// group is an error: for `--limit`, where a typing mistake must not pass.
    pub fn select(&self, pattern: &str) -> Result<Vec<String>, Problem> {
        pattern::select(&self.tree, pattern, pattern::Unknown::Refuse)
    }

    /// As [`Inventory::select`], but a name that nothing has matches nothing: for `hosts:` of a play,
    /// which may name a group that this cluster does not have.
    pub fn matching(&self, pattern: &str) -> Result<Vec<String>, Problem> {
        pattern::select(&self.tree, pattern, pattern::Unknown::MatchNothing)
    }

    /// The files that were read, in the order of reading.
    pub fn sources(&self) -> &[PathBuf] {
        &self.read
    }
}

#[derive(Default)]
struct Loader {
    tree: Tree,
    files: Files,
}

impl Loader {
    fn source(&mut self, source: &str) {
        let path = Path::new(source);
        if source.is_empty() {
            self.files.problems.push(Problem::new("`-i` names nothing"));
        } else if source.contains(',') && !path.exists() {
            self.host_list(source);
        } else if path.exists() {
            self.path(path, 0);
        } else {
            self.files
                .problems
                .push(Problem::new(format!("the inventory `{source}` does not exist")).hint(
                    format!("check the path; a list of hosts needs a comma: `-i {source},`"),
                ));
        }
    }

    fn host_list(&mut self, source: &str) {
        for name in source.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let parsed = address::parse(name).filter(|(host, _)| !host.contains('['));
            let (host, port) = parsed.unwrap_or_else(|| (name.to_owned(), None));
            if !self.tree.hosts.contains_key(&host) {
                self.tree.add_host(&host, UNGROUPED, port, source);
            }
        }
    }

    fn path(&mut self, path: &Path, depth: usize) {
        if !path.is_dir() {
            return self.file(path);
        }
        for (name, entry) in self.files.directory(path, depth) {
            let ignored = name.starts_with('.')
                || IGNORED_NAMES.contains(&name.as_str())
                || IGNORED_ENDS.iter().any(|end| name.ends_with(end));
            if !ignored {
                self.path(&entry, depth + 1);
            }
        }
    }

    fn file(&mut self, path: &Path) {
        let name = path.display().to_string();
        if is_executable(path) {
            self.files.problems.push(
                Problem::at(Location::new(name.as_str(), 1, 1), "executable inventories are not run yet")
                    .hint(format!("write its result to a file: `ansible-inventory -i {name} --list --yaml --output hosts.yml`")),
            );
            return;
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        if extension == Some("toml") {
            let at = Location::new(name, 1, 1);
            self.files.problems.push(
                Problem::at(at, "TOML inventories are not read").hint("write it as YAML or INI"),
            );
            return;
        }
        let Some(text) = self.files.text(path) else { return };
        let source =
            std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
        let result = read(&name, &source, &text, extension, &mut self.tree);
        self.files.problems.take(result);
    }
}

/// Reads a file as YAML where it can be YAML, else as INI: the order in which Ansible tries.
pub(super) fn read(
    name: &str,
    source: &str,
    text: &str,
    extension: Option<&str>,
    tree: &mut Tree,
) -> Result<(), Problems> {
    let certainly_yaml =
        matches!(extension, Some("yml" | "yaml" | "json")) || looks_like_yaml(text);
    if !certainly_yaml && extension.is_some() {
        return ini::read(name, source, text, tree);
    }
    match files::document(name, text) {
        Ok(None) => Ok(()),
        Ok(Some(node)) if certainly_yaml || node.mapping("").is_ok() => {
            yaml_file::read(source, &node, tree)
        }
        Err(problem) if certainly_yaml => Err(problem.into()),
        _ => ini::read(name, source, text, tree),
    }
}

/// Whether the first line that says something can only be YAML's.
fn looks_like_yaml(text: &str) -> bool {
    let mut lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().is_some_and(|line| line == "---" || line.ends_with(':'))
}

/// Whether Ansible would run this file. An inventory that merely has its mode bit set, as on a disk
/// from Windows, is data: running it fails, and Ansible reads it then.
fn is_executable(path: &Path) -> bool {
    let mode = std::fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    mode & 0o111 != 0
        && std::fs::read(path)
            .is_ok_and(|bytes| bytes.starts_with(b"#!") || bytes.starts_with(b"\x7fELF"))
}

/// A hint that names what was perhaps meant.
pub(super) fn perhaps(name: &str, tree: &Tree) -> Option<String> {
    let known = tree.groups.keys().chain(tree.hosts.keys()).map(String::as_str);
    did_you_mean(&near_matches(name, known))
}
