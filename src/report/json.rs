//! One JSON object a line on stdout, its kind in the key `event`.

use super::{Reporter, Terminal};
use crate::event::Event;

/// Shows events to programs.
#[derive(Debug)]
pub struct Json {
    terminal: Terminal,
}

impl Json {
    /// A reporter that writes to `terminal`.
    pub fn new(terminal: Terminal) -> Self {
        Self { terminal }
    }
}

impl Reporter for Json {
    fn event(&mut self, event: &Event) {
        match serde_json::to_value(event) {
            Ok(value) => self.terminal.data(value),
            Err(error) => self.terminal.talk(&format!("error: an event is lost: {error}")),
        }
    }
}
