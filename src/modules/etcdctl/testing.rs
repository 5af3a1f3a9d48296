//! Real etcd processes on loopback, and a task on this machine that works on them.

use crate::modules::{Args, Context, Module, ModuleError, NoTemplates, Outcome, Peers};
use crate::transport::{BoxStream, Connection, LocalConnection, Output, RunAs, TransportError};
use async_trait::async_trait;
use serde_json::Value;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Every inventory name is this machine.
#[derive(Debug)]
struct Here;

#[async_trait]
impl Peers for Here {
    async fn peer(
        &self,
        host: &str,
    ) -> Result<(Arc<dyn Connection>, Option<RunAs>), TransportError> {
        Ok((Arc::new(LocalConnection::new(host)), None))
    }
}

/// This machine, with one directory under the name of another.
#[derive(Debug, Clone)]
pub(in crate::modules) struct Elsewhere {
    inner: LocalConnection,
    from: String,
    to: String,
}

impl Elsewhere {
    /// What is asked about `from` is done at `to`.
    pub(in crate::modules) fn new(from: &Path, to: &Path) -> Self {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        Self { inner: LocalConnection::new("elsewhere"), from: text(from), to: text(to) }
    }
}

#[async_trait]
impl Connection for Elsewhere {
    fn host(&self) -> &str {
        self.inner.host()
    }

    async fn run(&self, mut command: crate::transport::Command) -> Result<Output, TransportError> {
        command.script = command.script.replace(&self.from, &self.to);
        self.inner.run(command).await
    }

    async fn open_tcp(&self, address: &str, port: u16) -> Result<BoxStream, TransportError> {
        self.inner.open_tcp(address, port).await
    }
}

#[async_trait]
impl Peers for Elsewhere {
    async fn peer(
        &self,
        _host: &str,
    ) -> Result<(Arc<dyn Connection>, Option<RunAs>), TransportError> {
        Ok((Arc::new(self.clone()), None))
    }
}

/// A task on `host`, which is this machine; what it keeps lies in `directory`.
pub(in crate::modules) fn context(host: &str, directory: &Path) -> Context {
    let run_dir = directory.join("run-here");
    std::fs::create_dir_all(&run_dir).unwrap();
    Context {
        connection: Arc::new(LocalConnection::new(host)),
        run_as: None,
        peers: Arc::new(Here),
        templates: Arc::new(NoTemplates),
        check: false,
        diff: true,
        deadline: Duration::from_secs(60),
        environment: Vec::new(),
        run_id: "01RUN".to_owned(),
        run_dir,
        search_path: Vec::new(),
        playbook_dir: None,
    }
}

/// Runs a module by its name, as a playbook would.
pub(in crate::modules) async fn task(
    context: &Context,
    module: &str,
    args: Value,
) -> Result<Outcome, ModuleError> {
    let module: &dyn Module = crate::modules::find(module).unwrap();
    let Value::Object(args) = args else { panic!("arguments are a map") };
    for name in args.keys() {
        assert!(
            module.parameters().iter().any(|parameter| parameter.name == name),
            "`{}` has no parameter `{name}`",
            module.name()
        );
    }
    module.run(context, &Args(args)).await
}

/// The programs of that version, fetched once.
pub(in crate::modules) fn programs(version: &str) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/etcd.sh");
    let output = Command::new("sh").arg(script).arg(version).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// Members of one cluster, each a process of its own.
pub(in crate::modules) struct Cluster {
    pub(in crate::modules) directory: tempfile::TempDir,
    pub(in crate::modules) bin: PathBuf,
    pub(in crate::modules) members: Vec<Process>,
}

/// One member.
pub(in crate::modules) struct Process {
    pub(in crate::modules) name: String,
    pub(in crate::modules) client_url: String,
    pub(in crate::modules) peer_url: String,
    pub(in crate::modules) data_dir: PathBuf,
    pub(in crate::modules) child: Option<Child>,
}

