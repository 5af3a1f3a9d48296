//! Global functions, and the objects that some of them give.

use super::call::{Arguments, Plugin, asking, plugin};
use super::datetime::Moment;
use super::error::TemplateError;
use super::lookups;
use super::methods;
use super::nesting::{self, Nesting};
use super::value::{dict, list, missing, refuse};
use indexmap::IndexMap;
use minijinja::value::{Object, ObjectRepr};
use minijinja::{Error, Value};
use std::sync::{Arc, Mutex, PoisonError};

/// Every global function, sorted.
const FUNCTIONS: &[Plugin] = &[
    plugin("cycler", &["*"], |call| {
        let items = call.rest.positional.clone();
        if items.is_empty() {
            return Err(refuse("`cycler` needs something to cycle"));
        }
        let nesting = Nesting::of(&items);
        Ok(Value::from_object(Cycler { items, at: Mutex::new(0), nesting }))
    }),
    plugin("dict", &["values?", "**"], |call| {
        let mut entries = match call.get("values") {
            Some(values) => methods::pairs(values)?,
            None => Vec::new(),
        };
        let named = call.rest.named.iter();
        entries.extend(named.map(|(name, value)| (Value::from(name.as_str()), value.clone())));
        Ok(dict(entries))
    }),
    plugin("joiner", &["sep?"], |call| {
        let separator = call.some_text("sep")?.unwrap_or_else(|| ", ".to_owned());
        Ok(Value::from_object(Joiner { separator, used: Mutex::new(false) }))
    }),
    asking("lookup", &["plugin", "*", "**"], |call| lookups::function(call, false)),
    plugin("namespace", &["values?", "**"], |call| {
        let namespace = Namespace::default();
        if let Some(values) = call.get("values") {
            for (name, value) in methods::pairs(values)? {
                namespace.set(&name.to_string(), value)?;
            }
        }
        for (name, value) in &call.rest.named {
            namespace.set(name, value.clone())?;
        }
        Ok(Value::from_object(namespace))
    }),
    plugin("now", &["utc?", "fmt?"], |call| {
        let now = Moment::now(call.flag("utc", false)?);
        match call.some_text("fmt")? {
            Some(format) => now.format(&format).map(Value::from),
            None => Ok(Value::from_object(now)),
        }
    }),
    asking("q", &["plugin", "*", "**"], |call| lookups::function(call, true)),
    asking("query", &["plugin", "*", "**"], |call| lookups::function(call, true)),
    plugin("range", &["start", "stop?", "step?"], range),
    plugin("undef", &["hint?"], |call| {
        let name = call.some_text("hint")?.unwrap_or_else(|| "undef()".to_owned());
        Ok(missing(TemplateError::Undefined {
            name,
            template: "undef()".to_owned(),
            chain: Vec::new(),
            near: Vec::new(),
        }))
    }),
];

pub(super) fn find(name: &str) -> Option<&'static Plugin> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// The names of all global functions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|function| function.name)
}

/// More items are a mistake or an attack; Jinja has the same limit.
const LONGEST_RANGE: usize = 100_000;

fn range(call: &Arguments<'_>) -> Result<Value, Error> {
    let first = call.integer("start")?.unwrap_or(0);
    let (mut at, stop) = call.integer("stop")?.map_or((0, first), |stop| (first, stop));
    let step = call.integer("step")?.unwrap_or(1);
    if step == 0 {
        return Err(refuse("the step of a range cannot be zero"));
    }
    let mut numbers = Vec::new();
    while if step > 0 { at < stop } else { at > stop } {
        if numbers.len() >= LONGEST_RANGE {
            return Err(refuse(format!("a range may have at most {LONGEST_RANGE} items")));
        }
        numbers.push(Value::from(at));
        at = at.saturating_add(step);
    }
    Ok(list(numbers))
}

/// `namespace()`: names that may be set from inside of loops.
#[derive(Debug, Default)]
pub(super) struct Namespace(Mutex<IndexMap<String, Value>>, Nesting);

impl Namespace {
    pub(super) fn set(&self, name: &str, value: Value) -> Result<(), Error> {
        nesting::put_into(&value, &self.1)?;
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(name.to_owned(), value);
        Ok(())
    }

    pub(super) fn nesting(&self) -> &Nesting {
        &self.1
    }
}

impl Object for Namespace {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key.as_str()?).cloned()
    }
}

/// `cycler()`: its items one after the other, again and again.
#[derive(Debug)]
pub(super) struct Cycler {
    items: Vec<Value>,
    at: Mutex<usize>,
    nesting: Nesting,
}

impl Cycler {
    pub(super) fn nesting(&self) -> &Nesting {
        &self.nesting
    }

    pub(super) fn method(&self, name: &str) -> Option<Value> {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        match name {
            "next" => {
                let item = self.items.get(*at).cloned();
                *at = (*at + 1) % self.items.len();
                item
            }
            "reset" => {
                *at = 0;
                Some(Value::from(()))
            }
            _ => None,
        }
    }
}

impl Object for Cycler {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        (key.as_str() == Some("current")).then(|| self.items.get(*at).cloned())?
    }
}

/// `joiner()`: nothing the first time, then its separator.
#[derive(Debug)]
pub(super) struct Joiner {
    separator: String,
    used: Mutex<bool>,
}

impl Joiner {
    pub(super) fn next(&self) -> Value {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let first = !std::mem::replace(&mut *used, true);
        Value::from(if first { "" } else { self.separator.as_str() })
    }
}

impl Object for Joiner {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}
