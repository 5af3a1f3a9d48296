//! The login shell, which reads every command before `sh` does.
//!
//! csh takes no line break between quotes and keeps `!` for itself, fish reads backslashes between
//! quotes. So the first command of a connection is written in characters that all shells take
//! alike, and says which shell that was; from then on Bourne shells are spared the detour.

/// What is known of a login shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transport) enum LoginShell {
    Unknown,
    /// It reads quotes as `sh` does.
    Bourne,
    Other,
}

/// Shells that read quotes as `sh` does.
const BOURNE: [&str; 9] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "ksh93", "yash"];

impl LoginShell {
    fn named(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        if BOURNE.contains(&name) { Self::Bourne } else { Self::Other }
    }

    /// `command`, a line for `sh`, as a line for the login shell. `mark` comes before the
    /// shell's name when that is not known yet.
    pub(super) fn line(self, command: &str, mark: &str) -> String {
        if self == Self::Bourne {
            return command.to_owned();
        }
        let say = match self {
            Self::Unknown => format!("printf \"%s{mark}\" \"$SHELL\" >&2; "),
            Self::Bourne | Self::Other => String::new(),
        };
        let encoded = in_numbers(command, &['\n', '\r', '!', '\\', '\'']);
        format!("sh -c '{say}eval \"$(printf %b \"$1\")\"' sh '{encoded}'")
    }

    /// The shell's name in what was heard.
    pub(super) fn heard(heard: &[u8], mark: &str) -> Option<Self> {
        let at = super::find(heard, mark.as_bytes())?;
        let name = String::from_utf8_lossy(&heard[..at]);
        Some(Self::named(name.lines().last().unwrap_or_default().trim()))
    }
}

/// `script` as a command in one line without a `$`: `sudo -i` escapes what it passes on to a
/// shell, drops line breaks that way and leaves `$` to that shell.
pub(super) fn in_one_line(script: &str) -> String {
    let encoded = in_numbers(script, &['\n', '\r', '!', '\\', '\'', '"', '$', '`']);
    format!("sh -c {}", super::quote(&format!("eval \"`printf %b '{encoded}'`\"")))
}

/// `text` for `printf %b`, with `special` characters in octal.
fn in_numbers(text: &str, special: &[char]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        if special.contains(&c) {
            encoded += &format!("\\0{:03o}", u32::from(c));
        } else {
            encoded.push(c);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::super::quote;
    use super::*;

    #[test]
    fn what_shells_read_differently_is_written_in_numbers() {
        let command = format!("sh -c {}", quote("echo 'it'\\''s !' \\\\\nx"));
        assert_eq!(LoginShell::Bourne.line(&command, "M"), command);
        let line = LoginShell::Other.line(&command, "M");
        let text = line.strip_prefix("sh -c 'eval \"$(printf %b \"$1\")\"' sh '").unwrap();
        assert!(!text.trim_end_matches('\'').contains(['\n', '!', '\'']), "{text}");
        let output = std::process::Command::new("sh").args(["-c", &line]).output().unwrap();
        let straight = std::process::Command::new("sh").args(["-c", &command]).output().unwrap();
        assert_eq!(output.stdout, straight.stdout);
    }

    #[test]
    fn a_script_in_one_line_says_the_same() {
        let script = "printf '%s|' 'it'\\''s !' \"$((1 + 1)) \\$HOME\" `echo x`\nprintf '\\\\'";
        let run =
            |line: &str| std::process::Command::new("sh").args(["-c", line]).output().unwrap();
        let line = in_one_line(script);
        assert!(!line.contains(['\n', '$']), "{line}");
        assert_eq!(run(&line).stdout, run(script).stdout);
        assert_eq!(run(script).stdout, b"it's !|2 $HOME|x|\\");
    }

    #[test]
    fn the_shell_is_known_by_its_name() {
        for (heard, wanted) in [
            ("noise\n/bin/bashM", Some(LoginShell::Bourne)),
            ("/usr/bin/fishM", Some(LoginShell::Other)),
            ("M", Some(LoginShell::Other)),
            ("/bin/sh", None),
        ] {
            assert_eq!(LoginShell::heard(heard.as_bytes(), "M"), wanted, "{heard}");
        }
    }
}
