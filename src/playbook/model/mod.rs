//! What a playbook says. Nothing is rendered here; every part knows where it stands.

mod keywords;
mod play;
mod prompt;
mod task;

use crate::error::Location;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

pub use keywords::Keywords;
pub(super) use play::collect;
pub use play::{Block, Play, RoleSteps, Sections, Step};
pub use prompt::Prompt;
pub use task::{Loop, LoopKind, Task};

/// One playbook file with what it imports.
#[derive(Debug, Clone, PartialEq)]
pub struct Playbook {
    /// The name as the operator typed it, or a built-in one's own name.
    pub name: String,
    /// The directory that relative paths start from; `None` for a built-in playbook.
    pub directory: Option<PathBuf>,
    /// Its entries in order, imports already in place.
    pub entries: Vec<Entry>,
}

impl Playbook {
    /// The decisions that the playbook's plays rest on (`- decide: NAME`), in order.
    pub fn decisions(&self) -> Vec<&str> {
        self.entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Decide(name) => Some(name.text.as_str()),
                Entry::Play(_) => None,
            })
            .collect()
    }

    /// Asks what `vars_prompt` asks, each variable once, and keeps the answers with the plays. What
    /// `ask` gives nothing for stays undefined.
    pub fn ask<E>(
        &mut self,
        mut ask: impl FnMut(&Prompt) -> Result<Option<Value>, E>,
    ) -> Result<(), E> {
        let mut answers: BTreeMap<String, Option<Value>> = BTreeMap::new();
        for entry in &mut self.entries {
            let Entry::Play(play) = entry else { continue };
            let play = Arc::make_mut(play);
            for prompt in &play.prompts {
                let answer = match answers.get(&prompt.name) {
                    Some(answer) => answer.clone(),
                    None => ask(prompt)?,
                };
                answers.insert(prompt.name.clone(), answer.clone());
                let answer = answer.map(|answer| prompt.kept(answer));
                play.vars.extend(answer.map(|answer| (prompt.name.clone(), answer)));
            }
        }
        Ok(())
    }

    /// The plays in order.
    pub fn plays(&self) -> impl Iterator<Item = &Arc<Play>> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Play(play) => Some(play),
            Entry::Decide(_) => None,
        })
    }
}

/// One entry of a playbook.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// `- decide: NAME`: the plays below read that decision as `cluster.NAME`.
    Decide(Text),
    /// A play.
    Play(Arc<Play>),
}

/// A text that may hold templates or be an expression, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text as written.
    pub text: String,
    /// Where it stands.
    pub location: Location,
}

/// A value that may hold templates, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Templated {
    /// The value as written.
    pub value: Value,
    /// Where it stands.
    pub location: Location,
}
