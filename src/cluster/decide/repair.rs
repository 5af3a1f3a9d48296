//! Quorum is there: remove what is dead, set aside what is left of it, grow back (DOMAIN P08).

use super::super::decision::{Action, DeadMember, JoiningMember, MemberVerdict};
use super::super::picture::{Picture, Seat};
use super::super::quorum::keeps_quorum;
use super::super::status::Reach;
use super::super::url::same_urls;
use super::grow::{self, Base};
use super::{Draft, No, names, refuse};

pub(super) fn repair(picture: &Picture<'_>) -> Result<Draft, No> {
    let mut draft = Draft::new(Action::Nothing);
    let dead = dead(picture);
    removable(picture, &dead)?;
    confirm_removals(picture, &dead, &mut draft);
    let is_dead = |seat: &Seat<'_>| dead.iter().any(|one| std::ptr::eq(*one, seat));
    let stays: Vec<&Seat<'_>> = picture.voters().filter(|seat| !is_dead(seat)).collect();
    let kept: Vec<JoiningMember> = stays.iter().map(|seat| names::staying(seat)).collect();
    warn_of_staying(&stays, &mut draft);
    draft.etcd.coordinator = coordinator(picture, &stays);
    draft.etcd.dead = dead.iter().filter_map(|seat| dead_member(seat)).collect();
    draft.etcd.retire = retire(picture, &kept);
    confirm_stragglers(picture, &mut draft);
    grow::grow(picture, &Base::of(picture, &kept), &mut draft)?;
    let etcd = &draft.etcd;
    let change = !etcd.dead.is_empty()
        || !etcd.retire.is_empty()
        || !etcd.joining.is_empty()
        || !is_converged(picture, &etcd.promised);
    if !change {
        draft.etcd.converge.clear();
        draft.etcd.forget_certificates_of.clear();
        return Ok(draft);
    }
    draft.action = Action::Repair;
    if draft.etcd.coordinator.is_none() {
        return Err(No::new("I-04", "no healthy member can be reached over SSH to speak to")
            .way_out("restore SSH access to a healthy etcd host, then run again"));
    }
    Ok(draft)
}

/// The members to be removed: first what does not count as healthy, so that each removal keeps
/// what quorum there is.
fn dead<'p, 'a>(picture: &'p Picture<'a>) -> Vec<&'p Seat<'a>> {
    let mut dead: Vec<&Seat<'a>> =
        picture.members().filter(|seat| is_dead(picture, seat)).collect();
    dead.sort_by_key(|seat| (seat.voter(), seat.counted));
    dead
}

fn is_dead(picture: &Picture<'_>, seat: &Seat<'_>) -> bool {
    let learner = !seat.voter();
    if seat.declared() {
        return !(seat.healthy() && refuse::is_replaced(picture, seat));
    }
    let adopted = grow::is_adopted(seat) || seat.verdict == MemberVerdict::Learner;
    if learner { !adopted } else { refuse::is_dead(seat.verdict) }
}

/// Each removal, one after the other, must leave quorum (I-05), and never nothing (I-07). What is
/// removed is stopped before, all of it together, while the cluster still has its old size: that,
/// too, must leave quorum.
fn removable(picture: &Picture<'_>, dead: &[&Seat<'_>]) -> Result<(), No> {
    let mut voters = picture.quorum.voters;
    let mut healthy = picture.quorum.healthy;
    for seat in dead.iter().filter(|seat| seat.voter()) {
        healthy -= usize::from(seat.counted);
        if !keeps_quorum(voters, healthy) {
            let reason = format!(
                "removing {} would leave {healthy} healthy of {} voters: no quorum",
                seat.label(),
                voters - 1
            );
            return Err(No::new("I-05", reason)
                .seen(refuse::seen(dead))
                .way_out("declare fewer members broken, or repair them one by one"));
        }
        voters -= 1;
    }
    let stopped = dead.iter().copied().filter(|seat| seat.voter() && seat.counted);
    let stopped: Vec<&Seat<'_>> = stopped.collect();
    let needed = picture.quorum.needed;
    if !stopped.is_empty() && healthy < needed {
        let reason = format!(
            "stopping {} before it is removed would leave {healthy} healthy of {} voters, {needed} \
             are needed",
            super::super::assess::names(&stopped),
            picture.quorum.voters
        );
        return Err(No::new("I-05", reason)
            .seen(refuse::seen(dead))
            .way_out("declare fewer members broken, and let the cluster grow back in between"));
    }
    Ok(())
}

