//! One picture out of many views: which cluster has the say, who belongs to it, and which host
//! each member runs on.

use std::collections::BTreeMap;

use super::decision::{MemberVerdict, Quorum, SnapshotFile, Wanted, WantedHost};
use super::judge;
use super::quorum::{Count, count};
use super::status::{
    ClusterStatus, DataContent, EtcdHost, HostStatus, LeftoverKind, Member, MemberView, Reach, Unit,
};
use super::url::{same_url, share_url};

/// One etcd cluster, as its members show it.
pub(super) struct Cluster<'a> {
    pub(super) id: u64,
    /// The best view of each member: its own before what a peer's host was told.
    pub(super) views: BTreeMap<u64, &'a MemberView>,
    pub(super) members: Vec<Member>,
    pub(super) count: Count,
}

/// One member of the cluster that has the say, or one wanted host that is no member.
pub(super) struct Seat<'a> {
    pub(super) member: Option<Member>,
    /// What the member says, in the cluster that has the say.
    pub(super) view: Option<&'a MemberView>,
    pub(super) host: Option<&'a str>,
    pub(super) wanted: Option<&'a WantedHost>,
    pub(super) status: Option<&'a HostStatus>,
    pub(super) verdict: MemberVerdict,
    /// Whether it is counted as a healthy voter (I-01).
    pub(super) counted: bool,
    pub(super) reasons: Vec<String>,
}

/// Everything, put together.
pub(super) struct Picture<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) status: &'a ClusterStatus,
    /// Every cluster that was seen, the one that has the say first.
    pub(super) clusters: Vec<Cluster<'a>>,
    /// Whether the membership was read from a real member, not from configuration.
    pub(super) membership_seen: bool,
    pub(super) quorum: Quorum,
    /// The snapshot that is to be restored, unless an earlier run restored it just before.
    pub(super) snapshot: Option<&'a SnapshotFile>,
    /// Members, then wanted hosts that are none.
    pub(super) seats: Vec<Seat<'a>>,
}

impl<'a> Picture<'a> {
    /// Puts together what was seen.
    pub(super) fn new(wanted: &'a Wanted, status: &'a ClusterStatus) -> Self {
        let clusters = clusters(status);
        let listed = clusters.first().map(|cluster| cluster.members.clone()).unwrap_or_default();
        let membership_seen = !listed.is_empty();
        let members = if membership_seen { listed } else { configured_members(status) };
        let counted = clusters.first().map(|cluster| cluster.count.quorum).unwrap_or_default();
        let quorum = if membership_seen {
            counted
        } else {
            let voters = members.len();
            Quorum { voters, needed: super::quorum::needed(voters), healthy: 0, present: false }
        };
        let snapshot = wanted.snapshot.as_ref();
        let seats = Vec::new();
        let mut picture =
            Self { wanted, status, clusters, membership_seen, quorum, snapshot, seats };
        picture.seats = picture.take_seats(members);
        if picture.grows_from_restore() {
            picture.snapshot = None;
        }
        picture
    }

    /// Whether a run was cut off while the second member joined what it had restored: one member
    /// ever started, on a host with old data beside the new, and another is listed. As voters
    /// these two have no quorum, and the one may hold more than any snapshot by now.
    fn grows_from_restore(&self) -> bool {
        let mut started =
            self.members().filter(|seat| seat.member.as_ref().is_some_and(Member::started));
        let (Some(seed), None) = (started.next(), started.next()) else { return false };
        let replaced = |etcd: &EtcdHost| etcd.has_data() && etcd.has_left(LeftoverKind::Aside);
        self.membership_seen
            && seed.view.is_some()
            && self.members().count() > 1
            && seed.etcd().is_some_and(replaced)
    }

