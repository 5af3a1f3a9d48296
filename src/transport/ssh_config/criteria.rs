//! `Match` lines.

use super::words;
use crate::error::{Location, Problem};
use crate::transport::pattern;

/// One condition of a `Match` line; all of them have to hold.
#[derive(Debug, Clone)]
pub(super) struct Criterion {
    negated: bool,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    All,
    Final,
    Host(String),
    OriginalHost(String),
    User(String),
    LocalUser(String),
    /// What would have to be run or looked up; refused when it decides.
    Unsupported(String),
}

/// What the conditions are held against.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    /// With `HostName`, in lower case.
    pub(super) host: &'a str,
    pub(super) original: &'a str,
    pub(super) user: &'a str,
    pub(super) local_user: &'a str,
    /// The second reading, which `Match final` asks for.
    pub(super) last: bool,
}

/// Reads what follows `Match`.
pub(super) fn parse(rest: &str, at: &Location) -> Result<Vec<Criterion>, Problem> {
    let wrong = |message: String| Problem::at(at.clone(), message);
    let mut criteria = Vec::new();
    let mut rest = rest;
    while !rest.is_empty() && !rest.starts_with('#') {
        let (word, after) = words::split(rest);
        let (negated, name) = word.strip_prefix('!').map_or((false, word), |name| (true, name));
        let name = name.to_lowercase();
        if matches!(name.as_str(), "all" | "final" | "canonical") {
            let test = if name == "all" { Test::All } else { Test::Final };
            criteria.push(Criterion { negated, test });
            rest = after;
            continue;
        }
        let (value, after) = words::split(after);
        if value.is_empty() {
            return Err(wrong(format!("`Match {name}` needs a value")));
        }
        let list = value.to_owned();
        let test = match name.as_str() {
            "host" => Test::Host(list.to_lowercase()),
            "originalhost" => Test::OriginalHost(list.to_lowercase()),
            "user" => Test::User(list),
            "localuser" => Test::LocalUser(list),
            "exec" | "localnetwork" | "tagged" | "version" | "sessiontype" | "command" => {
                Test::Unsupported(name)
            }
            _ => {
                let hint = "use `host`, `originalhost`, `user`, `localuser`, `all` or `final`";
                return Err(wrong(format!("`Match {name}` is not known")).hint(hint));
            }
        };
        criteria.push(Criterion { negated, test });
        rest = after;
    }
    let alone = criteria.iter().filter(|c| !matches!(c.test, Test::Final)).count() == 1;
    let all = criteria.iter().any(|c| matches!(c.test, Test::All));
    if criteria.is_empty() || (all && !alone) {
        let message = if all { "`Match all` stands alone" } else { "`Match` needs a condition" };
        return Err(wrong(message.into()));
    }
    Ok(criteria)
}

/// Whether a second reading is asked for.
pub(super) fn wants_last(criteria: &[Criterion]) -> bool {
    criteria.iter().any(|criterion| matches!(criterion.test, Test::Final))
}

/// Whether all conditions hold. One that cannot be told is an error only when it decides.
pub(super) fn hold(
    criteria: &[Criterion],
    subject: &Subject<'_>,
    at: &Location,
) -> Result<bool, Problem> {
    let mut asked = None;
    for criterion in criteria {
        let list = |list: &String, text: &str| pattern::any_matches(list.split(','), text);
        let holds = match &criterion.test {
            Test::All => true,
            Test::Final => subject.last,
            Test::Host(patterns) => list(patterns, subject.host),
            Test::OriginalHost(patterns) => list(patterns, &subject.original.to_lowercase()),
            Test::User(patterns) => list(patterns, subject.user),
            Test::LocalUser(patterns) => list(patterns, subject.local_user),
            Test::Unsupported(name) => {
                asked.get_or_insert(name);
                continue;
            }
        };
        if holds == criterion.negated {
            return Ok(false);
        }
    }
    let Some(name) = asked else { return Ok(true) };
    let message = format!(
        "`Match {name}` decides about `{}`, and it is not supported: nothing is run or looked up \
         before the hosts are contacted",
        subject.original
    );
    let hint = "use `Match host`, or name another file with `-F` in `ansible_ssh_common_args`";
    Err(Problem::at(at.clone(), message).hint(hint))
}
