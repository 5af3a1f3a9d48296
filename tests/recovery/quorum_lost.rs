//! Quorum is gone for good: one member is restored from the most advanced survivor, wherever it
//! stands in its group, and the cluster grows back on fresh hosts.

use super::on_both_versions;
use super::rehearsal::Rehearsal;
use rrecover::lab::{DataDirectory, EtcdVersion, Spec};

on_both_versions!(
    two_of_three_dead_and_the_survivor_is_listed_last,
    three_of_five_dead_and_the_survivors_differ,
    two_of_three_dead_and_the_data_is_on_a_disk_of_its_own,
);

/// Two are off; the survivor alone is recovered first, then grown back on reinstalled hosts.
async fn two_of_three_dead_and_the_survivor_is_listed_last(version: EtcdVersion) {
    let mut lab = Rehearsal::three("lost3", version).await;
    let (id, revision) = (lab.cluster_id("node1").await, lab.revision("node1").await);
    lab.kill("node2").await.unwrap();
    lab.kill("node3").await.unwrap();
    lab.groups(&["node3", "node2", "node1"], &["node2", "node3"]);
    lab.rrecover(&["diagnose"]).exits(0).says("quorum");

    lab.recover(&[]).exits(0);
    lab.assert_cluster(&["node1"]).await;
    lab.assert_keys("node1").await;
    assert_ne!(lab.cluster_id("node1").await, id, "a restored cluster is a new one");
    assert!(lab.revision("node1").await >= revision, "the revision has not gone backwards");

    lab.replace("node2").await.unwrap();
    lab.replace("node3").await.unwrap();
    lab.recover(&[]).exits(0);
    lab.assert_cluster(&["node1", "node2", "node3"]).await;
    lab.assert_keys("node3").await;

    // The old data was kept.
    let kept = lab.exec("node1", "ls -d /var/lib/etcd.rrecover-*/member/snap/db").await.unwrap();
    assert_eq!(kept.lines().count(), 1, "{kept}");
}

/// One survivor missed the last writes. The other, listed last, has them.
async fn three_of_five_dead_and_the_survivors_differ(version: EtcdVersion) {
    let spec = Spec { etcd: 5, etcd_version: version, ..Spec::new("") };
    let mut lab = Rehearsal::with("lost5", spec).await;
    lab.partition("node4").await.unwrap();
    // It may have been the leader.
    lab.wait_for_quorum("node5").await;
    for number in 0..10 {
        lab.etcdctl("node5", &format!("put /late/{number} seen")).await.unwrap();
    }
    let (id, revision) = (lab.cluster_id("node5").await, lab.revision("node5").await);
    for host in ["node1", "node2", "node3"] {
        lab.kill(host).await.unwrap();
    }
    lab.heal("node4").await.unwrap();
    for host in ["node1", "node2", "node3"] {
        lab.replace(host).await.unwrap();
    }
    lab.groups(&["node1", "node2", "node3", "node4", "node5"], &["node1", "node2", "node3"]);
    lab.rrecover(&["plan", "recover-control-plane"]).exits(0).says("node5");
    lab.recover(&[]).exits(0);

    lab.assert_cluster(&["node5", "node1", "node2", "node3", "node4"]).await;
    lab.assert_keys("node1").await;
    assert_eq!(lab.keys("node1", "/late/").await.unwrap().len(), 10, "the late writes are there");
    assert_ne!(lab.cluster_id("node1").await, id);
    assert!(lab.revision("node1").await >= revision);
}

/// `/var/lib/etcd` is a mount point: it cannot be renamed, so the old data is kept inside it.
async fn two_of_three_dead_and_the_data_is_on_a_disk_of_its_own(version: EtcdVersion) {
    let spec = Spec { etcd_version: version, data: DataDirectory::Mounted, ..Spec::new("") };
    let mut lab = Rehearsal::with("mount", spec).await;
    lab.replace("node1").await.unwrap();
    lab.replace("node2").await.unwrap();
    lab.groups(&["node1", "node2", "node3"], &["node1", "node2"]);
    lab.recover(&[]).exits(0);
    lab.assert_cluster(&["node3", "node1", "node2"]).await;
    lab.assert_keys("node1").await;
    lab.exec("node3", "mountpoint -q /var/lib/etcd && ls /var/lib/etcd/rrecover-*/member/snap/db")
        .await
        .unwrap();
}
