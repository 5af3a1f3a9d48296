//! The plan for people.

use super::model::{Plan, PlannedHost, PlannedPlay, PlannedStep, PlannedTask, Settled};
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
        play_text(play, &mut out);
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

fn play_text(play: &PlannedPlay, out: &mut String) {
    if play.gather.is_some() {
        out.push_str("   - gather facts\n");
    }
    for steps in [&play.before, &play.main, &play.after] {
        steps_text(steps, play, "   ", out);
    }
    if !play.handlers.is_empty() {
        out.push_str("   handlers, when they are notified:\n");
        for handler in &play.handlers {
            out.push_str(&format!("     - {} [{}]\n", handler.name, handler.module));
        }
    }
}

fn steps_text(steps: &[PlannedStep], play: &PlannedPlay, indent: &str, out: &mut String) {
    let deeper = format!("{indent}  ");
    for step in steps {
        match step {
            PlannedStep::Task(task) => {
                task_text(task, play, indent, out);
                steps_text(&task.included, play, &deeper, out);
            }
            PlannedStep::Role(group) => steps_text(&group.steps, play, indent, out),
            PlannedStep::Block(block) => {
                let name = block.block.name.as_deref().unwrap_or("block");
                out.push_str(&format!("{indent}{name}:\n"));
                steps_text(&block.body, play, &deeper, out);
                for (part, steps) in
                    [("if that fails:", &block.rescue), ("in any case:", &block.always)]
                {
                    if !steps.is_empty() {
                        out.push_str(&format!("{indent}{part}\n"));
                        steps_text(steps, play, &deeper, out);
                    }
                }
            }
        }
    }
}

fn task_text(task: &PlannedTask, play: &PlannedPlay, indent: &str, out: &mut String) {
    let skipped = !task.hosts.is_empty()
        && task.hosts.iter().all(|host| host.condition == Settled::Now(false));
    let mark = if task.destructive { "!" } else { "-" };
    let note = if skipped { "  (skipped)" } else { "" };
    out.push_str(&format!("{indent}{mark} {} [{}]{note}\n", task.name, task.module));
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
            out.push_str(&format!("{indent}    on {}\n", names.join(", ")));
        }
        for line in lines {
            out.push_str(&format!("{indent}    {line}\n"));
        }
    }
    if task.destructive {
        let undo = task.undo.as_deref().unwrap_or("none");
        out.push_str(&format!("{indent}    destructive; undo: {undo}\n"));
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
        for task in play.written_tasks() {
            out.push_str(&format!("    {}\tTAGS: [{}]\n", task.name, task.tags.join(", ")));
        }
    }
    out
}

/// `--list-tags`.
pub fn list_tags(plan: &Plan) -> String {
    let mut out = String::new();
    for (index, play) in plan.plays.iter().enumerate() {
        let tags: BTreeSet<&str> = play
            .written_tasks()
            .into_iter()
            .flat_map(|task| task.tags.iter().map(String::as_str))
            .collect();
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
