use super::super::etcdctl::testing::{Cluster, task};
use crate::modules::ModuleError;
use serde_json::json;

fn id_of(cluster: &Cluster, asked: usize, peer_url: &str) -> String {
    let list = cluster.etcdctl(asked, &["member", "list"]).unwrap();
    let line = list.lines().find(|line| line.contains(peer_url)).unwrap();
    line.split(',').next().unwrap().to_owned()
}

fn refused(result: Result<crate::modules::Outcome, ModuleError>) -> String {
    match result {
        Err(ModuleError::Refused { reason, .. }) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

async fn a_dead_member_is_replaced(version: &str) {
    let mut cluster = Cluster::start(version, 3);
    cluster.etcdctl(1, &["put", "key", "value"]).unwrap();
    let healthy = id_of(&cluster, 1, &cluster.members[1].peer_url);
    let dead = id_of(&cluster, 1, &cluster.members[0].peer_url);
    cluster.kill(0);

    // The others are needed for the quorum: only the dead one may go.
    let removal = cluster.task(1, "etcd_member", json!({"state": "absent", "id": healthy})).await;
    assert!(refused(removal).contains("I-05"));

    // Check mode says it and leaves the list alone.
    let mut check = cluster.context();
    check.check = true;
    let args = cluster.args(1, &json!({"state": "absent", "id": dead}));
    let would = task(&check, "etcd_member", args).await.unwrap();
    assert!(would.changed && would.msg.starts_with("would remove"), "{would:?}");
    assert_eq!(id_of(&cluster, 1, &cluster.members[0].peer_url), dead);

    let absent = json!({"state": "absent", "id": dead, "retries": 5});
    let first = cluster.task(1, "etcd_member", absent.clone()).await.unwrap();
    assert!(first.changed);
    assert_eq!(cluster.etcdctl(1, &["member", "list"]).unwrap().lines().count(), 2);
    let second = cluster.task(1, "etcd_member", absent).await.unwrap();
    assert!(!second.changed, "{second:?}");

    grow_back(&mut cluster).await;
}

async fn grow_back(cluster: &mut Cluster) {
    let new = cluster.prepare();
    let (name, url) = (cluster.members[new].name.clone(), cluster.members[new].peer_url.clone());
    let look = json!({"state": "looked_up", "peer_url": url});
    let seen = cluster.task(1, "etcd_member", look.clone()).await.unwrap();
    assert_eq!(seen.values["found"], false);

    let present =
        json!({"state": "present", "name": name, "peer_url": url, "learner": true, "retries": 5});
    let added = cluster.task(1, "etcd_member", present.clone()).await.unwrap();
    assert!(added.changed, "{added:?}");
    let initial = added.values["initial_cluster"].as_str().unwrap().to_owned();
    assert!(initial.split(',').any(|entry| entry == format!("{name}={url}")), "{initial}");
    assert_eq!(initial.split(',').count(), 3);
    assert!(!initial.split(',').any(|entry| entry.starts_with('=')), "{initial}");

    // Cut off here, a second run adopts it; a third member has to wait.
    let adopted = cluster.task(1, "etcd_member", present).await.unwrap();
    assert!(!adopted.changed && adopted.values["id"] == added.values["id"], "{adopted:?}");
    assert_eq!(adopted.values["initial_cluster"], initial.as_str());
    let other = json!({"state": "present", "name": "etcd9", "peer_url": "http://127.0.0.1:1"});
    let reason = refused(cluster.task(1, "etcd_member", other).await);
    assert!(reason.contains("has not started"), "{reason}");

    cluster.run(new, &initial, "existing");
    let promote = json!({"state": "promoted", "peer_url": url, "deadline": 60});
    let promoted = cluster.task(1, "etcd_member", promote.clone()).await.unwrap();
    assert!(promoted.changed && promoted.values["learner"] == false, "{promoted:?}");
    let again = cluster.task(1, "etcd_member", promote).await.unwrap();
    assert!(!again.changed);
    let seen = cluster.task(1, "etcd_member", look).await.unwrap();
    assert_eq!(seen.values["started"], true);
    let value = cluster.etcdctl(new, &["get", "key", "--print-value-only"]).unwrap();
    assert_eq!(value.trim(), "value");
}

#[tokio::test]
async fn a_dead_member_is_removed_and_grown_back_on_3_4() {
    a_dead_member_is_replaced("3.4").await;
}

#[tokio::test]
async fn a_dead_member_is_removed_and_grown_back_on_3_5() {
    a_dead_member_is_replaced("3.5").await;
}

#[tokio::test]
async fn a_second_voter_is_waited_for_although_quorum_is_away_until_it_starts() {
    let mut cluster = Cluster::start("3.5", 1);
    let new = cluster.prepare();
    let url = cluster.members[new].peer_url.clone();
    let present = json!({
        "state": "present", "name": "etcd2", "peer_url": url, "learner": false, "retries": 5
    });
    let added = cluster.task(0, "etcd_member", present).await.unwrap();
    let initial = added.values["initial_cluster"].as_str().unwrap().to_owned();
    let promote = json!({"state": "promoted", "peer_url": url, "deadline": 60});
    // The wait begins while there is no quorum, and goes on when the member has started.
    let (context, args) = (cluster.context(), cluster.args(0, &promote));
    let waiting = tokio::spawn(async move { task(&context, "etcd_member", args).await });
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert!(cluster.etcdctl(0, &["get", "key"]).is_none(), "one of two voters is no quorum");
    cluster.run(new, &initial, "existing");
    let promoted = waiting.await.unwrap().unwrap();
    assert!(!promoted.changed && promoted.values["started"] == true, "{promoted:?}");
}

#[tokio::test]
async fn the_last_voter_stays() {
    let cluster = Cluster::start("3.5", 1);
    let id = id_of(&cluster, 0, &cluster.members[0].peer_url);
    let removal = cluster.task(0, "etcd_member", json!({"state": "absent", "id": id})).await;
    assert!(refused(removal).contains("I-07"));
}

#[tokio::test]
async fn an_id_that_is_no_hexadecimal_number_is_refused() {
    let cluster = Cluster::start("3.5", 1);
    for id in ["0x12", "12 ", "DDCE", "node1"] {
        let removal = cluster.task(0, "etcd_member", json!({"state": "absent", "id": id})).await;
        assert!(matches!(removal, Err(ModuleError::Argument { .. })), "{id}: {removal:?}");
    }
}

#[tokio::test]
async fn under_check_mode_no_quorum_is_what_the_steps_before_would_have_mended() {
    let mut cluster = Cluster::start("3.5", 3);
    cluster.kill(1);
    cluster.kill(2);
    let mut check = cluster.context();
    check.check = true;
    let url = "http://127.0.0.1:1";
    let ask = |state: &str| {
        let more = json!({"state": state, "peer_url": url, "name": "etcd9", "id": "ab"});
        let mut args = cluster.args(0, &more);
        if state != "absent" {
            args.as_object_mut().unwrap().remove("id");
        }
        let check = &check;
        async move { task(check, "etcd_member", args).await }
    };
    let seen = ask("looked_up").await.unwrap();
    assert_eq!((&seen.values["found"], &seen.values["started"]), (&json!(false), &json!(false)));
    assert!(!seen.changed && seen.msg.starts_with("cannot be known"), "{seen:?}");
    for state in ["present", "promoted", "absent"] {
        let would = ask(state).await.unwrap();
        assert!(would.changed && would.msg.starts_with("would "), "{state}: {would:?}");
    }
    let added = ask("present").await.unwrap();
    assert_eq!(added.values["initial_cluster"], "etcd9=http://127.0.0.1:1");
}
