//! Calls: what was written in the parentheses, and how it meets what a filter, test, function or
//! method takes. Arguments may be given by place or by name, as in Python.

use super::error::TemplateError;
use super::limits::{looked_at, made};
use super::nesting;
use super::numbers::Number;
use super::python::python_text;
use super::scope::Scope;
use super::value::{carry, is_list, items, present, refuse, truth, type_name};
use crate::error::near_matches;
use minijinja::value::ValueKind;
use minijinja::{Error, Value};

/// The arguments of a call as they were written.
#[derive(Debug, Clone, Default)]
pub(super) struct Call {
    pub(super) positional: Vec<Value>,
    pub(super) named: Vec<(String, Value)>,
}

impl Call {
    pub(super) fn of(positional: Vec<Value>) -> Self {
        Self { positional, named: Vec::new() }
    }

    /// Takes a named argument out.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.named.iter().position(|(known, _)| known == name)?;
        Some(self.named.remove(at).1)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        self.positional.iter().chain(self.named.iter().map(|(_, value)| value))
    }
}

/// A filter, a test or a function.
#[derive(Debug)]
pub(super) struct Plugin {
    pub(super) name: &'static str,
    /// The arguments' names: `name`, `name?` may be left out, `*` any more by place, `**` by name.
    pub(super) parameters: &'static [&'static str],
    pub(super) run: fn(&Arguments<'_>) -> Result<Value, Error>,
    /// Whether it looks at what is missing; else missing values go past it.
    pub(super) asks: bool,
}

/// A plugin whose result is missing when what it gets is.
pub(super) const fn plugin(
    name: &'static str,
    parameters: &'static [&'static str],
    run: fn(&Arguments<'_>) -> Result<Value, Error>,
) -> Plugin {
    Plugin { name, parameters, run, asks: false }
}

/// A plugin that asks whether something is missing.
pub(super) const fn asking(
    name: &'static str,
    parameters: &'static [&'static str],
    run: fn(&Arguments<'_>) -> Result<Value, Error>,
) -> Plugin {
    Plugin { name, parameters, run, asks: true }
}

impl Plugin {
    /// Runs it on `input`; functions have none.
    pub(super) fn call(&self, scope: &Scope, input: Value, call: Call) -> Result<Value, Error> {
        if !self.asks {
            let mut all = std::iter::once(&input).chain(call.values());
            if let Some(missing) = all.find(|value| super::value::why_missing(value).is_some()) {
                return Ok(missing.clone());
            }
            if input.is_undefined() {
                present(&input)?;
            }
        }
        let steps = call.values().map(made).sum::<usize>();
        scope.chain.work(1 + looked_at(&input) + steps)?;
        let arguments = self.bind(scope, input, call)?;
        let outcome = (self.run)(&arguments)?;
        nesting::check(&outcome)?;
        scope.chain.work(made(&outcome))?;
        Ok(outcome)
    }

    fn bind<'a>(
        &'a self,
        scope: &'a Scope,
        input: Value,
        call: Call,
    ) -> Result<Arguments<'a>, Error> {
        let mut arguments =
            Arguments { plugin: self, scope, input, values: Vec::new(), rest: Call::default() };
        let mut positional = call.positional.into_iter();
        for (at, parameter) in self.names().enumerate() {
            let value = if at < self.by_place() { positional.next() } else { None };
            arguments.values.push(value.map(|value| (parameter, value)));
        }
        arguments.rest.positional = positional.collect();
        if !arguments.rest.positional.is_empty() && !self.parameters.contains(&"*") {
            let most = self.by_place();
            return Err(refuse(format!("`{}` takes at most {most} arguments", self.name)));
        }
        for (name, value) in call.named {
            match self.names().position(|known| known == name) {
                Some(at) => match arguments.values.get_mut(at) {
                    Some(slot @ None) => *slot = self.names().nth(at).map(|known| (known, value)),
                    _ => return Err(refuse(format!("`{}` got `{name}` twice", self.name))),
                },
                None if self.parameters.contains(&"**") => arguments.rest.named.push((name, value)),
                None => return Err(carry(self.unknown(&name))),
            }
        }
        let declared = self.parameters.iter().filter(|name| !name.starts_with('*'));
        for (at, parameter) in declared.enumerate() {
            if !parameter.ends_with('?') && arguments.values.get(at).is_some_and(Option::is_none) {
                return Err(refuse(format!("`{}` needs `{parameter}`", self.name)));
            }
        }
        Ok(arguments)
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        let named = self.parameters.iter().filter(|name| !name.starts_with('*'));
        named.map(|name| name.trim_end_matches('?'))
    }

    /// How many parameters may be given by place: those behind `*` only by name.
    fn by_place(&self) -> usize {
        let star = self.parameters.iter().position(|name| *name == "*");
        star.unwrap_or_else(|| self.names().count())
    }

    fn unknown(&self, name: &str) -> TemplateError {
        TemplateError::Unknown {
            what: "argument",
            name: format!("{name}` of `{}", self.name),
            near: near_matches(name, self.names()),
        }
    }

    /// What is wrong with a call, as far as that can be told from how it is written.
    pub(super) fn check(&self, positional: usize, named: &[&str]) -> Result<(), TemplateError> {
        let wrong = |message: String| TemplateError::Operation {
            template: self.name.to_owned(),
            message,
            chain: Vec::new(),
        };
        let most = self.by_place();
        if positional > most && !self.parameters.contains(&"*") {
            return Err(wrong(format!("it takes at most {most} arguments")));
        }
        let any = self.parameters.contains(&"**");
        if let Some(name) = named.iter().find(|name| !any && self.names().all(|n| n != **name)) {
            return Err(self.unknown(name));
        }
        Ok(())
    }
}

