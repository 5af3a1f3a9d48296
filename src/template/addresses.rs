//! Addresses and networks, as `ipaddr` of ansible.utils knows them.

use super::numbers::Number;
use super::value::refuse;
use minijinja::{Error, Value};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address, alone or with the prefix of its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) ip: IpAddr,
    pub(super) written_prefix: Option<u8>,
}

/// A network: its first address and how many bits are common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    first: u128,
    v6: bool,
    pub(super) prefix: u8,
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

fn ip(number: u128, v6: bool) -> Option<IpAddr> {
    if v6 {
        return Some(IpAddr::V6(Ipv6Addr::from(number)));
    }
    u32::try_from(number).ok().map(|number| IpAddr::V4(Ipv4Addr::from(number)))
}

impl Address {
    /// `10.0.0.1`, `10.0.0.1/24`, `10.0.0.1/255.255.255.0`, and the same for IPv6.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let ip: IpAddr = address.parse().ok()?;
        let bits = if ip.is_ipv6() { 128 } else { 32 };
        let written_prefix = match prefix {
            None => None,
            Some(prefix) => Some(match prefix.parse::<u8>() {
                Ok(prefix) => prefix,
                Err(_) => mask_length(prefix.parse().ok()?)?,
            })
            .filter(|prefix| *prefix <= bits),
        };
        (prefix.is_none() || written_prefix.is_some()).then_some(Self { ip, written_prefix })
    }

    pub(super) fn of_number(value: u128) -> Option<Self> {
        let ip = ip(value, u32::try_from(value).is_err())?;
        Some(Self { ip, written_prefix: None })
    }

    pub(super) fn version(&self) -> u8 {
        if self.ip.is_ipv6() { 6 } else { 4 }
    }

    fn bits(&self) -> u8 {
        if self.ip.is_ipv6() { 128 } else { 32 }
    }

    fn prefix(&self) -> u8 {
        self.written_prefix.unwrap_or(self.bits())
    }

    pub(super) fn network(&self) -> Network {
        Network::around(self.ip, self.prefix())
    }

    pub(super) fn supernet(&self, prefix: u8) -> Network {
        Network::around(self.ip, prefix)
    }

    /// Whether it is the first address of a network that has others.
    fn is_network(&self) -> bool {
        self.network().size() > 2 && number(self.ip) == self.network().first
    }

    /// Whether it is the first address of its network.
    pub(super) fn is_first(&self) -> bool {
        number(self.ip) == self.network().first
    }

    /// In brackets, as URLs want it.
    pub(super) fn wrapped(&self) -> String {
        match self.written_prefix {
            Some(prefix) => format!("[{}]/{prefix}", self.ip),
            None => format!("[{}]", self.ip),
        }
    }

    pub(super) fn with_prefix(&self) -> String {
        format!("{}/{}", self.ip, self.prefix())
    }
}

fn mask_length(mask: IpAddr) -> Option<u8> {
    let (mask, bits) = match mask {
        IpAddr::V4(mask) => (u128::from(u32::from(mask)) << 96, 32),
        IpAddr::V6(mask) => (u128::from(mask), 128),
    };
    let ones = u8::try_from(mask.leading_ones()).ok()?;
    (mask.count_ones() == mask.leading_ones()).then_some(ones.min(bits))
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match ip(self.first, self.v6) {
            Some(first) => write!(f, "{first}/{}", self.prefix),
            None => write!(f, "?/{}", self.prefix),
        }
    }
}

impl Network {
    pub(super) fn read(text: &str) -> Option<Self> {
        Address::read(text).map(|address| address.network())
    }

    fn around(address: IpAddr, prefix: u8) -> Self {
        let v6 = address.is_ipv6();
        let mut network = Self { first: 0, v6, prefix };
        network.first = number(address) & !network.host_mask();
        network
    }

    pub(super) fn bits(&self) -> u8 {
        if self.v6 { 128 } else { 32 }
    }

