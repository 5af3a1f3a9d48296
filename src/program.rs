//! The operator's own programs that print what we read: inventory scripts, password scripts.

use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use std::{fmt, thread};
use zeroize::Zeroizing;

/// How often a program that closed its output is asked whether it ended.
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// What a program printed. Wiped from memory on drop: it may be a password.
#[derive(Debug, Default, Clone)]
pub struct Printed {
    /// Its standard output.
    pub stdout: Zeroizing<Vec<u8>>,
    /// Its standard error; empty where that went to the terminal.
    pub stderr: Zeroizing<Vec<u8>>,
}

/// Why a program gave nothing that could be used.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It could not be started.
    #[error("cannot be run: {0}")]
    Start(#[source] io::Error),
    /// It did not end in time and was killed.
    #[error("did not end within {} s and was stopped", .0.as_secs())]
    Deadline(Duration),
    /// It ended badly.
    #[error("ended with {status}{}", last_line(.stderr))]
    Failed {
        /// The exit status in words.
        status: String,
        /// The exit code, unless a signal ended it.
        code: Option<i32>,
        /// What it said about it.
        stderr: String,
    },
    /// The pipe to it broke.
    #[error("cannot be read: {0}")]
    Read(#[source] io::Error),
}

impl ProgramError {
    /// Whether this is no program that the system can run: a data file with its mode bit set.
    pub fn is_no_program(&self) -> bool {
        matches!(self, Self::Start(error) if error.raw_os_error() == Some(NO_PROGRAM))
    }
}

/// `ENOEXEC`.
const NO_PROGRAM: i32 = 8;

/// Runs a program to its end and gives what it printed. Standard error is caught only where the
/// command pipes it.
pub fn run(command: &mut Command, deadline: Duration) -> Result<Printed, ProgramError> {
    let end = Instant::now() + deadline;
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(ProgramError::Start)?;
    let read = read_all(&mut child, end).and_then(|printed| {
        let status = wait(&mut child, end)?;
        Ok((printed, status))
    });
    let (printed, status) = match read {
        Ok(read) => read,
        Err(error) => {
            // It may have ended just now; what is reported is the deadline.
            let _ = child.kill();
            let _ = child.wait();
            return Err(match error {
                Some(error) => ProgramError::Read(error),
                None => ProgramError::Deadline(deadline),
            });
        }
    };
    if status.success() {
        return Ok(printed);
    }
    let stderr = String::from_utf8_lossy(&printed.stderr).trim().to_owned();
    Err(ProgramError::Failed { status: status.to_string(), code: status.code(), stderr })
}

/// `None` as an error is the deadline.
type Late = Option<io::Error>;

fn read_all(child: &mut Child, end: Instant) -> Result<Printed, Late> {
    let stdout = child.stdout.take().map(reader);
    let stderr = child.stderr.take().map(reader);
    Ok(Printed { stdout: take(stdout, end)?, stderr: take(stderr, end)? })
}

type Bytes = Zeroizing<Vec<u8>>;

fn reader(mut pipe: impl Read + Send + 'static) -> Receiver<io::Result<Bytes>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::new());
        let read = pipe.read_to_end(&mut bytes).map(|_| bytes);
        // Nobody listens any more after the deadline.
        let _ = sender.send(read);
    });
    receiver
}

fn take(pipe: Option<Receiver<io::Result<Bytes>>>, end: Instant) -> Result<Bytes, Late> {
    let Some(pipe) = pipe else { return Ok(Bytes::default()) };
    let left = end.saturating_duration_since(Instant::now());
    pipe.recv_timeout(left).map_err(|_| None)?.map_err(Some)
}

fn wait(child: &mut Child, end: Instant) -> Result<std::process::ExitStatus, Late> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if Instant::now() < end => thread::sleep(BETWEEN_LOOKS),
            Ok(None) => return Err(None),
            Err(error) => return Err(Some(error)),
        }
    }
}

fn last_line(stderr: &str) -> impl fmt::Display {
    match stderr.lines().last() {
        Some(line) => format!(": {line}"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufRead as _;

    fn shell(script: &str, deadline: Duration) -> Result<Printed, ProgramError> {
        run(Command::new("sh").args(["-c", script]).stderr(Stdio::piped()), deadline)
    }

    #[test]
    fn what_it_prints_is_given_whole() {
        let printed = shell("seq 100000; echo note >&2", Duration::from_secs(60)).unwrap();
        assert_eq!(printed.stdout.lines().count(), 100_000);
        assert_eq!(*printed.stderr, b"note\n");
    }

    #[test]
    fn a_bad_end_says_how_and_why() {
        let error = shell("echo one >&2; echo two >&2; exit 3", Duration::from_secs(60));
        assert_eq!(error.unwrap_err().to_string(), "ended with exit status: 3: two");
    }

    #[test]
    fn one_that_hangs_is_stopped() {
        let begin = Instant::now();
        let error = shell("exec sleep 600", Duration::from_millis(50)).unwrap_err();
        assert!(matches!(error, ProgramError::Deadline(_)), "{error}");
        assert!(begin.elapsed() < Duration::from_secs(60));
    }
}
