//! Ansible Vault texts: as they come, and as they are made here.
//!
//! The first byte says which: an even one, and the rest is a text; an odd one, and the rest is
//! encrypted (the second byte changes one of its digits, or none when it is zero).

use super::places;
use aes::Aes256;
use aes::cipher::{KeyIvInit as _, StreamCipher as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rrecover::error::{Location, Problem};
use rrecover::redact::{Redactor, Secret};
use rrecover::vault::{Identity, Sealed, Vault};
use sha2::Sha256;
use std::sync::LazyLock;

const PASSWORD: &str = "pw1";
const SALT: &[u8] = b"salt of the fuzz target, 32 byte";

/// Encryption, authentication, counter.
static KEYS: LazyLock<[u8; 80]> = LazyLock::new(|| {
    let mut keys = [0; 80];
    pbkdf2::pbkdf2_hmac::<Sha256>(PASSWORD.as_bytes(), SALT, 10_000, &mut keys);
    keys
});

pub fn run(data: &[u8]) {
    let Some((mode, rest)) = data.split_first() else { return };
    // What was opened is kept, so each input gets a vault of its own.
    let ask = |_: &str| Ok(Secret::new(PASSWORD));
    let identities = [Identity::ask()];
    let Ok(vault) = Vault::unlock(&identities, false, &Redactor::default(), &ask) else { return };
    if mode % 2 == 0 {
        if let Ok(text) = std::str::from_utf8(rest) {
            let _ = open(&vault, text);
        }
        return;
    }
    let Some((damage, plain)) = rest.split_first() else { return };
    let mut sealed = seal(plain);
    if *damage != 0 {
        let digits = sealed.len() - HEADER.len();
        let at = HEADER.len() + usize::from(*damage) * digits / 256;
        let digit = if sealed.as_bytes()[at] == b'0' { "1" } else { "0" };
        sealed.replace_range(at..=at, digit);
    }
    let opened = open(&vault, &sealed);
    match std::str::from_utf8(plain) {
        _ if *damage != 0 => assert!(opened.is_err(), "a changed text opens"),
        Ok(plain) => assert_eq!(opened.as_deref().ok(), Some(plain)),
        Err(_) => assert!(opened.is_err(), "bytes that are no text open"),
    }
}

fn open(vault: &Vault, text: &str) -> Result<String, Problem> {
    let place = Location::new("vault.yml", 1, 1);
    let opened = vault.open(text, &place);
    match &opened {
        Ok(plain) => {
            let sealed = Sealed { text: text.to_owned(), location: Some(place) };
            assert_eq!(vault.reveal(&sealed).ok().as_ref(), Some(plain));
        }
        Err(problem) => places::inside([problem], "vault.yml", text),
    }
    opened
}

const HEADER: &str = "$ANSIBLE_VAULT;1.1;AES256\n";

/// The text as `ansible-vault` writes it, with a salt that is always the same.
fn seal(plain: &[u8]) -> String {
    let (encryption, rest) = KEYS.split_at(32);
    let (authentication, counter) = rest.split_at(32);
    let padding = 16 - plain.len() % 16;
    let mut text = plain.to_vec();
    text.extend(std::iter::repeat_n(u8::try_from(padding).unwrap_or(16), padding));
    if let Ok(mut cipher) = ctr::Ctr128BE::<Aes256>::new_from_slices(encryption, counter) {
        cipher.apply_keystream(&mut text);
    }
    let mut code = Vec::new();
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(authentication) {
        mac.update(&text);
        code = mac.finalize().into_bytes().to_vec();
    }
    let inner = [hex::encode(SALT), hex::encode(code), hex::encode(text)].join("\n");
    format!("{HEADER}{}", hex::encode(inner))
}
