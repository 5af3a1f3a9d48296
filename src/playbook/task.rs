//! One task.

use super::arguments::Arguments;
use super::block::Around;
use super::catalog::{Catalog, Signature};
use super::fields::{
    boolean, conditions, keyword, names, string, templated, templates, title, variable, vars,
};
use super::include::Include;
use super::keys::{INCLUDE, SHARED, TASK, TASK_REFUSED, entries, refused, unknown};
use super::load::Loader;
use super::loops::{control, repeat};
use super::model::{Keywords, Task, Templated};
use crate::error::{Problem, Problems, did_you_mean, near_matches};
use crate::yaml::{Node, NodeKind};
use serde_json::Value;

/// The modules that can run in the background: they are one command on the host.
const IN_BACKGROUND: &[&str] = &["command", "shell"];

/// The module's short name.
pub(super) fn short_name(name: &str) -> &str {
    name.strip_prefix("ansible.builtin.")
        .or_else(|| name.strip_prefix("ansible.legacy."))
        .unwrap_or(name)
}

/// What a task does: a module with its arguments, or an include.
enum Action<'a> {
    Module(Signature, Box<Node>),
    Include(&'static str, &'a Node),
}

impl Action<'_> {
    fn name(&self) -> &'static str {
        match self {
            Action::Module(module, _) => module.name,
            Action::Include(name, _) => name,
        }
    }
}

impl Loader {
    /// Reads a task; what is around it is handed down to it.
    pub(super) fn task(&mut self, node: &Node, around: &Around) -> Option<Task> {
        let mut reader = Reader::new(node, around);
        let mut action: Option<Action<'_>> = None;
        // What is no mapping has been said already.
        let mut has_problem = !matches!(node.kind, NodeKind::Mapping(_));
        let mut keys = Vec::new();
        let problems = &mut self.problems;
        for (key, name, value) in entries(node, "a task", problems) {
            keys.push((key, name));
            if reader.key(name, value, self.means.catalog, problems) {
                continue;
            }
            match found(key, name, value, self.means.catalog) {
                Ok(found) => {
                    if let Some(first) = &action {
                        let first = first.name();
                        problems.push(Problem::at(
                            key.location.clone(),
                            format!("a task has one module, but here are `{first}` and `{name}`"),
                        ));
                    }
                    if name == "local_action" {
                        reader.local(value);
                    }
                    action = action.or(Some(found));
                }
                Err(problem) => {
                    problems.push(problem);
                    has_problem = true;
                }
            }
        }
        if action.is_none() && !has_problem {
            problems
                .push(Problem::at(node.location.clone(), "a task without a module").hint(
                    "name what it does, for example `command: id`, beside `name` and `when`",
                ));
        }
        match action? {
            Action::Module(module, value) => reader.finish(&module, &value, problems),
            Action::Include(name, value) => self.include(reader, name, value, &keys),
        }
    }

    fn include(
        &mut self,
        reader: Reader<'_>,
        name: &'static str,
        value: &Node,
        keys: &[(&Node, &str)],
    ) -> Option<Task> {
        let before = self.problems.0.len();
        for (key, word) in keys {
            if !INCLUDE.contains(word) && short_name(word) != name && !loops(word) {
                let problem = format!("`{word}` cannot stand beside `{name}`");
                self.problems.push(
                    Problem::at(key.location.clone(), problem)
                        .hint(format!("for the included tasks, write it under `{name}: apply:`")),
                );
            }
        }
        let mut task = reader.task;
        task.repeat = reader.repeat;
        control(&mut task, reader.control, &mut self.problems);
        let apply = value.get("apply").or_else(|| reader.args.and_then(|args| args.get("apply")));
        let around = self.inside(&task, reader.around, &reader.own_vars, apply);
        let target =
            super::include_arguments::target(name, value, reader.args, &mut self.problems)?;
        task.keywords = reader.keywords.under(&reader.around.keywords);
        name.clone_into(&mut task.module);
        let include = Include {
            target,
            around: std::sync::Arc::new(around),
            source: self.source.clone(),
            base: self.base.clone(),
            means: self.means.clone(),
            handler: reader.around.handler,
        };
        if self.problems.0.len() != before {
            return None;
        }
        self.check_include(&include);
        task.include = Some(include);
        Some(task)
    }

