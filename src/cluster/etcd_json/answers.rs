//! The answers, one function a command, each to be fed with standard output only.

use super::number::{signed, unsigned};
use super::{JsonError, answer, answers, parse_go_duration};
use crate::cluster::status::{Alarm, Member, MemberView};
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use std::time::Duration;

/// `member list`, also from the gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberList {
    /// The cluster.
    pub cluster_id: u64,
    /// The member that answered.
    pub member_id: u64,
    /// Every member, in order of their ids, which says nothing.
    pub members: Vec<Member>,
}

/// `member add`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberAdded {
    /// The new member, not started yet.
    pub member: Member,
    /// Every member, the new one included.
    pub members: Vec<Member>,
}

/// One endpoint of `endpoint health`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointHealth {
    /// The client URL that was asked.
    pub endpoint: String,
    /// Whether a linearizable read succeeded; without quorum no member is healthy.
    pub healthy: bool,
    /// How long it took.
    pub took: Option<Duration>,
    /// Why it is not healthy; `rpc not supported for learner` is no fault.
    pub error: Option<String>,
}

/// One endpoint of `endpoint hashkv`. Comparable only at equal revisions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointHash {
    /// The client URL that was asked.
    pub endpoint: String,
    /// The hash.
    pub hash: u64,
    /// The revision it was computed at.
    pub revision: i64,
    /// The compacted revision; -1 when nothing was compacted.
    pub compact_revision: i64,
}

/// `snapshot status`. It proves that the file can be opened, not that it is intact (DOMAIN 3.6).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SnapshotStatus {
    /// The tool's own hash over the keys.
    pub hash: u64,
    /// The revision.
    pub revision: i64,
    /// The number of keys in every bucket together.
    pub total_keys: u64,
    /// The size of the database in bytes.
    pub total_bytes: u64,
    /// The storage version, from 3.6 on.
    pub version: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    #[serde(deserialize_with = "unsigned")]
    cluster_id: u64,
    #[serde(default, deserialize_with = "unsigned")]
    member_id: u64,
    #[serde(default, deserialize_with = "signed")]
    revision: i64,
    #[serde(default, deserialize_with = "unsigned")]
    raft_term: u64,
}

#[derive(Deserialize)]
struct RawMember {
    #[serde(rename = "ID", deserialize_with = "unsigned")]
    id: u64,
    #[serde(default)]
    name: String,
    #[serde(default, rename = "peerURLs", alias = "peerURLS")]
    peer_urls: Vec<String>,
    #[serde(default, rename = "clientURLs", alias = "clientURLS")]
    client_urls: Vec<String>,
    #[serde(default, rename = "isLearner")]
    learner: bool,
}

impl From<RawMember> for Member {
    fn from(raw: RawMember) -> Self {
        Self {
            id: raw.id,
            name: raw.name,
            peer_urls: raw.peer_urls,
            client_urls: raw.client_urls,
            learner: raw.learner,
        }
    }
}

#[derive(Deserialize)]
struct RawMembers {
    header: Header,
    #[serde(default)]
    members: Vec<RawMember>,
}

/// Reads `etcdctl member list -w json` or the gateway's `/v3/cluster/member/list`.
pub fn member_list(stdout: &str) -> Result<MemberList, JsonError> {
    let raw: RawMembers = answer("member list", stdout)?;
    Ok(MemberList {
        cluster_id: raw.header.cluster_id,
        member_id: raw.header.member_id,
        members: raw.members.into_iter().map(Member::from).collect(),
    })
}

#[derive(Deserialize)]
struct RawAdded {
    member: RawMember,
    #[serde(default)]
    members: Vec<RawMember>,
}

/// Reads `etcdctl member add -w json`.
pub fn member_add(stdout: &str) -> Result<MemberAdded, JsonError> {
    let raw: RawAdded = answer("member add", stdout)?;
    Ok(MemberAdded {
        member: raw.member.into(),
        members: raw.members.into_iter().map(Member::from).collect(),
    })
}

