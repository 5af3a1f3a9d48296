//! Filters (`x | …`) as Ansible has them.

mod addresses;
mod choices;
mod digests;
mod each;
mod escapes;
mod json;
mod lists;
mod maps;
mod math;
mod paths;
mod query;
mod random;
mod regex;
mod seeded;
mod seen;
mod sets;
mod sizes;
mod text;
mod times;
mod urls;
mod yaml;

use super::call::{Call, Plugin};
use super::error::TemplateError;
use super::names;
use super::scope::Scope;
use super::value::carry;
use minijinja::{Error, Value};
use std::collections::BTreeMap;
use std::sync::LazyLock;

pub(super) use choices::to_bool;
pub(super) use lists::{attribute_of, flatten};
pub(super) use regex::compile;

/// All filters by name. Never changed after it is built.
static FILTERS: LazyLock<BTreeMap<&'static str, &'static Plugin>> = LazyLock::new(|| {
    let groups = [
        addresses::FILTERS,
        choices::FILTERS,
        digests::FILTERS,
        each::FILTERS,
        escapes::FILTERS,
        json::FILTERS,
        lists::FILTERS,
        maps::FILTERS,
        math::FILTERS,
        paths::FILTERS,
        query::FILTERS,
        random::FILTERS,
        regex::FILTERS,
        sets::FILTERS,
        sizes::FILTERS,
        text::FILTERS,
        times::FILTERS,
        urls::FILTERS,
        yaml::FILTERS,
    ];
    groups.into_iter().flatten().map(|filter| (filter.name, filter)).collect()
});

/// Filters that Ansible has and this does not, and what to do instead.
const REFUSED: &[(&str, &str)] = &[
    ("password_hash", "hash it once with `mkpasswd` and keep the hash in the vault"),
    ("vault", "encrypt it with `ansible-vault encrypt_string`"),
    ("unvault", "write the value behind `!vault`, which is decrypted when it is read"),
    ("pprint", "use `to_nice_json` or `to_nice_yaml`"),
    ("x509_certificate_info", "read it on the host with `openssl x509 -noout -text`"),
    ("xmlattr", "write the attributes out"),
    ("urlize", "write the links out"),
    ("parse_xml", "use a command on the host that reads XML"),
    ("parse_cli", "use a command on the host that prints JSON"),
];

/// The filter of that name, short or in full.
pub(super) fn find(name: &str) -> Result<&'static Plugin, TemplateError> {
    let short = names::short(name, names::FILTER_COLLECTIONS);
    if let Some(filter) = FILTERS.get(name).or_else(|| FILTERS.get(short?)) {
        return Ok(filter);
    }
    Err(names::unknown("filter", name, FILTERS.keys().copied(), REFUSED))
}

/// Applies a filter.
pub(super) fn apply(scope: &Scope, name: &str, input: Value, call: Call) -> Result<Value, Error> {
    find(name).map_err(carry)?.call(scope, input, call)
}
