//! The one place that writes to the user.

use super::style::Style;
use crate::redact::Redactor;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// stdout and stderr, and whether somebody looks at them.
pub struct Terminal {
    result: Box<dyn Write + Send>,
    talk: Box<dyn Write + Send>,
    style: Style,
    result_style: Style,
    spinner: Option<ProgressBar>,
    redactor: Redactor,
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminal").field("style", &self.style).finish_non_exhaustive()
    }
}

impl Terminal {
    /// The process's own; colour and a spinner only on a terminal, and no colour when `NO_COLOR`
    /// is set to anything.
    /// Whatever is written has the secrets struck out that `redactor` knows then.
    pub fn process(no_color: bool, redactor: Redactor) -> Self {
        let (result, talk) = (std::io::stdout(), std::io::stderr());
        let style =
            |terminal: bool| if terminal && !no_color { Style::Colour } else { Style::Plain };
        let spinner = talk.is_terminal().then(spinner);
        Self {
            result_style: style(result.is_terminal()),
            style: style(talk.is_terminal()),
            result: Box::new(result),
            talk: Box::new(talk),
            spinner,
            redactor,
        }
    }

    /// For tests and files: plain text into these writers.
    pub fn plain(result: Box<dyn Write + Send>, talk: Box<dyn Write + Send>) -> Self {
        Self {
            result,
            talk,
            style: Style::Plain,
            result_style: Style::Plain,
            spinner: None,
            redactor: Redactor::default(),
        }
    }

    /// How text on stderr is painted.
    pub fn style(&self) -> Style {
        self.style
    }

    /// How text on stdout is painted.
    pub fn result_style(&self) -> Style {
        self.result_style
    }

    /// Writes a line of the result to stdout. A reader that went away is no error: what happens on
    /// the hosts matters more.
    pub fn result(&mut self, line: &str) {
        let line = self.redactor.clean(line);
        write_line(&mut self.result, self.spinner.as_ref(), &line);
    }

    /// Writes a line of talk to stderr.
    pub fn talk(&mut self, line: &str) {
        let line = self.redactor.clean(line);
        write_line(&mut self.talk, self.spinner.as_ref(), &line);
    }

    /// Writes data to stdout as one line of JSON.
    pub fn data(&mut self, value: Value) {
        let line = self.redactor.clean_value(value).to_string();
        write_line(&mut self.result, self.spinner.as_ref(), &line);
    }

    /// Shows that something goes on, where somebody looks.
    pub fn busy(&mut self, with: &str) {
        if let Some(spinner) = &self.spinner {
            spinner.set_message(self.redactor.clean(with));
            spinner.enable_steady_tick(Duration::from_millis(120));
        }
    }

    /// Nothing goes on any more.
    pub fn idle(&mut self) {
        if let Some(spinner) = &self.spinner {
            spinner.disable_steady_tick();
            spinner.finish_and_clear();
        }
    }
}

/// Writes a line whole, with the spinner out of the way.
fn write_line(to: &mut dyn Write, spinner: Option<&ProgressBar>, line: &str) {
    let mut write = || {
        let _ = to.write_all(format!("{line}\n").as_bytes()).and_then(|()| to.flush());
    };
    match spinner {
        Some(spinner) => spinner.suspend(write),
        None => write(),
    }
}

fn spinner() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
    let bar = ProgressBar::new_spinner();
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
