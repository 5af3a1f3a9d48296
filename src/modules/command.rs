//! `command`: one program with its arguments, without a shell's interpretation.

use super::args::wrong;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use crate::transport::{Input, Output, quote};
use async_trait::async_trait;
use jiff::Zoned;
use serde_json::{Map, Value, json};

/// The module.
#[derive(Debug)]
pub(super) struct Command;

#[async_trait]
impl Module for Command {
    fn name(&self) -> &'static str {
        "command"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::optional("cmd"),
                Parameter::optional("argv"),
                Parameter::optional("chdir"),
                Parameter::optional("creates"),
                Parameter::optional("removes"),
                Parameter::optional("stdin"),
                Parameter::optional("stdin_add_newline"),
                Parameter::optional("strip_empty_ends"),
                Parameter::optional("expand_argument_vars"),
                Parameter::refused("executable", "no shell runs it; write `shell:` for one"),
            ]
        }
    }

    fn free_form(&self) -> Option<&'static str> {
        Some("cmd")
    }

    fn preview(&self, args: &Args) -> Vec<String> {
        words(args).and_then(|words| quoted(args, &words)).into_iter().collect()
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let words = words(args)?;
        let line = quoted(args, &words)?;
        let script = format!("{}exec {line}", missing(&quoted(args, &words[..1])?));
        let mut outcome = run(context, args, words.into(), &script).await?;
        if outcome.msg == NOT_EXECUTED {
            outcome.values.insert("cmd".to_owned(), line.into());
        }
        Ok(outcome)
    }
}

/// The words, each quoted for the host's `sh`, with variables unless that is switched off.
fn quoted(args: &Args, words: &[String]) -> Result<String, ModuleError> {
    let quoted = if args.boolean("expand_argument_vars", true)? { expand } else { quote };
    Ok(words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "))
}

/// Tells a program that is not there from one that ends with 127.
fn missing(program: &str) -> String {
    format!("command -v {program} >/dev/null || {{ echo {MISSING}; exit; }}\n")
}

/// The words of the command.
fn words(args: &Args) -> Result<Vec<String>, ModuleError> {
    let argv = args.words("argv")?;
    let words = match args.text("cmd")? {
        Some(text) if argv.is_empty() => split(&text)?,
        None if !argv.is_empty() => argv,
        Some(_) => return Err(wrong("argv", "and `cmd` exclude each other")),
        None => return Err(wrong("cmd", "is missing or rendered empty")),
    };
    if words.first().is_none_or(|word| word.trim().is_empty()) {
        return Err(wrong("cmd", "is missing or rendered empty"));
    }
    Ok(words)
}

/// Splits a line as a shell would, with quotes and backslashes but no operators.
pub(super) fn split(text: &str) -> Result<Vec<String>, ModuleError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(c) => word.push(c),
                        None => return Err(wrong("cmd", "has a quote that is not closed")),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') => match chars.next() {
                            Some(c @ ('"' | '\\')) => word.push(c),
                            Some(c) => word.extend(['\\', c]),
                            None => return Err(wrong("cmd", "has a quote that is not closed")),
                        },
                        Some(c) => word.push(c),
                        None => return Err(wrong("cmd", "has a quote that is not closed")),
                    }
                }
            }
            '\\' => match chars.next() {
                Some(c) => word.get_or_insert_default().push(c),
                None => return Err(wrong("cmd", "ends in a backslash")),
            },
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Quotes a word, but lets the host put in `$NAME`, `${NAME}` and a leading `~`, as Ansible does;
/// an unknown name stays as it is written.
pub(super) fn expand(word: &str) -> String {
    let mut out = String::new();
    let mut rest = word;
    if let Some(after) = word.strip_prefix('~') {
        let end = after.find('/').unwrap_or(after.len());
        if after[..end].chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            out.push_str(&word[..=end]);
            rest = &after[end..];
        }
    }
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        let (name, length) = variable(&from[1..]);
        if !before.is_empty() {
            out.push_str(&quote(before));
        }
        if name.is_empty() {
            out.push_str("'$'");
        } else {
            out.push_str(&format!("\"${{{name}-\\${}}}\"", dollar_rest(&from[1..=length])));
        }
        rest = &from[1 + length..];
    }
    if !rest.is_empty() || out.is_empty() {
        out.push_str(&quote(rest));
    }
    out
}

