//! The talk before a script starts: becoming another user, and noise.
//!
//! Every script first prints a random mark on both output streams. Whatever came before it is not
//! the script's: a shell's rc file that prints, `sudo`'s prompt, lecture and warnings. It is taken
//! out. Without the mark the script never ran, and what was said instead tells why. When a
//! password is configured, standard input is held back until the mark, so that only the method
//! that asked for the password ever reads it.

#[cfg(test)]
mod tests;

use super::{RunAs, RunAsMethod, TransportError, quote};

/// A script as it is sent, and the talk to expect before it starts.
#[derive(Debug)]
pub(super) struct Prepared {
    /// For the login shell.
    pub(super) script: String,
    /// Goes on until the script starts.
    pub(super) talk: Talk,
}

/// What to do after more of standard error came in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Wait for more.
    Wait,
    /// Send the password and a newline.
    SendPassword,
    /// The script runs; this is the first of its standard error. Now it may read its input.
    Started(Vec<u8>),
    /// The password was asked for again, so it was wrong.
    WrongPassword,
}

/// What is said before the script starts.
#[derive(Debug)]
pub(super) struct Talk {
    /// `None` when the script runs as the login user.
    run_as: Option<RunAs>,
    user: String,
    mark: String,
    prompt: String,
    heard: Vec<u8>,
    answered: usize,
    started: bool,
    stdout: Stdout,
}

/// Standard output up to the mark.
#[derive(Debug)]
enum Stdout {
    Before(Vec<u8>),
    Started,
}

/// Linux takes 128 KiB as one argument.
const LONGEST: usize = 120 * 1024;
/// Noise kept before the mark; more than this is no rc file but a flood.
const NOISE_MOST: usize = 1 << 20;

/// Makes `script` say when it starts, and run as the wanted user when that is another one than
/// the login user.
pub(super) fn prepare(
    script: &str,
    run_as: Option<&RunAs>,
    login_user: &str,
) -> Result<Prepared, TransportError> {
    let local = |what: &str, reason: String| TransportError::Local { what: what.into(), reason };
    let run_as = run_as.filter(|run_as| run_as.user != login_user);
    if let Some(run_as) = run_as
        && (run_as.user.is_empty() || run_as.user.starts_with('-'))
    {
        return Err(local("become user", format!("`{}` is no user name", run_as.user)));
    }
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|error| local("random numbers", error.to_string()))?;
    let talk = Talk {
        run_as: run_as.cloned(),
        user: login_user.to_owned(),
        mark: format!("rrecover-started-{}", hex::encode(&random[..8])),
        prompt: format!("rrecover-password-{}:", hex::encode(&random[8..])),
        heard: Vec::new(),
        answered: 0,
        started: false,
        stdout: Stdout::Before(Vec::new()),
    };
    let script = talk.command_line(script);
    if script.len() > LONGEST || script.contains('\0') {
        let reason = "it is longer than a host takes as one command, or has a zero byte in it";
        return Err(local("script", format!("{reason}; send it over standard input")));
    }
    Ok(Prepared { script, talk })
}

impl Talk {
    fn command_line(&self, script: &str) -> String {
        // A newline, not a semicolon: the script may begin with a comment or be empty.
        let marked = quote(&format!("printf %s {0}; printf %s {0} >&2\n{script}", self.mark));
        let Some(run_as) = &self.run_as else { return format!("sh -c {marked}") };
        let user = quote(&run_as.user);
        match (run_as.method, &run_as.password) {
            (RunAsMethod::Sudo, Some(_)) => {
                format!("sudo -H -S -p {} -u {user} -- sh -c {marked}", quote(&self.prompt))
            }
            (RunAsMethod::Sudo, None) => format!("sudo -H -n -u {user} -- sh -c {marked}"),
            (RunAsMethod::Su, _) => format!("su -s /bin/sh -c {marked} -- {user}"),
            // doas reads a password from a terminal only, and there is none.
            (RunAsMethod::Doas, _) => format!("doas -n -u {user} sh -c {marked}"),
        }
    }

    /// The password to send on [`Step::SendPassword`].
    pub(super) fn password_line(&self) -> Option<Vec<u8>> {
        let password = self.run_as.as_ref()?.password.as_ref()?;
        Some(format!("{}\n", password.expose()).into_bytes())
    }

    /// Whether input may only follow the start. Without a password nothing is asked, and input can
    /// go out at once: no round trip is lost.
    pub(super) fn holds_input(&self) -> bool {
        let asks = |run_as: &RunAs| run_as.password.is_some() && run_as.method != RunAsMethod::Doas;
        self.run_as.as_ref().is_some_and(asks)
    }

    /// Whether the script runs.
    pub(super) fn started(&self) -> bool {
        self.started
    }

    /// Takes in standard output and gives what is the script's own.
    pub(super) fn hear_stdout<'a>(&mut self, bytes: &'a [u8]) -> std::borrow::Cow<'a, [u8]> {
        let Stdout::Before(noise) = &mut self.stdout else { return bytes.into() };
        noise.extend_from_slice(bytes);
        if let Some(at) = find(noise, self.mark.as_bytes()) {
            let own = noise.split_off(at + self.mark.len());
            self.stdout = Stdout::Started;
            return own.into();
        }
        noise.truncate(NOISE_MOST);
        Vec::new().into()
    }

    /// Takes in standard error and says what to do.
    pub(super) fn hear(&mut self, bytes: &[u8]) -> Step {
        if self.started {
            return Step::Started(bytes.to_vec());
        }
        self.heard.extend_from_slice(bytes);
        if let Some(at) = find(&self.heard, self.mark.as_bytes()) {
            self.started = true;
            return Step::Started(self.heard.split_off(at + self.mark.len()));
        }
        self.heard.truncate(NOISE_MOST);
        if self.times_asked() > self.answered {
            self.answered += 1;
            return if self.answered == 1 { Step::SendPassword } else { Step::WrongPassword };
        }
        Step::Wait
    }

    fn times_asked(&self) -> usize {
        if !self.holds_input() {
            return 0;
        }
        match self.run_as.as_ref().map(|run_as| run_as.method) {
            Some(RunAsMethod::Sudo) => count(&self.heard, self.prompt.as_bytes()),
            // The prompt of `su` cannot be set: it is a word in the host's language and a colon.
            Some(RunAsMethod::Su) => usize::from(self.heard.trim_ascii_end().ends_with(b":")),
            Some(RunAsMethod::Doas) | None => 0,
        }
    }

    /// Why the script never ran, after its channel ended or the password was asked for again.
    pub(super) fn refused(&self, host: &str, rc: Option<i32>) -> TransportError {
        let heard = String::from_utf8_lossy(&self.heard).replace(&self.prompt, "");
        let mut words: Vec<&str> = heard.lines().collect();
        let noise = match &self.stdout {
            Stdout::Before(noise) => String::from_utf8_lossy(noise).into_owned(),
            Stdout::Started => String::new(),
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
            RunAsMethod::Doas if words.contains("uthenti") || words.contains("password") => {
                format!(
                    "it asks for a password, which doas reads from a terminal only: add `nopass` to \
                 the rule in doas.conf{said}"
                )
            }
            _ if words.is_empty() => "it ended without a word".into(),
            _ => words.to_owned(),
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn count(haystack: &[u8], needle: &[u8]) -> usize {
    haystack.windows(needle.len()).filter(|window| *window == needle).count()
}
