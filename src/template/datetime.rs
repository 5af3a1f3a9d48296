//! Moments and spans of time, as `now()` and `to_datetime` give them.

use super::numbers::Number;
use super::value::refuse;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};
use minijinja::value::{Object, ObjectRepr};
use minijinja::{Error, Value};
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// A moment without a time zone, Python's `datetime`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(pub(super) DateTime);

/// What lies between two moments, in microseconds: Python's `timedelta`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span(pub(super) i128);

const SECOND: i128 = 1_000_000;
const DAY: i128 = 86_400 * SECOND;

impl Moment {
    /// The moment of now, here or in UTC.
    pub(super) fn now(utc: bool) -> Self {
        let zone = if utc { TimeZone::UTC } else { TimeZone::system() };
        Self(Timestamp::now().to_zoned(zone).datetime())
    }

    /// As `strftime` writes it.
    pub(super) fn format(self, format: &str) -> Result<String, Error> {
        strftime(&self.zoned()?, format)
    }

    /// As `strptime` reads it.
    pub(super) fn parse(text: &str, format: &str) -> Result<Self, Error> {
        let no = |error: jiff::Error| refuse(format!("`{text}` is not like `{format}`: {error}"));
        let parsed = jiff::fmt::strtime::parse(format, text).map_err(no)?;
        if let Ok(moment) = parsed.to_datetime() {
            return Ok(Self(moment));
        }
        let date = parsed.to_date().map_err(no)?;
        Ok(Self(date.at(0, 0, 0, 0)))
    }

    fn zoned(self) -> Result<Zoned, Error> {
        self.0.to_zoned(TimeZone::system()).map_err(|error| refuse(error.to_string()))
    }

    fn microseconds(self) -> i128 {
        let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        self.0.duration_since(epoch).as_micros()
    }

    fn iso(self) -> String {
        let micros = self.0.subsec_nanosecond() / 1000;
        let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
        format!("{}{fraction}", self.0.strftime("%Y-%m-%dT%H:%M:%S"))
    }

    /// An attribute that is a number.
    fn part(self, name: &str) -> Option<i64> {
        let moment = self.0;
        Some(match name {
            "year" => moment.year().into(),
            "month" => moment.month().into(),
            "day" => moment.day().into(),
            "hour" => moment.hour().into(),
            "minute" => moment.minute().into(),
            "second" => moment.second().into(),
            "microsecond" => i64::from(moment.subsec_nanosecond() / 1000),
            _ => return None,
        })
    }
}

/// `strftime` of a moment in its zone.
pub(super) fn strftime(moment: &Zoned, format: &str) -> Result<String, Error> {
    jiff::fmt::strtime::format(format, moment)
        .map_err(|error| refuse(format!("`{format}` is no time format: {error}")))
}

/// The zoned moment of seconds since 1970.
pub(super) fn from_seconds(seconds: f64, utc: bool) -> Result<Zoned, Error> {
    let zone = if utc { TimeZone::UTC } else { TimeZone::system() };
    let span = std::time::Duration::try_from_secs_f64(seconds.abs())
        .map_err(|error| refuse(error.to_string()))?;
    let span = jiff::SignedDuration::try_from(span).map_err(|error| refuse(error.to_string()))?;
    let span = if seconds < 0.0 { -span } else { span };
    Timestamp::from_duration(span)
        .map(|moment| moment.to_zoned(zone))
        .map_err(|error| refuse(error.to_string()))
}

/// Whether the value is a moment or a span.
pub(super) fn is_time(value: &Value) -> bool {
    value.downcast_object_ref::<Moment>().is_some() || value.downcast_object_ref::<Span>().is_some()
}

/// The order of two moments or two spans.
pub(super) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    let moments = (left.downcast_object_ref::<Moment>(), right.downcast_object_ref::<Moment>());
    let spans = (left.downcast_object_ref::<Span>(), right.downcast_object_ref::<Span>());
    match (moments, spans) {
        ((Some(left), Some(right)), _) => Some(left.0.cmp(&right.0)),
        (_, (Some(left), Some(right))) => Some(left.0.cmp(&right.0)),
        _ => None,
    }
}

/// `a - b` and `a + b` of moments and spans.
pub(super) fn arithmetic(
    symbol: &str,
    left: &Value,
    right: &Value,
) -> Option<Result<Value, Error>> {
    let sign = match symbol {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let span = right.downcast_object_ref::<Span>();
    if let (Some(left), Some(right)) =
        (left.downcast_object_ref::<Moment>(), right.downcast_object_ref::<Moment>())
    {
        let between = left.microseconds() - right.microseconds();
        return (sign < 0).then(|| Ok(Value::from_object(Span(between))));
    }
    if let (Some(left), Some(span)) = (left.downcast_object_ref::<Moment>(), span) {
        let micros = i64::try_from(span.0 * sign).ok()?;
        let moved = left.0.checked_add(micros.microseconds());
        let moved = moved.map(|moment| Value::from_object(Moment(moment)));
        return Some(moved.map_err(|error| refuse(error.to_string())));
    }
    let left = left.downcast_object_ref::<Span>()?;
    Some(Ok(Value::from_object(Span(left.0 + span?.0 * sign))))
}

/// A method of a moment or a span.
pub(super) fn method(
    receiver: &Value,
    name: &str,
    arguments: &[Value],
) -> Option<Result<Value, Error>> {
    if let Some(moment) = receiver.downcast_object_ref::<Moment>() {
        let format = arguments.first().and_then(Value::as_str);
        return Some(match (name, format) {
            ("strftime", Some(format)) => moment.format(format).map(Value::from),
            ("isoformat", None) => Ok(Value::from(moment.iso())),
            ("timestamp", None) => moment.zoned().map(|zoned| {
                let micros = zoned.timestamp().as_microsecond();
                Value::from(Number::Float(Number::Integer(micros.into()).float() / 1e6))
            }),
            ("weekday", None) => Ok(Value::from(moment.0.weekday().to_monday_zero_offset())),
            ("isoweekday", None) => Ok(Value::from(moment.0.weekday().to_monday_one_offset())),
            _ => return None,
        });
    }
    let span = receiver.downcast_object_ref::<Span>()?;
    (name == "total_seconds").then(|| Ok(Value::from(Number::Integer(span.0).float() / 1e6)))
}

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.part(key.as_str()?).map(Value::from)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso().replace('T', " "))
    }
}

impl Object for Span {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let part = match key.as_str()? {
            "days" => self.0.div_euclid(DAY),
            "seconds" => self.0.rem_euclid(DAY) / SECOND,
            "microseconds" => self.0.rem_euclid(SECOND),
            _ => return None,
        };
        Some(Value::from(Number::Integer(part)))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        if days != 0 {
            let plural = if days.abs() == 1 { "" } else { "s" };
            write!(f, "{days} day{plural}, ")?;
        }
        let seconds = rest / SECOND;
        write!(f, "{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        let micros = rest % SECOND;
        if micros == 0 { Ok(()) } else { write!(f, ".{micros:06}") }
    }
}
