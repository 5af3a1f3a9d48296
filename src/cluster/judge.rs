//! What each member and each wanted host is in (DOMAIN P01), first match wins.

use super::decision::MemberVerdict;
use super::picture::{Picture, Seat};
use super::quorum::{applied, has_alarm};
use super::status::{Alarm, DataContent, EtcdHost, HostStatus, LogSign, Member, MemberView, Unit};

type Judgement = (MemberVerdict, Vec<String>);

fn because(verdict: MemberVerdict, reason: impl Into<String>) -> Judgement {
    (verdict, vec![reason.into()])
}

/// Judges one seat. Its verdict and reasons are not read.
pub(super) fn judge(picture: &Picture<'_>, seat: &Seat<'_>) -> Judgement {
    let (verdict, mut reasons) = match (&seat.member, seat.view) {
        (Some(member), Some(view)) => answering(picture, seat, member, view),
        (Some(member), None) if !member.started() => {
            because(MemberVerdict::Unstarted, "in the member list, but it never started")
        }
        (Some(_), None) => silent(picture, seat),
        (None, _) => outsider(picture, seat),
    };
    if verdict == MemberVerdict::Healthy
        && seat.status.is_some_and(|host| picture.clock_is_off(host))
    {
        reasons.push("its clock is off by more than 2 s from the other hosts'".to_owned());
    }
    (verdict, reasons)
}

/// A member that answers, itself or through a peer's host.
fn answering(
    picture: &Picture<'_>,
    seat: &Seat<'_>,
    member: &Member,
    view: &MemberView,
) -> Judgement {
    let alarm = |alarm| {
        picture.authority().is_some_and(|cluster| has_alarm(&cluster.views, member.id, alarm))
    };
    if alarm(Alarm::Corrupt) {
        return because(MemberVerdict::Corrupt, "the alarm CORRUPT is raised for it");
    }
    if member.learner {
        return because(MemberVerdict::Learner, "a learner, which does not vote");
    }
    let Some(leader) = view.leader else {
        return because(
            MemberVerdict::NoQuorumSurvivor,
            format!("answers at revision {}, but has no leader", view.revision),
        );
    };
    if alarm(Alarm::NoSpace) {
        return because(MemberVerdict::NoSpace, "the alarm NOSPACE is raised for it");
    }
    if !seat.counted {
        let text = format!("answers, but has applied only {} log entries", applied(view));
        return because(MemberVerdict::Unknown, text);
    }
    if seat.reached() {
        let text = format!("answers at revision {}, follows leader {leader:x}", view.revision);
        return because(MemberVerdict::Healthy, text);
    }
    let how = seat.denied().map_or("SSH does not reach it".to_owned(), |why| {
        format!("SSH does not let us in ({why})")
    });
    because(MemberVerdict::ServingWithoutSsh, format!("{how}, but its peers hear it healthy"))
}

/// A member that does not answer.
fn silent(picture: &Picture<'_>, seat: &Seat<'_>) -> Judgement {
    let Some(host) = seat.status else {
        return because(
            MemberVerdict::HostDown,
            "no host of the inventory, and no other member hears it",
        );
    };
    if let Some(verdict) = not_reached(host) {
        return verdict;
    }
    let Some(etcd) = seat.etcd() else {
        return because(MemberVerdict::Unknown, "etcd was not looked at");
    };
    if let Ok(own) = &etcd.own_view
        && picture.authority().is_some_and(|cluster| cluster.id != own.cluster_id)
    {
        let text = format!("runs a member of another cluster, {:x}", own.cluster_id);
        return because(MemberVerdict::ForeignCluster, text);
    }
    stopped(picture, host, etcd)
}

/// A wanted host that is no member.
fn outsider(picture: &Picture<'_>, seat: &Seat<'_>) -> Judgement {
    let Some(host) = seat.status else {
        return because(MemberVerdict::HostDown, "was not looked at");
    };
    if let Some(verdict) = not_reached(host) {
        return verdict;
    }
    let Some(etcd) = seat.etcd() else {
        return because(MemberVerdict::NotAMember, "wanted, but no member");
    };
    if let Ok(own) = &etcd.own_view {
        let same = picture.authority().is_some_and(|cluster| cluster.id == own.cluster_id);
        let text = if same {
            "runs as a member that is not in the member list".to_owned()
        } else {
            format!("runs a member of another cluster, {:x}", own.cluster_id)
        };
        return because(MemberVerdict::ForeignCluster, text);
    }
    let foreign = [LogSign::PermanentlyRemoved, LogSign::ClusterIdMismatch];
    if etcd.has_data() && etcd.log_signs.iter().any(|sign| foreign.contains(sign)) {
        return because(MemberVerdict::ForeignCluster, "has data of a cluster that removed it");
    }
    let text = match etcd.data.content {
        DataContent::Present { .. } => "no member, but it has etcd data",
        _ => "wanted, but no member",
    };
    because(MemberVerdict::NotAMember, text)
}

