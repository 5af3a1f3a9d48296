//! Tests (`x is …`) as Ansible has them.

mod addresses;
mod files;
mod kinds;
mod names;
mod results;
mod version;

use super::call::{Arguments, Call, Plugin, asking, plugin};
use super::error::TemplateError;
use super::filters::{compile, to_bool};
use super::numbers::Number;
use super::operators::{self, contains, equal};
use super::scope::Scope;
use super::value::{carry, items, refuse, truth, why_missing};
use minijinja::machinery::ast::BinOpKind;
use minijinja::{Error, Value};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// All tests by name. Never changed after it is built.
static TESTS: LazyLock<BTreeMap<&'static str, &'static Plugin>> = LazyLock::new(|| {
    let groups = [
        TESTS_HERE,
        addresses::TESTS,
        files::TESTS,
        kinds::TESTS,
        names::TESTS,
        results::TESTS,
        version::TESTS,
    ];
    groups.into_iter().flatten().map(|test| (test.name, test)).collect()
});

const TESTS_HERE: &[Plugin] = &[
    plugin("!=", &["other"], |call| operator(call, BinOpKind::Ne)),
    plugin("<", &["other"], |call| operator(call, BinOpKind::Lt)),
    plugin("<=", &["other"], |call| operator(call, BinOpKind::Lte)),
    plugin("==", &["other"], |call| operator(call, BinOpKind::Eq)),
    plugin(">", &["other"], |call| operator(call, BinOpKind::Gt)),
    plugin(">=", &["other"], |call| operator(call, BinOpKind::Gte)),
    plugin("all", &[], |call| any_or_all(call, false)),
    plugin("any", &[], |call| any_or_all(call, true)),
    plugin("contains", &["value"], |call| {
        contains(&call.input, call.value("value")?).map(Value::from)
    }),
    asking("defined", &[], |call| defined(call).map(Value::from)),
    plugin("divisibleby", &["num"], |call| remainder(call, None)),
    plugin("eq", &["other"], |call| operator(call, BinOpKind::Eq)),
    plugin("equalto", &["other"], |call| operator(call, BinOpKind::Eq)),
    plugin("even", &[], |call| remainder(call, Some(0))),
    plugin("falsy", &["convert_bool?"], |call| truthy(call).map(|truthy| Value::from(!truthy))),
    plugin("ge", &["other"], |call| operator(call, BinOpKind::Gte)),
    plugin("greaterthan", &["other"], |call| operator(call, BinOpKind::Gt)),
    plugin("gt", &["other"], |call| operator(call, BinOpKind::Gt)),
    plugin("in", &["container"], |call| {
        contains(call.value("container")?, &call.input).map(Value::from)
    }),
    plugin("isnan", &[], |call| Ok(is_nan(call))),
    plugin("issubset", &["whole"], |call| subset(&call.input, call.value("whole")?)),
    plugin("issuperset", &["part"], |call| subset(call.value("part")?, &call.input)),
    plugin("le", &["other"], |call| operator(call, BinOpKind::Lte)),
    plugin("lessthan", &["other"], |call| operator(call, BinOpKind::Lt)),
    plugin("lt", &["other"], |call| operator(call, BinOpKind::Lt)),
    plugin("match", PATTERN, |call| matches(call, Some("match"))),
    plugin("nan", &[], |call| Ok(is_nan(call))),
    plugin("ne", &["other"], |call| operator(call, BinOpKind::Ne)),
    plugin("odd", &[], |call| remainder(call, Some(1))),
    plugin("regex", &["pattern?", "ignorecase?", "multiline?", "match_type?"], |call| {
        matches(call, call.some_text("match_type")?.as_deref())
    }),
    plugin("search", PATTERN, |call| matches(call, Some("search"))),
    plugin("subset", &["whole"], |call| subset(&call.input, call.value("whole")?)),
    plugin("superset", &["part"], |call| subset(call.value("part")?, &call.input)),
    plugin("truthy", &["convert_bool?"], |call| truthy(call).map(Value::from)),
    asking("undefined", &[], |call| defined(call).map(|defined| Value::from(!defined))),
];

