//! The built-in playbooks load with the real modules, and plan against real decisions.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that fails says where")]

use rrecover::cli::catalog::Modules;
use rrecover::cluster::decision::{
    Action, DeadMember, EtcdDecision, JoiningMember, Quorum, Restore, SnapshotFile,
};
use rrecover::inventory::{Inventory, Sources};
use rrecover::plan::{Plan, PlanInput, compile, text};
use rrecover::playbook::{Playbook, built_in_names, load};
use serde_json::{Value, json};
use std::sync::Arc;

const INVENTORY: &str = "\
[etcd]
node1 ip=10.0.0.1
node3 ip=10.0.0.3

[broken_etcd]
node2 ip=10.0.0.2

[kube_control_plane]
node1

[kube_node]
worker1
";

fn inventory() -> Arc<Inventory> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts.ini");
    std::fs::write(&path, INVENTORY).unwrap();
    let inventory = vec![path.display().to_string()];
    Arc::new(Inventory::load(&Sources { inventory, ..Sources::default() }).unwrap())
}

fn built_in(name: &str) -> Playbook {
    load(name, &Modules).unwrap_or_else(|problems| panic!("{problems}"))
}

fn plan(playbook: &Playbook, cluster: Option<Value>) -> Plan {
    let input = PlanInput {
        playbooks: std::slice::from_ref(playbook),
        catalog: &Modules,
        inventory: inventory(),
        cluster,
        limit: None,
        tags: Vec::new(),
        skip_tags: Vec::new(),
        start_at_task: None,
        said: serde_json::Map::new(),
        run_id: "01RUN".to_owned(),
        user: None,
    };
    compile(&input).unwrap_or_else(|problems| panic!("{problems}"))
}

fn member(number: u8, learner: bool) -> JoiningMember {
    JoiningMember {
        host: format!("node{number}"),
        name: format!("etcd{number}"),
        peer_url: format!("https://10.0.0.{number}:2380"),
        client_url: format!("https://10.0.0.{number}:2379"),
        learner,
    }
}

/// One of three members is dead, its host answers.
fn repair() -> EtcdDecision {
    EtcdDecision {
        action: Some(Action::Repair),
        quorum: Quorum { voters: 3, needed: 2, healthy: 2, present: true },
        coordinator: Some("node1".to_owned()),
        retire: vec!["node2".to_owned()],
        dead: vec![DeadMember {
            id: "8211f1d0f64f3269".to_owned(),
            name: "etcd2".to_owned(),
            peer_urls: vec!["https://10.0.0.2:2380".to_owned()],
            host: Some("node2".to_owned()),
        }],
        joining: vec![member(2, true)],
        promised: vec![member(1, false), member(3, false), member(2, false)],
        converge: vec!["node1".to_owned(), "node3".to_owned(), "node2".to_owned()],
        ca_host: Some("node1".to_owned()),
        programs_from: Some("node1".to_owned()),
        ..EtcdDecision::default()
    }
}

/// Two of three members are lost; the survivor, or the operator's snapshot, is restored.
fn restore(snapshot: Option<SnapshotFile>) -> EtcdDecision {
    EtcdDecision {
        action: Some(Action::Restore),
        quorum: Quorum { voters: 3, needed: 2, healthy: 1, present: false },
        coordinator: Some("node3".to_owned()),
        survivor: Some("node3".to_owned()),
        retire: vec!["node1".to_owned(), "node2".to_owned()],
        restore: Some(Restore {
            host: "node3".to_owned(),
            name: "etcd3".to_owned(),
            peer_url: "https://10.0.0.3:2380".to_owned(),
            client_url: "https://10.0.0.3:2379".to_owned(),
            data_dir: "/var/lib/etcd".to_owned(),
            source_dir: "/var/lib/etcd".to_owned(),
            token: "rrecover-01RUN".to_owned(),
            snapshot,
            tool: "etcdutl".to_owned(),
            bump_revision: 1_000_000_000,
            revision_before: 4711,
            cluster_id_before: Some("cdf818194e3a8c32".to_owned()),
            needs_free_bytes: 4_294_967_296,
            expected_loss: "nothing that the survivor had".to_owned(),
        }),
        joining: vec![member(1, true), member(2, true)],
        promised: vec![member(3, false), member(1, false), member(2, false)],
        converge: vec!["node3".to_owned(), "node1".to_owned(), "node2".to_owned()],
        ca_host: Some("node3".to_owned()),
        programs_from: Some("node3".to_owned()),
        ..EtcdDecision::default()
    }
}

fn snapshot() -> SnapshotFile {
    SnapshotFile {
        path: "/backup/etcd.db".to_owned(),
        bytes: 20_000_000,
        sha256: "ab".repeat(32),
        has_digest: true,
        revision: 4000,
        total_keys: 900,
        cluster_version: Some("3.5.0".to_owned()),
    }
}

#[test]
fn every_built_in_playbook_loads_and_plans_before_anything_is_observed() {
    let names = built_in_names();
    assert!(names.contains(&"recover-control-plane".to_owned()));
    for name in names {
        let plan = plan(&built_in(&name), None);
        assert!(!plan.plays.is_empty(), "{name}");
    }
}

#[test]
fn recover_control_plane_is_planned_for_each_way() {
    let playbook = built_in("recover_control_plane.yml");
    assert_eq!(playbook.decisions(), ["recover-control-plane"]);
    let start = EtcdDecision {
        action: Some(Action::Start),
        start: vec!["node1".to_owned(), "node2".to_owned()],
        ..EtcdDecision::default()
    };
    let nothing = EtcdDecision { action: Some(Action::Nothing), ..EtcdDecision::default() };
    let ways = [
        ("nothing", nothing),
        ("start", start),
        ("repair", repair()),
        ("restore_survivor", restore(None)),
        ("restore_snapshot", restore(Some(snapshot()))),
    ];
    for (name, decision) in ways {
        let plan = plan(&playbook, Some(json!({ "etcd": decision })));
        insta::assert_snapshot!(name, text(&plan));
    }
}

#[test]
fn a_repair_never_restores_and_a_restore_never_removes_members() {
    let playbook = built_in("recover-control-plane");
    let modules = |decision: EtcdDecision| -> Vec<String> {
        let plan = plan(&playbook, Some(json!({ "etcd": decision })));
        let acting = plan.plays.iter().filter(|play| !play.batches.is_empty());
        acting.flat_map(|play| play.tasks().into_iter().map(|task| task.name.clone())).collect()
    };
    let restores = "Restore beside the old data, then put it in place".to_owned();
    let removes = "Remove the member and wait until the others are healthy".to_owned();
    let repair = modules(repair());
    assert!(repair.contains(&removes) && !repair.contains(&restores), "{repair:?}");
    let restore = modules(restore(None));
    assert!(!restore.contains(&removes) && restore.contains(&restores), "{restore:?}");
}
