//! Access and modification times.

use super::super::args::wrong;
use super::super::look::Entry;
use super::super::{Args, Context, ModuleError};
use super::Step;
use jiff::fmt::strtime;

/// Ansible's default form of a time, which is that of `touch -t`.
const FORMAT: &str = "%Y%m%d%H%M.%S";

/// One of the two times.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Time {
    Preserve,
    Now,
    /// As `touch -t` takes it, in the host's time zone.
    At(String),
}

/// Both times as they are to be.
#[derive(Debug)]
pub(super) struct Times {
    modified: Time,
    accessed: Time,
}

impl Times {
    /// Reads the four arguments; a file that is touched gets the present time when they are absent.
    pub(super) fn read(args: &Args, touch: bool) -> Result<Self, ModuleError> {
        Ok(Self {
            modified: time(args, "modification_time", "modification_time_format", touch)?,
            accessed: time(args, "access_time", "access_time_format", touch)?,
        })
    }

    /// Whether both stay as they are.
    pub(super) fn preserved(&self) -> bool {
        self.modified == Time::Preserve && self.accessed == Time::Preserve
    }

    /// Commands that set them on a word of the script.
    pub(super) fn script(&self, word: &str) -> String {
        let touch = |which: &str, time: &Time| match time {
            Time::Preserve => String::new(),
            Time::Now => format!("touch -c {which} {word} || exit\n"),
            Time::At(at) => format!("touch -c {which} -t {at} {word} || exit\n"),
        };
        touch("-m", &self.modified) + &touch("-a", &self.accessed)
    }

    /// Adds to a step what differs from what is there.
    pub(super) async fn adjust(
        &self,
        context: &Context,
        step: &mut Step,
        word: &str,
        entry: &Entry,
    ) -> Result<(), ModuleError> {
        if self.preserved() {
            return Ok(());
        }
        let both =
            [("mtime", &self.modified, entry.modified), ("atime", &self.accessed, entry.accessed)];
        let mut differs = false;
        for (name, time, now) in both {
            match time {
                Time::Preserve => {}
                Time::Now => differs = true,
                Time::At(at) => {
                    let wanted = seconds(context, at).await?;
                    if (wanted - now).abs() > f64::EPSILON {
                        differs = true;
                        step.before.insert(name.to_owned(), now.into());
                        step.after.insert(name.to_owned(), wanted.into());
                    }
                }
            }
        }
        if differs {
            step.why.push("is touched".to_owned());
            step.script.push_str(&self.script(word));
        }
        Ok(())
    }
}

fn time(
    args: &Args,
    name: &'static str,
    format: &'static str,
    touch: bool,
) -> Result<Time, ModuleError> {
    let text = match args.text(name)?.as_deref() {
        None if touch => return Ok(Time::Now),
        None | Some("preserve") => return Ok(Time::Preserve),
        Some("now") => return Ok(Time::Now),
        Some(text) => text.to_owned(),
    };
    let format = args.text(format)?.unwrap_or_else(|| FORMAT.to_owned());
    let parsed = strtime::parse(&format, &text).and_then(|time| time.to_datetime());
    let time =
        parsed.map_err(|e| wrong(name, format!("is no time of the form `{format}`: {e}")))?;
    let at = strtime::format(FORMAT, time).map_err(|e| wrong(name, e.to_string()))?;
    Ok(Time::At(at))
}

/// The seconds since 1970 that a time is on the host, whose time zone only it knows.
async fn seconds(context: &Context, at: &str) -> Result<f64, ModuleError> {
    let script =
        format!("t=$(mktemp) || exit\ntouch -t {at} \"$t\" && stat -c %Y \"$t\"; rm -f \"$t\"");
    let output = context.must("asking for a time", script).await?;
    let said = output.stdout_text();
    said.trim().parse().map_err(|_| ModuleError::Failed(format!("the host knows no time {at}")))
}
