//! One task.

use super::arguments::Arguments;
use super::block::Around;
use super::catalog::{Catalog, Signature};
use super::fields::{
    boolean, conditions, keyword, no_tags, string, templated, title, variable, vars,
};
use super::keys::{SHARED, TASK, TASK_LATER, entries, later, unknown};
use super::model::{Keywords, Loop, Task};
use crate::error::{Problem, Problems, did_you_mean, near_matches};
use crate::yaml::{Node, NodeKind};
use serde_json::Map;
use std::collections::BTreeMap;

/// The module's short name.
pub(super) fn short_name(name: &str) -> &str {
    name.strip_prefix("ansible.builtin.")
        .or_else(|| name.strip_prefix("ansible.legacy."))
        .unwrap_or(name)
}

/// Reads a task; what is around it is handed down to it.
pub(super) fn task(
    node: &Node,
    around: &Around,
    catalog: &dyn Catalog,
    problems: &mut Problems,
) -> Option<Task> {
    let mut reader = Reader::new(node, around);
    let mut action: Option<(Signature, &Node)> = None;
    // What is no mapping has been said already.
    let mut refused = !matches!(node.kind, NodeKind::Mapping(_));
    for (key, name, value) in entries(node, "a task", problems) {
        if reader.key(name, value, problems) {
            continue;
        }
        if TASK_LATER.contains(&short_name(name)) {
            problems.push(later(key, name));
            refused = true;
        } else if let Some(module) = catalog.find(short_name(name)) {
            if let Some((first, _)) = &action {
                problems.push(Problem::at(
                    key.location.clone(),
                    format!("a task has one module, but here are `{}` and `{name}`", first.name),
                ));
            }
            action = action.or(Some((module, value)));
        } else {
            problems.push(no_module(key, name, catalog));
            refused = true;
        }
    }
    if action.is_none() && !refused {
        problems.push(
            Problem::at(node.location.clone(), "a task without a module")
                .hint("name what it does, for example `command: id`, beside `name` and `when`"),
        );
    }
    let (module, value) = action?;
    reader.finish(&module, value, problems)
}

fn no_module(key: &Node, name: &str, catalog: &dyn Catalog) -> Problem {
    let modules = catalog.names();
    let known = SHARED.iter().chain(TASK).copied().chain(modules).chain(["block", "import_tasks"]);
    if name.contains('.') {
        return Problem::at(key.location.clone(), format!("there is no module `{name}`"));
    }
    let problem = Problem::at(
        key.location.clone(),
        format!("`{name}` is neither a module nor a key of a task"),
    );
    match did_you_mean(&near_matches(name, known)) {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

struct Reader<'a> {
    task: Task,
    args: Option<&'a Node>,
    control: Option<&'a Node>,
    keywords: Keywords,
    around: &'a Around,
}

impl<'a> Reader<'a> {
    fn new(node: &Node, around: &'a Around) -> Self {
        let task = Task {
            location: node.location.clone(),
            name: None,
            module: String::new(),
            args: Map::new(),
            when: around.when.clone(),
            repeat: None,
            register: None,
            until: Vec::new(),
            retries: None,
            delay: None,
            changed_when: Vec::new(),
            failed_when: Vec::new(),
            delegate_to: around.delegate_to.clone(),
            vars: around.vars.clone(),
            keywords: Keywords::default(),
            destructive: false,
            undo: None,
            places: around.places.clone(),
            directory: around.directory.clone(),
        };
        Self { task, args: None, control: None, keywords: Keywords::default(), around }
    }

    /// Reads a key of tasks; `false` when it is none.
    fn key(&mut self, name: &str, value: &'a Node, problems: &mut Problems) -> bool {
        let task = &mut self.task;
        match name {
            "name" => task.name = title(value, problems),
            "vars" => {
                let own = vars(value, problems, &mut task.places);
                task.vars.extend(own);
            }
            "when" => task.when.extend(conditions(value, "`when`", problems)),
            "until" => task.until = conditions(value, "`until`", problems),
            "changed_when" => task.changed_when = conditions(value, "`changed_when`", problems),
            "failed_when" => task.failed_when = conditions(value, "`failed_when`", problems),
            "loop" | "with_items" => self.repeat(name == "with_items", value, problems),
            "loop_control" => self.control = Some(value),
            "register" => task.register = variable(value, "`register`", problems),
            "retries" => task.retries = Some(templated(value, problems)),
            "delay" => task.delay = Some(templated(value, problems)),
            "delegate_to" => task.delegate_to = Some(templated(value, problems)),
            "args" => self.args = Some(value),
            "destructive" => {
                task.destructive = boolean(value, "`destructive`", problems).unwrap_or(false);
            }
            "undo" => task.undo = string(value, "`undo`", problems),
            _ => return keyword(&mut self.keywords, name, value, problems),
        }
        true
    }

    fn repeat(&mut self, flatten: bool, value: &Node, problems: &mut Problems) {
        if self.task.repeat.is_some() {
            problems.push(Problem::at(value.location.clone(), "a task has one loop"));
        }
        no_tags(value, problems);
        self.task.repeat = Some(Loop {
            items: templated(value, problems),
            flatten,
            variable: "item".to_owned(),
            index_variable: None,
            label: None,
        });
    }

    fn control(&mut self, problems: &mut Problems) {
        let Some(node) = self.control else { return };
        let Some(repeat) = &mut self.task.repeat else {
            return problems
                .push(Problem::at(node.location.clone(), "`loop_control` without a loop"));
        };
        for (key, name, value) in entries(node, "`loop_control`", problems) {
            match name {
                "loop_var" => {
                    if let Some(name) = variable(value, "`loop_var`", problems) {
                        repeat.variable = name;
                    }
                }
                "index_var" => repeat.index_variable = variable(value, "`index_var`", problems),
                "label" => repeat.label = Some(templated(value, problems)),
                "pause" | "extended" | "extended_allitems" | "break_when" => {
                    problems.push(later(key, name));
                }
                _ => problems.push(unknown(
                    key,
                    name,
                    "`loop_control`",
                    ["loop_var", "index_var", "label"],
                )),
            }
        }
    }

    fn finish(
        mut self,
        module: &Signature,
        action: &Node,
        problems: &mut Problems,
    ) -> Option<Task> {
        let before = problems.0.len();
        self.control(problems);
        let arguments = Arguments::read(module, action, self.args, problems);
        module.name.clone_into(&mut self.task.module);
        self.task.args = arguments.values;
        self.task.places.extend(arguments.places);
        self.task.keywords = self.keywords.under(&self.around.keywords);
        (problems.0.len() == before).then_some(self.task)
    }
}

/// Where the parts of a task stand, empty.
pub(super) type Places = BTreeMap<String, crate::error::Location>;
