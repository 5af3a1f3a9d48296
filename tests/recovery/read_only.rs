//! `diagnose`, `plan` and `--check` write nothing, shown by a full listing of every host.

use super::on_both_versions;
use super::rehearsal::Rehearsal;
use rrecover::lab::EtcdVersion;

on_both_versions!(looking_changes_nothing);

async fn looking_changes_nothing(version: EtcdVersion) {
    let mut lab = Rehearsal::three("look", version).await;
    lab.replace("node2").await.unwrap();
    lab.replace("node3").await.unwrap();
    lab.groups(&["node1", "node2", "node3"], &["node2", "node3"]);
    let all = ["node1", "node2", "node3"];
    let before = lab.listing(&all).await;

    lab.rrecover(&["diagnose"]).exits(0).says("quorum");
    lab.rrecover(&["diagnose", "--output", "json"]).exits(0).says("quorum_lost_survivor");
    lab.rrecover(&["plan", "recover-control-plane"]).exits(0).says("snapshot restore");
    let plan = lab.rrecover(&["plan", "recover-control-plane", "--output", "json"]).exits(0);
    for line in plan.stdout.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(event["event"].is_string(), "{line}");
    }
    lab.rrecover(&["play", "recover-control-plane", "--check", "--diff"]).exits(0);

    assert_eq!(lab.listing(&all).await, before);
    assert!(!lab.state().exists(), "and nothing here");
}
