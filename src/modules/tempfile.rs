//! `tempfile`: a new empty file or directory that only its owner may enter.

use super::args::wrong;
use super::look::{self, Look};
use super::write::with_entry;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths};
use crate::transport::quote;
use async_trait::async_trait;

/// The module.
#[derive(Debug)]
pub(super) struct TempFile;

#[async_trait]
impl Module for TempFile {
    fn name(&self) -> &'static str {
        "tempfile"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::optional("state").one_of(&["file", "directory"]),
                Parameter::optional("path"),
                Parameter::optional("prefix"),
                Parameter::optional("suffix"),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let prefix = component(args, "prefix", "ansible.")?;
        let suffix = component(args, "suffix", "")?;
        let parent = match args.text("path")? {
            Some(path) => paths::check("path", &paths::expanded(context, &path).await?)?,
            None => String::new(),
        };
        if context.check {
            let msg = "remote module (tempfile) does not support check mode".to_owned();
            return Ok(Outcome { skipped: true, msg, ..Outcome::default() });
        }
        let directory = args.text("state")?.as_deref() == Some("directory");
        let how = if directory { "-d " } else { "" };
        // Not every `mktemp` takes a suffix: the name is changed afterwards, never over another.
        let script = format!(
            "d={}\n: \"${{d:=${{TMPDIR:-/tmp}}}}\"\nt=$(mktemp {how}\"$d\"/{}XXXXXXXX) || exit\n{}",
            quote(&parent),
            quote(&prefix),
            if suffix.is_empty() { String::new() } else { with_suffix(&suffix, directory) }
        );
        let script = script + &look::script_of("$t", Look::default());
        let output = context.must("making a temporary path", script).await?;
        let seen = look::read("a temporary path", &output.stdout_text())?;
        let outcome = Outcome { changed: true, ..Outcome::default() };
        Ok(with_entry(outcome, seen.entry.as_ref()).with("path", seen.path))
    }
}

/// Takes the name with the suffix, or fails when it is taken.
fn with_suffix(suffix: &str, directory: bool) -> String {
    let make = if directory {
        "mkdir -m 700 \"$n\" && rmdir \"$t\""
    } else {
        "ln \"$t\" \"$n\" && rm -f \"$t\""
    };
    format!("n=${{t}}{}\n{{ {make}; }} || {{ rm -rf \"$t\"; exit 1; }}\nt=$n\n", quote(suffix))
}

/// A part of a file's name.
fn component(args: &Args, name: &'static str, default: &str) -> Result<String, ModuleError> {
    let text = args.text(name)?.unwrap_or_else(|| default.to_owned());
    if text.contains(['/', '\n', '\0']) {
        return Err(wrong(name, format!("must be part of a file's name, not `{text}`")));
    }
    Ok(text)
}
