//! A task's arguments, rendered, with typed and strict access.

use super::ModuleError;
use serde_json::{Map, Value};

/// One argument that a module takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Other names of it.
    pub aliases: &'static [&'static str],
    /// Whether it has to be given.
    pub required: bool,
    /// The values it may have; empty when any.
    pub choices: &'static [&'static str],
}

impl Parameter {
    /// An argument that may be left out.
    pub const fn optional(name: &'static str) -> Self {
        Self { name, aliases: &[], required: false, choices: &[] }
    }

    /// An argument that has to be given.
    pub const fn required(name: &'static str) -> Self {
        Self { name, aliases: &[], required: true, choices: &[] }
    }

    /// Restricts it to these values.
    #[must_use]
    pub const fn one_of(mut self, choices: &'static [&'static str]) -> Self {
        self.choices = choices;
        self
    }

    /// Gives it other names.
    #[must_use]
    pub const fn or(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }
}

/// Rendered arguments by parameter name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Args(pub Map<String, Value>);

impl Args {
    /// The argument as text; numbers and booleans as Ansible spells them.
    pub fn text(&self, name: &'static str) -> Result<Option<String>, ModuleError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Bool(true)) => Ok(Some("True".to_owned())),
            Some(Value::Bool(false)) => Ok(Some("False".to_owned())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(other) => Err(wrong(name, "text", other)),
        }
    }

    /// The argument as text, which has to be there.
    pub fn required_text(&self, name: &'static str) -> Result<String, ModuleError> {
        self.text(name)?.ok_or(ModuleError::Argument {
            name: name.to_owned(),
            reason: "is missing or rendered empty".to_owned(),
        })
    }

    /// The argument as a boolean, `default` when it is not there.
    pub fn boolean(&self, name: &'static str, default: bool) -> Result<bool, ModuleError> {
        let text = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(default),
            Some(Value::Bool(value)) => return Ok(*value),
            Some(Value::String(text)) => text.to_ascii_lowercase(),
            Some(Value::Number(number)) => number.to_string(),
            Some(other) => return Err(wrong(name, "a boolean", other)),
        };
        match text.as_str() {
            "yes" | "true" | "on" | "1" | "y" | "t" => Ok(true),
            "no" | "false" | "off" | "0" | "n" | "f" => Ok(false),
            _ => Err(wrong(name, "a boolean", &Value::String(text))),
        }
    }

    /// The argument as a list of texts; one text is a list of one.
    pub fn list(&self, name: &'static str) -> Result<Vec<String>, ModuleError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| match item {
                    Value::String(text) => Ok(text.clone()),
                    Value::Number(number) => Ok(number.to_string()),
                    other => Err(wrong(name, "a list of texts", other)),
                })
                .collect(),
            Some(Value::String(text)) => Ok(vec![text.clone()]),
            Some(other) => Err(wrong(name, "a list of texts", other)),
        }
    }
}

fn wrong(name: &str, wanted: &str, found: &Value) -> ModuleError {
    ModuleError::Argument {
        name: name.to_owned(),
        reason: format!("must be {wanted}, not {found}"),
    }
}

/// The argument as a whole number, not negative.
pub(super) fn whole_number(args: &Args, name: &'static str) -> Result<Option<u64>, ModuleError> {
    let Some(text) = args.text(name)? else { return Ok(None) };
    let number = text.trim().parse().map_err(|_| ModuleError::Argument {
        name: name.to_owned(),
        reason: format!("must be a whole number, not `{text}`"),
    })?;
    Ok(Some(number))
}
