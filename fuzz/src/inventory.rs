//! Inventories in memory, and what holds for each of them.

use rrecover::error::Problems;
use rrecover::inventory::{Change, Edit, Inventory, Sources, UNSAFE_KEY, to_yaml};
use rrecover::vault::VAULT_KEY;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Larger inventories are read, and nothing more is done with them.
const MOST_HOSTS: usize = 40;

/// There is no such directory, so nothing stands beside an inventory in it.
pub fn path(name: &str) -> String {
    format!("/nonexistent/{name}")
}

fn sources(file: &str) -> Sources {
    Sources { inventory: vec![file.to_owned()], ..Sources::default() }
}

/// Reads `text` as if it stood in `file`.
pub fn load(file: &str, text: &str) -> Result<Inventory, Problems> {
    let texts = BTreeMap::from([(PathBuf::from(file), text.to_owned())]);
    Inventory::load_with(&sources(file), texts)
}

/// Every host is known, is in the groups that it says, and has variables that can be listed.
pub fn is_sound(inventory: &Inventory) {
    if inventory.hosts().count() > MOST_HOSTS {
        return;
    }
    let groups = inventory.groups();
    for host in inventory.hosts() {
        assert!(inventory.contains(host), "`{host}` is unknown");
        for group in inventory.groups_of(host) {
            assert!(groups[&group].iter().any(|name| name == host), "`{host}`, `{group}`");
        }
    }
    survives_yaml(inventory);
}

/// Groups with their hosts, and the hosts' variables.
type Shape = (BTreeMap<String, BTreeSet<String>>, BTreeMap<String, Value>);

fn shape(inventory: &Inventory) -> Shape {
    let groups = inventory.groups().into_iter().filter(|(_, hosts)| !hosts.is_empty());
    let groups = groups.map(|(name, hosts)| (name, hosts.into_iter().collect())).collect();
    let hosts = inventory.hosts().map(|host| (host.to_owned(), inventory.host(host))).collect();
    (groups, hosts)
}

/// What `--list --yaml` prints is the same inventory when it is read again.
fn survives_yaml(inventory: &Inventory) {
    let listed = inventory.list_nested(None);
    let text = listed.to_string();
    // A name that holds more than this may be read as a range, or as a name and a port.
    let plain = |name: &str| name.chars().all(|c| c.is_alphanumeric() || "._-".contains(c));
    // Variables of a host that has a group's name are taken for the group's, as in Ansible.
    let groups = inventory.groups();
    let plain = |name: &str| plain(name) && !groups.contains_key(name);
    // Hosts of `ungrouped` are taken out of it when it is read below another group, as in Ansible.
    let below_another = text.matches("\"ungrouped\":").count() > 1;
    // Marked text is printed as plain text; what it was is lost on purpose.
    if below_another
        || !inventory.hosts().all(plain)
        || listed.as_object().is_none_or(serde_json::Map::is_empty)
        || [UNSAFE_KEY, VAULT_KEY].iter().any(|mark| text.contains(mark))
    {
        return;
    }
    let printed = to_yaml(&listed);
    let again = load(&path("again.yml"), &printed);
    let again = again.unwrap_or_else(|problems| panic!("{printed}\n{problems}"));
    assert_eq!(shape(inventory), shape(&again), "{printed}");
}

/// Marks, unmarks, adds and removes the first hosts, and looks at what became of the text.
pub fn edit(file: &str, text: &str, inventory: &Inventory) {
    if inventory.hosts().count() > MOST_HOSTS || text.len() > 4096 {
        return;
    }
    let groups: Vec<String> = inventory.groups().into_keys().take(3).collect();
    for host in inventory.hosts().take(2).map(str::to_owned) {
        added(file, text, apply(file, inventory, &Edit::MarkBroken(host.clone())).as_ref());
        removed(text, apply(file, inventory, &Edit::Unmark(host.clone())).as_ref());
        removed(text, apply(file, inventory, &Edit::Remove(host)).as_ref());
    }
    if !inventory.contains("added-1") {
        let host = "added-1".to_owned();
        let variables = vec![("ip".to_owned(), "10.0.0.1".to_owned())];
        let edit = Edit::Add { host, groups, variables };
        added(file, text, apply(file, inventory, &edit).as_ref());
    }
}

/// The text that the edit makes; `None` where it is refused or changes nothing.
fn apply(file: &str, inventory: &Inventory, edit: &Edit) -> Option<(Edit, String)> {
    let mut changes: Vec<Change> = inventory.edit(&sources(file), edit).ok()?;
    assert!(changes.len() < 2, "one file became {}", changes.len());
    changes.pop().map(|change| (edit.clone(), change.after))
}

/// Every line that was there is there, in its order; the edit made again changes nothing.
fn added(file: &str, before: &str, after: Option<&(Edit, String)>) {
    let Some((edit, after)) = after else { return };
    if Path::new(file).extension().is_some_and(|end| end == "ini") {
        assert!(is_part(before, after), "{edit:?}\n{before:?}\n{after:?}");
    }
    let comments =
        |text: &str| text.lines().filter(|line| line.trim_start().starts_with('#')).count();
    assert_eq!(comments(before), comments(after), "{edit:?}\n{before:?}\n{after:?}");
    let again = load(file, after);
    let again = again.unwrap_or_else(|problems| panic!("{edit:?}\n{after:?}\n{problems}"));
    if !matches!(edit, Edit::Add { .. }) {
        assert_eq!(apply(file, &again, edit), None, "{edit:?} is not done\n{before:?}\n{after:?}");
    }
}

/// Nothing that was not there before is there now.
fn removed(before: &str, after: Option<&(Edit, String)>) {
    let Some((edit, after)) = after else { return };
    let words = |text: &str| text.split_whitespace().count();
    assert!(words(after) <= words(before) + 3, "{edit:?}\n{before:?}\n{after:?}");
}

/// Whether the lines of `part` stand in `whole` in the same order.
fn is_part(part: &str, whole: &str) -> bool {
    let mut lines = whole.lines().map(str::trim_end);
    part.lines().all(|wanted| lines.any(|line| line == wanted.trim_end()))
}
