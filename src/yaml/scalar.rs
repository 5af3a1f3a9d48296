//! Plain scalars by the YAML 1.1 rules of PyYAML's `SafeLoader`.
//!
//! Timestamps stay strings: Ansible prints them as text as well, and nothing here computes with them.

use serde_json::{Number, Value};

/// What an unquoted scalar means.
pub fn resolve_plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Value::Bool(true);
        }
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    integer(text)
        .map(Value::Number)
        .or_else(|| float(text).map(Value::Number))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Decimal, `0b` binary, `0` octal, `0x` hexadecimal and base-60 integers, with underscores.
fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = sign(text);
    let first = digits.chars().next()?;
    if !first.is_ascii_digit() {
        return None;
    }
    let plain: String = digits.chars().filter(|c| *c != '_').collect();
    let magnitude = if let Some(bits) = plain.strip_prefix("0b") {
        i128::from_str_radix(bits, 2).ok()?
    } else if let Some(hex) = plain.strip_prefix("0x") {
        i128::from_str_radix(hex, 16).ok()?
    } else if plain.contains(':') {
        base_60(&plain)?
    } else if plain.len() > 1 && plain.starts_with('0') {
        i128::from_str_radix(&plain[1..], 8).ok()?
    } else if plain.bytes().all(|b| b.is_ascii_digit()) {
        plain.parse().ok()?
    } else {
        return None;
    };
    let value = if negative { -magnitude } else { magnitude };
    i64::try_from(value).map(Number::from).or_else(|_| u64::try_from(value).map(Number::from)).ok()
}

/// `1:30` is 90: the rule that turns an unquoted `12:30:45` into a number.
fn base_60(text: &str) -> Option<i128> {
    let mut parts = text.split(':');
    let first = parts.next()?;
    if first.starts_with('0') || !first.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    parts.try_fold(first.parse::<i128>().ok()?, |sum, part| {
        let valid = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let digit = part.parse::<i128>().ok().filter(|digit| valid && *digit < 60)?;
        sum.checked_mul(60)?.checked_add(digit)
    })
}

/// Floats need a dot in YAML 1.1, and an exponent needs its sign: `1e3` is a string.
fn float(text: &str) -> Option<Number> {
    let (_, digits) = sign(text);
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => (&digits[..at], Some(&digits[at + 1..])),
        None => (digits, None),
    };
    let (whole, fraction) = mantissa.split_once('.')?;
    let digits_only = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let begins_well = whole.bytes().next().map_or(!fraction.is_empty(), |b| b.is_ascii_digit());
    let exponent_ok = exponent.is_none_or(|exponent| {
        let signed = exponent.starts_with(['+', '-']);
        signed && exponent.len() > 1 && exponent[1..].bytes().all(|b| b.is_ascii_digit())
    });
    if !begins_well || !digits_only(whole) || !digits_only(fraction) || !exponent_ok {
        return None;
    }
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    Number::from_f64(plain.parse().ok()?)
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}
