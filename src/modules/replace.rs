//! `replace`: every occurrence of a pattern in a file becomes something else.

use super::args::joined;
use super::attributes::ATTRIBUTES;
use super::edit::{Document, failed};
use super::pattern::Pattern;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, diff, paths};
use async_trait::async_trait;
use std::ops::Range;

/// The module.
#[derive(Debug)]
pub(super) struct Replace;

const OWN: &[Parameter] = &[
    Parameter::required("path").or(&["dest", "destfile", "name"]),
    Parameter::required("regexp"),
    Parameter::optional("replace"),
    Parameter::optional("after"),
    Parameter::optional("before"),
    Parameter::optional("backup"),
    Parameter::optional("validate"),
    Parameter::optional("encoding")
        .one_of(&["utf-8", "utf8", "UTF-8"])
        .hint("convert the file with `command: iconv …` first"),
];

#[async_trait]
impl Module for Replace {
    fn name(&self) -> &'static str {
        "replace"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &joined::<{ OWN.len() + ATTRIBUTES.len() }>(OWN, ATTRIBUTES) }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let pattern = Pattern::new("regexp", "m", &args.required_text("regexp")?)?;
        let section = Section::read(args)?;
        let path = paths::on_host(context, args, "path").await?;
        let document = match Document::open(context, &path, true).await? {
            Ok(document) => document,
            Err(failed) => return Ok(failed),
        };
        if !document.exists() {
            return Ok(failed(257, format!("Path {path} does not exist !")));
        }
        let Some(range) = section.find(&document.text) else {
            let msg = "Pattern for before/after params did not match the given file:";
            let msg = format!("{msg} {}", section.shown);
            return Ok(Outcome::default().saying(msg).with("rc", 0));
        };
        let template = args.text("replace")?.unwrap_or_default();
        let part = &document.text[range.clone()];
        let (after, count) = pattern.replaced(part, &template)?;
        let changed = after != part;
        let (head, tail) = (&document.text[..range.start], &document.text[range.end..]);
        let text = format!("{head}{after}{tail}");
        let saved = match document.save(context, args, &text, changed).await? {
            Ok(saved) => saved,
            Err(failed) => return Ok(failed),
        };
        let said = if changed { format!("{count} replacements made") } else { String::new() };
        let outcome = Outcome { changed: changed || saved.attributes, ..Outcome::default() };
        let mut outcome = outcome.saying(saved.message(&said)).with("rc", 0);
        if !saved.backup.is_empty() {
            outcome = outcome.with("backup_file", saved.backup);
        }
        if context.diff && changed {
            outcome.diff = diff::lines(&path, &document.text, &text);
            outcome = outcome.with("diff", diff::value(&path, &document.text, &text));
        }
        Ok(outcome)
    }
}

/// The part of the text that is worked on.
struct Section {
    pattern: Option<Pattern>,
    shown: String,
}

impl Section {
    fn read(args: &Args) -> Result<Self, ModuleError> {
        let given = |name| -> Result<Option<String>, ModuleError> {
            Ok(args.text(name)?.filter(|text| !text.is_empty()))
        };
        let shown = match (given("after")?, given("before")?) {
            (Some(after), Some(before)) => format!("{after}(?P<subsection>.*?){before}"),
            (Some(after), None) => format!("{after}(?P<subsection>.*)"),
            (None, Some(before)) => format!("(?P<subsection>.*){before}"),
            (None, None) => return Ok(Self { pattern: None, shown: String::new() }),
        };
        Ok(Self { pattern: Some(Pattern::new("after", "s", &shown)?), shown })
    }

    fn find(&self, text: &str) -> Option<Range<usize>> {
        match &self.pattern {
            None => Some(0..text.len()),
            Some(pattern) => Some(pattern.first(text)?.name("subsection")?.range()),
        }
    }
}