fn confirm_removals(picture: &Picture<'_>, dead: &[&Seat<'_>], draft: &mut Draft) {
    for seat in dead {
        let Some(member) = &seat.member else { continue };
        let (label, id) = (seat.label(), member.hex_id());
        if !seat.declared() {
            draft.confirm.push(format!(
                "remove the member {id} of {label}, which is not declared broken: {}",
                seat.reasons.join("; ")
            ));
        } else if seat.healthy() && picture.wanted.trust_declared {
            draft.confirm.push(format!(
                "remove the member {id} of {label}, which is healthy, because it is declared broken"
            ));
        }
        if !seat.reached() {
            draft.warn(format!(
                "{label} cannot be reached: its etcd data must be removed before it comes back"
            ));
        }
    }
}

fn warn_of_staying(stays: &[&Seat<'_>], draft: &mut Draft) {
    for seat in stays {
        let label = seat.label();
        if seat.declared() {
            let run = seat.etcd().and_then(|etcd| etcd.recovered_by.as_deref());
            let by = run.map_or("a recovery".to_owned(), |run| format!("run {run}"));
            draft.warn(format!(
                "{label} is declared broken, but {by} made it healthy: it stays; take it out of \
                 `broken_etcd`, or, to replace it all the same: `-e trust_declared=true`"
            ));
        } else if !seat.in_etcd() {
            draft.warn(format!(
                "{label} is a healthy member, but not in the group `etcd`: it stays"
            ));
        }
        if !seat.reached() {
            draft.warn(format!(
                "{label} serves, but SSH does not reach it: its configuration is not converged"
            ));
        }
    }
}

/// The healthy voter that speaks to the cluster: one with its client, rather a follower, and the
/// same one in whatever order the inventory is.
fn coordinator(picture: &Picture<'_>, stays: &[&Seat<'_>]) -> Option<String> {
    let leader = picture.authority().and_then(|cluster| cluster.count.leader);
    stays
        .iter()
        .filter(|seat| seat.counted && seat.etcd().is_some())
        .min_by_key(|seat| {
            let client = seat.etcd().is_some_and(|etcd| etcd.tools.etcdctl.is_some());
            let leads = seat.member.as_ref().map(|member| member.id) == leader;
            (!client, leads, seat.label())
        })
        .map(|seat| seat.label())
}

fn dead_member(seat: &Seat<'_>) -> Option<DeadMember> {
    let member = seat.member.as_ref()?;
    Some(DeadMember {
        id: member.hex_id(),
        name: member.name.clone(),
        peer_urls: member.peer_urls.clone(),
        host: seat.host.map(str::to_owned),
    })
}

/// Reachable hosts with traces of etcd that do not belong to the members that stay: what runs or
/// lies there would disturb, or be mistaken for a member.
pub(super) fn retire(picture: &Picture<'_>, kept: &[JoiningMember]) -> Vec<String> {
    let order = picture.wanted.hosts.iter().map(|host| host.host.as_str());
    let outside =
        picture.seats.iter().filter(|seat| seat.wanted.is_none()).filter_map(|seat| seat.host);
    let belongs = |seat: &Seat<'_>| {
        let taken_up = seat.verdict == MemberVerdict::Learner || grow::is_adopted(seat);
        picture.quorum.present && taken_up && !seat.declared()
    };
    let traces = |host: &str| {
        picture.seats.iter().any(|seat| {
            seat.host == Some(host)
                && !belongs(seat)
                && seat.etcd().is_some_and(super::super::status::EtcdHost::has_traces)
        })
    };
    order
        .chain(outside)
        .filter(|host| kept.iter().all(|member| member.host != *host))
        .filter(|host| traces(host))
        .map(str::to_owned)
        .collect()
}

/// Data of hosts that nobody declared broken is set aside only with a yes.
fn confirm_stragglers(picture: &Picture<'_>, draft: &mut Draft) {
    for seat in picture.seats.iter().filter(|seat| seat.member.is_none() && !seat.declared()) {
        let retired = seat.host.is_some_and(|host| draft.etcd.retire.iter().any(|one| one == host));
        let data = seat.etcd().filter(|etcd| etcd.has_data() && retired);
        if let Some(etcd) = data {
            draft.confirm.push(format!(
                "stop etcd on {} and set its data in `{}` aside: {}",
                seat.label(),
                etcd.data.path,
                seat.reasons.join("; ")
            ));
        }
    }
}

/// Whether the configuration of every reachable member names the membership (I-22).
fn is_converged(picture: &Picture<'_>, promised: &[JoiningMember]) -> bool {
    let urls: Vec<String> = promised.iter().map(|member| member.peer_url.clone()).collect();
    promised.iter().all(|member| {
        let host = picture.status.hosts.get(&member.host);
        let config =
            host.filter(|host| host.reach == Reach::Reached).and_then(|host| host.config());
        config.is_none_or(|config| {
            let written: Vec<String> =
                config.initial_cluster.iter().map(|(_, url)| url.clone()).collect();
            written.is_empty() || same_urls(&written, &urls)
        })
    })
}
