//! Secrets: held so that they cannot be printed, and struck out of text that leaves the process.

use serde_json::Value;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
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

    /// Lines of a secret that are shorter are not looked for by themselves.
    const SHORTEST_LINE: usize = 8;

    /// Learns a secret, as it is and as it stands in a shell's and in JSON's quotes; of several
    /// lines each one, since output is shown by lines.
    pub fn add(&self, secret: &Secret) {
        let text = secret.expose();
        if text.len() < Self::SHORTEST || self.read().contains(secret) {
            return;
        }
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        let lines = text.lines().map(str::trim).filter(|line| line.len() >= Self::SHORTEST_LINE);
        for part in std::iter::once(text).chain(lines) {
            for form in spellings(part) {
                let form = Secret::new(form);
                if !secrets.contains(&form) {
                    secrets.push(form);
                }
            }
        }
        // Longest first: a secret that contains another must not leave a rest behind.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
    }

    /// A value with every secret struck out of its texts.
    pub fn clean_value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.clean(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.clean_value(item)).collect(),
            Value::Object(fields) => Value::Object(
                fields
                    .into_iter()
                    .map(|(key, value)| (self.clean(&key), self.clean_value(value)))
                    .collect(),
            ),
            other => other,
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Vec<Secret>> {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// `text` with every known secret, and every private key block, struck out.
    pub fn clean(&self, text: &str) -> String {
        let mut clean = strike_key_blocks(text);
        for secret in self.read().iter() {
            if clean.contains(secret.expose()) {
                clean = clean.replace(secret.expose(), "***");
            }
        }
        clean
    }
}

/// A text as it is, in the quotes of a shell, of the filter `quote` and of the messages of coreutils,
/// and each of these in JSON.
fn spellings(text: &str) -> impl Iterator<Item = String> {
    let quote = |quote: &str| text.replace('\'', quote);
    let plain = [text.to_owned(), quote("'\\''"), quote("'\"'\"'"), quote("\\'")];
    plain.into_iter().flat_map(|text| {
        let json = serde_json::Value::from(text.as_str()).to_string();
        [text, json[1..json.len() - 1].to_owned()]
    })
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
    fn secrets_are_found_in_quotes_and_by_lines() {
        let redactor = Redactor::default();
        redactor.add(&Secret::new("it's \"so\""));
        redactor.add(&Secret::new("the first line\nthe second line\n}\n"));
        let quoted = "echo 'it'\\''s \"so\"'";
        assert_eq!(redactor.clean(quoted), "echo '***'");
        for text in ["'it'\"'\"'s \"so\"'", "'it\\'s \"so\"': No such file"] {
            let json = serde_json::Value::from(text).to_string();
            assert!(!redactor.clean(text).contains("so"), "{text}");
            assert!(!redactor.clean(&json).contains("so"), "{json}");
        }
        let json = serde_json::json!({"a": "it's \"so\"", "lines": ["the second line", "}"]});
        assert_eq!(redactor.clean(&json["a"].to_string()), "\"***\"");
        let clean = serde_json::json!({"a": "***", "lines": ["***", "}"]});
        assert_eq!(redactor.clean_value(json), clean);
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
