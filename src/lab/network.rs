//! The lab's own network: one subnet, fixed addresses.

use super::LabError;
use super::process::Process;
use std::path::{Path, PathBuf};

/// The labels and names of everything that one lab has in Docker.
pub(super) fn label(lab: &str) -> String {
    format!("rrecover.lab={lab}")
}

/// The name of a lab's network, and the beginning of all its other names.
pub(super) fn object(lab: &str) -> String {
    format!("rrecover-lab-{lab}")
}

/// The first three numbers of a /24, and the address plan inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subnet([u8; 3]);

impl Subnet {
    /// The bastion; the engine itself is `.1`.
    const BASTION: u8 = 10;
    /// A client beside the hosts.
    const WRITER: u8 = 5;

    /// Reads `a.b.c.0/24`.
    pub(super) fn parse(text: &str) -> Result<Self, LabError> {
        let wrong = || LabError::invalid(format!("`{text}` is not a subnet like `10.20.30.0/24`"));
        let numbers = text.strip_suffix(".0/24").ok_or_else(wrong)?;
        let numbers: Result<Vec<u8>, _> = numbers.split('.').map(str::parse).collect();
        let numbers = numbers.ok().and_then(|numbers| numbers.try_into().ok());
        numbers.map(Self).ok_or_else(wrong)
    }

    /// The bastion's address.
    pub(super) fn bastion(&self) -> String {
        self.address(Self::BASTION)
    }

    /// The address of a client that writes.
    pub(super) fn writer(&self) -> String {
        self.address(Self::WRITER)
    }

    /// The address of `nodeN`, N from 1.
    pub(super) fn node(&self, number: u8) -> String {
        self.address(Self::BASTION.saturating_add(number))
    }

    fn address(&self, last: u8) -> String {
        let [a, b, c] = self.0;
        format!("{a}.{b}.{c}.{last}")
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c] = self.0;
        write!(f, "{a}.{b}.{c}.0/24")
    }
}

/// Where a running lab's files are. It stands on the network, so that a lab's name is enough to
/// find it and a wrong directory cannot be given.
const DIRECTORY: &str = "rrecover.directory";

/// The directory of the lab of that name. `None` when there is no such lab.
pub(super) async fn directory(lab: &str) -> Result<Option<PathBuf>, LabError> {
    let filter = format!("label={}", label(lab));
    let format = format!("{{{{.Label \"{DIRECTORY}\"}}}}");
    let list = ["network", "ls", "--filter", &filter, "--format", &format];
    let found = Process::docker().args(list).output().await?;
    Ok(found.lines().next().map(PathBuf::from))
}

/// Makes the lab's network on `wanted`, or on the first subnet that nothing on this machine uses.
pub(super) async fn create(
    lab: &str,
    directory: &Path,
    wanted: Option<&str>,
) -> Result<Subnet, LabError> {
    if let Some(wanted) = wanted {
        let subnet = Subnet::parse(wanted)?;
        create_on(lab, directory, &subnet).await?;
        return Ok(subnet);
    }
    let routes = Process::new("ip").args(["-4", "route"]).finish().await;
    let routes = routes.map(|finished| finished.stdout).unwrap_or_default();
    for third in 0..=255 {
        let subnet = Subnet([10, 213, third]);
        if routes.contains(&subnet.to_string()) {
            continue;
        }
        match create_on(lab, directory, &subnet).await {
            Ok(()) => return Ok(subnet),
            // Another lab, perhaps of another process, was first.
            Err(LabError::Command { said, .. }) if said.contains("overlap") => {}
            Err(error) => return Err(error),
        }
    }
    Err(LabError::NoSubnet)
}

async fn create_on(lab: &str, directory: &Path, subnet: &Subnet) -> Result<(), LabError> {
    let directory = format!("{DIRECTORY}={}", directory.display());
    let create = Process::docker().args(["network", "create", "--label", &label(lab)]);
    let create = create.args(["--label", &directory]);
    create.args(["--subnet", &subnet.to_string(), &object(lab)]).output().await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_is_read_and_holds_the_address_plan() {
        let subnet = Subnet::parse("10.20.30.0/24").unwrap();
        assert_eq!(subnet.to_string(), "10.20.30.0/24");
        assert_eq!(subnet.bastion(), "10.20.30.10");
        assert_eq!(subnet.node(1), "10.20.30.11");
    }

    #[test]
    fn what_is_not_a_subnet_of_256_addresses_is_refused() {
        for text in ["10.0.0.0/16", "10.0.0/24", "auto", "10.0.256.0/24", "10.1.2.3.0/24"] {
            assert!(Subnet::parse(text).is_err(), "{text}");
        }
    }
}
