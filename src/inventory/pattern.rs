//! Host patterns: `a:b`, `a,b`, `:&`, `:!`, `group[0]`, `group[1:]`, `node*`, `~regex`, `@file`.
//!
//! The parts are taken in Ansible's order whatever the order written: first what adds, then the
//! intersections, then the exclusions.

use super::address;
use super::load::perhaps;
use super::magic::LOCALHOST;
use super::tree::Tree;
use crate::error::Problem;
use indexmap::IndexSet;
use regex::Regex;

/// What becomes of a name that neither a host nor a group has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Unknown {
    /// It is an error.
    Refuse,
    /// It matches nothing.
    MatchNothing,
}

/// The hosts that `pattern` means.
pub(super) fn select(tree: &Tree, pattern: &str, unknown: Unknown) -> Result<Vec<String>, Problem> {
    let parts = ordered(parts(pattern)?);
    if parts.is_empty() {
        return Err(Problem::new("the host pattern is empty").hint("write `all` for all hosts"));
    }
    let mut chosen: IndexSet<String> = IndexSet::new();
    for part in parts {
        let selector = Selector { tree, unknown };
        if tree.hosts.contains_key(&part) {
            chosen.insert(part);
        } else if let Some(part) = part.strip_prefix('!') {
            let excluded = selector.hosts(part)?;
            chosen.retain(|host| !excluded.contains(host));
        } else if let Some(part) = part.strip_prefix('&') {
            let kept = selector.hosts(part)?;
            chosen.retain(|host| kept.contains(host));
        } else {
            chosen.extend(selector.hosts(&part)?);
        }
    }
    Ok(chosen.into_iter().collect())
}

/// The single patterns of `pattern`, those from `@file` in their place.
fn parts(pattern: &str) -> Result<Vec<String>, Problem> {
    let mut parts = Vec::new();
    for part in split(pattern) {
        match part.strip_prefix('@') {
            Some(file) => {
                let text = std::fs::read_to_string(file).map_err(|error| {
                    Problem::new(format!("cannot read the host pattern file `{file}`: {error}"))
                })?;
                parts.extend(text.lines().map(|line| line.trim().to_owned()));
            }
            None => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    Ok(parts)
}

/// Cut at commas; without any at colons, unless the whole is one address, such as an IPv6 one.
fn split(pattern: &str) -> Vec<String> {
    if pattern.contains(',') {
        return pattern.split(',').map(|part| part.trim().to_owned()).collect();
    }
    let pattern = pattern.trim();
    if address::parse(pattern).is_some() {
        return vec![pattern.to_owned()];
    }
    let mut parts = vec![String::new()];
    let mut in_brackets = false;
    for c in pattern.chars() {
        in_brackets = (in_brackets || c == '[') && c != ']';
        if !in_brackets && (c == ':' || c.is_whitespace()) {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

/// What adds before what intersects before what excludes; `all` when nothing adds.
fn ordered(parts: Vec<String>) -> Vec<String> {
    let (excluding, rest): (Vec<_>, Vec<_>) =
        parts.into_iter().partition(|part| part.starts_with('!'));
    let (intersecting, adding): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|part| part.starts_with('&'));
    let only_narrows = adding.is_empty() && !(intersecting.is_empty() && excluding.is_empty());
    let all = only_narrows.then(|| "all".to_owned());
    all.into_iter().chain(adding).chain(intersecting).chain(excluding).collect()
}

struct Selector<'a> {
    tree: &'a Tree,
    unknown: Unknown,
}

impl Selector<'_> {
    /// The hosts of one pattern, its subscript applied.
    fn hosts(&self, pattern: &str) -> Result<Vec<String>, Problem> {
        let (expression, subscript) = subscript(pattern)?;
        let hosts = self.matches(expression)?;
        match subscript {
            Some(subscript) if !hosts.is_empty() => subscript.apply(hosts, pattern),
            _ => Ok(hosts),
        }
    }

    /// The hosts of all groups that match, then the hosts that match; a plain group's name is not
    /// looked for among the hosts.
    fn matches(&self, expression: &str) -> Result<Vec<String>, Problem> {
        let matcher = matcher(expression)?;
        let groups: Vec<&String> =
            self.tree.groups.keys().filter(|name| matcher.is_match(name)).collect();
        let mut found: Vec<String> =
            groups.iter().flat_map(|name| self.tree.hosts_of(name)).collect();
        let is_search = expression.starts_with('~') || expression.contains(['.', '?', '*', '[']);
        if groups.is_empty() || is_search {
            found.extend(self.tree.hosts.keys().filter(|name| matcher.is_match(name)).cloned());
        }
        if found.is_empty() && LOCALHOST.contains(&expression) {
            found.push(expression.to_owned());
        }
        if found.is_empty() && groups.is_empty() && self.unknown == Unknown::Refuse {
            let problem = Problem::new(format!(
                "`{expression}` is neither a host nor a group of the inventory"
            ));
            return Err(match perhaps(expression, self.tree) {
                Some(hint) => problem.hint(hint),
                None => problem.hint("`rrecover inventory --graph` shows what there is"),
            });
        }
        Ok(found)
    }
}

/// A glob of the whole name, or behind `~` a regular expression of its beginning.
fn matcher(expression: &str) -> Result<Regex, Problem> {
    let source = match expression.strip_prefix('~') {
        Some(regex) => format!("^(?:{regex})"),
        None => glob(expression),
    };
    Regex::new(&source).map_err(|error| {
        let reason = error.to_string();
        let reason =
            reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Problem::new(format!("the host pattern `{expression}` is not valid: {reason}"))
    })
}

/// Python's `fnmatch` as a regular expression.
fn glob(pattern: &str) -> String {
    let chars: Vec<char> = pattern.chars().collect();
    let mut source = String::from("(?s)^");
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        at += 1;
        match c {
            '*' => source.push_str(".*"),
            '?' => source.push('.'),
            '[' => match class(&chars[at..]) {
                Some((class, length)) => {
                    source.push_str(&class);
                    at += length;
                }
                None => source.push_str(r"\["),
            },
            c => source.push_str(&regex::escape(&c.to_string())),
        }
    }
    source.push('$');
    source
}

/// The character class behind a `[` and its length with the `]`; `None` when it is never closed.
fn class(rest: &[char]) -> Option<(String, usize)> {
    let negated = rest.first() == Some(&'!');
    let begin = usize::from(negated);
    // A `]` right at the front belongs to the class.
    let end = begin + 1 + rest.get(begin + 1..)?.iter().position(|c| *c == ']')?;
    let mut class = String::from(if negated { "[^" } else { "[" });
    for (index, c) in rest[begin..end].iter().enumerate() {
        let is_range = *c == '-' && index > 0 && begin + index + 1 < end;
        if !is_range && !c.is_alphanumeric() {
            class.push('\\');
        }
        class.push(*c);
    }
    class.push(']');
    Some((class, end + 1))
}

/// `[0]`, `[-1]`, `[1:]` or `[0:2]` behind a pattern; both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Subscript {
    One(isize),
    Range(usize, Option<usize>),
}

