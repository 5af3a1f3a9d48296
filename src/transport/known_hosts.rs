//! `known_hosts`: which keys a host is known by, and writing down those of new hosts.
//!
//! Keys are compared as bytes, so a file may hold key types that we cannot use. Only key types a
//! host is known by are asked for: a host that also has another type is no false alarm, and a
//! stranger cannot step in with one. `@cert-authority` is never trusted: certificates of hosts
//! are not supported yet.

#[cfg(test)]
mod tests;

use super::settings::{HostKeyPolicy, Trust};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// A server's key as it is written in `known_hosts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostKey {
    /// `ssh-ed25519`, `ssh-rsa`, ….
    pub(super) kind: String,
    /// The key's wire form.
    pub(super) blob: Vec<u8>,
}

impl HostKey {
    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    pub(super) fn fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(&self.blob)))
    }
}

/// Why a key is not to be trusted, and what to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Distrust {
    pub(super) reason: String,
    pub(super) hint: String,
}

/// A line that names the host.
#[derive(Debug, Clone)]
struct Entry {
    file: PathBuf,
    line: usize,
    mark: Mark,
    key: HostKey,
}

impl Entry {
    fn place(&self) -> String {
        format!("{}:{}", self.file.display(), self.line)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Plain,
    Revoked,
    Authority,
}

/// What the files say about one host.
#[derive(Debug, Clone)]
pub(super) struct KnownHost {
    /// `address`, or `[address]:port` when the port is not 22.
    name: String,
    trust: Trust,
    entries: Vec<Entry>,
}

impl KnownHost {
    /// Reads what the files say about `address` and `port`. A missing file says nothing; one that
    /// cannot be read is an error.
    pub(super) fn load(address: &str, port: u16, trust: &Trust) -> Result<Self, Distrust> {
        let address = address.to_lowercase();
        let name = if port == 22 { address } else { format!("[{address}]:{port}") };
        if name.contains(|c: char| c.is_whitespace() || c.is_control() || ",#|*?!@".contains(c)) {
            return Err(Distrust {
                reason: format!("`{name}` cannot stand in a `known_hosts` file"),
                hint: "give the host's name or address in `ansible_host`".into(),
            });
        }
        let mut entries = Vec::new();
        for file in &trust.files {
            read_entries(file, &name, &mut entries)?;
        }
        Ok(Self { name, trust: trust.clone(), entries })
    }

    /// The key types the host is known by; empty when it is not known.
    pub(super) fn kinds(&self) -> Vec<&str> {
        let plain = self.entries.iter().filter(|entry| entry.mark == Mark::Plain);
        plain.map(|entry| entry.key.kind.as_str()).collect()
    }

    /// Whether `key` is the host's; at first contact it is written down if the policy says so.
    /// Blocks while another process holds the file's lock.
    pub(super) fn check(&self, key: &HostKey) -> Result<(), Distrust> {
        if self.is_known(key)? {
            return Ok(());
        }
        match self.trust.policy {
            HostKeyPolicy::Strict => Err(self.unknown(key)),
            HostKeyPolicy::AcceptNew => self.accept(key),
        }
    }

    /// `false` when nothing at all is known of the host.
    fn is_known(&self, key: &HostKey) -> Result<bool, Distrust> {
        let same = |mark| self.entries.iter().find(|e| e.mark == mark && e.key == *key);
        if let Some(entry) = same(Mark::Revoked) {
            return Err(Distrust {
                reason: format!(
                    "the {} key {} is revoked at {}",
                    key.kind,
                    key.fingerprint(),
                    entry.place()
                ),
                hint: "find out why it was revoked; the host needs a new key".into(),
            });
        }
        if same(Mark::Plain).is_some() {
            return Ok(true);
        }
        let plain = || self.entries.iter().filter(|entry| entry.mark == Mark::Plain);
        let other = plain().find(|entry| entry.key.kind == key.kind).or_else(|| plain().next());
        if let Some(entry) = other {
            return Err(self.changed(entry, &format!("{} {}", key.kind, key.fingerprint())));
        }
        match self.entries.iter().find(|entry| entry.mark == Mark::Authority) {
            Some(authority) => Err(Distrust {
                reason: format!(
                    "it is known only through the certificate authority at {}, and host \
                     certificates are not supported",
                    authority.place()
                ),
                hint: self.keyscan(),
            }),
            None => Ok(false),
        }
    }

    /// The error when the host offers none of the key types it is known by.
    pub(super) fn no_known_kind(&self, offered: &str) -> Option<Distrust> {
        let entry = self.entries.iter().find(|entry| entry.mark == Mark::Plain)?;
        Some(self.changed(entry, &format!("only key types {offered}")))
    }

