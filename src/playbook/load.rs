//! From files to a [`Playbook`].

use super::catalog::Catalog;
use super::fields::string;
use super::keys::entries;
use super::library::Source;
use super::model::{Entry, Playbook, Text};
use crate::error::{Problem, Problems};
use crate::yaml::{self, Node};
use std::path::PathBuf;
use std::sync::Arc;

/// Playbooks that import playbooks end here.
const MAX_IMPORTS: usize = 20;

/// Loads a playbook: a built-in name (with or without `.yml`, with `_` or `-`) or a path.
pub fn load(name: &str, catalog: &dyn Catalog) -> Result<Playbook, Problems> {
    let source = Source::find(name)?;
    let text = source.read().map_err(|error| {
        Problem::new(format!("cannot read playbook `{}`: {error}", source.shown()))
    })?;
    let title = match &source {
        Source::BuiltIn(path) => path.with_extension("").display().to_string(),
        Source::Disk(_) => name.to_owned(),
    };
    Loader::new(source, catalog).load(title, &text)
}

/// Loads a playbook from its text; `file` names it in messages and says what is beside it.
pub fn load_text(file: &str, text: &str, catalog: &dyn Catalog) -> Result<Playbook, Problems> {
    Loader::new(Source::Disk(PathBuf::from(file)), catalog).load(file.to_owned(), text)
}

pub(super) struct Loader<'a> {
    pub(super) catalog: &'a dyn Catalog,
    pub(super) problems: Problems,
    /// The file that is being read.
    pub(super) source: Source,
    entries: Vec<Entry>,
    depth: usize,
}

impl<'a> Loader<'a> {
    fn new(source: Source, catalog: &'a dyn Catalog) -> Self {
        Self { catalog, problems: Problems::default(), source, entries: Vec::new(), depth: 0 }
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
            self.only(node, &["name", "import_playbook", "ansible.builtin.import_playbook"]);
            self.import_playbook(named);
        } else if let Some(named) = node.get("decide") {
            self.only(node, &["name", "decide"]);
            if let Some(text) = string(named, "`decide`", &mut self.problems) {
                self.entries.push(Entry::Decide(Text { text, location: named.location.clone() }));
            }
        } else if let Some(play) = self.play(node) {
            self.entries.push(Entry::Play(Arc::new(play)));
        }
    }

    fn only(&mut self, node: &Node, allowed: &[&str]) {
        for (key, name, _) in entries(node, "an entry", &mut self.problems) {
            if !allowed.contains(&name) {
                self.problems.push(Problem::at(
                    key.location.clone(),
                    format!("`{name}` beside `{}` is not supported yet", allowed[1]),
                ));
            }
        }
    }

    fn import_playbook(&mut self, node: &Node) {
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
        let before = self.enter(source);
        self.depth += 1;
        self.documents(&documents);
        self.depth -= 1;
        self.source = before;
    }

    /// The documents of a file beside the one that is being read.
    pub(super) fn import(&mut self, name: &str, place: &Node) -> Option<(Vec<Node>, Source)> {
        if name.contains("{{") {
            self.problems.push(Problem::at(
                place.location.clone(),
                "the name of an imported file must be known when it is loaded: no templates",
            ));
            return None;
        }
        let source = self.source.beside(name);
        let documents = match source.read() {
            Ok(text) => yaml::parse(&source.shown(), &text),
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

    /// Goes into another file; gives the one before to come back to.
    pub(super) fn enter(&mut self, source: Source) -> Source {
        std::mem::replace(&mut self.source, source)
    }
}
