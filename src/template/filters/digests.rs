//! Digests, base64 and UUIDs.

use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::value::refuse;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use md5::Md5;
use minijinja::{Error, Value};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

pub(super) const FILTERS: &[Plugin] = &[
    plugin("b64decode", &["encoding?", "urlsafe?"], b64decode),
    plugin("b64encode", &["encoding?", "urlsafe?"], b64encode),
    plugin("checksum", &[], |call| digest(call.input_str()?, "sha1")),
    plugin("hash", &["hashtype?"], |call| {
        let kind = call.some_text("hashtype")?.unwrap_or_else(|| "sha1".to_owned());
        digest(call.input_str()?, &kind)
    }),
    plugin("md5", &[], |call| digest(call.input_str()?, "md5")),
    plugin("sha1", &[], |call| digest(call.input_str()?, "sha1")),
    plugin("to_uuid", &["namespace?"], to_uuid),
];

fn digest(text: &str, kind: &str) -> Result<Value, Error> {
    let bytes = text.as_bytes();
    Ok(Value::from(match kind.to_ascii_lowercase().as_str() {
        "md5" => hex::encode(Md5::digest(bytes)),
        "sha1" => hex::encode(Sha1::digest(bytes)),
        "sha224" => hex::encode(Sha224::digest(bytes)),
        "sha256" => hex::encode(Sha256::digest(bytes)),
        "sha384" => hex::encode(Sha384::digest(bytes)),
        "sha512" => hex::encode(Sha512::digest(bytes)),
        other => {
            return Err(refuse(format!(
                "there is no hash `{other}`; md5, sha1, sha224, sha256, sha384, sha512 are supported"
            )));
        }
    }))
}

fn utf8_only(call: &Arguments<'_>) -> Result<(), Error> {
    match call.some_text("encoding")?.as_deref() {
        None | Some("utf-8" | "utf8" | "UTF-8" | "ascii") => Ok(()),
        Some(other) => Err(refuse(format!("only the encoding utf-8 is supported, not `{other}`"))),
    }
}

fn b64encode(call: &Arguments<'_>) -> Result<Value, Error> {
    utf8_only(call)?;
    let text = call.input_str()?;
    let encoded =
        if call.flag("urlsafe", false)? { URL_SAFE.encode(text) } else { STANDARD.encode(text) };
    Ok(Value::from(encoded))
}

fn b64decode(call: &Arguments<'_>) -> Result<Value, Error> {
    utf8_only(call)?;
    let safe = call.flag("urlsafe", false)?;
    // Python leaves out whatever is not of the alphabet.
    let of_alphabet = |c: &char| {
        c.is_ascii_alphanumeric()
            || *c == '='
            || if safe { matches!(c, '-' | '_') } else { matches!(c, '+' | '/') }
    };
    let text: String = call.input_str()?.chars().filter(of_alphabet).collect();
    let decoded = if safe { URL_SAFE.decode(text) } else { STANDARD.decode(text) };
    let bytes = decoded.map_err(|error| refuse(format!("no base64: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| refuse("the decoded bytes are no text"))?;
    Ok(Value::from(text))
}

/// Ansible's own name space for UUIDs.
const ANSIBLE: &str = "361e6d51-faec-444a-9079-341386da8e2e";

/// A UUID of version 5: the same text gives the same one.
fn to_uuid(call: &Arguments<'_>) -> Result<Value, Error> {
    let space = call.some_text("namespace")?.unwrap_or_else(|| ANSIBLE.to_owned());
    let space: String = space.chars().filter(|c| !matches!(c, '-' | '{' | '}')).collect();
    let space = hex::decode(space.trim_start_matches("urn:uuid:"))
        .ok()
        .filter(|bytes| bytes.len() == 16)
        .ok_or_else(|| refuse("`namespace` of `to_uuid` is no UUID"))?;
    let digest = Sha1::new().chain_update(space).chain_update(call.input_text()?).finalize();
    let mut bytes: Vec<u8> = digest.iter().copied().take(16).collect();
    if let Some(version) = bytes.get_mut(6) {
        *version = (*version & 0x0f) | 0x50;
    }
    if let Some(variant) = bytes.get_mut(8) {
        *variant = (*variant & 0x3f) | 0x80;
    }
    let text = hex::encode(bytes);
    let mut parts = Vec::new();
    let mut rest = text.as_str();
    for length in [8, 4, 4, 4] {
        let (part, after) = rest.split_at(length);
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    Ok(Value::from(parts.join("-")))
}
