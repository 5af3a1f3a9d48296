//! Changes to the operator's own inventory files, which keep every other byte as it is.
//!
//! A change is made on the text, then read back: when the inventory that comes out is not exactly
//! the one that was meant, nothing is written.

mod expected;
mod ini_text;
mod lines;
#[cfg(test)]
mod tests;
mod write;
mod yaml_lines;

use super::load::{FileKind, InventoryFile};
use super::tree::{ALL, UNGROUPED};
use super::{Inventory, Sources, Variable, literal, range};
use crate::error::{Location, Problem, Problems, did_you_mean, near_matches};
use indexmap::{IndexMap, IndexSet};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The groups whose hosts can be marked as broken, each with the group that marks them.
const BROKEN: [(&str, &str); 3] = [
    ("etcd", "broken_etcd"),
    ("kube_control_plane", "broken_kube_control_plane"),
    ("kube-master", "broken_kube_control_plane"),
];

/// What is to be changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Copies a host of `etcd` or `kube_control_plane` into `broken_etcd` or
    /// `broken_kube_control_plane`, as Kubespray's documentation says.
    MarkBroken(String),
    /// Takes a host out of both again.
    Unmark(String),
    /// Puts a host into groups; the variables are a new host's, each as `key=value` in INI.
    Add {
        /// The host.
        host: String,
        /// The groups, which are there already.
        groups: Vec<String>,
        /// Its variables.
        variables: Vec<(String, String)>,
    },
    /// Takes a host out of every group.
    Remove(String),
}

/// What becomes of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub before: String,
    /// The text that it gets.
    pub after: String,
}

/// One step of an edit.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    Into { group: String, host: String, variables: IndexMap<String, String> },
    OutOf { group: String, host: String },
}

impl Inventory {
    /// The files that change; none when everything is so already. `sources` is what this inventory
    /// was read from.
    pub fn edit(&self, sources: &Sources, edit: &Edit) -> Result<Vec<Change>, Problems> {
        let steps = self.steps(edit)?;
        let mut editor = Editor { inventory: self, texts: IndexMap::new() };
        for step in &steps {
            editor.step(step)?;
        }
        let changes = editor.changes();
        if changes.is_empty() {
            return Ok(changes);
        }
        let texts: BTreeMap<PathBuf, String> =
            changes.iter().map(|change| (change.path.clone(), change.after.clone())).collect();
        let after = Self::load_with(sources, texts).map_err(unsafe_edit)?;
        expected::check(self, &steps, &after)?;
        Ok(changes)
    }

    fn steps(&self, edit: &Edit) -> Result<Vec<Step>, Problem> {
        match edit {
            Edit::MarkBroken(host) => self.mark(host),
            Edit::Unmark(host) => self.unmark(host),
            Edit::Add { host, groups, variables } => self.add(host, groups, variables),
            Edit::Remove(host) => {
                self.known(host)?;
                // Of `all` and `ungrouped` it may stand in the files without being counted there.
                let inside = |name: &&String| {
                    self.is_in(host, name) || [ALL, UNGROUPED].contains(&name.as_str())
                };
                Ok(self.tree.groups.keys().filter(inside).map(|name| out_of(name, host)).collect())
            }
        }
    }

    fn mark(&self, host: &str) -> Result<Vec<Step>, Problem> {
        self.known(host)?;
        let of = |group: &str| self.group_hosts(group).iter().any(|name| name == host);
        let mut marks: Vec<&str> =
            BROKEN.iter().filter(|(group, _)| of(group)).map(|(_, mark)| *mark).collect();
        marks.dedup();
        if marks.is_empty() {
            let message = format!("`{host}` is neither in `etcd` nor in `kube_control_plane`");
            return Err(Problem::new(message)
                .hint("only etcd and control-plane hosts are marked; `remove` takes a host out"));
        }
        marks.retain(|mark| !of(mark));
        Ok(marks.iter().map(|mark| into(mark, host)).collect())
    }

