use super::super::etcdctl::testing::{Cluster, task};
use crate::modules::ModuleError;
use serde_json::json;

#[tokio::test]
async fn a_healthy_cluster_is_proved_by_a_write() {
    let cluster = Cluster::start("3.4", 3);
    let urls: Vec<&str> = cluster.members.iter().map(|member| member.peer_url.as_str()).collect();
    let args = json!({"members": urls, "cluster_id_not": "abc", "write_probe": true});
    let outcome = cluster.task(1, "etcd_health", args).await.unwrap();
    assert!(!outcome.changed);
    assert!(outcome.values["revision"].as_i64().unwrap() >= 1, "{outcome:?}");
    let left = cluster.etcdctl(0, &["get", "--prefix", "rrecover", "--keys-only"]).unwrap();
    assert_eq!(left.trim(), "", "the probe's key is deleted again");
}

#[tokio::test]
async fn what_does_not_hold_is_named_when_the_deadline_passes() {
    let mut cluster = Cluster::start("3.5", 3);
    let healthy = cluster.task(0, "etcd_health", json!({"polls": 1})).await.unwrap();
    let id = healthy.values["cluster_id"].clone();
    for (args, reason) in [
        (json!({"cluster_id_not": id, "deadline": 1}), "cluster id is still"),
        (json!({"min_revision": 1_000_000, "deadline": 1}), "at least 1000000 is wanted"),
        (json!({"members": ["etcd1"], "deadline": 1}), "is a member too"),
        (json!({"members": ["etcd1", "etcd2", "etcd3", "etcd4"], "deadline": 1}), "no member"),
    ] {
        let error = cluster.task(0, "etcd_health", args).await.unwrap_err();
        assert!(matches!(&error, ModuleError::Failed(text) if text.contains(reason)), "{error}");
    }
    cluster.kill(2);
    let error = cluster.task(0, "etcd_health", json!({"deadline": 1})).await.unwrap_err();
    assert!(error.to_string().contains("etcd3 does not answer"), "{error}");
    // Two of three are still a quorum.
    let quorum = json!({"state": "quorum", "polls": 1, "deadline": 30});
    cluster.task(0, "etcd_health", quorum).await.unwrap();
}

async fn no_quorum_is_proved(version: &str) {
    let mut cluster = Cluster::start(version, 2);
    let state = json!({"state": "no_quorum"});
    let error = cluster.task(0, "etcd_health", state.clone()).await.unwrap_err();
    assert!(matches!(&error, ModuleError::Refused { reason, .. } if reason.contains("I-03")));
    cluster.kill(1);
    let alone = cluster.task(0, "etcd_health", state.clone()).await.unwrap();
    assert!(alone.msg.contains("not answered in time"), "{alone:?}");
    cluster.kill(0);
    let stopped = cluster.task(0, "etcd_health", state.clone()).await.unwrap();
    assert!(stopped.msg.contains("does not listen"), "{stopped:?}");
    let initial =
        format!("etcd1={},etcd2={}", cluster.members[0].peer_url, cluster.members[1].peer_url);
    cluster.run(0, &initial, "existing");
    cluster.task(0, "etcd_health", state).await.unwrap();
}

#[tokio::test]
async fn a_quorum_that_is_there_forbids_what_needs_its_absence_on_3_4() {
    no_quorum_is_proved("3.4").await;
}

#[tokio::test]
async fn a_quorum_that_is_there_forbids_what_needs_its_absence_on_3_5() {
    no_quorum_is_proved("3.5").await;
}

#[tokio::test]
async fn a_client_that_cannot_ask_proves_nothing() {
    for version in ["3.4", "3.5"] {
        let mut cluster = Cluster::start(version, 1);
        let certificates = cluster.directory.path().join("ssl");
        std::fs::create_dir(&certificates).unwrap();
        let secure = cluster.members[0].client_url.replace("http:", "https:");
        let state = json!({"state": "no_quorum", "endpoint": secure, "cert_dir": certificates});
        let bare = cluster.task(0, "etcd_health", state.clone()).await.unwrap_err();
        assert!(
            matches!(&bare, ModuleError::Refused { reason, .. } if reason.contains("no certificate")),
            "{bare}"
        );
        let (key, pem) = ("admin-node1-key.pem", "admin-node1.pem");
        let made = std::process::Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x"])
            .args(["-keyout", key, "-out", pem])
            .current_dir(&certificates)
            .output()
            .unwrap();
        assert!(made.status.success());
        std::fs::copy(certificates.join(pem), certificates.join("ca.pem")).unwrap();
        let strange = cluster.task(0, "etcd_health", state.clone()).await.unwrap_err();
        assert!(
            matches!(&strange, ModuleError::Refused { reason, .. } if reason.contains("cannot tell")),
            "{strange}"
        );
        // Without a listener it does not matter what the client lacks.
        cluster.kill(0);
        cluster.task(0, "etcd_health", state.clone()).await.unwrap();
        std::fs::remove_dir_all(&certificates).unwrap();
        cluster.task(0, "etcd_health", state).await.unwrap();
    }
}

#[test]
fn only_what_tells_of_an_absent_quorum_is_evidence() {
    let failed = |why: &str| {
        format!(
            "grpc: addrConn.createTransport failed to connect to x. Err: {why}\nError: context deadline exceeded\n"
        )
    };
    let evidence = |text: &str| super::evidence(text).is_ok();
    assert!(evidence(&failed("dial tcp 127.0.0.1:1: connect: connection refused")));
    assert!(evidence("Error: etcdserver: request timed out"));
    assert!(evidence("Error: etcdserver: no leader"));
    assert!(evidence("Error: context deadline exceeded"));
    let loaded = "Error: rpc error: code = Unknown desc = context deadline exceeded";
    assert!(evidence(loaded));
    for doubt in ["x509: certificate signed by unknown authority", "write: broken pipe", "EOF"] {
        assert!(!evidence(&failed(doubt)), "{doubt}");
        let both = failed("connection refused") + &failed(doubt);
        assert!(!evidence(&both), "{doubt}");
    }
    for doubt in [
        "Error: etcdserver: user name is empty",
        "latest balancer error: all SubConns are in TransientFailure\nError: context deadline exceeded",
        "etcdctl: not found",
        "Error: open /x/ca.pem: permission denied",
        "",
    ] {
        assert!(!evidence(doubt), "{doubt}");
    }
}

#[tokio::test]
async fn check_mode_tells_what_it_sees_and_writes_nothing() {
    let cluster = Cluster::start("3.5", 1);
    let mut context = cluster.context();
    context.check = true;
    let args = cluster.args(0, &json!({"min_revision": 99, "write_probe": true}));
    let before = cluster.etcdctl(0, &["get", "x", "-w", "json"]).unwrap();
    let outcome = task(&context, "etcd_health", args).await.unwrap();
    assert!(outcome.msg.starts_with("would wait"), "{outcome:?}");
    assert_eq!(cluster.etcdctl(0, &["get", "x", "-w", "json"]).unwrap(), before);
}
