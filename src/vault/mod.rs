//! Ansible Vault 1.1 and 1.2: whole files and single values, opened when they are read.
//!
//! A value nobody reads needs no password. What was opened is known to the [`Redactor`] before
//! anybody can print it.

mod cipher;
mod envelope;
mod password;
mod sealed;
#[cfg(test)]
mod tests;

use crate::error::{Location, Problem};
use crate::redact::{Redactor, Secret};
use cipher::CipherError;
use envelope::Envelope;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

pub use password::{Identity, PasswordSource};
pub use sealed::{Sealed, VAULT_KEY};

/// How every encrypted text begins.
const HEADER: &str = "$ANSIBLE_VAULT";

/// Whether a file or value is encrypted.
pub fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(HEADER.as_bytes())
}

/// The vault passwords of one command line. Cheap to clone.
#[derive(Clone, Default)]
pub struct Vault {
    keys: Arc<Keys>,
    redactor: Redactor,
}

#[derive(Default)]
struct Keys {
    passwords: Vec<(String, Zeroizing<Vec<u8>>)>,
    /// Whether only the passwords of a text's own id are tried.
    only_own_id: bool,
    /// What was opened already: deriving a key takes a hundred times as long as rendering a value.
    opened: Mutex<HashMap<String, Secret>>,
}

impl Vault {
    /// Fetches the passwords of all identities, in order. `only_own_id` is Ansible's
    /// `vault_id_match`; `ask` asks on the terminal; `redactor` learns what is opened.
    pub fn unlock(
        identities: &[Identity],
        only_own_id: bool,
        redactor: &Redactor,
        ask: &dyn Fn(&str) -> Result<Secret, Problem>,
    ) -> Result<Self, Problem> {
        let with = |passwords| Self {
            keys: Arc::new(Keys { passwords, only_own_id, ..Keys::default() }),
            redactor: redactor.clone(),
        };
        let mut passwords: Vec<(String, Zeroizing<Vec<u8>>)> = Vec::new();
        for identity in identities {
            // A password file may itself be encrypted with a password that came before.
            let password = password::fetch(identity, &with(passwords.clone()), ask)?;
            passwords.push((identity.id.clone(), password));
        }
        Ok(with(passwords))
    }

    /// What is encrypted in a text that stands at `location`; it need not be text.
    pub fn open_bytes(&self, text: &str, location: &Location) -> Result<Vec<u8>, Problem> {
        self.try_passwords(text).map_err(|error| error.problem(location))
    }

    /// The plain text of an encrypted text that stands at `location`.
    pub fn open(&self, text: &str, location: &Location) -> Result<String, Problem> {
        if let Some(opened) = self.opened().get(text) {
            return Ok(opened.expose().to_owned());
        }
        let plain = String::from_utf8(self.open_bytes(text, location)?)
            .map_err(|_| VaultError::NotText.problem(location))?;
        let secret = Secret::new(plain);
        self.opened().insert(text.to_owned(), secret.clone());
        Ok(secret.expose().to_owned())
    }

    /// The plain text of a single value, which is a secret from now on.
    pub fn reveal(&self, sealed: &Sealed) -> Result<String, Problem> {
        let plain = self.open(&sealed.text, &sealed.place())?;
        self.redactor.add(&Secret::new(plain.as_str()));
        Ok(plain)
    }

    /// Keeps text that came out of an encrypted file from being shown.
    pub fn hide(&self, value: &serde_json::Value) {
        match value {
            serde_json::Value::String(text) => {
                self.redactor.add(&Secret::new(text.as_str()));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| self.hide(item)),
            serde_json::Value::Object(entries) => entries.values().for_each(|item| self.hide(item)),
            _ => {}
        }
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, HashMap<String, Secret>> {
        self.keys.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_passwords(&self, text: &str) -> Result<Vec<u8>, VaultError> {
        let envelope = Envelope::parse(text)?;
        if self.keys.passwords.is_empty() {
            return Err(VaultError::NoPassword { id: envelope.id });
        }
        let own = |id: &&(String, _)| id.0 == envelope.id;
        let (first, then): (Vec<_>, Vec<_>) = self.keys.passwords.iter().partition(own);
        let then = if self.keys.only_own_id { Vec::new() } else { then };
        for (_, password) in first.iter().chain(&then) {
            match cipher::decrypt(&envelope.body, password) {
                Ok(plain) => return Ok(plain),
                Err(CipherError::WrongPassword) => {}
                Err(CipherError::Malformed(what)) => return Err(VaultError::Malformed(what)),
            }
        }
        let tried = first.iter().chain(&then).map(|(id, _)| id.clone()).collect();
        Err(VaultError::WrongPassword { id: envelope.id, tried })
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&str> = self.keys.passwords.iter().map(|(id, _)| id.as_str()).collect();
        f.debug_struct("Vault").field("ids", &ids).finish_non_exhaustive()
    }
}

/// Why an encrypted text stays closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum VaultError {
    #[error("this is encrypted with Ansible Vault, and no vault password is given")]
    NoPassword { id: String },
    #[error("no vault password opens this; tried: {}", listed(.tried))]
    WrongPassword { id: String, tried: Vec<String> },
    #[error("this is no complete Ansible Vault text: {0}")]
    Malformed(&'static str),
    #[error("Ansible Vault {version} with the cipher `{cipher}` is not supported")]
    Unsupported { version: String, cipher: String },
    #[error("what is encrypted here is not UTF-8 text")]
    NotText,
}

impl VaultError {
    fn problem(&self, location: &Location) -> Problem {
        let hint = match self {
            Self::NoPassword { id } if id == envelope::DEFAULT_ID => {
                "name it with `--vault-password-file FILE`, or be asked with `--ask-vault-pass`"
                    .to_owned()
            }
            Self::NoPassword { id } | Self::WrongPassword { id, .. } => {
                format!(
                    "its vault id is `{id}`: give that password with `--vault-id {id}@FILE` or \
                     `--vault-id {id}@prompt`"
                )
            }
            Self::Malformed(_) => {
                "copy it whole, from `$ANSIBLE_VAULT` to the last line of digits".to_owned()
            }
            Self::Unsupported { .. } => {
                "encrypt it anew with `ansible-vault rekey`, which writes 1.1 or 1.2 with AES256"
                    .to_owned()
            }
            Self::NotText => "only text can be a variable, an inventory or a playbook".to_owned(),
        };
        Problem::at(location.clone(), self.to_string()).hint(hint)
    }
}

fn listed(ids: &[String]) -> String {
    if ids.is_empty() { "none".to_owned() } else { format!("`{}`", ids.join("`, `")) }
}
