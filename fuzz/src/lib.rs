//! What each fuzz target does with its input: nothing is run, nothing is contacted, and no file is
//! read but those of the machine that `ssh_config` may include.
//!
//! `tests/fuzz_corpus.rs` runs the same functions over the committed corpus.

pub mod host_pattern;
pub mod ini;
mod inventory;
mod places;
pub mod playbook;
pub mod ssh_config;
pub mod template;
pub mod vault;
pub mod yaml_inventory;
