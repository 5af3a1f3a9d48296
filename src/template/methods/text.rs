//! Methods of text.

use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::limits::{fits, joined, replaced};
use crate::template::printf;
use crate::template::value::{items, list, refuse, tuple, type_name};
use minijinja::{Error, Value};

pub(super) const METHODS: &[Plugin] = &[
    plugin("capitalize", &[], |call| Ok(Value::from(capitalize(call.input_str()?)))),
    plugin("casefold", &[], |call| Ok(Value::from(call.input_str()?.to_lowercase()))),
    plugin("center", &["width", "fill?"], |call| justify(call, |blanks| blanks / 2)),
    plugin("count", &["part"], |call| {
        Ok(Value::from(call.input_str()?.matches(&call.text("part")?).count()))
    }),
    plugin("endswith", &["ends"], |call| ends(call, "ends", |text, end| text.ends_with(end))),
    plugin("expandtabs", &["size?"], expand_tabs),
    plugin("find", &["part"], |call| Ok(Value::from(find(call, false)?.unwrap_or(-1)))),
    plugin("format", &["*", "**"], |call| {
        printf::braces(call.input_str()?, &call.rest).map(Value::from)
    }),
    plugin("index", &["part"], |call| found(find(call, false)?)),
    plugin("isalnum", &[], |call| all(call, char::is_alphanumeric)),
    plugin("isalpha", &[], |call| all(call, char::is_alphabetic)),
    plugin("isascii", &[], |call| Ok(Value::from(call.input_str()?.is_ascii()))),
    plugin("isdecimal", &[], |call| all(call, char::is_numeric)),
    plugin("isdigit", &[], |call| all(call, char::is_numeric)),
    plugin("isidentifier", &[], |call| {
        let text = call.input_str()?;
        let begins = text.starts_with(|c: char| c.is_alphabetic() || c == '_');
        Ok(Value::from(begins && text.chars().all(|c| c.is_alphanumeric() || c == '_')))
    }),
    plugin("islower", &[], |call| cased(call, char::is_lowercase, char::is_uppercase)),
    plugin("isnumeric", &[], |call| all(call, char::is_numeric)),
    plugin("isspace", &[], |call| all(call, char::is_whitespace)),
    plugin("isupper", &[], |call| cased(call, char::is_uppercase, char::is_lowercase)),
    plugin("join", &["parts"], join),
    plugin("ljust", &["width", "fill?"], |call| justify(call, |_| 0)),
    plugin("lower", &[], |call| Ok(Value::from(call.input_str()?.to_lowercase()))),
    plugin("lstrip", &["characters?"], |call| strip(call, true, false)),
    plugin("partition", &["separator"], |call| partition(call, false)),
    plugin("removeprefix", &["prefix"], |call| {
        let (text, prefix) = (call.input_str()?, call.text("prefix")?);
        Ok(Value::from(text.strip_prefix(&prefix).unwrap_or(text)))
    }),
    plugin("removesuffix", &["suffix"], |call| {
        let (text, suffix) = (call.input_str()?, call.text("suffix")?);
        Ok(Value::from(text.strip_suffix(&suffix).unwrap_or(text)))
    }),
    plugin("replace", &["old", "new", "count?"], |call| {
        let (text, old, new) = (call.input_str()?, call.text("old")?, call.text("new")?);
        let most = call.integer("count")?.and_then(|count| usize::try_from(count).ok());
        replaced(text, &old, &new, most).map(Value::from)
    }),
    plugin("rfind", &["part"], |call| Ok(Value::from(find(call, true)?.unwrap_or(-1)))),
    plugin("rindex", &["part"], |call| found(find(call, true)?)),
    plugin("rjust", &["width", "fill?"], |call| justify(call, |blanks| blanks)),
    plugin("rpartition", &["separator"], |call| partition(call, true)),
    plugin("rsplit", &["sep?", "maxsplit?"], |call| {
        let most = call.integer("maxsplit")?.and_then(|most| usize::try_from(most).ok());
        rsplit(call.input_str()?, call.some_text("sep")?.as_deref(), most).map(texts)
    }),
    plugin("rstrip", &["characters?"], |call| strip(call, false, true)),
    plugin("split", &["sep?", "maxsplit?"], |call| {
        let most = call.integer("maxsplit")?.and_then(|most| usize::try_from(most).ok());
        split(call.input_str()?, call.some_text("sep")?.as_deref(), most).map(texts)
    }),
    plugin("splitlines", &["keepends?"], split_lines),
    plugin("startswith", &["begins"], |call| {
        ends(call, "begins", |text, begin| text.starts_with(begin))
    }),
    plugin("strip", &["characters?"], |call| strip(call, true, true)),
    plugin("swapcase", &[], |call| {
        let swapped = call.input_str()?.chars().flat_map(|c| -> Vec<char> {
            if c.is_uppercase() { c.to_lowercase().collect() } else { c.to_uppercase().collect() }
        });
        Ok(Value::from(swapped.collect::<String>()))
    }),
    plugin("title", &[], |call| Ok(Value::from(title(call.input_str()?, |c| !c.is_alphabetic())))),
    plugin("upper", &[], |call| Ok(Value::from(call.input_str()?.to_uppercase()))),
    plugin("zfill", &["width"], zero_fill),
];

