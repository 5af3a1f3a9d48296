//! One look at a path on the host: what is there, whose it is, what it holds.

use super::{Context, ModuleError};
use crate::transport::quote;

/// What stands at a path. Symbolic links are not followed, unless asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// File type and permission bits, as in `st_mode`.
    pub(super) raw_mode: u32,
    pub(super) uid: u64,
    pub(super) gid: u64,
    pub(super) user: String,
    pub(super) group: String,
    pub(super) size: u64,
    pub(super) modified: i64,
    pub(super) accessed: i64,
    pub(super) changed: i64,
    pub(super) links: u64,
    pub(super) inode: u64,
    /// Where a symbolic link points to, as written in it.
    pub(super) target: Option<String>,
    /// Digest of a regular file's content, hexadecimal.
    pub(super) digest: Option<String>,
}

impl Entry {
    /// The permission bits.
    pub(super) fn mode(&self) -> u32 {
        self.raw_mode & 0o7777
    }

    fn is_type(&self, bits: u32) -> bool {
        self.raw_mode & 0o170_000 == bits
    }

    pub(super) fn is_file(&self) -> bool {
        self.is_type(0o100_000)
    }

    pub(super) fn is_directory(&self) -> bool {
        self.is_type(0o040_000)
    }

    pub(super) fn is_link(&self) -> bool {
        self.is_type(0o120_000)
    }

    /// The kind of thing, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self.raw_mode & 0o170_000 {
            0o100_000 => "file",
            0o040_000 => "directory",
            0o120_000 => "link",
            _ => "special file",
        }
    }
}

/// How to look.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Look<'a> {
    /// Follow a symbolic link.
    pub(super) follow: bool,
    /// The program that digests a regular file, `sha256sum`.
    pub(super) digest: Option<&'static str>,
    /// When the path is a directory, look at this name in it.
    pub(super) inside: Option<&'a str>,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// The path that was looked at, in the end.
    pub(super) path: String,
    /// The permissions that the user's new files do not get.
    pub(super) umask: u32,
    /// What is there.
    pub(super) entry: Option<Entry>,
}

/// Looks at `path` in one round trip.
pub(super) async fn look(
    context: &Context,
    path: &str,
    how: Look<'_>,
) -> Result<Seen, ModuleError> {
    let output = context.must("looking at a path", script(path, how)).await?;
    parse(&output.stdout_text())
        .ok_or_else(|| ModuleError::Failed(format!("what `stat` says of `{path}` cannot be read")))
}

/// The look as a script. Its answer is one value a line.
fn script(path: &str, how: Look<'_>) -> String {
    let mut script = format!("p={}\n", quote(path));
    if let Some(name) = how.inside {
        script.push_str(&format!("if [ -d \"$p\" ]; then p=$p/{}; fi\n", quote(name)));
    }
    script.push_str("echo \"$p\"; umask\n");
    script.push_str("if [ ! -e \"$p\" ] && [ ! -L \"$p\" ]; then echo absent; exit 0; fi\n");
    if how.follow {
        script.push_str("if [ ! -e \"$p\" ]; then echo absent; exit 0; fi\n");
    }
    let follow = if how.follow { "-L " } else { "" };
    script.push_str(&format!(
        "stat {follow}-c 'there\n%f\n%u\n%g\n%s\n%Y\n%X\n%Z\n%h\n%i\n%U\n%G' \"$p\" || exit\n"
    ));
    script.push_str("if [ -L \"$p\" ]; then readlink \"$p\"; else echo; fi\n");
    if let Some(program) = how.digest {
        let links = if how.follow { "" } else { " && [ ! -L \"$p\" ]" };
        script.push_str(&format!("if [ -f \"$p\" ]{links}; then {program} < \"$p\" || exit; fi\n"));
    }
    script
}

fn parse(text: &str) -> Option<Seen> {
    let mut lines = text.lines();
    let path = lines.next()?.to_owned();
    let umask = u32::from_str_radix(lines.next()?.trim(), 8).ok()?;
    if lines.next()? == "absent" {
        return Some(Seen { path, umask, entry: None });
    }
    let entry = Entry {
        raw_mode: u32::from_str_radix(lines.next()?, 16).ok()?,
        uid: lines.next()?.parse().ok()?,
        gid: lines.next()?.parse().ok()?,
        size: lines.next()?.parse().ok()?,
        modified: lines.next()?.parse().ok()?,
        accessed: lines.next()?.parse().ok()?,
        changed: lines.next()?.parse().ok()?,
        links: lines.next()?.parse().ok()?,
        inode: lines.next()?.parse().ok()?,
        user: lines.next()?.to_owned(),
        group: lines.next()?.to_owned(),
        target: lines.next().filter(|line| !line.is_empty()).map(str::to_owned),
        digest: lines.next().and_then(|line| line.split_whitespace().next()).map(str::to_owned),
    };
    Some(Seen { path, umask, entry: Some(entry) })
}
