//! Modules that change the system of a host, on real hosts: containers that run systemd.
//!
//! Where ansible-core has the module and needs nothing but Python for it, both tools do the same
//! tasks on two hosts that are alike, and answers and effects are compared.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use rrecover::modules::{ModuleError, Outcome};
use serde_json::{Map, Value, json};
use support::modules::{Container, Host, Oracle};

/// What a task registers, as far as modules say it.
fn answer(result: Result<Outcome, ModuleError>) -> Map<String, Value> {
    match result {
        Ok(outcome) => {
            let mut answer = outcome.values;
            answer.insert("changed".into(), json!(outcome.changed));
            answer.insert("failed".into(), json!(outcome.failed));
            answer
        }
        Err(error) => {
            let answer = json!({"changed": false, "failed": true, "msg": error.to_string()});
            answer.as_object().unwrap().clone()
        }
    }
}

/// Keys of Ansible's answers that tell of its own work, or of chance.
const NOT_COMPARED: &[&str] = &[
    "invocation",
    "stdout",
    "stderr",
    "msg",
    "warnings",
    "rc",
    "diff",
    "status",
    "exception",
    "ssh_fingerprint",
    "ssh_public_key",
];

/// Two hosts that are alike.
struct Twins {
    ours: Container,
    theirs: Container,
    oracle: Oracle,
}

impl Twins {
    async fn boot(tag: &str) -> Self {
        let oracle = Oracle::find();
        let volumes = oracle.volumes();
        let (one, other) = (format!("{tag}-ours"), format!("{tag}-theirs"));
        let boot = |name| Container::boot(name, &volumes);
        let (ours, theirs) = tokio::join!(boot(&one), boot(&other));
        Self { ours, theirs, oracle }
    }

    async fn sh(&self, script: &str) {
        self.ours.host.sh(script).await;
        self.theirs.host.sh(script).await;
    }

    /// Does a task on both, first in check mode, and compares what they answer.
    async fn task(&self, module: &str, name: &str, args: Value) {
        let mut checked = args.clone();
        checked["_ansible_check_mode"] = json!(true);
        let theirs = self.oracle.run(&self.theirs.host, module, &checked).await;
        let ours = answer(self.ours.host.check(name, args.clone()).await);
        let failed = |answer: &Value| answer.get("failed") == Some(&json!(true));
        let both = format!("{name} {args} in check mode: Ansible {theirs}, we {ours:?}");
        if !failed(&theirs) {
            assert_eq!(ours["changed"], theirs["changed"], "{both}");
        }
        let theirs = self.oracle.run(&self.theirs.host, module, &args).await;
        let ours = answer(self.ours.host.run(name, args.clone()).await);
        let both = format!("{name} {args}: Ansible {theirs}, we {ours:?}");
        assert_eq!(ours["failed"], failed(&theirs), "{both}");
        if failed(&theirs) {
            return;
        }
        for (key, value) in theirs.as_object().unwrap() {
            if !NOT_COMPARED.contains(&key.as_str()) {
                assert_eq!(ours.get(key), Some(value), "`{key}` of {both}");
            }
        }
    }

    /// Compares what a script prints.
    async fn same(&self, script: &str) {
        assert_eq!(self.ours.host.sh(script).await, self.theirs.host.sh(script).await, "{script}");
    }
}

const HASH: &str = "$6$rounds=5000$abcdefgh$\
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const OTHER_HASH: &str = "$6$rounds=5000$abcdefgh$\
    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

