//! Quorum, counted over the member list and never over the inventory (I-01, I-05).

use std::collections::{BTreeMap, BTreeSet};

use super::decision::Quorum;
use super::status::{Alarm, ClusterStatus, EtcdHost, Member, MemberView};

/// How many applied log entries a healthy voter may be behind the most advanced one (I-01).
pub const MAX_LAG: u64 = 1000;

/// Three of Kubespray's election timeouts, in seconds: by then there is a leader or there will be
/// none.
pub const ELECTION_SECONDS: u64 = 15;

/// How many of `voters` a quorum needs: ⌊voters/2⌋+1.
pub fn needed(voters: usize) -> usize {
    voters / 2 + 1
}

/// Whether a member may be removed from `voters`, when `healthy` of the others are healthy (I-05).
/// The last voter never may (I-07).
pub fn keeps_quorum(voters: usize, healthy: usize) -> bool {
    voters > 1 && healthy >= needed(voters - 1)
}

/// The voters of one cluster, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count {
    /// The numbers.
    pub quorum: Quorum,
    /// The ids of the healthy voters.
    pub healthy: Vec<u64>,
    /// The leader that all healthy voters agree on.
    pub leader: Option<u64>,
    /// Whether enough voters follow one leader. Without a linearizable read that is no proof of
    /// quorum, but reason enough not to take it for lost.
    pub led: bool,
}

/// Counts the voters of `members`, seen through `views` by member id. `read` says whether a
/// linearizable read through any of them succeeded.
pub fn count(members: &[Member], views: &BTreeMap<u64, &MemberView>, read: bool) -> Count {
    let voters: Vec<&Member> = members.iter().filter(|member| !member.learner).collect();
    let newest = views.values().map(|view| applied(view)).max().unwrap_or(0);
    let healthy: Vec<&MemberView> = voters
        .iter()
        .filter_map(|member| views.get(&member.id).copied())
        .filter(|view| view.leader.is_some() && applied(view) + MAX_LAG >= newest)
        .filter(|view| !has_alarm(views, view.member_id, Alarm::Corrupt))
        .collect();
    let needed = needed(voters.len());
    let agreed = agreed_leader(&healthy);
    let enough = healthy.len() >= needed;
    Count {
        quorum: Quorum {
            voters: voters.len(),
            needed,
            healthy: healthy.len(),
            present: enough && agreed.is_some() && read,
        },
        leader: agreed.filter(|_| enough),
        led: enough,
        healthy: healthy.iter().map(|view| view.member_id).collect(),
    }
}

/// Whether the picture may be another one in a moment: a member was just started, and answers when it
/// has a leader; or nobody proves quorum, and yet a member follows a leader, or enough of them answer
/// to elect one. After a leader died this lasts up to three election timeouts; judging before would
/// take a living cluster for a lost one, or a lost one for living.
pub fn unsettled(status: &ClusterStatus) -> bool {
    let etcd = || status.hosts.values().filter_map(|host| host.etcd.as_ref());
    let starts = |etcd: &EtcdHost| {
        etcd.own_view.is_err() && etcd.running_for.is_some_and(|age| age < ELECTION_SECONDS)
    };
    if etcd().any(starts) {
        return true;
    }
    let views: Vec<&MemberView> = etcd()
        .flat_map(|etcd| std::iter::once(&etcd.own_view).chain(etcd.peer_views.values()))
        .filter_map(|view| view.as_ref().ok())
        .collect();
    if views.iter().any(|view| view.linearizable_read) {
        return false;
    }
    let answering: BTreeSet<u64> = views.iter().map(|view| view.member_id).collect();
    let can_elect = |members: &Vec<Member>| {
        let voters: Vec<&Member> = members.iter().filter(|member| !member.learner).collect();
        let there = voters.iter().filter(|member| answering.contains(&member.id)).count();
        there >= needed(voters.len())
    };
    views.iter().any(|view| view.leader.is_some() || view.members.as_ref().is_some_and(can_elect))
}

/// Whether any member reports the alarm for the member `id`.
pub fn has_alarm(views: &BTreeMap<u64, &MemberView>, id: u64, alarm: Alarm) -> bool {
    views.values().any(|view| view.alarms.contains(&(id, alarm)))
}

/// The log entries that a member has applied. Versions before 3.4 only report the last index.
pub fn applied(view: &MemberView) -> u64 {
    if view.raft_applied_index == 0 { view.raft_index } else { view.raft_applied_index }
}

/// The one leader that all name, in the same term.
fn agreed_leader(healthy: &[&MemberView]) -> Option<u64> {
    let first = healthy.first()?;
    let same =
        healthy.iter().all(|view| view.leader == first.leader && view.raft_term == first.raft_term);
    first.leader.filter(|_| same)
}

#[cfg(test)]
mod tests {
    use super::super::status::{DataContent, DataDir, HostStatus, Reach, Tools, Unit};
    use super::*;

    /// Three members; those given answer with that leader and that proof of quorum.
    fn seen(answering: &[(u64, Option<u64>, bool)]) -> ClusterStatus {
        let members: Vec<Member> = (1..=3)
            .map(|id| Member { id, name: format!("etcd{id}"), ..Member::default() })
            .collect();
        let host = |(member_id, leader, linearizable_read): &(u64, Option<u64>, bool)| {
            let view = MemberView {
                member_id: *member_id,
                leader: *leader,
                linearizable_read: *linearizable_read,
                members: Some(members.clone()),
                ..MemberView::default()
            };
            let data = DataDir {
                path: "/var/lib/etcd".into(),
                content: DataContent::Missing,
                mount_point: false,
                read_only: false,
                free_bytes: 0,
            };
            let etcd = EtcdHost {
                unit: Unit::Active,
                enabled: true,
                running_for: Some(3600),
                config: None,
                data,
                tools: Tools::default(),
                has_ca_key: false,
                own_view: Ok(view),
                peer_views: indexmap::IndexMap::default(),
                recovered_by: None,
                log_signs: Vec::new(),
                leftovers: Vec::new(),
            };
            let status =
                HostStatus { reach: Reach::Reached, clock_offset_ms: None, etcd: Some(etcd) };
            (format!("node{member_id}"), status)
        };
        let hosts = answering.iter().map(host).collect();
        ClusterStatus { observed_at: String::new(), hosts }
    }

    #[test]
    fn a_proof_of_quorum_settles_it() {
        assert!(!unsettled(&seen(&[(1, Some(1), true), (2, Some(1), false)])));
    }

    #[test]
    fn a_survivor_that_still_follows_its_dead_leader_may_change_its_mind() {
        assert!(unsettled(&seen(&[(1, Some(3), false)])));
        assert!(!unsettled(&seen(&[(1, None, false)])), "one of three elects nobody");
    }

    #[test]
    fn enough_members_without_a_leader_may_elect_one() {
        assert!(unsettled(&seen(&[(1, None, false), (2, None, false)])));
        assert!(!unsettled(&seen(&[])), "nobody answers");
    }

    #[test]
    fn etcd_that_was_just_started_may_be_about_to_answer() {
        let silent_for = |seconds| {
            let mut status = seen(&[(1, None, false)]);
            let etcd = status.hosts["node1"].etcd.as_mut().unwrap();
            etcd.own_view = Err("does not answer within 3s".into());
            etcd.running_for = seconds;
            status
        };
        assert!(unsettled(&silent_for(Some(3))));
        assert!(!unsettled(&silent_for(Some(15))), "by now it would have answered");
        assert!(!unsettled(&silent_for(None)), "it does not run");
    }
}
