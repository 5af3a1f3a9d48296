//! What starts services and what installs packages on the host.

use super::{Facts, distribution, object};
use crate::modules::seen::Seen;
use serde_json::json;

/// Programs that install packages; the last one that is there counts.
const INSTALLERS: &[(&str, &str)] = &[
    ("/usr/bin/yum", "dnf"),
    ("/usr/bin/dnf-3", "dnf"),
    ("/usr/bin/dnf5", "dnf5"),
    ("/usr/bin/apt-get", "apt"),
    ("/usr/bin/zypper", "zypper"),
    ("/usr/sbin/urpmi", "urpmi"),
    ("/usr/bin/pacman", "pacman"),
    ("/bin/opkg", "opkg"),
    ("/sbin/apk", "apk"),
    ("/usr/bin/emerge", "portage"),
    ("/usr/bin/xbps-install", "xbps"),
    ("/usr/bin/swupd", "swupd"),
    ("/usr/sbin/sorcery", "sorcery"),
];

pub(super) fn packages(seen: &Seen) -> Facts {
    let present = INSTALLERS.iter().rev().find(|(path, _)| seen.exists(path));
    let present = present.map_or("unknown", |(_, name)| name);
    let family = distribution::facts(seen);
    let name = match family.get("os_family").and_then(|family| family.as_str()) {
        Some("RedHat") => red_hat(seen),
        Some("Debian") => "apt",
        Some("Altlinux") if present == "apt" => "apt_rpm",
        _ => present,
    };
    let of_rpm = seen.said("/usr/bin/rpm -q --whatprovides /usr/bin/apt-get").is_some();
    let name = if name == "apt" && of_rpm { "apt_rpm" } else { name };
    object(json!({ "pkg_mgr": name }))
}

fn red_hat(seen: &Seen) -> &'static str {
    if seen.exists("/run/ostree-booted") {
        return "atomic_container";
    }
    let mut programs = ["/usr/bin/dnf", "/usr/bin/microdnf"].into_iter();
    match programs.find(|path| seen.exists(path)) {
        None => "unknown",
        Some(path) if seen.text(&format!("target {path}")) == Some("/usr/bin/dnf5") => "dnf5",
        Some(_) => "dnf",
    }
}

/// Whether systemd was booted.
fn is_systemd(seen: &Seen) -> bool {
    let signs = ["/run/systemd/system", "/dev/.run/systemd", "/dev/.systemd"];
    seen.has("program systemctl") && signs.iter().any(|path| seen.exists(path))
}

pub(super) fn services(seen: &Seen) -> Facts {
    let init = seen.text("target /sbin/init");
    let base = |path: &'_ str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let first = seen.text("/proc/1/comm").or(init).map(base);
    // `init` says nothing, and a shell is that of a container.
    let first = first.filter(|name| name != "init" && !name.ends_with("sh"));
    let name = match first.as_deref() {
        Some("procd") => "openwrt_init".to_owned(),
        Some("runit-init") => "runit".to_owned(),
        Some("svscan") => "svc".to_owned(),
        Some("openrc-init") => "openrc".to_owned(),
        Some(other) => other.to_owned(),
        None => by_signs(seen, init).to_owned(),
    };
    object(json!({ "service_mgr": name }))
}

fn by_signs(seen: &Seen, init: Option<&str>) -> &'static str {
    let distribution = distribution::facts(seen);
    match distribution.get("distribution").and_then(|name| name.as_str()) {
        Some("OpenWrt") => return "openwrt_init",
        Some("SMGL") => return "simpleinit_msb",
        _ => {}
    }
    let offline = init.is_some_and(|path| path.rsplit('/').next() == Some("systemd"));
    if is_systemd(seen) {
        "systemd"
    } else if seen.has("program initctl") && seen.exists("/etc/init") {
        "upstart"
    } else if seen.exists("/sbin/openrc") {
        "openrc"
    } else if seen.has("program systemctl") && offline {
        "systemd"
    } else if seen.exists("/etc/init.d") {
        "sysvinit"
    } else if seen.exists("/etc/dinit.d") {
        "dinit"
    } else {
        "service"
    }
}

pub(super) fn systemd(seen: &Seen) -> Facts {
    let said = seen.said("systemctl --version").filter(|_| is_systemd(seen));
    let mut lines = said.unwrap_or_default().lines();
    let version = lines.next().and_then(|line| line.split(' ').nth(1));
    let version = version.and_then(|word| word.parse::<u64>().ok());
    match (version, lines.next()) {
        (Some(version), Some(features)) => {
            object(json!({ "systemd": { "version": version, "features": features } }))
        }
        _ => Facts::new(),
    }
}
