//! Real clusters with TLS on loopback, laid out as Kubespray lays them out.

use crate::support::{Process, eventually, free_ports, programs};
use async_trait::async_trait;
use rrecover::cluster::env_file::EnvFile;
use rrecover::cluster::paths::EtcdPaths;
use rrecover::cluster::probe::{EtcdAccess, ProbeHost, ProbeLimits, observe};
use rrecover::cluster::status::{ClusterStatus, EtcdHost};
use rrecover::transport::{
    BoxStream, Command, Connection, LocalConnection, Output, Pool, TransportError,
};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

/// A cluster; its processes end with it.
pub(crate) struct Cluster {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) programs: PathBuf,
    pub(crate) nodes: Vec<Node>,
}

/// One member and the host it stands for.
pub(crate) struct Node {
    pub(crate) host: String,
    pub(crate) name: String,
    pub(crate) client_url: String,
    pub(crate) peer_url: String,
    pub(crate) paths: EtcdPaths,
    process: Option<Process>,
}

impl Cluster {
    /// Three members with a leader. `settings` are added to each environment file.
    pub(crate) fn start(version: &str, settings: &str) -> Self {
        let mut cluster = Self {
            directory: tempfile::tempdir().unwrap(),
            programs: programs(version),
            nodes: Vec::new(),
        };
        make_ca(&cluster.certificates());
        for number in 1..=3 {
            cluster.prepare_node(number);
        }
        let members: Vec<_> =
            cluster.nodes.iter().map(|node| format!("{}={}", node.name, node.peer_url)).collect();
        for at in 0..3 {
            cluster.write_environment(at, &members.join(","), "new", settings);
            cluster.run(at);
        }
        eventually("the cluster is healthy", || {
            let healthy = cluster.try_ctl(0, &["endpoint", "health"]);
            healthy.status.success().then_some(())
        });
        cluster
    }

    fn certificates(&self) -> PathBuf {
        self.directory.path().join("ssl")
    }

    /// A further host with certificates, nothing started.
    pub(crate) fn prepare_node(&mut self, number: usize) -> usize {
        let host = format!("node{number}");
        make_certificate(&self.certificates(), &host);
        let ports = free_ports(2);
        let root = self.directory.path().join(&host);
        std::fs::create_dir(&root).unwrap();
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        self.nodes.push(Node {
            name: format!("etcd{number}"),
            client_url: format!("https://127.0.0.1:{}", ports[0]),
            peer_url: format!("https://127.0.0.1:{}", ports[1]),
            paths: EtcdPaths {
                data_dir: text(root.join("data")),
                env_file: text(root.join("etcd.env")),
                cert_dir: text(self.certificates()),
                bin_dir: text(self.programs.clone()),
                unit: "rrecover-test-etcd".to_owned(),
            },
            host,
            process: None,
        });
        self.nodes.len() - 1
    }

    pub(crate) fn write_environment(&self, at: usize, members: &str, state: &str, more: &str) {
        let Node { host, name, client_url, peer_url, paths, .. } = &self.nodes[at];
        let EtcdPaths { data_dir, cert_dir, env_file, .. } = paths;
        let text = format!(
            "# Environment file for etcd
ETCD_NAME={name}
ETCD_DATA_DIR={data_dir}
ETCD_LISTEN_CLIENT_URLS={client_url}
ETCD_ADVERTISE_CLIENT_URLS={client_url}
ETCD_LISTEN_PEER_URLS={peer_url}
ETCD_INITIAL_ADVERTISE_PEER_URLS={peer_url}
ETCD_INITIAL_CLUSTER={members}
ETCD_INITIAL_CLUSTER_STATE={state}
ETCD_INITIAL_CLUSTER_TOKEN=k8s_etcd
ETCD_HEARTBEAT_INTERVAL=100
ETCD_ELECTION_TIMEOUT=1000
ETCD_TRUSTED_CA_FILE={cert_dir}/ca.pem
ETCD_CERT_FILE={cert_dir}/member-{host}.pem
ETCD_KEY_FILE={cert_dir}/member-{host}-key.pem
ETCD_CLIENT_CERT_AUTH=true
ETCD_PEER_TRUSTED_CA_FILE={cert_dir}/ca.pem
ETCD_PEER_CERT_FILE={cert_dir}/member-{host}.pem
ETCD_PEER_KEY_FILE={cert_dir}/member-{host}-key.pem
ETCD_PEER_CLIENT_CERT_AUTH=true
{more}"
        );
        std::fs::write(env_file, text).unwrap();
    }

    /// Starts the member with its environment file, as its unit would.
    pub(crate) fn run(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        let file = EnvFile::parse(&std::fs::read_to_string(&node.paths.env_file).unwrap());
        let settings = file.keys().into_iter().map(|key| (key.to_owned(), file.get(key).unwrap()));
        let log = std::fs::File::create(format!("{}.log", node.paths.data_dir)).unwrap();
        node.process = Some(Process::start(
            std::process::Command::new(self.programs.join("etcd"))
                .envs(settings)
                .stdout(Stdio::null())
                .stderr(log),
        ));
    }

