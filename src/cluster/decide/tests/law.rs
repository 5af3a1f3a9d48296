//! Laws that hold for every cluster, not only for the ones we thought of.

use std::collections::{BTreeMap, BTreeSet};

use super::decided;
use super::lab::{Lab, lab};
use crate::cluster::decision::{Action, Decision, Verdict};
use crate::cluster::quorum::{count, keeps_quorum, needed};
use crate::cluster::status::{Alarm, LogSign, Member, MemberView};

fn members(voters: u64, learners: u64) -> Vec<Member> {
    (1..=voters + learners)
        .map(|id| Member { id, name: format!("m{id}"), learner: id > voters, ..Member::default() })
        .collect()
}

fn view(id: u64) -> MemberView {
    MemberView {
        member_id: id,
        leader: Some(1),
        raft_term: 2,
        raft_index: 5000,
        raft_applied_index: 5000,
        ..MemberView::default()
    }
}

fn counted(voters: u64, healthy: u64, change: impl Fn(&mut MemberView)) -> bool {
    let mut views: Vec<MemberView> = (1..=healthy).map(view).collect();
    if let Some(last) = views.last_mut() {
        change(last);
    }
    let views: BTreeMap<u64, &MemberView> =
        views.iter().map(|view| (view.member_id, view)).collect();
    count(&members(voters, 0), &views, true).quorum.present
}

#[test]
fn i_01_the_table_of_quorum() {
    for (voters, healthy, present) in [
        (1, 1, true),
        (1, 0, false),
        (2, 1, false),
        (2, 2, true),
        (3, 2, true),
        (3, 1, false),
        (4, 2, false),
        (4, 3, true),
        (5, 3, true),
        (5, 2, false),
        (6, 3, false),
        (6, 4, true),
        (7, 4, true),
        (7, 3, false),
        (0, 0, false),
    ] {
        assert_eq!(counted(voters, healthy, |_| {}), present, "{healthy} of {voters}");
    }
}

#[test]
fn i_01_learners_never_count() {
    let views: Vec<MemberView> = [1, 4, 5].map(view).to_vec();
    let views: BTreeMap<u64, &MemberView> =
        views.iter().map(|view| (view.member_id, view)).collect();
    let count = count(&members(3, 2), &views, true);
    assert_eq!((count.quorum.voters, count.quorum.healthy), (3, 1));
    assert!(!count.quorum.present);
}

#[test]
fn i_01_quorum_needs_agreement_on_the_leader_and_the_term() {
    assert!(counted(3, 2, |_| {}));
    assert!(!counted(3, 2, |view| view.leader = Some(2)), "another leader");
    assert!(!counted(3, 2, |view| view.raft_term = 3), "another term");
    assert!(!counted(3, 2, |view| view.leader = None), "no leader");
    assert!(!counted(3, 3, |view| view.leader = Some(2)), "a third that disagrees");
}

#[test]
fn i_01_quorum_needs_a_linearizable_read() {
    let views = [view(1), view(2)];
    let views: BTreeMap<u64, &MemberView> =
        views.iter().map(|view| (view.member_id, view)).collect();
    let unproved = count(&members(3, 0), &views, false);
    assert!(!unproved.quorum.present);
    assert!(unproved.led, "but it is not to be taken for lost");
}

#[test]
fn i_01_who_lags_by_more_than_a_thousand_entries_is_not_healthy() {
    assert!(counted(3, 2, |view| view.raft_applied_index = 4000));
    assert!(!counted(3, 2, |view| view.raft_applied_index = 3999));
}

#[test]
fn i_01_a_corrupt_voter_is_not_healthy() {
    let alarm = |view: &mut MemberView| view.alarms.push((2, Alarm::Corrupt));
    assert!(!counted(3, 2, alarm));
    assert!(counted(3, 2, |view| view.alarms.push((2, Alarm::NoSpace))));
}

#[test]
fn i_05_a_removal_keeps_quorum_or_is_not_done() {
    for voters in 1..=9 {
        for healthy in 0..voters {
            let expected = voters > 1 && 2 * healthy > voters - 1;
            assert_eq!(keeps_quorum(voters, healthy), expected, "{healthy} of {voters}");
        }
    }
    assert!(!keeps_quorum(1, 1), "I-07: never the last");
    assert!(!keeps_quorum(1, 0));
}

