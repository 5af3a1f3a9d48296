//! `cluster::probe` against real clusters, through tunnels and without.

use crate::cluster::{Cluster, Way, etcd, host, make_ca};
use crate::support::{VERSIONS, eventually};
use rrecover::cluster::probe::{AccessError, ProbeLimits, observe};
use rrecover::cluster::status::{
    Alarm, ClusterStatus, DataContent, LeftoverKind, MemberView, Reach,
};
use rrecover::transport::Pool;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a view says that does not change from one moment to the next.
fn lasting(view: &MemberView) -> MemberView {
    MemberView { raft_index: 0, raft_applied_index: 0, db_size: 0, ..view.clone() }
}

#[tokio::test]
async fn a_healthy_cluster_is_seen_whole_from_every_host() {
    for version in VERSIONS {
        let cluster = Cluster::start(version, "");
        cluster.ctl(0, &["put", "/registry/a", "1"]);
        for way in [Way::Tunnel, Way::Forbidden] {
            let status = cluster.observe(way).await;
            let leader = etcd(&status, "node1").own_view.as_ref().unwrap().leader;
            assert!(leader.is_some());
            for node in &cluster.nodes {
                let seen = etcd(&status, &node.host);
                assert_eq!(status.hosts[&node.host].reach, Reach::Reached);
                assert!(status.hosts[&node.host].clock_offset_ms.unwrap().abs() < 1000);
                assert!(seen.has_ca_key);
                assert!(matches!(seen.data.content, DataContent::Present { .. }));
                assert!(seen.data.free_bytes > 0 && !seen.data.mount_point);
                assert!(seen.tools.etcd.as_ref().unwrap().starts_with(version));
                assert_eq!(seen.tools.etcdutl.is_some(), version == "3.5");
                let config = seen.config.as_ref().unwrap();
                assert_eq!((&config.name, config.initial_cluster.len()), (&node.name, 3));

                let view = seen.own_view.as_ref().unwrap();
                assert_eq!(view.leader, leader, "{version} {way:?}");
                assert!(view.linearizable_read && !view.learner && view.errors.is_empty());
                assert_eq!(view.revision, 2);
                assert!(view.version.starts_with(version));
                let members = view.members.as_ref().unwrap();
                let own = members.iter().find(|member| member.id == view.member_id).unwrap();
                assert_eq!((&own.name, &own.peer_urls[0]), (&node.name, &node.peer_url));
                assert_eq!(members.len(), 3);
                assert_eq!(seen.peer_views.len(), 2, "all but its own");
                for (url, peer) in &seen.peer_views {
                    assert_ne!(url, &node.client_url);
                    assert_eq!(peer.as_ref().unwrap().cluster_id, view.cluster_id);
                }
            }
        }
    }
}

#[tokio::test]
async fn both_ways_of_asking_see_the_same() {
    for version in VERSIONS {
        let cluster = Cluster::start(version, "");
        let through_tunnel = cluster.observe(Way::Tunnel).await;
        let with_etcdctl = cluster.observe(Way::Forbidden).await;
        for node in &cluster.nodes {
            let [a, b] = [&through_tunnel, &with_etcdctl]
                .map(|status| lasting(etcd(status, &node.host).own_view.as_ref().unwrap()));
            assert_eq!(a, b, "{version}");
        }
    }
}

#[tokio::test]
async fn a_lone_survivor_still_says_who_its_members_are() {
    for version in VERSIONS {
        let mut cluster = Cluster::start(version, "");
        cluster.ctl(0, &["put", "/registry/a", "1"]);
        cluster.kill(0);
        cluster.kill(2);
        let access = cluster.access(1, Way::Tunnel).await;
        let url = cluster.nodes[1].client_url.clone();
        let deadline = Instant::now() + Duration::from_secs(20);
        while !access.status(&url).await.is_ok_and(|status| status.leader.is_none()) {
            assert!(Instant::now() < deadline, "it notices that there is no leader");
        }
        for way in [Way::Tunnel, Way::Forbidden] {
            let begun = Instant::now();
            let status = cluster.observe(way).await;
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
            let view = etcd(&status, "node2").own_view.as_ref().unwrap();
            assert_eq!(view.leader, None);
            assert!(!view.linearizable_read);
            assert_eq!(view.revision, 2);
            assert_eq!(view.errors, ["etcdserver: no leader"]);
            let members = view.members.as_ref().unwrap();
            assert_eq!(members.len(), 3, "{version} {way:?}: served without quorum");
            for dead in ["node1", "node3"] {
                let seen = etcd(&status, dead);
                assert!(seen.own_view.is_err());
                assert!(matches!(seen.data.content, DataContent::Present { .. }));
                assert!(seen.peer_views[&url].is_ok(), "it reaches the survivor");
            }
        }
        assert!(!access.health(&url).await.unwrap());
        assert_eq!(access.member_list(&url).await.unwrap().len(), 3);
    }
}

