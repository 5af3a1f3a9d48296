//! Mode, owner and group of a file, as several modules take them.

use super::args::wrong;
use super::look::Entry;
use super::mode::{Base, Mode};
use super::{Args, ModuleError, Parameter};
use crate::transport::quote;
use serde_json::{Map, Value, json};

const SELINUX: &str = "set the label with `command: chcon …`, or leave it to the host's policy";

/// What every module that writes files takes of Ansible's common file arguments.
pub(super) const ATTRIBUTES: &[Parameter] = &[
    Parameter::optional("mode"),
    Parameter::optional("owner"),
    Parameter::optional("group"),
    Parameter::refused("attributes", "use `command: chattr …` in a task of its own").or(&["attr"]),
    Parameter::refused("seuser", SELINUX),
    Parameter::refused("serole", SELINUX),
    Parameter::refused("setype", SELINUX),
    Parameter::refused("selevel", SELINUX),
    Parameter::off("unsafe_writes", "files are always written beside the target and renamed"),
];

/// What the operator wants of a file's attributes; `None` leaves as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) mode: Option<Mode>,
    pub(super) owner: Option<String>,
    pub(super) group: Option<String>,
}

impl Wanted {
    /// Reads `mode`, `owner` and `group`.
    pub(super) fn read(args: &Args) -> Result<Self, ModuleError> {
        let wanted = Self::read_preserving(args)?;
        if wanted.mode == Some(Mode::Preserve) {
            return Err(wrong("mode", "cannot be `preserve` here"));
        }
        Ok(wanted)
    }

    /// The same, where `mode: preserve` is possible.
    pub(super) fn read_preserving(args: &Args) -> Result<Self, ModuleError> {
        Ok(Self {
            mode: Mode::read(args, "mode")?,
            owner: principal(args, "owner")?,
            group: principal(args, "group")?,
        })
    }

    /// The same with another mode.
    pub(super) fn with_mode(&self, mode: Option<Mode>) -> Self {
        Self { mode, ..self.clone() }
    }

    /// What that means for something with these permissions.
    pub(super) fn of(&self, base: Base) -> Attributes {
        Attributes {
            mode: self.mode.as_ref().and_then(|mode| mode.of(base)),
            owner: self.owner.clone(),
            group: self.group.clone(),
        }
    }

    /// What that means for what is there.
    pub(super) fn of_entry(&self, entry: &Entry, umask: u32) -> Attributes {
        self.of(Base { mode: entry.mode(), directory: entry.is_directory(), umask })
    }
}

/// A file's attributes as they are to be; `None` leaves as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) mode: Option<u32>,
    pub(super) owner: Option<String>,
    pub(super) group: Option<String>,
}

impl Attributes {
    /// What differs from `entry`: the name, what it is and what it is to be.
    fn changes(&self, entry: &Entry) -> Vec<(&'static str, Value, Value)> {
        let mut found = Vec::new();
        if let Some(owner) = &self.owner
            && *owner != entry.user
            && *owner != entry.uid.to_string()
        {
            found.push(("owner", json!(entry.uid), id(owner)));
        }
        if let Some(group) = &self.group
            && *group != entry.group
            && *group != entry.gid.to_string()
        {
            found.push(("group", json!(entry.gid), id(group)));
        }
        if let Some(mode) = self.mode.filter(|mode| *mode != entry.mode() && !entry.is_link()) {
            let octal = |mode: u32| Value::String(format!("{mode:04o}"));
            found.push(("mode", octal(entry.mode()), octal(mode)));
        }
        found
    }

    /// What differs from `entry`, one fragment each.
    pub(super) fn differences(&self, entry: &Entry) -> Vec<String> {
        let text = |value: Value| value.as_str().map_or(value.to_string(), str::to_owned);
        let changes = self.changes(entry).into_iter();
        changes.map(|(name, now, then)| format!("{name} {} -> {}", text(now), text(then))).collect()
    }

    /// The same as Ansible's `diff`: two mappings, before and after.
    pub(super) fn add_diff(
        &self,
        entry: &Entry,
        before: &mut Map<String, Value>,
        after: &mut Map<String, Value>,
    ) {
        for (name, now, then) in self.changes(entry) {
            before.insert(name.to_owned(), now);
            after.insert(name.to_owned(), then);
        }
    }

    /// Commands that set them on `word`, a word of the script; empty when nothing is wanted.
    pub(super) fn commands(&self, word: &str) -> String {
        let mut commands = String::new();
        let owner = match (&self.owner, &self.group) {
            (Some(owner), Some(group)) => Some(format!("{owner}:{group}")),
            (Some(owner), None) => Some(owner.clone()),
            (None, Some(group)) => Some(format!(":{group}")),
            (None, None) => None,
        };
        // The owner first: `chown` takes set-user-id bits away.
        if let Some(owner) = owner {
            commands.push_str(&format!("chown -h {} {word} || exit\n", quote(&owner)));
        }
        if let Some(mode) = self.mode {
            commands.push_str(&format!("[ -L {word} ] || chmod {mode:04o} {word} || exit\n"));
        }
        commands
    }
}

/// Puts the ids of a path's owner and group where only their names were known.
pub(super) fn settle(after: &mut Map<String, Value>, entry: Option<&Entry>) {
    let Some(entry) = entry else { return };
    for (name, id) in [("owner", entry.uid), ("group", entry.gid)] {
        if let Some(value) = after.get_mut(name) {
            *value = json!(id);
        }
    }
}

fn id(text: &str) -> Value {
    text.parse::<u64>().map_or_else(|_| json!(text), |id| json!(id))
}

fn principal(args: &Args, name: &'static str) -> Result<Option<String>, ModuleError> {
    let text = args.text(name)?;
    let usable = |text: &str| {
        !text.is_empty() && !text.starts_with('-') && !text.contains([':', '\n', ' ', '/'])
    };
    if text.as_deref().is_some_and(|text| !usable(text)) {
        return Err(wrong(name, "must be one name or id, and rendered otherwise"));
    }
    Ok(text)
}
