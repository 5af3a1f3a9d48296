//! One play.

use super::block::{Around, Brought};
use super::fields::{keyword, string, templated, title, vars};
use super::keys::{PLAY, PLAY_REFUSED, SHARED, entries, refused, unknown};
use super::load::Loader;
use super::model::{Keywords, Play, Sections, Templated};
use super::role::Role;
use crate::error::{Location, Problem, Problems};
use crate::yaml::{Node, NodeKind};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The lists of a play, as they were found.
#[derive(Default)]
struct Lists<'a> {
    before: Option<&'a Node>,
    roles: Option<&'a Node>,
    tasks: Option<&'a Node>,
    after: Option<&'a Node>,
    handlers: Option<&'a Node>,
    vars_files: Option<&'a Node>,
}

impl Loader {
    /// Reads a play; its parts are noted as far as they are right.
    pub(super) fn play(&mut self, node: &Node) -> Option<Play> {
        let nowhere = templated(node, &mut Problems::default());
        let mut play = Play::new(node.location.clone(), nowhere);
        play.directory = self.source.absolute_directory();
        play.inherited.tags.clone_from(&self.imported.tags);
        let mut hosts = None;
        let mut lists = Lists::default();
        for (key, name, value) in entries(node, "a play", &mut self.problems) {
            match name {
                "hosts" => hosts = Some(value),
                "pre_tasks" => lists.before = Some(value),
                "roles" => lists.roles = Some(value),
                "tasks" => lists.tasks = Some(value),
                "post_tasks" => lists.after = Some(value),
                "handlers" => lists.handlers = Some(value),
                "vars_files" => lists.vars_files = Some(value),
                _ => self.play_key(&mut play, key, name, value),
            }
        }
        play.vars.extend(self.imported.vars.clone());
        play.when.clone_from(&self.imported.when);
        if let Some(files) = lists.vars_files {
            self.vars_files(files, &mut play);
        }
        self.lists(&lists, &mut play);
        play.any_errors_fatal.clone_from(&play.inherited.any_errors_fatal);
        play.hosts = templated(self.hosts(node, hosts)?, &mut self.problems);
        Some(play)
    }

    fn lists(&mut self, lists: &Lists<'_>, play: &mut Play) {
        drop(self.take_brought());
        let around = Around {
            directory: self.source.directory(),
            when: play.when.clone(),
            ..Around::default()
        };
        let mut of_roles = Vec::new();
        if let Some(roles) = lists.roles {
            for loaded in self.role_entries(roles, &around) {
                play.sections.main.extend(loaded.steps);
                of_roles.extend(loaded.handlers);
                play.roles.push(loaded.role);
            }
        }
        let Sections { before, main, after } = &mut play.sections;
        let written = [
            (lists.before, "`pre_tasks`", before),
            (lists.tasks, "`tasks`", main),
            (lists.after, "`post_tasks`", after),
        ];
        for (list, what, steps) in written {
            if let Some(list) = list {
                self.tasks(list, what, &around, steps);
            }
        }
        let Brought { handlers, roles } = self.take_brought();
        play.roles.extend(roles);
        play.handlers = of_roles;
        if let Some(list) = lists.handlers {
            let around = Around { when: Vec::new(), ..around };
            self.handlers(list, &around, &mut play.handlers);
        }
        play.handlers.extend(handlers);
        once_each(&mut play.handlers);
    }