/// What may happen to a member.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Dead,
    Moved,
    Undeclared,
    Stopped,
    Wiped,
    Reinstalled,
    Corrupt,
}

const FATES: [Fate; 7] = [
    Fate::Dead,
    Fate::Moved,
    Fate::Undeclared,
    Fate::Stopped,
    Fate::Wiped,
    Fate::Reinstalled,
    Fate::Corrupt,
];

fn strike(lab: Lab, name: &str, fate: Fate) -> Lab {
    match fate {
        Fate::Dead => lab.dead(name).declared(name),
        Fate::Moved => lab.dead(name).moved(name),
        Fate::Undeclared => lab.dead(name),
        Fate::Stopped => lab.stopped(name),
        Fate::Wiped => lab.wiped(name).declared(name),
        Fate::Reinstalled => lab.reinstalled(name),
        Fate::Corrupt => lab.failed(name, &[LogSign::Corrupt]),
    }
}

/// Every cluster of 1 to 7 voters with every subset of them struck by every fate.
fn every_lab(mut test: impl FnMut(&Lab, u64, u32, Fate)) {
    for size in 1..=7u64 {
        for fate in FATES {
            for struck in 0..(1u32 << size) {
                let mut one = lab(size);
                for number in 1..=size {
                    if struck & (1 << (number - 1)) != 0 {
                        one = strike(one, &format!("node{number}"), fate);
                    }
                }
                test(&one, size, struck.count_ones(), fate);
            }
        }
    }
}

#[test]
fn i_03_nothing_is_restored_while_quorum_is_there_for_every_subset() {
    every_lab(|lab, size, struck, fate| {
        let alive = size - u64::from(struck);
        let kept = alive > size / 2;
        match decided(lab) {
            Ok(decision) => {
                assert_eq!(decision.etcd.quorum.present, kept, "{fate:?} {struck} of {size}");
                assert!(!(kept && decision.action == Action::Restore));
                assert!(kept || decision.action != Action::Repair);
            }
            Err(no) => assert!(!kept, "{fate:?} {struck} of {size}: {}", no.reason),
        }
    });
}

#[test]
fn i_02_undeclared_unseen_hosts_are_never_lost_for_every_subset() {
    every_lab(|lab, size, struck, fate| {
        let lost = u64::from(struck) * 2 >= size;
        if matches!(fate, Fate::Undeclared) && lost {
            assert_eq!(decided(lab).expect_err("must be refused").rule, "I-02");
        }
    });
}

#[test]
fn stopped_members_are_only_ever_started_for_every_subset() {
    every_lab(|lab, _, struck, fate| {
        if matches!(fate, Fate::Stopped) && struck > 0 {
            let decision = decided(lab).expect("must not be refused");
            assert_eq!(decision.action, Action::Start);
            assert_eq!(decision.etcd.start.len(), struck as usize);
        }
    });
}

#[test]
fn i_05_i_06_removals_keep_quorum_one_by_one_for_every_subset() {
    every_lab(|lab, size, struck, _| {
        let Ok(decision) = decided(lab) else { return };
        if decision.action != Action::Repair {
            return;
        }
        let mut voters = usize::try_from(size).unwrap();
        let healthy = voters - struck as usize;
        for _ in &decision.etcd.dead {
            assert!(keeps_quorum(voters, healthy));
            voters -= 1;
        }
        assert!(healthy >= needed(voters));
    });
}

