//! Symbolic and hard links.

use super::super::attributes::Wanted;
use super::super::look::{Entry, Look, Seen, look};
use super::super::{Context, ModuleError, Outcome};
use super::{Step, Task};
use crate::transport::quote;
use serde_json::{Value, json};

fn fail(msg: String) -> Result<Outcome, ModuleError> {
    Err(ModuleError::Failed(msg))
}

/// The words of a script that put a link in place of what is there, in one step.
fn place(make: &str, path: &str, removed: &str) -> String {
    let directory = path.rsplit_once('/').map_or("/", |(directory, _)| directory);
    let temporary = format!("{}/.rrecover-$$.tmp", quote(directory));
    format!("{removed}{make} {temporary} && mv -f {temporary} {} || exit\n", quote(path))
}

/// `state: link`.
pub(super) async fn symbolic(
    context: &Context,
    task: &Task,
    seen: &Seen,
) -> Result<Outcome, ModuleError> {
    let path = &seen.path;
    let current = seen.entry.as_ref().and_then(|entry| entry.target.clone());
    let src = task.src.clone().or_else(|| current.clone().filter(|_| task.follow));
    let before = seen.entry.as_ref().map_or("absent", Entry::state);
    let Some(src) = src else {
        if before != "link" {
            return fail("src is required for creating new symlinks".to_owned());
        }
        return finish(context, task, seen, Step::default(), None).await;
    };
    // A relative target is seen from where the link stands.
    let base = match &seen.entry {
        Some(entry) if entry.is_directory() => path.as_str(),
        _ => path.rsplit_once('/').map_or("/", |(directory, _)| directory),
    };
    let leads = if src.starts_with('/') { src.clone() } else { format!("{base}/{src}") };
    if !task.force && !exists(context, &leads).await? {
        let hint = "use 'force=yes' if you really want to create the link";
        return fail(format!("src file does not exist, {hint}: {leads}"));
    }
    let refusing = || fail(format!("refusing to convert from {before} to symlink for {path}"));
    let make = format!("ln -s -- {}", quote(&src));
    let mut step = Step::default();
    match before {
        "link" if current.as_deref() == Some(&src) => {}
        "link" => {
            step = Step::new(format!("link {} -> {src}", current.as_deref().unwrap_or("?")));
            step.before.insert("src".to_owned(), json!(current));
            step.after.insert("src".to_owned(), json!(src));
            step.script = place(&make, path, "");
        }
        "absent" => {
            step = Step::new(format!("link to {src} is created"));
            step.script = format!("{make} {} || exit\n", quote(path));
        }
        _ if !task.force => return refusing(),
        "directory" => {
            if !is_empty(context, path).await? {
                return fail(format!("the directory {path} is not empty, refusing to convert it"));
            }
            step = Step::new(format!("directory becomes a link to {src}"));
            step.script = place(&make, path, &format!("rmdir {} || exit\n", quote(path)));
        }
        _ => {
            step = Step::new(format!("file becomes a link to {src}"));
            step.script = place(&make, path, "");
        }
    }
    if before != "link" {
        step.state_change(before, "link");
    }
    finish(context, task, seen, step, Some(src)).await
}

