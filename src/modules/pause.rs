//! `pause`: waits. There is no prompt: what needs a yes asks before the run.

use super::args::whole_number;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;
use std::time::Duration;

/// The module.
#[derive(Debug)]
pub(super) struct Pause;

#[async_trait]
impl Module for Pause {
    fn name(&self) -> &'static str {
        "pause"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::optional("seconds"), Parameter::optional("minutes")] }
    }

    async fn run(&self, _context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let wait = match (whole_number(args, "seconds")?, whole_number(args, "minutes")?) {
            (Some(seconds), None) => seconds,
            (None, Some(minutes)) => minutes * 60,
            _ => {
                return Err(ModuleError::Failed(
                    "`pause` takes `seconds` or `minutes`, and asks nothing".to_owned(),
                ));
            }
        };
        tokio::time::sleep(Duration::from_secs(wait)).await;
        Ok(Outcome::ok(format!("Paused for {wait} seconds")).with("delta", wait))
    }
}
