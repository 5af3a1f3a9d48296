//! Hosts as they are: a full disk, a wrong password, a changed host key, no forwarding, no etcdutl.
//! Each ends in the right behaviour or in a clear refusal that changed nothing.

use super::on_both_versions;
use super::rehearsal::Rehearsal;
use rrecover::lab::{DataDirectory, EtcdVersion, Spec};

on_both_versions!(
    no_room_for_the_copy,
    the_sudo_password_is_wrong,
    the_host_key_changed,
    forwarding_is_forbidden_and_etcdutl_is_absent,
);

const ALL: [&str; 3] = ["node1", "node2", "node3"];

/// Two of three are reinstalled: quorum is lost.
async fn lose_quorum(lab: &mut Rehearsal) {
    lab.replace("node2").await.unwrap();
    lab.replace("node3").await.unwrap();
    lab.groups(&ALL, &["node2", "node3"]);
}

async fn no_room_for_the_copy(version: EtcdVersion) {
    let data = DataDirectory::Sized("256m".to_owned());
    let spec = Spec { etcd_version: version, data, ..Spec::new("") };
    let mut lab = Rehearsal::with("full", spec).await;
    lose_quorum(&mut lab).await;
    lab.fill_disk("node1").await.unwrap();
    let before = lab.listing(&ALL).await;
    lab.recover(&[]).exits(3).says("node1");
    assert_eq!(lab.listing(&ALL).await, before);

    lab.heal("node1").await.unwrap();
    lab.recover(&[]).exits(0);
    lab.assert_cluster(&ALL).await;
    lab.assert_keys("node2").await;
}

async fn the_sudo_password_is_wrong(version: EtcdVersion) {
    let spec = Spec { etcd_version: version, sudo_password: true, ..Spec::new("") };
    let mut lab = Rehearsal::with("sudo", spec).await;
    lose_quorum(&mut lab).await;
    let wrong = lab.state().with_file_name("wrong");
    std::fs::write(&wrong, "not the password\n").unwrap();
    let before = lab.listing(&ALL).await;
    let file = wrong.display().to_string();
    lab.recover(&["--become-password-file", &file]).exits(3).says("password");
    lab.recover(&[]).exits(3).says("password");
    assert_eq!(lab.listing(&ALL).await, before);

    let right = lab.become_password_path().unwrap().display().to_string();
    let ran = lab.recover(&["--become-password-file", &right]).exits(0);
    lab.assert_cluster(&ALL).await;
    let password = std::fs::read_to_string(right).unwrap();
    assert!(!ran.stderr.contains(password.trim()), "the password was printed");
}

async fn the_host_key_changed(version: EtcdVersion) {
    let mut lab = Rehearsal::three("hostkey", version).await;
    lose_quorum(&mut lab).await;
    let known_hosts = lab.directory().join("known_hosts");
    let before = lab.listing(&ALL).await;
    let saved = std::fs::read_to_string(&known_hosts).unwrap();
    // Somebody else's keys under node1's address.
    let (node1, node2) = (lab.host("node1").unwrap(), lab.host("node2").unwrap());
    let swapped: String = saved
        .lines()
        .filter(|line| !line.starts_with(&format!("{} ", node1.address)))
        .map(|line| match line.strip_prefix(&format!("{} ", node2.address)) {
            Some(key) => format!("{line}\n{} {key}\n", node1.address),
            None => format!("{line}\n"),
        })
        .collect();
    std::fs::write(&known_hosts, swapped).unwrap();
    lab.recover(&[]).exits(3).says("host key").says("known_hosts");
    assert_eq!(lab.listing(&ALL).await, before);
    std::fs::write(&known_hosts, saved).unwrap();
}

/// sshd forbids tunnels, and only etcdctl is there: everything goes through it, on the hosts.
async fn forwarding_is_forbidden_and_etcdutl_is_absent(version: EtcdVersion) {
    let mut lab = Rehearsal::three("bare", version).await;
    lose_quorum(&mut lab).await;
    for host in ALL {
        lab.exec(
            host,
            "rm -f /usr/local/bin/etcdutl
             echo 'AllowTcpForwarding no' >/etc/ssh/sshd_config.d/00-no-forwarding.conf
             systemctl reload ssh",
        )
        .await
        .unwrap();
    }
    lab.recover(&[]).exits(0);
    lab.assert_cluster(&ALL).await;
    lab.assert_keys("node3").await;
}
