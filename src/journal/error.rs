//! Why a journal cannot be written or believed.

use std::path::{Path, PathBuf};

/// What can go wrong with a journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The file system says no.
    #[error("cannot {action} `{}`: {reason}", .path.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A line is not what was written: changed, lost or out of order.
    #[error("`{}` line {line}: {reason}", .path.display())]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A newer version wrote it.
    #[error("`{}` has format version {found}, this program reads up to {known}", .path.display())]
    Newer {
        /// The journal.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// There is no such run.
    #[error("there is no run `{0}`")]
    NoRun(String),
}

impl JournalError {
    pub(super) fn read(path: &Path, error: &std::io::Error) -> Self {
        Self::Io { action: "read", path: path.to_owned(), reason: error.to_string() }
    }

    pub(super) fn write(path: &Path, error: &std::io::Error) -> Self {
        Self::Io { action: "write", path: path.to_owned(), reason: error.to_string() }
    }

    pub(super) fn damaged(path: &Path, line: usize, reason: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), line, reason: reason.into() }
    }
}
