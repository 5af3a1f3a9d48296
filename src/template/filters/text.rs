//! Filters on text.

use super::super::python::python_text;
use minijinja::value::{Kwargs, Rest, ValueOrKwargs, from_args};
use minijinja::{Environment, Error, ErrorKind, Value};
use regex::{Regex, RegexBuilder};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("string", |value: Value| python_text(&value));
    environment
        .add_filter("lower", |value: Value| python_text(&value).map(|text| text.to_lowercase()));
    environment
        .add_filter("upper", |value: Value| python_text(&value).map(|text| text.to_uppercase()));
    environment.add_filter("split", split);
    environment.add_filter("join", join);
    environment.add_filter("replace", replace);
    environment.add_filter("quote", |value: Value| python_text(&value).map(|text| quote(&text)));
    environment.add_filter("basename", |path: String| basename(&path).to_owned());
    environment.add_filter("dirname", |path: String| dirname(&path));
    environment.add_filter("regex_replace", regex_replace);
    environment.add_filter("regex_search", regex_search);
    environment.add_filter("regex_findall", regex_findall);
    environment.add_filter("regex_escape", |text: String| regex::escape(&text));
}

/// Python's `str.split`: without a separator runs of blanks separate, and none are kept.
fn split(text: String, separator: Option<String>, most: Option<i64>) -> Vec<String> {
    let most = most.and_then(|most| usize::try_from(most).ok());
    match (separator, most) {
        (None, None) => text.split_whitespace().map(str::to_owned).collect(),
        (None, Some(most)) => split_blanks(&text, most),
        (Some(separator), None) => text.split(&separator).map(str::to_owned).collect(),
        (Some(separator), Some(most)) => {
            text.splitn(most.saturating_add(1), &separator).map(str::to_owned).collect()
        }
    }
}

fn split_blanks(text: &str, most: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start();
    while parts.len() < most && !rest.is_empty() {
        let Some(end) = rest.find(char::is_whitespace) else { break };
        parts.push(rest.get(..end).unwrap_or_default().to_owned());
        rest = rest.get(end..).unwrap_or_default().trim_start();
    }
    if !rest.is_empty() {
        parts.push(rest.to_owned());
    }
    parts
}

fn join(list: Value, separator: Option<String>, options: Kwargs) -> Result<String, Error> {
    let attribute: Option<String> = options.get("attribute")?;
    options.assert_all_used()?;
    let mut parts = Vec::new();
    for item in list.try_iter()?.checked() {
        let item = item?;
        let item = match &attribute {
            Some(attribute) => item.get_attr(attribute)?,
            None => item,
        };
        parts.push(python_text(&item)?);
    }
    Ok(parts.join(&separator.unwrap_or_default()))
}

fn replace(text: Value, old: Value, new: Value, count: Option<usize>) -> Result<String, Error> {
    let (text, old, new) = (python_text(&text)?, python_text(&old)?, python_text(&new)?);
    Ok(match count {
        Some(count) => text.replacen(&old, &new, count),
        None => text.replace(&old, &new),
    })
}

/// Python's `shlex.quote`.
fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\"'\"'"))
}

fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Python's `os.path.dirname`.
fn dirname(path: &str) -> String {
    let Some((head, _)) = path.rsplit_once('/') else { return String::new() };
    let trimmed = head.trim_end_matches('/');
    if trimmed.is_empty() { "/".to_owned() } else { trimmed.to_owned() }
}

/// A regular expression with the options that Ansible's filters and tests take.
pub(in super::super) fn pattern(text: &str, options: &Kwargs) -> Result<Regex, Error> {
    let ignore_case: Option<bool> = options.get("ignorecase")?;
    let multi_line: Option<bool> = options.get("multiline")?;
    RegexBuilder::new(&text.replace("\\Z", "\\z"))
        .case_insensitive(ignore_case.unwrap_or(false))
        .multi_line(multi_line.unwrap_or(false))
        .build()
        .map_err(|error| {
            let text_of_error = error.to_string();
            let reason = text_of_error.lines().last().unwrap_or_default();
            let reason = reason.trim_start_matches("error: ");
            Error::new(
                ErrorKind::InvalidOperation,
                format!("`{text}` is no regular expression that is supported: {reason}"),
            )
        })
}

