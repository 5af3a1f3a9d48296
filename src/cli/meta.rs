//! `rrecover completions` and `rrecover man`: made from the command line's own description.

use crate::error::{Failure, Kind};
use clap::Args;

/// What `rrecover completions` takes.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    shell: clap_complete::Shell,
}

/// The completion script.
pub fn completions(args: &CompletionsArgs, command: &mut clap::Command) -> String {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "rrecover", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page in roff.
pub fn man(command: clap::Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|error| Failure::new(Kind::Usage, "cannot write the manual").cause(error))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
