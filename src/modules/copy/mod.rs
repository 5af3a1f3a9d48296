//! `copy`: a file, a text or a directory onto the host, or from one place of the host to another.

mod on_host;
mod tree;
mod walk;

use super::args::{joined, wrong};
use super::attributes::ATTRIBUTES;
use super::mode::Mode;
use super::source::{self, Source};
use super::template::local_mode;
use super::write::{self, Target};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;
use serde_json::Value;

/// The module.
#[derive(Debug)]
pub(super) struct Copy;

const OWN: &[Parameter] = &[
    Parameter::optional("src"),
    Parameter::optional("content"),
    Parameter::required("dest"),
    Parameter::optional("backup"),
    Parameter::optional("force"),
    Parameter::optional("remote_src"),
    Parameter::optional("follow"),
    Parameter::optional("local_follow"),
    Parameter::optional("directory_mode"),
    Parameter::optional("checksum"),
    Parameter::optional("validate"),
    Parameter::optional("decrypt"),
];

#[async_trait]
impl Module for Copy {
    fn name(&self) -> &'static str {
        "copy"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &joined::<{ OWN.len() + ATTRIBUTES.len() }>(OWN, ATTRIBUTES) }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        match (args.text("src")?, content(args)) {
            (Some(src), None) if src.is_empty() => Err(wrong("src", "rendered empty")),
            (Some(src), None) if args.boolean("remote_src", false)? => {
                on_host::copy(context, args, &src).await
            }
            (Some(src), None) => from_here(context, args, &src).await,
            (None, Some(text)) => {
                let target = Target::read(context, args, None).await?;
                if target.directory {
                    return Err(wrong("dest", "must be a file when `content` is given"));
                }
                if target.wanted.mode == Some(Mode::Preserve) {
                    return Err(wrong("mode", "cannot be `preserve` when `content` is given"));
                }
                let source = Source::Bytes(text.into());
                expect_checksum(args, &source)?;
                write::put(context, source, &target).await
            }
            _ => Err(wrong("src", "or `content` has to be given, and not both")),
        }
    }
}

/// The text; a list or a mapping is written as JSON, as Ansible does.
fn content(args: &Args) -> Option<String> {
    match args.0.get("content") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Bool(true)) => Some("True".to_owned()),
        Some(Value::Bool(false)) => Some("False".to_owned()),
        Some(value @ (Value::Array(_) | Value::Object(_))) => Some(python_json(value)),
        Some(other) => Some(other.to_string()),
    }
}

/// JSON with the blanks and the escapes that Python's `json.dumps` puts.
pub(super) fn python_json(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(python_json).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let pair = |(key, value): (&String, &Value)| {
                format!("{}: {}", python_json(&Value::String(key.clone())), python_json(value))
            };
            let pairs: Vec<String> = entries.iter().map(pair).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        other => ascii(&other.to_string()),
    }
}

/// JSON text in which everything beyond ASCII is escaped.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// Copies a file or a directory of this machine.
async fn from_here(context: &Context, args: &Args, src: &str) -> Result<Outcome, ModuleError> {
    let found = source::find(context, src, "files")?;
    if found.is_dir() {
        return tree::copy(context, args, &found, src.ends_with('/')).await;
    }
    let source = source::opened(context, args, &found)?;
    let name = found.file_name().map(|name| name.to_string_lossy().into_owned());
    let mut target = Target::read(context, args, name).await?;
    if target.wanted.mode == Some(Mode::Preserve) {
        target.wanted.mode = Some(local_mode(&found)?);
    }
    expect_checksum(args, &source)?;
    let outcome = write::put(context, source, &target).await?;
    // Ansible tells the source only when it leaves the file alone.
    let kept = !target.force && !outcome.changed && !outcome.values.contains_key("checksum");
    Ok(if kept { outcome.with("src", found.to_string_lossy().into_owned()) } else { outcome })
}

/// Whether the content is the one that `checksum` names.
fn expect_checksum(args: &Args, source: &Source) -> Result<(), ModuleError> {
    let Some(expected) = args.text("checksum")? else { return Ok(()) };
    let found = source.digests()?.sha1;
    if found == expected {
        return Ok(());
    }
    Err(ModuleError::Failed(format!(
        "the file does not match the expected checksum {expected}, its own is {found}"
    )))
}
