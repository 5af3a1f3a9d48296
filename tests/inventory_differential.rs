//! Asks `ansible-inventory` and `ansible --list-hosts` the same questions as [`Inventory`], for every
//! folder below `tests/inventories`, for our sample inventory and, when `RRECOVER_KUBESPRAY` points
//! to a checkout of Kubespray, for the inventories in it.
//!
//! A case folder holds an inventory and, when it is not called `inventory`, the file `args`: one
//! option of `ansible-inventory` a line. Paths in it are relative to the folder. The file `patterns`
//! holds host patterns, one a line.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use rrecover::inventory::{Inventory, Sources, to_json, to_yaml};
use rrecover::redact::Redactor;
use rrecover::vault::{Identity, Vault};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// The differences shown when a test fails stop here.
const SHOWN_LINES: usize = 60;

struct Case {
    name: String,
    directory: PathBuf,
    sources: Sources,
    arguments: Vec<String>,
}

impl Case {
    /// A case from options; relative paths are below `directory`.
    fn new(name: &str, directory: &Path, options: &str) -> Self {
        let absolute = |path: &str| directory.join(path).display().to_string();
        let playbook_dirs = vec![directory.to_owned()];
        let mut sources = Sources { playbook_dirs, ..Sources::default() };
        let mut arguments = Vec::new();
        let mut identities = Vec::new();
        for line in options.lines() {
            let (option, value) = line.split_once(' ').unwrap();
            let value = match option {
                "-i" if value.contains(',') => value.to_owned(),
                "-i" | "--playbook-dir" | "--vault-password-file" => absolute(value),
                "--vault-id" => {
                    let (id, file) = value.split_once('@').unwrap();
                    format!("{id}@{}", absolute(file))
                }
                "-e" => value
                    .strip_prefix('@')
                    .map_or(value.to_owned(), |file| format!("@{}", absolute(file))),
                _ => panic!("{name}: unknown option {option}"),
            };
            match option {
                "-i" => sources.inventory.push(value.clone()),
                "-e" => sources.extra_vars.push(value.clone()),
                "--vault-id" | "--vault-password-file" => {
                    identities.push(Identity::parse(&value, directory));
                }
                _ => sources.playbook_dirs = vec![PathBuf::from(&value)],
            }
            arguments.extend([option.to_owned(), value]);
        }
        let ask = |prompt: &str| panic!("{name}: asked for {prompt}");
        sources.vault = Vault::unlock(&identities, false, &Redactor::default(), &ask).unwrap();
        Self { name: name.to_owned(), directory: directory.to_owned(), sources, arguments }
    }

    fn load(&self) -> Inventory {
        Inventory::load(&self.sources)
            .unwrap_or_else(|problems| panic!("{}:\n{problems}", self.name))
    }

