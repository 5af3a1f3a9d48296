//! `service_facts`: which services a host has, and whether they run.

use super::seen::Seen;
use super::{Args, Context, FACTS, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;
use serde_json::{Map, Value, json};

/// The module.
#[derive(Debug)]
pub(super) struct ServiceFacts;

/// What a unit's status is whatever else is said of it.
const BAD: &[&str] = &["not-found", "masked", "failed"];

#[async_trait]
impl Module for ServiceFacts {
    fn name(&self) -> &'static str {
        "service_facts"
    }

    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }

    async fn run(&self, context: &Context, _args: &Args) -> Result<Outcome, ModuleError> {
        let output = context.must("listing services", include_str!("service_facts.sh")).await?;
        let seen = Seen::parse(&output.stdout_text());
        let mut services = Map::new();
        of_scripts(&seen, &mut services);
        of_openrc(&seen, &mut services);
        of_upstart(&seen, &mut services);
        of_systemd(&seen, &mut services);
        if services.is_empty() {
            let msg = "Failed to find any services. This can be due to privileges or some other \
                       configuration issue.";
            return Ok(Outcome { skipped: true, ..Outcome::ok(msg) });
        }
        Ok(Outcome::default().with(FACTS, json!({ "services": services })))
    }
}

/// ` [ + ]  ssh`, as `service --status-all` prints it.
fn of_scripts(seen: &Seen, services: &mut Map<String, Value>) {
    for line in seen.lines("sysv") {
        let Some((sign, name)) = line.trim().strip_prefix("[ ").and_then(|l| l.split_once(" ]"))
        else {
            continue;
        };
        let state = match sign {
            "+" => "running",
            "-" => "stopped",
            _ => continue,
        };
        let name = name.trim();
        let service = json!({ "name": name, "state": state, "source": "sysv" });
        services.insert(name.to_owned(), service);
    }
}

/// ` sshd  [ started ]`, with the runlevels of `rc-update show`.
fn of_openrc(seen: &Seen, services: &mut Map<String, Value>) {
    let levels: Map<String, Value> = seen
        .lines("runlevels")
        .filter_map(|line| line.split_once('|'))
        .map(|(name, levels)| {
            let levels: Vec<&str> = levels.split_whitespace().collect();
            let levels = if levels.is_empty() { Value::Null } else { json!(levels) };
            (name.trim().to_owned(), levels)
        })
        .collect();
    for line in seen.raw("openrc").unwrap_or_default().lines().filter(|l| l.starts_with(' ')) {
        let line = line.replace(['[', ']'], "");
        let mut words = line.split_whitespace();
        if let (Some(name), Some(state)) = (words.next(), words.next())
            && let Some(levels) = levels.get(name)
        {
            let service =
                json!({ "name": name, "runlevels": levels, "state": state, "source": "openrc" });
            services.insert(name.to_owned(), service);
        }
    }
}

/// `ssh start/running, process 12`.
fn of_upstart(seen: &Seen, services: &mut Map<String, Value>) {
    for line in seen.lines("upstart") {
        let words = line.split(',').next().unwrap_or_default().rsplit_once(' ');
        let Some((name, (goal, state))) =
            words.and_then(|(name, states)| Some((name.trim(), states.split_once('/')?)))
        else {
            continue;
        };
        let service = json!({ "name": name, "state": state, "goal": goal, "source": "upstart" });
        services.insert(name.to_owned(), service);
    }
}

fn of_systemd(seen: &Seen, services: &mut Map<String, Value>) {
    for line in seen.lines("units").filter(|line| line.contains(".service")) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [name, _, active, sub, ..] = fields[..] else { continue };
        let described = &fields[..fields.len() - 1];
        let bad = BAD.iter().find(|bad| described.contains(bad));
        let state = if sub == "running" { "running" } else { "stopped" };
        let status = bad.copied().unwrap_or(active);
        let service =
            json!({ "name": name, "state": state, "status": status, "source": "systemd" });
        services.insert(name.to_owned(), service);
    }
    let asked = seen.lines("states");
    let states = seen.lines("active states").filter_map(|line| line.strip_prefix("ActiveState="));
    let states: Map<String, Value> =
        asked.zip(states).map(|(name, state)| (name.to_owned(), json!(state))).collect();
    for line in seen.lines("unit files").filter(|line| line.contains(".service")) {
        let mut words = line.split_whitespace();
        let (Some(name), Some(status)) = (words.next(), words.next()) else { continue };
        match services.get_mut(name) {
            None => {
                let state = states.get(name).cloned().unwrap_or(json!("unknown"));
                let service =
                    json!({ "name": name, "state": state, "status": status, "source": "systemd" });
                services.insert(name.to_owned(), service);
            }
            Some(known) if !BAD.iter().any(|bad| known["status"] == *bad) => {
                known["status"] = json!(status);
            }
            Some(_) => {}
        }
    }
}
