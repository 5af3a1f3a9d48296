//! Regular expressions as Python's `re` reads them.

use super::sets::limit;
use crate::template::call::{Arguments, Call, Plugin, plugin};
use crate::template::limits::fits;
use crate::template::python::python_text;
use crate::template::value::{list, none, refuse, tuple};
use fancy_regex::{Captures, Regex, RegexBuilder};
use minijinja::{Error, Value};

pub(super) const FILTERS: &[Plugin] = &[
    plugin("regex_escape", &["re_type?"], escape),
    plugin("regex_findall", &["regex", "multiline?", "ignorecase?"], find_all),
    plugin(
        "regex_replace",
        &["pattern?", "replacement?", "ignorecase?", "multiline?", "count?", "mandatory_count?"],
        replace,
    ),
    plugin("regex_search", &["regex", "*", "ignorecase?", "multiline?"], search),
];

/// More steps than any sane expression needs; what takes more would never end.
const MOST_STEPS: usize = 5_000_000;

/// A regular expression of Python's.
pub(in crate::template) fn compile(
    text: &str,
    ignore_case: bool,
    multi_line: bool,
) -> Result<Regex, Error> {
    RegexBuilder::new(&translate(text, multi_line))
        .case_insensitive(ignore_case)
        .multi_line(multi_line)
        .backtrack_limit(MOST_STEPS)
        .build()
        .map_err(|error| {
            refuse(format!("`{text}` is no regular expression that is supported: {error}"))
        })
}

/// Python's spelling in the engine's: `\Z` is the very end, `$` may stand before a last newline.
fn translate(text: &str, multi_line: bool) -> String {
    let mut out = String::new();
    let mut in_class = false;
    let mut chars = text.chars().peekable();
    while let Some(character) = chars.next() {
        match character {
            '\\' => match chars.next() {
                Some('Z') if !in_class => out.push_str("\\z"),
                Some('0') if !chars.peek().is_some_and(char::is_ascii_digit) => {
                    out.push_str("\\x00");
                }
                // Python takes a backslash before punctuation for the punctuation.
                Some(
                    c @ ('/' | '"' | '\'' | '<' | '>' | '%' | '@' | '!' | ',' | ';' | '=' | ':'
                    | '`' | '_'),
                ) => {
                    out.push(c);
                }
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            '[' if in_class => out.push_str("\\["),
            '[' => {
                in_class = true;
                out.push('[');
                if chars.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                if chars.next_if_eq(&']').is_some() {
                    out.push_str("\\]");
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '&' | '~' if in_class => out.extend(['\\', character]),
            '$' if !in_class && !multi_line => out.push_str("(?=\\n?\\z)"),
            other => out.push(other),
        }
    }
    out
}

fn failed(error: impl std::fmt::Display) -> Error {
    refuse(format!("the regular expression fails: {error}"))
}

fn compiled(call: &Arguments<'_>, name: &str) -> Result<Regex, Error> {
    let pattern = call.get(name).map(python_text).transpose()?.unwrap_or_default();
    compile(&pattern, call.flag("ignorecase", false)?, call.flag("multiline", false)?)
}

fn replace(call: &Arguments<'_>) -> Result<Value, Error> {
    let regex = compiled(call, "pattern")?;
    let parts = Replacement::read(&call.some_text("replacement")?.unwrap_or_default(), &regex)?;
    let text = call.input_text()?;
    let text = text.as_str();
    let most = call.count("count")?.filter(|count| *count > 0);
    let (mut out, mut done, mut count) = (String::new(), 0, 0);
    for found in matches(&regex, text)? {
        if most.is_some_and(|most| count >= most) {
            break;
        }
        let Some(whole) = found.get(0) else { continue };
        out.push_str(text.get(done..whole.start()).unwrap_or_default());
        parts.write(&found, &mut out);
        fits(out.len())?;
        done = whole.end();
        count += 1;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    match call.count("mandatory_count")?.filter(|wanted| *wanted > 0 && *wanted != count) {
        Some(wanted) => Err(refuse(format!("`{regex}` matches {count} times, not {wanted}"))),
        None => Ok(Value::from(out)),
    }
}

/// All matches as Python finds them: an empty one may stand right behind another one.
fn matches<'t>(regex: &Regex, text: &'t str) -> Result<Vec<Captures<'t, str>>, Error> {
    let mut all = Vec::new();
    let (mut at, mut must_advance) = (0, false);
    while let Some(found) = regex.captures_from_pos(text, at).map_err(failed)? {
        let (start, end) = found.get(0).map_or((at, at), |whole| (whole.start(), whole.end()));
        if must_advance && start == at && end == at {
            let Some(next) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
            at += next.len_utf8();
            must_advance = false;
            continue;
        }
        must_advance = start == end;
        at = end;
        all.push(found);
        limit(all.len())?;
    }
    Ok(all)
}

/// What a match is replaced with: `\1` and `\g<name>` are its groups.
struct Replacement(Vec<Piece>);

enum Piece {
    Text(String),
    Group(usize),
}

impl Replacement {
    fn read(text: &str, regex: &Regex) -> Result<Self, Error> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('\\') {
            plain.push_str(before);
            let digits = after.chars().take(2).take_while(char::is_ascii_digit).count();
            let (group, behind) = if digits > 0 && !after.starts_with('0') {
                let (number, behind) = after.split_at(digits);
                (Some(number), behind)
            } else if let Some((name, behind)) =
                after.strip_prefix("g<").and_then(|after| after.split_once('>'))
            {
                (Some(name), behind)
            } else {
                let Some(escaped) = after.chars().next() else {
                    return Err(refuse("the replacement ends after a backslash"));
                };
                plain.push_str(&unescaped(escaped)?);
                (None, after.get(escaped.len_utf8()..).unwrap_or_default())
            };
            if let Some(group) = group {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(Piece::Group(number_of(group, regex)?));
            }
            rest = behind;
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        Ok(Self(pieces))
    }

    fn write(&self, found: &Captures<'_, str>, out: &mut String) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Group(number) => {
                    out.push_str(found.get(*number).map_or("", |group| group.as_str()));
                }
            }
        }
    }
}

