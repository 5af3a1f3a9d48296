//! From what a module did to what is registered, counted and shown.

use crate::event::Status;
use crate::modules::{FACTS, META, ModuleError, Outcome};
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
        Self { status, changed: outcome.changed, ignored: false, outcome, registered }
    }

    /// A task that could not even be prepared.
    pub(super) fn failed(msg: impl Into<String>) -> Self {
        let outcome = failed(msg);
        let registered = registered(&outcome);
        Self::ended(outcome, registered)
    }

    /// A task whose condition does not hold.
    pub(super) fn skipped(condition: Option<&str>) -> Self {
        let outcome = Outcome { skipped: true, ..Outcome::default() };
        let mut registered = registered(&outcome);
        registered.insert("skip_reason".into(), json!("Conditional result was False"));
        if let Some(condition) = condition {
            registered.insert("false_condition".into(), json!(condition));
        }
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
        Self { status, changed: false, ignored: false, outcome, registered }
    }

    /// Variables that the host keeps.
    pub(super) fn facts(&self) -> Option<&Map<String, Value>> {
        self.outcome.values.get(FACTS).and_then(Value::as_object)
    }

    /// What concerns the run itself.
    pub(super) fn meta(&self) -> Option<&str> {
        self.outcome.values.get(META).and_then(Value::as_str)
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
    if !outcome.msg.is_empty() {
        map.insert("msg".into(), json!(outcome.msg));
    }
    if let Some(rc) = outcome.rc {
        map.insert("rc".into(), json!(rc));
    }
    if outcome.rc.is_some() || !outcome.stdout.is_empty() || !outcome.stderr.is_empty() {
        for (name, text) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr)] {
            let lines: Vec<&str> = text.lines().collect();
            map.insert(name.into(), json!(text));
            map.insert(format!("{name}_lines"), json!(lines));
        }
    }
    if !outcome.diff.is_empty() {
        map.insert("diff".into(), json!(outcome.diff));
    }
    for (name, value) in &outcome.values {
        map.insert(name.clone(), value.clone());
    }
    map
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
    map.insert("failed".into(), json!(worst(Status::Failed)));
    if all_skipped {
        map.insert("skipped".into(), json!(true));
    }
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
    let results = items.into_iter().map(|end| Value::Object(end.registered)).collect();
    map.insert("results".into(), Value::Array(results));
    End { status, changed, ignored, outcome, registered: map }
}