fn subscript(pattern: &str) -> Result<(&str, Option<Subscript>), Problem> {
    let whole = (pattern, None);
    if pattern.starts_with('~') {
        return Ok(whole);
    }
    let Some((expression, inside)) = pattern
        .strip_suffix(']')
        .and_then(|front| front.rsplit_once('['))
        .filter(|(expression, _)| !expression.is_empty())
    else {
        return Ok(whole);
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let too_large = || Problem::new(format!("the subscript of `{pattern}` is too large"));
    if digits(inside.strip_prefix('-').unwrap_or(inside)) {
        let index = inside.parse().map_err(|_| too_large())?;
        return Ok((expression, Some(Subscript::One(index))));
    }
    let Some((first, last)) = inside.split_once([':', '-']) else { return Ok(whole) };
    if !digits(first) || !(last.is_empty() || digits(last)) {
        return Ok(whole);
    }
    let first = first.parse().map_err(|_| too_large())?;
    let last = (!last.is_empty()).then(|| last.parse().map_err(|_| too_large())).transpose()?;
    Ok((expression, Some(Subscript::Range(first, last))))
}

impl Subscript {
    fn apply(self, hosts: Vec<String>, pattern: &str) -> Result<Vec<String>, Problem> {
        let count = hosts.len();
        let one = |index: isize| {
            let from_end = index.unsigned_abs();
            let at = if index < 0 { count.checked_sub(from_end) } else { Some(from_end) };
            let host = at.and_then(|at| hosts.get(at)).cloned();
            host.map(|host| vec![host]).ok_or_else(|| {
                Problem::new(format!("`{pattern}` is not there: only {count} hosts match"))
                    .hint("the first host is `[0]`, the last one `[-1]`")
            })
        };
        match self {
            Self::One(index) => one(index),
            // Ansible takes `[n:0]` for `[n]`.
            Self::Range(first, Some(0)) => one(isize::try_from(first).unwrap_or(isize::MAX)),
            Self::Range(first, last) => {
                let end = last.map_or(count, |last| last.saturating_add(1)).min(count);
                Ok(hosts.into_iter().take(end).skip(first).collect())
            }
        }
    }
}
