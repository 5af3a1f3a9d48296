//! What must hold before a restore, and how it is done (P09, P10).

use super::cases;
use super::lab::{GIB, Lab, five, lab, three};
use super::{decision, refusal};
use crate::cluster::decision::Restore;
use crate::cluster::status::{EtcdHost, Tools};

/// One survivor, node1; the others are gone for good.
fn one_of_three() -> Lab {
    three().each(&["node2", "node3"], |lab, host| lab.dead(host).moved(host))
}

fn tools(etcd: &str, etcdctl: Option<&str>, etcdutl: Option<&str>) -> Tools {
    Tools {
        etcd: Some(etcd.into()),
        etcdctl: etcdctl.map(Into::into),
        etcdutl: etcdutl.map(Into::into),
    }
}

fn with_tools(etcd: &str, etcdctl: Option<&str>, etcdutl: Option<&str>) -> Lab {
    let tools = tools(etcd, etcdctl, etcdutl);
    one_of_three().version(etcd).etcd("node1", |host| host.tools = tools)
}

fn dirs(etcd: &mut EtcdHost, data: &str, wal: &str) {
    let config = etcd.config.as_mut().unwrap();
    (config.data_dir, config.wal_dir) = (data.into(), wal.into());
}

fn restored(lab: &Lab) -> Restore {
    decision(lab).etcd.restore.expect("must restore")
}

