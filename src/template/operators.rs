//! Operators as Python has them: what cannot be added or compared there cannot be here.

use super::limits::{fits, repeated};
use super::python::python_text;
use super::value::{self, is_list, is_map, items, present, refuse, tuple, type_name};
use super::{numbers::Number, printf};
use minijinja::machinery::ast::BinOpKind;
use minijinja::{Error, Value};
use std::cmp::Ordering;

/// An operator that looks at both of its sides.
pub(super) fn apply(operator: BinOpKind, left: &Value, right: &Value) -> Result<Value, Error> {
    present(left)?;
    present(right)?;
    match operator {
        BinOpKind::Add => add(left, right),
        BinOpKind::Mul => multiply(left, right),
        BinOpKind::Rem => match left.as_str() {
            Some(format) => printf::format(format, right).map(Value::from),
            None => arithmetic("%", left, right, Number::modulo),
        },
        BinOpKind::Sub => arithmetic("-", left, right, Number::subtract),
        BinOpKind::Div => arithmetic("/", left, right, Number::divide),
        BinOpKind::FloorDiv => arithmetic("//", left, right, Number::floor_divide),
        BinOpKind::Pow => arithmetic("**", left, right, Number::power),
        BinOpKind::Concat => {
            let (left, right) = (python_text(left)?, python_text(right)?);
            fits(left.len() + right.len())?;
            Ok(Value::from(left + &right))
        }
        BinOpKind::Eq => Ok(Value::from(equal(left, right))),
        BinOpKind::Ne => Ok(Value::from(!equal(left, right))),
        BinOpKind::Lt => compare(left, right).map(|order| Value::from(order.is_lt())),
        BinOpKind::Lte => compare(left, right).map(|order| Value::from(order.is_le())),
        BinOpKind::Gt => compare(left, right).map(|order| Value::from(order.is_gt())),
        BinOpKind::Gte => compare(left, right).map(|order| Value::from(order.is_ge())),
        BinOpKind::In => contains(right, left).map(Value::from),
        BinOpKind::ScAnd | BinOpKind::ScOr => Err(refuse("`and` and `or` are evaluated lazily")),
    }
}

fn arithmetic(
    symbol: &str,
    left: &Value,
    right: &Value,
    operation: fn(Number, Number) -> Result<Number, Error>,
) -> Result<Value, Error> {
    match (Number::of(left), Number::of(right)) {
        (Some(left), Some(right)) => operation(left, right).map(Value::from),
        _ => super::datetime::arithmetic(symbol, left, right)
            .unwrap_or_else(|| Err(unsupported(symbol, left, right))),
    }
}

fn unsupported(symbol: &str, left: &Value, right: &Value) -> Error {
    let (left, right) = (type_name(left), type_name(right));
    refuse(format!("`{symbol}` does not go between `{left}` and `{right}`"))
}

pub(super) fn add(left: &Value, right: &Value) -> Result<Value, Error> {
    if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
        fits(left.len() + right.len())?;
        return Ok(Value::from(format!("{left}{right}")));
    }
    if is_list(left) && is_list(right) && left.is_tuple() == right.is_tuple() {
        let both = [items(left)?, items(right)?].concat();
        fits(both.len())?;
        return Ok(if left.is_tuple() { tuple(both) } else { value::list(both) });
    }
    arithmetic("+", left, right, Number::add)
}

fn multiply(left: &Value, right: &Value) -> Result<Value, Error> {
    for (part, count) in [(left, right), (right, left)] {
        let Some(Number::Integer(count)) = Number::of(count) else { continue };
        let count = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
        if let Some(text) = part.as_str() {
            return repeated(text, count).map(Value::from);
        }
        if is_list(part) {
            let list = items(part)?;
            fits(list.len().saturating_mul(count))?;
            let all: Vec<Value> = if list.is_empty() {
                list
            } else {
                std::iter::repeat_n(list, count).flatten().collect()
            };
            return Ok(if part.is_tuple() { tuple(all) } else { value::list(all) });
        }
    }
    arithmetic("*", left, right, Number::multiply)
}

