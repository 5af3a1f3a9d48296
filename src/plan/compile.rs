//! From playbooks to a [`Plan`].

use super::check::check;
use super::hosts::{Chosen, PlayHosts, batches, choose};
use super::known::{Known, Magic};
use super::later::Later;
use super::model::{Plan, PlannedBlock, PlannedPlay, PlannedRole, PlannedStep, PlannedTask};
use super::names::{play_name, rendered, task_name};
use super::tags::{Tags, of_task, starts_here};
use super::task::{Planning, TaskInput, flag};
use super::unsettled::{unsettled, unsettled_handlers};
use crate::error::{Problem, Problems, did_you_mean, near_matches};
use crate::inventory::Inventory;
use crate::playbook::{Block, Catalog, Include, Play, Playbook, Step, Task};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The module that gathers facts.
const GATHER: &str = "setup";

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
    /// What the command line said, as playbooks read it: `ansible_check_mode` and the like.
    pub said: Map<String, Value>,
    /// The run's id.
    pub run_id: String,
    /// Who logs in where neither a variable nor a keyword says so.
    pub user: Option<String>,
}

/// Compiles playbooks. All mistakes are reported at once; nothing is contacted.
pub fn compile(input: &PlanInput<'_>) -> Result<Plan, Problems> {
    let tags = Tags { only: input.tags.clone(), skip: input.skip_tags.clone() };
    let mut compiler = Compiler {
        magic: Magic::default(),
        input,
        tags: Arc::new(tags),
        problems: Problems::default(),
        later: Later::default(),
        started: input.start_at_task.is_none(),
        plays: Vec::new(),
    };
    for playbook in input.playbooks {
        check(playbook, &mut compiler.problems);
    }
    if !compiler.problems.0.is_empty() {
        return Err(compiler.problems);
    }
    for play in input.playbooks.iter().flat_map(Playbook::plays) {
        compiler.play(play);
    }
    compiler.finish()
}

struct Compiler<'a> {
    input: &'a PlanInput<'a>,
    magic: Magic,
    tags: Arc<Tags>,
    problems: Problems,
    /// What tasks so far leave behind.
    later: Later,
    started: bool,
    plays: Vec<PlannedPlay>,
}

/// A play while it is planned.
struct OnePlay<'a> {
    planning: Planning,
    batches: &'a [Vec<String>],
    /// Tasks so far, those that tags leave out included.
    count: usize,
    /// Whether a failure is caught: then what cannot be rendered is not a mistake yet.
    caught: bool,
}

