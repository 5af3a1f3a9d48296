//! `etcd_snapshot`: has a verified snapshot on the host, and a copy of it off the host.
//!
//! From the host's own member, live or stopped, or from a file here. All are verified the same
//! way: the digest that etcd appends is computed again on the host, because `snapshot status`
//! misses flipped bytes (DOMAIN 3.6). A snapshot holds every Secret: only root may read it (I-26).
//!
//! A member that does not answer is saved from a whole copy of its data, on which etcd is started
//! alone, on loopback and with the cluster's certificates: the database by itself lacks what only
//! the write-ahead log holds (I-14). Where etcd does not start with it, the database is copied.

mod verify;

#[cfg(test)]
mod tests;

use super::etcdctl::{self, Etcdctl};
use super::host_script::{HostScript, given, path_or, run_directory, text_or};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use crate::transport::files::{self, Place};
use crate::transport::{Input, quote};
use async_trait::async_trait;
use std::path::PathBuf;
use verify::{Verified, local_digest};

/// The module.
pub(super) struct EtcdSnapshot;

const PLACE: &str = include_str!("../etcd_restore/place.sh");
const COMMIT: &str = include_str!("commit.sh");
const SCRATCH: &str = include_str!("scratch.sh");
const TAKE: &str = include_str!("take.sh");

const PARAMETERS: &[Parameter] = &[
    Parameter::optional("source").one_of(&["auto", "file", "live", "stopped"]),
    Parameter::optional("src"),
    Parameter::optional("sha256"),
    Parameter::optional("skip_hash_check"),
    Parameter::optional("data_dir"),
    Parameter::optional("remote_dir"),
    Parameter::optional("unit"),
    etcdctl::ENDPOINT,
    etcdctl::CERT_DIR,
    etcdctl::ENV_FILE,
    etcdctl::BIN_DIR,
];

#[async_trait]
impl Module for EtcdSnapshot {
    fn name(&self) -> &'static str {
        "etcd_snapshot"
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn preview(&self, args: &Args) -> Vec<String> {
        let text = |name| args.text(name).ok().flatten().unwrap_or_default();
        let file = "/var/lib/rrecover/(run)/etcd-snapshot.db";
        let digest = format!("head -c -32 {file} | sha256sum; tail -c 32 {file}");
        let first = match text("source").as_str() {
            "file" => format!("upload {} to {file}", quote(&text("src"))),
            "stopped" => {
                let scratch = format!("{}.scratch-(run)", text("data_dir"));
                return vec![
                    format!("cp -a {}/member {scratch}/member", text("data_dir")),
                    format!("etcd --force-new-cluster --data-dir {scratch} (on loopback)"),
                    format!("etcdctl snapshot save {file}"),
                    format!("rm -r {scratch}"),
                    digest,
                ];
            }
            _ => format!("etcdctl snapshot save {file}"),
        };
        vec![first, digest]
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let task = Task::new(context, args)?;
        if task.source == "file" { task.bring().await } else { task.take().await }
    }
}

struct Task<'a> {
    context: &'a Context,
    args: &'a Args,
    source: String,
    /// The run's directory on the host.
    directory: String,
    /// The snapshot in it.
    file: String,
    bin_dir: String,
}

impl<'a> Task<'a> {
    fn new(context: &'a Context, args: &'a Args) -> Result<Self, ModuleError> {
        let directory = run_directory(context, args)?;
        let source = text_or(args, "source", "auto")?;
        // The operator's file must not take the place of what was saved of the host itself.
        let name = if source == "file" { "etcd-snapshot-given.db" } else { "etcd-snapshot.db" };
        Ok(Self {
            context,
            args,
            file: format!("{directory}/{name}"),
            source,
            directory,
            bin_dir: etcdctl::bin_dir(context, args)?,
        })
    }

    /// Takes the snapshot from the host's own member and fetches it.
    async fn take(&self) -> Result<Outcome, ModuleError> {
        let context = self.context;
        let taken = self.take_there().await?;
        if context.check {
            return Ok(self.promise(&taken.would(), &self.local_copy()));
        }
        let verified = self.verify().await?;
        verified.digest_holds(taken.how == "copied")?;
        let local = self.local_copy();
        let fetched = files::download(
            context.connection.as_ref(),
            context.run_as.clone(),
            &self.file,
            &local,
            context.deadline,
        )
        .await
        .map_err(file_error)?;
        if fetched != verified.sha256 {
            return Err(ModuleError::Failed(format!(
                "{} arrived with digest {fetched}, not {}",
                local.display(),
                verified.sha256
            )));
        }
        let msg = format!("took a snapshot at revision {}{}", verified.revision(), taken.remarks());
        Ok(verified.describe(self.promise(&msg, &local)).with("source", taken.source()))
    }

    /// Has the snapshot made on the host; under check mode only looks how it would be made.
    async fn take_there(&self) -> Result<Taken, ModuleError> {
        let context = self.context;
        let data_dir = path_or(context, self.args, "data_dir", "etcd_data_dir", "/var/lib/etcd")?;
        let output = Etcdctl::new(context, self.args)?
            .script("")
            .set("data_dir", &data_dir)
            .set("run", &context.run_id)
            .set("unit", &text_or(self.args, "unit", "etcd")?)
            .then(PLACE)
            .then(COMMIT)
            .set("seconds", &context.deadline.as_secs().max(1).to_string())
            .set("directory", &self.directory)
            .then(SCRATCH)
            .set("wanted", &self.source)
            .set("file", &self.file)
            .set("check", if context.check { "yes" } else { "no" })
            .then(TAKE)
            .run(context, "taking a snapshot", &format!("etcdctl snapshot save {}", self.file))
            .await?;
        Ok(Taken::read(&output.stdout_text()))
    }

