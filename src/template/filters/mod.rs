//! Filters as Ansible has them. What the engine brings along is used where it means the same.

#![expect(clippy::needless_pass_by_value, reason = "the engine hands arguments over by value")]

mod encode;
mod lists;
mod maps;
mod numbers;
mod text;

use super::reach;
use minijinja::Environment;

pub(super) use text::pattern;

/// Every filter, sorted.
pub(super) const NAMES: &[&str] = &[
    "abs",
    "attr",
    "b64decode",
    "b64encode",
    "basename",
    "batch",
    "bool",
    "capitalize",
    "combine",
    "count",
    "d",
    "default",
    "dict2items",
    "dictsort",
    "difference",
    "dirname",
    "e",
    "escape",
    "first",
    "flatten",
    "float",
    "format",
    "from_json",
    "groupby",
    "indent",
    "int",
    "intersect",
    "items",
    "items2dict",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "quote",
    "regex_escape",
    "regex_findall",
    "regex_replace",
    "regex_search",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "symmetric_difference",
    "ternary",
    "title",
    "to_json",
    "to_nice_json",
    "tojson",
    "trim",
    "type_debug",
    "union",
    "unique",
    "upper",
    "urlencode",
    "zip",
];

pub(super) fn register(environment: &mut Environment<'static>) {
    text::register(environment);
    numbers::register(environment);
    lists::register(environment);
    maps::register(environment);
    encode::register(environment);
    environment.add_function(reach::NAME, reach::reach);
}