impl Cluster {
    /// Starts that many members of that version and waits until they have a leader.
    pub(in crate::modules) fn start(version: &str, count: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut cluster = Self { bin: programs(version), members: Vec::new(), directory };
        for _ in 0..count {
            cluster.prepare();
        }
        let all: Vec<String> =
            cluster.members.iter().map(|one| format!("{}={}", one.name, one.peer_url)).collect();
        for index in 0..count {
            cluster.run(index, &all.join(","), "new");
        }
        cluster.wait_for_leader();
        cluster
    }

    /// A further member with free ports, not started.
    pub(in crate::modules) fn prepare(&mut self) -> usize {
        let number = self.members.len() + 1;
        self.members.push(Process {
            name: format!("etcd{number}"),
            client_url: format!("http://127.0.0.1:{}", free_port()),
            peer_url: format!("http://127.0.0.1:{}", free_port()),
            data_dir: self.directory.path().join(format!("data{number}")),
            child: None,
        });
        number - 1
    }

    /// Starts a member's process.
    pub(in crate::modules) fn run(&mut self, index: usize, initial_cluster: &str, state: &str) {
        let member = &mut self.members[index];
        let log = self.directory.path().join(format!("{}.log", member.name));
        let log = std::fs::File::options().create(true).append(true).open(log).unwrap();
        let child = Command::new(self.bin.join("etcd"))
            .args(["--name", &member.name])
            .arg("--data-dir")
            .arg(&member.data_dir)
            .args(["--listen-client-urls", &member.client_url])
            .args(["--advertise-client-urls", &member.client_url])
            .args(["--listen-peer-urls", &member.peer_url])
            .args(["--initial-advertise-peer-urls", &member.peer_url])
            .args(["--initial-cluster", initial_cluster, "--initial-cluster-state", state])
            .args(["--heartbeat-interval", "50", "--election-timeout", "500"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        member.child = Some(child);
    }

    /// Ends a member's process at once, as a power cut does.
    pub(in crate::modules) fn kill(&mut self, index: usize) {
        if let Some(mut child) = self.members[index].child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Ends a member's process in order.
    pub(in crate::modules) fn stop(&mut self, index: usize) {
        if let Some(mut child) = self.members[index].child.take() {
            signal(&child, "TERM");
            child.wait().unwrap();
        }
    }

    pub(in crate::modules) fn pause(&self, index: usize) {
        signal(self.members[index].child.as_ref().unwrap(), "STOP");
    }

    /// Runs etcdctl against a member; gives its output when it succeeded.
    pub(in crate::modules) fn etcdctl(&self, index: usize, words: &[&str]) -> Option<String> {
        let output = Command::new(self.bin.join("etcdctl"))
            .env("ETCDCTL_API", "3")
            .args(["--endpoints", &self.members[index].client_url, "--command-timeout=5s"])
            .args(words)
            .output()
            .unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }

    pub(in crate::modules) fn wait_for_leader(&self) {
        let end = Instant::now() + Duration::from_secs(30);
        while self.etcdctl(0, &["get", "nothing"]).is_none() {
            assert!(Instant::now() < end, "no leader");
        }
    }

    /// The arguments that every etcd module needs here, with `more`.
    pub(in crate::modules) fn args(&self, index: usize, more: &Value) -> Value {
        let mut args = serde_json::json!({
            "endpoint": self.members[index].client_url,
            "bin_dir": self.bin.to_str().unwrap(),
        });
        for (name, value) in more.as_object().unwrap() {
            args[name] = value.clone();
        }
        args
    }

    pub(in crate::modules) fn context(&self) -> Context {
        context("node1", self.directory.path())
    }

    /// Runs a module against a member.
    pub(in crate::modules) async fn task(
        &self,
        index: usize,
        module: &str,
        args: Value,
    ) -> Result<Outcome, ModuleError> {
        task(&self.context(), module, self.args(index, &args)).await
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for member in &mut self.members {
            if let Some(child) = &mut member.child {
                // Also one that was paused; it may be gone already.
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}

/// Sends a signal to a process of ours.
pub(in crate::modules) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// A port that nobody listens on.
pub(in crate::modules) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
