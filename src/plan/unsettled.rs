//! Tasks of which nothing is rendered before they run: handlers, and what is included.

use super::model::{PlannedBlock, PlannedRole, PlannedStep, PlannedTask};
use super::names::{step_id, task_name};
use super::tags::{Tags, of_task};
use crate::playbook::{Play, Step, Task};
use std::sync::Arc;

impl PlannedTask {
    /// A task of which nothing is known before it runs.
    pub fn unsettled(play: &Play, task: &Arc<Task>, id: String) -> Self {
        Self {
            id,
            name: task_name(task),
            module: task.module.clone(),
            tags: of_task(task, &play.inherited),
            run_once: false,
            hosts: Vec::new(),
            included: Vec::new(),
            destructive: task.destructive,
            undo: task.undo.clone(),
            task: Arc::clone(task),
        }
    }
}

/// The steps that tags leave, to be decided on when they run. `id` is that of what includes them.
pub fn unsettled(play: &Play, steps: &[Step], id: &str, tags: &Tags) -> Vec<PlannedStep> {
    let mut counter = 0;
    Unsettled { play, id, tags }.steps(steps, &mut counter)
}

/// Handlers, which tags do not leave out.
pub fn unsettled_handlers(play: &Play, handlers: &[Arc<Task>], id: &str) -> Vec<PlannedTask> {
    let numbered = handlers.iter().enumerate();
    let planned = |(number, handler): (usize, &Arc<Task>)| {
        let id = format!("{id}-h{}", step_id(number + 1, 0, &task_name(handler)));
        PlannedTask::unsettled(play, handler, id)
    };
    numbered.map(planned).collect()
}

struct Unsettled<'a> {
    play: &'a Play,
    id: &'a str,
    tags: &'a Tags,
}

impl Unsettled<'_> {
    fn steps(&self, steps: &[Step], counter: &mut usize) -> Vec<PlannedStep> {
        steps.iter().filter_map(|step| self.step(step, counter)).collect()
    }

    fn step(&self, step: &Step, counter: &mut usize) -> Option<PlannedStep> {
        match step {
            Step::Task(task) => {
                *counter += 1;
                let id = format!("{}/{}", self.id, step_id(*counter, 0, &task_name(task)));
                let left = self.tags.leave(&of_task(task, &self.play.inherited));
                left.then(|| PlannedStep::Task(PlannedTask::unsettled(self.play, task, id)))
            }
            Step::Block(block) => {
                let body = self.steps(&block.body, counter);
                let rescue = self.steps(&block.rescue, counter);
                let always = self.steps(&block.always, counter);
                let block = Arc::clone(block);
                let any = !(body.is_empty() && rescue.is_empty() && always.is_empty());
                any.then_some(PlannedStep::Block(PlannedBlock { block, body, rescue, always }))
            }
            Step::Role(group) => {
                let steps = self.steps(&group.steps, counter);
                let role = Arc::clone(&group.role);
                (!steps.is_empty()).then_some(PlannedStep::Role(PlannedRole { role, steps }))
            }
        }
    }
}
