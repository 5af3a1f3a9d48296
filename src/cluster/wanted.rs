//! What the operator wants, read from groups and variables (DOMAIN 2).
//!
//! Old and new group names mean the same. A host may stand in `broken_etcd` only, or there and in
//! `etcd`: both are accepted, and neither the order nor the place in a group decides anything but
//! the default member name.

use super::decision::{Wanted, WantedHost};
use crate::error::Problem;
use crate::inventory::Inventory;
use serde_json::Value;
use std::net::IpAddr;

/// etcd's client port.
const CLIENT_PORT: u16 = 2379;
/// etcd's peer port.
const PEER_PORT: u16 = 2380;
/// The revision bump that a restore makes by default: about 11 days at 1000 writes a second (I-13).
const BUMP_REVISION: u64 = 1_000_000_000;

/// A variable of a host, rendered; `None` when it is not defined.
pub type Lookup<'a> = dyn Fn(&str, &str) -> Result<Option<Value>, Problem> + 'a;

/// Reads what is wanted of etcd. Variables are rendered only when they are really read.
pub fn wanted(inventory: &Inventory, lookup: &Lookup<'_>, run_id: &str) -> Result<Wanted, Problem> {
    let members = inventory.group_hosts("etcd");
    let broken = inventory.group_hosts("broken_etcd");
    if members.is_empty() && broken.is_empty() {
        return Err(Problem::new("the inventory has no host in the group `etcd`")
            .hint("name the inventory of the cluster with `-i`"));
    }
    let mut hosts = Vec::new();
    for (place, host) in members.iter().enumerate() {
        let default_name = format!("etcd{}", place + 1);
        let mut wanted = wanted_host(host, &default_name, lookup)?;
        wanted.in_etcd = true;
        wanted.declared_broken = broken.contains(host);
        hosts.push(wanted);
    }
    for host in broken.iter().filter(|host| !members.contains(host)) {
        let mut wanted = wanted_host(host, "", lookup)?;
        wanted.declared_broken = true;
        hosts.push(wanted);
    }
    let first = hosts[0].host.clone();
    let option = |name: &str| lookup(&first, name);
    Ok(Wanted {
        snapshot: None,
        fenced: names(option("rr_fence_confirmed")?.as_ref()),
        trust_declared: truth("trust_declared", option("trust_declared")?.as_ref())?,
        limit: None,
        run_id: run_id.to_owned(),
        bump_revision: bump(option("rr_bump_revision")?.as_ref())?,
        started: Vec::new(),
        hosts,
    })
}

/// The deployment that this version recovers; every other one is refused before any contact.
pub fn check_deployment(inventory: &Inventory, lookup: &Lookup<'_>) -> Result<(), Problem> {
    for host in inventory.group_hosts("etcd") {
        let deployment = lookup(&host, "etcd_deployment_type")?;
        if let Some(other) = deployment.filter(|value| value != "host") {
            return Err(Problem::new(format!(
                "`{host}` has etcd_deployment_type {other}, and only `host` can be recovered yet"
            )));
        }
        let events = lookup(&host, "etcd_events_cluster_enabled")?;
        if truth("etcd_events_cluster_enabled", events.as_ref())? {
            return Err(Problem::new(format!(
                "`{host}` has etcd_events_cluster_enabled, and a second etcd cluster for events \
                 cannot be recovered yet"
            )));
        }
    }
    Ok(())
}

fn wanted_host(host: &str, default_name: &str, lookup: &Lookup<'_>) -> Result<WantedHost, Problem> {
    let text = |name: &str| -> Result<Option<String>, Problem> {
        Ok(lookup(host, name)?.and_then(|value| text_of(&value)))
    };
    let address = address_of(&text)?;
    let url = |port: u16| {
        address.as_deref().map(|address| format!("https://{}:{port}", bracketed(address)))
    };
    let given = |name: &str, port: u16| -> Result<String, Problem> {
        Ok(text(name)?.or_else(|| url(port)).unwrap_or_default())
    };
    Ok(WantedHost {
        host: host.to_owned(),
        member_name: text("etcd_member_name")?.unwrap_or_else(|| default_name.to_owned()),
        peer_url: given("etcd_peer_url", PEER_PORT)?,
        client_url: given("etcd_client_url", CLIENT_PORT)?,
        ..WantedHost::default()
    })
}

/// `etcd_access_address`, `access_ip`, `ip`, or `ansible_host` when that is an address. A host that
/// is off has no facts, so nothing else is asked (K-18).
fn address_of(
    text: &dyn Fn(&str) -> Result<Option<String>, Problem>,
) -> Result<Option<String>, Problem> {
    for name in ["etcd_access_address", "access_ip", "ip"] {
        if let Some(address) = text(name)? {
            return Ok(Some(address));
        }
    }
    for name in ["ansible_host", "ansible_ssh_host"] {
        if let Some(address) = text(name)?.filter(|text| text.parse::<IpAddr>().is_ok()) {
            return Ok(Some(address));
        }
    }
    Ok(None)
}

fn bracketed(address: &str) -> String {
    if address.parse::<std::net::Ipv6Addr>().is_ok() {
        format!("[{address}]")
    } else {
        address.to_owned()
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A list of names, or one text with commas.
fn names(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(text_of).collect(),
        Some(Value::String(text)) => text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

/// A boolean wherever one is read: `-e name=false` is the text `false` (K-19).
fn truth(name: &str, value: Option<&Value>) -> Result<bool, Problem> {
    let text = match value {
        None | Some(Value::Null) => return Ok(false),
        Some(Value::Bool(value)) => return Ok(*value),
        Some(Value::String(text)) => text.to_ascii_lowercase(),
        Some(other) => other.to_string(),
    };
    match text.as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" | "" => Ok(false),
        _ => Err(Problem::new(format!("`{name}` must be true or false, not `{text}`"))),
    }
}

fn bump(value: Option<&Value>) -> Result<u64, Problem> {
    let Some(text) = value.and_then(text_of) else { return Ok(BUMP_REVISION) };
    text.parse().map_err(|_| {
        Problem::new(format!("`rr_bump_revision` must be a count of revisions, not `{text}`"))
    })
}
