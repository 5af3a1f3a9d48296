//! Filters on text.

use crate::template::call::{Arguments, Call, Plugin, plugin};
use crate::template::limits::{fits, joined, repeated, replaced};
use crate::template::methods::{self, capitalize, title};
use crate::template::printf;
use crate::template::value::{dict, list, refuse, tuple};
use minijinja::{Error, Value};

pub(super) const FILTERS: &[Plugin] = &[
    plugin("capitalize", &[], |call| Ok(Value::from(capitalize(&call.input_text()?)))),
    plugin("center", &["width?"], |call| {
        let width = call.count("width")?.unwrap_or(80);
        let center = methods::find(&Value::from(""), "center")
            .ok_or_else(|| refuse("text has no `center`"))?;
        let text = Value::from(call.input_text()?);
        center.call(call.scope, text, Call::of(vec![Value::from(width)]))
    }),
    plugin(
        "comment",
        &[
            "style?",
            "decoration?",
            "beginning?",
            "end?",
            "prefix?",
            "prefix_count?",
            "postfix?",
            "postfix_count?",
            "newline?",
        ],
        comment,
    ),
    plugin("format", &["*", "**"], |call| {
        let Call { positional, named } = call.rest.clone();
        if !positional.is_empty() && !named.is_empty() {
            return Err(refuse("`format` takes values by place or by name, not both"));
        }
        let values = if named.is_empty() {
            tuple(positional)
        } else {
            dict(named.into_iter().map(|(name, value)| (Value::from(name), value)))
        };
        printf::format(&call.input_text()?, &values).map(Value::from)
    }),
    plugin("indent", &["width?", "first?", "blank?"], indent),
    plugin("lower", &[], |call| Ok(Value::from(call.input_text()?.to_lowercase()))),
    plugin("replace", &["old", "new", "count?"], |call| {
        let (text, old, new) = (call.input_text()?, call.text("old")?, call.text("new")?);
        let most = call.integer("count")?.and_then(|count| usize::try_from(count).ok());
        replaced(&text, &old, &new, most).map(Value::from)
    }),
    plugin("split", &["sep?", "maxsplit?"], |call| {
        let most = call.integer("maxsplit")?.and_then(|most| usize::try_from(most).ok());
        let separator = call.some_text("sep")?;
        let parts = methods::split(call.input_str()?, separator.as_deref(), most)?;
        Ok(list(parts.into_iter().map(Value::from)))
    }),
    plugin("title", &[], |call| {
        let between = |c: char| c == '-' || c.is_whitespace() || "({[<".contains(c);
        Ok(Value::from(title(&call.input_text()?, between)))
    }),
    plugin("trim", &["chars?"], |call| {
        let text = call.input_text()?;
        Ok(Value::from(match call.some_text("chars")? {
            Some(characters) => text.trim_matches(|c| characters.contains(c)),
            None => text.trim(),
        }))
    }),
    plugin("truncate", &["length?", "killwords?", "end?", "leeway?"], truncate),
    plugin("upper", &[], |call| Ok(Value::from(call.input_text()?.to_uppercase()))),
    plugin("wordcount", &[], |call| {
        let text = call.input_text()?;
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        Ok(Value::from(words.filter(|word| !word.is_empty()).count()))
    }),
    plugin(
        "wordwrap",
        &["width?", "break_long_words?", "wrapstring?", "break_on_hyphens?"],
        word_wrap,
    ),
];

fn indent(call: &Arguments<'_>) -> Result<Value, Error> {
    let indention = match call.get("width").map(|width| (width, width.as_str())) {
        Some((_, Some(text))) => text.to_owned(),
        Some(_) => " ".repeat(call.count("width")?.unwrap_or(4).min(10_000)),
        None => "    ".to_owned(),
    };
    let blank = call.flag("blank", false)?;
    let text = call.input_str()?;
    let mut out = String::new();
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let wanted = if at == 0 { call.flag("first", false)? } else { blank || !line.is_empty() };
        if wanted {
            out.push_str(&indention);
        }
        out.push_str(line);
        fits(out.len())?;
    }
    Ok(Value::from(out))
}

/// Name, beginning, decoration, end.
const STYLES: [(&str, &str, &str, &str); 5] = [
    ("plain", "", "# ", ""),
    ("erlang", "", "% ", ""),
    ("c", "", "// ", ""),
    ("cblock", "/*", " * ", " */"),
    ("xml", "<!--", " - ", "-->"),
];

