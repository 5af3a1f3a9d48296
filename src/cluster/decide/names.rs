//! Names and addresses of members (DOMAIN 2.2, I-17).

use super::super::decision::JoiningMember;
use super::super::picture::Seat;
use super::No;

/// What a member on this seat is called and where it is reached. The name that the member list or
/// the host's own configuration has wins over the inventory's; the inventory's address wins over
/// both, since a host may have come back under another one. A name that another member has is
/// never given twice: `initial-cluster` would take both for one.
pub(super) fn identity(seat: &Seat<'_>, others: &[JoiningMember]) -> Result<JoiningMember, No> {
    let config = seat.etcd().and_then(|etcd| etcd.config.as_ref());
    let listed = seat.member.as_ref().map(|member| member.name.clone());
    let written = config.map(|config| config.name.clone());
    let wished = seat.wanted.map(|wanted| wanted.member_name.clone());
    let taken = |name: &String| others.iter().any(|member| member.name == *name);
    let name = [listed, written, wished]
        .into_iter()
        .flatten()
        .find(|name| !name.is_empty() && !taken(name))
        .unwrap_or_else(|| free_name(others));
    let first = |urls: &[String]| urls.first().cloned();
    let peer_url = seat
        .wanted
        .map(|wanted| wanted.peer_url.clone())
        .filter(|url| !url.is_empty())
        .or_else(|| config.and_then(|config| first(&config.peer_urls)))
        .or_else(|| seat.member.as_ref().and_then(|member| first(&member.peer_urls)));
    let client_url = seat
        .wanted
        .map(|wanted| wanted.client_url.clone())
        .filter(|url| !url.is_empty())
        .or_else(|| config.and_then(|config| first(&config.client_urls)))
        .or_else(|| seat.member.as_ref().and_then(|member| first(&member.client_urls)));
    let (Some(peer_url), Some(client_url)) = (peer_url, client_url) else {
        let host = seat.label();
        return Err(No::new("I-20", format!("no address is known for the etcd member on {host}"))
            .way_out(format!("set `access_ip` or `ip` of {host} in the inventory")));
    };
    Ok(JoiningMember { host: seat.label(), name, peer_url, client_url, learner: false })
}

/// A member that stays, as it is in the member list.
pub(super) fn staying(seat: &Seat<'_>) -> JoiningMember {
    let member = seat.member.as_ref();
    let first = |urls: Option<&Vec<String>>| urls.and_then(|urls| urls.first()).cloned();
    JoiningMember {
        host: seat.label(),
        name: member.map(|member| member.name.clone()).unwrap_or_default(),
        peer_url: first(member.map(|member| &member.peer_urls)).unwrap_or_default(),
        client_url: first(member.map(|member| &member.client_urls)).unwrap_or_default(),
        learner: false,
    }
}

fn free_name(others: &[JoiningMember]) -> String {
    let taken = |name: &String| others.iter().any(|member| member.name == *name);
    // One more name than there are members: one is free.
    (1..=others.len() + 1)
        .map(|number| format!("etcd{number}"))
        .find(|name| !taken(name))
        .unwrap_or_default()
}
