//! `'%s-%02d' % (a, b)` and `'{0}'.format(a)`: text with places for values.

use super::call::Call;
use super::limits::fits;
use super::numbers::Number;
use super::python::{float_text, python_repr, python_text};
use super::value::{entry, is_list, is_map, items, refuse, type_name};
use minijinja::formatting::{FormatStyle, format as engine_format};
use minijinja::{Error, Value};

/// Wider fields are a mistake or an attack.
const WIDEST: usize = 100_000;

/// Rust's formatting knows no more digits behind the point.
const MOST_PRECISE: usize = 60_000;

/// Python's `%` on text: the values are one value, a tuple of them, or a mapping.
pub(super) fn format(text: &str, values: &Value) -> Result<String, Error> {
    let list = if values.is_tuple() { items(values)? } else { vec![values.clone()] };
    let map = is_map(values).then_some(values);
    let (out, used) = fill(text, &list, map)?;
    if used < list.len() && map.is_none() && !(is_list(values) && !values.is_tuple() && used > 0) {
        return Err(refuse("not all values were used in the text"));
    }
    Ok(out)
}

fn fill(text: &str, list: &[Value], map: Option<&Value>) -> Result<(String, usize), Error> {
    let mut out = String::new();
    let mut rest = text;
    let mut next = 0;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let mut place = Place::read(after)?;
        rest = place.rest;
        if place.kind == '%' {
            out.push('%');
            continue;
        }
        let mut take = || {
            let value = list.get(next).cloned();
            next += 1;
            value.ok_or_else(|| refuse("there are too few values for the text"))
        };
        if place.width_given_as_value {
            place.width = width(&take()?)?;
        }
        let value = match (&place.key, map) {
            (Some(key), Some(map)) => entry(map, &Value::from(key.as_str()))
                .ok_or_else(|| refuse(format!("there is no value `{key}` for the text")))?,
            (Some(_), None) => return Err(refuse("`%(name)s` takes a mapping")),
            (None, _) => take()?,
        };
        out.push_str(&place.show(&value)?);
        fits(out.len())?;
    }
    out.push_str(rest);
    Ok((out, next))
}

fn too_wide() -> Error {
    refuse("the field is too wide")
}

fn width(value: &Value) -> Result<usize, Error> {
    let width = value.as_usize().ok_or_else(|| refuse("`*` takes a number"))?;
    if width > WIDEST { Err(too_wide()) } else { Ok(width) }
}

/// One `%…` in a text.
struct Place<'a> {
    key: Option<String>,
    flags: &'a str,
    width: usize,
    width_given_as_value: bool,
    precision: Option<usize>,
    kind: char,
    rest: &'a str,
}

impl<'a> Place<'a> {
    fn read(text: &'a str) -> Result<Self, Error> {
        let (key, text) = match text.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            Some((key, rest)) => (Some(key.to_owned()), rest),
            None => (None, text),
        };
        let (flags, text) = split_while(text, |c| "-+ #0".contains(c));
        let (width_given_as_value, text) =
            text.strip_prefix('*').map_or((false, text), |rest| (true, rest));
        let (digits, text) = split_while(text, |c| c.is_ascii_digit());
        let (precision, text) = match text.strip_prefix('.') {
            Some(rest) => {
                let (digits, rest) = split_while(rest, |c| c.is_ascii_digit());
                (Some(digits.parse().unwrap_or(0)), rest)
            }
            None => (None, text),
        };
        let text = text.trim_start_matches(['h', 'l', 'L']);
        let kind = text.chars().next().ok_or_else(|| refuse("the text ends after `%`"))?;
        let rest = text.get(kind.len_utf8()..).unwrap_or_default();
        let width: usize = digits.parse().unwrap_or(0);
        if width > WIDEST || precision.is_some_and(|precision: usize| precision > MOST_PRECISE) {
            return Err(too_wide());
        }
        Ok(Self { key, flags, width, width_given_as_value, precision, kind, rest })
    }

    fn show(&self, value: &Value) -> Result<String, Error> {
        let (sign, body) = match self.kind {
            's' => ("", self.cut(python_text(value)?)),
            'r' | 'a' => ("", self.cut(python_repr(value)?)),
            'c' => ("", self.character(value)?),
            'd' | 'i' | 'u' => self.integer(value)?,
            'x' | 'X' | 'o' => self.based(value)?,
            'f' | 'F' | 'e' | 'E' | 'g' | 'G' => self.float(value)?,
            other => return Err(refuse(format!("`%{other}` is no format"))),
        };
        Ok(self.pad(sign, &body))
    }

    fn cut(&self, text: String) -> String {
        match self.precision {
            Some(most) => text.chars().take(most).collect(),
            None => text,
        }
    }

    #[expect(clippy::unused_self, reason = "one of a row of formats")]
    fn character(&self, value: &Value) -> Result<String, Error> {
        let code = value.as_usize().and_then(|code| u32::try_from(code).ok());
        match (code.and_then(char::from_u32), value.as_str()) {
            (Some(character), _) => Ok(character.to_string()),
            (None, Some(text)) if text.chars().count() == 1 => Ok(text.to_owned()),
            _ => Err(refuse("`%c` takes one character")),
        }
    }

    fn number(&self, value: &Value) -> Result<Number, Error> {
        Number::of(value).ok_or_else(|| {
            refuse(format!("`%{}` takes a number, not `{}`", self.kind, type_name(value)))
        })
    }

    fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.flags.contains('+'), self.flags.contains(' ')) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            _ => "",
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "Python's int cuts the fraction off")]
    fn integer(&self, value: &Value) -> Result<(&'static str, String), Error> {
        let number = match self.number(value)? {
            Number::Integer(number) => number,
            Number::Float(number) => number.trunc() as i128,
        };
        let digits = number.unsigned_abs().to_string();
        let zeros = self.precision.unwrap_or(0).saturating_sub(digits.len());
        Ok((self.sign(number < 0), format!("{}{digits}", "0".repeat(zeros))))
    }

    fn based(&self, value: &Value) -> Result<(&'static str, String), Error> {
        let Number::Integer(number) = self.number(value)? else {
            return Err(refuse(format!("`%{}` takes an integer", self.kind)));
        };
        let size = number.unsigned_abs();
        let alternate = self.flags.contains('#');
        let body = match self.kind {
            'x' => format!("{}{size:x}", if alternate { "0x" } else { "" }),
            'X' => format!("{}{size:X}", if alternate { "0X" } else { "" }),
            _ => format!("{}{size:o}", if alternate { "0o" } else { "" }),
        };
        Ok((self.sign(number < 0), body))
    }

    fn float(&self, value: &Value) -> Result<(&'static str, String), Error> {
        let number = self.number(value)?.float();
        let precision = self.precision.unwrap_or(6);
        let size = number.abs();
        let body = match self.kind.to_ascii_lowercase() {
            'f' => format!("{size:.precision$}"),
            'e' => exponent(&format!("{size:.precision$e}")),
            _ => general(size, precision.max(1)),
        };
        let body = if self.kind.is_uppercase() { body.to_uppercase() } else { body };
        Ok((self.sign(number.is_sign_negative() && !number.is_nan()), body))
    }

    fn pad(&self, sign: &str, body: &str) -> String {
        let blanks = self.width.saturating_sub(sign.len() + body.chars().count());
        let numeric = !matches!(self.kind, 's' | 'r' | 'a' | 'c');
        if self.flags.contains('-') {
            format!("{sign}{body}{}", " ".repeat(blanks))
        } else if self.flags.contains('0') && numeric {
            format!("{sign}{}{body}", "0".repeat(blanks))
        } else {
            format!("{}{sign}{body}", " ".repeat(blanks))
        }
    }
}

