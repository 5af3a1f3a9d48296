//! `ssh_config`: the operator's and the system's files, and the options of ssh's command line.
//!
//! All three are one language. `words` reads a line, `keywords` knows what may stand there and
//! what it means here, `file` reads files, `options` says what holds for one host. Nothing is run
//! and nothing is contacted. The oracle is `ssh -G` (`tests/transport/ssh_config.rs`).

mod args;
mod criteria;
mod file;
mod keywords;
mod options;
mod paths;
mod words;

pub(super) use args::CommandLine;
pub(super) use file::Directive;
pub use options::Options;
pub(super) use paths::Home;
pub(super) use words::shell_words;

use crate::error::{Problem, Problems};
use file::{Line, Origin};
use std::path::{Path, PathBuf};

/// The files of one kind of call of `ssh`: with or without `-F`.
#[derive(Debug, Default)]
pub struct SshConfig {
    files: Vec<Vec<Line>>,
}

impl SshConfig {
    /// `~/.ssh/config`, then `/etc/ssh/ssh_config`; a file that is not there says nothing.
    pub fn of_user(home: Option<&Path>) -> Result<Self, Problems> {
        let home = Home::new(home.map(Path::to_owned));
        let below = home.ssh("");
        let mine = Origin { home: &home, include_from: &below, guarded: true };
        let system = Path::new("/etc/ssh");
        let theirs = Origin { home: &home, include_from: system, guarded: false };
        let mut problems = Problems::default();
        let mut files = Vec::new();
        if home.0.is_some() {
            files.extend(problems.take(file::read(&home.ssh("config"), mine)));
        }
        files.extend(problems.take(file::read(&system.join("ssh_config"), theirs)));
        problems.or(Self { files })
    }

    /// One file instead of those, as `-F` names it; `none` is none.
    pub fn of_file(path: &Path, home: Option<&Path>) -> Result<Self, Problems> {
        if path.as_os_str().eq_ignore_ascii_case("none") {
            return Ok(Self::default());
        }
        if let Err(error) = std::fs::metadata(path) {
            let message = format!("the ssh configuration `{}`: {error}", path.display());
            return Err(Problem::new(message).into());
        }
        let home = Home::new(home.map(Path::to_owned));
        let origin = Origin { home: &home, include_from: &home.ssh(""), guarded: false };
        Ok(Self { files: vec![file::read(path, origin)?] })
    }

    /// Text that stands in no file; `name` is for messages.
    pub fn parse(text: &str, name: &str) -> Result<Self, Problems> {
        let home = Home::default();
        let origin =
            Origin { home: &home, include_from: &PathBuf::from("/etc/ssh"), guarded: false };
        Ok(Self { files: vec![file::parse(text, name, origin)?] })
    }

    /// What holds for `host` (the word on ssh's command line) when `local_user` calls.
    pub fn resolve(
        &self,
        host: &str,
        local_user: &str,
        home: Option<&Path>,
    ) -> Result<Options, Problem> {
        self.options(host, &[], local_user, &Home::new(home.map(Path::to_owned)))
    }

    /// What holds for `user@host`.
    pub fn resolve_as(
        &self,
        user: &str,
        host: &str,
        local_user: &str,
        home: Option<&Path>,
    ) -> Result<Options, Problem> {
        let user: Vec<Directive> = Directive::new("user", user).into_iter().collect();
        self.options(host, &user, local_user, &Home::new(home.map(Path::to_owned)))
    }

    /// What holds for `host` after the options of the command line.
    pub(super) fn options(
        &self,
        host: &str,
        given: &[Directive],
        local_user: &str,
        home: &Home,
    ) -> Result<Options, Problem> {
        let files: Vec<&[Line]> = self.files.iter().map(Vec::as_slice).collect();
        Options::resolve(&files, host, given, local_user, home)
    }
}
