//! JSON as Python's `json` writes it.

use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::lazy::data;
use crate::template::limits::fits;
use crate::template::numbers::Number;
use crate::template::operators::sort_by_key;
use crate::template::python::{float_text, python_text};
use crate::template::value::{self, entries, is_map, present, refuse, type_name};
use minijinja::value::ValueKind;
use minijinja::{Error, Value};

pub(super) const FILTERS: &[Plugin] = &[
    plugin("from_json", &["profile?"], |call| {
        let text = call.input_str()?;
        let parsed =
            serde_json::from_str(text).map_err(|error| refuse(format!("no JSON: {error}")))?;
        Ok(data(&parsed))
    }),
    plugin("to_json", OPTIONS, |call| Style::of(call, None, false)?.text(&call.input)),
    plugin("to_nice_json", OPTIONS, |call| Style::of(call, Some(4), true)?.text(&call.input)),
    plugin("tojson", &["indent?"], |call| {
        let style = Style::of(call, None, true)?;
        let text = python_text(&style.text(&call.input)?)?;
        let escapes = [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026"), ('\'', "\\u0027")];
        Ok(Value::from(escapes.iter().fold(text, |text, (from, to)| text.replace(*from, to))))
    }),
];

const OPTIONS: &[&str] = &[
    "indent?",
    "sort_keys?",
    "ensure_ascii?",
    "separators?",
    "vault_to_text?",
    "preprocess_unsafe?",
];

struct Style {
    indent: Option<String>,
    sort: bool,
    ascii: bool,
    item: String,
    key: String,
}

impl Style {
    fn of(call: &Arguments<'_>, indent: Option<usize>, sort: bool) -> Result<Self, Error> {
        let html = call.name() == "tojson";
        let indent = match call.get("indent") {
            None => indent.map(|indent| " ".repeat(indent)),
            Some(given) if given.is_none() => None,
            Some(given) => Some(match given.as_str() {
                Some(text) => text.to_owned(),
                None => " ".repeat(call.count("indent")?.unwrap_or(0).min(1000)),
            }),
        };
        let separator = if indent.is_some() { "," } else { ", " };
        let mut style =
            Self { indent, sort, ascii: true, item: separator.to_owned(), key: ": ".to_owned() };
        if html {
            return Ok(style);
        }
        style.sort = call.flag("sort_keys", sort)?;
        style.ascii = call.flag("ensure_ascii", true)?;
        if let Some(separators) = call.some("separators").filter(|_| call.name() == "to_json") {
            let parts = value::items(separators)?;
            let [item, key] = parts.as_slice() else {
                return Err(refuse("`separators` takes two texts"));
            };
            (style.item, style.key) = (python_text(item)?, python_text(key)?);
        }
        Ok(style)
    }

    fn text(&self, value: &Value) -> Result<Value, Error> {
        let mut out = String::new();
        self.write(value, 0, &mut out)?;
        Ok(Value::from(out))
    }

    fn write(&self, value: &Value, depth: usize, out: &mut String) -> Result<(), Error> {
        present(value)?;
        match value.kind() {
            ValueKind::None => out.push_str("null"),
            ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => out.push_str(&number(value)),
            ValueKind::String => self.string(value.as_str().unwrap_or_default(), out),
            ValueKind::Seq | ValueKind::Iterable => {
                let items = value::items(value)?;
                self.container(('[', ']'), &items, depth, out, |item, out| {
                    self.write(item, depth + 1, out)
                })?;
            }
            ValueKind::Map => {
                let mut entries = entries(value, "to_json")?;
                if self.sort {
                    sort_by_key(&mut entries, false)?;
                }
                self.container(('{', '}'), &entries, depth, out, |(key, item), out| {
                    self.string(&key_text(key)?, out);
                    out.push_str(&self.key);
                    self.write(item, depth + 1, out)
                })?;
            }
            _ => return Err(refuse(format!("`{}` is no data", type_name(value)))),
        }
        Ok(())
    }

    fn container<T>(
        &self,
        (open, close): (char, char),
        parts: &[T],
        depth: usize,
        out: &mut String,
        write: impl Fn(&T, &mut String) -> Result<(), Error>,
    ) -> Result<(), Error> {
        out.push(open);
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                out.push_str(&self.item);
            }
            self.line(depth + 1, out);
            write(part, out)?;
            fits(out.len())?;
        }
        if !parts.is_empty() {
            self.line(depth, out);
        }
        out.push(close);
        Ok(())
    }

    fn line(&self, depth: usize, out: &mut String) {
        if let Some(indent) = &self.indent {
            out.push('\n');
            out.push_str(&indent.repeat(depth));
        }
    }

    fn string(&self, text: &str, out: &mut String) {
        out.push('"');
        for character in text.chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                c if u32::from(c) < 0x20 || (self.ascii && !c.is_ascii()) => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                c if self.ascii && c == '\u{7f}' => out.push('\u{7f}'),
                c => out.push(c),
            }
        }
        out.push('"');
    }
}

fn number(value: &Value) -> String {
    match Number::of(value) {
        Some(Number::Integer(number)) => number.to_string(),
        Some(Number::Float(number)) if number.is_nan() => "NaN".to_owned(),
        Some(Number::Float(number)) if number.is_infinite() => {
            if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
        }
        Some(Number::Float(number)) => float_text(number),
        None => value.to_string(),
    }
}

/// A key as JSON has it: always text.
fn key_text(key: &Value) -> Result<String, Error> {
    match key.kind() {
        ValueKind::String => Ok(key.to_string()),
        ValueKind::None => Ok("null".to_owned()),
        ValueKind::Bool => Ok(if key.is_true() { "true" } else { "false" }.to_owned()),
        ValueKind::Number => Ok(number(key)),
        _ if is_map(key) => Err(refuse("a mapping cannot be a key")),
        _ => Err(refuse(format!("`{}` cannot be a key of JSON", type_name(key)))),
    }
}
