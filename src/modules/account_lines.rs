//! Users and groups of a host as lines of its tables; for `user` and `group`.

use super::{Args, ModuleError};
use serde_json::Value;

/// Shell functions that print them.
pub(super) const FUNCTIONS: &str = include_str!("account_lines.sh");

/// A line of `/etc/group`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GroupLine {
    pub(super) name: String,
    pub(super) id: u64,
    pub(super) members: Vec<String>,
}

impl GroupLine {
    pub(super) fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, id, members] = fields[..] else { return None };
        let members = members.split(',').filter(|name| !name.is_empty()).map(str::to_owned);
        Some(Self { name: name.to_owned(), id: id.parse().ok()?, members: members.collect() })
    }
}

/// A line of `/etc/passwd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UserLine {
    pub(super) id: u64,
    pub(super) group: u64,
    pub(super) comment: String,
    pub(super) home: String,
    pub(super) shell: String,
}

impl UserLine {
    pub(super) fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split(':').collect();
        let [_, _, id, group, comment, home, shell] = fields[..] else { return None };
        Some(Self {
            id: id.parse().ok()?,
            group: group.parse().ok()?,
            comment: comment.to_owned(),
            home: home.to_owned(),
            shell: shell.to_owned(),
        })
    }
}

/// The name of an account: one that cannot be read as an option, a field or a pattern.
pub(super) fn account_name(args: &Args) -> Result<String, ModuleError> {
    let name = args.required_text("name")?;
    let usable = |c: char| !c.is_whitespace() && !c.is_control() && !":,/*?[]\\'\"".contains(c);
    if name.is_empty() || name.starts_with('-') || !name.chars().all(usable) {
        return Err(ModuleError::Argument {
            name: "name".to_owned(),
            reason: format!("is not the name of an account: `{name}`"),
        });
    }
    Ok(name)
}

/// A flag that may be left out.
pub(super) fn flag(args: &Args, name: &'static str) -> Result<Option<bool>, ModuleError> {
    match args.0.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(_) => args.boolean(name, false).map(Some),
    }
}
