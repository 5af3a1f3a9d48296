//! Why a script never ran.

use super::{Stdout, Talk};
use crate::transport::{RunAs, RunAsMethod, TransportError};

impl Talk {
    /// Whether the refusal was only about a terminal: then nothing ran, and one can be given.
    pub(in crate::transport) fn wants_terminal(&self) -> bool {
        let heard = String::from_utf8_lossy(&self.heard);
        !self.started
            && !self.terminal
            && self.run_as.is_some()
            && (heard.contains("must have a tty") || heard.contains("must be run from a terminal"))
    }

    /// Why the script never ran, after its channel ended or the password was asked for again.
    pub(in crate::transport) fn refused(&self, host: &str, rc: Option<i32>) -> TransportError {
        let heard = String::from_utf8_lossy(&self.heard).replace(&self.prompt, "");
        let heard = match heard.split_once(&self.shell_mark()) {
            Some((before, after)) => {
                let shell = before.lines().last().unwrap_or_default();
                format!("{}{after}", before.strip_suffix(shell).unwrap_or(before))
            }
            None => heard,
        };
        let mut words: Vec<&str> = heard.lines().collect();
        let noise = match &self.stdout {
            Stdout::Before(noise) => String::from_utf8_lossy(noise).into_owned(),
            _ => String::new(),
        };
        words.extend(noise.lines());
        let words: Vec<&str> = words.into_iter().map(str::trim).filter(|w| !w.is_empty()).collect();
        let words = words.join("; ");
        let Some(run_as) = &self.run_as else {
            let rc = rc.map(|rc| format!(", exit code {rc}")).unwrap_or_default();
            return TransportError::Auth {
                host: host.to_owned(),
                user: self.user.clone(),
                reason: format!("its shell did not run the command{rc}: `{words}`"),
            };
        };
        let method = match run_as.method {
            RunAsMethod::Sudo => "sudo",
            RunAsMethod::Su => "su",
            RunAsMethod::Doas => "doas",
        };
        TransportError::RunAs {
            host: host.to_owned(),
            user: run_as.user.clone(),
            method: method.to_owned(),
            reason: self.reason(run_as, &words, rc),
        }
    }

    fn reason(&self, run_as: &RunAs, words: &str, rc: Option<i32>) -> String {
        let password = run_as.password.is_some();
        let said = if words.is_empty() { String::new() } else { format!(" (`{words}`)") };
        if rc == Some(127) {
            return format!("the command is not there{said}");
        }
        match run_as.method {
            RunAsMethod::Sudo if self.answered > 1 || words.contains("incorrect password") => {
                "wrong password".into()
            }
            RunAsMethod::Su if self.answered > 0 => format!("wrong password{said}"),
            RunAsMethod::Sudo if !password && words.contains("password") => {
                format!("it needs a password: -K{said}")
            }
            RunAsMethod::Su if !password => format!("it needs a password: -K{said}"),
            RunAsMethod::Doas if password && !self.terminal => {
                format!("doas reads the password from a terminal, and there is none{said}")
            }
            RunAsMethod::Doas if self.answered > 0 => format!("wrong password{said}"),
            RunAsMethod::Doas if words.contains("uthenti") || words.contains("password") => {
                format!("it needs a password: -K{said}")
            }
            _ if words.is_empty() => "it ended without a word".into(),
            _ => words.to_owned(),
        }
    }
}
