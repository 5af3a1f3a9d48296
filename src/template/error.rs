//! Why a template or an expression has no value.

use crate::error::{Location, Problem, did_you_mean};

/// Why a template or an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A variable, attribute or item that is not there.
    #[error("`{name}` is undefined in `{template}`{}", used_by(.chain))]
    Undefined {
        /// What is not there.
        name: String,
        /// Where it was asked for.
        template: String,
        /// The variables that led there, the outermost first.
        chain: Vec<String>,
        /// What looks like it.
        near: Vec<String>,
    },
    /// Variables whose values need each other.
    #[error("variables need each other: `{}`", .chain.join("` -> `"))]
    Cycle {
        /// The variables; the last one is the first one again.
        chain: Vec<String>,
    },
    /// Something that is only known while the run goes on. No mistake.
    #[error("`{name}` is only known while running")]
    Later {
        /// The variable.
        name: String,
    },
    /// Not a template or expression.
    #[error("`{template}` is not a valid {what}: {message}")]
    Syntax {
        /// `template` or `expression`.
        what: &'static str,
        /// What was written.
        template: String,
        /// What is wrong.
        message: String,
    },
    /// A filter, test, lookup or argument that there is not.
    #[error("there is no {what} `{name}`")]
    Unknown {
        /// `filter`, `test`, `lookup` or `argument`.
        what: &'static str,
        /// Its name.
        name: String,
        /// What looks like it.
        near: Vec<String>,
    },
    /// A filter or lookup of Ansible's that is not supported.
    #[error("the {what} `{name}` is not supported")]
    Refused {
        /// `filter` or `lookup`.
        what: &'static str,
        /// Its name.
        name: String,
        /// What to do instead.
        instead: &'static str,
    },
    /// A condition that is neither true nor false.
    #[error("the condition `{expression}` gives {found}, which is neither true nor false")]
    NotBoolean {
        /// The condition.
        expression: String,
        /// What it gives.
        found: String,
    },
    /// An encrypted value that does not open.
    #[error("{}", .0.place_and_message())]
    Sealed(Problem),
    /// An operation that cannot be done with these values.
    #[error("`{template}` has no value: {message}{}", used_by(.chain))]
    Operation {
        /// What was written.
        template: String,
        /// What is wrong.
        message: String,
        /// The variables that led there, the outermost first.
        chain: Vec<String>,
    },
}

impl TemplateError {
    /// What to type instead, when that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Undefined { near, .. } | Self::Unknown { near, .. } => did_you_mean(near),
            Self::Refused { instead, .. } => Some((*instead).to_owned()),
            Self::NotBoolean { .. } => {
                Some("compare it, or say what counts: `x | bool`, `x | length > 0`".to_owned())
            }
            Self::Sealed(problem) => problem.hint.clone(),
            Self::Cycle { .. }
            | Self::Later { .. }
            | Self::Syntax { .. }
            | Self::Operation { .. } => None,
        }
    }

    /// The same for the operator, with its place.
    pub fn problem(&self, location: &Location) -> Problem {
        let problem = Problem::at(location.clone(), self.to_string());
        match self.hint() {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }

    /// Whether it is no mistake but something that is only known while the run goes on.
    pub fn is_later(&self) -> bool {
        matches!(self, Self::Later { .. })
    }
}

fn used_by(chain: &[String]) -> String {
    if chain.is_empty() {
        return String::new();
    }
    format!(", which `{}` needs", chain.join("` -> `"))
}
