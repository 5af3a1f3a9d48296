//! AES-256 in counter mode under HMAC-SHA-256, with keys from PBKDF2.
//!
//! The body is hexadecimal for three lines: salt, authentication code, encrypted text, each of
//! them hexadecimal again. The source is `ansible/parsing/vault` of ansible-core 2.19.

use aes::Aes256;
use aes::cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// How often PBKDF2 hashes, in both versions of the format.
const ROUNDS: u32 = 10_000;
/// Bytes of each of the two keys.
const KEY: usize = 32;
/// Bytes of a block, and of the counter.
const BLOCK: usize = 16;

/// Why nothing came out.
#[derive(Debug, PartialEq)]
pub(super) enum CipherError {
    /// The authentication code does not fit: another password, or the text was changed.
    WrongPassword,
    /// Not what the format says.
    Malformed(&'static str),
}

/// The bytes that were encrypted.
pub(super) fn decrypt(body: &str, password: &[u8]) -> Result<Vec<u8>, CipherError> {
    let lines = unhex(body.as_bytes())?;
    let mut lines = lines.splitn(3, |byte| *byte == b'\n');
    let mut line = || unhex(lines.next().unwrap_or_default());
    let (salt, code, mut text) = (line()?, line()?, line()?);
    if salt.is_empty() || code.is_empty() || text.is_empty() {
        return Err(CipherError::Malformed("salt, code or text is missing"));
    }
    let mut keys = Zeroizing::new([0; KEY + KEY + BLOCK]);
    pbkdf2::pbkdf2_hmac::<Sha256>(password, &salt, ROUNDS, keys.as_mut());
    let (encryption, rest) = keys.split_at(KEY);
    let (authentication, counter) = rest.split_at(KEY);
    let mut mac = Hmac::<Sha256>::new_from_slice(authentication)
        .map_err(|_| CipherError::Malformed("the key has a wrong length"))?;
    mac.update(&text);
    // Compares in constant time.
    mac.verify_slice(&code).map_err(|_| CipherError::WrongPassword)?;
    ctr::Ctr128BE::<Aes256>::new_from_slices(encryption, counter)
        .map_err(|_| CipherError::Malformed("the key has a wrong length"))?
        .apply_keystream(&mut text);
    unpad(text)
}

fn unhex(digits: &[u8]) -> Result<Vec<u8>, CipherError> {
    hex::decode(digits).map_err(|_| CipherError::Malformed("its lines must be hexadecimal digits"))
}

/// Takes off PKCS #7 padding: as many bytes at the end as each of them says.
fn unpad(mut text: Vec<u8>) -> Result<Vec<u8>, CipherError> {
    let wrong = CipherError::Malformed("its padding is wrong");
    let Some(count) = text.last().map(|byte| usize::from(*byte)) else { return Err(wrong) };
    let Some(end) = text.len().checked_sub(count) else { return Err(wrong) };
    let fits = (1..=BLOCK).contains(&count)
        && text[end..].iter().all(|byte| usize::from(*byte) == count)
        && text.len().is_multiple_of(BLOCK);
    if !fits {
        return Err(wrong);
    }
    text.truncate(end);
    Ok(text)
}
