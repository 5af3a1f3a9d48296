//! `meta`: what concerns the run itself. The runner acts on the outcome.

use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;

/// The key under which the outcome tells the runner what is wanted.
pub const META: &str = "meta";

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
            ])]
        }
    }

    fn free_form(&self) -> Option<&'static str> {
        Some("action")
    }

    async fn run(&self, _context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let action = args.required_text("action")?;
        Ok(Outcome::default().with(META, action))
    }
}
