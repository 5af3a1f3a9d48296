//! Configuration files as they are written: lines with their places, `Include` followed.

use super::criteria::{self, Criterion};
use super::keywords::{self, Keyword, Takes};
use super::paths::Home;
use super::words;
use crate::error::{Location, Problem, Problems, did_you_mean, near_matches};
use crate::transport::pattern;
use glob::MatchOptions;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// As deep as OpenSSH follows `Include`.
const DEEPEST: usize = 16;

/// One option and its values, from a file or from ssh's command line.
#[derive(Debug, Clone)]
pub(in crate::transport) struct Directive {
    pub(super) keyword: &'static Keyword,
    pub(super) args: Vec<String>,
    /// Where it stands; `None` on the command line.
    pub(super) location: Option<Location>,
}

impl Directive {
    /// An option of ours, which needs no check.
    pub(in crate::transport) fn new(name: &str, value: impl Into<String>) -> Option<Self> {
        Some(Self { keyword: keywords::find(name)?, args: vec![value.into()], location: None })
    }

    /// Reads `Name value` or `Name=value`, as a line of a file and as the value of `-o`.
    pub(super) fn parse(
        name: &str,
        rest: &str,
        location: Option<Location>,
    ) -> Result<Self, Problem> {
        let problem = |message: String| Problem { location: location.clone(), message, hint: None };
        let Some(keyword) = keywords::find(name) else {
            let near = did_you_mean(&near_matches(name, keywords::names()));
            let hint = near.unwrap_or_else(|| {
                "an `IgnoreUnknown` above it passes over what other programs read".into()
            });
            return Err(problem(format!("`{name}` is no option of ssh")).hint(hint));
        };
        let args = if keyword.takes == Takes::Line {
            Some(rest.to_owned()).filter(|rest| !rest.is_empty()).into_iter().collect()
        } else {
            words::arguments(rest).map_err(|what| problem(format!("`{name}`: {what}")))?
        };
        keyword.check(&args).map_err(|what| problem(format!("`{name}`: {what}")))?;
        Ok(Self { keyword, args, location })
    }
}

/// One line that says something.
#[derive(Debug)]
pub(super) enum Line {
    Host(Vec<String>),
    Match(Vec<Criterion>, Location),
    Include(Vec<Vec<Line>>),
    Set(Directive),
}

/// Where a file's relative `Include` paths start, and who may have written it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) home: &'a Home,
    pub(super) include_from: &'a Path,
    /// Whether a file that others can write is refused.
    pub(super) guarded: bool,
}

/// Reads a file and what it includes; a file that is not there says nothing.
pub(super) fn read(path: &Path, origin: Origin<'_>) -> Result<Vec<Line>, Problems> {
    let mut reader = Reader { origin, problems: Problems::default(), ignored: Vec::new() };
    let lines = reader.file(path, 0);
    reader.problems.or(lines)
}

/// Reads text that stands in no file; `Include` is followed.
pub(super) fn parse(text: &str, name: &str, origin: Origin<'_>) -> Result<Vec<Line>, Problems> {
    let mut reader = Reader { origin, problems: Problems::default(), ignored: Vec::new() };
    let lines = reader.text(text, name, 0);
    reader.problems.or(lines)
}

struct Reader<'a> {
    origin: Origin<'a>,
    problems: Problems,
    /// Patterns of `IgnoreUnknown` so far.
    ignored: Vec<String>,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path, depth: usize) -> Vec<Line> {
        let name = path.display().to_string();
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                self.problems.push(Problem::new(format!("`{name}` cannot be read: {error}")));
                return Vec::new();
            }
        };
        if (self.origin.guarded || depth > 0) && others_can_write(path) {
            let message = format!("`{name}` can be written by others, so ssh does not trust it");
            self.problems.push(
                Problem::new(message).hint(format!("`chmod go-w {name}`, owned by you or root")),
            );
        }
        self.text(&String::from_utf8_lossy(&bytes), &name, depth)
    }

    fn text(&mut self, text: &str, name: &str, depth: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let column = 1 + line.chars().take_while(|c| c.is_whitespace()).count();
            let location = Location::new(name, index + 1, column);
            match self.line(line, location, depth) {
                Ok(line) => lines.extend(line),
                Err(problem) => self.problems.push(problem),
            }
        }
        lines
    }

    fn line(&mut self, line: &str, at: Location, depth: usize) -> Result<Option<Line>, Problem> {
        let Some((keyword, rest)) = words::keyword(line) else { return Ok(None) };
        let words = |what: &str| match words::arguments(rest) {
            Ok(words) if !words.is_empty() => Ok(words),
            Ok(_) => Err(Problem::at(at.clone(), format!("`{what}` needs a value"))),
            Err(why) => Err(Problem::at(at.clone(), format!("`{what}`: {why}"))),
        };
        match keyword.as_str() {
            "host" => Ok(Some(Line::Host(words("Host")?))),
            "match" => Ok(Some(Line::Match(criteria::parse(rest, &at)?, at))),
            "include" => {
                let patterns = words("Include")?;
                if depth >= DEEPEST {
                    return Err(Problem::at(at, "too many files include each other"));
                }
                let mut files = Vec::new();
                for pattern in patterns {
                    for file in self.included(&pattern, &at)? {
                        files.push(self.file(&file, depth + 1));
                    }
                }
                Ok(Some(Line::Include(files)))
            }
            name if keywords::find(name).is_none() && self.ignores(name) => Ok(None),
            name => {
                let directive = Directive::parse(name, rest, Some(at))?;
                if name == "ignoreunknown" {
                    let patterns = directive.args[0].split(',').map(str::to_lowercase);
                    self.ignored.extend(patterns);
                }
                Ok(Some(Line::Set(directive)))
            }
        }
    }

    fn ignores(&self, name: &str) -> bool {
        pattern::any_matches(self.ignored.iter().map(String::as_str), name)
    }

    /// The files that an `Include` names, sorted; none is no mistake.
    fn included(&self, pattern: &str, at: &Location) -> Result<Vec<PathBuf>, Problem> {
        let path = self.origin.home.expand(pattern);
        let path = self.origin.include_from.join(path);
        let options = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::new() };
        let paths = glob::glob_with(&path.to_string_lossy(), options)
            .map_err(|error| Problem::at(at.clone(), format!("`Include {pattern}`: {error}")))?;
        // What cannot be read is told when the file is read.
        Ok(paths.map(|path| path.unwrap_or_else(|error| error.path().to_owned())).collect())
    }
}

fn others_can_write(path: &Path) -> bool {
    let Ok(metadata) = std::fs::metadata(path) else { return false };
    let me = rustix::process::geteuid().as_raw();
    metadata.mode() & 0o022 != 0 || (metadata.uid() != 0 && metadata.uid() != me)
}
