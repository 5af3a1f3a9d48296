//! A directory of this machine onto the host: one look at all its places, then what differs.

use super::super::attributes::Wanted;
use super::super::look::{self, Entry, Look, Seen};
use super::super::mode::{Base, Mode};
use super::super::source::{self, Source};
use super::super::template::local_mode;
use super::super::write::{self, Target, make_directories};
use super::super::{Args, Context, ModuleError, Outcome};
use super::walk::Tree;
use crate::transport::{Input, quote};
use serde_json::Value;
use std::path::Path;

/// Copies the directory `from` into `dest`, or with `contents` what is in it.
pub(super) async fn copy(
    context: &Context,
    args: &Args,
    from: &Path,
    contents: bool,
) -> Result<Outcome, ModuleError> {
    let tree = Tree::of(from, args.boolean("local_follow", true)?)?;
    let mut sources = Vec::with_capacity(tree.files.len());
    for (file, _) in &tree.files {
        sources.push(source::opened(context, args, file)?);
    }
    let target = Target { follow: false, ..Target::read(context, args, None).await? };
    let name = from.file_name().filter(|_| !contents).map(|name| name.to_string_lossy());
    let top = name.map_or(target.path.clone(), |name| format!("{}/{name}", target.path));
    let mut work =
        Work { context, target, top, changed: false, diffs: Vec::new(), text: String::new() };
    let places = work.look(&tree).await?;
    let (top_seen, places) = places.split_first().ok_or_else(|| broken(from))?;
    let (directories, places) =
        places.split_at_checked(tree.directories.len()).ok_or_else(|| broken(from))?;
    let (files, links) = places.split_at_checked(tree.files.len()).ok_or_else(|| broken(from))?;
    if !tree.files.is_empty() || !tree.directories.is_empty() {
        work.directories(top_seen, directories).await?;
    }
    for (((file, _), source), seen) in tree.files.iter().zip(sources).zip(files) {
        let outcome = work.file(file, source, seen).await?;
        // Of a single file Ansible tells what it tells of a file.
        let single = tree.files.len() == 1 && tree.directories.is_empty() && links.is_empty();
        if outcome.failed || (single && outcome.values.contains_key("checksum")) {
            return Ok(Outcome { changed: work.changed, ..outcome });
        }
    }
    work.links(&tree, links).await?;
    let msg = if work.changed {
        format!("`{}` -> `{}`", from.display(), work.top)
    } else {
        String::new()
    };
    let mut outcome = Outcome { changed: work.changed, msg, diff: work.text, ..Outcome::default() }
        .with("dest", format!("{}/", work.target.path))
        .with("src", format!("{}{}", from.display(), if contents { "/" } else { "" }));
    if !work.diffs.is_empty() {
        outcome = outcome.with("diff", Value::Array(work.diffs));
    }
    Ok(outcome)
}

fn broken(from: &Path) -> ModuleError {
    ModuleError::Failed(format!(
        "what the host says of the copy of `{}` cannot be read",
        from.display()
    ))
}

struct Work<'a> {
    context: &'a Context,
    target: Target,
    /// Where the tree's top is on the host.
    top: String,
    changed: bool,
    diffs: Vec<Value>,
    text: String,
}

impl Work<'_> {
    /// Looks at the top and at every place of the tree, in one command.
    async fn look(&self, tree: &Tree) -> Result<Vec<Seen>, ModuleError> {
        let below = tree.directories.iter();
        let below = below.chain(tree.files.iter().map(|(_, place)| place));
        let below = below.chain(tree.links.iter().map(|(_, place)| place));
        let below: Vec<String> = below.map(|place| format!("{}/{place}", self.top)).collect();
        if let Some(odd) = below.iter().find(|path| path.contains('\n')) {
            return Err(ModuleError::Failed(format!("the name {odd:?} has a newline")));
        }
        // The names go over standard input: a script may not be of any length.
        let names = format!("{}\n{}\n", self.top, below.join("\n"));
        let look = look::script_of("$q", Look { digest: Some("sha256sum"), ..Look::default() });
        let script = format!(
            "while IFS= read -r q; do\n[ -n \"$q\" ] || continue\n(\n{look}) || exit\ndone"
        );
        let command = self.context.command(script).stdin(Input::Bytes(names.into()));
        let output = self.context.connection.run(command).await?;
        let said = output.stdout_text();
        let mut lines = said.lines();
        Ok(std::iter::from_fn(|| look::parse(&mut lines)).collect())
    }

    /// Makes and adjusts the directories, with `directory_mode`.
    async fn directories(&mut self, top: &Seen, below: &[Seen]) -> Result<(), ModuleError> {
        let wanted = self.target.wanted.with_mode(self.target.directory_mode.clone());
        let mut script = String::new();
        if top.entry.is_none() {
            script.push_str(&new_directory(top, &wanted));
        }
        for seen in below {
            match &seen.entry {
                None => script.push_str(&new_directory(seen, &wanted)),
                Some(entry) if entry.is_directory() => {
                    let attributes = wanted.of_entry(entry, seen.umask);
                    if !attributes.differences(entry).is_empty() {
                        script.push_str(&attributes.commands(&quote(&seen.path)));
                    }
                }
                Some(entry) => return Err(in_the_way(&seen.path, entry, "directory")),
            }
        }
        self.carry_out("making directories", script).await
    }

    /// Puts one file.
    async fn file(
        &mut self,
        file: &Path,
        source: Source,
        seen: &Seen,
    ) -> Result<Outcome, ModuleError> {
        if let Some(entry) = seen.entry.as_ref().filter(|one| !one.is_file() && !one.is_link()) {
            return Err(in_the_way(&seen.path, entry, "file"));
        }
        let mut target = self.target.clone();
        if target.wanted.mode == Some(Mode::Preserve) {
            target.wanted.mode = Some(local_mode(file)?);
        }
        let outcome = write::put_seen(self.context, source, &target, seen).await?;
        self.changed |= outcome.changed;
        self.text.push_str(&outcome.diff);
        if let Some(Value::Array(diffs)) = outcome.values.get("diff") {
            self.diffs.extend(diffs.iter().cloned());
        }
        Ok(outcome)
    }

    /// Makes the symbolic links.
    async fn links(&mut self, tree: &Tree, seen: &[Seen]) -> Result<(), ModuleError> {
        let mut script = String::new();
        for ((target, _), seen) in tree.links.iter().zip(seen) {
            let path = quote(&seen.path);
            match &seen.entry {
                Some(entry) if entry.target.as_deref() == Some(target) => {}
                Some(entry) if entry.is_directory() => {
                    return Err(in_the_way(&seen.path, entry, "link"));
                }
                _ => script.push_str(&format!("ln -sfn -- {} {path} || exit\n", quote(target))),
            }
        }
        self.carry_out("making links", script).await
    }

    async fn carry_out(&mut self, what: &str, script: String) -> Result<(), ModuleError> {
        if script.is_empty() {
            return Ok(());
        }
        self.changed = true;
        if !self.context.check {
            self.context.must(what, script).await?;
        }
        Ok(())
    }
}

fn new_directory(seen: &Seen, wanted: &Wanted) -> String {
    make_directories(&seen.path, &wanted.of(Base::new_directory(seen.umask)))
}

fn in_the_way(path: &str, entry: &Entry, wanted: &str) -> ModuleError {
    ModuleError::Failed(format!("`{path}` is a {} and is not replaced by a {wanted}", entry.kind()))
}
