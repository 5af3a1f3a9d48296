//! Scripts that stand in files of their own: their variables go in front, their refusals come back.

use super::{Args, Context, ModuleError};
use crate::transport::{Input, Output, quote};

/// The exit code by which a script says that a safety rule forbids what it was asked for.
const REFUSED: i32 = 3;

/// Where runs keep what they need on a host, DOMAIN 2.3 `rr_remote_dir`.
const REMOTE_DIRECTORY: &str = "/var/lib/rrecover";

/// A script and the variables that it reads.
#[derive(Debug, Clone, Default)]
pub(super) struct HostScript {
    text: String,
}

impl HostScript {
    /// Sets a variable of the script.
    pub(super) fn set(mut self, name: &str, value: &str) -> Self {
        self.text.push_str(&format!("{name}={}\n", quote(value)));
        self
    }

    /// Adds a part of the script.
    pub(super) fn then(mut self, part: &str) -> Self {
        self.text.push_str(part);
        if !part.ends_with('\n') {
            self.text.push('\n');
        }
        self
    }

    /// The whole text, for tests that cut it off.
    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Runs it and gives its output, whatever its exit code.
    pub(super) async fn output(&self, context: &Context) -> Result<Output, ModuleError> {
        context.sh(self.text.clone()).await
    }

    /// Runs it; it has to succeed. `what` says what was to be done, `command` the essence of it.
    pub(super) async fn run(
        &self,
        context: &Context,
        what: &str,
        command: &str,
    ) -> Result<Output, ModuleError> {
        self.run_with(context, what, command, Input::Empty).await
    }

    /// The same with something to read on standard input.
    pub(super) async fn run_with(
        &self,
        context: &Context,
        what: &str,
        command: &str,
        stdin: Input,
    ) -> Result<Output, ModuleError> {
        let output =
            context.connection.run(context.command(self.text.clone()).stdin(stdin)).await?;
        if output.success() {
            return Ok(output);
        }
        let stderr = output.stderr_text();
        if output.rc == REFUSED {
            return Err(refused(context, &stderr));
        }
        Err(ModuleError::Command {
            what: what.to_owned(),
            command: command.to_owned(),
            rc: output.rc,
            stderr,
        })
    }
}

/// A script's refusal: its last line but one is the reason, its last line the way out.
fn refused(context: &Context, stderr: &str) -> ModuleError {
    let mut lines = stderr.lines().rev().filter(|line| !line.trim().is_empty());
    let hint = lines.next().unwrap_or("look at the host").to_owned();
    let reason = lines.next().unwrap_or("the host refused").to_owned();
    ModuleError::Refused { reason: format!("`{}`: {reason}", context.connection.host()), hint }
}

/// The directory of this run on the host, which only root may enter.
pub(super) fn run_directory(context: &Context, args: &Args) -> Result<String, ModuleError> {
    Ok(format!("{}/{}", remote_directory(args)?, context.run_id))
}

/// The directory of all runs on a host.
pub(super) fn remote_directory(args: &Args) -> Result<String, ModuleError> {
    let directory = text_or(args, "remote_dir", REMOTE_DIRECTORY)?;
    absolute("remote_dir", &directory)
}

/// The argument as text that is not empty, or the default.
pub(super) fn text_or(
    args: &Args,
    name: &'static str,
    default: &str,
) -> Result<String, ModuleError> {
    Ok(given(args, name)?.unwrap_or_else(|| default.to_owned()))
}

/// A path: the argument, else what the host's variables say (Kubespray's own name for it, already
/// proved to be usable when the host was looked at), else the default.
pub(super) fn path_or(
    context: &Context,
    args: &Args,
    name: &'static str,
    variable: &str,
    default: &str,
) -> Result<String, ModuleError> {
    if let Some(path) = given(args, name)? {
        return absolute(name, &path);
    }
    let value = context.templates.expression(&format!("{variable} | default('')"));
    let path = value.ok().as_ref().and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    absolute(name, if path.is_empty() { default } else { &path })
}

/// The argument as text; one that rendered empty is as good as none.
pub(super) fn given(args: &Args, name: &'static str) -> Result<Option<String>, ModuleError> {
    Ok(args.text(name)?.filter(|text| !text.trim().is_empty()))
}

/// A path of one file or directory, without a trailing slash.
pub(super) fn absolute(name: &str, path: &str) -> Result<String, ModuleError> {
    let path = path.trim_end_matches('/');
    let usable = path.starts_with('/')
        && !path.split('/').any(|part| part == "..")
        && !path.contains(|c: char| "*?[".contains(c) || c.is_control());
    if usable {
        return Ok(path.to_owned());
    }
    Err(ModuleError::Argument {
        name: name.to_owned(),
        reason: format!("must be an absolute path and no glob, not `{path}`"),
    })
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    fn scripts(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                scripts(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "sh") {
                found.push(path);
            }
        }
    }

    #[test]
    fn every_script_for_hosts_is_clean_posix_shell() {
        let mut found = Vec::new();
        scripts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        assert!(found.len() >= 10, "{found:?}");
        let mut shellcheck = std::process::Command::new("shellcheck");
        shellcheck.args(["-s", "sh"]).args(&found);
        let output = shellcheck.output().expect("shellcheck is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}
