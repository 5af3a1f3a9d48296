//! Values while a template runs: lists and mappings that can be changed in place, what is missing,
//! and how Python would call and look into things.

use super::error::TemplateError;
use super::nesting::{self, Nesting};
use indexmap::IndexMap;
use minijinja::value::{Enumerator, Object, ObjectRepr, Tuple, ValueKind};
use minijinja::{Error, ErrorKind, Value};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A list; methods such as `append` change it.
pub(super) struct List(Mutex<Vec<Value>>, Nesting);

/// A mapping in the order in which it was filled; methods such as `update` change it.
pub(super) struct Dict(Mutex<IndexMap<Value, Value>>, Nesting);

/// What stands where there is nothing: it may be asked about, and fails when it is used.
#[derive(Debug)]
pub(super) struct Missing(pub(super) TemplateError);

/// A list.
pub(super) fn list(items: impl IntoIterator<Item = Value>) -> Value {
    let items: Vec<Value> = items.into_iter().collect();
    let nesting = Nesting::of(&items);
    Value::from_object(List(Mutex::new(items), nesting))
}

/// A mapping.
pub(super) fn dict(entries: impl IntoIterator<Item = (Value, Value)>) -> Value {
    let entries: IndexMap<Value, Value> = entries.into_iter().collect();
    let nesting = Nesting::of(entries.values());
    Value::from_object(Dict(Mutex::new(entries), nesting))
}

/// A tuple.
pub(super) fn tuple(items: Vec<Value>) -> Value {
    Value::from(Tuple::new(items))
}

pub(super) fn none() -> Value {
    Value::from(())
}

/// A value that fails when it is used.
pub(super) fn missing(error: TemplateError) -> Value {
    Value::from_object(Missing(error))
}

/// Why the value is missing, when it is.
pub(super) fn why_missing(value: &Value) -> Option<&TemplateError> {
    value.downcast_object_ref::<Missing>().map(|missing| &missing.0)
}

/// The value, unless it is missing.
pub(super) fn present(value: &Value) -> Result<&Value, Error> {
    match why_missing(value) {
        Some(error) => Err(carry(error.clone())),
        None if value.is_undefined() => Err(refuse("an `if` without `else` that does not hold")),
        None => Ok(value),
    }
}

/// An operation that cannot be done.
pub(super) fn refuse(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// One of our own errors on its way through the engine.
pub(super) fn carry(error: TemplateError) -> Error {
    Error::new(ErrorKind::InvalidOperation, error.to_string()).with_source(error)
}

impl List {
    pub(super) fn nesting(&self) -> &Nesting {
        &self.1
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dict {
    pub(super) fn nesting(&self) -> &Nesting {
        &self.1
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, IndexMap<Value, Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Object for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.lock().get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.lock().clone())
    }
}

impl Object for Dict {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.lock().get(key).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.lock().keys().cloned().collect())
    }
}

impl Object for Missing {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lock().fmt(f)
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lock().fmt(f)
    }
}

/// Another list or mapping with the same parts; other values as they are.
pub(super) fn copy(value: &Value) -> Value {
    match (value.downcast_object_ref::<List>(), value.downcast_object_ref::<Dict>()) {
        (Some(items), _) => list(items.lock().clone()),
        (None, Some(entries)) => dict(entries.lock().clone()),
        (None, None) => value.clone(),
    }
}

/// Whether two values are one list or one mapping: a change of one is a change of the other.
pub(super) fn same_object(left: &Value, right: &Value) -> bool {
    let lists = (left.downcast_object::<List>(), right.downcast_object::<List>());
    let maps = (left.downcast_object::<Dict>(), right.downcast_object::<Dict>());
    match (lists, maps) {
        ((Some(left), Some(right)), _) => Arc::ptr_eq(&left, &right),
        (_, (Some(left), Some(right))) => Arc::ptr_eq(&left, &right),
        _ => false,
    }
}

