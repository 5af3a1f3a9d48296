//! Filters on lists.

use super::seen::Seen;
use crate::template::attributes;
use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::error::TemplateError;
use crate::template::limits::{fits, joined};
use crate::template::numbers::Number;
use crate::template::operators::{add, compare, sort_by_key};
use crate::template::python::python_text;
use crate::template::value::{
    self, entries, is_list, is_map, items, length, list, missing, none, present, refuse, tuple,
    why_missing,
};
use minijinja::{Error, Value};
use std::cmp::Ordering;

pub(super) const FILTERS: &[Plugin] = &[
    plugin("batch", &["linecount", "fill_with?"], batch),
    plugin("count", &[], |call| length(&call.input).map(Value::from)),
    plugin("first", &[], |call| Ok(or_empty(call.input_items()?.into_iter().next(), call))),
    plugin("flatten", &["levels?", "skip_nulls?"], |call| {
        let skip_nulls = call.flag("skip_nulls", true)?;
        let mut flat = Vec::new();
        flatten(&call.input_items()?, call.count("levels")?, skip_nulls, &mut flat)?;
        Ok(list(flat))
    }),
    plugin("join", &["d?", "attribute?"], join),
    plugin("last", &[], |call| Ok(or_empty(call.input_items()?.into_iter().last(), call))),
    plugin("length", &[], |call| length(&call.input).map(Value::from)),
    plugin("max", &["case_sensitive?", "attribute?"], |call| extreme(call, Ordering::Greater)),
    plugin("min", &["case_sensitive?", "attribute?"], |call| extreme(call, Ordering::Less)),
    plugin("reverse", &[], |call| {
        let reversed = call.input_items()?.into_iter().rev();
        Ok(match call.input.as_str() {
            Some(text) => Value::from(text.chars().rev().collect::<String>()),
            None => list(reversed),
        })
    }),
    plugin("slice", &["slices", "fill_with?"], slice),
    plugin("sort", &["reverse?", "case_sensitive?", "attribute?"], sort),
    plugin("sum", &["attribute?", "start?"], sum),
];

/// What is at an attribute's path, or why there is nothing.
pub(in crate::template) fn attribute_of(item: &Value, attribute: &Value) -> Value {
    if why_missing(item).is_some() {
        return item.clone();
    }
    attributes::path(item, attribute).unwrap_or_else(|| missing(no_attribute(item, attribute)))
}

pub(super) fn no_attribute(holder: &Value, attribute: &Value) -> TemplateError {
    let name = attribute.to_string();
    let known: Vec<String> = if is_map(holder) {
        entries(holder, "attribute")
            .unwrap_or_default()
            .iter()
            .filter_map(|(key, _)| key.as_str().map(str::to_owned))
            .collect()
    } else {
        Vec::new()
    };
    let near = crate::error::near_matches(&name, known.iter().map(String::as_str));
    let template = format!("attribute `{name}`");
    TemplateError::Undefined { name, template, chain: Vec::new(), near }
}

/// Text in small letters, unless the case counts.
pub(super) fn folded(key: Value, case_sensitive: bool) -> Value {
    match key.as_str() {
        Some(text) if !case_sensitive => Value::from(text.to_lowercase()),
        _ => key,
    }
}

fn or_empty(found: Option<Value>, call: &Arguments<'_>) -> Value {
    found.unwrap_or_else(|| {
        missing(TemplateError::Undefined {
            name: format!("{} item", call.name()),
            template: "an empty list".to_owned(),
            chain: Vec::new(),
            near: Vec::new(),
        })
    })
}

fn batch(call: &Arguments<'_>) -> Result<Value, Error> {
    let size = call.count("linecount")?.filter(|size| *size > 0);
    let size = size.ok_or_else(|| refuse("`batch` needs a size above zero"))?;
    let mut batches = Vec::new();
    for chunk in call.input_items()?.chunks(size) {
        let mut chunk = chunk.to_vec();
        if let Some(fill) = call.some("fill_with") {
            fits(size)?;
            chunk.resize(size, fill.clone());
        }
        batches.push(list(chunk));
    }
    Ok(list(batches))
}

fn slice(call: &Arguments<'_>) -> Result<Value, Error> {
    let count = call.count("slices")?.filter(|count| *count > 0);
    let count = count.ok_or_else(|| refuse("`slice` needs a count above zero"))?;
    let all = call.input_items()?;
    let (size, longer) = (all.len() / count, all.len() % count);
    let mut slices = Vec::new();
    let mut rest = all.as_slice();
    for number in 0..count.min(100_000) {
        let (part, after) = rest.split_at(size + usize::from(number < longer));
        let mut part = part.to_vec();
        if let Some(fill) = call.some("fill_with").filter(|_| number >= longer && longer > 0) {
            part.push(fill.clone());
        }
        slices.push(list(part));
        rest = after;
    }
    Ok(list(slices))
}

