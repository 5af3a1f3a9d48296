//! `known_hosts` files, line by line.

use super::{Distrust, HostKey};
use crate::transport::pattern;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

/// A line that names the host.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    file: PathBuf,
    line: usize,
    pub(super) mark: Mark,
    pub(super) key: HostKey,
    /// Whether it names the host with its port; without it the line is only believed, never missed.
    pub(super) exact: bool,
}

impl Entry {
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// `file:line`.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.file.display(), self.line)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Plain,
    Revoked,
    Authority,
}

/// Adds a line in one write, after a newline if the last line has none.
pub(super) fn append(file: &mut File, line: &str) -> std::io::Result<()> {
    let mut before = Vec::new();
    file.read_to_end(&mut before)?;
    let start = if before.last().is_none_or(|last| *last == b'\n') { "" } else { "\n" };
    file.write_all(format!("{start}{line}\n").as_bytes())?;
    file.sync_all()
}

/// The host field of a new line: the name, or its hash.
pub(super) fn host_field(name: &str, hashed: bool) -> std::io::Result<String> {
    if !hashed {
        return Ok(name.to_owned());
    }
    let mut salt = [0_u8; 20];
    getrandom::fill(&mut salt).map_err(std::io::Error::other)?;
    let mac = Hmac::<Sha1>::new_from_slice(&salt).map_err(std::io::Error::other)?;
    let hash = mac.chain_update(name).finalize().into_bytes();
    Ok(format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(hash)))
}

/// The lines of a file that name the host by one of `names`, the exact one first.
pub(super) fn read_entries(
    file: &Path,
    names: &[String],
    entries: &mut Vec<Entry>,
) -> Result<(), Distrust> {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(Distrust {
                reason: format!("`{}` cannot be read: {error}", file.display()),
                hint: "make the file readable".into(),
            });
        }
    };
    for (index, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
        let line_number = index + 1;
        for (nth, name) in names.iter().enumerate() {
            let parsed = parse_line(line, name).map_err(|what| Distrust {
                reason: format!("{}:{line_number}: {what}", file.display()),
                hint: "correct or remove the line".into(),
            })?;
            if let Some((mark, key)) = parsed {
                let file = file.to_owned();
                entries.push(Entry { file, line: line_number, mark, key, exact: nth == 0 });
                break;
            }
        }
    }
    Ok(())
}

/// The mark and the key of a line that names the host; an error if such a line cannot be read.
pub(super) fn parse_line(line: &str, name: &str) -> Result<Option<(Mark, HostKey)>, String> {
    let mut words = line.split_whitespace();
    let Some(first) = words.next().filter(|word| !word.starts_with('#')) else { return Ok(None) };
    let (mark, hosts) = match first {
        "@revoked" => (Mark::Revoked, words.next()),
        "@cert-authority" => (Mark::Authority, words.next()),
        other if other.starts_with('@') => return Err(format!("`{other}` is no known marker")),
        other => (Mark::Plain, Some(other)),
    };
    let Some(hosts) = hosts else { return Ok(None) };
    if !names(hosts, name) {
        return Ok(None);
    }
    let (Some(kind), Some(key)) = (words.next(), words.next()) else {
        return Err("the line names the host but no key".into());
    };
    let blob = STANDARD.decode(key).map_err(|_| "the line's key is not base64".to_owned())?;
    Ok(Some((mark, HostKey { kind: kind.to_owned(), blob })))
}

/// Whether a line's host field names the host: a hash, or patterns of which one matches and no
/// negated one does.
pub(super) fn names(field: &str, name: &str) -> bool {
    if let Some(hashed) = field.strip_prefix("|1|") {
        let decoded = hashed.split_once('|').and_then(|(salt, hash)| {
            Some((STANDARD.decode(salt).ok()?, STANDARD.decode(hash).ok()?))
        });
        return decoded.is_some_and(|(salt, hash)| {
            Hmac::<Sha1>::new_from_slice(&salt)
                .is_ok_and(|mac| mac.chain_update(name).verify_slice(&hash).is_ok())
        });
    }
    pattern::any_matches(field.to_lowercase().split(','), name)
}
