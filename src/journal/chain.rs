//! One record as one line, bound to the line before it.
//!
//! The line is a JSON object whose last key is `hash`: SHA-256 of the hash before and of the line's
//! bytes up to that key. So it can be checked without writing JSON again in the same way.

use super::record::{Line, VERSION};
use sha2::{Digest, Sha256};

const MARK: &str = ",\"hash\":\"";

/// What the first record is chained to.
pub(super) const ORIGIN: &str = "rrecover";

/// Why a line is not the one that was written there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// Not a record at all.
    Form(String),
    /// Not the record that follows.
    Chain(String),
    /// Written by a newer program.
    Newer(u32),
}

/// The line with its newline, and its hash.
pub(super) fn write(line: &Line, previous: &str) -> Result<(String, String), serde_json::Error> {
    let mut body = serde_json::to_string(line)?;
    body.pop();
    let hash = digest(previous, &body);
    Ok((format!("{body}{MARK}{hash}\"}}\n"), hash))
}

/// The record in `text`, which has to follow `previous` as number `n`, and its hash.
pub(super) fn read(text: &str, previous: &str, n: u64) -> Result<(Line, String), Broken> {
    let (body, rest) =
        text.rsplit_once(MARK).ok_or_else(|| Broken::Form("it has no hash".to_owned()))?;
    let hash = rest
        .strip_suffix("\"}")
        .ok_or_else(|| Broken::Form("something follows the hash".to_owned()))?;
    let version = serde_json::from_str::<serde_json::Value>(&format!("{body}}}"))
        .map_err(|error| Broken::Form(error.to_string()))?["v"]
        .as_u64()
        .and_then(|version| u32::try_from(version).ok())
        .ok_or_else(|| Broken::Form("it has no version".to_owned()))?;
    if version > VERSION {
        return Err(Broken::Newer(version));
    }
    if digest(previous, body) != hash {
        return Err(Broken::Chain("its hash does not follow from the line before".to_owned()));
    }
    let line: Line = serde_json::from_str(&format!("{body}}}"))
        .map_err(|error| Broken::Form(error.to_string()))?;
    if line.n != n {
        return Err(Broken::Chain(format!("it is record {}, not {n}", line.n)));
    }
    Ok((line, hash.to_owned()))
}

fn digest(previous: &str, body: &str) -> String {
    let mut sha256 = Sha256::new();
    sha256.update(previous);
    sha256.update("\n");
    sha256.update(body);
    hex::encode(sha256.finalize())
}
