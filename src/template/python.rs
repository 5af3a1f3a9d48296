//! Values spelled as Python spells them, because templates print them into files and commands.

use super::value::{entries, is_list, is_map, items, present, refuse};
use minijinja::value::ValueKind;
use minijinja::{Error, Value};

/// The value as Python's `str` gives it.
pub fn python_text(value: &Value) -> Result<String, Error> {
    match value.kind() {
        ValueKind::String | ValueKind::Bytes => Ok(value.to_string()),
        _ => python_repr(value),
    }
}

/// The value as Python's `repr` gives it.
pub fn python_repr(value: &Value) -> Result<String, Error> {
    present(value)?;
    match value.kind() {
        ValueKind::None => Ok("None".to_owned()),
        ValueKind::Bool => Ok(if value.is_true() { "True" } else { "False" }.to_owned()),
        ValueKind::Number if value.is_integer() => Ok(value.to_string()),
        ValueKind::Number => {
            Ok(f64::try_from(value.clone()).map_or_else(|_| value.to_string(), float_text))
        }
        ValueKind::String | ValueKind::Bytes => Ok(quoted(&value.to_string())),
        ValueKind::Seq | ValueKind::Iterable => list(value),
        ValueKind::Map => map(value),
        _ => Ok(value.to_string()),
    }
}

fn list(value: &Value) -> Result<String, Error> {
    let parts: Vec<String> =
        value.try_iter()?.map(|item| python_repr(&item)).collect::<Result<_, _>>()?;
    if value.is_tuple() {
        let comma = if parts.len() == 1 { "," } else { "" };
        return Ok(format!("({}{comma})", parts.join(", ")));
    }
    Ok(format!("[{}]", parts.join(", ")))
}

fn map(value: &Value) -> Result<String, Error> {
    let mut parts = Vec::new();
    for (key, item) in entries(value, "str")? {
        parts.push(format!("{}: {}", python_repr(&key)?, python_repr(&item)?));
    }
    Ok(format!("{{{}}}", parts.join(", ")))
}

/// What a value puts out: as Python's `str`, but nothing puts out nothing, and tuples are lists.
pub(super) fn emitted_text(value: &Value) -> Result<String, Error> {
    if value.is_none() || value.is_undefined() {
        return Ok(String::new());
    }
    present(value)?;
    if !is_printable(value) {
        return Err(refuse("a macro or a method cannot be printed; call it with `()`"));
    }
    python_text(&as_data(value)?)
}

/// Whether the value is data, and nothing that can be called.
pub(super) fn is_printable(value: &Value) -> bool {
    value.kind() != ValueKind::Plain || super::datetime::is_time(value)
}

/// The value with lists for tuples.
fn as_data(value: &Value) -> Result<Value, Error> {
    if is_list(value) {
        let items: Vec<Value> = items(value)?.iter().map(as_data).collect::<Result<_, _>>()?;
        return Ok(super::value::list(items));
    }
    if is_map(value) {
        let mut parts = Vec::new();
        for (key, item) in entries(value, "str")? {
            parts.push((key, as_data(&item)?));
        }
        return Ok(super::value::dict(parts));
    }
    present(value).cloned()
}

/// A float as Python prints it: an exponent from 1e16 on and below 1e-4.
pub(super) fn float_text(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    if number != 0.0 && !(1e-4..1e16).contains(&number.abs()) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, size) = match exponent.strip_prefix('-') {
            Some(size) => ('-', size),
            None => ('+', exponent),
        };
        return format!("{digits}e{sign}{size:0>2}");
    }
    let text = number.to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() && u32::from(c) < 0x100 => {
                out.push_str(&format!("\\x{:02x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}
