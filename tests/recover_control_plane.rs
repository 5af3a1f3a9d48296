//! The built-in playbook loads, and every template in it renders strictly, whatever was decided.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what failed by failing")]

use rrecover::cli::catalog::Modules;
use rrecover::cluster::decision::{
    Action, DeadMember, EtcdDecision, JoiningMember, Restore, SnapshotFile,
};
use rrecover::modules::{self, Args};
use rrecover::playbook::{Play, Playbook, load};
use rrecover::template::Scope;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

fn playbook() -> Playbook {
    load("recover-control-plane", &Modules).unwrap_or_else(|problems| panic!("{problems}"))
}

fn member(number: u8) -> JoiningMember {
    JoiningMember {
        host: format!("node{number}"),
        name: format!("etcd{number}"),
        peer_url: format!("https://10.0.0.{number}:2380"),
        client_url: format!("https://10.0.0.{number}:2379"),
        learner: true,
    }
}

fn decision(action: Action) -> EtcdDecision {
    EtcdDecision {
        action: Some(action),
        coordinator: Some("node2".into()),
        survivor: Some("node2".into()),
        ca_host: Some("node2".into()),
        programs_from: Some("node2".into()),
        promised: vec![member(2), member(3)],
        converge: vec!["node2".into(), "node3".into()],
        joining: vec![member(3)],
        ..EtcdDecision::default()
    }
}

fn repair() -> EtcdDecision {
    let dead = |id: &str, name: &str| DeadMember {
        id: id.into(),
        name: name.into(),
        peer_urls: vec!["https://10.0.0.1:2380".into()],
        host: None,
    };
    EtcdDecision {
        retire: vec!["node1".into()],
        dead: vec![dead("ab", "etcd1"), dead("cd", "")],
        forget_certificates_of: vec!["node9".into()],
        ..decision(Action::Repair)
    }
}

fn restore(snapshot: Option<SnapshotFile>) -> EtcdDecision {
    let restore = Restore {
        host: "node2".into(),
        name: "etcd2".into(),
        peer_url: "https://10.0.0.2:2380".into(),
        client_url: "https://10.0.0.2:2379".into(),
        data_dir: "/var/lib/etcd".into(),
        token: "k8s_etcd-rr-01RUN".into(),
        snapshot,
        tool: "etcdutl".into(),
        bump_revision: 1_000_000_000,
        revision_before: 42,
        cluster_id_before: None,
        needs_free_bytes: 5,
        ..Restore::default()
    };
    EtcdDecision {
        restore: Some(restore),
        retire: vec!["node1".into()],
        ..decision(Action::Restore)
    }
}

fn scope(etcd: &EtcdDecision, host: &str) -> Scope {
    // What tasks register.
    let results = json!({
        "member": {"found": false, "started": false},
        "added": {"initial_cluster": "etcd2=https://10.0.0.2:2380,etcd3=https://10.0.0.3:2380"},
        "user": {"rc": 1},
    });
    let etcd = serde_json::to_value(etcd).unwrap();
    Scope::default()
        .with("cluster", json!({"etcd": etcd}))
        .with("inventory_hostname", host)
        .with("run_id", "01RUN")
        .extend_data(results.as_object().unwrap().clone())
}

fn hosts(play: &Play, etcd: &EtcdDecision) -> Vec<String> {
    let value = scope(etcd, "localhost").render_value(&play.hosts.value).unwrap();
    let list = value.as_array().unwrap_or_else(|| panic!("{value} is no list"));
    list.iter().map(|host| host.as_str().unwrap().to_owned()).collect()
}

/// Renders all tasks of all plays; gives (host, module, arguments) of those that would run.
fn rendered(etcd: &EtcdDecision) -> Vec<(String, String, Map<String, Value>)> {
    let mut calls = Vec::new();
    for play in playbook().plays() {
        for host in hosts(play, etcd) {
            let scope = scope(etcd, &host).extend(play.vars.clone());
            for task in play.tasks() {
                let items = match &task.repeat {
                    None => vec![Value::Null],
                    Some(repeat) => {
                        scope.render_value(&repeat.items.value).unwrap().as_array().unwrap().clone()
                    }
                };
                for item in items {
                    let scope = scope.with("item", item);
                    let place = &task.location;
                    let runs = task.when.iter().all(|when| {
                        let holds = scope.condition(&when.text);
                        holds.unwrap_or_else(|error| panic!("{place}: {error}"))
                    });
                    if !runs {
                        continue;
                    }
                    let args = scope.render_map(&task.args);
                    let args = args.unwrap_or_else(|error| panic!("{place}: {error}"));
                    let to = task.delegate_to.as_ref().map(|to| scope.render_value(&to.value));
                    let on = to.map_or(host.clone(), |to| to.unwrap().as_str().unwrap().to_owned());
                    calls.push((on, task.module.clone(), args));
                }
            }
        }
    }
    calls
}

fn named<'c>(
    calls: &'c [(String, String, Map<String, Value>)],
    module: &str,
) -> Vec<(&'c str, &'c Map<String, Value>)> {
    let of = calls.iter().filter(|(_, name, _)| name == module);
    of.map(|(host, _, args)| (host.as_str(), args)).collect()
}

#[test]
fn nothing_is_done_when_nothing_is_to_do() {
    let etcd = EtcdDecision { joining: vec![], ..decision(Action::Nothing) };
    assert_eq!(rendered(&etcd), []);
}

