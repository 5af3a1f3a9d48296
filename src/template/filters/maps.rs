//! Filters on mappings.

use super::lists::attribute_of;
use super::seen::{Plain, Seen};
use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::operators::{equal, sort_by_key};
use crate::template::python::python_text;
use crate::template::value::{
    dict, entries, entry, is_list, is_map, items, list, present, refuse, tuple, type_name,
};
use minijinja::{Error, Value};
use std::collections::HashMap;

pub(super) const FILTERS: &[Plugin] = &[
    plugin("attr", &["name"], |call| {
        let name = call.text("name")?;
        let found = if is_map(&call.input) {
            crate::template::methods::find(&call.input, &name)
                .and_then(|_| crate::template::attributes::attribute(&call.input, &name))
        } else {
            crate::template::attributes::attribute(&call.input, &name)
        };
        Ok(found.unwrap_or_else(|| attribute_of(&Value::from(()), &Value::from(name))))
    }),
    plugin("combine", &["*", "recursive?", "list_merge?"], combine),
    // Without its collection there is no such filter.
    plugin("community.general.dict", &[], |call| {
        crate::template::methods::pairs(&call.input).map(dict)
    }),
    plugin("dict2items", &["key_name?", "value_name?"], dict2items),
    plugin("dictsort", &["case_sensitive?", "by?", "reverse?"], dictsort),
    plugin("items", &[], |call| {
        let entries = entries(&call.input, "items")?;
        Ok(list(entries.into_iter().map(|(key, value)| tuple(vec![key, value]))))
    }),
    plugin("items2dict", &["key_name?", "value_name?"], items2dict),
    plugin("rekey_on_member", &["key", "duplicates?"], rekey),
    plugin("subelements", &["subelements", "skip_missing?"], subelements),
];

fn combine(call: &Arguments<'_>) -> Result<Value, Error> {
    let recursive = call.flag("recursive", false)?;
    let how = call.some_text("list_merge")?.unwrap_or_else(|| "replace".to_owned());
    let mut all = Vec::new();
    let given = std::iter::once(call.input.clone()).chain(call.rest.positional.clone());
    super::flatten(&given.collect::<Vec<_>>(), Some(1), true, &mut all)?;
    let mut combined = Vec::new();
    for map in &all {
        combined = merge(combined, entries(map, "combine")?, recursive, &how)?;
    }
    Ok(dict(combined))
}

type Entries = Vec<(Value, Value)>;

fn merge(mut under: Entries, over: Entries, recursive: bool, how: &str) -> Result<Entries, Error> {
    const WAYS: [&str; 6] = ["replace", "keep", "append", "prepend", "append_rp", "prepend_rp"];
    if !WAYS.contains(&how) {
        let ways = WAYS.join(", ");
        return Err(refuse(format!("`list_merge` must be one of {ways}, not `{how}`")));
    }
    let places: HashMap<Plain, usize> =
        under.iter().enumerate().filter_map(|(at, (key, _))| Some((Plain::of(key)?, at))).collect();
    for (key, value) in over {
        let place = Plain::of(&key).and_then(|key| places.get(&key));
        let Some((_, known)) = place.and_then(|at| under.get_mut(*at)) else {
            under.push((key, value));
            continue;
        };
        *known = if recursive && is_map(known) && is_map(&value) {
            let (below, above) = (entries(known, "combine")?, entries(&value, "combine")?);
            dict(merge(below, above, recursive, how)?)
        } else if is_list(known) && is_list(&value) {
            merge_lists(known, value, how)?
        } else {
            value
        };
    }
    Ok(under)
}

fn merge_lists(under: &Value, over: Value, how: &str) -> Result<Value, Error> {
    let (below, above) = (items(under)?, items(&over)?);
    let rest = || -> Vec<Value> {
        let above: Seen = above.iter().collect();
        below.iter().filter(|item| !above.holds(item)).cloned().collect()
    };
    Ok(list(match how {
        "keep" => below,
        "append" => [below, above].concat(),
        "prepend" => [above, below].concat(),
        "append_rp" => [rest(), above].concat(),
        "prepend_rp" => [above.clone(), rest()].concat(),
        _ => return Ok(over),
    }))
}

