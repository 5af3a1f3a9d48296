//! `--limit`, who speaks to the cluster, and whether what was promised holds.

use super::cases;
use super::lab::{Lab, five, three};
use super::{decided, decision, refusal};
use crate::cluster::decision::Verification;
use crate::cluster::status::{EtcdHost, Unit};
use crate::cluster::verify::verify;

cases! {
    the_limit_of_the_documented_command:
        three().dead("node3").moved("node3").limit(&["node1", "node2"]) =>
        "DegradedQuorumKept: repair -etcd3 = node1,node2";
    the_limit_does_not_narrow_what_is_counted: three().limit(&["node1"]) =>
        "Ok: nothing = node1,node2,node3";
    a_limit_without_a_host_to_start: three().stopped("node2").limit(&["node1", "node3"]) =>
        "DegradedQuorumKept: refuse limit";
    a_limit_without_a_host_to_retire:
        three().stopped("node3").moved("node3").limit(&["node1", "node2"]) =>
        "DegradedQuorumKept: refuse limit";
    a_limit_without_a_joiner:
        three().dead("node3").moved("node3").fresh("node4").limit(&["node1", "node2"]) =>
        "DegradedQuorumKept: refuse limit";
    a_limit_without_a_member_to_converge:
        three().dead("node3").declared("node3").limit(&["node1"]) =>
        "DegradedQuorumKept: refuse limit";
    a_limit_without_the_seed:
        three().each(&["node2", "node3"], |lab, host| lab.dead(host).declared(host)).limit(&["node2"])
        => "QuorumLostSurvivor: refuse limit";
    a_limit_does_not_hide_the_unseen: three().dead("node2").dead("node3").limit(&["node1"]) =>
        "Unknown: refuse I-02";
    a_limit_with_all_that_changes:
        five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
            .limit(&["node4", "node5"]) =>
        "QuorumLostSurvivor: restore retire node5 on node4() +node5~ = node4,node5 ?2";
}

#[test]
fn the_limit_that_would_do_is_said() {
    let no = refusal(&three().stopped("node3").moved("node3").limit(&["node1", "node2"]));
    assert!(no.reason.contains("node3"), "{}", no.reason);
    assert_eq!(no.way_out, ["`--limit node1,node2,node3`, or no limit"]);
}

#[test]
fn i_15_who_speaks_to_the_cluster_is_healthy_and_stays() {
    for (lab, expected) in [
        (three().dead("node1").declared("node1"), "node3"),
        (three().dead("node2").declared("node2"), "node3"),
        (three().dead("node3").declared("node3"), "node2"),
        (three().dead("node3").declared("node3").serving("node2"), "node1"),
        (three().declared("node2").trust(), "node3"),
        (five().dead("node2").declared("node2"), "node3"),
    ] {
        assert_eq!(decision(&lab).etcd.coordinator.as_deref(), Some(expected));
    }
}

#[test]
fn the_seed_of_a_restore_speaks_to_the_cluster() {
    let lab = three().each(&["node1", "node2"], |lab, host| lab.dead(host).declared(host));
    let etcd = decision(&lab).etcd;
    assert_eq!(etcd.coordinator.as_deref(), Some("node3"));
    assert_eq!(etcd.survivor.as_deref(), Some("node3"));
    let etcd = decision(&lab.snapshot(10)).etcd;
    assert_eq!(etcd.coordinator.as_deref(), Some("node3"));
    assert_eq!(etcd.survivor.as_deref(), Some("node3"), "its data is saved all the same");
    let none = three().each(&["node1", "node2", "node3"], Lab::wiped).snapshot(10);
    assert_eq!(decision(&none).etcd.survivor, None, "there is nothing to save");
}

/// What was decided on one lab, verified on another.
fn verified(before: &Lab, after: &Lab) -> Verification {
    verify(&decision(before), &after.status(), &before.wanted())
}

fn holds(before: &Lab, after: &Lab) {
    assert_eq!(verified(before, after).findings, [""; 0]);
    assert!(verified(before, after).holds);
}

fn fails(before: &Lab, after: &Lab, finding: &str) {
    let seen = verified(before, after);
    assert!(!seen.holds);
    let found = seen.findings.iter().any(|text| text.contains(finding));
    assert!(found, "{finding} is not in {:?}", seen.findings);
}

fn broken() -> Lab {
    three().dead("node3").declared("node3")
}

