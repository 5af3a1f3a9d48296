//! `rrecover` brings a broken Kubernetes control plane back over SSH.
//!
//! The house has few doors and imports never go upward; `tests/architecture.rs` holds it:
//!
//! ```text
//! cli -> everything          report -> event, redact, cluster   journal -> event, redact, plan
//! exec -> plan, modules, transport, template, event, journal    modules -> transport, template, cluster
//! plan -> inventory, playbook, template, cluster                cluster -> transport, inventory
//! playbook, inventory, template -> yaml, vault, error           transport -> redact, error
//! vault -> program, redact, error
//! ```
//!
//! A run observes, decides, plans, acts and verifies; `docs/architecture.md` has the picture.

pub mod cli;
pub mod cluster;
pub mod error;
pub mod event;
pub mod exec;
pub mod inventory;
pub mod journal;
pub mod lab;
pub mod modules;
pub mod plan;
pub mod playbook;
pub mod program;
pub mod redact;
pub mod report;
pub mod template;
pub mod transport;
pub mod vault;
pub mod yaml;
