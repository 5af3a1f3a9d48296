//! `ProxyCommand`: a local command whose standard input and output are the connection.

use super::link::Wire;
use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::process::{ChildStderr, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How much of what the command says is kept.
const WORDS_MOST: usize = 4096;
/// How long a command that failed may take to say why.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A command that runs until its connection ends.
pub(super) struct Child {
    said: Arc<Mutex<Vec<u8>>>,
    listening: JoinHandle<()>,
}

/// Starts the command in the operator's shell, as ssh does. It is ended with the connection.
pub(super) fn start(command: &str) -> io::Result<(Wire, Child)> {
    let mut process = Command::new("sh")
        .args(["-c", &format!("exec {command}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let pipes = (process.stdin.take(), process.stdout.take(), process.stderr.take());
    let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
        return Err(io::Error::other("no pipes"));
    };
    let said = Arc::new(Mutex::new(Vec::new()));
    let words = Arc::clone(&said);
    let listening = tokio::spawn(async move {
        listen(stderr, &words).await;
        // It ends by itself when its input does; whoever drops the runtime ends it too.
        let _ = process.wait().await;
    });
    Ok((Wire::Process(tokio::io::join(stdout, stdin)), Child { said, listening }))
}

async fn listen(mut stderr: ChildStderr, said: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        let room = WORDS_MOST.saturating_sub(said.len());
        said.extend_from_slice(&buffer[..count.min(room)]);
    }
}

impl Child {
    /// What the command said on standard error, to put behind an error.
    pub(super) async fn last_words(self) -> String {
        // A command that still runs says no more.
        let _ = timeout(LAST_WORDS, self.listening).await;
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        if lines.is_empty() {
            String::new()
        } else {
            format!("; its proxy said `{}`", lines.join("; "))
        }
    }
}
