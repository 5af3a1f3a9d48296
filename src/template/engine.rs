//! The template engine, set up once: settings, filters, tests, and its errors in our words.

use super::error::TemplateError;
use super::lazy::Variables;
use super::scope::Scope;
use super::{filters, python, tests_of_results};
use crate::error::near_matches;
use minijinja::machinery::{CodeGenerator, Instruction, Instructions, parse, parse_expr};
use minijinja::syntax::SyntaxConfig;
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value,
};
use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::LazyLock;

/// Under this name the formatter keeps what a template put out, to give a sole value its type.
const EMITTED: &str = "emitted";

/// Never changed after it is built.
pub(super) static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(environment);

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.set_formatter(put_out);
    // Errors tell which name was undefined only in debug mode.
    environment.set_debug(true);
    filters::register(&mut environment);
    tests_of_results::register(&mut environment);
    environment
}

/// Writes a value as Python's `str` would, and remembers it.
fn put_out(output: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let emitted = match state.get_temp(EMITTED) {
        None => Value::from(vec![value.clone()]),
        Some(_) => Value::from(()),
    };
    state.set_temp(EMITTED, emitted);
    output.write_str(&emitted_text(value)?).map_err(Error::from)
}

/// What a value puts out: as Python's `str`, but nothing puts out nothing, as in ansible-core 2.19.
pub(super) fn emitted_text(value: &Value) -> Result<String, Error> {
    if value.is_none() { Ok(String::new()) } else { python::python_text(value) }
}

/// A compiled template or expression. The engine's own lifetime is shortened to the source's.
pub(super) struct Program<'a> {
    instructions: Instructions<'a>,
    blocks: BTreeMap<&'a str, Instructions<'a>>,
}

impl<'a> Program<'a> {
    pub(super) fn template(source: &'a str, syntax: SyntaxConfig) -> Result<Self, Error> {
        let tree = parse(source, "template", syntax)?;
        let mut generator = CodeGenerator::new("template", source);
        generator.compile_stmt(&tree);
        let (instructions, blocks) = generator.finish();
        Ok(Self { instructions, blocks })
    }

    pub(super) fn expression(source: &'a str) -> Result<Self, Error> {
        let tree = parse_expr(source)?;
        let mut generator = CodeGenerator::new("expression", source);
        generator.compile_expr(&tree);
        let (instructions, blocks) = generator.finish();
        Ok(Self { instructions, blocks })
    }

    /// The value of an expression.
    pub(super) fn evaluate(&self, scope: &Scope) -> Result<Value, Error> {
        let root = Value::from_object(Variables { scope: scope.clone() });
        let mut text = String::new();
        let mut output = minijinja::machinery::make_string_output(&mut text);
        let environment: &Environment<'_> = &ENVIRONMENT;
        let (value, _) = minijinja::machinery::eval(
            environment,
            &self.instructions,
            root,
            &self.blocks,
            &mut output,
            AutoEscape::None,
        )?;
        value.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "the expression has no value"))
    }

    /// A template's text, and the only value it put out when it put out just one.
    pub(super) fn render(&self, scope: &Scope) -> Result<(String, Option<Value>), Error> {
        let root = Value::from_object(Variables { scope: scope.clone() });
        let mut text = String::new();
        let mut output = minijinja::machinery::make_string_output(&mut text);
        let environment: &Environment<'_> = &ENVIRONMENT;
        let (_, state) = minijinja::machinery::eval(
            environment,
            &self.instructions,
            root,
            &self.blocks,
            &mut output,
            AutoEscape::None,
        )?;
        let emitted = state.get_temp(EMITTED);
        drop(state);
        let only = emitted.and_then(|list| list.get_item_by_index(0).ok());
        Ok((text, only))
    }

    /// Every instruction, those of blocks and macros too.
    pub(super) fn instructions(&self) -> impl Iterator<Item = &Instruction<'a>> {
        std::iter::once(&self.instructions)
            .chain(self.blocks.values())
            .flat_map(|part| (0_u32..).map_while(|index| part.get(index)))
    }
}

