//! Chance. With a seed Python's generator would have to be followed; that is refused.

use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::numbers::Number;
use crate::template::value::{is_list, list, refuse};
use minijinja::{Error, Value};

pub(super) const FILTERS: &[Plugin] = &[
    plugin("random", &["start?", "step?", "seed?"], random),
    plugin("shuffle", &["seed?"], |call| {
        no_seed(call)?;
        let mut items = call.input_items()?;
        for at in (1..items.len()).rev() {
            items.swap(at, below(at + 1)?);
        }
        Ok(list(items))
    }),
];

fn no_seed(call: &Arguments<'_>) -> Result<(), Error> {
    match call.some("seed") {
        Some(_) => Err(refuse(format!(
            "`{}` takes no `seed` here; derive a number instead: `('0x' ~ (inventory_hostname | hash('sha1'))[:8]) | int(base=16) % 60`",
            call.name()
        ))),
        None => Ok(()),
    }
}

/// A number below `end`, each as likely as the others.
fn below(end: usize) -> Result<usize, Error> {
    let end = u64::try_from(end).unwrap_or(u64::MAX);
    // What lies in the last, incomplete stretch is drawn again.
    let fair = u64::MAX - u64::MAX % end.max(1);
    loop {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(|error| refuse(error.to_string()))?;
        let drawn = u64::from_le_bytes(bytes);
        if drawn < fair {
            return usize::try_from(drawn % end.max(1)).map_err(|error| refuse(error.to_string()));
        }
    }
}

fn random(call: &Arguments<'_>) -> Result<Value, Error> {
    no_seed(call)?;
    if is_list(&call.input) || call.input.as_str().is_some() {
        if call.some("start").is_some() || call.some("step").is_some() {
            return Err(refuse("`start` and `step` of `random` are for numbers"));
        }
        let items = call.input_items()?;
        if items.is_empty() {
            return Err(refuse("there is nothing to choose from"));
        }
        return Ok(items.get(below(items.len())?).cloned().unwrap_or_default());
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
    let drawn = i128::try_from(below(count)?).map_err(|error| refuse(error.to_string()))?;
    Ok(Value::from(Number::Integer(start + drawn * step)))
}
