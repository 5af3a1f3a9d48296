//! Handlers: who is notified by what, and when they run.

use super::batch::{Batch, Left, Way};
use super::result::End;
use super::state::{BatchState, locked};
use crate::error::{did_you_mean, near_matches};
use crate::plan::PlannedTask;
use std::sync::Arc;

impl Batch<'_> {
    /// Takes note of what a task notified on a host. A name that no handler has is a failure.
    pub(super) fn notify(
        &self,
        planned: &PlannedTask,
        host: &str,
        end: &End,
        way: &Way,
        left: &mut Left,
    ) {
        let mut state = locked(&self.state);
        for name in &end.notify {
            let found = self.find(&state, name);
            if found.is_empty() {
                let why = unknown(&state, name);
                drop(state);
                self.tell_failure(planned, host, &why, way);
                left.fallen.push(host.to_owned());
                return;
            }
            if way.flushing {
                for handler in found {
                    state.due.entry(handler).or_default().insert(host.to_owned());
                }
                continue;
            }
            let notified = state.notified.entry(host.to_owned()).or_default();
            if !notified.contains(name) {
                notified.push(name.clone());
            }
        }
    }

    /// The handlers that a name or topic means: one by its name, and all that listen to it. Of those
    /// with the same name it is one of the last list, and there the first: a role that was loaded
    /// again tells and hears with the variables of the last time.
    fn find(&self, state: &BatchState, wanted: &str) -> Vec<usize> {
        let named = |handler: &PlannedTask| {
            let own = handler.task.name.as_deref().map(|name| self.rendered(handler, name));
            let full = own.as_ref().zip(handler.task.role.as_ref());
            let full = full.map(|(own, role)| format!("{} : {own}", role.name));
            own.as_deref() == Some(wanted) || full.as_deref() == Some(wanted)
        };
        let list = |handler: &PlannedTask| {
            let role = handler.task.role.as_ref().map(|role| role.identity.clone());
            (handler.task.location.file.clone(), role)
        };
        let all: Vec<(usize, &Arc<PlannedTask>)> = state.handlers.iter().enumerate().collect();
        let lists: Vec<_> = all.chunk_by(|one, next| list(one.1) == list(next.1)).collect();
        let handlers = || lists.iter().rev().flat_map(|list| list.iter().copied());
        let by_name = handlers().find(|(_, handler)| named(handler));
        let mut found: Vec<usize> = by_name.map(|(at, _)| at).into_iter().collect();
        let mut heard = Vec::new();
        let topic = |handler: &PlannedTask| handler.task.listen.iter().any(|topic| topic == wanted);
        for (at, handler) in handlers().filter(|(_, handler)| topic(handler)) {
            let name = handler.task.name.as_deref().map(|name| self.rendered(handler, name));
            if name.as_ref().is_some_and(|name| heard.contains(name)) {
                continue;
            }
            heard.extend(name);
            if !found.contains(&at) {
                found.push(at);
            }
        }
        found
    }

    /// A handler's name with the play's variables put in; as it is written when that cannot be.
    fn rendered(&self, handler: &PlannedTask, name: &str) -> String {
        if !crate::template::is_template(name) {
            return name.to_owned();
        }
        let scope = self.hosts.first().and_then(|host| {
            let layers = crate::plan::Layers::of(&self.play.play, &handler.task);
            Some(
                self.run
                    .services
                    .variables
                    .top(layers.scope(self.run.services.variables.inventory(host)?)),
            )
        });
        scope.and_then(|scope| scope.render_text(name).ok()).unwrap_or_else(|| name.to_owned())
    }

    /// Runs the handlers that hosts notified, in the order in which they are defined.
    pub(super) async fn flush(&self, hosts: &[String], way: &Way) -> Left {
        let mut left = Left { through: self.present(hosts), fallen: Vec::new() };
        self.look_up(&left.through);
        let way = Way { flushing: true, ..way.clone() };
        let mut at = 0;
        loop {
            let handler = locked(&self.state).handlers.get(at).map(Arc::clone);
            let Some(handler) = handler else { break };
            let here = self.take_due(at, &left.through);
            if !here.is_empty() && !self.run.is_over() {
                let after = self.task(&handler, here.clone(), &way).await;
                left.through.retain(|host| !here.contains(host) || after.through.contains(host));
                left.fallen.extend(after.fallen);
            }
            at += 1;
        }
        left
    }

    /// Finds out which handlers the notified names mean.
    fn look_up(&self, hosts: &[String]) {
        let mut state = locked(&self.state);
        for host in hosts {
            for name in state.notified.remove(host).unwrap_or_default() {
                for handler in self.find(&state, &name) {
                    state.due.entry(handler).or_default().insert(host.clone());
                }
            }
        }
    }

    /// The hosts of those for which a handler is due; it is not due any more.
    fn take_due(&self, handler: usize, hosts: &[String]) -> Vec<String> {
        let mut state = locked(&self.state);
        let Some(due) = state.due.get_mut(&handler) else { return Vec::new() };
        hosts.iter().filter(|host| due.remove(*host)).cloned().collect()
    }
}

fn unknown(state: &BatchState, name: &str) -> String {
    let known = state.handlers.iter().filter_map(|handler| handler.task.name.as_deref());
    let topics =
        state.handlers.iter().flat_map(|handler| handler.task.listen.iter().map(String::as_str));
    let near = did_you_mean(&near_matches(name, known.chain(topics)));
    let hint = near.map_or_else(String::new, |hint| format!("; {hint}"));
    format!("there is no handler `{name}`, and none listens to it{hint}")
}
