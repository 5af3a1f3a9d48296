//! How facts become variables: under `ansible_facts` without a prefix, and each by itself.

use serde_json::{Map, Value};

/// Names that belong to how a host is reached; a host does not get to say that.
const CONNECTION: &[&str] = &[
    "ansible_connection",
    "ansible_host",
    "ansible_password",
    "ansible_port",
    "ansible_private_key_file",
    "ansible_remote_tmp",
    "ansible_remote_user",
    "ansible_shell_executable",
    "ansible_shell_type",
    "ansible_timeout",
    "ansible_user",
];

/// The variables that a host gets from a module's `ansible_facts`: `ansible_facts.hostname` and
/// `ansible_hostname`. `known` is what `ansible_facts` held before; facts gathered anew win.
pub fn fact_variables(known: Option<&Value>, facts: &Map<String, Value>) -> Map<String, Value> {
    let mut named = known.and_then(Value::as_object).cloned().unwrap_or_default();
    let mut variables = Map::new();
    for (name, value) in facts {
        let short = match name.strip_prefix("ansible_") {
            Some(short) if name != "ansible_local" => short,
            _ => name,
        };
        named.insert(short.to_owned(), value.clone());
        if !is_restricted(name) {
            variables.insert(name.clone(), value.clone());
        }
    }
    variables.insert("ansible_facts".to_owned(), Value::Object(named));
    variables
}

fn is_restricted(name: &str) -> bool {
    CONNECTION.contains(&name)
        || name.starts_with("ansible_become")
        || (name.starts_with("ansible_ssh_") && !name.starts_with("ansible_ssh_host_key_"))
        || (name.starts_with("ansible_") && name.ends_with("_interpreter"))
}
