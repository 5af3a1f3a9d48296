//! Lists of tasks: blocks and imports are flattened, what they say is handed down.

use super::fields::{conditions, keyword, string, templated, title, vars};
use super::keys::{BLOCK, SHARED, TASK_LATER, entries, later, unknown};
use super::load::Loader;
use super::model::{Keywords, Task, Templated, Text};
use super::task::{Places, short_name, task};
use crate::error::Problem;
use crate::yaml::Node;
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::Arc;

/// Blocks in blocks and imports in imports end here.
const MAX_DEPTH: usize = 20;

/// What stands around a task: blocks and imports, not the play.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    pub(super) when: Vec<Text>,
    pub(super) vars: Map<String, Value>,
    pub(super) places: Places,
    pub(super) delegate_to: Option<Templated>,
    pub(super) keywords: Keywords,
    pub(super) directory: Option<PathBuf>,
    pub(super) depth: usize,
}

/// What a block or an import says.
struct Frame<'a> {
    inside: Around,
    body: Option<&'a Node>,
    file: Option<(String, &'a Node)>,
}

impl Loader<'_> {
    /// Reads a list of tasks into `tasks`.
    pub(super) fn tasks(
        &mut self,
        node: &Node,
        what: &str,
        around: &Around,
        tasks: &mut Vec<Arc<Task>>,
    ) {
        if node.is_null() {
            return;
        }
        let items = match node.sequence(what) {
            Ok(items) => items,
            Err(problem) => return self.problems.push(problem),
        };
        for item in items {
            if item.get("block").is_some() || import_key(item).is_some() {
                self.frame(item, around, tasks);
            } else if let Some(task) = task(item, around, self.catalog, &mut self.problems) {
                tasks.push(Arc::new(task));
            }
        }
    }

    fn frame(&mut self, node: &Node, around: &Around, tasks: &mut Vec<Arc<Task>>) {
        if around.depth >= MAX_DEPTH {
            return self.problems.push(Problem::at(
                node.location.clone(),
                format!("blocks and imports are nested deeper than {MAX_DEPTH}: does a file import itself?"),
            ));
        }
        let frame = self.read_frame(node, around);
        if let Some(body) = frame.body {
            self.tasks(body, "`block`", &frame.inside, tasks);
        }
        if let Some((file, place)) = frame.file {
            self.import_tasks(&file, place, &frame.inside, tasks);
        }
    }

    fn read_frame<'a>(&mut self, node: &'a Node, around: &Around) -> Frame<'a> {
        let mut inside = Around { depth: around.depth + 1, ..around.clone() };
        let mut keywords = Keywords::default();
        let (mut body, mut file) = (None, None);
        let problems = &mut self.problems;
        for (key, name, value) in entries(node, "a block", problems) {
            match name {
                "block" => body = Some(value),
                "name" => drop(title(value, problems)),
                "when" => inside.when.extend(conditions(value, "`when`", problems)),
                "vars" => {
                    let own = vars(value, problems, &mut inside.places);
                    inside.vars.extend(own);
                }
                "delegate_to" => inside.delegate_to = Some(templated(value, problems)),
                _ if short_name(name) == "import_tasks" => {
                    let named = value.get("file").unwrap_or(value);
                    file = string(named, "`import_tasks`", problems).map(|text| (text, named));
                }
                _ if keyword(&mut keywords, name, value, problems) => {}
                _ if TASK_LATER.contains(&short_name(name)) => problems.push(later(key, name)),
                _ => problems.push(unknown(
                    key,
                    name,
                    "a block or `import_tasks`",
                    SHARED.iter().chain(BLOCK).copied(),
                )),
            }
        }
        inside.keywords = keywords.under(&around.keywords);
        Frame { inside, body, file }
    }

    fn import_tasks(
        &mut self,
        file: &str,
        place: &Node,
        inside: &Around,
        tasks: &mut Vec<Arc<Task>>,
    ) {
        let Some((documents, source)) = self.import(file, place) else { return };
        let before = self.enter(source);
        for document in &documents {
            let around = Around { directory: self.source.directory(), ..inside.clone() };
            self.tasks(document, "a file of tasks", &around, tasks);
        }
        self.source = before;
    }
}

/// The key that imports tasks, when there is one.
fn import_key(node: &Node) -> Option<&Node> {
    ["import_tasks", "ansible.builtin.import_tasks", "ansible.legacy.import_tasks"]
        .iter()
        .find_map(|key| node.get(key))
}
