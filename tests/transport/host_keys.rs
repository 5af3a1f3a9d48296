//! Whom we talk to.

use super::help::*;
use rrecover::transport::{HostKeyPolicy, Target};
use std::path::PathBuf;
use std::process::Command as Process;

fn trusting(sshd: &Sshd, policy: HostKeyPolicy, file: PathBuf) -> Target {
    let mut target = sshd.target("root");
    endpoint(&mut target).trust.policy = policy;
    endpoint(&mut target).trust.files = vec![file];
    target
}

async fn refusal(target: Target) -> (String, String) {
    match Pool::new(vec![target]).connect("h").await.unwrap_err() {
        TransportError::HostKey { reason, hint, .. } => (reason, hint),
        other => panic!("not a host key error: {other}"),
    }
}

fn fingerprint(sshd: &Sshd, kind: &str) -> String {
    let file = sshd.path().join(format!("host_{kind}.pub"));
    let output = Process::new("ssh-keygen").args(["-l", "-f"]).arg(file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn an_unknown_host_is_refused_with_its_fingerprint() {
    let sshd = Sshd::start(&[]);
    let file = sshd.path().join("none");
    let (reason, hint) = refusal(trusting(&sshd, HostKeyPolicy::Strict, file.clone())).await;
    assert!(
        reason.contains("unknown") && reason.contains(&fingerprint(&sshd, "ed25519")),
        "{reason}"
    );
    assert!(hint.contains(&format!("ssh-keyscan -p 2222 {}", sshd.address)), "{hint}");
    assert!(!file.exists(), "strict writes nothing");
}

#[tokio::test]
async fn a_changed_key_is_refused_under_every_policy() {
    let sshd = Sshd::start(&[]);
    let other = Sshd::start(&[]);
    let line = format!("[{}]:2222 {}\n", sshd.address, other.host_key("ed25519"));
    let text = format!("# a comment\n\n{line}");
    let file = sshd.known_hosts(&text);
    for policy in [HostKeyPolicy::Strict, HostKeyPolicy::AcceptNew] {
        let (reason, hint) = refusal(trusting(&sshd, policy, file.clone())).await;
        let place = format!("{}:3", file.display());
        for part in [&place, &fingerprint(&sshd, "ed25519"), &fingerprint(&other, "ed25519")] {
            assert!(reason.contains(part.as_str()), "{part}: {reason}");
        }
        assert!(hint.contains("ssh-keygen") && hint.contains("-R"), "{hint}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn hashed_names_are_known() {
    let sshd = Sshd::start(&[]);
    let file = sshd.known_hosts(&sshd.known_hosts_line("ed25519"));
    let hashed = Process::new("ssh-keygen").args(["-q", "-H", "-f"]).arg(&file).output().unwrap();
    assert!(hashed.status.success());
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("|1|") && !text.contains(&sshd.address), "{text}");
    connect(&Pool::new(vec![trusting(&sshd, HostKeyPolicy::Strict, file)])).await;
}

#[tokio::test]
async fn only_key_types_the_host_is_known_by_are_asked_for() {
    for kind in ["rsa", "ecdsa", "ed25519"] {
        let sshd = Sshd::start(&[]);
        let file = sshd.known_hosts(&sshd.known_hosts_line(kind));
        connect(&Pool::new(vec![trusting(&sshd, HostKeyPolicy::Strict, file)])).await;
    }
}

#[tokio::test]
async fn one_of_several_known_keys_suffices() {
    let sshd = Sshd::start(&[]);
    let other = Sshd::start(&[]);
    let wrong = format!("[{}]:2222 {}\n", sshd.address, other.host_key("ed25519"));
    let file = sshd.known_hosts(&(wrong + &sshd.known_hosts_line("ed25519")));
    connect(&Pool::new(vec![trusting(&sshd, HostKeyPolicy::Strict, file)])).await;
}

#[tokio::test]
async fn a_host_that_no_longer_has_the_known_key_type_is_a_changed_one() {
    let sshd = Sshd::start(&["HostKey @DIR@/host_ecdsa"]);
    let file = sshd.known_hosts(&sshd.known_hosts_line("ed25519"));
    for policy in [HostKeyPolicy::Strict, HostKeyPolicy::AcceptNew] {
        let (reason, _) = refusal(trusting(&sshd, policy, file.clone())).await;
        assert!(
            reason.contains("key changed") && reason.contains("ecdsa-sha2-nistp256"),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_even_if_it_is_known_too() {
    let sshd = Sshd::start(&[]);
    let revoked = format!("@revoked * {}\n", sshd.host_key("ed25519"));
    for text in [revoked.clone(), sshd.known_hosts_line("ed25519") + &revoked] {
        let file = sshd.known_hosts(&text);
        for policy in [HostKeyPolicy::Strict, HostKeyPolicy::AcceptNew] {
            let (reason, _) = refusal(trusting(&sshd, policy, file.clone())).await;
            assert!(reason.contains("is revoked at"), "{reason}");
        }
    }
}

#[tokio::test]
async fn a_certificate_authority_line_is_never_taken_for_a_key() {
    let sshd = Sshd::start(&[]);
    let file = sshd.known_hosts(&format!("@cert-authority * {}\n", sshd.host_key("ed25519")));
    for policy in [HostKeyPolicy::Strict, HostKeyPolicy::AcceptNew] {
        let (reason, _) = refusal(trusting(&sshd, policy, file.clone())).await;
        assert!(reason.contains("certificate authority"), "{reason}");
    }
}

#[tokio::test]
async fn a_line_for_the_host_that_cannot_be_read_is_an_error_with_its_place() {
    let sshd = Sshd::start(&[]);
    let file = sshd.known_hosts(&format!("[{}]:2222 ssh-ed25519 @@@@\n", sshd.address));
    let (reason, _) = refusal(trusting(&sshd, HostKeyPolicy::AcceptNew, file.clone())).await;
    assert!(reason.starts_with(&format!("{}:1: ", file.display())), "{reason}");
}

#[tokio::test]
async fn fifty_first_contacts_at_once_leave_one_clean_line_each() {
    let servers: Vec<_> = (0..10).map(|_| Sshd::start(&["HostKey @DIR@/host_ed25519"])).collect();
    let file = servers[0].path().join("dir/known_hosts");
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    // Without a newline at its end, as an editor leaves it.
    std::fs::write(&file, "old ssh-ed25519 AAAA").unwrap();
    // Five pools stand for five processes: they share nothing but the file.
    let pools: Vec<_> = (0..5)
        .map(|_| {
            let targets = servers.iter().enumerate().map(|(n, sshd)| {
                let mut target = trusting(sshd, HostKeyPolicy::AcceptNew, file.clone());
                target.name = format!("h{n}");
                target
            });
            Pool::new(targets.collect())
        })
        .collect();
    let names: Vec<_> = (0..10).map(|n| format!("h{n}")).collect();
    let all = pools.iter().flat_map(|pool| names.iter().map(move |name| pool.connect(name)));
    for connection in futures_util::future::join_all(all).await {
        connection.unwrap_or_else(|error| panic!("{error}"));
    }
    let text = std::fs::read_to_string(&file).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    assert_eq!(lines.remove(0), "old ssh-ed25519 AAAA");
    let mut wanted: Vec<_> =
        servers.iter().map(|sshd| sshd.known_hosts_line("ed25519").trim().to_owned()).collect();
    lines.sort();
    wanted.sort();
    assert_eq!(lines, wanted);
    let strict = trusting(&servers[3], HostKeyPolicy::Strict, file);
    connect(&Pool::new(vec![strict])).await;
}

#[tokio::test]
async fn what_accept_new_writes_openssh_reads() {
    let sshd = Sshd::start(&[]);
    let file = sshd.path().join("made/known_hosts");
    connect(&Pool::new(vec![trusting(&sshd, HostKeyPolicy::AcceptNew, file.clone())])).await;
    let name = format!("[{}]:2222", sshd.address);
    let found = Process::new("ssh-keygen").args(["-F", &name, "-f"]).arg(&file).output().unwrap();
    assert!(String::from_utf8_lossy(&found.stdout).contains(&sshd.host_key("ed25519")));
}
