//! Quorum is kept: what is dead is removed, what is stopped is started (P08, P13).

use super::cases;
use super::lab::{five, lab, three};
use crate::cluster::status::{Alarm, DataContent, LogSign};

cases! {
    // Nothing to do.
    a_healthy_cluster_is_left_alone: three() => "Ok: nothing = node1,node2,node3";
    a_healthy_cluster_of_one_is_left_alone: lab(1) => "Ok: nothing = node1";
    a_healthy_cluster_of_five_is_left_alone: five() =>
        "Ok: nothing = node1,node2,node3,node4,node5";
    a_dead_host_that_is_no_member_and_not_wanted_changes_nothing:
        lab(4).dead("node4").moved("node4").no_member("node4") => "Ok: nothing = node1,node2,node3";
    a_repaired_cluster_without_its_broken_host_is_whole:
        three().dead("node3").declared("node3").no_member("node3") => "Ok: nothing = node1,node2";

    // Scenario 2 and 4: a host is off, first, middle or last, copied or moved.
    s_02_dead_last_copied: three().dead("node3").declared("node3") =>
        "DegradedQuorumKept: repair -etcd3 = node1,node2";
    s_02_dead_last_moved: three().dead("node3").moved("node3") =>
        "DegradedQuorumKept: repair -etcd3 = node1,node2";
    s_02_dead_middle_copied: three().dead("node2").declared("node2") =>
        "DegradedQuorumKept: repair -etcd2 = node1,node3";
    s_02_dead_middle_moved: three().dead("node2").moved("node2") =>
        "DegradedQuorumKept: repair -etcd2 = node1,node3";
    s_04_dead_first_copied: three().dead("node1").declared("node1") =>
        "DegradedQuorumKept: repair -etcd1 = node2,node3";
    s_04_dead_first_moved: three().dead("node1").moved("node1") =>
        "DegradedQuorumKept: repair -etcd1 = node2,node3";
    s_02_replaced_by_a_fresh_host: three().dead("node3").moved("node3").fresh("node4") =>
        "DegradedQuorumKept: repair -etcd3 +node4~ = node1,node2,node4";
    s_04_first_replaced_by_a_fresh_host: three().dead("node1").moved("node1").fresh("node4") =>
        "DegradedQuorumKept: repair -etcd1 +node4~ = node2,node3,node4";
    two_of_five_replaced_one_after_the_other:
        five().dead("node1").moved("node1").dead("node5").moved("node5").fresh("node6").fresh("node7")
        => "DegradedQuorumKept: repair -etcd1,etcd5 +node6~,node7~ = node2,node3,node4,node6,node7";
    a_fresh_host_that_is_off_does_not_join:
        three().dead("node3").moved("node3").fresh("node4").dead("node4") =>
        "DegradedQuorumKept: repair -etcd3 = node1,node2";

    // Scenario 3: reinstalled under the same name.
    s_03_reinstalled_and_declared: three().reinstalled("node3").declared("node3") =>
        "DegradedQuorumKept: repair -etcd3 +node3~ = node1,node2,node3";
    s_03_reinstalled_and_not_declared: three().reinstalled("node3") =>
        "DegradedQuorumKept: repair -etcd3 +node3~ = node1,node2,node3 ?1";
    s_03_first_reinstalled: three().reinstalled("node1").declared("node1") =>
        "DegradedQuorumKept: repair -etcd1 +node1~ = node2,node3,node1";
    wiped_data_is_lost_storage: three().wiped("node2").declared("node2") =>
        "DegradedQuorumKept: repair -etcd2 retire node2 +node2~ = node1,node3,node2";
    an_empty_mount_point_is_lost_storage:
        three().wiped("node2").etcd("node2", |etcd| {
            etcd.data.content = DataContent::Empty;
            etcd.data.mount_point = true;
        }) => "DegradedQuorumKept: repair -etcd2 retire node2 +node2~ = node1,node3,node2 ?1";
    damaged_data_is_lost_storage:
        three().failed("node2", &[]).etcd("node2", |etcd| {
            etcd.data.content = DataContent::Damaged { reason: "no wal".into() };
        }) => "DegradedQuorumKept: repair -etcd2 retire node2 +node2~ = node1,node3,node2 ?1";
    a_lost_raft_log_is_lost_storage: three().failed("node2", &[LogSign::RaftLogLost]) =>
        "DegradedQuorumKept: repair -etcd2 retire node2 +node2~ = node1,node3,node2 ?1";
    a_broken_disk_that_is_declared_and_read_only_does_not_join:
        three().failed("node2", &[LogSign::DiskBroken]).declared("node2")
            .etcd("node2", |etcd| etcd.data.read_only = true) =>
        "DegradedQuorumKept: repair -etcd2 retire node2 = node1,node3";
    moved_and_still_running_sick_is_retired:
        three().failed("node3", &[LogSign::Corrupt]).moved("node3") =>
        "DegradedQuorumKept: repair -etcd3 retire node3 = node1,node2";

    // Scenario 1: merely stopped.
    s_01_stopped_is_started_not_removed: three().stopped("node2") =>
        "DegradedQuorumKept: start node2";
    s_01_first_stopped: three().stopped("node1") => "DegradedQuorumKept: start node1";
    failed_without_a_reason_is_started: three().failed("node2", &[]) =>
        "DegradedQuorumKept: start node2";
    stopped_and_declared_is_removed: three().stopped("node2").declared("node2") =>
        "DegradedQuorumKept: repair -etcd2 retire node2 +node2~ = node1,node3,node2";
    stopped_is_started_before_the_dead_is_removed: five().stopped("node2").dead("node4") =>
        "DegradedQuorumKept: start node2";
    started_in_vain_is_not_started_again: three().failed("node2", &[]).started(&["node2"]) =>
        "DegradedQuorumKept: refuse I-05";
    a_stopped_learner_is_started: three().learner("node4").stopped("node4") =>
        "DegradedQuorumKept: start node4";

    // Scenario 18, 22 and other sickness.
    s_18_corrupt_by_its_log: three().failed("node2", &[LogSign::Corrupt]) =>
        "DegradedQuorumKept: repair -etcd2 retire node2 +node2~ = node1,node3,node2 ?1";
    s_18_corrupt_by_alarm: three().alarm("node2", Alarm::Corrupt) =>
        "DegradedQuorumKept: repair -etcd2 retire node2 +node2~ = node1,node3,node2 ?1";
    s_22_no_space_is_named_and_nothing_is_restored: three().alarm("node2", Alarm::NoSpace) =>
        "DegradedQuorumKept: refuse I-05";
    s_22_full_disk: three().failed("node2", &[LogSign::NoSpace]) =>
        "DegradedQuorumKept: refuse I-05";
    an_expired_certificate_is_renewed_not_removed:
        three().hanging("node2", &[LogSign::CertificateExpired]) => "DegradedQuorumKept: refuse I-05";
    a_refused_certificate_is_renewed_not_removed:
        three().hanging("node2", &[LogSign::CertificateRefused]) => "DegradedQuorumKept: refuse I-05";
    an_expired_certificate_that_is_declared_is_removed:
        three().hanging("node2", &[LogSign::CertificateExpired]).declared("node2") =>
        "DegradedQuorumKept: repair -etcd2 retire node2 +node2~ = node1,node3,node2";
    a_hanging_member_is_not_judged_dead: three().hanging("node2", &[]) =>
        "DegradedQuorumKept: refuse I-05";
    a_wrong_clock_keeps_a_member_out: three().hanging("node2", &[]).clock("node2", 90_000) =>
        "DegradedQuorumKept: refuse I-05";
    a_lagging_member_is_not_counted_and_not_removed: three().at("node3", 5, 900, 900) =>
        "DegradedQuorumKept: refuse I-05";
    removed_by_its_own_log: three().failed("node2", &[LogSign::PermanentlyRemoved]) =>
        "DegradedQuorumKept: repair -etcd2 retire node2 +node2~ = node1,node3,node2 ?1";
    k_13_an_unstarted_leftover_is_repaired: three().unstarted("node4") =>
        "DegradedQuorumKept: repair -e4 +node4~ = node1,node2,node3,node4 ?1";
    an_unstarted_leftover_of_nobody_is_removed: three().unstarted("node4").unlisted("node4").dead("node4") =>
        "DegradedQuorumKept: repair -e4 = node1,node2,node3 ?1";

    // Declared is wrong, or not declared at all.
    undeclared_dead_is_added_with_a_question: three().dead("node3") =>
        "DegradedQuorumKept: repair -etcd3 = node1,node2 ?1";
    undeclared_dead_beside_a_declared_one: five().dead("node2").declared("node2").dead("node3") =>
        "DegradedQuorumKept: repair -etcd2,etcd3 = node1,node4,node5 ?1";
    declared_but_healthy_is_refused: three().declared("node2") => "Ok: refuse P07";
    moved_but_healthy_is_refused: three().moved("node2") => "Ok: refuse P07";
    declared_healthy_beside_an_undeclared_dead: three().declared("node2").dead("node3") =>
        "DegradedQuorumKept: refuse P07";
    declared_but_made_healthy_by_a_run_is_nothing_to_do: three().declared("node1").marked("node1") =>
        "Ok: nothing = node1,node2,node3";
    moved_but_made_healthy_by_a_run_stays: three().moved("node1").marked("node1") =>
        "Ok: nothing = node1,node2,node3";
    made_healthy_once_and_dead_again_is_removed:
        three().marked("node1").dead("node1").declared("node1") =>
        "DegradedQuorumKept: repair -etcd1 = node2,node3";
    made_healthy_once_and_trusted_to_be_broken_is_replaced:
        three().declared("node2").marked("node2").trust() =>
        "Ok: repair -etcd2 retire node2 +node2~ = node1,node3,node2 ?1";
    the_mark_of_one_does_not_speak_for_another:
        three().declared("node1").marked("node1").declared("node2") => "Ok: refuse P07";
    declared_and_trusted_is_replaced: three().declared("node2").trust() =>
        "Ok: repair -etcd2 retire node2 +node2~ = node1,node3,node2 ?1";
    moved_and_trusted_is_removed: three().moved("node2").trust() =>
        "Ok: repair -etcd2 retire node2 = node1,node3 ?1";
    i_05_trusted_away_to_one_would_stop_quorum_first:
        three().moved("node2").moved("node3").trust() => "Ok: refuse I-05";
    i_05_two_of_four_healthy_ones_are_not_stopped_together:
        lab(4).declared("node3").declared("node4").trust() => "Ok: refuse I-05";
    i_05_a_counted_member_is_not_stopped_beside_a_dead_one:
        three().dead("node2").declared("node2").alarm("node3", Alarm::NoSpace).declared("node3") =>
        "DegradedQuorumKept: refuse I-05";
    i_05_one_of_three_healthy_ones_may_be_stopped: three().declared("node3").trust() =>
        "Ok: repair -etcd3 retire node3 +node3~ = node1,node2,node3 ?1";
    i_05_two_of_five_healthy_ones_may_be_stopped: five().moved("node4").moved("node5").trust() =>
        "Ok: repair -etcd4,etcd5 retire node4,node5 = node1,node2,node3 ?2";
    a_dead_member_of_no_group_is_removed_with_a_question: three().dead("node3").unlisted("node3") =>
        "DegradedQuorumKept: repair -etcd3 = node1,node2 ?1";
    a_healthy_member_of_no_group_stays: three().unlisted("node3") =>
        "Ok: nothing = node1,node2,node3";

    // Growing.
    s_16_not_installed_hosts_are_no_members:
        five().fresh("node6").fresh("node7").fresh("node8").fresh("node9").fresh("node10") =>
        "DegradedQuorumKept: repair +node6~,node7~,node8~,node9~,node10~ = \
         node1,node2,node3,node4,node5,node6,node7,node8,node9,node10";
    s_16_not_installed_and_off: five().fresh("node6").dead("node6") =>
        "DegradedQuorumKept: nothing = node1,node2,node3,node4,node5";
    k_02_inventory_grown_to_five_with_one_dead:
        three().dead("node3").fresh("node4").fresh("node5").declared("node3") =>
        "DegradedQuorumKept: repair -etcd3 +node4~,node5~ = node1,node2,node4,node5";
    k_10_a_dead_member_does_not_keep_others_from_joining:
        three().dead("node2").declared("node2").fresh("node4") =>
        "DegradedQuorumKept: repair -etcd2 +node4~ = node1,node3,node4";
    k_12_joins_as_a_learner_on_3_4: lab(1).version("3.4.23").fresh("node2") =>
        "DegradedQuorumKept: repair +node2~ = node1,node2";
    k_12_joins_as_a_learner_on_3_6: lab(1).version("3.6.1").fresh("node2") =>
        "DegradedQuorumKept: repair +node2~ = node1,node2";
    a_started_learner_is_promoted: three().learner("node4") =>
        "DegradedQuorumKept: repair +node4~ = node1,node2,node3,node4";
    an_unstarted_learner_is_taken_up: three().unstarted_learner("node4") =>
        "DegradedQuorumKept: repair +node4~ = node1,node2,node3,node4";
    a_dead_learner_is_removed: three().learner("node4").dead("node4").moved("node4") =>
        "DegradedQuorumKept: repair -etcd4 = node1,node2,node3";
    a_fresh_host_with_foreign_data_joins_after_a_question:
        three().fresh("node4").etcd("node4", |etcd| {
            etcd.data.content = DataContent::Present { db_bytes: 1, revision: None };
        }) => "DegradedQuorumKept: repair retire node4 +node4~ = node1,node2,node3,node4 ?1";

    // Not reached, but there.
    s_19_serving_without_ssh_is_healthy: three().serving("node2") =>
        "Ok: nothing = node1,node2,node3";
    s_19_serving_without_ssh_counts_for_quorum: three().serving("node2").dead("node3").declared("node3") =>
        "DegradedQuorumKept: repair -etcd3 = node1,node2";
    s_19_serving_without_ssh_and_declared: three().serving("node2").declared("node2") =>
        "Ok: refuse P07";
    only_one_of_three_is_reached_and_all_serve: three().serving("node2").serving("node1") =>
        "Ok: nothing = node1,node2,node3";
    locked_but_serving_is_left_alone: three().locked("node2") => "Ok: nothing = node1,node2,node3";
    locked_but_serving_stops_a_repair: three().locked("node2").dead("node3").declared("node3") =>
        "DegradedQuorumKept: refuse I-02";
    locked_and_silent_is_never_dead: three().locked_and_dead("node2") =>
        "DegradedQuorumKept: refuse I-02";
    locked_and_declared_is_never_dead: three().locked_and_dead("node2").declared("node2") =>
        "DegradedQuorumKept: refuse I-02";
    a_locked_fresh_host_is_named: three().fresh("node4").locked_and_dead("node4") =>
        "DegradedQuorumKept: refuse I-02";

    // Scenario 26: the network is split.
    s_26_the_majority_has_the_say_and_nothing_changes: three().cut_off("node1") =>
        "SplitPartition: refuse I-05";
    s_26_cut_off_and_declared_is_removed: three().cut_off("node1").declared("node1") =>
        "DegradedQuorumKept: repair -etcd1 retire node1 +node1~ = node2,node3,node1";

    // The settings of every member name the membership.
    i_22_outdated_settings_are_converged:
        three().etcd("node2", |etcd| {
            etcd.config.as_mut().unwrap().initial_cluster = vec![("etcd2".into(), super::lab::peer(2))];
        }) => "Ok: repair = node1,node2,node3";
    i_22_a_dead_member_in_the_settings_is_converged:
        three().dead("node3").declared("node3").no_member("node3").etcd("node1", |etcd| {
            etcd.config.as_mut().unwrap().initial_cluster =
                (1..=3).map(|n| (format!("etcd{n}"), super::lab::peer(n))).collect();
        }) => "Ok: repair = node1,node2";
}
