//! `include_tasks` and `include_role`: tasks that are put in place while the run goes on.
//!
//! What an include inherits is kept with it, so that its file can be read again for each use. Files
//! whose name is known are read when the playbook is loaded, too: their mistakes are told then.

use super::block::Around;
use super::library::Source;
use super::load::Loader;
use super::means::Means;
use super::model::{Step, Task, Templated};
use super::role::{Role, RoleFiles};
use super::role_use::Use;
use crate::error::Problems;
use crate::yaml::{Node, NodeKind};
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What stands in the place of an include while running.
#[derive(Clone)]
pub struct Include {
    /// What is included.
    pub target: Target,
    /// What the included tasks inherit.
    pub(super) around: Arc<Around>,
    /// The file in which the include stands.
    pub(super) source: Source,
    /// The directory of the playbook.
    pub(super) base: Option<PathBuf>,
    pub(super) means: Means,
    /// Whether it is a handler: then what it includes are handlers, too.
    pub(super) handler: bool,
}

/// What is included.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// A file of tasks.
    Tasks(Templated),
    /// A role.
    Role(Box<RoleTarget>),
}

/// A role that is included.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleTarget {
    /// Its name.
    pub name: Templated,
    /// Which of its files instead of `main`: `tasks_from` and the like by their names.
    pub from: Vec<(&'static str, Templated)>,
    /// Whether its variables and defaults are seen by the play's later tasks.
    pub public: bool,
    /// Whether it runs again on a host where it ran already.
    pub allow_duplicates: bool,
}

/// What was included.
#[derive(Debug, Clone, Default)]
pub struct Included {
    /// Its steps.
    pub steps: Vec<Step>,
    /// The handlers that it brings.
    pub handlers: Vec<Arc<Task>>,
    /// The role, and whether its variables are seen by the play's later tasks.
    pub role: Option<(Arc<Role>, bool)>,
}

impl Included {
    /// Every task and handler in it.
    pub fn tasks(&self) -> Vec<Arc<Task>> {
        let mut tasks = Vec::new();
        super::model::collect(&self.steps, &mut tasks);
        tasks.into_iter().chain(&self.handlers).cloned().collect()
    }
}

impl Include {
    /// Reads a file of tasks by its rendered name.
    pub fn tasks(&self, name: &str) -> Result<Included, Problems> {
        let mut loader = self.loader();
        let included = loader.included_tasks(self, name);
        loader.problems.or(included)
    }

    /// Reads a role by its rendered name and files.
    pub fn role(&self, name: &str, files: RoleFiles) -> Result<Included, Problems> {
        let mut loader = self.loader();
        let included = loader.included_role(self, name, files);
        loader.problems.or(included)
    }

    /// What is included, when its name is known before the run; `None` when it is not.
    pub fn known(&self) -> Option<Result<Included, Problems>> {
        match &self.target {
            Target::Tasks(name) => known(name).map(|name| self.tasks(name)),
            Target::Role(role) => {
                let files = role.known_files()?;
                known(&role.name).map(|name| self.role(name, files))
            }
        }
    }

    /// Whether the variables of what is included are seen by later tasks.
    pub fn is_public(&self) -> bool {
        matches!(&self.target, Target::Role(role) if role.public)
    }

    fn loader(&self) -> Loader {
        Loader::again(self.source.clone(), self.base.clone(), self.means.clone())
    }
}

impl RoleTarget {
    fn known_files(&self) -> Option<RoleFiles> {
        let mut files = RoleFiles::default();
        for (key, file) in &self.from {
            files.set(key, known(file)?.to_owned());
        }
        Some(files)
    }
}

/// The text, when no template stands in it.
fn known(text: &Templated) -> Option<&str> {
    text.value.as_str().filter(|text| !text.contains("{{") && !text.contains("{%"))
}

