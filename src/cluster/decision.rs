//! What was concluded and what is to be done. Serialized, [`EtcdDecision`] is what playbooks read
//! as `cluster.etcd`.

use serde::{Deserialize, Serialize};

/// What the operator wants, read from the inventory and the extra variables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Every host of `etcd` and `broken_etcd`, in the inventory's order, `etcd` first.
    pub hosts: Vec<WantedHost>,
    /// `-e etcd_snapshot=FILE`, already looked at here.
    pub snapshot: Option<SnapshotFile>,
    /// `rr_fence_confirmed`: hosts that the operator certifies as powered off.
    pub fenced: Vec<String>,
    /// `trust_declared`: a host in `broken_etcd` is broken even when its member is healthy.
    pub trust_declared: bool,
    /// The hosts that `--limit` leaves, which may be changed; `None` is all. It never narrows what
    /// is observed or counted.
    pub limit: Option<Vec<String>>,
    /// The run's id: names what is kept aside and the new cluster's token.
    pub run_id: String,
    /// `rr_bump_revision`.
    pub bump_revision: u64,
    /// Hosts whose etcd this run, or the one that it continues, has started or joined already.
    /// They are not started again, so that a member that does not stay up ends in a refusal, not
    /// in a loop; and one that is healthy now stays, although it is still declared broken.
    #[serde(default)]
    pub started: Vec<String>,
}

/// One host as the inventory wants it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedHost {
    /// The inventory's name.
    pub host: String,
    /// Whether it stands in `etcd`.
    pub in_etcd: bool,
    /// Whether it stands in `broken_etcd`.
    pub declared_broken: bool,
    /// `etcd_member_name`, or `etcd<N>` by its place in the group. A name that the host's own
    /// configuration or the member list already has wins (DOMAIN 2.2).
    pub member_name: String,
    /// `https://<etcd_access_address>:2380`; empty when no address is known.
    pub peer_url: String,
    /// `https://<etcd_access_address>:2379`; empty when no address is known.
    pub client_url: String,
}

/// A snapshot file on this machine, as far as it can be checked here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotFile {
    /// Its path.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of the whole file, hexadecimal.
    pub sha256: String,
    /// Whether the trailing digest is there. (A wrong one is refused before deciding.)
    pub has_digest: bool,
    /// The key-value store's revision in it.
    pub revision: i64,
    /// How many keys it holds.
    pub total_keys: u64,
    /// The `clusterVersion` that it carries, `3.5.0`.
    pub cluster_version: Option<String>,
}

/// What the cluster is in, DOMAIN P01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All voters healthy, and nothing that the inventory wants is missing.
    Ok,
    /// Quorum, but members are not healthy or missing.
    DegradedQuorumKept,
    /// No quorum, but starting or fixing members with intact data brings it back. No disaster.
    QuorumLostRecoverable,
    /// No quorum and no way back to it; at least one member's data is intact.
    QuorumLostSurvivor,
    /// No quorum and no data on any host.
    QuorumLostNoData,
    /// Members see each other only in part.
    SplitPartition,
    /// Two clusters, both with quorum.
    SplitBrain,
    /// Too little could be seen to say (I-02).
    Unknown,
}

/// What one member or host is in, DOMAIN P01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberVerdict {
    /// Answers, has a leader, no alarms.
    Healthy,
    /// A learner.
    Learner,
    /// Answers and its data is fine, but it has no leader.
    NoQuorumSurvivor,
    /// The host is fine, etcd is stopped or failed, the data is there.
    EtcdDown,
    /// Its data is gone, damaged or cannot be read.
    StorageLost,
    /// CORRUPT alarm or corrupt backend.
    Corrupt,
    /// NOSPACE alarm or full disk.
    NoSpace,
    /// An expired certificate keeps it out.
    CertExpired,
    /// A certificate that the others refuse keeps it out.
    CertMismatch,
    /// Its clock is off by more than two seconds.
    ClockSkew,
    /// In the member list, but never started.
    Unstarted,
    /// Runs with data of a cluster that removed it, or of another cluster.
    ForeignCluster,
    /// No sign of life over SSH, and no other member hears it.
    HostDown,
    /// No SSH, but other members hear it: counted as healthy.
    ServingWithoutSsh,
    /// It answers over SSH but does not let us look.
    Denied,
    /// Wanted by the inventory, but no member yet.
    NotAMember,
    /// Too little was seen.
    Unknown,
}

/// Voters and what they need (I-01).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quorum {
    /// Voting members of the member list, never of the inventory.
    pub voters: usize,
    /// ⌊voters/2⌋+1.
    pub needed: usize,
    /// Healthy voters.
    pub healthy: usize,
    /// Whether quorum was proved: enough healthy voters that agree on a leader, and a linearizable
    /// read.
    pub present: bool,
}

/// One member or wanted host, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The inventory's name, when the member could be matched to a host.
    pub host: Option<String>,
    /// The member id in hexadecimal, when it is a member.
    pub id: Option<String>,
    /// The member's name.
    pub name: String,
    /// Its peer URLs.
    pub peer_urls: Vec<String>,
    /// The judgement.
    pub verdict: MemberVerdict,
    /// Whether it stands in `broken_etcd`.
    pub declared_broken: bool,
    /// The evidence, one sentence each.
    pub reasons: Vec<String>,
}

