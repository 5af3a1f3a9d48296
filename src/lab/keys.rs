//! The lab's login key and etcd certificates, made with the host image's own openssl and
//! ssh-keygen so that this machine needs neither.

use super::LabError;
use super::network::{label, object};
use super::process::Process;
use super::state::Host;
use std::path::Path;
use std::time::Duration;

const SCRIPT: &str = include_str!("scripts/make-keys.sh");
const MAKE: Duration = Duration::from_secs(120);

/// Writes `key`, `key.pub` and `pki/` into the lab's directory.
pub(super) async fn make(
    lab: &str,
    directory: &Path,
    image: &str,
    members: &[Host],
) -> Result<(), LabError> {
    let user =
        format!("{}:{}", rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let volume = format!("{}:/lab", directory.display());
    let members = members.iter().map(|host| format!("{}={}", host.name, host.address));
    // Named and labelled, not `--rm`: when this is cut off, `lab down` finds it and waits for it.
    let name = format!("{}-keys", object(lab));
    Process::docker()
        .args(["run", "--interactive", "--name", &name, "--label", &label(lab)])
        .args(["--network", "none", "--user", &user, "--volume", &volume])
        .args([image, "sh", "-s"])
        .args(members)
        .input(SCRIPT)
        .deadline(MAKE)
        .output()
        .await?;
    Process::docker().args(["rm", "--force", &name]).output().await.map(drop)
}

/// A password that nobody chose.
pub(super) fn password() -> Result<crate::redact::Secret, LabError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| LabError::invalid(format!("no random numbers: {error}")))?;
    Ok(crate::redact::Secret::new(hex::encode(bytes)))
}
