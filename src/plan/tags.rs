//! Which tasks `--tags`, `--skip-tags` and `--start-at-task` leave.

use crate::playbook::{Keywords, Task};

/// What `--tags` and `--skip-tags` say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags {
    /// Only these; empty is all.
    pub only: Vec<String>,
    /// Not these.
    pub skip: Vec<String>,
}

impl Tags {
    /// Whether a task with these tags is left.
    pub(super) fn leave(&self, tags: &[String]) -> bool {
        chosen(tags, &self.only, &self.skip)
    }
}

/// `--tags` and `--skip-tags` as Ansible means them, with `always`, `never`, `tagged`, `untagged`
/// and `all`.
fn chosen(tags: &[String], only: &[String], skip: &[String]) -> bool {
    let has = |list: &[String], tag: &str| list.iter().any(|known| known == tag);
    let common = |list: &[String]| list.iter().any(|tag| has(tags, tag));
    let never = has(tags, "never");
    let wanted = (has(tags, "always") && !has(skip, "always"))
        || ((only.is_empty() || has(only, "all")) && !never)
        || common(only)
        || (has(only, "tagged") && !tags.is_empty() && !never)
        || (has(only, "untagged") && tags.is_empty());
    let skipped = common(skip)
        || (has(skip, "all") && (!has(tags, "always") || has(skip, "always")))
        || (has(skip, "tagged") && !tags.is_empty())
        || (has(skip, "untagged") && tags.is_empty());
    wanted && !skipped
}

/// All tags of a task, those of its play included.
pub(super) fn of_task(task: &Task, play: &Keywords) -> Vec<String> {
    task.keywords.under(play).tags
}

/// Whether `--start-at-task` means this task: its name, or a pattern with `*` and `?`.
pub(super) fn starts_here(name: &str, wanted: &str) -> bool {
    name == wanted || glob(wanted.as_bytes(), name.as_bytes())
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => glob(rest, text),
        (Some((b'*', rest)), Some((_, after))) => glob(rest, text) || glob(pattern, after),
        (Some((b'?', rest)), Some((_, after))) => glob(rest, after),
        (Some((one, rest)), Some((other, after))) if one == other => glob(rest, after),
        _ => false,
    }
}