cases! {
    // Scenario 8 to 11: the snapshot.
    a_snapshot_is_restored_on_the_survivor_s_host: one_of_three().snapshot(1000) =>
        "QuorumLostSurvivor: restore on node1(snapshot) = node1 ?2";
    s_08_an_older_snapshot_asks_once_more: one_of_three().snapshot(400) =>
        "QuorumLostSurvivor: restore on node1(snapshot) = node1 ?3";
    s_08_a_newer_snapshot_does_not: one_of_three().snapshot(1600) =>
        "QuorumLostSurvivor: restore on node1(snapshot) = node1 ?2";
    s_09_a_snapshot_with_quorum_is_a_rollback: three().snapshot(400) => "Ok: refuse I-03";
    s_09_a_snapshot_with_quorum_and_a_dead_member:
        three().dead("node3").declared("node3").snapshot(400) => "DegradedQuorumKept: refuse I-03";
    a_snapshot_with_quorum_and_a_stopped_member: three().stopped("node3").snapshot(400) =>
        "DegradedQuorumKept: refuse I-03";
    a_snapshot_while_members_are_only_stopped:
        three().stopped("node2").stopped("node3").snapshot(400) =>
        "QuorumLostRecoverable: start node2,node3";
    a_snapshot_where_no_data_is_left:
        three().each(&["node1", "node2", "node3"], Lab::wiped).snapshot(400) =>
        "QuorumLostNoData: restore retire node2,node3 on node1(snapshot) +node2~,node3~ = \
         node1,node2,node3 ?1";
    a_snapshot_goes_to_a_host_that_is_not_declared:
        three().wiped("node1").declared("node1").dead("node2").declared("node2").wiped("node3")
            .snapshot(400) =>
        "QuorumLostNoData: restore retire node1 on node3(snapshot) +node1~ = node3,node1 ?2";
    a_snapshot_needs_a_host_with_the_tool:
        three().reinstalled("node1").dead("node2").declared("node2").wiped("node3").snapshot(400) =>
        "QuorumLostNoData: restore on node3(snapshot) +node1~ = node3,node1 ?2";
    a_snapshot_and_no_host_that_could_take_it:
        three().each(&["node1", "node2", "node3"], Lab::reinstalled).snapshot(400) =>
        "QuorumLostNoData: refuse P10";
    a_snapshot_does_not_make_unknown_known: three().dead("node2").dead("node3").snapshot(400) =>
        "Unknown: refuse I-02";
    s_10_a_copied_database_is_refused:
        one_of_three().snapshot(400).snapshot_file(|file| file.has_digest = false) =>
        "QuorumLostSurvivor: refuse I-14";
    a_snapshot_of_a_newer_minor_is_refused:
        one_of_three().snapshot(400).snapshot_file(|file| file.cluster_version = Some("3.5.0".into()))
        => "QuorumLostSurvivor: refuse I-11";
    a_snapshot_of_an_older_minor_is_refused:
        one_of_three().version("3.5.30").snapshot(400)
            .snapshot_file(|file| file.cluster_version = Some("3.4.0".into())) =>
        "QuorumLostSurvivor: refuse I-11";
    a_snapshot_of_another_patch_is_fine:
        one_of_three().version("3.5.30").snapshot(1000)
            .snapshot_file(|file| file.cluster_version = Some("3.5.2".into())) =>
        "QuorumLostSurvivor: restore on node1(snapshot) = node1 ?2";
    a_snapshot_that_names_no_version_asks:
        one_of_three().snapshot(1000).snapshot_file(|file| file.cluster_version = None) =>
        "QuorumLostSurvivor: restore on node1(snapshot) = node1 ?3";

    // The tool.
    s_11_no_etcdutl_on_3_6: with_tools("3.6.1", Some("3.6.1"), None) =>
        "QuorumLostSurvivor: refuse I-11";
    k_07_etcdctl_does_not_restore_on_3_6: with_tools("3.6.1", Some("3.6.1"), Some("3.5.30")) =>
        "QuorumLostSurvivor: refuse I-11";
    s_11_no_tool_at_all: with_tools("3.4.30", None, None) => "QuorumLostSurvivor: refuse I-11";
    s_11_etcdctl_of_another_minor: with_tools("3.5.30", Some("3.4.30"), None) =>
        "QuorumLostSurvivor: refuse I-11";
    s_11_etcdutl_of_another_minor: with_tools("3.4.30", None, Some("3.5.30")) =>
        "QuorumLostSurvivor: refuse I-11";
    etcdctl_restores_on_3_5_without_etcdutl: with_tools("3.5.30", Some("3.5.30"), None) =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";

    // I-10: room and writable disks.
    i_10_a_read_only_disk_is_refused:
        one_of_three().etcd("node1", |etcd| etcd.data.read_only = true) =>
        "QuorumLostSurvivor: refuse I-10";
    i_10_no_room_is_refused: one_of_three().etcd("node1", |etcd| etcd.data.free_bytes = GIB / 20) =>
        "QuorumLostSurvivor: refuse I-10";
    i_10_just_enough_room:
        one_of_three().etcd("node1", |etcd| etcd.data.free_bytes = 3 * (20 << 20)) =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";
    i_10_one_byte_too_few:
        one_of_three().etcd("node1", |etcd| etcd.data.free_bytes = 3 * (20 << 20) - 1) =>
        "QuorumLostSurvivor: refuse I-10";
    i_10_room_for_a_large_snapshot:
        one_of_three().snapshot(400).snapshot_file(|file| file.bytes = 4 * GIB) =>
        "QuorumLostSurvivor: refuse I-10";
    i_10_a_mount_point_is_fine: one_of_three().etcd("node1", |etcd| etcd.data.mount_point = true) =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";
    i_10_data_elsewhere_stops_a_restore: one_of_three().etcd("node1", |etcd| dirs(etcd, "/data/etcd", ""))
        => "QuorumLostSurvivor: refuse I-10";
    i_10_data_elsewhere_stops_a_repair:
        three().dead("node3").declared("node3").etcd("node2", |etcd| dirs(etcd, "/data/etcd", "")) =>
        "DegradedQuorumKept: refuse I-10";
    i_10_data_elsewhere_stops_a_start: three().stopped("node2").etcd("node2", |etcd| dirs(etcd, "/data", ""))
        => "DegradedQuorumKept: refuse I-10";
    i_10_data_elsewhere_does_not_matter_where_nothing_is_done:
        three().etcd("node2", |etcd| dirs(etcd, "/data/etcd", "")) => "Ok: nothing = node1,node2,node3";
    i_10_a_data_directory_that_is_not_named_is_where_the_inventory_says:
        one_of_three().etcd("node1", |etcd| dirs(etcd, "", "")) =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";
    i_10_a_write_ahead_log_elsewhere_is_refused:
        one_of_three().etcd("node1", |etcd| dirs(etcd, "/var/lib/etcd", "/var/lib/etcd-wal")) =>
        "QuorumLostSurvivor: refuse I-10";
    i_10_a_write_ahead_log_below_the_data_but_not_in_its_place_is_refused:
        one_of_three().etcd("node1", |etcd| dirs(etcd, "", "/var/lib/etcd/wal")) =>
        "QuorumLostSurvivor: refuse I-10";
    i_10_a_write_ahead_log_in_its_place_is_fine:
        one_of_three().etcd("node1", |etcd| dirs(etcd, "", "/var/lib/etcd/member/wal/")) =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";
    i_20_a_joiner_without_room_is_refused:
        one_of_three().fresh("node4").etcd("node4", |etcd| etcd.data.free_bytes = 1000) =>
        "QuorumLostSurvivor: refuse I-20";
    i_20_a_declared_joiner_without_room_is_left_out:
        one_of_three().fresh("node4").declared("node4")
            .etcd("node4", |etcd| etcd.data.free_bytes = 1000) =>
        "QuorumLostSurvivor: restore on node1() = node1 ?2";

    // I-19, I-20, I-28: certificates, programs, clocks.
    i_19_no_ca_key_is_refused: one_of_three().fresh("node4").etcd("node1", |etcd| etcd.has_ca_key = false)
        => "QuorumLostSurvivor: refuse I-19";
    i_19_no_ca_key_is_needed_when_nobody_joins: one_of_three().etcd("node1", |etcd| etcd.has_ca_key = false)
        => "QuorumLostSurvivor: restore on node1() = node1 ?2";
    i_19_no_ca_key_with_quorum_is_refused:
        three().fresh("node4").each(&["node1", "node2", "node3"], |lab, host| {
            lab.etcd(host, |etcd| etcd.has_ca_key = false)
        }) => "DegradedQuorumKept: refuse I-19";
    i_28_clocks_of_joiner_and_ca_differ: one_of_three().fresh("node4").clock("node4", 2001) =>
        "QuorumLostSurvivor: refuse I-28";
    i_28_two_seconds_are_accepted: one_of_three().fresh("node4").clock("node4", 2000) =>
        "QuorumLostSurvivor: restore on node1() +node4~ = node1,node4 ?2";
    i_28_our_own_clock_does_not_matter:
        one_of_three().fresh("node4").clock("node1", -90_000).clock("node4", -90_100) =>
        "QuorumLostSurvivor: restore on node1() +node4~ = node1,node4 ?2";
    i_28_with_quorum: three().dead("node3").moved("node3").fresh("node4").clock("node4", -5000) =>
        "DegradedQuorumKept: refuse I-28";
    i_28_no_certificate_no_matter: three().dead("node3").moved("node3").clock("node2", 60_000) =>
        "DegradedQuorumKept: repair -etcd3 = node1,node2";
}

