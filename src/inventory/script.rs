//! Inventory scripts: programs that print `--list` as JSON, and that JSON in a file.

use super::Variable;
use super::tree::Tree;
use super::value::unsafe_values;
use crate::error::{Problem, Problems};
use crate::program::{self, ProgramError};
use indexmap::IndexSet;
use serde_json::{Map, Value};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// For one run of a script; cloud inventories ask slow services.
const DEADLINE: Duration = Duration::from_secs(120);

/// The key that holds the variables of all hosts, so that the script is not asked for each.
const META: &str = "_meta";
/// The only spelling of JSON that inventories use.
const PROFILE: &str = "inventory_legacy";

const FORMAT_HINT: &str = "it must print `{\"GROUP\": {\"hosts\": […], \"vars\": {…}, \"children\": […]}, \
                           \"_meta\": {\"hostvars\": {\"HOST\": {…}}}}`";

/// Whether `text` is what a script prints for `--list`. Ansible reads no such files.
pub(super) fn printed(text: &str) -> Option<Map<String, Value>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(groups)) if groups.get(META).is_some_and(Value::is_object) => Some(groups),
        _ => None,
    }
}

/// Runs the script at `path` and reads what it prints; `false` when the system cannot run it, and
/// it is data with its mode bit set.
pub(super) fn run(path: &Path, source: &str, tree: &mut Tree) -> Result<bool, Problems> {
    let printed = match ask(path, source, &["--list"]) {
        Err(error) if error.is_no_program() => return Ok(false),
        Err(error) => return Err(failed(path, &["--list"], &error).into()),
        Ok(printed) => printed,
    };
    let groups = object(path, &["--list"], &printed)?;
    let ask_host = |host: &str| {
        let options = ["--host", host];
        let printed = ask(path, source, &options).map_err(|e| failed(path, &options, &e))?;
        if printed.trim().is_empty() { Ok(Map::new()) } else { object(path, &options, &printed) }
    };
    read(&path.display().to_string(), source, groups, &ask_host, tree).map(|()| true)
}

/// Reads a `--list` that stands in a file.
pub(super) fn read_file(
    name: &str,
    source: &str,
    groups: Map<String, Value>,
    tree: &mut Tree,
) -> Result<(), Problems> {
    read(name, source, groups, &|_| Ok(Map::new()), tree)
}

fn ask(path: &Path, source: &str, options: &[&str]) -> Result<String, ProgramError> {
    let mut command = Command::new(source);
    command.args(options).stdin(Stdio::null()).stderr(Stdio::piped());
    let printed = program::run(&mut command, DEADLINE)?;
    if !printed.stderr.is_empty() {
        tracing::debug!(script = %path.display(), "{}", String::from_utf8_lossy(&printed.stderr));
    }
    Ok(String::from_utf8_lossy(&printed.stdout).into_owned())
}

fn failed(path: &Path, options: &[&str], error: &ProgramError) -> Problem {
    let command = format!("{} {}", path.display(), options.join(" "));
    Problem::new(format!("the inventory script `{command}` {error}"))
        .hint("run it by hand; if it is no script, take its mode away: `chmod -x`")
}

fn object(path: &Path, options: &[&str], text: &str) -> Result<Map<String, Value>, Problem> {
    let wrong = |what: String| {
        let command = format!("{} {}", path.display(), options.join(" "));
        Problem::new(format!("what `{command}` prints {what}")).hint(FORMAT_HINT)
    };
    match serde_json::from_str(text) {
        Ok(Value::Object(entries)) => Ok(entries),
        Ok(_) => Err(wrong("is no JSON object".to_owned())),
        Err(error) => Err(wrong(format!("is not JSON: {error}"))),
    }
}

type AskHost<'a> = dyn Fn(&str) -> Result<Map<String, Value>, Problem> + 'a;

