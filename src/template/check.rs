//! What can be said about a template before there are variables.

use super::engine::{ENVIRONMENT, Program, shorten, translate, unknown};
use super::error::TemplateError;
use super::escapes::{self, Kind};
use super::scope::Scope;
use super::{filters, is_template, tests_of_results};
use minijinja::Error;
use minijinja::machinery::Instruction;
use minijinja::syntax::SyntaxConfig;

/// Whether the text is a template that can be rendered: syntax, and names of filters and tests.
pub fn check_text(text: &str) -> Result<(), TemplateError> {
    if !is_template(text) {
        return Ok(());
    }
    let kept = escapes::keep(text, Kind::Text);
    check("template", text, Program::template(&kept, SyntaxConfig::default()))
}

/// Whether the text is an expression that can be evaluated: syntax, and names of filters and tests.
pub fn check_expression(text: &str) -> Result<(), TemplateError> {
    let bare = super::render::bare_expression(text);
    let kept = escapes::keep(bare, Kind::Expression);
    check("expression", bare, Program::expression(&kept))
}

fn check(
    what: &'static str,
    text: &str,
    program: Result<Program<'_>, Error>,
) -> Result<(), TemplateError> {
    let program = program.map_err(|error| match translate(&error, text, &Scope::default()) {
        TemplateError::Syntax { message, .. } => {
            TemplateError::Syntax { what, template: shorten(text), message }
        }
        other => other,
    })?;
    for instruction in program.instructions() {
        match instruction {
            Instruction::ApplyFilter(name, ..) if !filters::NAMES.contains(name) => {
                return Err(unknown("filter", name));
            }
            Instruction::PerformTest(name, ..) if !tests_of_results::NAMES.contains(name) => {
                return Err(unknown("test", name));
            }
            Instruction::CallFunction(name, _) if !is_function(name) => {
                return Err(match *name {
                    "lookup" | "query" | "q" => TemplateError::Syntax {
                        what,
                        template: shorten(text),
                        message: "lookups are not supported yet".to_owned(),
                    },
                    name => unknown("function", name),
                });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Macros are variables of their template, so that any name but a lookup's may be one.
fn is_function(name: &str) -> bool {
    !matches!(name, "lookup" | "query" | "q")
        || ENVIRONMENT.globals().any(|(global, _)| global == name)
}
