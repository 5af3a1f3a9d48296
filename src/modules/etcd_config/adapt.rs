//! A peer's settings made those of another host.

use crate::cluster::env_file::EnvFile;

/// Whose the settings become.
pub(super) struct Identity {
    /// The inventory's name of the host.
    pub(super) host: String,
    /// The inventory's name of the peer that the settings come from.
    pub(super) peer_host: String,
    /// The member's name.
    pub(super) name: String,
    pub(super) peer_url: String,
    pub(super) client_url: String,
    /// What etcd binds to, when it is not the address of the peer URL.
    pub(super) listen_address: Option<String>,
}

/// URLs that etcd binds to: their host becomes ours, unless it is the loopback's.
const LISTEN: &[&str] =
    &["ETCD_LISTEN_CLIENT_URLS", "ETCD_LISTEN_METRICS_URLS", "ETCD_LISTEN_PEER_URLS"];

/// Makes the settings those of `identity`.
pub(super) fn adapt(file: &mut EnvFile, identity: &Identity) -> Result<(), String> {
    let listen = match &identity.listen_address {
        Some(address) => bracketed(address),
        None => split(&identity.peer_url)?.1.to_owned(),
    };
    for key in LISTEN {
        if let Some(urls) = file.get(key) {
            file.set(key, &rebound(&urls, &listen)?);
        }
    }
    file.set("ETCD_NAME", &identity.name);
    file.set("ETCD_INITIAL_ADVERTISE_PEER_URLS", &identity.peer_url);
    file.set("ETCD_ADVERTISE_CLIENT_URLS", &identity.client_url);
    let keys: Vec<String> = file.keys().into_iter().map(str::to_owned).collect();
    for key in keys {
        let value = file.get(&key).unwrap_or_default();
        if let Some(own) = own_certificate(&value, identity) {
            file.set(&key, &own);
        }
    }
    Ok(())
}

/// Each URL with our address in place of the peer's.
fn rebound(urls: &str, address: &str) -> Result<String, String> {
    let one = |url: &str| {
        let (scheme, host, rest) = split(url)?;
        let everywhere =
            host.starts_with("127.") || ["localhost", "[::1]", "0.0.0.0", "[::]"].contains(&host);
        let host = if everywhere { host } else { address };
        Ok(format!("{scheme}://{host}{rest}"))
    };
    let urls: Result<Vec<String>, String> = urls.split(',').map(str::trim).map(one).collect();
    Ok(urls?.join(","))
}

/// A URL as scheme, host (an IPv6 address keeps its brackets) and what follows, `:2380`.
pub(in crate::modules) fn split(url: &str) -> Result<(&str, &str, &str), String> {
    let (scheme, rest) = url.split_once("://").ok_or_else(|| format!("`{url}` is no URL"))?;
    let end = match rest.strip_prefix('[') {
        Some(inside) => inside.find(']').map(|at| at + 2),
        None => Some(rest.find([':', '/']).unwrap_or(rest.len())),
    };
    let end = end.filter(|end| *end > 0).ok_or_else(|| format!("`{url}` has no host"))?;
    Ok((scheme, &rest[..end], &rest[end..]))
}

fn bracketed(address: &str) -> String {
    if address.contains(':') && !address.starts_with('[') {
        return format!("[{address}]");
    }
    address.to_owned()
}

/// `…/member-node1.pem` as `…/member-node2.pem`: exactly Kubespray's names, never a part of one.
fn own_certificate(path: &str, identity: &Identity) -> Option<String> {
    let (directory, file) = path.rsplit_once('/')?;
    for kind in ["member", "admin", "node"] {
        for end in [".pem", "-key.pem"] {
            if file == format!("{kind}-{}{end}", identity.peer_host) {
                return Some(format!("{directory}/{kind}-{}{end}", identity.host));
            }
        }
    }
    None
}
