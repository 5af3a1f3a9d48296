//! The names that a certificate carries.

use super::super::etcd_config::split;
use crate::modules::ModuleError;
use std::net::IpAddr;

/// The hosts of URLs and plain addresses.
pub(super) fn hosts_of(addresses: &[String]) -> Result<Vec<String>, ModuleError> {
    let mut hosts = Vec::new();
    for address in addresses {
        let host = if address.contains("://") {
            split(address).map(|(_, host, _)| host)
        } else {
            Ok(address.as_str())
        };
        let wrong = |reason: String| ModuleError::Argument { name: "addresses".to_owned(), reason };
        let host = host.map_err(|reason| wrong(format!("has {reason}")))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.parse::<IpAddr>().is_err() && !is_host(&host) {
            return Err(wrong(format!("has `{address}`, which is no address and no host's name")));
        }
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    Ok(hosts)
}

/// Whether a text can be a host's name; nothing else may get into a file's name.
pub(super) fn is_host(name: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && !name.starts_with(['-', '.']) && name.chars().all(inside)
}

/// `subjectAltName` for a host: Kubespray's list, and the host's own addresses.
pub(super) fn alternative_names(host: &str, addresses: &[String], more: &[String]) -> String {
    let fixed = ["localhost", host];
    let names = fixed.into_iter().chain(addresses.iter().map(String::as_str));
    let names = names.chain(more.iter().map(String::as_str)).chain(["127.0.0.1", "::1"]);
    let mut entries: Vec<String> = Vec::new();
    for name in names {
        let kind = if name.parse::<IpAddr>().is_ok() { "IP" } else { "DNS" };
        let entry = format!("{kind}:{name}");
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries.join(",")
}

/// Whether a certificate's names, as openssl prints them, hold every address.
pub(super) fn covers(printed: &str, addresses: &[String]) -> bool {
    let printed: Vec<&str> = printed
        .split(',')
        .filter_map(|entry| entry.trim().split_once(':').map(|(_, name)| name.trim()))
        .collect();
    addresses.iter().all(|address| match address.parse::<IpAddr>() {
        // openssl spells IPv6 addresses in its own way.
        Ok(wanted) => printed.iter().any(|name| name.parse() == Ok(wanted)),
        Err(_) => printed.iter().any(|name| name.eq_ignore_ascii_case(address)),
    })
}
