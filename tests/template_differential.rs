//! Asks ansible-core what it makes of the templates below `tests/template_cases`, and compares
//! values and types. See the `README.md` there for what a case file holds.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use rrecover::template::{OMIT, Scope, TemplateError, Whitespace, check_expression, check_text};
use rrecover::yaml::{Node, NodeKind};
use serde_json::{Map, Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The differences shown when a test fails stop here.
const SHOWN: usize = 80;

struct Case {
    name: String,
    vars: Map<String, Value>,
    /// Kind, text, and whether both have to refuse.
    questions: Vec<(&'static str, String, bool)>,
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn folder() -> PathBuf {
    repository().join("tests/template_cases")
}

fn cases() -> Vec<Case> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .collect();
    files.sort();
    files.iter().map(|file| read(file)).collect()
}

fn read(file: &Path) -> Case {
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(file).unwrap();
    let documents =
        rrecover::yaml::parse(&name, &text).unwrap_or_else(|problem| panic!("{problem}"));
    let Value::Object(mut content) = documents[0].value() else { panic!("{name}: no mapping") };
    let vars = content.remove("vars").map_or_else(Map::new, |v| v.as_object().unwrap().clone());
    let mut questions = Vec::new();
    for (key, kind, refused) in [
        ("templates", "template", false),
        ("conditions", "condition", false),
        ("files", "file", false),
        ("refused_templates", "template", true),
        ("refused_conditions", "condition", true),
        ("refused_files", "file", true),
    ] {
        for text in content.remove(key).iter().flat_map(|list| list.as_array().unwrap()) {
            questions.push((kind, text.as_str().unwrap().to_owned(), refused));
        }
    }
    assert!(content.is_empty(), "{name}: unknown keys {:?}", content.keys());
    Case { name, vars, questions }
}

/// Ansible's answers, a list for each case.
fn ask_ansible(cases: &[Case]) -> Vec<Vec<Value>> {
    let venv = Command::new(repository().join("tests/tools/ansible-venv.sh")).output().unwrap();
    assert!(venv.status.success(), "{}", String::from_utf8_lossy(&venv.stderr));
    let bin = PathBuf::from(String::from_utf8(venv.stdout).unwrap().trim());
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("ansible.cfg");
    std::fs::write(&config, "[defaults]\n").unwrap();
    let mut ansible = Command::new(bin.join("python"))
        .arg(repository().join("tests/tools/ansible_templates.py"))
        .current_dir(folder())
        .env("ANSIBLE_HOME", home.path())
        .env("ANSIBLE_CONFIG", &config)
        .env("ANSIBLE_DEPRECATION_WARNINGS", "false")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = ansible.stdin.take().unwrap();
    for case in cases {
        let questions: Vec<Value> = case
            .questions
            .iter()
            .map(|(kind, text, _)| json!({"kind": kind, "text": text}))
            .collect();
        writeln!(input, "{}", json!({"vars": case.vars, "questions": questions})).unwrap();
    }
    drop(input);
    let output = ansible.wait_with_output().unwrap();
    assert!(output.status.success(), "Ansible's side of the test broke");
    let lines = String::from_utf8(output.stdout).unwrap();
    lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap().as_array().unwrap().clone())
        .collect()
}

/// Our answer to a question in the same form.
fn ours(scope: &Scope, kind: &str, text: &str) -> Value {
    let answer = match kind {
        "condition" => scope.condition(text).map(Value::from),
        "file" => scope
            .render_file(&folder().join("case.j2"), text, Whitespace::default())
            .map(Value::from),
        _ => scope.render(text),
    };
    match answer {
        // Where a whole value is left out there is none, which callers have to see.
        Ok(value) if value == OMIT => json!({"error": "omitted"}),
        Ok(value) => json!({"value": value}),
        Err(error) => json!({"error": error.to_string()}),
    }
}

#[test]
fn templates_give_what_ansible_gives() {
    let cases = cases();
    let count: usize = cases.iter().map(|case| case.questions.len()).sum();
    assert!(count >= 400, "the corpus has shrunk to {count} templates");
    let mut differences = Vec::new();
    for (case, answers) in cases.iter().zip(ask_ansible(&cases)) {
        let scope = Scope::new(case.vars.clone()).searching(vec![folder()], Some(&folder()));
        for ((kind, text, refused), theirs) in case.questions.iter().zip(&answers) {
            let ours = ours(&scope, kind, text);
            let both_refuse = ours.get("error").is_some() && theirs.get("error").is_some();
            let same = if *refused { both_refuse } else { ours == *theirs };
            if !same || (both_refuse && !*refused) {
                differences
                    .push(format!("{}: {text}\n    ours   {ours}\n    theirs {theirs}", case.name));
            }
        }
    }
    let shown: Vec<&str> = differences.iter().map(String::as_str).take(SHOWN).collect();
    assert!(
        differences.is_empty(),
        "{} of {count} templates differ:\n{}",
        differences.len(),
        shown.join("\n")
    );
}

/// ansible.utils is a collection of its own and large: what its filters give stands in a table, made
/// with ansible.utils 6.0.0 and netaddr. The queries that are not supported are left out of it.
#[test]
fn addresses_are_those_of_ansible_utils() {
    let table = std::fs::read_to_string(folder().join("ipaddr.json")).unwrap();
    let table: Vec<(String, Value)> = serde_json::from_str(&table).unwrap();
    assert!(table.len() > 1000, "the table has shrunk to {} rows", table.len());
    let scope = Scope::default();
    let mut differences = Vec::new();
    for (template, theirs) in &table {
        let ours = ours(&scope, "template", template);
        let both_refuse = ours.get("error").is_some() && theirs.get("error").is_some();
        if !both_refuse && ours != *theirs {
            differences.push(format!("{template}\n    ours   {ours}\n    theirs {theirs}"));
        }
    }
    let shown: Vec<&str> = differences.iter().map(String::as_str).take(SHOWN).collect();
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), shown.join("\n"));
}

