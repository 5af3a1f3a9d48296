//! `ssh_config` at work: proxy commands, bastions it names, algorithms, addresses, the agent.

use super::help::*;
use rrecover::transport::settings::SshConfig;
use rrecover::transport::{Defaults, Target};
use serde_json::json;
use std::path::Path;

/// What an operator has who keeps everything in `~/.ssh/config`.
fn operator(directory: &Path, config: &str) -> Defaults {
    let file = directory.join("ssh_config");
    std::fs::write(&file, config).unwrap();
    let config = SshConfig::of_file(&file, Some(directory)).unwrap();
    Defaults { ssh_config: Arc::new(config), home: Some(directory.into()), ..Defaults::default() }
}

/// What is true of all servers of a test.
fn common(servers: &[&Sshd]) -> String {
    let file = servers[0].path().join("known_by_all");
    let lines: String = servers.iter().map(|sshd| sshd.known_hosts_line("ed25519")).collect();
    std::fs::write(&file, lines).unwrap();
    let key = |sshd: &&Sshd| format!("  IdentityFile {}", sshd.client_key().display());
    let keys = servers.iter().map(key).collect::<Vec<_>>().join("\n");
    format!("Host *\n  Port 2222\n  User root\n  UserKnownHostsFile {}\n{keys}\n", file.display())
}

fn host(vars: serde_json::Value, defaults: &Defaults) -> Target {
    Target::from_vars("h", &serde_json::from_value(vars).unwrap(), defaults).unwrap()
}

async fn address_seen(target: Target) -> String {
    stdout(&connect(&Pool::new(vec![target])).await, "echo $SSH_CONNECTION").await
}

#[tokio::test]
async fn every_spelling_of_a_bastion_leads_through_it() {
    let (outer, inner, last) = (Sshd::start(&[]), Sshd::start(&[]), Sshd::start(&[]));
    let servers = [&outer, &inner, &last];
    let common = common(&servers);
    let (a, b, h) = (&outer.address, &inner.address, &last.address);
    let file = outer.path().join("bastion.conf");
    std::fs::write(&file, format!("Host {h}\n  ProxyJump {a},{b}\n{common}")).unwrap();
    let file = file.display();
    let common_file = outer.path().join("common.conf");
    std::fs::write(&common_file, &common).unwrap();
    let c = common_file.display();
    let spellings = [
        (format!("Host h\n  HostName {h}\n  ProxyJump {a},{b}\n"), json!({})),
        (
            format!("Host {b}\n  ProxyJump {a}\n"),
            json!({"ansible_host": h, "ansible_ssh_common_args": format!("-J {b}")}),
        ),
        (
            String::new(),
            json!({"ansible_host": h, "ansible_ssh_common_args": format!("-J root@{a}:2222,{b}")}),
        ),
        (
            String::new(),
            json!({"ansible_host": h, "ansible_ssh_extra_args": format!("-o ProxyJump={a},{b}")}),
        ),
        (
            String::new(),
            json!({"ansible_host": h, "ansible_ssh_common_args": format!("-o ProxyCommand=\"ssh -J {a} -W %h:%p -q root@{b}\"")}),
        ),
        (
            format!(
                "Host {b}\n  ProxyCommand ssh {a} -W [%h]:%p\nHost h\n  HostName {h}\n  ProxyCommand ssh {b} -W %h:%p\n"
            ),
            json!({}),
        ),
        (String::new(), json!({"ansible_host": h, "ansible_ssh_args": format!("-F {file}")})),
        (
            String::new(),
            json!({"ansible_host": h, "ansible_ssh_common_args": format!("-o 'ProxyCommand=ssh -F {c} -o \"ProxyCommand=ssh -F {c} -W %%h:%%p {a}\" -W %h:%p {b}'")}),
        ),
    ];
    for (before, (config, vars)) in spellings.into_iter().enumerate() {
        let directory = tempfile::tempdir().unwrap();
        let defaults = operator(directory.path(), &format!("{config}{common}"));
        let seen = address_seen(host(vars.clone(), &defaults)).await;
        assert!(seen.contains(h.as_str()), "{vars} {config}: {seen}");
        for sshd in [&outer, &inner] {
            let logins = sshd.log().matches("Accepted publickey").count();
            assert_eq!(logins, before + 1, "{vars} {config}");
        }
    }
}

