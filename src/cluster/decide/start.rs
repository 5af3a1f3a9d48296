//! Starting what is merely stopped: nothing can be lost by it, and it may be all that is needed.

use super::super::assess::names;
use super::super::decision::{Action, MemberVerdict};
use super::super::picture::{Picture, Seat};
use super::super::prospects::{Prospects, can_start, survivors};
use super::super::status::LeftoverKind;
use super::Draft;

/// With quorum: members that are stopped and not declared broken are started, not removed.
pub(super) fn stopped_members(picture: &Picture<'_>) -> Option<Draft> {
    let stopped: Vec<&Seat<'_>> = picture
        .members()
        .filter(|seat| seat.verdict == MemberVerdict::EtcdDown && !seat.declared())
        .filter(|seat| can_start(picture, seat))
        .collect();
    start(picture, &stopped)
}

/// Without quorum: when starting brings it back, that is done, whatever is declared. Nobody loses
/// quorum for good who only has to start etcd.
pub(super) fn back_to_quorum(
    picture: &Picture<'_>,
    prospects: &Prospects<'_, '_>,
) -> Option<Draft> {
    if !prospects.start_suffices(picture) {
        return None;
    }
    let trusted: Vec<&Seat<'_>> =
        prospects.startable.iter().copied().filter(|seat| !seat.declared()).collect();
    let voters = trusted.iter().filter(|seat| seat.voter()).count();
    let enough = prospects.answering + voters >= picture.quorum.needed;
    let chosen = if enough { trusted } else { prospects.startable.clone() };
    let mut draft = start(picture, &in_order(chosen))?;
    for seat in picture.seats.iter().filter(|seat| seat.declared()) {
        if seat.host.is_some_and(|host| draft.etcd.start.iter().any(|name| name == host)) {
            draft.warn(format!(
                "{} is declared broken, but is only not up, and quorum needs it: it is started",
                seat.label()
            ));
        }
    }
    Some(draft)
}

/// Without a way back to quorum: only what an earlier run may have put in place is started, since
/// it may be a restored cluster of one voter, which has quorum alone. Any other stopped member is
/// left as it is: etcd that starts without a quorum never answers, so nothing is learnt from it.
pub(super) fn put_in_place(picture: &Picture<'_>, prospects: &Prospects<'_, '_>) -> Option<Draft> {
    let of = |declared: bool| -> Vec<&Seat<'_>> {
        let all = prospects.startable.iter().copied();
        all.filter(|seat| is_replaced(seat) && seat.declared() == declared).collect()
    };
    let others = survivors(picture).into_iter().any(|seat| !seat.declared());
    let trusted = of(false);
    let chosen = if trusted.is_empty() && !others { of(true) } else { trusted };
    start(picture, &chosen)
}

/// Whether its data stands in the place of old data that a run set aside.
fn is_replaced(seat: &Seat<'_>) -> bool {
    seat.etcd().is_some_and(|etcd| etcd.has_data() && etcd.has_left(LeftoverKind::Aside))
}

/// A host with old data beside its data holds what a recovery put in place. It goes first: the
/// cluster it belongs to has the say, and others may hold data of the cluster before.
fn in_order<'p, 'a>(seats: Vec<&'p Seat<'a>>) -> Vec<&'p Seat<'a>> {
    let replaced: Vec<&Seat<'a>> = seats.iter().copied().filter(|seat| is_replaced(seat)).collect();
    if replaced.is_empty() { seats } else { replaced }
}

fn start(picture: &Picture<'_>, seats: &[&Seat<'_>]) -> Option<Draft> {
    if seats.is_empty() {
        return None;
    }
    let mut draft = Draft::new(Action::Start);
    let chosen = |host: &&str| seats.iter().any(|seat| seat.host == Some(*host));
    let order = picture.wanted.hosts.iter().map(|host| host.host.as_str());
    draft.etcd.start = order.filter(chosen).map(str::to_owned).collect();
    let outside = |host: &&str| picture.wanted.hosts.iter().all(|wanted| wanted.host != *host);
    let more = seats.iter().filter_map(|seat| seat.host).filter(outside);
    draft.etcd.start.extend(more.map(str::to_owned));
    draft.warn(format!("etcd is started on {}; then the run looks again", names(seats)));
    Some(draft)
}
