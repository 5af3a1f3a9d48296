//! Lists of tasks: what blocks, imports and roles say is handed down to the tasks inside them.

pub(super) use super::around::Around;
use super::fields::{boolean, string, title};
use super::keys::{BLOCK, SHARED, TASK_REFUSED, entries, refused, unknown};
use super::load::Loader;
use super::model::{Block, Step, Task};
use super::role::RoleFiles;
use super::role_use::Use;
use super::task::short_name;
use super::words::spelled_out;
use crate::error::Problem;
use crate::yaml::{Node, NodeKind};
use std::sync::Arc;

/// Blocks in blocks and imports in imports end here.
const MAX_DEPTH: usize = 20;

/// What a block or an import says.
#[derive(Default)]
struct Frame<'a> {
    name: Option<String>,
    inside: Around,
    body: Option<&'a Node>,
    rescue: Option<&'a Node>,
    always: Option<&'a Node>,
    file: Option<(String, &'a Node)>,
    role: Option<&'a Node>,
}

impl Loader {
    /// Reads a list of tasks into `steps`.
    pub(super) fn tasks(
        &mut self,
        node: &Node,
        what: &str,
        around: &Around,
        steps: &mut Vec<Step>,
    ) {
        if node.is_null() {
            return;
        }
        let items = match node.sequence(what) {
            Ok(items) => items,
            Err(problem) => return self.problems.push(problem),
        };
        for item in items {
            if item.get("block").is_some() || is_import(item) {
                self.frame(item, around, steps);
            } else if let Some(task) = self.task(item, around) {
                steps.push(Step::Task(Arc::new(task)));
            }
        }
    }

    /// Reads a list of handlers. They are tasks: Ansible has no blocks of handlers.
    pub(super) fn handlers(&mut self, node: &Node, around: &Around, handlers: &mut Vec<Arc<Task>>) {
        if let NodeKind::Sequence(items) = &node.kind {
            for item in items {
                if let Some(block) = item.get("block") {
                    self.problems.push(
                        Problem::at(block.location.clone(), "a handler cannot be a block")
                            .hint("give each handler the same `listen`"),
                    );
                }
            }
        }
        let mut steps = Vec::new();
        let around = Around { handler: true, ..around.clone() };
        self.tasks(node, "`handlers`", &around, &mut steps);
        handlers.extend(steps.into_iter().filter_map(|step| match step {
            Step::Task(task) => Some(task),
            Step::Block(_) | Step::Role(_) => None,
        }));
    }

    fn frame(&mut self, node: &Node, around: &Around, steps: &mut Vec<Step>) {
        if around.depth >= MAX_DEPTH {
            return self.problems.push(Problem::at(
                node.location.clone(),
                format!("blocks and imports are nested deeper than {MAX_DEPTH}: does a file import itself?"),
            ));
        }
        let frame = self.read_frame(node, around);
        if let Some((file, place)) = &frame.file {
            return self.import_tasks(file, place, &frame.inside, steps);
        }
        if let Some(role) = frame.role {
            return self.import_role(role, frame.inside, steps);
        }
        let mut read = |part: Option<&Node>, what| {
            let mut steps = Vec::new();
            if let Some(part) = part {
                self.tasks(part, what, &frame.inside, &mut steps);
            }
            steps
        };
        let body = read(frame.body, "`block`");
        if frame.rescue.is_none() && frame.always.is_none() {
            return steps.extend(body);
        }
        let (rescue, always) = (read(frame.rescue, "`rescue`"), read(frame.always, "`always`"));
        let (location, name) = (node.location.clone(), frame.name);
        steps.push(Step::Block(Arc::new(Block { location, name, body, rescue, always })));
    }

