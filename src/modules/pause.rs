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
        let minutes = whole_number(args, "minutes")?;
        let wait = match (whole_number(args, "seconds")?, minutes) {
            (Some(seconds), None) => seconds,
            (None, Some(minutes)) => minutes * 60,
            _ => {
                return Err(ModuleError::Failed(
                    "`pause` takes `seconds` or `minutes`, and asks nothing".to_owned(),
                ));
            }
        };
        // As in Ansible, a pause is at least a second.
        let wait = wait.max(1);
        tokio::time::sleep(Duration::from_secs(wait)).await;
        let said = match minutes {
            Some(minutes) => format!("Paused for {minutes}.0 minutes"),
            None => format!("Paused for {wait}.0 seconds"),
        };
        let outcome = Outcome::ok(said.clone()).with("stdout", said).with("stderr", "");
        let outcome = outcome.with("rc", 0).with("delta", wait);
        Ok(outcome.with("echo", true).with("user_input", ""))
    }
}
