//! `remote_src`: from one place of the host to another.

use super::super::attributes::Attributes;
use super::super::look::{self, Entry, Look, Seen};
use super::super::mode::{Base, Mode};
use super::super::write::{self, Target, with_entry};
use super::super::{Args, Context, ModuleError, Outcome, paths, validate};
use crate::transport::quote;
use serde_json::Value;

/// Copies what is at `src` on the host.
pub(super) async fn copy(
    context: &Context,
    args: &Args,
    src: &str,
) -> Result<Outcome, ModuleError> {
    let contents = src.ends_with('/');
    let src = paths::check("src", &paths::expanded(context, src).await?)?;
    let name = src.rsplit('/').next().map(str::to_owned);
    let target = Target::read(context, args, name.clone()).await?;
    let look = Both::look(context, &src, &target).await?;
    let Some(source) = look.source.entry.clone() else {
        return Err(ModuleError::Failed(format!("Source {src} not found")));
    };
    if source.is_directory() {
        return directory(context, args, &src, contents, &target, &look).await;
    }
    if !source.is_file() {
        return Err(ModuleError::Failed(format!("Cannot copy invalid source '{src}': not a file")));
    }
    file(context, args, &src, &source, &target, &look).await
}

/// Source and destination, seen in one command.
struct Both {
    source: Seen,
    destination: Seen,
    md5: Option<String>,
}

impl Both {
    async fn look(context: &Context, src: &str, target: &Target) -> Result<Self, ModuleError> {
        let path = match &target.inside {
            Some(name) if target.directory => format!("{}/{name}", target.path),
            _ => target.path.clone(),
        };
        let inside = target.inside.as_deref().filter(|_| !target.directory);
        let digest = Some("sha1sum");
        let from = look::script(src, Look { follow: true, digest, ..Look::default() });
        let to = Look { digest, inside, resolve: target.follow, ..Look::default() };
        let to = look::script(&path, to);
        let src = quote(src);
        let script = format!(
            "(\n{from}) || exit\n(\n{to}) || exit\n[ ! -f {src} ] || md5sum < {src} 2>/dev/null || :\n"
        );
        let output = context.must("looking at two paths", script).await?;
        let said = output.stdout_text();
        let mut lines = said.lines();
        let mut next = || {
            look::parse(&mut lines)
                .ok_or_else(|| ModuleError::Failed("what `stat` says cannot be read".to_owned()))
        };
        let (source, destination) = (next()?, next()?);
        let md5 = lines.next().and_then(|line| line.split_whitespace().next()).map(str::to_owned);
        Ok(Self { source, destination, md5 })
    }
}

async fn file(
    context: &Context,
    args: &Args,
    src: &str,
    source: &Entry,
    target: &Target,
    look: &Both,
) -> Result<Outcome, ModuleError> {
    let seen = &look.destination;
    expect_checksum(args, source)?;
    let finish = |outcome: Outcome| {
        let outcome = outcome.with("dest", seen.path.clone()).with("src", src);
        outcome.with("checksum", source.digest.clone()).with("md5sum", look.md5.clone())
    };
    let attributes = attributes(target, source, seen);
    let (mut why, mut copied) = (Vec::new(), true);
    match &seen.entry {
        None => why.push("is created".to_owned()),
        Some(entry) if !target.force => {
            let outcome = Outcome::default().saying("file already exists");
            let outcome = outcome.with("dest", seen.path.clone()).with("src", src);
            return Ok(with_entry(outcome, Some(entry)));
        }
        Some(entry) if entry.is_directory() => {
            return Err(ModuleError::Failed(format!("`{}` is a directory", seen.path)));
        }
        Some(entry) => {
            copied = entry.is_link() || entry.digest != source.digest;
            if copied {
                why.push("content".to_owned());
            } else {
                why.extend(attributes.differences(entry));
            }
        }
    }
    if why.is_empty() {
        return Ok(finish(with_entry(Outcome::default(), seen.entry.as_ref())));
    }
    let mut outcome = finish(Outcome::changed(format!("`{}`: {}", seen.path, why.join(", "))));
    if context.diff {
        outcome.diff = format!("{}: {}\n", seen.path, why.join(", "));
    }
    if context.check {
        return Ok(with_entry(outcome, seen.entry.as_ref()));
    }
    if !copied {
        let entry = write::set_attributes(context, &seen.path, &attributes).await?;
        return Ok(with_entry(outcome, entry.as_ref()));
    }
    let output = context.sh(script(src, seen, target, source)).await?;
    if let Some(failed) = validate::failure(&output) {
        return Ok(finish(failed));
    }
    let sent = write::sent_to(context, &seen.path, &output, target.backup && seen.entry.is_some())?;
    Ok(sent.add(outcome))
}

/// Whether the source is the file that `checksum` names.
fn expect_checksum(args: &Args, source: &Entry) -> Result<(), ModuleError> {
    let Some(expected) = args.text("checksum")? else { return Ok(()) };
    let found = source.digest.as_deref().unwrap_or("unknown");
    if found == expected {
        return Ok(());
    }
    let msg = "Copied file does not match the expected checksum";
    Err(ModuleError::Failed(format!("{msg} {expected}: {found}")))
}