fn lost() -> Lab {
    three().each(&["node2", "node3"], |lab, host| lab.dead(host).declared(host))
}

#[test]
fn a_two_member_cluster_is_what_was_promised() {
    holds(&broken(), &broken().no_member("node3"));
}

#[test]
fn a_healthy_cluster_is_what_was_promised() {
    holds(&three(), &three());
}

#[test]
fn a_dead_member_that_is_still_listed_is_found() {
    fails(&broken(), &broken(), "the dead member e3 is still in the member list");
    fails(&broken(), &broken(), "node3 is a voter, but was not promised");
}

#[test]
fn a_member_that_fell_over_is_found() {
    let after = broken().no_member("node3").failed("node2", &[]);
    fails(&broken(), &after, "quorum is not proved");
    fails(&broken(), &after, "node2 is not healthy");
}

#[test]
fn a_joiner_that_did_not_join_is_found() {
    let before = broken().fresh("node4");
    fails(&before, &before.clone().no_member("node3"), "node4 is not a member");
}

#[test]
fn a_joiner_that_is_still_a_learner_is_found() {
    let before = broken().fresh("node4");
    let after = broken().no_member("node3").learner("node4");
    fails(&before, &after, "node4 is still a learner");
}

#[test]
fn a_joiner_that_never_started_is_found() {
    let before = broken().fresh("node4");
    let after = broken().no_member("node3").unstarted("node4");
    fails(&before, &after, "node4 is not healthy");
}

#[test]
fn i_22_settings_that_do_not_name_the_membership_are_found() {
    let after = broken().no_member("node3").etcd("node1", |etcd| {
        etcd.config.as_mut().unwrap().initial_cluster = vec![("etcd1".into(), super::lab::peer(1))];
    });
    fails(&broken(), &after, "`ETCD_INITIAL_CLUSTER` on node1 is not the membership");
}

#[test]
fn i_16_a_retired_member_that_still_runs_is_found() {
    let before = three().failed("node3", &[]).moved("node3");
    let kept = |change: fn(&mut EtcdHost)| {
        before.clone().no_member("node3").set_aside("node3", "RUN").etcd("node3", change)
    };
    holds(&before, &kept(|_| {}));
    fails(&before, &kept(|etcd| etcd.unit = Unit::Activating), "etcd on node3 still runs");
    fails(&before, &kept(|etcd| etcd.enabled = true), "etcd on node3 still starts at boot");
    let data = before.clone().no_member("node3").stopped("node3");
    fails(&before, &data, "the old data on node3 is still in `/var/lib/etcd`");
}

#[test]
fn i_12_i_13_a_restored_cluster_is_new_and_does_not_go_back() {
    holds(&lost(), &lost().restored_on("node1"));
    let after = lost().restored_on("node1").at("node1", 2, 20, 999);
    fails(&lost(), &after, "the revision went back from 1000 to 999");
}

#[test]
fn i_12_the_old_cluster_s_id_is_found() {
    let after = lost().no_member("node2").no_member("node3");
    fails(&lost(), &after, "the restored cluster has the old cluster's id");
}

#[test]
fn a_snapshot_without_a_bump_need_not_reach_what_came_later() {
    let before = lost().version("3.4.23").snapshot(400);
    holds(&before, &lost().version("3.4.23").restored_on("node1").at("node1", 2, 20, 401));
    let lower = lost().version("3.4.23").restored_on("node1").at("node1", 2, 20, 399);
    fails(&before, &lower, "the revision went back from 400 to 399");
    let bumped = lost().snapshot(400);
    fails(&bumped, &lost().restored_on("node1").at("node1", 2, 20, 401), "the revision went back");
}

#[test]
fn a_split_brain_afterwards_is_found() {
    let after = three().restored_on("node1").straggler("node2").straggler("node3");
    fails(&lost(), &after, "two clusters have quorum");
}

#[test]
fn a_start_holds_when_what_was_started_answers() {
    let before = lost().stopped("node1").aside("node1", "OLD");
    holds(&before, &lost());
    fails(&before, &before, "etcd on node1 was started, but does not answer");
}

#[test]
fn an_unreachable_wanted_host_does_not_keep_the_promise_from_holding() {
    let before = broken().fresh("node4").dead("node4");
    let after = broken().no_member("node3").fresh("node4").dead("node4");
    holds(&before, &after);
    let next = decided(&after).unwrap();
    assert!(next.warnings.iter().any(|text| text.contains("node4 cannot be reached")));
}