#[tokio::test]
async fn accounts_become_what_ansible_makes_of_them() {
    let twins = Twins::boot("accounts").await;
    for args in [
        json!({"name": "team", "gid": 3000}),
        json!({"name": "team", "gid": 3000, "state": "present"}),
        json!({"name": "team", "gid": 3001}),
        json!({"name": "other", "system": true, "gid_min": 400, "gid_max": 450}),
        json!({"name": "same", "gid": 3001}),
        json!({"name": "same", "gid": 3001, "non_unique": true}),
        json!({"name": "same", "state": "absent"}),
        json!({"name": "same", "state": "absent"}),
    ] {
        twins.task("group", "group", args).await;
    }
    twins.same("getent group").await;
    for args in [
        json!({"name": "ann", "uid": 2000, "group": "team", "groups": ["other", "adm"],
               "comment": "Ann Other", "home": "/srv/people/ann", "shell": "/bin/bash",
               "password": HASH}),
        json!({"name": "ann", "uid": 2000, "group": "3001", "groups": "adm,other",
               "password": HASH}),
        json!({"name": "ann", "comment": "Ann O'Ther", "shell": "/bin/sh"}),
        json!({"name": "ann", "groups": ["daemon"], "append": true}),
        json!({"name": "ann", "groups": ["daemon", "team"]}),
        json!({"name": "ann", "groups": []}),
        json!({"name": "ann", "password_lock": true}),
        json!({"name": "ann", "password_lock": true}),
        json!({"name": "ann", "password_lock": false}),
        json!({"name": "ann", "password": OTHER_HASH, "update_password": "on_create"}),
        json!({"name": "ann", "password": OTHER_HASH, "password_lock": true}),
        json!({"name": "ann", "expires": 1_900_000_000}),
        json!({"name": "ann", "expires": 1_900_000_000}),
        json!({"name": "ann", "expires": -1}),
        json!({"name": "ann", "password_expire_min": 1, "password_expire_max": 90,
               "password_expire_warn": 7}),
        json!({"name": "ann", "password_expire_max": 90}),
        json!({"name": "ann", "home": "/srv/moved", "move_home": true}),
        json!({"name": "ann", "groups": ["nobody-knows-it"]}),
        json!({"name": "ann", "generate_ssh_key": true, "ssh_key_type": "ed25519"}),
        json!({"name": "ann", "generate_ssh_key": true, "ssh_key_type": "ed25519"}),
        json!({"name": "daemonic", "system": true, "create_home": false, "shell": "/sbin/nologin"}),
        json!({"name": "daemonic", "create_home": true, "home": "/srv/later"}),
        json!({"name": "locked", "password": HASH, "password_lock": true, "umask": "027"}),
        json!({"name": "daemonic", "state": "absent", "remove": true}),
        json!({"name": "daemonic", "state": "absent"}),
    ] {
        twins.task("user", "user", args).await;
    }
    for script in [
        "getent passwd",
        "getent group",
        "cat /etc/shadow",
        "cd /srv && find . ! -name 'id_*' -printf '%p %m %u %g\\n' | sort",
        "ls -ld /home/*; stat -c '%a %U' /srv/moved/.ssh/id_ed25519",
    ] {
        twins.same(script).await;
    }
}

#[tokio::test]
async fn a_password_is_never_an_argument_of_a_program() {
    let container = Container::boot("secret", &[]).await;
    let spy = "mv /usr/sbin/chpasswd /usr/sbin/chpasswd.real && mv /usr/sbin/useradd \
               /usr/sbin/useradd.real && for name in chpasswd useradd; do printf '#!/bin/sh\\ncat \
               /proc/[0-9]*/cmdline >>/seen\\nexec /usr/sbin/%s.real \"$@\"\\n' $name \
               >/usr/sbin/$name; chmod +x /usr/sbin/$name; done";
    container.host.sh(spy).await;
    let task = json!({"name": "eve", "password": HASH});
    assert!(container.host.run("user", task).await.unwrap().changed);
    let seen = container.host.sh("tr '\\0' ' ' </seen").await;
    assert!(seen.contains("useradd") && !seen.contains("$6$"), "{seen}");
    let shadow = container.host.sh("grep ^eve: /etc/shadow").await;
    assert!(shadow.contains(HASH), "{shadow}");
}