fn consistent(decision: &Decision) {
    let etcd = &decision.etcd;
    let set = |hosts: &[String]| hosts.iter().cloned().collect::<BTreeSet<_>>();
    let promised: BTreeSet<String> = etcd.promised.iter().map(|one| one.host.clone()).collect();
    let joining: BTreeSet<String> = etcd.joining.iter().map(|one| one.host.clone()).collect();
    let urls: BTreeSet<&String> = etcd.promised.iter().map(|one| &one.peer_url).collect();
    let names: BTreeSet<&String> = etcd.promised.iter().map(|one| &one.name).collect();
    assert_eq!(promised.len(), etcd.promised.len(), "no host twice");
    assert_eq!(urls.len(), etcd.promised.len(), "no address twice");
    assert_eq!(names.len(), etcd.promised.len(), "no name twice");
    assert!(joining.is_subset(&promised), "who joins is promised");
    assert!(set(&etcd.converge).is_subset(&promised), "who is converged is promised");
    assert!(set(&etcd.forget_certificates_of).is_disjoint(&promised));
    for host in &etcd.retire {
        let seed = etcd.restore.iter().any(|restore| restore.host == *host);
        assert!(!promised.contains(host) || joining.contains(host) || seed, "{host} stays");
    }
    if let Some(coordinator) = &etcd.coordinator {
        assert!(promised.contains(coordinator));
        assert!(!joining.contains(coordinator));
        assert!(etcd.dead.iter().all(|dead| dead.host.as_ref() != Some(coordinator)));
    }
    if decision.action == Action::Restore {
        assert!(etcd.restore.is_some() && etcd.dead.is_empty() && etcd.start.is_empty());
        assert!(!decision.confirm.is_empty(), "I-24");
    } else {
        assert!(etcd.restore.is_none() && etcd.survivor.is_none());
    }
    if decision.action == Action::Start {
        assert!(etcd.dead.is_empty() && etcd.retire.is_empty() && etcd.joining.is_empty());
    }
}

#[test]
fn every_decision_is_consistent_for_every_subset() {
    let mut decisions = 0;
    every_lab(|lab, _, _, _| {
        if let Ok(decision) = decided(lab) {
            consistent(&decision);
            decisions += 1;
        }
    });
    assert!(decisions > 800, "{decisions}");
}

#[test]
fn every_refusal_says_what_was_seen_and_what_to_do_for_every_subset() {
    every_lab(|lab, _, _, _| {
        if let Err(no) = decided(lab) {
            assert!(!no.reason.is_empty() && !no.evidence.is_empty() && !no.way_out.is_empty());
            assert!(!no.reason.ends_with('.'), "{}", no.reason);
        }
    });
}

#[test]
fn a_diagnosis_of_ok_has_nothing_to_do_for_every_subset() {
    every_lab(|lab, _, struck, _| {
        let verdict = match decided(lab) {
            Ok(decision) => decision.diagnosis.verdict,
            Err(no) => no.diagnosis.verdict,
        };
        assert_eq!(verdict == Verdict::Ok, struck == 0);
    });
}

/// The decision with every list sorted, and without what is said in words.
fn sorted(lab: &Lab) -> Result<Decision, String> {
    let mut decision = decided(lab).map_err(|no| no.rule)?;
    let etcd = &mut decision.etcd;
    for list in [
        &mut etcd.start,
        &mut etcd.retire,
        &mut etcd.converge,
        &mut etcd.forget_certificates_of,
        &mut decision.warnings,
    ] {
        list.sort();
    }
    etcd.dead.sort_by(|one, other| one.id.cmp(&other.id));
    etcd.joining.sort_by(|one, other| one.host.cmp(&other.host));
    etcd.promised.sort_by(|one, other| one.host.cmp(&other.host));
    decision.warnings.clear();
    decision.confirm.clear();
    let diagnosis = &mut decision.diagnosis;
    diagnosis.findings.sort_by(|one, other| one.host.cmp(&other.host));
    diagnosis.sentence.clear();
    diagnosis.next.clear();
    Ok(decision)
}

#[test]
fn i_15_the_order_of_the_inventory_decides_nothing() {
    for size in 1..=5u64 {
        for fate in FATES {
            for struck in 0..(1u32 << size) {
                let mut one = lab(size);
                for number in (1..=size).filter(|number| struck & (1 << (number - 1)) != 0) {
                    one = strike(one, &format!("node{number}"), fate);
                }
                let first = sorted(&one);
                for by in 1..one.names().len() {
                    let turned = sorted(&one.clone().turned(by));
                    assert_eq!(turned, first, "{fate:?} {struck:b} of {size} turned by {by}");
                }
            }
        }
    }
}
