//! A run was killed somewhere: what is seen then must lead to the goal (I-25, scenario 12).

use super::cases;
use super::decision;
use super::lab::{Lab, five, lab, three};
use crate::cluster::status::{DataContent, Unit};

/// The others are gone for good.
fn survivor() -> Lab {
    three().each(&["node2", "node3"], |lab, host| lab.dead(host).declared(host))
}

fn reinstalled() -> Lab {
    three().each(&["node2", "node3"], |lab, host| lab.reinstalled(host).declared(host))
}

/// Killed between "data set aside" and "restored data in place".
fn between(lab: Lab) -> Lab {
    lab.set_aside("node1", "OLD").half_restored("node1", "OLD")
}

cases! {
    // A member that an earlier run started is not up yet: it is waited for, not given up.
    i_25_a_second_voter_is_still_starting: lab(2).starting("node2").declared("node2") =>
        "QuorumLostRecoverable: start node2";
    i_25_a_restored_member_is_still_starting: survivor().starting("node1").aside("node1", "OLD") =>
        "QuorumLostSurvivor: start node1";
    i_25_it_is_waited_for_once:
        survivor().starting("node1").aside("node1", "OLD").started(&["node1"]) =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";

    // (a) etcd is stopped everywhere, the data is still there.
    i_25_a_a_stopped_survivor_is_restored_from: survivor().stopped("node1") =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";
    i_25_a_the_restore_is_decided_again: survivor() =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";
    i_25_a_stopped_and_disabled:
        survivor().stopped("node1").etcd("node1", |etcd| etcd.enabled = false) =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";
    i_25_a_trial_leftovers_beside_the_data: survivor().stopped("node1").half_restored("node1", "OLD") =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";
    i_25_a_retired_survivor_was_set_aside_and_the_seed_is_stopped:
        five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
            .set_aside("node4", "OLD").stopped("node5") =>
        "QuorumLostSurvivor: restore on node5() +node4~ = node5,node4 ?2";
    i_25_a_retired_survivor_was_set_aside_and_the_seed_answers:
        five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
            .set_aside("node4", "OLD") =>
        "QuorumLostSurvivor: restore on node5() +node4~ = node5,node4 ?2";

    // (b) the old data is aside, the restored data not in place.
    s_12_b_data_aside_is_not_lost: between(survivor()) =>
        "QuorumLostSurvivor: restore on node1(.rrecover-OLD) = node1 ?2";
    s_12_b_on_a_mount_point:
        between(survivor()).etcd("node1", |etcd| {
            etcd.data.mount_point = true;
            etcd.data.content = DataContent::Empty;
        }) => "QuorumLostSurvivor: restore on node1(.rrecover-OLD) = node1 ?2";
    s_12_b_only_the_old_data_is_there: survivor().set_aside("node1", "OLD") =>
        "QuorumLostSurvivor: restore on node1(.rrecover-OLD) = node1 ?3";
    s_12_b_only_the_restored_data_is_there:
        survivor().set_aside("node1", "OLD").etcd("node1", |etcd| etcd.leftovers.clear())
            .half_restored("node1", "OLD") =>
        "QuorumLostSurvivor: restore on node1(.new-OLD) = node1 ?2";
    s_12_b_goes_before_another_survivor:
        five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
            .set_aside("node4", "OLD").half_restored("node4", "OLD") =>
        "QuorumLostSurvivor: restore retire node5 on node4(.rrecover-OLD) +node5~ = node4,node5 ?2";
    s_12_b_goes_before_what_was_retired:
        five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
            .set_aside("node4", "OLD").set_aside("node5", "OLD").half_restored("node5", "OLD") =>
        "QuorumLostSurvivor: restore on node5(.rrecover-OLD) +node4~ = node5,node4 ?2";
    s_12_b_a_restored_directory_without_the_swap_is_not_a_cut_off_run:
        five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
            .wiped("node4").half_restored("node4", "OLD") =>
        "QuorumLostSurvivor: restore retire node4 on node5() +node4~ = node5,node4 ?2";
    s_12_b_nor_is_one_beside_the_old_data_of_another_run:
        five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
            .set_aside("node4", "01").half_restored("node4", "02") =>
        "QuorumLostSurvivor: restore on node5() +node4~ = node5,node4 ?2";
    s_12_b_with_reinstalled_hosts: between(reinstalled()) =>
        "QuorumLostSurvivor: restore on node1(.rrecover-OLD) +node2~,node3~ = node1,node2,node3 ?1";
    s_12_b_with_the_snapshot_again: between(survivor()).snapshot(400) =>
        "QuorumLostSurvivor: restore on node1(snapshot) = node1 ?2";
    s_12_b_unknown_is_still_not_lost: between(three().dead("node2").dead("node3")) =>
        "Unknown: refuse I-02";
    s_12_b_with_fenced_hosts: between(three().dead("node2").dead("node3")).fenced(&["node2", "node3"])
        => "QuorumLostSurvivor: restore on node1(.rrecover-OLD) = node1 ?1";
    s_12_b_twice_killed_takes_the_newest_run:
        five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
            .set_aside("node4", "01").half_restored("node4", "01")
            .set_aside("node5", "02").half_restored("node5", "02") =>
        "QuorumLostSurvivor: restore on node5(.rrecover-02) +node4~ = node5,node4 ?2";

    // (c) the restored data is in place, etcd does not run yet.
    i_25_c_the_seed_is_started: survivor().stopped("node1").aside("node1", "OLD") =>
        "QuorumLostSurvivor: start node1";
    i_25_c_the_seed_is_started_once:
        survivor().stopped("node1").aside("node1", "OLD").started(&["node1"]) =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";
    i_25_c_only_the_seed_is_started:
        five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
            .stopped("node4").stopped("node5").aside("node5", "OLD") =>
        "QuorumLostSurvivor: start node5";
    i_25_c_the_seed_s_settings_are_written:
        survivor().restored_on("node1").stopped("node1") => "QuorumLostRecoverable: start node1";
    i_25_c_the_seed_goes_before_old_data:
        three().restored_on("node1").stopped("node1").stopped("node2").stopped("node3") =>
        "QuorumLostRecoverable: start node1";
    i_25_c_the_seed_runs_and_the_others_are_off: survivor().restored_on("node1") =>
        "Ok: nothing = node1";
    i_25_c_the_seed_runs_and_the_others_join: reinstalled().restored_on("node1") =>
        "DegradedQuorumKept: repair +node2~,node3~ = node1,node2,node3";
    i_25_c_the_snapshot_is_not_restored_twice: reinstalled().restored_on("node1").snapshot(400) =>
        "DegradedQuorumKept: repair +node2~,node3~ = node1,node2,node3";
    i_25_c_nor_before_its_settings_are_written:
        reinstalled().restored_on("node1").snapshot(400)
            .etcd("node1", |etcd| etcd.config.as_mut().unwrap().token = "k8s_etcd".into()) =>
        "DegradedQuorumKept: repair +node2~,node3~ = node1,node2,node3";
    i_25_c_a_finished_restore_is_not_rolled_back: survivor().restored_on("node1").snapshot(400) =>
        "Ok: refuse I-03";
    i_25_c_later_with_two_members:
        reinstalled().restored_on("node1").joined("node2").snapshot(400) =>
        "DegradedQuorumKept: repair +node3~ = node1,node2,node3";
    i_25_c_settings_still_name_the_old_members:
        survivor().restored_on("node1").etcd("node1", |etcd| {
            etcd.config.as_mut().unwrap().initial_cluster =
                (1..=3).map(|n| (format!("etcd{n}"), super::lab::peer(n))).collect();
        }) => "Ok: repair = node1";

    // (d) a member was added and not started.
    i_25_d_an_unstarted_voter_is_removed_and_added_again: three().unstarted("node4") =>
        "DegradedQuorumKept: repair -e4 +node4~ = node1,node2,node3,node4 ?1";
    i_25_d_an_unstarted_learner_is_taken_up:
        survivor().restored_on("node1").unstarted_learner("node4") =>
        "DegradedQuorumKept: repair +node4~ = node1,node4";
    i_25_d_a_started_learner_is_promoted: survivor().restored_on("node1").learner("node4") =>
        "DegradedQuorumKept: repair +node4~ = node1,node4";
    i_25_d_an_unstarted_second_voter_that_is_ready_is_started:
        survivor().restored_on("node1").unstarted("node4").prepared("node4", &[1, 4]) =>
        "QuorumLostRecoverable: start node4";
    i_25_d_one_that_is_about_to_be_started_again_too:
        survivor().restored_on("node1").unstarted("node4").prepared("node4", &[1, 4])
            .etcd("node4", |etcd| etcd.unit = Unit::Activating) =>
        "QuorumLostRecoverable: start node4";
    i_25_d_and_one_whose_first_start_left_half_a_directory:
        survivor().restored_on("node1").unstarted("node4").prepared("node4", &[1, 4])
            .etcd("node4", |etcd| {
                let reason = "`member/wal` holds no log".into();
                etcd.data.content = DataContent::Damaged { reason };
            }) => "QuorumLostRecoverable: start node4";
    i_25_d_an_unstarted_second_voter_that_is_not_ready_is_restored_over:
        survivor().restored_on("node1").unstarted("node4") =>
        "QuorumLostSurvivor: restore on node1() +node4~ = node1,node4 ?2";
    i_25_d_what_a_snapshot_became_is_not_rolled_back:
        survivor().restored_on("node1").unstarted("node4").snapshot(400) =>
        "QuorumLostSurvivor: restore on node1() +node4~ = node1,node4 ?2";
    i_25_d_a_removed_member_with_data_aside_joins:
        three().set_aside("node3", "OLD").declared("node3").no_member("node3") =>
        "DegradedQuorumKept: repair +node3~ = node1,node2,node3";
    i_25_d_retired_and_still_listed_is_removed:
        three().set_aside("node3", "OLD").declared("node3") =>
        "DegradedQuorumKept: repair -etcd3 +node3~ = node1,node2,node3";
    i_25_d_retired_by_half_and_still_listed: three().stopped("node3").declared("node3") =>
        "DegradedQuorumKept: repair -etcd3 retire node3 +node3~ = node1,node2,node3";
    i_25_d_rejoined_and_still_declared_stays: reinstalled().restored_on("node1").joined("node2") =>
        "DegradedQuorumKept: repair +node3~ = node1,node2,node3";
    i_25_d_rejoined_after_a_repair_and_still_declared_stays: three().aside("node3", "OLD").declared("node3")
        => "Ok: nothing = node1,node2,node3";
    i_25_d_trusted_it_is_removed_again:
        three().aside("node3", "OLD").declared("node3").trust() =>
        "Ok: repair -etcd3 retire node3 +node3~ = node1,node2,node3 ?1";

    // (e) members of the cluster before are still there.
    i_16_e_a_straggler_is_retired_and_joins:
        survivor().restored_on("node1").up("node3").straggler("node3") =>
        "DegradedQuorumKept: repair retire node3 +node3~ = node1,node3";
    i_16_e_an_undeclared_straggler_is_retired_after_a_question:
        three().restored_on("node1").straggler("node2").dead("node3").declared("node3") =>
        "DegradedQuorumKept: repair retire node2 +node2~ = node1,node2 ?1";
    i_16_e_a_stopped_straggler_is_retired:
        three().restored_on("node1").stopped("node2").dead("node3").declared("node3") =>
        "DegradedQuorumKept: repair retire node2 +node2~ = node1,node2 ?1";
    i_16_e_two_stragglers_with_quorum_are_a_split_brain:
        three().restored_on("node1").straggler("node2").straggler("node3") => "SplitBrain: refuse I-03";
    i_16_e_a_straggler_of_no_group_is_left_and_known:
        three().restored_on("node1").straggler("node2").moved("node2").dead("node3").moved("node3") =>
        "Ok: repair retire node2 = node1";
    i_12_the_restored_cluster_has_the_say_over_old_members:
        three().restored_on("node1").straggler("node2").dead("node3").declared("node3").declared("node2")
        => "DegradedQuorumKept: repair retire node2 +node2~ = node1,node2";
}

