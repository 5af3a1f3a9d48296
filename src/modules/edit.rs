//! Editing a text on the host: read with its attributes in one command, written back when it
//! differs. `lineinfile`, `replace`, `blockinfile` and `ini_file` are this and a rule each.

use super::attributes::{Wanted, settle};
use super::look::{self, Entry, Look, Seen};
use super::source::Source;
use super::write::{self, Target};
use super::{Args, Context, ModuleError, Outcome, diff};
use crate::transport::quote;
use serde_json::{Map, Value, json};

const IS_A_DIRECTORY: i32 = 45;
const CONTENT: &[u8] = b"\nrrecover-content\n";

/// A text on the host.
#[derive(Debug)]
pub(super) struct Document {
    /// The path that the operator wrote.
    pub(super) path: String,
    /// Where the file really is, and what stands there.
    seen: Seen,
    /// Its text, empty when there is none.
    pub(super) text: String,
}

/// How an edit ended.
#[derive(Debug, Default)]
pub(super) struct Saved {
    /// Whether anything but the content changed, in Ansible's words.
    pub(super) attributes: bool,
    /// What stands there now.
    pub(super) entry: Option<Entry>,
    /// Where the replaced file is kept; empty when it is not.
    pub(super) backup: String,
    /// For `diff`, what changed of mode, owner and group.
    before: Map<String, Value>,
    after: Map<String, Value>,
}

impl Document {
    /// Reads the file that the path leads to, through symbolic links when `follow`.
    pub(super) async fn open(
        context: &Context,
        path: &str,
        follow: bool,
    ) -> Result<Result<Self, Outcome>, ModuleError> {
        let how = Look { resolve: follow, ..Look::default() };
        let look = look::script(path, how);
        let resolve =
            if follow { "if [ -L \"$p\" ]; then p=$(readlink -f \"$p\"); fi\n" } else { "" };
        let script = format!(
            "p={}\n{resolve}if [ -d \"$p\" ]; then exit {IS_A_DIRECTORY}; fi\n(\n{look}) || exit\n\
             printf '\\nrrecover-content\\n'\n[ ! -e \"$p\" ] || cat \"$p\"\n",
            quote(path)
        );
        let output = context.sh(script).await?;
        if output.rc == IS_A_DIRECTORY {
            return Ok(Err(failed(256, format!("Path {path} is a directory !"))));
        }
        let broken = || ModuleError::Command {
            what: "reading a file".to_owned(),
            command: format!("cat {path}"),
            rc: output.rc,
            stderr: output.stderr_text(),
        };
        let at = output.stdout.windows(CONTENT.len()).position(|part| part == CONTENT);
        let at = at.filter(|_| output.success()).ok_or_else(broken)?;
        let (said, text) = (&output.stdout[..at], &output.stdout[at + CONTENT.len()..]);
        let seen = look::read(path, &String::from_utf8_lossy(said))?;
        let text = String::from_utf8(text.to_vec())
            .map_err(|_| ModuleError::Failed(format!("`{path}` is not UTF-8 text")))?;
        Ok(Ok(Self { path: path.to_owned(), seen, text }))
    }

    /// Whether there is a file.
    pub(super) fn exists(&self) -> bool {
        self.seen.entry.is_some()
    }

    /// Writes the text when it is another one, and sets mode, owner and group. The inner error is
    /// the verdict of `validate`.
    pub(super) async fn save(
        &self,
        context: &Context,
        args: &Args,
        text: &str,
        changed: bool,
    ) -> Result<Result<Saved, Outcome>, ModuleError> {
        let wanted = Wanted::read(args)?;
        let mut saved = Saved { entry: self.seen.entry.clone(), ..Saved::default() };
        // A file that is yet to come has no attributes that could differ, as in Ansible.
        if !self.exists() && context.check {
            return Ok(Ok(saved));
        }
        if !changed || context.check {
            let Some(entry) = &self.seen.entry else { return Ok(Ok(saved)) };
            let attributes = wanted.of_entry(entry, self.seen.umask);
            saved.note(entry, &wanted, self.seen.umask);
            if saved.attributes && !context.check {
                saved.entry = write::set_attributes(context, &self.seen.path, &attributes).await?;
                settle(&mut saved.after, saved.entry.as_ref());
            }
            return Ok(Ok(saved));
        }
        let target =
            Target { directory: !self.exists(), ..Target::at(self.seen.path.clone(), args)? };
        let source = Source::Bytes(text.to_owned().into());
        let sha256 = source.digests()?.sha256;
        let sent = match write::send(context, source, &sha256, &self.seen, &target).await? {
            Ok(sent) => sent,
            Err(failed) => return Ok(Err(failed)),
        };
        saved.backup = sent.backup.clone().unwrap_or_default();
        saved.entry.clone_from(&sent.entry);
        if let Some(entry) = &sent.entry {
            saved.note(entry, &wanted, self.seen.umask);
            if saved.attributes {
                let attributes = wanted.of_entry(entry, self.seen.umask);
                saved.entry = write::set_attributes(context, &self.seen.path, &attributes).await?;
                settle(&mut saved.after, saved.entry.as_ref());
            }
        }
        Ok(Ok(saved))
    }
}

impl Saved {
    fn note(&mut self, entry: &Entry, wanted: &Wanted, umask: u32) {
        let attributes = wanted.of_entry(entry, umask);
        self.attributes = !attributes.differences(entry).is_empty();
        attributes.add_diff(entry, &mut self.before, &mut self.after);
    }

    /// What was done, as Ansible says it.
    pub(super) fn message(&self, content: &str) -> String {
        match (content.is_empty(), self.attributes) {
            (_, false) => content.to_owned(),
            (true, true) => "ownership, perms or SE linux context changed".to_owned(),
            (false, true) => format!("{content} and ownership, perms or SE linux context changed"),
        }
    }

    /// Ansible's `diff` of an edit, a list of the content's and the attributes', and ours.
    pub(super) fn add_diff(
        &self,
        mut outcome: Outcome,
        document: &Document,
        text: &str,
    ) -> Outcome {
        let path = &document.path;
        outcome.diff = diff::lines(path, &document.text, text);
        if self.attributes {
            outcome.diff.push_str(&diff::attributes(path, &self.before, &self.after));
        }
        let content = diff::value(&format!("{path} (content)"), &document.text, text);
        let header = json!(format!("{path} (file attributes)"));
        let mut attributes = Map::new();
        if self.attributes {
            attributes.insert("before".to_owned(), Value::Object(self.before.clone()));
            attributes.insert("after".to_owned(), Value::Object(self.after.clone()));
        }
        attributes.insert("before_header".to_owned(), header.clone());
        attributes.insert("after_header".to_owned(), header);
        outcome.with("diff", json!([content, attributes]))
    }
}

/// A failure with Ansible's code.
pub(super) fn failed(rc: i32, msg: impl Into<String>) -> Outcome {
    Outcome { failed: true, rc: Some(rc), msg: msg.into(), ..Outcome::default() }
}
