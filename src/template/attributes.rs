//! `a.b` and `a['b']` as Jinja looks: an attribute finds methods before entries, an item entries
//! before methods.

use super::evaluate::Callable;
use super::methods;
use super::numbers::Number;
use super::value::{entry, is_list, is_map, items};
use minijinja::Value;
use minijinja::value::ValueKind;

/// `container.name`; `None` when there is none.
pub(super) fn attribute(container: &Value, name: &str) -> Option<Value> {
    method(container, name).or_else(|| direct(container, &Value::from(name)))
}

/// `container[key]`; `None` when there is none.
pub(super) fn item(container: &Value, key: &Value) -> Option<Value> {
    let found = match Number::of(key) {
        Some(Number::Integer(index)) if is_list(container) || container.as_str().is_some() => {
            return at(container, index);
        }
        _ => direct(container, key),
    };
    found.or_else(|| method(container, key.as_str()?))
}

/// A dotted path as `map(attribute=…)`, `sort`, `groupby` and their like take it: `a.b.0.c`.
pub(super) fn path(value: &Value, path: &Value) -> Option<Value> {
    let Some(text) = path.as_str() else { return item(value, path) };
    text.split('.').try_fold(value.clone(), |value, part| match part.parse::<i64>() {
        Ok(index) if part.bytes().all(|byte| byte.is_ascii_digit()) => {
            item(&value, &Value::from(index))
        }
        _ => item(&value, &Value::from(part)),
    })
}

fn method(container: &Value, name: &str) -> Option<Value> {
    methods::find(container, name)?;
    let (receiver, name) = (container.clone(), name.to_owned());
    Some(Value::from_object(Callable::Method { receiver, name }))
}

fn direct(container: &Value, key: &Value) -> Option<Value> {
    if is_map(container) {
        return entry(container, key);
    }
    if container.kind() == ValueKind::Plain {
        return container.as_object()?.get_value(key);
    }
    None
}

fn at(container: &Value, index: i128) -> Option<Value> {
    if is_list(container) && index >= 0 {
        return container.as_object()?.get_value(&Value::from(u64::try_from(index).ok()?));
    }
    let all = items(container).ok()?;
    let length = i128::try_from(all.len()).ok()?;
    let index = if index < 0 { index + length } else { index };
    all.get(usize::try_from(index).ok()?).cloned()
}
