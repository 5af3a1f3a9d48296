//! Secrets: held so that they cannot be printed, and struck out of text that leaves the process.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use zeroize::Zeroizing;

/// A password, passphrase or key. Its `Debug` and `Display` show nothing; memory is wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a secret in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret itself, for the one place that must send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Strikes known secrets out of text before it reaches a log, a journal or a screen. Clones share
/// what they know: a vaulted value becomes known while the run goes on.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    secrets: Arc<RwLock<Vec<Secret>>>,
}

impl Redactor {
    /// Shorter secrets would strike out half of every text, so they are not looked for.
    const SHORTEST: usize = 3;

    /// Learns a secret.
    pub fn add(&self, secret: &Secret) {
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        if secret.expose().len() >= Self::SHORTEST && !secrets.contains(secret) {
            secrets.push(secret.clone());
            // Longest first: a secret that contains another must not leave a rest behind.
            secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        }
    }

    /// `text` with every known secret, and every private key block, struck out.
    pub fn clean(&self, text: &str) -> String {
        let mut clean = strike_key_blocks(text);
        for secret in self.secrets.read().unwrap_or_else(PoisonError::into_inner).iter() {
            if clean.contains(secret.expose()) {
                clean = clean.replace(secret.expose(), "***");
            }
        }
        clean
    }
}

/// Strikes out whatever stands between the PEM markers of a private key.
fn strike_key_blocks(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut inside = false;
    for line in text.split_inclusive('\n') {
        let is_marker = line.contains("PRIVATE KEY-----");
        if is_marker && line.contains("BEGIN") {
            inside = true;
            clean.push_str("*** private key ***\n");
        }
        if !inside {
            clean.push_str(line);
        }
        if is_marker && line.contains("END") {
            inside = false;
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_stars() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** Secret(***)");
    }

    #[test]
    fn longest_secret_is_struck_out_first() {
        let redactor = Redactor::default();
        redactor.add(&Secret::new("abc"));
        redactor.add(&Secret::new("abcdef"));
        assert_eq!(redactor.clean("x abcdef y abc"), "x *** y ***");
    }

    #[test]
    fn clones_learn_together() {
        let redactor = Redactor::default();
        redactor.clone().add(&Secret::new("hunter2"));
        assert_eq!(redactor.clean("hunter2"), "***");
    }

    #[test]
    fn private_keys_are_struck_out_without_being_known() {
        let text = "a\n-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nb\n";
        assert_eq!(Redactor::default().clean(text), "a\n*** private key ***\nb\n");
    }
}