/// The state of etcd, judged: what `diagnose` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The judgement on the cluster.
    pub verdict: Verdict,
    /// It in one sentence for people.
    pub sentence: String,
    /// The count.
    pub quorum: Quorum,
    /// Each member, then each wanted host that is no member.
    pub findings: Vec<Finding>,
    /// The authoritative cluster's id in hexadecimal.
    pub cluster_id: Option<String>,
    /// The host whose member leads.
    pub leader: Option<String>,
    /// The highest revision that was seen.
    pub revision: Option<i64>,
    /// The server version of the authoritative members.
    pub version: Option<String>,
    /// What to type next.
    pub next: String,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What it rests on.
    pub diagnosis: Diagnosis,
    /// The way.
    pub action: Action,
    /// The details, which playbooks read as `cluster.etcd`.
    pub etcd: EtcdDecision,
    /// What the operator should know and need not confirm.
    pub warnings: Vec<String>,
    /// What the operator has to say yes to, one sentence each (I-24).
    pub confirm: Vec<String>,
}

/// The ways of a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// All is as the inventory wants it.
    Nothing,
    /// Start stopped members, then look and decide again.
    Start,
    /// Quorum is there: remove dead members, grow back.
    Repair,
    /// Quorum is lost for good: restore one member, grow back.
    Restore,
}

/// The details of a decision. Every list is in the order in which it is to be worked through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EtcdDecision {
    /// The way, as in [`Decision::action`].
    pub action: Option<Action>,
    /// The count.
    pub quorum: Quorum,
    /// The host that speaks to the cluster: a healthy voter, or the survivor of a restore. Never
    /// chosen by its place in the group (I-15).
    pub coordinator: Option<String>,
    /// The host whose data is saved before a restore: the most advanced one (I-15), which is restored
    /// from unless the operator gave a snapshot.
    pub survivor: Option<String>,
    /// Hosts whose stopped etcd is started.
    pub start: Vec<String>,
    /// Hosts on which etcd is stopped and disabled, and its data moved aside: dead members whose
    /// host answers, and stragglers of another cluster. In a restore: every reachable etcd host
    /// but the seed.
    pub retire: Vec<String>,
    /// Members to be removed from the member list, one at a time.
    pub dead: Vec<DeadMember>,
    /// The restore, when the action is one.
    pub restore: Option<Restore>,
    /// Hosts to be added, one at a time.
    pub joining: Vec<JoiningMember>,
    /// The membership that the run promises to end with.
    pub promised: Vec<JoiningMember>,
    /// Reachable etcd hosts whose `/etc/etcd.env` is converged at the end: those of `promised`.
    pub converge: Vec<String>,
    /// The host whose etcd CA signs (I-19).
    pub ca_host: Option<String>,
    /// Hosts that are gone for good: exactly their certificates are removed from the others (I-18).
    pub forget_certificates_of: Vec<String>,
    /// A reachable host with etcd's programs and unit file, which joiners get them from.
    pub programs_from: Option<String>,
}

/// A member to be removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadMember {
    /// The id in hexadecimal, as etcdctl takes it.
    pub id: String,
    /// Its name; empty when it never started.
    pub name: String,
    /// Its peer URLs.
    pub peer_urls: Vec<String>,
    /// Its host in the inventory, when it has one.
    pub host: Option<String>,
}

/// A member to be added, or promised.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoiningMember {
    /// The inventory's name of the host.
    pub host: String,
    /// The member's name.
    pub name: String,
    /// Its peer URL.
    pub peer_url: String,
    /// Its client URL.
    pub client_url: String,
    /// Whether it joins as a learner (I-09). Not set in `promised`.
    pub learner: bool,
}

/// How one member is restored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    /// The host it happens on.
    pub host: String,
    /// The restored member's name.
    pub name: String,
    /// Its peer URL.
    pub peer_url: String,
    /// Its client URL.
    pub client_url: String,
    /// The data directory on that host.
    pub data_dir: String,
    /// Where the survivor's data lies: `data_dir`, or where an earlier run that was cut off left
    /// it. Empty when only a snapshot is restored.
    #[serde(default)]
    pub source_dir: String,
    /// The fresh cluster token (I-12).
    pub token: String,
    /// The operator's snapshot; `None` restores the survivor's own data.
    pub snapshot: Option<SnapshotFile>,
    /// `etcdutl` where it exists, `etcdctl` where it still restores.
    pub tool: String,
    /// The revision bump; 0 when the tool has none (I-13).
    pub bump_revision: u64,
    /// The highest revision seen before: the restored cluster must not fall behind it.
    pub revision_before: i64,
    /// The old cluster's id in hexadecimal, when known: the new one must differ.
    pub cluster_id_before: Option<String>,
    /// Bytes that must be free on the host before anything is stopped (I-10).
    pub needs_free_bytes: u64,
    /// What may be lost, said plainly.
    pub expected_loss: String,
}

/// Whether what a run promised holds, seen in a new observation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Whether everything that was promised is so. Success is printed only from this.
    pub holds: bool,
    /// What does not hold, one sentence each; empty when all does.
    pub findings: Vec<String>,
    /// What the new observation shows.
    pub diagnosis: Diagnosis,
}

/// Why nothing is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What it rests on.
    pub diagnosis: Diagnosis,
    /// The rule, `I-02`.
    pub rule: String,
    /// The reason in one sentence.
    pub reason: String,
    /// What was seen that leads to it.
    pub evidence: Vec<String>,
    /// What the operator can do or type.
    pub way_out: Vec<String>,
}
