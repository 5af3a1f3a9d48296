//! Whether the host is a machine, runs on one or in a container, and what it could run itself.

use super::{Facts, object};
use crate::modules::seen::Seen;
use regex::Regex;
use serde_json::json;
use std::collections::BTreeSet;

pub(super) fn facts(seen: &Seen) -> Facts {
    let mut found = Found::default();
    containers(seen, &mut found);
    xen(seen, &mut found);
    firmware(seen, &mut found);
    processor(seen, &mut found);
    modules(seen, &mut found);
    let (kind, role) = found.first.unwrap_or(("NA".to_owned(), "NA"));
    object(json!({
        "virtualization_type": kind,
        "virtualization_role": role,
        "virtualization_tech_guest": found.guest,
        "virtualization_tech_host": found.host,
    }))
}

/// What was found: the first one names the host, all of them are listed.
#[derive(Default)]
struct Found {
    first: Option<(String, &'static str)>,
    guest: BTreeSet<String>,
    host: BTreeSet<String>,
}

impl Found {
    fn guest(&mut self, kind: &str) {
        self.guest.insert(kind.to_owned());
        self.first.get_or_insert((kind.to_owned(), "guest"));
    }

    fn host(&mut self, kind: &str) {
        self.host.insert(kind.to_owned());
        self.first.get_or_insert((kind.to_owned(), "host"));
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}

fn containers(seen: &Seen, found: &mut Found) {
    for line in seen.lines("/proc/1/cgroup") {
        if matches(r"/docker(/|-[0-9a-f]+\.scope)", line) {
            found.guest("docker");
        }
        if line.contains("/lxc/") || line.contains("/machine.slice/machine-lxc") {
            found.guest("lxc");
        }
        if line.contains("/system.slice/containerd.service") {
            found.guest("containerd");
        }
    }
    for variable in seen.raw("/proc/1/environ").unwrap_or_default().split('\0') {
        for kind in ["lxc", "podman"] {
            if variable.contains(&format!("container={kind}")) {
                found.guest(kind);
            }
        }
        if variable.strip_prefix("container=").is_some_and(|kind| !kind.is_empty()) {
            found.guest("container");
        }
    }
    if seen.exists("/proc/vz") && !seen.exists("/proc/lve") {
        if seen.exists("/proc/bc") { found.host("openvz") } else { found.guest("openvz") }
    }
    let of_systemd = seen.text("/run/systemd/container");
    if let Some(kind) = of_systemd {
        found.guest(kind);
    }
    if seen.exists("/.dockerenv") || seen.exists("/.dockerinit") {
        found.guest("docker");
    }
    let kinds = ["docker", "lxc", "podman", "openvz", "containerd"];
    if of_systemd.is_some() || kinds.iter().any(|kind| found.guest.contains(*kind)) {
        found.guest.insert("container".to_owned());
    }
}

fn xen(seen: &Seen, found: &mut Found) {
    if !seen.exists("/proc/xen") {
        return;
    }
    if seen.text("/proc/xen/capabilities").is_some_and(|text| text.contains("control_d")) {
        found.host("xen");
    } else {
        found.first.get_or_insert(("xen".to_owned(), "guest"));
    }
}

/// Vendors whose machines are guests of KVM.
const KVM_VENDORS: &[&str] =
    &["QEMU", "Amazon EC2", "DigitalOcean", "Google", "Scaleway", "Nutanix"];

fn firmware(seen: &Seen, found: &mut Found) {
    let text =
        |name: &str| seen.text(&format!("/sys/devices/virtual/dmi/id/{name}")).unwrap_or_default();
    let (product, vendor, bios) = (text("product_name"), text("sys_vendor"), text("bios_vendor"));
    if matches!(product, "KVM" | "KVM Server" | "Bochs" | "AHV" | "CloudStack KVM Hypervisor") {
        found.guest("kvm");
    }
    match (vendor, text("product_family"), product) {
        ("oVirt", ..) => found.guest("oVirt"),
        ("Red Hat", "RHV", _) => found.guest("RHV"),
        ("Red Hat", _, "RHEV Hypervisor") => found.guest("RHEV"),
        _ => {}
    }
    if product.starts_with("VMware") {
        found.guest("VMware");
    }
    if matches!(product, "OpenStack Compute" | "OpenStack Nova") {
        found.guest("openstack");
    }
    match bios {
        "Xen" => found.guest("xen"),
        "innotek GmbH" => found.guest("virtualbox"),
        "Amazon EC2" | "DigitalOcean" | "Hetzner" | "Linode" => found.guest("kvm"),
        _ => {}
    }
    match vendor {
        _ if KVM_VENDORS.contains(&vendor) => found.guest("kvm"),
        "KubeVirt" => found.guest("KubeVirt"),
        "Microsoft Corporation" => found.guest("VirtualPC"),
        "Parallels Software International Inc." => found.guest("parallels"),
        "OpenStack Foundation" => found.guest("openstack"),
        _ => {}
    }
}

fn processor(seen: &Seen, found: &mut Found) {
    let context = seen.lines("/proc/self/status").find_map(|line| line.strip_prefix("VxID:"));
    match context.map(str::trim) {
        None => {}
        Some(id) if id.starts_with('0') => found.host("linux_vserver"),
        Some(_) => found.guest("linux_vserver"),
    }
    for line in seen.lines("machine of a processor") {
        let kinds = [
            ("^model name.*QEMU Virtual CPU", "kvm"),
            ("^vendor_id.*User Mode Linux", "uml"),
            ("^model name.*UML", "uml"),
            ("^machine.*CHRP IBM pSeries .emulated by qemu.", "kvm"),
            ("^vendor_id.*PowerVM Lx86", "powervm_lx86"),
        ];
        if let Some((_, kind)) = kinds.iter().find(|(pattern, _)| matches(pattern, line)) {
            found.guest(kind);
        } else if matches("^vendor_id.*IBM/S390", line) {
            found.guest.insert("PR/SM".to_owned());
            found.first.get_or_insert(("PR/SM".to_owned(), "LPAR"));
        }
    }
}

fn modules(seen: &Seen, found: &mut Found) {
    let loaded: Vec<&str> = seen.lines("modules of the kernel").collect();
    if loaded.contains(&"kvm") {
        found.host("kvm");
    }
    if loaded.contains(&"vboxdrv") {
        found.host("virtualbox");
    }
    if loaded.contains(&"virtio") {
        // A guest, although Ansible lists it as what the host could run.
        found.host.insert("kvm".to_owned());
        found.first.get_or_insert(("kvm".to_owned(), "guest"));
    }
    let product = seen.said("dmidecode -s system-product-name").unwrap_or_default();
    if product.lines().any(|line| line.trim().starts_with("VMware")) {
        found.guest("VMware");
    }
    if product.contains("BHYVE") {
        found.guest("bhyve");
    }
    if seen.exists("/dev/kvm") {
        found.host("kvm");
    }
}
