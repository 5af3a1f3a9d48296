//! Roles as they are used: read with what they need, put together with what is around them.

use super::block::Around;
use super::fields::{boolean, data, is_name, string};
use super::keys::{entries, refused};
use super::library::Source;
use super::load::Loader;
use super::model::{RoleSteps, Step, Task};
use super::role::{Own, Role, RoleFiles};
use super::role_path::candidates;
use crate::error::Problem;
use crate::yaml::Node;
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::Arc;

/// Roles that need roles end here.
const MAX_CHAIN: usize = 20;

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
        role.identity = identity(&role, &used);
        Some(self.with_dependencies(role, &used))
    }

    fn with_dependencies(&mut self, mut role: Role, used: &Use<'_>) -> Loaded {
        let meta = self.meta(&role.path, used.place);
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

    fn meta(&mut self, role: &Path, place: &Node) -> Meta {
        let mut meta = Meta::default();
        let files = candidates(&role.join("meta"), None);
        let Some(path) = files.into_iter().find(|path| path.is_file()) else { return meta };
        let Some((documents, source)) = self.read_file(Source::Disk(path), place) else {
            return meta;
        };
        let document = documents.into_iter().find(|document| !document.is_null());
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

/// What tells two uses of roles apart.
fn identity(role: &Role, used: &Use<'_>) -> String {
    let data = serde_json::json!([
        role.path,
        role.own.params,
        role.own.written,
        used.words,
        used.allow_duplicates.is_some(),
        used.files.tasks,
        used.files.handlers,
        used.files.vars,
        used.files.defaults,
    ]);
    data.to_string()
}
