//! Memory, processors, uptime, logical volumes; with the firmware's data and the mounts.

use super::{Facts, dmi, mounts, object};
use crate::modules::seen::Seen;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

pub(super) fn facts(seen: &Seen) -> Facts {
    let mut facts = processors(seen);
    facts.extend(memory(seen));
    facts.extend(dmi::facts(seen));
    facts.extend(machine_of_ibm(seen));
    let uptime = seen.text("/proc/uptime").and_then(|text| text.split(['.', ' ']).next());
    if let Some(seconds) = uptime.and_then(|text| text.parse::<u64>().ok()) {
        facts.insert("uptime_seconds".into(), json!(seconds));
    }
    facts.insert("lvm".into(), volumes(seen));
    facts.extend(mounts::facts(seen));
    facts
}

fn memory(seen: &Seen) -> Facts {
    let mut sizes = HashMap::new();
    for (name, value) in seen.lines("/proc/meminfo").filter_map(|line| line.split_once(':')) {
        let kilobytes = value.split_whitespace().next().and_then(|text| text.parse::<i64>().ok());
        sizes.insert(name, kilobytes.unwrap_or_default() / 1024);
    }
    if sizes.is_empty() {
        return Facts::new();
    }
    let size = |name: &str| sizes.get(name).copied();
    let (total, free) = (size("MemTotal"), size("MemFree"));
    let unused = size("Cached").zip(free).zip(size("Buffers"));
    let unused = unused.map(|((cached, free), buffers)| cached + free + buffers);
    let less = |all: Option<i64>, part: Option<i64>| all.zip(part).map(|(all, part)| all - part);
    let (swap, swap_free) = (size("SwapTotal"), size("SwapFree"));
    object(json!({
        "memtotal_mb": total,
        "memfree_mb": free,
        "swaptotal_mb": swap,
        "swapfree_mb": swap_free,
        "memory_mb": {
            "real": { "total": total, "used": less(total, free), "free": free },
            "nocache": { "free": unused, "used": less(total, unused) },
            "swap": {
                "total": swap, "free": swap_free, "used": less(swap, swap_free),
                "cached": size("SwapCached"),
            },
        },
    }))
}

/// What `/proc/cpuinfo` counts.
#[derive(Default)]
struct Counts {
    described: Vec<String>,
    vendors: usize,
    models: usize,
    processors: usize,
    sockets: Ordered,
    cores: Ordered,
    s390_processors: u64,
    s390_threads: u64,
}

/// Numbers by name, the first name first.
#[derive(Default)]
struct Ordered(Vec<(String, u64)>);

impl Ordered {
    fn set(&mut self, name: &str, number: u64, only_new: bool) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some(entry) if !only_new => entry.1 = number,
            Some(_) => {}
            None => self.0.push((name.to_owned(), number)),
        }
    }

    fn first(&self) -> Option<u64> {
        self.0.first().map(|(_, number)| *number)
    }
}

impl Counts {
    fn read(seen: &Seen) -> Self {
        let mut counts = Self::default();
        let (mut socket, mut core) = ("0", "0");
        for line in seen.lines("/proc/cpuinfo") {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let (name, value) = (name.trim(), value.trim());
            let number = value.parse::<u64>().unwrap_or_default();
            match name {
                "model name" | "Processor" | "vendor_id" | "cpu" | "Vendor" | "processor" => {
                    counts.described.push(value.to_owned());
                    counts.vendors += usize::from(name == "vendor_id");
                    counts.models += usize::from(name == "model name");
                    counts.processors += usize::from(name == "processor");
                }
                "physical id" => {
                    socket = value;
                    counts.sockets.set(socket, 1, true);
                }
                "core id" => {
                    core = value;
                    // Ansible looks for a core among the sockets, and so must we.
                    if !counts.sockets.0.iter().any(|(known, _)| known == core) {
                        counts.cores.set(core, 1, false);
                    }
                }
                "cpu cores" => counts.sockets.set(socket, number, false),
                "siblings" => counts.cores.set(core, number, false),
                "# processors" => counts.s390_processors = number,
                "max thread id" => counts.s390_threads = number + 1,
                _ => {}
            }
        }
        counts
    }

    /// How many processors the descriptions stand for.
    fn number(&self, machine: &str) -> usize {
        let by_name = ["armv", "aarch", "ppc"].iter().any(|prefix| machine.starts_with(prefix));
        if by_name {
            self.processors
        } else if self.vendors > 0 && self.vendors == self.models {
            self.vendors
        } else {
            self.described.len()
        }
    }
}

