//! Python's string and bytes tokens.

use crate::inventory::value::unsafe_text;
use serde_json::Value;

/// Whether a string token begins at the front of `text`.
pub(super) fn begins(text: &str) -> bool {
    begin(text).is_some()
}

/// Takes one or more adjacent string tokens off the front of `rest`; `None` when they are no
/// literal, or one that only Python can read.
pub(super) fn strings(rest: &mut &str) -> Option<Value> {
    let mut whole = Vec::new();
    let mut kind = None;
    while let Some(token) = begin(rest.trim_start_matches([' ', '\t', '\x0c'])) {
        let after = token.read(&mut whole)?;
        if kind.is_some_and(|kind| kind != token.bytes) {
            return None;
        }
        kind = Some(token.bytes);
        *rest = after;
    }
    let text = Value::String(String::from_utf8(whole).ok()?);
    // Ansible renders no templates in what was written as bytes.
    Some(if kind == Some(true) { unsafe_text(text) } else { text })
}

/// An opened string token: its prefix, its quote, and what follows the quote.
struct Token<'a> {
    raw: bool,
    bytes: bool,
    quote: &'a str,
    body: &'a str,
}

fn begin(text: &str) -> Option<Token<'_>> {
    let at = text.find(['\'', '"']).filter(|at| *at <= 2)?;
    let prefix = text[..at].to_ascii_lowercase();
    if !matches!(prefix.as_str(), "" | "r" | "u" | "b" | "br" | "rb") {
        return None;
    }
    let text = &text[at..];
    let single = &text[..1];
    let triple = text.starts_with(&single.repeat(3));
    let (quote, body) = text.split_at(if triple { 3 } else { 1 });
    Some(Token { raw: prefix.contains('r'), bytes: prefix.contains('b'), quote, body })
}

impl<'a> Token<'a> {
    /// Reads up to the closing quote into `whole` and gives what follows it.
    fn read(&self, whole: &mut Vec<u8>) -> Option<&'a str> {
        let mut rest = self.body;
        loop {
            if let Some(after) = rest.strip_prefix(self.quote) {
                return Some(after);
            }
            let c = rest.chars().next().filter(|c| !self.bytes || c.is_ascii())?;
            rest = &rest[c.len_utf8()..];
            if c != '\\' {
                push(whole, c);
            } else if self.raw {
                let escaped = rest.chars().next()?;
                push(whole, '\\');
                push(whole, escaped);
                rest = &rest[escaped.len_utf8()..];
            } else {
                rest = self.escape(rest, whole)?;
            }
        }
    }

    /// What follows a backslash. An unknown escape keeps its backslash.
    fn escape(&self, rest: &'a str, whole: &mut Vec<u8>) -> Option<&'a str> {
        let c = rest.chars().next()?;
        let after = &rest[c.len_utf8()..];
        let simple = match c {
            '\\' | '\'' | '"' => c,
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            '0'..='7' => return self.octal(rest, whole),
            'x' => return self.code(after, 2, whole),
            'u' if !self.bytes => return self.code(after, 4, whole),
            'U' if !self.bytes => return self.code(after, 8, whole),
            'N' if !self.bytes => return None,
            _ => {
                push(whole, '\\');
                c
            }
        };
        push(whole, simple);
        Some(after)
    }

    fn octal(&self, rest: &'a str, whole: &mut Vec<u8>) -> Option<&'a str> {
        let length = rest.bytes().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
        self.push_code(u32::from_str_radix(&rest[..length], 8).ok()?, whole)?;
        Some(&rest[length..])
    }

    fn code(&self, rest: &'a str, length: usize, whole: &mut Vec<u8>) -> Option<&'a str> {
        let digits = rest.get(..length).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.push_code(u32::from_str_radix(digits, 16).ok()?, whole)?;
        Some(&rest[length..])
    }

    fn push_code(&self, code: u32, whole: &mut Vec<u8>) -> Option<()> {
        if self.bytes {
            whole.push(u8::try_from(code & 0xff).ok()?);
        } else {
            push(whole, char::from_u32(code)?);
        }
        Some(())
    }
}

fn push(whole: &mut Vec<u8>, c: char) {
    whole.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
