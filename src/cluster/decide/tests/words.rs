//! What a diagnosis says, and how a decision looks to a playbook.

use super::lab::{Lab, five, three};
use super::{decision, refusal};
use crate::cluster::assess::assess;
use crate::cluster::decision::{Diagnosis, MemberVerdict};
use crate::cluster::status::{Alarm, LogSign, Reach};

fn diagnosis(lab: &Lab) -> Diagnosis {
    assess(&lab.wanted(), &lab.status())
}

fn verdict(lab: &Lab, host: &str) -> MemberVerdict {
    let findings = diagnosis(lab).findings;
    let finding = findings.iter().find(|finding| finding.host.as_deref() == Some(host)).unwrap();
    assert!(!finding.reasons.is_empty(), "{finding:?}");
    finding.verdict
}

#[test]
fn each_member_is_judged_by_what_was_seen() {
    use MemberVerdict as Is;
    for (name, lab, expected) in [
        ("healthy", three(), Is::Healthy),
        ("dead", three().dead("node2"), Is::HostDown),
        ("stopped", three().stopped("node2"), Is::EtcdDown),
        ("wiped", three().wiped("node2"), Is::StorageLost),
        ("reinstalled", three().reinstalled("node2"), Is::StorageLost),
        ("serving", three().serving("node2"), Is::ServingWithoutSsh),
        ("locked but serving", three().locked("node2"), Is::ServingWithoutSsh),
        ("locked", three().locked_and_dead("node2"), Is::Denied),
        ("cut off", three().cut_off("node2"), Is::NoQuorumSurvivor),
        ("corrupt", three().failed("node2", &[LogSign::Corrupt]), Is::Corrupt),
        ("corrupt by alarm", three().alarm("node2", Alarm::Corrupt), Is::Corrupt),
        ("no space", three().failed("node2", &[LogSign::NoSpace]), Is::NoSpace),
        ("no space by alarm", three().alarm("node2", Alarm::NoSpace), Is::NoSpace),
        ("expired", three().hanging("node2", &[LogSign::CertificateExpired]), Is::CertExpired),
        ("refused", three().hanging("node2", &[LogSign::CertificateRefused]), Is::CertMismatch),
        ("clock", three().hanging("node2", &[]).clock("node2", 5000), Is::ClockSkew),
        ("hanging", three().hanging("node2", &[]), Is::Unknown),
        ("removed", three().failed("node2", &[LogSign::PermanentlyRemoved]), Is::ForeignCluster),
        ("no member", three().reinstalled("node2").no_member("node2"), Is::NotAMember),
        ("old member", three().restored_on("node1").straggler("node2"), Is::ForeignCluster),
    ] {
        assert_eq!(verdict(&lab, "node2"), expected, "{name}");
    }
    assert_eq!(verdict(&three().learner("node4"), "node4"), MemberVerdict::Learner);
    assert_eq!(verdict(&three().unstarted("node4"), "node4"), MemberVerdict::Unstarted);
    assert_eq!(verdict(&three().fresh("node4"), "node4"), MemberVerdict::NotAMember);
}

#[test]
fn a_healthy_member_with_a_wrong_clock_is_healthy_and_said_so() {
    let findings = diagnosis(&three().clock("node2", -3000)).findings;
    assert_eq!(findings[1].verdict, MemberVerdict::Healthy);
    assert!(findings[1].reasons[1].contains("clock"), "{:?}", findings[1].reasons);
}