fn processors(seen: &Seen) -> Facts {
    if !seen.has("/proc/cpuinfo") {
        return Facts::new();
    }
    let counts = Counts::read(seen);
    let machine = seen.text("uname -snrvm").unwrap_or_default().split_whitespace().last();
    let machine = machine.unwrap_or_default();
    let number = counts.number(machine) as u64;
    let flags = seen.text("flags of a processor").and_then(|line| line.split_once(':'));
    let flags: Option<Vec<&str>> = flags.map(|(_, flags)| flags.split_whitespace().collect());
    let xen = seen.exists("/proc/xen") || seen.text("/sys/hypervisor/type") == Some("xen");
    let paravirtual = xen && flags.as_ref().is_some_and(|flags| !flags.contains(&"vme"));
    let (count, cores, threads) = if machine == "s390x" {
        let threads = counts.s390_threads.max(1);
        (1, rounded(counts.s390_processors, threads), threads)
    } else if paravirtual {
        (number, number, 1)
    } else {
        let sockets = counts.sockets.0.len() as u64;
        let cores = counts.sockets.first().filter(|cores| *cores > 0).unwrap_or(1);
        let siblings = counts.cores.first().unwrap_or(1);
        (if sockets > 0 { sockets } else { number }, cores, rounded(siblings, cores))
    };
    let virtual_processors = match machine {
        "s390x" => counts.s390_processors,
        _ if paravirtual => number,
        _ => threads * count * cores,
    };
    let mut facts = object(json!({
        "processor": counts.described,
        "processor_count": count,
        "processor_cores": cores,
        "processor_threads_per_core": threads,
        "processor_vcpus": virtual_processors,
        "processor_nproc": allowed(seen).unwrap_or(counts.processors as u64),
    }));
    if let Some(flags) = flags {
        facts.insert("flags".into(), json!(flags));
    }
    facts
}

/// A quotient, rounded half to even as Python rounds.
fn rounded(dividend: u64, divisor: u64) -> u64 {
    let (quotient, twice) = (dividend / divisor, dividend % divisor * 2);
    quotient + u64::from(twice > divisor || (twice == divisor && quotient % 2 == 1))
}

/// How many processors a process may run on, of a list as `0-3,8`.
fn allowed(seen: &Seen) -> Option<u64> {
    let list =
        seen.lines("/proc/self/status").find_map(|l| l.strip_prefix("Cpus_allowed_list:"))?;
    let mut number = 0;
    for range in list.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        number += last.parse::<u64>().ok()? + 1 - first.parse::<u64>().ok()?;
    }
    Some(number)
}

/// What `/proc/sysinfo` says on IBM Z.
fn machine_of_ibm(seen: &Seen) -> Facts {
    if !seen.has("/proc/sysinfo") {
        return Facts::new();
    }
    let value = |label: &str| {
        let found = seen.lines("/proc/sysinfo").find_map(|line| line.strip_prefix(label));
        found.map_or_else(|| "NA".to_owned(), |value| value.trim().to_owned())
    };
    object(json!({
        "system_vendor": value("Manufacturer:"),
        "product_name": value("Type:"),
        "product_serial": value("Sequence Code:").trim_start_matches('0'),
        "product_version": "NA",
        "product_uuid": "NA",
    }))
}

/// Logical volumes, which only root can list.
fn volumes(seen: &Seen) -> Value {
    let said = |program: &str| {
        let said = seen.said(&format!("{program} --noheadings --nosuffix --units g --separator ,"));
        let lines = said?.lines().map(|line| line.trim().split(',').collect::<Vec<_>>());
        Some(lines.collect::<Vec<_>>())
    };
    if !seen.has("program vgs") || seen.text("id -u") != Some("0") {
        return json!("N/A");
    }
    let (mut groups, mut logical, mut physical) = (Map::new(), Map::new(), Map::new());
    for line in said("vgs").unwrap_or_default() {
        if let [name, disks, volumes, .., size, free] = line[..] {
            groups.insert(
                name.to_owned(),
                json!({ "size_g": size, "free_g": free, "num_lvs": volumes, "num_pvs": disks }),
            );
        }
    }
    for line in said("lvs").unwrap_or_default() {
        if let [name, group, _, size, ..] = line[..] {
            logical.insert(name.to_owned(), json!({ "size_g": size, "vg": group }));
        }
    }
    for line in said("pvs").unwrap_or_default() {
        if let [disk, group, _, _, size, free] = line[..] {
            let mapped = disk.strip_prefix("/dev/dm-").and_then(|number| {
                let name = seen.text(&format!("/sys/block/dm-{number}/dm/name"))?;
                Some(format!("/dev/mapper/{name}"))
            });
            let name = mapped.unwrap_or_else(|| disk.to_owned());
            physical.insert(name, json!({ "size_g": size, "free_g": free, "vg": group }));
        }
    }
    json!({ "lvs": logical, "vgs": groups, "pvs": physical })
}
