//! A snapshot file on this machine, looked at before anything trusts it (DOMAIN 3.6, I-11).
//!
//! etcd's own `snapshot status` misses flipped bytes, so the trailing digest is recomputed here.
//! What is inside is read with a small reader of bbolt's format that believes nothing it reads.

mod bolt;

#[cfg(test)]
mod tests;

pub use super::decision::SnapshotFile;

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// SHA-256's length: what `etcdctl snapshot save` appends to the database.
const DIGEST_BYTES: u64 = 32;
/// A database is whole pages; a rest of exactly [`DIGEST_BYTES`] means that the digest is there.
const ALIGNMENT: u64 = 512;

/// Why a file cannot be restored from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// There is no such file.
    #[error("there is no snapshot `{path}`")]
    Missing {
        /// The path.
        path: String,
    },
    /// It begins like a snapshot and ends too early.
    #[error("the snapshot `{path}` is truncated: it ends after {bytes} bytes{}", needs(*.needed))]
    Truncated {
        /// The path.
        path: String,
        /// Its size.
        bytes: u64,
        /// The size that the database in it should have, when it says so.
        needed: Option<u64>,
    },
    /// Its bytes are not those that were written.
    #[error("the snapshot `{path}` is damaged: its digest says {expected}, its bytes have {found}")]
    Digest {
        /// The path.
        path: String,
        /// The digest at its end, hexadecimal.
        expected: String,
        /// The digest of what stands before, hexadecimal.
        found: String,
    },
    /// It is something else.
    #[error("`{path}` is not an etcd snapshot: {reason}")]
    NotASnapshot {
        /// The path.
        path: String,
        /// What gives it away.
        reason: String,
    },
    /// It cannot be read.
    #[error("cannot read the snapshot `{path}`: {reason}")]
    Unreadable {
        /// The path.
        path: String,
        /// What the system said.
        reason: String,
    },
}

fn needs(needed: Option<u64>) -> String {
    needed.map(|bytes| format!(", its database needs {bytes}")).unwrap_or_default()
}

/// Looks at a snapshot file: size, digests, and what is inside. Reads the file twice, in constant
/// memory; blocks meanwhile.
///
/// A raw copy of `member/snap/db` has no digest: it comes back with `has_digest: false`, and
/// nothing then proves that it is intact. A digest that is there and wrong is an error.
pub fn inspect(path: &Path) -> Result<SnapshotFile, SnapshotError> {
    let name = path.display().to_string();
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => SnapshotError::Missing { path: name.clone() },
        _ => SnapshotError::Unreadable { path: name.clone(), reason: error.to_string() },
    };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let not_a_snapshot =
        |reason: String| SnapshotError::NotASnapshot { path: name.clone(), reason };
    if !metadata.is_file() {
        return Err(not_a_snapshot("it is not a regular file".to_owned()));
    }
    let bytes = metadata.len();
    if bytes == 0 {
        return Err(not_a_snapshot("it is empty".to_owned()));
    }
    let digests = digests(&file, bytes).map_err(unreadable)?;
    let has_digest = bytes % ALIGNMENT == DIGEST_BYTES;
    let database_bytes = if has_digest { bytes - DIGEST_BYTES } else { bytes };

    let mut database = bolt::Database::open(&file, database_bytes)
        .map_err(|error| not_a_snapshot(error.to_string()))?;
    let needed = database.bytes();
    if needed > database_bytes || !(has_digest || bytes % ALIGNMENT == 0) {
        return Err(SnapshotError::Truncated { path: name, bytes, needed: Some(needed) });
    }
    if has_digest && digests.stored != digests.computed {
        return Err(SnapshotError::Digest {
            path: name,
            expected: digests.stored,
            found: digests.computed,
        });
    }
    let content = database.content().map_err(|error| not_a_snapshot(error.to_string()))?;
    Ok(SnapshotFile {
        path: name,
        bytes,
        sha256: digests.whole,
        has_digest,
        revision: content.revision,
        total_keys: content.records,
        cluster_version: content.cluster_version,
    })
}

/// Hexadecimal SHA-256 digests of a file.
struct Digests {
    /// Of every byte.
    whole: String,
    /// Of every byte but the last 32.
    computed: String,
    /// The last 32 bytes themselves.
    stored: String,
}

/// Reads the file once, from its beginning to `bytes`, and computes both digests.
fn digests(mut file: &File, bytes: u64) -> std::io::Result<Digests> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut left = bytes.saturating_sub(DIGEST_BYTES);
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        file.read_exact(&mut buffer[..wanted])?;
        hasher.update(&buffer[..wanted]);
        left -= wanted as u64;
    }
    let computed = hex::encode(hasher.clone().finalize());
    let mut stored = Vec::new();
    file.take(DIGEST_BYTES.min(bytes)).read_to_end(&mut stored)?;
    hasher.update(&stored);
    Ok(Digests { whole: hex::encode(hasher.finalize()), computed, stored: hex::encode(stored) })
}
