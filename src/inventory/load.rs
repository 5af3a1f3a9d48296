//! From the sources on the command line to an [`Inventory`].

use super::adjacent::Adjacent;
use super::files::{self, Files};
use super::tree::{Tree, UNGROUPED};
use super::{
    Ignored, Sources, Variable, Variables, address, extra, ini, magic, pattern, precedence, script,
    yaml_file,
};
use crate::error::{Location, Problem, Problems, did_you_mean, near_matches};
use crate::vault::Vault;
use indexmap::IndexMap;
use std::collections::{BTreeMap, HashSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Hosts, groups and variables, read and free of mistakes.
#[derive(Debug, Clone)]
pub struct Inventory {
    pub(super) tree: Tree,
    pub(super) adjacent: Adjacent,
    pub(super) extra: Variables,
    pub(super) vault: Vault,
    /// The inventory's own files, in the order of reading.
    pub(super) files: Vec<InventoryFile>,
    read: Vec<PathBuf>,
}

/// A file that is an inventory, not one of variables.
#[derive(Debug, Clone)]
pub(super) struct InventoryFile {
    pub(super) path: PathBuf,
    pub(super) kind: FileKind,
    /// Its text; nothing of a script.
    pub(super) text: String,
    /// Whether it was encrypted.
    pub(super) sealed: bool,
}

/// As what a file was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Ini,
    Yaml,
    /// A program that was run.
    Script,
    /// What such a program printed.
    Listing,
}

impl Inventory {
    /// Reads everything that `sources` names. All mistakes are reported at once.
    pub fn load(sources: &Sources) -> Result<Self, Problems> {
        Self::load_with(sources, BTreeMap::new())
    }

    /// The same with these texts in place of what stands in the files, which need not be there.
    pub fn load_with(
        sources: &Sources,
        texts: BTreeMap<PathBuf, String>,
    ) -> Result<Self, Problems> {
        let mut loader = Loader { ignored: sources.ignored.clone(), ..Loader::default() };
        loader.files.vault = sources.vault.clone();
        loader.files.replaced = texts;
        for source in &sources.inventory {
            loader.source(source);
        }
        loader.tree.settle();
        let Loader { tree, mut files, inventory_files, .. } = loader;
        let adjacent = Adjacent::load(sources, &tree, &mut files);
        let extra = extra::load(&sources.extra_vars, &mut files);
        let Files { read, sealed, vault, problems, .. } = files;
        let inventory =
            problems.or(Self { tree, adjacent, extra, vault, files: inventory_files, read })?;
        inventory.hide(&sealed);
        Ok(inventory)
    }

    /// What came out of encrypted files is as secret as an encrypted value.
    fn hide(&self, sealed: &[PathBuf]) {
        let files: HashSet<String> = sealed.iter().map(|path| path.display().to_string()).collect();
        if files.is_empty() {
            return;
        }
        let places = self.adjacent.inventory.iter().chain(&self.adjacent.playbook);
        let beside = places.flat_map(|place| place.groups.values().chain(place.hosts.values()));
        let groups = self.tree.groups.values().map(|group| &group.variables);
        let hosts = self.tree.hosts.values().map(|host| &host.variables);
        let all = groups.chain(hosts).chain(beside).chain([&self.extra]);
        for variable in all.flat_map(IndexMap::values) {
            if variable.location.as_ref().is_some_and(|at| files.contains(&at.file)) {
                self.vault.hide(&variable.value);
            }
        }
    }

    /// What opens the encrypted values among the variables.
    pub fn vault(&self) -> &Vault {
        &self.vault
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
    ignored: Ignored,
    inventory_files: Vec<InventoryFile>,
}

impl Loader {
    fn source(&mut self, source: &str) {
        let path = Path::new(source);
        if source.is_empty() {
            self.files.problems.push(Problem::new("`-i` names nothing"));
        } else if source.contains(',') && !path.exists() {
            self.host_list(source);
        } else if self.files.replaced.contains_key(path) || path.exists() {
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
            if !self.ignored.contains(&name) {
                self.path(&entry, depth + 1);
            }
        }
    }

    fn file(&mut self, path: &Path) {
        let name = path.display().to_string();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if extension == Some("toml") {
            let at = Location::new(name, 1, 1);
            self.files.problems.push(
                Problem::at(at, "TOML inventories are not read").hint("write it as YAML or INI"),
            );
            return;
        }
        let source =
            std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
        if is_executable(path) {
            match script::run(path, &source, &mut self.tree) {
                Ok(true) => {
                    self.files.read.push(path.to_owned());
                    return self.note(path, FileKind::Script, String::new());
                }
                Ok(false) => {}
                Err(problems) => return self.files.problems.0.extend(problems.0),
            }
        }
        let Some(text) = self.files.text(path) else { return };
        let result = read(&name, &source, &text, extension, &mut self.tree);
        if let Some(kind) = self.files.problems.take(result) {
            self.note(path, kind, text);
        }
    }

    fn note(&mut self, path: &Path, kind: FileKind, text: String) {
        let sealed = self.files.sealed.iter().any(|sealed| sealed == path);
        self.inventory_files.push(InventoryFile { path: path.to_owned(), kind, text, sealed });
    }
}

/// Reads a file as YAML where it can be YAML, else as INI: the order in which Ansible tries.
pub(super) fn read(
    name: &str,
    source: &str,
    text: &str,
    extension: Option<&str>,
    tree: &mut Tree,
) -> Result<FileKind, Problems> {
    let as_ini = |tree: &mut Tree| ini::read(name, source, text, tree).map(|()| FileKind::Ini);
    if let Some(groups) = script::printed(text) {
        return script::read_file(name, source, groups, tree).map(|()| FileKind::Listing);
    }
    let certainly_yaml =
        matches!(extension, Some("yml" | "yaml" | "json")) || looks_like_yaml(text);
    if !certainly_yaml && extension.is_some() {
        return as_ini(tree);
    }
    match files::document(name, text) {
        Ok(None) => Ok(FileKind::Yaml),
        Ok(Some(node)) if certainly_yaml || node.mapping("").is_ok() => {
            yaml_file::read(source, &node, tree).map(|()| FileKind::Yaml)
        }
        Err(problem) if certainly_yaml => Err(problem.into()),
        _ => as_ini(tree),
    }
}

/// Whether the first line that says something can only be YAML's.
fn looks_like_yaml(text: &str) -> bool {
    let mut lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().is_some_and(|line| line == "---" || line.ends_with(':'))
}

/// Whether Ansible would run this file.
fn is_executable(path: &Path) -> bool {
    let mode = std::fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    mode & 0o111 != 0
}

/// A hint that names what was perhaps meant.
pub(super) fn perhaps(name: &str, tree: &Tree) -> Option<String> {
    let known = tree.groups.keys().chain(tree.hosts.keys()).map(String::as_str);
    did_you_mean(&near_matches(name, known))
}
