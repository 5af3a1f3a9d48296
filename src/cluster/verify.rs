//! Whether what was promised is so, judged from a new observation and nothing else.

use super::assess::diagnose;
use super::decision::{Action, Decision, JoiningMember, Verification, Wanted};
use super::picture::{Picture, Seat};
use super::status::{ClusterStatus, EtcdHost, Member, Reach, Unit};
use super::url::{same_url, same_urls};

/// Compares a new observation with what the decision promised. Pure.
///
/// A decision to start is kept when what was started answers; whether quorum came back is the
/// next round's question.
pub fn verify(decision: &Decision, after: &ClusterStatus, wanted: &Wanted) -> Verification {
    let picture = Picture::new(wanted, after);
    let mut findings = Vec::new();
    if decision.action == Action::Start {
        started(decision, &picture, &mut findings);
    } else {
        quorum(&picture, &mut findings);
        membership(decision, &picture, &mut findings);
        removed(decision, &picture, &mut findings);
        retired(decision, &picture, &mut findings);
        converged(decision, &picture, &mut findings);
        restored(decision, &picture, &mut findings);
    }
    Verification { holds: findings.is_empty(), findings, diagnosis: diagnose(&picture) }
}

fn started(decision: &Decision, picture: &Picture<'_>, findings: &mut Vec<String>) {
    for host in &decision.etcd.start {
        let own = picture.status.hosts.get(host).and_then(|host| host.own());
        if own.is_none() {
            findings.push(format!("etcd on {host} was started, but does not answer"));
        }
    }
}

fn quorum(picture: &Picture<'_>, findings: &mut Vec<String>) {
    let quorum = picture.quorum;
    if !quorum.present {
        findings.push(format!(
            "quorum is not proved: {} of {} voters healthy, {} needed",
            quorum.healthy, quorum.voters, quorum.needed
        ));
    }
    if picture.split_brain() {
        findings.push("two clusters have quorum side by side".to_owned());
    }
}

/// Exactly the promised members, all healthy, none a learner.
fn membership(decision: &Decision, picture: &Picture<'_>, findings: &mut Vec<String>) {
    let promised = &decision.etcd.promised;
    let is = |member: &Member, one: &JoiningMember| {
        member.peer_urls.iter().any(|url| same_url(url, &one.peer_url))
    };
    for one in promised {
        let at = |seat: &&Seat<'_>| seat.member.as_ref().is_some_and(|member| is(member, one));
        match picture.members().find(at) {
            None => findings.push(format!("{} is not a member", one.host)),
            Some(seat) if !seat.voter() => {
                findings.push(format!("{} is still a learner", one.host));
            }
            Some(seat) if !seat.healthy() => {
                findings.push(format!("{} is not healthy: {}", one.host, seat.reasons.join("; ")));
            }
            Some(_) => {}
        }
    }
    for seat in picture.voters() {
        let Some(member) = &seat.member else { continue };
        if promised.iter().all(|one| !is(member, one)) {
            findings.push(format!("{} is a voter, but was not promised", seat.label()));
        }
    }
}

fn removed(decision: &Decision, picture: &Picture<'_>, findings: &mut Vec<String>) {
    for dead in &decision.etcd.dead {
        let same =
            |seat: &Seat<'_>| seat.member.as_ref().is_some_and(|member| member.hex_id() == dead.id);
        if picture.members().any(same) {
            findings.push(format!("the dead member {} is still in the member list", dead.id));
        }
    }
}

/// What was retired and did not join again neither runs, nor starts at boot, nor keeps its data in
/// place (I-16).
fn retired(decision: &Decision, picture: &Picture<'_>, findings: &mut Vec<String>) {
    let joined = |host: &String| decision.etcd.promised.iter().any(|one| one.host == *host);
    for host in decision.etcd.retire.iter().filter(|host| !joined(host)) {
        let etcd = picture.status.hosts.get(host).and_then(|host| host.etcd.as_ref());
        let Some(etcd) = etcd else { continue };
        if matches!(etcd.unit, Unit::Active | Unit::Activating) {
            findings.push(format!("etcd on {host} still runs"));
        }
        if etcd.enabled && etcd.unit != Unit::Absent {
            findings.push(format!("etcd on {host} still starts at boot"));
        }
        if EtcdHost::has_data(etcd) {
            findings.push(format!("the old data on {host} is still in `{}`", etcd.data.path));
        }
    }
}

/// The members' configuration names exactly the membership (I-22).
fn converged(decision: &Decision, picture: &Picture<'_>, findings: &mut Vec<String>) {
    let urls: Vec<String> =
        decision.etcd.promised.iter().map(|member| member.peer_url.clone()).collect();
    for host in &decision.etcd.converge {
        let status = picture.status.hosts.get(host);
        let Some(status) = status.filter(|status| status.reach == Reach::Reached) else {
            findings.push(format!("{host} cannot be looked at any more"));
            continue;
        };
        let Some(config) = status.config() else { continue };
        let written: Vec<String> =
            config.initial_cluster.iter().map(|(_, url)| url.clone()).collect();
        if !same_urls(&written, &urls) {
            findings.push(format!("`ETCD_INITIAL_CLUSTER` on {host} is not the membership"));
        }
    }
}

/// A restored cluster is a new one, and its revision has not gone back (I-12, I-13).
fn restored(decision: &Decision, picture: &Picture<'_>, findings: &mut Vec<String>) {
    let Some(restore) = &decision.etcd.restore else { return };
    if restore.cluster_id_before.is_some() && picture.cluster_id() == restore.cluster_id_before {
        findings.push("the restored cluster has the old cluster's id".to_owned());
    }
    // Without a bump a snapshot cannot reach what was written after it; the plan says so.
    let expected = match &restore.snapshot {
        Some(snapshot) if restore.bump_revision == 0 => snapshot.revision,
        _ => restore.revision_before,
    };
    let revision = picture.revision().unwrap_or(0);
    if revision < expected {
        findings.push(format!("the revision went back from {expected} to {revision}"));
    }
}
