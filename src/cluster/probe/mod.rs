//! Looks at hosts and fills a [`ClusterStatus`]: read-only, all at once, each look with a deadline.
//!
//! On each host one script collects what the host itself shows (`host.sh`). Then its own member
//! and every other one are asked from there, through a tunnel in the SSH connection, or with
//! etcdctl where the host's sshd forbids tunnels: see [`EtcdAccess`]. What cannot be seen is a
//! value in the status, never an error.

mod access;
mod credentials;
mod etcdctl;
mod host;
mod log;
mod sections;
mod tunnel;

#[cfg(test)]
mod tests;

pub use access::{AccessError, EtcdAccess};

use super::paths::EtcdPaths;
use super::status::{ClusterStatus, EtcdHost, HostStatus, MemberView, Reach};
use crate::transport::{Pool, TransportError};
use futures_util::future::join_all;
use indexmap::IndexMap;
use std::time::Duration;

/// One host to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeHost {
    /// The inventory's name.
    pub name: String,
    /// Where etcd is there.
    pub paths: EtcdPaths,
    /// The client URL of its own member as the inventory has it; empty when no address is known.
    pub client_url: String,
    /// The client URLs of all members that are wanted. Its own may be among them.
    pub peers: Vec<String>,
}

/// How long each look may take. A whole observation takes no longer than connecting, the script,
/// one question, and the same question once more with etcdctl where tunnels are forbidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeLimits {
    /// Connecting and logging in. The pool has a deadline of its own for that and remembers who
    /// did not answer; this one only ends what hangs in spite of it, so it has to be longer.
    pub connect: Duration,
    /// The script on the host.
    pub host: Duration,
    /// Asking a member, connecting to it included.
    pub member: Duration,
}

impl Default for ProbeLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            host: Duration::from_secs(8),
            member: Duration::from_secs(3),
        }
    }
}

/// Looks at all of `targets` at once and gives what was seen, in their order. Changes nothing.
pub async fn observe(pool: &Pool, targets: &[ProbeHost], limits: &ProbeLimits) -> ClusterStatus {
    let observed_at = jiff::Timestamp::now().to_string();
    let seen = join_all(targets.iter().map(|target| observe_host(pool, target, limits))).await;
    let names = targets.iter().map(|target| target.name.clone());
    ClusterStatus { observed_at, hosts: names.zip(seen).collect() }
}

async fn observe_host(pool: &Pool, target: &ProbeHost, limits: &ProbeLimits) -> HostStatus {
    let not_seen = |reach| HostStatus { reach, clock_offset_ms: None, etcd: None };
    let connected = tokio::time::timeout(limits.connect, pool.connect(&target.name)).await;
    let run_as = pool.run_as(&target.name);
    let connection = match connected {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return not_seen(reach(&error)),
        Err(_) => {
            let reason = format!("no connection after {:?}", limits.connect);
            return not_seen(Reach::Unreachable { reason });
        }
    };
    match host::look(&*connection, run_as.clone(), target, limits.host).await {
        Ok(look) => {
            let credentials = look.credentials.clone();
            let access = EtcdAccess::new(connection, run_as, target.paths.clone(), credentials)
                .deadline(limits.member);
            let etcd = ask_members(look.etcd, &access, target).await;
            HostStatus {
                reach: Reach::Reached,
                clock_offset_ms: look.clock_offset_ms,
                etcd: Some(etcd),
            }
        }
        Err(host::LookError::Transport(error)) => not_seen(reach(&error)),
        Err(error) => not_seen(Reach::Denied { reason: error.to_string() }),
    }
}

/// A host that gave no sign of life may be off; one that answers and refuses certainly is not.
fn reach(error: &TransportError) -> Reach {
    let reason = error.to_string();
    match error {
        TransportError::Unreachable { .. } | TransportError::Lost { .. } => {
            Reach::Unreachable { reason }
        }
        _ => Reach::Denied { reason },
    }
}

/// Asks the host's own member and every other one, all at once.
async fn ask_members(mut etcd: EtcdHost, access: &EtcdAccess, target: &ProbeHost) -> EtcdHost {
    // The inventory may know no address, or an old one: what the member advertises counts as well.
    let mut own = vec![target.client_url.clone()];
    own.extend(etcd.config.iter().flat_map(|config| config.client_urls.clone()));
    own.retain(|url| !url.is_empty());
    dedup(&mut own);
    let mut peers: Vec<_> = target.peers.iter().filter(|url| !own.contains(url)).cloned().collect();
    dedup(&mut peers);

    let urls: Vec<_> = own.iter().chain(&peers).cloned().collect();
    let mut views = access.views(&urls).await;
    let peer_views = views.split_off(own.len());
    etcd.own_view = first_answer(views);
    etcd.peer_views = peers.into_iter().zip(peer_views).collect::<IndexMap<_, _>>();
    etcd
}

/// The first view that is one, else the first reason why there is none.
fn first_answer(views: Vec<Result<MemberView, String>>) -> Result<MemberView, String> {
    let mut reason = None;
    for view in views {
        match view {
            Ok(view) => return Ok(view),
            Err(error) => reason = reason.or(Some(error)),
        }
    }
    Err(reason.unwrap_or_else(|| "no client URL is known".to_owned()))
}

fn dedup(urls: &mut Vec<String>) {
    let mut seen = std::collections::HashSet::new();
    urls.retain(|url| seen.insert(url.clone()));
}
