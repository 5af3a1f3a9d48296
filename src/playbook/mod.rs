//! The playbook language: what a file says, with its places.
//!
//! Loading is strict: an unknown key, module or argument is an error with its place, and so is
//! whatever Ansible has and we have not built yet. Nothing is accepted and ignored. All mistakes of
//! all files are reported at once. Imports, roles and plain blocks are flattened here, and what they say
//! is handed down; blocks with `rescue` or `always` stay. Templates are checked and rendered later, by
//! `plan`; what is included while running is read again then, by its [`Include`].

mod arguments;
mod around;
mod block;
mod catalog;
mod fields;
mod include;
mod include_arguments;
mod keys;
mod library;
mod load;
mod loops;
mod means;
mod model;
mod play;
mod play_vars;
mod role;
mod role_path;
mod role_use;
mod task;
mod words;

pub use catalog::{Catalog, ParameterShape, Signature};
pub use include::{Include, Included, RoleTarget, Target};
pub use library::{built_in_names, built_in_text, built_in_title, export};
pub use load::{load, load_text, variables};
pub use means::Means;
pub use model::{
    Block, Entry, Keywords, Loop, LoopKind, Play, Playbook, Prompt, RoleSteps, Sections, Step,
    Task, Templated, Text,
};
pub use role::{Role, RoleFiles};

#[cfg(test)]
mod tests;
