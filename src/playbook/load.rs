//! From files to a [`Playbook`].

use super::block::{Around, Brought};
use super::fields::{conditions, data, is_name, string, tags, title, vars};
use super::keys::{entries, unknown};
use super::library::Source;
use super::means::Means;
use super::model::{Entry, Playbook, Text};
use crate::error::{Location, Problem, Problems};
use crate::vault::is_sealed;
use crate::yaml::{self, Node};
use serde_json::Map;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Playbooks that import playbooks end here.
const MAX_IMPORTS: usize = 20;

/// Loads a playbook: a built-in name (with or without `.yml`, with `_` or `-`) or a path.
pub fn load(name: &str, means: impl Into<Means>) -> Result<Playbook, Problems> {
    let means = means.into();
    let source = Source::find(name)?;
    let text = source.read().map_err(|error| {
        Problem::new(format!("cannot read playbook `{}`: {error}", source.shown()))
    })?;
    let text = opened(&source, text, &means)?;
    let title = match &source {
        Source::BuiltIn(path) => path.with_extension("").display().to_string(),
        Source::Disk(_) => name.to_owned(),
    };
    Loader::new(source, means).load(title, &text)
}

/// Loads a playbook from its text; `file` names it in messages and says what is beside it.
pub fn load_text(file: &str, text: &str, means: impl Into<Means>) -> Result<Playbook, Problems> {
    Loader::new(Source::Disk(PathBuf::from(file)), means.into()).load(file.to_owned(), text)
}

/// The variables of a file, from its text; `file` names it in messages.
pub fn variables(file: &Path, text: &str) -> Result<Map<String, serde_json::Value>, Problems> {
    let documents = yaml::parse(&file.display().to_string(), text)?;
    let mut problems = Problems::default();
    let variables = variables_of(&documents, &mut problems);
    problems.or(variables)
}

/// The text of a file, in the clear.
fn opened(source: &Source, text: String, means: &Means) -> Result<String, Problem> {
    if is_sealed(text.as_bytes()) {
        return means.vault.open(&text, &Location::new(source.shown(), 1, 1));
    }
    Ok(text)
}

pub(super) struct Loader {
    pub(super) means: Means,
    pub(super) problems: Problems,
    /// The file that is being read.
    pub(super) source: Source,
    /// The directory of the playbook.
    pub(super) base: Option<PathBuf>,
    /// What imports of roles brought to the play that is being read.
    pub(super) brought: Brought,
    /// What `import_playbook` hands down.
    pub(super) imported: Imported,
    /// Includes whose file was read already, to find its mistakes.
    pub(super) checked: BTreeSet<String>,
    entries: Vec<Entry>,
    depth: usize,
}

/// What `import_playbook` hands down to the plays.
#[derive(Debug, Clone, Default)]
pub(super) struct Imported {
    pub(super) vars: Map<String, serde_json::Value>,
    pub(super) tags: Vec<String>,
    pub(super) when: Vec<Text>,
}

impl Loader {
    fn new(source: Source, means: Means) -> Self {
        let base = source.directory();
        Self::again(source, base, means)
    }

    /// A loader for what is included while running.
    pub(super) fn again(source: Source, base: Option<PathBuf>, means: Means) -> Self {
        Self {
            means,
            problems: Problems::default(),
            source,
            base,
            brought: Brought::default(),
            imported: Imported::default(),
            checked: BTreeSet::new(),
            entries: Vec::new(),
            depth: 0,
        }
    }

    fn load(mut self, name: String, text: &str) -> Result<Playbook, Problems> {
        let documents = yaml::parse(&self.source.shown(), text)?;
        let directory = self.source.directory();
        self.documents(&documents);
        if self.entries.is_empty() && self.problems.0.is_empty() {
            self.problems
                .push(Problem::new(format!("playbook `{}` is empty", self.source.shown())));
        }
        self.problems.or(Playbook { name, directory, entries: self.entries })
    }

    fn documents(&mut self, documents: &[Node]) {
        for document in documents.iter().filter(|document| !document.is_null()) {
            match document.sequence("a playbook") {
                Ok(items) => items.iter().for_each(|item| self.entry(item)),
                Err(problem) => self.problems.push(problem.hint("a playbook is a list of plays")),
            }
        }
    }

    fn entry(&mut self, node: &Node) {
        let imports = ["import_playbook", "ansible.builtin.import_playbook"];
        if let Some(named) = imports.iter().find_map(|key| node.get(key)) {
            self.import_playbook(node, named);
        } else if let Some(named) = node.get("decide") {
            self.decide(node, named);
        } else if let Some(play) = self.play(node) {
            self.entries.push(Entry::Play(Arc::new(play)));
        }
    }

    fn decide(&mut self, node: &Node, named: &Node) {
        for (key, name, _) in entries(node, "an entry", &mut self.problems) {
            if !["name", "decide"].contains(&name) {
                let problem = format!("`{name}` beside `decide` is not supported");
                self.problems.push(Problem::at(key.location.clone(), problem));
            }
        }
        if let Some(text) = string(named, "`decide`", &mut self.problems) {
            self.entries.push(Entry::Decide(Text { text, location: named.location.clone() }));
        }
    }