/// Refuses to put something into itself, or too deep: it could never be printed.
pub(super) fn may_hold(container: &Value, part: &Value) -> Result<(), Error> {
    not_into_itself(part, container)?;
    match (container.downcast_object_ref::<List>(), container.downcast_object_ref::<Dict>()) {
        (Some(list), _) => nesting::put_into(part, list.nesting()),
        (None, Some(map)) => nesting::put_into(part, map.nesting()),
        (None, None) => Ok(()),
    }
}

fn not_into_itself(part: &Value, container: &Value) -> Result<(), Error> {
    if same_object(part, container) {
        return Err(refuse("a list or a mapping cannot be put into itself"));
    }
    let inner = match (part.downcast_object_ref::<List>(), part.downcast_object_ref::<Dict>()) {
        (Some(list), _) => list.lock().clone(),
        (None, Some(map)) => map.lock().values().cloned().collect(),
        (None, None) if part.is_tuple() => part.try_iter()?.collect(),
        (None, None) => Vec::new(),
    };
    inner.iter().try_for_each(|inner| not_into_itself(inner, container))
}

/// What Python calls the type of the value.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::None => "NoneType",
        ValueKind::Bool => "bool",
        ValueKind::Number if value.is_integer() => "int",
        ValueKind::Number => "float",
        ValueKind::String => "str",
        ValueKind::Bytes => "bytes",
        ValueKind::Seq | ValueKind::Iterable if value.is_tuple() => "tuple",
        ValueKind::Seq | ValueKind::Iterable => "list",
        ValueKind::Map => "dict",
        _ => "object",
    }
}

pub(super) fn is_list(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

pub(super) fn is_map(value: &Value) -> bool {
    value.kind() == ValueKind::Map
}

/// What a loop over the value meets: items, keys, or characters.
pub(super) fn items(value: &Value) -> Result<Vec<Value>, Error> {
    present(value)?;
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map | ValueKind::String => {
            Ok(value.try_iter()?.collect())
        }
        _ => Err(refuse(format!("`{}` cannot be gone through", type_name(value)))),
    }
}

/// The same for values that must be a list: a string is none, a mapping neither.
pub(super) fn list_items(value: &Value, what: &str) -> Result<Vec<Value>, Error> {
    present(value)?;
    if is_list(value) {
        return items(value);
    }
    Err(refuse(format!("`{what}` takes lists, not `{}`", type_name(value))))
}

/// The entries of a mapping.
pub(super) fn entries(value: &Value, what: &str) -> Result<Vec<(Value, Value)>, Error> {
    present(value)?;
    if !is_map(value) {
        return Err(refuse(format!("`{what}` takes mappings, not `{}`", type_name(value))));
    }
    let keys: Vec<Value> = value.try_iter()?.collect();
    Ok(keys.into_iter().map(|key| (key.clone(), entry(value, &key).unwrap_or_default())).collect())
}

/// One entry of a mapping.
pub(super) fn entry(map: &Value, key: &Value) -> Option<Value> {
    map.as_object().filter(|_| is_map(map))?.get_value(key)
}

/// How many there are, as Python's `len`.
pub(super) fn length(value: &Value) -> Result<usize, Error> {
    present(value)?;
    match value.kind() {
        ValueKind::String => Ok(value.as_str().map_or(0, |text| text.chars().count())),
        ValueKind::Bytes => Ok(value.as_bytes().map_or(0, <[u8]>::len)),
        ValueKind::Map => Ok(value.try_iter()?.count()),
        ValueKind::Seq | ValueKind::Iterable => match value.len() {
            Some(length) => Ok(length),
            None => Ok(items(value)?.len()),
        },
        _ => Err(refuse(format!("`{}` has no length", type_name(value)))),
    }
}

/// Whether Python takes the value for true.
pub(super) fn truth(value: &Value) -> Result<bool, Error> {
    if value.is_undefined() {
        return Ok(false);
    }
    Ok(present(value)?.is_true())
}