fn read(
    name: &str,
    source: &str,
    mut groups: Map<String, Value>,
    ask_host: &AskHost<'_>,
    tree: &mut Tree,
) -> Result<(), Problems> {
    let meta = groups.shift_remove(META);
    let mut reader =
        Reader { name, source, tree, hosts: IndexSet::new(), problems: Problems::default() };
    let known = reader.hostvars(meta.as_ref());
    for (group, data) in groups {
        reader.group(&group, data);
    }
    for host in std::mem::take(&mut reader.hosts) {
        let variables = match &known {
            Some(known) => reader.variables_of(&host, known.get(&host).cloned()),
            None => ask_host(&host).map_err(|problem| reader.problems.push(problem)).ok(),
        };
        for (variable, value) in variables.unwrap_or_default() {
            reader.set(&host, variable, value);
        }
    }
    reader.problems.or(())
}

struct Reader<'a> {
    name: &'a str,
    source: &'a str,
    tree: &'a mut Tree,
    hosts: IndexSet<String>,
    problems: Problems,
}

impl Reader<'_> {
    fn wrong(&mut self, what: &str) {
        let message = format!("`{}`: {what}", self.name);
        self.problems.push(Problem::new(message).hint(FORMAT_HINT));
    }

    /// The variables of all hosts; `None` when the script wants to be asked for each.
    fn hostvars(&mut self, meta: Option<&Value>) -> Option<Map<String, Value>> {
        let meta = meta?;
        match meta.get("profile") {
            None => {}
            Some(Value::String(profile)) if profile == PROFILE => {}
            Some(other) => self.wrong(&format!("`_meta.profile` is `{other}`, not `{PROFILE}`")),
        }
        if let Some(Value::Object(hosts)) = meta.get("hostvars") {
            return Some(hosts.clone());
        }
        self.wrong("`_meta` holds no object `hostvars`");
        Some(Map::new())
    }

    fn variables_of(&mut self, host: &str, found: Option<Value>) -> Option<Map<String, Value>> {
        match found {
            None => None,
            Some(Value::Object(variables)) => Some(variables),
            Some(_) => {
                self.wrong(&format!("`_meta.hostvars.{host}` is no object"));
                None
            }
        }
    }

    fn group(&mut self, group: &str, data: Value) {
        self.tree.add_group(group);
        let data = match data {
            Value::Object(data)
                if ["hosts", "vars", "children"].iter().any(|k| data.contains_key(*k)) =>
            {
                data
            }
            // The spelling of old scripts: a lone host with its variables, which are never rendered.
            Value::Object(variables) => {
                self.host(group, group);
                for (name, value) in variables {
                    self.set(group, name, unsafe_values(value));
                }
                return;
            }
            hosts => Map::from_iter([("hosts".to_owned(), hosts)]),
        };
        for host in self.names(group, "hosts", data.get("hosts")) {
            self.host(&host, group);
        }
        match data.get("vars") {
            None => {}
            Some(Value::Object(variables)) => {
                for (name, value) in variables {
                    self.set(group, name.clone(), value.clone());
                }
            }
            Some(_) => self.wrong(&format!("`{group}.vars` is no object")),
        }
        for child in self.names(group, "children", data.get("children")) {
            self.tree.add_group(&child);
            if let Err(message) = self.tree.add_child(group, &child) {
                self.wrong(&message);
            }
        }
    }

    fn host(&mut self, host: &str, group: &str) {
        self.tree.add_host(host, group, None, self.source);
        self.hosts.insert(host.to_owned());
    }

    fn names(&mut self, group: &str, section: &str, list: Option<&Value>) -> Vec<String> {
        let names = match list {
            None => return Vec::new(),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>(),
            Some(_) => None,
        };
        names.unwrap_or_else(|| {
            self.wrong(&format!("`{group}.{section}` is no list of names"));
            Vec::new()
        })
    }

    fn set(&mut self, entity: &str, name: String, value: Value) {
        if let Err(problem) = self.tree.set(entity, name, Variable::new(value)) {
            self.problems.push(problem);
        }
    }
}
