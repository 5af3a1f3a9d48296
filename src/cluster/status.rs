//! What was seen: one typed picture of the cluster, as each host and each etcd member shows it.
//!
//! Unreachable is a value here, not an error. Nothing is derived: that is `decide`'s work.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Everything that was seen in one observation, by inventory name, in the inventory's order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterStatus {
    /// When the observation began, RFC 3339, UTC.
    pub observed_at: String,
    /// Each host that was looked at: always every host of the relevant groups, whatever `--limit`.
    pub hosts: IndexMap<String, HostStatus>,
}

/// One host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostStatus {
    /// Whether we got in.
    pub reach: Reach,
    /// The host's clock minus ours, in milliseconds.
    pub clock_offset_ms: Option<i64>,
    /// What was found of etcd; `None` when we did not get in.
    pub etcd: Option<EtcdHost>,
}

/// Whether a host let us look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Reach {
    /// Logged in, and root.
    Reached,
    /// No sign of life over SSH: it may be off, or only cut off from here.
    Unreachable {
        /// What the network said.
        reason: String,
    },
    /// It answers but does not let us look: host key, login, or becoming root.
    Denied {
        /// What was refused.
        reason: String,
    },
}

/// etcd on one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EtcdHost {
    /// The service.
    pub unit: Unit,
    /// Whether the service starts at boot.
    pub enabled: bool,
    /// How long the service's process has run, in seconds; `None` when there is none.
    #[serde(default)]
    pub running_for: Option<u64>,
    /// What `/etc/etcd.env` says.
    pub config: Option<EtcdConfig>,
    /// The data directory.
    pub data: DataDir,
    /// The programs.
    pub tools: Tools,
    /// Whether the etcd CA's private key is on this host.
    pub has_ca_key: bool,
    /// What the host's own member says of itself; `Err` is why it does not answer.
    pub own_view: Result<MemberView, String>,
    /// What other members' client URLs answer when asked from this host.
    pub peer_views: IndexMap<String, Result<MemberView, String>>,
    /// Telling lines of the etcd log, classified (DOMAIN 3.8).
    pub log_signs: Vec<LogSign>,
    /// Leftovers of earlier runs beside or inside the data directory, newest last.
    pub leftovers: Vec<Leftover>,
    /// The run that made a member of this host, by the mark that it left: a member that is healthy
    /// again although it is still declared broken. A reinstalled host has lost the mark.
    #[serde(default)]
    pub recovered_by: Option<String>,
}

impl EtcdHost {
    /// The newest run that was cut off between setting the old data aside and putting the restored
    /// data in its place: both lie there under its id, and nothing is in place.
    pub fn cut_off_run(&self) -> Option<&str> {
        if matches!(self.data.content, DataContent::Present { .. }) {
            return None;
        }
        let of = |kind| self.leftovers.iter().filter(move |left| left.kind == kind);
        of(LeftoverKind::Restored)
            .map(|left| left.run.as_str())
            .filter(|run| of(LeftoverKind::Aside).any(|left| left.run == *run))
            .max()
    }
}

/// The state of the etcd service, systemd's `ActiveState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Running.
    Active,
    /// Starting: with no quorum etcd's unit stays here although the process is fine.
    Activating,
    /// Stopped.
    Inactive,
    /// Ended with an error.
    Failed,
    /// There is no such unit.
    Absent,
}

/// The settings of `/etc/etcd.env` that recovery needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EtcdConfig {
    /// `ETCD_NAME`.
    pub name: String,
    /// `ETCD_INITIAL_ADVERTISE_PEER_URLS`.
    pub peer_urls: Vec<String>,
    /// `ETCD_ADVERTISE_CLIENT_URLS`.
    pub client_urls: Vec<String>,
    /// `ETCD_INITIAL_CLUSTER` as (name, peer URL), in the file's order.
    pub initial_cluster: Vec<(String, String)>,
    /// `ETCD_INITIAL_CLUSTER_STATE`.
    pub initial_cluster_state: String,
    /// `ETCD_INITIAL_CLUSTER_TOKEN`.
    pub token: String,
    /// `ETCD_DATA_DIR`; empty when not set.
    #[serde(default)]
    pub data_dir: String,
    /// `ETCD_WAL_DIR`; empty when not set, and the log is in the data directory then.
    #[serde(default)]
    pub wal_dir: String,
}