fn split_while(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !keep(c)).unwrap_or(text.len()))
}

/// `1.5e3` as Python writes it: `1.5e+03`.
fn exponent(text: &str) -> String {
    let Some((digits, exponent)) = text.split_once('e') else { return text.to_owned() };
    let (sign, size) = exponent.strip_prefix('-').map_or(('+', exponent), |size| ('-', size));
    format!("{digits}e{sign}{size:0>2}")
}

fn general(number: f64, precision: usize) -> String {
    let scientific = format!("{number:.*e}", precision - 1);
    let power: i32 =
        scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    let precision_i32 = i32::try_from(precision).unwrap_or(i32::MAX);
    let strip = |text: &str| {
        let stripped = text.trim_end_matches('0').trim_end_matches('.');
        if text.contains('.') { stripped.to_owned() } else { text.to_owned() }
    };
    if number == 0.0 {
        return "0".to_owned();
    }
    if power < -4 || power >= precision_i32 {
        let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        return exponent(&format!("{}e{power}", strip(digits)));
    }
    let decimals = usize::try_from(precision_i32 - 1 - power).unwrap_or(0);
    strip(&format!("{number:.decimals$}"))
}

/// Python's `str.format`.
pub(super) fn braces(text: &str, call: &Call) -> Result<String, Error> {
    not_too_wide(text)?;
    let mut arguments: Vec<Value> =
        call.positional.iter().map(printable).collect::<Result<_, _>>()?;
    if !call.named.is_empty() {
        let named = call
            .named
            .iter()
            .map(|(name, value)| printable(value).map(|value| (name.clone(), value)))
            .collect::<Result<minijinja::value::Kwargs, _>>()?;
        arguments.push(Value::from(named));
    }
    engine_format(FormatStyle::StrFormat, text, &arguments)
}

/// The engine makes fields as wide as they are asked for.
fn not_too_wide(text: &str) -> Result<(), Error> {
    for part in text.split('{').skip(1) {
        let Some((_, form)) = part.split('}').next().and_then(|inside| inside.split_once(':'))
        else {
            continue;
        };
        let mut numbers = form.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
        if !numbers.all(|number| number.parse().is_ok_and(|width: usize| width <= MOST_PRECISE)) {
            return Err(too_wide());
        }
    }
    Ok(())
}

/// Numbers stay, so that they can be formatted; what only can be printed is printed as in Python.
fn printable(value: &Value) -> Result<Value, Error> {
    match Number::of(value) {
        Some(Number::Float(number)) if number.fract() == 0.0 => {
            Ok(if number.abs() >= 1e16 { Value::from(float_text(number)) } else { value.clone() })
        }
        Some(_) if value.is_number() => Ok(value.clone()),
        _ if is_map(value) => Ok(value.clone()),
        _ => python_text(value).map(Value::from),
    }
}
