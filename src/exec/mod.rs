//! Runs a plan: plays, tasks, hosts, barriers.
//!
//! Linear: each task ends on every host before the next one begins; hosts of a task run in
//! parallel up to `forks`; `serial` makes batches. A host that fails falls to the `rescue` around
//! it, or else leaves the run, as does one that cannot be reached. A command whose outcome is not
//! known stops the run: nothing is built on a guess.
//!
//! ```text
//! Runner -> play -> batch -> steps -> task -> (hosts in parallel) -> item -> attempt -> module
//!                                                                               |
//!                        journal: started, on disk  <-  Journaled connection  <-+-> host
//! ```

mod attempt;
mod background;
mod batch;
mod cancel;
mod control;
mod growing;
mod handlers;
mod including;
mod journaled;
mod keywords;
pub mod lock;
mod outcome;
mod place;
mod result;
mod runner;
mod search;
mod services;
mod state;
mod step;
mod task;
mod variables;

pub use cancel::{Cancel, Level};
pub use outcome::RunOutcome;
pub use runner::Runner;
pub use services::{EventSink, Hosts, Options, Services, TaskWay};
pub use variables::{NewHost, Variables};

#[cfg(test)]
mod tests;