fn comment(call: &Arguments<'_>) -> Result<Value, Error> {
    let style = call.some_text("style")?.unwrap_or_else(|| "plain".to_owned());
    let Some((_, beginning, decoration, end)) = STYLES.iter().find(|(name, ..)| *name == style)
    else {
        return Err(refuse(format!(
            "`style` must be plain, erlang, c, cblock or xml, not `{style}`"
        )));
    };
    let part = |name: &str, default: &str| {
        Ok::<_, Error>(call.some_text(name)?.unwrap_or_else(|| default.to_owned()))
    };
    let newline = part("newline", "\n")?;
    let decoration = part("decoration", decoration)?;
    let (beginning, end) = (part("beginning", beginning)?, part("end", end)?);
    let prefix = part("prefix", decoration.trim_end())?;
    let postfix = part("postfix", decoration.trim_end())?;
    let times = |name: &str| Ok::<_, Error>(call.count(name)?.unwrap_or(1).min(1000));
    let mut out = String::new();
    if !beginning.is_empty() {
        out.push_str(&format!("{beginning}{newline}"));
    }
    let prefix_line =
        if prefix == newline { newline.clone() } else { format!("{prefix}{newline}") };
    if !prefix.is_empty() {
        out.push_str(&repeated(&prefix_line, times("prefix_count")?)?);
    }
    let text = replaced(&call.input_text()?, &newline, &format!("{newline}{decoration}"), None)?;
    let bare = format!("{}{newline}", decoration.trim_end());
    let decorated = format!("{decoration}{text}");
    out.push_str(&replaced(&decorated, &format!("{decoration}{newline}"), &bare, None)?);
    out.push_str(&repeated(&format!("{newline}{postfix}"), times("postfix_count")?)?);
    if !end.is_empty() {
        out.push_str(&format!("{newline}{end}"));
    }
    Ok(Value::from(out))
}

fn truncate(call: &Arguments<'_>) -> Result<Value, Error> {
    let text = call.input_text()?;
    let length = call.count("length")?.unwrap_or(255);
    let end = call.some_text("end")?.unwrap_or_else(|| "...".to_owned());
    let leeway = call.count("leeway")?.unwrap_or(5);
    let marks = end.chars().count();
    if length < marks {
        return Err(refuse(format!("`length` of `truncate` must be at least {marks}")));
    }
    if text.chars().count() <= length.saturating_add(leeway) {
        return Ok(Value::from(text));
    }
    let cut: String = text.chars().take(length - marks).collect();
    if call.flag("killwords", false)? {
        return Ok(Value::from(cut + &end));
    }
    let kept = cut.rsplit_once(' ').map_or(cut.as_str(), |(kept, _)| kept);
    Ok(Value::from(format!("{kept}{end}")))
}

fn word_wrap(call: &Arguments<'_>) -> Result<Value, Error> {
    let width = call.count("width")?.unwrap_or(79).max(1);
    let between = call.some_text("wrapstring")?.unwrap_or_else(|| "\n".to_owned());
    let break_long = call.flag("break_long_words", true)?;
    let hyphens = call.flag("break_on_hyphens", true)?;
    let text = call.input_text()?;
    let wrapped =
        text.lines().map(|line| joined(&wrap(line, width, break_long, hyphens), &between));
    joined(&wrapped.collect::<Result<Vec<_>, _>>()?, &between).map(Value::from)
}

/// One line in lines that are not wider.
fn wrap(line: &str, width: usize, break_long: bool, hyphens: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = String::new();
    let mut pieces: std::collections::VecDeque<String> = pieces(line, hyphens).into();
    while let Some(piece) = pieces.pop_front() {
        let (used, size) = (current.chars().count(), piece.chars().count());
        if used + size <= width {
            if !(current.is_empty() && !lines.is_empty() && piece.trim().is_empty()) {
                current.push_str(&piece);
            }
        } else if piece.trim().is_empty() {
            lines.push(std::mem::take(&mut current).trim_end().to_owned());
        } else if size > width && break_long {
            let room = width.saturating_sub(used);
            let (head, tail): (String, String) =
                (piece.chars().take(room).collect(), piece.chars().skip(room).collect());
            current.push_str(&head);
            lines.push(std::mem::take(&mut current).trim_end().to_owned());
            pieces.push_front(tail);
        } else if current.trim().is_empty() {
            lines.push(piece);
            current.clear();
        } else {
            lines.push(std::mem::take(&mut current).trim_end().to_owned());
            pieces.push_front(piece);
        }
    }
    if !current.trim().is_empty() {
        lines.push(current.trim_end().to_owned());
    }
    lines
}

/// Words and the blanks between them; words with hyphens in parts.
fn pieces(line: &str, hyphens: bool) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut before: Option<char> = None;
    let chars: Vec<char> = line.chars().collect();
    for (at, character) in chars.iter().enumerate() {
        let new = match before {
            None => true,
            Some(last) if last.is_whitespace() != character.is_whitespace() => true,
            Some('-') if hyphens && character.is_alphabetic() => {
                at >= 2 && chars.get(at - 2).is_some_and(|c| c.is_alphanumeric())
            }
            Some(_) => false,
        };
        match pieces.last_mut().filter(|_| !new) {
            Some(last) => last.push(*character),
            None => pieces.push(character.to_string()),
        }
        before = Some(*character);
    }
    pieces
}
