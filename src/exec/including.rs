//! `include_tasks` and `include_role`, while the run goes on.
//!
//! Each host says for each item of the loop what it includes. Hosts that include the same with the
//! same item go through it together; what is included later is gone through later.

use super::batch::{Batch, Left, Way};
use super::keywords::{Keyed, all_hold, item_names};
use super::result::{End, of_loop};
use super::search::searching;
use super::state::locked;
use super::step::loop_items_of;
use super::variables::explained;
use crate::event::{Event, HostResult, Status};
use crate::modules::Outcome;
use crate::plan::{PlannedTask, unsettled, unsettled_handlers};
use crate::playbook::{Include, Included, RoleFiles, Target, Templated};
use crate::template::Scope;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Includes in includes end here.
const MAX_DEPTH: usize = 50;

/// What is included, by its rendered name.
#[derive(Debug, Clone, PartialEq)]
enum Name {
    Tasks(String),
    Role(String, RoleFiles),
}

/// What a host includes, with what the loop's item adds to the variables.
type Wanted = (Name, Map<String, Value>);

/// Hosts that include the same with the same item.
struct Group {
    name: Name,
    items: Map<String, Value>,
    hosts: Vec<String>,
}

impl Batch<'_> {
    /// Puts included tasks in place and walks them.
    pub(super) async fn include(
        &self,
        planned: &PlannedTask,
        mut hosts: Vec<String>,
        way: &Way,
    ) -> Left {
        let Some(include) = &planned.task.include else { return Left::default() };
        self.announce(planned);
        if way.depth >= MAX_DEPTH {
            let why = format!("includes are nested deeper than {MAX_DEPTH}");
            self.tell_failures(planned, &hosts, &why, way);
            return Left { through: Vec::new(), fallen: hosts };
        }
        let mut left = Left { through: hosts.clone(), fallen: Vec::new() };
        if self.runs_once(planned, &hosts, way) {
            hosts.truncate(1);
        }
        let mut groups: Vec<Group> = Vec::new();
        for host in &hosts {
            match self.wanted(planned, include, host, way) {
                Ok(wanted) => wanted.into_iter().for_each(|(name, items)| {
                    join(&mut groups, host, name, items);
                }),
                Err(()) => left.fallen.push(host.clone()),
            }
        }
        left.through.retain(|host| !left.fallen.contains(host));
        for (number, group) in groups.iter().enumerate() {
            let here = self.in_order(group.hosts.iter().filter(|host| left.through.contains(host)));
            let here = self.present(&here);
            if here.is_empty() || self.run.is_over() {
                continue;
            }
            let after = self.group(planned, include, group, number, here.clone(), way).await;
            left.through.retain(|host| !here.contains(host) || after.through.contains(host));
            left.fallen.extend(after.fallen);
        }
        left
    }

    /// Whether it is included for the first host only. What cannot be read is told when it runs.
    fn runs_once(&self, planned: &PlannedTask, hosts: &[String], way: &Way) -> bool {
        let keyed = Keyed { play: &self.play.play, task: &planned.task };
        let scope = hosts.first().and_then(|host| self.variables(way).of_task(host, &planned.task));
        let asked = scope.is_some_and(|scope| keyed.run_once(&scope).unwrap_or(false));
        asked && !self.play.play.free
    }

    async fn group(
        &self,
        planned: &PlannedTask,
        include: &Include,
        group: &Group,
        number: usize,
        hosts: Vec<String>,
        way: &Way,
    ) -> Left {
        let included = match &group.name {
            Name::Tasks(name) => include.tasks(name),
            Name::Role(name, files) => include.role(name, files.clone()),
        };
        let included = match included {
            Ok(included) => included,
            Err(problems) => {
                let why = problems.to_string();
                self.tell_failures(planned, &hosts, &why, way);
                return Left { through: Vec::new(), fallen: hosts };
            }
        };
        let (Name::Tasks(shown) | Name::Role(shown, _)) = &group.name;
        self.run.notice(&format!("included `{shown}` for {}", hosts.join(", ")));
        for host in &hosts {
            self.run.outcome().stats.entry(host.clone()).or_default().ok += 1;
        }
        let id = if number == 0 { planned.id.clone() } else { format!("{}.{number}", planned.id) };
        self.bring(&included, &id);
        let steps = unsettled(&self.play.play, &included.steps, &id, &self.play.tags);
        let mut items = way.items.clone();
        items.extend(group.items.clone());
        let inside = Way { items, depth: way.depth + 1, ..way.clone() };
        self.steps(&steps, hosts, &inside).await
    }

    /// Handlers and public variables that a role brings.
    fn bring(&self, included: &Included, id: &str) {
        let mut state = locked(&self.state);
        // Those of a role that was loaded before come again: of the same name the last one counts.
        let brought = unsettled_handlers(&self.play.play, &included.handlers, id);
        state.handlers.extend(brought.into_iter().map(Arc::new));
        if let Some((role, true)) = &included.role {
            state.published.push(Arc::clone(role));
        }
    }

    /// What a host includes, item by item. A failure has been told.
    fn wanted(
        &self,
        planned: &PlannedTask,
        include: &Include,
        host: &str,
        way: &Way,
    ) -> Result<Vec<Wanted>, ()> {
        let read = self.read_wanted(planned, include, host, way);
        let (wanted, end) = match read {
            Ok(read) => read,
            Err(why) => {
                self.tell_failure(planned, host, &why, way);
                return Err(());
            }
        };
        if let Some(name) = &planned.task.register {
            let value = Value::Object(end.registered.clone());
            self.run.learned.set(host, name, value);
        }
        if wanted.is_empty() {
            self.run.count(planned, host, &End::no_items(), way.rescuing);
            if end.registered.get("results").is_none_or(|results| *results == json!([])) {
                self.tell_skipped(planned, host, None, &end);
            }
        }
        Ok(wanted)
    }

    fn read_wanted(
        &self,
        planned: &PlannedTask,
        include: &Include,
        host: &str,
        way: &Way,
    ) -> Result<(Vec<Wanted>, End), String> {
        let scope = self.variables(way).of_task(host, &planned.task);
        let scope = scope.ok_or_else(|| format!("`{host}` is not in the inventory"))?;
        let scope = searching(&scope, Keyed { play: &self.play.play, task: &planned.task });
        let Some(repeat) = &planned.task.repeat else {
            if let Err(condition) = all_hold(&scope, &planned.task.when)? {
                return Ok((Vec::new(), End::skipped(condition)));
            }
            let name = name(&scope, include)?;
            let end = included_end(&name);
            return Ok((vec![(name, Map::new())], end));
        };
        let items = match loop_items_of(&scope, repeat) {
            Ok(items) => items,
            // Items that cannot be made do not matter for an include that is left out.
            Err(_) if matches!(all_hold(&scope, &planned.task.when), Ok(Err(_))) => Vec::new(),
            Err(why) => return Err(why),
        };
        let (mut wanted, mut ends) = (Vec::new(), Vec::new());
        for (index, item) in items.iter().enumerate() {
            let names = item_names(&scope, repeat, &items, index)?;
            let scope = scope.extend_data(names.clone());
            let mut end = if let Err(condition) = all_hold(&scope, &planned.task.when)? {
                End::skipped(condition)
            } else {
                let name = name(&scope, include)?;
                let end = included_end(&name);
                wanted.push((name, names.clone()));
                end
            };
            end.registered.extend(names);
            if end.status == Status::Skipped {
                self.tell_skipped(planned, host, Some(item), &end);
            }
            ends.push(end);
        }
        let end = if ends.is_empty() { End::no_items() } else { of_loop(ends) };
        Ok((wanted, end))
    }

    /// Tells that a host, or one item of it, includes nothing. What is included tells of itself.
    fn tell_skipped(&self, planned: &PlannedTask, host: &str, item: Option<&Value>, end: &End) {
        let mut result = self.told(planned, host, Status::Skipped);
        let redactor = &self.run.services.redactor;
        result.item = item.cloned().map(|item| redactor.clean_value(item));
        result.result = redactor.clean_value(Value::Object(end.registered.clone()));
        self.run.services.events.send(Event::HostResult(Box::new(result)));
    }

    /// Tells and counts a failure that no module had.
    pub(super) fn tell_failure(&self, planned: &PlannedTask, host: &str, why: &str, way: &Way) {
        let end = End::failed(why);
        let mut result = self.told(planned, host, Status::Failed);
        result.msg = self.run.services.redactor.clean(why);
        result.result = json!({"failed": true, "msg": result.msg});
        self.run.services.events.send(Event::HostResult(Box::new(result)));
        self.run.count(planned, host, &end, way.rescuing);
        self.failed(planned, host, &end, way);
    }

    pub(super) fn tell_failures(
        &self,
        planned: &PlannedTask,
        hosts: &[String],
        why: &str,
        way: &Way,
    ) {
        for host in hosts {
            self.tell_failure(planned, host, why, way);
        }
    }

    pub(super) fn told(&self, planned: &PlannedTask, host: &str, status: Status) -> HostResult {
        HostResult {
            play: self.play.name.clone(),
            task: planned.name.clone(),
            host: host.to_owned(),
            item: None,
            status,
            rc: None,
            stdout: String::new(),
            stderr: String::new(),
            msg: String::new(),
            diff: String::new(),
            duration_ms: 0,
            ignored: false,
            result: Value::Null,
        }
    }
}