/// Whether two values are equal: numbers and booleans by value, containers by content.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (Number::of(left), Number::of(right)) {
        (Some(left), Some(right)) => left.compare(right) == Some(Ordering::Equal),
        (None, None) if is_list(left) && is_list(right) => {
            let (Ok(left_items), Ok(right_items)) = (items(left), items(right)) else {
                return false;
            };
            left.is_tuple() == right.is_tuple()
                && left_items.len() == right_items.len()
                && left_items.iter().zip(&right_items).all(|(left, right)| equal(left, right))
        }
        (None, None) if is_map(left) && is_map(right) => {
            let (Ok(left), Ok(count)) = (value::entries(left, "=="), value::length(right)) else {
                return false;
            };
            left.len() == count
                && left.iter().all(|(key, item)| {
                    value::entry(right, key).is_some_and(|other| equal(item, &other))
                })
        }
        (None, None) => left.kind() == right.kind() && left == right,
        _ => false,
    }
}

/// The order of two values; only numbers with numbers, text with text, lists with lists.
pub(super) fn compare(left: &Value, right: &Value) -> Result<Ordering, Error> {
    present(left)?;
    present(right)?;
    if let (Some(left), Some(right)) = (Number::of(left), Number::of(right)) {
        return Ok(left.compare(right).unwrap_or(Ordering::Greater));
    }
    if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
        return Ok(left.cmp(right));
    }
    if let Some(order) = super::datetime::compare(left, right) {
        return Ok(order);
    }
    if is_list(left) && is_list(right) && left.is_tuple() == right.is_tuple() {
        let (left, right) = (items(left)?, items(right)?);
        for (left, right) in left.iter().zip(&right) {
            if !equal(left, right) {
                return compare(left, right);
            }
        }
        return Ok(left.len().cmp(&right.len()));
    }
    let (left, right) = (type_name(left), type_name(right));
    Err(refuse(format!("`{left}` and `{right}` have no order")))
}

/// Sorts as Python does, or says which two values have no order.
pub(super) fn sort_by_key(list: &mut [(Value, Value)], reverse: bool) -> Result<(), Error> {
    let mut failed = None;
    list.sort_by(|(left, _), (right, _)| {
        let order = compare(left, right).unwrap_or_else(|error| {
            failed.get_or_insert(error);
            Ordering::Equal
        });
        if reverse { order.reverse() } else { order }
    });
    failed.map_or(Ok(()), Err)
}

/// Whether `item` is in `container`.
pub(super) fn contains(container: &Value, item: &Value) -> Result<bool, Error> {
    present(container)?;
    present(item)?;
    if let Some(text) = container.as_str() {
        return match item.as_str() {
            Some(part) => Ok(text.contains(part)),
            None => Err(refuse(format!("`{}` cannot be looked for in text", type_name(item)))),
        };
    }
    if is_map(container) {
        return Ok(value::entry(container, item).is_some());
    }
    if is_list(container) {
        return Ok(items(container)?.iter().any(|known| equal(known, item)));
    }
    Err(refuse(format!("`in` does not look into `{}`", type_name(container))))
}

/// `value[start:stop:step]`.
pub(super) fn slice(
    value: &Value,
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
) -> Result<Value, Error> {
    present(value)?;
    if !is_list(value) && value.as_str().is_none() {
        return Err(refuse(format!("`{}` cannot be sliced", type_name(value))));
    }
    let all = items(value)?;
    let length = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(refuse("the step of a slice cannot be zero"));
    }
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let place = |index: i64| {
        let index = if index < 0 { index.saturating_add(length) } else { index };
        index.clamp(low, high)
    };
    let mut at = start.map_or(if step > 0 { low } else { high }, place);
    let end = stop.map_or(if step > 0 { high } else { low }, place);
    let mut picked = Vec::new();
    while if step > 0 { at < end } else { at > end } {
        picked.extend(usize::try_from(at).ok().and_then(|index| all.get(index)).cloned());
        at = at.saturating_add(step);
    }
    if value.as_str().is_some() {
        let text: String = picked.iter().filter_map(Value::as_str).collect();
        return Ok(Value::from(text));
    }
    Ok(if value.is_tuple() { tuple(picked) } else { value::list(picked) })
}
