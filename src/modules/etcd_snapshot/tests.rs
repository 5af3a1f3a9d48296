mod scratch;

use super::super::etcdctl::testing::{Cluster, context, task};
use crate::modules::{ModuleError, Outcome};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

fn with_keys(version: &str) -> Cluster {
    let cluster = Cluster::start(version, 1);
    for number in 0..10 {
        cluster.etcdctl(0, &["put", &format!("key{number}"), "value"]).unwrap();
    }
    cluster
}

async fn take(cluster: &Cluster, source: &str) -> Result<Outcome, ModuleError> {
    let args = json!({
        "source": source,
        "data_dir": cluster.members[0].data_dir,
        "remote_dir": cluster.directory.path().join("state"),
    });
    cluster.task(0, "etcd_snapshot", args).await
}

fn refusal(result: Result<Outcome, ModuleError>) -> String {
    match result {
        Err(ModuleError::Refused { reason, .. }) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_live_member_is_saved_verified_and_fetched() {
    for version in ["3.4", "3.5"] {
        let cluster = with_keys(version);
        let outcome = take(&cluster, "auto").await.unwrap();
        assert!(outcome.changed);
        assert_eq!(outcome.values["source"], "live");
        assert_eq!(outcome.values["skip_hash_check"], false);
        assert_eq!(outcome.values["revision"], 11);
        assert!(outcome.values["total_keys"].as_u64().unwrap() >= 10);
        let there = PathBuf::from(outcome.values["path"].as_str().unwrap());
        assert_eq!(there, cluster.directory.path().join("state/01RUN/etcd-snapshot.db"));
        let here = PathBuf::from(outcome.values["local_path"].as_str().unwrap());
        assert_eq!(std::fs::read(&there).unwrap(), std::fs::read(&here).unwrap());
        assert_eq!(super::local_digest(&here).await.unwrap(), outcome.values["sha256"]);
        assert_eq!(outcome.values["bytes"], std::fs::metadata(&here).unwrap().len());
        assert_eq!((mode(&there), mode(&here)), (0o600, 0o600));
        assert_eq!(mode(there.parent().unwrap()), 0o700);
    }
}

#[tokio::test]
async fn without_certificates_a_stopped_members_database_is_copied_and_said_to_have_no_digest() {
    for version in ["3.4", "3.5"] {
        let mut cluster = with_keys(version);
        cluster.stop(0);
        let outcome = take(&cluster, "auto").await.unwrap();
        assert_eq!(outcome.values["source"], "stopped");
        assert_eq!(outcome.values["skip_hash_check"], true);
        assert!(outcome.msg.contains("a plain copy of the database"), "{outcome:?}");
        assert!(outcome.msg.contains("names no certificates"), "{outcome:?}");
        assert_eq!(outcome.values["revision"], 11);
        assert!(cluster.members[0].data_dir.join("member/snap/db").exists());
    }
}

#[tokio::test]
async fn a_database_in_use_is_not_copied() {
    let cluster = with_keys("3.5");
    assert!(refusal(take(&cluster, "stopped").await).contains("runs and answers"));
    cluster.pause(0);
    assert!(refusal(take(&cluster, "auto").await).contains("does not answer"));
}

#[tokio::test]
async fn check_mode_takes_nothing() {
    let cluster = with_keys("3.5");
    let mut check = cluster.context();
    check.check = true;
    let state = cluster.directory.path().join("state");
    let args = cluster.args(0, &json!({"remote_dir": state}));
    let outcome = task(&check, "etcd_snapshot", args).await.unwrap();
    assert!(outcome.changed && !state.exists());
    assert!(!outcome.values["path"].as_str().unwrap().is_empty());
}

/// The operator's file, brought to a host.
struct Given {
    cluster: Cluster,
    file: PathBuf,
}

impl Given {
    fn new() -> Self {
        let cluster = with_keys("3.5");
        let file = cluster.directory.path().join("given.db");
        cluster.etcdctl(0, &["snapshot", "save", file.to_str().unwrap()]).unwrap();
        Self { cluster, file }
    }

    async fn bring(&self, more: &Value) -> Result<Outcome, ModuleError> {
        let mut args = json!({
            "source": "file",
            "src": self.file,
            "remote_dir": self.cluster.directory.path().join("state"),
        });
        for (name, value) in more.as_object().unwrap() {
            args[name] = value.clone();
        }
        let args = self.cluster.args(0, &args);
        task(&context("node1", self.cluster.directory.path()), "etcd_snapshot", args).await
    }
}

#[tokio::test]
async fn the_operators_file_is_brought_once() {
    let given = Given::new();
    let first = given.bring(&json!({})).await.unwrap();
    assert!(first.changed);
    assert_eq!(first.values["revision"], 11);
    let there = PathBuf::from(first.values["path"].as_str().unwrap());
    assert_eq!(std::fs::read(&there).unwrap(), std::fs::read(&given.file).unwrap());
    assert_eq!(mode(&there), 0o600);
    assert!(!given.bring(&json!({})).await.unwrap().changed);
}

#[tokio::test]
async fn a_file_that_cannot_be_trusted_is_refused() {
    let given = Given::new();
    let good = std::fs::read(&given.file).unwrap();

    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    std::fs::write(&given.file, &flipped).unwrap();
    assert!(refusal(given.bring(&json!({})).await).contains("its own digest"));

    std::fs::write(&given.file, &good[..good.len() / 2 + 7]).unwrap();
    let reason = refusal(given.bring(&json!({})).await);
    assert!(reason.contains("no digest") || reason.contains("cannot read it"), "{reason}");

    // Without a digest only when the operator accepts it.
    std::fs::write(&given.file, &good[..good.len() - 32]).unwrap();
    assert!(refusal(given.bring(&json!({})).await).contains("no digest"));
    let accepted = given.bring(&json!({"skip_hash_check": true})).await.unwrap();
    assert_eq!(accepted.values["skip_hash_check"], true);

    std::fs::write(&given.file, &good).unwrap();
    let other = json!({"sha256": "00"});
    assert!(refusal(given.bring(&other).await).contains("not 00"));
    std::fs::remove_file(&given.file).unwrap();
    assert!(refusal(given.bring(&json!({})).await).contains("there is no file"));
}