fn texts(parts: Vec<String>) -> Value {
    list(parts.into_iter().map(Value::from))
}

/// The first letter large, all others small.
pub(in crate::template) fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    first + &chars.as_str().to_lowercase()
}

/// Each word capitalized; `between` tells what separates words.
pub(in crate::template) fn title(text: &str, between: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    let mut begins = true;
    for character in text.chars() {
        if begins {
            out.extend(character.to_uppercase());
        } else {
            out.extend(character.to_lowercase());
        }
        begins = between(character);
    }
    out
}

fn all(call: &Arguments<'_>, kind: fn(char) -> bool) -> Result<Value, Error> {
    let text = call.input_str()?;
    Ok(Value::from(!text.is_empty() && text.chars().all(kind)))
}

fn cased(
    call: &Arguments<'_>,
    wanted: fn(char) -> bool,
    other: fn(char) -> bool,
) -> Result<Value, Error> {
    let text = call.input_str()?;
    Ok(Value::from(text.chars().any(wanted) && !text.chars().any(other)))
}

fn ends(call: &Arguments<'_>, name: &str, fits: fn(&str, &str) -> bool) -> Result<Value, Error> {
    let (text, wanted) = (call.input_str()?, call.value(name)?);
    let any = if wanted.is_tuple() { items(wanted)? } else { vec![wanted.clone()] };
    let mut found = false;
    for one in any {
        let Some(one) = one.as_str() else {
            return Err(refuse(format!("`{}` takes text or a tuple of texts", call.name())));
        };
        found |= fits(text, one);
    }
    Ok(Value::from(found))
}

fn find(call: &Arguments<'_>, last: bool) -> Result<Option<i64>, Error> {
    let (text, part) = (call.input_str()?, call.text("part")?);
    let at = if last { text.rfind(&part) } else { text.find(&part) };
    let count = at.and_then(|at| text.get(..at)).map(|before| before.chars().count());
    Ok(count.and_then(|count| i64::try_from(count).ok()))
}

fn found(at: Option<i64>) -> Result<Value, Error> {
    at.map(Value::from).ok_or_else(|| refuse("the text does not hold what is looked for"))
}

fn expand_tabs(call: &Arguments<'_>) -> Result<Value, Error> {
    let size = call.count("size")?.unwrap_or(8).min(1000);
    let mut out = String::new();
    let mut column = 0;
    for character in call.input_str()?.chars() {
        match character {
            '\t' if size > 0 => {
                let blanks = size - column % size;
                out.push_str(&" ".repeat(blanks));
                fits(out.len())?;
                column += blanks;
            }
            '\t' => {}
            other => {
                out.push(other);
                column = if matches!(other, '\n' | '\r') { 0 } else { column + 1 };
            }
        }
    }
    Ok(Value::from(out))
}

/// Wider text than this is a mistake.
const WIDEST: usize = 1_000_000;

fn justify(call: &Arguments<'_>, before: fn(usize) -> usize) -> Result<Value, Error> {
    let text = call.input_str()?;
    let fill = call.some_text("fill")?.unwrap_or_else(|| " ".to_owned());
    if fill.chars().count() != 1 {
        return Err(refuse("what fills must be one character"));
    }
    let width = call.count("width")?.unwrap_or(0);
    if width > WIDEST {
        return Err(refuse("the text would be too wide"));
    }
    let blanks = width.saturating_sub(text.chars().count());
    let mut left = before(blanks);
    // Python centers to the left or to the right, depending on both widths.
    if call.name() == "center" {
        left += blanks & width & 1;
    }
    Ok(Value::from(format!("{}{text}{}", fill.repeat(left), fill.repeat(blanks - left))))
}