    fn question(&self, tool: &str, more: &[&str]) -> Value {
        let arguments: Vec<&str> =
            self.arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
        json!({"tool": tool, "arguments": arguments, "directory": self.directory})
    }
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The case folders, and the sample inventory of this repository.
fn cases() -> Vec<Case> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(repository().join("tests/inventories"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert!(folders.len() >= 60, "the corpus has shrunk to {} cases", folders.len());
    let mut cases: Vec<Case> = folders
        .iter()
        .map(|folder| {
            let options = std::fs::read_to_string(folder.join("args"));
            let name = folder.file_name().unwrap().to_string_lossy();
            Case::new(&name, folder, &options.unwrap_or("-i inventory".into()))
        })
        .collect();
    cases.push(Case::new("sample", &repository().join("inventory"), "-i sample"));
    cases.push(Case::new(
        "sample file",
        &repository().join("inventory"),
        "-i sample/inventory.ini",
    ));
    cases
}

/// Ansible's answers to `questions`, in order; two processes share the work.
fn ask_ansible(questions: &[Value]) -> Vec<Value> {
    let (first, second) = questions.split_at(questions.len() / 2);
    let bin = ansible();
    std::thread::scope(|scope| {
        let half = scope.spawn(|| answers(&bin, second));
        let mut all = answers(&bin, first);
        all.extend(half.join().unwrap());
        all
    })
}

/// The directory of Ansible's programs.
fn ansible() -> PathBuf {
    let venv = Command::new(repository().join("tests/tools/ansible-venv.sh")).output().unwrap();
    assert!(venv.status.success(), "{}", String::from_utf8_lossy(&venv.stderr));
    PathBuf::from(String::from_utf8(venv.stdout).unwrap().trim())
}

fn answers(bin: &Path, questions: &[Value]) -> Vec<Value> {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("ansible.cfg");
    std::fs::write(&config, "[defaults]\n").unwrap();
    let mut ansible = Command::new(bin.join("python"))
        .arg(repository().join("tests/tools/ansible_answers.py"))
        .env_clear()
        .envs([
            ("HOME", home.path()),
            ("PATH", Path::new("/usr/bin:/bin")),
            ("LC_ALL", Path::new("C.UTF-8")),
        ])
        .env("ANSIBLE_CONFIG", &config)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = ansible.stdin.take().unwrap();
    for question in questions {
        writeln!(stdin, "{question}").unwrap();
    }
    drop(stdin);
    let output = ansible.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), questions.len(), "Ansible did not answer everything");
    answers
}

/// Every place where the two differ.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare(&mut self, what: &str, ours: &str, answer: &Value) {
        let theirs = answer["stdout"].as_str().unwrap();
        if answer["code"] != 0 {
            self.0.push(format!("{what}: Ansible failed: {}", answer["stderr"].as_str().unwrap()));
        } else if ours != theirs {
            let (ours, theirs): (Vec<&str>, Vec<&str>) =
                (ours.lines().collect(), theirs.lines().collect());
            let only = |left: &[&str], right: &[&str], sign: char| -> Vec<String> {
                left.iter()
                    .filter(|line| !right.contains(line))
                    .map(|line| format!("  {sign} {line}"))
                    .collect()
            };
            let mut lines = only(&theirs, &ours, '-');
            lines.extend(only(&ours, &theirs, '+'));
            if lines.is_empty() {
                lines = vec![format!(
                    "  only the order differs:\n{}\n{}",
                    theirs.join("\n"),
                    ours.join("\n")
                )];
            }
            self.0.push(format!("{what} (- Ansible, + rrecover):\n{}", lines.join("\n")));
        }
    }

    fn assert_none(&self) {
        let all = self.0.join("\n");
        let shown: Vec<&str> = all.lines().take(SHOWN_LINES).collect();
        assert!(self.0.is_empty(), "{} differences\n{}", self.0.len(), shown.join("\n"));
    }
}

/// Compares `--list`, `--host` of each host, `--graph --vars` and `--list --yaml`, byte for byte;
/// only the YAML is compared as data, because PyYAML folds long lines.
fn compare_listings(cases: &[Case]) {
    let loaded: Vec<Inventory> = cases.iter().map(Case::load).collect();
    let mut questions = Vec::new();
    let mut ours = Vec::new();
    for (case, inventory) in cases.iter().zip(&loaded) {
        let mut ask = |more: &[&str], answer: String| {
            questions.push(case.question("ansible-inventory", more));
            ours.push((format!("{} {}", case.name, more.join(" ")), answer));
        };
        ask(&["--list"], to_json(&inventory.list(None)) + "\n");
        ask(&["--graph", "--vars"], inventory.graph("all", true).unwrap() + "\n");
        ask(&["--list", "--yaml"], to_yaml(&inventory.list_nested(None)));
        ask(&["--list", "--limit", "all[0:1]"], {
            let first = inventory.matching("all[0:1]").unwrap();
            to_json(&inventory.list(Some(&first))) + "\n"
        });
        // A name that reads as a pattern cannot be asked for, neither here nor there.
        let alone = |host: &&str| inventory.matching(host).is_ok_and(|hosts| hosts == [*host]);
        for host in inventory.hosts().filter(alone) {
            ask(&["--host", host], to_json(&inventory.host(host)) + "\n");
        }
    }
    let mut differences = Differences::default();
    for ((what, ours), answer) in ours.iter().zip(&mut ask_ansible(&questions)) {
        if what.ends_with("--yaml") {
            let data = |text: &str| to_json(&rrecover::yaml::parse("", text).unwrap()[0].value());
            answer["stdout"] = data(answer["stdout"].as_str().unwrap()).into();
            differences.compare(what, &data(ours), answer);
        } else {
            differences.compare(what, ours, answer);
        }
    }
    differences.assert_none();
}

