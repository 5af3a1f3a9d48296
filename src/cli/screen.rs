//! Where a command line writes and asks: one form of output, one voice.

use super::options::OutputForm;
use crate::error::Failure;
use crate::event::Event;
use crate::exec::EventSink;
use crate::redact::{Redactor, Secret};
use crate::report::{Human, Json, Reporter, Results, Style, Terminal};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// The operator's screen, or the program that reads instead.
pub struct Screen {
    terminal: Mutex<Terminal>,
    reporter: Mutex<Box<dyn Reporter>>,
    form: OutputForm,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").field("form", &self.form).finish_non_exhaustive()
    }
}

impl Screen {
    /// The process's own.
    pub fn new(form: OutputForm, verbosity: u8) -> Self {
        let reporter: Box<dyn Reporter> = match form {
            OutputForm::Human => Box::new(Human::new(process_terminal(), verbosity)),
            OutputForm::Json => Box::new(Json::new(process_terminal())),
        };
        Self { terminal: Mutex::new(process_terminal()), reporter: Mutex::new(reporter), form }
    }

    /// The process's own, for the results of a single command: they are what stdout is for.
    pub fn of_results(form: OutputForm) -> Self {
        let screen = Self::new(form, 0);
        if form == OutputForm::Human {
            let reporter: Box<dyn Reporter> = Box::new(Results::new(process_terminal()));
            return Self { reporter: Mutex::new(reporter), ..screen };
        }
        screen
    }

    /// Whether a person reads.
    pub fn is_human(&self) -> bool {
        self.form == OutputForm::Human
    }

    /// Writes the result to stdout.
    pub fn result(&self, text: &str) {
        if !text.is_empty() {
            self.terminal().result(text.trim_end_matches('\n'));
        }
    }

    /// Writes talk to stderr.
    pub fn talk(&self, text: &str) {
        self.terminal().talk(text.trim_end_matches('\n'));
    }

    /// How text on stderr is painted.
    pub fn style(&self) -> Style {
        self.terminal().style()
    }

    /// How text on stdout is painted.
    pub fn result_style(&self) -> Style {
        self.terminal().result_style()
    }

    /// Says why the command did not end well, and gives its exit code.
    pub fn fail(&self, failure: &Failure) -> ExitCode {
        self.talk(&failure.to_string());
        ExitCode::from(failure.kind.exit_code())
    }

    /// Asks for a yes; `None` when nobody can be asked.
    pub fn ask_yes(&self, questions: &[String]) -> Option<bool> {
        if !self.is_human() || !std::io::stdin().is_terminal() {
            return None;
        }
        for question in questions {
            self.talk(&format!("  - {question}"));
        }
        self.talk("Type `yes` to go on:");
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).ok()?;
        Some(answer.trim() == "yes")
    }

    /// Asks for a line of text; `None` when nobody can be asked.
    pub fn ask_line(&self, prompt: &str) -> Option<String> {
        if !self.is_human() || !std::io::stdin().is_terminal() {
            return None;
        }
        self.talk(prompt);
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).ok()?;
        Some(answer.trim_end_matches(['\r', '\n']).to_owned())
    }

    fn terminal(&self) -> MutexGuard<'_, Terminal> {
        self.terminal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventSink for Screen {
    fn send(&self, event: Event) {
        self.reporter.lock().unwrap_or_else(PoisonError::into_inner).event(&event);
    }
}

fn process_terminal() -> Terminal {
    Terminal::process(std::env::var_os("NO_COLOR").is_some(), redactor())
}

/// What keeps the secrets of this process from being shown, wherever something is written.
pub fn redactor() -> Redactor {
    static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::default);
    REDACTOR.clone()
}

/// Standard error for what is logged.
pub struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let clean = redactor().clean(&String::from_utf8_lossy(bytes));
        std::io::stderr().write_all(clean.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

/// Asks on the controlling terminal without showing what is typed.
pub fn ask_secret(prompt: &str) -> std::io::Result<Secret> {
    let mut tty = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let before = tcgetattr(&tty)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    // Before the prompt: what is typed right after it must be neither seen nor lost.
    tcsetattr(&tty, OptionalActions::Flush, &silent)?;
    let answer = tty.write_all(prompt.as_bytes()).and_then(|()| read_line(&tty));
    tcsetattr(&tty, OptionalActions::Flush, &before)?;
    tty.write_all(b"\n")?;
    answer
}

fn read_line(tty: &File) -> std::io::Result<Secret> {
    let mut line = zeroize::Zeroizing::new(String::new());
    BufReader::new(tty).read_line(&mut line)?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}