/// What follows the dollar of an unknown name, safe inside `"${NAME-...}"`.
fn dollar_rest(text: &str) -> String {
    text.replace('}', "\\}")
}

/// The name after a dollar and how many bytes it takes with its braces.
fn variable(text: &str) -> (&str, usize) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (start, closing) = if text.starts_with('{') { (1, 1) } else { (0, 0) };
    let body = &text[start..];
    let end = body.find(|c| !is_name(c)).unwrap_or(body.len());
    let name = &body[..end];
    let named = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
    let closed = closing == 0 || body[end..].starts_with('}');
    if named && closed { (name, start + end + closing) } else { ("", 0) }
}

/// Runs a script for the operator: `chdir`, `creates`, `removes` and `stdin` as in Ansible. `cmd`
/// is what is registered under that name.
pub(super) async fn run(
    context: &Context,
    args: &Args,
    cmd: Value,
    script: &str,
) -> Result<Outcome, ModuleError> {
    let guarded = args.text("creates")?.is_some() || args.text("removes")?.is_some();
    if context.check && !guarded {
        let skipped = Outcome { skipped: true, ..says(WOULD_HAVE_RUN) };
        return Ok(skipped.with("cmd", cmd));
    }
    let mut text = prelude(args)?;
    text.push_str(if context.check { "echo rrecover-guard-would-run" } else { script });
    let command = context.command(text).stdin(stdin(args)?);
    let began = Zoned::now();
    let output = context.connection.run(command).await?;
    let outcome = if let Some(outcome) = guard(context.check, &output.stdout_text()) {
        outcome
    } else {
        let mut outcome = ended(&output, args.boolean("strip_empty_ends", true)?);
        outcome.values.extend(took(&began));
        outcome
    };
    Ok(outcome.with("cmd", cmd))
}

