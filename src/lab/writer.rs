//! A client that writes all the while, and remembers what it was promised.

use super::network::{Subnet, label, object};
use super::process::Process;
use super::spec::check_name;
use super::{Lab, LabError, programs};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

const SCRIPT: &str = include_str!("scripts/write-keys.sh");

/// Writes `/NAME/00000001`, `/NAME/00000002`, … through the endpoints of several members until
/// stopped. Dropping it leaves it writing; [`Lab::down`] ends it too.
#[derive(Debug)]
pub struct Writer {
    container: String,
    directory: PathBuf,
    prefix: String,
}

impl Writer {
    /// Starts a writer that uses the members on `hosts`.
    pub async fn start(lab: &Lab, name: &str, hosts: &[&str]) -> Result<Self, LabError> {
        check_name(name)?;
        let directory = lab.directory().join("writers").join(name);
        std::fs::create_dir_all(&directory).map_err(LabError::file("make", &directory))?;
        let container = format!("{}-writer-{name}", object(lab.name()));
        let prefix = format!("/{name}/");
        let mut endpoints = Vec::new();
        for host in hosts {
            endpoints.push(format!("https://{}:2379", lab.host(host)?.address));
        }
        let pki = lab.directory().join("pki");
        let programs = programs::need(lab.state.spec.etcd_version).await?;
        let mounts = [
            format!("{}:/pki:ro", pki.display()),
            format!("{}:/usr/local/bin:ro", programs.display()),
            format!("{}:/writer", directory.display()),
        ];
        let settings = [
            "ETCDCTL_API=3".to_owned(),
            "ETCDCTL_DIAL_TIMEOUT=2s".to_owned(),
            "ETCDCTL_COMMAND_TIMEOUT=5s".to_owned(),
            "ETCDCTL_CACERT=/pki/ca.pem".to_owned(),
            "ETCDCTL_CERT=/pki/admin-node1.pem".to_owned(),
            "ETCDCTL_KEY=/pki/admin-node1-key.pem".to_owned(),
            format!("ETCDCTL_ENDPOINTS={}", endpoints.join(",")),
            format!("PREFIX={prefix}"),
        ];
        let address = Subnet::parse(&lab.state.subnet)?.writer();
        Process::docker()
            .args(["run", "--detach", "--init", "--name", &container])
            .args(["--label", &label(lab.name()), "--network", &object(lab.name())])
            .args(["--ip", &address])
            .args(mounts.iter().flat_map(|mount| ["--volume", mount]))
            .args(settings.iter().flat_map(|setting| ["--env", setting]))
            .args([&lab.state.image, "sh", "-c", SCRIPT])
            .output()
            .await?;
        Ok(Self { container, directory, prefix })
    }

    /// What the keys begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Every key that etcd has acknowledged so far, with its value.
    pub fn acknowledged(&self) -> Result<BTreeMap<String, String>, LabError> {
        let path = self.directory.join("acknowledged");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(LabError::File { action: "read", path, source }),
        };
        let pairs = text.lines().filter_map(|line| line.split_once(' '));
        Ok(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    /// Waits until `more` further keys have been acknowledged.
    pub async fn wait_for(&self, more: usize, deadline: Duration) -> Result<(), LabError> {
        let wanted = self.acknowledged()?.len() + more;
        let written = async {
            while self.acknowledged()?.len() < wanted {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Ok(())
        };
        tokio::time::timeout(deadline, written).await.unwrap_or_else(|_| {
            Err(LabError::Deadline { what: format!("{more} acknowledged writes"), deadline })
        })
    }

    /// Stops writing and gives every key that was acknowledged, with its value.
    pub async fn stop(self) -> Result<BTreeMap<String, String>, LabError> {
        Process::docker().args(["rm", "--force", &self.container]).output().await?;
        let acknowledged = self.acknowledged()?;
        let directory = &self.directory;
        std::fs::remove_dir_all(directory).map_err(LabError::file("remove", directory))?;
        Ok(acknowledged)
    }

    /// The acknowledged keys that are gone or hold another value: must be none.
    pub fn lost(
        acknowledged: &BTreeMap<String, String>,
        present: &BTreeMap<String, String>,
    ) -> Vec<String> {
        let lost = acknowledged.iter().filter(|(key, value)| present.get(*key) != Some(value));
        lost.map(|(key, _)| key.clone()).collect()
    }
}
