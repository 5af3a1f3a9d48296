//! `fail`: ends the host's play with a message.

use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;

/// The module.
#[derive(Debug)]
pub(super) struct Fail;

#[async_trait]
impl Module for Fail {
    fn name(&self) -> &'static str {
        "fail"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::optional("msg")] }
    }

    async fn run(&self, _context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let msg = args.0.get("msg").filter(|msg| !msg.is_null()).cloned();
        let msg = msg.unwrap_or_else(|| "Failed as requested from task".into());
        Ok(Outcome::failed(msg))
    }
}