/// When it began and ended, by the clock here, and how long it took, as Python writes them.
fn took(began: &Zoned) -> Map<String, Value> {
    let ended = Zoned::now();
    let clock = |at: &Zoned| json!(at.strftime("%Y-%m-%d %H:%M:%S.%6f").to_string());
    let time = ended.timestamp().duration_since(began.timestamp()).unsigned_abs();
    let (seconds, micros) = (time.as_secs(), time.subsec_micros());
    let delta =
        format!("{}:{:02}:{:02}.{micros:06}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let values = [("start", clock(began)), ("end", clock(&ended)), ("delta", json!(delta))];
    values.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

const CREATES: &str = "rrecover-guard-creates";
const REMOVES: &str = "rrecover-guard-removes";
const WOULD_RUN: &str = "rrecover-guard-would-run";
const NO_DIRECTORY: &str = "rrecover-guard-no-directory";
const MISSING: &str = "rrecover-guard-missing";
const NOT_EXECUTED: &str = "Error executing command.";
const WOULD_HAVE_RUN: &str = "Command would have run if not in check mode";

/// What comes before the command itself.
fn prelude(args: &Args) -> Result<String, ModuleError> {
    let mut text = String::new();
    if let Some(directory) = args.text("chdir")? {
        if directory.trim().is_empty() {
            return Err(wrong("chdir", "rendered empty"));
        }
        let directory = expand(&directory);
        text.push_str(&format!("cd {directory} || {{ echo {NO_DIRECTORY}; exit; }}\n"));
    }
    let exists = |pattern: &str| {
        format!("for f in {}; do if [ -e \"$f\" ] || [ -L \"$f\" ]; then ", glob_word(pattern))
    };
    // The path comes along, so that whoever reads the output later knows it.
    let says = |guard: &str, path: &str| {
        format!("printf '%s\\n' {}; exit 0", quote(&format!("{guard} {path}")))
    };
    if let Some(path) = args.text("creates")? {
        text.push_str(&format!("{}{}; fi; done\n", exists(&path), says(CREATES, &path)));
    }
    if let Some(path) = args.text("removes")? {
        text.push_str(&format!("r=; {}r=1; fi; done\n", exists(&path)));
        text.push_str(&format!("if [ -z \"$r\" ]; then {}; fi\n", says(REMOVES, &path)));
    }
    Ok(text)
}

/// A word in which only `*`, `?` and brackets are special.
fn glob_word(pattern: &str) -> String {
    let mut word = String::new();
    let mut plain = String::new();
    for c in pattern.chars() {
        if "*?[]".contains(c) {
            if !plain.is_empty() {
                word.push_str(&quote(&plain));
                plain.clear();
            }
            word.push(c);
        } else {
            plain.push(c);
        }
    }
    if !plain.is_empty() || word.is_empty() {
        word.push_str(&quote(&plain));
    }
    word
}

fn stdin(args: &Args) -> Result<Input, ModuleError> {
    let Some(mut text) = args.text("stdin")? else { return Ok(Input::Empty) };
    if args.boolean("stdin_add_newline", true)? {
        text.push('\n');
    }
    Ok(Input::Bytes(text.into()))
}

/// What a guard said instead of the command.
pub(super) fn guard(check: bool, said: &str) -> Option<Outcome> {
    let did = if check { "Would" } else { "Did" };
    let kept = |path: &str, how: &str| Outcome {
        stdout: format!("skipped, since {path} {how}"),
        ..says(&format!("{did} not run command since '{path}' {how}"))
    };
    let said = said.strip_suffix('\n').unwrap_or(said);
    let (guard, path) = said.split_once(' ').unwrap_or((said, ""));
    match guard {
        CREATES => Some(kept(path, "exists")),
        REMOVES => Some(kept(path, "does not exist")),
        WOULD_RUN => Some(Outcome { changed: true, ..says(WOULD_HAVE_RUN) }),
        NO_DIRECTORY => {
            let why = "Unable to change directory before execution.";
            Some(Outcome { failed: true, ..says(why) }.with("rc", Value::Null))
        }
        MISSING => Some(Outcome { failed: true, rc: Some(2), ..says(NOT_EXECUTED) }),
        _ => None,
    }
}

/// The outcome of a command that did not run.
fn says(msg: &str) -> Outcome {
    Outcome { rc: Some(0), ..Outcome::ok(msg) }.with("msg", msg)
}

/// The outcome of a command that ran.
pub(super) fn ended(output: &Output, strip: bool) -> Outcome {
    let (mut stdout, mut stderr) = (output.stdout_text(), output.stderr_text());
    if strip {
        stdout.truncate(stdout.trim_end_matches(['\r', '\n']).len());
        stderr.truncate(stderr.trim_end_matches(['\r', '\n']).len());
    }
    let failed = output.rc != 0;
    let msg = if failed { "non-zero return code" } else { "" };
    let rc = Some(output.rc);
    let outcome = Outcome { changed: true, failed, rc, stdout, stderr, ..Outcome::ok(msg) };
    outcome.with("msg", msg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        let words = split(r#"a 'b c' "d \" e" f\ g '' x"y"z"#).unwrap();
        assert_eq!(words, ["a", "b c", "d \" e", "f g", "", "xyz"]);
        assert!(split("a 'b").is_err());
        assert!(split("a \\").is_err());
    }

    #[test]
    fn operators_are_plain_text_and_variables_are_the_hosts() {
        assert_eq!(expand("a;rm"), "'a;rm'");
        assert_eq!(expand("$HOME/x"), "\"${HOME-\\$HOME}\"/x");
        assert_eq!(expand("${A}b"), "\"${A-\\${A\\}}\"b");
        assert_eq!(expand("$(id)"), "'$''(id)'");
        assert_eq!(expand("~/x y"), "~'/x y'");
    }

    #[test]
    fn only_glob_characters_stay_special() {
        assert_eq!(glob_word("/a b/*.pem"), "'/a b/'*.pem");
        assert_eq!(glob_word("$(id)"), "'$(id)'");
    }
}
