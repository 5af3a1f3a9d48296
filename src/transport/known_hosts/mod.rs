//! `known_hosts`: which keys a host is known by, and writing down those of new hosts.
//!
//! Keys are compared as bytes, so a file may hold key types that we cannot use. Only key types a
//! host is known by are asked for: a host that also has another type is no false alarm, and a
//! stranger cannot step in with one. `file` reads lines, `certificate` checks what the
//! `@cert-authority` lines vouch for.

mod certificate;
mod file;
#[cfg(test)]
mod tests;

use super::settings::{HostKeyPolicy, Trust};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use file::{Entry, Mark, append, host_field, read_entries};
use sha2::{Digest as _, Sha256};
use std::fs::OpenOptions;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

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

/// What the files say about one host.
#[derive(Debug, Clone)]
pub(super) struct KnownHost {
    /// `address`, or `[address]:port` when the port is not 22; then the address alone, as OpenSSH
    /// falls back to it. Only the alias when there is one.
    names: Vec<String>,
    /// The name that a certificate has to be made out to.
    principal: String,
    trust: Trust,
    entries: Vec<Entry>,
}

impl KnownHost {
    /// Reads what the files say about `address` and `port`. A missing file says nothing; one that
    /// cannot be read is an error.
    pub(super) fn load(address: &str, port: u16, trust: &Trust) -> Result<Self, Distrust> {
        let principal = trust.alias.as_deref().unwrap_or(address).to_lowercase();
        let bracketed = format!("[{principal}]:{port}");
        let names = match (&trust.alias, port) {
            (None, port) if port != 22 => vec![bracketed, principal.clone()],
            _ => vec![principal.clone()],
        };
        let name = &names[0];
        if name.contains(|c: char| c.is_whitespace() || c.is_control() || ",#|*?!@".contains(c)) {
            return Err(Distrust {
                reason: format!("`{name}` cannot stand in a `known_hosts` file"),
                hint: "give the host's name or address in `ansible_host`".into(),
            });
        }
        let mut known = Self { names, principal, trust: trust.clone(), entries: Vec::new() };
        known.read()?;
        Ok(known)
    }

    fn read(&mut self) -> Result<(), Distrust> {
        self.entries.clear();
        for file in self.trust.files.iter().chain(&self.trust.global_files) {
            read_entries(file, &self.names, &mut self.entries)?;
        }
        Ok(())
    }

    fn marked(&self, mark: Mark) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.mark == mark)
    }

    fn exact(&self) -> impl Iterator<Item = &Entry> {
        self.marked(Mark::Plain).filter(|entry| entry.exact)
    }

    /// The key types the host is known by, and whether no others may be asked for; empty when it
    /// is not known.
    pub(super) fn kinds(&self) -> (Vec<&str>, bool) {
        let exact: Vec<&str> = self.exact().map(|entry| entry.key.kind.as_str()).collect();
        if !exact.is_empty() {
            return (exact, true);
        }
        (self.marked(Mark::Plain).map(|entry| entry.key.kind.as_str()).collect(), false)
    }

    /// Whether an authority may vouch for the host.
    pub(super) fn has_authority(&self) -> bool {
        self.marked(Mark::Authority).next().is_some()
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
        self.not_revoked(key)?;
        if self.marked(Mark::Plain).any(|entry| entry.key == *key) {
            return Ok(true);
        }
        let other = self.exact().find(|entry| entry.key.kind == key.kind);
        if let Some(entry) = other.or_else(|| self.exact().next()) {
            return Err(self.changed(entry, &format!("{} {}", key.kind, key.fingerprint())));
        }
        match self.marked(Mark::Authority).next() {
            Some(authority) => Err(Distrust {
                reason: format!(
                    "it is known only through the certificate authority at {}, and shows no \
                     certificate of it but the {} key {}",
                    authority.place(),
                    key.kind,
                    key.fingerprint()
                ),
                hint: self.keyscan(),
            }),
            None => Ok(false),
        }
    }

    fn not_revoked(&self, key: &HostKey) -> Result<(), Distrust> {
        let Some(entry) = self.marked(Mark::Revoked).find(|entry| entry.key == *key) else {
            return Ok(());
        };
        let (kind, fingerprint) = (&key.kind, key.fingerprint());
        Err(Distrust {
            reason: format!("the {kind} key {fingerprint} is revoked at {}", entry.place()),
            hint: "find out why it was revoked; the host needs a new key".into(),
        })
    }

    /// The error when the host offers none of the key types it is known by.
    pub(super) fn no_known_kind(&self, offered: &str) -> Option<Distrust> {
        let entry = self.exact().next()?;
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
                entry.file().display(),
                self.names[0]
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
        let name = self.names[0].as_str();
        let (address, port) = match name.strip_prefix('[').and_then(|n| n.split_once("]:")) {
            Some((address, port)) => (address, format!(" -p {port}")),
            None => (name, String::new()),
        };
        let file = self
            .trust
            .files
            .first()
            .map_or("~/.ssh/known_hosts".into(), |f| f.display().to_string());
        format!(
            "compare the fingerprint at the host's console, then \
             `ssh-keyscan{port} {address} >> {file}`; or accept new hosts with \
             `--host-keys accept-new`"
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
        now.read()?;
        if now.is_known(key)? {
            return Ok(());
        }
        let field = host_field(&self.names[0], self.trust.hash_names).map_err(failed)?;
        append(&mut file, &format!("{field} {} {}", key.kind, STANDARD.encode(&key.blob)))
            .map_err(failed)
    }
}
