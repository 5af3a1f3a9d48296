//! Lookups that arrange lists for loops.

use super::Asked;
use crate::template::call::Call;
use crate::template::filters;
use crate::template::limits::fits;
use crate::template::value::{
    self, dict as map, entries, entry, is_list, is_map, none, present, refuse, truth, tuple,
    type_name,
};
use minijinja::{Error, Value};

/// One level of lists in the terms is opened.
fn flat(terms: &[Value]) -> Result<Vec<Value>, Error> {
    let mut flat = Vec::new();
    for term in terms {
        present(term)?;
        if is_list(term) { flat.extend(value::items(term)?) } else { flat.push(term.clone()) }
    }
    Ok(flat)
}

fn is_skipped(element: &Value) -> bool {
    entry(element, &Value::from("skipped")).is_some_and(|skipped| skipped.is_true())
}

pub(super) fn items(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    flat(&asked.terms)
}

pub(super) fn indexed_items(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let items = flat(&asked.terms)?.into_iter().enumerate();
    Ok(items.map(|(at, item)| tuple(vec![Value::from(at), item])).collect())
}

pub(super) fn dict(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let mut found = Vec::new();
    for term in &asked.terms {
        for (key, value) in entries(term, "dict")? {
            found.push(map([(Value::from("key"), key), (Value::from("value"), value)]));
        }
    }
    Ok(found)
}

pub(super) fn random_choice(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let terms = value::list(asked.terms.clone());
    filters::apply(asked.scope, "random", terms, Call::default()).map(|chosen| vec![chosen])
}

/// The lists of the terms; what is no list is one of one item.
fn lists(asked: &Asked<'_>) -> Result<Vec<Vec<Value>>, Error> {
    asked
        .terms
        .iter()
        .map(|term| if is_list(term) { value::items(term) } else { Ok(vec![term.clone()]) })
        .collect()
}

pub(super) fn together(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let lists = lists(asked)?;
    if lists.is_empty() {
        return Err(refuse("`together` needs lists"));
    }
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    let row = |at: usize| -> Result<Value, Error> {
        let row: Vec<Value> =
            lists.iter().map(|list| list.get(at).cloned().unwrap_or_else(none)).collect();
        flat(&row).map(value::list)
    };
    (0..longest).map(row).collect()
}

pub(super) fn nested(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let mut lists = lists(asked)?.into_iter();
    let first = lists.next().ok_or_else(|| refuse("`nested` needs lists"))?;
    let mut rows: Vec<Vec<Value>> = first.into_iter().map(|item| vec![item]).collect();
    for list in lists {
        fits(rows.len().saturating_mul(list.len()))?;
        let with = |row: &Vec<Value>| -> Vec<Vec<Value>> {
            list.iter().map(|item| [row.as_slice(), std::slice::from_ref(item)].concat()).collect()
        };
        rows = rows.iter().flat_map(with).collect();
    }
    // As in Ansible, what stands in the lists is opened twice.
    rows.iter().map(|row| flat(row).and_then(|row| flat(&row)).map(value::list)).collect()
}

/// Each element with each item of a list in it.
pub(super) fn subelements(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let (elements, path, flags) = match asked.terms.as_slice() {
        [elements, path] => (elements, path, None),
        [elements, path, flags] => (elements, path, Some(flags)),
        _ => return Err(refuse("`subelements` takes a list, a key and perhaps flags")),
    };
    let Some(path) = path.as_str() else { return Err(refuse("the key must be text")) };
    let skip_missing = match flags.and_then(|flags| entry(flags, &Value::from("skip_missing"))) {
        Some(flag) if flag.as_str().is_some() => filters::to_bool(&flag),
        Some(flag) => truth(&flag)?,
        None => false,
    };
    let elements = if is_map(elements) {
        if is_skipped(elements) {
            return Ok(Vec::new());
        }
        entries(elements, "subelements")?.into_iter().map(|(_, value)| value).collect()
    } else {
        value::list_items(elements, "subelements")?
    };
    let keys: Vec<&str> = path.split('.').collect();
    let mut found = Vec::new();
    for element in elements {
        if !is_map(&element) {
            return Err(refuse(format!(
                "elements must be mappings, not `{}`",
                type_name(&element)
            )));
        }
        if is_skipped(&element) {
            continue;
        }
        let Some((without, inner)) = take(&element, &keys, skip_missing)? else { continue };
        found.extend(inner.into_iter().map(|item| tuple(vec![without.clone(), item])));
    }
    Ok(found)
}

/// The mapping without the list at the end of the keys, and that list.
fn take(
    element: &Value,
    keys: &[&str],
    skip_missing: bool,
) -> Result<Option<(Value, Vec<Value>)>, Error> {
    let Some((key, rest)) = keys.split_first() else { return Ok(None) };
    let name = Value::from(*key);
    let inner = match entry(element, &name) {
        None if skip_missing => return Ok(None),
        None => return Err(refuse(format!("`{key}` is not in each of the elements"))),
        Some(inner) => inner,
    };
    let others = |replaced: Option<Value>| -> Result<Value, Error> {
        let mut kept = entries(element, "subelements")?;
        match replaced {
            Some(value) => {
                for (known, slot) in &mut kept {
                    if *known == name {
                        *slot = value.clone();
                    }
                }
            }
            None => kept.retain(|(known, _)| *known != name),
        }
        Ok(map(kept))
    };
    if rest.is_empty() {
        let list = value::list_items(&inner, "subelements")?;
        return Ok(Some((others(None)?, list)));
    }
    if !is_map(&inner) {
        if skip_missing {
            return Ok(None);
        }
        return Err(refuse(format!("`{key}` should be a mapping, not `{}`", type_name(&inner))));
    }
    let Some((inside, list)) = take(&inner, rest, skip_missing)? else { return Ok(None) };
    Ok(Some((others(Some(inside))?, list)))
}
