//! Putting a file in place: compared first, kept aside when asked for, attributes set, renamed in.

use super::attributes::Attributes;
use super::look::{Look, Seen, look};
use super::{Args, Context, ModuleError, Outcome, diff, paths};
use crate::transport::files::{self, FileError, Place};
use crate::transport::{Input, quote};
use bytes::Bytes;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Files larger than this are not shown line by line.
const LARGEST_DIFF: u64 = 128 * 1024;

/// What is to stand in the file.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// These bytes.
    Bytes(Bytes),
    /// A local file.
    File(PathBuf),
}

impl Source {
    /// SHA-256 and SHA-1 of the content, hexadecimal. Ansible's `checksum` is the latter.
    fn digests(&self) -> Result<(String, String), ModuleError> {
        let (mut sha256, mut sha1) = (Sha256::new(), Sha1::new());
        match self {
            Self::Bytes(bytes) => {
                sha256.update(bytes);
                sha1.update(bytes);
            }
            Self::File(path) => {
                let mut file = std::fs::File::open(path).map_err(|e| unreadable(path, &e))?;
                let mut buffer = vec![0; 64 * 1024];
                loop {
                    let read = file.read(&mut buffer).map_err(|e| unreadable(path, &e))?;
                    if read == 0 {
                        break;
                    }
                    sha256.update(&buffer[..read]);
                    sha1.update(&buffer[..read]);
                }
            }
        }
        Ok((hex::encode(sha256.finalize()), hex::encode(sha1.finalize())))
    }

    /// The content as text, when it is small enough to be shown.
    fn text(&self) -> Option<String> {
        match self {
            Self::Bytes(bytes) => String::from_utf8(bytes.to_vec()).ok(),
            Self::File(path) => {
                let small = std::fs::metadata(path).is_ok_and(|data| data.len() <= LARGEST_DIFF);
                small.then(|| std::fs::read_to_string(path).ok()).flatten()
            }
        }
    }
}

/// A local file that cannot be read.
pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> ModuleError {
    ModuleError::Failed(format!("cannot read `{}`: {error}", path.display()))
}

/// The local file that `src` names, looked for as Ansible does.
pub(super) fn local_file(
    context: &Context,
    src: &str,
    folder: &str,
) -> Result<PathBuf, ModuleError> {
    let candidates: Vec<PathBuf> = if Path::new(src).is_absolute() {
        vec![PathBuf::from(src)]
    } else {
        let both = |dir: &PathBuf| [dir.join(folder).join(src), dir.join(src)];
        context.search_path.iter().flat_map(both).collect()
    };
    if let Some(found) = candidates.iter().find(|path| path.exists()) {
        if found.is_dir() {
            return Err(ModuleError::Failed(format!(
                "`{}` is a directory; only single files are copied",
                found.display()
            )));
        }
        return Ok(found.clone());
    }
    let tried: Vec<String> =
        candidates.iter().map(|path| format!("`{}`", path.display())).collect();
    Err(ModuleError::Failed(format!("there is no file `{src}`; looked for {}", tried.join(", "))))
}

/// Where and how a file is put.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// The path, or a directory for [`Target::inside`].
    pub(super) path: String,
    /// The file's name when the path is a directory.
    pub(super) inside: Option<String>,
    /// Whether the path has to be a directory, because it was written with a slash at its end.
    pub(super) directory: bool,
    /// Mode, owner, group.
    pub(super) attributes: Attributes,
    /// Whether the replaced file is kept beside.
    pub(super) backup: bool,
    /// Whether a file that is there is replaced.
    pub(super) force: bool,
}

impl Target {
    /// Reads `dest`, the attributes, `backup` and `force`.
    pub(super) fn read(args: &Args, inside: Option<String>) -> Result<Self, ModuleError> {
        let written = args.required_text("dest")?;
        Ok(Self {
            path: paths::check("dest", &written)?,
            inside,
            directory: written.ends_with('/'),
            attributes: Attributes::read(args)?,
            backup: args.boolean("backup", false)?,
            force: args.boolean("force", true)?,
        })
    }

