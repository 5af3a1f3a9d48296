//! `lineinfile`: one line is in a file, or is not.

use super::attributes::Attributes;
use super::write::{self, Source, Target};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths};
use crate::transport::quote;
use async_trait::async_trait;
use regex::Regex;

/// The module.
#[derive(Debug)]
pub(super) struct LineInFile;

#[async_trait]
impl Module for LineInFile {
    fn name(&self) -> &'static str {
        "lineinfile"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::required("path").or(&["dest", "destfile", "name"]),
                Parameter::optional("state").one_of(&["present", "absent"]),
                Parameter::optional("line").or(&["value"]),
                Parameter::optional("regexp").or(&["regex"]),
                Parameter::optional("search_string"),
                Parameter::optional("insertafter"),
                Parameter::optional("insertbefore"),
                Parameter::optional("firstmatch"),
                Parameter::optional("create"),
                Parameter::optional("backup"),
                Parameter::optional("mode"),
                Parameter::optional("owner"),
                Parameter::optional("group"),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let path = paths::required(args, "path")?;
        let edit = Edit::read(args)?;
        let script =
            format!("p={}\nif [ ! -e \"$p\" ]; then exit 44; fi\ncat \"$p\"", quote(&path));
        let output = context.sh(script).await?;
        let before = match output.rc {
            0 => String::from_utf8(output.stdout)
                .map_err(|_| ModuleError::Failed(format!("`{path}` is not UTF-8 text")))?,
            44 if edit.absent => return Ok(Outcome::ok("file not present")),
            44 if args.boolean("create", false)? => String::new(),
            44 => return Err(ModuleError::Failed(format!("`{path}` does not exist"))),
            rc => {
                let stderr = output.stderr_text();
                let (what, command) = ("reading a file".to_owned(), format!("cat {path}"));
                return Err(ModuleError::Command { what, command, rc, stderr });
            }
        };
        let (after, msg) = edit.apply(&before);
        let attributes = Attributes::read(args)?;
        if after == before && attributes == Attributes::default() {
            return Ok(Outcome::default());
        }
        let backup = args.boolean("backup", false)?;
        let target =
            Target { path, inside: None, directory: false, attributes, backup, force: true };
        let outcome = write::put(context, Source::Bytes(after.into()), &target).await?;
        let said = if msg.is_empty() { outcome.msg.clone() } else { msg.to_owned() };
        Ok(Outcome { msg: said, ..outcome })
    }
}

/// Where a new line goes.
#[derive(Debug)]
enum Place {
    End,
    Beginning,
    After(Regex),
    Before(Regex),
}

/// What is to be done to the lines.
#[derive(Debug)]
struct Edit {
    absent: bool,
    line: String,
    regexp: Option<Regex>,
    search: Option<String>,
    place: Place,
    first: bool,
}

fn regex(name: &'static str, text: &str) -> Result<Regex, ModuleError> {
    Regex::new(text).map_err(|error| ModuleError::Argument {
        name: name.to_owned(),
        reason: format!("is not a regular expression: {error}"),
    })
}

fn wrong(name: &str, reason: &str) -> ModuleError {
    ModuleError::Argument { name: name.to_owned(), reason: reason.to_owned() }
}

impl Edit {
    fn read(args: &Args) -> Result<Self, ModuleError> {
        let absent = args.text("state")?.as_deref() == Some("absent");
        let line = args.text("line")?;
        let regexp = args.text("regexp")?.map(|text| regex("regexp", &text)).transpose()?;
        let search = args.text("search_string")?;
        if regexp.is_some() && search.is_some() {
            return Err(wrong("search_string", "and `regexp` exclude each other"));
        }
        if !absent && line.is_none() {
            return Err(wrong("line", "is missing"));
        }
        if absent && line.is_none() && regexp.is_none() && search.is_none() {
            return Err(wrong("line", "or `regexp` or `search_string` is missing"));
        }
        if line.as_deref().is_some_and(|line| line.contains('\n')) {
            return Err(wrong("line", "must be one line"));
        }
        let place = match (args.text("insertafter")?, args.text("insertbefore")?) {
            (Some(_), Some(_)) => {
                return Err(wrong("insertbefore", "and `insertafter` exclude each other"));
            }
            (None, None) => Place::End,
            (Some(text), None) if text == "EOF" => Place::End,
            (Some(text), None) => Place::After(regex("insertafter", &text)?),
            (None, Some(text)) if text == "BOF" => Place::Beginning,
            (None, Some(text)) => Place::Before(regex("insertbefore", &text)?),
        };
        let first = args.boolean("firstmatch", false)?;
        Ok(Self { absent, line: line.unwrap_or_default(), regexp, search, place, first })
    }

