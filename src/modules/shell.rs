//! `shell`: a script for the host's shell.

use super::{Args, Context, Module, ModuleError, Outcome, Parameter, command};
use crate::transport::quote;
use async_trait::async_trait;

/// The module.
#[derive(Debug)]
pub(super) struct Shell;

#[async_trait]
impl Module for Shell {
    fn name(&self) -> &'static str {
        "shell"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::required("cmd"),
                Parameter::optional("chdir"),
                Parameter::optional("creates"),
                Parameter::optional("removes"),
                Parameter::optional("executable"),
                Parameter::optional("stdin"),
                Parameter::optional("stdin_add_newline"),
                Parameter::optional("strip_empty_ends"),
                Parameter::refused("argv", "a shell takes one text; write `command:` for a list"),
                Parameter::refused("expand_argument_vars", "it is the shell that expands"),
            ]
        }
    }

    fn free_form(&self) -> Option<&'static str> {
        Some("cmd")
    }

    fn preview(&self, args: &Args) -> Vec<String> {
        args.text("cmd").ok().flatten().into_iter().collect()
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let text = args.required_text("cmd")?;
        if text.trim().is_empty() {
            return Err(ModuleError::Argument {
                name: "cmd".to_owned(),
                reason: "rendered empty".to_owned(),
            });
        }
        // A shell of its own only when another one is wanted: a fork is what a task costs.
        let script = match args.text("executable")? {
            Some(shell) => format!("exec {} -c {}", quote(&shell), quote(&text)),
            None => text.clone(),
        };
        command::run(context, args, text.into(), &script).await
    }
}