#[tokio::test]
async fn without_useradd_an_account_that_would_change_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let host = Host::busybox(root.path().to_str().unwrap(), &[], "");
    let accounts = "cat /etc/passwd /etc/group /etc/shadow";
    let before = host.sh(accounts).await;
    for (module, task) in [
        ("group", json!({"name": "team"})),
        ("group", json!({"name": "root", "gid": 7})),
        ("user", json!({"name": "ann"})),
        ("user", json!({"name": "root", "comment": "Root"})),
        ("user", json!({"name": "root", "state": "absent"})),
    ] {
        let error = host.run(module, task).await.unwrap_err();
        assert!(matches!(error, ModuleError::Refused { .. }), "{error}");
    }
    assert_eq!(host.sh(accounts).await, before);
    assert!(!host.run("group", json!({"name": "root"})).await.unwrap().changed);
    assert!(!host.run("user", json!({"name": "root", "home": "/root"})).await.unwrap().changed);
}

const UNITS: &str = r"cat >/etc/systemd/system/demo.service <<'END'
[Unit]
Description=A demonstration
[Service]
ExecStart=/bin/sleep infinity
ExecReload=/bin/true
[Install]
WantedBy=multi-user.target
END
sed '/Install/,$d' /etc/systemd/system/demo.service >/etc/systemd/system/fixed.service
cp /etc/systemd/system/demo.service /etc/systemd/user/own.service
systemctl daemon-reload";

#[tokio::test]
async fn services_are_managed_and_listed_as_by_ansible() {
    let twins = Twins::boot("services").await;
    twins.sh(UNITS).await;
    for args in [
        json!({"name": "demo", "state": "started", "enabled": true}),
        json!({"name": "demo.service", "state": "started", "enabled": true}),
        json!({"name": "demo", "state": "restarted", "no_block": false}),
        json!({"name": "demo", "state": "reloaded"}),
        json!({"name": "demo", "enabled": false, "daemon_reload": true}),
        json!({"name": "demo", "state": "stopped"}),
        json!({"name": "demo", "state": "stopped"}),
        json!({"name": "demo", "state": "reloaded"}),
        json!({"name": "demo", "state": "stopped", "masked": true}),
        json!({"name": "demo", "masked": true}),
        json!({"name": "demo", "masked": false, "enabled": true}),
        json!({"name": "fixed", "enabled": true, "state": "started"}),
        json!({"name": "nowhere", "state": "started"}),
        json!({"name": "own", "scope": "global", "enabled": true}),
        json!({"name": "own", "scope": "global", "enabled": true}),
        json!({"name": "own", "scope": "global", "enabled": false}),
        json!({"daemon_reexec": true}),
        json!({"daemon_reload": true}),
    ] {
        twins.task("systemd_service", "systemd", args).await;
    }
    twins.same("find /etc/systemd -name 'demo*' -o -name 'own*' -printf '%p %l\\n' | sort").await;
    twins.same("systemctl is-active demo fixed; systemctl is-enabled demo fixed; exit 0").await;
    let host = &twins.ours.host;
    host.sh("sed -i 's/A demonstration/Another/' /etc/systemd/system/demo.service").await;
    let reload = json!({"name": "demo", "enabled": true, "daemon_reload": true});
    assert_eq!(
        host.run("service", reload).await.unwrap().values["status"]["Description"],
        "Another"
    );
    let status = &host
        .run("systemd", json!({"name": "demo", "enabled": true}))
        .await
        .unwrap()
        .values["status"];
    let theirs =
        twins.oracle.run(host, "systemd_service", &json!({"name": "demo", "enabled": true})).await;
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(status), names(&theirs["status"]));
    assert_eq!(
        status["ExecStart"].as_str().unwrap().split(';').next(),
        theirs["status"]["ExecStart"].as_str().unwrap().split(';').next()
    );
    let ours = host.run("service_facts", json!({})).await.unwrap();
    let theirs = twins.oracle.run(host, "service_facts", &json!({})).await;
    assert_eq!(ours.values["ansible_facts"]["services"], theirs["ansible_facts"]["services"]);
}

