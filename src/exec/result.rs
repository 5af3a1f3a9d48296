//! From what a module did to what is registered, counted and shown.

use crate::event::Status;
use crate::modules::{CACHEABLE, FACTS, ModuleError, Outcome, fact_variables};
use crate::plan::{PlannedTask, Text};
use crate::template::Scope;
use crate::transport::TransportError;
use serde_json::{Map, Value, json};

/// How one try ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tried {
    /// The module came to an end, well or not.
    Ended(Outcome),
    /// The host could not be reached, or does not let us in; nothing was sent.
    Unreachable(String),
    /// It was sent, and no answer came.
    Unknown(String),
}

impl Tried {
    pub(super) fn of(result: Result<Outcome, ModuleError>) -> Self {
        match result {
            Ok(outcome) => Self::Ended(outcome),
            Err(ModuleError::Transport(error)) => Self::transport(&error),
            Err(ModuleError::Command { what, command, rc, stderr }) => {
                let error = ModuleError::Command { what, command, rc, stderr: stderr.clone() };
                let failed = failed(error.to_string());
                Self::Ended(Outcome { rc: Some(rc), stderr, ..failed })
            }
            Err(ModuleError::Refused { reason, hint }) => {
                Self::Ended(failed(format!("{reason}; {hint}")))
            }
            Err(error) => Self::Ended(failed(error.to_string())),
        }
    }

    fn transport(error: &TransportError) -> Self {
        match error {
            error if error.outcome_unknown() => Self::Unknown(error.to_string()),
            TransportError::HostKey { hint, .. } => Self::Unreachable(format!("{error}; {hint}")),
            TransportError::Unreachable { .. } | TransportError::Auth { .. } => {
                Self::Unreachable(error.to_string())
            }
            error => Self::Ended(failed(error.to_string())),
        }
    }
}

/// An outcome that is a failure.
pub(super) fn failed(msg: impl Into<String>) -> Outcome {
    Outcome { failed: true, msg: msg.into(), ..Outcome::default() }
}

/// How a task, or one item of it, ended on a host.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct End {
    pub(super) status: Status,
    pub(super) changed: bool,
    /// A failure, or an unreachable host, that is passed over as asked.
    pub(super) ignored: bool,
    pub(super) outcome: Outcome,
    pub(super) registered: Map<String, Value>,
    /// Handlers that it notifies.
    pub(super) notify: Vec<String>,
    /// The host that its facts belong to, when that is another one.
    pub(super) facts_of: Option<String>,
    /// Whether it ran for all hosts of the batch.
    pub(super) for_all: bool,
}

impl End {
    /// The end of a module that ran; `registered` may have been completed since.
    pub(super) fn ended(outcome: Outcome, registered: Map<String, Value>) -> Self {
        let status = match &outcome {
            Outcome { failed: true, .. } => Status::Failed,
            Outcome { skipped: true, .. } => Status::Skipped,
            Outcome { changed: true, .. } => Status::Changed,
            _ => Status::Ok,
        };
        Self {
            status,
            changed: outcome.changed,
            ignored: false,
            outcome,
            registered,
            notify: Vec::new(),
            facts_of: None,
            for_all: false,
        }
    }

    /// A task that could not even be prepared.
    pub(super) fn failed(msg: impl Into<String>) -> Self {
        let outcome = failed(msg);
        let registered = registered(&outcome);
        Self::ended(outcome, registered)
    }

    /// A task whose condition does not hold.
    pub(super) fn skipped(condition: &Text) -> Self {
        let outcome = Outcome { skipped: true, ..Outcome::default() };
        let mut registered = registered(&outcome);
        registered.shift_remove("failed");
        registered.insert("skip_reason".into(), json!("Conditional result was False"));
        // A condition that was written as a boolean is one.
        let condition = match &*condition.text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            text => Value::from(text),
        };
        registered.insert("false_condition".into(), condition);
        Self::ended(outcome, registered)
    }

    /// A loop without items.
    pub(super) fn no_items() -> Self {
        let outcome = Outcome { skipped: true, ..Outcome::default() };
        let mut registered = registered(&outcome);
        registered.shift_remove("failed");
        registered.insert("skipped_reason".into(), json!("No items in the list"));
        registered.insert("results".into(), json!([]));
        Self::ended(outcome, registered)
    }

    /// A task that did not reach its host, or got no answer.
    pub(super) fn lost(status: Status, msg: String) -> Self {
        let outcome = Outcome { msg: msg.clone(), ..Outcome::default() };
        let mut registered = Map::new();
        registered.insert("changed".into(), json!(false));
        registered.insert("unreachable".into(), json!(status == Status::Unreachable));
        registered.insert("failed".into(), json!(status != Status::Unreachable));
        registered.insert("msg".into(), Value::String(msg));
        Self { status, ..Self::ended(outcome, registered) }
    }

    /// Whether the variables are facts as well.
    pub(super) fn cacheable(&self) -> bool {
        self.outcome.values.contains_key(CACHEABLE)
    }

    /// Variables that the host keeps.
    pub(super) fn facts(&self) -> Option<&Map<String, Value>> {
        self.outcome.values.get(FACTS).and_then(Value::as_object)
    }
}

