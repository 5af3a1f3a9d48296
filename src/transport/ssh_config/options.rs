//! What the files and the command line say about one host: the first value of an option wins.

use super::criteria::{self, Subject};
use super::file::{Directive, Line};
use super::keywords::{self, Meaning};
use super::paths::{Home, Tokens, fill, fill_environment};
use crate::error::{Location, Problem};
use crate::transport::pattern;
use indexmap::IndexMap;
use std::path::PathBuf;

/// The two ways to say what leads to a host; the first of either kind wins.
const PROXIES: [&str; 2] = ["proxyjump", "proxycommand"];

/// The options that hold for one host.
#[derive(Debug, Clone)]
pub struct Options {
    values: IndexMap<&'static str, Value>,
    tokens: Tokens,
    home: Home,
}

#[derive(Debug, Clone)]
struct Value {
    words: Vec<String>,
    /// Where it was said first.
    location: Option<Location>,
}

impl Options {
    /// Reads `files` in their order for `host`, after what the command line gave.
    pub(super) fn resolve(
        files: &[&[Line]],
        host: &str,
        given: &[Directive],
        local_user: &str,
        home: &Home,
    ) -> Result<Self, Problem> {
        let tokens = Tokens {
            host: host.to_owned(),
            original: host.to_owned(),
            alias: host.to_owned(),
            port: 22,
            user: local_user.to_owned(),
            local_user: local_user.to_owned(),
            home: home.0.as_ref().map(|home| home.display().to_string()).unwrap_or_default(),
        };
        let options = Self { values: IndexMap::new(), tokens, home: home.clone() };
        let mut reading =
            Reading { options, name: host.to_owned(), last: false, wants_last: false };
        for directive in given {
            reading.options.set(directive)?;
        }
        for lines in files {
            reading.read(lines, true)?;
        }
        if reading.wants_last {
            // The second reading knows the host by its address.
            reading.name = reading.options.host()?;
            let words = vec![reading.name.clone()];
            reading.options.values.insert("hostname", Value { words, location: None });
            reading.last = true;
            for lines in files {
                reading.read(lines, true)?;
            }
        }
        reading.options.settle()
    }

    fn set(&mut self, directive: &Directive) -> Result<(), Problem> {
        let name = directive.keyword.name;
        if let Meaning::Only(allowed) = directive.keyword.meaning
            && !allowed.iter().any(|word| word.eq_ignore_ascii_case(&directive.args[0]))
        {
            return Err(Problem {
                location: directive.location.clone(),
                message: format!("`{name} {}` is not supported", directive.args.join(" ")),
                hint: Some(format!("leave it out or set it to `{}` for this host", allowed[0])),
            });
        }
        if PROXIES.contains(&name) && PROXIES.iter().any(|name| self.values.contains_key(name)) {
            return Ok(());
        }
        let collected = directive.keyword.meaning == Meaning::Collected;
        match self.values.get_mut(name) {
            Some(value) if collected => {
                if !value.words.contains(&directive.args[0]) {
                    value.words.push(directive.args[0].clone());
                }
            }
            Some(_) => {}
            None => {
                let location = directive.location.clone();
                self.values.insert(name, Value { words: directive.args.clone(), location });
            }
        }
        Ok(())
    }

    /// The address so far: `HostName` with its `%h`, in lower case.
    fn host(&self) -> Result<String, Problem> {
        let original = &self.tokens.original;
        let name = self.text("hostname").unwrap_or("%h");
        let filled = fill(name, |letter| (letter == 'h').then(|| original.clone()));
        Ok(filled.map_err(|what| self.problem("hostname", what))?.to_lowercase())
    }

    /// Settles what `%` letters stand for.
    fn settle(mut self) -> Result<Self, Problem> {
        self.tokens.host = self.host()?;
        self.tokens.port = self.text("port").and_then(|port| port.parse().ok()).unwrap_or(22);
        self.tokens.user = self.text("user").unwrap_or(&self.tokens.local_user).to_owned();
        self.tokens.alias = self.text("hostkeyalias").unwrap_or(&self.tokens.original).to_owned();
        Ok(self)
    }

    /// The address to connect to.
    pub fn address(&self) -> &str {
        &self.tokens.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.tokens.port
    }

    /// The login user; `None` when nothing names one.
    pub fn user(&self) -> Option<&str> {
        self.text("user")
    }

    /// The words of an option as they stand in the file; empty when it is not set.
    pub fn words(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], |value| &value.words)
    }

    /// The first word of an option.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.words(name).first().map(String::as_str)
    }

    /// The value of a yes-or-no option.
    pub fn flag(&self, name: &str) -> Option<bool> {
        keywords::yes_no(self.text(name)?)
    }

    /// The seconds of a time; 0 for `none`.
    pub fn seconds(&self, name: &str) -> Option<u64> {
        keywords::seconds(self.text(name)?)
    }

    /// The paths of an option, with `~`, `%` letters and `${}` filled in; `none` is no path.
    pub(in crate::transport) fn paths(&self, name: &str) -> Result<Vec<PathBuf>, Problem> {
        let words = self.words(name).iter().filter(|word| !word.eq_ignore_ascii_case("none"));
        words.map(|word| self.path(name, word)).collect()
    }

    /// One path of the option `name`.
    pub(in crate::transport) fn path(&self, name: &str, word: &str) -> Result<PathBuf, Problem> {
        let expanded = self.home.expand(word).to_string_lossy().into_owned();
        let filled = fill_environment(&expanded).and_then(|text| self.tokens.fill(&text));
        filled.map(PathBuf::from).map_err(|what| self.problem(name, what))
    }

    /// The option's text with its `%` letters filled in.
    pub(in crate::transport) fn filled(&self, name: &str) -> Result<Option<String>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        self.tokens.fill(text).map(Some).map_err(|what| self.problem(name, what))
    }

    /// A mistake in the value of `name`, at its place.
    pub(in crate::transport) fn problem(&self, name: &str, what: impl Into<String>) -> Problem {
        let location = self.values.get(name).and_then(|value| value.location.clone());
        Problem { location, message: what.into(), hint: None }
    }
}

struct Reading {
    options: Options,
    /// What `Host` lines are held against.
    name: String,
    last: bool,
    wants_last: bool,
}

impl Reading {
    fn read(&mut self, lines: &[Line], outer: bool) -> Result<(), Problem> {
        let mut active = outer;
        for line in lines {
            match line {
                Line::Host(patterns) => {
                    let patterns = patterns.iter().map(String::as_str);
                    active = outer && pattern::any_matches(patterns, &self.name);
                }
                Line::Match(conditions, at) => {
                    self.wants_last |= criteria::wants_last(conditions);
                    active = outer && self.holds(conditions, at)?;
                }
                Line::Include(files) => {
                    for file in files {
                        self.read(file, active)?;
                    }
                }
                Line::Set(directive) if active => self.options.set(directive)?,
                Line::Set(_) => {}
            }
        }
        Ok(())
    }

    fn holds(&self, conditions: &[criteria::Criterion], at: &Location) -> Result<bool, Problem> {
        let (host, tokens) = (self.options.host()?, &self.options.tokens);
        let subject = Subject {
            host: &host,
            original: &tokens.original,
            user: self.options.text("user").unwrap_or(&tokens.local_user),
            local_user: &tokens.local_user,
            last: self.last,
        };
        criteria::hold(conditions, &subject, at)
    }
}
