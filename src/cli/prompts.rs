//! `vars_prompt`: what a playbook asks the operator before the run.

use super::cycle::Cycle;
use super::screen::ask_secret;
use crate::error::{Failure, Problem};
use crate::playbook::Prompt;
use serde_json::Value;

/// How often an answer that has to be given twice is asked for.
const TRIES: usize = 3;

impl Cycle {
    /// Asks what the playbooks ask and `-e` does not say. Nothing has been contacted yet.
    pub(super) fn ask(&mut self) -> Result<(), Failure> {
        let mut playbooks = std::mem::take(&mut self.playbooks);
        for playbook in &mut playbooks {
            playbook.ask(|prompt| self.answer(prompt))?;
        }
        self.playbooks = playbooks;
        Ok(())
    }

    /// Keeps to the defaults, as where nothing is run.
    pub(super) fn ask_nothing(&mut self) {
        for playbook in &mut self.playbooks {
            // Nothing is asked, so nothing can go wrong.
            let _ = playbook
                .ask(|prompt| Ok::<_, Failure>(Some(prompt.default.clone().unwrap_or_default())));
        }
    }

    fn answer(&mut self, prompt: &Prompt) -> Result<Option<Value>, Failure> {
        if self.session.inventory.extra_vars().contains_key(&prompt.name) {
            return Ok(None);
        }
        for _ in 0..TRIES {
            let Some(answer) = self.read(prompt, "") else { return default(prompt) };
            if answer.is_empty() {
                return default(prompt);
            }
            let same = !prompt.confirm || self.read(prompt, "confirm ").as_ref() == Some(&answer);
            if same {
                return Ok(Some(Value::from(answer)));
            }
            self.screen.talk("the two answers are not the same");
        }
        let problem = format!("`{}` was not confirmed", prompt.name);
        Err(Problem::at(prompt.location.clone(), problem).into())
    }

    /// Reads one answer; `None` when nobody can be asked.
    fn read(&mut self, prompt: &Prompt, word: &str) -> Option<String> {
        let default = prompt.default.as_ref().map(|default| match default.as_str() {
            Some(text) => format!(" [{text}]"),
            None => format!(" [{default}]"),
        });
        let question = format!("{word}{}{}: ", prompt.prompt, default.unwrap_or_default());
        if !prompt.private {
            return self.screen.ask_line(&question);
        }
        let secret = ask_secret(&question).ok()?;
        self.session.redactor.add(&secret);
        Some(secret.expose().to_owned())
    }
}

/// What an empty answer means.
fn default(prompt: &Prompt) -> Result<Option<Value>, Failure> {
    if let Some(default) = &prompt.default {
        return Ok(Some(default.clone()));
    }
    let problem = format!("`{}` is asked for, and nobody is here to answer", prompt.name);
    Err(Problem::at(prompt.location.clone(), problem)
        .hint(format!("give it with `-e {}=VALUE`", prompt.name))
        .into())
}
