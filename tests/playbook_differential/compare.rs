//! What has to be the same, and what is left out of the comparison.

use super::tools::Answer;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Keys of results that are never compared; the README of the cases says why for each.
const NEVER: [&str; 10] = [
    "invocation",
    "exception",
    "failed_when_suppressed_exception",
    "warnings",
    "deprecations",
    "start",
    "end",
    "delta",
    "stop",
    "diff",
];

/// Modules whose failure is what the playbook's author wrote: there the message is compared too.
const SPEAKING: [&str; 5] = ["fail", "assert", "command", "shell", "script"];

/// What a result has beside what the module returned.
const LOOPS: [&str; 5] =
    ["item", "ansible_loop_var", "ansible_index_var", "attempts", "failed_when_result"];

/// Where a refusal is not the one that is expected.
pub(crate) fn refusal(text: &str, ours: &Answer) -> Vec<String> {
    let mut differences = Vec::new();
    if ours.code != 1 || !ours.events.is_empty() {
        differences.push(format!("it is not refused: it ended with {}", ours.code));
    }
    if !ours.stderr.contains(text) {
        differences.push(format!("the refusal does not say `{text}`"));
    }
    differences
}

/// Where the two differ.
pub(crate) fn answers(ours: &Answer, theirs: &Answer) -> Vec<String> {
    let mut found = Differences(Vec::new());
    let (our_hosts, their_hosts) = (by_host(ours), by_host(theirs));
    let hosts: BTreeSet<&String> = our_hosts.keys().chain(their_hosts.keys()).collect();
    for host in hosts {
        let none = Vec::new();
        let ours = our_hosts.get(host).unwrap_or(&none);
        let theirs = their_hosts.get(host).unwrap_or(&none);
        found.results(host, ours, theirs);
    }
    if their_hosts.is_empty() {
        found.0.push("  Ansible did not run it: it is no case, or one of `# refused:`".to_owned());
    }
    found.values("the counts", &stats(ours), &stats(theirs));
    found.values("the exit code", &ours.code.into(), &theirs.code.into());
    for (place, theirs) in &theirs.files {
        let empty = BTreeMap::new();
        let ours = ours.files.get(place).unwrap_or(&empty);
        let paths: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        for path in paths {
            let text = |files: &BTreeMap<String, String>| {
                files.get(path).cloned().unwrap_or_else(|| "as it was".to_owned())
            };
            found.values(&format!("{place}:{path}"), &text(ours).into(), &text(theirs).into());
        }
    }
    if !found.0.is_empty() && !theirs.stderr.trim().is_empty() {
        found.0.push(format!("  Ansible says: {}", theirs.stderr.trim()));
    }
    found.0
}

type Results<'a> = Vec<&'a Map<String, Value>>;

/// The results of each host, in order.
fn by_host(answer: &Answer) -> BTreeMap<String, Results<'_>> {
    let mut hosts: BTreeMap<String, Results<'_>> = BTreeMap::new();
    for event in &answer.events {
        if event["event"] == "host_result" {
            let host = event["host"].as_str().unwrap().to_owned();
            hosts.entry(host).or_default().push(event.as_object().unwrap());
        }
    }
    hosts
}

/// The counts of the hosts that have any.
fn stats(answer: &Answer) -> Value {
    let last = answer.events.iter().rfind(|event| event["event"] == "run_finished");
    let hosts = last.and_then(|event| event["stats"].as_object()).cloned().unwrap_or_default();
    let counted = |counts: &Value| counts.as_object().unwrap().values().any(|count| *count != 0);
    Value::Object(hosts.into_iter().filter(|(_, counts)| counted(counts)).collect())
}

struct Differences(Vec<String>);

impl Differences {
    fn values(&mut self, what: &str, ours: &Value, theirs: &Value) {
        if ours != theirs {
            self.0.push(format!("  {what}\n    ours:   {ours}\n    theirs: {theirs}"));
        }
    }

    fn results(&mut self, host: &str, ours: &Results<'_>, theirs: &Results<'_>) {
        for (ours, theirs) in ours.iter().zip(theirs) {
            self.result(host, ours, theirs);
        }
        let (shorter, longer, who) = if ours.len() < theirs.len() {
            (ours.len(), theirs, "only Ansible")
        } else {
            (theirs.len(), ours, "only we")
        };
        for result in &longer[shorter..] {
            let (task, status) = (&result["task"], &result["status"]);
            self.0.push(format!("  {host}: {who} told of {task}: {status}"));
        }
    }

