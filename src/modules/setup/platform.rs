//! The kernel, the machine, the host's names.

use super::{Facts, object};
use crate::modules::seen::{Seen, words};
use serde_json::json;

pub(super) fn facts(seen: &Seen) -> Facts {
    let line = seen.text("uname -snrvm").unwrap_or_default();
    let word = |index: usize| line.split_whitespace().nth(index).unwrap_or_default();
    let machine = line.split_whitespace().last().unwrap_or_default();
    let version = words(line, 3..);
    let version = version.strip_suffix(machine).unwrap_or(&version).trim_end();
    let node = word(1);
    let full = full_name(seen, node);
    let domain = full.split_once('.').map_or("", |(_, domain)| domain);
    let bits = if seen.text("bits of a program") == Some("1") { "32" } else { "64" };
    let mut facts = object(json!({
        "system": word(0),
        "kernel": word(2),
        "kernel_version": version,
        "machine": machine,
        "fqdn": full,
        "hostname": node.split('.').next(),
        "nodename": node,
        "domain": domain,
        "userspace_bits": bits,
        "architecture": machine,
    }));
    let intel = matches!(machine, "x86_64" | "i386" | "i486" | "i586" | "i686");
    if intel {
        let userspace = if bits == "64" { "x86_64" } else { "i386" };
        facts.insert("userspace_architecture".into(), json!(userspace));
    }
    if intel && machine != "x86_64" {
        facts.insert("architecture".into(), json!("i386"));
    }
    let id = ["/var/lib/dbus/machine-id", "/etc/machine-id"].iter().find_map(|at| seen.text(at));
    if let Some(id) = id {
        facts.insert("machine_id".into(), json!(id));
    }
    facts
}

/// The first of the host's names that has a dot, else the first one there is.
fn full_name(seen: &Seen, node: &str) -> String {
    if let Some(name) = seen.text("full name of this host") {
        return name.to_owned();
    }
    // The address stands in front.
    let names: Vec<&str> = seen.lines("names of this host").take(1).collect();
    let names: Vec<&str> = names.iter().flat_map(|line| line.split_whitespace().skip(1)).collect();
    let dotted = names.iter().find(|name| name.contains('.'));
    (*dotted.or(names.first()).unwrap_or(&node)).to_owned()
}
