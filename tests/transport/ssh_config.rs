//! `ssh_config` as OpenSSH reads it: `ssh -G` is the oracle.

use rrecover::transport::settings::{Options, SshConfig};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const HOME: &str = "/root";

/// What was read, spelled as `ssh -G` spells it.
type Read = BTreeMap<String, Vec<String>>;

/// Options that are one word or number and are compared as they stand.
const WORDS: &[&str] = &[
    "bindaddress",
    "hostkeyalias",
    "preferredauthentications",
    "proxyjump",
    "proxycommand",
    "identityagent",
];
const FLAGS: &[&str] = &[
    "identitiesonly",
    "pubkeyauthentication",
    "passwordauthentication",
    "kbdinteractiveauthentication",
    "hashknownhosts",
    "forwardagent",
];
const LISTS: &[&str] = &["identityfile", "certificatefile"];
const FILES: &[(&str, &str)] = &[
    ("userknownhostsfile", "~/.ssh/known_hosts ~/.ssh/known_hosts2"),
    ("globalknownhostsfile", "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"),
];

fn theirs(file: &Path, host: &str) -> Option<Read> {
    let output = Command::new("ssh").arg("-G").arg("-F").arg(file).arg(host).output().unwrap();
    if !output.status.success() {
        return None;
    }
    let text = String::from_utf8(output.stdout).unwrap();
    let mut read = Read::new();
    for line in text.lines() {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        let value = match value {
            "true" if FLAGS.contains(&name) => "yes",
            "false" if FLAGS.contains(&name) => "no",
            other => other,
        };
        read.entry(name.to_owned()).or_default().push(value.to_owned());
    }
    let default_keys = read["identityfile"].len() == 7;
    let wanted = |name: &str| {
        [WORDS, FLAGS, LISTS].iter().any(|list| list.contains(&name))
            || FILES.iter().any(|(file, _)| *file == name)
            || [
                "hostname",
                "user",
                "port",
                "stricthostkeychecking",
                "connecttimeout",
                "serveraliveinterval",
                "serveralivecountmax",
                "addressfamily",
            ]
            .contains(&name)
    };
    read.retain(|name, _| wanted(name) && !(name == "identityfile" && default_keys));
    Some(read)
}

fn ours(file: &Path, host: &str) -> Option<Read> {
    let home = Some(Path::new(HOME));
    let config = SshConfig::of_file(file, home).ok()?;
    let (user, name) = host.split_once('@').map_or((None, host), |(user, name)| (Some(user), name));
    let options = match user {
        Some(user) => config.resolve_as(user, name, "root", home),
        None => config.resolve(name, "root", home),
    };
    Some(spelled(&options.ok()?))
}

fn spelled(options: &Options) -> Read {
    let mut read = Read::new();
    let mut set = |name: &str, value: String| {
        read.insert(name.to_owned(), vec![value]);
    };
    set("hostname", options.address().to_owned());
    set("user", options.user().unwrap_or("root").to_owned());
    set("port", options.port().to_string());
    for name in WORDS {
        let value =
            options.text(name).filter(|text| !(name.starts_with("proxy") && *text == "none"));
        if let Some(text) = value {
            // It is shown with its `~` filled in.
            let home = if *name == "identityagent" { format!("{HOME}/") } else { "~/".to_owned() };
            // Jump hosts are shown without their scheme.
            set(name, text.replace("~/", &home).replace("ssh://", ""));
        }
    }
    for name in FLAGS {
        let default =
            ["pubkeyauthentication", "passwordauthentication", "kbdinteractiveauthentication"]
                .contains(name);
        let on = options.flag(name).unwrap_or(default);
        set(name, if on { "yes" } else { "no" }.to_owned());
    }
    let strict = options.text("stricthostkeychecking").unwrap_or("ask").to_lowercase();
    let strict = match strict.as_str() {
        "yes" | "true" => "true",
        "no" | "off" | "false" => "false",
        other => other,
    };
    set("stricthostkeychecking", strict.to_owned());
    let seconds = |name: &str, default: &str| match (options.text(name), options.seconds(name)) {
        (Some("none"), _) => "none".to_owned(),
        (_, Some(seconds)) => seconds.to_string(),
        (_, None) => default.to_owned(),
    };
    set("connecttimeout", seconds("connecttimeout", "none"));
    set("serveraliveinterval", seconds("serveraliveinterval", "0"));
    set("serveralivecountmax", options.text("serveralivecountmax").unwrap_or("3").to_owned());
    set("addressfamily", options.text("addressfamily").unwrap_or("any").to_lowercase());
    for (name, default) in FILES {
        let words = options.words(name).join(" ");
        let files = if words.is_empty() { (*default).to_owned() } else { words };
        set(name, files.replace("~/", &format!("{HOME}/")));
    }
    for name in LISTS {
        let words = options.words(name);
        if !words.is_empty() {
            read.insert((*name).to_owned(), words.to_vec());
        }
    }
    read
}