#[test]
fn the_sentence_says_it_all() {
    for (lab, sentence) in [
        (three(), "etcd is healthy: 3 of 3 voters healthy, 2 needed"),
        (
            three().declared("node2"),
            "etcd is healthy: 3 of 3 voters healthy, 2 needed, although node2 is declared broken",
        ),
        (
            three().dead("node3").fresh("node4"),
            "etcd has quorum (2 of 3 voters healthy, 2 needed), but is not whole: node3, node4",
        ),
        (
            three().stopped("node2").stopped("node3"),
            "quorum is lost (0 of 3 voters healthy, 2 needed), but only because members are \
             not up: starting node2, node3 brings it back",
        ),
        (
            five().each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host)),
            "quorum is lost for good (0 of 5 voters healthy, 3 needed); there is data on node4, \
             node5",
        ),
        (
            three().each(&["node1", "node2", "node3"], Lab::wiped),
            "quorum is lost for good (0 of 3 voters healthy, 2 needed), and there is no data on \
             any host",
        ),
        (
            three().dead("node2").dead("node3"),
            "quorum is not seen (0 of 3 voters healthy, 2 needed); node2, node3 could not be \
             looked at",
        ),
        (
            three().cut_off("node1"),
            "etcd has quorum (2 of 3 voters healthy, 2 needed), but node1 runs and does not see \
             it: the network is split",
        ),
        (
            three().restored_on("node1").straggler("node2").straggler("node3"),
            "two etcd clusters have quorum side by side",
        ),
    ] {
        assert_eq!(diagnosis(&lab).sentence, sentence);
    }
}

#[test]
fn what_to_type_next_is_said() {
    const PLAY: &str = "rrecover play recover-control-plane";
    for (lab, next) in [
        (three(), "nothing: all is well".to_owned()),
        (three().dead("node3"), PLAY.to_owned()),
        (three().stopped("node2").stopped("node3"), PLAY.to_owned()),
        (
            three().each(&["node1", "node2", "node3"], Lab::wiped),
            format!("{PLAY} -e etcd_snapshot=FILE"),
        ),
        (
            three().dead("node2").dead("node3"),
            format!("if they are certainly powered off: {PLAY} -e rr_fence_confirmed=node2,node3"),
        ),
        (
            three().dead("node2").declared("node2").locked_and_dead("node3"),
            "restore access to node3, then `rrecover diagnose`".to_owned(),
        ),
        (
            three().each(&["node1", "node2", "node3"], Lab::dead),
            "restore SSH access to the etcd hosts, then `rrecover diagnose`".to_owned(),
        ),
    ] {
        assert_eq!(diagnosis(&lab).next, next);
    }
}

#[test]
fn a_diagnosis_has_the_cluster_s_facts() {
    let seen = diagnosis(&three().at("node2", 5, 2000, 1003));
    assert_eq!(seen.cluster_id.as_deref(), Some("aaaa"));
    assert_eq!(seen.leader.as_deref(), Some("node1"));
    assert_eq!(seen.revision, Some(1003));
    assert_eq!(seen.version.as_deref(), Some("3.4.30"));
    assert_eq!(seen.findings.len(), 3);
    assert_eq!(seen.findings[0].id.as_deref(), Some("e1"));
    let lost = diagnosis(&three().dead("node2").dead("node3"));
    assert_eq!(lost.leader, None);
}

#[test]
fn i_02_without_a_list_from_a_member_the_settings_name_the_members() {
    let lab =
        three().no_list().each(&["node2", "node3"], |lab, host| lab.dead(host).declared(host));
    let seen = diagnosis(&lab);
    assert_eq!(seen.quorum.voters, 3);
    assert!(!seen.quorum.present);
}

#[test]
fn i_15_survivors_that_differ_are_compared_in_words() {
    let lab = five()
        .each(&["node1", "node2", "node3"], |lab, host| lab.dead(host).declared(host))
        .at("node5", 5, 2400, 1400);
    let warnings = decision(&lab).warnings.join("\n");
    assert!(
        warnings.contains("node4 is at revision 1000, 400 revisions behind node5"),
        "{warnings}"
    );
    let declared = decision(&lab.declared("node5")).confirm.join("\n");
    assert!(
        declared.contains("node5 is at revision 1400, 400 revisions ahead of node4"),
        "{declared}"
    );
}

