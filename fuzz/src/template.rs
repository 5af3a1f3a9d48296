//! Templates and expressions, over a few variables.
//!
//! The first byte says how the rest is taken: as a template, an expression, a condition, or a file.

use rrecover::template::{Scope, Whitespace, check_expression, check_text};
use serde_json::{Value, json};
use std::path::Path;

/// Lookups that read no file and run no program.
const LOOKUPS: [&str; 10] = [
    "dict",
    "indexed_items",
    "items",
    "list",
    "nested",
    "sequence",
    "subelements",
    "together",
    "varnames",
    "vars",
];

/// What is not the same each time, and what reads files.
const LEFT_OUT: [&str; 10] = [
    "random", "shuffle", "now", "include", "import", "extends", "fileglob", "strftime", "hash",
    "salt",
];

pub fn run(data: &[u8]) {
    let Some((mode, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    if LEFT_OUT.iter().any(|word| text.contains(word)) || looks_at_large(text) {
        return;
    }
    match mode % 4 {
        0 => {
            let _ = check_text(text);
            same_twice(|scope| scope.render(text));
            let shown = scope().render_text(text);
            if let (Ok(Value::String(value)), Ok(shown)) = (scope().render(text), shown) {
                assert_eq!(value, shown);
            }
        }
        1 => {
            let _ = check_expression(text);
            same_twice(|scope| scope.expression(text));
        }
        2 => {
            if let Ok(holds) = scope().condition(text) {
                assert_eq!(scope().condition(text), Ok(holds));
            }
        }
        _ => same_twice(|scope| {
            let file = Path::new("/nonexistent/template.j2");
            scope.render_file(file, text, Whitespace::default()).map(Value::from)
        }),
    }
}

fn same_twice<E: std::fmt::Display>(render: impl Fn(&Scope) -> Result<Value, E>) {
    let first = render(&scope()).map_err(|error| error.to_string());
    let second = render(&scope()).map_err(|error| error.to_string());
    assert_eq!(first, second);
}

fn scope() -> Scope {
    let variables = json!({
        "n": 5, "f": 2.5, "t": true, "z": null, "s": "hello", "e": "",
        "l": [3, 1, 2], "m": [{"a": 1, "b": "x"}, {"a": 2}], "d": {"a": 1, "b": {"c": "deep"}},
        "lazy": "{{ s | upper }}-{{ n }}", "deeper": ["{{ lazy }}", "{{ d.b.c }}"],
        "circle": "{{ circle }}", "ip": "10.0.0.1/24", "version": "1.28.3",
        "result": {"rc": 0, "changed": true, "failed": false, "stdout": "a\nb"},
    });
    let Value::Object(variables) = variables else { return Scope::default() };
    Scope::new(variables).with("data", json!("{{ n }}"))
}

/// Whether `lookup`, `query` or `q` stand before anything but the name of one of [`LOOKUPS`].
fn looks_at_large(text: &str) -> bool {
    let mut rest = text;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    while let Some(start) = rest.find(is_word) {
        let word = &rest[start..];
        let (word, after) = word.split_at(word.find(|c| !is_word(c)).unwrap_or(word.len()));
        rest = after;
        if ["lookup", "query", "q"].contains(&word) && !begins_with_known(after) {
            return true;
        }
    }
    false
}

fn begins_with_known(after: &str) -> bool {
    let name = after.strip_prefix('(').and_then(|inside| inside.strip_prefix(['\'', '"']));
    name.is_some_and(|name| {
        LOOKUPS.iter().any(|known| {
            let rest = name.strip_prefix(known);
            // Text that stands behind it would become part of the name.
            rest.and_then(|rest| rest.strip_prefix(['\'', '"']))
                .is_some_and(|rest| rest.starts_with([',', ')']))
        })
    })
}
