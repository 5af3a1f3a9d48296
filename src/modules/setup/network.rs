//! Interfaces and their addresses, the way out, name servers.

use super::{Facts, object};
use crate::modules::seen::Seen;
use serde_json::{Map, Value, json};
use std::net::Ipv4Addr;

pub(super) fn facts(seen: &Seen) -> Facts {
    if !seen.has("addresses") {
        return Facts::new();
    }
    let mut network = Network {
        interfaces: seen.names("interface ").map(|name| interface(seen, name)).collect(),
        ways: [
            way(seen, "ip -4 route get 8.8.8.8"),
            way(seen, "ip -6 route get 2404:6800:400a:800::1012"),
        ],
        addresses: [Vec::new(), Vec::new()],
    };
    network.read(seen.raw("addresses").unwrap_or_default(), false);
    network.read(seen.raw("second addresses").unwrap_or_default(), true);
    let Network { interfaces, ways: [four, six], addresses: [all_four, all_six] } = network;
    let names: Vec<String> = interfaces.keys().map(|name| name.replace(':', "_")).collect();
    let mut facts = object(json!({
        "interfaces": names,
        "default_ipv4": four,
        "default_ipv6": six,
        "all_ipv4_addresses": all_four,
        "all_ipv6_addresses": all_six,
        "locally_reachable_ips": reachable(seen),
    }));
    for (name, interface) in interfaces {
        facts.insert(name.replace(':', "_"), interface);
    }
    facts
}

/// An interface as the kernel describes it, with its name.
fn interface(seen: &Seen, name: &str) -> (String, Value) {
    let directory = format!("/sys/class/net/{name}");
    let text = |file: &str| seen.text(&format!("{directory}/{file}"));
    let number = |file: &str| text(file).and_then(|text| text.parse::<i64>().ok());
    let mut facts = object(json!({ "device": name }));
    let mut set = |fact: &str, value: Option<Value>| {
        if let Some(value) = value {
            facts.insert(fact.to_owned(), value);
        }
    };
    let base = |path: &str| json!(path.rsplit('/').next());
    set("macaddress", text("address").filter(|it| *it != "00:00:00:00:00:00").map(Value::from));
    set("mtu", number("mtu").map(Value::from));
    set("active", text("operstate").map(|state| json!(state != "down")));
    set("module", text("device/driver/module").map(base));
    set("type", text("type").map(|kind| json!(kind_name(kind))));
    if seen.exists(&format!("{directory}/bridge")) {
        let ports: Vec<&str> = seen.lines(&format!("{directory}/brif")).collect();
        set("type", Some(json!("bridge")));
        set("interfaces", Some(json!(ports)));
        set("id", Some(json!(text("bridge/bridge_id").unwrap_or_default())));
        set("stp", Some(json!(text("bridge/stp_state") == Some("1"))));
    }
    if seen.exists(&format!("{directory}/bonding")) {
        let first = |file| text(file).and_then(|text| text.split_whitespace().next());
        let slaves: Vec<&str> =
            text("bonding/slaves").unwrap_or_default().split_whitespace().collect();
        set("type", Some(json!("bonding")));
        set("slaves", Some(json!(slaves)));
        set("mode", first("bonding/mode").map(Value::from));
        set("miimon", first("bonding/miimon").map(Value::from));
        set("lacp_rate", first("bonding/lacp_rate").map(Value::from));
        if let Some(primary) = text("bonding/primary") {
            set("primary", Some(json!(primary)));
            set("all_slaves_active", text("bonding/all_slaves_active").map(|it| json!(it == "1")));
        }
    }
    if seen.exists(&format!("{directory}/bonding_slave")) {
        let permanent = text("bonding_slave/perm_hwaddr").unwrap_or_default();
        set("perm_macaddress", Some(json!(permanent)));
    }
    set("pciid", text("device").map(base));
    set("speed", number("speed").map(Value::from));
    let flags = text("flags").and_then(|text| text.strip_prefix("0x"));
    let flags = flags.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    set("promisc", flags.map(|flags| json!(flags & 0x100 != 0)));
    (name.to_owned(), Value::Object(facts))
}

