//! `ping`: whether a command can be run on the host at all.

use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;

/// The module.
#[derive(Debug)]
pub(super) struct Ping;

#[async_trait]
impl Module for Ping {
    fn name(&self) -> &'static str {
        "ping"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::optional("data")] }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        context.must("asking for a sign of life", "true").await?;
        let answer = args.text("data")?.unwrap_or_else(|| "pong".to_owned());
        Ok(Outcome::default().with("ping", answer))
    }
}
