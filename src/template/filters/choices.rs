//! Filters that choose, ask, and convert between types.

use crate::template::call::{Arguments, Plugin, asking, plugin};
use crate::template::error::TemplateError;
use crate::template::numbers::{Number, whole};
use crate::template::value::{carry, list, present, refuse, truth, type_name, why_missing};
use minijinja::value::ValueKind;
use minijinja::{Error, Value};
use std::cmp::Ordering;

pub(super) const FILTERS: &[Plugin] = &[
    plugin("bool", &[], |call| Ok(Value::from(to_bool(&call.input)))),
    asking("d", &["default_value?", "boolean?"], default),
    asking("default", &["default_value?", "boolean?"], default),
    plugin("float", &["default?"], |call| Ok(float(call))),
    plugin("int", &["default?", "base?"], int),
    plugin("list", &[], |call| Ok(list(call.input_items()?))),
    asking("mandatory", &["msg?"], mandatory),
    plugin("string", &[], |call| call.input_text().map(Value::from)),
    asking("ternary", &["true_val", "false_val", "none_val?"], ternary),
    asking("type_debug", &[], |call| {
        Ok(Value::from(match why_missing(&call.input) {
            Some(_) => "UndefinedMarker",
            None => type_name(&call.input),
        }))
    }),
];

fn default(call: &Arguments<'_>) -> Result<Value, Error> {
    let instead = || Ok(call.get("default_value").cloned().unwrap_or_else(|| Value::from("")));
    let boolean = call.get("boolean");
    if let Some(boolean) = boolean.filter(|boolean| boolean.kind() != ValueKind::Bool) {
        let found = type_name(boolean);
        return Err(refuse(format!("`boolean` of `default` must be true or false, not `{found}`")));
    }
    if let Some(TemplateError::Undefined { .. }) = why_missing(&call.input) {
        return instead();
    }
    present(&call.input)?;
    if call.flag("boolean", false)? && !truth(&call.input)? {
        return instead();
    }
    Ok(call.input.clone())
}

fn mandatory(call: &Arguments<'_>) -> Result<Value, Error> {
    match (why_missing(&call.input), call.some_text("msg")?) {
        (Some(TemplateError::Undefined { .. }), Some(message)) => Err(refuse(message)),
        (Some(error), _) => Err(carry(error.clone())),
        (None, _) => Ok(call.input.clone()),
    }
}

fn ternary(call: &Arguments<'_>) -> Result<Value, Error> {
    if call.input.is_none()
        && let Some(nothing) = call.some("none_val")
    {
        return Ok(nothing.clone());
    }
    let chosen = if truth(&call.input)? { "true_val" } else { "false_val" };
    call.value(chosen).cloned()
}

/// Ansible's `bool`: the words that mean true are true, and so is 1; everything else is false.
pub(in crate::template) fn to_bool(value: &Value) -> bool {
    if let Some(text) = value.as_str() {
        return matches!(text.to_lowercase().as_str(), "yes" | "on" | "1" | "true");
    }
    Number::of(value).and_then(|number| number.compare(Number::Integer(1))) == Some(Ordering::Equal)
}

/// Jinja's `int`: what is no number is the default, 0.
fn int(call: &Arguments<'_>) -> Result<Value, Error> {
    let instead = || call.get("default").cloned().unwrap_or_else(|| Value::from(0));
    let base = call.integer("base")?.unwrap_or(10);
    let value = &call.input;
    if let Some(text) = value.as_str() {
        let integer = u32::try_from(base).ok().and_then(|base| parse_int(text, base));
        if let Some(integer) = integer {
            return Ok(Value::from(Number::Integer(integer)));
        }
        let float = parse_float(text).and_then(|number| whole(number).ok());
        return Ok(float.unwrap_or_else(instead));
    }
    match Number::of(value) {
        Some(Number::Integer(integer)) => Ok(Value::from(Number::Integer(integer))),
        Some(Number::Float(number)) => Ok(whole(number).unwrap_or_else(|_| instead())),
        None => Ok(instead()),
    }
}

/// Python's `int(text, base)`.
fn parse_int(text: &str, base: u32) -> Option<i128> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let prefixes = [("0x", 16), ("0o", 8), ("0b", 2)];
    let prefixed = prefixes.into_iter().find_map(|(prefix, of)| {
        Some((lower.strip_prefix(prefix)?, of)).filter(|_| base == of || base == 0)
    });
    let (digits, base) = match prefixed {
        Some((digits, of)) => (digits.to_owned(), of),
        None if base == 0 => (lower, 10),
        None => (lower, base),
    };
    let underscores = digits.starts_with('_') || digits.ends_with('_') || digits.contains("__");
    if underscores || !(2..=36).contains(&base) || digits.starts_with(['+', '-']) {
        return None;
    }
    let number = i128::from_str_radix(&digits.replace('_', ""), base).ok()?;
    Some(if sign { -number } else { number })
}

/// Python's `float(text)`.
fn parse_float(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.contains("__") || text.starts_with('_') || text.ends_with('_') {
        return None;
    }
    text.replace('_', "").parse().ok()
}

fn float(call: &Arguments<'_>) -> Value {
    let number = match call.input.as_str() {
        Some(text) => parse_float(text),
        None => Number::of(&call.input).map(Number::float),
    };
    match number {
        Some(number) => Value::from(number),
        None => call.get("default").cloned().unwrap_or_else(|| Value::from(0.0)),
    }
}
