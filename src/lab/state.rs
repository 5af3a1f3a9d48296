//! What is written down about a lab, so that the next command finds it.

use super::inventory::Groups;
use super::{LabError, Spec};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const FILE: &str = "lab.json";
const VERSION: u32 = 1;

/// What a host was booted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The jump host in front.
    Bastion,
    /// A first member of the etcd cluster.
    Member,
    /// A fresh host: a base system and nothing of etcd.
    Spare,
}

/// One host of a lab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// `bastion` or `nodeN`.
    pub name: String,
    /// Its fixed IPv4 address.
    pub address: String,
    /// What it was booted as.
    pub role: Role,
    /// N of `nodeN`; 0 for the bastion.
    pub number: u8,
}

impl Host {
    /// `etcdN`, as Kubespray's sample inventory names the member on `nodeN`.
    pub fn member_name(&self) -> String {
        format!("etcd{}", self.number)
    }
}

/// A lab as it stands in its file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    pub(super) spec: Spec,
    pub(super) subnet: String,
    pub(super) image: String,
    pub(super) hosts: Vec<Host>,
    /// Each host's public keys as `type base64`.
    pub(super) host_keys: BTreeMap<String, Vec<String>>,
    pub(super) groups: Groups,
}

impl State {
    pub(super) fn new(spec: Spec, subnet: String, image: String, hosts: Vec<Host>) -> Self {
        let groups = Groups::of(&hosts);
        Self { version: VERSION, spec, subnet, image, hosts, host_keys: BTreeMap::new(), groups }
    }

    pub(super) fn load(directory: &Path) -> Result<Self, LabError> {
        let path = directory.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(LabError::file("read", &path))?;
        let state: Self = serde_json::from_str(&text)
            .map_err(|error| LabError::State { path: path.clone(), reason: error.to_string() })?;
        if state.version != VERSION {
            let reason = format!("version {} is not {VERSION}", state.version);
            return Err(LabError::State { path, reason });
        }
        Ok(state)
    }

    pub(super) fn save(&self, directory: &Path) -> Result<(), LabError> {
        let text = serde_json::to_string_pretty(self).map_err(|error| LabError::State {
            path: directory.join(FILE),
            reason: error.to_string(),
        })?;
        write(&directory.join(FILE), &text)
    }
}

/// Writes a file whole: a reader sees the old text or the new one.
pub(super) fn write(path: &Path, text: &str) -> Result<(), LabError> {
    let beside: PathBuf = path.with_extension("new");
    std::fs::write(&beside, text).map_err(LabError::file("write", &beside))?;
    std::fs::rename(&beside, path).map_err(LabError::file("write", path))
}
