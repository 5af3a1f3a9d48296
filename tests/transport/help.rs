//! What the tests here share.

pub(crate) use crate::support::sshd::{
    Sshd, User, endpoint, free_address, make_key, make_key_with, signal, target,
};
pub(crate) use bytes::Bytes;
pub(crate) use rrecover::transport::{Command, Connection, Input, Pool, Sink, TransportError};
pub(crate) use std::sync::Arc;
pub(crate) use std::time::{Duration, Instant};
pub(crate) use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The connection to the pool's host `h`.
pub(crate) async fn connect(pool: &Pool) -> Arc<dyn Connection> {
    pool.connect("h").await.unwrap_or_else(|error| panic!("{error}"))
}

/// What a command that has to go well prints.
pub(crate) async fn stdout(connection: &Arc<dyn Connection>, script: &str) -> String {
    let output = connection.run(Command::new(script)).await.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(output.rc, 0, "{}", output.stderr_text());
    output.stdout_text()
}

/// Polls until `holds`; a test that waits longer than this has failed.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < end, "{what} does not come true");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