    fn import_playbook(&mut self, entry: &Node, node: &Node) {
        let mut imported = self.imported.clone();
        for (key, word, value) in entries(entry, "an entry", &mut self.problems) {
            let problems = &mut self.problems;
            match word {
                "name" => drop(title(value, problems)),
                "import_playbook" | "ansible.builtin.import_playbook" => {}
                "vars" => imported.vars.extend(vars(value, problems, &mut [].into())),
                "tags" => imported.tags.extend(tags(value, problems)),
                "when" => imported.when.extend(conditions(value, "`when`", problems)),
                _ => problems.push(unknown(
                    key,
                    word,
                    "`import_playbook`",
                    ["name", "vars", "tags", "when"],
                )),
            }
        }
        let Some(name) = string(node, "`import_playbook`", &mut self.problems) else { return };
        if self.depth >= MAX_IMPORTS {
            return self.problems.push(Problem::at(
                node.location.clone(),
                format!(
                    "playbooks import each other deeper than {MAX_IMPORTS}: does one import itself?"
                ),
            ));
        }
        let Some((documents, source)) = self.import(&name, node) else { return };
        let base = std::mem::replace(&mut self.base, source.directory());
        let before = (self.enter(source), std::mem::replace(&mut self.imported, imported));
        self.depth += 1;
        self.documents(&documents);
        self.depth -= 1;
        self.base = base;
        (self.source, self.imported) = before;
    }

    /// The documents of a file beside the one that is being read.
    pub(super) fn import(&mut self, name: &str, place: &Node) -> Option<(Vec<Node>, Source)> {
        self.known_name(name, place).then(|| self.read_file(self.source.beside(name), place))?
    }

    /// The documents of a file of tasks: a role's are looked for in the role first, others beside
    /// the file that is being read and then beside the playbook.
    pub(super) fn tasks_file(
        &mut self,
        name: &str,
        place: &Node,
        around: &Around,
    ) -> Option<(Vec<Node>, Source)> {
        if !self.known_name(name, place) {
            return None;
        }
        let beside = self.source.beside(name);
        let here = self.source.directory();
        let part = here.iter().any(|directory| directory.ends_with("handlers"));
        let part = if part { "handlers" } else { "tasks" };
        let in_role = around.role.as_ref().map(|role| role.path.join(part).join(name));
        let near_playbook = self.base.as_ref().map(|base| base.join(name));
        let places = match in_role {
            Some(path) => vec![Source::Disk(path), beside.clone()],
            None => [Some(beside.clone()), near_playbook.map(Source::Disk)]
                .into_iter()
                .flatten()
                .collect(),
        };
        let found = places.into_iter().find(Source::exists).unwrap_or(beside);
        self.read_file(found, place)
    }

    fn known_name(&mut self, name: &str, place: &Node) -> bool {
        let known = !name.contains("{{");
        if !known {
            self.problems.push(
                Problem::at(
                    place.location.clone(),
                    "the name of an imported file must be known when it is loaded: no templates",
                )
                .hint("use `include_tasks`"),
            );
        }
        known
    }

    /// The documents of a file.
    pub(super) fn read_file(
        &mut self,
        source: Source,
        place: &Node,
    ) -> Option<(Vec<Node>, Source)> {
        let documents = match source.read() {
            Ok(text) => opened(&source, text, &self.means)
                .and_then(|text| yaml::parse(&source.shown(), &text)),
            Err(error) => Err(Problem::at(
                place.location.clone(),
                format!("cannot read `{}`: {error}", source.shown()),
            )),
        };
        match documents {
            Ok(documents) => Some((documents, source)),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    /// The variables of a file. What was encrypted is kept from being shown.
    pub(super) fn variables_file(
        &mut self,
        source: Source,
        place: &Node,
    ) -> Option<Map<String, serde_json::Value>> {
        let sealed = source.read().is_ok_and(|text| is_sealed(text.as_bytes()));
        let (documents, _) = self.read_file(source, place)?;
        let variables = variables_of(&documents, &mut self.problems);
        if sealed {
            variables.values().for_each(|value| self.means.vault.hide(value));
        }
        Some(variables)
    }

    /// Goes into another file; gives the one before to come back to.
    pub(super) fn enter(&mut self, source: Source) -> Source {
        std::mem::replace(&mut self.source, source)
    }
}

/// The variables of a file of variables.
fn variables_of(documents: &[Node], problems: &mut Problems) -> Map<String, serde_json::Value> {
    let mut found = Map::new();
    for document in documents.iter().filter(|document| !document.is_null()) {
        for (key, name, value) in entries(document, "a file of variables", problems) {
            if is_name(name) {
                found.insert(name.to_owned(), data(value, problems));
            } else {
                problems.push(Problem::at(
                    key.location.clone(),
                    format!("`{name}` cannot be the name of a variable"),
                ));
            }
        }
    }
    found
}
