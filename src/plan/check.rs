//! What is wrong with templates and conditions before there are any variables.

use super::names::task_name;
use crate::error::{Location, Problem, Problems, did_you_mean, near_matches};
use crate::playbook::{Keywords, Play, Playbook, Target, Task, Templated, Text};
use crate::template::{TemplateError, check_expression, check_text, is_template};
use serde_json::Value;
use std::sync::Arc;

/// Notes every template and condition that cannot be one.
pub(super) fn check(playbook: &Playbook, problems: &mut Problems) {
    let mut checker = Checker { problems };
    for play in playbook.plays() {
        checker.play(play);
        play.tasks().into_iter().chain(&play.handlers).for_each(|task| checker.task(task));
        checker.included(play);
        checker.notified(play);
    }
}

struct Checker<'a> {
    problems: &'a mut Problems,
}

impl Checker<'_> {
    fn play(&mut self, play: &Play) {
        self.note(&play.location, check_text(play.name.as_deref().unwrap_or_default()));
        let single = [
            Some(&play.hosts),
            play.serial.as_ref(),
            play.order.as_ref(),
            play.gather_facts.as_ref(),
            play.force_handlers.as_ref(),
            play.max_fail_percentage.as_ref(),
        ];
        single.into_iter().flatten().for_each(|part| self.templated(part));
        for (name, value) in &play.vars {
            let place = play.places.get(&format!("vars.{name}")).unwrap_or(&play.location);
            self.value(place, value);
        }
        self.keywords(&play.inherited);
    }

    /// Names that no handler has, when all handlers are known.
    fn notified(&mut self, play: &Play) {
        let tasks = || play.tasks().into_iter().chain(&play.handlers);
        // What is included may bring handlers.
        if tasks().any(|task| task.include.is_some()) {
            return;
        }
        let names = play.handlers.iter().filter_map(|handler| handler.name.clone());
        let of_roles = play.handlers.iter().map(|handler| task_name(handler));
        let topics = play.handlers.iter().flat_map(|handler| handler.listen.clone());
        let known: Vec<String> = names.chain(of_roles).chain(topics).collect();
        if known.iter().any(|name| is_template(name)) {
            return;
        }
        for written in tasks().flat_map(|task| &task.notify) {
            let Some(name) = written.value.as_str().filter(|name| !is_template(name)) else {
                continue;
            };
            if known.iter().any(|known| known == name) {
                continue;
            }
            let problem = format!("there is no handler `{name}`, and none listens to it");
            let problem = Problem::at(written.location.clone(), problem);
            let near = did_you_mean(&near_matches(name, known.iter().map(String::as_str)));
            let problem = match near {
                Some(hint) => problem.hint(hint),
                None => problem.hint("write it under `handlers`, with that name or `listen`"),
            };
            if !self.problems.0.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }

    /// What includes of a known name will put in place, each file once.
    fn included(&mut self, play: &Play) {
        let mut seen = Vec::new();
        let mut open: Vec<Arc<Task>> =
            play.tasks().into_iter().chain(&play.handlers).cloned().collect();
        while let Some(task) = open.pop() {
            let Some(include) = &task.include else { continue };
            if seen.contains(&task.location) {
                continue;
            }
            seen.push(task.location.clone());
            if let Some(Ok(included)) = include.known() {
                let tasks: Vec<Arc<Task>> = included.tasks();
                for task in &tasks {
                    self.task(task);
                }
                open.extend(tasks);
            }
        }
    }

    fn task(&mut self, task: &Task) {
        self.note(&task.location, check_text(task.name.as_deref().unwrap_or_default()));
        for (name, value) in &task.args {
            self.value(task.place(&format!("args.{name}")), value);
        }
        for (name, value) in &task.vars {
            self.value(task.place(&format!("vars.{name}")), value);
        }
        let conditions = [&task.when, &task.until, &task.changed_when, &task.failed_when];
        let breaks = task.repeat.iter().flat_map(|repeat| &repeat.break_when);
        conditions
            .into_iter()
            .flatten()
            .chain(breaks)
            .for_each(|condition| self.condition(condition));
        let repeat = task.repeat.as_ref();
        let single = [
            repeat.map(|repeat| &repeat.items),
            repeat.and_then(|repeat| repeat.label.as_ref()),
            repeat.and_then(|repeat| repeat.pause.as_ref()),
            repeat.and_then(|repeat| repeat.extended.as_ref()),
            task.retries.as_ref(),
            task.delay.as_ref(),
            task.delegate_to.as_ref(),
            task.delegate_facts.as_ref(),
            task.background.as_ref(),
            task.poll.as_ref(),
        ];
        single.into_iter().flatten().chain(&task.notify).for_each(|part| self.templated(part));
        self.include(task);
        self.keywords(&task.keywords);
    }

    fn include(&mut self, task: &Task) {
        match task.include.as_ref().map(|include| &include.target) {
            Some(Target::Tasks(name)) => self.templated(name),
            Some(Target::Role(role)) => {
                self.templated(&role.name);
                role.from.iter().for_each(|(_, file)| self.templated(file));
            }
            None => {}
        }
    }

    fn keywords(&mut self, keywords: &Keywords) {
        let single = [
            &keywords.r#become,
            &keywords.become_user,
            &keywords.become_method,
            &keywords.become_flags,
            &keywords.become_exe,
            &keywords.remote_user,
            &keywords.port,
            &keywords.connection,
            &keywords.ignore_errors,
            &keywords.ignore_unreachable,
            &keywords.run_once,
            &keywords.check_mode,
            &keywords.diff,
            &keywords.no_log,
            &keywords.timeout,
            &keywords.throttle,
            &keywords.any_errors_fatal,
        ];
        let single = single.into_iter().filter_map(Option::as_ref);
        single.chain(&keywords.environment).for_each(|part| self.templated(part));
    }

    fn templated(&mut self, part: &Templated) {
        self.value(&part.location, &part.value);
    }

    fn value(&mut self, place: &Location, value: &Value) {
        match value {
            Value::String(text) => self.note(place, check_text(text)),
            Value::Array(items) => items.iter().for_each(|item| self.value(place, item)),
            Value::Object(entries) => {
                for (key, item) in entries {
                    self.note(place, check_text(key));
                    self.value(place, item);
                }
            }
            _ => {}
        }
    }

    fn condition(&mut self, condition: &Text) {
        self.note(&condition.location, check_expression(&condition.text));
    }

    fn note(&mut self, place: &Location, outcome: Result<(), TemplateError>) {
        if let Err(error) = outcome {
            let problem = error.problem(place);
            if !self.problems.0.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }
}