    /// What included tasks inherit: what is around the include and what `apply` says, but not the
    /// include's own `when` and `tags`.
    fn inside(
        &mut self,
        task: &Task,
        around: &Around,
        own_vars: &serde_json::Map<String, Value>,
        apply: Option<&Node>,
    ) -> Around {
        let mut inside = Around { depth: around.depth + 1, ..around.clone() };
        inside.vars.extend(own_vars.clone());
        inside.params.extend(own_vars.clone());
        inside.places.clone_from(&task.places);
        let Some(apply) = apply.filter(|apply| !apply.is_null()) else {
            return inside;
        };
        for (key, word, part) in entries(apply, "`apply`", &mut self.problems) {
            match word {
                "vars" => inside.vars(part, &mut self.problems),
                "name" => drop(title(part, &mut self.problems)),
                _ if inside.key(word, part, &mut self.problems) => {}
                _ => {
                    let known = SHARED.iter().copied().chain(["when", "delegate_to", "notify"]);
                    self.problems.push(unknown(key, word, "`apply`", known));
                }
            }
        }
        inside
    }
}

fn loops(word: &str) -> bool {
    word.starts_with("with_")
}

fn found<'a>(
    key: &Node,
    name: &str,
    value: &'a Node,
    catalog: &dyn Catalog,
) -> Result<Action<'a>, Problem> {
    match short_name(name) {
        "include_tasks" => return Ok(Action::Include("include_tasks", value)),
        "include_role" => return Ok(Action::Include("include_role", value)),
        "action" | "local_action" => return action(value, catalog),
        short if loops(short) => return Err(no_loop(key, short, catalog)),
        short if TASK_REFUSED.contains(&short) => return Err(refused(key, name)),
        _ => {}
    }
    match catalog.find(short_name(name)) {
        Some(module) => Ok(Action::Module(module, Box::new(value.clone()))),
        None => Err(no_module(key, name, catalog)),
    }
}

/// A `with_…` that there is no lookup for.
fn no_loop(key: &Node, name: &str, catalog: &dyn Catalog) -> Problem {
    let lookups = catalog.lookups().into_iter().map(|lookup| format!("with_{lookup}"));
    let known: Vec<String> = lookups.collect();
    let problem = Problem::at(key.location.clone(), format!("`{name}` is not supported"));
    let instead = match name {
        "with_flattened" => Some("use `loop: \"{{ LIST | flatten }}\"`".to_owned()),
        "with_cartesian" => Some("use `with_nested`".to_owned()),
        _ => did_you_mean(&near_matches(name, known.iter().map(String::as_str))),
    };
    problem.hint(instead.unwrap_or_else(|| "use `loop`".to_owned()))
}

/// `action: MODULE key=value …`, or a mapping with `module`.
fn action<'a>(value: &Node, catalog: &dyn Catalog) -> Result<Action<'a>, Problem> {
    let named = |name: &str| {
        let module = catalog.find(short_name(name));
        module.ok_or_else(|| no_module(value, name, catalog))
    };
    match &value.kind {
        NodeKind::Scalar(Value::String(text)) => {
            let (name, rest) =
                text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
            let rest = if rest.trim().is_empty() { Value::Null } else { Value::from(rest.trim()) };
            let node = Node { location: value.location.clone(), kind: NodeKind::Scalar(rest) };
            Ok(Action::Module(named(name)?, Box::new(node)))
        }
        NodeKind::Mapping(pairs) => {
            let Some(name) = value.get("module").and_then(Node::as_str) else {
                return Err(Problem::at(value.location.clone(), "`action` needs `module`"));
            };
            let rest = pairs.iter().filter(|(key, _)| key.as_str() != Some("module")).cloned();
            let kind = NodeKind::Mapping(rest.collect());
            let node = Node { location: value.location.clone(), kind };
            Ok(Action::Module(named(name)?, Box::new(node)))
        }
        _ => Err(Problem::at(value.location.clone(), "`action` must be a string or a mapping")),
    }
}

/// Modules of Ansible that playbooks often have and that are not built: no typing mistakes.
const NOT_BUILT: &str = "acl alternatives apt_key apt_repository archive assemble at authorized_key cron cronvar \
    deb822_repository debconf dnf dnf5 docker_container docker_image dpkg_selections expect \
    filesystem firewalld getent git htpasswd iptables k8s k8s_info known_hosts locale_gen \
    lvg lvol make npm openssl_certificate openssl_csr openssl_privatekey package_facts \
    pam_limits parted pip rpm_key seboolean selinux snap subversion synchronize sysvinit \
    timezone ufw validate_argument_spec x509_certificate xml yum yum_repository zypper";