fn join(call: &Arguments<'_>) -> Result<Value, Error> {
    let mut parts = Vec::new();
    for part in items(call.value("parts")?)? {
        match part.as_str() {
            Some(text) => parts.push(text.to_owned()),
            None => {
                return Err(refuse(format!("`join` takes texts, not `{}`", type_name(&part))));
            }
        }
    }
    joined(&parts, call.input_str()?).map(Value::from)
}

fn strip(call: &Arguments<'_>, left: bool, right: bool) -> Result<Value, Error> {
    let characters = call.some_text("characters")?;
    let gone = |c: char| match &characters {
        Some(characters) => characters.contains(c),
        None => c.is_whitespace(),
    };
    let mut text = call.input_str()?;
    if left {
        text = text.trim_start_matches(gone);
    }
    if right {
        text = text.trim_end_matches(gone);
    }
    Ok(Value::from(text))
}

fn partition(call: &Arguments<'_>, last: bool) -> Result<Value, Error> {
    let (text, separator) = (call.input_str()?, call.text("separator")?);
    let parts = if last { text.rsplit_once(&separator) } else { text.split_once(&separator) };
    let parts = match parts {
        Some((before, after)) => [before, separator.as_str(), after],
        None if last => ["", "", text],
        None => [text, "", ""],
    };
    Ok(tuple(parts.map(Value::from).to_vec()))
}

/// Python's `str.split`: without a separator runs of blanks separate, and none are kept.
pub(in crate::template) fn split(
    text: &str,
    separator: Option<&str>,
    most: Option<usize>,
) -> Result<Vec<String>, Error> {
    let Some(separator) = separator else {
        let mut parts = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() && most.is_none_or(|most| parts.len() < most) {
            let (part, after) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
            parts.push(part.to_owned());
            rest = after.trim_start();
        }
        if !rest.is_empty() {
            parts.push(rest.to_owned());
        }
        return Ok(parts);
    };
    if separator.is_empty() {
        return Err(refuse("the separator is empty"));
    }
    Ok(match most {
        Some(most) => text.splitn(most.saturating_add(1), separator).map(str::to_owned).collect(),
        None => text.split(separator).map(str::to_owned).collect(),
    })
}

fn rsplit(text: &str, separator: Option<&str>, most: Option<usize>) -> Result<Vec<String>, Error> {
    let (Some(separator), Some(most)) = (separator, most) else {
        return match most {
            None => split(text, separator, None),
            Some(most) => Ok(rsplit_blanks(text, most)),
        };
    };
    if separator.is_empty() {
        return Err(refuse("the separator is empty"));
    }
    let mut parts: Vec<String> =
        text.rsplitn(most.saturating_add(1), separator).map(str::to_owned).collect();
    parts.reverse();
    Ok(parts)
}

fn rsplit_blanks(text: &str, most: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text.trim_end();
    while !rest.is_empty() && parts.len() < most {
        let at = rest.rfind(char::is_whitespace).map_or(0, |at| {
            at + rest.get(at..).and_then(|tail| tail.chars().next()).map_or(0, char::len_utf8)
        });
        let (before, part) = rest.split_at(at);
        parts.push(part.to_owned());
        rest = before.trim_end();
    }
    if !rest.is_empty() {
        parts.push(rest.to_owned());
    }
    parts.reverse();
    parts
}

fn split_lines(call: &Arguments<'_>) -> Result<Value, Error> {
    let keep = call.flag("keepends", false)?;
    let mut lines = Vec::new();
    let mut rest = call.input_str()?;
    while !rest.is_empty() {
        let ends = |c: char| {
            matches!(
                c,
                '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'
                    ..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
            )
        };
        let end = rest.find(ends).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        let mark = if after.starts_with("\r\n") {
            2
        } else {
            after.chars().next().map_or(0, char::len_utf8)
        };
        let (mark, after) = after.split_at(mark);
        lines.push(if keep { format!("{line}{mark}") } else { line.to_owned() });
        rest = after;
    }
    Ok(texts(lines))
}

fn zero_fill(call: &Arguments<'_>) -> Result<Value, Error> {
    let text = call.input_str()?;
    let width = call.count("width")?.unwrap_or(0).min(WIDEST);
    let zeros = "0".repeat(width.saturating_sub(text.chars().count()));
    let (sign, digits) = text.split_at(usize::from(text.starts_with(['+', '-'])));
    Ok(Value::from(format!("{sign}{zeros}{digits}")))
}