/// The outcome of a task that has to go well, that it is the same in check mode, and that nothing
/// is left to do after it.
async fn settles(host: &Host, module: &str, args: Value) -> Outcome {
    let checked = host.check(module, args.clone()).await.unwrap_or_else(|e| panic!("{args}: {e}"));
    let outcome = host.run(module, args.clone()).await.unwrap_or_else(|e| panic!("{args}: {e}"));
    assert_eq!(checked.changed, outcome.changed, "{module} {args} in check mode");
    let again = host.run(module, args.clone()).await.unwrap_or_else(|e| panic!("{args}: {e}"));
    assert!(!again.changed, "{module} {args} again");
    outcome
}

#[tokio::test]
async fn the_name_of_a_host_is_the_one_it_keeps() {
    let twins = Twins::boot("name").await;
    twins.sh("umount /etc/hostname 2>/dev/null; echo old >/etc/hostname; exit 0").await;
    for name in ["node-7.example.org", "node-7.example.org", "short"] {
        let args = json!({"name": name, "use": "debian"});
        let theirs = twins.oracle.run(&twins.theirs.host, "hostname", &args).await;
        let ours = answer(twins.ours.host.run("hostname", args).await);
        assert_eq!(ours["changed"], theirs["changed"], "{name}: {theirs} {ours:?}");
        assert_eq!(ours["name"], theirs["name"]);
        let short = &theirs["ansible_facts"]["ansible_hostname"];
        assert_eq!(&ours["ansible_facts"]["ansible_hostname"], short);
        twins.same("cat /etc/hostname; uname -n").await;
    }
    let checked = twins.ours.host.check("hostname", json!({"name": "never"})).await.unwrap();
    assert!(checked.changed);
    assert_eq!(twins.ours.host.sh("uname -n").await, "short\n");
}

#[tokio::test]
async fn settings_modules_and_mounts_are_as_wanted() {
    let container = Container::boot("kernel", &[]).await;
    settings(&container.host).await;
    kernel_modules(&container.host).await;
    mounts(&container.host).await;
}

async fn settings(host: &Host) {
    host.sh("printf '# kept\\nnet.ipv4.tcp_keepalive_time = 7200\\nnet.ipv4.ip_forward=0\\n\
             net.ipv4.ip_forward=0\\n' >/etc/demo.conf; chmod 0640 /etc/demo.conf")
        .await;
    let file = "/etc/demo.conf";
    let task = json!({"name": "net.ipv4.ip_forward", "value": "yes", "sysctl_file": file});
    assert!(settles(host, "sysctl", task).await.changed);
    let content = "# kept\nnet.ipv4.tcp_keepalive_time=7200\nnet.ipv4.ip_forward=1\n";
    assert_eq!(host.sh("cat /etc/demo.conf").await, content);
    assert_eq!(
        host.sh("stat -c %a /etc/demo.conf; cat /proc/sys/net/ipv4/ip_forward").await,
        "640\n1\n"
    );
    host.sh("echo 0 >/proc/sys/net/ipv4/ip_forward").await;
    let task = json!({"name": "net.ipv4.ip_forward", "value": 1, "sysctl_file": file,
                      "sysctl_set": true, "reload": false});
    assert!(settles(host, "ansible.posix.sysctl", task).await.changed);
    assert_eq!(host.sh("cat /proc/sys/net/ipv4/ip_forward").await, "1\n");
    let task = json!({"name": "net.ipv4.ip_forward", "state": "absent", "sysctl_file": file});
    assert!(settles(host, "sysctl", task).await.changed);
    assert!(!host.sh("cat /etc/demo.conf").await.contains("ip_forward"));
    let task = json!({"name": "no.such.key", "value": "1", "sysctl_file": "/etc/wrong.conf"});
    assert!(host.run("sysctl", task).await.is_err());
}