    pub(crate) fn kill(&mut self, at: usize) {
        self.nodes[at].process = None;
    }

    /// Freezes the member: its port takes connections and never answers.
    pub(crate) fn freeze(&self, at: usize) {
        self.nodes[at].process.as_ref().unwrap().freeze();
    }

    pub(crate) fn try_ctl(&self, at: usize, arguments: &[&str]) -> std::process::Output {
        let Node { host, client_url, paths, .. } = &self.nodes[at];
        let file = |name: String| format!("{}/{name}.pem", paths.cert_dir);
        std::process::Command::new(self.programs.join("etcdctl"))
            .env("ETCDCTL_API", "3")
            .args(["--endpoints", client_url, "--cacert", &file("ca".to_owned())])
            .args(["--cert", &file(format!("admin-{host}"))])
            .args(["--key", &file(format!("admin-{host}-key"))])
            .args(arguments)
            .output()
            .unwrap()
    }

    pub(crate) fn ctl(&self, at: usize, arguments: &[&str]) -> String {
        let output = self.try_ctl(at, arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "etcdctl {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What is to be looked at.
    pub(crate) fn targets(&self) -> Vec<ProbeHost> {
        let peers: Vec<_> = self.nodes.iter().map(|node| node.client_url.clone()).collect();
        let target = |node: &Node| ProbeHost {
            name: node.host.clone(),
            paths: node.paths.clone(),
            client_url: node.client_url.clone(),
            peers: peers.clone(),
        };
        self.nodes.iter().map(target).collect()
    }

    /// Looks at every host.
    pub(crate) async fn observe(&self, way: Way) -> ClusterStatus {
        let pool = Pool::of(self.nodes.iter().map(|node| host(&node.host, way)).collect());
        observe(&pool, &self.targets(), &ProbeLimits::default()).await
    }

    pub(crate) async fn access(&self, at: usize, way: Way) -> EtcdAccess {
        let node = &self.nodes[at];
        let connection = host(&node.host, way);
        EtcdAccess::open(connection, None, &node.host, &node.paths, Duration::from_secs(5))
            .await
            .unwrap()
            .deadline(Duration::from_secs(3))
    }
}

/// What was found of etcd on a host.
pub(crate) fn etcd<'a>(status: &'a ClusterStatus, host: &str) -> &'a EtcdHost {
    let host = &status.hosts[host];
    host.etcd.as_ref().unwrap_or_else(|| panic!("not looked at: {:?}", host.reach))
}

/// How a host lets members be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Tunnel,
    /// Its sshd says `AllowTcpForwarding no`.
    Forbidden,
    /// Every command hangs until its deadline.
    Hanging,
}

pub(crate) fn host(name: &str, way: Way) -> Arc<dyn Connection> {
    Arc::new(Host { local: LocalConnection::new(name), way })
}

#[derive(Debug)]
struct Host {
    local: LocalConnection,
    way: Way,
}

#[async_trait]
impl Connection for Host {
    fn host(&self) -> &str {
        self.local.host()
    }

    async fn run(&self, command: Command) -> Result<Output, TransportError> {
        if self.way == Way::Hanging {
            tokio::time::sleep(command.deadline).await;
            let host = self.host().to_owned();
            return Err(TransportError::Deadline { host, deadline: command.deadline });
        }
        self.local.run(command).await
    }

    async fn open_tcp(&self, address: &str, port: u16) -> Result<BoxStream, TransportError> {
        if self.way == Way::Tunnel {
            return self.local.open_tcp(address, port).await;
        }
        Err(TransportError::ForwardingRefused {
            host: self.host().to_owned(),
            target: format!("{address}:{port}"),
            reason: "administratively prohibited".to_owned(),
        })
    }
}

/// A CA as Kubespray makes one.
pub(crate) fn make_ca(directory: &Path) {
    std::fs::create_dir_all(directory).unwrap();
    openssl(
        directory,
        "req -x509 -newkey rsa:2048 -nodes -keyout ca-key.pem -days 36500 -out ca.pem -subj /CN=etcd-ca",
    );
}

/// `member-HOST` and `admin-HOST`, good for 127.0.0.1.
fn make_certificate(directory: &Path, host: &str) {
    let extensions = directory.join(format!("{host}.conf"));
    let text = "basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth,serverAuth\n\
        subjectAltName=DNS:localhost,IP:127.0.0.1\n";
    std::fs::write(&extensions, text).unwrap();
    for kind in ["member", "admin"] {
        let name = format!("{kind}-{host}");
        openssl(
            directory,
            &format!(
                "req -new -newkey rsa:2048 -nodes -keyout {name}-key.pem -out {name}.csr -subj /CN=etcd-{name}"
            ),
        );
        openssl(
            directory,
            &format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out {name}.pem -days 36500 -extfile {host}.conf"
            ),
        );
    }
}

fn openssl(directory: &Path, arguments: &str) {
    let output = std::process::Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
