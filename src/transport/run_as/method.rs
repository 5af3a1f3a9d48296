//! How `sudo`, `su` and `doas` are called: as Ansible calls them, but that none may ask anybody.

use super::Talk;
use crate::transport::ssh_config::shell_words;
use crate::transport::{RunAs, RunAsMethod, quote};

impl Talk {
    /// The command that runs `marked` as the other user.
    pub(super) fn method(&self, run_as: &RunAs, marked: &str) -> String {
        let user = quote(&run_as.user);
        let asks = run_as.password.is_some();
        let flags = run_as.flags.as_deref();
        let program = run_as.program.as_deref();
        match run_as.method {
            RunAsMethod::Sudo => {
                let flags = flags.map_or_else(|| "-H".to_owned(), without_n);
                let how = if asks { format!("-S -p {}", quote(&self.prompt)) } else { "-n".into() };
                let program = program.unwrap_or("sudo");
                format!("{program} {flags} {how} -u {user} -- {marked}")
            }
            RunAsMethod::Su => {
                // Another program takes what Ansible gives it; ours also serves users without a
                // shell.
                let (program, shell) = program.map_or(("su", "-s /bin/sh"), |name| (name, ""));
                let flags = flags.unwrap_or_default();
                format!("{program} {flags} {shell} {user} -c {}", quote(marked))
            }
            RunAsMethod::Doas => {
                // Without a terminal of its own it would ask on ours.
                let how = if asks && self.terminal { "" } else { "-n" };
                let flags = flags.map(without_n).unwrap_or_default();
                format!("{} {flags} {how} -u {user} {marked}", program.unwrap_or("doas"))
            }
        }
    }
}

/// Flags without `-n`, which is ours to give: with a password it would forbid to ask for it.
fn without_n(flags: &str) -> String {
    let words = shell_words(flags).unwrap_or_default();
    let kept = words.into_iter().filter(|word| word != "-n" && word != "--non-interactive");
    let bare = |word: String| match word.strip_prefix('-') {
        Some(letters) if !letters.starts_with('-') => match letters.split_once('n') {
            Some((before, after)) if before.chars().all(char::is_alphanumeric) => {
                format!("-{before}{after}")
            }
            _ => word,
        },
        _ => word,
    };
    kept.map(bare).map(|word| quote(&word)).collect::<Vec<_>>().join(" ")
}
