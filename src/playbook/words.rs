//! Splitting `creates=/x name="a b" {{ c }}` into words as Ansible does: quotes and template
//! braces hold a word together.

use crate::yaml::{Node, NodeKind};
use serde_json::Value;
use std::borrow::Cow;

/// The words of a short form, quotes kept.
pub(super) fn words(text: &str) -> Result<Vec<&str>, &'static str> {
    let mut words = Vec::new();
    let mut start: Option<usize> = None;
    let mut quote: Option<char> = None;
    let mut depth = 0_usize;
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        let opens = previous == '{' && matches!(c, '{' | '%' | '#');
        let closes = matches!(previous, '}' | '%' | '#') && c == '}';
        let mut seen = c;
        match quote {
            Some(open) if c == open && previous != '\\' => quote = None,
            None if depth == 0 && matches!(c, '"' | '\'') && previous != '\\' => quote = Some(c),
            None if opens => {
                depth += 1;
                seen = ' ';
            }
            None if closes && depth > 0 => {
                depth -= 1;
                seen = ' ';
            }
            _ => {}
        }
        if c.is_whitespace() && quote.is_none() && depth == 0 {
            if let Some(begin) = start.take() {
                words.extend(text.get(begin..at));
            }
        } else if start.is_none() {
            start = Some(at);
        }
        previous = seen;
    }
    if quote.is_some() {
        return Err("a quote is not closed");
    }
    if depth > 0 {
        return Err("template braces are not closed");
    }
    if let Some(begin) = start {
        words.extend(text.get(begin..));
    }
    Ok(words)
}

/// `name=value` as name and value, when the word is one.
pub(super) fn key_value(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some((name, value))
}

/// `name=x tasks_from=y` behind an import or include as the mapping that it stands for; anything
/// else as it is.
pub(super) fn spelled_out(node: &Node) -> Cow<'_, Node> {
    let text = node.as_str().unwrap_or_default();
    let pairs: Option<Vec<_>> =
        words(text).ok().and_then(|words| words.into_iter().map(key_value).collect());
    let Some(pairs) = pairs.filter(|pairs| !pairs.is_empty()) else { return Cow::Borrowed(node) };
    let scalar = |text: String| {
        let kind = NodeKind::Scalar(Value::from(text));
        Node { location: node.location.clone(), kind }
    };
    let entry =
        |(name, value): (&str, &str)| (scalar(name.to_owned()), scalar(unescape(unquote(value))));
    let kind = NodeKind::Mapping(pairs.into_iter().map(entry).collect());
    Cow::Owned(Node { location: node.location.clone(), kind })
}

/// The word without the quotes around it.
pub(super) fn unquote(word: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| word.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(word)
}

/// A word with Python's escapes put in, as Ansible reads `name="a\nb"`.
pub(super) fn unescape(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let (c, length) = escape(&from[1..]).unwrap_or(('\\', 0));
        out.push(c);
        rest = &from[1 + length..];
    }
    out.push_str(rest);
    out
}

/// The character that an escape stands for, and how long it is without its backslash.
fn escape(text: &str) -> Option<(char, usize)> {
    let first = text.chars().next()?;
    let digits = match first {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => {
            let known = "\\'\"abfnrtv".chars().zip("\\'\"\u{7}\u{8}\u{c}\n\r\t\u{b}".chars());
            return known.into_iter().find(|(name, _)| *name == first).map(|(_, c)| (c, 1));
        }
    };
    let code = text.get(1..=digits).filter(|code| code.chars().all(|c| c.is_ascii_hexdigit()))?;
    Some((char::from_u32(u32::from_str_radix(code, 16).ok()?)?, 1 + digits))
}
