//! The judgement on the whole cluster (DOMAIN P01), in one sentence, with what to type next.

use super::decision::{Diagnosis, Finding, MemberVerdict, Verdict, Wanted};
use super::picture::{Picture, Seat};
use super::prospects::{Prospects, survivors};
use super::status::ClusterStatus;

/// Judges what was seen. Pure: the same status and wishes give the same diagnosis.
pub fn assess(wanted: &Wanted, status: &ClusterStatus) -> Diagnosis {
    diagnose(&Picture::new(wanted, status))
}

pub(super) fn diagnose(picture: &Picture<'_>) -> Diagnosis {
    let prospects = Prospects::of(picture);
    let verdict = verdict(picture, &prospects);
    Diagnosis {
        verdict,
        sentence: sentence(picture, &prospects, verdict),
        quorum: picture.quorum,
        findings: picture.seats.iter().map(finding).collect(),
        cluster_id: picture.cluster_id(),
        leader: leader(picture),
        revision: picture.revision(),
        version: picture.version().map(|version| version.to_string()),
        next: next(picture, &prospects, verdict),
    }
}

fn verdict(picture: &Picture<'_>, prospects: &Prospects<'_, '_>) -> Verdict {
    if picture.split_brain() {
        return Verdict::SplitBrain;
    }
    if picture.quorum.present {
        return if cut_off(picture).next().is_some() {
            Verdict::SplitPartition
        } else if all_well(picture) {
            Verdict::Ok
        } else {
            Verdict::DegradedQuorumKept
        };
    }
    if prospects.start_suffices(picture) {
        return Verdict::QuorumLostRecoverable;
    }
    if picture.quorum.voters > 0 && prospects.answering >= picture.quorum.needed {
        return Verdict::SplitPartition;
    }
    if prospects.fixing_suffices(picture) {
        return Verdict::QuorumLostRecoverable;
    }
    let seen = picture.seats.iter().any(Seat::reached);
    let denied = picture.seats.iter().any(|seat| seat.denied().is_some());
    if !seen || denied || !prospects.unknown(picture).is_empty() {
        return Verdict::Unknown;
    }
    if survivors(picture).is_empty() {
        Verdict::QuorumLostNoData
    } else {
        Verdict::QuorumLostSurvivor
    }
}

/// Undeclared voters that run next to a quorum and do not see it.
pub(super) fn cut_off<'p, 'a>(picture: &'p Picture<'a>) -> impl Iterator<Item = &'p Seat<'a>> {
    picture
        .voters()
        .filter(|seat| seat.verdict == MemberVerdict::NoQuorumSurvivor && !seat.declared())
}

fn all_well(picture: &Picture<'_>) -> bool {
    picture.seats.iter().all(|seat| match (&seat.member, seat.wanted) {
        (Some(_), _) => seat.healthy(),
        (None, Some(wanted)) => !wanted.in_etcd || (wanted.declared_broken && !seat.reached()),
        (None, None) => true,
    })
}

fn finding(seat: &Seat<'_>) -> Finding {
    let name = match (&seat.member, seat.wanted) {
        (Some(member), Some(wanted)) if !member.started() => wanted.member_name.clone(),
        (Some(member), _) => member.name.clone(),
        (None, Some(wanted)) => wanted.member_name.clone(),
        (None, None) => String::new(),
    };
    let peer_urls = match (&seat.member, seat.wanted) {
        (Some(member), _) => member.peer_urls.clone(),
        (None, Some(wanted)) if !wanted.peer_url.is_empty() => vec![wanted.peer_url.clone()],
        _ => Vec::new(),
    };
    Finding {
        host: seat.host.map(str::to_owned),
        id: seat.member.as_ref().filter(|member| member.id != 0).map(super::status::Member::hex_id),
        name,
        peer_urls,
        verdict: seat.verdict,
        declared_broken: seat.declared(),
        reasons: seat.reasons.clone(),
    }
}

fn leader(picture: &Picture<'_>) -> Option<String> {
    let leader = picture.authority()?.count.leader?;
    let leads = |seat: &&Seat<'_>| seat.member.as_ref().is_some_and(|member| member.id == leader);
    picture.seats.iter().find(leads).map(Seat::label)
}

