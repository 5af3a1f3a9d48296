//! `stat`: what stands at a path.

use super::args::wrong;
use super::look::{self, Entry, Look};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths};
use crate::transport::quote;
use async_trait::async_trait;
use serde_json::{Map, Value, json};

/// The module.
#[derive(Debug)]
pub(super) struct Stat;

/// With what a checksum is made.
pub(super) const CHECKSUM_ALGORITHM: Parameter = Parameter::optional("checksum_algorithm")
    .one_of(&["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]);

#[async_trait]
impl Module for Stat {
    fn name(&self) -> &'static str {
        "stat"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::required("path").or(&["dest", "name"]),
                Parameter::optional("follow"),
                Parameter::optional("get_checksum"),
                CHECKSUM_ALGORITHM.or(&["checksum", "checksum_algo"]),
                Parameter::optional("get_mime").or(&["mime", "mime_type", "mime-type"]),
                Parameter::optional("get_attributes").or(&["attr", "attributes"]),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let path = paths::on_host(context, args, "path").await?;
        let algorithm = digest_program(args)?;
        let digest = args.boolean("get_checksum", true)?.then_some(algorithm);
        let how = Look { follow: args.boolean("follow", false)?, digest, ..Look::default() };
        let (mime, attributes) =
            (args.boolean("get_mime", true)?, args.boolean("get_attributes", true)?);
        let script = look::script(&path, how).replace("|| exit; else echo; fi\n", UNREADABLE);
        let script =
            script + ACCESS + if mime { MIME } else { "" } + if attributes { FLAGS } else { "" };
        let output = context.must("looking at a path", script).await?;
        let said = output.stdout_text();
        let mut lines = said.lines();
        let seen = look::parse(&mut lines).ok_or_else(|| {
            ModuleError::Failed(format!("what `stat` says of {} cannot be read", quote(&path)))
        })?;
        let Some(entry) = seen.entry else {
            return Ok(Outcome::default().with("stat", json!({ "exists": false })));
        };
        let mut stat = common(&entry);
        stat.insert("exists".to_owned(), json!(true));
        stat.insert("path".to_owned(), json!(path));
        whole(&mut stat, &entry);
        access(&mut stat, lines.next().unwrap_or_default());
        if mime {
            add_mime(&mut stat, lines.next().unwrap_or_default());
        }
        if attributes {
            add_flags(&mut stat, lines.next().unwrap_or_default());
        }
        Ok(Outcome::default().with("stat", stat))
    }
}

/// A file that cannot be read has no checksum, as in Ansible.
const UNREADABLE: &str = "2>/dev/null || echo; else echo; fi\n";

/// What the user may do, as letters.
const ACCESS: &str = r#"a=
[ -r "$p" ] && a=${a}r; [ -w "$p" ] && a=${a}w; [ -x "$p" ] && a=${a}x
echo "$a"
"#;

/// What `file` says, when it is there.
const MIME: &str = r#"if command -v file >/dev/null 2>&1; then
  m=$(file --mime-type --mime-encoding "$p" 2>/dev/null) || m=
  echo "${m##*: }"
else echo; fi
"#;

/// What `lsattr` says, when it is there.
const FLAGS: &str = r#"if command -v lsattr >/dev/null 2>&1; then
  f=$(lsattr -vd "$p" 2>/dev/null) || f=
  echo "$f"
else echo; fi
"#;

/// The program that makes the wanted checksum.
pub(super) fn digest_program(args: &Args) -> Result<&'static str, ModuleError> {
    let algorithm = args.text("checksum_algorithm")?;
    Ok(match algorithm.as_deref().unwrap_or("sha1") {
        "md5" => "md5sum",
        "sha1" => "sha1sum",
        "sha224" => "sha224sum",
        "sha256" => "sha256sum",
        "sha384" => "sha384sum",
        "sha512" => "sha512sum",
        other => return Err(wrong("checksum_algorithm", format!("cannot be `{other}`"))),
    })
}

