//! Filters that apply another filter or a test to each item.

use super::{apply, attribute_of};
use crate::template::attributes;
use crate::template::call::{Arguments, Call, Plugin, plugin};
use crate::template::jinja_tests;
use crate::template::operators::{equal, sort_by_key};
use crate::template::value::{
    carry, is_list, items, list, missing, present, refuse, truth, tuple, why_missing,
};
use minijinja::{Error, Value};

pub(super) const FILTERS: &[Plugin] = &[
    plugin("extract", &["container", "morekeys?"], extract),
    plugin("groupby", &["attribute", "default?", "case_sensitive?"], group_by),
    plugin("map", &["*", "**"], map),
    plugin("reject", &["*", "**"], |call| select(call, false, false)),
    plugin("rejectattr", &["*", "**"], |call| select(call, true, false)),
    plugin("select", &["*", "**"], |call| select(call, false, true)),
    plugin("selectattr", &["*", "**"], |call| select(call, true, true)),
];

fn map(call: &Arguments<'_>) -> Result<Value, Error> {
    let mut rest = call.rest.clone();
    if rest.positional.is_empty() {
        let attribute =
            rest.take("attribute").ok_or_else(|| refuse("`map` needs a filter or an attribute"))?;
        let default = rest.take("default");
        if let Some((name, _)) = rest.named.first() {
            return Err(refuse(format!("`map` has no argument `{name}`")));
        }
        let parts = call.input_items()?.into_iter().map(|item| {
            let found = attributes::path(&item, &attribute);
            match (found, &default) {
                (Some(value), Some(default)) if why_missing(&value).is_some() => default.clone(),
                (Some(value), _) => value,
                (None, Some(default)) => default.clone(),
                (None, None) => attribute_of(&item, &attribute),
            }
        });
        return Ok(list(parts));
    }
    let name = rest.positional.remove(0);
    let Some(name) = name.as_str() else {
        return Err(refuse("`map` takes the name of a filter"));
    };
    let mut mapped = Vec::new();
    for item in call.input_items()? {
        mapped.push(apply(call.scope, name, item, rest.clone())?);
    }
    Ok(list(mapped))
}

fn select(call: &Arguments<'_>, by_attribute: bool, wanted: bool) -> Result<Value, Error> {
    let mut rest = call.rest.clone();
    let attribute = if by_attribute {
        if rest.positional.is_empty() {
            return Err(refuse(format!("`{}` needs an attribute", call.name())));
        }
        Some(rest.positional.remove(0))
    } else {
        None
    };
    let test = if rest.positional.is_empty() { None } else { Some(rest.positional.remove(0)) };
    let mut picked = Vec::new();
    for item in call.input_items()? {
        let asked = match &attribute {
            Some(attribute) => attribute_of(&item, attribute),
            None => item.clone(),
        };
        if holds(call, test.as_ref(), asked, rest.clone())? == wanted {
            picked.push(item);
        }
    }
    Ok(list(picked))
}

fn holds(
    call: &Arguments<'_>,
    test: Option<&Value>,
    asked: Value,
    rest: Call,
) -> Result<bool, Error> {
    let Some(test) = test else { return truth(&asked) };
    let Some(test) = test.as_str() else {
        return Err(refuse(format!("`{}` takes the name of a test", call.name())));
    };
    let outcome = jinja_tests::apply(call.scope, test, asked, rest)?;
    match why_missing(&outcome) {
        Some(error) => Err(carry(error.clone())),
        None => Ok(outcome.is_true()),
    }
}

fn extract(call: &Arguments<'_>) -> Result<Value, Error> {
    let mut keys = vec![call.input.clone()];
    match call.some("morekeys") {
        Some(more) if is_list(more) => keys.extend(items(more)?),
        Some(more) => keys.push(more.clone()),
        None => {}
    }
    let mut value = call.value("container")?.clone();
    for key in keys {
        if why_missing(&value).is_some() {
            break;
        }
        value = attributes::item(&value, &key)
            .unwrap_or_else(|| missing(super::lists::no_attribute(&value, &key)));
    }
    Ok(value)
}

fn group_by(call: &Arguments<'_>) -> Result<Value, Error> {
    let attribute = call.value("attribute")?;
    let sensitive = call.flag("case_sensitive", false)?;
    let mut pairs = Vec::new();
    for item in call.input_items()? {
        let mut key = attribute_of(&item, attribute);
        if let (Some(_), Some(default)) = (why_missing(&key), call.some("default")) {
            key = default.clone();
        }
        present(&key)?;
        pairs.push((super::lists::folded(key, sensitive), item));
    }
    sort_by_key(&mut pairs, false)?;
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for (key, item) in pairs {
        match groups.last_mut().filter(|(known, _)| equal(known, &key)) {
            Some((_, group)) => group.push(item),
            None => groups.push((key, vec![item])),
        }
    }
    let groups = groups.into_iter().map(|(key, group)| {
        let first = group.first().map(|item| attribute_of(item, attribute));
        let shown = first.filter(|key| !sensitive && why_missing(key).is_none()).unwrap_or(key);
        tuple(vec![shown, list(group)])
    });
    Ok(list(groups))
}
