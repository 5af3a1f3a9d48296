//! What a run meant to do and what it did, on disk before and after each step.
//!
//! An intent log for recovery after a crash, not a debug log: `step_started` is on disk before a
//! command goes out, its result before the next step. Records are chained by hashes, so that a
//! changed or lost record is noticed; only a torn last line, what a crash leaves, is tolerated.
//!
//! ```text
//! $XDG_STATE_HOME/rrecover/runs/<ULID>/   0700
//!     invocation.json  plan.json  journal.jsonl   0600
//! ```

mod chain;
mod error;
mod invocation;
mod record;
mod runs;
mod state;
mod writer;

pub use error::JournalError;
pub use invocation::{Invocation, clean_arguments, clean_variables};
pub use record::{Line, Record, Step, VERSION};
pub use runs::{Run, latest, list, new_id, root};
pub use state::{State, StepState};
pub use writer::Journal;

/// The journal's file in a run's directory.
pub const FILE: &str = "journal.jsonl";

#[cfg(test)]
mod tests;
