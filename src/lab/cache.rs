//! What is built or downloaded once and used by every lab, outside the source tree.

use super::LabError;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Another process may be building everything from nothing on a slow line.
const WAIT: Duration = Duration::from_secs(900);

/// The lab's part of the cache: `lab/` in `$RRECOVER_CACHE`, else in `~/.cache/rrecover`. Made when
/// missing.
pub(super) fn directory() -> Result<PathBuf, LabError> {
    let given = std::env::var_os("RRECOVER_CACHE").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/rrecover"));
    let directory = given.or_else(home).ok_or_else(|| {
        LabError::invalid("no place for the cache: neither `RRECOVER_CACHE` nor `HOME` is set")
    })?;
    let directory = directory.join("lab");
    std::fs::create_dir_all(&directory).map_err(LabError::file("make", &directory))?;
    Ok(directory)
}

/// Held while something in the cache is built, so that two processes do not build it twice.
pub(super) struct Lock {
    _file: File,
}

/// Waits until nobody else builds. The lock ends with the returned value, or with the process.
pub(super) async fn lock() -> Result<Lock, LabError> {
    let path = directory()?.join("lock");
    let file = File::create(&path).map_err(LabError::file("write", &path))?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::Error(source)) => {
                return Err(LabError::File { action: "lock", path, source });
            }
            Err(TryLockError::WouldBlock) if start.elapsed() > WAIT => {
                let what = format!("another process's lock on `{}`", path.display());
                return Err(LabError::Deadline { what, deadline: WAIT });
            }
            Err(TryLockError::WouldBlock) => {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}
