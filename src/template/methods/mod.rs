//! Python's methods of text, lists, tuples, mappings and numbers.

mod lists;
mod maps;
mod text;

pub(super) use maps::pairs;
pub(super) use text::{capitalize, split, title};

use super::call::{Call, Plugin};
use super::datetime;
use super::evaluate::LoopState;
use super::functions::{Cycler, Joiner};
use super::scope::Scope;
use super::value::{is_map, refuse, type_name};
use minijinja::value::ValueKind;
use minijinja::{Error, Value};

/// The methods that values of this type have.
fn methods_of(value: &Value) -> &'static [Plugin] {
    match value.kind() {
        ValueKind::String => text::METHODS,
        ValueKind::Map => maps::METHODS,
        ValueKind::Seq | ValueKind::Iterable if value.is_tuple() => lists::TUPLE_METHODS,
        ValueKind::Seq | ValueKind::Iterable => lists::METHODS,
        _ => &[],
    }
}

pub(super) fn find(value: &Value, name: &str) -> Option<&'static Plugin> {
    methods_of(value).iter().find(|method| method.name == name)
}

/// Calls a method; the evaluator has made sure that nothing is missing.
pub(super) fn call(
    scope: &Scope,
    receiver: &Value,
    name: &str,
    call: Call,
) -> Result<Value, Error> {
    if let Some(method) = find(receiver, name) {
        return method.call(scope, receiver.clone(), call);
    }
    if let Some(outcome) = datetime::method(receiver, name, &call.positional) {
        return outcome;
    }
    if let Some(state) = receiver.downcast_object_ref::<LoopState>()
        && let Some(outcome) = state.method(name, &call)
    {
        return outcome;
    }
    if let Some(cycler) = receiver.downcast_object_ref::<Cycler>()
        && let Some(outcome) = cycler.method(name)
    {
        return Ok(outcome);
    }
    let hint = if is_map(receiver) { " and no entry" } else { "" };
    Err(refuse(format!("`{}` has no method{hint} `{name}`", type_name(receiver))))
}

/// Calls a value that is an object of ours.
pub(super) fn call_object(callee: &Value) -> Option<Value> {
    callee.downcast_object_ref::<Joiner>().map(Joiner::next)
}
