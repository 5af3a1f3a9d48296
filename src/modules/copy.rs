//! `copy`: a file or a text onto the host.

use super::look::{Look, look};
use super::write::{self, Source, Target};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths};
use crate::transport::quote;
use async_trait::async_trait;
use serde_json::Value;

/// The module.
#[derive(Debug)]
pub(super) struct Copy;

#[async_trait]
impl Module for Copy {
    fn name(&self) -> &'static str {
        "copy"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::optional("src"),
                Parameter::optional("content"),
                Parameter::required("dest"),
                Parameter::optional("mode"),
                Parameter::optional("owner"),
                Parameter::optional("group"),
                Parameter::optional("backup"),
                Parameter::optional("remote_src"),
                Parameter::optional("force"),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        match (args.text("src")?, content(args)) {
            (Some(src), None) if src.is_empty() => Err(ModuleError::Argument {
                name: "src".to_owned(),
                reason: "rendered empty".to_owned(),
            }),
            (Some(src), None) if args.boolean("remote_src", false)? => {
                on_the_host(context, args, &src).await
            }
            (Some(src), None) => {
                let file = write::local_file(context, &src, "files")?;
                let target = Target::read(args, base_name(&src))?;
                write::put(context, Source::File(file), &target).await
            }
            (None, Some(text)) => {
                let target = Target::read(args, None)?;
                if target.directory {
                    return Err(ModuleError::Argument {
                        name: "dest".to_owned(),
                        reason: "must be a file when `content` is given".to_owned(),
                    });
                }
                write::put(context, Source::Bytes(text.into()), &target).await
            }
            _ => Err(ModuleError::Argument {
                name: "src".to_owned(),
                reason: "or `content` has to be given, and not both".to_owned(),
            }),
        }
    }
}

/// The text; what is no text is written as JSON, as Ansible does.
fn content(args: &Args) -> Option<String> {
    match args.0.get("content") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    }
}

fn base_name(path: &str) -> Option<String> {
    path.trim_end_matches('/').rsplit('/').next().map(str::to_owned)
}

/// Copies from a path of the host itself.
async fn on_the_host(context: &Context, args: &Args, src: &str) -> Result<Outcome, ModuleError> {
    let src = paths::check("src", src)?;
    let target = Target::read(args, base_name(&src))?;
    let how = Look { follow: true, digest: Some("sha256sum"), inside: None };
    let Some(source) = look(context, &src, how).await?.entry else {
        return Err(ModuleError::Failed(format!("there is no `{src}` on the host")));
    };
    if !source.is_file() {
        let kind = source.kind();
        return Err(ModuleError::Failed(format!("`{src}` is a {kind}; only files are copied")));
    }
    let seen = target.look(context).await?;
    let mut why = Vec::new();
    let mut same_content = false;
    match &seen.entry {
        None => why.push("is created".to_owned()),
        Some(_) if !target.force => return Ok(Outcome::ok("file already exists")),
        Some(entry) => {
            same_content = entry.digest == source.digest;
            if !same_content {
                why.push("content".to_owned());
            }
            why.extend(target.attributes.differences(entry));
        }
    }
    if why.is_empty() {
        return Ok(Outcome::default().with("dest", seen.path).with("src", src));
    }
    let msg = format!("`{}`: {}", seen.path, why.join(", "));
    let mut outcome =
        Outcome::changed(msg).with("dest", seen.path.clone()).with("src", src.clone());
    if context.check {
        return Ok(outcome);
    }
    if same_content {
        write::set_attributes(context, &seen.path, &target.attributes).await?;
        return Ok(outcome);
    }
    let keep = target.backup && seen.entry.is_some();
    let output =
        context.must("copying on the host", script(&src, &seen.path, keep, &target)).await?;
    let backup = output.stdout_text().trim_end().to_owned();
    if !backup.is_empty() {
        outcome = outcome.with("backup_file", backup);
    }
    Ok(outcome)
}

/// Copies beside the target, sets the attributes, syncs and renames.
fn script(src: &str, path: &str, backup: bool, target: &Target) -> String {
    let mut script = format!("s={} p={}\n", quote(src), quote(path));
    if backup {
        script.push_str(
            "b=$p.$$.$(date +%Y-%m-%d@%H:%M:%S)~\ncp -p \"$p\" \"$b\" && echo \"$b\" || exit\n",
        );
    }
    script.push_str("t=$p.rrecover.$$\ntrap 'rm -f \"$t\"' EXIT\n");
    // A file that is replaced keeps its mode and owner, as far as no others are asked for.
    script.push_str("if [ -f \"$p\" ] && [ ! -L \"$p\" ]; then cp -p \"$p\" \"$t\" || exit; fi\n");
    script.push_str("cat \"$s\" > \"$t\" || exit\n");
    script.push_str(&target.attributes.commands("\"$t\""));
    script.push_str("sync \"$t\" 2>/dev/null || sync\nmv -f \"$t\" \"$p\"\n");
    script
}
