//! Members that do not answer: saved by etcd on a copy of their data.

use super::{mode, refusal, with_keys};
use crate::modules::etcdctl::testing::{Cluster, free_port, task};
use crate::modules::{Context, ModuleError, Outcome};
use serde_json::{Value, json};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A host of one member with the cluster's certificates, and a `systemctl` of its own.
struct Host {
    cluster: Cluster,
    bin: PathBuf,
}

impl Host {
    fn new(cluster: Cluster) -> Self {
        let host = Self { bin: cluster.directory.path().join("bin"), cluster };
        std::fs::create_dir(&host.bin).unwrap();
        for program in ["etcd", "etcdctl", "etcdutl"] {
            let there = host.cluster.bin.join(program);
            if there.exists() {
                symlink(there, host.bin.join(program)).unwrap();
            }
        }
        host.make_certificates();
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.cluster.directory.path().join(name)
    }

    fn make_certificates(&self) {
        let openssl = |words: &str| {
            let mut command = Command::new("openssl");
            run(command.args(words.split(' ')).current_dir(self.cluster.directory.path()));
        };
        openssl(
            "req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=ca -keyout ca-key.pem -out ca.pem",
        );
        openssl("req -new -newkey rsa:2048 -nodes -subj /CN=member -keyout key.pem -out request");
        std::fs::write(self.path("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
        openssl(
            "x509 -req -days 9 -in request -CA ca.pem -CAkey ca-key.pem -CAcreateserial \
             -extfile names -out member.pem",
        );
        let at = |name: &str| self.path(name).display().to_string();
        // What belongs to the service only: scratch etcd must not listen there, nor join anybody.
        let settings = format!(
            "ETCD_NAME=etcd1\nETCD_DATA_DIR={}\nETCD_LISTEN_CLIENT_URLS=http://192.0.2.1:1\n\
             ETCD_INITIAL_CLUSTER=other=http://192.0.2.1:2\nETCD_TRUSTED_CA_FILE={}\n\
             ETCD_CERT_FILE='{}'\nETCD_KEY_FILE={}\nETCD_DISCOVERY_SRV=example\n",
            self.cluster.members[0].data_dir.display(),
            at("ca.pem"),
            at("member.pem"),
            at("key.pem"),
        );
        std::fs::write(self.path("etcd.env"), settings).unwrap();
    }

    /// A service `etcd` whose process is the first member's; what is asked of it is written down.
    fn serve(&self, state: &str) {
        let pid = self.cluster.members[0].child.as_ref().map_or(0, std::process::Child::id);
        let stop = match pid {
            0 => ":".to_owned(),
            // Its parent is the test, so that it stays as a zombie, without any open file.
            _ => format!("kill -9 {pid}; while [ \"$(ls /proc/{pid}/fd)\" ]; do sleep 0.1; done"),
        };
        let script = format!(
            "#!/bin/sh\necho \"$*\" >>{calls}\ncase $* in\n\
             'show -p MainPID etcd') echo MainPID={pid} ;;\n\
             'is-active etcd') echo {state} ;;\n\
             'stop etcd') {stop} ;;\n\
             '--no-block start etcd') ;;\n*) exit 1 ;;\nesac\n",
            calls = self.path("calls").display(),
        );
        let file = self.bin.join("systemctl");
        std::fs::write(&file, script).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What was changed about the service.
    fn changes(&self) -> Vec<String> {
        let calls = std::fs::read_to_string(self.path("calls")).unwrap_or_default();
        let changes = calls.lines().filter(|line| line.contains("st"));
        changes.filter(|line| !line.starts_with("is-")).map(str::to_owned).collect()
    }

    fn args(&self, source: &str) -> Value {
        let args = json!({
            "source": source, "data_dir": self.cluster.members[0].data_dir,
            "remote_dir": self.path("state"), "env_file": self.path("etcd.env"),
            "cert_dir": self.path("none"), "bin_dir": self.bin,
        });
        self.cluster.args(0, &args)
    }

    async fn take(&self, source: &str) -> Result<Outcome, ModuleError> {
        task(&self.cluster.context(), "etcd_snapshot", self.args(source)).await
    }

    /// The original is as it was, and nothing is left beside it.
    fn assert_clean(&self, before: &str) {
        assert_eq!(digest(&self.cluster.members[0].data_dir), before, "the data was touched");
        let left = std::fs::read_dir(self.cluster.directory.path()).unwrap();
        let names: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        assert!(!names.iter().any(|name| name.to_string_lossy().contains("scratch")), "{names:?}");
    }
}

/// Of all files and their content.
fn digest(directory: &Path) -> String {
    let script = "find . -type f | sort | xargs sha256sum | sha256sum";
    let output = Command::new("sh").args(["-c", script]).current_dir(directory).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The keys that a member restored from this snapshot holds.
fn keys_in(host: &Host, snapshot: &str, version: &str) -> usize {
    let tool = if version == "3.4" { "etcdctl" } else { "etcdutl" };
    let data_dir = host.path("restored");
    run(Command::new(host.bin.join(tool))
        .env("ETCDCTL_API", "3")
        .args(["snapshot", "restore", snapshot, "--data-dir"])
        .arg(&data_dir));
    let (client, peer) = (free_port(), free_port());
    let mut etcd = Command::new(host.bin.join("etcd"))
        .arg("--data-dir")
        .arg(&data_dir)
        .arg(format!("--listen-client-urls=http://127.0.0.1:{client}"))
        .arg(format!("--advertise-client-urls=http://127.0.0.1:{client}"))
        .arg(format!("--listen-peer-urls=http://127.0.0.1:{peer}"))
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let found = loop {
        let output = Command::new(host.bin.join("etcdctl"))
            .env("ETCDCTL_API", "3")
            .arg(format!("--endpoints=http://127.0.0.1:{client}"))
            .args(["get", "--prefix", "key", "--keys-only"])
            .output()
            .unwrap();
        if output.status.success() {
            let text = String::from_utf8(output.stdout).unwrap();
            break text.lines().filter(|line| !line.is_empty()).count();
        }
        assert!(std::time::Instant::now() < end, "the restored member does not start");
    };
    etcd.kill().unwrap();
    etcd.wait().unwrap();
    found
}

/// A member that is killed right after the last of its writes was acknowledged.
async fn the_tail_is_kept(version: &str, members: usize) {
    let mut cluster = Cluster::start(version, members);
    for number in 0..50 {
        cluster.etcdctl(0, &["put", &format!("key{number:02}"), "value"]).unwrap();
    }
    // At once: what was acknowledged last is not yet noted as committed.
    cluster.kill(0);
    let host = Host::new(cluster);
    let before = digest(&host.cluster.members[0].data_dir);
    let outcome = host.take("auto").await.unwrap();
    assert_eq!(outcome.values["source"], "stopped", "{outcome:?}");
    assert_eq!(outcome.values["skip_hash_check"], false, "{outcome:?}");
    assert_eq!(outcome.values["revision"], 51, "{outcome:?}");
    host.assert_clean(&before);
    let file = outcome.values["path"].as_str().unwrap();
    assert_eq!(mode(Path::new(file)), 0o600);
    assert_eq!(keys_in(&host, file, version), 50);
}

#[tokio::test]
async fn what_only_the_write_ahead_log_holds_is_kept_on_3_4() {
    the_tail_is_kept("3.4", 1).await;
    the_tail_is_kept("3.4", 3).await;
}

#[tokio::test]
async fn what_only_the_write_ahead_log_holds_is_kept_on_3_5() {
    the_tail_is_kept("3.5", 1).await;
    the_tail_is_kept("3.5", 3).await;
}

#[tokio::test]
async fn scratch_etcd_lets_nobody_in_without_a_certificate() {
    let mut cluster = with_keys("3.5");
    cluster.kill(0);
    let host = Host::new(cluster);
    // An `etcdctl` that, while scratch etcd runs, also asks without a certificate.
    let real = host.cluster.bin.join("etcdctl");
    let spy = host.bin.join("etcdctl");
    std::fs::remove_file(&spy).unwrap();
    let script = format!(
        "#!/bin/sh\ncase $* in *'snapshot save'*)\n\
         echo \"$ETCDCTL_ENDPOINTS\" >{0}.endpoint\n\
         env -u ETCDCTL_CERT -u ETCDCTL_KEY {1} --command-timeout=2s get key1 >{0}.without 2>&1\n\
         {1} --command-timeout=2s get key1 >{0}.with 2>&1 ;;\nesac\nexec {1} \"$@\"\n",
        host.path("seen").display(),
        real.display(),
    );
    std::fs::write(&spy, script).unwrap();
    std::fs::set_permissions(&spy, std::fs::Permissions::from_mode(0o755)).unwrap();
    host.take("stopped").await.unwrap();
    let seen = |name: &str| std::fs::read_to_string(host.path(name)).unwrap();
    assert!(seen("seen.endpoint").starts_with("https://127.0.0.1:"));
    assert!(seen("seen.with").contains("value"));
    assert!(!seen("seen.without").contains("value"), "{}", seen("seen.without"));
}

#[tokio::test]
async fn a_database_whose_write_ahead_log_is_broken_is_copied_alone() {
    let mut cluster = with_keys("3.5");
    cluster.stop(0);
    let host = Host::new(cluster);
    let logs = std::fs::read_dir(host.cluster.members[0].data_dir.join("member/wal")).unwrap();
    for log in logs {
        std::fs::write(log.unwrap().path(), vec![0xff; 4096]).unwrap();
    }
    let before = digest(&host.cluster.members[0].data_dir);
    let outcome = host.take("auto").await.unwrap();
    assert_eq!(outcome.values["skip_hash_check"], true);
    assert!(outcome.msg.contains("etcd does not start with it"), "{}", outcome.msg);
    host.assert_clean(&before);
}

#[tokio::test]
async fn a_member_that_runs_without_answering_is_stopped_for_the_copy_and_started_again() {
    let cluster = with_keys("3.5");
    cluster.pause(0);
    let host = Host::new(cluster);
    host.serve("active");
    let check = Context { check: true, ..host.cluster.context() };
    let would = task(&check, "etcd_snapshot", host.args("auto")).await.unwrap();
    assert!(would.msg.contains("would be stopped for the copy"), "{}", would.msg);
    assert_eq!(host.changes(), Vec::<String>::new());
    assert!(!host.path("state").exists());

    let outcome = host.take("auto").await.unwrap();
    assert_eq!(host.changes(), ["stop etcd", "--no-block start etcd"]);
    assert!(outcome.msg.contains("stopped for the copy and started again"), "{}", outcome.msg);
    assert_eq!(outcome.values["skip_hash_check"], false);
}

#[tokio::test]
async fn a_member_that_was_stopped_is_started_again_although_the_copy_failed() {
    let cluster = with_keys("3.5");
    cluster.pause(0);
    let host = Host::new(cluster);
    host.serve("active");
    let file = host.bin.join("cp");
    std::fs::write(&file, "#!/bin/sh\nexit 1\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    host.take("auto").await.unwrap_err();
    assert_eq!(host.changes(), ["stop etcd", "--no-block start etcd"]);
    assert!(!host.path("data1.scratch-01RUN").exists());
}

#[tokio::test]
async fn a_service_between_two_starts_is_kept_from_starting_while_its_data_is_copied() {
    let mut cluster = with_keys("3.5");
    cluster.kill(0);
    let host = Host::new(cluster);
    host.serve("activating");
    host.take("auto").await.unwrap();
    assert_eq!(host.changes(), ["stop etcd", "--no-block start etcd"]);
}

#[tokio::test]
async fn too_little_space_is_refused_with_numbers_before_anything_is_stopped() {
    let cluster = with_keys("3.5");
    cluster.pause(0);
    let host = Host::new(cluster);
    host.serve("active");
    let file = host.bin.join("df");
    std::fs::write(&file, "#!/bin/sh\necho head\necho disk 9 8 1 90% /\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let reason = refusal(host.take("auto").await);
    assert!(reason.contains("1024 bytes are free"), "{reason}");
    assert_eq!(host.changes(), Vec::<String>::new());
}