fn names(call: &Arguments<'_>) -> Result<(Value, Value), Error> {
    let key = call.some_text("key_name")?.unwrap_or_else(|| "key".to_owned());
    let value = call.some_text("value_name")?.unwrap_or_else(|| "value".to_owned());
    Ok((Value::from(key), Value::from(value)))
}

fn dict2items(call: &Arguments<'_>) -> Result<Value, Error> {
    let (key_name, value_name) = names(call)?;
    let entries = entries(&call.input, "dict2items")?;
    entries.iter().try_for_each(|(_, value)| present(value).map(|_| ()))?;
    Ok(list(
        entries
            .into_iter()
            .map(|(key, value)| dict([(key_name.clone(), key), (value_name.clone(), value)])),
    ))
}

fn items2dict(call: &Arguments<'_>) -> Result<Value, Error> {
    let (key_name, value_name) = names(call)?;
    let mut map = Vec::new();
    for item in call.input_list()? {
        let part = |name: &Value| {
            entry(&item, name).ok_or_else(|| refuse(format!("an item without `{name}`")))
        };
        map.push((part(&key_name)?, part(&value_name)?));
    }
    Ok(dict(map))
}

fn dictsort(call: &Arguments<'_>) -> Result<Value, Error> {
    let sensitive = call.flag("case_sensitive", false)?;
    let by_value = match call.some_text("by")?.as_deref() {
        None | Some("key") => false,
        Some("value") => true,
        Some(other) => return Err(refuse(format!("`by` must be key or value, not `{other}`"))),
    };
    let mut pairs: Vec<(Value, Value)> = entries(&call.input, "dictsort")?
        .into_iter()
        .map(|(key, value)| {
            let sorted = if by_value { value.clone() } else { key.clone() };
            (super::lists::folded(sorted, sensitive), tuple(vec![key, value]))
        })
        .collect();
    sort_by_key(&mut pairs, call.flag("reverse", false)?)?;
    Ok(list(pairs.into_iter().map(|(_, pair)| pair)))
}

fn rekey(call: &Arguments<'_>) -> Result<Value, Error> {
    let key = call.value("key")?;
    let overwrite = match call.some_text("duplicates")?.as_deref() {
        None | Some("error") => false,
        Some("overwrite") => true,
        Some(other) => {
            return Err(refuse(format!("`duplicates` must be error or overwrite, not `{other}`")));
        }
    };
    let values = if is_map(&call.input) {
        entries(&call.input, "rekey_on_member")?.into_iter().map(|(_, value)| value).collect()
    } else {
        call.input_list()?
    };
    let mut rekeyed: Entries = Vec::new();
    for item in values {
        let name = entry(&item, key)
            .ok_or_else(|| refuse(format!("`{key}` is not in each of the items")))?;
        match rekeyed.iter_mut().find(|(known, _)| equal(known, &name)) {
            Some((_, known)) if overwrite => *known = item,
            Some(_) => return Err(refuse(format!("`{name}` is there more than once"))),
            None => rekeyed.push((name, item)),
        }
    }
    Ok(dict(rekeyed))
}

fn subelements(call: &Arguments<'_>) -> Result<Value, Error> {
    let skip_missing = call.flag("skip_missing", false)?;
    let keys = match call.value("subelements")? {
        keys if is_list(keys) => items(keys)?,
        keys => python_text(keys)?.split('.').map(Value::from).collect(),
    };
    let elements = if is_map(&call.input) {
        entries(&call.input, "subelements")?.into_iter().map(|(_, value)| value).collect()
    } else {
        call.input_list()?
    };
    let mut pairs = Vec::new();
    for element in elements {
        let mut inner = Some(element.clone());
        for key in &keys {
            let Some(holder) = &inner else { break };
            if !is_map(holder) {
                return Err(refuse(format!("`{key}` should be in a mapping")));
            }
            inner = entry(holder, key);
            if inner.is_none() && !skip_missing {
                return Err(refuse(format!("`{key}` is not in each of the items")));
            }
        }
        let Some(inner) = inner else { continue };
        if !is_list(present(&inner)?) {
            let found = type_name(&inner);
            return Err(refuse(format!("`subelements` must lead to lists, not `{found}`")));
        }
        pairs.extend(items(&inner)?.into_iter().map(|sub| tuple(vec![element.clone(), sub])));
    }
    Ok(list(pairs))
}