    fn changed(&self, entry: &Entry, offered: &str) -> Distrust {
        let (kind, known) = (&entry.key.kind, entry.key.fingerprint());
        Distrust {
            reason: format!(
                "its key changed: it shows {offered}, known is {kind} {known} at {}",
                entry.place()
            ),
            hint: format!(
                "if the host was reinstalled: `ssh-keygen -f {} -R '{}'`, then add its new key",
                entry.file.display(),
                self.name
            ),
        }
    }

    fn unknown(&self, key: &HostKey) -> Distrust {
        Distrust {
            reason: format!("the host is unknown, its {} key is {}", key.kind, key.fingerprint()),
            hint: self.keyscan(),
        }
    }

    fn keyscan(&self) -> String {
        let (address, port) = match self.name.strip_prefix('[').and_then(|n| n.split_once("]:")) {
            Some((address, port)) => (address, format!(" -p {port}")),
            None => (self.name.as_str(), String::new()),
        };
        let file = self
            .trust
            .files
            .first()
            .map_or("~/.ssh/known_hosts".into(), |f| f.display().to_string());
        format!(
            "compare the fingerprint at the host's console, then \
             `ssh-keyscan{port} {address} >> {file}`; or accept new hosts with `accept-new`"
        )
    }

    /// Writes the key down, under a lock that other processes and tasks honour. What was written
    /// since the files were read counts.
    fn accept(&self, key: &HostKey) -> Result<(), Distrust> {
        let Some(path) = self.trust.files.first() else { return Err(self.unknown(key)) };
        let failed = |error: std::io::Error| Distrust {
            reason: format!("its key cannot be written to `{}`: {error}", path.display()),
            hint: "name a file that can be written".into(),
        };
        if path == Path::new("/dev/null") {
            return Ok(());
        }
        if let Some(directory) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
            let mut builder = std::fs::DirBuilder::new();
            builder.recursive(true).mode(0o700).create(directory).map_err(failed)?;
        }
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).append(true).create(true).mode(0o600).open(path).map_err(failed)?;
        file.lock().map_err(failed)?;
        let mut now = self.clone();
        now.entries.clear();
        for file in &self.trust.files {
            read_entries(file, &self.name, &mut now.entries)?;
        }
        if now.is_known(key)? {
            return Ok(());
        }
        append(&mut file, &format!("{} {} {}", self.name, key.kind, STANDARD.encode(&key.blob)))
            .map_err(failed)
    }
}

/// Adds a line in one write, after a newline if the last line has none.
fn append(file: &mut File, line: &str) -> std::io::Result<()> {
    let mut before = Vec::new();
    file.read_to_end(&mut before)?;
    let start = if before.last().is_none_or(|last| *last == b'\n') { "" } else { "\n" };
    file.write_all(format!("{start}{line}\n").as_bytes())?;
    file.sync_all()
}

fn read_entries(file: &Path, name: &str, entries: &mut Vec<Entry>) -> Result<(), Distrust> {
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
        match parse_line(line, name) {
            Ok(None) => {}
            Ok(Some((mark, key))) => {
                entries.push(Entry { file: file.to_owned(), line: line_number, mark, key });
            }
            Err(what) => {
                return Err(Distrust {
                    reason: format!("{}:{line_number}: {what}", file.display()),
                    hint: "correct or remove the line".into(),
                });
            }
        }
    }
    Ok(())
}

/// The mark and the key of a line that names the host; an error if such a line cannot be read.
fn parse_line(line: &str, name: &str) -> Result<Option<(Mark, HostKey)>, String> {
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
fn names(field: &str, name: &str) -> bool {
    if let Some(hashed) = field.strip_prefix("|1|") {
        let decoded = hashed.split_once('|').and_then(|(salt, hash)| {
            Some((STANDARD.decode(salt).ok()?, STANDARD.decode(hash).ok()?))
        });
        return decoded.is_some_and(|(salt, hash)| {
            Hmac::<Sha1>::new_from_slice(&salt)
                .is_ok_and(|mac| mac.chain_update(name).verify_slice(&hash).is_ok())
        });
    }
    let field = field.to_lowercase();
    let mut found = false;
    for pattern in field.split(',') {
        match pattern.strip_prefix('!') {
            Some(negated) if matches(negated.as_bytes(), name.as_bytes()) => return false,
            Some(_) => {}
            None => found |= matches(pattern.as_bytes(), name.as_bytes()),
        }
    }
    found
}

/// `*` and `?`, nothing else; brackets stand for themselves, as in `[host]:port`.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == b'?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star_p, star_t)) = star else { return false };
                star = Some((star_p, star_t + 1));
                p = star_p + 1;
                t = star_t + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}
