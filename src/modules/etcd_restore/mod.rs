//! `etcd_restore`: makes one member from a snapshot, and never deletes what was there.
//!
//! `trial: true` proves on the host itself that the restore works, before anything is stopped
//! (I-11). `state: restored` restores beside the data directory, moves the old data aside and puts
//! the new in place; cut off anywhere and run again, it finishes (I-25). `state: aside` only moves
//! a retired or joining host's old data aside (I-10). The scripts beside this file say how.

#[cfg(test)]
mod tests;

use super::args::whole_number;
use super::etcdctl::{BIN_DIR, bin_dir};
use super::host_script::{HostScript, absolute, given, remote_directory, text_or};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use crate::transport::quote;
use async_trait::async_trait;

/// The module.
pub(super) struct EtcdRestore;

const PLACE: &str = include_str!("place.sh");
const TOOL: &str = include_str!("tool.sh");
const TRIAL: &str = include_str!("trial.sh");
const RESTORE: &str = include_str!("restore.sh");
const ASIDE: &str = include_str!("aside.sh");

const PARAMETERS: &[Parameter] = &[
    Parameter::optional("state").one_of(&["aside", "restored"]),
    Parameter::required("data_dir"),
    Parameter::optional("snapshot"),
    Parameter::optional("name"),
    Parameter::optional("peer_url"),
    Parameter::optional("initial_cluster"),
    Parameter::optional("token"),
    Parameter::optional("bump_revision"),
    Parameter::optional("skip_hash_check"),
    Parameter::optional("tool").one_of(&["etcdctl", "etcdutl"]),
    Parameter::optional("trial"),
    Parameter::optional("needs_free_bytes"),
    Parameter::optional("unit"),
    Parameter::optional("remote_dir"),
    BIN_DIR,
];

#[async_trait]
impl Module for EtcdRestore {
    fn name(&self) -> &'static str {
        "etcd_restore"
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn preview(&self, args: &Args) -> Vec<String> {
        let data_dir = args.text("data_dir").ok().flatten().unwrap_or_default();
        let aside = format!("mv {data_dir} {data_dir}.rrecover-(run)");
        if is_aside(args) {
            return vec![aside];
        }
        let Ok(restore) = Restore::read(args) else { return Vec::new() };
        if args.boolean("trial", false).unwrap_or(false) {
            let scratch = format!("{data_dir}.trial-(run)");
            return vec![restore.command(&scratch), format!("rm -r {scratch}")];
        }
        let new = format!("{data_dir}.new-(run)");
        vec![restore.command(&new), aside, format!("mv {new} {data_dir}")]
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        if is_aside(args) {
            return move_aside(context, args).await;
        }
        let restore = Restore::read(args)?;
        if args.boolean("trial", false)? {
            return restore.try_out(context, args).await;
        }
        restore.put_in_place(context, args).await
    }
}

fn is_aside(args: &Args) -> bool {
    args.text("state").ok().flatten().as_deref() == Some("aside")
}

/// The variables that `place.sh` reads, and it.
fn place(context: &Context, args: &Args) -> Result<HostScript, ModuleError> {
    let data_dir = absolute("data_dir", &args.required_text("data_dir")?)?;
    Ok(HostScript::default()
        .set("data_dir", &data_dir)
        .set("run", &context.run_id)
        .set("unit", &args.text("unit")?.unwrap_or_else(|| "etcd".to_owned()))
        .then(PLACE))
}

async fn move_aside(context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
    let output = place(context, args)?
        .set("check", if context.check { "yes" } else { "no" })
        .then(ASIDE)
        .run(context, "moving the old data aside", "mv")
        .await?;
    let text = output.stdout_text();
    let Some((done, aside)) = text.trim().split_once(' ') else {
        return Ok(Outcome::ok("there is no data to move aside"));
    };
    let verb = if done == "moved" { "moved" } else { "would move" };
    Ok(Outcome::changed(format!("{verb} the old data to {aside}")).with("aside", aside))
}

/// What is restored.
struct Restore {
    snapshot: String,
    name: String,
    peer_url: String,
    initial_cluster: String,
    token: String,
    bump: u64,
    /// Given, or else told by the file itself: a copied database carries no digest.
    skip_hash_check: Option<bool>,
    tool: String,
}