    fn read_frame<'a>(&mut self, node: &'a Node, around: &Around) -> Frame<'a> {
        let inside = Around { depth: around.depth + 1, ..around.clone() };
        let mut frame = Frame { inside, ..Frame::default() };
        let problems = &mut self.problems;
        for (key, name, value) in entries(node, "a block", problems) {
            match name {
                "block" => frame.body = Some(value),
                "rescue" => frame.rescue = Some(value),
                "always" => frame.always = Some(value),
                "name" => frame.name = title(value, problems),
                "vars" => frame.inside.vars(value, problems),
                _ if short_name(name) == "import_tasks" => {
                    let spelled = spelled_out(value);
                    let named = spelled.get("file").unwrap_or(&spelled);
                    frame.file =
                        string(named, "`import_tasks`", problems).map(|text| (text, value));
                }
                _ if short_name(name) == "import_role" => frame.role = Some(value),
                _ if frame.inside.key(name, value, problems) => {}
                _ if TASK_REFUSED.contains(&short_name(name)) => problems.push(refused(key, name)),
                "loop" | "loop_control" => problems.push(
                    Problem::at(
                        key.location.clone(),
                        format!("`{name}` beside a block or an import"),
                    )
                    .hint("use `include_tasks` or `include_role` with the loop"),
                ),
                _ => problems.push(unknown(
                    key,
                    name,
                    "a block, `import_tasks` or `import_role`",
                    SHARED.iter().chain(BLOCK).copied(),
                )),
            }
        }
        let lone = frame.body.is_none() && (frame.rescue.is_some() || frame.always.is_some());
        if lone {
            let problem =
                Problem::at(node.location.clone(), "`rescue` and `always` need a `block`");
            self.problems.push(problem);
        }
        frame
    }

    fn import_tasks(&mut self, file: &str, place: &Node, inside: &Around, steps: &mut Vec<Step>) {
        let Some((documents, source)) = self.tasks_file(file, place, inside) else { return };
        let before = self.enter(source);
        for document in &documents {
            let around = Around { directory: self.source.directory(), ..inside.clone() };
            self.tasks(document, "a file of tasks", &around, steps);
        }
        self.source = before;
    }

    fn import_role(&mut self, node: &Node, mut inside: Around, steps: &mut Vec<Step>) {
        let node = &*spelled_out(node);
        let Some(named) = role_name(node) else {
            return self
                .problems
                .push(Problem::at(node.location.clone(), "`import_role` needs `name`"));
        };
        let Some(name) = string(named, "a role's name", &mut self.problems) else { return };
        let mut files = RoleFiles::default();
        let (mut public, mut allow_duplicates) = (true, true);
        for (key, word, value) in entries(node, "`import_role`", &mut self.problems) {
            let problems = &mut self.problems;
            match word {
                // Specifications of arguments are refused where a role has them.
                "name" | "role" | "rolespec_validate" => {}
                "tasks_from" | "handlers_from" | "vars_from" | "defaults_from" => {
                    if let Some(file) = string(value, "a file of a role", problems) {
                        files.set(word, file);
                    }
                }
                "public" => public = boolean(value, "`public`", problems).unwrap_or(true),
                "allow_duplicates" => {
                    allow_duplicates =
                        boolean(value, "`allow_duplicates`", problems).unwrap_or(true);
                }
                _ => problems.push(unknown(
                    key,
                    word,
                    "`import_role`",
                    ROLE_ARGUMENTS.iter().copied(),
                )),
            }
        }
        let written = inside.vars.clone();
        inside.depth += 1;
        let used = Use {
            files,
            written,
            allow_duplicates: Some(allow_duplicates),
            ..Use::plain(&name, named, inside)
        };
        let Some(loaded) = self.role(used) else { return };
        steps.extend(loaded.steps);
        self.brought.handlers.extend(loaded.handlers);
        if public {
            self.brought.roles.push(loaded.role);
        }
    }

    /// The handlers and roles that imports brought since the last call.
    pub(super) fn take_brought(&mut self) -> Brought {
        std::mem::take(&mut self.brought)
    }
}

/// What imports of roles bring to the play.
#[derive(Debug, Default)]
pub(super) struct Brought {
    pub(super) handlers: Vec<Arc<Task>>,
    pub(super) roles: Vec<Arc<super::role::Role>>,
}

/// What `import_role` and `include_role` take.
pub(super) const ROLE_ARGUMENTS: &[&str] = &[
    "name",
    "tasks_from",
    "handlers_from",
    "vars_from",
    "defaults_from",
    "public",
    "allow_duplicates",
    "apply",
];

/// The node that names the role in the arguments of an import or include.
pub(super) fn role_name(node: &Node) -> Option<&Node> {
    node.get("name").or_else(|| node.get("role"))
}

/// Whether the entry is a static import.
fn is_import(node: &Node) -> bool {
    let keys = ["import_tasks", "import_role"];
    let NodeKind::Mapping(pairs) = &node.kind else { return false };
    pairs.iter().any(|(key, _)| key.as_str().is_some_and(|name| keys.contains(&short_name(name))))
}
