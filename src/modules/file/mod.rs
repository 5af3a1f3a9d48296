//! `file`: directories, links, attributes, times, and absence.

mod link;
mod recurse;
mod times;

use super::args::{joined, wrong};
use super::attributes::{ATTRIBUTES, Attributes, Wanted, settle};
use super::look::{self, Entry, Look, Seen, look};
use super::mode::Base;
use super::write::{make_directories, with_entry};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, diff, paths};
use crate::transport::quote;
use async_trait::async_trait;
use serde_json::{Map, Value, json};
use times::Times;

/// The module.
#[derive(Debug)]
pub(super) struct File;

const OWN: &[Parameter] = &[
    Parameter::required("path").or(&["dest", "name"]),
    Parameter::optional("state").one_of(&["file", "directory", "absent", "link", "hard", "touch"]),
    Parameter::optional("src"),
    Parameter::optional("recurse"),
    Parameter::optional("force"),
    Parameter::optional("follow"),
    Parameter::optional("modification_time"),
    Parameter::optional("modification_time_format"),
    Parameter::optional("access_time"),
    Parameter::optional("access_time_format"),
];

#[async_trait]
impl Module for File {
    fn name(&self) -> &'static str {
        "file"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &joined::<{ OWN.len() + ATTRIBUTES.len() }>(OWN, ATTRIBUTES) }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let task = Task::read(context, args).await?;
        let state = task.state.as_deref();
        if state == Some("absent") || task.recurse {
            paths::check_removable(&task.path)?;
        }
        let resolve = task.follow && matches!(state, Some("file" | "directory" | "touch"));
        let mut seen = look(context, &task.path, Look { resolve, ..Look::default() }).await?;
        let state = match (state, &seen.entry) {
            (Some(state), _) => state,
            (None, Some(entry)) => entry.state(),
            (None, None) if task.recurse => "directory",
            (None, None) => "file",
        };
        task.check(state)?;
        match state {
            "absent" => Task::absent(&seen).carry_out(context, &seen, "path").await,
            "link" => link::symbolic(context, &task, &seen).await,
            "hard" => link::hard(context, &task, seen).await,
            _ => {
                // A dangling link has nothing behind it.
                if task.follow && seen.entry.as_ref().is_some_and(Entry::is_link) {
                    seen.entry = None;
                }
                let step = match state {
                    "directory" => task.directory(context, &seen).await?,
                    "touch" => task.touch(context, &seen).await?,
                    _ => task.existing(context, &seen).await?,
                };
                step.carry_out(context, &seen, if state == "touch" { "dest" } else { "path" }).await
            }
        }
    }
}

/// What a task asks for.
struct Task {
    path: String,
    state: Option<String>,
    src: Option<String>,
    wanted: Wanted,
    recurse: bool,
    force: bool,
    follow: bool,
    times: Times,
}

impl Task {
    async fn read(context: &Context, args: &Args) -> Result<Self, ModuleError> {
        let path = paths::on_host(context, args, "path").await?;
        let src = match args.text("src")?.filter(|src| !src.trim().is_empty()) {
            Some(src) => Some(paths::expanded(context, &src).await?),
            None => None,
        };
        let state = args.text("state")?;
        Ok(Self {
            path,
            src,
            wanted: Wanted::read(args)?,
            recurse: args.boolean("recurse", false)?,
            force: args.boolean("force", false)?,
            follow: args.boolean("follow", true)?,
            times: Times::read(args, state.as_deref() == Some("touch"))?,
            state,
        })
    }

    /// Whether the arguments go together.
    fn check(&self, state: &str) -> Result<(), ModuleError> {
        if self.recurse && state != "directory" {
            return Err(wrong("recurse", "goes with `state: directory` only"));
        }
        if self.recurse && !self.times.preserved() {
            return Err(wrong(
                "recurse",
                "cannot be given together with times; use `command: touch`",
            ));
        }
        if self.src.is_some() && !matches!(state, "link" | "hard") {
            return Err(wrong("src", "goes with `state: link` or `state: hard` only"));
        }
        Ok(())
    }

    fn absent(seen: &Seen) -> Step {
        match &seen.entry {
            None => Step::default(),
            Some(entry) => {
                let mut step = Step::new(format!("{} is removed", entry.kind()));
                step.script = format!("rm -rf {}\n", quote(&seen.path));
                step.state_change(entry.state(), "absent");
                step
            }
        }
    }

