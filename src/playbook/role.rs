//! Roles: where they are, and what their files say.

use super::block::Around;
use super::fields::{boolean, data, is_name, string};
use super::keys::{entries, refused};
use super::library::Source;
use super::load::Loader;
use super::model::{RoleSteps, Step, Task};
use super::role_path::{candidates, search_path};
use crate::error::Problem;
use crate::yaml::{self, Node};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Roles that need roles end here.
const MAX_CHAIN: usize = 20;

/// A role as one place uses it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its directory.
    pub path: PathBuf,
    /// Two uses that say the same are one use: the second does not run again.
    pub identity: String,
    /// Whether the second one runs again nevertheless.
    pub allow_duplicates: bool,
    /// The roles that need this one, outermost first.
    pub chain: Vec<Arc<Role>>,
    /// The weakest variables of its tasks.
    pub defaults: Map<String, Value>,
    /// Variables of its tasks that win over the play's.
    pub vars: Map<String, Value>,
    /// What the place that uses it hands over; it wins over facts and results.
    pub params: Map<String, Value>,
    /// The defaults that the whole play sees.
    pub exported_defaults: Map<String, Value>,
    /// The variables that the whole play sees.
    pub exported_vars: Map<String, Value>,
    own: Own,
}

/// What a role says itself, without what is around it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Own {
    defaults: Map<String, Value>,
    vars: Map<String, Value>,
    /// `vars` where it is used.
    written: Map<String, Value>,
    params: Map<String, Value>,
}

/// Which files of a role are read instead of `main`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleFiles {
    /// `tasks_from`.
    pub tasks: Option<String>,
    /// `handlers_from`.
    pub handlers: Option<String>,
    /// `vars_from`.
    pub vars: Option<String>,
    /// `defaults_from`.
    pub defaults: Option<String>,
}

/// How a role is used.
pub(super) struct Use<'a> {
    pub(super) name: &'a str,
    /// What names it.
    pub(super) place: &'a Node,
    pub(super) files: RoleFiles,
    pub(super) written: Map<String, Value>,
    pub(super) params: Map<String, Value>,
    /// What says whether it runs again; else its `meta` does.
    pub(super) allow_duplicates: Option<bool>,
    /// `when` and `tags` of this use: part of what tells two uses apart.
    pub(super) words: String,
    pub(super) around: Around,
}

/// A role that was read.
pub(super) struct Loaded {
    pub(super) role: Arc<Role>,
    pub(super) steps: Vec<Step>,
    pub(super) handlers: Vec<Arc<Task>>,
    /// It and all that it needs, in the order in which they run.
    pub(super) all: Vec<Arc<Role>>,
}

impl Loader {
    /// Reads a role and what it needs. Mistakes are noted.
    pub(super) fn role(&mut self, mut used: Use<'_>) -> Option<Loaded> {
        let chain: Vec<Arc<Role>> = used.around.role.iter().flat_map(Role::with_chain).collect();
        if chain.len() >= MAX_CHAIN {
            self.problems.push(Problem::at(
                used.place.location.clone(),
                format!("roles need each other deeper than {MAX_CHAIN}: does one need itself?"),
            ));
            return None;
        }
        let path = self.find_role(used.name, used.place)?;
        let mut role = Role {
            name: path
                .file_name()
                .map_or_else(|| used.name.to_owned(), |name| name.to_string_lossy().into_owned()),
            chain,
            ..Role::default()
        };
        role.own = Own {
            defaults: self.role_vars(&path, "defaults", used.files.defaults.as_deref(), used.place),
            vars: self.role_vars(&path, "vars", used.files.vars.as_deref(), used.place),
            written: std::mem::take(&mut used.written),
            params: std::mem::take(&mut used.params),
        };
        role.path = path;
        role.identity = role.identity(&used);
        Some(self.with_dependencies(role, &used))
    }

