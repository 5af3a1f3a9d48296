//! Which facts a task asks for: `gather_subset` chooses before they are gathered, `filter` after.

use super::super::ModuleError;
use regex::Regex;
use std::collections::BTreeSet;

/// What gathers facts together, the names by which parts of it are asked for, and what else is
/// gathered with it.
struct Collector {
    name: &'static str,
    parts: &'static [&'static str],
    needs: &'static [&'static str],
}

const fn collector(name: &'static str, parts: &'static [&'static str]) -> Collector {
    Collector { name, parts, needs: &[] }
}

impl Collector {
    const fn with(mut self, needs: &'static [&'static str]) -> Self {
        self.needs = needs;
        self
    }
}

/// Every collector there is on Linux, with Ansible's names.
const COLLECTORS: &[Collector] = &[
    collector("apparmor", &[]),
    collector("caps", &["system_capabilities", "system_capabilities_enforced"]),
    collector("chroot", &["is_chroot"]),
    collector("cmdline", &[]),
    collector("date_time", &[]),
    collector(
        "distribution",
        &[
            "distribution_version",
            "distribution_release",
            "distribution_major_version",
            "os_family",
        ],
    ),
    collector("dns", &[]),
    collector("env", &[]),
    collector("fibre_channel_wwn", &[]),
    collector("fips", &[]),
    collector(
        "hardware",
        &["processor", "processor_cores", "processor_count", "mounts", "devices"],
    )
    .with(&["platform"]),
    collector("iscsi", &[]),
    collector("loadavg", &[]),
    collector("local", &[]),
    collector("lsb", &[]),
    collector(
        "network",
        &["interfaces", "default_ipv4", "default_ipv6", "all_ipv4_addresses", "all_ipv6_addresses"],
    )
    .with(&["distribution", "platform"]),
    collector("nvme", &[]),
    collector("pkg_mgr", &[]).with(&["distribution"]),
    collector(
        "platform",
        &["system", "kernel", "kernel_version", "machine", "architecture", "machine_id"],
    ),
    collector("selinux", &[]),
    collector("service_mgr", &[]).with(&["platform", "distribution"]),
    collector(
        "ssh_pub_keys",
        &[
            "ssh_host_pub_keys",
            "ssh_host_key_dsa_public",
            "ssh_host_key_rsa_public",
            "ssh_host_key_ecdsa_public",
            "ssh_host_key_ed25519_public",
        ],
    ),
    collector("systemd", &[]),
    collector(
        "user",
        &[
            "user_id",
            "user_uid",
            "user_gid",
            "user_gecos",
            "user_dir",
            "user_shell",
            "real_user_id",
            "effective_user_id",
            "effective_group_ids",
        ],
    ),
    collector(
        "virtual",
        &[
            "virtualization_type",
            "virtualization_role",
            "virtualization_tech_guest",
            "virtualization_tech_host",
        ],
    ),
];

/// What is gathered even for `!all`.
const MINIMUM: &[&str] = &[
    "apparmor",
    "caps",
    "cmdline",
    "date_time",
    "distribution",
    "dns",
    "env",
    "fips",
    "local",
    "lsb",
    "pkg_mgr",
    "platform",
    "selinux",
    "service_mgr",
    "ssh_pub_keys",
    "user",
];

/// What other programs would gather, which are not asked; excluding them is the usual thing to do.
const ABSENT: &[&str] = &["facter", "ohai", "python", "python_version"];

/// The collectors that `gather_subset` asks for, as Ansible reads it.
pub(super) fn collectors(asked: &[String]) -> Result<BTreeSet<&'static str>, ModuleError> {
    let valid = || COLLECTORS.iter().flat_map(|one| std::iter::once(&one.name).chain(one.parts));
    let mut added: BTreeSet<&str> = MINIMUM.iter().copied().collect();
    let mut excluded = BTreeSet::new();
    let mut named = BTreeSet::new();
    for subset in asked.iter().map(String::as_str) {
        match subset {
            "min" => added.extend(MINIMUM),
            "all" => added.extend(valid()),
            "!min" => excluded.extend(MINIMUM),
            "!all" => excluded.extend(valid().filter(|name| !MINIMUM.contains(name))),
            _ if subset.starts_with('!') => {
                let name = &subset[1..];
                excluded.insert(name);
                excluded.extend(parts(name));
            }
            _ if valid().any(|name| *name == subset) => {
                named.insert(subset);
                added.insert(subset);
            }
            _ => return Err(bad(subset)),
        }
    }
    added.retain(|name| !excluded.contains(name) || named.contains(name));
    let mut chosen = BTreeSet::new();
    for one in COLLECTORS {
        if added.contains(one.name) || one.parts.iter().any(|part| added.contains(part)) {
            chosen.insert(one.name);
            chosen.extend(one.needs);
        }
    }
    Ok(chosen)
}

fn parts(name: &str) -> &'static [&'static str] {
    COLLECTORS.iter().find(|one| one.name == name).map_or(&[], |one| one.parts)
}

fn bad(subset: &str) -> ModuleError {
    let reason = if ABSENT.contains(&subset) {
        format!("cannot be `{subset}`: that program is not asked for facts")
    } else {
        let names: Vec<&str> = COLLECTORS.iter().map(|one| one.name).collect();
        format!("knows no subset `{subset}`; there are all, min, {}", names.join(", "))
    };
    ModuleError::Argument { name: "gather_subset".to_owned(), reason }
}

/// Which facts are given back.
pub(super) struct Filter(Vec<Regex>);

impl Filter {
    /// One of the patterns has to match a fact's name, with or without `ansible_` in front.
    pub(super) fn new(patterns: &[String]) -> Result<Self, ModuleError> {
        let mut filters = Vec::new();
        for pattern in patterns {
            let prefixes: &[&str] = match pattern.as_str() {
                "" => return Ok(Self(Vec::new())),
                known if ["ansible_", "facter", "ohai"].iter().any(|p| known.starts_with(p)) => {
                    &[""]
                }
                _ => &["", "ansible_"],
            };
            for prefix in prefixes {
                filters.push(glob(&format!("{prefix}{pattern}"))?);
            }
        }
        Ok(Self(filters))
    }

    /// Whether a fact of that name is given back.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|glob| glob.is_match(name))
    }
}

/// A shell's pattern with `*`, `?`, `[…]` and `[!…]`.
fn glob(pattern: &str) -> Result<Regex, ModuleError> {
    let mut text = String::from("(?s)^");
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => text.push_str(".*"),
            '?' => text.push('.'),
            '[' => match set(rest) {
                Some((set, after)) => {
                    text.push_str(&set);
                    rest = after;
                }
                None => text.push_str("\\["),
            },
            c => text.push_str(&regex::escape(&c.to_string())),
        }
    }
    text.push('$');
    Regex::new(&text).map_err(|_| ModuleError::Argument {
        name: "filter".to_owned(),
        reason: format!("is no pattern: `{pattern}`"),
    })
}

/// What stands after a bracket up to the closing one, as a regular expression, and what follows.
fn set(rest: &str) -> Option<(String, &str)> {
    let (sign, body) = rest.strip_prefix('!').map_or(("", rest), |body| ("^", body));
    // A closing bracket at the beginning belongs to the set.
    let first = usize::from(body.starts_with(']'));
    let end = first + body[first..].find(']')?;
    let escaped: String = body[..end]
        .chars()
        .flat_map(|c| if "\\[]^&~".contains(c) { vec!['\\', c] } else { vec![c] })
        .collect();
    Some((format!("[{sign}{escaped}]"), &body[end + 1..]))
}
