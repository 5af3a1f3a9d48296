//! Members that are merely stopped are no disaster: they are started, nothing is restored.

use super::on_both_versions;
use super::rehearsal::Rehearsal;
use rrecover::lab::EtcdVersion;

on_both_versions!(two_of_three_are_only_stopped, all_have_only_just_started);

async fn two_of_three_are_only_stopped(version: EtcdVersion) {
    let mut lab = Rehearsal::three("stopped", version).await;
    let id = lab.cluster_id("node1").await;
    lab.stop_etcd("node2").await.unwrap();
    lab.stop_etcd("node3").await.unwrap();
    // Even when the operator takes them for dead.
    lab.groups(&["node1", "node2", "node3"], &["node3"]);
    lab.rrecover(&["diagnose"]).exits(0).says("start");
    lab.groups(&["node1", "node2", "node3"], &[]);

    lab.recover(&[]).exits(0);
    lab.wait_healthy().await.unwrap();
    assert_eq!(lab.members("node1").await.len(), 3);
    assert_eq!(lab.cluster_id("node3").await, id, "nothing was restored");
    lab.assert_keys("node3").await;
    for host in ["node1", "node2", "node3"] {
        let kept = lab.run(host, "ls -d /var/lib/etcd.rrecover-*").await.unwrap();
        assert!(!kept.success(), "{host}: data was moved");
    }
}

/// etcd answers nobody until it has a leader, which takes an election timeout or two: too early a
/// look must not take that for damage.
async fn all_have_only_just_started(version: EtcdVersion) {
    let lab = Rehearsal::three("just-started", version).await;
    for command in ["stop", "start --no-block"] {
        for host in ["node1", "node2", "node3"] {
            lab.run(host, &format!("systemctl {command} etcd")).await.unwrap();
        }
    }
    lab.rrecover(&["diagnose"]).exits(0).says("etcd is healthy: 3 of 3");
}
