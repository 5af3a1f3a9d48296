//! `async_status`: what became of a command that runs in the background.

use super::command::{ended, guard};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use crate::transport::{Output, quote};
use async_trait::async_trait;

/// The directory of a job on its host, for a script.
pub fn job_dir(job: &str) -> String {
    format!("\"$HOME\"/.ansible_async/{}", quote(job))
}

/// The module.
#[derive(Debug)]
pub(super) struct AsyncStatus;

#[async_trait]
impl Module for AsyncStatus {
    fn name(&self) -> &'static str {
        "async_status"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::required("jid"),
                Parameter::optional("mode").one_of(&["status", "cleanup"]),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let job = args.required_text("jid")?;
        let directory = job_dir(&job);
        let file = format!("~/.ansible_async/{job}");
        let shown = |outcome: Outcome| outcome.with("ansible_job_id", job.as_str());
        let is_name = job.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
        if !is_name || job.starts_with('.') {
            return Err(ModuleError::Argument {
                name: "jid".to_owned(),
                reason: format!("is not the id of a job: `{job}`"),
            });
        }
        if args.text("mode")?.as_deref() == Some("cleanup") {
            context.must("removing what a job left", format!("rm -rf {directory}")).await?;
            return Ok(shown(Outcome::default()).with("erased", file));
        }
        let look = format!(
            "cd {directory} 2>/dev/null || exit 3; [ -e rc ] || exit 4; cat out; cat err >&2; exit 5"
        );
        let output = context.sh(look).await?;
        match output.rc {
            3 => Ok(Outcome { failed: true, ..shown(Outcome::ok("could not find job")) }
                .with("started", true)
                .with("finished", true)),
            4 => Ok(shown(Outcome::default())
                .with("results_file", file)
                .with("started", true)
                .with("finished", false)),
            _ => {
                let rc =
                    context.must("reading what a job left", format!("cat {directory}/rc")).await?;
                let rc: i32 = rc.stdout_text().trim().parse().unwrap_or(-1);
                let output = Output { rc, ..output };
                let outcome = guard(false, &output.stdout_text());
                let outcome = outcome.unwrap_or_else(|| ended(&output, true));
                Ok(shown(outcome)
                    .with("results_file", file)
                    .with("started", true)
                    .with("finished", true))
            }
        }
    }
}
