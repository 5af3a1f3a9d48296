//! Hosts that show certificates; OpenSSH's own client has to judge each of them alike.

use super::help::*;
use rrecover::transport::{HostKeyPolicy, Target};
use std::path::Path;
use std::process::Command as Process;

/// How a host's certificate is made.
struct Signing<'a> {
    authority: &'a str,
    principals: &'a str,
    validity: &'a str,
}

const GOOD: Signing<'_> = Signing { authority: "ed25519", principals: "@", validity: "-1h:+1h" };

/// A server whose ed25519 key is certified; `@` in the principals is its address.
fn certified(signing: &Signing<'_>) -> Sshd {
    let address = free_address();
    let principals = signing.principals.replace('@', &address);
    let lines = ["HostKey @DIR@/host_ed25519", "HostCertificate @DIR@/host_ed25519-cert.pub"];
    Sshd::start_after(&address, 2222, &lines, |directory| {
        let authority = directory.join("ca");
        make_key(&authority, signing.authority, "");
        let mut sign = Process::new("ssh-keygen");
        sign.args(["-q", "-h", "-I", "host one", "-V", signing.validity, "-s"]).arg(&authority);
        if !principals.is_empty() {
            sign.args(["-n", &principals]);
        }
        let signed = sign.arg(directory.join("host_ed25519.pub")).output().unwrap();
        assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
    })
}

fn authority_key(directory: &Path) -> String {
    let line = std::fs::read_to_string(directory.join("ca.pub")).unwrap();
    line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

fn trusting(sshd: &Sshd, known_hosts: &str, policy: HostKeyPolicy) -> Target {
    let mut target = sshd.target("root");
    endpoint(&mut target).trust.files = vec![sshd.known_hosts(known_hosts)];
    endpoint(&mut target).trust.policy = policy;
    target
}

/// Ours and OpenSSH's judgement; ours has to be the same under `accept-new`.
async fn judged(sshd: &Sshd, known_hosts: &str, options: &[&str]) -> Result<(), String> {
    let mut judgement = Ok(());
    for policy in [HostKeyPolicy::Strict, HostKeyPolicy::AcceptNew] {
        let mut target = trusting(sshd, known_hosts, policy);
        if let Some(alias) = options.iter().find_map(|word| word.strip_prefix("HostKeyAlias=")) {
            endpoint(&mut target).trust.alias = Some(alias.to_owned());
        }
        judgement = match Pool::new(vec![target]).connect("h").await {
            Ok(_) => Ok(()),
            Err(TransportError::HostKey { reason, .. }) => Err(reason),
            Err(other) => panic!("not a host key error: {other}"),
        };
        let file = sshd.known_hosts(known_hosts);
        let theirs = sshd.openssh_trusts(&file, options);
        assert_eq!(judgement.is_ok(), theirs, "{policy:?} {judgement:?}\n{known_hosts}");
    }
    judgement
}

#[tokio::test]
async fn a_certificate_of_a_known_authority_is_trusted() {
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let sshd = certified(&Signing { authority: kind, ..GOOD });
        let key = authority_key(sshd.path());
        for hosts in [format!("[{}]:2222", sshd.address), "*".into(), sshd.address.clone()] {
            let line = format!("@cert-authority {hosts} {key}\n");
            assert_eq!(judged(&sshd, &line, &[]).await, Ok(()), "{kind} {hosts}");
        }
    }
}

#[tokio::test]
async fn it_has_to_be_made_out_to_the_host() {
    let other = certified(&Signing { principals: "other.example", ..GOOD });
    let line = format!("@cert-authority * {}\n", authority_key(other.path()));
    let reason = judged(&other, &line, &[]).await.unwrap_err();
    assert!(reason.contains("made out to") && reason.contains("other.example"), "{reason}");
    let alias = ["-o", "HostKeyAlias=other.example"];
    assert_eq!(judged(&other, &line, &alias).await, Ok(()));
    let every = certified(&Signing { principals: "", ..GOOD });
    let line = format!("@cert-authority * {}\n", authority_key(every.path()));
    assert_eq!(judged(&every, &line, &[]).await, Ok(()));
    let several = certified(&Signing { principals: "x,@", ..GOOD });
    let line = format!("@cert-authority * {}\n", authority_key(several.path()));
    assert_eq!(judged(&several, &line, &[]).await, Ok(()));
}

#[tokio::test]
async fn it_has_to_be_valid_now() {
    for (validity, wanted) in [
        ("-2h:-1h", Err("has expired")),
        ("+1h:+2h", Err("is not valid yet")),
        ("always:forever", Ok(())),
    ] {
        let sshd = certified(&Signing { validity, ..GOOD });
        let line = format!("@cert-authority * {}\n", authority_key(sshd.path()));
        match (judged(&sshd, &line, &[]).await, wanted) {
            (Ok(()), Ok(())) => {}
            (Err(reason), Err(part)) => assert!(reason.contains(part), "{reason}"),
            (found, _) => panic!("{validity}: {found:?}"),
        }
    }
}

#[tokio::test]
async fn an_unknown_authority_vouches_for_nothing() {
    let sshd = certified(&GOOD);
    let stranger = certified(&GOOD);
    let line = format!("@cert-authority * {}\n", authority_key(stranger.path()));
    let target = trusting(&sshd, &line, HostKeyPolicy::AcceptNew);
    let error = Pool::new(vec![target]).connect("h").await.unwrap_err().to_string();
    assert!(error.contains("known only through the certificate authority"), "{error}");
    // The key inside counts as it would alone.
    let known = line + &sshd.known_hosts_line("ed25519");
    assert_eq!(judged(&sshd, &known, &[]).await, Ok(()));
}

#[tokio::test]
async fn a_revoked_authority_or_key_is_refused() {
    let sshd = certified(&GOOD);
    let key = authority_key(sshd.path());
    let trusted = format!("@cert-authority * {key}\n");
    for revoked in
        [format!("@revoked * {key}\n"), format!("@revoked * {}\n", sshd.host_key("ed25519"))]
    {
        let reason = judged(&sshd, &format!("{trusted}{revoked}"), &[]).await.unwrap_err();
        assert!(reason.contains("is revoked at"), "{reason}");
    }
}

#[tokio::test]
async fn without_an_authority_line_a_certified_host_shows_its_key() {
    let sshd = certified(&GOOD);
    let line = sshd.known_hosts_line("ed25519");
    assert_eq!(judged(&sshd, &line, &[]).await, Ok(()));
}

#[tokio::test]
async fn a_key_known_without_the_port_is_believed_as_openssh_does() {
    let sshd = Sshd::start(&[]);
    let line = format!("{} {}\n", sshd.address, sshd.host_key("rsa"));
    assert_eq!(judged_plain(&sshd, &line, &["-o", "HostKeyAlgorithms=rsa-sha2-512"]).await, Ok(()));
    let other = Sshd::start(&[]);
    let line = format!("{} {}\n", sshd.address, other.host_key("ed25519"));
    let reason = judged_plain(&sshd, &line, &[]).await.unwrap_err();
    assert!(reason.contains("the host is unknown"), "{reason}");
}

async fn judged_plain(sshd: &Sshd, line: &str, options: &[&str]) -> Result<(), String> {
    let target = trusting(sshd, line, HostKeyPolicy::Strict);
    let mine = match Pool::new(vec![target]).connect("h").await {
        Ok(_) => Ok(()),
        Err(TransportError::HostKey { reason, .. }) => Err(reason),
        Err(other) => panic!("not a host key error: {other}"),
    };
    assert_eq!(mine.is_ok(), sshd.openssh_trusts(&sshd.known_hosts(line), options));
    mine
}