    fn result(&mut self, host: &str, ours: &Map<String, Value>, theirs: &Map<String, Value>) {
        let of = |result: &Map<String, Value>, key: &str| result.get(key).cloned();
        let item = of(theirs, "item").map(|item| format!(" (item {item})")).unwrap_or_default();
        let place = format!("{host}: {}{item}", theirs["task"]);
        for key in ["play", "task", "item", "status"] {
            let (ours, theirs) = (of(ours, key).into(), of(theirs, key).into());
            self.values(&format!("{place}: {key}"), &ours, &theirs);
        }
        if !theirs.contains_key("item") && theirs["status"] != "unreachable" {
            let ignored = |result| of(result, "ignored").unwrap_or(Value::Bool(false));
            self.values(&format!("{place}: ignored"), &ignored(ours), &ignored(theirs));
        }
        self.values(&format!("{place}: diff"), &changed_lines(ours), &changed_lines(theirs));
        if let Some(text) = theirs["result"].get("censored") {
            self.values(&format!("{place}: censored"), &ours["msg"], text);
            self.values(&format!("{place}: result"), &of(ours, "result").into(), &Value::Null);
            return;
        }
        let action = theirs["action"].as_str().unwrap_or_default();
        let msg = theirs["result"].get("msg").and_then(Value::as_str).unwrap_or_default();
        let ran = !msg.starts_with("Task failed: ");
        let says = theirs["status"] != "failed" || (SPEAKING.contains(&action) && ran);
        let (mut ours, mut theirs) = (compared(ours, says), compared(theirs, says));
        if ["setup", "gather_facts", "service_facts"].contains(&action) {
            ours.remove("ansible_facts");
            theirs.remove("ansible_facts");
        }
        if matches!(action, "raw" | "script") {
            as_without_terminal(&mut ours);
            as_without_terminal(&mut theirs);
        }
        if action == "pause" {
            in_whole_units(&mut ours);
            in_whole_units(&mut theirs);
        }
        let keys: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        for key in keys {
            let (ours, theirs) = (of(&ours, key).into(), of(&theirs, key).into());
            self.values(&format!("{place}: result.{key}"), &ours, &theirs);
        }
    }
}

/// The lines that a diff removes and adds.
fn changed_lines(result: &Map<String, Value>) -> Value {
    let diff = result.get("diff").and_then(Value::as_str).unwrap_or_default();
    let sign = |line: &&str| line.starts_with(['-', '+']);
    let header = |line: &&str| line.starts_with("--- ") || line.starts_with("+++ ");
    diff.lines().filter(sign).filter(|line| !header(line)).collect()
}

/// Ansible runs `raw` and `script` on a terminal: with other line ends, and what ssh says at its end.
fn as_without_terminal(result: &mut Map<String, Value>) {
    result.retain(|key, _| !key.starts_with("stderr"));
    if let Some(Value::String(text)) = result.get_mut("stdout") {
        *text = text.replace("\r\n", "\n");
    }
}

/// A pause takes some hundredths more than it was asked for, each time others.
fn in_whole_units(result: &mut Map<String, Value>) {
    if let Some(Value::String(text)) = result.get_mut("stdout") {
        let whole = |word: &str| match word.split_once('.') {
            Some((whole, part)) if part.parse::<u32>().is_ok() => whole.to_owned(),
            _ => word.to_owned(),
        };
        *text = text.split(' ').map(whole).collect::<Vec<_>>().join(" ");
    }
}

/// What is compared of a result.
fn compared(event: &Map<String, Value>, says: bool) -> Map<String, Value> {
    let mut result = event.get("result").and_then(Value::as_object).cloned().unwrap_or_default();
    result.retain(|key, _| !key.starts_with("_ansible"));
    for key in ["failed", "skipped", "unreachable"] {
        result.remove(key);
    }
    if !says || event["status"] == "unreachable" {
        result.retain(|key, _| key == "changed" || LOOPS.contains(&key.as_str()));
    }
    result.entry("changed").or_insert(Value::Bool(false));
    let Value::Object(result) = lasting(Value::Object(result), true) else { unreachable!() };
    result
}

/// Without what is different each time: in the result itself, and in results within it.
fn lasting(value: Value, is_result: bool) -> Value {
    match value {
        Value::Object(map) => {
            let is_result = is_result || map.contains_key("changed");
            let keep = |key: &str, value: &Value| {
                let temporary =
                    key == "src" && value.as_str().is_some_and(|path| path.contains("/ansible-"));
                !(is_result && (NEVER.contains(&key) || temporary))
            };
            let kept = map.into_iter().filter(|(key, value)| keep(key, value));
            let kept = kept.map(|(key, value)| {
                // Why a condition could not be evaluated is told in our own words.
                let why = is_result && key.ends_with("_when_result") && value.is_string();
                if why { (key, Value::from("cannot be evaluated")) } else { (key, value) }
            });
            Value::Object(kept.map(|(key, value)| (key, lasting(value, false))).collect())
        }
        Value::Array(items) => items.into_iter().map(|item| lasting(item, false)).collect(),
        other => other,
    }
}
