//! What could bring quorum back without a restore, and what is left to restore from.

use super::decision::MemberVerdict;
use super::picture::{Picture, Seat};
use super::status::{LeftoverKind, Member, Unit};
use super::url::same_urls;

/// Until then a silent member may still be starting: a second voter needs an election or two more
/// than a look waits for. As long as the recovery playbook waits for a quorum after a start.
const START_SECONDS: u64 = 60;

/// The ways back to quorum, seen from a cluster without it.
pub(super) struct Prospects<'p, 'a> {
    /// Voters that answer, with a leader or without.
    pub(super) answering: usize,
    /// Stopped members that can be started, declared broken or not.
    pub(super) startable: Vec<&'p Seat<'a>>,
    /// Voters with intact data that something else than a start keeps out, and that nobody
    /// declared broken.
    pub(super) fixable: Vec<&'p Seat<'a>>,
    /// Hosts and members that could not be looked at, fenced and declared ones too.
    pub(super) unseen: Vec<&'p Seat<'a>>,
}

impl<'p, 'a> Prospects<'p, 'a> {
    pub(super) fn of(picture: &'p Picture<'a>) -> Self {
        let known = picture.quorum.voters > 0;
        let seats = || picture.seats.iter().filter(move |seat| seat.member.is_some() || !known);
        let startable: Vec<&Seat<'a>> = seats().filter(|seat| can_start(picture, seat)).collect();
        let fixable = seats()
            .filter(|seat| seat.voter() && !seat.declared() && !can_start(picture, seat))
            .filter(|seat| can_be_fixed(seat))
            .collect();
        // A host that the member list does not name cannot hold a vote; without a list read from
        // a member any host may.
        let unseen = picture
            .seats
            .iter()
            .filter(|seat| seat.verdict == MemberVerdict::HostDown || not_looked_at(seat))
            .filter(|seat| seat.member.is_some() || !picture.membership_seen)
            .collect();
        let answering = picture.voters().filter(|seat| seat.view.is_some()).count();
        Self { answering, startable, fixable, unseen }
    }

    /// Whether starting what is stopped brings enough voters together.
    pub(super) fn start_suffices(&self, picture: &Picture<'_>) -> bool {
        let voters = self.startable.iter().filter(|seat| seat.voter()).count();
        voters > 0 && self.answering + voters >= picture.quorum.needed
    }

    /// Whether fixing what keeps voters out brings enough together.
    pub(super) fn fixing_suffices(&self, picture: &Picture<'_>) -> bool {
        let voters = self.startable.iter().filter(|seat| seat.voter()).count();
        !self.fixable.is_empty()
            && self.answering + voters + self.fixable.len() >= picture.quorum.needed
    }

    /// The unseen that nobody declared broken or certified as off (I-02).
    pub(super) fn unknown(&self, picture: &Picture<'_>) -> Vec<&'p Seat<'a>> {
        self.unseen
            .iter()
            .copied()
            .filter(|seat| !seat.declared() && !fenced(picture, seat))
            .collect()
    }
}

/// A member whose host let us in, but whose etcd could not be looked at.
fn not_looked_at(seat: &Seat<'_>) -> bool {
    seat.member.is_some() && seat.view.is_none() && seat.reached() && seat.etcd().is_none()
}

/// Whether the operator certifies that it is powered off, by any name it goes by.
pub(super) fn fenced(picture: &Picture<'_>, seat: &Seat<'_>) -> bool {
    let names = |text: &String| {
        *text == seat.label()
            || seat.member.as_ref().is_some_and(|member| {
                (member.started() && *text == member.name && seat.host.is_none())
                    || *text == member.hex_id()
            })
    };
    picture.wanted.fenced.iter().any(names)
}

/// Whether a start is worth trying: stopped, or failed without a reason in its log, or not up yet,
/// and not tried by this run yet.
pub(super) fn can_start(picture: &Picture<'_>, seat: &Seat<'_>) -> bool {
    let (Some(host), Some(etcd)) = (seat.host, seat.etcd()) else { return false };
    let down = match etcd.unit {
        Unit::Inactive => true,
        Unit::Failed => etcd.log_signs.is_empty(),
        // Between two attempts systemd has no process and starts the next one by itself.
        Unit::Activating if etcd.running_for.is_none() => etcd.log_signs.is_empty(),
        Unit::Active | Unit::Activating => {
            seat.view.is_none() && etcd.running_for.is_some_and(|age| age < START_SECONDS)
        }
        Unit::Absent => false,
    };
    let tried = picture.wanted.started.iter().any(|started| started == host);
    let complete =
        etcd.has_data() || seat.member.as_ref().is_some_and(|it| is_prepared(picture, seat, it));
    down && !tried && complete && !etcd.data.read_only
}

/// Whether a member that was added but never started only needs its start: its configuration
/// names exactly the membership (I-21). Half a directory that a first attempt left is no hindrance:
/// without a log etcd begins anew.
fn is_prepared(picture: &Picture<'_>, seat: &Seat<'_>, member: &Member) -> bool {
    let (Some(cluster), Some(etcd)) = (picture.authority(), seat.etcd()) else { return false };
    let Some(config) = &etcd.config else { return false };
    let listed: Vec<String> =
        cluster.members.iter().flat_map(|member| member.peer_urls.clone()).collect();
    let written: Vec<String> = config.initial_cluster.iter().map(|(_, url)| url.clone()).collect();
    let own = same_urls(&config.peer_urls, &member.peer_urls);
    let joins = config.initial_cluster_state == "existing";
    !member.started()
        && picture.membership_seen
        && !etcd.has_data()
        && own
        && joins
        && same_urls(&listed, &written)
}

fn can_be_fixed(seat: &Seat<'_>) -> bool {
    let kept = seat.etcd().is_some_and(super::status::EtcdHost::has_data);
    seat.view.is_none()
        && kept
        && matches!(
            seat.verdict,
            MemberVerdict::NoSpace
                | MemberVerdict::CertExpired
                | MemberVerdict::CertMismatch
                | MemberVerdict::ClockSkew
                | MemberVerdict::EtcdDown
                | MemberVerdict::Unknown
        )
}

/// Whether there is data on the seat's host that a cluster could be restored from, wherever an
/// earlier run left it.
pub(super) fn is_survivor(seat: &Seat<'_>) -> bool {
    let fit = matches!(
        seat.verdict,
        MemberVerdict::Healthy
            | MemberVerdict::NoQuorumSurvivor
            | MemberVerdict::NoSpace
            | MemberVerdict::CertExpired
            | MemberVerdict::CertMismatch
            | MemberVerdict::ClockSkew
            | MemberVerdict::EtcdDown
            | MemberVerdict::Unknown
            | MemberVerdict::NotAMember
    );
    fit && seat.etcd().is_some_and(|etcd| {
        etcd.has_data()
            || etcd.has_left(LeftoverKind::Aside)
            || etcd.has_left(LeftoverKind::Restored)
    })
}

/// The seats that can be restored from. Once the membership is known, a host outside it holds
/// only what another cluster left.
pub(super) fn survivors<'p, 'a>(picture: &'p Picture<'a>) -> Vec<&'p Seat<'a>> {
    let known = picture.membership_seen;
    let belongs = |seat: &&Seat<'a>| seat.member.is_some() || !known;
    picture.seats.iter().filter(belongs).filter(|seat| is_survivor(seat)).collect()
}
