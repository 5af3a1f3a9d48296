//! The lab itself, on this machine's Docker engine: real hosts, real etcd, really broken.
#![expect(clippy::unwrap_used, reason = "a test says what failed by failing")]

#[path = "support/lab.rs"]
mod support;

use rrecover::lab::{DataDirectory, EtcdVersion, Fault, Groups, Lab, Power, Spec, Writer};
use std::process::Command;
use std::time::{Duration, Instant};
use support::boot;

/// What Docker holds with this lab's label or name, by kind.
fn objects(name: &str) -> String {
    let list = |arguments: &[&str]| {
        let output = Command::new("docker").args(arguments).output().unwrap();
        assert!(output.status.success(), "docker {arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let filter = format!("name=rrecover-lab-{name}");
    list(&["ps", "-aq", "--filter", &filter])
        + &list(&["volume", "ls", "-q", "--filter", &filter])
        + &list(&["network", "ls", "-q", "--filter", &filter])
}

/// Runs a command over SSH with the lab's `ssh_config`, from a client on the lab's network.
fn ssh(lab: &Lab, host: &str, command: &str) -> (bool, String) {
    let directory = lab.directory().display();
    let state = std::fs::read_to_string(lab.directory().join("lab.json")).unwrap();
    let state: serde_json::Value = serde_json::from_str(&state).unwrap();
    let output = Command::new("docker")
        .args(["run", "--rm", "--network", &format!("rrecover-lab-{}", lab.name())])
        .args(["--volume", &format!("{directory}:{directory}:ro")])
        .args([state["image"].as_str().unwrap(), "ssh", "-o", "BatchMode=yes"])
        .args(["-o", "ConnectTimeout=5", "-F", &format!("{directory}/ssh_config"), host, command])
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// The lines of a known_hosts file that are about one address.
fn keys_of<'a>(known_hosts: &'a str, address: &str) -> Vec<&'a str> {
    known_hosts.lines().filter(|line| line.split(' ').next() == Some(address)).collect()
}

async fn wait_until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < Duration::from_secs(60), "{what} does not come");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn a_lab_boots_as_kubespray_lays_it_out_and_leaves_nothing_behind() {
    let lab = boot("layout", Spec { spare: 1, ..Spec::new("") }).await;
    let members = lab.etcdctl("node1", "member list -w json").await.unwrap();
    for name in ["etcd1", "etcd2", "etcd3"] {
        assert!(members.contains(&format!("\"name\":\"{name}\"")), "{members}");
    }
    assert_eq!(members.matches("https://10.").count(), 6, "{members}");
    assert_eq!(lab.exec("node1", "stat -c '%U %a' /var/lib/etcd").await.unwrap(), "etcd 700\n");
    assert!(!lab.run("node1", "mountpoint -q /var/lib/etcd").await.unwrap().success());
    assert!(lab.exec("node1", "etcdutl version").await.unwrap().contains("etcdutl version: 3.5"));
    assert_eq!(lab.exec("node1", "cat /proc/1/comm").await.unwrap(), "systemd\n");

    let issued = "cd /etc/ssl/etcd/ssl && for kind in member admin node; do
        openssl verify -CAfile ca.pem $kind-node3.pem && test -s $kind-node3-key.pem
        openssl x509 -in $kind-node3.pem -noout -subject; done; test -s ca-key.pem";
    let issued = lab.exec("node1", issued).await.unwrap();
    for kind in ["member", "admin", "node"] {
        assert!(issued.contains(&format!("CN = etcd-{kind}-node3")), "{issued}");
    }

    for host in ["bastion", "node1", "node4"] {
        let python = "find / -xdev -path /proc -prune -o -name 'python*' -type f -print";
        assert_eq!(lab.exec(host, python).await.unwrap(), "", "{host}");
        let (reached, said) = ssh(&lab, host, "sudo -n id -u; id -un; hostname");
        assert!(reached, "{said}");
        assert_eq!(said.lines().collect::<Vec<_>>()[..3], ["0", "rrecover", host]);
    }
    let fresh = "ls /usr/local/bin /etc/ssl/etcd /etc/etcd.env /var/lib/etcd 2>/dev/null";
    assert_eq!(lab.run("node4", fresh).await.unwrap().stdout.trim(), "/usr/local/bin:");

    let name = lab.name().to_owned();
    let directory = lab.directory().to_owned();
    assert!(!objects(&name).is_empty());
    drop(lab);
    assert_eq!(objects(&name), "");
    assert!(!directory.exists());
}

