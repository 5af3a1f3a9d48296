//! Colours, where somebody sees them.

use crate::event::Status;

/// Whether text is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Letters only.
    Plain,
    /// With ANSI colours.
    Colour,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }

    /// A heading.
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// What is well.
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// What was changed, or needs a look.
    pub fn notable(self, text: &str) -> String {
        self.paint("33", text)
    }

    /// What went wrong.
    pub fn bad(self, text: &str) -> String {
        self.paint("31", text)
    }

    /// What matters less.
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// A task's status, in a word of fixed width.
    pub fn status(self, status: Status, ignored: bool) -> String {
        let word = match status {
            Status::Ok => "ok",
            Status::Changed => "changed",
            Status::Skipped => "skipped",
            Status::Failed if ignored => "ignored",
            Status::Failed => "failed",
            Status::Unreachable => "unreachable",
            Status::Unknown => "unknown",
        };
        let word = format!("{word:<11}");
        match status {
            Status::Ok => self.good(&word),
            Status::Changed => self.notable(&word),
            Status::Skipped => self.dim(&word),
            Status::Failed if ignored => self.notable(&word),
            Status::Failed | Status::Unreachable | Status::Unknown => self.bad(&word),
        }
    }
}

/// `text` without what could steer a terminal: hosts print what they like.
pub(super) fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c })
        .collect()
}
