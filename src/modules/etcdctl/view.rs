//! One look at the whole membership through its own client URLs.

use crate::cluster::etcd_json::{self, JsonError, MemberList};
use crate::cluster::status::{Member, MemberView};

/// How far a healthy voter may be behind the leader, in log entries (DOMAIN 4).
const MAX_LAG: u64 = 1000;

/// Every member with what it said of itself.
#[derive(Debug, Clone)]
pub(in crate::modules) struct View {
    /// The cluster's id.
    pub(in crate::modules) cluster_id: u64,
    /// Every member of the list, learners included.
    pub(in crate::modules) members: Vec<Member>,
    /// The voters.
    pub(in crate::modules) voters: Vec<Voter>,
    /// Status by client URL, of whoever answered.
    answers: Vec<(String, MemberView)>,
}

/// A voter, and whether it is healthy.
#[derive(Debug, Clone)]
pub(in crate::modules) struct Voter {
    /// Its entry in the list.
    pub(in crate::modules) member: Member,
    /// Why it is not healthy; `None` when it is.
    pub(in crate::modules) fault: Option<String>,
}

impl View {
    /// Puts the member list and the answers of the look script together.
    pub(in crate::modules) fn read(list: MemberList, answers: &str) -> Result<Self, JsonError> {
        let mut healthy = Vec::new();
        let mut status = Vec::new();
        for line in answers.lines() {
            let (health, state) = line.split_once('\t').unwrap_or((line, ""));
            // A URL that answers nothing printed nothing: its member just does not count.
            if health.starts_with('[') {
                healthy.extend(etcd_json::endpoint_health(health)?);
            }
            if state.starts_with('[') {
                status.extend(etcd_json::endpoint_status(state)?);
            }
        }
        let leader = status.iter().find_map(|(_, view)| view.leader);
        let applied = status.iter().map(|(_, view)| view.raft_applied_index).max().unwrap_or(0);
        let fault = |member: &Member| -> Option<String> {
            let Some(url) = member.client_urls.first().filter(|_| member.started()) else {
                return Some("has not started".to_owned());
            };
            let Some((_, view)) = status.iter().find(|(endpoint, _)| endpoint == url) else {
                return Some(format!("does not answer at {url}"));
            };
            let health = healthy.iter().find(|health| &health.endpoint == url);
            if !health.is_some_and(|health| health.healthy) {
                let error = health.and_then(|health| health.error.clone());
                return Some(error.unwrap_or_else(|| "a linearizable read failed".to_owned()));
            }
            if view.cluster_id != list.cluster_id || view.member_id != member.id {
                return Some(format!("at {url} another member or cluster answers"));
            }
            if view.leader.is_none() || view.leader != leader {
                return Some("does not follow the leader of the others".to_owned());
            }
            (view.raft_applied_index + MAX_LAG < applied).then(|| "lags behind".to_owned())
        };
        let voters = list.members.iter().filter(|member| !member.learner);
        let voters =
            voters.map(|member| Voter { member: member.clone(), fault: fault(member) }).collect();
        Ok(Self { cluster_id: list.cluster_id, voters, members: list.members, answers: status })
    }

    /// The voters that are not healthy, each with its reason.
    pub(in crate::modules) fn faults(&self) -> Vec<String> {
        self.voters
            .iter()
            .filter_map(|voter| Some(format!("{} {}", label(&voter.member), voter.fault.as_ref()?)))
            .collect()
    }

    /// Healthy voters but the one with this id.
    pub(in crate::modules) fn healthy_without(&self, id: u64) -> Vec<u64> {
        let healthy = self.voters.iter().filter(|voter| voter.fault.is_none());
        healthy.map(|voter| voter.member.id).filter(|healthy| *healthy != id).collect()
    }

    /// `Ok` when every voter is healthy.
    pub(in crate::modules) fn all_healthy(&self) -> Result<(), String> {
        let faults = self.faults();
        if self.voters.is_empty() {
            return Err("there is no voter".to_owned());
        }
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }

    /// `Ok` when there is quorum: enough voters are healthy (I-01).
    pub(in crate::modules) fn quorum(&self) -> Result<(), String> {
        let needed = self.voters.len() / 2 + 1;
        let healthy = self.voters.len() - self.faults().len();
        if healthy >= needed && !self.voters.is_empty() {
            return Ok(());
        }
        Err(format!(
            "{healthy} of {} voters are healthy, {needed} are needed: {}",
            self.voters.len(),
            self.faults().join("; ")
        ))
    }

    /// What the member of that client URL said of itself.
    pub(in crate::modules) fn answer(&self, client_url: &str) -> Option<&MemberView> {
        self.answers.iter().find(|(url, _)| url == client_url).map(|(_, view)| view)
    }

    /// The leader's id.
    pub(in crate::modules) fn leader(&self) -> Option<u64> {
        self.answers.iter().find_map(|(_, view)| view.leader)
    }

    /// What the leader said of itself.
    pub(in crate::modules) fn leader_answer(&self) -> Option<&MemberView> {
        let leader = self.leader()?;
        self.answers.iter().map(|(_, view)| view).find(|view| view.member_id == leader)
    }

    /// The highest revision that a member showed.
    pub(in crate::modules) fn revision(&self) -> i64 {
        self.answers.iter().map(|(_, view)| view.revision).max().unwrap_or(0)
    }

    /// The member with this peer URL (I-17).
    pub(in crate::modules) fn by_peer(&self, peer_url: &str) -> Option<&Member> {
        self.members.iter().find(|member| has_peer(member, peer_url))
    }
}

/// A member's name, or its id when it never had one.
pub(in crate::modules) fn label(member: &Member) -> String {
    if member.started() { member.name.clone() } else { member.hex_id() }
}

/// Whether the member is reached by peers at this URL.
pub(in crate::modules) fn has_peer(member: &Member, peer_url: &str) -> bool {
    member.peer_urls.iter().any(|url| same_peer(url, peer_url))
}

/// Whether two URLs are the same: a slash at the end and the case of names say nothing.
pub(in crate::modules) fn same_peer(one: &str, other: &str) -> bool {
    let plain = |url: &str| url.trim().trim_end_matches('/').to_ascii_lowercase();
    plain(one) == plain(other)
}
