//! Methods of lists and tuples.

use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::operators::{equal, sort_by_key};
use crate::template::value::{self, List, may_hold, none, refuse};
use minijinja::{Error, Value};
use std::sync::MutexGuard;

pub(super) const TUPLE_METHODS: &[Plugin] =
    &[plugin("count", &["value"], count), plugin("index", &["value", "start?", "stop?"], index)];

pub(super) const METHODS: &[Plugin] = &[
    plugin("append", &["value"], |call| {
        let value = addition(call, "value")?;
        changeable(call)?.push(value);
        Ok(none())
    }),
    plugin("clear", &[], |call| {
        changeable(call)?.clear();
        Ok(none())
    }),
    plugin("copy", &[], |call| Ok(value::list(call.input_items()?))),
    plugin("count", &["value"], count),
    plugin("extend", &["values"], |call| {
        let more = value::items(call.value("values")?)?;
        more.iter().try_for_each(|item| may_hold(&call.input, item))?;
        changeable(call)?.extend(more);
        Ok(none())
    }),
    plugin("index", &["value", "start?", "stop?"], index),
    plugin("insert", &["at", "value"], insert),
    plugin("pop", &["at?"], pop),
    plugin("remove", &["value"], |call| {
        let wanted = call.value("value")?;
        let mut list = changeable(call)?;
        let at = list.iter().position(|item| equal(item, wanted));
        let at = at.ok_or_else(|| refuse("the list does not hold what is to be removed"))?;
        list.remove(at);
        Ok(none())
    }),
    plugin("reverse", &[], |call| {
        changeable(call)?.reverse();
        Ok(none())
    }),
    plugin("sort", &["reverse?"], |call| {
        let reverse = call.flag("reverse", false)?;
        let mut pairs: Vec<_> =
            call.input_items()?.into_iter().map(|item| (item.clone(), item)).collect();
        sort_by_key(&mut pairs, reverse)?;
        *changeable(call)? = pairs.into_iter().map(|(_, item)| item).collect();
        Ok(none())
    }),
];

/// The list itself, to be changed.
fn changeable<'a>(call: &'a Arguments<'_>) -> Result<MutexGuard<'a, Vec<Value>>, Error> {
    match call.input.downcast_object_ref::<List>() {
        Some(list) => Ok(list.lock()),
        None => Err(refuse(format!(
            "`{}` cannot change a list whose items are templates; make a copy: `x | list`",
            call.name()
        ))),
    }
}

fn addition(call: &Arguments<'_>, name: &str) -> Result<Value, Error> {
    let value = call.value(name)?;
    may_hold(&call.input, value)?;
    Ok(value.clone())
}

fn count(call: &Arguments<'_>) -> Result<Value, Error> {
    let wanted = call.value("value")?;
    Ok(Value::from(call.input_items()?.iter().filter(|item| equal(item, wanted)).count()))
}

fn index(call: &Arguments<'_>) -> Result<Value, Error> {
    let wanted = call.value("value")?;
    let (start, stop) = (call.count("start")?.unwrap_or(0), call.count("stop")?);
    let list = call.input_items()?;
    let found = list.iter().enumerate().skip(start).find(|(_, item)| equal(item, wanted));
    match found {
        Some((at, _)) if stop.is_none_or(|stop| at < stop) => Ok(Value::from(at)),
        _ => Err(refuse("the list does not hold what is looked for")),
    }
}

/// A place in the list as Python counts: from the end when it is negative.
fn place(at: i64, length: usize) -> usize {
    let from_end = usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX);
    if at < 0 { length.saturating_sub(from_end) } else { from_end.min(length) }
}

fn insert(call: &Arguments<'_>) -> Result<Value, Error> {
    let at = call.integer("at")?.unwrap_or(0);
    let value = addition(call, "value")?;
    let mut list = changeable(call)?;
    let at = place(at, list.len());
    list.insert(at, value);
    Ok(none())
}

fn pop(call: &Arguments<'_>) -> Result<Value, Error> {
    let at = call.integer("at")?.unwrap_or(-1);
    let mut list = changeable(call)?;
    let at = place(at, list.len());
    if at >= list.len() {
        return Err(refuse("the list has no such item"));
    }
    Ok(list.remove(at))
}
