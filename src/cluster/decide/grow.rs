//! Growing to the membership that the inventory wants, one member at a time (DOMAIN P13).

use super::super::assess::names;
use super::super::decision::{JoiningMember, MemberVerdict};
use super::super::picture::{Picture, Seat};
use super::super::status::{DataContent, EtcdHost, HostStatus, Reach};
use super::super::version::Version;
use super::{Draft, No, names as identities};

/// Two hosts' clocks may differ by this much where certificates are issued (I-28).
const MAX_SKEW_MS: i64 = 2000;

/// What there is to grow from.
pub(super) struct Base {
    /// The members that stay, or the seed of a restore.
    pub(super) kept: Vec<JoiningMember>,
    /// The server version that joiners meet.
    pub(super) version: Option<Version>,
    /// The size of the database that each joiner receives.
    pub(super) db_bytes: u64,
}

impl Base {
    pub(super) fn of(picture: &Picture<'_>, kept: &[JoiningMember]) -> Self {
        let sizes = picture.authority().into_iter().flat_map(|cluster| cluster.views.values());
        let db_bytes = sizes.map(|view| u64::try_from(view.db_size).unwrap_or(0)).max();
        Self { kept: kept.to_vec(), version: picture.version(), db_bytes: db_bytes.unwrap_or(0) }
    }
}

/// A member that was added as a learner and never finished: it is taken up where it stands.
pub(super) fn is_adopted(seat: &Seat<'_>) -> bool {
    let learner = seat.member.as_ref().is_some_and(|member| member.learner);
    let waits = matches!(seat.verdict, MemberVerdict::Learner | MemberVerdict::Unstarted);
    learner && waits && seat.in_etcd() && seat.reached() && !seat.declared()
}

/// Fills in who joins and what the run promises.
pub(super) fn grow(picture: &Picture<'_>, base: &Base, draft: &mut Draft) -> Result<(), No> {
    let joiners = joiners(picture, base, draft)?;
    let mut members = base.kept.clone();
    for seat in &joiners {
        let mut member = identities::identity(seat, &members)?;
        members.push(member.clone());
        let safe = base.version.is_none_or(Version::promotes_learners);
        member.learner = is_adopted(seat) || safe;
        draft.etcd.joining.push(member);
    }
    warn_of_growth(base, draft);
    draft.etcd.promised = members;
    warn_of_size(draft.etcd.promised.len(), draft);
    draft.etcd.converge = reached(picture, &draft.etcd.promised);
    draft.etcd.forget_certificates_of = gone(picture, &draft.etcd.promised);
    let near = draft.etcd.coordinator.clone();
    draft.etcd.ca_host = ca_host(picture, near.as_deref());
    draft.etcd.programs_from = programs_from(picture, near.as_deref(), &joiners);
    if joiners.is_empty() {
        return Ok(());
    }
    ready(&joiners, draft)?;
    clocks(picture, draft)
}

/// The hosts that can join, in the inventory's order.
fn joiners<'p, 'a>(
    picture: &'p Picture<'a>,
    base: &Base,
    draft: &mut Draft,
) -> Result<Vec<&'p Seat<'a>>, No> {
    let mut joiners = Vec::new();
    for wanted in picture.wanted.hosts.iter().filter(|wanted| wanted.in_etcd) {
        let host = wanted.host.as_str();
        let stays = base.kept.iter().any(|member| member.host == host);
        let Some(seat) = picture.seats.iter().find(|seat| seat.host == Some(host)) else {
            continue;
        };
        if stays {
            continue;
        }
        if !seat.reached() {
            draft.warn(format!("{host} cannot be reached: it does not join"));
            continue;
        }
        match (unfit(seat, base), seat.declared()) {
            (None, _) => joiners.push(seat),
            (Some(why), true) => draft.warn(format!("{host} does not join: {why}")),
            (Some(why), false) => {
                return Err(No::new("I-20", format!("{host} cannot join: {why}"))
                    .seen([format!("{host}: {why}")])
                    .way_out(format!("fix {host}, then run again"))
                    .way_out(format!("or declare {host} broken in `broken_etcd`")));
            }
        }
    }
    Ok(joiners)
}

/// What keeps a host from joining.
fn unfit(seat: &Seat<'_>, base: &Base) -> Option<String> {
    let data = &seat.etcd()?.data;
    let present = matches!(data.content, DataContent::Present { .. });
    if data.read_only {
        return Some(format!("`{}` is mounted read-only", data.path));
    }
    (data.free_bytes < base.db_bytes && !(present && is_adopted(seat))).then(|| {
        format!(
            "`{}` has {} bytes free, the database needs {}",
            data.path, data.free_bytes, base.db_bytes
        )
    })
}

fn warn_of_growth(base: &Base, draft: &mut Draft) {
    let directly: Vec<String> = draft
        .etcd
        .joining
        .iter()
        .filter(|member| !member.learner)
        .map(|member| member.host.clone())
        .collect();
    let Some(version) = base.version.filter(|_| !directly.is_empty()) else { return };
    draft.warn(format!(
        "{} joins as a voter directly: etcd {version} cannot promote learners safely (I-09)",
        directly.join(", ")
    ));
    if base.kept.len() == 1 {
        draft.warn(format!(
            "while {} joins, etcd has no quorum until it is started: two voters need both",
            directly[0]
        ));
    }
}

