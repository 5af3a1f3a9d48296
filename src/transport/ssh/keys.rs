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
use tokio::sync::OnceCell;

/// How often a passphrase is asked for before a key is given up, as `ssh` does.
const TRIES: usize = 3;

/// Asks the operator for the passphrase of a key file; `None` when there is nobody to ask.
pub(in crate::transport) type Ask = Arc<dyn Fn(&Path) -> Option<Secret> + Send + Sync>;

/// A key that can sign.
pub(super) struct Identity {
    pub(super) key: Arc<PrivateKey>,
    /// From `<key>-cert.pub` beside it.
    pub(super) certificate: Option<Certificate>,
}

type Slot = Arc<OnceCell<Result<Arc<Identity>, String>>>;

/// The key files of a run.
#[derive(Default)]
pub(in crate::transport) struct KeyRing {
    ask: Option<Ask>,
    slots: Mutex<HashMap<PathBuf, Slot>>,
}

impl KeyRing {
    pub(in crate::transport) fn new(ask: Option<Ask>) -> Self {
        Self { ask, slots: Mutex::default() }
    }

    /// The key in `path`, or why there is none. Whoever comes first reads and asks.
    pub(super) async fn load(&self, path: &Path) -> Result<Arc<Identity>, String> {
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(path.to_owned()).or_default())
        };
        let (path, ask) = (path.to_owned(), self.ask.clone());
        // Reading a passphrase blocks, and so does the key derivation behind it.
        let load = async || {
            let loading = tokio::task::spawn_blocking(move || load(&path, ask.as_ref()));
            loading.await.unwrap_or_else(|error| Err(error.to_string()))
        };
        slot.get_or_init(load).await.clone()
    }
}

fn load(path: &Path, ask: Option<&Ask>) -> Result<Arc<Identity>, String> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("`{name}`: {error}"))?;
    let key = match decode_secret_key(&text, None) {
        Ok(key) => key,
        Err(_) if is_encrypted(&text) => decrypt(path, &text, ask)?,
        Err(error) => return Err(format!("`{name}` cannot be used: {error}")),
    };
    if key.algorithm().as_str().starts_with("sk-") {
        return Err(format!("`{name}` is a hardware key, which works through the agent only"));
    }
    let certificate = load_openssh_certificate(beside(path, "-cert.pub")).ok();
    Ok(Arc::new(Identity { key: Arc::new(key), certificate }))
}

fn decrypt(path: &Path, text: &str, ask: Option<&Ask>) -> Result<PrivateKey, String> {
    let name = path.display();
    for _ in 0..TRIES {
        let Some(passphrase) = ask.and_then(|ask| ask(path)) else {
            return Err(format!("`{name}` is encrypted and no passphrase was given"));
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

/// The public half of a key file without its passphrase, to find it in the agent.
pub(super) fn public_half(path: &Path) -> Option<PublicKey> {
    if let Ok(key) = load_public_key(beside(path, ".pub")) {
        return Some(key);
    }
    let text = std::fs::read_to_string(path).ok()?;
    Some(OpenSshKey::from_openssh(text).ok()?.public_key().clone())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
