//! The text form: a header line, then digits cut into lines.

use super::{HEADER, VaultError};

/// The id of a text that names none.
pub(super) const DEFAULT_ID: &str = "default";

/// An encrypted text, taken apart.
#[derive(Debug, PartialEq)]
pub(super) struct Envelope {
    /// The nickname of the password; not protected by it.
    pub(super) id: String,
    /// The hexadecimal digits of all lines.
    pub(super) body: String,
}

impl Envelope {
    /// `$ANSIBLE_VAULT;1.1;AES256` or `$ANSIBLE_VAULT;1.2;AES256;ID`, and the lines behind it.
    pub(super) fn parse(text: &str) -> Result<Self, VaultError> {
        let mut lines = text.lines();
        let header = lines.next().unwrap_or_default().trim();
        let mut parts = header.split(';').map(str::trim);
        if parts.next() != Some(HEADER) {
            return Err(VaultError::Malformed("the header is not `$ANSIBLE_VAULT;…`"));
        }
        let (Some(version), Some(cipher)) = (parts.next(), parts.next()) else {
            return Err(VaultError::Malformed("the header is not `$ANSIBLE_VAULT;1.1;AES256`"));
        };
        if cipher != "AES256" || !matches!(version, "1.1" | "1.2") {
            return Err(VaultError::Unsupported {
                version: version.to_owned(),
                cipher: cipher.to_owned(),
            });
        }
        let id = parts.next().unwrap_or(DEFAULT_ID).to_owned();
        Ok(Self { id, body: lines.map(str::trim_end).collect() })
    }
}