fn no_module(key: &Node, name: &str, catalog: &dyn Catalog) -> Problem {
    let modules = catalog.names();
    let others = ["block", "import_tasks", "import_role", "include_tasks", "include_role"];
    let known = SHARED.iter().chain(TASK).copied().chain(modules).chain(others);
    if name.contains('.') || NOT_BUILT.split(' ').any(|known| known == name) {
        return Problem::at(key.location.clone(), format!("there is no module `{name}` here"))
            .hint(if ["yum", "dnf", "dnf5", "zypper"].contains(&short_name(name)) {
                "write it with `package`, which finds out what installs software on the host"
            } else {
                "Ansible's other modules need Python on the host; write the task with `command`, \
                 `shell`, `copy` or `template`"
            });
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
    repeat: Option<super::model::Loop>,
    keywords: Keywords,
    own_vars: serde_json::Map<String, Value>,
    around: &'a Around,
}

impl<'a> Reader<'a> {
    fn new(node: &Node, around: &'a Around) -> Self {
        Self {
            task: around.task(node.location.clone()),
            args: None,
            control: None,
            repeat: None,
            keywords: Keywords::default(),
            own_vars: serde_json::Map::new(),
            around,
        }
    }

    /// Reads a key of tasks; `false` when it is none.
    fn key(
        &mut self,
        name: &str,
        value: &'a Node,
        catalog: &dyn Catalog,
        problems: &mut Problems,
    ) -> bool {
        let task = &mut self.task;
        match name {
            "name" => task.name = title(value, problems),
            "vars" => {
                self.own_vars = vars(value, problems, &mut task.places);
                task.vars.extend(self.own_vars.clone());
            }
            "when" => task.when.extend(conditions(value, "`when`", problems)),
            "until" => task.until = conditions(value, "`until`", problems),
            "changed_when" => task.changed_when = conditions(value, "`changed_when`", problems),
            "failed_when" => task.failed_when = conditions(value, "`failed_when`", problems),
            "loop_control" => self.control = Some(value),
            "register" => task.register = variable(value, "`register`", problems),
            "retries" => task.retries = Some(templated(value, problems)),
            "delay" => task.delay = Some(templated(value, problems)),
            "delegate_to" => task.delegate_to = Some(templated(value, problems)),
            "delegate_facts" => task.delegate_facts = Some(templated(value, problems)),
            "notify" => task.notify = templates(value, problems),
            "listen" => task.listen = names(value, "`listen`", problems),
            "async" => task.background = Some(templated(value, problems)),
            "poll" => task.poll = Some(templated(value, problems)),
            "args" => self.args = Some(value),
            "destructive" => {
                task.destructive = boolean(value, "`destructive`", problems).unwrap_or(false);
            }
            "undo" => task.undo = string(value, "`undo`", problems),
            _ => {
                return repeat(&mut self.repeat, name, value, catalog, problems)
                    || keyword(&mut self.keywords, name, value, problems);
            }
        }
        true
    }

    /// `local_action`: what it does is done here.
    fn local(&mut self, value: &Node) {
        let here = Value::from("localhost");
        self.task.delegate_to = Some(Templated { value: here, location: value.location.clone() });
    }

    fn finish(
        mut self,
        module: &Signature,
        action: &Node,
        problems: &mut Problems,
    ) -> Option<Task> {
        let before = problems.0.len();
        self.task.repeat = self.repeat.take();
        control(&mut self.task, self.control, problems);
        let arguments = Arguments::read(module, action, self.args, problems);
        module.name.clone_into(&mut self.task.module);
        self.task.args = arguments.values;
        self.task.places.extend(arguments.places);
        self.task.keywords = self.keywords.under(&self.around.keywords);
        self.fits(problems);
        (problems.0.len() == before).then_some(self.task)
    }

    /// What does not go together.
    fn fits(&self, problems: &mut Problems) {
        let task = &self.task;
        if !task.listen.is_empty() && !self.around.handler {
            problems.push(
                Problem::at(task.location.clone(), "`listen` belongs to a handler")
                    .hint("move the task to `handlers`, or notify it by its name"),
            );
        }
        if let Some(background) = &task.background
            && !IN_BACKGROUND.contains(&task.module.as_str())
            && background.value != 0
        {
            problems.push(
                Problem::at(
                    background.location.clone(),
                    format!("`async` is for `command` and `shell`, not for `{}`", task.module),
                )
                .hint("leave `async` out: a task may take as long as its `timeout` says"),
            );
        }
    }
}
