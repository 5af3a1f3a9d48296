//! Logging in.

use super::help::*;
use rrecover::redact::Secret;
use rrecover::transport::settings::Method;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

fn authorize(sshd: &Sshd, key: &Path) {
    let public = std::fs::read_to_string(format!("{}.pub", key.display())).unwrap();
    std::fs::write(sshd.path().join("authorized_keys"), public).unwrap();
}

#[tokio::test]
async fn every_key_type_and_file_format_logs_in() {
    let sshd = Sshd::start(&[]);
    for (kind, more) in [
        ("ed25519", &[][..]),
        ("ecdsa", &["-b", "256"]),
        ("ecdsa", &["-b", "384"]),
        ("ecdsa", &["-b", "521"]),
        ("rsa", &["-b", "2048"]),
        ("rsa", &["-b", "2048", "-m", "PEM"]),
        ("rsa", &["-b", "2048", "-m", "PKCS8"]),
        ("ecdsa", &["-b", "256", "-m", "PEM"]),
        ("ecdsa", &["-b", "256", "-m", "PKCS8"]),
    ] {
        let keys = tempfile::tempdir().unwrap();
        let key = keys.path().join("key");
        make_key_with(&key, kind, "", more);
        authorize(&sshd, &key);
        let mut target = sshd.target("root");
        endpoint(&mut target).credentials.keys = vec![key];
        let pool = Pool::new(vec![target]);
        let connection =
            pool.connect("h").await.unwrap_or_else(|error| panic!("{kind} {more:?}: {error}"));
        assert_eq!(stdout(&connection, "echo in").await, "in\n");
    }
}