fn join(groups: &mut Vec<Group>, host: &str, name: Name, items: Map<String, Value>) {
    let same = |group: &&mut Group| {
        let new = !group.hosts.iter().any(|known| known == host);
        group.name == name && group.items == items && new
    };
    match groups.iter_mut().find(same) {
        Some(group) => group.hosts.push(host.to_owned()),
        None => groups.push(Group { name, items, hosts: vec![host.to_owned()] }),
    }
}

fn included_end(name: &Name) -> End {
    let (Name::Tasks(shown) | Name::Role(shown, _)) = name;
    let outcome = Outcome::ok(format!("included {shown}"));
    let registered = Map::from_iter([
        ("changed".to_owned(), json!(false)),
        ("failed".to_owned(), json!(false)),
        ("include".to_owned(), json!(shown)),
    ]);
    End::ended(outcome, registered)
}

/// What is included, rendered.
fn name(scope: &Scope, include: &Include) -> Result<Name, String> {
    match &include.target {
        Target::Tasks(file) => text(scope, file).map(Name::Tasks),
        Target::Role(role) => {
            let mut files = RoleFiles::default();
            for (key, file) in &role.from {
                files.set(key, text(scope, file)?);
            }
            Ok(Name::Role(text(scope, &role.name)?, files))
        }
    }
}

fn text(scope: &Scope, written: &Templated) -> Result<String, String> {
    let value = scope.render_value(&written.value);
    match value.map_err(|error| format!("{}: {}", written.location, explained(&error)))? {
        Value::String(text) if !text.trim().is_empty() => Ok(text),
        other => Err(format!("{}: a name must be text, not `{other}`", written.location)),
    }
}
