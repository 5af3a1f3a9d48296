//! Lookups of variables and of the environment.

use super::Asked;
use crate::template::error::TemplateError;
use crate::template::filters::compile;
use crate::template::value::{carry, entries, items, missing, refuse};
use minijinja::{Error, Value};

pub(super) fn env(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let mut found = Vec::new();
    for term in asked.texts()? {
        let name = term.split_whitespace().next().unwrap_or_default();
        found.push(match (std::env::var(name), asked.option("default")) {
            (Ok(value), _) => Value::from(value),
            (Err(_), Some(default)) => default.clone(),
            (Err(_), None) => Value::from(""),
        });
    }
    Ok(found)
}

pub(super) fn vars(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let mut found = Vec::new();
    for term in &asked.terms {
        let Some(name) = term.as_str() else {
            return Err(refuse("the name of a variable must be text"));
        };
        found.push(match asked.scope.lookup(name) {
            Ok(Some(value)) => value,
            Ok(None) => match asked.option("default") {
                Some(default) => default.clone(),
                None => asked.undefined(name),
            },
            Err(error @ TemplateError::Undefined { .. }) => missing(error),
            Err(error) => return Err(carry(error)),
        });
    }
    Ok(found)
}

pub(super) fn varnames(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let mut found = Vec::new();
    for term in asked.texts()? {
        let regex = compile(&term, false, false)?;
        for name in asked.scope.names() {
            if regex.is_match(&name).map_err(|error| refuse(error.to_string()))? {
                found.push(Value::from(name));
            }
        }
    }
    Ok(found)
}

/// Hosts by pattern: groups and hosts, with `!` and `&`, in the inventory's order.
pub(super) fn inventory_hostnames(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let groups = asked.scope.lookup("groups").map_err(carry)?;
    let groups = match groups {
        Some(groups) => entries(&groups, "inventory_hostnames")?,
        None => Vec::new(),
    };
    let mut known: Vec<(String, Vec<String>)> = Vec::new();
    for (name, hosts) in &groups {
        let hosts = items(hosts)?.iter().map(ToString::to_string).collect();
        known.push((name.to_string(), hosts));
    }
    let mut patterns: Vec<String> = Vec::new();
    for term in asked.texts()? {
        patterns.extend(term.split([',', ':']).map(|part| part.trim().to_owned()));
    }
    let selected = |pattern: &str| -> Result<Vec<String>, Error> {
        if pattern.contains(['[', '~']) {
            return Err(refuse(format!(
                "`{pattern}`: only names, `*`, `?`, `!` and `&` are supported in this lookup"
            )));
        }
        let wanted = if pattern == "all" { "*" } else { pattern };
        let wanted = regex::escape(wanted).replace("\\*", ".*").replace("\\?", ".");
        let regex = compile(&format!("\\A{wanted}\\Z"), false, false)?;
        let fits = |name: &str| regex.is_match(name).unwrap_or(false);
        let mut hosts: Vec<String> = Vec::new();
        for (group, members) in &known {
            for host in members {
                if (fits(group) || fits(host)) && !hosts.contains(host) {
                    hosts.push(host.clone());
                }
            }
        }
        Ok(hosts)
    };
    let mut found: Vec<String> = Vec::new();
    let plain = patterns.iter().filter(|pattern| !pattern.starts_with(['!', '&']));
    for pattern in plain.clone() {
        let more = selected(pattern)?;
        found.extend(more.into_iter().filter(|host| !found.contains(host)).collect::<Vec<_>>());
    }
    if plain.count() == 0 {
        found = selected("all")?;
    }
    for pattern in &patterns {
        if let Some(both) = pattern.strip_prefix('&') {
            let others = selected(both)?;
            found.retain(|host| others.contains(host));
        } else if let Some(not) = pattern.strip_prefix('!') {
            let others = selected(not)?;
            found.retain(|host| !others.contains(host));
        }
    }
    Ok(found.into_iter().map(Value::from).collect())
}