#[test]
fn s_12_b_the_settings_of_the_old_cluster_name_who_must_be_off() {
    let decision = decision(&between(survivor()));
    assert_eq!(decision.etcd.quorum.voters, 3);
    assert!(!decision.etcd.quorum.present);
}

#[test]
fn s_12_b_the_newest_run_that_began_the_swap_was_cut_off() {
    let run = |lab: Lab| {
        let status = lab.status();
        status.hosts["node1"].etcd.as_ref().unwrap().cut_off_run().map(str::to_owned)
    };
    let both = |lab: Lab, id: &str| lab.set_aside("node1", id).half_restored("node1", id);
    assert_eq!(run(both(three(), "01")).as_deref(), Some("01"));
    assert_eq!(run(both(both(three(), "02"), "01")).as_deref(), Some("02"));
    assert_eq!(run(both(three(), "01").half_restored("node1", "02")).as_deref(), Some("01"));
    assert_eq!(run(three().set_aside("node1", "01").half_restored("node1", "02")), None);
    assert_eq!(run(three().wiped("node1").half_restored("node1", "01")), None);
    assert_eq!(run(three().aside("node1", "01").half_restored("node1", "01")), None, "in place");
}

#[test]
fn i_25_deciding_twice_gives_the_same() {
    for lab in [survivor(), reinstalled(), between(survivor()), reinstalled().restored_on("node1")]
    {
        assert_eq!(decision(&lab), decision(&lab));
    }
}
