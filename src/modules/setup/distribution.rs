//! Which distribution the host runs, from the files by which distributions name themselves.

use super::{Facts, object};
use crate::modules::seen::Seen;
use regex::Regex;
use serde_json::{Map, Value, json};

/// Files that may say it, in order; the first whose content is understood counts.
const FILES: &[(&str, &str)] = &[
    ("/etc/altlinux-release", "Altlinux"),
    ("/etc/oracle-release", "OracleLinux"),
    ("/etc/slackware-version", "Slackware"),
    ("/etc/centos-release", "CentOS"),
    ("/etc/redhat-release", "RedHat"),
    ("/etc/vmware-release", "VMwareESX"),
    ("/etc/openwrt_release", "OpenWrt"),
    ("/etc/os-release", "Amazon"),
    ("/etc/system-release", "Amazon"),
    ("/etc/alpine-release", "Alpine"),
    ("/etc/arch-release", "Archlinux"),
    ("/etc/os-release", "Archlinux"),
    ("/etc/os-release", "SUSE"),
    ("/etc/SuSE-release", "SUSE"),
    ("/etc/os-release", "Debian"),
    ("/etc/lsb-release", "Debian"),
    ("/usr/lib/os-release", "ClearLinux"),
    ("/etc/os-release", "Flatcar"),
    ("/etc/os-release", "NA"),
];

/// Files that say it by being there.
const MAY_BE_EMPTY: &[&str] = &["/etc/vmware-release", "/etc/arch-release"];

const FAMILIES: &[(&str, &[&str])] = &[
    (
        "RedHat",
        &[
            "RedHat",
            "RHEL",
            "Fedora",
            "CentOS",
            "Scientific",
            "SLC",
            "Ascendos",
            "CloudLinux",
            "PSBM",
            "OracleLinux",
            "OVS",
            "OEL",
            "Amazon",
            "Amzn",
            "Virtuozzo",
            "XenServer",
            "Alibaba",
            "EulerOS",
            "openEuler",
            "AlmaLinux",
            "Rocky",
            "TencentOS",
            "EuroLinux",
            "Kylin Linux Advanced Server",
            "MIRACLE",
        ],
    ),
    (
        "Debian",
        &[
            "Debian",
            "Ubuntu",
            "Raspbian",
            "Neon",
            "KDE neon",
            "Linux Mint",
            "SteamOS",
            "Devuan",
            "Kali",
            "Cumulus Linux",
            "Pop!_OS",
            "Parrot",
            "Pardus GNU/Linux",
            "Uos",
            "Deepin",
            "OSMC",
            "Linux Mint Debian Edition",
        ],
    ),
    (
        "Suse",
        &[
            "SuSE",
            "SLES",
            "SLED",
            "openSUSE",
            "openSUSE Tumbleweed",
            "SLES_SAP",
            "SUSE_LINUX",
            "openSUSE Leap",
            "ALP-Dolomite",
            "SL-Micro",
            "openSUSE MicroOS",
        ],
    ),
    ("Archlinux", &["Archlinux", "Antergos", "Manjaro"]),
    ("Gentoo", &["Gentoo", "Funtoo"]),
    ("ClearLinux", &["Clear Linux OS", "Clear Linux Mix"]),
];

pub(super) fn facts(seen: &Seen) -> Facts {
    let mut facts = guess(seen);
    for (path, name) in FILES {
        let data = match seen.text(path) {
            None if seen.has(path) && MAY_BE_EMPTY.contains(path) => "",
            None => continue,
            Some(data) => data,
        };
        let certain = MAY_BE_EMPTY.contains(path);
        let found = if certain { Some(Map::new()) } else { read(seen, name, path, data, &facts) };
        if let Some(found) = found {
            facts.insert("distribution".into(), json!(name));
            facts.insert("distribution_file_path".into(), json!(path));
            facts.insert("distribution_file_variety".into(), json!(name));
            if !certain {
                facts.insert("distribution_file_parsed".into(), json!(true));
            }
            facts.extend(found);
            break;
        }
    }
    let name = facts.get("distribution").and_then(Value::as_str).unwrap_or_default().to_owned();
    let family = FAMILIES.iter().find(|(_, names)| names.contains(&name.as_str()));
    facts.insert("os_family".into(), json!(family.map_or(name.as_str(), |(family, _)| family)));
    facts
}

