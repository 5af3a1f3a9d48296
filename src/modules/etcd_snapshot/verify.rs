//! What a snapshot file is worth.

use crate::cluster::etcd_json::{self, SnapshotStatus};
use crate::modules::{ModuleError, Outcome};
use crate::transport::Output;
use sha2::{Digest, Sha256};
use std::path::Path;
use tokio::io::AsyncReadExt;

/// What `verify.sh` found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Verified {
    /// The path on the host, for messages.
    file: String,
    pub(super) bytes: u64,
    /// SHA-256 of the whole file.
    pub(super) sha256: String,
    /// The digest at its end and the one computed over the rest.
    digests: Option<(String, String)>,
    /// What etcd's tool says of it; `None` when the host has no tool that can.
    status: Option<SnapshotStatus>,
}

impl Verified {
    pub(super) fn read(file: &str, output: &Output) -> Result<Self, ModuleError> {
        let text = output.stdout_text();
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.map(str::to_owned)
        };
        let (Some(size), Some(sha256)) = (value("size"), value("sha256")) else {
            return Err(ModuleError::Failed(format!(
                "cannot read the snapshot {file}: {}",
                output.stderr_text().trim()
            )));
        };
        let has_status = text.lines().any(|line| line.starts_with('{'));
        let status = if has_status { etcd_json::snapshot_status(&text).ok() } else { None };
        if status.is_none() && !output.success() {
            // etcd's tool panics on a truncated file (DOMAIN 3.6).
            return Err(refused(file, "etcd's own tool cannot read it"));
        }
        Ok(Self {
            file: file.to_owned(),
            bytes: size.parse().unwrap_or(0),
            sha256,
            digests: value("recorded").zip(value("computed")),
            status,
        })
    }

    /// Refuses a file whose digest is wrong, and one without a digest unless that is accepted.
    pub(super) fn digest_holds(&self, may_lack: bool) -> Result<(), ModuleError> {
        match &self.digests {
            Some((recorded, computed)) if recorded == computed => Ok(()),
            Some(_) => Err(refused(&self.file, "its content does not fit its own digest")),
            None if may_lack => Ok(()),
            None => Err(refused(
                &self.file,
                "it carries no digest: cut off, or a plain copy of a database",
            )),
        }
    }

    /// Refuses a file of the operator's that holds nothing: it is not what was meant. A cluster that
    /// is empty itself may be saved.
    pub(super) fn holds_keys(&self) -> Result<(), ModuleError> {
        match &self.status {
            Some(status) if status.total_keys == 0 || status.revision <= 0 => {
                Err(refused(&self.file, "it holds no key"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn revision(&self) -> i64 {
        self.status.as_ref().map_or(0, |status| status.revision)
    }

    /// Registers what was found.
    pub(super) fn describe(&self, outcome: Outcome) -> Outcome {
        let keys = self.status.as_ref().map_or(0, |status| status.total_keys);
        outcome
            .with("sha256", self.sha256.clone())
            .with("bytes", self.bytes)
            .with("revision", self.revision())
            .with("total_keys", keys)
            .with("skip_hash_check", self.digests.is_none())
    }
}

fn refused(file: &str, what: &str) -> ModuleError {
    ModuleError::Refused {
        reason: format!("the snapshot {file} cannot be trusted: {what} (I-11)"),
        hint: "give another snapshot with `-e etcd_snapshot=FILE`".to_owned(),
    }
}

/// SHA-256 of a local file, hexadecimal, read in constant memory.
pub(super) async fn local_digest(path: &Path) -> Result<String, ModuleError> {
    let failed =
        |error: std::io::Error| ModuleError::Failed(format!("{}: {error}", path.display()));
    let mut file = tokio::fs::File::open(path).await.map_err(failed)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer).await.map_err(failed)?;
        if read == 0 {
            return Ok(hex::encode(digest.finalize()));
        }
        digest.update(&buffer[..read]);
    }
}