#[test]
fn i_12_the_token_is_fresh_and_grows_no_tail() {
    assert_eq!(restored(&one_of_three()).token, "k8s_etcd-rr-RUN");
    let again = one_of_three().etcd("node1", |etcd| {
        etcd.config.as_mut().unwrap().token = "mine-rr-01AAA".into();
    });
    assert_eq!(restored(&again).token, "mine-rr-RUN");
    let none = one_of_three().etcd("node1", |etcd| etcd.config = None);
    assert_eq!(restored(&none).token, "k8s_etcd-rr-RUN");
}

#[test]
fn i_13_k_08_the_revision_is_bumped_where_the_tool_can() {
    for (version, bump) in [
        ("3.4.23", 0),
        ("3.4.26", 0),
        ("3.4.27", 1_000_000_000),
        ("3.5.9", 0),
        ("3.5.10", 1_000_000_000),
        ("3.5.16", 1_000_000_000),
        ("3.6.0", 1_000_000_000),
    ] {
        let decision = decision(&one_of_three().version(version));
        let restore = decision.etcd.restore.unwrap();
        assert_eq!(restore.bump_revision, bump, "{version}");
        assert_eq!(restore.revision_before, 1000, "{version}");
        let warned = decision.warnings.iter().any(|text| text.contains("(I-13)"));
        assert_eq!(warned, bump == 0, "{version}");
    }
}