/// Names in the order of the seats, for sentences.
pub(super) fn names(seats: &[&Seat<'_>]) -> String {
    seats.iter().map(|seat| seat.label()).collect::<Vec<_>>().join(", ")
}

fn sentence(picture: &Picture<'_>, prospects: &Prospects<'_, '_>, verdict: Verdict) -> String {
    let quorum = picture.quorum;
    let count =
        format!("{} of {} voters healthy, {} needed", quorum.healthy, quorum.voters, quorum.needed);
    let unwell: Vec<&Seat<'_>> = picture
        .seats
        .iter()
        .filter(|seat| !seat.healthy() || seat.declared())
        .filter(|seat| seat.member.is_some() || seat.in_etcd())
        .collect();
    match verdict {
        Verdict::Ok if unwell.is_empty() => format!("etcd is healthy: {count}"),
        Verdict::Ok => {
            format!("etcd is healthy: {count}, although {} is declared broken", names(&unwell))
        }
        Verdict::DegradedQuorumKept => {
            format!("etcd has quorum ({count}), but is not whole: {}", names(&unwell))
        }
        Verdict::QuorumLostRecoverable if prospects.start_suffices(picture) => format!(
            "quorum is lost ({count}), but only because members are not up: starting {} brings \
             it back",
            names(&prospects.startable)
        ),
        Verdict::QuorumLostRecoverable => format!(
            "quorum is lost ({count}), but the data of {} is intact: fixing what keeps it out \
             brings quorum back",
            names(&prospects.fixable)
        ),
        Verdict::QuorumLostSurvivor => format!(
            "quorum is lost for good ({count}); there is data on {}",
            names(&survivors(picture))
        ),
        Verdict::QuorumLostNoData => {
            format!("quorum is lost for good ({count}), and there is no data on any host")
        }
        Verdict::SplitPartition if quorum.present => format!(
            "etcd has quorum ({count}), but {} runs and does not see it: the network is split",
            names(&cut_off(picture).collect::<Vec<_>>())
        ),
        Verdict::SplitPartition => format!(
            "{} of {} voters run, enough for quorum, but they do not agree on a leader: the \
             network is split, or an election is going on",
            prospects.answering, quorum.voters
        ),
        Verdict::SplitBrain => "two etcd clusters have quorum side by side".to_owned(),
        Verdict::Unknown => {
            let unknown: Vec<&Seat<'_>> =
                picture.seats.iter().filter(|seat| !seat.reached()).collect();
            format!("quorum is not seen ({count}); {} could not be looked at", names(&unknown))
        }
    }
}

fn next(picture: &Picture<'_>, prospects: &Prospects<'_, '_>, verdict: Verdict) -> String {
    const PLAY: &str = "rrecover play recover-control-plane";
    match verdict {
        Verdict::Ok => "nothing: all is well".to_owned(),
        Verdict::DegradedQuorumKept | Verdict::QuorumLostSurvivor => PLAY.to_owned(),
        Verdict::QuorumLostRecoverable if prospects.start_suffices(picture) => PLAY.to_owned(),
        Verdict::QuorumLostRecoverable => format!(
            "fix {} first: {}; then `rrecover diagnose`",
            names(&prospects.fixable),
            prospects
                .fixable
                .iter()
                .flat_map(|seat| seat.reasons.clone())
                .collect::<Vec<_>>()
                .join("; ")
        ),
        Verdict::QuorumLostNoData => format!("{PLAY} -e etcd_snapshot=FILE"),
        Verdict::SplitPartition => "restore the network between the etcd hosts (port 2380), then \
                                    `rrecover diagnose`"
            .to_owned(),
        Verdict::SplitBrain => "decide which cluster is the right one and stop the other, then \
                                `rrecover diagnose`"
            .to_owned(),
        Verdict::Unknown => {
            let denied: Vec<&Seat<'_>> =
                picture.seats.iter().filter(|seat| seat.denied().is_some()).collect();
            let unseen = names(&prospects.unseen).replace(", ", ",");
            if !denied.is_empty() {
                format!("restore access to {}, then `rrecover diagnose`", names(&denied))
            } else if picture.seats.iter().any(Seat::reached) {
                format!("if they are certainly powered off: {PLAY} -e rr_fence_confirmed={unseen}")
            } else {
                "restore SSH access to the etcd hosts, then `rrecover diagnose`".to_owned()
            }
        }
    }
}
