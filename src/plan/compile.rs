//! From playbooks to a [`Plan`].

use super::check::check;
use super::hosts::{Chosen, batches, choose};
use super::known::Known;
use super::model::{Plan, PlannedPlay};
use super::names::{play_name, rendered, task_name};
use super::settle::leaves_behind;
use super::tags::{chosen, of_task, starts_here};
use super::task::{Planning, TaskInput};
use crate::error::{Problem, Problems, did_you_mean, near_matches};
use crate::inventory::Inventory;
use crate::playbook::{Catalog, Play, Playbook};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a plan is made from.
#[derive(Clone)]
pub struct PlanInput<'a> {
    /// The playbooks, in order.
    pub playbooks: &'a [Playbook],
    /// The modules that there are.
    pub catalog: &'a dyn Catalog,
    /// Hosts, groups and variables.
    pub inventory: Arc<Inventory>,
    /// What was decided, which playbooks read as `cluster`; `None` when nothing was observed.
    pub cluster: Option<Value>,
    /// The hosts that `--limit` leaves; `None` is all.
    pub limit: Option<Vec<String>>,
    /// `--tags`; empty is all.
    pub tags: Vec<String>,
    /// `--skip-tags`.
    pub skip_tags: Vec<String>,
    /// `--start-at-task`.
    pub start_at_task: Option<String>,
    /// Whether nothing will be written.
    pub check: bool,
    /// The run's id.
    pub run_id: String,
}

/// Compiles playbooks. All mistakes are reported at once; nothing is contacted.
pub fn compile(input: &PlanInput<'_>) -> Result<Plan, Problems> {
    let mut compiler = Compiler {
        input,
        problems: Problems::default(),
        later: BTreeSet::new(),
        started: input.start_at_task.is_none(),
        plays: Vec::new(),
    };
    for playbook in input.playbooks {
        check(playbook, &mut compiler.problems);
    }
    if !compiler.problems.0.is_empty() {
        return Err(compiler.problems);
    }
    for playbook in input.playbooks {
        for play in playbook.plays() {
            compiler.play(playbook, play);
        }
    }
    compiler.finish()
}

struct Compiler<'a> {
    input: &'a PlanInput<'a>,
    problems: Problems,
    /// Variables that tasks so far leave behind.
    later: BTreeSet<String>,
    started: bool,
    plays: Vec<PlannedPlay>,
}

impl Compiler<'_> {
    fn play(&mut self, playbook: &Playbook, play: &Arc<Play>) {
        let known = Known {
            inventory: Arc::clone(&self.input.inventory),
            cluster: self.input.cluster.clone(),
            run_id: self.input.run_id.clone(),
            check: self.input.check,
            playbook_dir: playbook.directory.clone(),
        };
        let (hosts, undecided) = match choose(&known, play, self.input.limit.as_deref()) {
            Ok(Chosen::Hosts(hosts)) => (hosts, None),
            Ok(Chosen::Later) => (Vec::new(), Some(written(&play.hosts.value))),
            Err(problem) => {
                self.problems.push(problem);
                (Vec::new(), None)
            }
        };
        let name = rendered(play_name(play), Some(&known.global(play)));
        let batches = batches(&known, play, hosts.clone(), &mut self.problems);
        let number = self.plays.len() + 1;
        let mut planning =
            Planning { known, play: Arc::clone(play), number, hosts, later: self.later.clone() };
        let mut tasks = Vec::new();
        for (index, task) in play.tasks.iter().enumerate() {
            if !self.takes(play, task) {
                continue;
            }
            let input = TaskInput {
                task,
                number: index + 1,
                batches: &batches,
                catalog: self.input.catalog,
            };
            tasks.push(planning.task(&input, &mut self.problems));
            // A play without hosts sets nothing; reading what it would have set is a mistake.
            if !batches.is_empty() || undecided.is_some() {
                planning.later.extend(leaves_behind(task));
            }
        }
        self.later = planning.later;
        self.plays.push(PlannedPlay {
            play: Arc::clone(play),
            name,
            batches,
            undecided_hosts: undecided,
            tasks,
        });
    }

    /// Whether tags and `--start-at-task` leave the task.
    fn takes(&mut self, play: &Play, task: &crate::playbook::Task) -> bool {
        if let Some(wanted) = self.input.start_at_task.as_deref().filter(|_| !self.started) {
            self.started = starts_here(&task_name(task), wanted);
        }
        let tags = of_task(task, &play.inherited);
        self.started && chosen(&tags, &self.input.tags, &self.input.skip_tags)
    }

    fn finish(mut self) -> Result<Plan, Problems> {
        if let Some(wanted) = self.input.start_at_task.as_deref().filter(|_| !self.started) {
            let problem = Problem::new(format!("`--start-at-task`: there is no task `{wanted}`"));
            let plays = self.input.playbooks.iter().flat_map(Playbook::plays);
            let names: Vec<String> =
                plays.flat_map(|play| play.tasks.iter().map(|task| task_name(task))).collect();
            let near = near_matches(wanted, names.iter().map(String::as_str));
            self.problems.push(match did_you_mean(&near) {
                Some(hint) => problem.hint(hint),
                None => problem.hint("`--list-tasks` names them all"),
            });
        }
        self.problems.or(Plan { plays: self.plays })
    }
}

/// What stands in the file, for people.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
