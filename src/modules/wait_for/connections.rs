//! The connections of a port, as `/proc/net/tcp` lists them.

use super::super::args::wrong;
use super::super::{Args, Context, ModuleError};
use std::net::IpAddr;

/// Ansible's names of the states that count, and the kernel's numbers.
const STATES: [(&str, &str); 6] = [
    ("ESTABLISHED", "01"),
    ("SYN_SENT", "02"),
    ("SYN_RECV", "03"),
    ("FIN_WAIT1", "04"),
    ("FIN_WAIT2", "05"),
    ("TIME_WAIT", "06"),
];

/// Which connections are counted.
pub(super) struct Connections {
    /// The local addresses as the kernel writes them; none is any.
    local: Vec<String>,
    port: String,
    states: Vec<&'static str>,
    excluded: Vec<String>,
}

impl Connections {
    pub(super) fn read(args: &Args, host: &str, port: u16) -> Result<Self, ModuleError> {
        let mut states = Vec::new();
        for name in args.words("active_connection_states")? {
            let known = STATES.iter().find(|(known, _)| *known == name);
            let known = known.ok_or_else(|| {
                wrong("active_connection_states", format!("cannot hold `{name}`"))
            })?;
            states.push(known.1);
        }
        if states.is_empty() {
            states = STATES.iter().map(|(_, number)| *number).collect();
        }
        let mut excluded = Vec::new();
        for host in args.words("exclude_hosts")? {
            excluded.extend(spellings(address("exclude_hosts", &host)?));
        }
        let host = address("host", host)?;
        let local = if host.is_unspecified() { Vec::new() } else { spellings(host) };
        Ok(Self { local, port: format!("{port:04X}"), states, excluded })
    }

    /// How many there are now.
    pub(super) async fn count(&self, context: &Context) -> Result<usize, ModuleError> {
        let script = "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null || [ -e /proc/net/tcp ]";
        let output = context.must("counting connections", script).await?;
        Ok(output.stdout_text().lines().filter(|line| self.counts(line)).count())
    }

    /// `0: 0100007F:1F90 0100007F:D2F4 01 …`.
    fn counts(&self, line: &str) -> bool {
        let mut fields = line.split_whitespace().skip(1);
        let (Some(local), Some(remote), Some(state)) =
            (fields.next(), fields.next(), fields.next())
        else {
            return false;
        };
        let (Some((local, port)), Some((remote, _))) =
            (local.split_once(':'), remote.split_once(':'))
        else {
            return false;
        };
        port == self.port
            && self.states.contains(&state)
            && !self.excluded.iter().any(|one| one == remote)
            && (self.local.is_empty() || self.local.iter().any(|one| one == local))
    }
}

/// Names are not resolved: what they mean on the host is not known here.
fn address(name: &str, host: &str) -> Result<IpAddr, ModuleError> {
    let host = if host == "localhost" { "127.0.0.1" } else { host };
    host.parse().map_err(|_| wrong(name, format!("must be an address here, not `{host}`")))
}

/// An address as the kernel writes it, in words of four bytes, each turned round; an IPv4 address
/// also as the IPv6 one that stands for it.
fn spellings(address: IpAddr) -> Vec<String> {
    let words = |octets: &[u8]| -> String {
        let word = |four: &[u8]| {
            let turned: Vec<u8> = four.iter().rev().copied().collect();
            hex::encode_upper(turned)
        };
        octets.chunks(4).map(word).collect()
    };
    match address {
        IpAddr::V4(four) => vec![words(&four.octets()), words(&four.to_ipv6_mapped().octets())],
        IpAddr::V6(six) => vec![words(&six.octets())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_kernels_lines_are_counted_by_address_state_and_peer() {
        let read = |args: serde_json::Value, host: &str| {
            Connections::read(&Args(args.as_object().unwrap().clone()), host, 8080).unwrap()
        };
        let line = "   1: 0100007F:1F90 0200007F:D2F4 01 00000000:00000000";
        let mapped =
            "   1: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000200007F:1 01 0";
        assert!(read(json!({}), "127.0.0.1").counts(line));
        assert!(read(json!({}), "localhost").counts(mapped));
        assert!(read(json!({}), "0.0.0.0").counts(line));
        assert!(!read(json!({}), "127.0.0.2").counts(line));
        assert!(!read(json!({"exclude_hosts": ["127.0.0.2"]}), "127.0.0.1").counts(line));
        assert!(!read(json!({"active_connection_states": "TIME_WAIT"}), "0.0.0.0").counts(line));
        assert!(!read(json!({}), "127.0.0.1").counts("  sl  local_address rem_address   st"));
    }
}