#[tokio::test]
async fn hosts_break_and_heal_as_they_were_told() {
    let mut lab = boot("faults", Spec::new("")).await;
    let keys_before = std::fs::read_to_string(lab.directory().join("known_hosts")).unwrap();

    lab.inflict("node1", Fault::Kill).await.unwrap();
    assert_eq!(lab.host_status("node1").await.unwrap().power, Power::Off);
    assert!(!ssh(&lab, "node1", "true").0);
    wait_until("quorum of two", async || lab.host_status("node2").await.unwrap().etcd_healthy)
        .await;
    lab.inflict("node1", Fault::Start).await.unwrap();
    lab.wait_healthy().await.unwrap();

    lab.inflict("node2", Fault::Partition).await.unwrap();
    assert_eq!(lab.host_status("node2").await.unwrap().power, Power::Partitioned);
    assert!(!ssh(&lab, "node2", "true").0);
    assert!(!lab.host_status("node2").await.unwrap().etcd_healthy);
    lab.inflict("node2", Fault::Heal).await.unwrap();
    lab.wait_healthy().await.unwrap();
    assert!(ssh(&lab, "node2", "true").0);

    lab.inflict("node3", Fault::StopEtcd).await.unwrap();
    assert_eq!(lab.host_status("node3").await.unwrap().etcd_unit, "inactive");
    lab.inflict("node3", Fault::Start).await.unwrap();
    lab.wait_healthy().await.unwrap();
    lab.inflict("node3", Fault::Stop).await.unwrap();
    assert_eq!(lab.host_status("node3").await.unwrap().power, Power::Off);
    lab.inflict("node3", Fault::Start).await.unwrap();
    lab.wait_healthy().await.unwrap();

    lab.inflict("node1", Fault::Corrupt).await.unwrap();
    let log = "journalctl -u etcd -o cat --no-pager";
    wait_until("etcd's complaint", async || {
        lab.exec("node1", log).await.unwrap().contains("invalid database")
    })
    .await;
    assert!(!lab.host_status("node1").await.unwrap().etcd_healthy);

    lab.inflict("node1", Fault::Replace).await.unwrap();
    assert_eq!(lab.host_status("node1").await.unwrap().etcd_unit, "absent");
    assert_eq!(lab.run("node1", "ls /usr/local/bin").await.unwrap().stdout, "");
    let keys_after = std::fs::read_to_string(lab.directory().join("known_hosts")).unwrap();
    let (replaced, kept) =
        (&lab.host("node1").unwrap().address, &lab.host("node2").unwrap().address);
    assert_ne!(keys_of(&keys_before, replaced), keys_of(&keys_after, replaced));
    assert_eq!(keys_of(&keys_before, kept), keys_of(&keys_after, kept));
    assert!(ssh(&lab, "node1", "true").0);

    assert_eq!(lab.add().await.unwrap(), "node4");
    assert!(ssh(&lab, "node4", "true").0);
    let groups = Groups {
        etcd: ["node2", "node3", "node4"].map(str::to_owned).to_vec(),
        broken_etcd: vec!["node1".to_owned()],
        ..Groups::default()
    };
    lab.set_groups(groups.clone()).unwrap();
    for path in [lab.inventory_path(), lab.direct_inventory_path()] {
        let text = std::fs::read_to_string(path.join("inventory.ini")).unwrap();
        assert!(text.contains("[etcd]\nnode2\nnode3\nnode4\n"), "{text}");
        assert!(text.contains("[broken_etcd]\nnode1\n"), "{text}");
    }
    let reopened = Lab::open(lab.name()).await.unwrap();
    assert_eq!(reopened.groups(), &groups);
    assert_eq!(reopened.hosts().len(), 5);

    lab.inflict("node2", Fault::Wipe).await.unwrap();
    assert_eq!(lab.host_status("node2").await.unwrap().etcd_unit, "absent");
    let traces = "ls -d /var/lib/etcd /etc/etcd.env /etc/ssl/etcd /usr/local/bin/etcd* 2>/dev/null";
    assert_eq!(lab.run("node2", traces).await.unwrap().stdout, "");
}

