//! Putting a file in place: compared first, kept aside when asked for, attributes set, renamed in.

use super::attributes::{Attributes, Wanted};
use super::look::{self, Entry, Look, Seen, look};
use super::mode::{Base, Mode};
use super::source::{LARGEST_DIFF, Source};
use super::{Args, Context, ModuleError, Outcome, diff, paths, validate};
use crate::transport::files::{self, FileError, Place, Steps};
use crate::transport::{Output, quote};
use serde_json::{Map, Value, json};

/// Where and how a file is put.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the modules")]
pub(super) struct Target {
    /// The path, or a directory for [`Target::inside`].
    pub(super) path: String,
    /// The file's name when the path is a directory.
    pub(super) inside: Option<String>,
    /// Whether the path has to be a directory, because it was written with a slash at its end. It
    /// is made then, when it is not there.
    pub(super) directory: bool,
    /// Mode, owner, group.
    pub(super) wanted: Wanted,
    /// The mode of directories that are made.
    pub(super) directory_mode: Option<Mode>,
    /// Whether the replaced file is kept beside.
    pub(super) backup: bool,
    /// Whether a file that is there is replaced.
    pub(super) force: bool,
    /// Whether the file that a symbolic link leads to is replaced, and not the link.
    pub(super) follow: bool,
    /// The script that looks at the file before it is renamed in.
    pub(super) validate: String,
}

impl Target {
    /// Reads `dest`, the attributes, `backup`, `force`, `follow`, `validate`.
    pub(super) async fn read(
        context: &Context,
        args: &Args,
        inside: Option<String>,
    ) -> Result<Self, ModuleError> {
        let path = paths::on_host(context, args, "dest").await?;
        let directory = args.required_text("dest")?.ends_with('/');
        let wanted = Wanted::read_preserving(args)?;
        Ok(Self { inside, directory, wanted, ..Self::at(path, args)? })
    }

    /// A file of which the path is settled; the attributes are left as they are.
    pub(super) fn at(path: String, args: &Args) -> Result<Self, ModuleError> {
        Ok(Self {
            path,
            inside: None,
            directory: false,
            wanted: Wanted::default(),
            directory_mode: Mode::read(args, "directory_mode")?,
            backup: args.boolean("backup", false)?,
            force: args.boolean("force", true)?,
            follow: args.boolean("follow", false)?,
            validate: validate::script(args)?,
        })
    }

    /// The destination as the operator wrote it.
    fn written(&self) -> String {
        format!("{}{}", self.path, if self.directory { "/" } else { "" })
    }

    /// What is there now.
    pub(super) async fn look(&self, context: &Context) -> Result<Seen, ModuleError> {
        let path = match &self.inside {
            Some(name) if self.directory => format!("{}/{name}", self.path),
            _ => self.path.clone(),
        };
        let inside = self.inside.as_deref().filter(|_| !self.directory);
        let digest = Some("sha256sum");
        let how = Look { digest, inside, resolve: self.follow, ..Look::default() };
        let seen = look(context, &path, how).await?;
        if let Some(entry) = &seen.entry
            && !entry.is_file()
            && !entry.is_link()
        {
            return Err(ModuleError::Failed(format!(
                "`{}` is a {} and is not replaced by a file",
                seen.path,
                entry.kind()
            )));
        }
        Ok(seen)
    }

    /// The attributes as they are to be, of what is there or of a new file.
    pub(super) fn attributes(&self, seen: &Seen) -> Attributes {
        match &seen.entry {
            Some(entry) if entry.is_file() => self.wanted.of_entry(entry, seen.umask),
            _ => self.wanted.of(Base::new_file(seen.umask)),
        }
    }

    /// The part of a script that makes the missing directories on the way to the file.
    pub(super) fn directories(&self, seen: &Seen) -> String {
        let parent = seen.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        if !self.directory || parent.is_empty() || seen.entry.is_some() {
            return String::new();
        }
        let wanted = self.wanted.with_mode(self.directory_mode.clone());
        make_directories(parent, &wanted.of(Base::new_directory(seen.umask)))
    }
}

/// Creates each missing directory of the path with the attributes, as Ansible does.
pub(super) fn make_directories(path: &str, attributes: &Attributes) -> String {
    let mut script = String::new();
    let ends = path.match_indices('/').skip(1).map(|(at, _)| at).chain([path.len()]);
    for end in ends {
        let part = quote(&path[..end]);
        let settings = attributes.commands(&part);
        script.push_str(&format!("if [ ! -d {part} ]; then\nmkdir {part} || exit\n{settings}fi\n"));
    }
    script
}