fn warn_of_size(members: usize, draft: &mut Draft) {
    if members.is_multiple_of(2) {
        draft.warn(format!(
            "etcd ends with {members} members: an even number tolerates no more failures than one \
             less (I-08)"
        ));
    }
}

fn reached(picture: &Picture<'_>, members: &[JoiningMember]) -> Vec<String> {
    let answers = |host: &str| {
        picture.status.hosts.get(host).is_some_and(|status| status.reach == Reach::Reached)
    };
    let hosts = members.iter().map(|member| member.host.clone());
    hosts.filter(|host| answers(host)).collect()
}

/// Hosts that will not come back under their name: exactly their certificates are removed (I-18).
fn gone(picture: &Picture<'_>, promised: &[JoiningMember]) -> Vec<String> {
    let wanted = picture.wanted.hosts.iter();
    wanted
        .filter(|wanted| wanted.declared_broken && !wanted.in_etcd)
        .filter(|wanted| promised.iter().all(|member| member.host != wanted.host))
        .map(|wanted| wanted.host.clone())
        .collect()
}

/// Hosts whose etcd was looked at, the one that speaks to the cluster first, declared ones last.
fn sources<'a>(picture: &Picture<'a>, near: Option<&str>) -> Vec<(&'a str, &'a EtcdHost)> {
    let declared = |host: &str| {
        picture.wanted.hosts.iter().any(|wanted| wanted.host == host && wanted.declared_broken)
    };
    let status: &'a super::super::status::ClusterStatus = picture.status;
    let mut hosts: Vec<(&str, &EtcdHost)> = status
        .hosts
        .iter()
        .filter(|(_, host)| host.reach == Reach::Reached)
        .filter_map(|(name, host)| host.etcd.as_ref().map(|etcd| (name.as_str(), etcd)))
        .collect();
    hosts.sort_by_key(|(name, _)| (near != Some(*name), declared(name), *name));
    hosts
}

/// The CA is found, never made anew (I-19).
fn ca_host(picture: &Picture<'_>, near: Option<&str>) -> Option<String> {
    let sources = sources(picture, near);
    sources.into_iter().find(|(_, etcd)| etcd.has_ca_key).map(|(host, _)| host.to_owned())
}

/// A host that does not join itself and has all that an etcd host needs, of the same version.
fn programs_from(
    picture: &Picture<'_>,
    near: Option<&str>,
    joiners: &[&Seat<'_>],
) -> Option<String> {
    let joins = |host: &str| joiners.iter().any(|seat| seat.host == Some(host));
    let complete = |etcd: &EtcdHost| etcd.tools.etcd.is_some() && etcd.tools.etcdctl.is_some();
    let sources = sources(picture, near).into_iter().filter(|(_, etcd)| complete(etcd));
    let mut sources: Vec<(&str, &EtcdHost)> = sources.collect();
    sources.sort_by_key(|(host, _)| joins(host));
    sources.first().map(|(host, _)| (*host).to_owned())
}

/// Everything that a joiner needs is there before it is added (I-19, I-20).
fn ready(joiners: &[&Seat<'_>], draft: &Draft) -> Result<(), No> {
    if draft.etcd.ca_host.is_none() {
        let reason = format!(
            "{} needs certificates, but no reachable host has the etcd CA's key `ca-key.pem`",
            names(joiners)
        );
        return Err(No::new("I-19", reason)
            .way_out("put the CA's key back on an etcd host, from a backup or a host that is off")
            .way_out("a new CA is never made while members trust another one"));
    }
    let bare: Vec<&Seat<'_>> = joiners
        .iter()
        .copied()
        .filter(|seat| seat.etcd().is_none_or(|etcd| etcd.tools.etcd.is_none()))
        .collect();
    if bare.is_empty() || draft.etcd.programs_from.is_some() {
        return Ok(());
    }
    Err(No::new("I-20", format!("{} has no etcd, and no host to copy it from", names(&bare)))
        .way_out("install etcd and etcdctl of the cluster's version there, then run again"))
}

/// Certificates are not issued between hosts whose clocks differ (I-28).
fn clocks(picture: &Picture<'_>, draft: &Draft) -> Result<(), No> {
    let joining = draft.etcd.joining.iter().map(|member| member.host.as_str());
    let issuers = draft.etcd.ca_host.iter().chain(&draft.etcd.coordinator).map(String::as_str);
    let mut offsets: Vec<(i64, &str)> = Vec::new();
    for host in joining.chain(issuers) {
        let offset =
            picture.status.hosts.get(host).and_then(|host: &HostStatus| host.clock_offset_ms);
        if let Some(offset) = offset.filter(|_| offsets.iter().all(|(_, known)| *known != host)) {
            offsets.push((offset, host));
        }
    }
    let (Some(first), Some(last)) = (offsets.iter().min(), offsets.iter().max()) else {
        return Ok(());
    };
    if last.0 - first.0 <= MAX_SKEW_MS {
        return Ok(());
    }
    let reason = format!(
        "the clocks of {} and {} differ by {} ms: no certificates are issued",
        first.1,
        last.1,
        last.0 - first.0
    );
    Err(No::new("I-28", reason)
        .seen(offsets.iter().map(|(offset, host)| format!("{host}: {offset} ms from ours")))
        .way_out("set the clocks (chrony or systemd-timesyncd), then run again"))
}
