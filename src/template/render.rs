//! Rendering strings, values and conditions in a scope.

use super::engine::{Program, emitted_text, shorten, translate};
use super::error::TemplateError;
use super::escapes::{self, Kind};
use super::is_template;
use super::lazy;
use super::scope::{OMIT, Scope};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind};
use serde_json::{Map, Value};

/// How a template treats the blanks around its blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whitespace {
    /// Whether the newline after a block is removed.
    pub trim_blocks: bool,
    /// Whether blanks before a block are removed.
    pub lstrip_blocks: bool,
}

impl Default for Whitespace {
    fn default() -> Self {
        Self { trim_blocks: true, lstrip_blocks: false }
    }
}

impl Whitespace {
    fn syntax(self) -> Result<SyntaxConfig, Error> {
        SyntaxConfig::builder()
            .trim_blocks(self.trim_blocks)
            .lstrip_blocks(self.lstrip_blocks)
            .build()
    }
}

impl Scope {
    /// A string's value: a string that is one `{{ expression }}` keeps the expression's type,
    /// everything else is text. `omit` comes out as [`OMIT`].
    pub fn render(&self, text: &str) -> Result<Value, TemplateError> {
        if !is_template(text) {
            return Ok(Value::String(text.to_owned()));
        }
        let scope = begin(self);
        let value = native(&scope, text)?;
        lazy::to_json(&value).map_err(|error| translate(&error, text, &scope))
    }

    /// A string's text, with booleans and lists spelled as Python spells them.
    pub fn render_text(&self, text: &str) -> Result<String, TemplateError> {
        if !is_template(text) {
            return Ok(text.to_owned());
        }
        let scope = begin(self);
        let value = native(&scope, text)?;
        emitted_text(&value).map_err(|error| translate(&error, text, &scope))
    }

    /// A value with every string in it rendered, keys too. Entries that come out as `omit` are
    /// left out.
    pub fn render_value(&self, value: &Value) -> Result<Value, TemplateError> {
        match value {
            Value::String(text) => self.render(text),
            Value::Array(items) => items
                .iter()
                .map(|item| self.render_value(item))
                .filter(|item| !matches!(item, Ok(Value::String(text)) if text == OMIT))
                .collect::<Result<_, _>>()
                .map(Value::Array),
            Value::Object(entries) => self.render_map(entries).map(Value::Object),
            other => Ok(other.clone()),
        }
    }

    /// A mapping with every string in it rendered, without what comes out as `omit`.
    pub fn render_map(
        &self,
        entries: &Map<String, Value>,
    ) -> Result<Map<String, Value>, TemplateError> {
        let mut rendered = Map::new();
        for (key, value) in entries {
            let value = self.render_value(value)?;
            if value.as_str() != Some(OMIT) {
                rendered.insert(self.render_text(key)?, value);
            }
        }
        Ok(rendered)
    }

    /// The value of a bare expression (`debug: var`, `until`).
    pub fn expression(&self, expression: &str) -> Result<Value, TemplateError> {
        let scope = begin(self);
        let value = expression_value(&scope, expression)?;
        lazy::to_json(&value).map_err(|error| translate(&error, expression, &scope))
    }

    /// Whether a condition holds. One that gives no boolean is an error, as in ansible-core 2.19.
    pub fn condition(&self, expression: &str) -> Result<bool, TemplateError> {
        let bare = bare_expression(expression);
        let value = expression_value(self, bare)?;
        match value.kind() {
            ValueKind::Bool => Ok(value.is_true()),
            kind => Err(TemplateError::NotBoolean {
                expression: shorten(bare),
                found: describe(kind).to_owned(),
            }),
        }
    }

    /// The text of a template file. Newlines at its end are kept.
    pub fn render_file(&self, text: &str, whitespace: Whitespace) -> Result<String, TemplateError> {
        let scope = begin(self);
        let value = with_whitespace(&scope, text, whitespace, Kind::File)?;
        emitted_text(&value).map_err(|error| translate(&error, text, &scope))
    }
}

/// `{{ a == b }}` as a condition means `a == b`.
pub(super) fn bare_expression(expression: &str) -> &str {
    let trimmed = expression.trim();
    let inner = trimmed.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    match inner {
        Some(inner) if !inner.contains("{{") && !inner.contains("}}") => {
            inner.trim_matches('-').trim()
        }
        _ => trimmed,
    }
}

/// The value of a string that may hold templates, as the engine sees it.
pub(super) fn native(scope: &Scope, text: &str) -> Result<minijinja::Value, TemplateError> {
    if !is_template(text) {
        return Ok(minijinja::Value::from(text));
    }
    with_whitespace(scope, text, Whitespace::default(), Kind::Text)
}

fn with_whitespace(
    scope: &Scope,
    text: &str,
    whitespace: Whitespace,
    kind: Kind,
) -> Result<minijinja::Value, TemplateError> {
    let scope = begin(scope);
    let kept = escapes::keep(text, kind);
    let source = super::reach::template(
        &kept,
        &whitespace.syntax().map_err(|error| translate(&error, text, &scope))?,
    );
    let rendered = whitespace
        .syntax()
        .and_then(|syntax| Program::template(&source, syntax))
        .and_then(|program| program.render(&scope));
    let (output, only) = rendered.map_err(|error| translate(&error, text, &scope))?;
    match only {
        Some(value) if is_all(&value, &output) => match value.as_str() {
            Some(string) => Ok(minijinja::Value::from(keep_newlines(text, string.to_owned()))),
            None => Ok(value),
        },
        // A template that puts out nothing at all gives nothing, not an empty text.
        None if output.is_empty() => Ok(minijinja::Value::from(())),
        _ => Ok(minijinja::Value::from(keep_newlines(text, output))),
    }
}

/// Whether the only value that was put out is all there is.
fn is_all(value: &minijinja::Value, output: &str) -> bool {
    emitted_text(value).is_ok_and(|text| text == output)
}

/// The engine drops a newline at the end; Ansible puts back as many as the template had.
fn keep_newlines(template: &str, mut output: String) -> String {
    let count = |text: &str| text.len() - text.trim_end_matches('\n').len();
    for _ in count(&output)..count(template) {
        output.push('\n');
    }
    output
}

/// The value of a bare expression, as the engine sees it.
pub(super) fn expression_value(
    scope: &Scope,
    expression: &str,
) -> Result<minijinja::Value, TemplateError> {
    let scope = begin(scope);
    let kept = escapes::keep(expression, Kind::Expression);
    let source = super::reach::expression(&kept);
    let value = Program::expression(&source)
        .and_then(|program| program.evaluate(&scope))
        .map_err(|error| as_expression(translate(&error, expression, &scope)))?;
    if value.is_undefined() {
        let missing =
            Error::new(ErrorKind::UndefinedError, format!("`{}` is undefined", expression.trim()));
        return Err(translate(&missing, expression, &scope));
    }
    Ok(value)
}

fn as_expression(error: TemplateError) -> TemplateError {
    match error {
        TemplateError::Syntax { template, message, .. } => {
            TemplateError::Syntax { what: "expression", template, message }
        }
        other => other,
    }
}

pub(super) fn begin(scope: &Scope) -> Scope {
    scope.on_the_way(&scope.chain.begin(scope.owner()))
}

fn describe(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::None => "nothing",
        ValueKind::Number => "a number",
        ValueKind::String | ValueKind::Bytes => "a string",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "a mapping",
        _ => "something else",
    }
}