#[derive(Deserialize)]
struct RawEndpointStatus {
    #[serde(rename = "Endpoint", alias = "endpoint")]
    endpoint: String,
    #[serde(rename = "Status", alias = "status")]
    status: RawStatus,
}

#[derive(Deserialize)]
struct RawStatus {
    header: Header,
    #[serde(default)]
    version: String,
    #[serde(default, rename = "dbSize", deserialize_with = "signed")]
    db_size: i64,
    #[serde(default, deserialize_with = "unsigned")]
    leader: u64,
    #[serde(default, rename = "raftIndex", deserialize_with = "unsigned")]
    raft_index: u64,
    #[serde(default, rename = "raftTerm", deserialize_with = "unsigned")]
    raft_term: u64,
    #[serde(default, rename = "raftAppliedIndex", deserialize_with = "unsigned")]
    raft_applied_index: u64,
    #[serde(default)]
    errors: Vec<String>,
    #[serde(default, rename = "isLearner")]
    learner: bool,
}

impl From<RawStatus> for MemberView {
    fn from(raw: RawStatus) -> Self {
        Self {
            cluster_id: raw.header.cluster_id,
            member_id: raw.header.member_id,
            members: None,
            leader: (raw.leader != 0).then_some(raw.leader),
            raft_term: if raw.raft_term == 0 { raw.header.raft_term } else { raw.raft_term },
            raft_index: raw.raft_index,
            raft_applied_index: raw.raft_applied_index,
            revision: raw.header.revision,
            db_size: raw.db_size,
            version: raw.version,
            learner: raw.learner,
            linearizable_read: false,
            alarms: raw.errors.iter().filter_map(|error| alarm_in_error(error)).collect(),
            errors: raw.errors,
        }
    }
}

/// `memberID:2732228936434120864 alarm:NOSPACE `, as status complains of alarms.
pub(in crate::cluster) fn alarm_in_error(error: &str) -> Option<(u64, Alarm)> {
    let (id, alarm) = error.trim().strip_prefix("memberID:")?.split_once(" alarm:")?;
    Some((id.parse().ok()?, alarm_named(alarm.trim())?))
}

fn alarm_named(name: &str) -> Option<Alarm> {
    match name {
        "NOSPACE" => Some(Alarm::NoSpace),
        "CORRUPT" => Some(Alarm::Corrupt),
        _ => None,
    }
}

/// Reads `etcdctl endpoint status -w json`: who answered, by client URL. Endpoints that did not
/// answer are missing, so it may be empty. Neither members nor the linearizable read are known
/// from it.
pub fn endpoint_status(stdout: &str) -> Result<Vec<(String, MemberView)>, JsonError> {
    let raw: Vec<RawEndpointStatus> = answers("endpoint status", stdout)?;
    Ok(raw.into_iter().map(|one| (one.endpoint, one.status.into())).collect())
}

/// Reads the gateway's `/v3/maintenance/status`.
pub fn gateway_status(body: &str) -> Result<MemberView, JsonError> {
    answer::<RawStatus>("/v3/maintenance/status", body).map(MemberView::from)
}

#[derive(Deserialize)]
struct RawHealth {
    #[serde(rename = "endpoint", alias = "Endpoint")]
    endpoint: String,
    health: bool,
    #[serde(default, deserialize_with = "go_duration")]
    took: Option<Duration>,
    #[serde(default)]
    error: Option<String>,
}

fn go_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || D::Error::custom(format!("`{text}` is no duration"));
    parse_go_duration(&text).map(Some).ok_or_else(wrong)
}

/// Reads `etcdctl endpoint health -w json`. Its exit code is 1 as soon as one is unhealthy.
pub fn endpoint_health(stdout: &str) -> Result<Vec<EndpointHealth>, JsonError> {
    let raw: Vec<RawHealth> = answers("endpoint health", stdout)?;
    let health = |raw: RawHealth| EndpointHealth {
        endpoint: raw.endpoint,
        healthy: raw.health,
        took: raw.took,
        error: raw.error.filter(|text| !text.is_empty()),
    };
    Ok(raw.into_iter().map(health).collect())
}

