//! The results of one module alone, a host after the other on stdout, in the form that
//! `ansible PATTERN` prints and that scripts read.

use super::style::harmless;
use super::{Reporter, Terminal};
use crate::event::{Event, HostResult, Status};
use serde::Serialize;
use serde_json::{Value, json};

/// Shows the results of single commands to people.
#[derive(Debug)]
pub struct Results {
    terminal: Terminal,
}

impl Results {
    /// A reporter that writes to `terminal`.
    pub fn new(terminal: Terminal) -> Self {
        Self { terminal }
    }

    fn result(&mut self, result: &HostResult) {
        let style = self.terminal.result_style();
        let host = harmless(&result.host);
        let word = |name: &str| match result.status {
            Status::Ok => style.good(name),
            Status::Changed => style.notable(name),
            Status::Skipped => style.dim(name),
            Status::Failed | Status::Unreachable | Status::Unknown => style.bad(name),
        };
        let status = word(match result.status {
            Status::Ok => "SUCCESS",
            Status::Changed => "CHANGED",
            Status::Skipped => "SKIPPED",
            Status::Failed if result.rc.is_some() => "FAILED",
            Status::Failed => "FAILED!",
            Status::Unreachable => "UNREACHABLE!",
            Status::Unknown => "UNKNOWN!",
        });
        if !result.diff.is_empty() {
            self.terminal.result(harmless(&result.diff).trim_end());
        }
        let Some(rc) = result.rc else {
            let shown = match &result.result {
                Value::Null => json!({ "msg": result.msg }),
                value => value.clone(),
            };
            let text = harmless(&indented(&shown));
            return self.terminal.result(&format!("{host} | {status} => {text}"));
        };
        self.terminal.result(&format!("{host} | {status} | rc={rc} >>"));
        let silent = result.stdout.is_empty() && result.stderr.is_empty();
        let texts = [&result.stdout, &result.stderr, &result.msg];
        for text in if silent { &texts[2..] } else { &texts[..2] } {
            if !text.is_empty() {
                self.terminal.result(&harmless(text.trim_end_matches('\n')));
            }
        }
    }
}

/// As Ansible prints it: four blanks a level, the names sorted.
fn indented(value: &Value) -> String {
    let mut text = Vec::new();
    let form = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, form);
    // Into memory, and from a value that was JSON: neither can fail.
    let _ = sorted(value).serialize(&mut serializer);
    String::from_utf8_lossy(&text).into_owned()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.iter().map(|(name, value)| (name, sorted(value))).collect();
            pairs.sort_by_key(|(name, _)| *name);
            Value::Object(pairs.into_iter().map(|(name, value)| (name.clone(), value)).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        value => value.clone(),
    }
}

impl Reporter for Results {
    fn event(&mut self, event: &Event) {
        match event {
            Event::HostResult(result) => self.result(result),
            Event::Notice { message } => {
                let text = self.terminal.style().notable(&format!("note: {}", harmless(message)));
                self.terminal.talk(&text);
            }
            _ => {}
        }
    }
}