fn not_reached(host: &HostStatus) -> Option<Judgement> {
    use super::status::Reach;
    match &host.reach {
        Reach::Reached => None,
        Reach::Denied { reason } => Some(because(MemberVerdict::Denied, reason.clone())),
        Reach::Unreachable { reason } => {
            let text = format!("no SSH ({reason}), and no other member hears it");
            Some(because(MemberVerdict::HostDown, text))
        }
    }
}

/// A member that does not answer on a host that does.
fn stopped(picture: &Picture<'_>, host: &HostStatus, etcd: &EtcdHost) -> Judgement {
    let data = &etcd.data;
    match &data.content {
        DataContent::Damaged { reason } => {
            return because(MemberVerdict::StorageLost, format!("`{}`: {reason}", data.path));
        }
        // A run that was cut off may have set aside the only copy: that is not lost. With quorum
        // elsewhere it does not matter, and the member cannot come back with it.
        DataContent::Missing | DataContent::Empty => {
            return match etcd.leftovers.last() {
                Some(left) if !picture.quorum.present => because(
                    MemberVerdict::EtcdDown,
                    format!("an earlier run left its data at `{}`", left.path),
                ),
                _ => because(MemberVerdict::StorageLost, format!("no data in `{}`", data.path)),
            };
        }
        DataContent::Present { .. } => {}
    }
    if data.read_only {
        let text = format!("`{}` is mounted read-only", data.path);
        return because(MemberVerdict::StorageLost, text);
    }
    // A stopped member's log is history; the start will tell.
    if etcd.unit != Unit::Inactive
        && let Some(judgement) = signs(etcd)
    {
        return judgement;
    }
    running_or_not(picture, host, etcd)
}

fn running_or_not(picture: &Picture<'_>, host: &HostStatus, etcd: &EtcdHost) -> Judgement {
    let path = &etcd.data.path;
    match etcd.unit {
        Unit::Active | Unit::Activating => {
            if picture.clock_is_off(host) {
                let text = "does not answer, and its clock is off by more than 2 s";
                return because(MemberVerdict::ClockSkew, text);
            }
            let why = etcd.own_view.as_ref().err().map_or("", String::as_str);
            // A member that starts without a quorum serves no client before there is one.
            let hint =
                if picture.quorum.present { "" } else { ", as one started without a quorum" };
            because(MemberVerdict::Unknown, format!("etcd runs, but does not answer{hint}: {why}"))
        }
        Unit::Inactive => because(
            MemberVerdict::EtcdDown,
            format!("etcd is stopped, its data is there in `{path}`"),
        ),
        Unit::Failed => because(
            MemberVerdict::EtcdDown,
            format!("etcd ended with an error, its data is there in `{path}`"),
        ),
        Unit::Absent => because(
            MemberVerdict::EtcdDown,
            format!("there is no etcd service, but its data is there in `{path}`"),
        ),
    }
}

/// What the log of a member that does not stay up says, worst first.
fn signs(etcd: &EtcdHost) -> Option<Judgement> {
    use LogSign as Sign;
    use MemberVerdict as Verdict;
    [
        (Sign::Corrupt, Verdict::Corrupt, "its log says that its data is corrupt"),
        (Sign::RaftLogLost, Verdict::StorageLost, "its log says that its raft log is lost"),
        (Sign::DiskBroken, Verdict::StorageLost, "its log says that its disk is broken"),
        (Sign::PermanentlyRemoved, Verdict::ForeignCluster, "its log says that it was removed"),
        (Sign::ClusterIdMismatch, Verdict::ForeignCluster, "its log names another cluster"),
        (Sign::NoSpace, Verdict::NoSpace, "its log says that the disk is full"),
        (Sign::CertificateExpired, Verdict::CertExpired, "its log names an expired certificate"),
        (Sign::CertificateRefused, Verdict::CertMismatch, "its log names a refused certificate"),
    ]
    .into_iter()
    .find(|(sign, ..)| etcd.log_signs.contains(sign))
    .map(|(_, verdict, text)| because(verdict, text))
}
