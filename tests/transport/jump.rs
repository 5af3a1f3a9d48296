//! Bastions.

use super::help::*;
use rrecover::transport::settings::{Endpoint, Reach};
use rrecover::transport::{RunAs, Target};

fn through(name: &str, last: &Sshd, jump: Vec<Endpoint>) -> Target {
    let reach = Reach::Ssh { endpoint: Box::new(last.endpoint("root")), jump };
    Target { name: name.into(), reach, run_as: None, become_as: RunAs::default() }
}

#[tokio::test]
async fn hosts_behind_a_bastion_share_one_connection_to_it() {
    let bastion = Sshd::start(&["MaxSessions 0"]);
    let hosts = [Sshd::start(&[]), Sshd::start(&[])];
    let names = ["a", "b"];
    let targets = names.iter().zip(&hosts);
    let pool = Pool::new(
        targets.map(|(name, host)| through(name, host, vec![bastion.endpoint("root")])).collect(),
    );
    let both = futures_util::future::join_all(names.map(|name| pool.connect(name))).await;
    for (connection, host) in both.into_iter().zip(&hosts) {
        let client = stdout(&connection.unwrap(), "echo $SSH_CONNECTION").await;
        assert!(client.contains(&host.address), "{client}");
    }
    assert_eq!(bastion.log().matches("Accepted publickey").count(), 1);
}

#[tokio::test]
async fn a_chain_of_two_bastions_carries_commands_and_data() {
    let (first, second, last) = (Sshd::start(&[]), Sshd::start(&[]), Sshd::start(&[]));
    let chain = vec![first.endpoint("root"), second.endpoint("root")];
    let pool = Pool::new(vec![through("h", &last, chain)]);
    let connection = connect(&pool).await;
    let command = Command::new("wc -c").stdin(Input::Bytes(vec![7; 8 << 20].into()));
    assert_eq!(connection.run(command).await.unwrap().stdout_text().trim(), "8388608");
    for sshd in [&first, &second, &last] {
        assert_eq!(sshd.log().matches("Accepted publickey").count(), 1);
    }
    pool.close().await;
}

#[tokio::test]
async fn a_bastion_that_forbids_forwarding_is_named() {
    let (bastion, host) = (Sshd::start(&["AllowTcpForwarding no"]), Sshd::start(&[]));
    let pool = Pool::new(vec![through("h", &host, vec![bastion.endpoint("root")])]);
    let error = pool.connect("h").await.unwrap_err();
    let TransportError::ForwardingRefused { host, .. } = &error else { panic!("{error}") };
    assert!(host.contains(&bastion.address), "{error}");
}

#[tokio::test]
async fn a_host_that_is_off_behind_a_bastion_is_unreachable_and_so_is_one_behind_a_dead_bastion() {
    let (bastion, mut host) = (Sshd::start(&[]), Sshd::start(&[]));
    host.kill();
    let pool = Pool::new(vec![through("h", &host, vec![bastion.endpoint("root")])]);
    let error = pool.connect("h").await.unwrap_err();
    assert!(error.no_sign_of_life() && error.to_string().contains("through jump host"), "{error}");
    let dead = vec![host.endpoint("root")];
    let pool = Pool::new(vec![through("h", &bastion, dead)]);
    let error = pool.connect("h").await.unwrap_err();
    assert!(error.to_string().contains("its jump host"), "{error}");
}

#[tokio::test]
async fn a_bastions_host_key_is_checked_too() {
    let (bastion, host) = (Sshd::start(&[]), Sshd::start(&[]));
    let mut hop = bastion.endpoint("root");
    hop.trust.files = vec![bastion.path().join("none")];
    let error = Pool::new(vec![through("h", &host, vec![hop])]).connect("h").await.unwrap_err();
    assert!(matches!(error, TransportError::HostKey { .. }), "{error}");
    assert!(error.to_string().contains(&bastion.address), "{error}");
}
