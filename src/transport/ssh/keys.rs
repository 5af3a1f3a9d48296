//! Key files: read once in a run, their passphrases asked once, however many hosts need them.

use crate::redact::Secret;
use russh::keys::ssh_key::PrivateKey as OpenSshKey;
use russh::keys::{
    Certificate, PrivateKey, PublicKey, decode_secret_key, load_openssh_certificate,
    load_public_key,
};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Mutex as AsyncMutex, OnceCell};

/// How often a passphrase is asked for before a key is given up, as `ssh` does.
const TRIES: usize = 3;

/// Asks the operator for the passphrase of a key file; `None` when there is nobody to ask.
pub(in crate::transport) type Ask = Arc<dyn Fn(&Path) -> Option<Secret> + Send + Sync>;

type Slot = Arc<OnceCell<Result<Arc<PrivateKey>, String>>>;

/// The key files of a run.
#[derive(Default)]
pub(in crate::transport) struct KeyRing {
    ask: Option<Ask>,
    /// One question at a time on the terminal.
    asking: Arc<AsyncMutex<()>>,
    slots: Mutex<HashMap<PathBuf, Slot>>,
}

impl KeyRing {
    pub(in crate::transport) fn new(ask: Option<Ask>) -> Self {
        Self { ask, ..Self::default() }
    }

    /// The key in `path`, or why there is none. Whoever comes first reads and asks.
    pub(super) async fn load(&self, path: &Path) -> Result<Arc<PrivateKey>, String> {
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(path.to_owned()).or_default())
        };
        let (path, ask) = (path.to_owned(), self.ask.clone());
        let asking = Arc::clone(&self.asking);
        // Reading a passphrase blocks, and so does the key derivation behind it.
        let load = async || {
            let turn = asking.lock_owned().await;
            let loading = tokio::task::spawn_blocking(move || {
                let loaded = load(&path, ask.as_ref());
                drop(turn);
                loaded
            });
            loading.await.unwrap_or_else(|error| Err(error.to_string()))
        };
        slot.get_or_init(load).await.clone()
    }
}

fn load(path: &Path, ask: Option<&Ask>) -> Result<Arc<PrivateKey>, String> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("`{name}`: {error}"))?;
    if PublicKey::from_openssh(&text).is_ok() {
        return Err(format!(
            "`{name}` is a public key, and the agent does not hold its private one"
        ));
    }
    let key = match decode_secret_key(&text, None) {
        Ok(key) => key,
        Err(_) if is_encrypted(&text) => decrypt(path, &text, ask)?,
        Err(error) => return Err(format!("`{name}` cannot be used: {error}")),
    };
    if key.algorithm().as_str().starts_with("sk-") {
        return Err(format!("`{name}` is a hardware key, which works through the agent only"));
    }
    Ok(Arc::new(key))
}

fn decrypt(path: &Path, text: &str, ask: Option<&Ask>) -> Result<PrivateKey, String> {
    let name = path.display();
    for _ in 0..TRIES {
        let Some(passphrase) = ask.and_then(|ask| ask(path)) else {
            return Err(format!(
                "`{name}` is encrypted and no passphrase was given; run on a terminal, or \
                 `ssh-add {name}` first"
            ));
        };
        if let Ok(key) = decode_secret_key(text, Some(passphrase.expose())) {
            return Ok(key);
        }
    }
    Err(format!("`{name}`: wrong passphrase"))
}

/// OpenSSH's own format says so inside, PEM formats in a header.
fn is_encrypted(text: &str) -> bool {
    match OpenSshKey::from_openssh(text) {
        Ok(key) => key.is_encrypted(),
        Err(_) => text.contains("ENCRYPTED"),
    }
}

/// Whether somebody has to be asked before the key can sign.
pub(super) fn asks(path: &Path) -> bool {
    std::fs::read_to_string(path).is_ok_and(|text| is_encrypted(&text))
}

/// The public half of a key file without its passphrase; the file may also be the public half.
pub(super) fn public_half(path: &Path) -> Option<PublicKey> {
    let text = std::fs::read_to_string(path).ok();
    if let Some(key) = text.as_deref().and_then(|text| PublicKey::from_openssh(text).ok()) {
        return Some(key);
    }
    // The private key is the truth; a `.pub` beside it may be another's.
    if let Some(key) = text.as_deref().and_then(|text| OpenSshKey::from_openssh(text).ok()) {
        return Some(key.public_key().clone());
    }
    if let Some(key) = text.as_deref().and_then(|text| decode_secret_key(text, None).ok()) {
        return Some(key.public_key().clone());
    }
    load_public_key(beside(path, ".pub")).ok()
}

/// The certificates for `key`: beside its file, and among the configured ones.
pub(super) fn certificates(
    path: &Path,
    key: &PublicKey,
    configured: &[PathBuf],
) -> Vec<Certificate> {
    let files = configured.iter().cloned().chain([beside(path, "-cert.pub")]);
    let mut found: Vec<Certificate> = files
        .filter_map(|file| load_openssh_certificate(file).ok())
        .filter(|certificate| certificate.public_key() == key.key_data())
        .collect();
    found.dedup_by(|one, other| one.signature() == other.signature());
    found
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let bare = path.as_os_str().to_string_lossy();
    let mut name = std::ffi::OsString::from(bare.strip_suffix(".pub").unwrap_or(&bare));
    name.push(suffix);
    PathBuf::from(name)
}
