//! Numbers as Python computes them. Integers have 128 bits; beyond that is an error, never a wrong
//! result.

use super::value::refuse;
use minijinja::value::ValueKind;
use minijinja::{Error, Value};
use std::cmp::Ordering;

/// A number; booleans count as 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Integer(i128),
    Float(f64),
}

use Number::{Float, Integer};

impl Number {
    /// The number that the value is.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value.kind() {
            ValueKind::Bool => Some(Integer(i128::from(value.is_true()))),
            ValueKind::Number if value.is_integer() => {
                i128::try_from(value.clone()).ok().map(Integer)
            }
            ValueKind::Number => f64::try_from(value.clone()).ok().map(Float),
            _ => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "Python rounds as well")]
    pub(super) fn float(self) -> f64 {
        match self {
            Integer(number) => number as f64,
            Float(number) => number,
        }
    }

    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Integer(left), Integer(right)) => Some(left.cmp(&right)),
            _ => self.float().partial_cmp(&other.float()),
        }
    }

    fn with(
        self,
        other: Self,
        integers: impl Fn(i128, i128) -> Option<i128>,
        floats: impl Fn(f64, f64) -> f64,
    ) -> Result<Self, Error> {
        match (self, other) {
            (Integer(left), Integer(right)) => {
                integers(left, right).map(Integer).ok_or_else(too_big)
            }
            _ => Ok(Float(floats(self.float(), other.float()))),
        }
    }

    pub(super) fn add(self, other: Self) -> Result<Self, Error> {
        self.with(other, i128::checked_add, |left, right| left + right)
    }

    pub(super) fn subtract(self, other: Self) -> Result<Self, Error> {
        self.with(other, i128::checked_sub, |left, right| left - right)
    }

    pub(super) fn multiply(self, other: Self) -> Result<Self, Error> {
        self.with(other, i128::checked_mul, |left, right| left * right)
    }

    pub(super) fn divide(self, other: Self) -> Result<Self, Error> {
        other.not_zero()?;
        Ok(Float(self.float() / other.float()))
    }

    /// Rounded down, as Python's `//`.
    pub(super) fn floor_divide(self, other: Self) -> Result<Self, Error> {
        other.not_zero()?;
        self.with(
            other,
            |left, right| {
                let quotient = left.checked_div(right)?;
                let exact = left % right == 0 || (left < 0) == (right < 0);
                Some(if exact { quotient } else { quotient - 1 })
            },
            |left, right| (left / right).floor(),
        )
    }

    /// The remainder with the sign of the divisor, as Python's `%`.
    pub(super) fn modulo(self, other: Self) -> Result<Self, Error> {
        other.not_zero()?;
        self.with(
            other,
            |left, right| {
                let rest = left.checked_rem(right)?;
                Some(if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest })
            },
            |left, right| {
                let rest = left % right;
                if rest != 0.0 && (rest < 0.0) != (right < 0.0) { rest + right } else { rest }
            },
        )
    }

    pub(super) fn power(self, other: Self) -> Result<Self, Error> {
        match (self, other) {
            (Integer(base), Integer(exponent)) if exponent >= 0 => {
                let exponent = u32::try_from(exponent).map_err(|_| too_big())?;
                base.checked_pow(exponent).map(Integer).ok_or_else(too_big)
            }
            (base, exponent) => {
                if base.float() == 0.0 {
                    exponent_of_zero(exponent)?;
                }
                Ok(Float(base.float().powf(exponent.float())))
            }
        }
    }

    pub(super) fn negate(self) -> Result<Self, Error> {
        match self {
            Integer(number) => number.checked_neg().map(Integer).ok_or_else(too_big),
            Float(number) => Ok(Float(-number)),
        }
    }

    fn not_zero(self) -> Result<(), Error> {
        if self.float() == 0.0 { Err(refuse("division by zero")) } else { Ok(()) }
    }
}

fn exponent_of_zero(exponent: Number) -> Result<(), Error> {
    if exponent.float() < 0.0 {
        return Err(refuse("zero has no negative power"));
    }
    Ok(())
}

pub(super) fn too_big() -> Error {
    refuse("the number does not fit into 128 bits")
}

/// A float as an integer, its fraction cut off.
#[expect(clippy::cast_possible_truncation, reason = "it is in range")]
pub(super) fn whole(number: f64) -> Result<Value, Error> {
    if number.is_finite() && number.abs() < 1e38 {
        return Ok(Value::from(Integer(number.trunc() as i128)));
    }
    Err(refuse(format!("`{number}` is no integer")))
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        match number {
            Integer(integer) => match i64::try_from(integer) {
                Ok(small) => Self::from(small),
                Err(_) => Self::from(integer),
            },
            Float(number) => Self::from(number),
        }
    }
}
