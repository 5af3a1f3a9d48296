//! The plan for people.

use super::model::{Plan, PlannedHost, PlannedPlay, PlannedTask, Settled};
use serde_json::Value;
use std::collections::BTreeSet;

/// The whole plan: plays, hosts, exact commands, what is destructive, what is decided later. Plays
/// without hosts are left out.
pub fn text(plan: &Plan) -> String {
    let mut out = String::new();
    for (index, play) in plan.plays.iter().enumerate() {
        if play.batches.is_empty() && play.undecided_hosts.is_none() {
            continue;
        }
        out.push_str(&format!("{}. {}\n", index + 1, play.name));
        out.push_str(&format!("   hosts: {}\n", hosts_line(play)));
        for task in &play.tasks {
            task_text(task, play, &mut out);
        }
        out.push('\n');
    }
    if out.is_empty() {
        out.push_str("nothing to do\n");
    }
    out
}

fn hosts_line(play: &PlannedPlay) -> String {
    if let Some(pattern) = &play.undecided_hosts {
        return format!("decided later: {pattern}");
    }
    let batches: Vec<String> = play.batches.iter().map(|batch| batch.join(", ")).collect();
    match batches.len() {
        1 => batches.concat(),
        _ => format!("{} (one batch after the other)", batches.join(" | ")),
    }
}

fn task_text(task: &PlannedTask, play: &PlannedPlay, out: &mut String) {
    let skipped = !task.hosts.is_empty()
        && task.hosts.iter().all(|host| host.condition == Settled::Now(false));
    let mark = if task.destructive { "!" } else { "-" };
    let note = if skipped { "  (skipped)" } else { "" };
    out.push_str(&format!("   {mark} {} [{}]{note}\n", task.name, task.module));
    if skipped {
        return;
    }
    let secret = task.task.keywords.under(&play.play.inherited).no_log.is_some();
    for (lines, names) in alike(&task.hosts, secret) {
        let everywhere = names.len() == play.hosts().count();
        if lines.is_empty() && everywhere {
            continue;
        }
        if !everywhere {
            out.push_str(&format!("       on {}\n", names.join(", ")));
        }
        for line in lines {
            out.push_str(&format!("       {line}\n"));
        }
    }
    if task.destructive {
        let undo = task.undo.as_deref().unwrap_or("none");
        out.push_str(&format!("       destructive; undo: {undo}\n"));
    }
}

/// What is done, and on which hosts the same is done. Skipped hosts are left out.
fn alike(hosts: &[PlannedHost], secret: bool) -> Vec<(Vec<String>, Vec<&str>)> {
    let mut groups: Vec<(Vec<String>, Vec<&str>)> = Vec::new();
    for host in hosts.iter().filter(|host| host.condition != Settled::Now(false)) {
        let lines = host_lines(host, secret);
        match groups.iter_mut().find(|(known, _)| *known == lines) {
            Some((_, names)) => names.push(&host.host),
            None => groups.push((lines, vec![&host.host])),
        }
    }
    groups
}

fn host_lines(host: &PlannedHost, secret: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if let Settled::Runtime(condition) = &host.condition {
        lines.push(format!("decided while running: {condition}"));
    }
    if let Some(delegate) = &host.delegate {
        lines.push(format!("runs on {delegate}"));
    }
    if host.commands.is_empty() {
        lines.extend(arguments(host, secret));
    }
    for command in &host.commands {
        lines.extend(command.lines().map(|line| format!("$ {line}")));
    }
    lines
}

/// What stands for the commands when the module cannot tell them.
fn arguments(host: &PlannedHost, secret: bool) -> Vec<String> {
    if let Some(items) = &host.items {
        return items.iter().map(|item| format!("for {}", short(item))).collect();
    }
    match &host.args {
        None if secret => vec!["not shown: no_log".to_owned()],
        None => vec!["decided while running: its arguments".to_owned()],
        Some(args) if args.is_empty() => Vec::new(),
        Some(args) => {
            let parts = args.iter().map(|(name, value)| format!("{name}={}", short(value)));
            vec![parts.collect::<Vec<_>>().join(" ")]
        }
    }
}

fn short(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() && !text.contains(char::is_whitespace) => {
            text.clone()
        }
        other => other.to_string(),
    }
}

/// `--list-hosts`.
pub fn list_hosts(plan: &Plan) -> String {
    let mut out = String::new();
    for (index, play) in plan.plays.iter().enumerate() {
        out.push_str(&format!("play #{}: {}\n", index + 1, play.name));
        if let Some(pattern) = &play.undecided_hosts {
            out.push_str(&format!("  hosts decided later: {pattern}\n"));
            continue;
        }
        out.push_str(&format!("  hosts ({}):\n", play.hosts().count()));
        play.hosts().for_each(|host| out.push_str(&format!("    {host}\n")));
    }
    out
}

/// `--list-tasks`.
pub fn list_tasks(plan: &Plan) -> String {
    let mut out = String::new();
    for (index, play) in plan.plays.iter().enumerate() {
        out.push_str(&format!("play #{}: {}\n  tasks:\n", index + 1, play.name));
        for task in &play.tasks {
            out.push_str(&format!("    {}\tTAGS: [{}]\n", task.name, task.tags.join(", ")));
        }
    }
    out
}

/// `--list-tags`.
pub fn list_tags(plan: &Plan) -> String {
    let mut out = String::new();
    for (index, play) in plan.plays.iter().enumerate() {
        let tags: BTreeSet<&str> =
            play.tasks.iter().flat_map(|task| task.tags.iter().map(String::as_str)).collect();
        let tags: Vec<&str> = tags.into_iter().collect();
        out.push_str(&format!(
            "play #{}: {}\n  TASK TAGS: [{}]\n",
            index + 1,
            play.name,
            tags.join(", ")
        ));
    }
    out
}
