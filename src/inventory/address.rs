//! `host`, `host:port`, `[host]:port`, with ranges, as Ansible takes them apart.
//!
//! A name that fits none of these is a name all the same (Ansible is that lenient), only without
//! a port. In patterns the same rules decide whether `:` separates or belongs to an IPv6 address.

use regex::Regex;
use std::sync::LazyLock;

static BRACKETED_PORT: LazyLock<Regex> = LazyLock::new(|| constant(r"^\[(.+)\]:([0-9]+)$"));
static PORT: LazyLock<Regex> = LazyLock::new(|| constant(r"^((?:[^:\[\]]|\[[^\]]*\])*):([0-9]+)$"));
static HOST: LazyLock<[Regex; 3]> = LazyLock::new(|| [ipv4(), ipv6(), hostname()]);

/// The host (or range of hosts) and the port in `text`; `None` when it is not an address.
pub(super) fn parse(text: &str) -> Option<(String, Option<u32>)> {
    let (mut address, mut port) = (text, None);
    for form in [&BRACKETED_PORT, &PORT] {
        if let Some(found) = form.captures(address) {
            let (_, [host, digits]) = found.extract();
            address = host;
            port = Some(digits.parse().ok()?);
        }
    }
    HOST.iter().any(|form| form.is_match(address)).then(|| (address.to_owned(), port))
}

/// Whether `name` is an IP address, which has no short form.
pub(super) fn is_ip(name: &str) -> bool {
    HOST[..2].iter().any(|form| form.is_match(name))
}

fn ipv4() -> Regex {
    let part = r"(?:[01]?[0-9]{1,2}|2[0-4][0-9]|25[0-5]|\[[0-9]+:[0-9]+(?::[0-9]+)?\])";
    constant(&format!(r"^(?:{part}\.){{3}}{part}$"))
}

fn ipv6() -> Regex {
    let h = r"(?:[0-9a-f]{1,4}|\[[0-9a-f]+:[0-9a-f]+(?::[0-9]+)?\])";
    let mut forms = vec![
        format!("(?:{h}:){{7}}{h}"),
        format!("(?:{h}:){{1,6}}:"),
        format!(":(?::{h}){{1,6}}"),
        format!("{h}?::"),
        format!(r"(?:0:){{6}}(?:{h}\.){{3}}{h}"),
        format!(r"::(?:ffff:)?(?:{h}\.){{3}}{h}"),
        format!(r"(?:0:){{5}}ffff:(?:{h}\.){{3}}{h}"),
    ];
    // Compressed in the middle: at most seven parts are left on both sides together.
    forms.extend((1..=6).map(|left| format!("(?:{h}:){{{left}}}(?::{h}){{1,{}}}", 7 - left)));
    constant(&format!("(?i)^(?:{})$", forms.join("|")))
}

/// Labels of word characters, dashes and ranges that end in neither dash nor underscore.
fn hostname() -> Regex {
    let range = r"\[(?:[a-z]:[a-z]|[0-9]+:[0-9]+)(?::[0-9]+)?\]";
    let last = format!(r"(?:[\w--_]|{range})");
    let label = format!(r"(?:(?:\w|{range})(?:[\w-]|{range})*{last}|{last})");
    constant(&format!(r"(?i)^{label}(?:\.{label})*$"))
}

#[expect(clippy::unwrap_used, reason = "the patterns are constants; the tests below compile each")]
fn constant(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_split_off_where_ansible_does() {
        let cases = [
            ("node1", "node1", None),
            ("node1:2222", "node1", Some(2222)),
            ("n[01:03]:22", "n[01:03]", Some(22)),
            ("10.0.0.1:22", "10.0.0.1", Some(22)),
            ("2001:db8::1", "2001:db8::1", None),
            ("::", "::", None),
            ("[2001:db8::1]:22", "2001:db8::1", Some(22)),
            ("::ffff:10.0.0.1", "::ffff:10.0.0.1", None),
            ("höst.example:1", "höst.example", Some(1)),
        ];
        for (text, host, port) in cases {
            assert_eq!(parse(text), Some((host.to_owned(), port)), "{text}");
        }
        for text in ["etcd:master", "a_:22", "a:b:c"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!(is_ip("fe80::1") && is_ip("10.1.2.3") && !is_ip("n1"));
    }
}