    /// The cluster that has the say.
    pub(super) fn authority(&self) -> Option<&Cluster<'a>> {
        self.clusters.first()
    }

    /// Its id in hexadecimal.
    pub(super) fn cluster_id(&self) -> Option<String> {
        self.authority().map(|cluster| format!("{:x}", cluster.id))
    }

    /// Whether two clusters have quorum side by side.
    pub(super) fn split_brain(&self) -> bool {
        self.clusters.iter().filter(|cluster| cluster.count.quorum.present).count() > 1
    }

    /// The members.
    pub(super) fn members(&self) -> impl Iterator<Item = &Seat<'a>> {
        self.seats.iter().filter(|seat| seat.member.is_some())
    }

    /// The voting members.
    pub(super) fn voters(&self) -> impl Iterator<Item = &Seat<'a>> {
        self.seats.iter().filter(|seat| seat.voter())
    }

    /// The highest revision that any member shows.
    pub(super) fn revision(&self) -> Option<i64> {
        self.clusters.iter().flat_map(|one| one.views.values()).map(|view| view.revision).max()
    }

    /// The oldest server version among the members that answer: what the cluster can do.
    pub(super) fn version(&self) -> Option<super::version::Version> {
        let views = self.authority()?.views.values();
        views.filter_map(|view| super::version::Version::parse(&view.version)).min()
    }

    /// Whether a host's clock is off by more than two seconds from the middle of all (I-28).
    pub(super) fn clock_is_off(&self, host: &HostStatus) -> bool {
        let mut offsets: Vec<i64> =
            self.status.hosts.values().filter_map(|host| host.clock_offset_ms).collect();
        offsets.sort_unstable();
        let middle = offsets.get(offsets.len() / 2).copied().unwrap_or(0);
        host.clock_offset_ms.is_some_and(|offset| (offset - middle).abs() > 2000)
    }

    fn take_seats(&self, members: Vec<Member>) -> Vec<Seat<'a>> {
        let mut seats: Vec<Seat<'a>> = Vec::new();
        for member in members {
            let host = self.host_of(&member);
            let host = host.filter(|host| seats.iter().all(|seat| seat.host != Some(*host)));
            seats.push(self.seat(Some(member), host));
        }
        for host in &self.wanted.hosts {
            if seats.iter().all(|seat| seat.host != Some(host.host.as_str())) {
                seats.push(self.seat(None, Some(&host.host)));
            }
        }
        seats
    }

    fn seat(&self, member: Option<Member>, host: Option<&'a str>) -> Seat<'a> {
        let authority = self.authority();
        let view = member
            .as_ref()
            .and_then(|member| authority.and_then(|one| one.views.get(&member.id).copied()));
        let counted = match (&member, authority) {
            (Some(member), Some(one)) => one.count.healthy.contains(&member.id),
            _ => false,
        };
        let wanted =
            host.and_then(|host| self.wanted.hosts.iter().find(|candidate| candidate.host == host));
        let status = host.and_then(|host| self.status.hosts.get(host));
        let verdict = MemberVerdict::Unknown;
        let mut seat =
            Seat { member, view, host, wanted, status, verdict, counted, reasons: Vec::new() };
        (seat.verdict, seat.reasons) = judge::judge(self, &seat);
        seat
    }

    /// The host of a member: by what runs there, then by its peer URL, and by its name only where
    /// no address is known (I-17). A default name is a place in a list and may be another host's.
    fn host_of(&self, member: &Member) -> Option<&'a str> {
        let id = self.authority().map(|cluster| cluster.id);
        let runs = |host: &HostStatus| {
            host.own().is_some_and(|own| Some(own.cluster_id) == id && own.member_id == member.id)
        };
        let configured = |host: &HostStatus| {
            host.config().is_some_and(|config| share_url(&config.peer_urls, &member.peer_urls))
        };
        let by = |test: &dyn Fn(&HostStatus) -> bool| {
            self.status.hosts.iter().find(|(_, host)| test(host)).map(|(name, _)| name.as_str())
        };
        by(&runs).or_else(|| self.wanted_at(&member.peer_urls)).or_else(|| by(&configured)).or_else(
            || {
                let named = |host: &&WantedHost| {
                    host.peer_url.is_empty()
                        && !member.name.is_empty()
                        && host.member_name == member.name
                };
                self.wanted.hosts.iter().find(named).map(|host| host.host.as_str())
            },
        )
    }

    fn wanted_at(&self, urls: &[String]) -> Option<&'a str> {
        let at = |host: &&WantedHost| urls.iter().any(|url| same_url(url, &host.peer_url));
        self.wanted.hosts.iter().find(at).map(|host| host.host.as_str())
    }
}

