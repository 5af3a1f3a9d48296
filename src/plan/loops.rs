//! From what a loop is over to its items.

use crate::playbook::LoopKind;
use serde_json::{Value, json};

/// The longest sequence that `with_sequence` makes.
const MAX_SEQUENCE: usize = 1_000_000;

/// The items of a loop over a rendered value, or why there are none.
pub fn loop_items(kind: LoopKind, value: Value) -> Result<Vec<Value>, String> {
    match (kind, value) {
        (LoopKind::List, Value::Array(items)) => Ok(items),
        (LoopKind::List, other) => Err(format!("a loop needs a list, but this gives `{other}`")),
        (LoopKind::WithList, value) => Ok(list(value)),
        (LoopKind::Items, value) => Ok(flat(list(value))),
        (LoopKind::Nested, value) => Ok(nested(list(value))),
        (LoopKind::Together, value) => Ok(together(list(value))),
        (LoopKind::Indexed, value) => Ok(flat(list(value))
            .into_iter()
            .enumerate()
            .map(|(at, item)| json!([at, item]))
            .collect()),
        (LoopKind::Dict, value) => dict(value),
        (LoopKind::Sequence, value) => {
            let parts = list(value).into_iter().map(|part| sequence(&part));
            Ok(parts.collect::<Result<Vec<_>, _>>()?.concat())
        }
    }
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        one => vec![one],
    }
}

/// Lists inside the list, flattened by one level.
fn flat(items: Vec<Value>) -> Vec<Value> {
    items.into_iter().flat_map(list).collect()
}

/// Each of the first list with each of the second, and so on.
fn nested(lists: Vec<Value>) -> Vec<Value> {
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for one in lists {
        let items = list(one);
        rows = rows
            .iter()
            .flat_map(|row| items.iter().map(|item| [row.clone(), list(item.clone())].concat()))
            .collect();
    }
    rows.into_iter().filter(|row| !row.is_empty()).map(Value::Array).collect()
}

/// The first of each list, the second of each; what is short is filled up with nothing.
fn together(lists: Vec<Value>) -> Vec<Value> {
    let lists: Vec<Vec<Value>> = lists.into_iter().map(list).collect();
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |list: &Vec<Value>, at: usize| list.get(at).cloned().unwrap_or(Value::Null);
    (0..longest).map(|at| lists.iter().map(|list| cell(list, at)).collect()).collect()
}

fn dict(value: Value) -> Result<Vec<Value>, String> {
    let mut items = Vec::new();
    for one in list(value) {
        let Value::Object(entries) = one else {
            return Err(format!("`with_dict` needs a mapping, but this gives `{one}`"));
        };
        items.extend(entries.into_iter().map(|(key, value)| json!({"key": key, "value": value})));
    }
    Ok(items)
}

/// `start=1 end=9 stride=2 format=node%02d`, `count=3`, or `1-9/2:node%02d` for short.
fn sequence(value: &Value) -> Result<Vec<Value>, String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let wrong = || format!("`with_sequence` cannot read `{text}`");
    let (mut start, mut end, mut count, mut stride) = (None, None, None, None);
    let mut format = None;
    if text.contains('=') {
        for word in text.split_whitespace() {
            let (name, part) = word.split_once('=').ok_or_else(wrong)?;
            let number = || integer(part).ok_or_else(wrong);
            match name {
                "start" => start = Some(number()?),
                "end" => end = Some(number()?),
                "count" => count = Some(number()?),
                "stride" => stride = Some(number()?),
                "format" => format = Some(part.to_owned()),
                _ => return Err(wrong()),
            }
        }
    } else {
        let (numbers, shape) =
            text.split_once(':').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
        format = shape.map(str::to_owned);
        let (range, step) = numbers.split_once('/').map_or((numbers, None), |(a, b)| (a, Some(b)));
        stride = step.map(|step| integer(step).ok_or_else(wrong)).transpose()?;
        match range.split_once('-') {
            Some((from, to)) => {
                start = Some(integer(from).ok_or_else(wrong)?);
                end = Some(integer(to).ok_or_else(wrong)?);
            }
            None => end = Some(integer(range).ok_or_else(wrong)?),
        }
    }
    let start = start.unwrap_or(1);
    let stride = stride.unwrap_or(if end.is_some_and(|end| end < start) { -1 } else { 1 });
    let end = match (end, count) {
        (Some(end), None) => end,
        (None, Some(0)) => return Ok(Vec::new()),
        (None, Some(count)) => start + stride * (count - 1),
        _ => return Err(wrong()),
    };
    if stride == 0 || (end - start).signum() * stride.signum() < 0 {
        return if stride == 0 { Ok(Vec::new()) } else { Err(wrong()) };
    }
    let numbers = std::iter::successors(Some(start), |number| number.checked_add(stride))
        .take_while(|number| if stride > 0 { *number <= end } else { *number >= end });
    let format = format.unwrap_or_else(|| "%d".to_owned());
    numbers
        .take(MAX_SEQUENCE)
        .map(|number| shaped(&format, number).map(Value::from).ok_or_else(wrong))
        .collect()
}

