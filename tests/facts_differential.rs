//! Gathers the facts of three hosts with both tools and compares them key by key: this machine, a
//! Debian that runs systemd in a container, and a root with nothing in it but busybox.
//!
//! Ansible's own module runs on the host itself there, with the Python of this machine bound into
//! it. Every key that it gives has to be ours too, but for those that `docs/reference/facts.md` says
//! are left out, with the same type; values have to be equal but for what changes by itself.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod support;

use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use support::modules::{Container, Host, Oracle};

/// What differs between two looks at the same host. Types are compared all the same.
const CHANGING: &[&str] =
    &["date_time", "env", "loadavg", "memfree_mb", "memory_mb", "swapfree_mb", "uptime_seconds"];

/// What changes in a mount.
const CHANGING_IN_MOUNTS: &[&str] =
    &["block_available", "block_used", "inode_available", "inode_used", "size_available"];

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The facts that Ansible's module gathers on a host where its Python is.
async fn theirs(oracle: &Oracle, host: &Host, args: &Value) -> Map<String, Value> {
    oracle.run(host, "setup", args).await["ansible_facts"].as_object().unwrap().clone()
}

async fn ours(host: &Host, args: Value) -> Map<String, Value> {
    let outcome = host.run("setup", args).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(!outcome.changed);
    outcome.values["ansible_facts"].as_object().unwrap().clone()
}

/// The keys in the first column of the table of what is left out.
fn left_out() -> Vec<String> {
    let page = std::fs::read_to_string(repository().join("docs/reference/facts.md")).unwrap();
    let (_, rest) = page.split_once("## Left out").unwrap();
    let rows = rest.lines().filter(|line| line.starts_with("| `"));
    let keys: Vec<String> = rows
        .flat_map(|row| row.split('|').nth(1).unwrap().split(','))
        .map(|key| key.trim().trim_matches('`').to_owned())
        .collect();
    assert!(!keys.is_empty());
    keys
}

/// Where the two differ.
struct Differences {
    found: Vec<String>,
    left_out: Vec<String>,
}

impl Differences {
    fn new() -> Self {
        Self { found: Vec::new(), left_out: left_out() }
    }

    fn facts(&mut self, theirs: &Map<String, Value>, ours: &Map<String, Value>) {
        for (name, theirs) in theirs {
            let key = name.strip_prefix("ansible_").unwrap_or(name);
            if self.left_out.iter().any(|left| left == key) {
                continue;
            }
            match ours.get(name) {
                None => self.found.push(format!("{key}: missing, Ansible says {theirs}")),
                Some(ours) => self.value(key, theirs, ours, !CHANGING.contains(&key)),
            }
        }
        for name in ours.keys().filter(|name| !theirs.contains_key(*name)) {
            self.found.push(format!("{name}: Ansible has no such fact"));
        }
    }

    fn value(&mut self, place: &str, theirs: &Value, ours: &Value, stable: bool) {
        match (theirs, ours) {
            (Value::Object(left), Value::Object(right)) => self.object(place, left, right, stable),
            (Value::Array(left), Value::Array(right)) => self.array(place, left, right, stable),
            (Value::Number(left), Value::Number(right)) if left.is_f64() == right.is_f64() => {
                if stable && theirs != ours {
                    self.found.push(format!("{place}: Ansible says {theirs}, we {ours}"));
                }
            }
            _ => {
                let same = std::mem::discriminant(theirs) == std::mem::discriminant(ours);
                if !same || theirs.is_number() || (stable && theirs != ours) {
                    self.found.push(format!("{place}: Ansible says {theirs}, we {ours}"));
                }
            }
        }
    }

    fn object(
        &mut self,
        place: &str,
        left: &Map<String, Value>,
        right: &Map<String, Value>,
        stable: bool,
    ) {
        // The environment of the two is their own.
        if place == "env" {
            return;
        }
        for (name, theirs) in left {
            if self.left_out.contains(&format!("<interface>.{name}")) && left.contains_key("device")
            {
                continue;
            }
            let stable = stable && !CHANGING_IN_MOUNTS.contains(&name.as_str());
            match right.get(name) {
                None => self.found.push(format!("{place}.{name}: missing, Ansible says {theirs}")),
                Some(ours) => self.value(&format!("{place}.{name}"), theirs, ours, stable),
            }
        }
        for name in right.keys().filter(|name| !left.contains_key(*name)) {
            self.found.push(format!("{place}.{name}: Ansible has none, we say {}", right[name]));
        }
    }

    /// Lists whose order is that of a directory are compared sorted.
    fn array(&mut self, place: &str, left: &[Value], right: &[Value], stable: bool) {
        let sorted = |list: &[Value]| {
            let mut list = list.to_vec();
            let key = |value: &Value| value.get("mount").unwrap_or(value).to_string();
            list.sort_by_key(key);
            list
        };
        if left.len() != right.len() {
            let (left, right) = (json!(left), json!(right));
            self.found.push(format!("{place}: Ansible says {left}, we {right}"));
            return;
        }
        for (index, (theirs, ours)) in sorted(left).iter().zip(&sorted(right)).enumerate() {
            self.value(&format!("{place}[{index}]"), theirs, ours, stable);
        }
    }

    fn assert_none(&self, host: &str) {
        assert!(self.found.is_empty(), "on {host}:\n{}", self.found.join("\n"));
    }
}

/// Facts that stand for all, so that a host on which nothing was gathered does not pass.
fn assert_gathered(facts: &Map<String, Value>, names: &[&str]) {
    for name in names {
        assert!(facts.contains_key(&format!("ansible_{name}")), "{name} is missing");
    }
}