/// Kinds of interfaces by the kernel's number, `ARPHRD_*` in `linux/if_arp.h`.
fn kind_name(kind: &str) -> &'static str {
    match kind {
        "1" => "ether",
        "32" => "infiniband",
        "512" => "ppp",
        "772" => "loopback",
        "65534" => "tunnel",
        _ => "unknown",
    }
}

/// The way to an address out there: interface, own address, gateway.
fn way(seen: &Seen, command: &str) -> Map<String, Value> {
    let mut way = Map::new();
    let target = command.rsplit(' ').next().unwrap_or_default();
    let line = seen.lines(command).next().unwrap_or_default();
    let words: Vec<&str> = line.split_whitespace().collect();
    if words.first() != Some(&target) {
        return way;
    }
    for pair in words.windows(2) {
        let name = match pair[0] {
            "dev" => "interface",
            "src" => "address",
            "via" if pair[1] != target => "gateway",
            _ => continue,
        };
        way.insert(name.to_owned(), json!(pair[1]));
    }
    way
}

fn reachable(seen: &Seen) -> Value {
    let mut found = [Vec::new(), Vec::new()];
    for family in ["4", "6"] {
        for line in seen.lines(&format!("ip -{family} route show table local")) {
            let Some(address) = line.strip_prefix("local ").and_then(|l| l.split(' ').next())
            else {
                continue;
            };
            let list = &mut found[usize::from(address.contains(':'))];
            if !list.contains(&address) {
                list.push(address);
            }
        }
    }
    let [four, six] = found;
    json!({ "ipv4": four, "ipv6": six })
}

/// The network while addresses are read into it; IPv4 first, IPv6 second.
struct Network {
    interfaces: Map<String, Value>,
    ways: [Map<String, Value>; 2],
    addresses: [Vec<String>; 2],
}

impl Network {
    /// Reads what `ip addr show` prints.
    fn read(&mut self, said: &str, secondary: bool) {
        let mut device = String::new();
        for line in said.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if line.starts_with(|c: char| c.is_ascii_digit()) {
                let name = words.get(1).copied().unwrap_or_default();
                let name = name.strip_suffix(':').unwrap_or(name);
                name.split('@').next().unwrap_or_default().clone_into(&mut device);
                continue;
            }
            // A container may see files of other interfaces than those it has.
            if !self.interfaces.contains_key(&device) {
                continue;
            }
            match words.first() {
                Some(&"inet") => self.four(&device, &words, secondary),
                Some(&"inet6") => self.six(&device, &words),
                _ => {}
            }
        }
    }

    fn four(&mut self, device: &str, words: &[&str], secondary: bool) {
        // Without a prefix it is one end of a line.
        let given = words.get(1).copied().unwrap_or_default();
        let (address, prefix) = given.split_once('/').unwrap_or((given, "32"));
        let broadcast = match words {
            [_, with, "brd", broadcast, ..] if with.contains('/') => *broadcast,
            _ => "",
        };
        let (Ok(binary), Ok(length)) = (address.parse::<Ipv4Addr>(), prefix.parse::<u32>()) else {
            return;
        };
        let mask = u32::MAX.checked_shl(32_u32.saturating_sub(length)).unwrap_or(0);
        let (netmask, network) = (Ipv4Addr::from(mask), Ipv4Addr::from(binary.to_bits() & mask));
        let described = json!({
            "address": address, "broadcast": broadcast, "netmask": netmask.to_string(),
            "network": network.to_string(), "prefix": prefix,
        });
        let label = words.last().copied().unwrap_or_default();
        if label != device {
            self.interfaces.insert(label.to_owned(), json!({}));
        }
        let named = &mut self.interfaces[label];
        if !secondary && named.get("ipv4").is_none() {
            named["ipv4"] = described.clone();
        } else {
            push(named, "ipv4_secondaries", described.clone());
        }
        if secondary && label != device {
            push(&mut self.interfaces[device], "ipv4_secondaries", described.clone());
        }
        self.complete(0, address, device, |way| {
            for name in ["broadcast", "netmask", "network", "prefix"] {
                way.insert(name.to_owned(), described[name].clone());
            }
            way.insert("alias".to_owned(), json!(label));
        });
        if !address.starts_with("127.") {
            self.addresses[0].push(address.to_owned());
        }
    }

    fn six(&mut self, device: &str, words: &[&str]) {
        let read = match words {
            [_, address, "peer", peer, _, scope, ..] => {
                peer.split_once('/').map(|(_, prefix)| (*address, prefix, *scope))
            }
            [_, given, _, scope, ..] => {
                given.split_once('/').map(|(address, prefix)| (address, prefix, *scope))
            }
            _ => None,
        };
        let Some((address, prefix, scope)) = read else { return };
        let described = json!({ "address": address, "prefix": prefix, "scope": scope });
        push(&mut self.interfaces[device], "ipv6", described);
        self.complete(1, address, device, |way| {
            way.insert("prefix".to_owned(), json!(prefix));
            way.insert("scope".to_owned(), json!(scope));
        });
        if address != "::1" {
            self.addresses[1].push(address.to_owned());
        }
    }

    /// Completes the way out when this is the address that it begins with.
    fn complete(
        &mut self,
        family: usize,
        address: &str,
        device: &str,
        add: impl FnOnce(&mut Map<String, Value>),
    ) {
        let way = &mut self.ways[family];
        if way.get("address").and_then(Value::as_str) != Some(address) {
            return;
        }
        add(way);
        let interface = &self.interfaces[device];
        let mac = interface.get("macaddress").cloned().unwrap_or(json!("00:00:00:00:00:00"));
        way.insert("macaddress".to_owned(), mac);
        way.insert("mtu".to_owned(), interface["mtu"].clone());
        way.insert("type".to_owned(), interface.get("type").cloned().unwrap_or(json!("unknown")));
    }
}