async fn kernel_modules(host: &Host) {
    host.sh("printf '#!/bin/sh\\necho \"$*\" >>/calls\\n' >/usr/sbin/modprobe; \
             chmod +x /usr/sbin/modprobe; mkdir -p /etc/modprobe.d /etc/modules-load.d; \
             printf 'options demo a=1\\noptions else b=2\\n' >/etc/modprobe.d/old.conf")
        .await;
    let task = json!({"name": "demo", "params": "a=2 c=3", "persistent": "present"});
    assert!(host.check("modprobe", task.clone()).await.unwrap().changed);
    assert_eq!(
        host.sh("cat /calls; rm /calls; ls /etc/modules-load.d").await.lines().next(),
        Some("-n demo a=2 c=3")
    );
    let outcome = host.run("community.general.modprobe", task).await.unwrap();
    assert!(outcome.changed && outcome.values["params"] == "a=2 c=3");
    assert_eq!(host.sh("cat /calls /etc/modules-load.d/demo.conf").await, "demo a=2 c=3\ndemo\n");
    let files = host.sh("cat /etc/modprobe.d/old.conf /etc/modprobe.d/demo.conf").await;
    assert_eq!(files, "#options demo a=1\noptions else b=2\noptions demo a=2\noptions demo c=3\n");
    let task = json!({"name": "demo", "state": "absent", "persistent": "absent"});
    assert!(settles(host, "modprobe", task).await.changed);
    assert_eq!(host.sh("cat /etc/modules-load.d/demo.conf").await, "#demo\n");
}

async fn mounts(host: &Host) {
    host.sh("printf '# the table\\n/dev/vda / ext4 defaults 0 1\\n' >/etc/fstab; mkdir -p /source")
        .await;
    let table = || host.sh("cat /etc/fstab");
    let task = |state: &str, more: Value| {
        let mut task = json!({"path": "/mnt/a b/c", "state": state});
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        task
    };
    let of = json!({"src": "tmpfs", "fstype": "tmpfs", "opts": "size=1m"});
    let outcome = settles(host, "mount", task("present", of.clone())).await;
    assert!(outcome.changed && outcome.values["fstab"] == "/etc/fstab");
    assert!(table().await.ends_with("0 1\ntmpfs /mnt/a\\040b/c tmpfs size=1m 0 0\n"));
    assert!(settles(host, "ansible.posix.mount", task("mounted", of)).await.changed);
    assert!(host.sh("grep '/mnt/a' /proc/mounts").await.contains("size=1024k"));
    let larger = json!({"src": "tmpfs", "fstype": "tmpfs", "opts": "size=2m", "boot": false});
    assert!(settles(host, "mount", task("mounted", larger)).await.changed);
    assert!(table().await.contains(" size=2m,noauto 0 0"));
    assert!(host.sh("grep '/mnt/a' /proc/mounts").await.contains("size=2048k"));
    assert!(host.run("mount", task("remounted", json!({}))).await.unwrap().changed);
    assert!(settles(host, "mount", task("unmounted", json!({}))).await.changed);
    assert!(settles(host, "mount", task("absent", json!({}))).await.changed);
    assert_eq!(table().await, "# the table\n/dev/vda / ext4 defaults 0 1\n");
    assert_eq!(host.sh("ls -d '/mnt/a b/c' 2>/dev/null | wc -l").await, "0\n");
    let wrong =
        json!({"path": "/mnt/wrong", "src": "/dev/nothing", "fstype": "ext4", "state": "mounted"});
    assert!(host.run("mount", wrong).await.is_err());
    assert_eq!(table().await, "# the table\n/dev/vda / ext4 defaults 0 1\n");
    assert_eq!(host.sh("ls /mnt | grep -c wrong; exit 0").await, "0\n");
    let bind = json!({"path": "/mnt/bind", "src": "/source", "fstype": "none", "opts": "bind", "state": "ephemeral"});
    assert!(host.run("mount", bind).await.unwrap().changed);
    let other = json!({"path": "/mnt/bind", "src": "/tmp", "fstype": "none", "opts": "bind", "state": "ephemeral"});
    assert!(host.run("mount", other).await.is_err());
}