/// The attributes as they are to be; `preserve` is the source's mode.
fn attributes(target: &Target, source: &Entry, seen: &Seen) -> Attributes {
    let mut attributes = target.attributes(seen);
    if target.wanted.mode == Some(Mode::Preserve) {
        attributes.mode = Some(source.mode());
    }
    attributes
}

/// Copies beside the target, sets the attributes, syncs and renames. As in Ansible a file that is
/// replaced gets the source's mode, and a new one what the umask leaves.
fn script(src: &str, seen: &Seen, target: &Target, source: &Entry) -> String {
    let exists = seen.entry.as_ref().is_some_and(Entry::is_file);
    let plain = if exists { source.mode() } else { 0o666 & !seen.umask };
    let base = Base { mode: plain, directory: false, umask: seen.umask };
    let mut attributes = target.wanted.of(base);
    let preserved = (target.wanted.mode == Some(Mode::Preserve)).then(|| source.mode());
    attributes.mode = attributes.mode.or(preserved).or(Some(plain));
    let directory = seen.path.rsplit_once('/').map_or("/", |(directory, _)| directory);
    let mut script =
        format!("s={} target={} dir={}\n", quote(src), quote(&seen.path), quote(directory));
    script.push_str(&target.directories(seen));
    script.push_str("[ -d \"$dir\" ] || [ -z \"$dir\" ] || { echo \"Destination directory $dir does not exist\" >&2; exit 1; }\n");
    script.push_str("tmp=$dir/.rrecover-$$.${target##*/}\ntrap 'rm -f -- \"$tmp\"' EXIT\n");
    script.push_str("( umask 077; cat \"$s\" > \"$tmp\" ) && touch -r \"$s\" \"$tmp\" || exit\n");
    script.push_str(&attributes.commands("\"$tmp\""));
    script.push_str(&target.validate);
    script.push_str(&write::keep_aside(target.backup && seen.entry.is_some()));
    script.push_str("sync \"$tmp\" 2>/dev/null || sync\nmv -f -- \"$tmp\" \"$target\" || exit\n");
    script.push_str(&look::script(&seen.path, Look::default()));
    script
}

/// The script that copies a tree; its settings stand in front.
const TREE: &str = include_str!("tree.sh");

async fn directory(
    context: &Context,
    args: &Args,
    src: &str,
    contents: bool,
    target: &Target,
    look: &Both,
) -> Result<Outcome, ModuleError> {
    let seen = &look.destination;
    // The place that Ansible looks at is the directory's own name in `dest`, when that is there.
    let there = seen.path != target.path;
    if there && seen.entry.is_some() && !target.force {
        let outcome = Outcome::default().saying("file already exists");
        let outcome = outcome.with("dest", seen.path.clone()).with("src", src);
        return Ok(with_entry(outcome, seen.entry.as_ref()));
    }
    let name = src.rsplit('/').next().unwrap_or_default();
    let into = if contents { target.path.clone() } else { format!("{}/{name}", target.path) };
    let adjusted = if there && !contents { &seen.path } else { &target.path };
    let follow = args.boolean("local_follow", false)?;
    let flag = |on: bool| if on { "1" } else { "" };
    let owner = target.wanted.owner.as_deref().unwrap_or_default();
    let group = target.wanted.group.as_deref().unwrap_or_default();
    let settings = [
        ("src", src),
        ("dest", into.as_str()),
        ("check", flag(context.check)),
        ("follow", flag(follow)),
        ("owner", owner),
        ("group", group),
    ];
    let settings = settings.map(|(name, value)| format!("{name}={}\n", quote(value))).concat();
    let output =
        context.must("copying a directory on the host", format!("{settings}{TREE}")).await?;
    let said = output.stdout_text();
    let changes: Vec<&str> = said.lines().collect();
    let mut changed = !changes.is_empty();
    let mut entry = None;
    if !context.check || !changed {
        let now = look::look(context, adjusted, Look::default()).await?;
        if let Some(found) = &now.entry {
            let attributes = target.wanted.of_entry(found, now.umask);
            changed |= !attributes.differences(found).is_empty();
            entry = Some(found.clone());
            if !context.check && !attributes.differences(found).is_empty() {
                entry = write::set_attributes(context, adjusted, &attributes).await?;
            }
        }
    }
    let msg = if changed { format!("`{src}` -> `{into}`") } else { String::new() };
    let diff = if context.diff { said.clone() } else { String::new() };
    let outcome = Outcome { changed, msg, diff, ..Outcome::default() };
    let outcome = with_entry(outcome, entry.as_ref());
    let outcome = outcome.with("checksum", Value::Null).with("md5sum", Value::Null);
    let slash = if there && contents { "/" } else { "" };
    Ok(outcome.with("dest", format!("{adjusted}{slash}")).with("src", args.text("src")?))
}