#[test]
fn i_13_the_bump_makes_up_for_an_old_snapshot() {
    assert_eq!(restored(&one_of_three().snapshot(400)).bump_revision, 1_000_000_600);
    let old = decision(&one_of_three().version("3.4.23").snapshot(400));
    assert!(old.confirm.iter().any(|text| text.contains("goes back by 600")), "{:?}", old.confirm);
}

#[test]
fn i_11_the_tool_is_named_and_never_assumed() {
    assert_eq!(restored(&one_of_three().version("3.4.30")).tool, "etcdctl");
    assert_eq!(restored(&one_of_three().version("3.5.30")).tool, "etcdutl");
    assert_eq!(restored(&with_tools("3.5.30", Some("3.5.30"), None)).tool, "etcdctl");
    assert_eq!(restored(&with_tools("3.5.30", Some("3.5.30"), Some("3.6.0"))).tool, "etcdctl");
}

#[test]
fn i_10_the_room_is_twice_the_database_and_the_snapshot() {
    let database = 20 << 20;
    assert_eq!(restored(&one_of_three()).needs_free_bytes, 3 * database);
    let large = one_of_three().snapshot(400).snapshot_file(|file| file.bytes = GIB);
    assert_eq!(restored(&large).needs_free_bytes, 3 * GIB);
}

#[test]
fn i_09_learners_only_where_promotion_is_safe() {
    for (version, learner) in [
        ("3.3.27", false),
        ("3.4.0", true),
        ("3.4.23", true),
        ("3.5.0", true),
        ("3.5.1", false),
        ("3.5.16", false),
        ("3.5.25", false),
        ("3.5.26", true),
        ("3.6.0", true),
    ] {
        let lab = three().version(version).dead("node3").moved("node3").fresh("node4");
        let decision = decision(&lab);
        assert_eq!(decision.etcd.joining[0].learner, learner, "{version}");
        let warned = decision.warnings.iter().any(|text| text.contains("(I-09)"));
        assert_eq!(warned, !learner, "{version}");
        assert!(decision.etcd.promised.iter().all(|member| !member.learner), "{version}");
    }
}

#[test]
fn k_12_a_second_voter_without_learners_is_warned_of() {
    let warned = |lab: &Lab| {
        decision(lab).warnings.iter().any(|text| text.contains("no quorum until it is started"))
    };
    assert!(warned(&lab(1).version("3.5.16").fresh("node2")));
    assert!(warned(&one_of_three().version("3.5.16").fresh("node4")));
    assert!(!warned(&lab(1).version("3.4.23").fresh("node2")));
    assert!(!warned(&lab(2).version("3.5.16").fresh("node3")));
}

#[test]
fn i_18_k_14_certificates_are_forgotten_by_exact_name() {
    let ten = lab(10).dead("node1").moved("node1");
    assert_eq!(decision(&ten).etcd.forget_certificates_of, ["node1"]);
    let copied = lab(10).dead("node1").declared("node1");
    assert!(decision(&copied).etcd.forget_certificates_of.is_empty(), "it stays in etcd");
    assert_eq!(decision(&one_of_three()).etcd.forget_certificates_of, ["node2", "node3"]);
    assert!(decision(&three()).etcd.forget_certificates_of.is_empty());
}