impl Restore {
    fn read(args: &Args) -> Result<Self, ModuleError> {
        let need = |name: &'static str| {
            given(args, name)?.ok_or_else(|| ModuleError::Argument {
                name: name.to_owned(),
                reason: "is missing or rendered empty".to_owned(),
            })
        };
        let (name, peer_url) = (need("name")?, need("peer_url")?);
        let token = need("token")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if !token.chars().all(plain) || token.starts_with('.') {
            return Err(ModuleError::Argument {
                name: "token".to_owned(),
                reason: format!("must be letters, digits, `.`, `_` and `-`, not `{token}`"),
            });
        }
        Ok(Self {
            snapshot: absolute("snapshot", &need("snapshot")?)?,
            initial_cluster: text_or(args, "initial_cluster", &format!("{name}={peer_url}"))?,
            name,
            peer_url,
            token,
            bump: whole_number(args, "bump_revision")?.unwrap_or(0),
            skip_hash_check: match given(args, "skip_hash_check")? {
                None => None,
                Some(_) => Some(args.boolean("skip_hash_check", false)?),
            },
            tool: text_or(args, "tool", "etcdutl")?,
        })
    }

    /// The tool's command line, for the plan and for errors.
    fn command(&self, data_dir: &str) -> String {
        let mut command = format!(
            "{} snapshot restore {} --data-dir {} --name {} --initial-cluster {} \
             --initial-advertise-peer-urls {} --initial-cluster-token {}",
            self.tool,
            quote(&self.snapshot),
            quote(data_dir),
            quote(&self.name),
            quote(&self.initial_cluster),
            quote(&self.peer_url),
            self.token
        );
        if self.bump > 0 {
            command.push_str(&format!(" --bump-revision {} --mark-compacted", self.bump));
        }
        if self.skip_hash_check == Some(true) {
            command.push_str(" --skip-hash-check");
        }
        command
    }

    fn script(&self, context: &Context, args: &Args) -> Result<HostScript, ModuleError> {
        Ok(place(context, args)?
            .set("snapshot", &self.snapshot)
            .set("name", &self.name)
            .set("peer_url", &self.peer_url)
            .set("initial_cluster", &self.initial_cluster)
            .set("token", &self.token)
            .set("bump", &self.bump.to_string())
            .set(
                "skip_hash_check",
                match self.skip_hash_check {
                    None => "auto",
                    Some(true) => "yes",
                    Some(false) => "no",
                },
            )
            .set("tool", &self.tool)
            .set("bin_dir", &bin_dir(context, args)?)
            .then(TOOL))
    }

    /// The trial. It leaves nothing behind, so it changes nothing.
    async fn try_out(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        if context.check {
            return Ok(Outcome::ok("would try the restore in a scratch directory"));
        }
        let needs_free = whole_number(args, "needs_free_bytes")?.unwrap_or(0);
        self.script(context, args)?
            .set("needs_free", &needs_free.to_string())
            .then(TRIAL)
            .run(context, "trying the restore", &self.command("(scratch)"))
            .await
            .map_err(untried)?;
        Ok(Outcome::ok("the snapshot restores on this host; the trial was removed"))
    }

    async fn put_in_place(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        if context.check {
            return Ok(Outcome::changed(format!("would restore {}", self.snapshot)));
        }
        let output = self
            .script(context, args)?
            .set("remote_dir", &remote_directory(args)?)
            .then(RESTORE)
            .run(context, "restoring the snapshot", &self.command("(beside the data)"))
            .await?;
        let text = output.stdout_text();
        let mut words = text.split_whitespace();
        let (done, data_dir, aside) = (words.next(), words.next(), words.next());
        let outcome = match done {
            Some("restored") => Outcome::changed(format!("restored {}", self.snapshot)),
            Some("already") => Outcome::ok("was restored by this run already"),
            _ => return Err(ModuleError::Failed("the restore gave no result".to_owned())),
        };
        Ok(outcome
            .with("data_dir", data_dir.unwrap_or_default())
            .with("aside", aside.unwrap_or_default()))
    }
}

/// A snapshot that does not restore is a refusal: nothing was changed, nothing will be.
fn untried(error: ModuleError) -> ModuleError {
    let ModuleError::Command { command, stderr, .. } = &error else { return error };
    let reason = stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no reason");
    ModuleError::Refused {
        reason: format!("the trial restore failed (I-11): `{command}`: {reason}"),
        hint: "give another snapshot with `-e etcd_snapshot=FILE`".to_owned(),
    }
}
