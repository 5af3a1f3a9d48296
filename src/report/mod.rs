//! What the user sees of the events.
//!
//! stdout is the result, stderr the talk. Reporters are fed with the same events, one at a time;
//! only [`Terminal`] writes.

mod decision;
mod diagnosis;
mod human;
mod json;
mod results;
mod style;
mod table;
mod terminal;

pub use decision::{decision, refusal};
pub use diagnosis::diagnosis;
pub use human::Human;
pub use json::Json;
pub use results::Results;
pub use style::Style;
pub use terminal::Terminal;

use crate::event::Event;

/// Shows events.
pub trait Reporter: Send {
    /// Shows one event.
    fn event(&mut self, event: &Event);
}

#[cfg(test)]
mod tests;