/// The arguments of a call, each under its name.
pub(super) struct Arguments<'a> {
    plugin: &'a Plugin,
    pub(super) scope: &'a Scope,
    /// What stands before the bar, or before `is`.
    pub(super) input: Value,
    values: Vec<Option<(&'static str, Value)>>,
    /// What `*` and `**` took.
    pub(super) rest: Call,
}

impl Arguments<'_> {
    /// The argument, when it was given.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        debug_assert!(self.plugin.names().any(|known| known == name), "{name}");
        let given = self.values.iter().flatten().find(|(known, _)| *known == name);
        given.map(|(_, value)| value)
    }

    /// The argument, when it was given and is not none.
    pub(super) fn some(&self, name: &str) -> Option<&Value> {
        self.get(name).filter(|value| !value.is_none())
    }

    pub(super) fn value(&self, name: &str) -> Result<&Value, Error> {
        self.get(name).ok_or_else(|| refuse(format!("`{}` needs `{name}`", self.plugin.name)))
    }

    /// The argument as text, whatever it is.
    pub(super) fn text(&self, name: &str) -> Result<String, Error> {
        python_text(self.value(name)?)
    }

    pub(super) fn some_text(&self, name: &str) -> Result<Option<String>, Error> {
        self.some(name).map(python_text).transpose()
    }

    /// Whether the argument is true.
    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, Error> {
        self.get(name).map_or(Ok(default), truth)
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Error> {
        let Some(value) = self.some(name) else { return Ok(None) };
        match Number::of(value) {
            Some(Number::Integer(number)) => i64::try_from(number)
                .map(Some)
                .map_err(|_| refuse(format!("`{name}` of `{}` is too big", self.plugin.name))),
            _ => Err(refuse(format!(
                "`{name}` of `{}` must be an integer, not `{}`",
                self.plugin.name,
                type_name(value)
            ))),
        }
    }

    /// A count: an integer that is not negative.
    pub(super) fn count(&self, name: &str) -> Result<Option<usize>, Error> {
        Ok(self.integer(name)?.map(|number| usize::try_from(number.max(0)).unwrap_or(0)))
    }

    /// What stands before the bar as text, whatever it is.
    pub(super) fn input_text(&self) -> Result<String, Error> {
        python_text(&self.input)
    }

    /// What stands before the bar, which must be text.
    pub(super) fn input_str(&self) -> Result<&str, Error> {
        self.input.as_str().filter(|_| self.input.kind() == ValueKind::String).ok_or_else(|| {
            refuse(format!("`{}` takes text, not `{}`", self.plugin.name, type_name(&self.input)))
        })
    }

    /// What a loop over the input meets.
    pub(super) fn input_items(&self) -> Result<Vec<Value>, Error> {
        items(&self.input)
    }

    /// The items of the input, which must be a list.
    pub(super) fn input_list(&self) -> Result<Vec<Value>, Error> {
        if !is_list(present(&self.input)?) {
            let (name, found) = (self.plugin.name, type_name(&self.input));
            return Err(refuse(format!("`{name}` takes lists, not `{found}`")));
        }
        items(&self.input)
    }

    pub(super) fn name(&self) -> &'static str {
        self.plugin.name
    }
}
