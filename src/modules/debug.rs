//! `debug`: shows a message or a variable.

use super::args::whole_number;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;
use serde_json::Value;

/// The module.
#[derive(Debug)]
pub(super) struct Debug;

#[async_trait]
impl Module for Debug {
    fn name(&self) -> &'static str {
        "debug"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::optional("msg"),
                Parameter::optional("var"),
                Parameter::optional("verbosity"),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let verbosity = whole_number(args, "verbosity")?.unwrap_or_default();
        let enough = format!("ansible_verbosity >= {verbosity}");
        if verbosity > 0 && !context.templates.condition(&enough)? {
            let quiet = Outcome { skipped: true, ..Outcome::default() };
            return Ok(quiet.with("skipped_reason", "Verbosity threshold not met."));
        }
        match (args.0.get("msg"), args.0.get("var")) {
            (Some(_), Some(_)) => Err(ModuleError::Argument {
                name: "var".to_owned(),
                reason: "and `msg` exclude each other".to_owned(),
            }),
            (_, Some(Value::String(expression))) => {
                let value = context.templates.expression(expression)?;
                let msg = format!("{expression}: {}", shown(&value));
                Ok(Outcome::ok(msg).with(expression, value))
            }
            (_, Some(value)) | (Some(value), None) => {
                Ok(Outcome::ok(shown(value)).with("msg", value.clone()))
            }
            (None, None) => Ok(Outcome::ok("Hello world!").with("msg", "Hello world!")),
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_else(|_| other.to_string()),
    }
}