impl Loader {
    fn included_tasks(&mut self, include: &Include, name: &str) -> Included {
        let Target::Tasks(written) = &include.target else { return Included::default() };
        let mut included = Included::default();
        let Some((documents, source)) =
            self.tasks_file(name, &node(written, name), &include.around)
        else {
            return included;
        };
        self.enter(source);
        let around = Around { directory: self.source.directory(), ..(*include.around).clone() };
        for document in &documents {
            if include.handler {
                let mut handlers = Vec::new();
                self.handlers(document, &around, &mut handlers);
                included.steps.extend(handlers.into_iter().map(Step::Task));
            } else {
                self.tasks(document, "a file of tasks", &around, &mut included.steps);
            }
        }
        included.handlers = self.take_brought().handlers;
        included
    }

    fn included_role(&mut self, include: &Include, name: &str, files: RoleFiles) -> Included {
        let Target::Role(target) = &include.target else { return Included::default() };
        let place = node(&target.name, name);
        let mut used = Use::plain(name, &place, (*include.around).clone());
        used.files = files;
        used.written.clone_from(&include.around.params);
        used.allow_duplicates = Some(target.allow_duplicates);
        let Some(loaded) = self.role(used) else { return Included::default() };
        let handlers = [loaded.handlers, self.take_brought().handlers].concat();
        Included { steps: loaded.steps, handlers, role: Some((loaded.role, target.public)) }
    }

    /// Finds the mistakes in what an include names before the run, each file once.
    pub(super) fn check_include(&mut self, include: &Include) {
        let names = match &include.target {
            Target::Tasks(name) => self.possible(include, name),
            Target::Role(role) => known(&role.name).map(str::to_owned).into_iter().collect(),
        };
        let files = match &include.target {
            Target::Tasks(_) => Some(RoleFiles::default()),
            Target::Role(role) => role.known_files(),
        };
        for name in names {
            let Some(files) = files.clone() else { continue };
            let here = include.source.directory().unwrap_or_default();
            if !self.checked.insert(format!("{} {name} {files:?}", here.display())) {
                continue;
            }
            let mut loader = include.loader();
            std::mem::swap(&mut loader.checked, &mut self.checked);
            match &include.target {
                Target::Tasks(_) => drop(loader.included_tasks(include, &name)),
                Target::Role(_) => drop(loader.included_role(include, &name, files)),
            }
            std::mem::swap(&mut loader.checked, &mut self.checked);
            for problem in loader.problems.0 {
                if !self.problems.0.contains(&problem) {
                    self.problems.push(problem);
                }
            }
        }
    }

    /// The names that a file may turn out to have: its own, or every file that fits the text around
    /// the template. A name that is all template may be anything: it is read when it is known.
    fn possible(&self, include: &Include, name: &Templated) -> Vec<String> {
        let Some(text) = name.value.as_str() else { return Vec::new() };
        if known(name).is_some() {
            return vec![text.to_owned()];
        }
        let (Some(open), Some(close)) = (text.find("{{"), text.rfind("}}")) else {
            return Vec::new();
        };
        let (before, after) = (&text[..open], &text[close + 2..]);
        let (directory, start) =
            before.rsplit_once('/').map_or(("", before), |(up, start)| (up, start));
        if (start.is_empty() && directory.is_empty()) || after.contains('/') {
            return Vec::new();
        }
        let role = include.around.role.as_ref().map(|role| role.path.join("tasks"));
        let places = role.into_iter().chain(self.source.directory());
        let Some(listed) =
            places.into_iter().find_map(|place| place.join(directory).read_dir().ok())
        else {
            return Vec::new();
        };
        let files = listed.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let yaml = |name: &String| {
            let end = Path::new(name).extension();
            end.is_some_and(|end| end == "yml" || end == "yaml")
        };
        let mut found: Vec<String> = files
            .filter(|name| name.starts_with(start) && name.ends_with(after) && yaml(name))
            .collect();
        found.sort_unstable();
        let path =
            |name: String| if directory.is_empty() { name } else { format!("{directory}/{name}") };
        found.into_iter().map(path).collect()
    }
}

fn node(written: &Templated, text: &str) -> Node {
    let kind = NodeKind::Scalar(Value::from(text));
    Node { location: written.location.clone(), kind }
}

impl fmt::Debug for Include {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Include").field("target", &self.target).finish_non_exhaustive()
    }
}

impl PartialEq for Include {
    fn eq(&self, other: &Self) -> bool {
        self.target == other.target && self.source == other.source
    }
}