#[tokio::test]
async fn a_writer_on_3_4_keeps_every_promise_through_a_power_cut_on_mounted_disks() {
    let spec =
        Spec { etcd_version: EtcdVersion::V3_4, data: DataDirectory::Mounted, ..Spec::new("") };
    let mut lab = boot("writer", spec).await;
    lab.exec("node1", "mountpoint -q /var/lib/etcd").await.unwrap();
    assert!(!lab.run("node1", "rmdir /var/lib/etcd").await.unwrap().success());
    assert!(!lab.run("node1", "command -v etcdutl").await.unwrap().success());
    assert!(lab.exec("node1", "etcd --version").await.unwrap().contains("etcd Version: 3.4"));

    let writer = Writer::start(&lab, "promises", &["node1", "node2", "node3"]).await.unwrap();
    writer.wait_for(5, Duration::from_secs(30)).await.unwrap();
    lab.kill("node1").await.unwrap();
    writer.wait_for(5, Duration::from_secs(60)).await.unwrap();
    let prefix = writer.prefix().to_owned();
    let acknowledged = writer.stop().await.unwrap();
    assert!(acknowledged.len() >= 10);
    let mut present = lab.keys("node2", &prefix).await.unwrap();
    assert_eq!(Writer::lost(&acknowledged, &present), Vec::<String>::new());
    let some = acknowledged.keys().next().unwrap();
    present.insert(some.clone(), "another value".to_owned());
    assert_eq!(Writer::lost(&acknowledged, &present), std::slice::from_ref(some));

    lab.inflict("node3", Fault::WipeData).await.unwrap();
    lab.exec("node3", "mountpoint -q /var/lib/etcd").await.unwrap();
    wait_until("etcd's complaint", async || {
        let log = lab.exec("node3", "journalctl -u etcd -o cat --no-pager").await.unwrap();
        log.contains("has already been bootstrapped")
    })
    .await;
}

#[tokio::test]
async fn a_sized_disk_fills_frees_and_outlives_a_power_cut_and_sudo_can_ask() {
    let data = DataDirectory::Sized("256m".to_owned());
    let spec = Spec { etcd: 1, data, sudo_password: true, ..Spec::new("") };
    let lab = boot("disk", spec).await;
    lab.etcdctl("node1", "put kept yes").await.unwrap();
    lab.fill_disk("node1").await.unwrap();
    assert!(!lab.run("node1", "echo more >/var/lib/etcd/more").await.unwrap().success());
    lab.heal("node1").await.unwrap();
    lab.exec("node1", "echo more >/var/lib/etcd/more").await.unwrap();
    lab.kill("node1").await.unwrap();
    lab.start("node1").await.unwrap();
    lab.wait_healthy().await.unwrap();
    assert_eq!(lab.keys("node1", "kept").await.unwrap()["kept"], "yes");

    let (may, said) = ssh(&lab, "node1", "sudo -n true");
    assert!(!may && said.contains("password is required"), "{said}");
    let password = std::fs::read_to_string(lab.become_password_path().unwrap()).unwrap();
    let command = format!("echo {} | sudo -S id -u", password.trim());
    assert!(ssh(&lab, "node1", &command).1.contains('0'));

    let again = Spec { directory: Some("/nonexistent".into()), ..Spec::new(lab.name()) };
    let error = Lab::up(again).await.unwrap_err().to_string();
    assert!(error.contains("exists already"), "{error}");
}

#[tokio::test]
async fn a_directory_with_somebody_elses_files_is_refused_before_anything_is_made() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("snapshot.db"), "precious").unwrap();
    let name = format!("test-refused-{}", std::process::id());
    let spec = Spec { directory: Some(directory.path().to_owned()), ..Spec::new(&name) };
    let error = Lab::up(spec).await.unwrap_err().to_string();
    assert!(error.contains("is not empty"), "{error}");
    assert_eq!(objects(&name), "");
    assert!(directory.path().join("snapshot.db").exists());
}

#[tokio::test]
async fn a_boot_that_is_cut_off_is_taken_down_whole() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path().join("lab");
    let name = format!("test-cut-off-{}", std::process::id());
    let spec = Spec { etcd: 1, directory: Some(directory.clone()), ..Spec::new(&name) };
    let up = tokio::spawn(Lab::up(spec.clone()));
    let hosts = ["ps", "-q", "--filter", &format!("name=rrecover-lab-{name}")].map(str::to_owned);
    wait_until("the boot of both hosts", async || {
        let output = Command::new("docker").args(&hosts).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().count() == 2
    })
    .await;
    up.abort();
    assert!(up.await.unwrap_err().is_cancelled());

    let error = Lab::up(spec).await.unwrap_err().to_string();
    assert!(error.contains("exists already"), "{error}");
    assert!(Lab::remove(&name).await.unwrap());
    assert_eq!(objects(&name), "");
    assert!(!directory.exists());
    assert!(!Lab::remove(&name).await.unwrap());
}