#[tokio::test]
async fn a_gateway_is_asked_with_openssl_where_curl_does_not_work() {
    let mut cluster = Cluster::start("3.5", "");
    let programs = cluster.directory.path().join("bin");
    std::fs::create_dir(&programs).unwrap();
    std::os::unix::fs::symlink(cluster.programs.join("etcdctl"), programs.join("etcdctl")).unwrap();
    std::os::unix::fs::symlink("/bin/false", programs.join("curl")).unwrap();
    cluster.nodes[0].paths.bin_dir = programs.to_str().unwrap().to_owned();
    cluster.kill(1);
    cluster.kill(2);
    let access = cluster.access(0, Way::Forbidden).await;
    let members = access.member_list(&cluster.nodes[0].client_url).await.unwrap();
    assert_eq!(members.len(), 3);
}

#[tokio::test]
async fn a_learner_is_seen_as_one_before_and_after_it_starts() {
    for version in VERSIONS {
        let mut cluster = Cluster::start(version, "");
        let new = cluster.prepare_node(10);
        let peer_url = cluster.nodes[new].peer_url.clone();
        // etcd refuses a change until every member has been connected for a while.
        eventually("the learner is added", || {
            let added = ["member", "add", "etcd10", "--learner", "--peer-urls", &peer_url];
            cluster.try_ctl(0, &added).status.success().then_some(())
        });
        let access = cluster.access(0, Way::Tunnel).await;
        let members = access.member_list(&cluster.nodes[0].client_url).await.unwrap();
        let unstarted = members.iter().find(|member| member.peer_urls == [&*peer_url]).unwrap();
        assert!(unstarted.learner && !unstarted.started() && unstarted.client_urls.is_empty());

        let all: Vec<_> =
            cluster.nodes.iter().map(|node| format!("{}={}", node.name, node.peer_url)).collect();
        cluster.write_environment(new, &all.join(","), "existing", "");
        cluster.run(new);
        let url = cluster.nodes[new].client_url.clone();
        let deadline = Instant::now() + Duration::from_secs(20);
        while access.status(&url).await.is_err() {
            assert!(Instant::now() < deadline, "the learner starts");
        }
        for way in [Way::Tunnel, Way::Forbidden] {
            let status = cluster.observe(way).await;
            let view = etcd(&status, "node10").own_view.as_ref().unwrap();
            assert!(view.learner, "{version} {way:?}");
            assert!(!view.linearizable_read, "a learner answers no reads");
            assert!(view.leader.is_some());
        }
    }
}

#[tokio::test]
async fn a_full_space_quota_is_seen_as_an_alarm() {
    for version in VERSIONS {
        let cluster = Cluster::start(version, "ETCD_QUOTA_BACKEND_BYTES=500000\n");
        let value = "x".repeat(50_000);
        eventually("the quota is used up", || {
            (!cluster.try_ctl(0, &["put", "/registry/a", &value]).status.success()).then_some(())
        });
        for way in [Way::Tunnel, Way::Forbidden] {
            let status = cluster.observe(way).await;
            let view = etcd(&status, "node1").own_view.as_ref().unwrap();
            let raised: Vec<_> = view.alarms.iter().map(|(_, alarm)| *alarm).collect();
            assert!(raised.contains(&Alarm::NoSpace), "{version} {way:?}: {:?}", view.errors);
            let ids: Vec<_> = view.members.iter().flatten().map(|member| member.id).collect();
            assert!(view.alarms.iter().all(|(id, _)| ids.contains(id)));
        }
    }
}

