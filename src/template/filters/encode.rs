//! Filters between values and their encodings.

use super::super::lazy::{data, to_json};
use super::super::python::python_text;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind, Value};
use serde::Serialize;
use serde_json::Value as Json;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use std::io;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("b64encode", |value: Value| {
        python_text(&value).map(|text| STANDARD.encode(text))
    });
    environment.add_filter("b64decode", b64decode);
    environment.add_filter("from_json", from_json);
    environment.add_filter("to_json", to_json_text);
    environment.add_filter("tojson", to_json_text);
    environment.add_filter("to_nice_json", to_nice_json);
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

fn b64decode(text: String) -> Result<String, Error> {
    let bytes =
        STANDARD.decode(text.trim()).map_err(|error| invalid(format!("no base64: {error}")))?;
    String::from_utf8(bytes).map_err(|_| invalid("the decoded bytes are no text".to_owned()))
}

fn from_json(text: String) -> Result<Value, Error> {
    let value: Json =
        serde_json::from_str(&text).map_err(|error| invalid(format!("no JSON: {error}")))?;
    Ok(data(&value))
}

/// `json.dumps` with its defaults.
fn to_json_text(value: Value, options: Kwargs) -> Result<String, Error> {
    let sort: Option<bool> = options.get("sort_keys")?;
    let ascii: Option<bool> = options.get("ensure_ascii")?;
    let indent: Option<usize> = options.get("indent")?;
    options.assert_all_used()?;
    let value = ordered(to_json(&value)?, sort.unwrap_or(false));
    let text = match indent {
        Some(indent) => pretty(&value, indent)?,
        None => write(&value, Spaced)?,
    };
    Ok(if ascii.unwrap_or(true) { ascii_only(&text) } else { text })
}

fn to_nice_json(value: Value, options: Kwargs) -> Result<String, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let sort: Option<bool> = options.get("sort_keys")?;
    let ascii: Option<bool> = options.get("ensure_ascii")?;
    options.assert_all_used()?;
    let value = ordered(to_json(&value)?, sort.unwrap_or(true));
    let text = pretty(&value, indent.unwrap_or(4))?;
    Ok(if ascii.unwrap_or(true) { ascii_only(&text) } else { text })
}

fn pretty(value: &Json, indent: usize) -> Result<String, Error> {
    write(value, PrettyFormatter::with_indent(" ".repeat(indent.min(64)).as_bytes()))
}

fn write(value: &Json, formatter: impl Formatter) -> Result<String, Error> {
    let mut bytes = Vec::new();
    value
        .serialize(&mut Serializer::with_formatter(&mut bytes, formatter))
        .map_err(|error| invalid(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| invalid(error.to_string()))
}

fn ordered(value: Json, sort: bool) -> Json {
    match value {
        Json::Object(entries) if sort => {
            let mut entries: Vec<_> = entries.into_iter().collect();
            entries.sort_by(|(left, _), (right, _)| left.cmp(right));
            Json::Object(
                entries.into_iter().map(|(key, value)| (key, ordered(value, sort))).collect(),
            )
        }
        Json::Array(items) => items.into_iter().map(|item| ordered(item, sort)).collect(),
        other => other,
    }
}

fn ascii_only(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// A blank after each comma and colon, as Python writes it.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: io::Write + ?Sized>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_key<W: io::Write + ?Sized>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }
}