    async fn existing(&self, context: &Context, seen: &Seen) -> Result<Step, ModuleError> {
        match &seen.entry {
            Some(entry) if !entry.is_directory() && !entry.is_link() => {
                self.adjust(context, seen, entry).await
            }
            other => {
                let state = other.as_ref().map_or("absent", Entry::state);
                let path = &seen.path;
                Err(ModuleError::Failed(format!("file ({path}) is {state}, cannot continue")))
            }
        }
    }

    /// Sets what differs of what is there.
    async fn adjust(
        &self,
        context: &Context,
        seen: &Seen,
        entry: &Entry,
    ) -> Result<Step, ModuleError> {
        let mut step = Step::default();
        step.attributes(&quote(&seen.path), entry, &self.wanted.of_entry(entry, seen.umask));
        self.times.adjust(context, &mut step, &quote(&seen.path), entry).await?;
        Ok(step)
    }

    async fn directory(&self, context: &Context, seen: &Seen) -> Result<Step, ModuleError> {
        match &seen.entry {
            Some(entry) if entry.is_directory() && self.recurse => {
                recurse::step(context, self, seen).await
            }
            Some(entry) if entry.is_directory() => self.adjust(context, seen, entry).await,
            Some(entry) => {
                let (path, state) = (&seen.path, entry.state());
                Err(ModuleError::Failed(format!("{path} already exists as a {state}")))
            }
            None => {
                let mut step = Step::new("directory is created");
                let attributes = self.wanted.of(Base::new_directory(seen.umask));
                step.script = make_directories(&seen.path, &attributes);
                step.script.push_str(&self.times.script(&quote(&seen.path)));
                step.state_change("absent", "directory");
                Ok(step)
            }
        }
    }

    async fn touch(&self, context: &Context, seen: &Seen) -> Result<Step, ModuleError> {
        let path = quote(&seen.path);
        if let Some(entry) = &seen.entry {
            let mut step = self.adjust(context, seen, entry).await?;
            step.state_change(entry.state(), "touch");
            return Ok(step);
        }
        let mut step = Step::new("file is created");
        let attributes = self.wanted.of(Base::new_file(seen.umask));
        let (settings, times) = (attributes.commands(&path), self.times.script(&path));
        step.script = format!(": > {path} || exit\n{settings}{times}");
        if !context.check {
            // Ansible shows no difference of a file that check mode does not make.
            step.state_change("absent", "touch");
        }
        Ok(step)
    }
}

/// What has to be changed and how.
#[derive(Debug, Default)]
struct Step {
    why: Vec<String>,
    script: String,
    before: Map<String, Value>,
    after: Map<String, Value>,
}

impl Step {
    fn new(why: impl Into<String>) -> Self {
        Self { why: vec![why.into()], ..Self::default() }
    }

    /// Notes Ansible's names of what it was and what it is to be.
    fn state_change(&mut self, before: &str, after: &str) {
        self.before.insert("state".to_owned(), json!(before));
        self.after.insert("state".to_owned(), json!(after));
    }

    /// Adds what differs of the attributes.
    fn attributes(&mut self, word: &str, entry: &Entry, attributes: &Attributes) {
        let differences = attributes.differences(entry);
        if !differences.is_empty() {
            self.why.extend(differences);
            self.script.push_str(&attributes.commands(word));
            attributes.add_diff(entry, &mut self.before, &mut self.after);
        }
    }

    /// Does it, and tells what is there then; `name` is the path's name in the result.
    async fn carry_out(
        self,
        context: &Context,
        seen: &Seen,
        name: &str,
    ) -> Result<Outcome, ModuleError> {
        let path = seen.path.as_str();
        let mut outcome = Outcome { changed: !self.why.is_empty(), ..Outcome::default() };
        let mut entry = seen.entry.clone();
        if outcome.changed {
            outcome.msg = format!("`{path}`: {}", self.why.join(", "));
        }
        if outcome.changed && !context.check {
            let script = self.script + &look::script(path, Look::default());
            let output = context.must("changing a path", script).await?;
            entry = look::read(path, &output.stdout_text())?.entry;
        }
        let removed = self.after.get("state").is_some_and(|state| state == "absent");
        if removed || (entry.is_none() && !outcome.changed) {
            outcome = outcome.with("state", "absent");
        }
        if context.diff {
            let (mut before, mut after) = (self.before, self.after);
            if !context.check {
                settle(&mut after, entry.as_ref());
            }
            before.insert("path".to_owned(), json!(path));
            after.insert("path".to_owned(), json!(path));
            outcome.diff = diff::attributes(path, &before, &after);
            outcome = outcome.with("diff", json!({"before": before, "after": after}));
        }
        Ok(with_entry(outcome, entry.as_ref()).with(name, path))
    }
}
