//! `slurp`: a file's content into a variable.

use super::edit::failed;
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
        let path = paths::on_host(context, args, "src").await?;
        let word = quote(&path);
        let script = format!(
            "[ -e {word} ] || exit 44\n[ ! -d {word} ] || exit 45\n[ -r {word} ] || exit 46\ncat {word}"
        );
        let output = context.sh(script).await?;
        let msg = match output.rc {
            0 => {
                return Ok(Outcome::default()
                    .with("content", STANDARD.encode(&output.stdout))
                    .with("encoding", "base64")
                    .with("source", path));
            }
            44 => format!("File not found: {path}"),
            45 => format!("Source is a directory and must be a file: {path}"),
            46 => format!("File is not readable: {path}"),
            _ => format!("Unable to slurp file: {path}: {}", output.stderr_text().trim()),
        };
        Ok(Outcome { rc: None, ..failed(1, msg) })
    }
}
