//! `lineinfile`: one line is in a file, or is not.

use super::args::{joined, wrong};
use super::attributes::ATTRIBUTES;
use super::edit::{Document, failed};
use super::pattern::{Pattern, expanded};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths};
use async_trait::async_trait;

/// The module.
#[derive(Debug)]
pub(super) struct LineInFile;

const OWN: &[Parameter] = &[
    Parameter::required("path").or(&["dest", "destfile", "name"]),
    Parameter::optional("state").one_of(&["present", "absent"]),
    Parameter::optional("line").or(&["value"]),
    Parameter::optional("regexp").or(&["regex"]),
    Parameter::optional("search_string"),
    Parameter::optional("backrefs"),
    Parameter::optional("insertafter"),
    Parameter::optional("insertbefore"),
    Parameter::optional("firstmatch"),
    Parameter::optional("create"),
    Parameter::optional("backup"),
    Parameter::optional("validate"),
];

#[async_trait]
impl Module for LineInFile {
    fn name(&self) -> &'static str {
        "lineinfile"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &joined::<{ OWN.len() + ATTRIBUTES.len() }>(OWN, ATTRIBUTES) }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let edit = Edit::read(args)?;
        let path = paths::on_host(context, args, "path").await?;
        let document = match Document::open(context, &path, true).await? {
            Ok(document) => document,
            Err(failed) => return Ok(failed),
        };
        if !document.exists() && edit.absent {
            return Ok(Outcome::default().saying("file not present"));
        }
        if !document.exists() && !args.boolean("create", false)? {
            return Ok(failed(257, format!("Destination {path} does not exist !")));
        }
        let done = edit.apply(&document.text)?;
        let saved = match document.save(context, args, &done.text, done.changed).await? {
            Ok(saved) => saved,
            Err(failed) => return Ok(failed),
        };
        let changed = done.changed || saved.attributes;
        let outcome = Outcome { changed, ..Outcome::default() }.saying(saved.message(&done.msg));
        let mut outcome = outcome.with("backup", saved.backup.clone());
        if let Some(found) = done.found {
            outcome = outcome.with("found", found);
        }
        Ok(if context.diff { saved.add_diff(outcome, &document, &done.text) } else { outcome })
    }
}

/// Where a new line goes.
#[derive(Debug)]
enum Place {
    End,
    Beginning,
    After(Pattern),
    Before(Pattern),
}

/// What is to be done to the lines.
#[derive(Debug)]
struct Edit {
    absent: bool,
    line: String,
    regexp: Option<Pattern>,
    search: Option<String>,
    place: Place,
    first: bool,
    backrefs: bool,
}

/// The text after an edit.
#[derive(Debug)]
struct Done {
    text: String,
    changed: bool,
    msg: String,
    /// How many lines were removed, where lines are removed.
    found: Option<usize>,
}

impl Edit {
    fn read(args: &Args) -> Result<Self, ModuleError> {
        let absent = args.text("state")?.as_deref() == Some("absent");
        let line = args.text("line")?;
        let regexp =
            args.text("regexp")?.map(|text| Pattern::new("regexp", "", &text)).transpose()?;
        let search = args.text("search_string")?;
        let backrefs = args.boolean("backrefs", false)?;
        if regexp.is_some() && search.is_some() {
            return Err(wrong("search_string", "and `regexp` exclude each other"));
        }
        if backrefs && search.is_some() {
            return Err(wrong("search_string", "and `backrefs` exclude each other"));
        }
        if !absent && backrefs && regexp.is_none() {
            return Err(wrong("regexp", "is missing, and `backrefs` needs it"));
        }
        if !absent && line.is_none() {
            return Err(wrong("line", "is missing"));
        }
        if absent && line.is_none() && regexp.is_none() && search.is_none() {
            return Err(wrong("line", "or `regexp` or `search_string` is missing"));
        }
        let place = place(args)?;
        let first = args.boolean("firstmatch", false)?;
        Ok(Self { absent, line: line.unwrap_or_default(), regexp, search, place, first, backrefs })
    }

    /// The text after the edit, and what was done.
    fn apply(&self, text: &str) -> Result<Done, ModuleError> {
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        if self.absent {
            return Ok(self.remove(lines));
        }
        let (equal, beside) = self.scan(&lines);
        let msg = match (self.matched(&lines), equal) {
            (Some(at), _) => self.replace(&mut lines, at)?,
            // It may lack its newline.
            (None, Some(at)) => set(&mut lines, at, &self.line),
            (None, None) if self.backrefs => "",
            (None, None) => self.add(&mut lines, beside),
        };
        Ok(Done {
            text: lines.concat(),
            changed: !msg.is_empty(),
            msg: msg.to_owned(),
            found: None,
        })
    }

    fn remove(&self, mut lines: Vec<String>) -> Done {
        let before = lines.len();
        lines.retain(|line| match (&self.regexp, &self.search) {
            (Some(regexp), _) => !regexp.occurs(unended(line)),
            (None, Some(search)) => !line.contains(search.as_str()),
            (None, None) => bare(line) != self.line,
        });
        let found = before - lines.len();
        let msg = if found > 0 { format!("{found} line(s) removed") } else { String::new() };
        Done { text: lines.concat(), changed: found > 0, msg, found: Some(found) }
    }

    /// The line that `regexp` or `search_string` means.
    fn matched(&self, lines: &[String]) -> Option<usize> {
        let hit = |line: &String| match (&self.regexp, &self.search) {
            (Some(regexp), _) => regexp.occurs(unended(line)),
            (None, Some(search)) => line.contains(search.as_str()),
            (None, None) => false,
        };
        if self.first { lines.iter().position(hit) } else { lines.iter().rposition(hit) }
    }

