//! A lab, the binary, and what an operator would look at afterwards.

use crate::support::{TestLab, boot};
use rrecover::lab::{EtcdVersion, Groups, Spec};
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A cluster to break and recover.
pub(crate) struct Rehearsal {
    lab: TestLab,
    home: tempfile::TempDir,
}

/// What the binary printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Fails with everything that was printed when the exit code is another.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails unless one of the outputs says so.
    pub(crate) fn says(self, text: &str) -> Self {
        let said = self.stdout.contains(text) || self.stderr.contains(text);
        assert!(said, "no `{text}` in\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }
}

/// One member as `etcdctl member list` shows it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) peer_url: String,
    pub(crate) learner: bool,
}

impl Rehearsal {
    /// Three healthy members with a few keys.
    pub(crate) async fn three(tag: &str, version: EtcdVersion) -> Self {
        Self::with(tag, Spec { etcd_version: version, ..Spec::new("") }).await
    }

    /// A lab of that kind with a few keys.
    pub(crate) async fn with(tag: &str, spec: Spec) -> Self {
        let version = spec.etcd_version.number().replace('.', "");
        let lab = boot(&format!("{tag}-{version}"), spec).await;
        for number in 0..20 {
            lab.etcdctl("node1", &format!("put /before/{number:04} value-{number}")).await.unwrap();
        }
        Self { lab, home: tempfile::tempdir().unwrap() }
    }

    /// The directory that the binary keeps its journals under.
    pub(crate) fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    /// The binary with arguments, ready to be started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rrecover"));
        command
            .args(arguments)
            .current_dir(self.home.path())
            .env("HOME", self.home.path())
            .env("XDG_STATE_HOME", self.state())
            .env_remove("SSH_AUTH_SOCK")
            .env_remove("RRECOVER_INVENTORY")
            .env_remove("ANSIBLE_INVENTORY")
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary with the lab's inventory.
    pub(crate) fn rrecover(&self, arguments: &[&str]) -> Ran {
        let inventory = self.lab.inventory_path().display().to_string();
        let output = self.command(&[arguments, &["-i", &inventory]].concat()).output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// `rrecover play recover-control-plane --yes` and more.
    pub(crate) fn recover(&self, more: &[&str]) -> Ran {
        self.rrecover(&[&["play", "recover-control-plane", "--yes"], more].concat())
    }

    /// Writes the groups as an operator would.
    pub(crate) fn groups(&mut self, etcd: &[&str], broken: &[&str]) {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let groups =
            Groups { etcd: owned(etcd), broken_etcd: owned(broken), ..self.lab.groups().clone() };
        self.lab.set_groups(groups).unwrap();
    }

    /// The member list as the member on `host` shows it.
    pub(crate) async fn members(&self, host: &str) -> Vec<Listed> {
        let text = self.lab.etcdctl(host, "member list -w json").await.unwrap();
        let list: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut members: Vec<Listed> = list["members"]
            .as_array()
            .unwrap()
            .iter()
            .map(|member| Listed {
                name: member["name"].as_str().unwrap_or_default().to_owned(),
                peer_url: member["peerURLs"][0].as_str().unwrap().to_owned(),
                learner: member["isLearner"].as_bool().unwrap_or(false),
            })
            .collect();
        members.sort();
        members
    }

    /// Fails unless exactly these hosts hold healthy voters, each host's own endpoint says so, and
    /// every `/etc/etcd.env` names exactly that membership.
    pub(crate) async fn assert_cluster(&self, hosts: &[&str]) {
        let members = self.members(hosts[0]).await;
        let mut wanted: Vec<String> = Vec::new();
        for host in hosts {
            let address = &self.lab.host(host).unwrap().address;
            wanted.push(format!("https://{address}:2380"));
        }
        let mut urls: Vec<String> = members.iter().map(|one| one.peer_url.clone()).collect();
        urls.sort();
        wanted.sort();
        assert_eq!(urls, wanted, "{members:?}");
        assert!(members.iter().all(|one| !one.learner && !one.name.is_empty()), "{members:?}");
        let pairs = members.iter().map(|one| format!("{}={}", one.name, one.peer_url));
        let pairs: std::collections::BTreeSet<String> = pairs.collect();
        for host in hosts {
            self.lab.etcdctl(host, "endpoint health").await.unwrap();
            let env = self.lab.exec(host, "cat /etc/etcd.env").await.unwrap();
            let line = env.lines().find_map(|line| line.strip_prefix("ETCD_INITIAL_CLUSTER="));
            let named = line.unwrap().split(',').map(str::to_owned).collect();
            assert_eq!(pairs, named, "{host}");
            assert!(env.contains("ETCD_INITIAL_CLUSTER_STATE=existing"), "{host}: {env}");
            self.lab.exec(host, "systemctl is-enabled etcd").await.unwrap();
        }
    }

    /// Waits until the member on `host` answers a linearizable read.
    pub(crate) async fn wait_for_quorum(&self, host: &str) {
        let start = std::time::Instant::now();
        while self.lab.etcdctl(host, "endpoint health").await.is_err() {
            assert!(start.elapsed() < std::time::Duration::from_secs(60), "{host}: no quorum");
        }
    }

    /// The cluster's id as the member on `host` says it.
    pub(crate) async fn cluster_id(&self, host: &str) -> String {
        self.header(host, "cluster_id").await
    }

    /// The store's revision as the member on `host` says it.
    pub(crate) async fn revision(&self, host: &str) -> u64 {
        self.header(host, "revision").await.parse().unwrap()
    }

    async fn header(&self, host: &str, field: &str) -> String {
        let text = self.lab.etcdctl(host, "endpoint status -w json").await.unwrap();
        let status: serde_json::Value = serde_json::from_str(&text).unwrap();
        status[0]["Status"]["header"][field].to_string()
    }

    /// Fails unless every key that was written before the fault is there.
    pub(crate) async fn assert_keys(&self, host: &str) {
        let keys = self.lab.keys(host, "/before/").await.unwrap();
        let wanted: BTreeMap<String, String> = (0..20)
            .map(|number| (format!("/before/{number:04}"), format!("value-{number}")))
            .collect();
        assert_eq!(keys, wanted);
    }

    /// Everything on the hosts that run that a recovery could touch: names, sizes, times and
    /// checksums. Of the database, which a running etcd writes by itself, only the name.
    pub(crate) async fn listing(&self, hosts: &[&str]) -> BTreeMap<String, String> {
        const SCRIPT: &str = "for top in /etc /var/lib /usr/local /root /home /tmp /opt /srv; do \
             find $top -xdev \\( -path /var/lib/systemd -o -path '/var/lib/etcd/*' \\) -prune -o \
             -type f -printf '%p %s %T@ %m %u ' -exec sha256sum {} \\; -o -printf '%p %y %m %u\\n'; \
             done | sort; find /var/lib/etcd* | sort | grep -v -e '\\.wal$' -e '\\.tmp$' -e '\\.snap$'; \
             systemctl show etcd -p ActiveState -p UnitFileState -p NRestarts";
        let mut listing = BTreeMap::new();
        for host in hosts {
            listing.insert((*host).to_owned(), self.lab.exec(host, SCRIPT).await.unwrap());
        }
        listing
    }
}

impl Deref for Rehearsal {
    type Target = TestLab;

    fn deref(&self) -> &TestLab {
        &self.lab
    }
}

impl DerefMut for Rehearsal {
    fn deref_mut(&mut self) -> &mut TestLab {
        &mut self.lab
    }
}
