//! What the kernel allows and was started with.

use super::{Facts, object};
use crate::modules::seen::Seen;
use serde_json::{Map, Value, json};

pub(super) fn apparmor(seen: &Seen) -> Facts {
    let enabled = seen.exists("/sys/kernel/security/apparmor");
    object(json!({ "apparmor": { "status": if enabled { "enabled" } else { "disabled" } } }))
}

/// SELinux, as libselinux tells it.
pub(super) fn selinux(seen: &Seen) -> Facts {
    if !seen.exists("/sys/fs/selinux/enforce") {
        return object(json!({ "selinux": { "status": "disabled" } }));
    }
    let mode = match seen.text("/sys/fs/selinux/enforce") {
        Some("1") => "enforcing",
        Some("0") => "permissive",
        _ => "unknown",
    };
    let configured = |name: &str| {
        let value = seen.lines("/etc/selinux/config").find_map(|line| line.strip_prefix(name));
        value.map_or_else(|| "unknown".to_owned(), |value| value.trim().to_ascii_lowercase())
    };
    let policy = seen.text("/sys/fs/selinux/policyvers").and_then(|text| text.parse::<u64>().ok());
    object(json!({ "selinux": {
        "status": "enabled",
        "policyvers": policy.map_or(json!("unknown"), Value::from),
        "config_mode": configured("SELINUX="),
        "mode": mode,
        "type": configured("SELINUXTYPE="),
    } }))
}

pub(super) fn fips(seen: &Seen) -> Facts {
    object(json!({ "fips": seen.text("/proc/sys/crypto/fips_enabled") == Some("1") }))
}

/// Whether `/` is another directory than that of the first process.
pub(super) fn chroot(seen: &Seen) -> Facts {
    let mut lines = seen.raw("chroot").unwrap_or_default().lines();
    let named = lines.next().is_some_and(|name| !name.is_empty());
    let (own, first) = (lines.next(), lines.next());
    let usual = match seen.text("root file system") {
        Some("btrfs") => "256",
        Some("xfs") => "128",
        _ => "2",
    };
    let differs = match (own, first) {
        (Some(own), Some(first)) => own != first,
        (own, _) => {
            own.and_then(|own| own.rsplit_once(':')).is_some_and(|(_, inode)| inode != usual)
        }
    };
    object(json!({ "is_chroot": named || differs }))
}

pub(super) fn capabilities(seen: &Seen) -> Facts {
    let Some(said) = seen.said("capsh --print") else {
        return object(
            json!({ "system_capabilities": "N/A", "system_capabilities_enforced": "N/A" }),
        );
    };
    let (mut enforced, mut list) = ("NA", Vec::new());
    for current in said.lines().filter_map(|line| line.strip_prefix("Current:")) {
        if current.trim() == "=ep" {
            enforced = "False";
        } else {
            enforced = "True";
            let names = current.split('=').nth(1).unwrap_or_default();
            list = names.split(',').map(str::trim).collect();
        }
    }
    object(json!({ "system_capabilities": list, "system_capabilities_enforced": enforced }))
}

pub(super) fn load(seen: &Seen) -> Facts {
    let numbers = seen.text("/proc/loadavg").unwrap_or_default().split_whitespace();
    let numbers: Vec<f64> = numbers.map_while(|word| word.parse().ok()).collect();
    match numbers[..] {
        [one, five, fifteen, ..] => {
            object(json!({ "loadavg": { "1m": one, "5m": five, "15m": fifteen } }))
        }
        _ => Facts::new(),
    }
}

/// The words that the kernel was started with: the last value of a name, and all of them.
pub(super) fn command_line(seen: &Seen) -> Facts {
    let Some(text) = seen.text("/proc/cmdline") else { return Facts::new() };
    let (mut last, mut all) = (Map::new(), Map::new());
    for word in words(text).unwrap_or_default() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, json!(value)),
            None => (word.as_str(), json!(true)),
        };
        last.insert(name.to_owned(), value.clone());
        match all.get_mut(name) {
            Some(_) if value == json!(true) => {
                all.insert(name.to_owned(), value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = json!([first.clone(), value]),
            None => {
                all.insert(name.to_owned(), value);
            }
        }
    }
    object(json!({ "cmdline": last, "proc_cmdline": all }))
}

/// Words between blanks; a word that begins with a quote goes on to the next one, and keeps both.
/// `None` when that is missing.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = if matches!(first, '"' | '\'') {
            2 + rest[1..].find(first)?
        } else {
            rest.find(char::is_whitespace).unwrap_or(rest.len())
        };
        words.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
    }
    Some(words)
}
