//! `setup` and `gather_facts`: what a host is and has, without Python on it.
//!
//! One script prints what there is to read; everything is judged here. Names, types and values are
//! those of ansible-core 2.19, `tests/facts_differential.rs` compares them.

mod clock;
mod config;
mod distribution;
mod dmi;
mod hardware;
mod kernel;
mod local;
mod mounts;
mod network;
mod platform;
mod programs;
mod subsets;
mod user;
mod variables;
mod virtualization;

pub use variables::fact_variables;

use super::args::whole_number;
use super::host_script::{HostScript, text_or};
use super::seen::Seen;
use super::{Args, Context, FACTS, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use subsets::Filter;

/// Facts by their names, without `ansible_` in front.
type Facts = Map<String, Value>;

/// The module, under one of its names.
#[derive(Debug)]
pub(super) struct Setup(pub(super) &'static str);

#[async_trait]
impl Module for Setup {
    fn name(&self) -> &'static str {
        self.0
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::optional("gather_subset"),
                Parameter::optional("gather_timeout"),
                Parameter::optional("filter"),
                Parameter::optional("fact_path"),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let asked = list_or_all(args)?;
        let collectors = subsets::collectors(&asked)?;
        let filter = Filter::new(&comma_list(args, "filter")?)?;
        let patience = whole_number(args, "gather_timeout")?.unwrap_or(10).max(1);
        let names: Vec<&str> = collectors.iter().copied().collect();
        let script = HostScript::default()
            .set("collectors", &names.join(" "))
            .set("patience", &patience.to_string())
            .set("fact_path", &text_or(args, "fact_path", "/etc/ansible/facts.d")?)
            .then(include_str!("facts.sh"))
            .then(include_str!("hardware.sh"))
            .then(include_str!("network.sh"))
            .then("exit 0");
        let output = script.run(context, "gathering facts", "the script of `setup`").await?;
        let facts = facts(&Seen::parse(&output.stdout_text()), &collectors);
        let mut prefixed = Map::new();
        for (name, value) in facts {
            let name = format!("ansible_{}", name.replace('-', "_"));
            if filter.holds(&name) {
                prefixed.insert(name, value);
            }
        }
        for (name, value) in [("gather_subset", json!(asked)), ("module_setup", json!(true))] {
            if filter.holds(name) {
                prefixed.insert(name.to_owned(), value);
            }
        }
        Ok(Outcome::default().with(FACTS, prefixed))
    }
}

fn list_or_all(args: &Args) -> Result<Vec<String>, ModuleError> {
    let asked = comma_list(args, "gather_subset")?;
    Ok(if asked.is_empty() { vec!["all".to_owned()] } else { asked })
}

/// A list, which may be written with commas in one text.
fn comma_list(args: &Args, name: &'static str) -> Result<Vec<String>, ModuleError> {
    let items = args.list(name)?;
    match args.0.get(name) {
        Some(Value::String(text)) => {
            Ok(text.split(',').map(|item| item.trim().to_owned()).collect())
        }
        _ => Ok(items),
    }
}

/// A part of the facts, and what makes it.
type Part = (&'static str, fn(&Seen) -> Facts);

const PARTS: &[Part] = &[
    ("platform", platform::facts),
    ("distribution", distribution::facts),
    ("lsb", distribution::lsb),
    ("selinux", kernel::selinux),
    ("apparmor", kernel::apparmor),
    ("chroot", kernel::chroot),
    ("fips", kernel::fips),
    ("caps", kernel::capabilities),
    ("cmdline", kernel::command_line),
    ("loadavg", kernel::load),
    ("pkg_mgr", programs::packages),
    ("service_mgr", programs::services),
    ("systemd", programs::systemd),
    ("date_time", clock::facts),
    ("env", user::environment),
    ("user", user::facts),
    ("ssh_pub_keys", user::host_keys),
    ("virtual", virtualization::facts),
    ("hardware", hardware::facts),
    ("dns", network::names),
    ("fibre_channel_wwn", network::fibre_channel),
    ("iscsi", network::iscsi),
    ("nvme", network::nvme),
    ("network", network::facts),
    ("local", local::facts),
];

fn facts(seen: &Seen, collectors: &BTreeSet<&str>) -> Facts {
    let mut facts = Facts::new();
    for (_, make) in PARTS.iter().filter(|(name, _)| collectors.contains(name)) {
        facts.extend(make(seen));
    }
    facts
}

/// Facts from a JSON object.
fn object(value: Value) -> Facts {
    match value {
        Value::Object(facts) => facts,
        _ => Facts::new(),
    }
}

#[cfg(test)]
mod tests;