/// The engine's error in our words. `template` is what was rendered.
pub(super) fn translate(error: &Error, template: &str, scope: &Scope) -> TemplateError {
    if let Some(own) = own_error(error) {
        return own;
    }
    let detail = error.detail().unwrap_or_default();
    match error.kind() {
        ErrorKind::SyntaxError => TemplateError::Syntax {
            what: "template",
            template: shorten(template),
            message: detail.to_owned(),
        },
        ErrorKind::UnknownFilter => unknown("filter", word_after(detail, "filter ")),
        ErrorKind::UnknownTest => unknown("test", word_after(detail, "test ")),
        ErrorKind::UnknownFunction => unknown("function", word_after(detail, "")),
        _ => undefined(error, template, scope).unwrap_or_else(|| TemplateError::Operation {
            template: shorten(template),
            message: if detail.is_empty() { error.kind().to_string() } else { detail.to_owned() },
            chain: scope.chain.names(),
        }),
    }
}

/// An error of ours that went through the engine.
fn own_error(error: &Error) -> Option<TemplateError> {
    let mut source = error.source();
    while let Some(current) = source {
        if let Some(own) = current.downcast_ref::<TemplateError>() {
            return Some(own.clone());
        }
        source = current.source();
    }
    None
}

fn undefined(error: &Error, template: &str, scope: &Scope) -> Option<TemplateError> {
    let detail = error.detail().unwrap_or_default();
    let named = detail.strip_suffix("` is undefined").and_then(|rest| rest.strip_prefix('`'));
    let inside = detail.split_once("(`").and_then(|(_, rest)| rest.split_once("` is undefined"));
    let name = match (named, inside) {
        (Some(name), _) | (None, Some((name, _))) => name.to_owned(),
        // A part of a container, found when the whole was printed.
        _ if error.kind() == ErrorKind::UndefinedError => match scope.chain.last_note() {
            Some(noted) => return Some(noted),
            None => shorten(template),
        },
        _ => return None,
    };
    if let Some(noted) = scope.chain.noted(&name) {
        return Some(noted);
    }
    let near = near(&name, scope);
    Some(TemplateError::Undefined {
        name,
        template: shorten(template),
        chain: scope.chain.names(),
        near,
    })
}

/// What looks like an undefined variable, or like the last part of `a.b.c`.
fn near(name: &str, scope: &Scope) -> Vec<String> {
    let Some((parent, attribute)) = name.rsplit_once('.') else {
        return scope.near(name);
    };
    let Ok(value) = super::render::expression_value(scope, parent) else {
        return Vec::new();
    };
    let keys: Vec<String> = value
        .try_iter()
        .map(|keys| keys.filter_map(|key| key.as_str().map(str::to_owned)).collect())
        .unwrap_or_default();
    near_matches(attribute, keys.iter().map(String::as_str))
        .into_iter()
        .map(|key| format!("{parent}.{key}"))
        .collect()
}

/// A filter, test or function that is not there, with what looks like it.
pub(super) fn unknown(what: &'static str, name: &str) -> TemplateError {
    let near = match what {
        "filter" => near_matches(name, filters::NAMES.iter().copied()),
        "test" => near_matches(name, tests_of_results::NAMES.iter().copied()),
        _ => Vec::new(),
    };
    TemplateError::Unknown { what, name: name.to_owned(), near }
}

fn word_after<'a>(text: &'a str, before: &str) -> &'a str {
    text.strip_prefix(before).unwrap_or(text).split(' ').next().unwrap_or_default()
}

/// A template as it is shown in an error: one line, not too long.
pub(super) fn shorten(template: &str) -> String {
    const LONGEST: usize = 120;
    let line = template.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST).chain("…".chars()).collect()
}
