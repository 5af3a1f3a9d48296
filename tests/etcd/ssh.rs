//! The probes through a real sshd: tunnels, tunnels forbidden, nobody there.

use crate::cluster::{Cluster, etcd};
use crate::support::{Process, VERSIONS, eventually, free_ports};
use rrecover::cluster::probe::{ProbeHost, ProbeLimits, observe};
use rrecover::cluster::status::Reach;
use rrecover::transport::settings::{Credentials, Endpoint, Reach as Way, Trust};
use rrecover::transport::{HostKeyPolicy, Pool, RunAs, Target};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// sshd on loopback that lets root in with one key.
struct Sshd {
    port: u16,
    key: PathBuf,
    _process: Process,
}

fn sshd(directory: &Path, forwarding: &str) -> Sshd {
    let directory = directory.join(format!("sshd-{forwarding}"));
    std::fs::create_dir(&directory).unwrap();
    let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    for name in ["host_key", "user_key"] {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f", &path(name)])
            .status()
            .unwrap();
        assert!(made.success());
    }
    let port = free_ports(1)[0];
    let config = format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
         PermitRootLogin yes\nStrictModes no\nUsePAM no\nAllowTcpForwarding {forwarding}\n",
        path("host_key"),
        path("user_key.pub"),
    );
    std::fs::write(path("config"), config).unwrap();
    // sshd wants this directory for itself; the package makes it when its service starts.
    std::fs::create_dir_all("/run/sshd").unwrap();
    let log = std::fs::File::create(path("log")).unwrap();
    let process = Process::start(
        Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f", &path("config")])
            .stdin(Stdio::null())
            .stderr(log),
    );
    eventually("sshd listens", || TcpStream::connect(("127.0.0.1", port)).ok());
    Sshd { port, key: path("user_key").into(), _process: process }
}

fn target(name: &str, port: u16, key: &Path, known_hosts: &Path) -> Target {
    let endpoint = Endpoint {
        address: "127.0.0.1".to_owned(),
        port,
        user: "root".to_owned(),
        credentials: Credentials {
            keys: vec![key.to_owned()],
            configured_only: true,
            ..Credentials::default()
        },
        trust: Trust {
            policy: HostKeyPolicy::AcceptNew,
            files: vec![known_hosts.to_owned()],
            ..Trust::default()
        },
        connect_timeout: Duration::from_secs(2),
        ..Endpoint::default()
    };
    let reach = Way::Ssh { endpoint: Box::new(endpoint), jump: Vec::new() };
    Target { name: name.to_owned(), reach, run_as: None, become_as: RunAs::default() }
}

#[tokio::test]
async fn members_are_seen_through_sshd_whether_it_forwards_or_not() {
    for version in VERSIONS {
        let cluster = Cluster::start(version, "");
        let directory = cluster.directory.path();
        let (open, closed) = (sshd(directory, "yes"), sshd(directory, "no"));
        let known_hosts = directory.join("known_hosts");
        // Nobody listens on one port; on the other somebody does and never says a word.
        let off = free_ports(1)[0];
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let silent_port = silent.local_addr().unwrap().port();
        let pool = Pool::new(vec![
            target("node1", open.port, &open.key, &known_hosts),
            target("node2", closed.port, &closed.key, &known_hosts),
            target("node3", off, &open.key, &known_hosts),
            target("node4", silent_port, &open.key, &known_hosts),
        ]);
        let mut targets = cluster.targets();
        targets.push(ProbeHost { name: "node4".to_owned(), ..targets[0].clone() });
        let begun = Instant::now();
        let status = observe(&pool, &targets, &ProbeLimits::default()).await;
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());

        let unseen = &cluster.nodes[2].client_url;
        for host in ["node1", "node2"] {
            assert_eq!(status.hosts[host].reach, Reach::Reached);
            let seen = etcd(&status, host);
            let own = seen.own_view.as_ref().unwrap();
            assert!(own.linearizable_read, "{version} {host}");
            assert_eq!(own.members.as_ref().unwrap().len(), 3);
            // Its host does not answer, but its member does.
            assert!(seen.peer_views[unseen].as_ref().unwrap().linearizable_read);
        }
        for host in ["node3", "node4"] {
            let reach = &status.hosts[host].reach;
            assert!(matches!(reach, Reach::Unreachable { .. }), "{host}: {reach:?}");
            assert!(status.hosts[host].etcd.is_none());
        }
        pool.close().await;
    }
}
