//! `blockinfile`: lines between two marks are in a file, or are not.

use super::args::{joined, wrong};
use super::attributes::ATTRIBUTES;
use super::edit::{Document, failed};
use super::pattern::Pattern;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths};
use async_trait::async_trait;

/// The module.
#[derive(Debug)]
pub(super) struct BlockInFile;

const OWN: &[Parameter] = &[
    Parameter::required("path").or(&["dest", "destfile", "name"]),
    Parameter::optional("state").one_of(&["present", "absent"]),
    Parameter::optional("block").or(&["content"]),
    Parameter::optional("marker"),
    Parameter::optional("marker_begin"),
    Parameter::optional("marker_end"),
    Parameter::optional("insertafter"),
    Parameter::optional("insertbefore"),
    Parameter::optional("append_newline"),
    Parameter::optional("prepend_newline"),
    Parameter::optional("create"),
    Parameter::optional("backup"),
    Parameter::optional("validate"),
];

#[async_trait]
impl Module for BlockInFile {
    fn name(&self) -> &'static str {
        "blockinfile"
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
        if !document.exists() && !args.boolean("create", false)? {
            return Ok(failed(257, format!("Path {path} does not exist !")));
        }
        if !document.exists() && !edit.present {
            return Ok(Outcome::default().saying(format!("File {path} not present")));
        }
        let text = edit.apply(&document.text);
        let changed = !document.exists() || text != document.text;
        let msg = match (changed, document.exists(), edit.lines().is_empty()) {
            (false, ..) => "",
            (true, false, _) => "File created",
            (true, true, true) => "Block removed",
            (true, true, false) => "Block inserted",
        };
        let saved = match document.save(context, args, &text, changed).await? {
            Ok(saved) => saved,
            Err(failed) => return Ok(failed),
        };
        let changed = changed || saved.attributes;
        let mut outcome = Outcome { changed, ..Outcome::default() }.saying(saved.message(msg));
        if !saved.backup.is_empty() {
            outcome = outcome.with("backup_file", saved.backup.clone());
        }
        Ok(if context.diff { saved.add_diff(outcome, &document, &text) } else { outcome })
    }
}

/// Where a new block goes.
enum Place {
    End,
    Beginning,
    After(Pattern),
    Before(Pattern),
}

#[expect(clippy::struct_excessive_bools, reason = "each is an option of the module")]
struct Edit {
    present: bool,
    block: String,
    begin: String,
    end: String,
    place: Place,
    /// Whether the pattern looks at the text as a whole, since it says `(?m)`.
    multiline: bool,
    blank_before: bool,
    blank_after: bool,
}

impl Edit {
    fn read(args: &Args) -> Result<Self, ModuleError> {
        let text = |name, default: &str| -> Result<String, ModuleError> {
            Ok(args.text(name)?.unwrap_or_else(|| default.to_owned()))
        };
        let marker = text("marker", "# {mark} ANSIBLE MANAGED BLOCK")?;
        let mark = |word: String| marker.replace("{mark}", &word) + "\n";
        let (after, before) = (args.text("insertafter")?, args.text("insertbefore")?);
        let pattern = after.as_deref().or(before.as_deref()).unwrap_or_default();
        let multiline = pattern.starts_with("(?")
            && pattern.split(')').next().is_some_and(|flags| flags.contains('m'));
        let place = match (after, before) {
            (Some(_), Some(_)) => {
                return Err(wrong("insertbefore", "and `insertafter` exclude each other"));
            }
            (None, None) => Place::End,
            (Some(text), None) if text == "EOF" => Place::End,
            (None, Some(text)) if text == "BOF" => Place::Beginning,
            (Some(text), None) => Place::After(Pattern::new("insertafter", "", &text)?),
            (None, Some(text)) => Place::Before(Pattern::new("insertbefore", "", &text)?),
        };
        Ok(Self {
            present: args.text("state")?.as_deref() != Some("absent"),
            block: text("block", "")?,
            begin: mark(text("marker_begin", "BEGIN")?),
            end: mark(text("marker_end", "END")?),
            place,
            multiline,
            blank_before: args.boolean("prepend_newline", false)?,
            blank_after: args.boolean("append_newline", false)?,
        })
    }

