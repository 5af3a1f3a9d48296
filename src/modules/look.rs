//! One look at a path on the host: what is there, whose it is, what it holds.

use super::{Context, ModuleError};
use crate::transport::quote;
use serde_json::{Map, Value, json};

/// What stands at a path. Symbolic links are not followed, unless asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// File type and permission bits, as in `st_mode`.
    pub(super) raw_mode: u32,
    pub(super) uid: u64,
    pub(super) gid: u64,
    pub(super) user: String,
    pub(super) group: String,
    pub(super) size: u64,
    /// Seconds since 1970, as the next two.
    pub(super) modified: f64,
    pub(super) accessed: f64,
    pub(super) changed: f64,
    pub(super) links: u64,
    pub(super) inode: u64,
    pub(super) device: u64,
    pub(super) blocks: u64,
    pub(super) block_size: u64,
    /// Major and minor number of a device file.
    pub(super) device_type: (u64, u64),
    /// Where a symbolic link points to, as written in it.
    pub(super) target: Option<String>,
    /// Where it leads in the end.
    pub(super) source: Option<String>,
    /// Whether it is a symbolic link that leads nowhere.
    pub(super) dangling: bool,
    /// Digest of a regular file's content, hexadecimal.
    pub(super) digest: Option<String>,
}

impl Entry {
    /// The permission bits.
    pub(super) fn mode(&self) -> u32 {
        self.raw_mode & 0o7777
    }

    /// Whether it is of this type, given as in `st_mode`.
    pub(super) fn is_type(&self, bits: u32) -> bool {
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

    /// What Ansible calls it in `state`.
    pub(super) fn state(&self) -> &'static str {
        match self.raw_mode & 0o170_000 {
            0o120_000 => "link",
            0o040_000 => "directory",
            _ if self.links > 1 => "hard",
            _ => "file",
        }
    }

    /// What every file module registers of the path it worked on. As in Ansible a link that leads
    /// nowhere is nothing.
    pub(super) fn registered(&self) -> Map<String, Value> {
        if self.dangling {
            return Map::new();
        }
        let values = [
            ("uid", json!(self.uid)),
            ("gid", json!(self.gid)),
            ("owner", json!(self.user)),
            ("group", json!(self.group)),
            ("mode", json!(format!("{:04o}", self.mode()))),
            ("state", json!(self.state())),
            ("size", json!(self.size)),
        ];
        values.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
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
    /// Look at what a symbolic link leads to, and give that path.
    pub(super) resolve: bool,
    /// The program that digests a regular file, `sha256sum`.
    pub(super) digest: Option<&'static str>,
    /// When the path is a directory, look at this name in it.
    pub(super) inside: Option<&'a str>,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq)]
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
    read(path, &output.stdout_text())
}

/// What the script said about a path.
pub(super) fn read(path: &str, said: &str) -> Result<Seen, ModuleError> {
    parse(&mut said.lines())
        .ok_or_else(|| ModuleError::Failed(format!("what `stat` says of `{path}` cannot be read")))
}

/// The look as a script, to be run in a subshell of its own where others follow. Its answer is one
/// value a line.
pub(super) fn script(path: &str, how: Look<'_>) -> String {
    script_of(&quote(path), how)
}

/// Where a link leads. One that leads nowhere has no end: its target stands for it.
const LINK: &str = r#"if [ -L "$p" ]; then
  readlink "$p"; readlink -f "$p" || readlink "$p"; if [ -e "$p" ]; then echo; else echo dangling; fi
else echo; echo; echo; fi
"#;

/// What `stat` is asked for; [`parse_entry`] reads it from the second line on.
pub(super) const FORMAT: &str =
    "there\n%f\n%u\n%g\n%s\n%Y %y\n%X %x\n%Z %z\n%h\n%i\n%d\n%b\n%o\n%t\n%T\n%U\n%G";

/// The same for a path that is a word of the script.
pub(super) fn script_of(word: &str, how: Look<'_>) -> String {
    let mut script = format!("p={word}\n");
    if let Some(name) = how.inside {
        script.push_str(&format!("if [ -d \"$p\" ]; then p=$p/{}; fi\n", quote(name)));
    }
    if how.resolve {
        script.push_str(
            "if [ -L \"$p\" ] && [ -e \"$p\" ]; then p=$(readlink -f \"$p\") || exit; fi\n",
        );
    }
    script.push_str("echo \"$p\"; umask\n");
    script.push_str("if [ ! -e \"$p\" ] && [ ! -L \"$p\" ]; then echo absent; exit 0; fi\n");
    if how.follow {
        script.push_str("if [ ! -e \"$p\" ]; then echo absent; exit 0; fi\n");
    }
    let follow = if how.follow { "-L " } else { "" };
    script.push_str(&format!("stat {follow}-c '{FORMAT}' \"$p\" || exit\n"));
    script.push_str(LINK);
    match how.digest {
        Some(program) => {
            let links = if how.follow { "" } else { " && [ ! -L \"$p\" ]" };
            let digest = format!("{program} < \"$p\" || exit");
            script.push_str(&format!("if [ -f \"$p\" ]{links}; then {digest}; else echo; fi\n"));
        }
        None => script.push_str("echo\n"),
    }
    script
}

/// Reads the answer up to its end; what the caller's script says further is left.
pub(super) fn parse<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Option<Seen> {
    let path = lines.next()?.to_owned();
    let umask = u32::from_str_radix(lines.next()?.trim(), 8).ok()?;
    if lines.next()? == "absent" {
        return Some(Seen { path, umask, entry: None });
    }
    let mut entry = parse_entry(lines)?;
    entry.target = filled(lines.next());
    entry.source = filled(lines.next());
    entry.dangling = filled(lines.next()).is_some();
    entry.digest = lines.next().and_then(|line| line.split_whitespace().next()).map(str::to_owned);
    Some(Seen { path, umask, entry: Some(entry) })
}

/// Reads the lines of [`FORMAT`].
pub(super) fn parse_entry<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Option<Entry> {
    Some(Entry {
        raw_mode: u32::from_str_radix(lines.next()?, 16).ok()?,
        uid: lines.next()?.parse().ok()?,
        gid: lines.next()?.parse().ok()?,
        size: lines.next()?.parse().ok()?,
        modified: seconds(lines.next()?)?,
        accessed: seconds(lines.next()?)?,
        changed: seconds(lines.next()?)?,
        links: lines.next()?.parse().ok()?,
        inode: lines.next()?.parse().ok()?,
        device: lines.next()?.parse().ok()?,
        blocks: lines.next()?.parse().ok()?,
        block_size: lines.next()?.parse().ok()?,
        device_type: {
            let mut number = || u64::from_str_radix(lines.next()?, 16).ok();
            (number()?, number()?)
        },
        user: lines.next()?.to_owned(),
        group: lines.next()?.to_owned(),
        target: None,
        source: None,
        dangling: false,
        digest: None,
    })
}

fn filled(line: Option<&str>) -> Option<String> {
    line.filter(|line| !line.is_empty()).map(str::to_owned)
}

/// `1700000000 2023-11-14 22:13:20.123456789 +0000`: the whole seconds, and their fraction.
fn seconds(line: &str) -> Option<f64> {
    let (whole, text) = line.split_once(' ')?;
    let fraction =
        text.split_once('.').map_or("", |(_, rest)| rest.split(' ').next().unwrap_or(""));
    format!("{whole}.{fraction}0").parse().ok()
}
