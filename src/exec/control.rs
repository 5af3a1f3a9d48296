//! `meta`: what concerns the run itself.

use super::batch::{Batch, Left, Way};
use super::keywords::all_hold;
use super::state::locked;
use crate::event::{Event, Status};
use crate::plan::PlannedTask;
use serde_json::{Value, json};

impl Batch<'_> {
    /// Does what a `meta` task says. What concerns all hosts is decided by the first one, as in
    /// Ansible.
    pub(super) async fn meta(&self, planned: &PlannedTask, hosts: Vec<String>, way: &Way) -> Left {
        let action = planned.task.args.get("action").and_then(Value::as_str).unwrap_or_default();
        let for_each = ["flush_handlers", "end_host", "end_role", "reset_connection", "noop"];
        let asked = if for_each.contains(&action) { hosts.as_slice() } else { &hosts[..1] };
        let mut meant = Vec::new();
        let mut left = Left { through: Vec::new(), fallen: Vec::new() };
        for host in asked {
            match self.holds(planned, host, way) {
                Ok(true) => meant.push(host.clone()),
                Ok(false) => self.tell_left_out(planned, action, host),
                Err(why) => {
                    self.tell_failure(planned, host, &why, way);
                    left.fallen.push(host.clone());
                }
            }
        }
        if action == "flush_handlers" && way.flushing && !meant.is_empty() {
            let why = "`flush_handlers` cannot be used as a handler";
            self.tell_failures(planned, &meant, why, way);
            left.fallen.append(&mut meant);
        }
        if !meant.is_empty() {
            let flushed = self.act(action, &meant, way).await;
            left.fallen.extend(flushed.fallen);
        }
        let stays = hosts.iter().filter(|host| !left.fallen.contains(host));
        left.through = self.present(&self.in_order(stays));
        left
    }

    fn holds(&self, planned: &PlannedTask, host: &str, way: &Way) -> Result<bool, String> {
        let scope = self.variables(way).of_task(host, &planned.task);
        let scope = scope.ok_or_else(|| format!("`{host}` is not in the inventory"))?;
        all_hold(&scope, &planned.task.when).map(|held| held.is_ok())
    }

    /// Tells that a condition does not hold, in Ansible's words; it is not counted.
    fn tell_left_out(&self, planned: &PlannedTask, action: &str, host: &str) {
        let (and, msg) = match action {
            "flush_handlers" => (format!(", not running handlers for {host}"), None),
            "clear_facts" => (format!(", not clearing facts and fact cache for {host}"), None),
            "clear_host_errors" => (format!(", not clearing host error state for {host}"), None),
            "end_batch" => (", continuing current batch".to_owned(), None),
            "end_play" => (", continuing play".to_owned(), None),
            "end_host" => {
                let and = format!(", continuing execution for {host}");
                let msg = format!("end_host conditional evaluated to false{and}");
                (and, Some(msg))
            }
            "end_role" => {
                let role = planned.task.role.as_ref().map_or("", |role| role.name.as_str());
                (format!("continuing role {role} for {host}"), None)
            }
            // Ansible knows no condition for the others.
            _ => return,
        };
        let mut result = self.told(planned, host, Status::Skipped);
        result.result = json!({
            "msg": msg.as_deref().unwrap_or(action),
            "skipped": true,
            "skip_reason": format!("{action} conditional evaluated to False{and}"),
        });
        self.run.services.events.send(Event::HostResult(Box::new(result)));
    }

    async fn act(&self, action: &str, hosts: &[String], way: &Way) -> Left {
        match action {
            "flush_handlers" => return Box::pin(self.flush(hosts, way)).await,
            "end_host" => locked(&self.state).ended.extend(hosts.iter().cloned()),
            "end_role" => locked(&self.state).leaving_role.extend(hosts.iter().cloned()),
            "end_batch" => locked(&self.state).ended.extend(self.hosts.iter().cloned()),
            "end_play" => {
                let mut state = locked(&self.state);
                state.ended.extend(self.hosts.iter().cloned());
                state.end_play = true;
            }
            "clear_facts" => {
                self.hosts.iter().for_each(|host| self.run.learned.forget_facts(host));
            }
            "clear_host_errors" => self.readmit().await,
            "reset_connection" => {
                for host in hosts {
                    self.run.services.hosts.reset(host).await;
                }
            }
            // `noop`: the module takes no other words.
            _ => {}
        }
        Left::default()
    }

    /// Hosts that failed or could not be reached take part again.
    async fn readmit(&self) {
        let unreachable = self.run.outcome().unreachable.clone();
        self.run.readmit(self.hosts);
        locked(&self.state).cleared.extend(self.hosts.iter().cloned());
        for host in self.hosts.iter().filter(|host| unreachable.contains(host)) {
            self.run.services.hosts.reset(host).await;
            locked(&self.state).ended.remove(host);
        }
    }
}
