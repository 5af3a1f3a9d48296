//! Backslashes in string literals, as Ansible and Python read them.
//!
//! In `{{ … }}` of a playbook or an inventory Ansible keeps every backslash of a string literal, so
//! that `'(\d+)'` and `'\1'` are what they look like. In `{% … %}`, in conditions and in template
//! files Python's rules hold: `\n` is a newline, an unknown escape keeps its backslash.

use std::borrow::Cow;

/// Where a source comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A string of a playbook or an inventory.
    Text,
    /// A template file.
    File,
    /// A bare expression.
    Expression,
}

/// The source with backslashes doubled where they stay.
pub(super) fn keep(source: &str, kind: Kind) -> Cow<'_, str> {
    if !source.contains('\\') {
        return Cow::Borrowed(source);
    }
    let mut out = String::with_capacity(source.len() + 8);
    let mut rest = source;
    if kind == Kind::Expression {
        copy_code(&mut out, &mut rest, None, false);
        return Cow::Owned(out);
    }
    while let Some(at) = rest.find('{') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        rest = after;
        if rest.starts_with("{{") {
            copy_code(&mut out, &mut rest, Some("}}"), kind == Kind::Text);
        } else if rest.starts_with("{%") {
            let raw = is_raw(rest);
            copy_code(&mut out, &mut rest, Some("%}"), false);
            if raw {
                copy_until(&mut out, &mut rest, "endraw");
            }
        } else if rest.starts_with("{#") {
            copy_until(&mut out, &mut rest, "#}");
        } else {
            copy(&mut out, &mut rest, 1);
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn is_raw(block: &str) -> bool {
    block.trim_start_matches("{%").trim_start_matches(['-', '+']).trim_start().starts_with("raw")
}

fn copy(out: &mut String, rest: &mut &str, bytes: usize) {
    let (done, after) = rest.split_at(bytes);
    out.push_str(done);
    *rest = after;
}

fn copy_until(out: &mut String, rest: &mut &str, end: &str) {
    let bytes = rest.find(end).map_or(rest.len(), |at| at + end.len());
    copy(out, rest, bytes);
}

/// Copies code up to its end; string literals on the way get their backslashes.
fn copy_code(out: &mut String, rest: &mut &str, end: Option<&str>, keep_all: bool) {
    let mut quote = None;
    while let Some(c) = rest.chars().next() {
        match quote {
            None if end.is_some_and(|end| rest.starts_with(end)) => {
                return copy(out, rest, 2);
            }
            None if matches!(c, '"' | '\'') => quote = Some(c),
            Some(open) if c == open => quote = None,
            Some(_) if c == '\\' => {
                copy_escape(out, rest, keep_all);
                continue;
            }
            _ => {}
        }
        copy(out, rest, c.len_utf8());
    }
}

fn copy_escape(out: &mut String, rest: &mut &str, keep_all: bool) {
    let Some(escaped) = rest.chars().nth(1) else { return copy(out, rest, 1) };
    let is_quote = matches!(escaped, '"' | '\'');
    let known =
        is_quote || matches!(escaped, '\\' | 'n' | 't' | 'r' | 'b' | 'f' | 'u' | 'x' | '0'..='7');
    if keep_all {
        out.push_str("\\\\");
        match escaped {
            '\\' => out.push_str("\\\\"),
            _ if is_quote => out.extend(['\\', escaped]),
            _ => out.push(escaped),
        }
    } else {
        out.push_str(if known { "\\" } else { "\\\\" });
        out.push(escaped);
    }
    *rest = rest.get(1 + escaped.len_utf8()..).unwrap_or_default();
}
