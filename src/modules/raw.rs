//! `raw`: a script as it is, without guards.

use super::{Args, Context, Module, ModuleError, Outcome, Parameter, command};
use crate::transport::quote;
use async_trait::async_trait;

/// The module.
#[derive(Debug)]
pub(super) struct Raw;

#[async_trait]
impl Module for Raw {
    fn name(&self) -> &'static str {
        "raw"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::required("cmd"), Parameter::optional("executable")] }
    }

    fn free_form(&self) -> Option<&'static str> {
        Some("cmd")
    }

    fn preview(&self, args: &Args) -> Vec<String> {
        args.text("cmd").ok().flatten().into_iter().collect()
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let text = args.required_text("cmd")?;
        let script = match args.text("executable")? {
            Some(shell) => format!("exec {} -c {}", quote(&shell), quote(&text)),
            None => text.clone(),
        };
        if context.check {
            return Ok(Outcome { skipped: true, ..Outcome::default() });
        }
        let output = context.sh(script).await?;
        let mut outcome = command::ended(&output, false);
        if !outcome.failed {
            outcome.values.shift_remove("msg");
        }
        Ok(outcome)
    }
}
