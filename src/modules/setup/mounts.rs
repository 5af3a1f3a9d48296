//! The file systems that are mounted from a device or a server, with their sizes.

use super::{Facts, object};
use crate::modules::seen::Seen;
use serde_json::{Value, json};
use std::collections::HashMap;

pub(super) fn facts(seen: &Seen) -> Facts {
    let sizes = sizes(seen);
    let uuids = uuids(seen);
    let bound = bound(seen);
    let mut mounts: Vec<(String, Value)> = Vec::new();
    for line in seen.lines("mounts") {
        let fields: Vec<String> = line.split_whitespace().map(unescaped).collect();
        let [device, place, kind, options, rest @ ..] = &fields[..] else { continue };
        if (!device.starts_with(['/', '\\']) && !device.contains(":/")) || kind == "none" {
            continue;
        }
        let number = |index: usize| rest.get(index).and_then(|text| text.parse::<i64>().ok());
        let marked = options.split_once("bind").is_some_and(|(_, after)| after.contains('"'));
        let bind = if bound.contains(&place.as_str()) && !marked { ",bind" } else { "" };
        let mut mount = json!({
            "mount": place,
            "device": device,
            "fstype": kind,
            "options": format!("{options}{bind}"),
            "dump": number(0).unwrap_or_default(),
            "passno": number(1).unwrap_or_default(),
        });
        match sizes.get(place.as_str()) {
            Some(Size::Late) => {
                mount["note"] = json!("Could not get extra information due to timeout");
            }
            size => {
                if let Some(Size::Known(size)) = size {
                    size.add_to(&mut mount);
                }
                mount["uuid"] = json!(uuids.get(device.as_str()).unwrap_or(&"N/A"));
            }
        }
        // What is mounted over another one hides it.
        mounts.retain(|(known, _)| known != place);
        mounts.push((place.clone(), mount));
    }
    let mounts: Vec<Value> = mounts.into_iter().map(|(_, mount)| mount).collect();
    object(json!({ "mounts": mounts }))
}

/// What `stat` says of a file system.
enum Size {
    Known(Numbers),
    /// It did not answer in time.
    Late,
}

struct Numbers {
    fragment: u64,
    block: u64,
    blocks: u64,
    free_blocks: u64,
    inodes: u64,
    free_inodes: u64,
}

impl Numbers {
    fn add_to(&self, mount: &mut Value) {
        mount["size_total"] = json!(self.fragment.saturating_mul(self.blocks));
        mount["size_available"] = json!(self.fragment.saturating_mul(self.free_blocks));
        mount["block_size"] = json!(self.block);
        mount["block_total"] = json!(self.blocks);
        mount["block_available"] = json!(self.free_blocks);
        mount["block_used"] = json!(self.blocks.saturating_sub(self.free_blocks));
        mount["inode_total"] = json!(self.inodes);
        mount["inode_available"] = json!(self.free_inodes);
        // An overlay may say that more are free than there are.
        let used = i128::from(self.inodes) - i128::from(self.free_inodes);
        mount["inode_used"] = json!(i64::try_from(used).unwrap_or_default());
    }
}

fn sizes(seen: &Seen) -> HashMap<String, Size> {
    let mut sizes = HashMap::new();
    for line in seen.lines("sizes of file systems") {
        if let Some(place) = line.strip_prefix("timeout ") {
            sizes.insert(place.to_owned(), Size::Late);
            continue;
        }
        let mut fields = line.splitn(7, ' ');
        let mut number = || fields.next().and_then(|text| text.parse().ok()).unwrap_or_default();
        let numbers = Numbers {
            fragment: number(),
            block: number(),
            blocks: number(),
            free_blocks: number(),
            inodes: number(),
            free_inodes: number(),
        };
        if let Some(place) = fields.next() {
            sizes.insert(place.to_owned(), Size::Known(numbers));
        }
    }
    sizes
}

fn uuids(seen: &Seen) -> HashMap<&str, &str> {
    let said =
        seen.said("lsblk --list --noheadings --paths --output NAME,UUID --exclude 2").unwrap_or("");
    let pairs = said.lines().filter_map(|line| line.trim().rsplit_once(char::is_whitespace));
    let mut uuids = HashMap::new();
    for (device, uuid) in pairs {
        uuids.entry(device.trim()).or_insert(uuid);
    }
    uuids
}

/// Where a part of another file system is mounted: its source ends in the part's path in brackets.
fn bound(seen: &Seen) -> Vec<&str> {
    let said = seen.said("findmnt --list --noheadings --notruncate").unwrap_or_default();
    let fields = said.lines().filter_map(|line| {
        let mut fields = line.split_whitespace();
        Some((fields.next()?, fields.next()?))
    });
    fields.filter(|(_, source)| source.contains(']')).map(|(place, _)| place).collect()
}

/// A field of the mount table: blanks stand in it as a backslash and three octal digits.
fn unescaped(field: &str) -> String {
    let mut text = String::new();
    let mut rest = field;
    while let Some(at) = rest.find('\\') {
        let digits = rest.get(at + 1..at + 4).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        text.push_str(&rest[..at]);
        if let Some(byte) = digits {
            text.push(char::from(byte));
            rest = &rest[at + 4..];
        } else {
            text.push('\\');
            rest = &rest[at + 1..];
        }
    }
    text + rest
}
