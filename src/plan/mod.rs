//! A playbook compiled against an inventory and a decision into ordered steps.
//!
//! Everything that can be rendered now is rendered now, strictly, and all mistakes are reported at
//! once. What depends on a result that is still to come is marked so and never guessed: such
//! variables are [`TemplateError::Later`](crate::template::TemplateError::Later) for the planner.

mod check;
mod compile;
mod hosts;
mod known;
mod model;
mod names;
mod settle;
mod tags;
mod task;
mod text;
mod view;

pub use crate::playbook::{Keywords, Loop, Play, Task, Templated, Text};
pub use compile::{PlanInput, compile};
pub use known::{Known, host_scope};
pub use model::{Plan, PlannedHost, PlannedPlay, PlannedTask, Settled};
pub use text::{list_hosts, list_tags, list_tasks, text};
pub use view::{hash, view};

#[cfg(test)]
mod tests;