#[tokio::test]
async fn half_of_the_hosts_hanging_costs_one_deadline() {
    let mut cluster = Cluster::start("3.5", "");
    cluster.freeze(1);
    cluster.kill(2);
    let mut targets = cluster.targets();
    let mut connections: Vec<_> =
        cluster.nodes.iter().map(|node| host(&node.host, Way::Tunnel)).collect();
    for number in 4..=10 {
        let name = format!("node{number}");
        connections.push(host(&name, Way::Hanging));
        targets.push(rrecover::cluster::probe::ProbeHost { name, ..targets[0].clone() });
    }
    let begun = Instant::now();
    let status = observe(&Pool::of(connections), &targets, &ProbeLimits::default()).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(status.hosts.len(), 10);
    let frozen = etcd(&status, "node2").own_view.as_ref().unwrap_err();
    assert!(frozen.contains("does not answer"), "{frozen}");
    assert!(etcd(&status, "node1").own_view.is_ok());
    assert!(matches!(status.hosts["node7"].reach, Reach::Denied { .. }));
    assert!(status.hosts["node7"].etcd.is_none());
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_said_to_be_so() {
    let mut cluster = Cluster::start("3.5", "");
    let others = cluster.directory.path().join("other-ssl");
    make_ca(&others);
    for file in ["admin-node1.pem", "admin-node1-key.pem"] {
        let own = Path::new(&cluster.nodes[0].paths.cert_dir).join(file);
        std::fs::copy(own, others.join(file)).unwrap();
    }
    cluster.nodes[0].paths.cert_dir = others.to_str().unwrap().to_owned();
    let access = cluster.access(0, Way::Tunnel).await;
    let error = access.status(&cluster.nodes[0].client_url).await.unwrap_err();
    assert!(matches!(error, AccessError::Handshake { .. }), "{error}");
    assert!(error.to_string().contains("invalid peer certificate"), "{error}");
}

#[tokio::test]
async fn a_host_without_certificates_says_so() {
    let mut cluster = Cluster::start("3.4", "");
    cluster.nodes[0].paths.cert_dir = "/nonexistent".to_owned();
    let status = cluster.observe(Way::Tunnel).await;
    let seen = etcd(&status, "node1");
    let error = seen.own_view.as_ref().unwrap_err();
    assert!(error.contains("no usable client certificate"), "{error}");
    assert!(!seen.has_ca_key);
    assert!(etcd(&status, "node2").own_view.is_ok());
}

#[tokio::test]
async fn stopped_data_shows_its_revision_and_is_not_written_to() {
    let revision = |status: &ClusterStatus, host: &str| match etcd(status, host).data.content {
        DataContent::Present { revision, .. } => revision,
        ref other => panic!("{other:?}"),
    };
    for version in VERSIONS {
        let mut cluster = Cluster::start(version, "");
        cluster.ctl(0, &["put", "/registry/a", "1"]);
        let healthy = cluster.observe(Way::Tunnel).await;
        assert_eq!(revision(&healthy, "node1"), None, "etcd runs on it");
        // What was written reaches the file now, not only within the next tenth of a second.
        cluster.ctl(0, &["defrag"]);
        for at in 0..3 {
            cluster.kill(at);
        }
        let data = Path::new(&cluster.nodes[0].paths.data_dir).to_owned();
        let database = data.join("member/snap/db");
        let (before, bytes) = (listing(&data), std::fs::read(&database).unwrap());
        let stopped = cluster.observe(Way::Tunnel).await;
        assert_eq!(revision(&stopped, "node1"), Some(2), "{version}");
        assert_eq!(listing(&data), before);
        assert!(std::fs::read(&database).unwrap() == bytes);
    }
}

#[tokio::test]
async fn looking_writes_nothing() {
    let mut cluster = Cluster::start("3.4", "");
    for at in 0..3 {
        cluster.kill(at);
    }
    let data = cluster.nodes[0].paths.data_dir.clone();
    for (name, marker) in [
        ("rrecover-01A", None),
        ("new-01B", Some(".complete")),
        ("new-01C", None),
        ("rrecover-01D", None),
    ] {
        let directory = format!("{data}.{name}");
        std::fs::create_dir(&directory).unwrap();
        if let Some(marker) = marker {
            std::fs::write(Path::new(&directory).join(marker), "").unwrap();
        }
    }
    let before = listing(cluster.directory.path());
    for way in [Way::Tunnel, Way::Forbidden] {
        let status = cluster.observe(way).await;
        let seen = etcd(&status, "node1");
        let mut left: Vec<_> = seen.leftovers.iter().map(|one| (one.kind, &*one.run)).collect();
        left.sort_by_key(|(_, run)| *run);
        let (aside, restored) = (LeftoverKind::Aside, LeftoverKind::Restored);
        assert_eq!(left, [(aside, "01A"), (restored, "01B"), (aside, "01D")]);
        assert!(seen.own_view.is_err());
    }
    assert_eq!(listing(cluster.directory.path()), before);
}

/// Every file below a directory with what changes when somebody writes.
fn listing(directory: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(path) = open.pop() {
        let metadata = std::fs::symlink_metadata(&path).unwrap();
        let (size, mode) = (metadata.size(), metadata.mode());
        let (modified, changed) = (metadata.mtime_nsec(), metadata.ctime_nsec());
        lines.push(format!("{} {size} {mode} {modified} {changed}", path.display()));
        if metadata.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    lines.sort();
    lines
}

#[tokio::test]
async fn data_that_is_gone_or_broken_is_seen() {
    let mut cluster = Cluster::start("3.5", "");
    for at in 0..3 {
        cluster.kill(at);
    }
    let data = |at: usize| Path::new(&cluster.nodes[at].paths.data_dir).to_owned();
    std::fs::remove_dir_all(data(0)).unwrap();
    std::fs::remove_dir_all(data(1).join("member")).unwrap();
    std::fs::remove_file(data(2).join("member/snap/db")).unwrap();
    let status = cluster.observe(Way::Tunnel).await;
    let content = |host: &str| etcd(&status, host).data.content.clone();
    assert_eq!(content("node1"), DataContent::Missing);
    assert_eq!(content("node2"), DataContent::Empty);
    let reason = "`member/snap/db` is missing".to_owned();
    assert_eq!(content("node3"), DataContent::Damaged { reason });
    assert!(etcd(&status, "node1").data.free_bytes > 0, "of the directory it would be in");
}