    /// The bits that tell hosts apart.
    fn host_mask(&self) -> u128 {
        let hosts = u32::from(self.bits() - self.prefix);
        if hosts >= 128 { u128::MAX } else { (1 << hosts) - 1 }
    }

    fn last(&self) -> u128 {
        self.first | self.host_mask()
    }

    fn ip(&self, number: u128) -> Option<IpAddr> {
        ip(number, self.v6)
    }

    pub(super) fn contains(&self, other: &Self) -> bool {
        self.v6 == other.v6
            && self.prefix <= other.prefix
            && (self.first..=self.last()).contains(&other.first)
    }

    /// The address at a place, counted from the end when the place is negative.
    pub(super) fn nth(&self, place: i128) -> Option<IpAddr> {
        let size = place.unsigned_abs();
        let at = if place < 0 {
            self.last().checked_sub(size - 1)?
        } else {
            self.first.checked_add(size)?
        };
        (self.first..=self.last()).contains(&at).then(|| self.ip(at))?
    }

    /// How many networks of that prefix it has.
    pub(super) fn subnets(&self, prefix: u8) -> u128 {
        1_u128.checked_shl(u32::from(prefix - self.prefix)).unwrap_or(u128::MAX)
    }

    /// One of its networks of that prefix.
    pub(super) fn subnet(&self, prefix: u8, index: i128) -> Option<Self> {
        if prefix < self.prefix {
            return None;
        }
        let count = self.subnets(prefix);
        let size = index.unsigned_abs();
        let index = if index < 0 { count.checked_sub(size)? } else { size };
        if index >= count {
            return None;
        }
        let step = 1_u128.checked_shl(u32::from(self.bits() - prefix)).unwrap_or(0);
        Some(Self { first: self.first + index * step, v6: self.v6, prefix })
    }

    fn size(&self) -> u128 {
        self.host_mask().saturating_add(1)
    }

    /// The first and the last address that a host may have, where there are several.
    fn usable(&self) -> Option<(u128, u128)> {
        match self.size() {
            1 => None,
            2 => Some((self.first, self.last())),
            _ => Some((self.first + 1, self.last() - 1)),
        }
    }

    fn mask(&self) -> Option<IpAddr> {
        let all = if self.v6 { u128::MAX } else { u128::from(u32::MAX) };
        self.ip(all & !self.host_mask())
    }
}

fn text(found: Option<impl fmt::Display>) -> Value {
    found.map_or_else(|| Value::from(false), |found| Value::from(found.to_string()))
}

fn whole(number: u128) -> Value {
    match i128::try_from(number) {
        Ok(number) => Value::from(Number::Integer(number)),
        Err(_) => Value::from(number),
    }
}

