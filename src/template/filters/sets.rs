//! Lists as sets, and what combines several lists.

use super::lists::{MOST_ITEMS, at_or_none, attribute_of, distinct, folded, lists_of, whole_count};
use super::seen::Seen;
use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::value::{items, list, present, refuse, tuple};
use minijinja::{Error, Value};

pub(super) const FILTERS: &[Plugin] = &[
    plugin("combinations", &["r"], |call| {
        let all = call.input_items()?;
        let size = size(call)?.unwrap_or(all.len());
        arrangements(&all, size, |taken, next| taken.last().is_none_or(|last| next > *last))
    }),
    plugin("difference", &["other"], |call| pick(call, false)),
    plugin("intersect", &["other"], |call| pick(call, true)),
    plugin("permutations", &["r?"], |call| {
        let all = call.input_items()?;
        let size = size(call)?.unwrap_or(all.len());
        arrangements(&all, size, |taken, next| !taken.contains(&next))
    }),
    plugin("product", &["*", "repeat?"], product),
    plugin("symmetric_difference", &["other"], |call| {
        let (left, right) = both(call)?;
        let only = |list: &[Value], other: &[Value]| -> Vec<Value> {
            let other: Seen = other.iter().collect();
            list.iter().filter(|item| !other.holds(item)).cloned().collect()
        };
        Ok(list(distinct(only(&left, &right).into_iter().chain(only(&right, &left)))))
    }),
    plugin("union", &["other"], |call| {
        let (left, right) = both(call)?;
        Ok(list(distinct(left.into_iter().chain(right))))
    }),
    plugin("unique", &["case_sensitive?", "attribute?"], unique),
    plugin("zip", &["*", "strict?"], |call| {
        let lists = all_lists(call)?;
        let shortest = lists.iter().map(Vec::len).min().unwrap_or(0);
        if call.flag("strict", false)? && lists.iter().any(|list| list.len() != shortest) {
            return Err(refuse("`zip` with `strict` takes lists of one length"));
        }
        Ok(zipped(&lists, shortest, None))
    }),
    plugin("zip_longest", &["*", "fillvalue?"], |call| {
        let lists = all_lists(call)?;
        let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
        Ok(zipped(&lists, longest, call.get("fillvalue")))
    }),
];

fn both(call: &Arguments<'_>) -> Result<(Vec<Value>, Vec<Value>), Error> {
    let (left, right) = (call.input_items()?, items(call.value("other")?)?);
    for item in left.iter().chain(&right) {
        present(item)?;
    }
    Ok((left, right))
}

fn pick(call: &Arguments<'_>, wanted: bool) -> Result<Value, Error> {
    let (left, right) = both(call)?;
    let right: Seen = right.iter().collect();
    Ok(list(distinct(left.into_iter().filter(|item| right.holds(item) == wanted))))
}

fn unique(call: &Arguments<'_>) -> Result<Value, Error> {
    let sensitive = call.flag("case_sensitive", false)?;
    let mut seen = Seen::default();
    let mut kept = Vec::new();
    for item in call.input_items()? {
        let key = match call.some("attribute") {
            Some(attribute) => attribute_of(&item, attribute),
            None => item.clone(),
        };
        let key = folded(present(&key)?.clone(), sensitive);
        if seen.add(&key) {
            kept.push(item);
        }
    }
    Ok(list(kept))
}

fn size(call: &Arguments<'_>) -> Result<Option<usize>, Error> {
    match call.some("r") {
        None => Ok(None),
        Some(size) => whole_count(size).map(Some).ok_or_else(|| refuse("`r` must be a count")),
    }
}

/// Every way to take `size` items, each taken one fitting those before it.
fn arrangements(
    all: &[Value],
    size: usize,
    fits: impl Fn(&[usize], usize) -> bool,
) -> Result<Value, Error> {
    let mut ways: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..size {
        if ways.is_empty() {
            break;
        }
        let mut longer = Vec::new();
        for way in &ways {
            for next in 0..all.len() {
                if fits(way, next) {
                    longer.push([way.as_slice(), &[next]].concat());
                }
            }
            limit(longer.len())?;
        }
        ways = longer;
    }
    Ok(list(
        ways.into_iter()
            .map(|way| tuple(way.into_iter().filter_map(|at| all.get(at)).cloned().collect())),
    ))
}

/// Refuses what would be too many items to make.
pub(super) fn limit(count: usize) -> Result<(), Error> {
    if count > MOST_ITEMS {
        return Err(refuse(format!("that would be more than {MOST_ITEMS} items")));
    }
    Ok(())
}

fn all_lists(call: &Arguments<'_>) -> Result<Vec<Vec<Value>>, Error> {
    let mut lists = vec![call.input_items()?];
    lists.extend(lists_of(&call.rest.positional)?);
    Ok(lists)
}

fn product(call: &Arguments<'_>) -> Result<Value, Error> {
    let lists = all_lists(call)?;
    let repeat = call.count("repeat")?.unwrap_or(1).min(64);
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for list in std::iter::repeat_n(&lists, repeat).flatten() {
        limit(rows.len().saturating_mul(list.len()))?;
        let with = |row: &Vec<Value>| -> Vec<Vec<Value>> {
            list.iter().map(|item| [row.as_slice(), std::slice::from_ref(item)].concat()).collect()
        };
        rows = rows.iter().flat_map(with).collect();
    }
    Ok(list(rows.into_iter().map(tuple)))
}

fn zipped(lists: &[Vec<Value>], count: usize, fill: Option<&Value>) -> Value {
    list((0..count).map(|at| tuple(lists.iter().map(|list| at_or_none(list, at, fill)).collect())))
}