/// Puts `source` at `target` when something differs.
pub(super) async fn put(
    context: &Context,
    source: Source,
    target: &Target,
) -> Result<Outcome, ModuleError> {
    let seen = target.look(context).await?;
    put_seen(context, source, target, &seen).await
}

/// The same when the target was looked at already.
pub(super) async fn put_seen(
    context: &Context,
    source: Source,
    target: &Target,
    seen: &Seen,
) -> Result<Outcome, ModuleError> {
    let digests = source.digests()?;
    let attributes = target.attributes(seen);
    let finish = |outcome: Outcome| {
        outcome.with("dest", seen.path.clone()).with("checksum", digests.sha1.clone())
    };
    let (mut why, mut content_differs) = (Vec::new(), true);
    match &seen.entry {
        None => why.push("is created".to_owned()),
        Some(_) if !target.force => {
            return Ok(Outcome::ok("file already exists").with("dest", target.written()));
        }
        Some(entry) => {
            content_differs = entry.digest.as_deref() != Some(&digests.sha256);
            if content_differs {
                why.push("content".to_owned());
            }
            why.extend(attributes.differences(entry));
        }
    }
    if why.is_empty() {
        return Ok(finish(unchanged(seen)));
    }
    let mut outcome = finish(Outcome::changed(format!("`{}`: {}", seen.path, why.join(", "))));
    if context.diff {
        outcome =
            difference(context, outcome, seen, content_differs.then_some(&source), &attributes)
                .await?;
    }
    if content_differs && context.check {
        // Ansible has no more to say here.
        outcome.values.retain(|name, _| name == "diff");
        return Ok(outcome);
    }
    if !content_differs {
        let mut entry = seen.entry.clone();
        if !context.check {
            entry = set_attributes(context, &seen.path, &attributes).await?;
        }
        return Ok(with_entry(outcome.with("path", seen.path.clone()), entry.as_ref()));
    }
    match send(context, source, &digests.sha256, seen, target).await? {
        Ok(sent) => Ok(sent.add(outcome).with("md5sum", digests.md5)),
        Err(failed) => Ok(finish(Outcome { diff: outcome.diff, ..failed })),
    }
}

/// Nothing to do: what is registered of the file all the same.
fn unchanged(seen: &Seen) -> Outcome {
    with_entry(Outcome::default().with("path", seen.path.clone()), seen.entry.as_ref())
}

/// Adds what is registered of a path.
pub(super) fn with_entry(mut outcome: Outcome, entry: Option<&Entry>) -> Outcome {
    outcome.values.extend(entry.map(Entry::registered).unwrap_or_default());
    outcome
}

/// What the host said when a file was put.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// The file as it stands now.
    pub(super) entry: Option<Entry>,
    /// Where the replaced one is kept.
    pub(super) backup: Option<String>,
}

impl Sent {
    /// Adds it to what is registered.
    pub(super) fn add(self, outcome: Outcome) -> Outcome {
        let outcome = with_entry(outcome, self.entry.as_ref());
        match self.backup {
            Some(backup) => outcome.with("backup_file", backup),
            None => outcome,
        }
    }
}

/// Sends the content; a new file gets the permissions that the user's umask leaves. The inner error
/// is the verdict of `validate`.
pub(super) async fn send(
    context: &Context,
    source: Source,
    sha256: &str,
    seen: &Seen,
    target: &Target,
) -> Result<Result<Sent, Outcome>, ModuleError> {
    let attributes = target.attributes(seen);
    let fresh = seen.entry.as_ref().is_none_or(|entry| !entry.is_file());
    let mode = attributes.mode.or_else(|| fresh.then_some(0o666 & !seen.umask));
    let place = Place {
        path: seen.path.clone(),
        mode: mode.map(|mode| format!("{mode:04o}")),
        owner: attributes.owner,
        group: attributes.group,
    };
    let steps = Steps {
        first: target.directories(seen),
        checked: format!(
            "{}{}",
            target.validate,
            keep_aside(target.backup && seen.entry.is_some())
        ),
        last: look::script(&seen.path, Look::default()),
    };
    let (to, run_as) = (context.connection.as_ref(), context.run_as.clone());
    let sent = files::put(to, run_as, source.into(), sha256, &place, &steps, context.deadline);
    let output = sent.await.map_err(file_error)?;
    if let Some(failed) = validate::failure(&output) {
        return Ok(Err(failed));
    }
    sent_to(context, &seen.path, &output, target.backup && seen.entry.is_some()).map(Ok)
}