/// A whole number, decimal, `0x` or `0` in front for octal.
fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return i64::from_str_radix(hexadecimal, 16).ok();
    }
    match text.strip_prefix('0').filter(|rest| !rest.is_empty()) {
        Some(octal) => i64::from_str_radix(octal.trim_start_matches('o'), 8).ok(),
        None => text.parse().ok(),
    }
}

/// `%d`, `%02d`, `%x`, `%o` inside a text.
fn shaped(format: &str, number: i64) -> Option<String> {
    let (before, rest) = format.split_once('%')?;
    let at = rest.find(|c: char| c.is_ascii_alphabetic())?;
    let (size, kind) = rest.split_at(at);
    let width: usize = if size.is_empty() { 0 } else { size.parse().ok()? };
    let digits = match kind.chars().next()? {
        'd' | 'i' | 'u' => number.to_string(),
        'x' => format!("{number:x}"),
        'X' => format!("{number:X}"),
        'o' => format!("{number:o}"),
        _ => return None,
    };
    let padded = if size.starts_with('0') {
        format!("{digits:0>width$}")
    } else {
        format!("{digits:>width$}")
    };
    Some(format!("{before}{padded}{}", &kind[1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_make_the_items_that_ansible_makes() {
        let table = [
            (LoopKind::List, json!([1, [2]]), json!([1, [2]])),
            (LoopKind::WithList, json!("a"), json!(["a"])),
            (LoopKind::Items, json!([1, [2, [3]]]), json!([1, 2, [3]])),
            (
                LoopKind::Nested,
                json!([["a", "b"], [1, 2]]),
                json!([["a", 1], ["a", 2], ["b", 1], ["b", 2]]),
            ),
            (LoopKind::Nested, json!([["a"], []]), json!([])),
            (LoopKind::Together, json!([[1, 2], ["a"]]), json!([[1, "a"], [2, null]])),
            (LoopKind::Indexed, json!(["a", "b"]), json!([[0, "a"], [1, "b"]])),
            (LoopKind::Dict, json!({"a": 1}), json!([{"key": "a", "value": 1}])),
            (LoopKind::Sequence, json!("start=1 end=5 stride=2"), json!(["1", "3", "5"])),
            (LoopKind::Sequence, json!("count=2 format=node%02d"), json!(["node01", "node02"])),
            (LoopKind::Sequence, json!("3"), json!(["1", "2", "3"])),
            (LoopKind::Sequence, json!("0x0f00-0x0f01:%04x"), json!(["0f00", "0f01"])),
            (LoopKind::Sequence, json!("start=3 end=1 stride=-1"), json!(["3", "2", "1"])),
            (LoopKind::Sequence, json!("count=0"), json!([])),
        ];
        for (kind, value, items) in table {
            assert_eq!(json!(loop_items(kind, value.clone()).unwrap()), items, "{kind:?} {value}");
        }
        for (kind, value) in [
            (LoopKind::List, json!("a")),
            (LoopKind::Dict, json!(["a"])),
            (LoopKind::Sequence, json!("start=5 end=1 stride=2")),
            (LoopKind::Sequence, json!("x")),
        ] {
            assert!(loop_items(kind, value.clone()).is_err(), "{kind:?} {value}");
        }
    }
}
