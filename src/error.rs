//! What can go wrong, as data: where a mistake stands, what it is, and what to type next.
//!
//! Each module has its own typed errors. They reach the user as one [`Failure`], whose [`Kind`]
//! is the exit code.

mod near;

use std::fmt;

pub use near::{did_you_mean, near_matches};

/// A place in a file that the operator wrote. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file as the operator named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Location {
    /// A place in `file`.
    pub fn new(file: impl Into<String>, line: usize, column: usize) -> Self {
        Self { file: file.into(), line, column }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One mistake in what the operator wrote. Nothing has been contacted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands, when it stands in a file.
    pub location: Option<Location>,
    /// What is wrong: a lower-case fragment without a final period.
    pub message: String,
    /// What to type instead.
    pub hint: Option<String>,
}

impl Problem {
    /// A mistake at a place.
    pub fn at(location: Location, message: impl Into<String>) -> Self {
        Self { location: Some(location), message: message.into(), hint: None }
    }

    /// A mistake that stands in no file, on the command line for example.
    pub fn new(message: impl Into<String>) -> Self {
        Self { location: None, message: message.into(), hint: None }
    }

    /// Adds what to type instead.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl Problem {
    /// What is wrong and where, without the hint: for a text that has its own.
    pub fn place_and_message(&self) -> String {
        match &self.location {
            Some(location) => format!("{location}: {}", self.message),
            None => self.message.clone(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place_and_message())?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

/// All mistakes of a load, reported at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// `Ok(value)` when nothing was found wrong.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Notes one more mistake.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Notes the mistakes of a part and gives its value when it has one.
    pub fn take<T>(&mut self, part: Result<T, Self>) -> Option<T> {
        part.map_err(|problems| self.0.extend(problems.0)).ok()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

/// Why a run did not end well. Stable: scripts read it as the exit code (DESIGN section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Usage or load error; nothing was contacted.
    Usage,
    /// A host failed a step.
    HostFailed,
    /// A safety rule refused; nothing was changed.
    Refused,
    /// A host could not be reached.
    Unreachable,
    /// Interrupted; the run can be resumed.
    Interrupted,
    /// The run finished, but what it promised does not hold.
    Unverified,
}

impl Kind {
    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Usage => 1,
            Self::HostFailed => 2,
            Self::Refused => 3,
            Self::Unreachable => 4,
            Self::Interrupted => 5,
            Self::Unverified => 6,
        }
    }
}

/// What the user is told when a command does not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code's reason.
    pub kind: Kind,
    /// What happened, where.
    pub message: String,
    /// What lies behind it, outermost first.
    pub causes: Vec<String>,
    /// What was and was not changed, and what to type next.
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure without causes or hints yet.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), causes: Vec::new(), hints: Vec::new() }
    }

    /// Adds what to type next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds what lies behind it.
    #[must_use]
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        for cause in &self.causes {
            write!(f, "\n  caused by: {cause}")?;
        }
        if !self.hints.is_empty() {
            f.write_str("\n")?;
        }
        for hint in &self.hints {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::new(Kind::Usage, problems.to_string())
            .hint("nothing was contacted and nothing was changed")
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Problems::from(problem).into()
    }
}
