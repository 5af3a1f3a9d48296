//! A running lab in hand.

use super::boot::{public_key, saved_password};
use super::inventory::{Groups, find, write_all};
use super::member::ETCDCTL;
use super::network::{self, Subnet};
use super::process::Finished;
use super::state::{Host, Role, State};
use super::{LabError, host};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Two election timeouts, and what a busy machine adds.
const HEALTHY: Duration = Duration::from_secs(60);

/// A lab. Dropping it leaves it running; [`Lab::down`] takes it away.
#[derive(Debug)]
pub struct Lab {
    pub(super) directory: PathBuf,
    pub(super) state: State,
}

impl Lab {
    /// The lab of that name, wherever its files are.
    pub async fn open(name: &str) -> Result<Self, LabError> {
        super::spec::check_name(name)?;
        let directory = network::directory(name).await?;
        let directory = directory.ok_or_else(|| LabError::NoLab { name: name.to_owned() })?;
        let state = State::load(&directory)?;
        Ok(Self { directory, state })
    }

    /// Where the lab's files are: `inventory/`, `key`, `known_hosts`, `ssh_config`, `pki/`.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The lab's name.
    pub fn name(&self) -> &str {
        &self.state.spec.name
    }

    /// Every host, the bastion first.
    pub fn hosts(&self) -> &[Host] {
        &self.state.hosts
    }

    /// One host.
    pub fn host(&self, name: &str) -> Result<&Host, LabError> {
        find(&self.state.hosts, name)
    }

    /// The inventory, which goes through the bastion.
    pub fn inventory_path(&self) -> PathBuf {
        self.directory.join("inventory")
    }

    /// The same inventory without the bastion.
    pub fn direct_inventory_path(&self) -> PathBuf {
        self.directory.join("inventory-direct")
    }

    /// The file with the sudo password, when the lab has one.
    pub fn become_password_path(&self) -> Option<PathBuf> {
        self.state.spec.sudo_password.then(|| self.directory.join("become-password"))
    }

    /// Who is in which group.
    pub fn groups(&self) -> &Groups {
        &self.state.groups
    }

    /// Rewrites both inventories with these groups.
    pub fn set_groups(&mut self, groups: Groups) -> Result<(), LabError> {
        groups.check(&self.state.hosts)?;
        self.state.groups = groups;
        self.save()
    }

    /// Runs a script as root on a host, whatever its network; the exit status is the caller's.
    pub async fn run(&self, host: &str, script: &str) -> Result<Finished, LabError> {
        self.host(host)?;
        host::script(self.name(), host, script).finish().await
    }

    /// Runs a script as root on a host and gives its output; a bad exit is an error.
    pub async fn exec(&self, host: &str, script: &str) -> Result<String, LabError> {
        self.host(host)?;
        host::script(self.name(), host, script).output().await
    }

    /// Runs `etcdctl ARGUMENTS` on a member with Kubespray's CLI settings (its own endpoint).
    pub async fn etcdctl(&self, host: &str, arguments: &str) -> Result<String, LabError> {
        self.exec(host, &format!("{ETCDCTL}etcdctl {arguments}")).await
    }

    /// Keys below `prefix` and their values, as the member on `host` serves them (linearizable).
    pub async fn keys(
        &self,
        host: &str,
        prefix: &str,
    ) -> Result<BTreeMap<String, String>, LabError> {
        let prefix = crate::transport::quote(prefix);
        let lines = self.etcdctl(host, &format!("get --prefix {prefix}")).await?;
        let lines: Vec<&str> = lines.lines().collect();
        Ok(lines.chunks_exact(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect())
    }

    /// Waits until every host of the group `etcd` that runs serves as a healthy member.
    pub async fn wait_healthy(&self) -> Result<(), LabError> {
        let healthy = async {
            loop {
                let status = self.status().await?;
                let of_etcd = status.iter().filter(|one| self.groups().etcd.contains(&one.name));
                if of_etcd.clone().all(|one| !one.is_running() || one.etcd_healthy) {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::time::timeout(HEALTHY, healthy).await.unwrap_or_else(|_| {
            let what = format!("etcd of lab `{}` to become healthy", self.name());
            Err(LabError::Deadline { what, deadline: HEALTHY })
        })
    }

    /// Boots one more fresh host, `nodeN` with the next N and a new address, and gives its name.
    /// It is in no group yet.
    pub async fn add(&mut self) -> Result<String, LabError> {
        let last = self.state.hosts.iter().map(|host| host.number).max().unwrap_or_default();
        let number = last.checked_add(1).filter(|number| *number <= 200);
        let number = number.ok_or_else(|| LabError::invalid("the lab is full"))?;
        let new = Host {
            name: format!("node{number}"),
            address: Subnet::parse(&self.state.subnet)?.node(number),
            role: Role::Spare,
            number,
        };
        let name = new.name.clone();
        self.boot_fresh(&new).await?;
        self.state.hosts.push(new);
        self.save()?;
        Ok(name)
    }

    /// Takes a host away and boots a fresh one with its name and address: a reinstalled machine.
    /// Host keys and disk are new, and known_hosts follows.
    pub async fn replace(&mut self, host: &str) -> Result<(), LabError> {
        let replaced = self.host(host)?.clone();
        host::remove(&self.state.spec, host).await?;
        self.boot_fresh(&replaced).await?;
        self.save()
    }

    async fn boot_fresh(&mut self, new: &Host) -> Result<(), LabError> {
        let key = public_key(&self.directory)?;
        let password = saved_password(&self.directory, &self.state.spec)?;
        host::create(&self.state.spec, new, &self.state.image).await?;
        let keys = host::prepare(self.name(), &new.name, &key, password.as_ref()).await?;
        self.state.host_keys.insert(new.name.clone(), keys);
        Ok(())
    }

    fn save(&self) -> Result<(), LabError> {
        write_all(&self.directory, &self.state)?;
        self.state.save(&self.directory)
    }
}
