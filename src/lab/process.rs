//! Programs of this machine, run with a deadline.

use super::LabError;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// What a program said and how it ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Finished {
    /// Whether it ended well.
    pub fn success(&self) -> bool {
        self.status.success()
    }
}

/// One program to run: arguments, what it reads, and how long it may take.
#[derive(Debug, Clone)]
pub(super) struct Process {
    program: OsString,
    arguments: Vec<OsString>,
    input: Option<Vec<u8>>,
    directory: Option<PathBuf>,
    deadline: Duration,
}

impl Process {
    /// Long enough for any single Docker call on a busy machine.
    const DEADLINE: Duration = Duration::from_secs(60);

    /// `program`, without arguments yet.
    pub(super) fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            input: None,
            directory: None,
            deadline: Self::DEADLINE,
        }
    }

    /// `docker`, without arguments yet.
    pub(super) fn docker() -> Self {
        Self::new("docker")
    }

    /// Adds one argument.
    pub(super) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub(super) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|one| one.as_ref().to_owned()));
        self
    }

    /// Gives it this to read. Scripts and secrets go this way: arguments are seen by everyone.
    pub(super) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// Runs it in this directory.
    pub(super) fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Sets how long it may take; afterwards it is killed.
    pub(super) fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Runs it to its end, whatever that is.
    pub(super) async fn finish(self) -> Result<Finished, LabError> {
        let late = LabError::Deadline { what: self.title(), deadline: self.deadline };
        match tokio::time::timeout(self.deadline, self.run_to_end()).await {
            Ok(finished) => finished,
            Err(_) => Err(late),
        }
    }

    /// Runs it and gives its standard output; anything but a good end is an error.
    pub(super) async fn output(self) -> Result<String, LabError> {
        let title = self.title();
        let finished = self.finish().await?;
        if finished.success() {
            return Ok(finished.stdout);
        }
        // Some programs, debootstrap among them, complain on standard output.
        let silent = finished.stderr.trim().is_empty();
        let said = if silent { &finished.stdout } else { &finished.stderr };
        Err(LabError::Command {
            command: title,
            status: finished.status.to_string(),
            said: ending(said),
        })
    }

    async fn run_to_end(self) -> Result<Finished, LabError> {
        let failed = || LabError::file("run", &self.program);
        let input = if self.input.is_some() { Stdio::piped() } else { Stdio::null() };
        let mut command = tokio::process::Command::new(&self.program);
        command.env("PATH", search_path());
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        let mut child = command
            .args(&self.arguments)
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed())?;
        let pipe = child.stdin.take();
        let write = async {
            if let (Some(mut pipe), Some(input)) = (pipe, &self.input) {
                // A program may end without having read everything; its status tells.
                drop(pipe.write_all(input).await);
            }
        };
        let ((), output) = tokio::join!(write, child.wait_with_output());
        let output = output.map_err(failed())?;
        Ok(Finished {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// The program and its first two arguments: enough to know it, short enough for a message.
    fn title(&self) -> String {
        let words = std::iter::once(&self.program).chain(self.arguments.iter().take(2));
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }
}

/// Where programs are looked for: `PATH`, and the places that a user's `PATH` often lacks and where
/// debootstrap and dockerd are.
pub(super) fn search_path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}

/// The last lines of what a program said: what went wrong stands there.
fn ending(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(5)..].join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_bad_end_is_told_with_what_the_program_said_wherever_it_said_it() {
        for redirect in ["", ">&2"] {
            let script = format!("echo first; echo 'no room' {redirect}; exit 3");
            let error = Process::new("sh").args(["-c", &script]).output().await.unwrap_err();
            let text = error.to_string();
            assert!(text.contains("exit status: 3") && text.contains("no room"), "{text}");
        }
    }

    #[tokio::test]
    async fn a_program_that_takes_too_long_is_killed_and_said_so() {
        let start = std::time::Instant::now();
        let sleep = Process::new("sleep").arg("60").deadline(Duration::from_millis(50));
        let error = sleep.output().await.unwrap_err();
        assert!(matches!(error, LabError::Deadline { .. }), "{error}");
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[tokio::test]
    async fn input_reaches_the_program_and_output_comes_back() {
        let text = "line\n".repeat(100_000);
        let output = Process::new("cat").input(text.clone()).output().await.unwrap();
        assert_eq!(output, text);
    }
}
