//! The host's clock.

use super::{Facts, object};
use crate::modules::seen::Seen;
use serde_json::json;

pub(super) fn facts(seen: &Seen) -> Facts {
    let mut lines = seen.lines("date");
    let now: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
    let part = |index: usize| now.get(index).copied().unwrap_or_default();
    let (year, month, day) = (part(0), part(1), part(5));
    let (hour, minute, second) = (part(6), part(7), part(8));
    let (epoch, zone, offset) = (part(9), part(10), part(11));
    // A `date` without nanoseconds prints none, or its own format.
    let fraction = part(12).get(..6).filter(|digits| digits.parse::<u32>().is_ok());
    let fraction = fraction.unwrap_or("000000");
    let utc = epoch.parse().ok().and_then(|epoch| jiff::Timestamp::from_second(epoch).ok());
    let utc = utc.map(|utc| utc.strftime("%Y-%m-%dT%H:%M:%S").to_string()).unwrap_or_default();
    let halves: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(' ')).collect();
    let date_time = json!({
        "year": year,
        "month": month,
        "weekday": part(2),
        "weekday_number": part(3),
        "weeknumber": part(4),
        "day": day,
        "hour": hour,
        "minute": minute,
        "second": second,
        "epoch": epoch,
        "epoch_int": epoch,
        "date": format!("{year}-{month}-{day}"),
        "time": format!("{hour}:{minute}:{second}"),
        "iso8601_micro": format!("{utc}.{fraction}Z"),
        "iso8601": format!("{utc}Z"),
        "iso8601_basic": format!("{year}{month}{day}T{hour}{minute}{second}{fraction}"),
        "iso8601_basic_short": format!("{year}{month}{day}T{hour}{minute}{second}"),
        "tz": zone,
        "tz_dst": summer_name(&halves).unwrap_or(zone),
        "tz_offset": offset,
    });
    object(json!({ "date_time": date_time }))
}

/// The name of the time zone in summer, of its names in the two halves of the year: the one that
/// is further east.
fn summer_name<'a>(halves: &[(&'a str, &str)]) -> Option<&'a str> {
    let [(january, its), (july, other)] = halves else { return None };
    let minutes = |offset: &str| offset.parse::<i32>().unwrap_or_default();
    Some(if minutes(its) > minutes(other) { january } else { july })
}
