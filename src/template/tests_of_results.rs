//! Tests (`x is …`) beyond the engine's own: results of tasks, regular expressions, versions.

#![expect(clippy::needless_pass_by_value, reason = "the engine hands arguments over by value")]

use super::filters::pattern;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Value};
use std::cmp::Ordering;

/// Every test, sorted.
pub(super) const NAMES: &[&str] = &[
    "!=",
    "<",
    "<=",
    "==",
    ">",
    ">=",
    "abs",
    "boolean",
    "callable",
    "change",
    "changed",
    "contains",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "escaped",
    "even",
    "failed",
    "failure",
    "false",
    "falsy",
    "filter",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "match",
    "ne",
    "none",
    "number",
    "odd",
    "regex",
    "safe",
    "sameas",
    "search",
    "sequence",
    "skip",
    "skipped",
    "startingwith",
    "string",
    "subset",
    "succeeded",
    "success",
    "superset",
    "test",
    "true",
    "truthy",
    "undefined",
    "unreachable",
    "upper",
    "version",
];

pub(super) fn register(environment: &mut Environment<'static>) {
    for name in ["succeeded", "success"] {
        environment.add_test(name, |result: Value| flag(&result, "failed").map(|failed| !failed));
    }
    for name in ["failed", "failure"] {
        environment.add_test(name, |result: Value| flag(&result, "failed"));
    }
    for name in ["changed", "change"] {
        environment.add_test(name, |result: Value| flag(&result, "changed"));
    }
    for name in ["skipped", "skip"] {
        environment.add_test(name, |result: Value| flag(&result, "skipped"));
    }
    environment.add_test("unreachable", |result: Value| flag(&result, "unreachable"));
    environment.add_test("match", matches_start);
    environment.add_test("search", matches_anywhere);
    environment.add_test("regex", matches_anywhere);
    environment.add_test("truthy", |value: Value| value.is_true());
    environment.add_test("falsy", |value: Value| !value.is_true());
    environment.add_test("contains", |list: Value, item: Value| holds(&list, &item));
    environment.add_test("subset", |part: Value, whole: Value| all_in(&part, &whole));
    environment.add_test("superset", |whole: Value, part: Value| all_in(&part, &whole));
    environment.add_test("version", version);
}

fn flag(result: &Value, name: &str) -> Result<bool, Error> {
    if result.kind() != ValueKind::Map {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("only results of tasks are tested for `{name}`"),
        ));
    }
    Ok(result.get_attr(name)?.is_true())
}

fn matches_start(text: String, regex: String, options: Kwargs) -> Result<bool, Error> {
    let regex = pattern(&format!("\\A(?:{regex})"), &options)?;
    options.assert_all_used()?;
    Ok(regex.is_match(&text))
}

fn matches_anywhere(text: String, regex: String, options: Kwargs) -> Result<bool, Error> {
    let regex = pattern(&regex, &options)?;
    options.assert_all_used()?;
    Ok(regex.is_match(&text))
}

fn holds(list: &Value, item: &Value) -> Result<bool, Error> {
    for candidate in list.try_iter()?.checked() {
        if candidate? == *item {
            return Ok(true);
        }
    }
    Ok(false)
}

fn all_in(part: &Value, whole: &Value) -> Result<bool, Error> {
    for item in part.try_iter()?.checked() {
        if !holds(whole, &item?)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `'1.10' is version('1.9', '>=')`: numbers compare as numbers.
fn version(left: String, right: String, operator: Option<String>) -> Result<bool, Error> {
    let order = parts(&left).cmp(&parts(&right));
    match operator.as_deref().unwrap_or("==") {
        "==" | "=" | "eq" => Ok(order == Ordering::Equal),
        "!=" | "<>" | "ne" => Ok(order != Ordering::Equal),
        "<" | "lt" => Ok(order == Ordering::Less),
        "<=" | "le" => Ok(order != Ordering::Greater),
        ">" | "gt" => Ok(order == Ordering::Greater),
        ">=" | "ge" => Ok(order != Ordering::Less),
        other => Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("`{other}` does not compare versions"),
        )),
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Word(String),
    Number(u64),
}

/// `v1.10-rc2` as `v`, 1, 10, `-rc`, 2; trailing zeros count.
fn parts(version: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = version;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest
            .find(|c: char| c.is_ascii_digit() != digits || c == '.')
            .unwrap_or(rest.len())
            .max(first.len_utf8());
        let (part, after) = rest.split_at(end);
        match part.parse() {
            Ok(number) => parts.push(Part::Number(number)),
            Err(_) if part != "." => parts.push(Part::Word(part.to_owned())),
            Err(_) => {}
        }
        rest = after;
    }
    parts
}
