//! Filters on lists.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, Value};
use std::cmp::Ordering;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("unique", unique);
    environment.add_filter("union", |left: Value, right: Value| {
        Ok::<_, Error>(distinct(items(&left)?.into_iter().chain(items(&right)?)))
    });
    environment.add_filter("intersect", |left: Value, right: Value| pick(&left, &right, true));
    environment.add_filter("difference", |left: Value, right: Value| pick(&left, &right, false));
    environment.add_filter("symmetric_difference", |left: Value, right: Value| {
        let mut list = items(&pick(&left, &right, false)?)?;
        list.extend(items(&pick(&right, &left, false)?)?);
        Ok::<_, Error>(distinct(list))
    });
    environment.add_filter("flatten", flatten);
    environment
        .add_filter("min", |list: Value, options: Kwargs| extreme(&list, &options, Ordering::Less));
    environment.add_filter("max", |list: Value, options: Kwargs| {
        extreme(&list, &options, Ordering::Greater)
    });
}

fn items(list: &Value) -> Result<Vec<Value>, Error> {
    list.try_iter()?.checked().collect()
}

fn distinct(list: impl IntoIterator<Item = Value>) -> Value {
    let mut seen: Vec<Value> = Vec::new();
    for item in list {
        if !seen.contains(&item) {
            seen.push(item);
        }
    }
    Value::from(seen)
}

fn unique(list: Value, options: Kwargs) -> Result<Value, Error> {
    let attribute: Option<String> = options.get("attribute")?;
    let case_sensitive: Option<bool> = options.get("case_sensitive")?;
    options.assert_all_used()?;
    let mut seen: Vec<Value> = Vec::new();
    let mut kept = Vec::new();
    for item in items(&list)? {
        let mut key = match &attribute {
            Some(attribute) => item.get_attr(attribute)?,
            None => item.clone(),
        };
        if case_sensitive == Some(false) && key.kind() == ValueKind::String {
            key = Value::from(key.to_string().to_lowercase());
        }
        if !seen.contains(&key) {
            seen.push(key);
            kept.push(item);
        }
    }
    Ok(Value::from(kept))
}

/// The distinct items of `left` that are, or are not, in `right`.
fn pick(left: &Value, right: &Value, wanted: bool) -> Result<Value, Error> {
    let right = items(right)?;
    Ok(distinct(items(left)?.into_iter().filter(|item| right.contains(item) == wanted)))
}

fn flatten(list: Value, levels: Option<usize>, options: Kwargs) -> Result<Value, Error> {
    let named: Option<usize> = options.get("levels")?;
    let skip_nulls: Option<bool> = options.get("skip_nulls")?;
    options.assert_all_used()?;
    let mut flat = Vec::new();
    flatten_into(&list, levels.or(named), skip_nulls.unwrap_or(true), &mut flat)?;
    Ok(Value::from(flat))
}

fn flatten_into(
    list: &Value,
    levels: Option<usize>,
    skip_nulls: bool,
    flat: &mut Vec<Value>,
) -> Result<(), Error> {
    for item in items(list)? {
        match item.kind() {
            ValueKind::None if skip_nulls => {}
            ValueKind::Seq | ValueKind::Iterable if levels != Some(0) => {
                flatten_into(&item, levels.map(|levels| levels - 1), skip_nulls, flat)?;
            }
            _ => flat.push(item),
        }
    }
    Ok(())
}

fn extreme(list: &Value, options: &Kwargs, wanted: Ordering) -> Result<Value, Error> {
    let attribute: Option<String> = options.get("attribute")?;
    options.assert_all_used()?;
    let mut best: Option<(Value, Value)> = None;
    for item in items(list)? {
        let key = match &attribute {
            Some(attribute) => item.get_attr(attribute)?,
            None => item.clone(),
        };
        if best.as_ref().is_none_or(|(_, known)| key.cmp(known) == wanted) {
            best = Some((item, key));
        }
    }
    Ok(best.map_or(Value::UNDEFINED, |(item, _)| item))
}
