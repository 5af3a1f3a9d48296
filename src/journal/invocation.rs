//! How a run was called, without the secrets.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// How a run was called. What it holds was cleaned with [`clean_arguments`] and
/// [`clean_variables`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Invocation {
    /// The run's id, a ULID.
    pub run: String,
    /// The command line.
    pub arguments: Vec<String>,
    /// The working directory.
    pub directory: String,
    /// The program's version.
    pub version: String,
    /// The operator's login name.
    pub user: String,
    /// Where the inventory came from.
    pub inventories: Vec<String>,
    /// The playbooks as the operator named them.
    pub playbooks: Vec<String>,
    /// Extra variables; secret-looking ones without their value.
    pub variables: Map<String, Value>,
    /// Whether nothing was to be written.
    pub check: bool,
}

impl Invocation {
    pub(super) fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_else(|_| json!({ "run": self.run }))
    }
}

/// What a name says that nobody else should read.
const SECRET_WORDS: &[&str] =
    &["pass", "secret", "token", "private", "credential", "key", "auth", "vault"];

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// Variables with the values of secret-looking names struck out.
pub fn clean_variables(variables: &Map<String, Value>) -> Map<String, Value> {
    let clean = |(name, value): (&String, &Value)| {
        let value = match value {
            _ if is_secret(name) => Value::String("***".to_owned()),
            Value::Object(inner) => Value::Object(clean_variables(inner)),
            other => other.clone(),
        };
        (name.clone(), value)
    };
    variables.iter().map(clean).collect()
}

/// A command line with the values of secret-looking extra variables struck out.
pub fn clean_arguments(arguments: &[String]) -> Vec<String> {
    let mut cleaned = Vec::with_capacity(arguments.len());
    let mut is_variables = false;
    for argument in arguments {
        let text = if is_variables {
            clean_assignment(argument)
        } else if let Some(value) = argument.strip_prefix("--extra-vars=") {
            format!("--extra-vars={}", clean_assignment(value))
        } else if let Some(value) = argument.strip_prefix("-e").filter(|value| !value.is_empty()) {
            format!("-e{}", clean_assignment(value))
        } else {
            argument.clone()
        };
        is_variables = !is_variables && (argument == "-e" || argument == "--extra-vars");
        cleaned.push(text);
    }
    cleaned
}

/// The value of `-e`: a file, JSON or YAML, or `name=value` words.
fn clean_assignment(text: &str) -> String {
    if text.starts_with('@') {
        return text.to_owned();
    }
    if text.trim_start().starts_with(['{', '[']) {
        return match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(variables) => Value::Object(clean_variables(&variables)).to_string(),
            Err(_) => "***".to_owned(),
        };
    }
    // A secret's value may hold blanks in quotes: what follows its name goes altogether.
    let mut kept = Vec::new();
    for word in text.split(' ') {
        match word.split_once('=') {
            Some((name, _)) if is_secret(name) => {
                kept.push(format!("{name}=***"));
                break;
            }
            _ => kept.push(word.to_owned()),
        }
    }
    kept.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_on_the_command_line_are_struck_out() {
        let given = [
            "play",
            "x",
            "-e",
            "a=1 db_password='p q' b=2",
            "-etoken=t",
            "--extra-vars",
            r#"{"a":1,"api_key":"k"}"#,
            "-e",
            "@secrets.yml",
            "-e",
            "{a: b",
            "-f",
            "5",
        ];
        let given: Vec<String> = given.iter().map(ToString::to_string).collect();
        let cleaned = clean_arguments(&given).join("|");
        let wanted = "play|x|-e|a=1 db_password=***|-etoken=***|--extra-vars|\
                      {\"a\":1,\"api_key\":\"***\"}|-e|@secrets.yml|-e|***|-f|5";
        assert_eq!(cleaned, wanted);
    }
}