fn regex_replace(
    text: Value,
    regex: String,
    replacement: Option<String>,
    options: Kwargs,
) -> Result<String, Error> {
    let compiled = pattern(&regex, &options)?;
    let count: Option<usize> = options.get("count")?;
    options.assert_all_used()?;
    let replacement = python_replacement(&replacement.unwrap_or_default());
    let text = python_text(&text)?;
    Ok(compiled.replacen(&text, count.unwrap_or(0), replacement.as_str()).into_owned())
}

/// `\1` and `\g<name>` as the engine's `${1}` and `${name}`; a `$` stands for itself.
fn python_replacement(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match (c, rest.chars().next()) {
            ('$', _) => out.push_str("$$"),
            ('\\', Some(digit)) if digit.is_ascii_digit() => {
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                let (number, after) = rest.split_at(end.min(2));
                out.push_str(&format!("${{{number}}}"));
                rest = after;
            }
            ('\\', Some('g')) if rest.starts_with("g<") && rest.contains('>') => {
                let (name, after) = rest.split_once('>').unwrap_or((rest, ""));
                out.push_str(&format!("${{{}}}", name.trim_start_matches("g<")));
                rest = after;
            }
            ('\\', Some(escaped)) => {
                out.push(match escaped {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    other => other,
                });
                rest = rest.get(escaped.len_utf8()..).unwrap_or_default();
            }
            _ => out.push(c),
        }
    }
    out
}

/// The match, its groups when `\1` or `\g<name>` ask for them, nothing when there is none.
fn regex_search(text: Value, regex: String, groups: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let (groups, options) = split_options(groups.0)?;
    let compiled = pattern(&regex, &options)?;
    options.assert_all_used()?;
    let text = python_text(&text)?;
    let Some(found) = compiled.captures(&text) else { return Ok(Value::from(())) };
    let text_of = |found: Option<regex::Match<'_>>| {
        found.map_or_else(|| Value::from(()), |part| Value::from(part.as_str()))
    };
    if groups.is_empty() {
        return Ok(text_of(found.get(0)));
    }
    let mut parts = Vec::new();
    for group in groups {
        let number = group.strip_prefix('\\').and_then(|rest| rest.parse::<usize>().ok());
        let name = group.strip_prefix("\\g<").and_then(|rest| rest.strip_suffix('>'));
        parts.push(match (number, name) {
            (Some(number), _) => text_of(found.get(number)),
            (None, Some(name)) => match name.parse::<usize>() {
                Ok(number) => text_of(found.get(number)),
                Err(_) => text_of(found.name(name)),
            },
            (None, None) => {
                return Err(Error::new(
                    ErrorKind::InvalidOperation,
                    format!("`{group}` names no group; write `\\\\1` or `\\\\g<name>`"),
                ));
            }
        });
    }
    Ok(Value::from(parts))
}

fn split_options(arguments: Vec<ValueOrKwargs>) -> Result<(Vec<String>, Kwargs), Error> {
    let values: Vec<Value> = arguments.into_iter().map(Value::from).collect();
    let (positional, options): (Rest<Value>, Kwargs) = from_args(&values)?;
    Ok((positional.iter().map(ToString::to_string).collect(), options))
}

/// All matches: whole ones, or groups when the expression has some.
fn regex_findall(text: String, regex: String, options: Kwargs) -> Result<Value, Error> {
    let compiled = pattern(&regex, &options)?;
    options.assert_all_used()?;
    let groups = compiled.captures_len() - 1;
    let part = |found: &regex::Captures<'_>, number: usize| {
        Value::from(found.get(number).map_or("", |part| part.as_str()))
    };
    let found = compiled.captures_iter(&text).map(|found| match groups {
        0 | 1 => part(&found, groups),
        _ => Value::from((1..=groups).map(|number| part(&found, number)).collect::<Vec<_>>()),
    });
    Ok(Value::from(found.collect::<Vec<_>>()))
}