/// What a task registers.
pub(super) fn registered(outcome: &Outcome) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("changed".into(), json!(outcome.changed));
    map.insert("failed".into(), json!(outcome.failed));
    if outcome.skipped {
        map.insert("skipped".into(), json!(true));
    }
    // What went well is told to people; a module whose `msg` playbooks read gives it as a value.
    if (outcome.failed || outcome.skipped) && !outcome.msg.is_empty() {
        map.insert("msg".into(), json!(outcome.msg));
    }
    if let Some(rc) = outcome.rc {
        map.insert("rc".into(), json!(rc));
    }
    if outcome.rc.is_some() || !outcome.stdout.is_empty() || !outcome.stderr.is_empty() {
        for (name, text) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr)] {
            let lines = lines(text);
            map.insert(name.into(), json!(text));
            map.insert(format!("{name}_lines"), json!(lines));
        }
    }
    if !outcome.diff.is_empty() {
        map.insert("diff".into(), json!(outcome.diff));
    }
    for (name, value) in outcome.values.iter().filter(|(name, _)| !name.starts_with("_ansible_")) {
        map.insert(name.clone(), value.clone());
    }
    map
}

/// The variables after a task, or after one item of it: with its result under the `register` name,
/// and with the facts that it set or found.
pub(super) fn after(scope: &Scope, planned: &PlannedTask, result: &Map<String, Value>) -> Scope {
    let scope = match &planned.task.register {
        Some(name) => scope.with(name, Value::Object(result.clone())),
        None => scope.clone(),
    };
    let Some(facts) = result.get(FACTS).and_then(Value::as_object) else { return scope };
    match planned.module.as_str() {
        // It only shows them.
        "debug" => scope,
        "set_fact" | "include_vars" => scope.extend_data(facts.clone()),
        _ => {
            let known = scope.get(FACTS).ok().flatten();
            scope.extend_data(fact_variables(known.as_ref(), facts))
        }
    }
}

/// The lines as Python's `splitlines` sees them.
fn lines(text: &str) -> Vec<&str> {
    let ends = |c: char| "\n\r\u{b}\u{c}\u{1c}\u{1d}\u{1e}\u{85}\u{2028}\u{2029}".contains(c);
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
        lines.push(line);
        let end = if after.starts_with("\r\n") {
            2
        } else {
            after.chars().next().map_or(0, char::len_utf8)
        };
        rest = &after[end..];
    }
    lines
}

/// What a loop registers, and how it ended as a whole.
pub(super) fn of_loop(items: Vec<End>) -> End {
    let any = |wanted: fn(&End) -> bool| items.iter().any(wanted);
    let worst = |status: Status| items.iter().any(|end| end.status == status);
    let changed = any(|end| end.changed);
    let all_skipped = items.iter().all(|end| end.status == Status::Skipped);
    let status = [Status::Unknown, Status::Unreachable, Status::Failed]
        .into_iter()
        .find(|status| worst(*status))
        .unwrap_or(match (all_skipped, changed) {
            (true, _) => Status::Skipped,
            (false, true) => Status::Changed,
            (false, false) => Status::Ok,
        });
    let mut map = Map::new();
    map.insert("changed".into(), json!(changed));
    if worst(Status::Failed) {
        map.insert("failed".into(), json!(true));
    }
    map.insert("skipped".into(), json!(all_skipped));
    let msg = match status {
        Status::Failed => "One or more items failed",
        Status::Skipped => "All items skipped",
        _ => "All items completed",
    };
    map.insert("msg".into(), json!(msg));
    let mut outcome = Outcome::ok(msg);
    let mut facts = Map::new();
    for end in &items {
        facts.extend(end.facts().cloned().unwrap_or_default());
    }
    if !facts.is_empty() {
        outcome.values.insert(FACTS.to_owned(), Value::Object(facts));
    }
    // Passed over only when each failure is.
    let bad =
        |end: &&End| matches!(end.status, Status::Failed | Status::Unreachable | Status::Unknown);
    let ignored =
        items.iter().any(|end| end.ignored) && items.iter().filter(bad).all(|end| end.ignored);
    let notify = items.iter().flat_map(|end| end.notify.clone()).collect();
    let facts_of = items.iter().find_map(|end| end.facts_of.clone());
    let results = items.into_iter().map(|end| Value::Object(end.registered)).collect();
    map.insert("results".into(), Value::Array(results));
    End { status, changed, ignored, outcome, registered: map, notify, facts_of, for_all: false }
}