/// What `os-release` says of itself.
fn guess(seen: &Seen) -> Facts {
    let own = ["/etc/os-release", "/usr/lib/os-release"].iter().find_map(|path| seen.text(path));
    let own = own.unwrap_or_default();
    let id = field(own, "ID").unwrap_or_default();
    let name = match id.to_ascii_lowercase().as_str() {
        "" => "OtherLinux".to_owned(),
        "amzn" => "Amazon".to_owned(),
        "rhel" => "Redhat".to_owned(),
        other => other[..1].to_ascii_uppercase() + &other[1..],
    };
    let version = version(seen, own, &id);
    let version = if version.is_empty() { "NA".to_owned() } else { version };
    let codename = field(own, "VERSION_CODENAME").or_else(|| field(own, "UBUNTU_CODENAME"));
    let codename = codename.or_else(|| {
        capture(r"\((\D+)\)|,\s*\D+", &field(own, "VERSION")?).filter(|name| !name.is_empty())
    });
    object(json!({
        "distribution": name,
        "distribution_version": version,
        "distribution_release": codename.unwrap_or_else(|| "NA".to_owned()),
        "distribution_major_version": version.split('.').next(),
    }))
}

/// The version. Debian and CentOS do not say all of it in `os-release`.
fn version(seen: &Seen, own: &str, id: &str) -> String {
    let short = field(own, "VERSION_ID").unwrap_or_default();
    let file = match id {
        "debian" => seen.text("/etc/debian_version"),
        "centos" => seen.text("/etc/centos-release"),
        _ => None,
    };
    let long = file.and_then(|text| capture(r"(\d+(?:\.\d+)*)", text)).unwrap_or_default();
    let dots = |text: &str| text.matches('.').count();
    let best = if short.is_empty() || dots(&long) > dots(&short) { long } else { short };
    if id == "centos" {
        return best.split('.').take(2).collect::<Vec<_>>().join(".");
    }
    best
}

/// What a file says when it is that of `name`; `None` when it is not.
fn read(seen: &Seen, name: &str, path: &str, data: &str, known: &Facts) -> Option<Facts> {
    let data = data.trim_matches(['\'', '"', '\\']);
    match name {
        "OracleLinux" => Some(by_words(name, "Oracle Linux", data)),
        "RedHat" => Some(by_words(name, "Red Hat", data)),
        "Altlinux" => Some(by_words(name, "ALT", data)),
        "Slackware" | "OpenWrt" => other(name, data),
        "CentOS" if data.contains("CentOS Stream") => {
            Some(object(json!({ "distribution_release": "Stream" })))
        }
        "CentOS" if data.contains("TencentOS Server") => {
            Some(object(json!({ "distribution": "TencentOS" })))
        }
        "Amazon" => amazon(path, data),
        "Alpine" => Some(object(json!({ "distribution_version": data }))),
        "Archlinux" if data.contains("Arch Linux") => Some(Facts::new()),
        "SUSE" => suse(seen, path, data, known),
        "Debian" => debian(seen, data, known),
        "ClearLinux" => clear_linux(data),
        "Flatcar" if known.get("distribution") == Some(&json!("Flatcar")) => {
            let version = field(data, "VERSION")?;
            Some(versioned(&version))
        }
        "NA" => {
            let name = field(data, "NAME").unwrap_or_else(|| "NA".to_owned());
            let mut facts = object(json!({ "distribution": name }));
            let unknown = known.get("distribution_version") == Some(&json!("NA"));
            if let Some(version) = field(data, "VERSION").filter(|_| unknown) {
                facts.insert("distribution_version".into(), json!(version));
            }
            Some(facts)
        }
        _ => None,
    }
}

/// A file whose first word is the distribution, unless it holds a longer name.
fn by_words(name: &str, full: &str, data: &str) -> Facts {
    if data.contains(full) {
        return object(json!({
            "distribution": name, "distribution_file_search_string": full,
        }));
    }
    object(json!({ "distribution": data.split_whitespace().next() }))
}