/// The data directory on one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataDir {
    /// Its path.
    pub path: String,
    /// What is in it.
    pub content: DataContent,
    /// Whether it is a mount point (a dedicated disk): it cannot be renamed or removed then.
    pub mount_point: bool,
    /// Whether its file system is mounted read-only.
    pub read_only: bool,
    /// Free bytes on its file system.
    pub free_bytes: u64,
}

/// What a data directory holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum DataContent {
    /// There is no such directory.
    Missing,
    /// It holds no member data.
    Empty,
    /// `member/snap/db` and `member/wal` are there.
    Present {
        /// Size of `member/snap/db`.
        db_bytes: u64,
        /// The key-value store's revision in it. `None` while etcd runs on it, and where it could
        /// not be read in time.
        #[serde(default)]
        revision: Option<i64>,
    },
    /// Member data is there only in part, or cannot be read.
    Damaged {
        /// What is missing or wrong.
        reason: String,
    },
}

/// Versions of the etcd programs on a host, `3.5.16`; `None` when absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tools {
    /// The server.
    pub etcd: Option<String>,
    /// The client.
    pub etcdctl: Option<String>,
    /// The offline tool, from 3.5 on.
    pub etcdutl: Option<String>,
}

/// What one member says of itself and of its cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    /// The cluster it belongs to.
    pub cluster_id: u64,
    /// Its own id.
    pub member_id: u64,
    /// The member list as it knows it, served locally; `None` when it would not say.
    pub members: Option<Vec<Member>>,
    /// The leader it follows; `None` without quorum.
    pub leader: Option<u64>,
    /// The raft term.
    pub raft_term: u64,
    /// The last log index.
    pub raft_index: u64,
    /// The last applied log index.
    pub raft_applied_index: u64,
    /// The key-value store's revision.
    pub revision: i64,
    /// The backend's size in bytes.
    pub db_size: i64,
    /// The server's version.
    pub version: String,
    /// Whether it is a learner.
    pub learner: bool,
    /// Whether a linearizable read through it succeeded: the proof of quorum.
    pub linearizable_read: bool,
    /// Alarms that are raised, by member id.
    pub alarms: Vec<(u64, Alarm)>,
    /// What it complains of itself.
    pub errors: Vec<String>,
}

/// One entry of the member list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The id. On command lines it is hexadecimal without a prefix.
    pub id: u64,
    /// Empty for a member that never started.
    pub name: String,
    /// Where peers reach it: the member's identity together with the id (I-17).
    pub peer_urls: Vec<String>,
    /// Where clients reach it; empty for a member that never started.
    pub client_urls: Vec<String>,
    /// Whether it is a learner; learners do not vote.
    pub learner: bool,
}

impl Member {
    /// Whether the member ever started.
    pub fn started(&self) -> bool {
        !self.name.is_empty()
    }

    /// The id as etcdctl takes it.
    pub fn hex_id(&self) -> String {
        format!("{:x}", self.id)
    }
}

/// An etcd alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Alarm {
    /// The space quota is used up.
    NoSpace,
    /// The backend differs from the others'.
    Corrupt,
}

/// A telling line of the etcd log (DOMAIN 3.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogSign {
    /// An old member talks to a restored cluster.
    ClusterIdMismatch,
    /// The member was removed and must not come back with its data.
    PermanentlyRemoved,
    /// The data directory was emptied under a living member id.
    RaftLogLost,
    /// A joiner's initial cluster does not equal the membership.
    MembershipMismatch,
    /// A certificate expired, or a clock is wrong.
    CertificateExpired,
    /// A certificate is refused by the other side, or names other addresses.
    CertificateRefused,
    /// The backend is corrupt.
    Corrupt,
    /// The disk is full, or the space quota is used up.
    NoSpace,
    /// The disk or the backend file is broken.
    DiskBroken,
}

/// What an earlier run left on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leftover {
    /// The directory.
    pub path: String,
    /// Whether it is old data moved aside, or a restored directory that was not put in place yet.
    pub kind: LeftoverKind,
    /// The run that left it.
    pub run: String,
}

/// The kinds of [`Leftover`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftoverKind {
    /// `<dir>.rrecover-<run>`: the old data, kept.
    Aside,
    /// `<dir>.new-<run>`: restored, complete, not in place yet.
    Restored,
}
