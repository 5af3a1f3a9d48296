//! The runs of this machine's user.

use super::error::JournalError;
use super::invocation::Invocation;
use super::state::State;
use std::path::{Path, PathBuf};

/// A past or present run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// Its directory.
    pub directory: PathBuf,
    /// How it was called; `None` when that cannot be read.
    pub invocation: Option<Invocation>,
    /// What its journal says, or why that cannot be believed.
    pub state: Result<State, JournalError>,
}

impl Run {
    /// Reads a run's directory.
    pub fn read(directory: &Path) -> Self {
        let invocation = std::fs::read(directory.join("invocation.json"))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok());
        let name = directory.file_name().unwrap_or_default();
        Self {
            id: name.to_string_lossy().into_owned(),
            directory: directory.to_owned(),
            invocation,
            state: State::read(directory),
        }
    }

    /// Whether it was cut off and can go on.
    pub fn is_resumable(&self) -> bool {
        let not_at_its_end =
            |state: &State| state.finished.as_ref().is_none_or(|(_, exit_code)| *exit_code == 5);
        self.state.as_ref().is_ok_and(not_at_its_end)
    }
}

/// A new run's id.
pub fn new_id() -> String {
    ulid::Ulid::generate().to_string()
}

/// Where runs are kept: `$XDG_STATE_HOME/rrecover/runs`, else `~/.local/state/rrecover/runs`.
pub fn root(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state =
        absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|h| h.join(".local/state")))?;
    Some(state.join("rrecover/runs"))
}

/// Every run under `root`, the newest first.
pub fn list(root: &Path) -> Result<Vec<Run>, JournalError> {
    let entries = match std::fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(JournalError::read(root, &error)),
    };
    // ULIDs sort by time. Names are checked, so that nothing else is taken for a run.
    let mut directories: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| {
            entry.file_name().to_str().is_some_and(|name| ulid::Ulid::from_string(name).is_ok())
        })
        .map(|entry| entry.path())
        .collect();
    directories.sort();
    Ok(directories.iter().rev().map(|directory| Run::read(directory)).collect())
}

/// The newest run, or the one whose id begins with `wanted` when only one does.
pub fn latest(root: &Path, wanted: Option<&str>) -> Result<Run, JournalError> {
    let mut runs = list(root)?;
    if let Some(wanted) = wanted {
        runs.retain(|run| run.id.starts_with(&wanted.to_ascii_uppercase()));
        if runs.len() != 1 {
            return Err(JournalError::NoRun(wanted.to_owned()));
        }
    }
    let none = || JournalError::NoRun(wanted.unwrap_or("latest").to_owned());
    runs.into_iter().next().ok_or_else(none)
}
