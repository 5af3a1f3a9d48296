//! The talk before a script starts: becoming another user, and noise.
//!
//! Every script first prints a random mark on both output streams. Whatever came before it is not
//! the script's: a shell's rc file that prints, `sudo`'s prompt, lecture and warnings. It is taken
//! out. Without the mark the script never ran, and what was said instead tells why. When a
//! password is configured, standard input is held back until the mark, so that only the method
//! that asked for the password ever reads it.

mod method;
mod refusal;
mod shell;
mod terminal;
#[cfg(test)]
mod tests;

pub(super) use shell::LoginShell;
pub(super) use terminal::Terminal;

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
    /// How much had been heard when the password was sent.
    answered_at: usize,
    started: bool,
    stdout: Stdout,
    /// Ends standard output on a terminal, where everything comes on one stream.
    end: String,
    terminal: bool,
    shell: LoginShell,
    /// What was heard before the start.
    noise: Vec<u8>,
}

/// Standard output up to the mark.
#[derive(Debug)]
enum Stdout {
    Before(Vec<u8>),
    Started,
    /// On a terminal: what may be the beginning of the end mark.
    Held(Vec<u8>),
    /// On a terminal: what follows is standard error.
    Ended,
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
    shell: LoginShell,
    terminal: Option<Terminal>,
) -> Result<Prepared, TransportError> {
    let local = |what: &str, reason: String| TransportError::Local { what: what.into(), reason };
    let run_as = run_as.filter(|run_as| run_as.user != login_user);
    if let Some(run_as) = run_as
        && (run_as.user.is_empty() || run_as.user.starts_with('-'))
    {
        return Err(local("become user", format!("`{}` is no user name", run_as.user)));
    }
    let mut random = [0_u8; 24];
    getrandom::fill(&mut random).map_err(|error| local("random numbers", error.to_string()))?;
    let talk = Talk {
        run_as: run_as.cloned(),
        user: login_user.to_owned(),
        mark: format!("rrecover-started-{}", hex::encode(&random[..8])),
        prompt: format!("rrecover-password-{}:", hex::encode(&random[8..16])),
        end: format!("rrecover-ended-{}", hex::encode(&random[16..])),
        heard: Vec::new(),
        answered: 0,
        answered_at: 0,
        started: false,
        stdout: Stdout::Before(Vec::new()),
        terminal: terminal.is_some(),
        shell,
        noise: Vec::new(),
    };
    let script = shell.line(&talk.command_line(script, terminal), &talk.shell_mark());
    if script.len() > LONGEST || script.contains('\0') {
        let reason = "it is longer than a host takes as one command, or has a zero byte in it";
        return Err(local("script", format!("{reason}; send it over standard input")));
    }
    Ok(Prepared { script, talk })
}

impl Talk {
    fn command_line(&self, script: &str, terminal: Option<Terminal>) -> String {
        // A newline, not a semicolon: the script may begin with a comment or be empty.
        let script = match terminal {
            Some(terminal) => terminal.wrap(script, &self.mark, &self.end),
            None => format!("printf %s {0}; printf %s {0} >&2\n{script}", self.mark),
        };
        let passed_on = self
            .run_as
            .as_ref()
            .is_some_and(|run_as| run_as.method == RunAsMethod::Sudo && run_as.flags.is_some());
        let marked = if passed_on {
            shell::in_one_line(&script)
        } else {
            format!("sh -c {}", quote(&script))
        };
        let Some(run_as) = &self.run_as else { return marked };
        let method = self.method(run_as, &marked);
        // The prompts of su and doas cannot be set: this says from where on one may come.
        let asks = self.holds_input() && run_as.method != RunAsMethod::Sudo;
        if asks { format!("printf %s {} >&2; {method}", quote(&self.prompt)) } else { method }
    }

    /// Stands behind the login shell's name.
    fn shell_mark(&self) -> String {
        self.end.replace("ended", "shell")
    }

    /// The login shell, once it has said its name.
    pub(super) fn login_shell(&self) -> LoginShell {
        match self.shell {
            LoginShell::Unknown => {
                LoginShell::heard(&self.noise, &self.shell_mark()).unwrap_or(LoginShell::Unknown)
            }
            known => known,
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
        self.terminal || self.run_as.as_ref().is_some_and(|run_as| run_as.password.is_some())
    }

    /// Whether anything came back at all.
    pub(super) fn heard_anything(&self) -> bool {
        let noise = matches!(&self.stdout, Stdout::Before(noise) if noise.is_empty());
        self.started || !noise || !self.heard.is_empty()
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

    /// Takes in what a terminal says, where everything comes on one stream: what is the script's
    /// standard output, and what to do.
    pub(super) fn hear_terminal(&mut self, bytes: &[u8]) -> (Vec<u8>, Step) {
        if !self.started {
            let own = match self.hear(bytes) {
                Step::Started(own) => own,
                step => return (Vec::new(), step),
            };
            self.stdout = Stdout::Held(Vec::new());
            return self.hear_terminal(&own);
        }
        match &mut self.stdout {
            Stdout::Held(held) => {
                held.extend_from_slice(bytes);
                if let Some(at) = find(held, self.end.as_bytes()) {
                    let error = held.split_off(at + self.end.len());
                    held.truncate(at);
                    let own = std::mem::take(held);
                    self.stdout = Stdout::Ended;
                    return (own, Step::Started(error));
                }
                let keep = held.len().min(self.end.len());
                let rest = held.split_off(held.len() - keep);
                let own = std::mem::replace(held, rest);
                (own, Step::Started(Vec::new()))
            }
            _ => (Vec::new(), Step::Started(bytes.to_vec())),
        }
    }

    /// What is still held back of standard output when the terminal is gone before its end.
    pub(super) fn held(&mut self) -> Vec<u8> {
        match &mut self.stdout {
            Stdout::Held(held) => std::mem::take(held),
            _ => Vec::new(),
        }
    }

    /// Takes in standard error and says what to do.
    pub(super) fn hear(&mut self, bytes: &[u8]) -> Step {
        if self.started {
            return Step::Started(bytes.to_vec());
        }
        self.heard.extend_from_slice(bytes);
        if let Some(at) = find(&self.heard, self.mark.as_bytes()) {
            self.started = true;
            let own = self.heard.split_off(at + self.mark.len());
            self.noise = std::mem::take(&mut self.heard);
            return Step::Started(own);
        }
        self.heard.truncate(NOISE_MOST);
        self.next_step()
    }

    fn next_step(&mut self) -> Step {
        if self.times_asked() > self.answered {
            self.answered += 1;
            self.answered_at = self.heard.len();
            return if self.answered == 1 { Step::SendPassword } else { Step::WrongPassword };
        }
        Step::Wait
    }

    fn times_asked(&self) -> usize {
        let Some(run_as) = self.run_as.as_ref().filter(|run_as| run_as.password.is_some()) else {
            return 0;
        };
        if run_as.method == RunAsMethod::Sudo {
            return count(&self.heard, self.prompt.as_bytes());
        }
        // A prompt is a word in the host's language and a colon, and comes after our own word.
        let Some(at) = find(&self.heard, self.prompt.as_bytes()) else { return 0 };
        let from = (at + self.prompt.len()).max(self.answered_at);
        let said = self.heard[from..].trim_ascii_end();
        let prompted = said.ends_with(b":") || said.ends_with("\u{ff1a}".as_bytes());
        self.answered + usize::from(prompted)
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn count(haystack: &[u8], needle: &[u8]) -> usize {
    haystack.windows(needle.len()).filter(|window| *window == needle).count()
}
