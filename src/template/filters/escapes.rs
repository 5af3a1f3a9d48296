//! Filters that escape.

use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::python::python_text;
use minijinja::{Error, Value};

pub(super) const FILTERS: &[Plugin] = &[
    plugin("e", &[], html),
    plugin("escape", &[], html),
    plugin("forceescape", &[], html),
    plugin("quote", &[], |call| {
        let text = if call.input.is_none() { String::new() } else { python_text(&call.input)? };
        Ok(Value::from(shell(&text)))
    }),
    plugin("safe", &[], |call| call.input_text().map(Value::from)),
    plugin("striptags", &[], strip_tags),
];

fn html(call: &Arguments<'_>) -> Result<Value, Error> {
    let mut out = String::new();
    for character in call.input_text()?.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    Ok(Value::from(out))
}

/// Python's `shlex.quote`.
fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\"'\"'"))
}

fn strip_tags(call: &Arguments<'_>) -> Result<Value, Error> {
    let text = call.input_text()?;
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('<') {
        let Some((_, behind)) = after.split_once('>') else { break };
        out.push_str(before);
        rest = behind;
    }
    out.push_str(rest);
    let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
    let names = [("&lt;", "<"), ("&gt;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    Ok(Value::from(names.iter().fold(out, |text, (name, character)| text.replace(name, character))))
}