/// Reads what the last step of a script said that puts a file; `backup` when it kept one aside.
pub(super) fn sent_to(
    context: &Context,
    path: &str,
    output: &Output,
    backup: bool,
) -> Result<Sent, ModuleError> {
    if !output.success() {
        return Err(file_error(FileError::Host {
            host: context.connection.host().to_owned(),
            action: "write".to_owned(),
            path: path.to_owned(),
            reason: files::words(output),
        }));
    }
    let text = output.stdout_text();
    // A validating program may have said something first.
    let text = text.rsplit_once(SAID).map_or(text.as_str(), |(_, text)| text);
    let mut lines = text.lines();
    let backup = if backup { lines.next().map(str::to_owned) } else { None };
    Ok(Sent { backup, entry: look::parse(&mut lines).and_then(|seen| seen.entry) })
}

/// What stands before the answers of the last steps.
const SAID: &str = "rrecover-said\n";

/// The part of a script that copies `$target` aside under a name that says when, and says it.
pub(super) fn keep_aside(wanted: bool) -> String {
    let mut script = format!("printf %s {}\n", quote(SAID));
    if wanted {
        script.push_str("b=$target.$$.$(date +%Y-%m-%d@%H:%M:%S)~\n");
        script.push_str("cp -p -- \"$target\" \"$b\" || exit\necho \"$b\"\n");
    }
    script
}

/// A file error as a module's error.
pub(super) fn file_error(error: FileError) -> ModuleError {
    match error {
        FileError::Transport(error) => ModuleError::Transport(error),
        other => ModuleError::Failed(other.to_string()),
    }
}

/// Sets mode, owner and group of what is at `path`, and gives what is there then.
pub(super) async fn set_attributes(
    context: &Context,
    path: &str,
    attributes: &Attributes,
) -> Result<Option<Entry>, ModuleError> {
    let script = attributes.commands(&quote(path)) + &look::script(path, Look::default());
    let output = context.must("setting mode and owner", script).await?;
    Ok(look::read(path, &output.stdout_text())?.entry)
}

/// Says what changes: the content line by line as far as both sides are small texts, or the
/// attributes.
async fn difference(
    context: &Context,
    mut outcome: Outcome,
    seen: &Seen,
    content: Option<&Source>,
    attributes: &Attributes,
) -> Result<Outcome, ModuleError> {
    let Some(source) = content else {
        let (mut before, mut after) = (Map::new(), Map::new());
        before.insert("path".to_owned(), json!(seen.path));
        after.insert("path".to_owned(), json!(seen.path));
        if let Some(entry) = &seen.entry {
            attributes.add_diff(entry, &mut before, &mut after);
            outcome.diff = diff::attributes(&seen.path, &before, &after);
        }
        return Ok(outcome.with("diff", json!({"before": before, "after": after})));
    };
    let before = current_text(context, seen).await?;
    let mut value = Map::new();
    value.insert("before_header".to_owned(), json!(seen.path));
    value.insert("after_header".to_owned(), json!(source.header()));
    match (before, source.text()) {
        (Some(before), Some(after)) => {
            outcome.diff = diff::lines(&seen.path, &before, &after);
            value.insert("before".to_owned(), json!(before));
            value.insert("after".to_owned(), json!(after));
        }
        (before, after) => {
            outcome.diff = format!("`{}`: too large or no text, not shown\n", seen.path);
            let unseen = [("dst_binary", before.is_none()), ("src_binary", after.is_none())];
            for (name, _) in unseen.into_iter().filter(|(_, unseen)| *unseen) {
                value.insert(name.to_owned(), json!(1));
            }
        }
    }
    Ok(outcome.with("diff", Value::Array(vec![Value::Object(value)])))
}

/// The text that stands in the file now; empty for none.
async fn current_text(context: &Context, seen: &Seen) -> Result<Option<String>, ModuleError> {
    match &seen.entry {
        Some(entry) if entry.is_file() && entry.size <= LARGEST_DIFF => {
            let script = format!("cat {}", quote(&seen.path));
            let output = context.must("reading the file to be replaced", script).await?;
            Ok(String::from_utf8(output.stdout).ok())
        }
        Some(entry) if entry.is_file() => Ok(None),
        // What a link leads to is what people saw there.
        Some(entry) if entry.is_link() && !entry.dangling => {
            let script = format!("[ ! -f {path} ] || cat {path}", path = quote(&seen.path));
            let output = context.must("reading the file to be replaced", script).await?;
            Ok(String::from_utf8(output.stdout).ok())
        }
        _ => Ok(Some(String::new())),
    }
}
