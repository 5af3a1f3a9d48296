//! 64-bit numbers that are JSON numbers from etcdctl and strings from the HTTP gateway.

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use std::fmt;
use std::str::FromStr;

/// An unsigned number, `12` or `"12"`; no sign, no fraction, no exponent.
pub(super) fn unsigned<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    deserializer.deserialize_any(Unsigned)
}

/// A signed number, `12` or `"12"`; no fraction, no exponent.
pub(super) fn signed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    deserializer.deserialize_any(Signed)
}

struct Unsigned;

impl Visitor<'_> for Unsigned {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an unsigned 64-bit number, also as a string")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<u64, E> {
        Ok(value)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        plain(text, text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

struct Signed;

impl Visitor<'_> for Signed {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a signed 64-bit number, also as a string")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<i64, E> {
        Ok(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<i64, E> {
        i64::try_from(value).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        plain(text, text.strip_prefix('-').unwrap_or(text))
            .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// The number in `text` when `digits` is nothing but digits; Rust alone would take `+5` as well.
fn plain<T: FromStr>(text: &str, digits: &str) -> Option<T> {
    let only_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if only_digits { text.parse().ok() } else { None }
}