fn versioned(version: &str) -> Facts {
    object(json!({
        "distribution_version": version,
        "distribution_major_version": version.split('.').next(),
    }))
}

fn other(name: &str, data: &str) -> Option<Facts> {
    if !data.contains(name) {
        return None;
    }
    let mut facts = Facts::new();
    let patterns: &[(&str, &str)] = match name {
        "Slackware" => &[("distribution_version", r"(\w+[.]\w+\+?)")],
        _ => &[
            ("distribution_version", r#"DISTRIB_RELEASE="(.*)""#),
            ("distribution_release", r#"DISTRIB_CODENAME="(.*)""#),
        ],
    };
    for (fact, pattern) in patterns {
        if let Some(value) = capture(pattern, data) {
            facts.insert((*fact).to_owned(), json!(value));
        }
    }
    Some(facts)
}

fn amazon(path: &str, data: &str) -> Option<Facts> {
    if !data.contains("Amazon") {
        return None;
    }
    if path != "/etc/os-release" {
        let number = |word: &&str| word.chars().all(|c| c.is_ascii_digit());
        let version = data.split_whitespace().find(number).unwrap_or("NA");
        return Some(object(json!({ "distribution_version": version })));
    }
    let Some(version) = capture(r#"VERSION_ID="(.*)""#, data) else { return Some(Facts::new()) };
    let minor = version.split_once('.').map_or("NA", |(_, minor)| minor);
    let mut facts = versioned(&version);
    facts.insert("distribution_minor_version".into(), json!(minor));
    Some(facts)
}

fn clear_linux(data: &str) -> Option<Facts> {
    let name = capture(r#"NAME="(.*)""#, data).filter(|name| name.contains("Clear Linux"))?;
    let version = field(data, "VERSION_ID")?;
    Some(object(json!({
        "distribution": name,
        "distribution_version": version,
        "distribution_major_version": version,
        "distribution_release": capture("ID=(.*)", data),
    })))
}

fn suse(seen: &Seen, path: &str, data: &str, known: &Facts) -> Option<Facts> {
    let lower = data.to_lowercase();
    if !lower.contains("suse") {
        return None;
    }
    let mut facts = Facts::new();
    if path == "/etc/SuSE-release" {
        let level = capture("PATCHLEVEL = ([0-9]+)", data).filter(|_| lower.contains("enterprise"));
        facts.insert("distribution".into(), json!(data.split_whitespace().next()));
        if let (Some(level), Some(Value::String(version))) =
            (level, known.get("distribution_version"))
        {
            let version = format!("{version}.{level}");
            facts.insert("distribution".into(), json!("SLES"));
            facts.insert("distribution_release".into(), json!(level));
            facts.insert("distribution_version".into(), json!(version));
        }
        return Some(facts);
    }
    if let Some(name) = field(data, "NAME") {
        facts.insert("distribution".into(), json!(name));
    }
    if let Some(version) = capture(r#"(?m)^VERSION_ID="?([0-9]+\.?[0-9]*)"?"#, data) {
        let minor = version.split_once('.').map_or("", |(_, minor)| minor).to_owned();
        let enterprise = !lower.contains("open") && lower.contains("enterprise");
        let release = if enterprise && minor.is_empty() { "0".to_owned() } else { minor };
        facts.extend(versioned(&version));
        facts.insert("distribution_release".into(), json!(release));
    }
    let product = seen.text("product").unwrap_or_default();
    let variant = field(data, "VARIANT_ID");
    // Older ones have no variant but a product.
    let special = match variant.as_deref() {
        Some("server-sap" | "sles-sap") => Some("SLES_SAP"),
        Some("transactional") => Some("SL-Micro"),
        None if product.ends_with("SLES_SAP.prod") => Some("SLES_SAP"),
        None if product.ends_with("SL-Micro.prod") => Some("SL-Micro"),
        _ => None,
    };
    if let Some(name) = special {
        facts.insert("distribution".into(), json!(name));
    }
    Some(facts)
}

/// Debian's descendants: a word that says which, and whether version and release are read anew.
const DESCENDANTS: &[(&[&str], &str)] = &[
    (&["Ubuntu"], "Ubuntu"),
    (&["SteamOS"], "SteamOS"),
    (&["Kali"], "Kali"),
    (&["Parrot"], "Parrot"),
    (&["Devuan"], "Devuan"),
    (&["Cumulus"], "Cumulus Linux"),
    (&["Mint"], "Linux Mint"),
    (&["UOS", "Uos", "uos"], "Uos"),
    (&["Deepin", "deepin"], "Deepin"),
    (&["LMDE"], "Linux Mint Debian Edition"),
];

fn debian(seen: &Seen, data: &str, known: &Facts) -> Option<Facts> {
    let mut facts = Facts::new();
    if data.contains("Debian") || data.contains("Raspbian") {
        facts.insert("distribution".into(), json!("Debian"));
        if let Some(release) = capture(r"PRETTY_NAME=[^(]+ \(?([^)]+?)\)", data) {
            facts.insert("distribution_release".into(), json!(release));
        } else if let Some(release) = known.get("distribution_release") {
            facts.insert("distribution_release".into(), release.clone());
        }
        let version = seen.text("/etc/debian_version").unwrap_or_default();
        if let Some(minor) = capture(r"\d+\.(\d+)", version) {
            facts.insert("distribution_minor_version".into(), json!(minor));
        }
        return Some(facts);
    }
    let says = |words: &[&str]| words.iter().any(|word| data.contains(word));
    let (_, name) = DESCENDANTS.iter().find(|(words, _)| says(words))?;
    facts.insert("distribution".into(), json!(name));
    let release = match *name {
        "Kali" | "Parrot" => capture("DISTRIB_RELEASE=(.*)", data),
        "Devuan" => capture(r#"PRETTY_NAME="?[^("]+ \(?([^) "]+)\)?"#, data),
        "Cumulus Linux" => capture(r#"VERSION="(.*)""#, data),
        "Uos" | "Deepin" => field(data, "VERSION_CODENAME"),
        _ => None,
    };
    let version = match *name {
        "Devuan" | "Linux Mint" | "Uos" | "Deepin" => capture(r#"VERSION_ID="(.*)""#, data),
        "Cumulus Linux" => field(data, "VERSION_ID"),
        _ => None,
    };
    if let Some(version) = version {
        let all = *name == "Devuan";
        facts.extend(versioned(&version));
        if all {
            facts.insert("distribution_major_version".into(), json!(version));
        }
    }
    if let Some(release) = release {
        facts.insert("distribution_release".into(), json!(release));
    }
    Some(facts)
}

/// What `lsb_release` says, else its file.
pub(super) fn lsb(seen: &Seen) -> Facts {
    let mut facts = Facts::new();
    let said = seen.said("lsb_release -a").unwrap_or_default();
    let of_file = seen.text("/etc/lsb-release").unwrap_or_default();
    let names: &[(&str, &str)] = &[
        ("LSB Version:", "release"),
        ("Distributor ID:", "id"),
        ("Description:", "description"),
        ("Release:", "release"),
        ("Codename:", "codename"),
        ("DISTRIB_ID=", "id"),
        ("DISTRIB_RELEASE=", "release"),
        ("DISTRIB_DESCRIPTION=", "description"),
        ("DISTRIB_CODENAME=", "codename"),
    ];
    for line in if said.is_empty() { of_file } else { said }.lines() {
        let found = names.iter().find_map(|(label, fact)| Some((fact, line.strip_prefix(label)?)));
        if let Some((fact, value)) = found {
            let value = value.trim().trim_matches(['\'', '"', '\\']);
            facts.insert((*fact).to_owned(), json!(value));
        }
    }
    if let Some(release) = facts.get("release").and_then(Value::as_str) {
        let major = release.split('.').next().unwrap_or_default().to_owned();
        facts.insert("major_release".into(), json!(major));
    }
    object(json!({ "lsb": facts }))
}

/// The value of a line `NAME=value`, without quotes.
fn field(data: &str, name: &str) -> Option<String> {
    let value = data.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.trim().trim_matches(['"', '\'']).to_owned())
}

fn capture(pattern: &str, data: &str) -> Option<String> {
    let captures = Regex::new(pattern).ok()?.captures(data)?;
    Some(captures.get(1).map_or("", |group| group.as_str()).to_owned())
}
