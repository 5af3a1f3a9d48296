//! `fetch`: a file from the host to this machine.

use super::look::{Look, look};
use super::source::Source;
use super::write::file_error;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths};
use crate::transport::files;
use async_trait::async_trait;
use serde_json::Value;
use std::path::{Component, Path, PathBuf};

/// The module.
#[derive(Debug)]
pub(super) struct Fetch;

#[async_trait]
impl Module for Fetch {
    fn name(&self) -> &'static str {
        "fetch"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::required("src"),
                Parameter::required("dest"),
                Parameter::optional("flat"),
                Parameter::optional("fail_on_missing"),
                Parameter::on("validate_checksum", "what was fetched is always compared"),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let flat = args.boolean("flat", false)?;
        let must = args.boolean("fail_on_missing", true)?;
        if context.check {
            let msg = "check mode not (yet) supported for this module".to_owned();
            return Ok(Outcome { skipped: true, msg, ..Outcome::default() });
        }
        let src = paths::on_host(context, args, "src").await?;
        let into = destination(context, args, &src, flat)?;
        let how = Look { follow: true, digest: Some("sha1sum"), ..Look::default() };
        let missing = |msg: &str, ignored: &str| {
            let msg = if must { msg.to_owned() } else { format!("{msg}{ignored}") };
            Ok(Outcome { failed: must, ..Outcome::default() }.saying(msg).with("file", src.clone()))
        };
        let digest = match look(context, &src, how).await?.entry {
            Some(entry) if entry.is_directory() => {
                let msg = "remote file is a directory, fetch cannot work on directories";
                return missing(msg, ", not transferring, ignored").map(|mut outcome| {
                    outcome.values.shift_remove("file");
                    outcome
                });
            }
            Some(entry) => entry.digest,
            None => {
                return missing("the remote file does not exist", ", not transferring, ignored");
            }
        };
        let local = Source::File(into.clone());
        let finish = |outcome: Outcome| -> Result<Outcome, ModuleError> {
            let digests = local.digests()?;
            let dest = into.to_string_lossy().into_owned();
            let outcome = outcome.with("dest", dest).with("checksum", digests.sha1);
            Ok(outcome.with("md5sum", digests.md5))
        };
        if into.is_file() && digest == Some(local.digests()?.sha1) {
            return finish(Outcome::default().with("file", src));
        }
        bring(context, &src, &into).await?;
        let outcome = finish(Outcome::changed(format!("`{src}` -> `{}`", into.display())))?;
        Ok(outcome.with("remote_checksum", digest).with("remote_md5sum", Value::Null))
    }
}

/// `dest/<host>/<src>`, or with `flat` just `dest`.
fn destination(
    context: &Context,
    args: &Args,
    src: &str,
    flat: bool,
) -> Result<PathBuf, ModuleError> {
    let dest = args.required_text("dest")?;
    if dest.trim().is_empty() {
        return Err(super::args::wrong("dest", "rendered empty"));
    }
    let base = match (
        dest.strip_prefix("~/").zip(std::env::var_os("HOME")),
        context.playbook_dir.as_ref(),
    ) {
        (Some((rest, home)), _) => PathBuf::from(home).join(rest),
        (None, Some(directory)) => directory.join(&dest),
        (None, None) => PathBuf::from(&dest),
    };
    if !flat {
        let path = base.join(context.connection.host()).join(src.trim_start_matches('/'));
        return Ok(plain(&path));
    }
    let name = Path::new(src).file_name().filter(|_| dest.ends_with('/'));
    let path = name.map_or(base.clone(), |name| base.join(name));
    if path.is_dir() {
        let hint = "use a trailing slash if you want to fetch src into that directory";
        let msg = format!("dest is an existing directory, {hint}: `{}`", path.display());
        return Err(ModuleError::Failed(msg));
    }
    Ok(plain(&path))
}

/// The path without `.` in it.
fn plain(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    whole.components().filter(|part| !matches!(part, Component::CurDir)).collect()
}

/// Downloads beside the destination and renames: a file that is cut off never stands there.
async fn bring(context: &Context, src: &str, into: &Path) -> Result<(), ModuleError> {
    let failed = |error: std::io::Error| {
        ModuleError::Failed(format!("cannot write `{}`: {error}", into.display()))
    };
    std::fs::create_dir_all(into.parent().unwrap_or_else(|| Path::new("."))).map_err(failed)?;
    let from = context.connection.as_ref();
    let brought = files::download(from, context.run_as.clone(), src, into, context.deadline);
    brought.await.map(drop).map_err(file_error)
}
