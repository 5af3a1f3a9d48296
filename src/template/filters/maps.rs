//! Filters on mappings.

use minijinja::value::{Kwargs, Rest, ValueKind, ValueOrKwargs, from_args};
use minijinja::{Environment, Error, ErrorKind, Value};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("combine", combine);
    environment.add_filter("dict2items", dict2items);
    environment.add_filter("items2dict", items2dict);
}

fn pairs(map: &Value, filter: &str) -> Result<Vec<(Value, Value)>, Error> {
    if map.kind() != ValueKind::Map {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("`{filter}` takes mappings, not a {}", map.kind()),
        ));
    }
    map.try_iter()?.map(|key| map.get_item(&key).map(|value| (key, value))).collect()
}

fn combine(first: Value, others: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let values: Vec<Value> = others.0.into_iter().map(Value::from).collect();
    let (others, options): (Rest<Value>, Kwargs) = from_args(&values)?;
    let recursive: Option<bool> = options.get("recursive")?;
    let lists: Option<String> = options.get("list_merge")?;
    options.assert_all_used()?;
    let lists = lists.unwrap_or_else(|| "replace".to_owned());
    let mut combined = pairs(&first, "combine")?;
    for other in others.iter() {
        let parts = match other.kind() {
            ValueKind::Map => vec![other.clone()],
            _ => other.try_iter()?.collect(),
        };
        for part in parts {
            combined =
                merge(combined, pairs(&part, "combine")?, recursive.unwrap_or(false), &lists)?;
        }
    }
    Ok(Value::from_pairs(combined))
}

fn merge(
    mut under: Vec<(Value, Value)>,
    over: Vec<(Value, Value)>,
    recursive: bool,
    lists: &str,
) -> Result<Vec<(Value, Value)>, Error> {
    for (key, value) in over {
        let Some(slot) = under.iter_mut().find(|(known, _)| *known == key) else {
            under.push((key, value));
            continue;
        };
        let both = |kind| slot.1.kind() == kind && value.kind() == kind;
        slot.1 = if recursive && both(ValueKind::Map) {
            let (below, above) = (pairs(&slot.1, "combine")?, pairs(&value, "combine")?);
            Value::from_pairs(merge(below, above, recursive, lists)?)
        } else if both(ValueKind::Seq) {
            merge_lists(&slot.1, value, lists)?
        } else {
            value
        };
    }
    Ok(under)
}

fn merge_lists(under: &Value, over: Value, how: &str) -> Result<Value, Error> {
    let below: Vec<Value> = under.try_iter()?.collect();
    let above: Vec<Value> = over.try_iter()?.collect();
    let without = |list: &[Value], known: &[Value]| -> Vec<Value> {
        list.iter().filter(|item| !known.contains(item)).cloned().collect()
    };
    Ok(Value::from(match how {
        "replace" => return Ok(over),
        "keep" => below,
        "append" => [below, above].concat(),
        "prepend" => [above, below].concat(),
        "append_rp" => [without(&below, &above), above].concat(),
        "prepend_rp" => [above.clone(), without(&below, &above)].concat(),
        other => {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                format!(
                    "`list_merge` must be one of replace, keep, append, prepend, append_rp, prepend_rp, not `{other}`"
                ),
            ));
        }
    }))
}

fn dict2items(map: Value, options: Kwargs) -> Result<Value, Error> {
    let key_name: Option<String> = options.get("key_name")?;
    let value_name: Option<String> = options.get("value_name")?;
    options.assert_all_used()?;
    let key_name = key_name.unwrap_or_else(|| "key".to_owned());
    let value_name = value_name.unwrap_or_else(|| "value".to_owned());
    let items = pairs(&map, "dict2items")?.into_iter().map(|(key, value)| {
        Value::from_pairs([(key_name.as_str(), key), (value_name.as_str(), value)])
    });
    Ok(Value::from(items.collect::<Vec<_>>()))
}

fn items2dict(list: Value, options: Kwargs) -> Result<Value, Error> {
    let key_name: Option<String> = options.get("key_name")?;
    let value_name: Option<String> = options.get("value_name")?;
    options.assert_all_used()?;
    let key_name = key_name.unwrap_or_else(|| "key".to_owned());
    let value_name = value_name.unwrap_or_else(|| "value".to_owned());
    let mut entries = Vec::new();
    for item in list.try_iter()?.checked() {
        let item = item?;
        let key = item.get_attr(&key_name)?;
        if key.is_undefined() {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                format!("an item without `{key_name}`"),
            ));
        }
        entries.push((key, item.get_attr(&value_name)?));
    }
    Ok(Value::from_pairs(entries))
}