    fn with_dependencies(&mut self, mut role: Role, used: &Use<'_>) -> Loaded {
        let meta = self.meta(&role.path);
        role.allow_duplicates = used.allow_duplicates.unwrap_or(meta.allow_duplicates);
        role.inherit(&[]);
        let mut around = used.around.clone();
        around.depth += 1;
        around.role = Some(Arc::new(role.clone()));
        let (mut steps, mut own) = (Vec::new(), Vec::new());
        let (mut handlers, mut all) = (Vec::new(), Vec::new());
        if let Some((node, source)) = &meta.dependencies {
            let before = self.enter(source.clone());
            for needed in self.role_entries(node, &around) {
                steps.extend(needed.steps);
                handlers.extend(needed.handlers);
                all.extend(needed.all);
            }
            self.enter(before);
        }
        role.inherit(&all);
        let role = Arc::new(role);
        around.role = Some(Arc::clone(&role));
        self.role_file(
            &role.path,
            "tasks",
            used.files.tasks.as_deref(),
            used.place,
            |loader, nodes| {
                let around = Around { directory: loader.source.directory(), ..around.clone() };
                for node in nodes {
                    loader.tasks(node, "a role's tasks", &around, &mut own);
                }
            },
        );
        self.role_file(
            &role.path,
            "handlers",
            used.files.handlers.as_deref(),
            used.place,
            |loader, nodes| {
                let around = Around { directory: loader.source.directory(), ..around.clone() };
                for node in nodes {
                    loader.handlers(node, &around, &mut handlers);
                }
            },
        );
        steps.push(Step::Role(Arc::new(RoleSteps { role: Arc::clone(&role), steps: own })));
        all.push(Arc::clone(&role));
        Loaded { role, steps, handlers, all }
    }

    /// Reads a list of roles: `roles` of a play, `dependencies` of a role.
    pub(super) fn role_entries(&mut self, node: &Node, around: &Around) -> Vec<Loaded> {
        if node.is_null() {
            return Vec::new();
        }
        match node.sequence("a list of roles") {
            Ok(items) => items.iter().filter_map(|item| self.role_entry(item, around)).collect(),
            Err(problem) => {
                self.problems.push(problem);
                Vec::new()
            }
        }
    }

    fn role_entry(&mut self, node: &Node, around: &Around) -> Option<Loaded> {
        if let Some(name) = node.as_str() {
            return self.role(Use::plain(name, node, around.clone()));
        }
        let named = node.get("role").or_else(|| node.get("name"));
        let Some(named) = named else {
            self.problems.push(
                Problem::at(node.location.clone(), "a role without a name")
                    .hint("write its name, or `role: NAME` beside `vars`, `when` and `tags`"),
            );
            return None;
        };
        let name = string(named, "a role's name", &mut self.problems)?;
        let mut used = Use::plain(&name, named, around.clone());
        for (key, word, value) in entries(node, "a role", &mut self.problems) {
            match word {
                "role" | "name" => {}
                "module_defaults" | "collections" | "debugger" => {
                    self.problems.push(refused(key, word));
                }
                _ if used.around.key(word, value, &mut self.problems) => {
                    if matches!(word, "when" | "tags") {
                        used.words.push_str(&value.value().to_string());
                    }
                }
                "vars" => {
                    let mut places = std::mem::take(&mut used.around.places);
                    used.written = super::fields::vars(value, &mut self.problems, &mut places);
                    used.around.places = places;
                }
                _ if is_name(word) => {
                    used.params.insert(word.to_owned(), data(value, &mut self.problems));
                }
                _ => self.problems.push(Problem::at(
                    key.location.clone(),
                    format!("`{word}` cannot be the name of a role's parameter"),
                )),
            }
        }
        self.role(used)
    }

