//! What an etcd version can do (DOMAIN 3.2 and I-09).

use std::fmt;

/// A version of an etcd program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 3.
    pub major: u32,
    /// 4, 5, 6, …
    pub minor: u32,
    /// The last number; 0 when there is none.
    pub patch: u32,
}

impl Version {
    /// Reads `3.5.16`, also with a suffix such as `-rc.1`; `None` when it is no version.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.trim().trim_start_matches('v').splitn(3, '.');
        let major = numbers.next()?.parse().ok()?;
        let minor = numbers.next()?.parse().ok()?;
        let patch = match numbers.next() {
            None => 0,
            Some(text) => {
                let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
                text[..end].parse().ok()?
            }
        };
        Some(Self { major, minor, patch })
    }

    /// Whether data of one may be restored with the other: never across minor versions.
    pub fn same_minor(self, other: Self) -> bool {
        (self.major, self.minor) == (other.major, other.minor)
    }

    /// Whether members can safely join as learners: from 3.4 on, but 3.5.1 to 3.5.25 forget a
    /// promotion in their store, which breaks the upgrade to 3.6 (I-09).
    pub fn promotes_learners(self) -> bool {
        let forgets = (self.major, self.minor) == (3, 5) && (1..=25).contains(&self.patch);
        (self.major, self.minor) >= (3, 4) && !forgets
    }

    /// Whether its restore can bump the revision (I-13).
    pub fn bumps_revision(self) -> bool {
        match (self.major, self.minor) {
            (3, 4) => self.patch >= 27,
            (3, 5) => self.patch >= 10,
            newer => newer >= (3, 6),
        }
    }

    /// Whether its `etcdctl` still restores snapshots.
    pub fn etcdctl_restores(self) -> bool {
        (self.major, self.minor) < (3, 6)
    }

    /// `3.5`.
    pub fn short(self) -> String {
        format!("{}.{}", self.major, self.minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}