/// What `ipaddr(query)` says of an address; `written` is how it was given. Where a query does not
/// fit, the answer is nothing or `false`, as ansible.utils has it.
pub(super) fn answer(address: &Address, written: &Value, query: &str) -> Result<Value, Error> {
    let network = address.network();
    let nothing = || Value::from(());
    let when = |holds: bool| if holds { written.clone() } else { nothing() };
    let first = network.ip(network.first);
    let with_prefix = || Value::from(address.with_prefix());
    Ok(match query {
        "" => match address.written_prefix {
            Some(_) => with_prefix(),
            None => Value::from(address.ip.to_string()),
        },
        "bool" => Value::from(true),
        "address" | "ip" if address.is_network() && address.version() == 4 => nothing(),
        "address" | "ip" => Value::from(address.ip.to_string()),
        "address/prefix" | "gateway" | "gw" | "host/prefix" | "hostnet" | "router" => {
            if address.is_network() { Value::from(false) } else { with_prefix() }
        }
        "host" => {
            if address.is_network() {
                nothing()
            } else {
                with_prefix()
            }
        }
        "ip/prefix" if address.is_network() || network.size() == 1 => nothing(),
        "ip/prefix" | "cidr" => with_prefix(),
        "broadcast" if network.size() <= 2 => nothing(),
        "broadcast" => text(network.ip(network.last())),
        "first_usable" | "last_usable" | "range_usable" => usable(address, query)?,
        "hostmask" | "wildcard" => text(network.ip(network.host_mask())),
        "int" => match address.written_prefix {
            Some(prefix) => Value::from(format!("{}/{prefix}", number(address.ip))),
            None => whole(number(address.ip)),
        },
        "link-local" => when(is_link_local(address.ip)),
        "lo" | "loopback" => when(address.ip.is_loopback()),
        "multicast" => when(address.ip.is_multicast()),
        "unicast" => when(!address.ip.is_multicast()),
        "private" => when(is_private(address.ip)),
        "public" => when(!address.ip.is_multicast() && !is_private(address.ip)),
        "net" if network.size() > 1 && address.is_first() => with_prefix(),
        "net" => nothing(),
        "netmask" => text(network.mask()),
        "network" | "network_id" => text(first),
        "network/prefix" | "subnet" => Value::from(network.to_string()),
        "network_netmask" => match (first, network.mask()) {
            (Some(first), Some(mask)) => Value::from(format!("{first} {mask}")),
            _ => nothing(),
        },
        "prefix" | "prefixlen" => Value::from(address.prefix()),
        "size" => whole(network.size()),
        "size_usable" => whole(network.usable().map_or(0, |(first, last)| last - first + 1)),
        "type" if network.size() > 1 && address.is_first() => Value::from("network"),
        "type" => Value::from("address"),
        "version" => Value::from(address.version()),
        "wrap" if address.version() == 4 => written.clone(),
        "wrap" => Value::from(address.wrapped()),
        "revdns" => Value::from(reverse_name(address.ip)),
        other => return belonging(address, written, other),
    })
}

fn usable(address: &Address, query: &str) -> Result<Value, Error> {
    if address.written_prefix.is_none() {
        return Err(refuse(format!("`{}` is no network, which `{query}` needs", address.ip)));
    }
    let network = address.network();
    let Some((first, last)) = network.usable() else { return Ok(Value::from(())) };
    Ok(match (query, network.ip(first), network.ip(last)) {
        ("first_usable", first, _) => text(first),
        ("last_usable", _, last) => text(last),
        (_, Some(first), Some(last)) => Value::from(format!("{first}-{last}")),
        _ => Value::from(()),
    })
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// What the registry of special addresses keeps out of the internet.
fn is_private(ip: IpAddr) -> bool {
    const NETWORKS: [&str; 21] = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/29",
        "192.0.0.170/31",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "240.0.0.0/4",
        "::/127",
        "::ffff:0:0/96",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2001:10::/28",
        "fc00::/7",
        "fe80::/10",
    ];
    let own = Network::around(ip, if ip.is_ipv6() { 128 } else { 32 });
    NETWORKS.iter().filter_map(|network| Network::read(network)).any(|known| known.contains(&own))
}

fn reverse_name(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let parts: Vec<String> = ip.octets().iter().rev().map(ToString::to_string).collect();
            format!("{}.in-addr.arpa.", parts.join("."))
        }
        IpAddr::V6(ip) => {
            let digits = format!("{:032x}", u128::from(ip));
            let parts: Vec<String> = digits.chars().rev().map(String::from).collect();
            format!("{}.ip6.arpa.", parts.join("."))
        }
    }
}

/// A number is a place in the network, a network a question of belonging.
fn belonging(address: &Address, written: &Value, query: &str) -> Result<Value, Error> {
    let network = address.network();
    if let Ok(place) = query.parse::<i128>() {
        if network.size() == 1 {
            return Ok(written.clone());
        }
        return Ok(match network.nth(place) {
            Some(found) => Value::from(format!("{found}/{}", network.prefix)),
            None => Value::from(false),
        });
    }
    match Network::read(query) {
        Some(outer) if outer.contains(&network) => Ok(written.clone()),
        Some(_) => Ok(Value::from(())),
        None => Err(refuse(format!("`ipaddr` knows no query `{query}` here"))),
    }
}