#[test]
fn what_is_merely_stopped_is_started_and_nothing_else() {
    let etcd = EtcdDecision {
        action: Some(Action::Start),
        start: vec!["node1".into(), "node3".into()],
        ..EtcdDecision::default()
    };
    let calls = rendered(&etcd);
    let modules: BTreeMap<&str, usize> = calls.iter().fold(BTreeMap::new(), |mut all, call| {
        *all.entry(call.1.as_str()).or_default() += 1;
        all
    });
    assert_eq!(modules, BTreeMap::from([("etcd_health", 2), ("service", 2)]));
}

#[test]
fn a_repair_saves_removes_one_by_one_and_grows() {
    let calls = rendered(&repair());
    assert_eq!(calls[0].1, "etcd_snapshot", "the way back comes first");
    assert_eq!(calls[0].0, "node2");
    let members = named(&calls, "etcd_member");
    let states: Vec<&str> =
        members.iter().map(|(_, args)| args["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["absent", "absent", "looked_up", "present", "promoted"]);
    assert!(members.iter().all(|(host, _)| *host == "node2"), "all through the coordinator");
    assert_eq!(members[1].1["id"], "cd");
    assert_eq!(members[3].1["learner"], true);
    // Only the host of the dead member loses its data's place, and the joiner's is cleaned.
    let aside: Vec<&str> = named(&calls, "etcd_restore").iter().map(|(host, _)| *host).collect();
    assert_eq!(aside, ["node1", "node3"]);
    let forgotten: Vec<_> = named(&calls, "pki")
        .into_iter()
        .filter(|(_, args)| args["action"] == "forget")
        .map(|(host, args)| (host, args["hosts"].clone()))
        .collect();
    assert_eq!(forgotten, [("node2", json!(["node9"])), ("node3", json!(["node9"]))]);
    let settled = named(&calls, "etcd_config").last().unwrap().1["set"].clone();
    let whole = "etcd2=https://10.0.0.2:2380,etcd3=https://10.0.0.3:2380";
    assert_eq!(settled["ETCD_INITIAL_CLUSTER"].as_str().unwrap().trim(), whole);
    assert_eq!(settled["ETCD_INITIAL_CLUSTER"], whole);
    let last = named(&calls, "etcd_health").last().unwrap().1.clone();
    assert_eq!(last["members"], json!(["https://10.0.0.2:2380", "https://10.0.0.3:2380"]));
}

#[test]
fn a_restore_is_proved_before_anything_stops() {
    for (snapshot, path) in [
        (None, "/var/lib/rrecover/01RUN/etcd-snapshot.db"),
        (
            Some(SnapshotFile {
                path: "/here/s.db".into(),
                sha256: "ab".into(),
                has_digest: true,
                ..SnapshotFile::default()
            }),
            "/var/lib/rrecover/01RUN/etcd-snapshot-given.db",
        ),
    ] {
        let calls = rendered(&restore(snapshot));
        let first_stop = calls.iter().position(|call| call.1 == "service").unwrap();
        let trial = calls.iter().position(|(_, _, args)| args.get("trial").is_some()).unwrap();
        assert!(trial < first_stop);
        assert_eq!(calls[trial].2["snapshot"], path);
        assert_eq!(calls[trial].2["needs_free_bytes"], 5);
        let lost =
            calls.iter().position(|(_, _, args)| args.get("state") == Some(&json!("no_quorum")));
        assert!(lost.is_some_and(|at| trial < at && at < first_stop), "I-03 right before");
        let stopped: Vec<&str> = named(&calls, "service")
            .into_iter()
            .filter(|(_, args)| args.get("state") == Some(&json!("stopped")))
            .map(|(host, _)| host)
            .collect();
        assert_eq!(stopped, ["node1", "node2", "node3"], "retired and seed first, then the joiner");
        let real = named(&calls, "etcd_restore")
            .into_iter()
            .find(|(_, args)| !args.contains_key("trial") && !args.contains_key("state"))
            .unwrap();
        assert_eq!(real.0, "node2");
        assert_eq!(real.1["snapshot"], path);
        assert_eq!(real.1["token"], "k8s_etcd-rr-01RUN");
        assert_eq!(real.1["bump_revision"], 1_000_000_000);
        let proof = named(&calls, "etcd_health")
            .into_iter()
            .find(|(_, args)| args.contains_key("write_probe"))
            .unwrap();
        assert_eq!(proof.1["min_revision"], 42);
        assert_eq!(proof.1["members"], json!(["https://10.0.0.2:2380"]));
    }
}

#[test]
fn what_changes_anything_for_good_says_so_and_how_it_is_undone() {
    for play in playbook().plays() {
        for task in play.tasks() {
            assert_eq!(task.destructive, task.undo.is_some(), "{}", task.location);
            let state = task.args.get("state").and_then(Value::as_str).unwrap_or_default();
            let dangerous = match task.module.as_str() {
                "etcd_restore" => !task.args.contains_key("trial"),
                "etcd_member" => ["absent", "present"].contains(&state),
                "service" => state == "stopped",
                "pki" => task.args["action"] == "forget",
                _ => false,
            };
            assert_eq!(task.destructive, dangerous, "{}", task.location);
        }
    }
}

#[test]
fn the_plan_has_the_commands_of_every_dangerous_step() {
    for (_, module, args) in rendered(&restore(None)) {
        if module.starts_with("etcd_") {
            let preview = modules::find(&module).unwrap().preview(&Args(args));
            assert!(!preview.is_empty(), "{module}");
        }
    }
}
