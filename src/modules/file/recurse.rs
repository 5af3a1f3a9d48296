//! `recurse`: the attributes of a directory and of everything in it.

use super::super::look::Seen;
use super::super::mode::{Base, Mode};
use super::super::{Context, ModuleError};
use super::{Step, Task};
use crate::transport::quote;

/// What has to be changed. As in Ansible, with `follow` what links lead to is part of it.
pub(super) async fn step(context: &Context, task: &Task, seen: &Seen) -> Result<Step, ModuleError> {
    let path = quote(&seen.path);
    let tree = if task.follow { format!("find -L {path}") } else { format!("find {path}") };
    let mut step = Step::default();
    let owners = owners(task, &path, &tree);
    let mut script = String::new();
    if task.wanted.mode.is_some() {
        script.push_str(&format!(
            "{tree} ! -type l -exec stat -L -c 'mode %f' {{}} + | sort -u || exit\n"
        ));
    }
    for (name, find, _) in &owners {
        script.push_str(&format!("{find} -exec echo {name} \\; | sort -u || exit\n"));
    }
    if script.is_empty() {
        return Ok(step);
    }
    let output = context.must("looking at a directory", script).await?;
    let said = output.stdout_text();
    for (name, find, change) in &owners {
        if said.lines().any(|line| line == *name) {
            step.why.push(format!("{name} of entries"));
            step.script.push_str(&format!("{find} -exec {change} {{}} + || exit\n"));
        }
    }
    if let Some(mode) = &task.wanted.mode {
        modes(&mut step, mode, &said, &tree, seen.umask)?;
    }
    Ok(step)
}

/// For owner and group: its name, what finds the wrong ones, and what sets them right. Links are
/// changed themselves; what they lead to is changed too when they are followed.
fn owners(task: &Task, path: &str, tree: &str) -> Vec<(&'static str, String, String)> {
    let mut owners = Vec::new();
    let both = [
        ("owner", "user", "chown", &task.wanted.owner),
        ("group", "group", "chgrp", &task.wanted.group),
    ];
    for (name, test, program, wanted) in both {
        let Some(wanted) = wanted.as_deref().map(quote) else { continue };
        owners.push((
            name,
            format!("find {path} ! -{test} {wanted}"),
            format!("{program} -h {wanted}"),
        ));
        if task.follow {
            let find = format!("{tree} ! -type l ! -{test} {wanted}");
            owners.push((name, find, format!("{program} {wanted}")));
        }
    }
    owners
}

/// One command for each kind of permissions that was found and is to be another.
fn modes(
    step: &mut Step,
    mode: &Mode,
    said: &str,
    tree: &str,
    umask: u32,
) -> Result<(), ModuleError> {
    let found =
        said.lines().filter_map(|line| u32::from_str_radix(line.strip_prefix("mode ")?, 16).ok());
    for raw in found {
        let (now, directory) = (raw & 0o7777, raw & 0o170_000 == 0o040_000);
        let Some(then) = mode.of(Base { mode: now, directory, umask }) else { continue };
        if now == then {
            continue;
        }
        if mode.of(Base { mode: then, directory, umask }) != Some(then) {
            let msg =
                "a mode that says another thing each time it is applied cannot be set in depth";
            return Err(super::super::args::wrong("mode", msg));
        }
        let kind = if directory { "-type d" } else { "! -type d ! -type l" };
        step.why.push(format!("mode {now:04o} -> {then:04o} of entries"));
        step.script.push_str(&format!(
            "{tree} {kind} -perm {now:04o} -exec chmod {then:04o} {{}} + || exit\n"
        ));
    }
    Ok(())
}
