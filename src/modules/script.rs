//! `script`: a script of this machine, run on the host.

use super::command::{ended, expand, split};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, source};
use crate::transport::{Command, quote};
use async_trait::async_trait;

/// The module.
#[derive(Debug)]
pub(super) struct Script;

#[async_trait]
impl Module for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::required("cmd"),
                Parameter::optional("creates"),
                Parameter::optional("removes"),
                Parameter::optional("chdir"),
                Parameter::optional("executable"),
                Parameter::optional("decrypt"),
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
        let text = args.required_text("cmd")?.trim().to_owned();
        let name = split(&text)?.into_iter().next().filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| super::args::wrong("cmd", "rendered empty"))?;
        let file = source::find_file(context, &name, "files")?;
        let content = source::opened(context, args, &file)?;
        let (creates, removes) = (args.text("creates")?, args.text("removes")?);
        if let Some(skipped) = skipped(context, creates.as_deref(), removes.as_deref()).await? {
            return Ok(skipped);
        }
        if context.check {
            let guarded = creates.is_some() || removes.is_some();
            let msg = "Check mode is not supported for this task.".to_owned();
            if guarded {
                return Ok(Outcome { changed: true, ..Outcome::default() });
            }
            return Ok(Outcome { skipped: true, msg, ..Outcome::default() });
        }
        let base = file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let program =
            args.text("executable")?.map(|program| format!("{program} ")).unwrap_or_default();
        let chdir = match args.text("chdir")? {
            Some(directory) => format!("cd {} || exit\n", expand(&directory)),
            None => String::new(),
        };
        // Set for the script alone, as in Ansible: its arguments are made without it.
        let set = |(name, value): &(String, String)| format!("{name}={} ", quote(value));
        let environment: String = context.environment.iter().map(set).collect();
        // In the home directory first: `/tmp` may forbid that programs run from it.
        let script = format!(
            "d=$(mktemp -d \"$HOME/.rrecover-XXXXXX\" 2>/dev/null || mktemp -d) || exit\n\
             trap 'rm -rf -- \"$d\"' EXIT\ntrap 'exit 129' HUP; trap 'exit 143' TERM\n\
             cat > \"$d\"/{name} && chmod 700 \"$d\"/{name} || exit\n{chdir}{environment}{program}\"$d\"/{name}{}\n",
            &text[first_word(&text)..],
            name = quote(&base),
        );
        let command =
            Command::new(script).run_as(context.run_as.clone()).deadline(context.deadline);
        let command = command.stdin(content.into());
        let mut outcome = ended(&context.connection.run(command).await?, false);
        if !outcome.failed {
            outcome.values.shift_remove("msg");
        }
        Ok(outcome)
    }
}

/// Whether `creates` or `removes` says that there is nothing to do.
async fn skipped(
    context: &Context,
    creates: Option<&str>,
    removes: Option<&str>,
) -> Result<Option<Outcome>, ModuleError> {
    let exists = async |path: &str| -> Result<bool, ModuleError> {
        Ok(context.sh(format!("[ -e {} ]", expand(path))).await?.success())
    };
    let skip = |msg: String| Some(Outcome { skipped: true, msg, ..Outcome::default() });
    if let Some(path) = creates
        && exists(path).await?
    {
        return Ok(skip(format!("{path} exists, matching creates option")));
    }
    if let Some(path) = removes
        && !exists(path).await?
    {
        return Ok(skip(format!("{path} does not exist, matching removes option")));
    }
    Ok(None)
}

/// Where the first word of a command ends; it may be quoted.
fn first_word(text: &str) -> usize {
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in text.char_indices() {
        match quote {
            _ if escaped => escaped = false,
            None if c.is_whitespace() => return at,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            Some(open) if c == open => quote = None,
            Some('\'') => {}
            _ => escaped = c == '\\',
        }
    }
    text.len()
}
