//! Regular expressions as Python's `re` reads them, with look-around and back-references.

use super::ModuleError;
use super::args::wrong;
use fancy_regex::{Captures, Regex};

/// A regular expression that an operator wrote for Ansible.
#[derive(Debug, Clone)]
pub(super) struct Pattern(Regex);

/// The spelling of Python's that the engine does not know, in the engine's own.
fn translated(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.char_indices().peekable();
    let mut class = false;
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some((_, 'Z')) if !class => out.push_str("\\z"),
                Some((_, next)) => out.extend(['\\', next]),
                None => out.push('\\'),
            },
            '[' if class => out.push_str("\\["),
            '[' => {
                class = true;
                out.push('[');
                if let Some((_, caret)) = chars.next_if(|(_, next)| *next == '^') {
                    out.push(caret);
                }
                // A bracket that stands first is a member.
                if chars.next_if(|(_, next)| *next == ']').is_some() {
                    out.push_str("\\]");
                }
            }
            ']' if class => {
                class = false;
                out.push(']');
            }
            // Doubled, these would be operators on classes.
            '&' | '~' if class => out.extend(['\\', c]),
            '{' if !class && !is_counter(&text[at..]) => out.push_str("\\{"),
            '}' if !class && !ends_counter(&text[..at]) => out.push_str("\\}"),
            _ => out.push(c),
        }
    }
    out
}

/// Whether `{3}`, `{3,}`, `{,3}` or `{3,4}` begins here.
fn is_counter(text: &str) -> bool {
    let Some((inner, _)) = text[1..].split_once('}') else { return false };
    inner.bytes().any(|b| b.is_ascii_digit())
        && inner.bytes().all(|b| b.is_ascii_digit() || b == b',')
}

fn ends_counter(before: &str) -> bool {
    let open = before.rfind('{');
    open.is_some_and(|open| {
        let inner = &before[open + 1..];
        inner.bytes().any(|b| b.is_ascii_digit())
            && inner.bytes().all(|b| b.is_ascii_digit() || b == b',')
    })
}

impl Pattern {
    /// Reads the argument `name`; `flags` are those of `(?…)`, such as `m`.
    pub(super) fn new(name: &'static str, flags: &str, text: &str) -> Result<Self, ModuleError> {
        let flags = if flags.is_empty() { String::new() } else { format!("(?{flags})") };
        let regex = Regex::new(&format!("{flags}{}", translated(text)));
        regex.map(Self).map_err(|e| wrong(name, format!("is not a regular expression: {e}")))
    }

    /// Whether it occurs in the text. One that runs away on it does not.
    pub(super) fn occurs(&self, text: &str) -> bool {
        self.0.is_match(text).unwrap_or(false)
    }

    /// Its first occurrence.
    pub(super) fn first<'t>(&self, text: &'t str) -> Option<Captures<'t, str>> {
        self.0.captures(text).ok().flatten()
    }

    /// Its named groups, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.capture_names().flatten()
    }

    /// The text with every occurrence replaced, and how many there were.
    pub(super) fn replaced(
        &self,
        text: &str,
        template: &str,
    ) -> Result<(String, usize), ModuleError> {
        let (mut out, mut copied, mut from, mut count) = (String::new(), 0, 0, 0);
        let mut empty_at = None;
        while from <= text.len() {
            let found = self.0.captures_from_pos(text, from);
            let found = found.map_err(|e| ModuleError::Failed(format!("`regexp`: {e}")))?;
            let Some((captures, whole)) = found.and_then(|c| c.get(0).map(|whole| (c, whole)))
            else {
                break;
            };
            let empty = whole.start() == whole.end();
            if !(empty && empty_at == Some(whole.start())) {
                out.push_str(&text[copied..whole.start()]);
                out.push_str(&expanded(template, &captures)?);
                (copied, count) = (whole.end(), count + 1);
            }
            empty_at = empty.then_some(whole.end());
            // After an empty occurrence the search goes on behind the next character.
            let next = text[whole.end()..].chars().next().map_or(1, char::len_utf8);
            from = if empty { whole.end() + next } else { whole.end() };
        }
        out.push_str(&text[copied..]);
        Ok((out, count))
    }
}

/// A replacement with its `\1`, `\g<name>` and escapes filled in, as Python's `expand` does.
pub(super) fn expanded(
    template: &str,
    captures: &Captures<'_, str>,
) -> Result<String, ModuleError> {
    let failed = |what: &str| ModuleError::Failed(format!("the replacement has {what}"));
    let mut out = String::new();
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('g') => {
                let rest: String = chars.clone().collect();
                let name = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
                let (name, _) = name.ok_or_else(|| failed("a `\\g` without a group's name"))?;
                for _ in 0..name.chars().count() + 2 {
                    chars.next();
                }
                let number = name.parse().ok().filter(|number| *number < captures.len());
                let group = match number {
                    Some(number) => captures.get(number),
                    None => captures.name(name),
                };
                out.push_str(group.map_or("", |group| group.as_str()));
            }
            Some(digit @ '1'..='9') => {
                let mut number = digit.to_digit(10).unwrap_or(0) as usize;
                if let Some(next) = chars.next_if(char::is_ascii_digit) {
                    number = number * 10 + next.to_digit(10).unwrap_or(0) as usize;
                }
                if number >= captures.len() {
                    return Err(failed(&format!(
                        "a reference to group {number}, which is not there"
                    )));
                }
                out.push_str(captures.get(number).map_or("", |group| group.as_str()));
            }
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('a') => out.push('\u{7}'),
            Some('f') => out.push('\u{c}'),
            Some('v') => out.push('\u{b}'),
            Some('\\') => out.push('\\'),
            Some(letter) if letter.is_ascii_alphanumeric() => {
                return Err(failed(&format!("a bad escape `\\{letter}`")));
            }
            Some(other) => out.extend(['\\', other]),
            None => return Err(failed("a backslash at its end")),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replace(pattern: &str, template: &str, text: &str) -> (String, usize) {
        Pattern::new("regexp", "m", pattern).unwrap().replaced(text, template).unwrap()
    }

    /// Rows that Python's `re.subn` with `re.MULTILINE` gave.
    #[test]
    fn replacing_is_pythons() {
        for (pattern, template, text, wanted, count) in [
            ("^a(.)$", r"\1\g<1>-", "ab\nxx\nac\n", "bb-\nxx\ncc-\n", 2),
            ("x*", "-", "abxd", "-a-b--d-", 5),
            (r"(?P<k>\w+)=", r"\g<k>: ", "a=1 b=2", "a: 1 b: 2", 2),
            (r"foo(?!bar)", "X", "foobar foo", "foobar X", 1),
            (r"(\w)\1", "<\\1>", "aab", "<a>b", 1),
            ("a{b}", "c", "a{b}", "c", 1),
            ("[[]x", "c", "[x", "c", 1),
            ("[]a]", "c", "]a", "cc", 2),
            (r"end\Z", "c", "end\nend", "end\nc", 1),
            ("b", r"\n\t", "abc", "a\n\tc", 1),
        ] {
            assert_eq!(replace(pattern, template, text), (wanted.to_owned(), count), "{pattern}");
        }
    }

    #[test]
    fn bad_patterns_and_replacements_are_errors() {
        assert!(Pattern::new("regexp", "", "(").is_err());
        let pattern = Pattern::new("regexp", "", "(a)").unwrap();
        for template in [r"\2", r"\q", r"\g1", "\\"] {
            assert!(pattern.replaced("a", template).is_err(), "{template}");
        }
    }
}
