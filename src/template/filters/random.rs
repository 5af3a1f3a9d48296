//! Chance, and with a seed Python's own.

use super::seeded::Seeded;
use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::numbers::Number;
use crate::template::value::{is_list, list, refuse, type_name};
use minijinja::{Error, Value};

pub(super) const FILTERS: &[Plugin] = &[
    plugin("random", &["start?", "step?", "seed?"], random),
    plugin("shuffle", &["seed?"], |call| {
        let mut source = Source::of(call)?;
        let mut items = call.input_items()?;
        for at in (1..items.len()).rev() {
            items.swap(at, source.below(at + 1)?);
        }
        Ok(list(items))
    }),
];

/// Where numbers come from.
enum Source {
    System,
    Seeded(Box<Seeded>),
}

impl Source {
    fn of(call: &Arguments<'_>) -> Result<Self, Error> {
        let Some(seed) = call.some("seed") else { return Ok(Self::System) };
        let seeded = match (seed.as_str(), Number::of(seed)) {
            (Some(text), _) => Seeded::with_text(text),
            (None, Some(Number::Integer(number))) => Seeded::with_integer(number),
            _ => {
                let found = type_name(seed);
                return Err(refuse(format!("`seed` must be text or an integer, not `{found}`")));
            }
        };
        Ok(Self::Seeded(Box::new(seeded)))
    }

    /// A number below `end`, each as likely as the others.
    fn below(&mut self, end: usize) -> Result<usize, Error> {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        let drawn = match self {
            Self::Seeded(seeded) => seeded.below(end),
            Self::System => system(end)?,
        };
        usize::try_from(drawn).map_err(|error| refuse(error.to_string()))
    }
}

fn system(end: u64) -> Result<u64, Error> {
    // What lies in the last, incomplete stretch is drawn again.
    let fair = u64::MAX - u64::MAX % end;
    loop {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(|error| refuse(error.to_string()))?;
        let drawn = u64::from_le_bytes(bytes);
        if drawn < fair {
            return Ok(drawn % end);
        }
    }
}

fn random(call: &Arguments<'_>) -> Result<Value, Error> {
    let mut source = Source::of(call)?;
    if is_list(&call.input) || call.input.as_str().is_some() {
        if call.some("start").is_some() || call.some("step").is_some() {
            return Err(refuse("`start` and `step` of `random` are for numbers"));
        }
        let items = call.input_items()?;
        if items.is_empty() {
            return Err(refuse("there is nothing to choose from"));
        }
        return Ok(items.get(source.below(items.len())?).cloned().unwrap_or_default());
    }
    let Some(Number::Integer(end)) = Number::of(&call.input) else {
        return Err(refuse("`random` takes a number or a list"));
    };
    let start = i128::from(call.integer("start")?.unwrap_or(0));
    let step = i128::from(call.integer("step")?.filter(|step| *step != 0).unwrap_or(1));
    let count = (end - start + step - step.signum()).div_euclid(step);
    let count = usize::try_from(count).unwrap_or(0);
    if count == 0 {
        return Err(refuse("there is no number to choose from"));
    }
    let drawn = i128::try_from(source.below(count)?).map_err(|error| refuse(error.to_string()))?;
    Ok(Value::from(Number::Integer(start + drawn * step)))
}
