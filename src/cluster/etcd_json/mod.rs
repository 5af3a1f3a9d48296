//! What etcd's tools and its HTTP gateway print with `-w json`, read strictly (DOMAIN 3 and 10).
//!
//! etcdctl exits with 0 in cases where it did nothing (`etcdctl snapshot bogus` prints help), so an
//! exit code proves nothing: a value counts only when its JSON stands on standard output. Numbers
//! of 64 bits come as numbers from etcdctl and as strings from the gateway; both are read, and
//! nothing is ever a float.

mod answers;
mod number;

#[cfg(test)]
mod tests;

pub(in crate::cluster) use answers::alarm_in_error;
pub use answers::{
    EndpointHash, EndpointHealth, MemberAdded, MemberList, SnapshotStatus, alarm_list,
    endpoint_hash_kv, endpoint_health, endpoint_status, gateway_status, member_add, member_list,
    snapshot_status,
};

use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// Why an output is not the answer that it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// No JSON at all, whatever the exit code said.
    #[error("`{what}` printed no JSON: {}", excerpt(.text))]
    Missing {
        /// The command.
        what: &'static str,
        /// What it printed instead.
        text: String,
    },
    /// JSON, but not the answer to this command.
    #[error("`{what}` printed JSON that is not its answer: {reason}: {}", excerpt(.text))]
    Unexpected {
        /// The command.
        what: &'static str,
        /// What is missing or wrong.
        reason: String,
        /// What it printed.
        text: String,
    },
}

/// The first line of an output, short enough for a message.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 120;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("nothing");
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    format!("{}…", line.chars().take(LONGEST).collect::<String>())
}

/// The JSON document in an output: it begins at a line that starts with `{` or `[` and goes to the
/// end. Log and warning lines may stand before it, even ones that start with a bracket.
fn document(what: &'static str, text: &str) -> Result<Value, JsonError> {
    let mut rest = text;
    loop {
        if rest.starts_with(['{', '['])
            && let Ok(value) = serde_json::from_str(rest)
        {
            return Ok(value);
        }
        match rest.split_once('\n') {
            Some((_, after)) => rest = after,
            None => return Err(JsonError::Missing { what, text: text.to_owned() }),
        }
    }
}

/// The typed answer in an output, which is an object.
fn answer<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, JsonError> {
    let value = document(what, text)?;
    // Without this a list would be taken as the object's fields in their order.
    if !value.is_object() {
        let reason = "it is not an object".to_owned();
        return Err(JsonError::Unexpected { what, reason, text: text.to_owned() });
    }
    typed(what, text, value)
}

/// The typed answers in an output, which is a list of objects, one an endpoint.
fn answers<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<Vec<T>, JsonError> {
    typed(what, text, document(what, text)?)
}

fn typed<T: DeserializeOwned>(
    what: &'static str,
    text: &str,
    value: Value,
) -> Result<T, JsonError> {
    serde_json::from_value(value).map_err(|error| JsonError::Unexpected {
        what,
        reason: error.to_string(),
        text: text.to_owned(),
    })
}

/// A member id as command lines and logs have it: hexadecimal, no prefix, lower case.
pub fn parse_member_id(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if digits { u64::from_str_radix(text, 16).ok() } else { None }
}

/// A duration in Go's spelling: `5.000976924s`, `9.8ms`, `1m2s`, `0s`.
pub fn parse_go_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, after) = rest.split_at(number_end);
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let nanoseconds: u64 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        total = total.checked_add(go_number(number, nanoseconds)?)?;
        rest = next;
    }
    (!text.is_empty()).then_some(total)
}

/// `whole.fraction` of a unit of that many nanoseconds, without floats.
fn go_number(number: &str, unit: u64) -> Option<Duration> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut nanoseconds = whole.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.bytes() {
        place /= 10;
        nanoseconds = nanoseconds.checked_add(place * u64::from(digit - b'0'))?;
    }
    Some(Duration::from_nanos(nanoseconds))
}
