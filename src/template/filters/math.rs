//! Filters on numbers.

use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::numbers::{Number, too_big};
use crate::template::value::{refuse, type_name};
use minijinja::{Error, Value};

pub(super) const FILTERS: &[Plugin] = &[
    plugin("abs", &[], |call| match input(call)? {
        Number::Integer(number) => {
            let size = number.checked_abs().ok_or_else(too_big)?;
            Ok(Value::from(Number::Integer(size)))
        }
        Number::Float(number) => Ok(Value::from(number.abs())),
    }),
    plugin("log", &["base?"], logarithm),
    plugin("pow", &["y"], |call| {
        let power = argument(call, "y")?.ok_or_else(|| refuse("`pow` needs a power"))?;
        finite(input(call)?.float().powf(power))
    }),
    plugin("root", &["base?"], |call| {
        let number = input(call)?.float();
        let base = argument(call, "base")?.unwrap_or(2.0);
        finite(if is(base, 2.0) { number.sqrt() } else { number.powf(1.0 / base) })
    }),
    plugin("round", &["precision?", "method?"], round),
];

/// Whether two numbers are the same.
#[expect(clippy::float_cmp, reason = "Python asks so, too")]
fn is(number: f64, other: f64) -> bool {
    number == other
}

fn logarithm(call: &Arguments<'_>) -> Result<Value, Error> {
    let base = argument(call, "base")?.unwrap_or(std::f64::consts::E);
    let number = input(call)?.float();
    if number <= 0.0 || base <= 0.0 || is(base, 1.0) {
        return Err(refuse("there is no such logarithm"));
    }
    let log = match base {
        base if is(base, 10.0) => number.log10(),
        base => number.ln() / base.ln(),
    };
    Ok(Value::from(log))
}

fn input(call: &Arguments<'_>) -> Result<Number, Error> {
    Number::of(&call.input).ok_or_else(|| {
        let found = type_name(&call.input);
        refuse(format!("`{}` takes numbers, not `{found}`", call.name()))
    })
}

fn argument(call: &Arguments<'_>, name: &str) -> Result<Option<f64>, Error> {
    let Some(value) = call.some(name) else { return Ok(None) };
    let number = Number::of(value).map(Number::float);
    number.map(Some).ok_or_else(|| refuse(format!("`{name}` must be a number")))
}

fn finite(number: f64) -> Result<Value, Error> {
    if number.is_finite() {
        return Ok(Value::from(number));
    }
    Err(refuse("the result is no number"))
}

/// Jinja's `round`: always a float, halves to the even digit as Python does.
fn round(call: &Arguments<'_>) -> Result<Value, Error> {
    let precision = call.integer("precision")?.unwrap_or(0).clamp(-300, 300);
    let method = call.some_text("method")?.unwrap_or_else(|| "common".to_owned());
    let number = input(call)?;
    let power = i32::try_from(precision).unwrap_or(0);
    let rounded = match method.as_str() {
        "ceil" => (number.float() * 10_f64.powi(power)).ceil() / 10_f64.powi(power),
        "floor" => (number.float() * 10_f64.powi(power)).floor() / 10_f64.powi(power),
        "common" => return common(number, power),
        other => {
            return Err(refuse(format!("`method` must be common, ceil or floor, not `{other}`")));
        }
    };
    Ok(Value::from(rounded))
}

fn common(number: Number, precision: i32) -> Result<Value, Error> {
    Ok(match number {
        Number::Integer(_) if precision >= 0 => Value::from(number),
        Number::Integer(integer) => {
            let Some(unit) = 10_i128.checked_pow(precision.unsigned_abs()) else {
                return Ok(Value::from(0));
            };
            let (half, rest) = (unit / 2, integer.rem_euclid(unit));
            let down = integer.checked_sub(rest).ok_or_else(too_big)?;
            let up = rest > half || (rest == half && (down / unit) % 2 != 0);
            let rounded = if up { down.checked_add(unit).ok_or_else(too_big)? } else { down };
            Value::from(Number::Integer(rounded))
        }
        Number::Float(float) if precision >= 0 => {
            // The shortest way to the nearest decimal; Rust's formatting rounds exactly.
            let places = usize::try_from(precision).unwrap_or(0);
            let text = format!("{float:.places$}");
            Value::from(text.parse::<f64>().unwrap_or(float))
        }
        Number::Float(float) => {
            let unit = 10_f64.powi(-precision);
            Value::from((float / unit).round_ties_even() * unit)
        }
    })
}