/// With `RRECOVER_KUBESPRAY` pointing to a checkout: each of its templates can be rendered.
#[test]
fn templates_of_kubespray_are_understood() {
    let Some(checkout) = std::env::var_os("RRECOVER_KUBESPRAY").map(PathBuf::from) else { return };
    let mut found = Found::default();
    for folder in ["roles", "playbooks", "inventory"] {
        found.folder(&checkout.join(folder));
    }
    assert!(found.checked > 3000, "only {} templates", found.checked);
    // Refused on purpose: see docs/reference/templates.md. The last one is no condition in
    // ansible-core 2.19 either.
    let known = ["`password`", "`password_hash`", "x509_certificate_info`", "{{ download.repo }}:"];
    found.refused.retain(|refused| !known.iter().any(|known| refused.contains(known)));
    assert!(found.refused.is_empty(), "{}", found.refused.join("\n"));
}

#[derive(Default)]
struct Found {
    checked: usize,
    refused: Vec<String>,
}

impl Found {
    fn folder(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            match extension {
                _ if path.is_dir() => self.folder(&path),
                Some("j2") => {
                    let text = std::fs::read_to_string(&path).unwrap();
                    self.note(&path.display().to_string(), check_text(&text));
                }
                Some("yml" | "yaml") => {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let name = path.display().to_string();
                    // Files below `files/` and `templates/` need not be YAML of Ansible's.
                    for node in rrecover::yaml::parse(&name, &text).unwrap_or_default() {
                        self.node(&node, false);
                    }
                }
                _ => {}
            }
        }
    }

    fn node(&mut self, node: &Node, condition: bool) {
        match &node.kind {
            NodeKind::Scalar(Value::String(text)) => {
                let place = node.location.to_string();
                self.note(
                    &place,
                    if condition { check_expression(text) } else { check_text(text) },
                );
            }
            NodeKind::Sequence(items) => items.iter().for_each(|item| self.node(item, condition)),
            NodeKind::Mapping(entries) => {
                for (key, value) in entries {
                    let key = key.as_str().unwrap_or_default();
                    let words = ["when", "changed_when", "failed_when", "until", "that"];
                    self.node(value, words.contains(&key));
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, place: &str, outcome: Result<(), TemplateError>) {
        self.checked += 1;
        if let Err(error) = outcome {
            self.refused.push(format!("{place}: {error}"));
        }
    }
}
