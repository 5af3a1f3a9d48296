//! Which variable wins: Ansible's precedence, as one list.

use super::tree::{ALL, Tree};
use super::{Inventory, Variables, magic};

/// Where a host's variables come from.
#[derive(Debug, Clone, Copy)]
enum Layer {
    AllInInventory,
    GroupsInInventory,
    AllBesideInventory,
    AllBesidePlaybook,
    GroupsBesideInventory,
    GroupsBesidePlaybook,
    HostInInventory,
    HostBesideInventory,
    HostBesidePlaybook,
    Extra,
}

/// From the weakest to the strongest; a variable is replaced whole, never merged. Play variables,
/// facts and registered results stand between `HostBesidePlaybook` and `Extra`; the play adds them.
/// Among groups, deeper ones win, then those of higher priority, then the later by name.
const PRECEDENCE: [Layer; 10] = [
    Layer::AllInInventory,
    Layer::GroupsInInventory,
    Layer::AllBesideInventory,
    Layer::AllBesidePlaybook,
    Layer::GroupsBesideInventory,
    Layer::GroupsBesidePlaybook,
    Layer::HostInInventory,
    Layer::HostBesideInventory,
    Layer::HostBesidePlaybook,
    Layer::Extra,
];

/// The merged variables of `host`.
pub(super) fn variables(inventory: &Inventory, host: &str) -> Variables {
    let groups = sorted_groups(&inventory.tree, host);
    let mut merged = Variables::new();
    for layer in PRECEDENCE {
        add(layer, inventory, host, &groups, &mut merged);
    }
    merged
}

fn add(layer: Layer, inventory: &Inventory, host: &str, groups: &[&str], merged: &mut Variables) {
    let (tree, adjacent) = (&inventory.tree, &inventory.adjacent);
    let beside = match layer {
        Layer::AllBesideInventory | Layer::GroupsBesideInventory | Layer::HostBesideInventory => {
            &adjacent.inventory
        }
        _ => &adjacent.playbook,
    };
    let mut put = |variables: Option<&Variables>| {
        let variables = variables.into_iter().flatten();
        merged.extend(variables.map(|(name, variable)| (name.clone(), variable.clone())));
    };
    let in_tree = |group: &str| tree.groups.get(group).map(|group| &group.variables);
    match layer {
        Layer::AllInInventory => put(in_tree(ALL)),
        Layer::GroupsInInventory => {
            for group in groups {
                put(in_tree(group));
            }
        }
        Layer::AllBesideInventory | Layer::AllBesidePlaybook => {
            for place in beside {
                put(place.groups.get(ALL));
            }
        }
        Layer::GroupsBesideInventory | Layer::GroupsBesidePlaybook => {
            for place in beside {
                for group in groups {
                    put(place.groups.get(*group));
                }
            }
        }
        Layer::HostInInventory => put(Some(&magic::host_variables(tree, host))),
        Layer::HostBesideInventory | Layer::HostBesidePlaybook => {
            for place in beside {
                put(place.hosts.get(host));
            }
        }
        Layer::Extra => put(Some(&inventory.extra)),
    }
}

/// The host's groups without `all`, the weakest first.
fn sorted_groups<'a>(tree: &'a Tree, host: &str) -> Vec<&'a str> {
    let mut groups: Vec<_> = tree
        .groups_of(host)
        .into_iter()
        .filter(|name| *name != ALL)
        .filter_map(|name| tree.groups.get(name).map(|group| (group.depth, group.priority, name)))
        .collect();
    groups.sort_unstable();
    groups.into_iter().map(|(_, _, name)| name).collect()
}
