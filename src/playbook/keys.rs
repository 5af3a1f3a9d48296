//! The keys of plays, tasks and blocks: those that there are, and those that are still to come.

use crate::error::{Problem, Problems, did_you_mean, near_matches};
use crate::yaml::Node;

/// Keys that plays, blocks and tasks share.
pub(super) const SHARED: &[&str] = &[
    "name",
    "vars",
    "become",
    "become_user",
    "become_method",
    "environment",
    "tags",
    "ignore_errors",
    "ignore_unreachable",
    "run_once",
    "check_mode",
    "diff",
    "no_log",
    "timeout",
    "throttle",
    "any_errors_fatal",
];

/// Further keys of plays.
pub(super) const PLAY: &[&str] =
    &["hosts", "gather_facts", "serial", "max_fail_percentage", "pre_tasks", "tasks", "post_tasks"];

/// Further keys of tasks.
pub(super) const TASK: &[&str] = &[
    "when",
    "loop",
    "with_items",
    "loop_control",
    "register",
    "until",
    "retries",
    "delay",
    "changed_when",
    "failed_when",
    "delegate_to",
    "args",
    "destructive",
    "undo",
];

/// Further keys of blocks and of `import_tasks`.
pub(super) const BLOCK: &[&str] = &["block", "when", "delegate_to"];

/// Ansible's keys of plays that are not built yet.
pub(super) const PLAY_LATER: &[&str] = &[
    "handlers",
    "roles",
    "vars_files",
    "vars_prompt",
    "strategy",
    "order",
    "remote_user",
    "connection",
    "port",
    "module_defaults",
    "collections",
    "debugger",
    "force_handlers",
    "gather_subset",
    "gather_timeout",
    "fact_path",
    "become_flags",
    "become_exe",
];

/// Ansible's keys of tasks and blocks that are not built yet.
pub(super) const TASK_LATER: &[&str] = &[
    "rescue",
    "always",
    "notify",
    "listen",
    "async",
    "poll",
    "delegate_facts",
    "action",
    "local_action",
    "include_tasks",
    "include_role",
    "import_role",
    "include",
    "remote_user",
    "connection",
    "port",
    "module_defaults",
    "collections",
    "debugger",
    "become_flags",
    "become_exe",
    "with_nested",
    "with_dict",
    "with_list",
    "with_together",
    "with_sequence",
    "with_subelements",
    "with_indexed_items",
    "with_fileglob",
    "with_file",
    "with_flattened",
    "with_random_choice",
    "with_lines",
    "with_first_found",
    "with_inventory_hostnames",
];

/// A mapping's keys and values. Keys that are no strings or stand twice are noted.
pub(super) fn entries<'a>(
    node: &'a Node,
    what: &str,
    problems: &mut Problems,
) -> Vec<(&'a Node, &'a str, &'a Node)> {
    let pairs = match node.mapping(what) {
        Ok(pairs) => pairs,
        Err(problem) => {
            problems.push(problem);
            return Vec::new();
        }
    };
    let mut found: Vec<(&Node, &str, &Node)> = Vec::new();
    for (key, value) in pairs {
        match key.as_str() {
            None => problems.push(Problem::at(
                key.location.clone(),
                format!("a key of {what} must be a string, but here stands {}", key.kind_name()),
            )),
            Some(name) if found.iter().any(|(_, known, _)| *known == name) => {
                problems.push(Problem::at(key.location.clone(), format!("`{name}` stands twice")));
            }
            Some(name) => found.push((key, name, value)),
        }
    }
    found
}

/// A key that is not built yet.
pub(super) fn later(key: &Node, name: &str) -> Problem {
    let problem = Problem::at(key.location.clone(), format!("`{name}` is not supported yet"));
    match name {
        "handlers" | "notify" | "listen" => {
            problem.hint("use `register` and a later task with `when: NAME is changed`")
        }
        "rescue" | "always" => {
            problem.hint("use `failed_when` or `ignore_errors` and a later task")
        }
        "include_tasks" | "include" => problem.hint("use `import_tasks`"),
        _ if name.starts_with("with_") => problem.hint("use `loop`"),
        _ => problem,
    }
}

/// A key that there is not.
pub(super) fn unknown<'a>(
    key: &Node,
    name: &str,
    what: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Problem {
    let problem = Problem::at(key.location.clone(), format!("`{name}` is no key of {what}"));
    match did_you_mean(&near_matches(name, known)) {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}
