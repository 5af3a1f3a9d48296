//! Booting a lab: image, network, hosts side by side, keys, etcd; and taking all of it away.

use super::inventory::write_all;
use super::network::{label, object};
use super::process::Process;
use super::state::{Host, Role, State};
use super::{Lab, LabError, Spec, host, image, keys, member, network, prerequisites, programs};
use crate::redact::Secret;
use futures_util::future::try_join_all;
use std::path::{Path, PathBuf};

/// Everything that a lab writes into its directory, besides the inventory.
const WRITTEN: [&str; 6] = ["key", "key.pub", "pki", "writers", "become-password", "lab.json"];

impl Lab {
    /// Boots a lab and waits until its etcd is healthy. When that fails, nothing of it is left.
    pub async fn up(spec: Spec) -> Result<Self, LabError> {
        spec.check()?;
        let directory = directory_of(&spec.name, spec.directory.as_deref())?;
        prerequisites::need_docker().await?;
        if network::directory(&spec.name).await?.is_some() {
            return Err(LabError::Exists { name: spec.name });
        }
        need_empty(&directory)?;
        let image = image::need().await?;
        let programs = programs::need(spec.etcd_version).await?;
        let name = spec.name.clone();
        match boot(spec, &directory, image, &programs).await {
            Ok(lab) => Ok(lab),
            Err(error) => {
                // The first error is the one to tell; what cannot be removed `lab down` will name.
                drop(Self::remove(&name).await);
                drop(remove_files(&directory));
                Err(error)
            }
        }
    }

    /// Takes the lab away: containers, volumes, network and the files it wrote.
    pub async fn down(self) -> Result<(), LabError> {
        Self::remove(self.name()).await.map(drop)
    }

    /// Takes a lab away by its name, even when its files are lost or its boot was cut off. Says
    /// whether there was one.
    pub async fn remove(name: &str) -> Result<bool, LabError> {
        super::spec::check_name(name)?;
        let directory = network::directory(name).await?;
        remove_hosts(name).await?;
        let Some(directory) = directory else { return Ok(false) };
        remove_files(&directory)?;
        // Last: until then the lab can be found, and removed again.
        Process::docker().args(["network", "rm", &object(name)]).output().await?;
        Ok(true)
    }
}

/// Where a lab's files are: as given, else `./.lab/NAME`.
pub(super) fn directory_of(name: &str, given: Option<&Path>) -> Result<PathBuf, LabError> {
    let directory = given.map_or_else(|| Path::new(".lab").join(name), Path::to_owned);
    let absolute =
        std::path::absolute(&directory).map_err(LabError::file("resolve", &directory))?;
    // The path stands in OpenSSH options, YAML and Docker's `-v`, each with quoting of its own.
    let plain = |c: char| c.is_alphanumeric() || "/._-+@".contains(c);
    match absolute.to_str() {
        Some(text) if text.chars().all(plain) => Ok(absolute),
        _ => {
            let path = absolute.display();
            let rule = "use letters, digits and `/._-+@`";
            Err(LabError::invalid(format!("a lab cannot be in `{path}`; {rule}")))
        }
    }
}

fn need_empty(directory: &Path) -> Result<(), LabError> {
    std::fs::create_dir_all(directory).map_err(LabError::file("make", directory))?;
    let mut entries = std::fs::read_dir(directory).map_err(LabError::file("read", directory))?;
    if entries.next().is_some() {
        let path = directory.display();
        return Err(LabError::invalid(format!("`{path}` is not empty; name a new `--dir`")));
    }
    Ok(())
}