    fn replace(&self, lines: &mut [String], at: usize) -> Result<&'static str, ModuleError> {
        let mut line = self.line.clone();
        if self.backrefs
            && let Some(captures) =
                self.regexp.as_ref().and_then(|one| one.first(unended(&lines[at])))
        {
            line = expanded(&self.line, &captures)?;
        }
        Ok(set(lines, at, &line))
    }

    /// Where the wanted line stands already, and the line that it is to be put beside. With
    /// `firstmatch` nobody looks further than that one.
    fn scan(&self, lines: &[String]) -> (Option<usize>, Option<usize>) {
        let pattern = match &self.place {
            Place::After(pattern) | Place::Before(pattern) => Some(pattern),
            Place::End | Place::Beginning => None,
        };
        let (mut equal, mut beside) = (None, None);
        for (at, line) in lines.iter().enumerate() {
            if bare(line) == self.line {
                equal = Some(at);
            } else if pattern.is_some_and(|pattern| pattern.occurs(unended(line))) {
                beside = Some(at);
                if self.first {
                    break;
                }
            }
        }
        (equal, beside)
    }

    fn add(&self, lines: &mut Vec<String>, beside: Option<usize>) -> &'static str {
        let at = match (&self.place, beside) {
            (Place::Beginning, _) => 0,
            (Place::After(_), Some(at)) => at + 1,
            (Place::Before(_), Some(at)) => at,
            _ => lines.len(),
        };
        let after = matches!(self.place, Place::After(_)) && beside.is_some();
        if after && lines.get(at).is_some_and(|line| bare(line) == self.line) {
            return "";
        }
        if at == lines.len() {
            end_with_newline(lines);
        }
        lines.insert(at, format!("{}\n", self.line));
        "line added"
    }
}

fn place(args: &Args) -> Result<Place, ModuleError> {
    Ok(match (args.text("insertafter")?, args.text("insertbefore")?) {
        (Some(_), Some(_)) => {
            return Err(wrong("insertbefore", "and `insertafter` exclude each other"));
        }
        (None, None) => Place::End,
        (Some(text), None) if text == "EOF" => Place::End,
        (Some(text), None) | (None, Some(text)) if text == "BOF" => Place::Beginning,
        (Some(text), None) => Place::After(Pattern::new("insertafter", "", &text)?),
        (None, Some(text)) => Place::Before(Pattern::new("insertbefore", "", &text)?),
    })
}

/// A line without its newline, which `$` stands before.
fn unended(line: &str) -> &str {
    line.strip_suffix('\n').unwrap_or(line)
}

/// A line as it is compared with the wanted one.
fn bare(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}

fn end_with_newline(lines: &mut [String]) {
    if let Some(last) = lines.last_mut().filter(|last| !last.ends_with(['\n', '\r'])) {
        last.push('\n');
    }
}

fn set(lines: &mut [String], at: usize, line: &str) -> &'static str {
    let line = if line.ends_with('\n') { line.to_owned() } else { format!("{line}\n") };
    if lines[at] == line {
        return "";
    }
    lines[at] = line;
    "line replaced"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn apply(args: serde_json::Value, text: &str) -> String {
        let serde_json::Value::Object(args) = args else { panic!("no arguments") };
        let args = Args(args);
        Edit::read(&args).unwrap().apply(text).unwrap().text
    }

    #[test]
    fn a_missing_line_is_added_once_at_its_place() {
        assert_eq!(apply(json!({"line": "c"}), "a\nb\n"), "a\nb\nc\n");
        assert_eq!(apply(json!({"line": "c"}), "a\nc\nb\n"), "a\nc\nb\n");
        assert_eq!(apply(json!({"line": "c", "insertbefore": "BOF"}), "a\n"), "c\na\n");
        assert_eq!(apply(json!({"line": "c", "insertafter": "BOF"}), "a\n"), "c\na\n");
        assert_eq!(apply(json!({"line": "c", "insertafter": "^a"}), "a\nb\n"), "a\nc\nb\n");
        assert_eq!(apply(json!({"line": "c", "insertbefore": "^b"}), "a\nb\n"), "a\nc\nb\n");
        assert_eq!(apply(json!({"line": "c"}), ""), "c\n");
        assert_eq!(apply(json!({"line": "c"}), "a"), "a\nc\n");
    }

    #[test]
    fn the_last_match_is_replaced_unless_the_first_is_wanted() {
        let edit = json!({"line": "k=2", "regexp": "^k="});
        assert_eq!(apply(edit, "k=0\nx\nk=1\n"), "k=0\nx\nk=2\n");
        let edit = json!({"line": "k=2", "regexp": "^k=", "firstmatch": true});
        assert_eq!(apply(edit, "k=0\nx\nk=1\n"), "k=2\nx\nk=1\n");
    }

    #[test]
    fn groups_are_put_into_the_line() {
        let edit = json!({"line": r"\1=2 \2", "regexp": "^(k)=.(.*)$", "backrefs": true});
        assert_eq!(apply(edit.clone(), "k=1# why\n"), "k=2 # why\n");
        assert_eq!(apply(edit, "j=1\n"), "j=1\n");
    }

    #[test]
    fn absent_removes_every_match() {
        assert_eq!(apply(json!({"regexp": "^k", "state": "absent"}), "k\na\nk2\n"), "a\n");
        assert_eq!(apply(json!({"line": "a", "state": "absent"}), "a\nab"), "ab");
    }

    #[test]
    fn only_the_line_that_is_meant_gets_its_newline() {
        assert_eq!(apply(json!({"line": "a"}), "a\nb"), "a\nb");
        assert_eq!(apply(json!({"line": "b"}), "a\nb"), "a\nb\n");
    }
}
