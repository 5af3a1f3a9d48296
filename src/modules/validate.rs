//! `validate`: a program on the host that looks at a file before it gets its name.

use super::args::wrong;
use super::command::{expand, split};
use super::{Args, ModuleError, Outcome};
use crate::transport::Output;

/// The exit code by which a script says that the program did not like the file.
const INVALID: i32 = 96;

/// The part of a script that runs the program on `$tmp`; empty when none is asked for.
pub(super) fn script(args: &Args) -> Result<String, ModuleError> {
    let Some(text) = args.text("validate")? else { return Ok(String::new()) };
    if text.matches("%s").count() != 1 {
        return Err(wrong("validate", "must contain `%s`, the file's place, just once"));
    }
    let words: Vec<String> = split(&text)?
        .iter()
        .map(|word| {
            let parts: Vec<String> = word.split("%s").map(expand_part).collect();
            if parts.len() == 1 { expand(word) } else { parts.join("\"$tmp\"") }
        })
        .collect();
    // In a subshell: what it does to the shell is not ours.
    Ok(format!(
        "( {} ); rc=$?\nif [ $rc != 0 ]; then printf '\\n%s\\n' $rc >&2; exit {INVALID}; fi\n",
        words.join(" ")
    ))
}

fn expand_part(part: &str) -> String {
    if part.is_empty() { String::new() } else { expand(&part.replace("%%", "%")) }
}

/// The failure that the script told, when it is this one.
pub(super) fn failure(output: &Output) -> Option<Outcome> {
    if output.rc != INVALID {
        return None;
    }
    let stderr = output.stderr_text();
    let (said, rc) = match stderr.trim_end().rsplit_once('\n') {
        Some((said, rc)) => (said.to_owned(), rc.to_owned()),
        None => (String::new(), stderr.trim_end().to_owned()),
    };
    let msg = format!("failed to validate: rc:{rc} error:{said}");
    let outcome = Outcome { failed: true, msg, stderr: said, ..Outcome::default() };
    let stdout = output.stdout_text();
    let rc: i32 = rc.parse().unwrap_or(INVALID);
    Some(Outcome { stdout, ..outcome }.with("exit_status", rc))
}