impl Compiler<'_> {
    fn play(&mut self, play: &Arc<Play>) {
        let known = Known {
            inventory: Arc::clone(&self.input.inventory),
            cluster: self.input.cluster.clone(),
            run_id: self.input.run_id.clone(),
            said: self.input.said.clone(),
            limit: self.input.limit.clone(),
            user: self.input.user.clone(),
            magic: self.magic.clone(),
        };
        let (hosts, undecided) = self.hosts(&known, play);
        let name = rendered(play_name(play), Some(&known.global(play)));
        let batches = batches(&known, play, hosts.clone(), &mut self.problems);
        let number = self.plays.len() + 1;
        let mut later = self.later.clone();
        let gather = self.gather(&known, play, number, !batches.is_empty());
        later.facts |= gather.is_some();
        for handler in &play.handlers {
            later.add(handler);
        }
        let known = Arc::new(known);
        let all = Value::from(hosts.clone());
        let mut magic = play.magic();
        magic.insert("ansible_play_hosts_all".to_owned(), all);
        let magic = Arc::new(magic);
        let planning =
            Planning { known, play: Arc::clone(play), number, hosts: hosts.into(), magic, later };
        let mut one = OnePlay { planning, batches: &batches, count: 0, caught: false };
        let before = self.steps(&play.sections.before, &mut one);
        let main = self.steps(&play.sections.main, &mut one);
        let after = self.steps(&play.sections.after, &mut one);
        let handlers = unsettled_handlers(play, &play.handlers, &format!("{number:02}"));
        // A play without hosts sets nothing; reading what it would have set is a mistake.
        if !batches.is_empty() || undecided.is_some() {
            self.later = one.planning.later;
        }
        let tags = Arc::clone(&self.tags);
        let all = one.planning.hosts.to_vec();
        let planned = PlannedPlay::new(Arc::clone(play), name, PlayHosts { all, batches });
        let undecided_hosts = undecided;
        self.plays.push(PlannedPlay {
            undecided_hosts,
            gather,
            before,
            main,
            after,
            handlers,
            tags,
            ..planned
        });
    }

    fn hosts(&mut self, known: &Known, play: &Play) -> (Vec<String>, Option<String>) {
        if self.later.hosts {
            return (Vec::new(), Some(written(&play.hosts.value)));
        }
        match choose(known, play) {
            Ok(Chosen::Hosts(hosts)) => (hosts, None),
            Ok(Chosen::Later) => (Vec::new(), Some(written(&play.hosts.value))),
            Err(problem) => {
                self.problems.push(problem);
                (Vec::new(), None)
            }
        }
    }

    /// The task that gathers facts, unless the play does without them.
    fn gather(
        &mut self,
        known: &Known,
        play: &Arc<Play>,
        number: usize,
        has_hosts: bool,
    ) -> Option<PlannedTask> {
        let there = self.input.catalog.find(GATHER).is_some();
        let wanted = match &play.gather_facts {
            None => there,
            Some(wanted) => match flag(&known.global(play), wanted, "gather_facts") {
                Ok(wanted) => wanted,
                Err(problem) => {
                    self.problems.push(problem);
                    false
                }
            },
        };
        if wanted && !there {
            let place = play.gather_facts.as_ref().map_or(&play.location, |facts| &facts.location);
            self.problems.push(
                Problem::at(place.clone(), "facts are not gathered yet")
                    .hint("write `gather_facts: false`"),
            );
        }
        let mut task = Task::new(play.location.clone(), GATHER);
        task.name = Some("Gathering Facts".to_owned());
        task.when.clone_from(&play.when);
        if play.inherited.tags.is_empty() {
            task.keywords.tags = vec!["always".to_owned()];
        }
        let chosen = self.tags.leave(&of_task(&task, &play.inherited));
        (wanted && there && chosen && has_hosts).then(|| {
            let id = format!("{number:02}-00-gathering-facts");
            PlannedTask::unsettled(play, &Arc::new(task), id)
        })
    }

    fn steps(&mut self, steps: &[Step], one: &mut OnePlay<'_>) -> Vec<PlannedStep> {
        steps.iter().filter_map(|step| self.step(step, one)).collect()
    }

    fn step(&mut self, step: &Step, one: &mut OnePlay<'_>) -> Option<PlannedStep> {
        match step {
            Step::Task(task) => self.task(task, one).map(PlannedStep::Task),
            Step::Block(block) => self.block(block, one),
            Step::Role(group) => {
                let steps = self.steps(&group.steps, one);
                let role = Arc::clone(&group.role);
                (!steps.is_empty()).then_some(PlannedStep::Role(PlannedRole { role, steps }))
            }
        }
    }

    fn block(&mut self, block: &Arc<Block>, one: &mut OnePlay<'_>) -> Option<PlannedStep> {
        let outside = one.caught;
        one.caught = outside || !block.rescue.is_empty();
        let body = self.steps(&block.body, one);
        one.caught = outside;
        if !block.rescue.is_empty() {
            let failure = ["ansible_failed_task", "ansible_failed_result"];
            one.planning.later.names.extend(failure.map(str::to_owned));
        }
        let rescue = self.steps(&block.rescue, one);
        let always = self.steps(&block.always, one);
        if body.is_empty() && rescue.is_empty() && always.is_empty() {
            return None;
        }
        let block = Arc::clone(block);
        Some(PlannedStep::Block(PlannedBlock { block, body, rescue, always }))
    }

    fn task(&mut self, task: &Arc<Task>, one: &mut OnePlay<'_>) -> Option<PlannedTask> {
        one.count += 1;
        let play = Arc::clone(&one.planning.play);
        if !self.takes(&play, task) {
            return None;
        }
        let number = one.count;
        let catalog = self.input.catalog;
        let input = TaskInput { task, number, batches: one.batches, catalog, caught: one.caught };
        let mut planned = one.planning.task(&input, &mut self.problems);
        if let Some(Ok(included)) = task.include.as_ref().and_then(Include::known) {
            planned.included = unsettled(&play, &included.steps, &planned.id, &self.tags);
        }
        one.planning.later.add(task);
        Some(planned)
    }

    /// Whether tags and `--start-at-task` leave the task.
    fn takes(&mut self, play: &Play, task: &Task) -> bool {
        if let Some(wanted) = self.input.start_at_task.as_deref().filter(|_| !self.started) {
            self.started = starts_here(&task_name(task), wanted)
                || task.name.as_ref().is_some_and(|name| starts_here(name, wanted));
        }
        self.started && self.tags.leave(&of_task(task, &play.inherited))
    }

    fn finish(mut self) -> Result<Plan, Problems> {
        if let Some(wanted) = self.input.start_at_task.as_deref().filter(|_| !self.started) {
            let problem = Problem::new(format!("`--start-at-task`: there is no task `{wanted}`"));
            let plays = self.input.playbooks.iter().flat_map(Playbook::plays);
            let names: Vec<String> = plays
                .flat_map(|play| {
                    play.tasks().into_iter().map(|task| task_name(task)).collect::<Vec<_>>()
                })
                .collect();
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
