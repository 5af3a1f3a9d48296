//! `vars_files` and `vars_prompt`.

use super::fields::{boolean, one_or_more, string, variable};
use super::keys::{entries, unknown};
use super::library::Source;
use super::load::Loader;
use super::model::{Play, Prompt};
use crate::error::Problem;
use crate::yaml::{Node, NodeKind};
use serde_json::Value;

const PROMPT: [&str; 6] = ["name", "prompt", "default", "private", "confirm", "unsafe"];

impl Loader {
    /// Reads the files of variables of a play; of a list in the list, the first file that there is.
    pub(super) fn vars_files(&mut self, node: &Node, play: &mut Play) {
        for entry in one_or_more(node) {
            let Some(found) = self.vars_file(entry) else { continue };
            play.vars.extend(self.variables_file(found, entry).unwrap_or_default());
        }
    }

    fn vars_file(&mut self, entry: &Node) -> Option<Source> {
        let nodes = match &entry.kind {
            NodeKind::Sequence(items) => items.iter().collect(),
            _ => vec![entry],
        };
        let mut names = Vec::new();
        for node in nodes {
            let name = string(node, "a file of variables", &mut self.problems)?;
            if name.contains("{{") {
                self.problems.push(
                    Problem::at(
                        node.location.clone(),
                        "the name of a file of variables must be known when it is loaded: no templates",
                    )
                    .hint("use `include_vars` in `pre_tasks`, with `tags: always`"),
                );
                return None;
            }
            names.push(name);
        }
        let places =
            |name: &String| [self.source.beside(&format!("vars/{name}")), self.source.beside(name)];
        let found = names.iter().flat_map(places).find(Source::exists);
        if found.is_none() {
            self.problems.push(Problem::at(
                entry.location.clone(),
                format!("there is no file of variables `{}`", names.join("`, `")),
            ));
        }
        found
    }

    /// Reads the questions of a play.
    pub(super) fn prompts(&mut self, node: &Node, play: &mut Play) {
        for entry in one_or_more(node) {
            let prompt = self.prompt(entry);
            play.prompts.extend(prompt);
        }
    }

    fn prompt(&mut self, node: &Node) -> Option<Prompt> {
        let mut prompt = Prompt {
            location: node.location.clone(),
            name: String::new(),
            prompt: String::new(),
            default: None,
            private: true,
            confirm: false,
            r#unsafe: false,
        };
        let problems = &mut self.problems;
        for (key, word, value) in entries(node, "an entry of `vars_prompt`", problems) {
            match word {
                "name" => prompt.name = variable(value, "`name`", problems)?,
                "prompt" => prompt.prompt = string(value, "`prompt`", problems)?,
                "default" => {
                    prompt.default = Some(value.value()).filter(|value| *value != Value::Null);
                }
                "private" => prompt.private = boolean(value, "`private`", problems)?,
                "confirm" => prompt.confirm = boolean(value, "`confirm`", problems)?,
                "unsafe" => prompt.r#unsafe = boolean(value, "`unsafe`", problems)?,
                "encrypt" | "salt" | "salt_size" => problems.push(
                    Problem::at(key.location.clone(), format!("`{word}` is not supported"))
                        .hint("use the filter `password_hash` where the variable is used"),
                ),
                _ => problems.push(unknown(key, word, "`vars_prompt`", PROMPT)),
            }
        }
        if prompt.name.is_empty() {
            problems.push(Problem::at(node.location.clone(), "a prompt needs `name`"));
            return None;
        }
        if prompt.prompt.is_empty() {
            prompt.prompt.clone_from(&prompt.name);
        }
        Some(prompt)
    }
}