/// Lists inside of lists, `levels` deep, in one list.
pub(in crate::template) fn flatten(
    nested: &[Value],
    levels: Option<usize>,
    skip_nulls: bool,
    flat: &mut Vec<Value>,
) -> Result<(), Error> {
    for item in nested {
        let null = item.is_none() || matches!(item.as_str(), Some("None" | "null"));
        match levels {
            _ if skip_nulls && null => {}
            Some(0) => flat.push(item.clone()),
            _ if is_list(item) => {
                flatten(&items(item)?, levels.map(|levels| levels - 1), skip_nulls, flat)?;
            }
            _ => flat.push(item.clone()),
        }
    }
    Ok(())
}

fn join(call: &Arguments<'_>) -> Result<Value, Error> {
    let mut parts = Vec::new();
    for item in call.input_items()? {
        let item = match call.some("attribute") {
            Some(attribute) => attribute_of(&item, attribute),
            None => item,
        };
        parts.push(python_text(&item)?);
    }
    let separator = call.get("d").map(python_text).transpose()?.unwrap_or_default();
    joined(&parts, &separator).map(Value::from)
}

fn extreme(call: &Arguments<'_>, wanted: Ordering) -> Result<Value, Error> {
    let sensitive = call.flag("case_sensitive", false)?;
    let mut best: Option<(Value, Value)> = None;
    for item in call.input_items()? {
        let key = match call.some("attribute") {
            Some(attribute) => attribute_of(&item, attribute),
            None => item.clone(),
        };
        let key = folded(present(&key)?.clone(), sensitive);
        let better = match &best {
            Some((_, known)) => compare(&key, known)? == wanted,
            None => true,
        };
        if better {
            best = Some((item, key));
        }
    }
    Ok(or_empty(best.map(|(item, _)| item), call))
}

fn sort(call: &Arguments<'_>) -> Result<Value, Error> {
    let reverse = call.flag("reverse", false)?;
    let sensitive = call.flag("case_sensitive", false)?;
    let attributes: Vec<String> = match call.some_text("attribute")? {
        Some(names) => names.split(',').map(str::to_owned).collect(),
        None => Vec::new(),
    };
    let mut pairs = Vec::new();
    for item in call.input_items()? {
        let key = match attributes.as_slice() {
            [] => folded(present(&item)?.clone(), sensitive),
            names => {
                let mut keys = Vec::new();
                for name in names {
                    let key = attribute_of(&item, &Value::from(name.as_str()));
                    keys.push(folded(present(&key)?.clone(), sensitive));
                }
                tuple(keys)
            }
        };
        pairs.push((key, item));
    }
    sort_by_key(&mut pairs, reverse)?;
    Ok(list(pairs.into_iter().map(|(_, item)| item)))
}

fn sum(call: &Arguments<'_>) -> Result<Value, Error> {
    let start = call.get("start").cloned().unwrap_or_else(|| Value::from(0));
    if start.as_str().is_some() {
        return Err(refuse("`sum` adds no texts; use `join`"));
    }
    call.input_items()?.into_iter().try_fold(start, |sum, item| {
        let item = match call.some("attribute") {
            Some(attribute) => attribute_of(&item, attribute),
            None => item,
        };
        add(&sum, present(&item)?)
    })
}

/// The distinct items, in the order of their first appearance.
pub(super) fn distinct(all: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut seen = Seen::default();
    all.into_iter().filter(|item| seen.add(item)).collect()
}

/// A number of times something may be made; keeps products from filling the memory.
pub(super) const MOST_ITEMS: usize = 1_000_000;

/// What stands at a place, or nothing.
pub(super) fn at_or_none(list: &[Value], at: usize, fill: Option<&Value>) -> Value {
    list.get(at).cloned().unwrap_or_else(|| fill.cloned().unwrap_or_else(none))
}

/// Whether the value is a whole number that fits a count.
pub(super) fn whole_count(value: &Value) -> Option<usize> {
    match Number::of(value) {
        Some(Number::Integer(number)) => usize::try_from(number).ok(),
        _ => None,
    }
}

/// The items of several lists.
pub(super) fn lists_of(values: &[Value]) -> Result<Vec<Vec<Value>>, Error> {
    values.iter().map(value::items).collect()
}
