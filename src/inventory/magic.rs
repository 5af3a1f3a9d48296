//! Variables that the inventory itself defines for a host.

use super::tree::{ALL, Tree};
use super::{Variable, Variables, address};
use serde_json::Value;
use std::path::Path;

/// The names that mean this machine without being in the inventory.
pub(super) const LOCALHOST: [&str; 3] = ["127.0.0.1", "localhost", "::1"];

/// Names that `ansible-inventory` leaves out, because Ansible defines them and not the operator.
pub(super) const INTERNAL: [&str; 33] = [
    "ansible_async_path",
    "ansible_collection_name",
    "ansible_config_file",
    "ansible_dependent_role_names",
    "ansible_diff_mode",
    "ansible_facts",
    "ansible_forks",
    "ansible_inventory_sources",
    "ansible_limit",
    "ansible_play_batch",
    "ansible_play_hosts",
    "ansible_play_hosts_all",
    "ansible_play_role_names",
    "ansible_playbook_python",
    "ansible_role_name",
    "ansible_role_names",
    "ansible_run_tags",
    "ansible_skip_tags",
    "ansible_verbosity",
    "ansible_version",
    "inventory_dir",
    "inventory_file",
    "inventory_hostname",
    "inventory_hostname_short",
    "groups",
    "group_names",
    "hostvars",
    "playbook_dir",
    "play_hosts",
    "role_name",
    "role_names",
    "role_path",
    "role_uuid",
];

/// What the inventory says of the host itself, with the names of the host and its groups on top.
pub(super) fn host_variables(tree: &Tree, host: &str) -> Variables {
    let mut variables = Variables::new();
    let mut set =
        |name: &str, value: Value| variables.insert(name.to_owned(), Variable::new(value));
    match tree.hosts.get(host) {
        Some(known) => {
            let directory =
                Path::new(&known.source).parent().filter(|_| !known.source.contains(','));
            set("inventory_file", Value::from(known.source.as_str()));
            set("inventory_dir", directory.map(|path| path.display().to_string()).into());
            variables.extend(known.variables.clone());
        }
        None if LOCALHOST.contains(&host) => {
            set("ansible_connection", Value::from("local"));
        }
        None => {}
    }
    let short = if address::is_ip(host) { host } else { host.split('.').next().unwrap_or(host) };
    let mut set =
        |name: &str, value: Value| variables.insert(name.to_owned(), Variable::new(value));
    set("inventory_hostname", Value::from(host));
    set("inventory_hostname_short", Value::from(short));
    set("group_names", Value::from(group_names(tree, host)));
    variables
}

/// The groups of a host, sorted, without `all`.
pub(super) fn group_names(tree: &Tree, host: &str) -> Vec<String> {
    let groups = tree.groups_of(host).into_iter().filter(|name| *name != ALL);
    let mut names: Vec<String> = groups.map(str::to_owned).collect();
    names.sort_unstable();
    names
}
