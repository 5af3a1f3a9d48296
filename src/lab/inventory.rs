//! The lab's inventory, as the operator of a Kubespray cluster has it, and what OpenSSH needs.

use super::state::{Host, Role, State, write};
use super::{LabError, Spec};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Who is in which group. A test writes what an operator would.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groups {
    /// `kube_control_plane`; empty in a lab without Kubernetes.
    pub kube_control_plane: Vec<String>,
    /// `etcd`, in order.
    pub etcd: Vec<String>,
    /// `kube_node`; empty in a lab without Kubernetes.
    pub kube_node: Vec<String>,
    /// `broken_kube_control_plane`.
    pub broken_kube_control_plane: Vec<String>,
    /// `broken_etcd`.
    pub broken_etcd: Vec<String>,
}

impl Groups {
    /// What the inventory says right after boot: the members are `etcd`, nothing is broken.
    pub(super) fn of(hosts: &[Host]) -> Self {
        let members = hosts.iter().filter(|host| host.role == Role::Member);
        Self { etcd: members.map(|host| host.name.clone()).collect(), ..Self::default() }
    }

    fn named(&self) -> [(&'static str, &[String]); 5] {
        [
            ("kube_control_plane", &self.kube_control_plane),
            ("etcd", &self.etcd),
            ("kube_node", &self.kube_node),
            ("broken_kube_control_plane", &self.broken_kube_control_plane),
            ("broken_etcd", &self.broken_etcd),
        ]
    }

    /// Refuses hosts that the lab does not have.
    pub(super) fn check(&self, hosts: &[Host]) -> Result<(), LabError> {
        let listed = self.named().into_iter().flat_map(|(_, members)| members);
        for name in listed {
            find(hosts, name)?;
        }
        Ok(())
    }
}

/// The host of that name.
pub(super) fn find<'a>(hosts: &'a [Host], name: &str) -> Result<&'a Host, LabError> {
    hosts.iter().find(|host| host.name == name).ok_or_else(|| LabError::UnknownHost {
        host: name.to_owned(),
        known: hosts.iter().map(|host| host.name.as_str()).collect::<Vec<_>>().join(", "),
    })
}

/// The directories and files that describe how to reach the lab.
pub(super) const WRITTEN: [&str; 4] =
    ["inventory", "inventory-direct", "known_hosts", "ssh_config"];

/// Writes all of [`WRITTEN`] anew.
pub(super) fn write_all(directory: &Path, state: &State) -> Result<(), LabError> {
    let variables = all_variables(directory);
    for (name, bastion) in [("inventory", true), ("inventory-direct", false)] {
        let inventory = directory.join(name);
        let groups = inventory.join("group_vars/all");
        std::fs::create_dir_all(&groups).map_err(LabError::file("make", &groups))?;
        write(&inventory.join("inventory.ini"), &hosts_file(state, bastion))?;
        write(&groups.join("all.yml"), &variables)?;
        write(&inventory.join("group_vars/etcd.yml"), &etcd_variables(&state.spec))?;
    }
    write(&directory.join("known_hosts"), &known_hosts(state))?;
    write(&directory.join("ssh_config"), &ssh_config(directory, state))
}

/// `inventory.ini`, with the bastion in front or reaching every host directly.
fn hosts_file(state: &State, bastion: bool) -> String {
    let mut text = String::from("[all]\n");
    for host in state.hosts.iter().filter(|host| host.role != Role::Bastion) {
        let Host { name, address, .. } = host;
        let member = host.member_name();
        text += &format!("{name} ansible_host={address} ip={address} access_ip={address}");
        text += &format!(" etcd_member_name={member}\n");
    }
    for host in state.hosts.iter().filter(|host| bastion && host.role == Role::Bastion) {
        text += &format!("\n[bastion]\n{} ansible_host={}\n", host.name, host.address);
    }
    for (group, members) in state.groups.named() {
        text += &format!("\n[{group}]\n");
        for member in members {
            text += &format!("{member}\n");
        }
    }
    text + "\n[k8s_cluster:children]\nkube_control_plane\nkube_node\n"
}

