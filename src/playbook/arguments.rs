//! A module's arguments: mapping, `key=value` words, free form, and `args:`.

use super::catalog::{ParameterShape, Signature};
use super::fields::no_tags;
use super::keys::entries;
use super::words::{key_value, unescape, unquote, words};
use crate::error::{Location, Problem, Problems, did_you_mean, near_matches};
use crate::yaml::{Node, NodeKind};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What may stand as `key=value` inside a free-form command; everything else is the command's.
const BESIDE_FREE_FORM: &[&str] = &[
    "creates",
    "removes",
    "chdir",
    "executable",
    "warn",
    "stdin",
    "stdin_add_newline",
    "strip_empty_ends",
];

/// Arguments as they are collected.
pub(super) struct Arguments<'a> {
    module: &'a Signature,
    /// The values by the module's own names.
    pub(super) values: Map<String, Value>,
    /// Where each stands, under `args.NAME`.
    pub(super) places: BTreeMap<String, Location>,
}

impl<'a> Arguments<'a> {
    /// The arguments of `module` in what stands behind its name and under `args`.
    pub(super) fn read(
        module: &'a Signature,
        action: &Node,
        args: Option<&Node>,
        problems: &mut Problems,
    ) -> Self {
        let mut arguments = Self { module, values: Map::new(), places: BTreeMap::new() };
        match &action.kind {
            NodeKind::Mapping(_) => arguments.mapping(action, problems),
            NodeKind::Scalar(Value::String(text)) => arguments.short(action, text, problems),
            NodeKind::Scalar(Value::Null) => {}
            NodeKind::Scalar(value @ (Value::Number(_) | Value::Bool(_)))
                if module.free_form.is_some() =>
            {
                arguments.short(action, &value.to_string(), problems);
            }
            _ => problems.push(Problem::at(
                action.location.clone(),
                format!(
                    "`{}` takes a mapping or a string, but here stands {}",
                    module.name,
                    action.kind_name()
                ),
            )),
        }
        if let Some(args) = args {
            arguments.mapping(args, problems);
        }
        arguments.complete(&action.location, problems);
        arguments
    }

    fn mapping(&mut self, node: &Node, problems: &mut Problems) {
        for (key, name, value) in entries(node, "the module's arguments", problems) {
            no_tags(value, problems);
            self.add(name, value.value(), &key.location, problems);
        }
    }

    fn short(&mut self, node: &Node, text: &str, problems: &mut Problems) {
        let words = match words(text) {
            Ok(words) => words,
            Err(reason) => {
                problems.push(Problem::at(node.location.clone(), reason));
                return;
            }
        };
        let Some(free) = self.module.free_form else {
            return self.pairs(node, &words, problems);
        };
        // Beside such words the text stays as it is, blanks and line ends included.
        let mut command = String::new();
        let mut kept = 0;
        for word in words {
            let Some((name, value)) = key_value(word) else { continue };
            if BESIDE_FREE_FORM.contains(&name) {
                let at = word.as_ptr().addr() - text.as_ptr().addr();
                command.push_str(text[kept..at].strip_suffix(' ').unwrap_or(&text[kept..at]));
                kept = at + word.len();
                self.add_word(name, value, node, problems);
            }
        }
        command.push_str(&text[kept..]);
        if !command.trim().is_empty() {
            self.add(free, Value::from(command.trim_start()), &node.location, problems);
        }
    }

    fn pairs(&mut self, node: &Node, words: &[&str], problems: &mut Problems) {
        for word in words {
            match key_value(word) {
                Some((name, value)) => self.add_word(name, value, node, problems),
                None => problems.push(
                    Problem::at(
                        node.location.clone(),
                        format!("`{word}` is no `argument=value` of `{}`", self.module.name),
                    )
                    .hint("write the arguments as a mapping"),
                ),
            }
        }
    }

    fn add_word(&mut self, name: &str, value: &str, node: &Node, problems: &mut Problems) {
        self.add(name, Value::from(unescape(unquote(value))), &node.location, problems);
    }

    fn add(&mut self, name: &str, value: Value, place: &Location, problems: &mut Problems) {
        let shape = self
            .module
            .parameters
            .iter()
            .find(|parameter| parameter.name == name || parameter.aliases.contains(&name));
        let own = match shape {
            Some(parameter) => parameter.name,
            None if self.module.takes_any => name,
            None => return problems.push(self.unknown(name, place)),
        };
        let wrong = shape.and_then(|shape| {
            refused(self.module.name, shape, place).or_else(|| wrong_choice(shape, &value, place))
        });
        if let Some(problem) = wrong {
            problems.push(problem);
        }
        if self.values.contains_key(own) {
            problems.push(Problem::at(place.clone(), format!("`{own}` is given twice")));
        }
        self.places.insert(format!("args.{own}"), place.clone());
        self.values.insert(own.to_owned(), value);
    }

    fn unknown(&self, name: &str, place: &Location) -> Problem {
        let known = self.module.parameters.iter();
        let names =
            known.flat_map(|one| std::iter::once(one.name).chain(one.aliases.iter().copied()));
        let problem = Problem::at(
            place.clone(),
            format!("`{name}` is no argument of `{}`", self.module.name),
        );
        let taken = self.module.parameters.iter();
        let taken = taken.filter(|one| one.hint.is_none() || !one.choices.is_empty());
        let all: Vec<&str> = taken.map(|one| one.name).collect();
        let hint = did_you_mean(&near_matches(name, names));
        problem.hint(hint.unwrap_or_else(|| format!("it takes {}", all.join(", "))))
    }

    fn complete(&self, place: &Location, problems: &mut Problems) {
        for parameter in self.module.parameters.iter().filter(|parameter| parameter.required) {
            if !self.values.contains_key(parameter.name) {
                problems.push(Problem::at(
                    place.clone(),
                    format!("`{}` needs `{}`", self.module.name, parameter.name),
                ));
            }
        }
    }
}

/// An argument that Ansible knows and that cannot be given here.
fn refused(module: &str, parameter: &ParameterShape, place: &Location) -> Option<Problem> {
    let hint = parameter.hint.filter(|_| parameter.choices.is_empty())?;
    let what = format!("`{}` of `{module}` is not supported", parameter.name);
    Some(Problem::at(place.clone(), what).hint(hint))
}

fn wrong_choice(parameter: &ParameterShape, value: &Value, place: &Location) -> Option<Problem> {
    let text = match value {
        Value::String(text) if !text.contains("{{") => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        _ => return None,
    };
    if parameter.choices.is_empty() || parameter.choices.contains(&text.as_str()) {
        return None;
    }
    let problem = |what| Problem::at(place.clone(), what);
    let name = parameter.name;
    if let Some(hint) = parameter.hint {
        return Some(problem(format!("`{name}` cannot be `{text}` here")).hint(hint));
    }
    let choices = parameter.choices.join(", ");
    Some(problem(format!("`{name}` must be one of {choices}, not `{text}`")))
}
