//! How hosts are reached: one connection a host, one channel a command, files as streams.
//!
//! [`Connection`] is the seam: SSH, the local machine and the tests' fake stand behind it. Nothing
//! here knows of plans or clusters. Everything has a deadline. A connection lost after a command
//! was sent is [`TransportError::Lost`]: its outcome is unknown, and it is never retried silently.

mod connection;
mod error;
pub mod fake;
pub mod files;
mod known_hosts;
mod local;
mod pattern;
mod pool;
mod run_as;
pub mod settings;
mod ssh;
mod ssh_config;
mod streams;

pub use connection::{
    BoxStream, Command, Connection, Duplex, Input, Output, RunAs, RunAsMethod, Sink,
};
pub use error::TransportError;
pub use local::LocalConnection;
pub use pool::Pool;
pub use settings::{Defaults, HostKeyPolicy, Jump, Target};

/// `text` as one word for `sh`.
pub fn quote(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn quotes_only_what_needs_it() {
        assert_eq!(quote("a-b/c"), "a-b/c");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("it's $HOME"), r"'it'\''s $HOME'");
    }
}
