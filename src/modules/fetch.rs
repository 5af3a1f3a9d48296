//! `fetch`: a file from the host to this machine.

use super::look::{Look, look};
use super::write::{file_error, unreadable};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths};
use crate::transport::files;
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

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
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let src = paths::required(args, "src")?;
        let into = destination(context, args, &src)?;
        let how = Look { follow: true, digest: Some("sha256sum"), inside: None };
        let digest = match look(context, &src, how).await?.entry {
            Some(entry) if entry.is_file() => entry.digest,
            Some(entry) => {
                let kind = entry.kind();
                return Err(ModuleError::Failed(format!("`{src}` is a {kind}, not a file")));
            }
            None if args.boolean("fail_on_missing", true)? => {
                return Err(ModuleError::Failed(format!("there is no `{src}` on the host")));
            }
            None => return Ok(Outcome::ok(format!("there is no `{src}`, ignored"))),
        };
        let finish = |outcome: Outcome| outcome.with("dest", into.to_string_lossy().into_owned());
        if into.is_file() && digest == Some(local_digest(&into)?) {
            return Ok(finish(Outcome::default()));
        }
        let outcome = finish(Outcome::changed(format!("`{src}` -> `{}`", into.display())));
        if !context.check {
            bring(context, &src, &into).await?;
        }
        Ok(outcome)
    }
}

/// `dest/<host>/<src>`, or with `flat` just `dest`.
fn destination(context: &Context, args: &Args, src: &str) -> Result<PathBuf, ModuleError> {
    let dest = args.required_text("dest")?;
    if dest.trim().is_empty() {
        return Err(ModuleError::Argument {
            name: "dest".to_owned(),
            reason: "rendered empty".to_owned(),
        });
    }
    let base = match context.search_path.first() {
        Some(directory) => directory.join(&dest),
        None => PathBuf::from(&dest),
    };
    if !args.boolean("flat", false)? {
        return Ok(base.join(context.connection.host()).join(src.trim_start_matches('/')));
    }
    let name = Path::new(src).file_name();
    Ok(match name {
        Some(name) if dest.ends_with('/') || base.is_dir() => base.join(name),
        _ => base,
    })
}

fn local_digest(path: &Path) -> Result<String, ModuleError> {
    let mut sha256 = Sha256::new();
    let mut file = std::fs::File::open(path).map_err(|e| unreadable(path, &e))?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = std::io::Read::read(&mut file, &mut buffer).map_err(|e| unreadable(path, &e))?;
        if read == 0 {
            return Ok(hex::encode(sha256.finalize()));
        }
        sha256.update(&buffer[..read]);
    }
}

/// Downloads beside the destination and renames: a file that is cut off never stands there.
async fn bring(context: &Context, src: &str, into: &Path) -> Result<(), ModuleError> {
    let failed = |error: std::io::Error| {
        ModuleError::Failed(format!("cannot write `{}`: {error}", into.display()))
    };
    let directory = into.parent().unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(directory).map_err(failed)?;
    let part = tempfile::Builder::new().prefix(".rrecover-").tempfile_in(directory);
    let part = part.map_err(failed)?.into_temp_path();
    let from = context.connection.as_ref();
    files::download(from, context.run_as.clone(), src, &part, context.deadline)
        .await
        .map_err(file_error)?;
    part.persist(into).map_err(|error| failed(error.error))
}