    fn find_role(&mut self, name: &str, place: &Node) -> Option<PathBuf> {
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
        let searched = search_path(self.base.as_deref(), self.role_directory().as_deref());
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
    fn role_file(
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
    fn role_vars(
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
        for file in super::role_path::files_of(&path) {
            if let Some((documents, _)) = self.read_file(Source::Disk(file), place) {
                found.extend(self.variables_of(&documents));
            }
        }
        found
    }

    /// The variables of a file of variables.
    pub(super) fn variables_of(&mut self, documents: &[Node]) -> Map<String, Value> {
        let mut found = Map::new();
        for document in documents.iter().filter(|document| !document.is_null()) {
            for (key, name, value) in entries(document, "a file of variables", &mut self.problems) {
                if is_name(name) {
                    found.insert(name.to_owned(), data(value, &mut self.problems));
                } else {
                    self.problems.push(Problem::at(
                        key.location.clone(),
                        format!("`{name}` cannot be the name of a variable"),
                    ));
                }
            }
        }
        found
    }

    fn meta(&mut self, role: &Path) -> Meta {
        let mut meta = Meta::default();
        let files = candidates(&role.join("meta"), None);
        let Some(path) = files.into_iter().find(|path| path.is_file()) else { return meta };
        let source = Source::Disk(path);
        let documents = match source.read() {
            Ok(text) => yaml::parse(&source.shown(), &text),
            Err(error) => Err(Problem::new(format!("cannot read `{}`: {error}", source.shown()))),
        };
        let document = match documents {
            Ok(documents) => documents.into_iter().find(|document| !document.is_null()),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        };
        let Some(document) = document else { return meta };
        for (key, name, value) in entries(&document, "a role's `meta`", &mut self.problems) {
            match name {
                "dependencies" => meta.dependencies = Some((value.clone(), source.clone())),
                "allow_duplicates" => {
                    meta.allow_duplicates =
                        boolean(value, "`allow_duplicates`", &mut self.problems).unwrap_or(false);
                }
                "argument_specs" => self.problems.push(refused(key, name)),
                // What Galaxy reads: it changes nothing here, as in Ansible.
                "galaxy_info" | "collections" | "standalone" => {}
                _ => self.problems.push(super::keys::unknown(
                    key,
                    name,
                    "a role's `meta`",
                    ["dependencies", "allow_duplicates", "galaxy_info"],
                )),
            }
        }
        if ["yml", "yaml"]
            .iter()
            .any(|end| role.join("meta").join(format!("argument_specs.{end}")).is_file())
        {
            self.problems.push(
                Problem::new(format!("`{}/meta/argument_specs` is not supported", role.display()))
                    .hint("check the role's variables with `assert`, and take the file away"),
            );
        }
        meta
    }
}

#[derive(Default)]
struct Meta {
    dependencies: Option<(Node, Source)>,
    allow_duplicates: bool,
}

impl<'a> Use<'a> {
    pub(super) fn plain(name: &'a str, place: &'a Node, around: Around) -> Self {
        Self {
            name,
            place,
            files: RoleFiles::default(),
            written: Map::new(),
            params: Map::new(),
            allow_duplicates: None,
            words: String::new(),
            around,
        }
    }
}

impl Role {
    /// The roles that need this one, and this one.
    fn with_chain(self: &Arc<Self>) -> Vec<Arc<Self>> {
        self.chain.iter().chain([self]).cloned().collect()
    }

    /// The directories in which its files are looked for, its own first.
    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(self.path.as_path())
            .chain(self.chain.iter().rev().map(|role| role.path.as_path()))
    }

    fn identity(&self, used: &Use<'_>) -> String {
        let data = serde_json::json!([
            self.path,
            self.own.params,
            self.own.written,
            used.words,
            used.allow_duplicates.is_some(),
            used.files.tasks,
            used.files.handlers,
            used.files.vars,
            used.files.defaults,
        ]);
        data.to_string()
    }

    /// Puts together what its tasks see, in Ansible's order: for defaults, what it needs is weakest;
    /// for variables, what needs it.
    fn inherit(&mut self, needed: &[Arc<Self>]) {
        let merge = |maps: Vec<&Map<String, Value>>| {
            let mut merged = Map::new();
            for map in maps {
                merged.extend(map.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            merged
        };
        let chain = || self.chain.iter().map(|role| &role.own);
        let defaults = || needed.iter().map(|role| &role.own.defaults);
        let vars = || needed.iter().map(|role| &role.own.vars);
        self.exported_defaults = merge(defaults().chain([&self.own.defaults]).collect());
        self.exported_vars =
            merge(chain().map(|own| &own.vars).chain(vars()).chain([&self.own.vars]).collect());
        self.defaults = merge(
            defaults()
                .chain(chain().map(|own| &own.defaults))
                .chain([&self.own.defaults])
                .collect(),
        );
        self.vars = merge(
            chain()
                .flat_map(|own| [&own.written, &own.vars])
                .chain(vars())
                .chain([&self.own.vars, &self.own.written])
                .collect(),
        );
        self.params = merge(chain().map(|own| &own.params).chain([&self.own.params]).collect());
    }
}

/// What was asked of a role's files, as text.
impl RoleFiles {
    /// Sets the file of one part: `tasks_from` and the like.
    pub fn set(&mut self, key: &str, file: String) {
        match key {
            "tasks_from" => self.tasks = Some(file),
            "handlers_from" => self.handlers = Some(file),
            "vars_from" => self.vars = Some(file),
            _ => self.defaults = Some(file),
        }
    }
}