#[test]
fn listings_are_those_of_ansible() {
    compare_listings(&cases());
}

#[test]
fn the_patterns_of_the_cases_select_what_ansible_selects() {
    let mut differences = Differences::default();
    let mut questions = Vec::new();
    let mut ours = Vec::new();
    for case in cases() {
        let inventory = case.load();
        let text = std::fs::read_to_string(case.directory.join("patterns")).unwrap_or_default();
        for pattern in text.lines() {
            questions.push(case.question("ansible", &["--list-hosts", pattern]));
            ours.push((format!("{} {pattern}", case.name), listed(&inventory, pattern)));
        }
    }
    assert!(questions.len() >= 30, "only {} patterns", questions.len());
    for ((what, ours), answer) in ours.iter().zip(ask_ansible(&questions)) {
        differences.compare(what, ours, &answer);
    }
    differences.assert_none();
}

/// What `ansible PATTERN --list-hosts` would print.
fn listed(inventory: &Inventory, pattern: &str) -> String {
    let hosts =
        inventory.matching(pattern).unwrap_or_else(|problem| panic!("{pattern}: {problem}"));
    let lines: Vec<String> = hosts.iter().map(|host| format!("    {host}\n")).collect();
    format!("  hosts ({}):\n{}", hosts.len(), lines.concat())
}

#[test]
fn listings_of_kubespray_s_own_inventories_are_those_of_ansible() {
    let Some(checkout) = std::env::var_os("RRECOVER_KUBESPRAY").map(PathBuf::from) else { return };
    let mut found: Vec<Case> = [
        "inventory/sample",
        "inventory/sample/inventory.ini",
        "inventory/local",
        "test-infra/image-builder/hosts.ini",
    ]
    .iter()
    .map(|path| Case::new(path, &checkout, &format!("-i {path}")))
    .collect();
    // The variables of Kubespray's own test clusters, over its sample.
    let mut clusters: Vec<String> = std::fs::read_dir(checkout.join("tests/files"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    clusters.sort();
    assert!(clusters.len() > 10, "only {} test clusters", clusters.len());
    found.extend(clusters.iter().map(|name| {
        Case::new(name, &checkout, &format!("-i inventory/local\n-e @tests/files/{name}"))
    }));
    compare_listings(&found);
}

/// Patterns, each with the inventory below: what Ansible selects and in which order.
const PATTERNS: [&str; 44] = [
    "all",
    "*",
    "etcd",
    "etcd:kube_node",
    "etcd,kube_node",
    "kube_node:etcd",
    "kube_node:&etcd",
    "all:!etcd",
    "!etcd:all",
    "!etcd",
    "&etcd",
    "k8s_cluster:&etcd:!node1",
    "k8s_cluster,!etcd",
    "etcd[0]",
    "etcd[-1]",
    "etcd[1:]",
    "etcd[0:1]",
    "etcd[1:1]",
    "etcd[0:0]",
    "etcd[1:99]",
    "kube_control_plane[0],kube_node[0]",
    "all[2]",
    "node*",
    "node?",
    "node1*",
    "node[1-2]",
    "n*[0:2]",
    "node1*[0]",
    "node[!1]",
    "*.example.org",
    "kube*",
    "e*:!*2",
    "~node(1|3)$",
    "~(etcd|kube_node)",
    "~.*1.*:&all",
    "node1,node10",
    "node1:node10",
    "node10, node1 ,node1",
    "ungrouped",
    "empty",
    "empty[0]",
    "2001:db8::1",
    "node1:!node1",
    "al*",
];

const PATTERN_INVENTORY: &str = "\
lone.example.org
2001:db8::1

[kube_control_plane]
node1
node2

[etcd]
node3
node1
node2

[kube_node]
node10
node3
worker.example.org

[k8s_cluster:children]
kube_node
kube_control_plane

[empty]
";

#[test]
fn patterns_select_what_ansible_selects_in_its_order() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("hosts"), PATTERN_INVENTORY).unwrap();
    let case = Case::new("patterns", directory.path(), "-i hosts");
    let inventory = case.load();
    let questions: Vec<Value> = PATTERNS
        .iter()
        .map(|pattern| case.question("ansible", &["--list-hosts", pattern]))
        .collect();
    let mut differences = Differences::default();
    for (pattern, answer) in PATTERNS.iter().zip(ask_ansible(&questions)) {
        differences.compare(pattern, &listed(&inventory, pattern), &answer);
    }
    differences.assert_none();
}