    /// Brings the operator's file to the host.
    async fn bring(&self) -> Result<Outcome, ModuleError> {
        let local = self.local_source()?;
        let here = local_digest(&local).await?;
        if let Some(expected) = given(self.args, "sha256")?.filter(|wanted| *wanted != here) {
            return Err(ModuleError::Refused {
                reason: format!("{} has digest {here}, not {expected}", local.display()),
                hint: "give the file that was meant".to_owned(),
            });
        }
        if self.context.check {
            return Ok(self.promise("would bring the snapshot", &local));
        }
        let changed = self.upload(&local, &here).await?;
        let verified = self.verify().await?;
        if verified.sha256 != here {
            return Err(ModuleError::Failed(format!("{} did not arrive whole", self.file)));
        }
        verified.digest_holds(self.args.boolean("skip_hash_check", false)?)?;
        verified.holds_keys()?;
        let msg = format!("brought the snapshot of revision {}", verified.revision());
        let outcome = verified.describe(self.promise(&msg, &local)).with("source", "file");
        Ok(Outcome { changed, ..outcome })
    }

    /// Sends the file unless the host has it; says whether it was sent.
    async fn upload(&self, local: &std::path::Path, digest: &str) -> Result<bool, ModuleError> {
        let context = self.context;
        let look = format!(
            "mkdir -p {0} && chmod 0700 {0} || exit; [ ! -f {1} ] || sha256sum <{1}",
            quote(&self.directory),
            quote(&self.file)
        );
        let output = context.must("making the run's directory", look).await?;
        if output.stdout_text().split_whitespace().next() == Some(digest) {
            return Ok(false);
        }
        let place = Place {
            path: self.file.clone(),
            mode: Some("0600".to_owned()),
            owner: None,
            group: None,
        };
        files::upload(
            context.connection.as_ref(),
            context.run_as.clone(),
            Input::File(local.to_owned()),
            &place,
            context.deadline,
        )
        .await
        .map_err(file_error)?;
        Ok(true)
    }

    async fn verify(&self) -> Result<Verified, ModuleError> {
        let output = HostScript::default()
            .set("file", &self.file)
            .set("bin_dir", &self.bin_dir)
            .then(include_str!("verify.sh"))
            .output(self.context)
            .await?;
        Verified::read(&self.file, &output)
    }

    fn local_copy(&self) -> PathBuf {
        self.context.run_dir.join(format!("etcd-snapshot-{}.db", self.context.connection.host()))
    }

    /// The file here: as written, or in the directories that local files are looked for in.
    fn local_source(&self) -> Result<PathBuf, ModuleError> {
        let src = given(self.args, "src")?.ok_or_else(|| ModuleError::Argument {
            name: "src".to_owned(),
            reason: "is missing: `source: file` needs the path of a file here".to_owned(),
        })?;
        let mut places = vec![PathBuf::from(&src)];
        places.extend(self.context.search_path.iter().map(|place| place.join(&src)));
        places.into_iter().find(|place| place.is_file()).ok_or_else(|| ModuleError::Refused {
            reason: format!("there is no file `{src}` here"),
            hint: "`-e etcd_snapshot=` takes a path on this machine".to_owned(),
        })
    }

    fn promise(&self, msg: &str, local: &std::path::Path) -> Outcome {
        Outcome::changed(msg)
            .with("path", self.file.clone())
            .with("local_path", local.display().to_string())
    }
}

/// How the host says that it took the snapshot.
#[derive(Debug, Default)]
struct Taken {
    /// `live`, `started` (etcd on a copy of the data) or `copied` (the database alone).
    how: String,
    /// Why it was only copied.
    reason: Option<String>,
    /// Whether etcd was stopped for the copy and started again.
    restarted: bool,
}

impl Taken {
    fn read(text: &str) -> Self {
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.map(str::to_owned)
        };
        Self {
            how: value("how").unwrap_or_default(),
            reason: value("reason"),
            restarted: value("restarted").is_some(),
        }
    }

    fn source(&self) -> &'static str {
        if self.how == "live" { "live" } else { "stopped" }
    }

    fn would(&self) -> String {
        match (self.source(), self.restarted) {
            ("live", _) => "would take a snapshot of the live member",
            (_, false) => "would take a snapshot from a copy of the stopped member's data",
            (_, true) => {
                "would take a snapshot from a copy of the data: etcd runs without answering, so it \
                 would be stopped for the copy and started again"
            }
        }
        .to_owned()
    }

    fn remarks(&self) -> String {
        let mut text = match (self.how.as_str(), &self.reason) {
            ("live", _) => String::new(),
            (_, None) => ", by etcd on a copy of the member's data".to_owned(),
            (_, Some(reason)) => format!(
                "; it is a plain copy of the database, without what only the write-ahead log \
                 holds: {reason}"
            ),
        };
        if self.restarted {
            text.push_str(
                "; etcd ran without answering anybody: it was stopped for the copy and started \
                 again",
            );
        }
        text
    }
}

pub(super) fn file_error(error: files::FileError) -> ModuleError {
    match error {
        files::FileError::Transport(error) => error.into(),
        other => ModuleError::Failed(other.to_string()),
    }
}
