//! What is wrong with templates and conditions before there are any variables.

use crate::error::{Location, Problems};
use crate::playbook::{Keywords, Play, Playbook, Task, Templated, Text};
use crate::template::{TemplateError, check_expression, check_text};
use serde_json::Value;

/// Notes every template and condition that cannot be one.
pub(super) fn check(playbook: &Playbook, problems: &mut Problems) {
    let mut checker = Checker { problems };
    for play in playbook.plays() {
        checker.play(play);
        play.tasks.iter().for_each(|task| checker.task(task));
    }
}

struct Checker<'a> {
    problems: &'a mut Problems,
}

impl Checker<'_> {
    fn play(&mut self, play: &Play) {
        self.note(&play.location, check_text(play.name.as_deref().unwrap_or_default()));
        let single = [Some(&play.hosts), play.serial.as_ref(), play.max_fail_percentage.as_ref()];
        single.into_iter().flatten().for_each(|part| self.templated(part));
        for (name, value) in &play.vars {
            let place = play.places.get(&format!("vars.{name}")).unwrap_or(&play.location);
            self.value(place, value);
        }
        self.keywords(&play.inherited);
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
        conditions.into_iter().flatten().for_each(|condition| self.condition(condition));
        let repeat = task.repeat.as_ref();
        let single = [
            repeat.map(|repeat| &repeat.items),
            repeat.and_then(|repeat| repeat.label.as_ref()),
            task.retries.as_ref(),
            task.delay.as_ref(),
            task.delegate_to.as_ref(),
        ];
        single.into_iter().flatten().for_each(|part| self.templated(part));
        self.keywords(&task.keywords);
    }

    fn keywords(&mut self, keywords: &Keywords) {
        let single = [
            &keywords.r#become,
            &keywords.become_user,
            &keywords.become_method,
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