impl HostStatus {
    /// What its own member says.
    pub(super) fn own(&self) -> Option<&MemberView> {
        self.etcd.as_ref().and_then(|etcd| etcd.own_view.as_ref().ok())
    }

    /// Its etcd configuration.
    pub(super) fn config(&self) -> Option<&super::status::EtcdConfig> {
        self.etcd.as_ref().and_then(|etcd| etcd.config.as_ref())
    }
}

impl EtcdHost {
    /// Whether member data is in its place.
    pub(super) fn has_data(&self) -> bool {
        matches!(self.data.content, DataContent::Present { .. })
    }

    /// The revision of the data in its place, read from its file.
    pub(super) fn data_revision(&self) -> Option<i64> {
        match self.data.content {
            DataContent::Present { revision, .. } => revision,
            _ => None,
        }
    }

    /// Whether a leftover of this kind is there.
    pub(super) fn has_left(&self, kind: LeftoverKind) -> bool {
        self.leftovers.iter().any(|leftover| leftover.kind == kind)
    }

    /// Whether there is anything of etcd that could run or be mistaken for a member.
    pub(super) fn has_traces(&self) -> bool {
        let runs = matches!(self.unit, Unit::Active | Unit::Activating | Unit::Failed);
        let data = !matches!(self.data.content, DataContent::Missing | DataContent::Empty);
        runs || data || (self.enabled && self.unit != Unit::Absent)
    }
}

impl<'a> Seat<'a> {
    /// Its host's name, else the member's, else its URL or id: what people know it by.
    pub(super) fn label(&self) -> String {
        if let Some(host) = self.host {
            return host.to_owned();
        }
        match &self.member {
            Some(member) if member.started() => member.name.clone(),
            Some(member) => member.peer_urls.first().cloned().unwrap_or_else(|| member.hex_id()),
            None => String::new(),
        }
    }

    /// The revision that its member answers with, or that its data has.
    pub(super) fn revision(&self) -> Option<i64> {
        let stopped = || self.etcd().and_then(EtcdHost::data_revision);
        self.view.map(|view| view.revision).or_else(stopped)
    }

    pub(super) fn voter(&self) -> bool {
        self.member.as_ref().is_some_and(|member| !member.learner)
    }

    pub(super) fn declared(&self) -> bool {
        self.wanted.is_some_and(|wanted| wanted.declared_broken)
    }

    pub(super) fn in_etcd(&self) -> bool {
        self.wanted.is_some_and(|wanted| wanted.in_etcd)
    }

    pub(super) fn reached(&self) -> bool {
        self.status.is_some_and(|status| status.reach == Reach::Reached)
    }

    pub(super) fn denied(&self) -> Option<&'a str> {
        match &self.status?.reach {
            Reach::Denied { reason } => Some(reason),
            _ => None,
        }
    }

    /// What was found of etcd on its host.
    pub(super) fn etcd(&self) -> Option<&'a EtcdHost> {
        self.status.filter(|_| self.reached()).and_then(|status| status.etcd.as_ref())
    }

    /// Whether it works and may be relied on.
    pub(super) fn healthy(&self) -> bool {
        matches!(self.verdict, MemberVerdict::Healthy | MemberVerdict::ServingWithoutSsh)
    }
}

