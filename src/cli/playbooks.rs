//! `rrecover playbooks`: the built-in playbooks, to read, copy and change.

use crate::error::{Failure, Kind, did_you_mean, near_matches};
use crate::playbook::{built_in_names, built_in_text, built_in_title, export};
use clap::{Args, Subcommand};
use std::io::Write;
use std::path::PathBuf;

/// Shows the built-in playbooks.
#[derive(Debug, Args)]
pub struct PlaybooksArgs {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Names them with what they do (the default).
    List,
    /// Prints one.
    Show {
        /// Its name, with or without `.yml`, with `-` or `_`.
        name: String,
    },
    /// Writes all of them into a directory, to be changed there.
    Export {
        /// The directory; files that are there already are not overwritten.
        directory: PathBuf,
    },
}

impl PlaybooksArgs {
    /// Does what was asked; the result goes to `out`.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        match self.action.as_ref().unwrap_or(&Action::List) {
            Action::List => list(out),
            Action::Show { name } => show(name, out),
            Action::Export { directory } => {
                let written = export(directory).map_err(|error| {
                    Failure::new(Kind::Usage, format!("cannot export to `{}`", directory.display()))
                        .cause(error)
                        .hint("name a directory that holds none of these files yet")
                })?;
                let lines: Vec<String> =
                    written.iter().map(|path| path.display().to_string()).collect();
                print(out, &lines.join("\n"))
            }
        }
    }
}

fn list(out: &mut dyn Write) -> Result<(), Failure> {
    let names = built_in_names();
    let width = names.iter().map(String::len).max().unwrap_or_default();
    let lines: Vec<String> = names
        .iter()
        .map(|name| format!("{name:width$}  {}", built_in_title(name).unwrap_or_default()))
        .collect();
    print(out, &lines.join("\n"))
}

fn show(name: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let Some(text) = built_in_text(name) else {
        let names = built_in_names();
        let failure = Failure::new(Kind::Usage, format!("there is no built-in playbook `{name}`"));
        let near = near_matches(name, names.iter().map(String::as_str));
        let hint = did_you_mean(&near);
        return Err(failure.hint(hint.unwrap_or_else(|| format!("there are {}", names.join(", ")))));
    };
    print(out, text.trim_end())
}

fn print(out: &mut dyn Write, text: &str) -> Result<(), Failure> {
    writeln!(out, "{text}")
        .map_err(|error| Failure::new(Kind::Usage, "cannot write to standard output").cause(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(action: Action) -> Result<String, Failure> {
        let mut out = Vec::new();
        PlaybooksArgs { action: Some(action) }.run(&mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_list_says_what_each_playbook_does() {
        let list = run(Action::List).unwrap();
        assert!(
            list.lines().any(|line| line.starts_with("ping ") && line.contains("answer")),
            "{list}"
        );
    }

    #[test]
    fn one_playbook_is_shown_as_it_is() {
        let text = run(Action::Show { name: "ping.yml".to_owned() }).unwrap();
        assert_eq!(text, built_in_text("ping").unwrap());
        let failure = run(Action::Show { name: "pnig".to_owned() }).unwrap_err();
        assert_eq!(failure.hints, ["did you mean `ping`"]);
    }

    #[test]
    fn an_export_writes_every_file() {
        let directory = tempfile::tempdir().unwrap();
        run(Action::Export { directory: directory.path().to_owned() }).unwrap();
        for name in built_in_names() {
            let text = std::fs::read_to_string(directory.path().join(format!("{name}.yml")));
            assert_eq!(text.unwrap(), built_in_text(&name).unwrap());
        }
        let again = run(Action::Export { directory: directory.path().to_owned() }).unwrap_err();
        assert_eq!(again.kind, Kind::Usage);
    }
}
