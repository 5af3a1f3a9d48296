//! Tests of types.

use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::evaluate::Callable;
use crate::template::functions::Joiner;
use crate::template::numbers::Number;
use crate::template::python::python_text;
use crate::template::value::{is_list, is_map, same_object, type_name};
use minijinja::value::ValueKind;
use minijinja::{Error, Value};

pub(super) const TESTS: &[Plugin] = &[
    plugin("boolean", &[], |call| Ok(is(call, |value| value.kind() == ValueKind::Bool))),
    plugin("callable", &[], |call| Ok(is(call, is_callable))),
    plugin("escaped", &[], |_| Ok(Value::from(false))),
    plugin("false", &[], |call| {
        Ok(is(call, |value| value.kind() == ValueKind::Bool && !value.is_true()))
    }),
    plugin("float", &[], |call| Ok(is(call, |value| type_name(value) == "float"))),
    plugin("integer", &[], |call| Ok(is(call, |value| type_name(value) == "int"))),
    plugin("iterable", &[], |call| Ok(is(call, is_iterable))),
    plugin("lower", &[], |call| cased(call, char::is_lowercase, char::is_uppercase)),
    plugin("mapping", &[], |call| Ok(is(call, is_map))),
    plugin("none", &[], |call| Ok(is(call, Value::is_none))),
    plugin("number", &[], |call| Ok(is(call, |value| Number::of(value).is_some()))),
    plugin("sameas", &["other"], |call| {
        let other = call.value("other")?;
        let same_type = type_name(&call.input) == type_name(other);
        let is_object = call.input.as_object().is_some() || other.as_object().is_some();
        let same = if is_object { same_object(&call.input, other) } else { call.input == *other };
        Ok(Value::from(same_type && same))
    }),
    plugin("sequence", &[], |call| Ok(is(call, is_iterable))),
    plugin("string", &[], |call| Ok(is(call, |value| value.kind() == ValueKind::String))),
    plugin("true", &[], |call| {
        Ok(is(call, |value| value.kind() == ValueKind::Bool && value.is_true()))
    }),
    plugin("upper", &[], |call| cased(call, char::is_uppercase, char::is_lowercase)),
];

fn is(call: &Arguments<'_>, holds: fn(&Value) -> bool) -> Value {
    Value::from(holds(&call.input))
}

fn is_callable(value: &Value) -> bool {
    value.downcast_object_ref::<Callable>().is_some()
        || value.downcast_object_ref::<Joiner>().is_some()
}

fn is_iterable(value: &Value) -> bool {
    is_list(value) || is_map(value) || value.kind() == ValueKind::String
}

fn cased(
    call: &Arguments<'_>,
    wanted: fn(char) -> bool,
    other: fn(char) -> bool,
) -> Result<Value, Error> {
    let text = python_text(&call.input)?;
    Ok(Value::from(text.chars().any(wanted) && !text.chars().any(other)))
}
