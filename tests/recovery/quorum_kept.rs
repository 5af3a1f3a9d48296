//! Quorum is there, a member is not: it is removed, and its successor joins. A client writes all
//! the while and loses nothing that it was promised.

use super::on_both_versions;
use super::rehearsal::Rehearsal;
use rrecover::lab::{EtcdVersion, Writer};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

on_both_versions!(
    first_member_dead_and_reinstalled,
    middle_member_dead_moved_out_and_succeeded,
    last_member_dead_and_succeeded_at_once,
);

/// The first of its group is off and copied to `broken_etcd`; later it comes back reinstalled
/// under the same name.
async fn first_member_dead_and_reinstalled(version: EtcdVersion) {
    let mut lab = Rehearsal::three("first", version).await;
    let writer = Writer::start(&lab, "writer", &["node2", "node3"]).await.unwrap();
    writer.wait_for(5, PATIENCE).await.unwrap();
    let id = lab.cluster_id("node2").await;

    lab.kill("node1").await.unwrap();
    lab.groups(&["node1", "node2", "node3"], &["node1"]);
    lab.recover(&[]).exits(0);
    lab.assert_cluster(&["node2", "node3"]).await;

    lab.replace("node1").await.unwrap();
    lab.recover(&[]).exits(0);
    lab.assert_cluster(&["node2", "node3", "node1"]).await;

    // It still stands in `broken_etcd`, but carries the mark of the run that made it healthy.
    let before = lab.listing(&["node1", "node2", "node3"]).await;
    lab.recover(&[]).exits(0);
    assert_eq!(lab.listing(&["node1", "node2", "node3"]).await, before, "nothing to do");

    writer.wait_for(5, PATIENCE).await.unwrap();
    let acknowledged = writer.stop().await.unwrap();
    let present = lab.keys("node1", "/writer/").await.unwrap();
    assert_eq!(Writer::lost(&acknowledged, &present), Vec::<String>::new());
    assert_eq!(lab.cluster_id("node1").await, id, "nothing was restored");
    lab.assert_keys("node1").await;
}

/// The middle one is off and moved to `broken_etcd`, which shifts the places of the others; a host
/// of another name succeeds it later.
async fn middle_member_dead_moved_out_and_succeeded(version: EtcdVersion) {
    let mut lab = Rehearsal::three("middle", version).await;
    lab.kill("node2").await.unwrap();
    lab.groups(&["node1", "node3"], &["node2"]);
    lab.recover(&[]).exits(0);
    lab.assert_cluster(&["node1", "node3"]).await;

    assert_eq!(lab.add().await.unwrap(), "node4");
    lab.groups(&["node1", "node3", "node4"], &[]);
    lab.recover(&[]).exits(0);
    lab.assert_cluster(&["node1", "node3", "node4"]).await;
    lab.assert_keys("node4").await;

    // A second run finds nothing to do.
    let before = lab.listing(&["node1", "node3", "node4"]).await;
    lab.recover(&[]).exits(0);
    assert_eq!(lab.listing(&["node1", "node3", "node4"]).await, before);
}

/// The last one is off, its successor is there already: one run. Its certificates are removed by
/// name: those of node30 stay.
async fn last_member_dead_and_succeeded_at_once(version: EtcdVersion) {
    let mut lab = Rehearsal::three("last", version).await;
    let other = "/etc/ssl/etcd/ssl/member-node30.pem";
    let own = "/etc/ssl/etcd/ssl/member-node3.pem";
    for host in ["node1", "node2"] {
        lab.exec(host, &format!("cp /etc/ssl/etcd/ssl/ca.pem {other}; touch {own}")).await.unwrap();
    }
    lab.kill("node3").await.unwrap();
    assert_eq!(lab.add().await.unwrap(), "node4");
    lab.groups(&["node1", "node2", "node4"], &["node3"]);
    lab.recover(&[]).exits(0);
    lab.assert_cluster(&["node1", "node2", "node4"]).await;
    lab.assert_keys("node4").await;
    for host in ["node1", "node2"] {
        lab.exec(host, &format!("test -e {other} && test ! -e {own}")).await.unwrap();
    }
}
