//! Names of plays and steps.

use crate::playbook::{Play, Target, Task};
use crate::template::Scope;

/// What a play is called before anything is rendered.
pub(super) fn play_name(play: &Play) -> String {
    play.name.clone().unwrap_or_else(|| match &play.hosts.value {
        serde_json::Value::String(pattern) => pattern.clone(),
        other => other.to_string(),
    })
}

/// What a task is called before anything is rendered: a role's tasks carry its name, and an
/// include of a role that of the role.
pub fn task_name(task: &Task) -> String {
    if let (None, Some(Target::Role(role))) =
        (&task.name, task.include.as_ref().map(|include| &include.target))
    {
        return format!("{} : {}", task.module, role.name.value.as_str().unwrap_or_default());
    }
    let own = task.name.clone().unwrap_or_else(|| task.module.clone());
    match &task.role {
        Some(role) => format!("{} : {own}", role.name),
        None => own,
    }
}

/// The name, rendered as far as it can be.
pub(super) fn rendered(name: String, scope: Option<&Scope>) -> String {
    scope.and_then(|scope| scope.render_text(&name).ok()).unwrap_or(name)
}

/// A step's id. It depends on the file only, not on tags, limits or what was decided.
pub(super) fn step_id(play: usize, task: usize, name: &str) -> String {
    const LONGEST: usize = 48;
    let mut slug = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= LONGEST {
            break;
        }
    }
    format!("{play:02}-{task:02}-{}", slug.trim_end_matches('-'))
}
