use super::super::etcdctl::testing::{Elsewhere, context, task};
use crate::modules::Context;
use serde_json::json;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::sync::Arc;

#[tokio::test]
async fn a_file_comes_over_with_mode_and_owner_and_only_once() {
    let directory = tempfile::tempdir().unwrap();
    let (ours, theirs) = (directory.path().join("ours"), directory.path().join("theirs"));
    for one in [&ours, &theirs] {
        std::fs::create_dir(one).unwrap();
    }
    std::fs::write(theirs.join("etcd"), vec![7; 1 << 20]).unwrap();
    std::fs::set_permissions(theirs.join("etcd"), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::chown(theirs.join("etcd"), Some(65534), Some(0)).unwrap();
    let peer = Elsewhere::new(&ours, &theirs);
    let mut context = Context { peers: Arc::new(peer), ..context("node2", directory.path()) };
    let args = json!({"from": "node1", "path": ours.join("etcd")});

    context.check = true;
    assert!(task(&context, "peer_copy", args.clone()).await.unwrap().changed);
    assert!(!ours.join("etcd").exists());
    context.check = false;
    assert!(task(&context, "peer_copy", args.clone()).await.unwrap().changed);
    assert_eq!(std::fs::read(ours.join("etcd")).unwrap(), vec![7; 1 << 20]);
    let found = std::fs::metadata(ours.join("etcd")).unwrap();
    assert_eq!((found.mode() & 0o777, found.uid()), (0o755, 65534));
    assert!(!task(&context, "peer_copy", args.clone()).await.unwrap().changed);

    // Another version is replaced.
    std::fs::write(ours.join("etcd"), "old").unwrap();
    assert!(task(&context, "peer_copy", args).await.unwrap().changed);
    assert_eq!(std::fs::metadata(ours.join("etcd")).unwrap().len(), 1 << 20);

    let missing = json!({"from": "node1", "path": ours.join("etcdutl")});
    assert!(task(&context, "peer_copy", missing).await.is_err());
    let optional = json!({"from": "node1", "path": ours.join("etcdutl"), "optional": true});
    assert!(!task(&context, "peer_copy", optional).await.unwrap().changed);
}
