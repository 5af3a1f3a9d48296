//! Tests of names: of filters, tests and resources.

use crate::template::call::{Arguments, Plugin, asking, plugin};
use crate::template::filters;
use crate::template::value::{carry, is_map, items, why_missing};
use minijinja::{Error, Value};

pub(super) const TESTS: &[Plugin] = &[
    plugin("filter", &[], |call| {
        Ok(Value::from(call.input.as_str().is_some_and(|name| filters::find(name).is_ok())))
    }),
    plugin("test", &[], |call| {
        Ok(Value::from(call.input.as_str().is_some_and(|name| super::find(name).is_ok())))
    }),
    plugin("uri", &["schemes?"], |call| uri(call).map(|found| Value::from(found.is_some()))),
    plugin("url", &["schemes?"], |call| {
        let url = |(scheme, place): (String, String)| scheme == "file" || !place.is_empty();
        uri(call).map(|found| Value::from(found.is_some_and(url)))
    }),
    plugin("urn", &[], |call| {
        let found = uri_parts(call.input.as_str());
        Ok(Value::from(found.is_some_and(|(scheme, _)| scheme == "urn")))
    }),
    asking("vault_encrypted", &[], |call| match why_missing(&call.input) {
        Some(error) => Err(carry(error.clone())),
        None if is_map(&call.input) => Ok(Value::from(false)),
        None => {
            let text = call.input.as_str().unwrap_or_default();
            Ok(Value::from(text.starts_with("$ANSIBLE_VAULT;")))
        }
    }),
];

/// Scheme and network place of a text with one of the schemes; any text will do when none is asked
/// for, as in Ansible.
fn uri(call: &Arguments<'_>) -> Result<Option<(String, String)>, Error> {
    let schemes = call.some("schemes").map(items).transpose()?.unwrap_or_default();
    let wanted = |(scheme, _): &(String, String)| {
        schemes.is_empty() || schemes.iter().any(|wanted| wanted.as_str() == Some(scheme))
    };
    Ok(uri_parts(call.input.as_str()).filter(wanted))
}

fn uri_parts(text: Option<&str>) -> Option<(String, String)> {
    let text = text?;
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    let (scheme, rest) = match text.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_lowercase(), rest),
        _ => (String::new(), text),
    };
    let place = rest.strip_prefix("//").unwrap_or_default();
    let place = place.split(['/', '?', '#']).next().unwrap_or_default();
    Some((scheme, place.to_owned()))
}
