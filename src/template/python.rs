//! Values spelled as Python spells them, because templates print them into files and commands.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

/// The value as Python's `str` gives it.
pub fn python_text(value: &Value) -> Result<String, Error> {
    match value.kind() {
        ValueKind::String | ValueKind::Bytes => Ok(value.to_string()),
        _ => python_repr(value),
    }
}

/// The value as Python's `repr` gives it.
pub fn python_repr(value: &Value) -> Result<String, Error> {
    match value.kind() {
        ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::Invalid => Err(broken(value)),
        ValueKind::None => Ok("None".to_owned()),
        ValueKind::Bool => Ok(if value.is_true() { "True" } else { "False" }.to_owned()),
        ValueKind::Number if value.is_integer() => Ok(value.to_string()),
        ValueKind::Number => Ok(float(value)),
        ValueKind::String | ValueKind::Bytes => Ok(quoted(&value.to_string())),
        ValueKind::Seq | ValueKind::Iterable => list(value),
        ValueKind::Map => map(value),
        _ => Ok(value.to_string()),
    }
}

/// The error inside a value that is one.
pub(super) fn broken(value: &Value) -> Error {
    match value.try_iter() {
        Err(error) => error,
        Ok(_) => Error::new(ErrorKind::InvalidOperation, "an invalid value"),
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
    for key in value.try_iter()? {
        let item = value.get_item(&key)?;
        parts.push(format!("{}: {}", python_repr(&key)?, python_repr(&item)?));
    }
    Ok(format!("{{{}}}", parts.join(", ")))
}

/// Python writes an exponent from 1e16 on and below 1e-4.
fn float(value: &Value) -> String {
    let Ok(number) = f64::try_from(value.clone()) else { return value.to_string() };
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number != 0.0 && number.is_finite() && !(1e-4..1e16).contains(&number.abs()) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, size) = match exponent.strip_prefix('-') {
            Some(size) => ('-', size),
            None => ('+', exponent),
        };
        return format!("{digits}e{sign}{size:0>2}");
    }
    value.to_string()
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
