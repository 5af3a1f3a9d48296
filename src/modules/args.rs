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
    /// What to do instead when it is refused, or given another value than [`Self::choices`].
    pub hint: Option<&'static str>,
}

/// What `false` may be written as.
const FALSE: &[&str] = &["false", "no", "off", "0", "False", "No"];

/// What `true` may be written as.
const TRUE: &[&str] = &["true", "yes", "on", "1", "True", "Yes"];

impl Parameter {
    /// An argument that may be left out.
    pub const fn optional(name: &'static str) -> Self {
        Self { name, aliases: &[], required: false, choices: &[], hint: None }
    }

    /// An argument that has to be given.
    pub const fn required(name: &'static str) -> Self {
        Self { name, aliases: &[], required: true, choices: &[], hint: None }
    }

    /// An argument of Ansible's that is refused; the hint says what to do instead.
    pub const fn refused(name: &'static str, hint: &'static str) -> Self {
        Self { name, aliases: &[], required: false, choices: &[], hint: Some(hint) }
    }

    /// A switch of Ansible's that can only be off here.
    pub const fn off(name: &'static str, hint: &'static str) -> Self {
        Self { name, aliases: &[], required: false, choices: FALSE, hint: Some(hint) }
    }

    /// A switch of Ansible's that can only be on here.
    pub const fn on(name: &'static str, hint: &'static str) -> Self {
        Self { name, aliases: &[], required: false, choices: TRUE, hint: Some(hint) }
    }

    /// Whether it cannot be given at all.
    pub const fn is_refused(&self) -> bool {
        self.hint.is_some() && self.choices.is_empty()
    }

    /// Says what to do instead of giving it another value than its choices.
    #[must_use]
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
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
            Some(other) => Err(unfit(name, "text", other)),
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
            Some(other) => return Err(unfit(name, "a boolean", other)),
        };
        match text.as_str() {
            "yes" | "true" | "on" | "1" | "y" | "t" => Ok(true),
            "no" | "false" | "off" | "0" | "n" | "f" => Ok(false),
            _ => Err(unfit(name, "a boolean", &Value::String(text))),
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
                    Value::Bool(true) => Ok("True".to_owned()),
                    Value::Bool(false) => Ok("False".to_owned()),
                    Value::Null => Ok(String::new()),
                    other => Err(unfit(name, "a list of texts", other)),
                })
                .collect(),
            Some(Value::String(text)) => Ok(vec![text.clone()]),
            Some(Value::Number(number)) => Ok(vec![number.to_string()]),
            Some(other) => Err(unfit(name, "a list of texts", other)),
        }
    }

    /// The argument as a list of texts; one text is split at its commas, as Ansible does.
    pub fn words(&self, name: &'static str) -> Result<Vec<String>, ModuleError> {
        match self.0.get(name) {
            Some(Value::String(text)) => Ok(text.split(',').map(str::to_owned).collect()),
            _ => self.list(name),
        }
    }
}

/// A module's own parameters and those of another list, `N` in all.
pub(super) const fn joined<const N: usize>(
    own: &[Parameter],
    more: &[Parameter],
) -> [Parameter; N] {
    let mut all = [Parameter::optional(""); N];
    let mut at = 0;
    while at < N {
        all[at] = if at < own.len() { own[at] } else { more[at - own.len()] };
        at += 1;
    }
    all
}

/// An argument that cannot be used.
pub(super) fn wrong(name: &str, reason: impl Into<String>) -> ModuleError {
    ModuleError::Argument { name: name.to_owned(), reason: reason.into() }
}

fn unfit(name: &str, wanted: &str, found: &Value) -> ModuleError {
    ModuleError::Argument {
        name: name.to_owned(),
        reason: format!("must be {wanted}, not {found}"),
    }
}

/// The argument as a whole number, not negative.
pub(super) fn whole_number(args: &Args, name: &'static str) -> Result<Option<u64>, ModuleError> {
    let Some(text) = args.text(name)? else { return Ok(None) };
    let number = text.trim().parse();
    number.map(Some).map_err(|_| wrong(name, format!("must be a whole number, not `{text}`")))
}
