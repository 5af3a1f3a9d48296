//! `loop`, `with_…` and `loop_control`.

use super::catalog::Catalog;
use super::fields::{conditions, no_tags, templated, variable};
use super::keys::{entries, unknown};
use super::model::{Loop, LoopKind, Task};
use super::task::short_name;
use crate::error::{Problem, Problems};
use crate::yaml::Node;

const CONTROL: [&str; 7] =
    ["loop_var", "index_var", "label", "pause", "extended", "extended_allitems", "break_when"];

/// Reads `loop` or one of the `with_…`; `false` when it is none.
pub(super) fn repeat(
    slot: &mut Option<Loop>,
    name: &str,
    value: &Node,
    catalog: &dyn Catalog,
    problems: &mut Problems,
) -> bool {
    let kind = match name.strip_prefix("with_") {
        None if name == "loop" => LoopKind::List,
        None => return false,
        Some(named) => {
            match catalog.lookups().into_iter().find(|known| *known == short_name(named)) {
                Some(lookup) => LoopKind::With(lookup),
                None => return false,
            }
        }
    };
    if slot.is_some() {
        problems.push(Problem::at(value.location.clone(), "a task has one loop"));
    }
    no_tags(value, problems);
    *slot = Some(Loop::new(templated(value, problems), kind));
    true
}

/// Reads `loop_control` into the task's loop.
pub(super) fn control(task: &mut Task, node: Option<&Node>, problems: &mut Problems) {
    let Some(node) = node else { return };
    let Some(repeat) = &mut task.repeat else {
        return problems.push(Problem::at(node.location.clone(), "`loop_control` without a loop"));
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
            "pause" => repeat.pause = Some(templated(value, problems)),
            "extended" => repeat.extended = Some(templated(value, problems)),
            "extended_allitems" => repeat.extended_allitems = Some(templated(value, problems)),
            "break_when" => repeat.break_when = conditions(value, "`break_when`", problems),
            _ => problems.push(unknown(key, name, "`loop_control`", CONTROL)),
        }
    }
}
