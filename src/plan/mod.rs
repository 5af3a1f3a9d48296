//! A playbook compiled against an inventory and a decision into ordered steps.
//!
//! Everything that can be rendered now is rendered now, strictly, and all mistakes are reported at
//! once. What depends on a result that is still to come is marked so and never guessed: such
//! variables are [`TemplateError::Later`](crate::template::TemplateError::Later) for the planner.

mod check;
mod compile;
mod hosts;
mod known;
mod later;
mod layers;
mod loops;
mod model;
mod names;
mod reached;
mod settle;
mod tags;
mod task;
mod text;
mod unsettled;
mod view;

pub use crate::playbook::{Keywords, Loop, Play, Task, Templated, Text};
pub use compile::{PlanInput, compile};
pub use hosts::PlayHosts;
pub use known::{HostScopes, Known, Magic, is_local};
pub use layers::Layers;
pub use loops::{NoItems, loop_items};
pub use model::{
    Plan, PlannedBlock, PlannedHost, PlannedPlay, PlannedRole, PlannedStep, PlannedTask, Settled,
};
pub use names::task_name;
pub use reached::Reached;
pub use tags::Tags;
pub use text::{list_hosts, list_tags, list_tasks, text};
pub use unsettled::{unsettled, unsettled_handlers};
pub use view::{hash, view};

#[cfg(test)]
mod tests;
