//! `x is version(y, '>=')`.

use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::python::python_text;
use crate::template::value::refuse;
use minijinja::{Error, Value};
use std::cmp::Ordering;

pub(super) const TESTS: &[Plugin] =
    &[plugin("version", PARAMETERS, version), plugin("version_compare", PARAMETERS, version)];

const PARAMETERS: &[&str] = &["version", "operator?", "strict?", "version_type?"];

fn version(call: &Arguments<'_>) -> Result<Value, Error> {
    let (left, right) = (call.input_text()?, python_text(call.value("version")?)?);
    if left.is_empty() || right.is_empty() || call.input.is_none() {
        return Err(refuse("an empty version cannot be compared"));
    }
    let strict = call.some("strict");
    let kind = call.some_text("version_type")?;
    if strict.is_some() && kind.is_some() {
        return Err(refuse("`version` takes `strict` or `version_type`, not both"));
    }
    let kind = match strict {
        Some(strict) if strict.is_true() => "strict".to_owned(),
        _ => kind.unwrap_or_else(|| "loose".to_owned()),
    };
    let operator = call.some_text("operator")?.unwrap_or_else(|| "eq".to_owned());
    let holds: fn(Ordering) -> bool = match operator.as_str() {
        "==" | "=" | "eq" => Ordering::is_eq,
        "!=" | "<>" | "ne" => Ordering::is_ne,
        "<" | "lt" => Ordering::is_lt,
        "<=" | "le" => Ordering::is_le,
        ">" | "gt" => Ordering::is_gt,
        ">=" | "ge" => Ordering::is_ge,
        other => return Err(refuse(format!("`{other}` does not compare versions"))),
    };
    let order = match kind.as_str() {
        "loose" => loose(&left, &right)?,
        "strict" => strict_version(&left)?.cmp(&strict_version(&right)?),
        "semver" | "semantic" => semantic(&left, &right)?,
        "pep440" => {
            return Err(refuse("`version_type='pep440'` is not supported; use `semver`"));
        }
        other => {
            return Err(refuse(format!(
                "`version_type` must be loose, strict or semver, not `{other}`"
            )));
        }
    };
    Ok(Value::from(holds(order)))
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Number(u128),
    Word(String),
}

/// Numbers and runs of letters; dots only separate.
fn parts(version: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for piece in version.split('.') {
        let mut rest = piece;
        while let Some(first) = rest.chars().next() {
            let kind = |c: char| (c.is_ascii_digit(), c.is_ascii_lowercase());
            let end = rest.find(|c: char| kind(c) != kind(first)).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            parts.push(match part.parse() {
                Ok(number) => Part::Number(number),
                Err(_) => Part::Word(part.to_owned()),
            });
            rest = after;
        }
    }
    parts
}

/// Python's `LooseVersion`: a word and a number at one place have no order.
fn loose(left: &str, right: &str) -> Result<Ordering, Error> {
    let (left_parts, right_parts) = (parts(left), parts(right));
    for (left_part, right_part) in left_parts.iter().zip(&right_parts) {
        let order = match (left_part, right_part) {
            (Part::Number(left), Part::Number(right)) => left.cmp(right),
            (Part::Word(left), Part::Word(right)) => left.cmp(right),
            _ => {
                return Err(refuse(format!(
                    "the versions `{left}` and `{right}` have no order: a word stands against a number"
                )));
            }
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    Ok(left_parts.len().cmp(&right_parts.len()))
}

type Strict = (Vec<u64>, (bool, char, u64));

/// Python's `StrictVersion`: two or three numbers, then `a` or `b` and a number.
fn strict_version(text: &str) -> Result<Strict, Error> {
    let no = || refuse(format!("`{text}` is no strict version"));
    let (numbers, suffix) = match text.find(['a', 'b']) {
        Some(at) => {
            let (numbers, suffix) = text.split_at(at);
            (numbers, Some(suffix))
        }
        None => (text, None),
    };
    let mut parts: Vec<u64> =
        numbers.split('.').map(str::parse).collect::<Result<_, _>>().map_err(|_| no())?;
    if !(2..=3).contains(&parts.len()) {
        return Err(no());
    }
    parts.resize(3, 0);
    let suffix = match suffix {
        None => (true, ' ', 0),
        Some(suffix) => {
            let (letter, number) = suffix.split_at(1);
            let letter = letter.chars().next().unwrap_or('a');
            (false, letter, number.parse().map_err(|_| no())?)
        }
    };
    Ok((parts, suffix))
}

/// The order of semantic versions: what is before a release is smaller than the release.
fn semantic(left: &str, right: &str) -> Result<Ordering, Error> {
    let (left, left_before) = semantic_parts(left)?;
    let (right, right_before) = semantic_parts(right)?;
    let releases = left.cmp(&right);
    if releases != Ordering::Equal {
        return Ok(releases);
    }
    Ok(match (left_before.is_empty(), right_before.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => before_release(&left_before, &right_before),
    })
}

fn semantic_parts(text: &str) -> Result<(Vec<u64>, Vec<Part>), Error> {
    let no = || refuse(format!("`{text}` is no semantic version"));
    let bare = text.split('+').next().unwrap_or_default();
    let (release, before) =
        bare.split_once('-').map_or((bare, None), |(release, before)| (release, Some(before)));
    let numbers: Vec<u64> =
        release.split('.').map(str::parse).collect::<Result<_, _>>().map_err(|_| no())?;
    let leading_zero = release.split('.').any(|part| part.len() > 1 && part.starts_with('0'));
    if numbers.len() != 3 || leading_zero {
        return Err(no());
    }
    let before = before.map(|before| {
        before
            .split('.')
            .map(|part| match part.parse() {
                Ok(number) => Part::Number(number),
                Err(_) => Part::Word(part.to_owned()),
            })
            .collect()
    });
    Ok((numbers, before.unwrap_or_default()))
}

fn before_release(left: &[Part], right: &[Part]) -> Ordering {
    for (left, right) in left.iter().zip(right) {
        let order = match (left, right) {
            (Part::Number(left), Part::Number(right)) => left.cmp(right),
            (Part::Word(left), Part::Word(right)) => left.cmp(right),
            (Part::Number(_), Part::Word(_)) => Ordering::Less,
            (Part::Word(_), Part::Number(_)) => Ordering::Greater,
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    left.len().cmp(&right.len())
}
