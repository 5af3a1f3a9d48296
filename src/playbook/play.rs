//! One play.

use super::block::Around;
use super::fields::{boolean, keyword, templated, title, vars};
use super::keys::{PLAY, PLAY_LATER, SHARED, entries, later, unknown};
use super::load::Loader;
use super::model::{Keywords, Play};
use crate::error::Problem;
use crate::yaml::{Node, NodeKind};
use serde_json::{Map, Value};

impl Loader<'_> {
    /// Reads a play; its parts are noted as far as they are right.
    pub(super) fn play(&mut self, node: &Node) -> Option<Play> {
        let mut play = Play {
            location: node.location.clone(),
            name: None,
            hosts: templated(node, &mut crate::error::Problems::default()),
            vars: Map::new(),
            serial: None,
            any_errors_fatal: None,
            max_fail_percentage: None,
            inherited: Keywords::default(),
            tasks: Vec::new(),
            places: std::collections::BTreeMap::new(),
        };
        let mut hosts = None;
        let mut lists = [None; 3];
        for (key, name, value) in entries(node, "a play", &mut self.problems) {
            match name {
                "hosts" => hosts = Some(value),
                "pre_tasks" => lists[0] = Some(value),
                "tasks" => lists[1] = Some(value),
                "post_tasks" => lists[2] = Some(value),
                _ => self.play_key(&mut play, key, name, value),
            }
        }
        let around = Around { directory: self.source.directory(), ..Around::default() };
        for (list, what) in lists.into_iter().zip(["`pre_tasks`", "`tasks`", "`post_tasks`"]) {
            if let Some(list) = list {
                self.tasks(list, what, &around, &mut play.tasks);
            }
        }
        play.any_errors_fatal.clone_from(&play.inherited.any_errors_fatal);
        play.hosts = templated(self.hosts(node, hosts)?, &mut self.problems);
        Some(play)
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
            "serial" => play.serial = Some(templated(value, problems)),
            "max_fail_percentage" => play.max_fail_percentage = Some(templated(value, problems)),
            "gather_facts" => {
                if boolean(value, "`gather_facts`", problems) == Some(true) {
                    problems.push(
                        Problem::at(value.location.clone(), "facts are not gathered yet")
                            .hint("write `gather_facts: false`"),
                    );
                }
            }
            _ if keyword(&mut play.inherited, name, value, problems) => {}
            _ if PLAY_LATER.contains(&name) => problems.push(later(key, name)),
            _ => {
                let known = SHARED.iter().chain(PLAY).copied().chain(["import_playbook", "decide"]);
                problems.push(unknown(key, name, "a play", known));
            }
        }
    }
}
