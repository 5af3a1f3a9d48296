//! What the operator is asked.

use crate::error::Location;
use serde_json::Value;

/// A question to the operator: an entry of `vars_prompt`.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// Where it stands.
    pub location: Location,
    /// The variable that gets the answer.
    pub name: String,
    /// The question.
    pub prompt: String,
    /// What an empty answer means.
    pub default: Option<Value>,
    /// Whether the answer is not shown while it is typed.
    pub private: bool,
    /// Whether it is asked twice.
    pub confirm: bool,
    /// Whether the answer is never rendered as a template.
    pub r#unsafe: bool,
}

impl Prompt {
    /// An answer as a variable: one that is unsafe is never rendered.
    pub(super) fn kept(&self, answer: Value) -> Value {
        let apart = self.r#unsafe && answer.is_string();
        if apart { crate::playbook::fields::never_rendered(answer) } else { answer }
    }
}
