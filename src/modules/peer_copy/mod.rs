//! `peer_copy`: a file from another host of the inventory, when it is missing or differs here.
//!
//! A joining host gets etcd's programs from a member, so that it runs the very same version.

#[cfg(test)]
mod tests;

use super::etcd_snapshot::file_error;
use super::host_script::absolute;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use crate::transport::files::{self, Place};
use crate::transport::quote;
use async_trait::async_trait;

/// The module.
pub(super) struct PeerCopy;

const PARAMETERS: &[Parameter] =
    &[Parameter::required("from"), Parameter::required("path"), Parameter::optional("optional")];

#[async_trait]
impl Module for PeerCopy {
    fn name(&self) -> &'static str {
        "peer_copy"
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn preview(&self, args: &Args) -> Vec<String> {
        let text = |name| args.text(name).ok().flatten().unwrap_or_default();
        vec![format!("copy {0} from `{1}`", text("path"), text("from"))]
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let path = absolute("path", &args.required_text("path")?)?;
        let from = args.required_text("from")?;
        let source = context.on(&from).await?;
        let Some(theirs) = look(&source, &path).await? else {
            if args.boolean("optional", false)? {
                return Ok(Outcome::ok(format!("`{from}` has no {path}")));
            }
            return Err(ModuleError::Failed(format!("`{from}` has no file {path}")));
        };
        let ours = look(context, &path).await?;
        if ours.as_ref().is_some_and(|ours| ours.digest == theirs.digest) {
            return Ok(Outcome::ok(format!("{path} is the same on `{from}`")));
        }
        let outcome = Outcome::changed(format!("copied {path} from `{from}`"))
            .with("sha256", theirs.digest.clone());
        if context.check {
            return Ok(Outcome { msg: format!("would copy {path} from `{from}`"), ..outcome });
        }
        carry(&source, context, &path, &theirs).await?;
        Ok(outcome)
    }
}

/// A file as it is on a host.
struct Seen {
    digest: String,
    mode: String,
    owner: String,
    group: String,
}

/// Looks at a file; links are followed, because what they point to is what is needed.
async fn look(context: &Context, path: &str) -> Result<Option<Seen>, ModuleError> {
    let script =
        format!("[ -f {0} ] || exit 0; stat -L -c '%a %U %G' {0} && sha256sum <{0}", quote(path));
    let output = context.must("looking at a file", script).await?;
    let text = output.stdout_text();
    let words: Vec<&str> = text.split_whitespace().collect();
    let [mode, owner, group, digest, ..] = words[..] else { return Ok(None) };
    Ok(Some(Seen {
        digest: digest.to_owned(),
        mode: format!("{mode:0>4}"),
        owner: owner.to_owned(),
        group: group.to_owned(),
    }))
}

/// Carries the file over, whole or not at all.
async fn carry(
    source: &Context,
    target: &Context,
    path: &str,
    file: &Seen,
) -> Result<(), ModuleError> {
    // The owner's name may not exist on a host that was set up anew.
    let known = format!(
        "id -u {0} >/dev/null 2>&1 && echo {0} || echo root; \
         getent group {1} >/dev/null 2>&1 && echo {1} || echo root",
        quote(&file.owner),
        quote(&file.group)
    );
    let output = target.must("looking for the file's owner", known).await?.stdout_text();
    let mut names = output.lines().map(str::to_owned);
    let place = Place {
        path: path.to_owned(),
        mode: Some(file.mode.clone()),
        owner: names.next(),
        group: names.next(),
    };
    let from = (source.connection.as_ref(), source.run_as.clone(), path);
    let to = (target.connection.as_ref(), target.run_as.clone(), &place);
    let digest = files::relay(from, to, target.deadline).await.map_err(file_error)?;
    if digest != file.digest {
        return Err(ModuleError::Failed(format!("{path} changed while it was copied")));
    }
    Ok(())
}
