//! Sizes that people read.

use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::numbers::{Number, whole};
use crate::template::value::refuse;
use minijinja::{Error, Value};

pub(super) const FILTERS: &[Plugin] = &[
    plugin("filesizeformat", &["binary?"], file_size),
    plugin("human_readable", &["isbits?", "unit?"], human_readable),
    plugin("human_to_bytes", &["default_unit?", "isbits?"], human_to_bytes),
];

/// Letter, words for bytes and bits, and how many times two to the tenth.
const UNITS: [(&str, &str, &str, i32); 9] = [
    ("Y", "yottabyte", "yottabit", 8),
    ("Z", "zettabyte", "zettabit", 7),
    ("E", "exabyte", "exabit", 6),
    ("P", "petabyte", "petabit", 5),
    ("T", "terabyte", "terabit", 4),
    ("G", "gigabyte", "gigabit", 3),
    ("M", "megabyte", "megabit", 2),
    ("K", "kilobyte", "kilobit", 1),
    ("B", "byte", "bit", 0),
];

fn human_readable(call: &Arguments<'_>) -> Result<Value, Error> {
    let bits = call.flag("isbits", false)?;
    let size =
        Number::of(&call.input).ok_or_else(|| refuse("`human_readable` takes a number"))?.float();
    let unit = call.some_text("unit")?.map(|unit| unit.to_uppercase());
    let fits = |(letter, _, _, power): &&(&str, &str, &str, i32)| match &unit {
        Some(unit) => unit == letter,
        None => size >= 1024_f64.powi(*power),
    };
    let (letter, _, _, power) = UNITS.iter().find(fits).unwrap_or(&UNITS[8]);
    let base = if bits { "bits" } else { "Bytes" };
    let suffix = match power {
        0 => base.to_owned(),
        _ => format!("{letter}{}", &base[..1]),
    };
    Ok(Value::from(format!("{:.2} {suffix}", size / 1024_f64.powi(*power))))
}

fn human_to_bytes(call: &Arguments<'_>) -> Result<Value, Error> {
    let bits = call.flag("isbits", false)?;
    let text = call.input_text()?;
    let trimmed = text.trim_end();
    let no = || refuse(format!("`{text}` is no size"));
    let end = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(end);
    let number = number.strip_suffix('.').map_or(Some(number), |_| None).ok_or_else(no)?;
    let number: f64 = number.parse().map_err(|_| no())?;
    let unit = match unit.trim_start() {
        "" => call.some_text("default_unit")?,
        unit => Some(unit.to_owned()),
    };
    let Some(unit) = unit else { return whole(number.round_ties_even()) };
    let letter = unit.chars().next().unwrap_or('?').to_ascii_uppercase().to_string();
    let (letter, byte, bit, power) =
        UNITS.iter().find(|(known, ..)| *known == letter).ok_or_else(no)?;
    if unit.len() > 1 {
        let (word, base) = if bits { (bit, "b") } else { (byte, "B") };
        let short = if *power == 0 { base.to_owned() } else { format!("{letter}{base}") };
        if unit.to_lowercase() != *word && unit != short {
            return Err(no());
        }
    }
    whole((number * 1024_f64.powi(*power)).round_ties_even())
}

/// Jinja's own: powers of a thousand, or of 1024 with other names.
fn file_size(call: &Arguments<'_>) -> Result<Value, Error> {
    let binary = call.flag("binary", false)?;
    let size = match call.input.as_str() {
        Some(text) => text.trim().parse().map_err(|_| refuse("no size"))?,
        None => Number::of(&call.input).ok_or_else(|| refuse("no size"))?.float(),
    };
    let (base, unit) = if binary { (1024.0, "iB") } else { (1000.0, "B") };
    if size < base {
        let whole = size.trunc().to_string();
        let unit = if whole == "1" { "Byte" } else { "Bytes" };
        return Ok(Value::from(format!("{whole} {unit}")));
    }
    let letters = if binary { "KMGTPEZY" } else { "kMGTPEZY" };
    let mut limit = base;
    for (at, letter) in letters.chars().enumerate() {
        if size < limit * base || at + 1 == letters.len() {
            return Ok(Value::from(format!("{:.1} {letter}{unit}", size / limit)));
        }
        limit *= base;
    }
    Ok(call.input.clone())
}
