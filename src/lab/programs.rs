//! etcd's own programs, from Debian's packages: unpacked once, copied onto members.

use super::{EtcdVersion, LabError, cache, debian};
use std::path::{Path, PathBuf};

/// A directory that holds `etcd`, `etcdctl` and, where that version has it, `etcdutl`; nothing
/// else.
pub(super) async fn need(version: EtcdVersion) -> Result<PathBuf, LabError> {
    let place = cache::directory()?.join(format!("etcd-{}", version.number()));
    if !place.is_dir() {
        let _lock = cache::lock().await?;
        if !place.is_dir() {
            fetch(version, &place).await?;
        }
    }
    Ok(place)
}

async fn fetch(version: EtcdVersion, place: &Path) -> Result<(), LabError> {
    tracing::info!("fetching etcd {} from Debian {}", version.number(), version.suite());
    let work = debian::workbench()?;
    let packages = ["etcd-server", "etcd-client"];
    let unpacked = debian::unpack(version.suite(), &packages, work.path()).await?;
    let programs = unpacked.join("usr/bin");
    for program in ["etcd", "etcdctl"] {
        if !programs.join(program).is_file() {
            let reason = format!("Debian's etcd {} packages hold no `{program}`", version.number());
            return Err(LabError::invalid(reason));
        }
    }
    std::fs::rename(&programs, place).map_err(LabError::file("write", place))
}