#[test]
fn encrypted_values_are_opened_when_they_are_read_and_never_rendered() {
    let cases = cases();
    let case = cases.iter().find(|case| case.name == "vault_values").unwrap();
    let scope = rrecover::plan::HostScopes::new(&Arc::new(case.load()), "run").of("n1");
    let names = ["secret", "after", "nested"];
    let questions: Vec<Value> = names
        .iter()
        .map(|name| case.question("ansible", &["n1", "-m", "debug", "-a", &format!("var={name}")]))
        .collect();
    let mut differences = Differences::default();
    for (name, answer) in names.iter().zip(ask_ansible(&questions)) {
        let value = scope.get(name).unwrap().unwrap();
        let shown = to_json(&json!({*name: value}));
        differences.compare(name, &format!("n1 | SUCCESS => {shown}\n"), &answer);
    }
    differences.assert_none();
    assert_eq!(scope.get("after").unwrap().unwrap(), "hunter {{ 1+1 }}");
}

#[test]
fn what_stands_in_an_encrypted_file_is_struck_out() {
    let directory = repository().join("tests/inventories/vault_files");
    let redactor = Redactor::default();
    let identities = [Identity::parse("default@password", &directory)];
    let ask = |_: &str| unreachable!();
    let vault = Vault::unlock(&identities, false, &redactor, &ask).unwrap();
    let inventory = vec![directory.join("inventory").display().to_string()];
    Inventory::load(&Sources { inventory, vault, ..Sources::default() }).unwrap();
    for text in ["from the vault", "in an ini file", "a secret"] {
        assert_eq!(redactor.clean(text), "***", "{text}");
    }
    assert_eq!(redactor.clean("shown"), "shown");
}

#[test]
fn names_that_ansible_only_warns_about_match_nothing_or_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("hosts"), PATTERN_INVENTORY).unwrap();
    let inventory = Case::new("patterns", directory.path(), "-i hosts").load();
    for pattern in ["nobody", "etcd:nobody", "all:!nobody", "etcd:&nobody", "x*"] {
        assert!(inventory.select(pattern).is_err(), "{pattern}");
        assert!(inventory.matching(pattern).is_ok(), "{pattern}");
    }
    assert!(
        inventory.matching("etcd[3]").is_err(),
        "an index that is not there is an error in Ansible too"
    );
}

#[test]
fn a_limit_may_stand_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("hosts"), PATTERN_INVENTORY).unwrap();
    let retry = directory.path().join("run.retry");
    std::fs::write(&retry, "node10\n\n node1 \n").unwrap();
    let inventory = Case::new("patterns", directory.path(), "-i hosts").load();
    let pattern = format!("@{}", retry.display());
    assert_eq!(inventory.select(&pattern).unwrap(), ["node10", "node1"]);
    assert_eq!(inventory.select(&format!("etcd,&{pattern}")).ok(), None);
    assert_eq!(inventory.select(&format!("{pattern},!node1")).unwrap(), ["node10"]);
}
