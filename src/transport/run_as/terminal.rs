//! A terminal for methods that ask on nothing else: `doas` with a password, `sudo` with
//! `requiretty`, an old `su`.
//!
//! A terminal is one stream that changes bytes. The script first makes it raw, takes as many bytes
//! of input as there are, and says its standard error at its end, behind a mark.

use super::quote;
use crate::transport::{Input, TransportError};

/// A terminal for one command.
#[derive(Debug, Clone, Copy)]
pub(in crate::transport) struct Terminal {
    /// Bytes of standard input: a raw terminal has no end of file.
    input: u64,
}

impl Terminal {
    /// A terminal for a command that reads `input`.
    pub(in crate::transport) async fn for_input(input: &Input) -> Result<Self, TransportError> {
        let input = match input {
            Input::Empty => 0,
            Input::Bytes(bytes) => bytes.len() as u64,
            Input::File(path) => {
                let metadata = tokio::fs::metadata(path).await;
                let local = |error: std::io::Error| TransportError::Local {
                    what: format!("`{}`", path.display()),
                    reason: error.to_string(),
                };
                metadata.map_err(local)?.len()
            }
        };
        Ok(Self { input })
    }

    /// The script between its marks.
    pub(super) fn wrap(self, script: &str, mark: &str, end: &str) -> String {
        let script = quote(script);
        let run = match self.input {
            0 => format!("sh -c {script} </dev/null"),
            count => format!("head -c {count} | sh -c {script}"),
        };
        format!(
            "stty raw -echo; printf %s {mark}; exec 3>&1\n\
             err=$({{ {run}; }} 2>&1 >&3 3>&-; printf x%d $?)\n\
             printf %s%s {end} \"${{err%x*}}\"; exit \"${{err##*x}}\""
        )
    }
}
