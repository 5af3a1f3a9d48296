//! What a playbook says. Nothing is rendered here; every part knows where it stands.

use super::include::Include;
use super::role::Role;
use crate::error::Location;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

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

/// A play: tasks for a set of hosts.
#[derive(Debug, Clone, PartialEq)]
pub struct Play {
    /// Where it begins.
    pub location: Location,
    /// The directory of the playbook in which it stands; none for a built-in one.
    pub directory: Option<PathBuf>,
    /// Its name as written; templates may stand in it.
    pub name: Option<String>,
    /// A pattern, a list of them, or a template that renders to one of both.
    pub hosts: Templated,
    /// Its variables and those of its `vars_files`, not rendered.
    pub vars: Map<String, Value>,
    /// What the operator is asked before the run.
    pub prompts: Vec<Prompt>,
    /// `when` of the imports around it: its tasks have it, too.
    pub when: Vec<Text>,
    /// Whether facts are gathered first: a play that does not say so gathers them.
    pub gather_facts: Option<Templated>,
    /// How many hosts at a time: numbers or percentages; empty is all at once.
    pub serial: Option<Templated>,
    /// In which order its hosts are worked on.
    pub order: Option<Templated>,
    /// Whether each host goes through the tasks at its own pace (`strategy: free`).
    pub free: bool,
    /// Whether a failure on one host ends the play on all hosts.
    pub any_errors_fatal: Option<Templated>,
    /// The share of hosts in percent that may fail before the play ends.
    pub max_fail_percentage: Option<Templated>,
    /// Whether notified handlers run on hosts that failed, too.
    pub force_handlers: Option<Templated>,
    /// What tasks inherit: become, environment, tags and the like.
    pub inherited: Keywords,
    /// What is run, in order; notified handlers are run after each section.
    pub sections: Sections,
    /// Handlers in the order in which they run: those of the roles, then the play's own.
    pub handlers: Vec<Arc<Task>>,
    /// The roles of `roles` and `import_role`, whose variables all tasks of the play see.
    pub roles: Vec<Arc<Role>>,
    /// Where its parts stand: `vars.NAME`.
    pub places: BTreeMap<String, Location>,
}

/// The three lists of steps of a play.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sections {
    /// `pre_tasks`.
    pub before: Vec<Step>,
    /// `roles`, then `tasks`.
    pub main: Vec<Step>,
    /// `post_tasks`.
    pub after: Vec<Step>,
}

impl Play {
    /// Every task of the three sections in the order in which they stand, without handlers and
    /// without what is included while running.
    pub fn tasks(&self) -> Vec<&Arc<Task>> {
        let mut tasks = Vec::new();
        for steps in [&self.sections.before, &self.sections.main, &self.sections.after] {
            collect(steps, &mut tasks);
        }
        tasks
    }
}

/// Every task of the steps, in the order in which they stand.
pub(super) fn collect<'a>(steps: &'a [Step], tasks: &mut Vec<&'a Arc<Task>>) {
    for step in steps {
        match step {
            Step::Task(task) => tasks.push(task),
            Step::Block(block) => {
                for part in [&block.body, &block.rescue, &block.always] {
                    collect(part, tasks);
                }
            }
            Step::Role(group) => collect(&group.steps, tasks),
        }
    }
}

/// One step of a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A task.
    Task(Arc<Task>),
    /// A block with `rescue` or `always`. Other blocks are flattened: what they say is handed down.
    Block(Arc<Block>),
    /// The tasks of a role: what ran to their end is not run again for the same role.
    Role(Arc<RoleSteps>),
}

/// The tasks of a role.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleSteps {
    /// The role.
    pub role: Arc<Role>,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// A block that catches failures or cleans up.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Where it begins.
    pub location: Location,
    /// Its name as written.
    pub name: Option<String>,
    /// What is tried.
    pub body: Vec<Step>,
    /// What runs on a host where that failed.
    pub rescue: Vec<Step>,
    /// What runs in any case.
    pub always: Vec<Step>,
}

/// A question to the operator: an entry of `vars_prompt`.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// Where it stands.
    pub location: Location,
    /// The variable that gets the answer.
    pub name: String,
    /// The question.
    pub prompt: String,
    /// What an empty answer means.
    pub default: Option<Value>,
    /// Whether the answer is not shown while it is typed.
    pub private: bool,
    /// Whether it is asked twice.
    pub confirm: bool,
    /// Whether the answer is never rendered as a template.
    pub r#unsafe: bool,
}

impl Prompt {
    /// An answer as a variable: one that is unsafe is never rendered.
    fn kept(&self, answer: Value) -> Value {
        let apart = self.r#unsafe && answer.is_string();
        if apart { super::fields::never_rendered(answer) } else { answer }
    }
}

