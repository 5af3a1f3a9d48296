//! The playbook language: what a file says, with its places.
//!
//! Loading is strict: an unknown key, module or argument is an error with its place, and so is
//! whatever Ansible has and we have not built yet. Nothing is accepted and ignored. All mistakes of
//! all files are reported at once. Blocks and imports are flattened here, so that a play is a list
//! of tasks; templates are checked and rendered later, by `plan`.

mod arguments;
mod block;
mod catalog;
mod fields;
mod keys;
mod library;
mod load;
mod model;
mod play;
mod task;
mod words;

pub use catalog::{Catalog, ParameterShape, Signature};
pub use library::{built_in_names, built_in_text, built_in_title, export};
pub use load::{load, load_text};
pub use model::{Entry, Keywords, Loop, Play, Playbook, Task, Templated, Text};

#[cfg(test)]
mod tests;
