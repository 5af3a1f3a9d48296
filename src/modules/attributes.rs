//! Mode, owner and group of a file, as several modules take them.

use super::look::Entry;
use super::{Args, ModuleError};
use crate::transport::quote;
use serde_json::Value;

/// What the operator wants of a file's attributes; `None` leaves as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) mode: Option<u32>,
    pub(super) owner: Option<String>,
    pub(super) group: Option<String>,
}

impl Attributes {
    /// Reads `mode`, `owner` and `group`.
    pub(super) fn read(args: &Args) -> Result<Self, ModuleError> {
        Ok(Self {
            mode: mode(args)?,
            owner: principal(args, "owner")?,
            group: principal(args, "group")?,
        })
    }

    /// What differs from `entry`, one fragment each.
    pub(super) fn differences(&self, entry: &Entry) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(mode) = self.mode.filter(|mode| *mode != entry.mode() && !entry.is_link()) {
            found.push(format!("mode {:04o} -> {mode:04o}", entry.mode()));
        }
        if let Some(owner) = &self.owner
            && *owner != entry.user
            && *owner != entry.uid.to_string()
        {
            found.push(format!("owner {} -> {owner}", entry.user));
        }
        if let Some(group) = &self.group
            && *group != entry.group
            && *group != entry.gid.to_string()
        {
            found.push(format!("group {} -> {group}", entry.group));
        }
        found
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

/// An octal mode. YAML reads an unquoted `0644` as the number 420, as Ansible's does.
fn mode(args: &Args) -> Result<Option<u32>, ModuleError> {
    let parsed = match args.0.get("mode") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_u64().and_then(|mode| u32::try_from(mode).ok()),
        Some(Value::String(text)) if text.len() >= 3 => u32::from_str_radix(text, 8).ok(),
        Some(_) => None,
    };
    let valid = parsed.filter(|mode| *mode <= 0o7777);
    valid.map(Some).ok_or_else(|| ModuleError::Argument {
        name: "mode".to_owned(),
        reason: "must be octal permissions, as \"0644\"".to_owned(),
    })
}

fn principal(args: &Args, name: &'static str) -> Result<Option<String>, ModuleError> {
    let text = args.text(name)?;
    let usable = |text: &str| {
        !text.is_empty() && !text.starts_with('-') && !text.contains([':', '\n', ' ', '/'])
    };
    if text.as_deref().is_some_and(|text| !usable(text)) {
        return Err(ModuleError::Argument {
            name: name.to_owned(),
            reason: "must be one name or id, and rendered otherwise".to_owned(),
        });
    }
    Ok(text)
}
