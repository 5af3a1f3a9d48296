//! What a lab shall be.

use super::LabError;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Which etcd the members run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
pub enum EtcdVersion {
    /// 3.4, without `etcdutl`.
    #[value(name = "3.4")]
    #[serde(rename = "3.4")]
    V3_4,
    /// 3.5, with `etcdutl`.
    #[value(name = "3.5")]
    #[serde(rename = "3.5")]
    V3_5,
}

impl EtcdVersion {
    /// The version as etcd writes it, without the patch level.
    pub fn number(self) -> &'static str {
        match self {
            Self::V3_4 => "3.4",
            Self::V3_5 => "3.5",
        }
    }

    /// The Debian release that carries it.
    pub(super) fn suite(self) -> &'static str {
        match self {
            Self::V3_4 => "bookworm",
            Self::V3_5 => "trixie",
        }
    }
}

/// What `/var/lib/etcd` is on every host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataDirectory {
    /// A plain directory: it can be renamed and removed.
    Plain,
    /// A mount point, as a dedicated disk is: it can be emptied, not renamed.
    Mounted,
    /// A mount point that holds no more than this, in Docker's spelling (`256m`).
    Sized(String),
}

/// A lab to boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Its name: lower-case letters, digits and dashes; unique on this machine.
    pub name: String,
    /// Where its key, inventory and state go; `./.lab/NAME` when not given.
    pub directory: Option<PathBuf>,
    /// How many etcd members.
    pub etcd: usize,
    /// How many fresh hosts beside them.
    pub spare: usize,
    /// Which etcd.
    pub etcd_version: EtcdVersion,
    /// What the data directory is.
    pub data: DataDirectory,
    /// Whether sudo asks for a password (it is then in the file `become-password`).
    pub sudo_password: bool,
    /// The network as `a.b.c.0/24`; a free one is looked for when not given.
    pub subnet: Option<String>,
}

impl Spec {
    /// Three members of etcd 3.5 on plain directories, nothing else.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            directory: None,
            etcd: 3,
            spare: 0,
            etcd_version: EtcdVersion::V3_5,
            data: DataDirectory::Plain,
            sudo_password: false,
            subnet: None,
        }
    }

    /// The most hosts that fit the lab's address plan.
    const MOST_HOSTS: usize = 200;

    /// Refuses what cannot be booted, before anything is made.
    pub(super) fn check(&self) -> Result<(), LabError> {
        check_name(&self.name)?;
        if self.etcd == 0 {
            return Err(LabError::invalid("a lab needs at least one etcd member; give `--etcd 1`"));
        }
        if self.etcd + self.spare > Self::MOST_HOSTS {
            let most = Self::MOST_HOSTS;
            return Err(LabError::invalid(format!("a lab has room for {most} hosts at most")));
        }
        if let DataDirectory::Sized(size) = &self.data {
            check_size(size)?;
        }
        Ok(())
    }
}

/// Names become part of container names, labels and paths.
pub(super) fn check_name(name: &str) -> Result<(), LabError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 40 || name.starts_with('-') || !name.chars().all(plain) {
        let rule = "use up to 40 lower-case letters, digits and dashes";
        return Err(LabError::invalid(format!("`{name}` cannot name a lab; {rule}")));
    }
    Ok(())
}

/// etcd allocates two write-ahead log files of 64 MB before it writes a byte; on a smaller disk it
/// sometimes starts and sometimes does not.
const SMALLEST_DISK: u64 = 192 << 20;

/// Sizes are handed to the kernel's tmpfs: digits and `k`, `m` or `g`.
fn check_size(size: &str) -> Result<(), LabError> {
    let wrong = || LabError::invalid(format!("`{size}` is not a size; write it as `256m` or `1g`"));
    let number = size.strip_suffix(['k', 'm', 'g']).ok_or_else(wrong)?;
    let unit: u64 = match &size[number.len()..] {
        "k" => 1 << 10,
        "m" => 1 << 20,
        _ => 1 << 30,
    };
    // `parse` takes a sign, the kernel does not.
    let number = number.bytes().all(|b| b.is_ascii_digit()).then(|| number.parse::<u64>().ok());
    let bytes = number.flatten().and_then(|number| number.checked_mul(unit)).ok_or_else(wrong)?;
    if bytes < SMALLEST_DISK {
        let reason = format!("etcd needs a disk of at least 192m, and `{size}` is less");
        return Err(LabError::invalid(reason));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_docker_or_a_path_would_trip_over_is_refused() {
        for name in ["", "-x", "Lab", "a b", "../x", "a_b"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert!(check_name("dev-2").is_ok());
    }

    #[test]
    fn a_size_needs_a_number_and_a_unit() {
        for size in ["", "m", "256", "256M", "1,size=9g", "-1m", "+256m", "99999999999g"] {
            assert!(check_size(size).is_err(), "{size}");
        }
        assert!(check_size("256m").is_ok() && check_size("1g").is_ok());
    }

    #[test]
    fn a_disk_on_which_etcd_starts_only_sometimes_is_refused() {
        let error = check_size("64m").unwrap_err().to_string();
        assert!(error.contains("at least 192m"), "{error}");
        assert!(check_size("196608k").is_ok());
    }

    #[test]
    fn a_lab_without_members_is_refused() {
        assert!(Spec { etcd: 0, ..Spec::new("x") }.check().is_err());
        assert!(Spec::new("x").check().is_ok());
    }
}