/// Every cluster that any member belongs to; the one that has the say first.
fn clusters(status: &ClusterStatus) -> Vec<Cluster<'_>> {
    let mut seen: BTreeMap<u64, Vec<(bool, &MemberView)>> = BTreeMap::new();
    for etcd in status.hosts.values().filter_map(|host| host.etcd.as_ref()) {
        let own = etcd.own_view.iter().map(|view| (true, view));
        let peers = etcd.peer_views.values().flatten().map(|view| (false, view));
        for (own, view) in own.chain(peers) {
            seen.entry(view.cluster_id).or_default().push((own, view));
        }
    }
    let mut clusters: Vec<Cluster<'_>> =
        seen.into_iter().map(|(id, views)| cluster(id, &views)).collect();
    clusters.sort_by_key(|cluster| std::cmp::Reverse(say(cluster, status)));
    clusters
}

fn cluster<'a>(id: u64, seen: &[(bool, &'a MemberView)]) -> Cluster<'a> {
    let mut best: BTreeMap<u64, (bool, &'a MemberView)> = BTreeMap::new();
    for &(own, view) in seen {
        let rank = |own: bool, view: &MemberView| (own, view.raft_term, view.raft_index);
        let known = best.get(&view.member_id).map(|(own, view)| rank(*own, view));
        if known.is_none_or(|known| rank(own, view) > known) {
            best.insert(view.member_id, (own, view));
        }
    }
    let views: BTreeMap<u64, &MemberView> =
        best.into_iter().map(|(id, (_, view))| (id, view)).collect();
    let read = seen.iter().any(|(_, view)| view.linearizable_read);
    let lists = seen.iter().filter(|(_, view)| view.members.is_some());
    let newest = lists.max_by_key(|(own, view)| {
        (view.linearizable_read, view.raft_term, view.raft_index, *own, view.member_id)
    });
    let members = newest.and_then(|(_, view)| view.members.clone()).unwrap_or_default();
    let count = count(&members, &views, read);
    Cluster { id, views, members, count }
}

/// How much say a cluster has: quorum; then being the one that a recovery put in place of
/// another, which can be seen by the old data beside it; then the number of voters that answer;
/// then the most advanced data.
fn say(cluster: &Cluster<'_>, status: &ClusterStatus) -> (bool, bool, usize, (u64, u64, i64)) {
    let replaced = status.hosts.values().any(|host| {
        host.own().is_some_and(|own| own.cluster_id == cluster.id)
            && host.etcd.as_ref().is_some_and(|etcd| etcd.has_left(LeftoverKind::Aside))
    });
    let answering =
        cluster.members.iter().filter(|member| cluster.views.contains_key(&member.id)).count();
    let rank = cluster.views.values().map(|view| rank(view)).max().unwrap_or_default();
    (cluster.count.quorum.present, replaced, answering, rank)
}

/// How advanced a member is (I-15).
pub(super) fn rank(view: &MemberView) -> (u64, u64, i64) {
    (view.raft_term, view.raft_index, view.revision)
}

/// The membership that the hosts' configuration names, for when no member answers. The one that
/// most hosts with data have; it may be outdated.
fn configured_members(status: &ClusterStatus) -> Vec<Member> {
    let mut found: BTreeMap<Vec<(String, String)>, usize> = BTreeMap::new();
    for host in status.hosts.values() {
        let (Some(etcd), Some(config)) = (&host.etcd, host.config()) else { continue };
        if config.initial_cluster.is_empty() {
            continue;
        }
        let mut list = config.initial_cluster.clone();
        list.sort();
        let kept = etcd.has_data() || !etcd.leftovers.is_empty();
        *found.entry(list).or_default() += if kept { 100 } else { 1 };
    }
    let most = found.into_iter().max_by_key(|(list, times)| (*times, list.len()));
    let mut members: Vec<Member> = Vec::new();
    for (name, url) in most.map(|(list, _)| list).unwrap_or_default() {
        match members.iter_mut().find(|member| member.name == name) {
            Some(member) => member.peer_urls.push(url),
            None => {
                members.push(Member { name, peer_urls: vec![url], ..Member::default() });
            }
        }
    }
    members
}
