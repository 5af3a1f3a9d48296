//! `meta`: what concerns the run itself. The runner does it; here is what it takes.

use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;

/// The module.
#[derive(Debug)]
pub(super) struct Meta;

#[async_trait]
impl Module for Meta {
    fn name(&self) -> &'static str {
        "meta"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[Parameter::required("action").one_of(&[
                "noop",
                "flush_handlers",
                "end_play",
                "end_host",
                "end_batch",
                "end_role",
                "clear_facts",
                "clear_host_errors",
                "reset_connection",
            ])]
        }
    }

    fn free_form(&self) -> Option<&'static str> {
        Some("action")
    }

    async fn run(&self, _context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let action = args.required_text("action")?;
        Err(ModuleError::Failed(format!("`meta: {action}` belongs into a playbook")))
    }
}
