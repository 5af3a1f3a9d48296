//! Where vault passwords come from: files, programs, the terminal.

use super::envelope::DEFAULT_ID;
use super::{Vault, is_sealed};
use crate::error::{Location, Problem};
use crate::program::{self, ProgramError};
use crate::redact::Secret;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use zeroize::Zeroizing;

/// A password program may ask a person.
const PROGRAM_DEADLINE: Duration = Duration::from_secs(300);

/// The exit code with which a `…-client` program says that it does not know an id.
const UNKNOWN_ID: i32 = 2;

/// A vault id and where its password comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The id; `default` where none was said.
    pub id: String,
    /// Where the password comes from.
    pub source: PasswordSource,
}

/// Where a password comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordSource {
    /// Asked on the terminal, with these words.
    Prompt(String),
    /// A file that holds it, or a program that prints it.
    File(PathBuf),
}

impl Identity {
    /// `id@FILE`, `id@prompt`, `FILE` or `prompt`; relative files are below `base`.
    pub fn parse(text: &str, base: &Path) -> Self {
        let (id, source) = match text.split_once('@') {
            Some((id, source)) if !id.is_empty() => (id, source),
            Some((_, source)) => (DEFAULT_ID, source),
            None => (DEFAULT_ID, text),
        };
        let source = match source {
            "prompt" => PasswordSource::Prompt(format!("Vault password ({id}): ")),
            "prompt_ask_vault_pass" => PasswordSource::Prompt("Vault password: ".to_owned()),
            path => PasswordSource::File(base.join(path)),
        };
        Self { id: id.to_owned(), source }
    }

    /// The password of this file, for texts without an id.
    pub fn file(path: PathBuf) -> Self {
        Self { id: DEFAULT_ID.to_owned(), source: PasswordSource::File(path) }
    }

    /// The password that `--ask-vault-pass` asks for.
    pub fn ask() -> Self {
        Self::parse("prompt_ask_vault_pass", Path::new(""))
    }
}

/// The password of an identity. `known` opens a password file that is itself encrypted.
pub(super) fn fetch(
    identity: &Identity,
    known: &Vault,
    ask: &dyn Fn(&str) -> Result<Secret, Problem>,
) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let (password, from) = match &identity.source {
        PasswordSource::Prompt(words) => {
            (trimmed(ask(words)?.expose().as_bytes(), u8::is_ascii_whitespace), "typed".to_owned())
        }
        PasswordSource::File(path) => (from_file(&identity.id, path, known)?, shown(path)),
    };
    if password.is_empty() {
        let message = format!("the vault password for `{}` is empty ({from})", identity.id);
        return Err(Problem::new(message).hint("a vault password has at least one character"));
    }
    Ok(password)
}

fn from_file(id: &str, path: &Path, known: &Vault) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let wrong = |what: String, hint: &str| {
        Err(Problem::new(format!("the vault password file {} {what}", shown(path))).hint(hint))
    };
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return wrong(format!("cannot be read: {error}"), "check the path"),
    };
    if metadata.is_dir() {
        return wrong("is a directory".to_owned(), "name the file in it");
    }
    if metadata.permissions().mode() & 0o111 != 0 {
        let printed = from_program(id, path).or_else(|error| {
            let hint = if error.is_no_program() {
                "if it holds the password itself, take its execute permission away: `chmod -x`"
            } else {
                "it must print the password and end with exit code 0"
            };
            wrong(error.to_string(), hint)
        })?;
        return Ok(trimmed(&printed, |byte| matches!(byte, b'\r' | b'\n')));
    }
    let bytes = match std::fs::read(path) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) => return wrong(format!("cannot be read: {error}"), "check who may read it"),
    };
    let password = trimmed(&bytes, u8::is_ascii_whitespace);
    if !is_sealed(&password) {
        return Ok(password);
    }
    let at = Location::new(path.display().to_string(), 1, 1);
    let opened = known.open(&String::from_utf8_lossy(&password), &at)?;
    Ok(trimmed(opened.as_bytes(), |byte| matches!(byte, b'\r' | b'\n')))
}

/// What a password program prints. One whose name ends in `-client` is told the id.
fn from_program(id: &str, path: &Path) -> Result<Zeroizing<Vec<u8>>, ProgramError> {
    // A bare name would be looked for in PATH.
    let path = std::path::absolute(path).map_err(ProgramError::Start)?;
    let mut command = Command::new(&path);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    if !stem.ends_with("-client") {
        return Ok(program::run(&mut command, PROGRAM_DEADLINE)?.stdout);
    }
    command.args(["--vault-id", id]).stderr(Stdio::piped());
    match program::run(&mut command, PROGRAM_DEADLINE) {
        Ok(printed) => Ok(printed.stdout),
        Err(ProgramError::Failed { code: Some(UNKNOWN_ID), stderr, .. }) => {
            let status = format!("exit code 2: it knows no password for the vault id `{id}`");
            Err(ProgramError::Failed { status, code: Some(UNKNOWN_ID), stderr })
        }
        Err(error) => Err(error),
    }
}

fn trimmed(bytes: &[u8], strip: impl Fn(&u8) -> bool) -> Zeroizing<Vec<u8>> {
    let begin = bytes.iter().position(|byte| !strip(byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !strip(byte)).map_or(begin, |last| last + 1);
    Zeroizing::new(bytes[begin..end].to_vec())
}

fn shown(path: &Path) -> String {
    format!("`{}`", path.display())
}
