//! Quorum is lost and the operator has a snapshot: a good one is restored, a bad one is refused
//! before anything is touched.

use super::on_both_versions;
use super::rehearsal::Rehearsal;
use base64::Engine as _;
use rrecover::lab::{EtcdVersion, Spec};
use std::path::PathBuf;

on_both_versions!(a_snapshot_is_restored_and_bad_ones_are_refused);

/// Saves a snapshot on a member and brings it here.
async fn save(lab: &Rehearsal, host: &str, name: &str) -> PathBuf {
    lab.etcdctl(host, "snapshot save /root/saved.db >/dev/null").await.unwrap();
    let text = lab.exec(host, "base64 -w0 /root/saved.db; rm /root/saved.db").await.unwrap();
    let path = lab.state().with_file_name(name);
    let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path
}

async fn a_snapshot_is_restored_and_bad_ones_are_refused(version: EtcdVersion) {
    let mut lab = Rehearsal::three("external", version).await;
    let good = save(&lab, "node1", "good.db").await;
    lab.etcdctl("node1", "put /after/snapshot gone").await.unwrap();
    let (id, revision) = (lab.cluster_id("node1").await, lab.revision("node1").await);
    lab.replace("node2").await.unwrap();
    lab.replace("node3").await.unwrap();
    lab.groups(&["node1", "node2", "node3"], &["node2", "node3"]);

    let bytes = std::fs::read(&good).unwrap();
    let bad = |name: &str, bytes: &[u8]| {
        let path = good.with_file_name(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 0x10;
    let all = ["node1", "node2", "node3"];
    let before = lab.listing(&all).await;
    for path in [
        bad("truncated.db", &bytes[..bytes.len() / 2]),
        bad("flipped.db", &flipped),
        bad("raw-copy.db", &bytes[..bytes.len() - 32]),
        bad("empty.db", b""),
        good.with_file_name("missing.db"),
        other_version(version).await,
    ] {
        let snapshot = format!("etcd_snapshot={}", path.display());
        lab.recover(&["-e", &snapshot]).exits(3);
    }
    assert_eq!(lab.listing(&all).await, before, "a refused snapshot changes nothing");

    lab.recover(&["-e", &format!("etcd_snapshot={}", good.display())]).exits(0);
    lab.assert_cluster(&all).await;
    lab.assert_keys("node2").await;
    assert!(lab.keys("node1", "/after/").await.unwrap().is_empty(), "it is the snapshot's state");
    assert_ne!(lab.cluster_id("node1").await, id);
    if version == EtcdVersion::V3_5 {
        assert!(lab.revision("node1").await >= revision, "the revision was bumped");
    }
}

/// A whole snapshot of the other etcd.
async fn other_version(version: EtcdVersion) -> PathBuf {
    let other = match version {
        EtcdVersion::V3_4 => EtcdVersion::V3_5,
        EtcdVersion::V3_5 => EtcdVersion::V3_4,
    };
    let spec = Spec { etcd: 1, etcd_version: other, ..Spec::new("") };
    let lab = Rehearsal::with("other", spec).await;
    let path = save(&lab, "node1", "other.db").await;
    let kept = std::env::temp_dir().join(format!("{}-{}", lab.name(), "other.db"));
    std::fs::copy(path, &kept).unwrap();
    kept
}