fn push(interface: &mut Value, name: &str, value: Value) {
    match interface.get_mut(name).and_then(Value::as_array_mut) {
        Some(list) => list.push(value),
        None => interface[name] = json!([value]),
    }
}

/// `/etc/resolv.conf`.
pub(super) fn names(seen: &Seen) -> Facts {
    let mut dns = Map::new();
    for line in seen.lines("/etc/resolv.conf") {
        let mut words = line.split_whitespace();
        let Some(keyword) = words.next().filter(|_| !line.starts_with(['#', ';'])) else {
            continue;
        };
        match keyword {
            "nameserver" => {
                let list = dns.entry("nameservers").or_insert_with(|| json!([]));
                if let Some(list) = list.as_array_mut() {
                    list.extend(words.map(Value::from));
                }
            }
            "domain" => {
                if let Some(domain) = words.next() {
                    dns.insert("domain".to_owned(), json!(domain));
                }
            }
            "search" | "sortlist" => {
                dns.insert(keyword.to_owned(), json!(words.collect::<Vec<_>>()));
            }
            "options" => {
                let options = words.map(|word| match word.split_once(':') {
                    Some((name, value)) if !value.is_empty() => (name.to_owned(), json!(value)),
                    Some((name, _)) => (name.to_owned(), json!(true)),
                    None => (word.to_owned(), json!(true)),
                });
                dns.insert("options".to_owned(), Value::Object(options.collect()));
            }
            _ => {}
        }
    }
    object(json!({ "dns": dns }))
}

pub(super) fn fibre_channel(seen: &Seen) -> Facts {
    let files = seen.names("/sys/class/fc_host/").filter(|name| name.ends_with("/port_name"));
    let texts = files.filter_map(|name| seen.text(&format!("/sys/class/fc_host/{name}")));
    let names: Vec<&str> = texts.filter_map(|text| text.get(2..)).collect();
    object(json!({ "fibre_channel_wwn": names }))
}

pub(super) fn iscsi(seen: &Seen) -> Facts {
    let mut lines = seen.lines("/etc/iscsi/initiatorname.iscsi");
    let name = lines.find_map(|line| line.strip_prefix("InitiatorName="));
    object(json!({ "iscsi_iqn": name.unwrap_or_default() }))
}

pub(super) fn nvme(seen: &Seen) -> Facts {
    let name = seen.lines("/etc/nvme/hostnqn").find(|line| line.starts_with("nqn."));
    object(json!({ "hostnqn": name.unwrap_or_default() }))
}