#[test]
fn i_19_the_ca_is_found_wherever_it_is() {
    let only = three().dead("node3").moved("node3").fresh("node4").etcd("node1", |etcd| {
        etcd.has_ca_key = false;
    });
    assert_eq!(decision(&only).etcd.ca_host.as_deref(), Some("node2"));
    let on_a_broken_host = one_of_three()
        .fresh("node4")
        .etcd("node1", |etcd| etcd.has_ca_key = false)
        .etcd("node4", |etcd| etcd.has_ca_key = true);
    assert_eq!(decision(&on_a_broken_host).etcd.ca_host.as_deref(), Some("node4"));
}

#[test]
fn i_20_programs_come_from_a_host_that_has_them() {
    let lab = five().dead("node1").moved("node1").fresh("node6");
    let decision = decision(&lab);
    let from = decision.etcd.programs_from.unwrap();
    assert_ne!(from, "node6");
    assert_ne!(from, "node1");
}

#[test]
fn i_17_k_18_a_host_without_an_address_is_named() {
    let lab = three().fresh("node4");
    let mut wanted = lab.wanted();
    wanted.hosts[3].peer_url = String::new();
    wanted.hosts[3].client_url = String::new();
    let no = super::decide(&wanted, &lab.status()).unwrap_err();
    assert_eq!(no.rule, "I-20");
    assert!(no.reason.contains("node4"), "{}", no.reason);
}

#[test]
fn i_17_a_dead_host_without_an_address_is_found_by_its_name() {
    let lab = three().dead("node3").declared("node3");
    let mut wanted = lab.wanted();
    wanted.hosts[2].peer_url = String::new();
    wanted.hosts[2].client_url = String::new();
    let decision = super::decide(&wanted, &lab.status()).unwrap();
    assert_eq!(decision.etcd.dead[0].host.as_deref(), Some("node3"));
}

#[test]
fn i_17_a_default_name_does_not_make_a_fresh_host_the_dead_member() {
    let lab = three().dead("node3").unlisted("node3").fresh("node4");
    let mut wanted = lab.wanted();
    wanted.hosts[2].member_name = "etcd3".into();
    let decision = super::decide(&wanted, &lab.status()).unwrap();
    assert_eq!(decision.etcd.dead[0].host, None);
    assert_eq!(decision.etcd.joining[0].host, "node4");
    assert_eq!(decision.etcd.joining[0].name, "etcd3", "free again once the dead is removed");
}

#[test]
fn i_17_a_name_is_never_given_twice() {
    let lab = three().dead("node1").moved("node1").fresh("node4");
    let mut wanted = lab.wanted();
    let fresh = wanted.hosts.iter_mut().find(|host| host.host == "node4").unwrap();
    fresh.member_name = "etcd3".into();
    let decision = super::decide(&wanted, &lab.status()).unwrap();
    assert_eq!(decision.etcd.joining[0].name, "etcd1");
}

#[test]
fn a_name_in_use_wins_over_the_inventory_s() {
    let lab = one_of_three().etcd("node1", |etcd| {
        etcd.config.as_mut().unwrap().name = "other".into();
    });
    let mut wanted = lab.wanted();
    wanted.hosts[0].member_name = "etcd9".into();
    let decision = super::decide(&wanted, &lab.status()).unwrap();
    assert_eq!(decision.etcd.restore.unwrap().name, "etcd1", "as in the member list");
}

#[test]
fn a_survivor_under_a_new_address_is_restored_with_it() {
    let lab = one_of_three();
    let mut wanted = lab.wanted();
    wanted.hosts[0].peer_url = "https://10.9.9.9:2380".into();
    let decision = super::decide(&wanted, &lab.status()).unwrap();
    assert_eq!(decision.etcd.restore.unwrap().peer_url, "https://10.9.9.9:2380");
}

#[test]
fn i_24_the_loss_is_said_before_a_restore() {
    let own = decision(&one_of_three());
    assert!(own.confirm[0].contains("revision 1000 of node1"), "{:?}", own.confirm);
    let snapshot = decision(&one_of_three().snapshot(400));
    assert!(snapshot.confirm[0].contains("revision 400 of `backup.db`"), "{:?}", snapshot.confirm);
    assert!(snapshot.confirm[1].contains("600 revisions ahead"), "{:?}", snapshot.confirm);
}

