//! YAML in block style, spelled as PyYAML spells it, but long text is never folded.

use super::python;
use crate::vault::Sealed;
use crate::yaml::resolve_plain;
use serde_json::Value;

/// Bytes of a key that stands before its colon in one line.
const LONGEST_KEY: usize = 128;

/// `value` as a YAML document; keys are sorted.
pub(super) fn write(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(entries) if !entries.is_empty() => block(value, 0, &mut out),
        Value::Array(items) if !items.is_empty() => block(value, 0, &mut out),
        _ => out.push_str(&inline(value)),
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// A collection that holds something, the first line already indented.
fn block(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(entries) => {
            for (index, (key, value)) in python::sorted(entries).into_iter().enumerate() {
                pad(index, indent, out);
                // A long key needs a mark of its own; what belongs to it stands behind a colon.
                let long = key.len() > LONGEST_KEY;
                let (mark, colon) = if long {
                    ("? ", format!("\n{}:", " ".repeat(indent)))
                } else {
                    ("", ":".to_owned())
                };
                out.push_str(&format!("{mark}{}{colon}", scalar(key)));
                // PyYAML does not indent a list below its key.
                let deeper = if value.is_array() { indent } else { indent + 2 };
                if let Some(sealed) = Sealed::of(value) {
                    out.push(' ');
                    encrypted(&sealed, indent + 2, out);
                } else if is_block(value) && long {
                    out.push(' ');
                    block(value, indent + 2, out);
                } else if is_block(value) {
                    out.push('\n');
                    out.push_str(&" ".repeat(deeper));
                    block(value, deeper, out);
                } else {
                    out.push_str(&format!(" {}\n", inline(value)));
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pad(index, indent, out);
                out.push_str("- ");
                if let Some(sealed) = Sealed::of(item) {
                    encrypted(&sealed, indent + 2, out);
                } else if is_block(item) {
                    block(item, indent + 2, out);
                } else {
                    out.push_str(&format!("{}\n", inline(item)));
                }
            }
        }
        other => out.push_str(&inline(other)),
    }
}

/// Encrypted text as the block that it is written in.
fn encrypted(sealed: &Sealed, indent: usize, out: &mut String) {
    out.push_str("!vault |\n");
    for line in sealed.text.lines() {
        out.push_str(&format!("{}{line}\n", " ".repeat(indent)));
    }
}

fn pad(index: usize, indent: usize, out: &mut String) {
    if index > 0 {
        out.push_str(&" ".repeat(indent));
    }
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Object(entries) => !entries.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// A value in one line.
pub(super) fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Number(number) => match python::number_text(number) {
            // YAML 1.1 wants a dot in a number with an exponent.
            text if text.contains('e') && !text.contains('.') => text.replacen('e', ".0e", 1),
            text => text,
        },
        other => other.to_string(),
    }
}

/// Text: plain where that reads back as the same text, else in the weakest quotes that do.
fn scalar(text: &str) -> String {
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')) {
        return double_quoted(text);
    }
    if is_plain(text) { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

fn is_plain(text: &str) -> bool {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return false };
    let second_blank = chars.next().is_none_or(char::is_whitespace);
    let indicator =
        "#,[]{}&*!|>'\"%@`".contains(first) || (matches!(first, '-' | '?' | ':') && second_blank);
    let is_text =
        resolve_plain(text).is_string() && !looks_like_date(text) && !matches!(text, "=" | "<<");
    let document_mark = text.starts_with("---") || text.starts_with("...");
    is_text
        && !indicator
        && !document_mark
        && !text.starts_with(' ')
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
}

/// PyYAML reads `2001-01-01` and what begins so with a time as dates.
fn looks_like_date(text: &str) -> bool {
    let date = text.get(..10).unwrap_or(text);
    let mut parts = date.split('-');
    let year = parts
        .next()
        .is_some_and(|year| year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()));
    year && parts
        .next()
        .is_some_and(|month| !month.is_empty() && month.bytes().all(|b| b.is_ascii_digit()))
        && parts.next().is_some_and(|day| day.starts_with(|c: char| c.is_ascii_digit()))
}

fn double_quoted(text: &str) -> String {
    // Every JSON string is a YAML string.
    Value::from(text).to_string()
}