    /// The block with its marks; an empty one is as good as none.
    fn lines(&self) -> Vec<String> {
        if !self.present || self.block.is_empty() {
            return Vec::new();
        }
        let end = if self.block.ends_with('\n') { "" } else { "\n" };
        let block = format!("{}{end}", self.block);
        let mut lines = vec![self.begin.clone()];
        lines.extend(block.split_inclusive('\n').map(str::to_owned));
        lines.push(self.end.clone());
        lines
    }

    fn apply(&self, text: &str) -> String {
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        let place = |mark: &String| lines.iter().rposition(|line| line == mark);
        let mut at = match (place(&self.begin), place(&self.end)) {
            (Some(begin), Some(end)) => {
                let (from, to) = if begin < end { (begin, end) } else { (end, begin) };
                lines.drain(from..=to);
                from
            }
            _ => self.insert_at(&lines, text),
        };
        if let Some(before) = at.checked_sub(1).and_then(|before| lines.get_mut(before))
            && !before.ends_with('\n')
        {
            before.push('\n');
        }
        if self.blank_before && self.present && at != 0 && lines[at - 1] != "\n" {
            lines.insert(at, "\n".to_owned());
            at += 1;
        }
        let block = self.lines();
        let behind = at + block.len();
        lines.splice(at..at, block);
        if self.blank_after && self.present && lines.get(behind).is_some_and(|line| line != "\n") {
            lines.insert(behind, "\n".to_owned());
        }
        lines.concat()
    }

    fn insert_at(&self, lines: &[String], text: &str) -> usize {
        let find = |pattern: &Pattern, after: bool| {
            if self.multiline {
                let found = pattern.first(text)?.get(0)?;
                let upto = if after { found.end() } else { found.start() };
                return Some(text[..upto].matches('\n').count());
            }
            let unended = |line: &String| line.strip_suffix('\n').unwrap_or(line).to_owned();
            lines.iter().rposition(|line| pattern.occurs(&unended(line)))
        };
        match &self.place {
            Place::End => lines.len(),
            Place::Beginning => 0,
            Place::After(pattern) => find(pattern, true).map_or(lines.len(), |at| at + 1),
            Place::Before(pattern) => find(pattern, false).unwrap_or(lines.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn apply(args: &serde_json::Value, text: &str) -> String {
        Edit::read(&Args(args.as_object().unwrap().clone())).unwrap().apply(text)
    }

    #[test]
    fn a_block_is_put_once_and_replaced_where_it_stands() {
        let once = apply(&json!({"block": "x\ny", "marker": "# {mark}"}), "a\nb");
        assert_eq!(once, "a\nb\n# BEGIN\nx\ny\n# END\n");
        assert_eq!(apply(&json!({"block": "x\ny\n", "marker": "# {mark}"}), &once), once);
        let moved =
            apply(&json!({"block": "z", "marker": "# {mark}", "insertbefore": "BOF"}), &once);
        assert_eq!(moved, "a\nb\n# BEGIN\nz\n# END\n");
        assert_eq!(apply(&json!({"state": "absent", "marker": "# {mark}"}), &once), "a\nb\n");
        assert_eq!(apply(&json!({"block": "", "marker": "# {mark}"}), &once), "a\nb\n");
    }

    #[test]
    fn places_and_blank_lines() {
        let block =
            |place: &str, value: &str| json!({"block": "x", "marker": "#{mark}", place: value});
        assert_eq!(apply(&block("insertafter", "^a"), "a\na\nb\n"), "a\na\n#BEGIN\nx\n#END\nb\n");
        assert_eq!(apply(&block("insertbefore", "^a"), "a\na\nb\n"), "a\n#BEGIN\nx\n#END\na\nb\n");
        assert_eq!(apply(&block("insertbefore", "^z"), "a\n"), "a\n#BEGIN\nx\n#END\n");
        assert_eq!(
            apply(&block("insertafter", "(?m)a\\nb$"), "a\nb\nc\n"),
            "a\nb\n#BEGIN\nx\n#END\nc\n"
        );
        let mut blank = block("insertafter", "^a");
        blank["prepend_newline"] = json!(true);
        blank["append_newline"] = json!(true);
        assert_eq!(apply(&blank, "a\nb\n"), "a\n\n#BEGIN\nx\n#END\n\nb\n");
    }
}
