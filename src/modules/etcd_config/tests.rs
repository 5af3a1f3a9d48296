use super::super::etcdctl::testing::{context, task};
use super::adapt::{Identity, adapt, split};
use crate::cluster::env_file::EnvFile;
use crate::modules::ModuleError;
use serde_json::json;

/// As Kubespray writes it.
const PEER: &str = "\
# Environment file for etcd 3.5
ETCD_DATA_DIR=/var/lib/etcd
ETCD_ADVERTISE_CLIENT_URLS=https://10.0.0.1:2379
ETCD_INITIAL_ADVERTISE_PEER_URLS=https://10.0.0.1:2380
ETCD_INITIAL_CLUSTER_STATE=existing
ETCD_LISTEN_CLIENT_URLS=https://10.0.0.1:2379,https://127.0.0.1:2379
ETCD_INITIAL_CLUSTER_TOKEN=k8s_etcd
ETCD_LISTEN_PEER_URLS=https://10.0.0.1:2380
ETCD_LISTEN_METRICS_URLS=http://0.0.0.0:2381
ETCD_NAME=etcd1
ETCD_INITIAL_CLUSTER=etcd1=https://10.0.0.1:2380
ETCD_FORCE_NEW_CLUSTER=true
# TLS settings
ETCD_TRUSTED_CA_FILE=/etc/ssl/etcd/ssl/ca.pem
ETCD_CERT_FILE=/etc/ssl/etcd/ssl/member-node1.pem
ETCD_KEY_FILE=/etc/ssl/etcd/ssl/member-node1-key.pem
ETCD_PEER_CERT_FILE=/etc/ssl/etcd/ssl/member-node10.pem
# CLI settings
ETCDCTL_KEY=/etc/ssl/etcd/ssl/admin-node1-key.pem
";

#[test]
fn a_joining_host_takes_its_peers_settings_and_makes_them_its_own() {
    let mut identity = Identity {
        host: "node2".into(),
        peer_host: "node1".into(),
        name: "etcd2".into(),
        peer_url: "https://10.0.0.2:2380".into(),
        client_url: "https://10.0.0.2:2379".into(),
        listen_address: None,
    };
    let mut file = EnvFile::parse(PEER);
    adapt(&mut file, &identity).unwrap();
    let expected = PEER
        .replace("10.0.0.1:2379", "10.0.0.2:2379")
        .replace("LISTEN_PEER_URLS=https://10.0.0.1", "LISTEN_PEER_URLS=https://10.0.0.2")
        .replace("ADVERTISE_PEER_URLS=https://10.0.0.1", "ADVERTISE_PEER_URLS=https://10.0.0.2")
        .replace("ETCD_NAME=etcd1", "ETCD_NAME=etcd2")
        .replace("member-node1.pem", "member-node2.pem")
        .replace("-node1-key.pem", "-node2-key.pem");
    assert_eq!(file.render(), expected, "node10's certificate is not node1's");

    identity.listen_address = Some("fd00::2".into());
    let mut file = EnvFile::parse(PEER);
    adapt(&mut file, &identity).unwrap();
    assert_eq!(file.get("ETCD_LISTEN_PEER_URLS").unwrap(), "https://[fd00::2]:2380");
}

#[tokio::test]
async fn a_setting_is_changed_once_and_the_old_file_is_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("etcd.env");
    std::fs::write(&path, PEER).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o604)).unwrap();
    let mut context = context("node1", directory.path());
    let state = directory.path().join("state");
    let args = json!({
        "env_file": path, "remote_dir": state,
        "set": {"ETCD_INITIAL_CLUSTER_TOKEN": "new", "ETCD_INITIAL_CLUSTER": "a=https://x:1,b=https://y:1"},
    });
    context.check = true;
    let would = task(&context, "etcd_config", args.clone()).await.unwrap();
    assert!(would.changed && would.diff.contains("+ETCD_INITIAL_CLUSTER_TOKEN=new"), "{would:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), PEER);
    assert!(!state.exists());

    context.check = false;
    assert!(task(&context, "etcd_config", args.clone()).await.unwrap().changed);
    let expected = PEER
        .replace("TOKEN=k8s_etcd", "TOKEN=new")
        .replace("CLUSTER=etcd1=https://10.0.0.1:2380", "CLUSTER=a=https://x:1,b=https://y:1")
        .replace("ETCD_FORCE_NEW_CLUSTER=true\n", "");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o604);
    assert_eq!(std::fs::read_to_string(state.join("01RUN/etcd.env")).unwrap(), PEER);
    assert!(!task(&context, "etcd_config", args).await.unwrap().changed);

    // The copy is the one from before the run, whatever follows.
    let more = json!({"env_file": path, "remote_dir": state, "set": {"ETCD_NAME": "x"}});
    task(&context, "etcd_config", more).await.unwrap();
    assert_eq!(std::fs::read_to_string(state.join("01RUN/etcd.env")).unwrap(), PEER);
}

#[tokio::test]
async fn what_cannot_be_a_setting_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("etcd.env");
    let context = context("node1", directory.path());
    let missing = json!({"env_file": path, "set": {"ETCD_NAME": "a"}});
    let error = task(&context, "etcd_config", missing).await.unwrap_err();
    assert!(error.to_string().contains("is missing"), "{error}");
    // Under check mode the step that brings it has not really been done.
    let check = crate::modules::Context { check: true, ..context.clone() };
    let missing = json!({"env_file": path, "set": {"ETCD_NAME": "a"}});
    let would = task(&check, "etcd_config", missing).await.unwrap();
    assert!(would.changed && would.msg.starts_with("would change"), "{would:?}");
    std::fs::write(&path, PEER).unwrap();
    for set in [json!({"A B": "x"}), json!({"ETCD_NAME": ["x"]}), json!("ETCD_NAME=x")] {
        let args = json!({"env_file": path, "set": set});
        let error = task(&context, "etcd_config", args).await.unwrap_err();
        assert!(matches!(error, ModuleError::Argument { .. }), "{error}");
    }
}

#[test]
fn urls_are_taken_apart() {
    assert_eq!(split("https://10.0.0.1:2380").unwrap(), ("https", "10.0.0.1", ":2380"));
    assert_eq!(split("https://[::1]:2380/").unwrap(), ("https", "[::1]", ":2380/"));
    for wrong in ["10.0.0.1", "https://", "https://[::1", "https://:1"] {
        assert!(split(wrong).is_err(), "{wrong}");
    }
}
