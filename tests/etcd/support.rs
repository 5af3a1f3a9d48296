//! Real etcd processes on loopback, ended by their process ids.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The versions that everything is tested with.
pub(crate) const VERSIONS: [&str; 2] = ["3.4", "3.5"];

/// The directory of etcd's programs.
pub(crate) fn programs(version: &str) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/etcd.sh");
    let output = Command::new("sh").arg(script).arg(version).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim_end())
}

/// Ports that nothing listens on at the moment.
pub(crate) fn free_ports(count: usize) -> Vec<u16> {
    let held: Vec<_> =
        (0..count).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    held.iter().map(|listener| listener.local_addr().unwrap().port()).collect()
}

/// One process, killed when it is dropped.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    pub(crate) fn freeze(&self) {
        let id = self.0.id().to_string();
        let status = Command::new("kill").args(["-STOP", &id]).status().unwrap();
        assert!(status.success());
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Tries `attempt` until it gives something, for half a minute.
pub(crate) fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(value) = attempt() {
            return value;
        }
        assert!(Instant::now() < deadline, "not within half a minute: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// One etcd without TLS, for snapshots.
pub(crate) struct LoneEtcd {
    pub(crate) programs: PathBuf,
    pub(crate) data: PathBuf,
    endpoint: String,
    process: Process,
}

impl LoneEtcd {
    pub(crate) fn start(version: &str, directory: &Path) -> Self {
        let programs = programs(version);
        let ports = free_ports(2);
        let (client, peer) =
            (format!("http://127.0.0.1:{}", ports[0]), format!("http://127.0.0.1:{}", ports[1]));
        let data = directory.join("data");
        let log = std::fs::File::create(directory.join("log")).unwrap();
        let process = Process::start(
            Command::new(programs.join("etcd"))
                .arg("--data-dir")
                .arg(&data)
                .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
                .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
                .args(["--initial-cluster", &format!("default={peer}")])
                .stdout(Stdio::null())
                .stderr(log),
        );
        let etcd = Self { programs, data, endpoint: client, process };
        eventually("etcd is healthy", || {
            etcd.try_ctl(&["endpoint", "health"], "").status.success().then_some(())
        });
        etcd
    }

    fn try_ctl(&self, arguments: &[&str], stdin: &str) -> Output {
        let mut child = Command::new(self.programs.join("etcdctl"))
            .env("ETCDCTL_API", "3")
            .args(["--endpoints", &self.endpoint])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    pub(crate) fn ctl(&self, arguments: &[&str]) -> String {
        self.ctl_reading(arguments, "")
    }

    pub(crate) fn ctl_reading(&self, arguments: &[&str], stdin: &str) -> String {
        let output = self.try_ctl(arguments, stdin);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "etcdctl {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn stop(&mut self) {
        self.process.kill();
    }
}
