//! The image of a host: a minimal Debian with systemd, OpenSSH and sudo, and without Python.

use super::process::Process;
use super::{LabError, cache, debian, prerequisites};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::time::Duration;

const SUITE: &str = "bookworm";
const PACKAGES: &str = "systemd,systemd-sysv,dbus,libpam-systemd,openssh-server,sudo,iproute2,\
                        iptables,procps,ca-certificates,openssl,curl";
const FINISH: &str = include_str!("scripts/finish-image.sh");
const BUILD: Duration = Duration::from_secs(900);

/// The image's name. It holds a hash of the recipe: a changed recipe is a new image.
pub(super) fn name() -> String {
    let recipe =
        Sha256::new().chain_update(SUITE).chain_update(PACKAGES).chain_update(FINISH).finalize();
    format!("rrecover-lab:{}", &hex::encode(recipe)[..12])
}

/// The name of the image that a lab's hosts boot from, after making sure that it is there.
pub async fn need() -> Result<String, LabError> {
    let name = name();
    if !exists(&name).await? {
        let _lock = cache::lock().await?;
        if !exists(&name).await? {
            build(&name).await?;
        }
    }
    Ok(name)
}

async fn exists(name: &str) -> Result<bool, LabError> {
    let images = Process::docker().args(["images", "--quiet", name]).output().await?;
    Ok(!images.trim().is_empty())
}

async fn build(name: &str) -> Result<(), LabError> {
    if !prerequisites::is_root() {
        return Err(LabError::NotRoot { what: "the lab's host image".to_owned() });
    }
    prerequisites::need_program("debootstrap", "debootstrap").await?;
    debian::need_keyring().await?;
    tracing::info!("building the host image `{name}`; this takes about a minute, once");
    let work = debian::workbench()?;
    let root = work.path().join("root");
    bootstrap(&root).await?;
    Process::new("chroot").arg(&root).args(["sh", "-s"]).input(FINISH).output().await?;
    import(&root, &work.path().join("root.tar"), name).await
}

async fn bootstrap(root: &Path) -> Result<(), LabError> {
    Process::new("debootstrap")
        .args(["--variant=minbase", &format!("--keyring={}", debian::KEYRING)])
        .arg(format!("--include={PACKAGES}"))
        .arg(SUITE)
        .arg(root)
        .arg(debian::mirror().await)
        .deadline(BUILD)
        .output()
        .await
        .map(drop)
}

async fn import(root: &Path, archive: &Path, name: &str) -> Result<(), LabError> {
    let tar = Process::new("tar").arg("-C").arg(root).arg("-cf").arg(archive).arg(".");
    tar.deadline(BUILD).output().await?;
    let import = Process::docker().args(["import", "-c", "CMD [\"/sbin/init\"]"]);
    let import = import.args(["-c", "ENV container=docker"]).arg(archive).arg(name);
    import.deadline(BUILD).output().await.map(drop)
}