const PATTERN: &[&str] = &["pattern?", "ignorecase?", "multiline?"];

/// The test of that name, short or in full.
pub(super) fn find(name: &str) -> Result<&'static Plugin, TemplateError> {
    let short = super::names::short(name, super::names::BUILTIN);
    if let Some(test) = TESTS.get(name).or_else(|| TESTS.get(short?)) {
        return Ok(test);
    }
    Err(super::names::unknown("test", name, TESTS.keys().copied(), &[]))
}

/// Applies a test; its result is missing when what it asks about is.
pub(super) fn apply(scope: &Scope, name: &str, input: Value, call: Call) -> Result<Value, Error> {
    find(name).map_err(carry)?.call(scope, input, call)
}

fn operator(call: &Arguments<'_>, operator: BinOpKind) -> Result<Value, Error> {
    operators::apply(operator, &call.input, call.value("other")?)
}

/// Whether it is there. Values that are only known later are no answer.
fn defined(call: &Arguments<'_>) -> Result<bool, Error> {
    match why_missing(&call.input) {
        Some(TemplateError::Undefined { .. }) => Ok(false),
        Some(other) => Err(carry(other.clone())),
        None => Ok(!call.input.is_undefined()),
    }
}

fn any_or_all(call: &Arguments<'_>, wanted: bool) -> Result<Value, Error> {
    for item in call.input_items()? {
        if truth(&item)? == wanted {
            return Ok(Value::from(wanted));
        }
    }
    Ok(Value::from(!wanted))
}

fn remainder(call: &Arguments<'_>, of_two: Option<i128>) -> Result<Value, Error> {
    let number = Number::of(&call.input)
        .ok_or_else(|| refuse(format!("`{}` takes numbers", call.name())))?;
    let divisor = match of_two {
        Some(_) => Number::Integer(2),
        None => {
            Number::of(call.value("num")?).ok_or_else(|| refuse("`divisibleby` takes numbers"))?
        }
    };
    let rest = Value::from(number.modulo(divisor)?);
    Ok(Value::from(equal(&rest, &Value::from(Number::Integer(of_two.unwrap_or(0))))))
}

fn truthy(call: &Arguments<'_>) -> Result<bool, Error> {
    let convert = call.flag("convert_bool", false)?;
    match call.input.as_str().filter(|_| convert).map(|text| text.trim().to_lowercase()) {
        Some(text) if matches!(text.as_str(), "y" | "yes" | "t" | "true" | "on" | "1") => Ok(true),
        Some(text) if matches!(text.as_str(), "n" | "no" | "f" | "false" | "off" | "0") => {
            Ok(false)
        }
        Some(_) => Ok(truth(&call.input)? || to_bool(&call.input)),
        None => truth(&call.input),
    }
}

fn is_nan(call: &Arguments<'_>) -> Value {
    Value::from(Number::of(&call.input).is_some_and(|number| number.float().is_nan()))
}

fn subset(part: &Value, whole: &Value) -> Result<Value, Error> {
    let whole = items(whole)?;
    let all = items(part)?.iter().all(|item| whole.iter().any(|known| equal(known, item)));
    Ok(Value::from(all))
}

/// Whether text matches from its beginning, somewhere, or as a whole.
fn matches(call: &Arguments<'_>, how: Option<&str>) -> Result<Value, Error> {
    let text = call.input_text()?;
    if call.input.as_str().is_none() && Number::of(&call.input).is_none() {
        return Err(refuse(format!("`{}` takes text", call.name())));
    }
    let pattern = call.some_text("pattern")?.unwrap_or_default();
    let pattern = match how.unwrap_or("search") {
        "match" => format!("\\A(?:{pattern})"),
        "fullmatch" => format!("\\A(?:{pattern})\\Z"),
        _ => pattern,
    };
    let regex = compile(&pattern, call.flag("ignorecase", false)?, call.flag("multiline", false)?)?;
    let found = regex.is_match(&text);
    found.map(Value::from).map_err(|error| refuse(format!("the regular expression fails: {error}")))
}