/// etcdctl 3.4 prints `{}` when there is no alarm, so nothing can be asked for here; what else
/// stands in it gives the answer to another command away.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAlarms {
    #[serde(default, rename = "header")]
    _header: Option<Header>,
    #[serde(default)]
    alarms: Vec<RawAlarm>,
}

#[derive(Deserialize)]
struct RawAlarm {
    #[serde(default, rename = "memberID", deserialize_with = "unsigned")]
    member: u64,
    #[serde(default, deserialize_with = "alarm")]
    alarm: Option<Alarm>,
}

fn alarm<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Alarm>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Spelling {
        Number(u64),
        Name(String),
    }
    let spelling = Spelling::deserialize(deserializer)?;
    match &spelling {
        Spelling::Number(0) => Ok(None),
        Spelling::Number(1) => Ok(Some(Alarm::NoSpace)),
        Spelling::Number(2) => Ok(Some(Alarm::Corrupt)),
        Spelling::Number(number) => Err(D::Error::custom(format!("there is no alarm {number}"))),
        Spelling::Name(name) if name == "NONE" => Ok(None),
        Spelling::Name(name) => alarm_named(name)
            .map(Some)
            .ok_or_else(|| D::Error::custom(format!("there is no alarm `{name}`"))),
    }
}

/// Reads `etcdctl alarm list -w json` or the gateway's `/v3/maintenance/alarm`: alarms by member.
pub fn alarm_list(stdout: &str) -> Result<Vec<(u64, Alarm)>, JsonError> {
    let raw: RawAlarms = answer("alarm list", stdout)?;
    Ok(raw.alarms.into_iter().filter_map(|one| Some((one.member, one.alarm?))).collect())
}

#[derive(Deserialize)]
struct RawEndpointHash {
    #[serde(rename = "Endpoint", alias = "endpoint")]
    endpoint: String,
    #[serde(rename = "HashKV", alias = "Hash")]
    hash_kv: RawHash,
}

#[derive(Deserialize)]
struct RawHash {
    header: Header,
    #[serde(deserialize_with = "unsigned")]
    hash: u64,
    #[serde(default, deserialize_with = "signed")]
    compact_revision: i64,
}

/// Reads `etcdctl endpoint hashkv -w json`.
pub fn endpoint_hash_kv(stdout: &str) -> Result<Vec<EndpointHash>, JsonError> {
    let raw: Vec<RawEndpointHash> = answers("endpoint hashkv", stdout)?;
    let hash = |raw: RawEndpointHash| EndpointHash {
        endpoint: raw.endpoint,
        hash: raw.hash_kv.hash,
        revision: raw.hash_kv.header.revision,
        compact_revision: raw.hash_kv.compact_revision,
    };
    Ok(raw.into_iter().map(hash).collect())
}

#[derive(Deserialize)]
struct RawSnapshot {
    #[serde(deserialize_with = "unsigned")]
    hash: u64,
    #[serde(deserialize_with = "signed")]
    revision: i64,
    #[serde(rename = "totalKey", deserialize_with = "unsigned")]
    total_keys: u64,
    #[serde(rename = "totalSize", deserialize_with = "unsigned")]
    total_bytes: u64,
    #[serde(default)]
    version: Option<String>,
}

/// Reads `etcdutl snapshot status -w json`, or etcdctl's where it still has it.
pub fn snapshot_status(stdout: &str) -> Result<SnapshotStatus, JsonError> {
    let raw: RawSnapshot = answer("snapshot status", stdout)?;
    Ok(SnapshotStatus {
        hash: raw.hash,
        revision: raw.revision,
        total_keys: raw.total_keys,
        total_bytes: raw.total_bytes,
        version: raw.version.filter(|text| !text.is_empty()),
    })
}
