use super::super::etcdctl::testing::{Elsewhere, context, free_port, programs, task};
use super::names::{alternative_names, covers, hosts_of};
use crate::modules::{Context, ModuleError, Outcome};
use serde_json::{Value, json};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// An etcd CA on one host, and a fresh host. Both are this machine: commands on the CA's host see
/// the directory `ca` under the name of the fresh host's `ssl`.
struct Bench {
    directory: tempfile::TempDir,
}

fn openssl(words: &[&str]) -> String {
    let output = Command::new("openssl").args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

impl Bench {
    fn new() -> Self {
        let bench = Self { directory: tempfile::tempdir().unwrap() };
        std::fs::create_dir(bench.path("ca")).unwrap();
        let (key, certificate) = (bench.text("ca/ca-key.pem"), bench.text("ca/ca.pem"));
        openssl(&[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "3650",
            "-subj",
            "/CN=etcd-ca",
            "-keyout",
            &key,
            "-out",
            &certificate,
        ]);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn context(&self) -> Context {
        let peers = Elsewhere::new(&self.path("ssl"), &self.path("ca"));
        Context { peers: Arc::new(peers), ..context("node2.example", self.directory.path()) }
    }

    fn args(&self, more: &Value) -> Value {
        let mut args = json!({
            "action": "issue", "ca_host": "node1", "cert_dir": self.path("ssl"),
            "remote_dir": self.path("state"), "days": 100, "owner": "nobody",
            "addresses": ["https://10.1.2.3:2380", "https://[fd00::1]:2379", "10.1.2.3"],
        });
        for (name, value) in more.as_object().unwrap() {
            args[name] = value.clone();
        }
        args
    }

    async fn issue(&self, more: Value) -> Result<Outcome, ModuleError> {
        task(&self.context(), "pki", self.args(&more)).await
    }
}

fn list(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_fresh_host_gets_kubesprays_certificates_and_keeps_its_keys() {
    let bench = Bench::new();
    let ca_before = list(&bench.path("ca"));
    let outcome = bench.issue(json!({})).await.unwrap();
    assert!(outcome.changed, "{outcome:?}");
    let mut expected = vec!["ca.pem".to_owned()];
    for kind in ["admin", "member", "node"] {
        expected.push(format!("{kind}-node2.example-key.pem"));
        expected.push(format!("{kind}-node2.example.pem"));
    }
    expected.sort();
    assert_eq!(list(&bench.path("ssl")), expected);
    for kind in ["admin", "member", "node"] {
        let certificate = bench.text(&format!("ssl/{kind}-node2.example.pem"));
        let text = openssl(&["x509", "-in", &certificate, "-noout", "-text"]);
        assert!(
            text.contains(&format!("CN = etcd-{kind}-node2"))
                || text.contains(&format!("CN=etcd-{kind}-node2")),
            "{text}"
        );
        for part in [
            "DNS:localhost",
            "DNS:node2.example",
            "IP Address:10.1.2.3",
            "IP Address:127.0.0.1",
            "IP Address:FD00:0:0:0:0:0:0:1",
            "TLS Web Client Authentication",
            "TLS Web Server Authentication",
            "Public-Key: (2048 bit)",
            "DNS:etcd.kube-system",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let found = std::fs::metadata(&certificate).unwrap();
        assert_eq!(found.permissions().mode() & 0o777, 0o640);
        assert_eq!(found.uid(), 65534, "the certificate belongs to the owner");
    }
    let directory = std::fs::metadata(bench.path("ssl")).unwrap();
    assert_eq!((directory.permissions().mode() & 0o777, directory.uid()), (0o700, 65534));
    assert_eq!(list(&bench.path("ca")), ca_before, "nothing stays on the CA's host");
    assert_eq!(list(&bench.path("state/01RUN/pki")), Vec::<String>::new(), "no key lies about");

    let again = bench.issue(json!({})).await.unwrap();
    assert!(!again.changed, "{again:?}");
}

#[tokio::test]
async fn only_what_is_not_good_is_issued_anew() {
    let bench = Bench::new();
    bench.issue(json!({})).await.unwrap();
    let member = std::fs::read(bench.path("ssl/member-node2.example.pem")).unwrap();

    // A key that does not fit, as a run that was cut off leaves it.
    openssl(&["genrsa", "-out", &bench.text("ssl/node-node2.example-key.pem"), "2048"]);
    let outcome = bench.issue(json!({})).await.unwrap();
    assert_eq!(outcome.msg, "issued node");
    let now = std::fs::read(bench.path("ssl/member-node2.example.pem")).unwrap();
    assert_eq!(now, member, "what is good is left alone");
    let kept = bench.path("state/01RUN/pki/node-node2.example-key.pem");
    assert!(kept.exists(), "what was replaced is kept");

    // A new address, and a certificate that is about to expire.
    let moved = bench.issue(json!({"addresses": ["10.9.9.9"]})).await.unwrap();
    assert_eq!(moved.msg, "issued member, admin, node");
    let short = bench.issue(json!({"addresses": ["10.8.8.8"], "days": 31})).await.unwrap();
    assert!(short.changed);
    let soon = bench.issue(json!({"addresses": ["10.7.7.7"], "days": 3})).await;
    assert!(soon.is_err(), "what expires within a month is never called good");
}

#[tokio::test]
async fn check_mode_makes_no_key() {
    let bench = Bench::new();
    let mut check = bench.context();
    check.check = true;
    let outcome = task(&check, "pki", bench.args(&json!({}))).await.unwrap();
    assert_eq!(outcome.msg, "would issue member, admin, node");
    assert!(!bench.path("ssl").exists() && !bench.path("state").exists());
}

#[tokio::test]
async fn no_ca_is_ever_made() {
    let bench = Bench::new();
    for ca_host in [Value::Null, json!("")] {
        let error = bench.issue(json!({"ca_host": ca_host})).await.unwrap_err();
        assert!(matches!(&error, ModuleError::Refused { reason, .. } if reason.contains("I-19")));
    }
    std::fs::remove_file(bench.path("ca/ca-key.pem")).unwrap();
    assert!(bench.issue(json!({})).await.is_err());
    assert!(!bench.path("ssl").exists());
}

/// etcd itself is the judge: it serves with the certificates, and our client finds its own.
#[tokio::test]
async fn etcd_serves_and_is_asked_with_what_was_issued() {
    let bench = Bench::new();
    bench.issue(json!({"addresses": ["127.0.0.1"]})).await.unwrap();
    let bin = programs("3.5");
    let (client, peer) = (free_port(), free_port());
    let (client, peer) =
        (format!("https://127.0.0.1:{client}"), format!("https://127.0.0.1:{peer}"));
    let file = |name: &str| bench.text(&format!("ssl/{name}"));
    let (ca, cert, key) =
        (file("ca.pem"), file("member-node2.example.pem"), file("member-node2.example-key.pem"));
    let mut etcd = Command::new(bin.join("etcd"))
        .args(["--name", "etcd1", "--data-dir", &bench.text("data")])
        .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
        .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
        .args(["--initial-cluster", &format!("etcd1={peer}"), "--client-cert-auth"])
        .args(["--trusted-ca-file", &ca, "--cert-file", &cert, "--key-file", &key])
        .args(["--peer-client-cert-auth", "--peer-trusted-ca-file", &ca])
        .args(["--peer-cert-file", &cert, "--peer-key-file", &key])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::fs::write(bench.path("etcd.env"), format!("ETCD_ADVERTISE_CLIENT_URLS={client}\n"))
        .unwrap();
    let args = json!({
        "cert_dir": bench.path("ssl"), "env_file": bench.path("etcd.env"), "bin_dir": bin,
        "polls": 1, "deadline": 30, "write_probe": true,
    });
    let outcome = task(&bench.context(), "etcd_health", args).await;
    etcd.kill().unwrap();
    etcd.wait().unwrap();
    outcome.unwrap();
}

struct Forget(tempfile::TempDir);

impl Forget {
    fn new() -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(bench.ssl()).unwrap();
        for host in ["node1", "node10", "node2"] {
            for kind in ["member", "admin", "node"] {
                for end in ["", "-key"] {
                    let name = format!("{kind}-{host}{end}.pem");
                    std::fs::write(bench.ssl().join(&name), &name).unwrap();
                }
            }
        }
        bench
    }

    fn ssl(&self) -> PathBuf {
        self.0.path().join("ssl")
    }

    fn kept(&self) -> PathBuf {
        self.0.path().join("state/01RUN/pki")
    }

    async fn run(&self, check: bool) -> Outcome {
        let mut context = context("node3", self.0.path());
        context.check = check;
        let args = json!({
            "action": "forget", "hosts": ["node1"], "cert_dir": self.ssl(),
            "remote_dir": self.0.path().join("state"),
        });
        task(&context, "pki", args).await.unwrap()
    }
}

#[tokio::test]
async fn forgetting_node1_leaves_node10_alone_and_keeps_copies() {
    let bench = Forget::new();
    let before = list(&bench.ssl());
    assert!(bench.run(true).await.changed);
    assert_eq!(list(&bench.ssl()), before, "check mode removes nothing");
    assert!(!bench.kept().exists());

    let outcome = bench.run(false).await;
    assert!(outcome.changed);
    assert_eq!(outcome.values["removed"].as_array().unwrap().len(), 6);
    assert_eq!(list(&bench.ssl()).len(), 12);
    assert!(
        list(&bench.ssl()).iter().all(|name| !name.contains("node1.") && !name.contains("node1-"))
    );
    assert_eq!(list(&bench.kept()).len(), 6);
    let copy = std::fs::read_to_string(bench.kept().join("node-node1-key.pem")).unwrap();
    assert_eq!(copy, "node-node1-key.pem");
    assert!(!bench.run(false).await.changed);
}

#[tokio::test]
async fn a_certificate_that_others_link_to_stays() {
    let bench = Forget::new();
    std::fs::remove_file(bench.ssl().join("node-node2.pem")).unwrap();
    std::os::unix::fs::symlink("node-node1.pem", bench.ssl().join("node-node2.pem")).unwrap();
    let outcome = bench.run(false).await;
    assert_eq!(outcome.values["kept"], json!(["node-node1.pem"]));
    assert!(std::fs::read_to_string(bench.ssl().join("node-node2.pem")).is_ok());

    // A link of the forgotten host's own name is only a link: what it points to stays.
    let bench = Forget::new();
    std::fs::remove_file(bench.ssl().join("node-node1.pem")).unwrap();
    std::os::unix::fs::symlink("node-node2.pem", bench.ssl().join("node-node1.pem")).unwrap();
    let outcome = bench.run(false).await;
    assert_eq!(outcome.values["removed"].as_array().unwrap().len(), 6);
    assert!(bench.ssl().join("node-node2.pem").exists());
    assert!(bench.kept().join("node-node1.pem").is_symlink());
}

#[tokio::test]
async fn a_pattern_is_no_host() {
    let bench = Forget::new();
    for host in ["node*", "../x", "a b", "", "-x"] {
        let args = json!({"action": "forget", "hosts": [host], "cert_dir": bench.ssl()});
        let error = task(&context("node3", bench.0.path()), "pki", args).await.unwrap_err();
        assert!(matches!(error, ModuleError::Argument { .. }), "{host}");
    }
}

#[test]
fn names_are_read_from_urls_and_compared_as_what_they_are() {
    let hosts = hosts_of(&["https://[fd00::1]:2380".into(), "etcd.example".into()]).unwrap();
    assert_eq!(hosts, ["fd00::1", "etcd.example"]);
    assert!(hosts_of(&["x,DNS:evil".into()]).is_err());
    let names = alternative_names("node1", &hosts, &["etcd".into()]);
    assert_eq!(
        names,
        "DNS:localhost,DNS:node1,IP:fd00::1,DNS:etcd.example,DNS:etcd,IP:127.0.0.1,IP:::1"
    );
    let printed = "DNS:localhost, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1";
    assert!(covers(printed, &["fd00::1".into(), "10.0.0.1".into()]));
    assert!(!covers(printed, &["10.0.0.10".into()]));
}