fn all_variables(directory: &Path) -> String {
    let directory = directory.display();
    format!(
        "---\n\
         ansible_user: rrecover\n\
         ansible_become: true\n\
         ansible_ssh_private_key_file: {directory}/key\n\
         ansible_ssh_common_args: >-\n  \
           -o UserKnownHostsFile={directory}/known_hosts -o StrictHostKeyChecking=yes\n\
         \n\
         bin_dir: /usr/local/bin\n\
         etcd_deployment_type: host\n\
         etcd_data_dir: /var/lib/etcd\n"
    )
}

fn etcd_variables(spec: &Spec) -> String {
    format!(
        "---\n\
         etcd_version: v{}\n\
         etcd_compaction_retention: \"8\"\n\
         etcd_metrics: basic\n\
         etcd_quota_backend_bytes: \"2147483648\"\n",
        spec.etcd_version.number()
    )
}

fn known_hosts(state: &State) -> String {
    let mut text = String::new();
    for host in &state.hosts {
        for key in state.host_keys.get(&host.name).into_iter().flatten() {
            text += &format!("{} {key}\n", host.address);
        }
    }
    text
}

fn ssh_config(directory: &Path, state: &State) -> String {
    let mut text = String::new();
    for host in &state.hosts {
        text += &format!("Host {}\n    HostName {}\n", host.name, host.address);
        if host.role != Role::Bastion {
            text += "    ProxyJump bastion\n";
        }
    }
    let directory = directory.display();
    text + &format!(
        "Host *\n    User rrecover\n    IdentityFile {directory}/key\n    IdentitiesOnly yes\n    \
         UserKnownHostsFile {directory}/known_hosts\n    StrictHostKeyChecking yes\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        let host = |name: &str, address: &str, role, number| Host {
            name: name.to_owned(),
            address: address.to_owned(),
            role,
            number,
        };
        let hosts = vec![
            host("bastion", "10.0.0.10", Role::Bastion, 0),
            host("node1", "10.0.0.11", Role::Member, 1),
            host("node2", "10.0.0.12", Role::Spare, 2),
        ];
        let mut state =
            State::new(Spec::new("x"), "10.0.0.0/24".to_owned(), "image".to_owned(), hosts);
        state.host_keys.insert("node1".to_owned(), vec!["ssh-ed25519 AAAA".to_owned()]);
        state
    }

    #[test]
    fn the_inventory_is_what_kubespray_would_have() {
        insta::assert_snapshot!(hosts_file(&state(), true), @"
        [all]
        node1 ansible_host=10.0.0.11 ip=10.0.0.11 access_ip=10.0.0.11 etcd_member_name=etcd1
        node2 ansible_host=10.0.0.12 ip=10.0.0.12 access_ip=10.0.0.12 etcd_member_name=etcd2

        [bastion]
        bastion ansible_host=10.0.0.10

        [kube_control_plane]

        [etcd]
        node1

        [kube_node]

        [broken_kube_control_plane]

        [broken_etcd]

        [k8s_cluster:children]
        kube_control_plane
        kube_node
        ");
    }

    #[test]
    fn the_direct_inventory_has_no_bastion() {
        assert!(!hosts_file(&state(), false).contains("bastion"));
    }

    #[test]
    fn known_hosts_names_addresses_as_the_inventory_does() {
        assert_eq!(known_hosts(&state()), "10.0.0.11 ssh-ed25519 AAAA\n");
    }

    #[test]
    fn a_group_with_a_host_that_is_not_there_is_refused() {
        let groups = Groups { etcd: vec!["node9".to_owned()], ..Groups::default() };
        let error = groups.check(&state().hosts).unwrap_err();
        assert_eq!(error.to_string(), "the lab has no host `node9`; it has bastion, node1, node2");
    }
}