/// An archive of two packages, one in two versions, and nothing else to install from.
const ARCHIVE: &str = r#"set -e
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
mkdir -p /repo /build && cd /build
make() {
    mkdir -p "$1/DEBIAN"
    printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: d\n%s' "$1" "$2" "$3" >"$1/DEBIAN/control"
    [ -z "$4" ] || { mkdir -p "$1/etc"; echo "$2" >"$1/etc/$1.conf"; echo "/etc/$1.conf" >"$1/DEBIAN/conffiles"; }
    dpkg-deb -b "$1" "/repo/$1_$2.deb" >/dev/null
    rm -r "$1"
}
make demo-lib 1.0 '' ''
make demo 1.0 'Depends: demo-lib
' yes
make demo 1.5 'Depends: demo-lib
' yes
make demo 2.0 'Depends: demo-lib
' yes
cd /repo
for deb in *.deb; do
    dpkg-deb -f "$deb"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$deb" "$(stat -c %s "$deb")" "$(sha256sum "$deb" | cut -d ' ' -f 1)"
done >Packages
echo 'deb [trusted=yes] file:/repo ./' >/etc/apt/sources.list
rm -rf /var/lib/apt/lists/* /var/lib/apt/periodic
touch -d '2 days ago' /var/lib/apt/lists"#;

#[tokio::test]
async fn packages_are_installed_updated_and_removed() {
    let container = Container::boot("packages", &[]).await;
    let host = &container.host;
    host.sh(ARCHIVE).await;
    let version = || host.sh("dpkg-query -W -f '${Version}' demo 2>/dev/null; exit 0");
    let update = json!({"update_cache": true, "cache_valid_time": 3600});
    let outcome = settles(host, "apt", update).await;
    assert!(outcome.changed && outcome.values["cache_updated"] == true);
    assert!(settles(host, "apt", json!({"name": "demo=1.*", "state": "present"})).await.changed);
    assert_eq!(version().await, "1.5");
    let old = json!({"name": ["demo=1.0"], "allow_downgrade": true});
    assert!(settles(host, "apt", old).await.changed);
    assert_eq!(version().await, "1.0");
    let present = json!({"name": "demo", "update_cache": true, "cache_valid_time": 3600});
    assert!(!settles(host, "package", present).await.changed);
    assert!(!settles(host, "apt", json!({"name": "demo>=1.0"})).await.changed);
    assert!(settles(host, "package", json!({"name": "demo", "state": "latest"})).await.changed);
    assert_eq!(version().await, "2.0");
    let deb = json!({"deb": "/repo/demo_1.5.deb"});
    let error = host.run("apt", deb.clone()).await.unwrap_err().to_string();
    assert!(error.contains("allow_downgrade"), "{error}");
    let mut deb = deb;
    deb["allow_downgrade"] = json!(true);
    assert!(settles(host, "apt", deb).await.changed);
    assert_eq!(version().await, "1.5");
    assert!(settles(host, "apt", json!({"upgrade": "dist"})).await.changed);
    assert_eq!(version().await, "2.0");
    assert!(settles(host, "apt", json!({"name": "demo", "state": "absent"})).await.changed);
    assert_eq!(
        host.sh("cat /etc/demo.conf; dpkg-query -W -f '${db:Status-Abbrev}' demo demo-lib").await,
        "2.0\nrc ii "
    );
    assert!(
        settles(host, "apt", json!({"name": "demo", "state": "absent", "purge": true}))
            .await
            .changed
    );
    assert!(settles(host, "apt", json!({"autoremove": true})).await.changed);
    let left = host
        .sh("dpkg-query -W demo demo-lib 2>/dev/null | wc -l; ls /etc | grep -c demo.conf; exit 0")
        .await;
    assert_eq!(left, "0\n0\n");
    let none = host.run("apt", json!({"name": "nothing-like-it"})).await.unwrap_err();
    assert!(none.to_string().contains("nothing-like-it"), "{none}");
    for bad in [json!({"name": "a*"}), json!({"name": "-o=x"}), json!({"state": "present"})] {
        assert!(host.run("apt", bad.clone()).await.is_err(), "{bad}");
    }
}
