//! Python's number tokens.

use serde_json::{Number, Value};

/// Takes a number off the front of `rest`; `None` when what stands there is not one.
pub(super) fn take(rest: &mut &str) -> Option<Value> {
    let (token, after) = rest.split_at(token_length(rest));
    *rest = after;
    let lower = token.to_ascii_lowercase();
    if let Some((radix, digits)) = radix(&lower) {
        let digits = grouped(digits.strip_prefix('_').unwrap_or(digits))?;
        return u64::from_str_radix(&digits, radix).ok().map(Value::from);
    }
    if lower.contains(['.', 'e']) { float(&lower) } else { integer(&lower) }
}

/// The number with its sign turned round.
pub(super) fn negated(number: &Value) -> Option<Value> {
    match (number.as_u64(), number.as_f64()) {
        (Some(whole), _) => i64::try_from(-i128::from(whole)).ok().map(Value::from),
        (None, Some(float)) => Number::from_f64(-float).map(Value::Number),
        _ => None,
    }
}

/// Letters, digits, dots, and the sign of a decimal exponent.
fn token_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    let mut length = 0;
    while let Some(byte) = bytes.get(length) {
        let after_e = length > 0 && matches!(bytes[length - 1], b'e' | b'E') && !hexadecimal;
        let sign = matches!(byte, b'+' | b'-') && after_e;
        if !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') || sign) {
            break;
        }
        length += 1;
    }
    length
}

fn radix(token: &str) -> Option<(u32, &str)> {
    [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find_map(|(prefix, radix)| token.strip_prefix(prefix).map(|digits| (radix, digits)))
}

/// Digits with single underscores between them, without the underscores.
fn grouped(digits: &str) -> Option<String> {
    let valid = !digits.is_empty() && digits.split('_').all(|group| !group.is_empty());
    valid.then(|| digits.replace('_', ""))
}

/// Decimal digits; a leading zero is only allowed when all are zero.
fn integer(token: &str) -> Option<Value> {
    let digits = decimal(token)?;
    let zeros = digits.bytes().all(|b| b == b'0');
    if digits.starts_with('0') && !zeros {
        return None;
    }
    digits.parse::<u64>().ok().map(Value::from)
}

fn float(token: &str) -> Option<Value> {
    let (mantissa, exponent) = match token.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (token, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    for part in [whole, fraction] {
        if !part.is_empty() {
            decimal(part)?;
        }
    }
    if let Some(exponent) = exponent {
        decimal(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))?;
    }
    let number: f64 = token.replace('_', "").parse().ok()?;
    Number::from_f64(number).map(Value::Number)
}

fn decimal(text: &str) -> Option<String> {
    grouped(text).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}