#[tokio::test]
async fn an_encrypted_key_asks_once_for_all_hosts() {
    let sshd = Sshd::start(&[]);
    for more in [&[][..], &["-m", "PEM"], &["-m", "PKCS8"]] {
        let keys = tempfile::tempdir().unwrap();
        let key = keys.path().join("key");
        make_key_with(&key, "rsa", "open sesame", more);
        authorize(&sshd, &key);
        let targets = (0..5).map(|n| {
            let mut target = sshd.target("root");
            endpoint(&mut target).credentials.keys = vec![key.clone()];
            target.name = format!("h{n}");
            target
        });
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let pool = Pool::new(targets.collect()).ask_passphrase(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            Some(Secret::new("open sesame"))
        });
        let names: Vec<_> = (0..5).map(|n| format!("h{n}")).collect();
        let all = futures_util::future::join_all(names.iter().map(|name| pool.connect(name))).await;
        for connection in all {
            connection.unwrap_or_else(|error| panic!("{more:?}: {error}"));
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_wrong_passphrase_or_nobody_to_ask_is_said() {
    let sshd = Sshd::start(&[]);
    let key = sshd.path().join("encrypted");
    make_key(&key, "ed25519", "right");
    authorize(&sshd, &key);
    let mut target = sshd.target("root");
    endpoint(&mut target).credentials.keys = vec![key];
    let error = Pool::new(vec![target.clone()]).connect("h").await.unwrap_err();
    assert!(error.to_string().contains("is encrypted and no passphrase"), "{error}");
    let pool = Pool::new(vec![target]).ask_passphrase(|_| Some(Secret::new("wrong")));
    let error = pool.connect("h").await.unwrap_err();
    assert!(error.to_string().contains("wrong passphrase"), "{error}");
}

#[tokio::test]
async fn a_certificate_beside_the_key_logs_in() {
    let sshd = Sshd::start(&["TrustedUserCAKeys @DIR@/ca.pub", "AuthorizedKeysFile none"]);
    let authority = sshd.path().join("ca");
    make_key(&authority, "ed25519", "");
    let signed = std::process::Command::new("ssh-keygen")
        .args(["-q", "-s", authority.to_str().unwrap(), "-I", "test", "-n", "root"])
        .arg(sshd.path().join("client.pub"))
        .status();
    assert!(signed.unwrap().success());
    connect(&Pool::new(vec![sshd.target("root")])).await;
}

#[tokio::test]
async fn a_password_logs_in_and_a_wrong_one_does_not() {
    let user = User::make(None);
    let sshd = Sshd::start(&[]);
    let mut target = sshd.target(&user.name);
    endpoint(&mut target).credentials.keys.clear();
    endpoint(&mut target).credentials.password = Some(user.password.clone());
    assert_eq!(
        stdout(&connect(&Pool::new(vec![target.clone()])).await, "id -un").await.trim(),
        user.name
    );
    endpoint(&mut target).credentials.password = Some(Secret::new("wr0ng-pa55"));
    let error = Pool::new(vec![target]).connect("h").await.unwrap_err();
    assert!(matches!(error, TransportError::Auth { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("password refused") && !text.contains("wr0ng"), "{text}");
}

#[tokio::test]
async fn keyboard_interactive_answers_with_the_password() {
    let user = User::make(None);
    let sshd = Sshd::start(&[
        "UsePAM yes",
        "KbdInteractiveAuthentication yes",
        "PasswordAuthentication no",
        "PubkeyAuthentication no",
    ]);
    let mut target = sshd.target(&user.name);
    endpoint(&mut target).credentials.password = Some(user.password.clone());
    connect(&Pool::new(vec![target.clone()])).await;
    endpoint(&mut target).credentials.password = Some(Secret::new("wrong"));
    let error = Pool::new(vec![target]).connect("h").await.unwrap_err();
    assert!(error.to_string().contains("keyboard-interactive refused"), "{error}");
}

#[tokio::test]
async fn two_factors_key_and_password_log_in_together() {
    let user = User::make(None);
    let sshd = Sshd::start(&["AuthenticationMethods publickey,password"]);
    let mut target = sshd.target(&user.name);
    endpoint(&mut target).credentials.password = Some(user.password.clone());
    connect(&Pool::new(vec![target])).await;
}

struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn agent_with(socket: &Path, keys: &[&Path]) -> Agent {
    let process = std::process::Command::new("ssh-agent")
        .args(["-D", "-a", socket.to_str().unwrap()])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let agent = Agent(process);
    until("the agent listens", || std::os::unix::net::UnixStream::connect(socket).is_ok()).await;
    for key in keys {
        let mut add = std::process::Command::new("ssh-add");
        let added = add.arg("-q").arg(key).env("SSH_AUTH_SOCK", socket).output().unwrap();
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    }
    agent
}

#[tokio::test]
async fn the_agent_signs_with_every_key_type() {
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let sshd = Sshd::start(&[]);
        let (other, key) = (sshd.path().join("other"), sshd.path().join("mine"));
        make_key(&other, "ed25519", "");
        make_key(&key, kind, "");
        authorize(&sshd, &key);
        let socket = sshd.path().join("agent");
        let _agent = agent_with(&socket, &[&other, &key]).await;
        std::fs::remove_file(&key).unwrap();
        let mut target = sshd.target("root");
        endpoint(&mut target).credentials.keys.clear();
        endpoint(&mut target).credentials.agent = Some(socket);
        connect(&Pool::new(vec![target])).await;
    }
}

#[tokio::test]
async fn a_configured_key_that_the_agent_holds_needs_no_passphrase_and_comes_first() {
    // The agent's other keys alone would use up the tries.
    let sshd = Sshd::start(&["MaxAuthTries 2"]);
    let socket = sshd.path().join("agent");
    let others: Vec<_> = (0..4).map(|n| sshd.path().join(format!("other{n}"))).collect();
    for other in &others {
        make_key(other, "ed25519", "");
    }
    let key = sshd.path().join("mine");
    make_key(&key, "ed25519", "");
    authorize(&sshd, &key);
    let mut all: Vec<&Path> = others.iter().map(std::path::PathBuf::as_path).collect();
    all.push(&key);
    let _agent = agent_with(&socket, &all).await;
    let encrypt = std::process::Command::new("ssh-keygen")
        .args(["-q", "-p", "-P", "", "-N", "secret", "-f", key.to_str().unwrap()])
        .output();
    assert!(encrypt.unwrap().status.success());
    let mut target = sshd.target("root");
    endpoint(&mut target).credentials.keys = vec![key];
    endpoint(&mut target).credentials.agent = Some(socket);
    connect(&Pool::new(vec![target])).await;
}

#[tokio::test]
async fn nothing_that_fits_says_what_was_tried() {
    let sshd = Sshd::start(&["PasswordAuthentication no"]);
    std::fs::write(sshd.path().join("authorized_keys"), "").unwrap();
    let mut target = sshd.target("root");
    endpoint(&mut target).credentials.agent = Some("/nowhere/agent".into());
    endpoint(&mut target).credentials.keys.push("/nowhere/key".into());
    let text = Pool::new(vec![target]).connect("h").await.unwrap_err().to_string();
    for part in ["`root`", "/nowhere/agent", "client` refused", "/nowhere/key", "offers publickey"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn too_many_keys_end_in_an_error_not_a_hang() {
    let sshd = Sshd::start(&["MaxAuthTries 2"]);
    std::fs::write(sshd.path().join("authorized_keys"), "").unwrap();
    let mut target = sshd.target("root");
    for n in 0..5 {
        let key = sshd.path().join(format!("key{n}"));
        make_key(&key, "ed25519", "");
        endpoint(&mut target).credentials.keys.push(key);
    }
    let before = Instant::now();
    let error = Pool::new(vec![target]).connect("h").await.unwrap_err();
    assert!(matches!(error, TransportError::Auth { .. }), "{error}");
    assert!(before.elapsed() < Duration::from_secs(10));
}

/// Signs the public half of `key` with a new authority and gives the certificate's file.
fn certify(sshd: &Sshd, key: &Path, principal: &str) -> PathBuf {
    let authority = sshd.path().join("ca");
    if !authority.exists() {
        make_key(&authority, "ed25519", "");
    }
    let signed = std::process::Command::new("ssh-keygen")
        .args(["-q", "-s", authority.to_str().unwrap(), "-I", "test", "-n", principal])
        .arg(format!("{}.pub", key.display()))
        .status();
    assert!(signed.unwrap().success());
    PathBuf::from(format!("{}-cert.pub", key.display()))
}

#[tokio::test]
async fn certificates_of_every_key_type_log_in_from_files_and_through_the_agent() {
    let sshd = Sshd::start(&["TrustedUserCAKeys @DIR@/ca.pub", "AuthorizedKeysFile none"]);
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let key = sshd.path().join(format!("mine_{kind}"));
        make_key(&key, kind, "");
        let beside = certify(&sshd, &key, "root");
        let elsewhere = sshd.path().join(format!("{kind}.certificate"));
        std::fs::rename(&beside, &elsewhere).unwrap();
        let mut target = sshd.target("root");
        endpoint(&mut target).credentials.keys = vec![key.clone()];
        let without = Pool::new(vec![target.clone()]).connect("h").await;
        assert!(matches!(without, Err(TransportError::Auth { .. })), "{kind}");
        endpoint(&mut target).credentials.certificates = vec![elsewhere.clone()];
        connect(&Pool::new(vec![target.clone()])).await;
        // The agent holds the bare key, the certificate is a file.
        let socket = sshd.path().join(format!("agent_{kind}"));
        let _agent = agent_with(&socket, &[&key]).await;
        std::fs::write(&key, "gone").unwrap();
        endpoint(&mut target).credentials.agent = Some(socket);
        connect(&Pool::new(vec![target])).await;
    }
}

#[tokio::test]
async fn a_passphrase_is_only_asked_for_when_the_server_wants_the_key() {
    let sshd = Sshd::start(&[]);
    let (unwanted, wanted) = (sshd.path().join("unwanted"), sshd.path().join("wanted"));
    make_key(&unwanted, "ed25519", "never asked");
    make_key(&wanted, "ed25519", "open sesame");
    authorize(&sshd, &wanted);
    let mut target = sshd.target("root");
    endpoint(&mut target).credentials.keys = vec![unwanted, wanted.clone()];
    let pool = Pool::new(vec![target]).ask_passphrase(move |path| {
        assert_eq!(path, wanted, "the server refuses the other one");
        Some(Secret::new("open sesame"))
    });
    connect(&pool).await;
}

#[tokio::test]
async fn a_public_key_file_names_a_key_of_the_agent() {
    let sshd = Sshd::start(&["MaxAuthTries 2"]);
    let others: Vec<_> = (0..3).map(|n| sshd.path().join(format!("other{n}"))).collect();
    for other in &others {
        make_key(other, "ed25519", "");
    }
    let key = sshd.path().join("mine");
    make_key(&key, "ed25519", "");
    authorize(&sshd, &key);
    let mut all: Vec<&Path> = others.iter().map(PathBuf::as_path).collect();
    all.push(&key);
    let socket = sshd.path().join("agent");
    let _agent = agent_with(&socket, &all).await;
    let mut target = sshd.target("root");
    endpoint(&mut target).credentials.agent = Some(socket);
    endpoint(&mut target).credentials.configured_only = true;
    endpoint(&mut target).credentials.keys = vec![sshd.path().join("mine.pub")];
    connect(&Pool::new(vec![target.clone()])).await;
    authorize(&sshd, &sshd.client_key());
    endpoint(&mut target).credentials.keys = vec![sshd.path().join("client.pub")];
    let error = Pool::new(vec![target]).connect("h").await.unwrap_err().to_string();
    assert!(error.contains("is a public key") && !error.contains("agent's key"), "{error}");
}

#[tokio::test]
async fn identities_only_still_tries_the_default_keys() {
    let sshd = Sshd::start(&[]);
    let mut target = sshd.target("root");
    let credentials = &mut endpoint(&mut target).credentials;
    credentials.default_keys = std::mem::take(&mut credentials.keys);
    credentials.configured_only = true;
    connect(&Pool::new(vec![target])).await;
}

#[tokio::test]
async fn proofs_are_shown_in_the_order_the_server_or_the_operator_wants() {
    let user = User::make(None);
    for methods in [
        "publickey,password",
        "password,publickey",
        "publickey,keyboard-interactive",
        "publickey,publickey",
    ] {
        let sshd = Sshd::start(&[
            &format!("AuthenticationMethods {methods}"),
            "UsePAM yes",
            "KbdInteractiveAuthentication yes",
        ]);
        let second = sshd.path().join("second");
        make_key(&second, "ecdsa", "");
        let keys = sshd.path().join("authorized_keys");
        let both = std::fs::read_to_string(&keys).unwrap()
            + &std::fs::read_to_string(sshd.path().join("second.pub")).unwrap();
        std::fs::write(&keys, both).unwrap();
        let mut target = sshd.target(&user.name);
        endpoint(&mut target).credentials.password = Some(user.password.clone());
        endpoint(&mut target).credentials.keys.push(second);
        let pool = Pool::new(vec![target]);
        let connected = pool.connect("h").await;
        assert!(connected.is_ok(), "{methods}: {}", connected.unwrap_err());
    }
    let sshd = Sshd::start(&[]);
    let mut target = sshd.target(&user.name);
    endpoint(&mut target).credentials.password = Some(user.password.clone());
    endpoint(&mut target).credentials.methods = Some(vec![Method::Password, Method::PublicKey]);
    connect(&Pool::new(vec![target.clone()])).await;
    assert!(sshd.log().contains("Accepted password"), "{}", sshd.log());
    endpoint(&mut target).credentials.methods = Some(vec![Method::PublicKey, Method::Password]);
    connect(&Pool::new(vec![target])).await;
    assert!(sshd.log().contains("Accepted publickey"), "{}", sshd.log());
}

#[tokio::test]
async fn commands_reach_the_agent_only_when_it_is_forwarded() {
    let sshd = Sshd::start(&[]);
    let socket = sshd.path().join("agent");
    let _agent = agent_with(&socket, &[&sshd.client_key()]).await;
    let mut target = sshd.target("root");
    endpoint(&mut target).credentials.agent = Some(socket);
    let list = "ssh-add -l 2>&1 | grep -c ED25519; true";
    assert_eq!(stdout(&connect(&Pool::new(vec![target.clone()])).await, list).await, "0\n");
    endpoint(&mut target).forward_agent = true;
    let pool = Pool::new(vec![target]);
    let connection = connect(&pool).await;
    for _ in 0..3 {
        assert_eq!(stdout(&connection, list).await, "1\n");
    }
}