    fn hosts<'a>(&mut self, play: &Node, hosts: Option<&'a Node>) -> Option<&'a Node> {
        let Some(hosts) = hosts else {
            self.problems.push(
                Problem::at(play.location.clone(), "a play without `hosts`")
                    .hint("name a group, a host or a pattern, for example `hosts: etcd`"),
            );
            return None;
        };
        match &hosts.kind {
            NodeKind::Scalar(Value::String(text)) if !text.trim().is_empty() => Some(hosts),
            NodeKind::Sequence(items) if items.iter().all(|item| item.as_str().is_some()) => {
                Some(hosts)
            }
            _ => {
                self.problems.push(Problem::at(
                    hosts.location.clone(),
                    "`hosts` must be a pattern, a list of patterns or a template",
                ));
                None
            }
        }
    }

    fn play_key(&mut self, play: &mut Play, key: &Node, name: &str, value: &Node) {
        let problems = &mut self.problems;
        match name {
            "name" => play.name = title(value, problems),
            "vars" => play.vars = vars(value, problems, &mut play.places),
            "vars_prompt" => self.prompts(value, play),
            "serial" => play.serial = Some(templated(value, problems)),
            "max_fail_percentage" => play.max_fail_percentage = Some(templated(value, problems)),
            "gather_facts" => play.gather_facts = Some(templated(value, problems)),
            "force_handlers" => play.force_handlers = Some(templated(value, problems)),
            "order" => play.order = Some(templated(value, problems)),
            "strategy" => play.free = strategy(value, problems),
            _ if keyword(&mut play.inherited, name, value, problems) => {}
            _ if PLAY_REFUSED.contains(&name) => problems.push(refused(key, name)),
            _ => {
                let known = SHARED.iter().chain(PLAY).copied().chain(["import_playbook", "decide"]);
                problems.push(unknown(key, name, "a play", known));
            }
        }
    }
}

/// Handlers of a role that is used twice are there once.
fn once_each(handlers: &mut Vec<Arc<super::model::Task>>) {
    let mut seen = Vec::new();
    handlers.retain(|handler| {
        let of_role = handler.role.as_ref().map(|role| &role.identity);
        let key = of_role.map(|identity| (identity.clone(), handler.location.clone()));
        let new = key.as_ref().is_none_or(|key| !seen.contains(key));
        seen.extend(key);
        new
    });
}

/// Whether the strategy is `free`.
fn strategy(node: &Node, problems: &mut Problems) -> bool {
    let name = string(node, "`strategy`", problems).unwrap_or_default();
    let name = name.strip_prefix("ansible.builtin.").unwrap_or(&name);
    if !matches!(name, "linear" | "free" | "") {
        problems.push(
            Problem::at(node.location.clone(), format!("the strategy `{name}` is not supported"))
                .hint("use `linear` or `free`"),
        );
    }
    name == "free"
}

impl Play {
    /// A play that says nothing yet but its hosts.
    pub fn new(location: Location, hosts: Templated) -> Self {
        Self {
            location,
            directory: None,
            name: None,
            hosts,
            vars: Map::new(),
            prompts: Vec::new(),
            when: Vec::new(),
            gather_facts: None,
            serial: None,
            order: None,
            free: false,
            any_errors_fatal: None,
            max_fail_percentage: None,
            force_handlers: None,
            inherited: Keywords::default(),
            sections: Sections::default(),
            handlers: Vec::new(),
            roles: Vec::new(),
            places: std::collections::BTreeMap::new(),
        }
    }

    /// What the play itself tells its tasks, and nothing may shadow.
    pub fn magic(&self) -> Map<String, Value> {
        let roles: Vec<&str> = self.roles.iter().map(|role| role.name.as_str()).collect();
        let mut magic = Map::new();
        if let Some(directory) = &self.directory {
            magic.insert("playbook_dir".to_owned(), Value::from(directory.display().to_string()));
        }
        for name in ["ansible_play_role_names", "role_names"] {
            magic.insert(name.to_owned(), Value::from(roles.clone()));
        }
        magic
    }

    /// The defaults and the variables of the roles that every task of the play sees.
    pub fn exported(&self) -> (Map<String, Value>, Map<String, Value>) {
        let merge = |part: fn(&Role) -> &Map<String, Value>| {
            let mut merged = Map::new();
            for role in &self.roles {
                merged.extend(part(role).clone());
            }
            merged
        };
        (merge(|role| &role.exported_defaults), merge(|role| &role.exported_vars))
    }
}