/// Adds the attributes, of what the link leads to with `follow`, else of the link.
async fn finish(
    context: &Context,
    task: &Task,
    seen: &Seen,
    mut step: Step,
    src: Option<String>,
) -> Result<Outcome, ModuleError> {
    let path = &seen.path;
    let base = path.rsplit_once('/').map_or("/", |(directory, _)| directory);
    let leads = src
        .as_ref()
        .map(|src| if src.starts_with('/') { src.clone() } else { format!("{base}/{src}") });
    let untouched = task.wanted == Wanted::default() && task.times.preserved();
    if !untouched {
        let about = if task.follow { leads.as_deref().unwrap_or(path) } else { path };
        let target = match (&seen.entry, task.follow) {
            (Some(entry), false) if step.why.is_empty() => Some((entry.clone(), seen.umask)),
            (_, true) => {
                let how = Look { follow: true, ..Look::default() };
                let now = look(context, about, how).await?;
                now.entry.map(|entry| (entry, now.umask))
            }
            _ => None,
        };
        match target {
            Some((entry, umask)) => {
                step.attributes(&quote(about), &entry, &task.wanted.of_entry(&entry, umask));
                task.times.adjust(context, &mut step, &quote(about), &entry).await?;
            }
            // A link that is new: its own owner can be set, nothing else.
            None if !task.follow => {
                let owner = task.wanted.with_mode(None);
                let new = super::super::mode::Base::new_file(seen.umask);
                step.script.push_str(&owner.of(new).commands(&quote(path)));
            }
            None => {}
        }
    }
    let outcome = step.carry_out(context, seen, "dest").await?;
    Ok(outcome.with("src", src.map_or(Value::Null, Value::String)))
}

async fn exists(context: &Context, path: &str) -> Result<bool, ModuleError> {
    Ok(context.sh(format!("[ -e {} ]", quote(path))).await?.success())
}

async fn is_empty(context: &Context, path: &str) -> Result<bool, ModuleError> {
    let output = context.must("looking into a directory", format!("ls -A {}", quote(path))).await?;
    Ok(output.stdout.is_empty())
}

/// `state: hard`.
pub(super) async fn hard(
    context: &Context,
    task: &Task,
    mut seen: Seen,
) -> Result<Outcome, ModuleError> {
    if let (Some(src), Some(true)) = (&task.src, seen.entry.as_ref().map(Entry::is_directory)) {
        let name = src.rsplit('/').next().unwrap_or_default();
        seen = look(context, &format!("{}/{name}", seen.path), Look::default()).await?;
    }
    let path = &seen.path;
    let before = seen.entry.as_ref().map_or("absent", Entry::state);
    let Some(src) = &task.src else {
        if before != "hard" {
            return fail("src is required for creating new hardlinks".to_owned());
        }
        return adjusted(context, task, &seen, Step::default(), None).await;
    };
    let how = Look { follow: task.follow, ..Look::default() };
    let Some(source) = look(context, src, how).await?.entry else {
        return fail("src does not exist".to_owned());
    };
    let same = seen
        .entry
        .as_ref()
        .is_some_and(|entry| (entry.inode, entry.device) == (source.inode, source.device));
    let cannot = |what: &str| fail(format!("Cannot link, {what} exists at destination"));
    let make = format!("ln {} --  {}", if task.follow { "-L" } else { "-P" }, quote(src));
    let mut step = Step::new(format!("is the same file as {src}"));
    step.script = place(&make, path, "");
    match before {
        "absent" => {}
        _ if same => step = Step::default(),
        "directory" => return cannot("directory"),
        "hard" if !task.force => return cannot("different hard link"),
        "file" if !task.force => return cannot("file"),
        _ => {}
    }
    if before != "hard" && !step.why.is_empty() {
        step.state_change(before, "hard");
    }
    adjusted(context, task, &seen, step, Some(src)).await
}

async fn adjusted(
    context: &Context,
    task: &Task,
    seen: &Seen,
    mut step: Step,
    src: Option<&String>,
) -> Result<Outcome, ModuleError> {
    let path = quote(&seen.path);
    let about = match src.filter(|_| !step.why.is_empty()) {
        // What the new name will stand for.
        Some(src) => look(context, src, Look { follow: task.follow, ..Look::default() }).await?,
        None => seen.clone(),
    };
    if let Some(entry) = &about.entry {
        step.attributes(&path, entry, &task.wanted.of_entry(entry, about.umask));
        task.times.adjust(context, &mut step, &path, entry).await?;
    }
    let outcome = step.carry_out(context, seen, "dest").await?;
    Ok(outcome.with("src", json!(src)))
}
