//! Facts that the operator put on the host: files `*.fact` that are read, or run when they may be.

use super::{Facts, config, object};
use crate::modules::seen::Seen;
use serde_json::{Map, Value, json};

pub(super) fn facts(seen: &Seen) -> Facts {
    let mut facts = Map::new();
    for path in seen.names("local ").filter(|path| path.starts_with('/')) {
        let file = path.rsplit('/').next().unwrap_or(path);
        let text = seen.raw(&format!("local {path}")).unwrap_or_default();
        let value = match seen.raw(&format!("local error {path}")) {
            None => value(path, text),
            Some(error) => json!(failure(path, error)),
        };
        facts.insert(file.replace(".fact", ""), value);
    }
    object(json!({ "local": facts }))
}

fn failure(path: &str, error: &str) -> String {
    match error.rsplit_once('\n') {
        Some((said, code)) if !code.is_empty() => {
            format!("Failure executing fact script ({path}), rc: {code}, err: {said}")
        }
        _ => format!("Could not stat fact ({path}): [Errno 2] No such file or directory: '{path}'"),
    }
}

/// JSON, else sections of names and values.
fn value(path: &str, text: &str) -> Value {
    if let Ok(value) = serde_json::from_str(text) {
        return value;
    }
    match config::parse(text) {
        Ok(sections) => Value::Object(sections),
        Err(config::Unreadable::Text) => {
            json!(format!("error loading facts as JSON or ini - please check content: {path}"))
        }
        Err(config::Unreadable::Reference(why)) => {
            json!(format!("error loading facts as ini - please check content: {path} ({why})"))
        }
    }
}
