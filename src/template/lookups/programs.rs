//! Lookups that run programs on the machine that runs the playbook.

use super::Asked;
use crate::template::value::refuse;
use minijinja::{Error, Value};
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// A lookup stands in the way of everything else; what takes longer hangs.
const DEADLINE: Duration = Duration::from_secs(60);

pub(super) fn pipe(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let run = |command: &String| output(asked, command).map(|text| Value::from(text.trim_end()));
    asked.texts()?.iter().map(run).collect()
}

pub(super) fn lines(asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
    let mut found = Vec::new();
    for command in asked.texts()? {
        found.extend(output(asked, &command)?.lines().map(Value::from));
    }
    Ok(found)
}

/// What a command prints. It has to succeed within [`DEADLINE`].
fn output(asked: &Asked<'_>, command: &str) -> Result<String, Error> {
    let failed = |error: std::io::Error| refuse(format!("cannot run `{command}`: {error}"));
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdin(Stdio::null()).stdout(Stdio::piped());
    if let Some(directory) = asked.scope.base().filter(|place| place.is_dir()) {
        shell.current_dir(directory);
    }
    let mut child = shell.spawn().map_err(failed)?;
    let (sender, receiver) = channel();
    if let Some(mut stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = stdout.read_to_end(&mut bytes);
            // Nobody listens any more when the deadline has passed.
            let _ = sender.send(read.map(|_| bytes));
        });
    }
    let bytes = match receiver.recv_timeout(DEADLINE) {
        Ok(bytes) => bytes.map_err(failed)?,
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            let _ = child.kill();
            let _ = child.wait();
            let seconds = DEADLINE.as_secs();
            return Err(refuse(format!("`{command}` took longer than {seconds} seconds")));
        }
    };
    let status = child.wait().map_err(failed)?;
    if !status.success() {
        return Err(refuse(format!("`{command}` failed: {status}")));
    }
    String::from_utf8(bytes).map_err(|_| refuse(format!("`{command}` printed what is no text")))
}