    fn unmark(&self, host: &str) -> Result<Vec<Step>, Problem> {
        self.known(host)?;
        let is_mark = |group: &str| BROKEN.iter().any(|(_, mark)| *mark == group);
        let inside = || self.tree.groups.keys().filter(|group| self.is_in(host, group));
        if inside().all(|group| is_mark(group)) {
            let message = format!("`{host}` stands in no other group than those of broken hosts");
            return Err(Problem::new(message).hint(format!(
                "`rrecover inventory remove {host}` takes it out of the inventory"
            )));
        }
        Ok(inside().filter(|group| is_mark(group)).map(|group| out_of(group, host)).collect())
    }

    fn add(
        &self,
        host: &str,
        groups: &[String],
        variables: &[(String, String)],
    ) -> Result<Vec<Step>, Problem> {
        if !super::ini::hosts(host).is_ok_and(|(names, port)| names == [host] && port.is_none())
            || host.contains(|c: char| c.is_whitespace() || "#,;'\"\\={}".contains(c))
        {
            let message = format!("`{host}` cannot be the name of a host");
            return Err(Problem::new(message).hint("ports and addresses are variables: `--set`"));
        }
        for group in groups {
            if !self.tree.groups.contains_key(group) {
                let known = near_matches(group, self.tree.groups.keys().map(String::as_str));
                let problem = Problem::new(format!("there is no group `{group}`"));
                let hint = did_you_mean(&known);
                return Err(problem.hint(hint.unwrap_or_else(|| "add the group first".into())));
            }
        }
        if self.contains(host) && !variables.is_empty() {
            let message = format!("`{host}` is in the inventory already");
            return Err(Problem::new(message).hint("change its variables where they are written"));
        }
        // Where `all` lists the hosts with their variables, as in Kubespray's sample, so it stays.
        let lists_all = self.tree.groups.get(ALL).is_some_and(|all| !all.hosts.is_empty());
        let all = (lists_all && !self.contains(host)).then(|| ALL.to_owned());
        let wanted: IndexSet<&String> = all.iter().chain(groups).collect();
        let missing = wanted.into_iter().filter(|group| !self.is_in(host, group));
        let mut steps: Vec<Step> = missing.map(|group| into(group, host)).collect();
        if let Some(Step::Into { variables: own, .. }) = steps.first_mut() {
            own.extend(variables.iter().cloned());
        }
        Ok(steps)
    }

    fn is_in(&self, host: &str, group: &str) -> bool {
        self.tree.groups.get(group).is_some_and(|group| group.hosts.contains(host))
    }

    fn known(&self, host: &str) -> Result<(), Problem> {
        if self.contains(host) {
            return Ok(());
        }
        let problem = Problem::new(format!("`{host}` is no host of the inventory"));
        let near = near_matches(host, self.tree.hosts.keys().map(String::as_str));
        Err(problem.hint(
            did_you_mean(&near)
                .unwrap_or_else(|| "`rrecover inventory --graph` shows what there is".into()),
        ))
    }
}

fn into(group: &str, host: &str) -> Step {
    let variables = IndexMap::new();
    Step::Into { group: group.to_owned(), host: host.to_owned(), variables }
}

fn out_of(group: &str, host: &str) -> Step {
    Step::OutOf { group: group.to_owned(), host: host.to_owned() }
}

/// The texts as they change step by step.
struct Editor<'a> {
    inventory: &'a Inventory,
    texts: IndexMap<PathBuf, (String, String)>,
}