fn unescaped(escaped: char) -> Result<String, Error> {
    Ok(match escaped {
        'n' => "\n".to_owned(),
        't' => "\t".to_owned(),
        'r' => "\r".to_owned(),
        '0' => "\0".to_owned(),
        '\\' => "\\".to_owned(),
        letter if letter.is_ascii_alphabetic() => {
            return Err(refuse(format!("`\\{letter}` means nothing in a replacement")));
        }
        other => format!("\\{other}"),
    })
}

/// A group's number; names have one, too.
fn number_of(group: &str, regex: &Regex) -> Result<usize, Error> {
    let number = match group.parse::<usize>() {
        Ok(number) => Some(number),
        Err(_) => regex.capture_names().position(|name| name == Some(group)),
    };
    number
        .filter(|number| *number < regex.captures_len())
        .ok_or_else(|| refuse(format!("the regular expression has no group `{group}`")))
}

/// The match, its groups when `\1` or `\g<name>` ask for them, nothing when there is none.
fn search(call: &Arguments<'_>) -> Result<Value, Error> {
    let regex = compiled(call, "regex")?;
    let groups: Vec<usize> = wanted_groups(&call.rest)?
        .iter()
        .map(|g| number_of(g, &regex))
        .collect::<Result<_, _>>()?;
    let text = call.input_text()?;
    let Some(found) = regex.captures(&text).map_err(failed)? else { return Ok(none()) };
    let part =
        |number: usize| found.get(number).map_or_else(none, |group| Value::from(group.as_str()));
    if groups.is_empty() {
        return Ok(part(0));
    }
    Ok(list(groups.into_iter().map(part)))
}

fn wanted_groups(call: &Call) -> Result<Vec<String>, Error> {
    let group = |value: &Value| {
        let text = python_text(value)?;
        let name = text.strip_prefix("\\g<").and_then(|rest| rest.strip_suffix('>'));
        let digits = text
            .strip_prefix('\\')
            .map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default());
        let name = name.or(digits.filter(|digits| !digits.is_empty()));
        name.map(str::to_owned).ok_or_else(|| {
            refuse(format!("`{text}` names no group; write `\\\\1` or `\\\\g<name>`"))
        })
    };
    call.positional.iter().map(group).collect()
}

/// All matches: whole ones, or groups when the expression has some.
fn find_all(call: &Arguments<'_>) -> Result<Value, Error> {
    let regex = compiled(call, "regex")?;
    let text = call.input_text()?;
    let text = text.as_str();
    let groups = regex.captures_len() - 1;
    let mut all = Vec::new();
    for found in matches(&regex, text)? {
        let part = |number: usize| Value::from(found.get(number).map_or("", |g| g.as_str()));
        all.push(match groups {
            0 | 1 => part(groups),
            _ => tuple((1..=groups).map(part).collect()),
        });
    }
    Ok(list(all))
}

/// Python's `re.escape`, or what `grep` and `sed` understand.
fn escape(call: &Arguments<'_>) -> Result<Value, Error> {
    let special = match call.some_text("re_type")?.as_deref() {
        None | Some("python") => "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}",
        Some("posix_basic") => "[].^$*\\",
        Some(other) => {
            return Err(refuse(format!("`re_type` must be python or posix_basic, not `{other}`")));
        }
    };
    let mut out = String::new();
    for character in call.input_text()?.chars() {
        if special.contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    Ok(Value::from(out))
}
