//! Rendering strings, values and conditions in a scope.

use super::error::TemplateError;
use super::escapes::{self, Kind};
use super::evaluate::{
    Evaluator, FileSettings, Library, parse_expression, parse_template, with_loop_tuples,
};
use super::is_template;
use super::lazy;
use super::lookups;
use super::python::emitted_text;
use super::scope::{OMIT, Scope};
use super::text::shorten;
use super::value::{is_map, present};
use crate::error::near_matches;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind};
use serde_json::{Map, Value};
use std::error::Error as _;
use std::path::Path;

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
    pub(super) fn syntax(self) -> Result<SyntaxConfig, Error> {
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

    /// The text of a template file. Newlines at its end are kept. What it includes is looked for
    /// beside it, then where lookups look.
    pub fn render_file(
        &self,
        path: &Path,
        text: &str,
        whitespace: Whitespace,
    ) -> Result<String, TemplateError> {
        let directories = lookups::template_directories(path, self.search_path());
        let value = file(self, text, FileSettings { whitespace, directories })?;
        emitted_text(&value).map_err(|error| translate(&error, text, self))
    }

    /// What a loop with `with_NAME: terms` goes through; `terms` are as they are written.
    pub fn with_lookup(&self, name: &str, terms: &Value) -> Result<Vec<Value>, TemplateError> {
        let scope = begin(self);
        let terms = lazy::templates(&scope, "the loop", terms)?;
        lookups::with(&scope, name, &terms)
            .and_then(|found| found.iter().map(lazy::to_json).collect())
            .map_err(|error| translate(&error, name, &scope))
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

/// The value of a string that may hold templates.
pub(super) fn native(scope: &Scope, text: &str) -> Result<minijinja::Value, TemplateError> {
    if !is_template(text) {
        return Ok(minijinja::Value::from(text));
    }
    run(scope, text, Kind::Text, Whitespace::default(), None)
}

/// The value of a template file.
pub(super) fn file(
    scope: &Scope,
    text: &str,
    settings: FileSettings,
) -> Result<minijinja::Value, TemplateError> {
    let (text, whitespace) = header(text, settings.whitespace)?;
    run(scope, text, Kind::File, whitespace, Some(FileSettings { whitespace, ..settings }))
}

/// The settings of a first line `#jinja2: trim_blocks: True, lstrip_blocks: True`, and what follows.
fn header(text: &str, mut whitespace: Whitespace) -> Result<(&str, Whitespace), TemplateError> {
    let Some(rest) = text.strip_prefix("#jinja2:") else { return Ok((text, whitespace)) };
    let (line, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    for setting in line.split(',') {
        let refused = || TemplateError::Syntax {
            what: "template",
            template: format!("#jinja2:{line}"),
            message: "only `trim_blocks` and `lstrip_blocks` can be set, to True or False"
                .to_owned(),
        };
        let (name, value) = setting.split_once(':').ok_or_else(refused)?;
        let value = match value.trim() {
            "True" => true,
            "False" => false,
            _ => return Err(refused()),
        };
        match name.trim() {
            "trim_blocks" => whitespace.trim_blocks = value,
            "lstrip_blocks" => whitespace.lstrip_blocks = value,
            _ => return Err(refused()),
        }
    }
    Ok((rest, whitespace))
}

fn run(
    scope: &Scope,
    text: &str,
    kind: Kind,
    whitespace: Whitespace,
    files: Option<FileSettings>,
) -> Result<minijinja::Value, TemplateError> {
    let scope = begin(scope);
    let kept = escapes::keep(text, kind);
    let source = with_loop_tuples(&kept);
    let tree =
        parse_template(&source, whitespace).map_err(|error| translate(&error, text, &scope))?;
    let library = Library::default();
    let mut evaluator = Evaluator::new(&scope, &library, &source, files);
    let value = evaluator
        .template(&tree)
        .and_then(|value| present(&value).cloned())
        .map_err(|error| translate(&error, &evaluator.place(), &scope))?;
    Ok(match value.as_str() {
        Some(output) => minijinja::Value::from(keep_newlines(text, output.to_owned())),
        None => value,
    })
}

/// The engine drops a newline at the end; Ansible puts back as many as the template had.
fn keep_newlines(template: &str, mut output: String) -> String {
    let count = |text: &str| text.len() - text.trim_end_matches('\n').len();
    for _ in count(&output)..count(template) {
        output.push('\n');
    }
    output
}

/// The value of a bare expression.
pub(super) fn expression_value(
    scope: &Scope,
    expression: &str,
) -> Result<minijinja::Value, TemplateError> {
    let scope = begin(scope);
    let source = escapes::keep(expression, Kind::Expression);
    let tree = parse_expression(&source)
        .map_err(|error| as_expression(translate(&error, expression, &scope)))?;
    let library = Library::default();
    let mut evaluator = Evaluator::new(&scope, &library, &source, None);
    evaluator
        .expression(&tree)
        .and_then(|value| present(&value).cloned())
        .map_err(|error| translate(&error, expression, &scope))
}

fn as_expression(error: TemplateError) -> TemplateError {
    match error {
        TemplateError::Syntax { template, message, .. } => {
            TemplateError::Syntax { what: "expression", template, message }
        }
        other => other,
    }
}

/// An error on its way out: ours as they are, the parser's in our words. `template` is what was
/// rendered.
pub(super) fn translate(error: &Error, template: &str, scope: &Scope) -> TemplateError {
    let mut source = error.source();
    while let Some(current) = source {
        match current.downcast_ref::<TemplateError>() {
            Some(TemplateError::Undefined { name, template, chain, near }) if near.is_empty() => {
                return TemplateError::Undefined {
                    name: name.clone(),
                    template: template.clone(),
                    chain: chain.clone(),
                    near: near_names(name, scope),
                };
            }
            Some(own) => return own.clone(),
            None => source = current.source(),
        }
    }
    let detail = error.detail().unwrap_or_default();
    let message = if detail.is_empty() { error.kind().to_string() } else { detail.to_owned() };
    let template = shorten(template);
    match error.kind() {
        ErrorKind::SyntaxError => TemplateError::Syntax { what: "template", template, message },
        _ => TemplateError::Operation { template, message, chain: scope.chain.names() },
    }
}

/// What looks like an undefined variable, or like the last part of `a.b.c`.
fn near_names(name: &str, scope: &Scope) -> Vec<String> {
    let Some((parent, attribute)) = name.rsplit_once('.') else { return scope.near(name) };
    let Ok(value) = expression_value(scope, parent) else { return Vec::new() };
    if !is_map(&value) {
        return Vec::new();
    }
    let keys: Vec<String> = super::value::items(&value)
        .unwrap_or_default()
        .iter()
        .filter_map(|key| key.as_str().map(str::to_owned))
        .collect();
    near_matches(attribute, keys.iter().map(String::as_str))
        .into_iter()
        .map(|key| format!("{parent}.{key}"))
        .collect()
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
