//! `ipaddr` and its kin of ansible.utils.

use crate::template::addresses::{Address, Network, answer};
use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::numbers::Number;
use crate::template::python::python_text;
use crate::template::value::{is_list, items, list, refuse, type_name};
use minijinja::value::ValueKind;
use minijinja::{Error, Value};

pub(super) const FILTERS: &[Plugin] = &[
    plugin("ipaddr", &["query?", "version?"], |call| {
        let version = match call.integer("version")? {
            None => None,
            Some(4) => Some(4),
            Some(6) => Some(6),
            Some(other) => return Err(refuse(format!("`version` must be 4 or 6, not {other}"))),
        };
        each(call, &call.input, version)
    }),
    plugin("ipsubnet", &["query?", "index?"], subnet),
    plugin("ipv4", &["query?"], |call| each(call, &call.input, Some(4))),
    plugin("ipv6", &["query?"], |call| each(call, &call.input, Some(6))),
    plugin("ipwrap", &["query?"], |call| wrap(&call.input)),
    plugin("nthhost", &["query?"], |call| {
        let Some(network) = Network::read(&call.input_text()?) else { return Ok(false_value()) };
        let number = match call.some("query").map(|query| (Number::of(query), query.as_str())) {
            Some((Some(Number::Integer(number)), _)) => Some(number),
            Some((_, Some(text))) => text.parse().ok(),
            _ => None,
        };
        let Some(host) = number.and_then(|number| network.nth(number)) else {
            return Ok(false_value());
        };
        Ok(Value::from(host.to_string()))
    }),
];

fn false_value() -> Value {
    Value::from(false)
}

/// What is no address gives `false`; in a list it is left out.
fn each(call: &Arguments<'_>, value: &Value, version: Option<u8>) -> Result<Value, Error> {
    let query = match call.some("query") {
        Some(query) => python_text(query)?,
        None => String::new(),
    };
    if is_list(value) {
        let mut found = Vec::new();
        for item in items(value)? {
            let answer = each(call, &item, version)?;
            if answer.is_true() {
                found.push(answer);
            }
        }
        return Ok(list(found));
    }
    if value.is_none() {
        return Err(refuse(format!("`{}` takes no `None`", call.name())));
    }
    let address = match Number::of(value) {
        _ if value.kind() == ValueKind::Bool => None,
        Some(Number::Integer(number)) => u128::try_from(number).ok().and_then(Address::of_number),
        _ => Address::read(&python_text(value)?),
    };
    let Some(address) = address.filter(|a| version.is_none_or(|version| a.version() == version))
    else {
        return Ok(false_value());
    };
    answer(&address, value, &query)
}

/// IPv6 addresses in brackets, for URLs; text that is no address as it is.
fn wrap(value: &Value) -> Result<Value, Error> {
    if is_list(value) {
        return items(value)?.iter().map(wrap).collect::<Result<Vec<_>, _>>().map(list);
    }
    let Some(text) = value.as_str() else {
        return Err(refuse(format!("`ipwrap` takes text, not `{}`", type_name(value))));
    };
    Ok(match Address::read(text) {
        Some(address) if address.version() == 6 => Value::from(address.wrapped()),
        Some(address) if address.written_prefix.is_some() => Value::from(address.with_prefix()),
        _ => value.clone(),
    })
}

/// `ipsubnet`: the network itself, how many smaller ones it has, or one of them.
fn subnet(call: &Arguments<'_>) -> Result<Value, Error> {
    let Some(address) = Address::read(&call.input_text()?) else { return Ok(false_value()) };
    let network = address.network();
    let (prefix, index) = (call.some_text("query")?, call.some("index"));
    let Some(prefix) = prefix else { return Ok(Value::from(network.to_string())) };
    let prefix: u8 = prefix
        .parse()
        .ok()
        .filter(|prefix| *prefix <= network.bits())
        .ok_or_else(|| refuse("`ipsubnet` takes the size of a prefix here"))?;
    let alone = network.prefix == network.bits();
    let Some(index) = index else {
        if alone {
            return Ok(Value::from(address.supernet(prefix).to_string()));
        }
        if prefix < network.prefix {
            return Err(refuse(format!("`{network}` has no networks as large as /{prefix}")));
        }
        return Ok(Value::from(network.subnets(prefix).to_string()));
    };
    let Some(Number::Integer(index)) = Number::of(index).filter(|_| prefix >= network.prefix)
    else {
        return Err(refuse(format!("`{network}` has no such networks of /{prefix}")));
    };
    let found = network.subnet(prefix, index);
    Ok(found.map_or_else(false_value, |subnet| Value::from(subnet.to_string())))
}
