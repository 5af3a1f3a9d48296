//! Methods of mappings.

use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::value::{
    self, Dict, dict, entries, entry, items, list, may_hold, none, refuse, tuple,
};
use indexmap::IndexMap;
use minijinja::{Error, Value};
use std::sync::MutexGuard;

pub(super) const METHODS: &[Plugin] = &[
    plugin("clear", &[], |call| {
        changeable(call)?.clear();
        Ok(none())
    }),
    plugin("copy", &[], |call| Ok(dict(entries(&call.input, "copy")?))),
    plugin("get", &["key", "default?"], |call| {
        let found = entry(&call.input, call.value("key")?);
        Ok(found.unwrap_or_else(|| call.get("default").cloned().unwrap_or_else(none)))
    }),
    plugin("items", &[], |call| {
        let entries = entries(&call.input, "items")?;
        Ok(list(entries.into_iter().map(|(key, value)| tuple(vec![key, value]))))
    }),
    plugin("keys", &[], |call| Ok(list(call.input_items()?))),
    plugin("pop", &["key", "default?"], |call| {
        let removed = changeable(call)?.shift_remove(call.value("key")?);
        removed.or_else(|| call.get("default").cloned()).ok_or_else(|| no_entry(call))
    }),
    plugin("popitem", &[], |call| {
        let removed = changeable(call)?.pop();
        let (key, value) = removed.ok_or_else(|| refuse("the mapping is empty"))?;
        Ok(tuple(vec![key, value]))
    }),
    plugin("setdefault", &["key", "default?"], |call| {
        let default = call.get("default").cloned().unwrap_or_else(none);
        may_hold(&call.input, &default)?;
        let key = call.value("key")?.clone();
        Ok(changeable(call)?.entry(key).or_insert(default).clone())
    }),
    plugin("update", &["values?", "**"], update),
    plugin("values", &[], |call| {
        Ok(list(entries(&call.input, "values")?.into_iter().map(|(_, value)| value)))
    }),
];

/// The mapping itself, to be changed.
fn changeable<'a>(
    call: &'a Arguments<'_>,
) -> Result<MutexGuard<'a, IndexMap<Value, Value>>, Error> {
    match call.input.downcast_object_ref::<Dict>() {
        Some(map) => Ok(map.lock()),
        None => Err(refuse(format!(
            "`{}` cannot change a mapping whose entries are templates; make a copy: `x.copy()`",
            call.name()
        ))),
    }
}

fn no_entry(call: &Arguments<'_>) -> Error {
    let key = call.get("key").map(ToString::to_string).unwrap_or_default();
    refuse(format!("the mapping has no entry `{key}`"))
}

fn update(call: &Arguments<'_>) -> Result<Value, Error> {
    let mut more = Vec::new();
    if let Some(values) = call.get("values") {
        more = pairs(values)?;
    }
    let named = call.rest.named.iter();
    more.extend(named.map(|(name, value)| (Value::from(name.as_str()), value.clone())));
    more.iter().try_for_each(|(_, value)| may_hold(&call.input, value))?;
    changeable(call)?.extend(more);
    Ok(none())
}

/// A mapping's entries, or a list of pairs.
pub(in crate::template) fn pairs(values: &Value) -> Result<Vec<(Value, Value)>, Error> {
    if value::is_map(values) {
        return entries(values, "update");
    }
    let pair = |item: Value| match items(&item)?.as_slice() {
        [key, value] => Ok((key.clone(), value.clone())),
        _ => Err(refuse("a list of pairs is needed")),
    };
    items(values)?.into_iter().map(pair).collect()
}