    /// Whether a line is the one that is meant.
    fn matches(&self, line: &str) -> bool {
        match (&self.regexp, &self.search) {
            (Some(regexp), _) => regexp.is_match(line),
            (None, Some(search)) => line.contains(search.as_str()),
            (None, None) => line == self.line,
        }
    }

    /// The text after the edit, and what was done.
    fn apply(&self, text: &str) -> (String, &'static str) {
        let mut lines: Vec<&str> = text.lines().collect();
        if self.absent {
            let before = lines.len();
            lines.retain(|line| !self.matches(line));
            let msg = if lines.len() < before { "line(s) removed" } else { "" };
            return (self.join(text, &lines, before), msg);
        }
        let count = lines.len();
        let found = if self.first {
            lines.iter().position(|line| self.matches(line))
        } else {
            lines.iter().rposition(|line| self.matches(line))
        };
        if let Some(at) = found {
            let same = lines[at] == self.line;
            lines[at] = &self.line;
            return (self.join(text, &lines, count), if same { "" } else { "line replaced" });
        }
        // With a pattern that matches nothing, a line that is there already is not added again.
        if lines.contains(&self.line.as_str()) {
            return (text.to_owned(), "");
        }
        let at = self.insert_at(&lines);
        lines.insert(at, &self.line);
        (self.join(text, &lines, count), "line added")
    }

    fn insert_at(&self, lines: &[&str]) -> usize {
        let find = |pattern: &Regex| {
            let hit = |line: &&str| pattern.is_match(line);
            if self.first { lines.iter().position(hit) } else { lines.iter().rposition(hit) }
        };
        match &self.place {
            Place::End => lines.len(),
            Place::Beginning => 0,
            Place::After(pattern) => find(pattern).map_or(lines.len(), |at| at + 1),
            Place::Before(pattern) => find(pattern).unwrap_or(lines.len()),
        }
    }

    /// The lines as a file; an untouched last line without a newline stays so.
    fn join(&self, before: &str, lines: &[&str], count: usize) -> String {
        let mut text = lines.join("\n");
        let untouched_end = lines.len() == count && lines.last() != Some(&self.line.as_str());
        let open_end = !before.is_empty() && !before.ends_with('\n');
        if !lines.is_empty() && !(open_end && (untouched_end || text == before)) {
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn apply(args: serde_json::Value, text: &str) -> String {
        let serde_json::Value::Object(args) = args else { panic!("no arguments") };
        let args = Args(args);
        Edit::read(&args).unwrap().apply(text).0
    }

    #[test]
    fn a_missing_line_is_added_once_at_its_place() {
        assert_eq!(apply(json!({"line": "c"}), "a\nb\n"), "a\nb\nc\n");
        assert_eq!(apply(json!({"line": "c"}), "a\nc\nb\n"), "a\nc\nb\n");
        assert_eq!(apply(json!({"line": "c", "insertbefore": "BOF"}), "a\n"), "c\na\n");
        assert_eq!(apply(json!({"line": "c", "insertafter": "^a"}), "a\nb\n"), "a\nc\nb\n");
        assert_eq!(apply(json!({"line": "c", "insertbefore": "^b"}), "a\nb\n"), "a\nc\nb\n");
        assert_eq!(apply(json!({"line": "c"}), ""), "c\n");
    }

    #[test]
    fn the_last_match_is_replaced_unless_the_first_is_wanted() {
        let edit = json!({"line": "k=2", "regexp": "^k="});
        assert_eq!(apply(edit, "k=0\nx\nk=1\n"), "k=0\nx\nk=2\n");
        let edit = json!({"line": "k=2", "regexp": "^k=", "firstmatch": true});
        assert_eq!(apply(edit, "k=0\nx\nk=1\n"), "k=2\nx\nk=1\n");
    }

    #[test]
    fn absent_removes_every_match() {
        assert_eq!(apply(json!({"regexp": "^k", "state": "absent"}), "k\na\nk2\n"), "a\n");
        assert_eq!(apply(json!({"line": "a", "state": "absent"}), "a\nab"), "ab\n");
    }

    #[test]
    fn a_text_that_needs_no_edit_stays_byte_for_byte() {
        assert_eq!(apply(json!({"line": "a"}), "a\nb"), "a\nb");
        assert_eq!(apply(json!({"line": "b"}), "a\nb"), "a\nb");
    }
}