#[test]
fn i_10_data_elsewhere_is_named_with_what_to_set() {
    let no = refusal(&one_of_three().etcd("node1", |etcd| dirs(etcd, "/data/etcd/", "")));
    let reason = "`node1` keeps etcd's data in `/data/etcd` (ETCD_DATA_DIR), the inventory says \
                  `/var/lib/etcd`";
    assert_eq!(no.reason, reason);
    assert!(no.way_out[0].contains("`etcd_data_dir: /data/etcd`"), "{:?}", no.way_out);
}

#[test]
fn i_14_i_24_that_a_snapshot_is_of_this_cluster_was_not_checked_and_is_said() {
    let said = |lab: &Lab| decision(lab).confirm[0].contains("it was not checked that `backup.db`");
    assert!(said(&one_of_three().snapshot(400)));
    assert!(!said(&one_of_three()));
}

#[test]
fn i_02_i_24_declared_hosts_that_were_not_seen_are_a_question() {
    let asked =
        |lab: &Lab| decision(lab).confirm.into_iter().find(|text| text.contains("not seen"));
    let two = "node2, node3 were not seen and are taken for off because they are in `broken_etcd`; \
               if they still serve clients, there will be two clusters";
    assert_eq!(asked(&one_of_three()).as_deref(), Some(two));
    let one = three().dead("node2").moved("node2").reinstalled("node3").declared("node3");
    let one = asked(&one).unwrap();
    assert!(one.starts_with("node2 was not seen and is taken for off"), "{one}");
    let seen = three().each(&["node2", "node3"], |lab, host| lab.reinstalled(host).declared(host));
    assert_eq!(asked(&seen), None);
    assert_eq!(asked(&one_of_three().fenced(&["node2", "node3"])), None, "certified already");
}

#[test]
fn i_13_every_restore_says_what_to_restart_afterwards() {
    let said = |lab: &Lab| {
        let warnings = decision(lab).warnings;
        warnings.iter().any(|text| text.contains("restart kube-apiserver, kube-controller-manager"))
    };
    assert!(said(&one_of_three()));
    assert!(said(&one_of_three().snapshot(400)));
    assert!(!said(&three().dead("node3").moved("node3")), "a repair keeps the cluster");
}

#[test]
fn i_15_a_stopped_survivor_that_is_ahead_of_a_living_one_is_a_question_with_both_numbers() {
    let lost = five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).moved(host));
    let ahead = decision(&lost.clone().stopped_at("node5", 1200));
    assert!(ahead.confirm[0].contains("after revision 1200"), "{:?}", ahead.confirm);
    let asked = &ahead.confirm[1];
    assert!(asked.contains("node4 answers and node5 does not"), "{asked}");
    assert!(asked.contains("revision 1000, 200 revisions behind node5 at 1200"), "{asked}");
    assert_eq!(ahead.etcd.restore.unwrap().revision_before, 1200);

    let behind = decision(&lost.stopped_at("node5", 900));
    assert!(behind.confirm[0].contains("revision 1000 of node4"), "{:?}", behind.confirm);
    let warned = behind.warnings.join("\n");
    assert!(warned.contains("node5 is at revision 900, 100 revisions behind node4 at 1000"));
}

#[test]
fn i_13_the_bump_makes_up_for_what_only_stopped_data_has() {
    let stopped = one_of_three().stopped_at("node1", 1000);
    assert_eq!(restored(&stopped).revision_before, 1000);
    assert_eq!(restored(&stopped).bump_revision, 1_000_000_000);
    assert_eq!(restored(&stopped.snapshot(400)).bump_revision, 1_000_000_600);
}

#[test]
fn i_02_the_refusal_names_the_hosts_and_what_to_type() {
    let no = refusal(&three().dead("node2").dead("node3").fenced(&["node2"]));
    assert_eq!(no.reason, "node3 could not be looked at, and unknown is not lost");
    let ways = no.way_out.join("\n");
    assert!(ways.contains("`-e rr_fence_confirmed=node2,node3`"), "{ways}");
}
