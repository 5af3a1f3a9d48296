//! `slurp`: a file's content into a variable.

use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths};
use crate::transport::quote;
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The module.
#[derive(Debug)]
pub(super) struct Slurp;

#[async_trait]
impl Module for Slurp {
    fn name(&self) -> &'static str {
        "slurp"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::required("src").or(&["path"])] }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let path = paths::required(args, "src")?;
        let output = context.must("reading a file", format!("cat {}", quote(&path))).await?;
        Ok(Outcome::default()
            .with("content", STANDARD.encode(&output.stdout))
            .with("encoding", "base64")
            .with("source", path))
    }
}
