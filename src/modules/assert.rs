//! `assert`: conditions that have to hold.

use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;
use serde_json::Value;

/// The module.
#[derive(Debug)]
pub(super) struct Assert;

#[async_trait]
impl Module for Assert {
    fn name(&self) -> &'static str {
        "assert"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::required("that"),
                Parameter::optional("fail_msg").or(&["msg"]),
                Parameter::optional("success_msg"),
                Parameter::optional("quiet"),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let quiet = args.boolean("quiet", false)?;
        for condition in conditions(args)? {
            let holds = match &condition {
                Value::Bool(holds) => *holds,
                Value::String(expression) => context.templates.condition(expression)?,
                other => {
                    return Err(ModuleError::Argument {
                        name: "that".to_owned(),
                        reason: format!("must be conditions, not {other}"),
                    });
                }
            };
            if !holds {
                let msg = args.0.get("fail_msg").filter(|msg| !msg.is_null()).cloned();
                let failed = Outcome::failed(msg.unwrap_or_else(|| "Assertion failed".into()));
                return Ok(failed.with("evaluated_to", false).with("assertion", condition));
            }
        }
        let msg = args.text("success_msg")?.unwrap_or_else(|| "All assertions passed".to_owned());
        let shown = if quiet { String::new() } else { msg.clone() };
        Ok(Outcome::ok(shown).with("msg", msg))
    }
}

fn conditions(args: &Args) -> Result<Vec<Value>, ModuleError> {
    match args.0.get("that") {
        Some(Value::Array(conditions)) if !conditions.is_empty() => Ok(conditions.clone()),
        Some(one @ (Value::String(_) | Value::Bool(_))) => Ok(vec![one.clone()]),
        _ => Err(ModuleError::Argument {
            name: "that".to_owned(),
            reason: "must be a condition or a list of them".to_owned(),
        }),
    }
}
