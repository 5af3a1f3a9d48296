//! A throw-away cluster of real hosts on this machine, to rehearse on and to test with.
//!
//! ```text
//!  this machine ──ssh──► bastion ──ssh──► node1 … nodeN      one Docker network, fixed addresses
//!                                         systemd, sshd, sudo; etcd as Kubespray lays it out
//! ```
//!
//! [`Lab::up`] boots one, [`Lab::inflict`] breaks a host, [`Lab::down`] leaves nothing. Whatever
//! is done to a host here goes through the Docker engine, so it works on hosts that are broken,
//! and needs no way in that the product itself would need. Docker is driven by its own command;
//! `docs/decisions/0010-lab-drives-the-docker-command.md` says why.
//!
//! Everything carries the label `rrecover.lab=NAME`. What is built once (the host image, etcd's
//! programs) is kept in `$RRECOVER_CACHE`, else `~/.cache/rrecover`.

mod boot;
mod cache;
mod debian;
mod error;
mod faults;
mod host;
mod image;
mod inventory;
mod keys;
#[expect(clippy::module_inception, reason = "the lab itself is one of the lab's nouns")]
mod lab;
mod member;
mod network;
mod prerequisites;
mod process;
mod programs;
mod spec;
mod state;
mod status;
mod writer;

pub use error::LabError;
pub use faults::Fault;
pub use host::RIGHTS;
pub use image::need as host_image;
pub use inventory::Groups;
pub use lab::Lab;
pub use process::Finished;
pub use spec::{DataDirectory, EtcdVersion, Spec};
pub use state::{Host, Role};
pub use status::{HostStatus, Power, render as render_status};
pub use writer::Writer;