impl Editor<'_> {
    fn step(&mut self, step: &Step) -> Result<(), Problem> {
        match step {
            Step::Into { group, host, variables } => self.put_in(group, host, variables),
            Step::OutOf { group, host } => self.take_out(group, host),
        }
    }

    /// Into the first file that has the group; a group that is not there yet goes where the group
    /// stands whose hosts it marks.
    fn put_in(
        &mut self,
        group: &str,
        host: &str,
        variables: &IndexMap<String, String>,
    ) -> Result<(), Problem> {
        let beside: Vec<&str> =
            BROKEN.iter().filter(|(_, mark)| *mark == group).map(|(of, _)| *of).collect();
        for place in std::iter::once(group).chain(beside) {
            for file in &self.inventory.files {
                let text = self.text(file);
                let after = match file.kind {
                    FileKind::Ini => ini_text::insert(&text, place, group, host, variables),
                    FileKind::Yaml => {
                        let name = file.path.display().to_string();
                        yaml_lines::insert(&name, &text, place, group, host, variables)?
                    }
                    FileKind::Script | FileKind::Listing => None,
                };
                if let Some(after) = after {
                    return self.set(file, after);
                }
            }
        }
        Err(self.nowhere(&format!("no file that can be changed has the group `{group}`")))
    }

    fn take_out(&mut self, group: &str, host: &str) -> Result<(), Problem> {
        for file in &self.inventory.files {
            let (name, text) = (file.path.display().to_string(), self.text(file));
            let after = match file.kind {
                FileKind::Ini => ini_text::remove(&name, &text, group, host)?,
                FileKind::Yaml => yaml_lines::remove(&name, &text, group, host)?,
                FileKind::Script | FileKind::Listing => None,
            };
            if let Some(after) = after {
                self.set(file, after)?;
            }
        }
        Ok(())
    }

    fn text(&self, file: &InventoryFile) -> String {
        let changed = self.texts.get(&file.path).map(|(_, after)| after);
        changed.unwrap_or(&file.text).clone()
    }

    fn set(&mut self, file: &InventoryFile, after: String) -> Result<(), Problem> {
        if file.sealed {
            let place = Location::new(file.path.display().to_string(), 1, 1);
            return Err(Problem::at(place, "this file is encrypted and cannot be changed here")
                .hint("change it with `ansible-vault edit`"));
        }
        let entry = self.texts.entry(file.path.clone());
        entry.or_insert_with(|| (file.text.clone(), String::new())).1 = after;
        Ok(())
    }

    fn nowhere(&self, message: &str) -> Problem {
        let scripts = self.inventory.files.iter().filter(|file| file.kind == FileKind::Script);
        let scripts: Vec<String> =
            scripts.map(|file| format!("`{}`", file.path.display())).collect();
        let hint = if scripts.is_empty() {
            "name the inventory file with `-i`, and write the group into it".to_owned()
        } else {
            format!("what the script {} prints cannot be changed here", scripts.join(", "))
        };
        Problem::new(message).hint(hint)
    }

    fn changes(self) -> Vec<Change> {
        let texts = self.texts.into_iter().filter(|(_, (before, after))| before != after);
        texts.map(|(path, (before, after))| Change { path, before, after }).collect()
    }
}

/// What a change must not do was found by reading it back.
fn unsafe_edit(problems: Problems) -> Problems {
    let found = problems.0.into_iter().map(|problem| Problem {
        message: format!("the change would leave a mistake: {}", problem.message),
        hint: Some("make the change by hand; nothing was written".to_owned()),
        ..problem
    });
    Problems(found.collect())
}

/// A host that stands in a range cannot be taken out of it.
fn in_range(location: Location, host: &str, pattern: &str) -> Problem {
    Problem::at(location, format!("`{host}` stands here in the range `{pattern}`"))
        .hint("write the hosts of the range one by one, then run this again")
}

/// Whether `pattern` is a range that holds `host`.
fn is_range_with(pattern: &str, host: &str) -> bool {
    pattern.contains('[')
        && range::expand(pattern).is_ok_and(|names| names.iter().any(|n| n == host))
}

/// The value that `text` has behind `key=` in an INI file.
fn typed(text: &str) -> Variable {
    Variable::new(literal::value(text).unwrap_or_else(|_| text.into()))
}