/// One task.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Where it begins.
    pub location: Location,
    /// Its name as written; templates may stand in it.
    pub name: Option<String>,
    /// The module's short name; for includes `include_tasks` or `include_role`.
    pub module: String,
    /// Its arguments by the module's own parameter names, not rendered.
    pub args: Map<String, Value>,
    /// The tasks that are put in its place while running.
    pub include: Option<Include>,
    /// `when` of the task and of the blocks and imports around it, outermost first; all must hold.
    pub when: Vec<Text>,
    /// `loop` or `with_…`.
    pub repeat: Option<Loop>,
    /// The variable that gets the result.
    pub register: Option<String>,
    /// Tried again until all of these hold.
    pub until: Vec<Text>,
    /// How often it is tried again.
    pub retries: Option<Templated>,
    /// Seconds between two tries.
    pub delay: Option<Templated>,
    /// What makes the result count as changed; all must hold. Empty: what the module says.
    pub changed_when: Vec<Text>,
    /// What makes the result count as failed; all must hold. Empty: what the module says.
    pub failed_when: Vec<Text>,
    /// The host it runs on instead.
    pub delegate_to: Option<Templated>,
    /// Whether facts belong to the host it runs on instead.
    pub delegate_facts: Option<Templated>,
    /// Handlers that are notified when it changed something: names or topics.
    pub notify: Vec<Templated>,
    /// For a handler: the topics that it listens to.
    pub listen: Vec<String>,
    /// Seconds that it may run in the background.
    pub background: Option<Templated>,
    /// Seconds between two looks at it there; 0 does not wait for it.
    pub poll: Option<Templated>,
    /// Variables of the task and of the blocks around it, not rendered; the innermost wins.
    pub vars: Map<String, Value>,
    /// Variables handed to what is included; they win over facts and results.
    pub params: Map<String, Value>,
    /// The keywords that blocks and plays hand down, merged with those of the blocks around it. The
    /// play's [`Play::inherited`] lie [`Keywords::under`] them.
    pub keywords: Keywords,
    /// The role that it belongs to.
    pub role: Option<Arc<Role>>,
    /// Whether it takes something away that cannot be had again without `undo`.
    pub destructive: bool,
    /// How it is taken back, for the operator.
    pub undo: Option<String>,
    /// Where its parts stand: `args.NAME`, `vars.NAME`.
    pub places: BTreeMap<String, Location>,
    /// The directory of the file it stands in, which relative local paths start from; `None` in a
    /// built-in file.
    pub directory: Option<PathBuf>,
}

impl Task {
    /// A task of a module that says nothing else.
    pub fn new(location: Location, module: &str) -> Self {
        Self {
            location,
            name: None,
            module: module.to_owned(),
            args: Map::new(),
            include: None,
            when: Vec::new(),
            repeat: None,
            register: None,
            until: Vec::new(),
            retries: None,
            delay: None,
            changed_when: Vec::new(),
            failed_when: Vec::new(),
            delegate_to: None,
            delegate_facts: None,
            notify: Vec::new(),
            listen: Vec::new(),
            background: None,
            poll: None,
            vars: Map::new(),
            params: Map::new(),
            keywords: Keywords::default(),
            role: None,
            destructive: false,
            undo: None,
            places: BTreeMap::new(),
            directory: None,
        }
    }

    /// Where a part stands (`args.path`), or else the task.
    pub fn place(&self, part: &str) -> &Location {
        self.places.get(part).unwrap_or(&self.location)
    }
}

/// `loop` with its control.
#[derive(Debug, Clone, PartialEq)]
pub struct Loop {
    /// What is looped over, or a template that renders to it.
    pub items: Templated,
    /// How the items are made from it.
    pub kind: LoopKind,
    /// The variable of the item, `item` unless said otherwise.
    pub variable: String,
    /// The variable of the index from 0.
    pub index_variable: Option<String>,
    /// What is shown instead of the item.
    pub label: Option<Templated>,
    /// Seconds between two items.
    pub pause: Option<Templated>,
    /// Whether `ansible_loop` tells of the other items.
    pub extended: Option<Templated>,
    /// Whether `ansible_loop.allitems` is among that.
    pub extended_allitems: Option<Templated>,
    /// The loop ends after the item for which all of these hold.
    pub break_when: Vec<Text>,
}

/// How a loop's items are made from what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoopKind {
    /// `loop`: a list, as it is.
    List,
    /// `with_list`: the same; what is no list is a list of one.
    WithList,
    /// `with_items`: lists inside the list are flattened by one level.
    Items,
    /// `with_nested`: each of the first list with each of the second, and so on.
    Nested,
    /// `with_dict`: a `key` and a `value` for each entry.
    Dict,
    /// `with_together`: the first of each list, then the second of each.
    Together,
    /// `with_indexed_items`: an index from 0 and an item.
    Indexed,
    /// `with_sequence`: numbers, as text.
    Sequence,
}

/// Keywords that plays and blocks hand down to tasks. What is `None` was not written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Keywords {
    /// Whether commands run as another user.
    pub r#become: Option<Templated>,
    /// Which user.
    pub become_user: Option<Templated>,
    /// By which program: `sudo`, `su`, `doas`.
    pub become_method: Option<Templated>,
    /// Environments, the outermost first; later ones win.
    pub environment: Vec<Templated>,
    /// Tags; those of blocks included, not the play's.
    pub tags: Vec<String>,
    /// Whether a failure is noted and passed over.
    pub ignore_errors: Option<Templated>,
    /// Whether an unreachable host is noted and passed over.
    pub ignore_unreachable: Option<Templated>,
    /// Whether it runs on the first host only, for all.
    pub run_once: Option<Templated>,
    /// Check mode, whatever the command line says.
    pub check_mode: Option<Templated>,
    /// Diff mode, whatever the command line says.
    pub diff: Option<Templated>,
    /// Whether arguments and results are secret.
    pub no_log: Option<Templated>,
    /// Seconds that the task may take.
    pub timeout: Option<Templated>,
    /// How many hosts at once.
    pub throttle: Option<Templated>,
    /// Whether a failure on one host ends the play on all hosts.
    pub any_errors_fatal: Option<Templated>,
}