#[test]
fn i_08_an_even_number_of_members_is_warned_of_and_never_refused() {
    let warned = |lab: &Lab| decision(lab).warnings.iter().any(|text| text.contains("(I-08)"));
    assert!(warned(&three().dead("node3").declared("node3")));
    assert!(!warned(&three().dead("node3").moved("node3").fresh("node4")));
    assert!(!warned(&three()));
}

#[test]
fn a_refusal_names_what_was_seen_and_the_fix() {
    let no = refusal(&three().declared("node2"));
    assert_eq!(no.reason, "node2 is declared broken, but its member is healthy");
    assert_eq!(no.evidence, ["node2: answers at revision 1000, follows leader e1"]);
    assert!(no.way_out[1].contains("`-e trust_declared=true`"), "{:?}", no.way_out);

    let no = refusal(&three().locked_and_dead("node2"));
    assert!(no.evidence[0].contains("the host key has changed"), "{:?}", no.evidence);
    assert!(no.way_out[0].contains("fix the access to node2"), "{:?}", no.way_out);

    let no = refusal(&three().alarm("node2", Alarm::NoSpace));
    assert!(no.way_out[0].contains("etcdctl alarm disarm"), "{:?}", no.way_out);
}

#[test]
fn a_declared_member_that_a_run_made_healthy_is_named_with_the_run() {
    let warnings = decision(&three().declared("node1").marked("node1")).warnings.join("\n");
    assert!(warnings.contains("but run OLD made it healthy"), "{warnings}");
    assert!(warnings.contains("take it out of `broken_etcd`"), "{warnings}");
}

#[test]
fn a_dead_host_that_is_removed_is_warned_of_coming_back() {
    let warnings = decision(&three().dead("node3").declared("node3")).warnings.join("\n");
    assert!(warnings.contains("must be removed before it comes back"), "{warnings}");
}

#[test]
fn an_undeclared_removal_is_a_question_with_the_evidence() {
    let confirm = decision(&three().dead("node3")).confirm;
    assert!(confirm[0].contains("e3 of node3, which is not declared broken"), "{confirm:?}");
    assert!(confirm[0].contains("timed out"), "{confirm:?}");
}

#[test]
fn playbooks_read_the_decision_by_these_names() {
    let lab = three().dead("node3").moved("node3").fresh("node4");
    let etcd = serde_json::to_value(decision(&lab).etcd).unwrap();
    assert_eq!(etcd["action"], "repair");
    assert_eq!(etcd["quorum"]["present"], true);
    assert_eq!(etcd["coordinator"], "node2");
    assert_eq!(etcd["dead"][0]["id"], "e3");
    assert_eq!(etcd["dead"][0]["host"], "node3");
    assert_eq!(etcd["joining"][0]["peer_url"], "https://10.0.0.4:2380");
    assert_eq!(etcd["joining"][0]["learner"], true);
    assert_eq!(etcd["forget_certificates_of"][0], "node3");
    assert_eq!(etcd["restore"], serde_json::Value::Null);
}

#[test]
fn i_02_a_member_whose_etcd_was_not_looked_at_is_not_lost() {
    let lab = three().dead("node2").declared("node2").wiped("node3");
    let mut status = lab.status();
    status.hosts["node3"].etcd = None;
    let no = super::decide(&lab.wanted(), &status).unwrap_err();
    assert_eq!(no.rule, "I-02");
    assert!(no.reason.contains("node3"), "{}", no.reason);
}

#[test]
fn a_host_that_was_not_looked_at_is_down() {
    let lab = three();
    let mut status = lab.status();
    status.hosts.shift_remove("node3");
    for host in status.hosts.values_mut() {
        let etcd = host.etcd.as_mut().unwrap();
        etcd.peer_views.retain(|url, _| !url.contains("10.0.0.3"));
    }
    assert!(status.hosts.values().all(|host| host.reach == Reach::Reached));
    let seen = assess(&lab.wanted(), &status);
    assert_eq!(seen.findings[2].verdict, MemberVerdict::HostDown);
    assert_eq!(seen.quorum.healthy, 2);
}
