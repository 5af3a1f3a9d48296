//! One host: a container that boots systemd, and what every host gets before it is anything.

use super::network::{label, object};
use super::process::{Finished, Process};
use super::state::{Host, Role};
use super::{DataDirectory, LabError, Spec};
use crate::redact::Secret;
use std::time::Duration;

/// A host boots in 5 s on an idle machine; many boot side by side on a busy one.
const BOOT: Duration = Duration::from_secs(120);
const PREPARE: &str = include_str!("scripts/prepare-host.sh");

/// What systemd, sudo and tests of the network need in a container, as arguments of `docker run`, and
/// no more: `--privileged` fails on machines that lack a capability, and the right to set the clock
/// would be one over this machine's clock.
pub const RIGHTS: [&str; 20] = [
    "--cap-add",
    "SYS_ADMIN",
    "--cap-add",
    "NET_ADMIN",
    "--cap-add",
    "SYS_PTRACE",
    "--security-opt",
    "seccomp=unconfined",
    "--security-opt",
    "apparmor=unconfined",
    "--security-opt",
    "systempaths=unconfined",
    "--tmpfs",
    "/run",
    "--tmpfs",
    "/run/lock",
    "--tmpfs",
    "/tmp:exec",
    "--volume",
    "/sys/fs/cgroup:/sys/fs/cgroup:rw",
];

/// The container's name, which is also its volume's.
pub(super) fn container(lab: &str, host: &str) -> String {
    format!("{}-{host}", object(lab))
}

/// Runs a script on a host as root, whether or not its network works.
pub(super) fn script(lab: &str, host: &str, script: &str) -> Process {
    Process::docker().args(["exec", &container(lab, host), "sh", "-c", script])
}

/// Powers a new host on. Its data directory is fresh.
pub(super) async fn create(spec: &Spec, host: &Host, image: &str) -> Result<(), LabError> {
    let name = container(&spec.name, &host.name);
    let mount = match data_of(spec, host) {
        // A volume above it: the overlay below is too slow for etcd.
        DataDirectory::Plain => format!("{name}:/var/lib"),
        DataDirectory::Mounted | DataDirectory::Sized(_) => format!("{name}:/var/lib/etcd"),
    };
    create_volume(spec, host, &name, image).await?;
    Process::docker()
        .args(["run", "--detach", "--name", &name, "--hostname", &host.name])
        .args(["--label", &label(&spec.name), "--network", &object(&spec.name)])
        .args(["--ip", &host.address, "--network-alias", &host.name])
        .args(["--stop-signal", "SIGRTMIN+3"])
        .args(RIGHTS)
        .args(["--volume", &mount, image])
        .output()
        .await
        .map(drop)
}

/// The bastion has no data disk.
fn data_of<'a>(spec: &'a Spec, host: &Host) -> &'a DataDirectory {
    if host.role == Role::Bastion { &DataDirectory::Plain } else { &spec.data }
}

async fn create_volume(spec: &Spec, host: &Host, name: &str, image: &str) -> Result<(), LabError> {
    let create = Process::docker().args(["volume", "create", "--label", &label(&spec.name)]);
    let DataDirectory::Sized(size) = data_of(spec, host) else {
        return create.arg(name).output().await.map(drop);
    };
    let size = format!("o=size={size}");
    let tmpfs = ["--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", &size];
    create.args(tmpfs).arg(name).output().await?;
    // The engine unmounts a volume that no container uses, and memory is then gone. A disk
    // survives a power cut, so a container that does nothing keeps it mounted.
    Process::docker()
        .args(["run", "--detach", "--name", &disk(name), "--network", "none"])
        .args(["--label", &label(&spec.name), "--volume", &format!("{name}:/disk")])
        .args(["--init", image, "sleep", "infinity"])
        .output()
        .await
        .map(drop)
}

fn disk(container: &str) -> String {
    format!("{container}-disk")
}

/// Takes a host and its disk away for good.
pub(super) async fn remove(spec: &Spec, host: &str) -> Result<(), LabError> {
    let name = container(&spec.name, host);
    let mut containers = vec![name.clone()];
    if matches!(spec.data, DataDirectory::Sized(_)) {
        containers.push(disk(&name));
    }
    Process::docker().args(["rm", "--force"]).args(containers).output().await?;
    Process::docker().args(["volume", "rm", &name]).output().await.map(drop)
}

/// Waits until a host has booted, lets the lab's key in and gives the host's public keys, one a
/// line.
pub(super) async fn prepare(
    lab: &str,
    host: &str,
    public_key: &str,
    password: Option<&Secret>,
) -> Result<Vec<String>, LabError> {
    // Everything goes through standard input: the password must not be seen among processes.
    let password = password.map(Secret::expose).unwrap_or_default();
    let input = format!("KEY='{}'\nPASSWORD='{password}'\n{PREPARE}", public_key.trim());
    let keys = Process::docker()
        .args(["exec", "--interactive", &container(lab, host), "sh", "-s"])
        .input(input)
        .deadline(BOOT)
        .output()
        .await?;
    Ok(keys.lines().map(str::to_owned).collect())
}

/// Waits until a restarted host lets users in. Not until all of it has booted: etcd keeps systemd
/// waiting for as long as it has no quorum.
pub(super) async fn wait_for_login(lab: &str, host: &str) -> Result<(), LabError> {
    let wait = "until systemctl is-active --quiet ssh && systemctl is-active --quiet \
                systemd-user-sessions; do sleep 0.1; done";
    script(lab, host, wait).deadline(BOOT).output().await.map(drop)
}

/// Whether a container runs, and whether it is on the lab's network. `None` when it does not exist.
pub(super) async fn inspect(lab: &str, host: &str) -> Result<Option<(bool, bool)>, LabError> {
    let format = "{{.State.Running}} {{len .NetworkSettings.Networks}}";
    let inspect = Process::docker().args(["inspect", "--type", "container", "--format", format]);
    let Finished { status, stdout, stderr } = inspect.arg(container(lab, host)).finish().await?;
    if !status.success() && stderr.contains("No such container") {
        return Ok(None);
    }
    match stdout.trim().split_once(' ') {
        Some((running, networks)) if status.success() => {
            Ok(Some((running == "true", networks != "0")))
        }
        _ => Err(LabError::Command {
            command: "docker inspect".to_owned(),
            status: status.to_string(),
            said: stderr,
        }),
    }
}