/// What `stat` and `find` both tell.
pub(super) fn common(entry: &Entry) -> Map<String, Value> {
    let mode = entry.mode();
    let bit = |bit: u32| json!(mode & bit != 0);
    let kind = |bits: u32| json!(entry.is_type(bits));
    let values = [
        ("mode", json!(format!("{mode:04o}"))),
        ("isdir", kind(0o040_000)),
        ("ischr", kind(0o020_000)),
        ("isblk", kind(0o060_000)),
        ("isreg", kind(0o100_000)),
        ("isfifo", kind(0o010_000)),
        ("islnk", kind(0o120_000)),
        ("issock", kind(0o140_000)),
        ("uid", json!(entry.uid)),
        ("gid", json!(entry.gid)),
        ("size", json!(entry.size)),
        ("inode", json!(entry.inode)),
        ("dev", json!(entry.device)),
        ("nlink", json!(entry.links)),
        ("atime", json!(entry.accessed)),
        ("mtime", json!(entry.modified)),
        ("ctime", json!(entry.changed)),
        ("wusr", bit(0o200)),
        ("rusr", bit(0o400)),
        ("xusr", bit(0o100)),
        ("wgrp", bit(0o020)),
        ("rgrp", bit(0o040)),
        ("xgrp", bit(0o010)),
        ("woth", bit(0o002)),
        ("roth", bit(0o004)),
        ("xoth", bit(0o001)),
        ("isuid", bit(0o4000)),
        ("isgid", bit(0o2000)),
        ("pw_name", json!(entry.user)),
        ("gr_name", json!(entry.group)),
    ];
    values.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

/// What only `stat` tells of an entry.
fn whole(stat: &mut Map<String, Value>, entry: &Entry) {
    let (major, minor) = entry.device_type;
    // As the kernel packs the two numbers.
    let device = (major & 0xfff) << 8 | (minor & 0xff) | (minor & !0xff) << 12;
    stat.insert("blocks".to_owned(), json!(entry.blocks));
    stat.insert("block_size".to_owned(), json!(entry.block_size));
    stat.insert("device_type".to_owned(), json!(device));
    if let Some(digest) = &entry.digest {
        stat.insert("checksum".to_owned(), json!(digest));
    }
    if entry.is_link() {
        stat.insert("lnk_source".to_owned(), json!(entry.source));
        stat.insert("lnk_target".to_owned(), json!(entry.target));
    }
}

fn access(stat: &mut Map<String, Value>, letters: &str) {
    for (name, letter) in [("readable", 'r'), ("writeable", 'w'), ("executable", 'x')] {
        stat.insert(name.to_owned(), json!(letters.contains(letter)));
    }
}

/// `text/plain; charset=us-ascii`.
fn add_mime(stat: &mut Map<String, Value>, said: &str) {
    let (kind, charset) = said.split_once("; charset=").unwrap_or(("unknown", "unknown"));
    stat.insert("mimetype".to_owned(), json!(kind));
    stat.insert("charset".to_owned(), json!(charset));
}

/// The letters of `lsattr` and their names.
const FLAG_NAMES: [(char, &str); 20] = [
    ('A', "noatime"),
    ('a', "append"),
    ('c', "compressed"),
    ('C', "nocow"),
    ('d', "nodump"),
    ('D', "dirsync"),
    ('e', "extents"),
    ('E', "encrypted"),
    ('h', "blocksize"),
    ('i', "immutable"),
    ('I', "indexed"),
    ('j', "journalled"),
    ('N', "inline"),
    ('s', "zero"),
    ('S', "synchronous"),
    ('t', "notail"),
    ('T', "blockroot"),
    ('u', "undelete"),
    ('X', "compressedraw"),
    ('Z', "compresseddirty"),
];

/// `3210 --------------e------- /path`: the version and the flags.
fn add_flags(stat: &mut Map<String, Value>, said: &str) {
    let mut words = said.split_whitespace();
    let version = words.next();
    let flags = words.next().unwrap_or_default().replace('-', "");
    let names = flags.chars().filter_map(|flag| FLAG_NAMES.iter().find(|(one, _)| *one == flag));
    let names: Vec<&str> = names.map(|(_, name)| *name).collect();
    stat.insert("version".to_owned(), json!(version));
    stat.insert("attributes".to_owned(), json!(names));
    stat.insert("attr_flags".to_owned(), json!(flags));
}
