//! How the hosts of a lab are, as seen from this machine and not over SSH.

use super::member::ETCDCTL;
use super::state::Role;
use super::{Lab, LabError, host};
use futures_util::future::try_join_all;
use std::fmt;

/// Whether a host runs and can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// It runs and is on the network.
    On,
    /// It runs and the network is cut.
    Partitioned,
    /// It is off.
    Off,
    /// It does not exist: a replacement failed half-way, or somebody removed it.
    Missing,
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::On => "on",
            Self::Partitioned => "partitioned",
            Self::Off => "off",
            Self::Missing => "missing",
        })
    }
}

/// How one host is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostStatus {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// What it was booted as.
    pub role: Role,
    /// Whether it runs.
    pub power: Power,
    /// systemd's word for the unit `etcd` (`active`, `activating`, `failed`, `inactive`);
    /// `absent` without such a unit, `-` when it could not be asked.
    pub etcd_unit: String,
    /// Whether its etcd commits a proposal.
    pub etcd_healthy: bool,
}

impl HostStatus {
    /// Whether it runs, with or without a network.
    pub fn is_running(&self) -> bool {
        matches!(self.power, Power::On | Power::Partitioned)
    }
}

impl Lab {
    /// How every host is now.
    pub async fn status(&self) -> Result<Vec<HostStatus>, LabError> {
        try_join_all(self.hosts().iter().map(|host| self.host_status(&host.name))).await
    }

    /// How one host is now.
    pub async fn host_status(&self, name: &str) -> Result<HostStatus, LabError> {
        let known = self.host(name)?;
        let power = match host::inspect(self.name(), name).await? {
            None => Power::Missing,
            Some((false, _)) => Power::Off,
            Some((true, false)) => Power::Partitioned,
            Some((true, true)) => Power::On,
        };
        let mut status = HostStatus {
            name: known.name.clone(),
            address: known.address.clone(),
            role: known.role,
            power,
            etcd_unit: "-".to_owned(),
            etcd_healthy: false,
        };
        if status.is_running() && known.role != Role::Bastion {
            let script = format!(
                "test -e /etc/systemd/system/etcd.service || {{ echo absent; exit; }}
                systemctl is-active etcd
                {ETCDCTL}etcdctl endpoint health >/dev/null 2>&1 && echo healthy"
            );
            let said = self.run(name, &script).await?.stdout;
            if let Some(unit) = said.lines().next() {
                unit.clone_into(&mut status.etcd_unit);
            }
            status.etcd_healthy = said.lines().any(|line| line == "healthy");
        }
        Ok(status)
    }
}

/// The table that `rrecover lab status` prints.
pub fn render(hosts: &[HostStatus]) -> String {
    let mut text =
        format!("{:10}{:16}{:12}{:12}{}\n", "HOST", "ADDRESS", "POWER", "ETCD", "HEALTHY");
    for host in hosts {
        let healthy = match (host.role, host.etcd_healthy) {
            (Role::Bastion, _) => "-",
            (_, true) => "yes",
            (_, false) => "no",
        };
        let HostStatus { name, address, power, etcd_unit, .. } = host;
        text += &format!("{name:10}{address:16}{power:12}{etcd_unit:12}{healthy}\n");
    }
    text
}
