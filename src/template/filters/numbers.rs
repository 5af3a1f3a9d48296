//! Filters that make numbers, booleans and choices.

use super::super::python::python_text;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Value};

pub(super) fn register(environment: &mut Environment<'static>) {
    for name in ["default", "d"] {
        environment.add_filter(name, default);
    }
    environment.add_filter("int", int);
    environment.add_filter("float", float);
    environment.add_filter("bool", boolean);
    environment.add_filter("ternary", ternary);
    environment.add_filter("type_debug", |value: Value| type_name(&value));
}

fn default(
    value: &Value,
    other: Option<Value>,
    also_false: Option<bool>,
    options: Kwargs,
) -> Result<Value, Error> {
    let named: Option<Value> = options.get("default_value")?;
    let boolean: Option<bool> = options.get("boolean")?;
    options.assert_all_used()?;
    let also_false = also_false.or(boolean).unwrap_or(false);
    if value.is_undefined() || (also_false && !value.is_true()) {
        return Ok(other.or(named).unwrap_or_else(|| Value::from("")));
    }
    Ok(value.clone())
}

/// Jinja's `int`: what is no number is the default, 0.
fn int(
    value: Value,
    other: Option<Value>,
    base: Option<u32>,
    options: Kwargs,
) -> Result<Value, Error> {
    let named: Option<Value> = options.get("default")?;
    let named_base: Option<u32> = options.get("base")?;
    options.assert_all_used()?;
    let other = other.or(named).unwrap_or_else(|| Value::from(0));
    let base = base.or(named_base).unwrap_or(10);
    if !(2..=36).contains(&base) {
        return Err(Error::new(ErrorKind::InvalidOperation, "`base` must be between 2 and 36"));
    }
    Ok(match value.kind() {
        ValueKind::Bool => Value::from(i64::from(value.is_true())),
        ValueKind::Number if value.is_integer() => value,
        ValueKind::Number => f64::try_from(value).map_or(other, whole),
        ValueKind::String => parse_int(&value.to_string(), base).unwrap_or(other),
        _ => other,
    })
}

#[expect(clippy::cast_possible_truncation, reason = "Python's int cuts the fraction off as well")]
fn whole(number: f64) -> Value {
    Value::from(number.trunc() as i64)
}

fn parse_int(text: &str, base: u32) -> Option<Value> {
    let text = text.trim();
    let bare = match base {
        16 => text.trim_start_matches("0x"),
        8 => text.trim_start_matches("0o"),
        2 => text.trim_start_matches("0b"),
        _ => text,
    };
    let integer = i64::from_str_radix(bare, base).ok().map(Value::from);
    integer.or_else(|| text.parse::<f64>().ok().filter(|n| n.is_finite()).map(whole))
}

fn float(value: Value, other: Option<f64>) -> f64 {
    let other = other.unwrap_or(0.0);
    match value.kind() {
        ValueKind::Bool => f64::from(u8::from(value.is_true())),
        ValueKind::String => value.to_string().trim().parse().unwrap_or(other),
        _ => f64::try_from(value).unwrap_or(other),
    }
}

/// Ansible's `bool`: the words that mean true are true, and so is 1; everything else is false.
fn boolean(value: Value) -> Value {
    match value.kind() {
        ValueKind::Bool => value,
        ValueKind::None => Value::from(false),
        _ => {
            let text = value.to_string().to_lowercase();
            Value::from(matches!(text.as_str(), "yes" | "on" | "1" | "true" | "y" | "t" | "1.0"))
        }
    }
}

fn ternary(value: Value, yes: Value, no: Value, nothing: Option<Value>) -> Value {
    match nothing {
        Some(nothing) if value.is_none() => nothing,
        _ if value.is_true() => yes,
        _ => no,
    }
}

fn type_name(value: &Value) -> Result<&'static str, Error> {
    Ok(match value.kind() {
        ValueKind::None => "NoneType",
        ValueKind::Bool => "bool",
        ValueKind::Number if value.is_integer() => "int",
        ValueKind::Number => "float",
        ValueKind::String => "str",
        ValueKind::Seq | ValueKind::Iterable => "list",
        ValueKind::Map => "dict",
        _ => {
            python_text(value)?;
            "object"
        }
    })
}
