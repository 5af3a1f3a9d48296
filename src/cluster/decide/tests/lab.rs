//! A cluster to break on paper: `three().dead("node2").declared("node2")`.
//!
//! Hosts are `node1`, `node2`, …; their members `etcd1`, `etcd2`, …; 3 hosts are 3 healthy voters
//! until something is done to them. What is running and connected elects a leader, as etcd would.

use crate::cluster::decision::{SnapshotFile, Wanted, WantedHost};
use crate::cluster::status::{
    Alarm, ClusterStatus, DataContent, DataDir, EtcdConfig, EtcdHost, HostStatus, Leftover,
    LeftoverKind, LogSign, Member, MemberView, Reach, Tools, Unit,
};
use crate::cluster::version::Version;
use indexmap::IndexMap;

pub(super) const CLUSTER: u64 = 0xaaaa;
pub(super) const RESTORED: u64 = 0xbbbb;
pub(super) const GIB: u64 = 1 << 30;
const DB: u64 = 20 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Etcd {
    Running,
    CutOff,
    Down,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seat {
    Voter,
    Learner,
    None,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own, freely combined")]
#[derive(Clone)]
struct Host {
    name: String,
    number: u64,
    in_etcd: bool,
    declared: bool,
    wanted: bool,
    seat: Seat,
    started: bool,
    etcd: Etcd,
    status: HostStatus,
    revision: i64,
    index: u64,
    term: u64,
    cluster: u64,
    /// Still runs with the data of the cluster before.
    old: bool,
}

/// A cluster, and what the operator wants of it.
#[derive(Clone)]
pub(super) struct Lab {
    hosts: Vec<Host>,
    pub(super) wanted: Wanted,
    version: String,
    read: bool,
    alarms: Vec<(u64, Alarm)>,
    listed: bool,
    size: u64,
}

pub(super) fn lab(size: u64) -> Lab {
    let mut lab = Lab {
        hosts: Vec::new(),
        wanted: Wanted { run_id: "RUN".into(), bump_revision: 1_000_000_000, ..Wanted::default() },
        version: "3.4.30".into(),
        read: true,
        alarms: Vec::new(),
        listed: true,
        size,
    };
    for number in 1..=size {
        lab.hosts.push(host(&format!("node{number}"), Seat::Voter));
    }
    lab
}

pub(super) fn three() -> Lab {
    lab(3)
}

pub(super) fn five() -> Lab {
    lab(5)
}

pub(super) fn peer(number: u64) -> String {
    format!("https://10.0.0.{number}:2380")
}

fn client(number: u64) -> String {
    format!("https://10.0.0.{number}:2379")
}

fn number(name: &str) -> u64 {
    name.trim_start_matches("node").parse().unwrap()
}

fn host(name: &str, seat: Seat) -> Host {
    let number = number(name);
    let data = DataDir {
        path: "/var/lib/etcd".into(),
        content: DataContent::Present { db_bytes: DB, revision: None },
        mount_point: false,
        read_only: false,
        free_bytes: 10 * GIB,
    };
    let etcd = EtcdHost {
        unit: Unit::Active,
        enabled: true,
        running_for: Some(3600),
        config: Some(EtcdConfig {
            name: format!("etcd{number}"),
            peer_urls: vec![peer(number)],
            client_urls: vec![client(number)],
            initial_cluster: Vec::new(),
            initial_cluster_state: "new".into(),
            token: "k8s_etcd".into(),
            data_dir: "/var/lib/etcd/".into(),
            wal_dir: String::new(),
        }),
        data,
        tools: Tools::default(),
        has_ca_key: true,
        own_view: Err("connection refused".into()),
        peer_views: IndexMap::new(),
        log_signs: Vec::new(),
        leftovers: Vec::new(),
        recovered_by: None,
    };
    Host {
        name: name.into(),
        number,
        in_etcd: true,
        declared: false,
        wanted: true,
        seat,
        started: true,
        etcd: Etcd::Running,
        status: HostStatus { reach: Reach::Reached, clock_offset_ms: Some(0), etcd: Some(etcd) },
        revision: 1000,
        index: 2000,
        term: 5,
        cluster: CLUSTER,
        old: false,
    }
}

impl Lab {
    fn with(mut self, name: &str, change: impl FnOnce(&mut Host)) -> Self {
        change(self.hosts.iter_mut().find(|host| host.name == name).unwrap());
        self
    }

    /// Changes what is found of etcd on a host.
    pub(super) fn etcd(self, name: &str, change: impl FnOnce(&mut EtcdHost)) -> Self {
        self.with(name, |host| change(host.status.etcd.as_mut().unwrap()))
    }

    pub(super) fn each(mut self, names: &[&str], change: impl Fn(Self, &str) -> Self) -> Self {
        for name in names {
            self = change(self, name);
        }
        self
    }

    /// Powered off.
    pub(super) fn dead(self, name: &str) -> Self {
        self.with(name, |host| {
            host.etcd = Etcd::Down;
            host.status = HostStatus {
                reach: Reach::Unreachable { reason: "timed out".into() },
                clock_offset_ms: None,
                etcd: None,
            };
        })
    }

    /// etcd is stopped, all else is fine.
    pub(super) fn stopped(self, name: &str) -> Self {
        self.with(name, |host| host.etcd = Etcd::Down)
            .etcd(name, |etcd| (etcd.unit, etcd.running_for) = (Unit::Inactive, None))
    }

    /// etcd does not stay up.
    pub(super) fn failed(self, name: &str, signs: &[LogSign]) -> Self {
        self.stopped(name).etcd(name, |etcd| {
            etcd.unit = Unit::Failed;
            etcd.log_signs = signs.to_vec();
        })
    }

    /// The process runs and does not answer.
    pub(super) fn hanging(self, name: &str, signs: &[LogSign]) -> Self {
        self.failed(name, signs)
            .etcd(name, |etcd| (etcd.unit, etcd.running_for) = (Unit::Activating, Some(3600)))
    }

    /// The process was started a moment ago and does not answer yet.
    pub(super) fn starting(self, name: &str) -> Self {
        self.hanging(name, &[]).etcd(name, |etcd| etcd.running_for = Some(20))
    }

    /// The data is gone, the host is the same.
    pub(super) fn wiped(self, name: &str) -> Self {
        self.failed(name, &[]).etcd(name, |etcd| etcd.data.content = DataContent::Missing)
    }

    /// A new system under the same name and address, with nothing of etcd.
    pub(super) fn reinstalled(self, name: &str) -> Self {
        self.wiped(name).etcd(name, |etcd| {
            etcd.unit = Unit::Absent;
            etcd.enabled = false;
            etcd.config = None;
            etcd.tools = Tools { etcd: Some("none".into()), ..Tools::default() };
            etcd.has_ca_key = false;
        })
    }

    /// A new host in `etcd` that was never a member.
    pub(super) fn fresh(mut self, name: &str) -> Self {
        self.hosts.push(host(name, Seat::None));
        self.reinstalled(name)
    }

    /// Added to the member list, never started.
    pub(super) fn unstarted(self, name: &str) -> Self {
        self.fresh(name).with(name, |host| {
            host.seat = Seat::Voter;
            host.started = false;
        })
    }

    /// All it needs for its first start is there: its settings name the members of these numbers.
    pub(super) fn prepared(self, name: &str, members: &[u64]) -> Self {
        let config = EtcdConfig {
            peer_urls: vec![peer(number(name))],
            initial_cluster: members.iter().map(|n| (format!("etcd{n}"), peer(*n))).collect(),
            initial_cluster_state: "existing".into(),
            ..EtcdConfig::default()
        };
        self.etcd(name, |etcd| (etcd.unit, etcd.config) = (Unit::Inactive, Some(config)))
    }

    /// Added as a learner, never started.
    pub(super) fn unstarted_learner(self, name: &str) -> Self {
        self.unstarted(name).with(name, |host| host.seat = Seat::Learner)
    }

    /// A learner that runs.
    pub(super) fn learner(mut self, name: &str) -> Self {
        let newest = self.hosts.iter().max_by_key(|host| host.cluster).unwrap();
        let (cluster, term, index) = (newest.cluster, newest.term, newest.index);
        self.hosts.push(Host { index, term, cluster, ..host(name, Seat::Learner) });
        self
    }

    /// Stands in `broken_etcd` too.
    pub(super) fn declared(self, name: &str) -> Self {
        self.with(name, |host| host.declared = true)
    }

    /// Stands in `broken_etcd` only.
    pub(super) fn moved(self, name: &str) -> Self {
        self.declared(name).with(name, |host| host.in_etcd = false)
    }

    /// Is in no group any more.
    pub(super) fn unlisted(self, name: &str) -> Self {
        self.with(name, |host| host.wanted = false)
    }

    /// No SSH, but etcd runs.
    pub(super) fn serving(self, name: &str) -> Self {
        self.with(name, |host| {
            host.status.reach = Reach::Unreachable { reason: "timed out".into() };
            host.status.etcd = None;
        })
    }

    /// SSH refuses us; etcd runs on.
    pub(super) fn locked(self, name: &str) -> Self {
        self.serving(name).with(name, |host| {
            host.status.reach = Reach::Denied { reason: "the host key has changed".into() };
        })
    }

    /// SSH refuses us, and no member hears it.
    pub(super) fn locked_and_dead(self, name: &str) -> Self {
        self.locked(name).with(name, |host| host.etcd = Etcd::Down)
    }

    /// Runs, but no other member can reach it.
    pub(super) fn cut_off(self, name: &str) -> Self {
        self.with(name, |host| host.etcd = Etcd::CutOff)
    }

    /// Is no member (any more), with whatever else is on the host.
    pub(super) fn no_member(self, name: &str) -> Self {
        self.with(name, |host| host.seat = Seat::None)
    }

    /// A recovery restored one member as a new cluster, the others are no members of it.
    pub(super) fn restored_on(mut self, seed: &str) -> Self {
        for host in &mut self.hosts {
            if host.name == seed {
                host.cluster = RESTORED;
                host.revision += 1_000_000_000;
                host.index = 20;
                host.term = 2;
            } else if host.seat == Seat::Voter && host.started {
                host.seat = Seat::None;
            }
        }
        self.aside(seed, "OLD").etcd(seed, |etcd| {
            etcd.config.as_mut().unwrap().token = "k8s_etcd-rr-OLD".into();
        })
    }

    /// Keeps old data aside.
    pub(super) fn aside(self, name: &str, run: &str) -> Self {
        self.left(name, run, LeftoverKind::Aside, "rrecover")
    }

    /// Keeps a restored directory that is not in place.
    pub(super) fn half_restored(self, name: &str, run: &str) -> Self {
        self.left(name, run, LeftoverKind::Restored, "new")
    }

    fn left(self, name: &str, run: &str, kind: LeftoverKind, word: &str) -> Self {
        let path = format!("/var/lib/etcd.{word}-{run}");
        self.etcd(name, |etcd| etcd.leftovers.push(Leftover { path, kind, run: run.into() }))
    }

    /// Stopped, with data that was read from its file.
    pub(super) fn stopped_at(self, name: &str, revision: i64) -> Self {
        self.stopped(name).etcd(name, |etcd| {
            etcd.data.content = DataContent::Present { db_bytes: DB, revision: Some(revision) };
        })
    }

    /// Carries the mark of a run that made a member of it.
    pub(super) fn marked(self, name: &str) -> Self {
        self.etcd(name, |etcd| etcd.recovered_by = Some("OLD".into()))
    }

    /// Retired by a run that was cut off: stopped, data set aside.
    pub(super) fn set_aside(self, name: &str, run: &str) -> Self {
        self.stopped(name).aside(name, run).etcd(name, |etcd| {
            etcd.enabled = false;
            etcd.data.content = DataContent::Missing;
        })
    }

    /// How far the member's data goes.
    pub(super) fn at(self, name: &str, term: u64, index: u64, revision: i64) -> Self {
        self.with(name, |host| (host.term, host.index, host.revision) = (term, index, revision))
    }

    pub(super) fn clock(self, name: &str, milliseconds: i64) -> Self {
        self.with(name, |host| host.status.clock_offset_ms = Some(milliseconds))
    }

    pub(super) fn version(mut self, version: &str) -> Self {
        self.version = version.into();
        self
    }

    pub(super) fn alarm(mut self, name: &str, alarm: Alarm) -> Self {
        self.alarms.push((0xe0 + number(name), alarm));
        self
    }

    /// No linearizable read succeeds.
    pub(super) fn no_read(mut self) -> Self {
        self.read = false;
        self
    }

    /// No member tells its member list.
    pub(super) fn no_list(mut self) -> Self {
        self.listed = false;
        self
    }

    pub(super) fn fenced(mut self, names: &[&str]) -> Self {
        self.wanted.fenced = names.iter().map(|name| (*name).into()).collect();
        self
    }

    pub(super) fn started(mut self, names: &[&str]) -> Self {
        self.wanted.started = names.iter().map(|name| (*name).into()).collect();
        self
    }

    pub(super) fn limit(mut self, names: &[&str]) -> Self {
        self.wanted.limit = Some(names.iter().map(|name| (*name).into()).collect());
        self
    }

    pub(super) fn trust(mut self) -> Self {
        self.wanted.trust_declared = true;
        self
    }

    pub(super) fn snapshot(mut self, revision: i64) -> Self {
        let version = Version::parse(&self.version).unwrap();
        self.wanted.snapshot = Some(SnapshotFile {
            path: "backup.db".into(),
            bytes: DB,
            sha256: "00".into(),
            has_digest: true,
            revision,
            total_keys: 10,
            cluster_version: Some(format!("{}.0", version.short())),
        });
        self
    }

    pub(super) fn snapshot_file(mut self, change: impl FnOnce(&mut SnapshotFile)) -> Self {
        change(self.wanted.snapshot.as_mut().unwrap());
        self
    }

    /// The hosts in another order, in the inventory and in what was seen.
    pub(super) fn turned(mut self, by: usize) -> Self {
        self.hosts.rotate_left(by);
        self
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.hosts.iter().map(|host| host.name.clone()).collect()
    }

    /// What the operator wants, as the inventory would say it.
    pub(super) fn wanted(&self) -> Wanted {
        let mut wanted = self.wanted.clone();
        let listed = self.hosts.iter().filter(|host| host.wanted);
        let (first, last): (Vec<_>, Vec<_>) = listed.partition(|host| host.in_etcd);
        for host in first.into_iter().chain(last) {
            wanted.hosts.push(WantedHost {
                host: host.name.clone(),
                in_etcd: host.in_etcd,
                declared_broken: host.declared,
                member_name: format!("etcd{}", host.number),
                peer_url: peer(host.number),
                client_url: client(host.number),
            });
        }
        wanted
    }

    fn members(&self, cluster: u64) -> Vec<Member> {
        let newest = self.hosts.iter().map(|host| host.cluster).max().unwrap();
        let member = |number: u64, started: bool, learner: bool| Member {
            id: 0xe0 + number,
            name: if started { format!("etcd{number}") } else { String::new() },
            peer_urls: vec![peer(number)],
            client_urls: if started { vec![client(number)] } else { Vec::new() },
            learner,
        };
        if cluster < newest {
            return (1..=self.size).map(|number| member(number, true, false)).collect();
        }
        let belongs = |host: &&Host| host.seat != Seat::None && !host.old;
        let hosts = self.hosts.iter().filter(belongs);
        hosts.map(|host| member(host.number, host.started, host.seat == Seat::Learner)).collect()
    }

    /// What an observation would see.
    pub(super) fn status(&self) -> ClusterStatus {
        let mut status = ClusterStatus { observed_at: "now".into(), hosts: IndexMap::new() };
        let views: Vec<(&Host, MemberView)> = self
            .hosts
            .iter()
            .filter(|host| host.etcd != Etcd::Down)
            .map(|host| (host, self.view(host)))
            .collect();
        for host in &self.hosts {
            status.hosts.insert(host.name.clone(), self.look(host, &views));
        }
        status
    }

    fn look(&self, host: &Host, views: &[(&Host, MemberView)]) -> HostStatus {
        let mut seen = host.status.clone();
        if let Some(etcd) = &mut seen.etcd {
            if etcd.tools.etcd.is_none() {
                let version = Some(self.version.clone());
                let modern = Version::parse(&self.version).unwrap().minor > 4;
                etcd.tools.etcdutl = version.clone().filter(|_| modern);
                etcd.tools.etcdctl.clone_from(&version);
                etcd.tools.etcd = version;
            } else if etcd.tools.etcd.as_deref() == Some("none") {
                etcd.tools = Tools::default();
            }
            if let Some(config) = etcd.config.as_mut().filter(|one| one.initial_cluster.is_empty())
            {
                config.initial_cluster = self.configured();
            }
            for (other, view) in views {
                if other.name == host.name {
                    etcd.own_view = Ok(view.clone());
                } else if other.etcd == Etcd::Running && host.etcd != Etcd::CutOff {
                    etcd.peer_views.insert(client(other.number), Ok(view.clone()));
                }
            }
        }
        seen
    }

    /// The members as they were configured: those that have a name.
    fn configured(&self) -> Vec<(String, String)> {
        let configured =
            self.hosts.iter().filter(|host| host.seat == Seat::Voter && host.started && !host.old);
        configured.map(|host| (format!("etcd{}", host.number), peer(host.number))).collect()
    }

    fn view(&self, host: &Host) -> MemberView {
        let members = self.members(host.cluster);
        let voters = members.iter().filter(|member| !member.learner).count();
        let running: Vec<&Host> = self
            .hosts
            .iter()
            .filter(|other| other.etcd == Etcd::Running && other.seat == Seat::Voter)
            .filter(|other| (other.cluster, other.old) == (host.cluster, host.old))
            .collect();
        let quorum = running.len() > voters / 2 && host.etcd == Etcd::Running;
        let leader = running.iter().map(|host| 0xe0 + host.number).min().filter(|_| quorum);
        MemberView {
            cluster_id: host.cluster,
            member_id: 0xe0 + host.number,
            members: self.listed.then_some(members),
            leader,
            raft_term: host.term,
            raft_index: host.index,
            raft_applied_index: host.index,
            revision: host.revision,
            db_size: i64::try_from(DB).unwrap(),
            version: self.version.clone(),
            learner: host.seat == Seat::Learner,
            linearizable_read: quorum && self.read,
            alarms: self.alarms.clone(),
            errors: Vec::new(),
        }
    }

    /// Still runs with the data of the cluster before.
    pub(super) fn straggler(self, name: &str) -> Self {
        self.with(name, |host| {
            host.old = true;
            host.seat = Seat::Voter;
            host.cluster = CLUSTER;
        })
    }

    /// Is back as it was before anything happened to it, but not taken out of any group.
    pub(super) fn up(self, name: &str) -> Self {
        self.with(name, |old| {
            let back = host(name, old.seat);
            (old.etcd, old.status) = (back.etcd, back.status);
        })
    }

    /// Has joined the restored cluster.
    pub(super) fn joined(self, name: &str) -> Self {
        self.up(name)
            .with(name, |host| {
                host.seat = Seat::Voter;
                host.cluster = RESTORED;
                (host.term, host.index, host.revision) = (2, 20, 1_000_001_000);
            })
            .etcd(name, |etcd| etcd.config.as_mut().unwrap().token = "k8s_etcd-rr-OLD".into())
    }
}
