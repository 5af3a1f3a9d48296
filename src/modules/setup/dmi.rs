//! What the machine's firmware says of the machine.

use super::Facts;
use crate::modules::seen::Seen;
use serde_json::json;

/// Facts, the kernel's files for them and what `dmidecode` calls them.
const NAMES: &[(&str, &str, &str)] = &[
    ("bios_date", "bios_date", "bios-release-date"),
    ("bios_vendor", "bios_vendor", "bios-vendor"),
    ("bios_version", "bios_version", "bios-version"),
    ("board_asset_tag", "board_asset_tag", "baseboard-asset-tag"),
    ("board_name", "board_name", "baseboard-product-name"),
    ("board_serial", "board_serial", "baseboard-serial-number"),
    ("board_vendor", "board_vendor", "baseboard-manufacturer"),
    ("board_version", "board_version", "baseboard-version"),
    ("chassis_asset_tag", "chassis_asset_tag", "chassis-asset-tag"),
    ("chassis_serial", "chassis_serial", "chassis-serial-number"),
    ("chassis_vendor", "chassis_vendor", "chassis-manufacturer"),
    ("chassis_version", "chassis_version", "chassis-version"),
    ("form_factor", "chassis_type", "chassis-type"),
    ("product_name", "product_name", "system-product-name"),
    ("product_serial", "product_serial", "system-serial-number"),
    ("product_uuid", "product_uuid", "system-uuid"),
    ("product_version", "product_version", "system-version"),
    ("system_vendor", "sys_vendor", "system-manufacturer"),
];

/// Chassis types by their number, SMBIOS specification 3.2, 7.4.1.
const FORM_FACTORS: &[&str] = &[
    "Unknown",
    "Other",
    "Unknown",
    "Desktop",
    "Low Profile Desktop",
    "Pizza Box",
    "Mini Tower",
    "Tower",
    "Portable",
    "Laptop",
    "Notebook",
    "Hand Held",
    "Docking Station",
    "All In One",
    "Sub Notebook",
    "Space-saving",
    "Lunch Box",
    "Main Server Chassis",
    "Expansion Chassis",
    "Sub Chassis",
    "Bus Expansion Chassis",
    "Peripheral Chassis",
    "RAID Chassis",
    "Rack Mount Chassis",
    "Sealed-case PC",
    "Multi-system",
    "CompactPCI",
    "AdvancedTCA",
    "Blade",
    "Blade Enclosure",
    "Tablet",
    "Convertible",
    "Detachable",
    "IoT Gateway",
    "Embedded PC",
    "Mini PC",
    "Stick PC",
];

const DIRECTORY: &str = "/sys/devices/virtual/dmi/id";

pub(super) fn facts(seen: &Seen) -> Facts {
    let mut facts = Facts::new();
    let of_kernel = seen.has(&format!("{DIRECTORY}/product_name"));
    for (fact, file, word) in NAMES {
        let value = if of_kernel {
            let text = seen.text(&format!("{DIRECTORY}/{file}"));
            text.map(
                |text| if *file == "chassis_type" { form_factor(text) } else { text.to_owned() },
            )
        } else {
            seen.said(&format!("dmidecode -s {word}")).map(uncommented)
        };
        facts.insert((*fact).to_owned(), json!(value.unwrap_or_else(|| "NA".to_owned())));
    }
    facts
}

fn form_factor(number: &str) -> String {
    let name = number.parse().ok().and_then(|index: usize| FORM_FACTORS.get(index));
    name.map_or_else(|| format!("unknown ({number})"), |name| (*name).to_owned())
}

fn uncommented(said: &str) -> String {
    said.lines().filter(|line| !line.starts_with('#')).collect()
}
