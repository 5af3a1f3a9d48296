//! Quorum is lost: started again, refused, or restored from what is best (P09).

use super::cases;
use super::lab::{Lab, five, lab, three};
use crate::cluster::status::{DataContent, LogSign, Unit};

/// One survivor, node1; the others are gone for good.
fn one_of_three() -> Lab {
    three().each(&["node2", "node3"], |lab, host| lab.dead(host).declared(host))
}

/// Two survivors, node4 and node5; the others are gone for good.
fn two_of_five() -> Lab {
    five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
}

cases! {
    // Scenario 5: merely stopped is no disaster.
    s_05_two_of_three_stopped_are_started: three().stopped("node2").stopped("node3") =>
        "QuorumLostRecoverable: start node2,node3";
    s_05_all_three_stopped: three().each(&["node1", "node2", "node3"], Lab::stopped) =>
        "QuorumLostRecoverable: start node1,node2,node3";
    s_05_stopped_and_declared_are_started_all_the_same:
        three().each(&["node2", "node3"], |lab, host| lab.stopped(host).declared(host)) =>
        "QuorumLostRecoverable: start node2,node3";
    s_05_stopped_and_moved_are_started_all_the_same:
        three().each(&["node2", "node3"], |lab, host| lab.stopped(host).moved(host)) =>
        "QuorumLostRecoverable: start node2,node3";
    s_05_the_undeclared_one_suffices: three().stopped("node2").stopped("node3").declared("node3") =>
        "QuorumLostRecoverable: start node2";
    s_05_two_stopped_one_dead_undeclared: three().stopped("node1").stopped("node2").dead("node3") =>
        "QuorumLostRecoverable: start node1,node2";
    s_05_one_stopped_one_dead: three().stopped("node2").dead("node3").declared("node3") =>
        "QuorumLostRecoverable: start node2";
    s_05_failed_without_reason: three().failed("node2", &[]).failed("node3", &[]) =>
        "QuorumLostRecoverable: start node2,node3";
    s_05_three_of_five_stopped: five().each(&["node1", "node3", "node5"], Lab::stopped) =>
        "QuorumLostRecoverable: start node1,node3,node5";
    s_05_quorum_came_back_and_the_declared_one_stays:
        three().declared("node2").declared("node3").started(&["node2", "node3"]) =>
        "Ok: nothing = node1,node2,node3";
    a_single_stopped_member_is_started: lab(1).stopped("node1") =>
        "QuorumLostRecoverable: start node1";
    started_in_vain_is_given_up_only_when_declared:
        three().failed("node2", &[]).started(&["node2"]).dead("node3").declared("node3") =>
        "QuorumLostRecoverable: refuse I-03";
    started_in_vain_and_declared:
        three().failed("node2", &[]).started(&["node2"]).declared("node2").dead("node3").declared("node3")
        => "QuorumLostSurvivor: restore retire node2 on node1() +node2~ = node1,node2 ?3";
    locked_beside_a_stopped_one_that_suffices: three().stopped("node2").locked_and_dead("node3") =>
        "QuorumLostRecoverable: start node2";

    // Fixing brings it back.
    full_disks_are_freed_first:
        three().failed("node2", &[LogSign::NoSpace]).failed("node3", &[LogSign::NoSpace]) =>
        "QuorumLostRecoverable: refuse I-03";
    expired_certificates_are_renewed_first:
        three().each(&["node1", "node2", "node3"], |lab, host| {
            lab.hanging(host, &[LogSign::CertificateExpired])
        }) => "QuorumLostRecoverable: refuse I-03";
    one_stopped_and_one_with_a_full_disk_of_five:
        five().stopped("node2").failed("node3", &[LogSign::NoSpace]).dead("node4").dead("node5")
        => "QuorumLostRecoverable: refuse I-03";
    a_hanging_member_is_looked_at_first: three().hanging("node2", &[]).dead("node3").declared("node3") =>
        "QuorumLostRecoverable: refuse I-03";
    a_vanished_service_with_its_data_is_no_loss:
        three().failed("node2", &[]).etcd("node2", |etcd| etcd.unit = Unit::Absent).dead("node3")
            .declared("node3") => "QuorumLostRecoverable: refuse I-03";

    // Quorum may be there.
    enough_run_but_do_not_hear_each_other:
        three().cut_off("node1").cut_off("node2").cut_off("node3") => "SplitPartition: refuse I-03";
    two_of_three_run_apart: three().cut_off("node1").cut_off("node2").dead("node3").declared("node3") =>
        "SplitPartition: refuse I-03";
    a_leader_without_a_read_is_not_lost: three().no_read() => "SplitPartition: refuse I-03";
    a_leader_without_a_read_and_a_snapshot: three().no_read().snapshot(500) =>
        "SplitPartition: refuse I-03";

    // Unknown is not lost.
    i_02_one_of_two_unseen: three().dead("node2").declared("node2").dead("node3") =>
        "Unknown: refuse I-02";
    i_02_both_unseen: three().dead("node2").dead("node3") => "Unknown: refuse I-02";
    i_02_none_seen: three().each(&["node1", "node2", "node3"], Lab::dead) =>
        "Unknown: refuse I-02";
    i_02_none_seen_and_all_declared:
        three().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host)) =>
        "Unknown: refuse I-02";
    i_02_none_seen_and_all_fenced:
        three().each(&["node1", "node2", "node3"], Lab::dead)
            .fenced(&["node1", "node2", "node3"]) => "Unknown: refuse I-02";
    i_02_one_is_fenced_one_is_not: three().dead("node2").dead("node3").fenced(&["node2"]) =>
        "Unknown: refuse I-02";
    i_02_fenced_by_another_name_is_not_fenced:
        three().dead("node2").dead("node3").fenced(&["node2", "node30"]) => "Unknown: refuse I-02";
    i_02_a_declared_survivor_is_unseen:
        five().each(&["node3", "node4"], |lab, host| lab.dead(host).declared(host)).dead("node5")
        => "Unknown: refuse I-02";
    i_02_all_unseen_are_fenced: three().dead("node2").dead("node3").fenced(&["node2", "node3"]) =>
        "QuorumLostSurvivor: restore on node1() = node1 ?1";
    i_02_one_declared_one_fenced:
        three().dead("node2").declared("node2").dead("node3").fenced(&["node3"]) =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";
    i_02_a_fenced_host_that_answers:
        three().wiped("node2").declared("node2").dead("node3").fenced(&["node2", "node3"]) =>
        "QuorumLostSurvivor: refuse I-02";
    i_02_a_member_of_no_group_is_unseen:
        three().dead("node2").declared("node2").dead("node3").unlisted("node3") =>
        "Unknown: refuse I-02";
    i_02_locked_is_never_lost: three().dead("node2").declared("node2").locked_and_dead("node3") =>
        "Unknown: refuse I-02";
    i_02_locked_and_declared: three().dead("node2").declared("node2").locked_and_dead("node3").declared("node3")
        => "Unknown: refuse I-02";
    i_02_locked_and_fenced:
        three().dead("node2").declared("node2").locked_and_dead("node3").fenced(&["node3"]) =>
        "Unknown: refuse I-02";
    i_02_without_a_member_list_every_wanted_host_counts:
        three().stopped("node1").started(&["node1"]).each(&["node2", "node3"], |lab, host| {
            lab.dead(host).declared(host)
        }).fresh("node4").dead("node4") => "Unknown: refuse I-02";
    i_16_alive_without_ssh_cannot_be_declared_away:
        five().each(&["node3", "node4", "node5"], |lab, host| lab.dead(host).declared(host))
            .serving("node2").declared("node2") => "QuorumLostSurvivor: refuse I-16";

    // Scenario 6: gone for good.
    s_06_two_of_three_dead_copied:
        three().each(&["node2", "node3"], |lab, host| lab.dead(host).declared(host)) =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";
    s_06_two_of_three_dead_moved:
        three().each(&["node2", "node3"], |lab, host| lab.dead(host).moved(host)) =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";
    s_06_survivor_is_last:
        three().each(&["node1", "node2"], |lab, host| lab.dead(host).declared(host)) =>
        "QuorumLostSurvivor: restore on node3() = node3 ?2";
    s_06_grown_back_on_fresh_hosts:
        three().each(&["node2", "node3"], |lab, host| lab.dead(host).moved(host))
            .fresh("node4").fresh("node5") =>
        "QuorumLostSurvivor: restore on node1() +node4~,node5~ = node1,node4,node5 ?2";
    s_06_grown_back_under_the_same_names:
        three().each(&["node2", "node3"], |lab, host| lab.reinstalled(host).declared(host)) =>
        "QuorumLostSurvivor: restore on node1() +node2~,node3~ = node1,node2,node3 ?1";
    s_06_reinstalled_and_not_declared_was_seen:
        three().each(&["node2", "node3"], Lab::reinstalled) =>
        "QuorumLostSurvivor: restore on node1() +node2~,node3~ = node1,node2,node3 ?1";
    s_06_wiped_hosts_are_retired_and_join:
        three().each(&["node1", "node2"], Lab::wiped) =>
        "QuorumLostSurvivor: restore retire node1,node2 on node3() +node1~,node2~ = \
         node3,node1,node2 ?1";
    s_06_corrupt_members_are_no_survivors:
        three().each(&["node1", "node2"], |lab, host| lab.failed(host, &[LogSign::Corrupt])) =>
        "QuorumLostSurvivor: restore retire node1,node2 on node3() +node1~,node2~ = \
         node3,node1,node2 ?1";
    s_06_one_of_two_dead: lab(2).dead("node1").declared("node1") =>
        "QuorumLostSurvivor: restore on node2() = node2 ?2";
    five_with_three_dead:
        five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host)) =>
        "QuorumLostSurvivor: restore retire node5 on node4() +node5~ = node4,node5 ?2";
    five_with_four_dead:
        five().each(&["node1", "node2", "node3", "node5"], |lab, host| lab.dead(host).moved(host)) =>
        "QuorumLostSurvivor: restore on node4() = node4 ?2";
    s_15_two_of_four_is_no_quorum:
        lab(4).each(&["node1", "node2"], |lab, host| lab.dead(host).declared(host)) =>
        "QuorumLostSurvivor: restore retire node4 on node3() +node4~ = node3,node4 ?2";
    three_of_six_is_no_quorum:
        lab(6).each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host)) =>
        "QuorumLostSurvivor: restore retire node5,node6 on node4() +node5~,node6~ = \
         node4,node5,node6 ?2";
    k_03_a_bare_first_host_is_no_sign_of_quorum:
        three().reinstalled("node1").each(&["node2"], |lab, host| lab.dead(host).declared(host)) =>
        "QuorumLostSurvivor: restore on node3() +node1~ = node3,node1 ?2";
    a_removed_member_s_old_data_is_no_survivor:
        lab(4).no_member("node4").stopped("node4").each(&["node2", "node3"], |lab, host| {
            lab.dead(host).declared(host)
        }) => "QuorumLostSurvivor: restore retire node4 on node1() +node4~ = node1,node4 ?2";

    // Scenario 7 and I-15: the most advanced, wherever it stands.
    i_15_the_most_advanced_is_last:
        five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
            .at("node5", 5, 2001, 1001) =>
        "QuorumLostSurvivor: restore retire node4 on node5() +node4~ = node5,node4 ?2";
    i_15_the_term_goes_before_the_index:
        five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
            .at("node4", 6, 1990, 990).at("node5", 5, 2001, 1001) =>
        "QuorumLostSurvivor: restore retire node5 on node4() +node5~ = node4,node5 ?3";
    i_15_the_index_goes_before_the_revision:
        five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
            .at("node4", 5, 2000, 1002).at("node5", 5, 2001, 1001) =>
        "QuorumLostSurvivor: restore retire node4 on node5() +node4~ = node5,node4 ?3";
    i_15_the_revision_decides_between_equals:
        five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
            .at("node5", 5, 2000, 1001) =>
        "QuorumLostSurvivor: restore retire node4 on node5() +node4~ = node5,node4 ?2";
    i_15_a_stopped_survivor_that_cannot_be_read_is_not_started: two_of_five().stopped("node5") =>
        "QuorumLostSurvivor: restore retire node5 on node4() +node5~ = node4,node5 ?3";
    i_15_a_stopped_survivor_that_is_behind: two_of_five().stopped_at("node4", 900) =>
        "QuorumLostSurvivor: restore retire node4 on node5() +node4~ = node5,node4 ?2";
    i_15_a_stopped_survivor_that_is_level: two_of_five().stopped_at("node4", 1000) =>
        "QuorumLostSurvivor: restore retire node4 on node5() +node4~ = node5,node4 ?2";
    i_15_a_stopped_survivor_that_is_ahead_goes_first: two_of_five().stopped_at("node5", 1001) =>
        "QuorumLostSurvivor: restore retire node4 on node5() +node4~ = node5,node4 ?3";
    i_15_a_declared_stopped_survivor_that_is_ahead_does_not:
        two_of_five().stopped_at("node5", 1001).declared("node5") =>
        "QuorumLostSurvivor: restore retire node5 on node4() +node5~ = node4,node5 ?3";
    i_15_of_two_stopped_the_one_that_is_ahead:
        two_of_five().stopped_at("node4", 900).stopped_at("node5", 901) =>
        "QuorumLostSurvivor: restore retire node4 on node5() +node4~ = node5,node4 ?2";
    i_15_of_two_stopped_the_one_that_can_be_read:
        two_of_five().stopped("node4").stopped_at("node5", 901) =>
        "QuorumLostSurvivor: restore retire node4 on node5() +node4~ = node5,node4 ?3";
    i_15_of_two_stopped_that_cannot_be_read_the_larger:
        two_of_five().stopped("node4").stopped("node5").etcd("node5", |etcd| {
            etcd.data.content = DataContent::Present { db_bytes: 21 << 20, revision: None };
        }) => "QuorumLostSurvivor: restore retire node4 on node5() +node4~ = node5,node4 ?3";
    i_15_of_two_ahead_the_foremost:
        lab(7).each(&["node1", "node2", "node3", "node4"], |lab, host| lab.dead(host).moved(host))
            .stopped_at("node6", 1002).stopped_at("node7", 1003) =>
        "QuorumLostSurvivor: restore retire node5,node6 on node7() +node5~,node6~ = \
         node7,node5,node6 ?3";
    i_15_the_only_survivor_is_stopped: one_of_three().stopped("node1") =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";
    a_survivor_that_was_started_in_vain_is_restored_from: one_of_three().hanging("node1", &[]) =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";
    a_survivor_that_runs_in_vain_beside_one_that_answers: two_of_five().hanging("node4", &[]) =>
        "QuorumLostSurvivor: restore retire node4 on node5() +node4~ = node5,node4 ?3";
    a_survivor_that_is_corrupt_by_its_log_is_none:
        one_of_three().hanging("node1", &[LogSign::Corrupt]) => "QuorumLostNoData: refuse P10";
    i_15_an_answering_survivor_goes_before_one_that_cannot_be_read:
        five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
            .failed("node4", &[]).started(&["node4"]) =>
        "QuorumLostSurvivor: restore retire node4 on node5() +node4~ = node5,node4 ?3";
    s_07_a_declared_survivor_is_not_taken_while_there_is_another:
        five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
            .declared("node5").at("node5", 5, 2600, 1600) =>
        "QuorumLostSurvivor: restore retire node5 on node4() +node5~ = node4,node5 ?3";
    a_declared_survivor_is_taken_when_it_is_the_only_one:
        three().dead("node2").declared("node2").reinstalled("node3").declared("node1") =>
        "QuorumLostSurvivor: restore on node1() +node3~ = node1,node3 ?3";
    a_declared_stopped_survivor_is_taken_when_it_is_the_only_one:
        three().dead("node2").declared("node2").reinstalled("node3").declared("node1").stopped("node1")
        => "QuorumLostSurvivor: restore on node1() +node3~ = node1,node3 ?3";
    a_declared_stopped_one_is_not_started_beside_a_survivor:
        five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
            .declared("node5").stopped("node5") =>
        "QuorumLostSurvivor: restore retire node5 on node4() +node5~ = node4,node5 ?3";
    an_unreadable_survivor_alone_is_restored_from_its_files:
        three().each(&["node2", "node3"], |lab, host| lab.dead(host).declared(host))
            .failed("node1", &[]).started(&["node1"]) =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";

    // Nothing is left.
    no_data_on_any_host: three().each(&["node1", "node2", "node3"], Lab::wiped) =>
        "QuorumLostNoData: refuse P10";
    damaged_everywhere:
        three().each(&["node1", "node2", "node3"], |lab, host| {
            lab.failed(host, &[]).etcd(host, |etcd| {
                etcd.data.content = DataContent::Damaged { reason: "no db".into() };
            })
        }) => "QuorumLostNoData: refuse P10";
    an_empty_inventory_decides_nothing: lab(0) => "Unknown: refuse I-02";
}
