//! Values that are found again without comparing each with each.

use crate::template::numbers::{Number, whole};
use crate::template::operators::equal;
use crate::template::value::{entries, is_list, is_map, items};
use minijinja::Value;
use minijinja::value::ValueKind;
use std::collections::{BTreeMap, HashSet};

/// A value that is the same whenever two values are equal as Python sees it.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Plain {
    Nothing,
    Integer(i128),
    /// A number with a fraction, by its bits.
    Float(u64),
    Text(String),
    List(Vec<Plain>),
    Tuple(Vec<Plain>),
    Map(BTreeMap<Plain, Plain>),
}

impl Plain {
    /// `None` for what equals nothing, not even itself, and for what is no data.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value.kind() {
            ValueKind::None => Some(Self::Nothing),
            ValueKind::String => value.as_str().map(|text| Self::Text(text.to_owned())),
            ValueKind::Bool | ValueKind::Number => match Number::of(value)? {
                Number::Integer(number) => Some(Self::Integer(number)),
                Number::Float(number) if number.is_nan() => None,
                Number::Float(number) if number.fract() == 0.0 => whole(number)
                    .ok()
                    .and_then(|whole| i128::try_from(whole).ok())
                    .map(Self::Integer)
                    .or(Some(Self::Float(number.to_bits()))),
                Number::Float(number) => Some(Self::Float(number.to_bits())),
            },
            _ if is_list(value) => {
                let parts = items(value).ok()?.iter().map(Self::of).collect::<Option<_>>()?;
                Some(if value.is_tuple() { Self::Tuple(parts) } else { Self::List(parts) })
            }
            _ if is_map(value) => {
                let entries = entries(value, "==").ok()?;
                let pair = |(key, item)| Some((Self::of(&key)?, Self::of(&item)?));
                entries.into_iter().map(pair).collect::<Option<_>>().map(Self::Map)
            }
            _ => None,
        }
    }
}

/// Values that were met.
#[derive(Default)]
pub(super) struct Seen {
    plain: HashSet<Plain>,
    others: Vec<Value>,
}

impl Seen {
    /// Whether the value is there.
    pub(super) fn holds(&self, value: &Value) -> bool {
        match Plain::of(value) {
            Some(plain) => self.plain.contains(&plain),
            None => self.others.iter().any(|known| equal(known, value)),
        }
    }

    /// Whether the value is new; it is there from now on.
    pub(super) fn add(&mut self, value: &Value) -> bool {
        let Some(plain) = Plain::of(value) else {
            let new = !self.holds(value);
            if new {
                self.others.push(value.clone());
            }
            return new;
        };
        self.plain.insert(plain)
    }
}

impl<'a> FromIterator<&'a Value> for Seen {
    fn from_iter<T: IntoIterator<Item = &'a Value>>(values: T) -> Self {
        let mut seen = Self::default();
        for value in values {
            seen.add(value);
        }
        seen
    }
}
