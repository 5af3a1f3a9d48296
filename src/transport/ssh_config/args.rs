//! ssh's command line, as inventories put it into `ansible_ssh_common_args` and `ProxyCommand`.
//!
//! Whatever is not understood is an error that names it: an option that is passed over could be
//! the one that the operator's safety hangs on.

use super::file::Directive;
use super::words;
use crate::error::Problem;

/// Letters that take no value and change nothing here: verbosity, terminals, X11, compression.
const UNNEEDED: &str = "CqTtxXYvnykK";
/// Letters that take a value that changes nothing here: log file, control socket, escape character.
const UNNEEDED_VALUES: &str = "ESe";

/// What was read.
#[derive(Debug, Clone, Default)]
pub(in crate::transport) struct CommandLine {
    /// Options in their order; the first of a kind wins.
    pub(in crate::transport) directives: Vec<Directive>,
    /// `-F`.
    pub(in crate::transport) config: Option<String>,
    /// `-W`.
    pub(in crate::transport) forward: Option<String>,
    /// The host, then the words of a command.
    pub(in crate::transport) words: Vec<String>,
}

impl CommandLine {
    /// Reads options that stand before a host that somebody else names.
    pub(in crate::transport) fn options(text: &str) -> Result<Self, Problem> {
        let words =
            super::shell_words(text).map_err(|what| Problem::new(format!("`{text}`: {what}")))?;
        let line = Self::parse(words)?;
        match (&line.forward, line.words.first()) {
            (Some(_), _) => Err(unknown("-W")),
            (None, Some(word)) => Err(unknown(word)),
            (None, None) => Ok(line),
        }
    }

    /// Reads all words behind `ssh`.
    pub(in crate::transport) fn parse(words: Vec<String>) -> Result<Self, Problem> {
        let mut line = Self::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
                Some("-") => line.words.extend(words.by_ref()),
                Some(letters) => line.letters(&word, letters, &mut words)?,
                // `ssh` takes options after the host too; after a command's first word no more.
                None if line.words.is_empty() => line.words.push(word),
                None => {
                    line.words.push(word);
                    line.words.extend(words.by_ref());
                }
            }
        }
        Ok(line)
    }

    fn letters(
        &mut self,
        word: &str,
        letters: &str,
        words: &mut impl Iterator<Item = String>,
    ) -> Result<(), Problem> {
        for (index, letter) in letters.char_indices() {
            let rest = &letters[index + letter.len_utf8()..];
            if UNNEEDED.contains(letter) {
                continue;
            }
            if let Some((name, value)) = plain(letter) {
                self.set(name, value)?;
                continue;
            }
            let mut value = || {
                let given = if rest.is_empty() { words.next() } else { Some(rest.to_owned()) };
                given.ok_or_else(|| Problem::new(format!("`-{letter}` needs a value")))
            };
            match letter {
                'o' => self.option(&value()?)?,
                'F' => self.config = Some(value()?),
                'W' => self.forward = Some(value()?),
                letter if UNNEEDED_VALUES.contains(letter) => drop(value()?),
                letter => {
                    let name = valued(letter).ok_or_else(|| unknown(word))?;
                    self.set(name, &value()?)?;
                }
            }
            return Ok(());
        }
        Ok(())
    }

    /// One `-o Name=value` or `-o "Name value"`.
    fn option(&mut self, text: &str) -> Result<(), Problem> {
        let Some((name, rest)) = words::keyword(text) else { return Err(unknown("-o")) };
        if name == "host" || name == "match" || name == "include" {
            return Err(unknown(&format!("-o {text}")));
        }
        let directive = Directive::parse(&name, rest, None);
        self.directives.push(directive.map_err(|problem| Problem {
            message: format!("`-o {text}`: {}", problem.message),
            ..problem
        })?);
        Ok(())
    }

    /// An option whose value is one word, whatever is in it.
    fn set(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        let directive = Directive::new(name, value).ok_or_else(|| unknown(name))?;
        let checked = directive.keyword.check(&directive.args);
        checked.map_err(|what| Problem::new(format!("`{name}`: {what}")))?;
        self.directives.push(directive);
        Ok(())
    }
}

/// Letters without a value that stand for an option.
fn plain(letter: char) -> Option<(&'static str, &'static str)> {
    Some(match letter {
        'A' => ("forwardagent", "yes"),
        'a' => ("forwardagent", "no"),
        '4' => ("addressfamily", "inet"),
        '6' => ("addressfamily", "inet6"),
        _ => return None,
    })
}

/// Letters with a value that stand for an option.
fn valued(letter: char) -> Option<&'static str> {
    Some(match letter {
        'J' => "proxyjump",
        'i' => "identityfile",
        'p' => "port",
        'l' => "user",
        'b' => "bindaddress",
        'B' => "bindinterface",
        'c' => "ciphers",
        'm' => "macs",
        'I' => "pkcs11provider",
        _ => return None,
    })
}

fn unknown(what: &str) -> Problem {
    Problem::new(format!("the ssh argument `{what}` is not supported"))
        .hint("supported: -o, -J, -i, -p, -l, -F, -A, -a, -4, -6, -b, -c and -m")
}
