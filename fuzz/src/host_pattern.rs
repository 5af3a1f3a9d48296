//! Host patterns, over one inventory.

use super::inventory;
use rrecover::inventory::Inventory;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static HOSTS: LazyLock<Inventory> = LazyLock::new(|| {
    let text = "lonely\n\
        [etcd]\nnode1\nnode2\nnode3\n\
        [kube_control_plane]\nnode1\nnode2\n\
        [kube_node]\nnode[2:12]\nweb-a.example.org\n\
        [empty]\n\
        [k8s_cluster:children]\nkube_control_plane\nkube_node\n";
    let read = inventory::load(&inventory::path("hosts.ini"), text);
    read.unwrap_or_else(|problems| panic!("{problems}"))
});

pub fn run(data: &[u8]) {
    let Ok(pattern) = std::str::from_utf8(data) else { return };
    let inventory = &*HOSTS;
    let selected = inventory.select(pattern);
    let Ok(hosts) = inventory.matching(pattern) else {
        assert!(selected.is_err(), "`{pattern}` is refused in a play and not as a limit");
        return;
    };
    let distinct: BTreeSet<&String> = hosts.iter().collect();
    assert_eq!(distinct.len(), hosts.len(), "`{pattern}` gives a host twice");
    for host in &hosts {
        let implied = ["localhost", "127.0.0.1", "::1"].contains(&host.as_str());
        assert!(implied || inventory.contains(host), "`{pattern}` gives `{host}`");
    }
    if let Ok(selected) = selected {
        assert_eq!(selected, hosts, "`{pattern}` as a limit and in a play");
    }
    // One pattern alone can stand behind another.
    if !pattern.is_empty() && pattern.chars().all(|c| c.is_alphanumeric() || "*?_.-".contains(c)) {
        let answer = |pattern: String| inventory.matching(&pattern).ok();
        assert_eq!(answer(format!("{pattern}:!{pattern}")), Some(Vec::new()), "{pattern}");
        assert_eq!(answer(format!("{pattern}:&{pattern}")), Some(hosts.clone()), "{pattern}");
        assert_eq!(answer(format!("{pattern},{pattern}")), Some(hosts), "{pattern}");
    }
}
