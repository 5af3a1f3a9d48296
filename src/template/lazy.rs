//! Variables as the engine sees them: containers whose parts are rendered when they are read.

use super::chain::Chain;
use super::error::TemplateError;
use super::is_template;
use super::numbers::Number;
use super::scope::{Delegate, HostVariables, OMIT, Scope};
use super::value::{self, dict, entries, list, missing, present, refuse, type_name};
use crate::vault::{Sealed, VAULT_KEY};
use minijinja::value::{Enumerator, Object, ObjectRepr, ValueKind};
use minijinja::{Error, Value};
use serde_json::{Map, Value as Json};
use std::fmt;
use std::sync::Arc;

/// The key under which the inventory hands over text that is marked `!unsafe`.
const UNSAFE: &str = "__ansible_unsafe";

/// Data, which is never rendered.
pub(super) fn data(value: &Json) -> Value {
    match value {
        Json::Null => Value::from(()),
        Json::Bool(flag) => Value::from(*flag),
        Json::Number(number) => {
            if let Some(integer) = number.as_i64() {
                Value::from(integer)
            } else if let Some(integer) = number.as_u64() {
                Value::from(integer)
            } else {
                Value::from(number.as_f64().unwrap_or(f64::NAN))
            }
        }
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => list(items.iter().map(data)),
        Json::Object(entries) => {
            dict(entries.iter().map(|(key, item)| (Value::from(key.as_str()), data(item))))
        }
    }
}

/// A variable's value or a part of it; `place` names it in errors.
pub(super) fn templates(scope: &Scope, place: &str, value: &Json) -> Result<Value, TemplateError> {
    match value {
        Json::String(text) => super::render::native(scope, text),
        Json::Array(items) if has_template(value) => {
            let items = items.clone();
            Ok(Value::from_object(LazyList {
                scope: scope.clone(),
                place: place.to_owned(),
                items,
            }))
        }
        Json::Object(entries) if entries.len() == 1 && entries.contains_key(UNSAFE) => {
            Ok(entries.get(UNSAFE).map_or(Value::UNDEFINED, data))
        }
        Json::Object(entries) if has_template(value) => {
            if let Some(sealed) = Sealed::of(value) {
                // Never rendered, as in Ansible: a password may hold braces.
                return scope.vault.reveal(&sealed).map(Value::from).map_err(TemplateError::Sealed);
            }
            let entries = entries.clone();
            Ok(Value::from_object(LazyMap {
                scope: scope.clone(),
                place: place.to_owned(),
                entries,
            }))
        }
        _ => Ok(data(value)),
    }
}

fn has_template(value: &Json) -> bool {
    match value {
        Json::String(text) => is_template(text),
        Json::Array(items) => items.iter().any(has_template),
        Json::Object(entries) => {
            let marked = [UNSAFE, VAULT_KEY].iter().any(|key| entries.contains_key(*key));
            marked || entries.values().any(has_template)
        }
        _ => false,
    }
}

/// What reading a variable or a part of one gives: a value, or what is missing.
fn answer(found: Result<Option<Value>, TemplateError>) -> Option<Value> {
    found.unwrap_or_else(|error| Some(missing(error)))
}

struct LazyMap {
    scope: Scope,
    place: String,
    entries: Map<String, Json>,
}

impl Object for LazyMap {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        let value = self.entries.get(key)?;
        let place = format!("{}.{key}", self.place);
        answer(templates(&self.scope, &place, value).map(Some))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.entries.keys().map(|key| Value::from(key.as_str())).collect())
    }
}

struct LazyList {
    scope: Scope,
    place: String,
    items: Vec<Json>,
}

impl Object for LazyList {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let index = key.as_usize()?;
        let value = self.items.get(index)?;
        let place = format!("{}[{index}]", self.place);
        answer(templates(&self.scope, &place, value).map(Some))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.items.len())
    }
}

/// `hostvars`.
pub(super) fn hostvars(hosts: Arc<dyn HostVariables>, chain: &Chain) -> Value {
    Value::from_object(HostVars { hosts, chain: chain.clone() })
}

/// All variables of a scope by name: `vars`, and one host of `hostvars`.
pub(super) fn all_variables(scope: &Scope) -> Value {
    Value::from_object(Variables { scope: scope.clone() })
}

struct HostVars {
    hosts: Arc<dyn HostVariables>,
    chain: Chain,
}

impl Object for HostVars {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let scope = self.hosts.scope(key.as_str()?)?;
        Some(all_variables(&scope.on_the_way(&self.chain)))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.hosts.hosts().into_iter().map(Value::from).collect())
    }
}

/// `ansible_delegated_vars`: as in Ansible the other host's variables as they are written, their
/// templates rendered with the variables of the task.
pub(super) fn delegated(delegate: &Arc<Delegate>, scope: &Scope) -> Value {
    let variables =
        Value::from_object(OfDelegate { delegate: Arc::clone(delegate), scope: scope.clone() });
    dict([(Value::from(delegate.host.as_str()), variables)])
}

struct OfDelegate {
    delegate: Arc<Delegate>,
    scope: Scope,
}

impl Object for OfDelegate {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        answer(self.scope.lookup_of(&self.delegate.variables, name))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let names = self.delegate.variables.names();
        Enumerator::Values(names.into_iter().map(Value::from).collect())
    }
}

impl fmt::Debug for OfDelegate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ansible_delegated_vars")
    }
}

/// The root of every rendering is one of these, too.
pub(super) struct Variables {
    pub(super) scope: Scope,
}

impl Object for Variables {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        answer(self.scope.lookup(name))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.scope.names().into_iter().map(Value::from).collect())
    }
}

impl fmt::Debug for LazyMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

impl fmt::Debug for LazyList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

impl fmt::Debug for HostVars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hostvars")
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("vars")
    }
}

/// Values as data; what is missing, and what is no data, are errors.
pub(super) fn to_json(value: &Value) -> Result<Json, Error> {
    present(value)?;
    match value.kind() {
        ValueKind::Map => {
            let mut map = Map::new();
            for (key, item) in entries(value, "data")? {
                if !is_omitted(&item) {
                    map.insert(super::python::python_text(&key)?, to_json(&item)?);
                }
            }
            Ok(Json::Object(map))
        }
        ValueKind::Seq | ValueKind::Iterable => value::items(value)?
            .iter()
            .filter(|item| !is_omitted(item))
            .map(to_json)
            .collect::<Result<_, _>>()
            .map(Json::Array),
        ValueKind::Bytes | ValueKind::String => Ok(Json::String(value.to_string())),
        ValueKind::Number => number(value),
        ValueKind::Bool => Ok(Json::Bool(value.is_true())),
        ValueKind::None => Ok(Json::Null),
        _ if super::datetime::is_time(value) => Ok(Json::String(value.to_string())),
        _ => Err(refuse(format!("`{}` is no data", type_name(value)))),
    }
}

/// An item or an entry that is `omit` is as if it had not been written.
fn is_omitted(value: &Value) -> bool {
    value.as_str() == Some(OMIT)
}

fn number(value: &Value) -> Result<Json, Error> {
    let json = match Number::of(value) {
        Some(Number::Integer(integer)) => i64::try_from(integer)
            .map(Json::from)
            .or_else(|_| u64::try_from(integer).map(Json::from))
            .ok(),
        Some(Number::Float(number)) => serde_json::Number::from_f64(number).map(Json::Number),
        None => None,
    };
    json.ok_or_else(|| refuse(format!("the number `{value}` does not fit into 64 bits")))
}
