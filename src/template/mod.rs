//! Templates and expressions, as Ansible means them.
//!
//! [`Scope`] holds the variables of one host at one moment. Variables are lazy and recursive: one
//! whose value holds a template is rendered when it is read, in the scope that reads it. Data
//! (results of commands, loop items, what was decided) is never rendered, whatever stands in it:
//! what a host prints must not become a program here.
//!
//! A string that is one `{{ expression }}` keeps the expression's type; everything else is text,
//! with booleans and lists spelled as Python spells them. Undefined variables are errors unless
//! `default` or `is defined` asks for them.

mod about;
mod addresses;
mod attributes;
mod call;
mod chain;
mod check;
mod datetime;
mod error;
mod escapes;
mod evaluate;
mod filters;
mod functions;
mod jinja_tests;
mod lazy;
mod limits;
mod lookups;
mod methods;
mod names;
mod nesting;
mod numbers;
mod operators;
mod printf;
mod python;
mod render;
mod scope;
mod text;
mod value;

pub use about::about_template;
pub use check::{check_expression, check_text};
pub use error::TemplateError;
pub use python::{python_repr, python_text};
pub use render::Whitespace;
pub use scope::{HostVariables, OMIT, Open, Scope};

/// The names of all lookups, sorted.
pub fn lookups() -> Vec<&'static str> {
    lookups::known().collect()
}

/// Whether there is anything to render in the text.
pub fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

#[cfg(test)]
mod tests;
