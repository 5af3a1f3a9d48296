//! Values spelled as Python spells them, so that output can be compared with Ansible's.

use crate::vault::Sealed;
use serde_json::{Map, Value};

/// JSON as `json.dumps(value, sort_keys=True, indent=4, ensure_ascii=False)` writes it.
pub(super) fn json(value: &Value) -> String {
    let mut text = String::new();
    write_json(value, 0, &mut text);
    text
}

fn write_json(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::String(text) => write_json_text(text, out),
        Value::Number(number) => out.push_str(&number_text(number)),
        Value::Array(items) if !items.is_empty() => {
            write_block(['[', ']'], items.iter(), depth, out, |item, out| {
                write_json(item, depth + 1, out);
            });
        }
        Value::Object(entries) if !entries.is_empty() => {
            write_block(
                ['{', '}'],
                sorted(entries).into_iter(),
                depth,
                out,
                |(key, value), out| {
                    write_json_text(key, out);
                    out.push_str(": ");
                    write_json(value, depth + 1, out);
                },
            );
        }
        other => out.push_str(&other.to_string()),
    }
}

fn write_block<T>(
    brackets: [char; 2],
    items: impl Iterator<Item = T>,
    depth: usize,
    out: &mut String,
    mut write: impl FnMut(T, &mut String),
) {
    out.push(brackets[0]);
    for (index, item) in items.enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&"    ".repeat(depth + 1));
        write(item, out);
    }
    out.push('\n');
    out.push_str(&"    ".repeat(depth));
    out.push(brackets[1]);
}

fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\0'..='\x1f' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// The entries of an object in Python's order of text.
pub(super) fn sorted(entries: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}

/// A number as `repr` writes it: `1.0`, `1e+16`.
pub(super) fn number_text(number: &serde_json::Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        return number.to_string();
    };
    let scientific = format!("{float:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        let plain = float.to_string();
        return if plain.contains('.') { plain } else { format!("{plain}.0") };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// The value as `str` gives it: text as it is, everything else as `repr`.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => repr(other),
    }
}

fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Number(number) => number_text(number),
        Value::String(text) => repr_text(text),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", "))
        }
        Value::Object(entries) => {
            if let Some(sealed) = Sealed::of(value) {
                return format!("EncryptedString(ciphertext={})", repr_text(&sealed.text));
            }
            let entries =
                entries.iter().map(|(key, value)| format!("{}: {}", repr_text(key), repr(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

fn repr_text(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_spelled_as_python_spells_them() {
        assert_eq!(
            json(&json!({"b": [], "a": {"ä": 1.0}})),
            "{\n    \"a\": {\n        \"ä\": 1.0\n    },\n    \"b\": []\n}"
        );
        assert_eq!(
            text(&json!(["it's", null, true, 1e16, {"k": "\n"}])),
            "[\"it's\", None, True, 1e+16, {'k': '\\n'}]"
        );
        assert_eq!(text(&json!(0.00001)), "1e-05");
    }
}
