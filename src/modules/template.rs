//! `template`: a rendered template file onto the host.

use super::args::{joined, wrong};
use super::attributes::ATTRIBUTES;
use super::delimiters::Delimiters;
use super::mode::Mode;
use super::source::{self, Source};
use super::write::{self, Target};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, TemplateOptions};
use crate::template::about_template;
use async_trait::async_trait;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The module.
#[derive(Debug)]
pub(super) struct Template;

const OWN: &[Parameter] = &[
    Parameter::required("src"),
    Parameter::required("dest"),
    Parameter::optional("backup"),
    Parameter::optional("force"),
    Parameter::optional("follow"),
    Parameter::optional("validate"),
    Parameter::optional("trim_blocks"),
    Parameter::optional("lstrip_blocks"),
    Parameter::optional("newline_sequence"),
    Parameter::optional("block_start_string"),
    Parameter::optional("block_end_string"),
    Parameter::optional("variable_start_string"),
    Parameter::optional("variable_end_string"),
    Parameter::optional("comment_start_string"),
    Parameter::optional("comment_end_string"),
    Parameter::optional("output_encoding")
        .one_of(&["utf-8", "utf8", "UTF-8"])
        .hint("files are written in UTF-8; convert them with `command: iconv …`"),
];

#[async_trait]
impl Module for Template {
    fn name(&self) -> &'static str {
        "template"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &joined::<{ OWN.len() + ATTRIBUTES.len() }>(OWN, ATTRIBUTES) }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let src = args.required_text("src")?;
        let mut options = TemplateOptions {
            trim_blocks: args.boolean("trim_blocks", true)?,
            lstrip_blocks: args.boolean("lstrip_blocks", false)?,
            ..TemplateOptions::default()
        };
        let delimiters = delimiters(args)?;
        let newline = newline(args)?;
        let file = source::find_file(context, &src, "templates")?;
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
        let mut target = Target::read(context, args, name).await?;
        if target.wanted.mode == Some(Mode::Preserve) {
            target.wanted.mode = Some(local_mode(&file)?);
        }
        let content = source::opened(context, args, &file)?;
        let text = String::from_utf8(content.bytes()?.to_vec())
            .map_err(|_| ModuleError::Failed(format!("`{}` is not UTF-8 text", file.display())))?;
        options.about = about_template(&src, &file, Some(&args.required_text("dest")?));
        let text = delimiters.rewritten(&with_newlines(&text, newline));
        let rendered = context.templates.template(&file.to_string_lossy(), &text, options)?;
        let rendered = ended_with(rendered, newline);
        let rendered = match content {
            Source::Opened(_) => Source::Opened(rendered.into()),
            _ => Source::Bytes(rendered.into()),
        };
        write::put(context, rendered, &target).await
    }
}

/// The permissions of a file on this machine.
pub(super) fn local_mode(file: &Path) -> Result<Mode, ModuleError> {
    let data = std::fs::metadata(file).map_err(|e| source::unreadable(file, &e))?;
    Ok(Mode::Octal(data.permissions().mode() & 0o7777))
}

fn delimiters(args: &Args) -> Result<Delimiters, ModuleError> {
    const NAMES: [(&str, &str); 3] = [
        ("block_start_string", "block_end_string"),
        ("variable_start_string", "variable_end_string"),
        ("comment_start_string", "comment_end_string"),
    ];
    let mut delimiters = Delimiters::default();
    for ((begin, end), pair) in NAMES.into_iter().zip(&mut delimiters.pairs) {
        for (name, place) in [(begin, &mut pair.0), (end, &mut pair.1)] {
            match args.text(name)? {
                Some(text) if text.is_empty() => return Err(wrong(name, "cannot be empty")),
                Some(text) => *place = text,
                None => {}
            }
        }
    }
    Ok(delimiters)
}

/// What ends a line of the template; it may be written as an escape.
fn newline(args: &Args) -> Result<&'static str, ModuleError> {
    match args.text("newline_sequence")?.as_deref() {
        None | Some("\n" | "\\n") => Ok("\n"),
        Some("\r\n" | "\\r\\n") => Ok("\r\n"),
        Some("\r" | "\\r") => Ok("\r"),
        Some(other) => {
            Err(wrong("newline_sequence", format!("must be \\n, \\r or \\r\\n, not {other:?}")))
        }
    }
}

/// The engine ends a text with plain newlines, whatever ended the template.
fn ended_with(text: String, newline: &str) -> String {
    if newline != "\r\n" {
        return text;
    }
    let body = text.trim_end_matches(['\r', '\n']);
    let count = text[body.len()..].matches('\n').count();
    format!("{body}{}", newline.repeat(count))
}

/// The template with every end of line written so; values keep theirs.
fn with_newlines(text: &str, newline: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if newline == "\n" { text } else { text.replace('\n', newline) }
}