#[tokio::test]
async fn any_other_proxy_command_carries_the_connection_and_says_why_it_cannot() {
    let sshd = Sshd::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let works = format!("Host h\n  HostName {}\n  ProxyCommand busybox nc %h %p\n", sshd.address);
    let defaults = operator(directory.path(), &(works + &common(&[&sshd])));
    let pool = Pool::new(vec![host(json!({}), &defaults)]);
    let connection = connect(&pool).await;
    let command = Command::new("wc -c").stdin(Input::Bytes(vec![7; 4 << 20].into()));
    assert_eq!(connection.run(command).await.unwrap().stdout_text().trim(), "4194304");
    drop(connection);
    let fails = "Host h\n  ProxyCommand sh -c 'echo no way to %h >&2; exit 1'\n";
    let defaults = operator(directory.path(), fails);
    let error = Pool::new(vec![host(json!({}), &defaults)]).connect("h").await.unwrap_err();
    assert!(error.no_sign_of_life() && error.to_string().contains("no way to h"), "{error}");
    let hangs = "Host h\n  ConnectTimeout 1\n  ProxyCommand sleep 60\n";
    let defaults = operator(directory.path(), hangs);
    let before = Instant::now();
    let error = Pool::new(vec![host(json!({}), &defaults)]).connect("h").await.unwrap_err();
    assert!(error.no_sign_of_life() && before.elapsed() < Duration::from_secs(4), "{error}");
}

#[tokio::test]
async fn the_connection_comes_from_the_bound_address() {
    let sshd = Sshd::start(&[]);
    let from = free_address();
    let mut target = sshd.target("root");
    endpoint(&mut target).line.from = Some(from.parse().unwrap());
    assert!(address_seen(target).await.starts_with(&format!("{from} ")));
    let mut target = sshd.target("root");
    endpoint(&mut target).line.only_ipv6 = Some(true);
    let error = Pool::new(vec![target]).connect("h").await.unwrap_err();
    assert!(error.to_string().contains("no address"), "{error}");
}

#[tokio::test]
async fn algorithms_are_those_of_ssh_config() {
    let sshd =
        Sshd::start(&["LogLevel DEBUG1", "Ciphers aes256-ctr,aes128-ctr", "MACs hmac-sha2-256"]);
    let directory = tempfile::tempdir().unwrap();
    let config = |more: &str| {
        let text = format!("Host h\n  HostName {}\n  {more}\n{}", sshd.address, common(&[&sshd]));
        operator(directory.path(), &text)
    };
    let set =
        "Ciphers aes128-ctr\n  MACs hmac-sha2-256\n  KexAlgorithms diffie-hellman-group14-sha256";
    connect(&Pool::new(vec![host(json!({}), &config(set))])).await;
    let log = sshd.log();
    assert!(log.contains("cipher: aes128-ctr MAC: hmac-sha2-256"), "{log}");
    assert!(log.contains("kex: algorithm: diffie-hellman-group14-sha256"), "{log}");
    let error = |more: &str| {
        let target = host(json!({}), &config(more));
        async move { Pool::new(vec![target]).connect("h").await.unwrap_err().to_string() }
    };
    let none = error("Ciphers -aes*").await;
    assert!(none.contains("no cipher algorithm in common"), "{none}");
    let unknown = error("Ciphers no-such-cipher").await;
    assert!(
        unknown.contains("`Ciphers no-such-cipher`") && unknown.contains("no algorithm"),
        "{unknown}"
    );
    let ruled_out = error("PubkeyAcceptedAlgorithms rsa-sha2-512").await;
    assert!(ruled_out.contains("ruled out by `PubkeyAcceptedAlgorithms`"), "{ruled_out}");
}

#[tokio::test]
async fn names_are_written_down_as_hashes_under_their_alias() {
    let sshd = Sshd::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("known");
    let config = format!(
        "Host h\n  HostName {}\n  Port 2222\n  User root\n  IdentityFile {}\n  HashKnownHosts yes\n  \
         HostKeyAlias The.Node\n  StrictHostKeyChecking accept-new\n  UserKnownHostsFile {}\n",
        sshd.address,
        sshd.client_key().display(),
        file.display()
    );
    let defaults = operator(directory.path(), &config);
    for _ in 0..2 {
        connect(&Pool::new(vec![host(json!({}), &defaults)])).await;
    }
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("|1|") && text.lines().count() == 1, "{text}");
    let found =
        std::process::Command::new("ssh-keygen").args(["-F", "the.node", "-f"]).arg(&file).output();
    assert!(found.unwrap().status.success());
    assert!(sshd.openssh_trusts(&file, &["-o", "HostKeyAlias=the.node"]));
}
