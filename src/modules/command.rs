//! `command`: one program with its arguments, without a shell's interpretation.

use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use crate::transport::{Input, quote};
use async_trait::async_trait;

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
            ]
        }
    }

    fn free_form(&self) -> Option<&'static str> {
        Some("cmd")
    }

    fn preview(&self, args: &Args) -> Vec<String> {
        words(args).map(|words| words.join(" ")).into_iter().collect()
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let words = words(args)?;
        let shown = args.text("cmd")?.unwrap_or_else(|| words.join(" "));
        run(context, args, &shown, &format!("exec {}", words.join(" "))).await
    }
}

/// The words of the command, each quoted for the host's `sh`.
fn words(args: &Args) -> Result<Vec<String>, ModuleError> {
    let argv = args.list("argv")?;
    let words = match args.text("cmd")? {
        Some(text) if argv.is_empty() => split(&text)?,
        None if !argv.is_empty() => argv,
        Some(_) => return Err(wrong("argv", "and `cmd` exclude each other")),
        None => return Err(wrong("cmd", "is missing or rendered empty")),
    };
    if words.first().is_none_or(|word| word.trim().is_empty()) {
        return Err(wrong("cmd", "is missing or rendered empty"));
    }
    Ok(words.iter().map(|word| expand(word)).collect())
}

fn wrong(name: &str, reason: &str) -> ModuleError {
    ModuleError::Argument { name: name.to_owned(), reason: reason.to_owned() }
}

/// Splits a line as a shell would, with quotes and backslashes but no operators.
fn split(text: &str) -> Result<Vec<String>, ModuleError> {
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
fn expand(word: &str) -> String {
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

/// Runs a script for the operator: `chdir`, `creates`, `removes` and `stdin` as in Ansible.
pub(super) async fn run(
    context: &Context,
    args: &Args,
    shown: &str,
    script: &str,
) -> Result<Outcome, ModuleError> {
    let guarded = args.text("creates")?.is_some() || args.text("removes")?.is_some();
    if context.check && !guarded {
        return Ok(Outcome {
            skipped: true,
            rc: Some(0),
            msg: "Command would have run if not in check mode".to_owned(),
            ..Outcome::default()
        }
        .with("cmd", shown));
    }
    let mut text = prelude(args)?;
    if context.check {
        text.push_str(&format!("echo {WOULD_RUN}"));
    } else {
        text.push_str(script);
    }
    let command = context.command(text).stdin(stdin(args)?);
    let output = context.connection.run(command).await?;
    Ok(outcome(args, shown, &output)?.with("cmd", shown))
}

const CREATES: &str = "rrecover-guard-creates";
const REMOVES: &str = "rrecover-guard-removes";
const WOULD_RUN: &str = "rrecover-guard-would-run";

/// What comes before the command itself.
fn prelude(args: &Args) -> Result<String, ModuleError> {
    let mut text = String::new();
    if let Some(directory) = args.text("chdir")? {
        if directory.trim().is_empty() {
            return Err(wrong("chdir", "rendered empty"));
        }
        text.push_str(&format!("cd {} || exit\n", expand(&directory)));
    }
    let exists = |pattern: &str| {
        format!("for f in {}; do if [ -e \"$f\" ] || [ -L \"$f\" ]; then ", glob_word(pattern))
    };
    if let Some(path) = args.text("creates")? {
        text.push_str(&format!("{}echo {CREATES}; exit 0; fi; done\n", exists(&path)));
    }
    if let Some(path) = args.text("removes")? {
        text.push_str(&format!("r=; {}r=1; fi; done\n", exists(&path)));
        text.push_str(&format!("if [ -z \"$r\" ]; then echo {REMOVES}; exit 0; fi\n"));
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

fn outcome(
    args: &Args,
    shown: &str,
    output: &crate::transport::Output,
) -> Result<Outcome, ModuleError> {
    let mut stdout = output.stdout_text();
    let guard =
        |argument| -> Result<String, ModuleError> { Ok(args.text(argument)?.unwrap_or_default()) };
    match stdout.trim_end() {
        CREATES => {
            let path = guard("creates")?;
            return Ok(Outcome {
                rc: Some(0),
                stdout: format!("skipped, since {path} exists"),
                msg: format!("Did not run command since '{path}' exists"),
                ..Outcome::default()
            });
        }
        REMOVES => {
            let path = guard("removes")?;
            return Ok(Outcome {
                rc: Some(0),
                stdout: format!("skipped, since {path} does not exist"),
                msg: format!("Did not run command since '{path}' does not exist"),
                ..Outcome::default()
            });
        }
        WOULD_RUN => {
            return Ok(Outcome {
                rc: Some(0),
                ..Outcome::changed(format!("`{shown}` would have run if not in check mode"))
            });
        }
        _ => {}
    }
    let mut stderr = output.stderr_text();
    if args.boolean("strip_empty_ends", true)? {
        stdout.truncate(stdout.trim_end_matches(['\r', '\n']).len());
        stderr.truncate(stderr.trim_end_matches(['\r', '\n']).len());
    }
    let failed = output.rc != 0;
    let msg = if failed { "non-zero return code" } else { "" };
    Ok(Outcome {
        changed: true,
        failed,
        rc: Some(output.rc),
        stdout,
        stderr,
        msg: msg.to_owned(),
        ..Outcome::default()
    })
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