async fn compare(name: &str, host: &Host, oracle: &Oracle) -> Map<String, Value> {
    let theirs = self::theirs(oracle, host, &json!({})).await;
    let ours = ours(host, json!({})).await;
    let mut differences = Differences::new();
    differences.facts(&theirs, &ours);
    differences.assert_none(name);
    ours
}

/// Enters a network of its own, always the same: others come and go while labs run.
const NETWORK: &str = "mount -t sysfs sysfs /sys && ip link set lo up && \
    ip link add eth0 address 02:00:00:00:00:01 type veth peer name eth-1 address 02:00:00:00:00:02 && \
    ip addr add 192.0.2.7/24 brd + dev eth0 && ip -6 addr add 2001:db8::7/64 nodad dev eth0 && \
    ip link set eth0 up && ip link set eth-1 up && ip route add default via 192.0.2.1 && \
    ip -6 route add default via 2001:db8::1 && ";

#[tokio::test]
async fn this_machine_has_the_facts_that_ansible_gathers() {
    let enter = format!("{NETWORK} exec \"$@\"");
    let host = Host::behind(&["unshare", "--mount", "--net", "sh", "-c", &enter, "sh"]);
    let facts = compare("this machine", &host, &Oracle::find()).await;
    assert_gathered(&facts, &["hostname", "default_ipv4", "lo", "mounts", "processor_vcpus"]);
}

#[tokio::test]
async fn a_debian_without_python_has_the_facts_that_ansible_gathers_with_it() {
    let oracle = Oracle::find();
    let container = Container::boot("facts", &oracle.volumes()).await;
    let host = &container.host;
    host.sh(LOCAL_FACTS).await;
    host.sh("ip addr add 198.51.100.7/24 dev eth0 && ip addr add 198.51.100.8/24 dev eth0 && \
             ip addr add 203.0.113.1/32 dev eth0 label eth0:vip && ip link add br0 type bridge && \
             ip addr add 10.9.0.1/16 broadcast 10.9.255.255 dev br0")
        .await;
    let facts = compare("a Debian in a container", host, &oracle).await;
    assert_gathered(&facts, &["systemd", "default_ipv4", "eth0_vip", "br0", "machine_id"]);
    assert_eq!(facts["ansible_service_mgr"], "systemd");
    assert_eq!(facts["ansible_local"]["sections"]["general"]["home"], "/srv/app");
    subsets(host, &oracle).await;
}

/// Files of local facts: every kind, and every way in which one can be wrong.
const LOCAL_FACTS: &str = r#"mkdir -p /etc/ansible/facts.d && cd /etc/ansible/facts.d && {
printf '{"a": [1, 2.5, null], "b": {"c": true}}' >json.fact
printf '[general]\nRoot = /srv\nHome: %%(root)s/app\nlong = one\n  two\n# no\n[DEFAULT]\nx = 100%%%%\n' >sections.fact
printf 'neither\n' >neither.fact
printf '[a]\nb = %%(missing)s\n' >reference.fact
printf '#!/bin/sh\necho "\\"run by $(id -un)\\""\n' >program.fact
printf '#!/bin/sh\necho half\necho because >&2\nexit 3\n' >broken.fact
ln -s /nowhere link.fact
: >empty.fact
chmod 0755 program.fact broken.fact
chmod 0644 json.fact sections.fact neither.fact reference.fact empty.fact; }"#;

/// `gather_subset` and `filter`: the same keys as Ansible's.
async fn subsets(host: &Host, oracle: &Oracle) {
    for args in [
        json!({"gather_subset": ["!all"]}),
        json!({"gather_subset": ["!all", "!min"]}),
        json!({"gather_subset": "!all,!min,network"}),
        json!({"gather_subset": ["min", "!local", "virtual"]}),
        json!({"gather_subset": ["!hardware", "!facter", "!ohai", "!nothing"]}),
        json!({"gather_subset": ["!all", "!min", "default_ipv4", "mounts"]}),
        json!({"gather_subset": ["!network", "interfaces"]}),
        json!({"filter": "ansible_*_mb"}),
        json!({"filter": ["distribution*", "ansible_ssh_host_key_[er]*", "eth[!1]"]}),
        json!({"filter": ["gather_subset"], "gather_subset": ["all"]}),
        json!({"fact_path": "/nowhere", "filter": "local"}),
    ] {
        let theirs = self::theirs(oracle, host, &args).await;
        let ours = ours(host, args.clone()).await;
        let mut differences = Differences::new();
        differences.facts(&theirs, &ours);
        differences.assert_none(&format!("the Debian, with {args}"));
    }
}

#[tokio::test]
async fn a_root_with_nothing_but_busybox_has_the_facts_that_ansible_gathers() {
    let oracle = Oracle::find();
    let root = tempfile::tempdir().unwrap();
    let root = root.path().to_str().unwrap();
    let host = Host::busybox(root, &oracle.directories, NETWORK);
    let facts = compare("busybox", &host, &oracle).await;
    assert_gathered(&facts, &["hostname", "interfaces", "all_ipv4_addresses", "mounts"]);
    assert_eq!(facts["ansible_distribution"], "Alpine");
    assert_eq!(facts["ansible_distribution_version"], "3.19.1");
    assert_eq!(facts["ansible_pkg_mgr"], "apk");
    assert_eq!(facts["ansible_user_shell"], "/bin/ash");
    assert!(Path::new(root).join("bin/busybox").exists());
}