fn compare(file: &Path, host: &str, text: &str) {
    let (mine, wanted) = (ours(file, host), theirs(file, host));
    assert_eq!(mine, wanted, "`{host}` in {}:\n{text}", file.display());
}

#[test]
fn every_case_reads_as_in_openssh() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ssh_configs");
    let copy = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&cases).unwrap().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let file = copy.path().join(entry.file_name());
        std::fs::write(&file, text.replace("@DIR@", copy.path().to_str().unwrap())).unwrap();
        if file.extension().is_some_and(|kind| kind == "conf") {
            files.push(file);
        }
    }
    assert!(files.len() >= 30, "{}", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let hosts = text.lines().next().unwrap().strip_prefix("# hosts: ").expect("the hosts");
        for host in hosts.split_whitespace().filter(|host| !host.contains('"')) {
            compare(&file, host, &text);
        }
    }
}

/// Lines of all kinds, in an order that chance makes.
#[test]
fn files_made_by_chance_read_as_in_openssh() {
    const LINES: &[&str] = &[
        "Host a",
        "Host *",
        "Host b !a",
        "Host a* !ab",
        "Host *.x",
        "Host !a *",
        "Match host a",
        "Match host *.x",
        "Match user u",
        "Match all",
        "Match final",
        "Match final host ab.x",
        "Match originalhost a,b",
        "Match !host a",
        "Match host a user root",
        "Match localuser root",
        "HostName %h.x",
        "HostName ab.x",
        "User u",
        "User w",
        "Port 1",
        "Port 2",
        "IdentityFile ~/k1",
        "IdentityFile k2",
        "CertificateFile c1",
        "ProxyJump j",
        "ProxyJump none",
        "ProxyCommand p %h",
        "ProxyCommand none",
        "IdentitiesOnly yes",
        "IdentitiesOnly no",
        "ConnectTimeout 4",
        "StrictHostKeyChecking no",
        "StrictHostKeyChecking yes",
        "UserKnownHostsFile ~/u1 ~/u2",
        "HostKeyAlias k",
        "ServerAliveInterval 9",
        "HashKnownHosts yes",
        "# nothing",
        "",
    ];
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config");
    let mut state: u64 = 20_260_101;
    let mut draw = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..250 {
        let count = 3 + draw(12);
        let lines: Vec<_> = (0..count).map(|_| LINES[draw(LINES.len())]).collect();
        let text = lines.join("\n") + "\n";
        std::fs::write(&file, &text).unwrap();
        let host = ["a", "b", "ab", "a.x", "u@a", "u@b"][draw(6)];
        compare(&file, host, &text);
    }
}

#[test]
fn what_would_have_to_be_run_is_refused_with_its_place_when_it_decides() {
    let text = "Match host a exec \"true\"\n  Port 1\n";
    let config = SshConfig::parse(text, "config").unwrap();
    assert_eq!(config.resolve("b", "me", None).unwrap().port(), 22);
    let problem = config.resolve("a", "me", None).unwrap_err().to_string();
    assert!(problem.starts_with("config:1:1: `Match exec`"), "{problem}");
}

#[test]
fn what_is_not_honoured_is_refused_only_for_hosts_it_holds_for() {
    let text = "Host a\n  KnownHostsCommand /x %H\nHost c\n  RemoteCommand none\n";
    let config = SshConfig::parse(text, "config").unwrap();
    let problem = config.resolve("a", "me", None).unwrap_err().to_string();
    assert!(problem.starts_with("config:2:3: `knownhostscommand /x %H`"), "{problem}");
    assert!(config.resolve("b", "me", None).is_ok() && config.resolve("c", "me", None).is_ok());
}

#[test]
fn all_mistakes_are_told_at_once_with_their_places() {
    let problems = SshConfig::parse("Prot 1\nHost a\n  Port x\nMatch bogus\n", "config");
    let text = problems.unwrap_err().to_string();
    for part in [
        "config:1:1: `prot` is no option",
        "did you mean `port`",
        "config:3:3: `port`: `x` is not a port",
        "config:4:1: ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_file_that_others_can_write_is_not_trusted() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(".ssh/config");
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "Include below\n").unwrap();
    std::fs::write(file.with_file_name("below"), "Port 77\n").unwrap();
    let read = || SshConfig::of_user(Some(home.path()));
    assert_eq!(read().unwrap().resolve("a", "me", None).unwrap().port(), 77);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o664)).unwrap();
    assert!(read().unwrap_err().to_string().contains("can be written by others"));
}
