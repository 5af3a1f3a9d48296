//! Numbers in a row: `start=1 end=5 format=host%02d`, or short `1-5:host%02d`.

use super::Asked;
use crate::template::filters::compile;
use crate::template::printf;
use crate::template::value::refuse;
use minijinja::{Error, Value};

/// More than any loop needs.
const LONGEST: i128 = 1_000_000;

#[derive(Clone)]
struct Row {
    start: i64,
    end: Option<i64>,
    count: Option<i64>,
    stride: i64,
    format: String,
}

pub(super) fn sequence(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let mut given = Row { start: 1, end: None, count: None, stride: 1, format: "%d".to_owned() };
    for (name, value) in &asked.options {
        given.set(name, &value.to_string())?;
    }
    let mut terms = asked.texts()?;
    if terms.is_empty() && !asked.options.is_empty() {
        terms.push(String::new());
    }
    let mut found = Vec::new();
    for term in &terms {
        let mut row = given.clone();
        row.read(term)?;
        found.extend(row.texts()?.into_iter().map(Value::from));
    }
    Ok(found)
}

fn number(text: &str) -> Result<i64, Error> {
    text.parse().map_err(|_| refuse(format!("`{text}` is no number")))
}

impl Row {
    fn set(&mut self, name: &str, text: &str) -> Result<(), Error> {
        match name {
            "start" => self.start = number(text)?,
            "end" => self.end = Some(number(text)?),
            "count" => self.count = Some(number(text)?),
            "stride" => self.stride = number(text)?,
            "format" => text.clone_into(&mut self.format),
            other => return Err(refuse(format!("`sequence` has no option `{other}`"))),
        }
        Ok(())
    }

    fn read(&mut self, term: &str) -> Result<(), Error> {
        let short = compile(
            r"^(?:(0?x?[0-9a-f]+)\s*-\s*)?(0?x?[0-9a-f]+)(?:\s*/\s*(\d+))?(?::(.+))?$",
            true,
            false,
        )?;
        let found = short.captures(term).map_err(|error| refuse(error.to_string()))?;
        let Some(found) = found else {
            for part in term.split_whitespace() {
                let (name, text) = part
                    .split_once('=')
                    .ok_or_else(|| refuse(format!("`{part}` should be `name=value`")))?;
                self.set(name, text.trim_matches(['"', '\'']))?;
            }
            return Ok(());
        };
        for (group, name) in [(1, "start"), (2, "end"), (3, "stride"), (4, "format")] {
            if let Some(text) = found.get(group) {
                self.set(name, text.as_str())?;
            }
        }
        Ok(())
    }

    fn texts(&self) -> Result<Vec<String>, Error> {
        let end = match (self.end, self.count) {
            (None, None) => return Err(refuse("`sequence` needs `end` or `count`")),
            (Some(_), Some(_)) => {
                return Err(refuse("`sequence` takes `end` or `count`, not both"));
            }
            (None, Some(0)) => return Ok(Vec::new()),
            (None, Some(count)) => count
                .checked_mul(self.stride)
                .and_then(|length| self.start.checked_add(length)?.checked_sub(1))
                .ok_or_else(|| refuse("the end of the sequence does not fit into 64 bits"))?,
            (Some(end), None) => end,
        };
        match self.stride {
            0 => return Ok(Vec::new()),
            stride if stride > 0 && end < self.start => {
                return Err(refuse("to count backwards make `stride` negative"));
            }
            stride if stride < 0 && end > self.start => {
                return Err(refuse("to count forwards make `stride` positive"));
            }
            _ => {}
        }
        if self.format.matches('%').count() != 1 {
            return Err(refuse(format!("`format` needs one `%`: `{}`", self.format)));
        }
        let length = (i128::from(end) - i128::from(self.start)) / i128::from(self.stride);
        if length > LONGEST {
            return Err(refuse(format!("a sequence may have at most {LONGEST} items")));
        }
        let mut texts = Vec::new();
        let mut at = self.start;
        while if self.stride > 0 { at <= end } else { at >= end } {
            texts.push(printf::format(&self.format, &Value::from(at))?);
            let Some(next) = at.checked_add(self.stride) else { break };
            at = next;
        }
        Ok(texts)
    }
}
