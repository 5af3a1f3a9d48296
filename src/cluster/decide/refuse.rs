//! The safety rules that stop a run before it changes anything.

use super::super::assess::{cut_off, names};
use super::super::decision::{Action, MemberVerdict};
use super::super::picture::{Picture, Seat};
use super::super::prospects::{Prospects, fenced};
use super::super::status::LeftoverKind;
use super::{Draft, No};

/// What was seen of each seat, one sentence each.
pub(super) fn seen(seats: &[&Seat<'_>]) -> Vec<String> {
    seats.iter().map(|seat| format!("{}: {}", seat.label(), seat.reasons.join("; "))).collect()
}

pub(super) fn split_brain(picture: &Picture<'_>) -> No {
    let evidence =
        picture.clusters.iter().filter(|cluster| cluster.count.quorum.present).map(|cluster| {
            let names: Vec<&str> =
                cluster.members.iter().map(|member| member.name.as_str()).collect();
            format!("cluster {:x} has quorum: {}", cluster.id, names.join(", "))
        });
    No::new(
        "I-03",
        "two etcd clusters have quorum side by side, and only you can say which is right",
    )
    .seen(evidence)
    .way_out("stop and disable etcd on every host of the wrong one, then run again")
}

/// A snapshot does not belong on a cluster with quorum.
pub(super) fn rollback() -> No {
    No::new("I-03", "etcd has quorum: restoring a snapshot now would roll the cluster back")
        .seen(["quorum was proved by a linearizable read".to_owned()])
        .way_out("leave out `-e etcd_snapshot=…` to repair the members")
}

/// A member that runs but does not see the quorum next to it is cut off, not broken.
pub(super) fn partition(picture: &Picture<'_>) -> Result<(), No> {
    let cut: Vec<&Seat<'_>> = cut_off(picture).collect();
    if cut.is_empty() {
        return Ok(());
    }
    let list = names(&cut);
    Err(No::new("I-05", format!("{list} runs, but is cut off from the members with quorum"))
        .seen(seen(&cut))
        .way_out("restore the network between the etcd hosts (ports 2379 and 2380), run again")
        .way_out(format!("or declare {list} broken in `broken_etcd`")))
}

fn no_access(denied: &[&Seat<'_>]) -> No {
    let mut no = No::new("I-02", format!("{} answers, but does not let us look", names(denied)));
    for seat in denied {
        let why = seat.denied().unwrap_or_default();
        no.evidence.push(format!("{}: {why}", seat.label()));
        no.way_out.push(format!("fix the access to {} ({why}), then run again", seat.label()));
    }
    no
}

/// A host that answers and does not let us in is neither dead nor to be left out silently.
pub(super) fn denied(picture: &Picture<'_>) -> Result<(), No> {
    let denied: Vec<&Seat<'_>> =
        picture.seats.iter().filter(|seat| seat.denied().is_some()).collect();
    if denied.is_empty() { Ok(()) } else { Err(no_access(&denied)) }
}

/// The same, for members that nobody hears.
pub(super) fn denied_members(picture: &Picture<'_>) -> Result<(), No> {
    let denied: Vec<&Seat<'_>> = picture
        .seats
        .iter()
        .filter(|seat| seat.verdict == MemberVerdict::Denied)
        .filter(|seat| seat.member.is_some() || seat.in_etcd())
        .collect();
    if denied.is_empty() { Ok(()) } else { Err(no_access(&denied)) }
}

/// What is declared broken must look broken.
pub(super) fn declared_but_healthy(picture: &Picture<'_>) -> Result<(), No> {
    let healthy: Vec<&Seat<'_>> = picture
        .members()
        .filter(|seat| seat.declared() && seat.healthy() && !is_replaced(picture, seat))
        .collect();
    if healthy.is_empty() || picture.wanted.trust_declared {
        return Ok(());
    }
    let list = names(&healthy);
    Err(No::new("P07", format!("{list} is declared broken, but its member is healthy"))
        .seen(seen(&healthy))
        .way_out(format!("take {list} out of `broken_etcd`"))
        .way_out("or, to remove it although it is healthy: `-e trust_declared=true`"))
}

/// Whether a member that is declared broken is healthy because a recovery saw to it: this run
/// started or joined it, or an earlier one left its marks. So a run that was cut off can be run
/// again with the same inventory. Who says `trust_declared` has the marks overruled.
pub(super) fn is_replaced(picture: &Picture<'_>, seat: &Seat<'_>) -> bool {
    let listed = |host: &str| picture.wanted.started.iter().any(|name| name == host);
    let marked = seat.etcd().is_some_and(|etcd| {
        etcd.recovered_by.is_some()
            || etcd.has_left(LeftoverKind::Aside)
            || etcd.config.as_ref().is_some_and(|config| config.token.contains("-rr-"))
    });
    seat.host.is_some_and(listed) || (marked && !picture.wanted.trust_declared)
}

/// No change while a voter that stays is not healthy.
pub(super) fn unhealthy(picture: &Picture<'_>) -> Result<(), No> {
    let unwell: Vec<&Seat<'_>> = picture
        .voters()
        .filter(|seat| !seat.declared() && !seat.healthy() && !is_dead(seat.verdict))
        .collect();
    if unwell.is_empty() {
        return Ok(());
    }
    let list = names(&unwell);
    let mut no = No::new(
        "I-05",
        format!("{list} is not healthy, and neither dead nor declared broken: nothing is changed"),
    )
    .seen(seen(&unwell));
    for seat in &unwell {
        no.way_out.push(remedy(seat));
    }
    Err(no.way_out(format!("or declare {list} broken in `broken_etcd`: it is removed then")))
}

/// Whether a member with this verdict cannot come back by itself.
pub(super) fn is_dead(verdict: MemberVerdict) -> bool {
    matches!(
        verdict,
        MemberVerdict::HostDown
            | MemberVerdict::StorageLost
            | MemberVerdict::Corrupt
            | MemberVerdict::ForeignCluster
            | MemberVerdict::Unstarted
    )
}

fn remedy(seat: &Seat<'_>) -> String {
    let host = seat.label();
    match seat.verdict {
        MemberVerdict::NoSpace => format!(
            "make room on {host}: `etcdctl defrag`, then `etcdctl alarm disarm`; a larger quota or \
             disk where that is not enough"
        ),
        MemberVerdict::CertExpired | MemberVerdict::CertMismatch => {
            format!("renew the etcd certificates of {host}, then run again")
        }
        MemberVerdict::ClockSkew => format!("set the clock of {host}, then run again"),
        _ => format!("look at `journalctl -u etcd` on {host}, fix it, then run again"),
    }
}

/// Without a look at any host there is nothing to decide on.
pub(super) fn nothing_seen(picture: &Picture<'_>) -> Result<(), No> {
    if picture.seats.iter().any(Seat::reached) {
        return Ok(());
    }
    let all: Vec<&Seat<'_>> = picture.seats.iter().collect();
    Err(No::new("I-02", "no etcd host could be looked at: nothing is known")
        .seen(seen(&all))
        .way_out("restore SSH access to at least one etcd host, then `rrecover diagnose`"))
}

/// Quorum may be there, it was only not proved: never the time for a restore.
pub(super) fn led(picture: &Picture<'_>, prospects: &Prospects<'_, '_>) -> Result<(), No> {
    let follows: Vec<&Seat<'_>> = picture
        .members()
        .filter(|seat| seat.view.is_some_and(|view| view.leader.is_some()))
        .collect();
    if !follows.is_empty() {
        let reason =
            format!("{} follows a leader, but quorum could not be proved", names(&follows));
        return Err(No::new("I-03", reason)
            .seen(seen(&follows))
            .way_out("wait for the election to end, then run again")
            .way_out("if it stays so: `rrecover diagnose`, and look for alarms and slow disks"));
    }
    if picture.quorum.voters > 0 && prospects.answering >= picture.quorum.needed {
        let runs: Vec<&Seat<'_>> = picture.voters().filter(|seat| seat.view.is_some()).collect();
        let reason = "enough voters run for quorum, but they do not agree on a leader";
        return Err(No::new("I-03", reason)
            .seen(seen(&runs))
            .way_out("restore the network between the etcd hosts (port 2380)")
            .way_out("check the peer certificates and clocks, then run again"));
    }
    Ok(())
}

/// Members whose data is intact are fixed, not restored from.
pub(super) fn fixable(picture: &Picture<'_>, prospects: &Prospects<'_, '_>) -> Result<(), No> {
    if !prospects.fixing_suffices(picture) {
        return Ok(());
    }
    let list = names(&prospects.fixable);
    let mut no = No::new(
        "I-03",
        format!("the data of {list} is intact: fixing what keeps it out brings quorum back"),
    )
    .seen(seen(&prospects.fixable));
    for seat in &prospects.fixable {
        no.way_out.push(remedy(seat));
    }
    Err(no.way_out(format!("or give {list} up: declare it broken in `broken_etcd`")))
}

/// Unknown is not lost.
pub(super) fn unseen(picture: &Picture<'_>, prospects: &Prospects<'_, '_>) -> Result<(), No> {
    let unknown = prospects.unknown(picture);
    if unknown.is_empty() {
        return Ok(());
    }
    let certify: Vec<&Seat<'_>> =
        prospects.unseen.iter().copied().filter(|seat| !seat.declared()).collect();
    let list = names(&unknown);
    Err(No::new("I-02", format!("{list} could not be looked at, and unknown is not lost"))
        .seen(seen(&unknown))
        .way_out(format!("restore SSH access to {list}, then run again"))
        .way_out(format!(
            "if powered off for certain: `-e rr_fence_confirmed={}`",
            names(&certify).replace(", ", ",")
        )))
}

/// A member that lives cannot be declared away: it could write on beside the restored cluster.
pub(super) fn alive_without_ssh(picture: &Picture<'_>) -> Result<(), No> {
    let alive: Vec<&Seat<'_>> =
        picture.members().filter(|seat| seat.view.is_some() && !seat.reached()).collect();
    if !alive.is_empty() {
        let list = names(&alive);
        return Err(No::new(
            "I-16",
            format!("{list} answers its peers, but SSH does not reach it"),
        )
        .seen(seen(&alive))
        .way_out(format!("restore SSH access to {list}, or power it off, then run again")));
    }
    let on: Vec<&Seat<'_>> =
        picture.seats.iter().filter(|seat| seat.reached() && fenced(picture, seat)).collect();
    if on.is_empty() {
        return Ok(());
    }
    let list = names(&on);
    Err(No::new("I-02", format!("{list} is certified as powered off, but it answers"))
        .seen(seen(&on))
        .way_out(format!("take {list} out of `rr_fence_confirmed`")))
}

/// What is looked at, saved and moved must be what etcd runs on: a data directory elsewhere would be
/// taken for lost.
pub(super) fn data_elsewhere(picture: &Picture<'_>, draft: Draft) -> Result<Draft, No> {
    if draft.action == Action::Nothing {
        return Ok(draft);
    }
    for (host, status) in &picture.status.hosts {
        let (Some(etcd), Some(config)) = (&status.etcd, status.config()) else { continue };
        let plain = |path: &str| path.trim_end_matches('/').to_owned();
        let (looked, data, wal) =
            (plain(&etcd.data.path), plain(&config.data_dir), plain(&config.wal_dir));
        if !data.is_empty() && data != looked {
            let reason = format!(
                "`{host}` keeps etcd's data in `{data}` (ETCD_DATA_DIR), the inventory says \
                 `{looked}`"
            );
            return Err(No::new("I-10", reason)
                .seen([format!("{host}: `ETCD_DATA_DIR={data}`")])
                .way_out(format!("set `etcd_data_dir: {data}` for {host}, then run again")));
        }
        // A restore makes its log in `member/wal`; etcd would go on with an old one elsewhere.
        if !wal.is_empty() && wal != format!("{looked}/member/wal") {
            let reason = format!(
                "`{host}` keeps etcd's write-ahead log in `{wal}` (ETCD_WAL_DIR): a separate WAL \
                 directory is not supported yet"
            );
            return Err(No::new("I-10", reason)
                .seen([format!("{host}: `ETCD_WAL_DIR={wal}`, the data is in `{looked}`")])
                .way_out(format!("recover the etcd of {host} by hand; nothing was changed")));
        }
    }
    Ok(draft)
}

/// `--limit` never narrows a recovery silently.
pub(super) fn outside_limit(picture: &Picture<'_>, draft: Draft) -> Result<Draft, No> {
    let Some(limit) = &picture.wanted.limit else { return Ok(draft) };
    if draft.action == Action::Nothing {
        return Ok(draft);
    }
    let etcd = &draft.etcd;
    let joining = etcd.joining.iter().map(|member| &member.host);
    let seed = etcd.restore.iter().map(|restore| &restore.host);
    let mut outside: Vec<&str> = Vec::new();
    for host in
        etcd.start.iter().chain(&etcd.retire).chain(seed).chain(joining).chain(&etcd.converge)
    {
        if !limit.contains(host) && !outside.contains(&host.as_str()) {
            outside.push(host);
        }
    }
    if outside.is_empty() {
        return Ok(draft);
    }
    let more: Vec<&str> = limit.iter().map(String::as_str).chain(outside.iter().copied()).collect();
    Err(No::new(
        "limit",
        format!("{} must be changed, but `--limit` leaves it out", outside.join(", ")),
    )
    .seen([format!("`--limit` leaves {}", limit.join(", "))])
    .way_out(format!("`--limit {}`, or no limit", more.join(","))))
}
