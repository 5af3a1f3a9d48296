//! Names of filters, tests and lookups: short ones, and those with their collection.

use super::error::TemplateError;
use crate::error::near_matches;

/// The collections whose filters are here.
pub(super) const FILTER_COLLECTIONS: &[&str] = &[
    "ansible.builtin",
    "ansible.legacy",
    "ansible.utils",
    "ansible.netcommon",
    "community.general",
];

/// The collections whose tests and lookups are here.
pub(super) const BUILTIN: &[&str] = &["ansible.builtin", "ansible.legacy"];

/// The name without its collection; `None` when that is none of these.
pub(super) fn short<'a>(name: &'a str, collections: &[&str]) -> Option<&'a str> {
    match name.rsplit_once('.') {
        None => Some(name),
        Some((collection, short)) => collections.contains(&collection).then_some(short),
    }
}

/// The error for a name that there is not: refused with a way out, or unknown with what is near.
pub(super) fn unknown(
    what: &'static str,
    name: &str,
    known: impl Iterator<Item = &'static str>,
    refused: &[(&str, &'static str)],
) -> TemplateError {
    let short = name.rsplit('.').next().unwrap_or(name);
    if let Some((_, instead)) = refused.iter().find(|(refused, _)| *refused == short) {
        return TemplateError::Refused { what, name: name.to_owned(), instead };
    }
    let known: Vec<&str> = known.collect();
    TemplateError::Unknown { what, name: name.to_owned(), near: near_matches(short, known) }
}
