//! `add_host`: a host, with groups and variables, for the rest of the run.

use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;
use serde_json::{Value, json};

/// The key under which an outcome tells the runner what the inventory gets.
pub const GROW: &str = "_ansible_grow";

/// The module.
#[derive(Debug)]
pub(super) struct AddHost;

#[async_trait]
impl Module for AddHost {
    fn name(&self) -> &'static str {
        "add_host"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::required("name").or(&["host", "hostname"]),
                Parameter::optional("groups").or(&["group", "groupname"]),
            ]
        }
    }

    fn takes_any(&self) -> bool {
        true
    }

    async fn run(&self, _context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let name = args.required_text("name")?.trim().to_owned();
        let (name, port) = with_port(&name);
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(ModuleError::Argument {
                name: "name".to_owned(),
                reason: format!("is not a name that a host can have: `{name}`"),
            });
        }
        let split = |text: &String| -> Vec<String> {
            text.split(',')
                .map(|group| group.trim().to_owned())
                .filter(|group| !group.is_empty())
                .collect()
        };
        let groups: Vec<String> = args.list("groups")?.iter().flat_map(split).collect();
        let mut variables = args.0.clone();
        variables.retain(|name, _| name != "name" && name != "groups");
        if let Some(port) = port {
            variables.insert("ansible_ssh_port".to_owned(), json!(port));
        }
        let wanted = json!({"host_name": name, "groups": groups, "host_vars": variables});
        let mut outcome = Outcome::default().with("add_host", wanted.clone());
        outcome.values.insert(GROW.to_owned(), wanted);
        Ok(outcome)
    }
}

/// `host:22` as host and port.
fn with_port(name: &str) -> (String, Option<u16>) {
    let split = name.rsplit_once(':').filter(|(host, _)| !host.contains(':'));
    match split.and_then(|(host, port)| Some((host, port.parse().ok()?))) {
        Some((host, port)) => (host.to_owned(), Some(port)),
        None => (name.to_owned(), None),
    }
}

/// What `group_by` asks for.
pub(super) fn group(group: &str, parents: &[String]) -> Value {
    json!({"group": group, "parents": parents})
}
