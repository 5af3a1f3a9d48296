//! Writing a journal: appended, redacted, and on disk when it has to be.

use super::FILE;
use super::chain::{self, ORIGIN};
use super::error::JournalError;
use super::invocation::Invocation;
use super::record::{Line, Record, VERSION};
use super::state::State;
use crate::redact::Redactor;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A longer result is not kept: what it is good for can be looked up on the host.
const LONGEST_RESULT: usize = 64 * 1024;

/// The journal of a run that goes on.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    redactor: Arc<Redactor>,
    end: Mutex<End>,
    /// How many records are on disk. Held while syncing, so that those who wait for the disk at
    /// the same time wait for one sync together.
    synced: tokio::sync::Mutex<u64>,
}

#[derive(Debug)]
struct End {
    file: Arc<File>,
    hash: String,
    records: u64,
}

impl Journal {
    /// Begins the journal of a new run in `root/<run>`.
    pub fn create(
        root: &Path,
        invocation: &Invocation,
        redactor: Arc<Redactor>,
    ) -> Result<Self, JournalError> {
        let directory = root.join(&invocation.run);
        private_directory(root, true)?;
        private_directory(&directory, false)?;
        let path = directory.join(FILE);
        let file = private_file(&path).map_err(|error| JournalError::write(&path, &error))?;
        let end = End { file: Arc::new(file), hash: ORIGIN.to_owned(), records: 0 };
        let journal =
            Self { directory, redactor, end: Mutex::new(end), synced: tokio::sync::Mutex::new(0) };
        journal.keep("invocation.json", &invocation.to_value())?;
        journal.append(Record::RunStarted {
            run: invocation.run.clone(),
            program: invocation.version.clone(),
            pid: std::process::id(),
        })?;
        journal.sync_now()?;
        Ok(journal)
    }

    /// Goes on with the journal of a run that was cut off; a torn last line is cut off for good.
    pub fn resume(
        directory: &Path,
        redactor: Arc<Redactor>,
    ) -> Result<(Self, State), JournalError> {
        let state = State::read(directory)?;
        let path = directory.join(FILE);
        let failed = |error: std::io::Error| JournalError::write(&path, &error);
        let file = OpenOptions::new().append(true).open(&path).map_err(failed)?;
        file.set_len(state.length).map_err(failed)?;
        let end = End { file: Arc::new(file), hash: state.hash.clone(), records: state.records };
        let journal = Self {
            directory: directory.to_owned(),
            redactor,
            end: Mutex::new(end),
            synced: tokio::sync::Mutex::new(0),
        };
        journal.append(Record::Resumed { pid: std::process::id() })?;
        journal.sync_now()?;
        Ok((journal, state))
    }

    /// The run's directory, mode 0700.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Adds a record. It is safe from a crash of this process at once, and from one of this
    /// machine after the next [`Journal::sync`].
    pub fn append(&self, record: Record) -> Result<(), JournalError> {
        let path = self.directory.join(FILE);
        let record = self.clean(record).map_err(|error| bad_json(&path, &error))?;
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let at = jiff::Timestamp::now().to_string();
        let line = Line { v: VERSION, n: end.records, at, record };
        let (text, hash) =
            chain::write(&line, &end.hash).map_err(|error| bad_json(&path, &error))?;
        end.file
            .as_ref()
            .write_all(text.as_bytes())
            .map_err(|error| JournalError::write(&path, &error))?;
        end.hash = hash;
        end.records += 1;
        Ok(())
    }

    /// Comes back when every record so far is on disk.
    pub async fn sync(&self) -> Result<(), JournalError> {
        let (_, wanted) = self.file();
        let mut synced = self.synced.lock().await;
        if *synced >= wanted {
            return Ok(());
        }
        let (file, records) = self.file();
        let path = self.directory.join(FILE);
        let done = tokio::task::spawn_blocking(move || file.sync_data()).await;
        match done {
            Ok(result) => result.map_err(|error| JournalError::write(&path, &error))?,
            Err(error) => {
                let error = std::io::Error::other(error.to_string());
                return Err(JournalError::write(&path, &error));
            }
        }
        *synced = records;
        Ok(())
    }

    /// Writes the plan beside the journal, and its hash into it.
    pub fn plan(&self, plan: &Value) -> Result<String, JournalError> {
        let text = self.keep("plan.json", plan)?;
        let sha256 = hex::encode(Sha256::digest(text));
        self.append(Record::Planned { sha256: sha256.clone() })?;
        self.sync_now()?;
        Ok(sha256)
    }

    /// From now on every write fails, as on a full disk.
    #[cfg(test)]
    pub(crate) fn break_for_test(&self) {
        let path = self.directory.join(FILE);
        let read_only = Arc::new(File::open(path).unwrap());
        self.end.lock().unwrap().file = read_only;
    }

    fn file(&self) -> (Arc<File>, u64) {
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(&end.file), end.records)
    }

    fn sync_now(&self) -> Result<(), JournalError> {
        let path = self.directory.join(FILE);
        let failed = |error: std::io::Error| JournalError::write(&path, &error);
        self.file().0.sync_data().map_err(failed)?;
        // The name of the file is the directory's content.
        File::open(&self.directory).and_then(|directory| directory.sync_all()).map_err(failed)
    }

    /// Writes a file of this run whole, in place of what is there, and gives its text.
    fn keep(&self, name: &str, value: &Value) -> Result<String, JournalError> {
        let path = self.directory.join(name);
        let text = serde_json::to_string_pretty(&self.redactor.clean_value(value.clone()))
            .map_err(|error| bad_json(&path, &error))?;
        let part = self.directory.join(format!(".{name}.part"));
        let write = || -> std::io::Result<()> {
            if part.exists() {
                std::fs::remove_file(&part)?;
            }
            let mut file = private_file(&part)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&part, &path)
        };
        write().map_err(|error| JournalError::write(&path, &error))?;
        Ok(text)
    }

    /// The record without secrets, and without a result that is too long.
    fn clean(&self, record: Record) -> Result<Record, serde_json::Error> {
        let mut value = self.redactor.clean_value(serde_json::to_value(record)?);
        if let Some(result) = value.get("result")
            && result.to_string().len() > LONGEST_RESULT
            && let Some(fields) = value.as_object_mut()
        {
            fields.shift_remove("result");
        }
        serde_json::from_value(value)
    }
}

fn bad_json(path: &Path, error: &serde_json::Error) -> JournalError {
    JournalError::write(path, &std::io::Error::other(error.to_string()))
}

fn private_directory(path: &Path, parents: bool) -> Result<(), JournalError> {
    DirBuilder::new()
        .mode(0o700)
        .recursive(parents)
        .create(path)
        .map_err(|error| JournalError::write(path, &error))
}

fn private_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)
}