async fn boot(
    spec: Spec,
    directory: &Path,
    image: String,
    programs: &Path,
) -> Result<Lab, LabError> {
    let subnet = network::create(&spec.name, directory, spec.subnet.as_deref()).await?;
    let mut state = State::new(
        spec.clone(),
        subnet.to_string(),
        image,
        plan_hosts(&subnet, spec.etcd, spec.spare),
    );
    // Written first: a boot that is cut off can then be taken down.
    state.save(directory)?;
    tracing::info!("booting {} hosts on {subnet}", state.hosts.len());
    let password = spec.sudo_password.then(keys::password).transpose()?;
    let members: Vec<Host> =
        state.hosts.iter().filter(|host| host.role == Role::Member).cloned().collect();
    let create = state.hosts.iter().map(|one| host::create(&spec, one, &state.image));
    let keys = keys::make(&spec.name, directory, &state.image, &members);
    tokio::try_join!(try_join_all(create), keys)?;
    if let Some(password) = &password {
        save_password(directory, password)?;
    }
    let pki = directory.join("pki");
    let key = public_key(directory)?;
    let prepare = state.hosts.iter().map(|one| async {
        let keys = host::prepare(&spec.name, &one.name, &key, password.as_ref()).await?;
        if one.role == Role::Member {
            member::install(&spec.name, one, &members, programs, &pki).await?;
        }
        Ok::<_, LabError>((one.name.clone(), keys))
    });
    state.host_keys = try_join_all(prepare).await?.into_iter().collect();
    try_join_all(members.iter().map(|one| member::start(&spec.name, one))).await?;
    write_all(directory, &state)?;
    state.save(directory)?;
    let lab = Lab { directory: directory.to_owned(), state };
    lab.wait_healthy().await?;
    Ok(lab)
}

/// The bastion, then `node1` to `nodeN`: members first.
fn plan_hosts(subnet: &network::Subnet, members: usize, spares: usize) -> Vec<Host> {
    let bastion = Host {
        name: "bastion".to_owned(),
        address: subnet.bastion(),
        role: Role::Bastion,
        number: 0,
    };
    let numbers = (1..=u8::MAX).take(members + spares);
    let nodes = numbers.map(|number| Host {
        name: format!("node{number}"),
        address: subnet.node(number),
        role: if usize::from(number) <= members { Role::Member } else { Role::Spare },
        number,
    });
    std::iter::once(bastion).chain(nodes).collect()
}

/// The lab's public key.
pub(super) fn public_key(directory: &Path) -> Result<String, LabError> {
    let path = directory.join("key.pub");
    std::fs::read_to_string(&path).map_err(LabError::file("read", &path))
}

/// The sudo password of a lab that has one.
pub(super) fn saved_password(directory: &Path, spec: &Spec) -> Result<Option<Secret>, LabError> {
    if !spec.sudo_password {
        return Ok(None);
    }
    let path = directory.join("become-password");
    let text = std::fs::read_to_string(&path).map_err(LabError::file("read", &path))?;
    Ok(Some(Secret::new(text.trim())))
}

fn save_password(directory: &Path, password: &Secret) -> Result<(), LabError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = directory.join("become-password");
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(&path);
    file.and_then(|mut file| {
        std::io::Write::write_all(&mut file, format!("{}\n", password.expose()).as_bytes())
    })
    .map_err(LabError::file("write", &path))
}

/// Removes every container and volume that carries the lab's label.
async fn remove_hosts(lab: &str) -> Result<(), LabError> {
    let containers = list(&["ps", "--all", "--quiet"], lab).await?;
    if !containers.is_empty() {
        Process::docker().args(["rm", "--force", "--volumes"]).args(&containers).output().await?;
    }
    let volumes = list(&["volume", "ls", "--quiet"], lab).await?;
    if !volumes.is_empty() {
        Process::docker().args(["volume", "rm"]).args(&volumes).output().await?;
    }
    Ok(())
}

async fn list(command: &[&str], lab: &str) -> Result<Vec<String>, LabError> {
    let filter = format!("label={}", label(lab));
    let ids = Process::docker().args(command).args(["--filter", &filter]).output().await?;
    Ok(ids.split_whitespace().map(str::to_owned).collect())
}

/// Removes what the lab wrote, and nothing that somebody else put beside it.
fn remove_files(directory: &Path) -> Result<(), LabError> {
    for name in WRITTEN.iter().chain(&super::inventory::WRITTEN) {
        let path = directory.join(name);
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(LabError::File { action: "remove", path, source: error });
            }
            _ => {}
        }
    }
    // Fails when somebody's own files are there: they stay.
    drop(std::fs::remove_dir(directory));
    Ok(())
}
