//! `broken_etcd` does not fit what is seen: the plan says so, and nothing healthy is destroyed.

use super::on_both_versions;
use super::rehearsal::Rehearsal;
use rrecover::lab::EtcdVersion;

on_both_versions!(
    a_healthy_member_is_declared_broken,
    a_dead_member_is_left_out,
    an_unseen_member_is_not_taken_for_lost,
);

async fn a_healthy_member_is_declared_broken(version: EtcdVersion) {
    let mut lab = Rehearsal::three("healthy", version).await;
    lab.groups(&["node1", "node2", "node3"], &["node2"]);
    let all = ["node1", "node2", "node3"];
    let before = lab.listing(&all).await;
    lab.rrecover(&["plan", "recover-control-plane"]).exits(3).says("node2").says("healthy");
    lab.recover(&[]).exits(3).says("trust_declared");
    assert_eq!(lab.listing(&all).await, before);
    lab.assert_keys("node2").await;
}

async fn a_dead_member_is_left_out(version: EtcdVersion) {
    let mut lab = Rehearsal::three("undeclared", version).await;
    lab.kill("node3").await.unwrap();
    lab.groups(&["node1", "node2", "node3"], &[]);
    let before = lab.listing(&["node1", "node2"]).await;
    // Without a yes nothing happens.
    lab.rrecover(&["plan", "recover-control-plane"]).exits(0).says("node3");
    lab.rrecover(&["play", "recover-control-plane"]).exits(3).says("--yes");
    assert_eq!(lab.listing(&["node1", "node2"]).await, before);
    lab.recover(&[]).exits(0);
    lab.assert_cluster(&["node1", "node2"]).await;
}

/// Quorum is lost, and one of the lost ones is not declared: it may live where we cannot see it.
async fn an_unseen_member_is_not_taken_for_lost(version: EtcdVersion) {
    let mut lab = Rehearsal::three("unseen", version).await;
    lab.kill("node2").await.unwrap();
    lab.kill("node3").await.unwrap();
    lab.groups(&["node1", "node2", "node3"], &["node3"]);
    let before = lab.listing(&["node1"]).await;
    lab.recover(&[]).exits(3).says("rr_fence_confirmed=node2");
    assert_eq!(lab.listing(&["node1"]).await, before);

    lab.recover(&["-e", "rr_fence_confirmed=node2"]).exits(0);
    lab.assert_cluster(&["node1"]).await;
    lab.assert_keys("node1").await;
}
