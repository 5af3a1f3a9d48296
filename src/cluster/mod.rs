//! What a cluster is, what was seen of it, and what is to be done about it.
//!
//! `status`, `quorum`, `assess`, `decide` and `verify` are pure and import nothing that talks to a
//! host; `probe` fills the status. The rules are DOMAIN section 4; each is named in a test.

pub mod assess;
pub mod decide;
pub mod decision;
pub mod env_file;
pub mod etcd_json;
mod judge;
pub mod paths;
mod picture;
pub mod probe;
mod prospects;
pub mod quorum;
pub mod snapshot_file;
pub mod status;
pub mod url;
pub mod verify;
pub mod version;
pub mod wanted;

pub use assess::assess;
pub use decide::decide;
pub use verify::verify;
