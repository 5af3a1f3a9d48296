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
    "become_flags",
    "become_exe",
    "remote_user",
    "port",
    "connection",
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
pub(super) const PLAY: &[&str] = &[
    "hosts",
    "vars_files",
    "vars_prompt",
    "gather_facts",
    "serial",
    "strategy",
    "order",
    "max_fail_percentage",
    "force_handlers",
    "pre_tasks",
    "roles",
    "tasks",
    "post_tasks",
    "handlers",
];

/// Further keys of tasks.
pub(super) const TASK: &[&str] = &[
    "when",
    "loop",
    "loop_control",
    "register",
    "until",
    "retries",
    "delay",
    "changed_when",
    "failed_when",
    "delegate_to",
    "delegate_facts",
    "notify",
    "listen",
    "async",
    "poll",
    "args",
    "action",
    "local_action",
    "destructive",
    "undo",
];

/// Further keys of blocks and imports.
pub(super) const BLOCK: &[&str] =
    &["block", "rescue", "always", "when", "delegate_to", "delegate_facts", "notify"];

/// The keys of `include_tasks` and `include_role`; what else the included tasks are to have stands
/// under `apply`.
pub(super) const INCLUDE: &[&str] = &[
    "name",
    "vars",
    "when",
    "tags",
    "loop",
    "loop_control",
    "register",
    "run_once",
    "ignore_errors",
    "no_log",
    "timeout",
    "args",
    "listen",
];

/// Ansible's keys of plays that are not built.
pub(super) const PLAY_REFUSED: &[&str] = &[
    "module_defaults",
    "collections",
    "debugger",
    "gather_subset",
    "gather_timeout",
    "fact_path",
    "validate_argspec",
];

/// Ansible's keys of tasks and blocks that are not built.
pub(super) const TASK_REFUSED: &[&str] =
    &["include", "module_defaults", "collections", "debugger", "set_stats"];

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

/// A key that Ansible has and that is refused here.
pub(super) fn refused(key: &Node, name: &str) -> Problem {
    let problem = Problem::at(key.location.clone(), format!("`{name}` is not supported"));
    match name {
        "include" => problem.hint("use `import_tasks` or `include_tasks`"),
        "module_defaults" => problem.hint("write the arguments at each task, or in a variable"),
        "collections" => problem.hint("leave it out: modules are found by their short names"),
        "set_stats" => problem.hint("use `set_fact`"),
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