    /// What is there now.
    pub(super) async fn look(&self, context: &Context) -> Result<Seen, ModuleError> {
        let path = match &self.inside {
            Some(name) if self.directory => format!("{}/{name}", self.path),
            _ => self.path.clone(),
        };
        let inside = self.inside.as_deref().filter(|_| !self.directory);
        let how = Look { digest: Some("sha256sum"), inside, ..Look::default() };
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
}

/// Puts `source` at `target` when something differs.
pub(super) async fn put(
    context: &Context,
    source: Source,
    target: &Target,
) -> Result<Outcome, ModuleError> {
    let (sha256, sha1) = source.digests()?;
    let seen = target.look(context).await?;
    let finish =
        |outcome: Outcome| outcome.with("dest", seen.path.clone()).with("checksum", sha1.clone());
    let mut why = Vec::new();
    let mut content_differs = true;
    match &seen.entry {
        None => why.push("is created".to_owned()),
        Some(_) if !target.force => return Ok(finish(Outcome::ok("file already exists"))),
        Some(entry) => {
            content_differs = entry.digest.as_deref() != Some(&sha256);
            if content_differs {
                why.push("content".to_owned());
            }
            why.extend(target.attributes.differences(entry));
        }
    }
    if why.is_empty() {
        return Ok(finish(Outcome::default()));
    }
    let mut outcome = finish(Outcome::changed(format!("`{}`: {}", seen.path, why.join(", "))));
    if context.diff && content_differs {
        outcome.diff = difference(context, &seen, &source).await?;
    }
    if context.check {
        return Ok(outcome);
    }
    if !content_differs {
        set_attributes(context, &seen.path, &target.attributes).await?;
        return Ok(outcome);
    }
    if target.backup && seen.entry.is_some() {
        outcome = outcome.with("backup_file", back_up(context, &seen.path).await?);
    }
    send(context, source, &seen, &target.attributes).await?;
    Ok(outcome)
}

/// Sends the content; a new file gets the permissions that the user's umask leaves.
async fn send(
    context: &Context,
    source: Source,
    seen: &Seen,
    attributes: &Attributes,
) -> Result<(), ModuleError> {
    let fresh = seen.entry.as_ref().is_none_or(|entry| !entry.is_file());
    let mode = attributes.mode.or_else(|| fresh.then_some(0o666 & !seen.umask));
    let place = Place {
        path: seen.path.clone(),
        mode: mode.map(|mode| format!("{mode:04o}")),
        owner: attributes.owner.clone(),
        group: attributes.group.clone(),
    };
    let input = match source {
        Source::Bytes(bytes) => Input::Bytes(bytes),
        Source::File(path) => Input::File(path),
    };
    let to = context.connection.as_ref();
    let sent = files::upload(to, context.run_as.clone(), input, &place, context.deadline).await;
    sent.map(drop).map_err(file_error)
}

/// A file error as a module's error.
pub(super) fn file_error(error: FileError) -> ModuleError {
    match error {
        FileError::Transport(error) => ModuleError::Transport(error),
        other => ModuleError::Failed(other.to_string()),
    }
}

/// Sets mode, owner and group of what is at `path`.
pub(super) async fn set_attributes(
    context: &Context,
    path: &str,
    attributes: &Attributes,
) -> Result<(), ModuleError> {
    let script = attributes.commands(&quote(path));
    if !script.is_empty() {
        context.must("setting mode and owner", script).await?;
    }
    Ok(())
}

/// Copies the file aside under a name that says when, and gives that name.
async fn back_up(context: &Context, path: &str) -> Result<String, ModuleError> {
    let script = format!(
        "p={}\nb=$p.$$.$(date +%Y-%m-%d@%H:%M:%S)~\ncp -p \"$p\" \"$b\" && echo \"$b\"",
        quote(path)
    );
    let output = context.must("keeping the replaced file", script).await?;
    Ok(output.stdout_text().trim_end().to_owned())
}

/// The change line by line, as far as both sides are small texts.
async fn difference(
    context: &Context,
    seen: &Seen,
    source: &Source,
) -> Result<String, ModuleError> {
    let before = match &seen.entry {
        Some(entry) if entry.is_file() && entry.size <= LARGEST_DIFF => {
            let script = format!("cat {}", quote(&seen.path));
            let output = context.must("reading the file to be replaced", script).await?;
            String::from_utf8(output.stdout).ok()
        }
        Some(entry) if entry.is_file() => None,
        _ => Some(String::new()),
    };
    Ok(match (before, source.text()) {
        (Some(before), Some(after)) => diff::lines(&seen.path, &before, &after),
        _ => format!("`{}`: too large or no text, not shown\n", seen.path),
    })
}
