//! Times.

use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::datetime::{Moment, from_seconds, strftime};
use crate::template::numbers::Number;
use crate::template::value::refuse;
use jiff::Timestamp;
use minijinja::{Error, Value};

pub(super) const FILTERS: &[Plugin] = &[
    plugin("strftime", &["second?", "utc?"], format_time),
    plugin("to_datetime", &["format?"], |call| {
        let format = call.some_text("format")?.unwrap_or_else(|| "%Y-%m-%d %H:%M:%S".to_owned());
        Ok(Value::from_object(Moment::parse(call.input_str()?, &format)?))
    }),
];

/// `'%Y' | strftime(seconds)`: the input is the format.
fn format_time(call: &Arguments<'_>) -> Result<Value, Error> {
    let seconds = match call.some("second") {
        None => {
            let now = Timestamp::now();
            Number::Integer(now.as_second().into()).float()
        }
        Some(second) => match (Number::of(second), second.as_str()) {
            (Some(number), _) => number.float(),
            (None, Some(text)) => {
                text.trim().parse().map_err(|_| refuse(format!("`{text}` is no time")))?
            }
            (None, None) => return Err(refuse("`second` must be a number")),
        },
    };
    let moment = from_seconds(seconds, call.flag("utc", false)?)?;
    strftime(&moment, call.input_str()?).map(Value::from)
}
