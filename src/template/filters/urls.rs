//! Filters on URLs.

use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::methods::pairs;
use crate::template::python::python_text;
use crate::template::value::{dict, is_list, is_map, none, refuse};
use minijinja::{Error, Value};

pub(super) const FILTERS: &[Plugin] = &[
    plugin("urldecode", &[], |call| Ok(Value::from(decode(&call.input_str()?.replace('+', " "))))),
    plugin("urlencode", &[], url_encode),
    plugin("urlsplit", &["query?"], url_split),
];

fn encode(text: &str, slash: bool) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte);
        if plain || (slash && byte == b'/') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|code| std::str::from_utf8(code).ok())
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Text for a path, where slashes stay; pairs for a query, where blanks become `+`.
fn url_encode(call: &Arguments<'_>) -> Result<Value, Error> {
    if !is_map(&call.input) && !is_list(&call.input) {
        return Ok(Value::from(encode(&call.input_text()?, true)));
    }
    let mut parts = Vec::new();
    for (key, value) in pairs(&call.input)? {
        let quoted =
            |value: &Value| python_text(value).map(|text| encode(&text, false).replace("%20", "+"));
        parts.push(format!("{}={}", quoted(&key)?, quoted(&value)?));
    }
    Ok(Value::from(parts.join("&")))
}

/// Python's `urlsplit` as a mapping, or one of its parts.
fn url_split(call: &Arguments<'_>) -> Result<Value, Error> {
    let url = call.input_str()?.trim();
    let (scheme, rest) = match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_lowercase(), rest),
        _ => (String::new(), url),
    };
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (netloc, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    let (user, address) = match netloc.rsplit_once('@') {
        Some((user, address)) => (Some(user), address),
        None => (None, netloc),
    };
    let (name, password) =
        match user.map(|user| user.split_once(':').map_or((user, None), |(n, p)| (n, Some(p)))) {
            Some((name, password)) => (Some(name), password),
            None => (None, None),
        };
    let (host, port) = host_and_port(address)?;
    let text = |text: Option<&str>| text.map_or_else(none, Value::from);
    let parts = [
        ("fragment", Value::from(fragment)),
        ("hostname", host.map_or_else(none, Value::from)),
        ("netloc", Value::from(netloc)),
        ("password", text(password)),
        ("path", Value::from(path)),
        ("port", port.map_or_else(none, Value::from)),
        ("query", Value::from(query)),
        ("scheme", Value::from(scheme)),
        ("username", text(name)),
    ];
    match call.some_text("query")?.filter(|name| !name.is_empty()) {
        None => Ok(dict(parts.map(|(name, value)| (Value::from(name), value)))),
        Some(wanted) => parts
            .into_iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value)
            .ok_or_else(|| refuse(format!("a URL has no part `{wanted}`"))),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

fn host_and_port(address: &str) -> Result<(Option<String>, Option<u16>), Error> {
    let (host, port) = match address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => address.split_once(':').map_or((address, None), |(host, port)| (host, Some(port))),
    };
    let port = match port.filter(|port| !port.is_empty()) {
        Some(port) => Some(port.parse().map_err(|_| refuse(format!("`{port}` is no port")))?),
        None => None,
    };
    Ok(((!host.is_empty()).then(|| host.to_lowercase()), port))
}
