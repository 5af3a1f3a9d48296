//! `pause`: waits. There is no prompt: what needs a yes asks before the run.

use super::args::whole_number;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;
use std::time::{Duration, Instant};

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
        let began = Instant::now();
        tokio::time::sleep(Duration::from_secs(wait)).await;
        let waited = began.elapsed();
        let said = match minutes {
            Some(_) => format!("Paused for {:?} minutes", rounded(waited.as_secs_f64() / 60.0)),
            None => format!("Paused for {:?} seconds", rounded(waited.as_secs_f64())),
        };
        let outcome = Outcome::ok(said.clone()).with("stdout", said).with("stderr", "");
        let outcome = outcome.with("rc", 0).with("delta", waited.as_secs());
        Ok(outcome.with("echo", true).with("user_input", ""))
    }
}

/// With two digits behind the point at most, as Ansible tells it.
fn rounded(time: f64) -> f64 {
    (time * 100.0).round() / 100.0
}
