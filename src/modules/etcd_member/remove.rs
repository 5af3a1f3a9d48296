//! Removing a member.

use super::super::etcdctl::{Answer, GOOD_POLLS, UNHEALTHY_PAUSE, View, label};
use super::{Change, missing, worth_another_try};
use crate::modules::{ModuleError, Outcome};
use std::time::Duration;

/// etcd is given this long to settle after a member left.
const SETTLE: Duration = Duration::from_secs(60);

impl Change<'_> {
    /// Removes the member with exactly this id, and waits until those that stay are as healthy as
    /// before. One that is not in the list is gone already.
    pub(super) async fn remove(&self) -> Result<Outcome, ModuleError> {
        let id = self.id()?.ok_or_else(|| missing("id"))?;
        let list = match self.etcdctl.members().await? {
            Ok(list) => list,
            Err(answer) if self.context.check => {
                return Ok(Outcome::changed(format!("would remove member {id:x}: {answer}")));
            }
            Err(answer) => return Err(answer.error("cannot list the members")),
        };
        let Some(member) = list.members.iter().find(|member| member.id == id) else {
            return Ok(Outcome::ok("is not in the member list"));
        };
        let name = label(member);
        let before =
            self.etcdctl.view().await?.map_err(|a| a.error("cannot look at the members"))?;
        let stay = may_go(&before, id)?;
        let outcome = Outcome::changed(format!("removed member {name} ({id:x})"));
        if self.context.check {
            return Ok(Outcome { msg: format!("would remove member {name} ({id:x})"), ..outcome });
        }
        self.remove_from_list(id).await?;
        let deadline = self.deadline.unwrap_or(SETTLE);
        self.etcdctl
            .settle(deadline, GOOD_POLLS, |view| is_gone_and_healthy(view, id, &stay))
            .await?;
        Ok(outcome)
    }

    async fn remove_from_list(&self, id: u64) -> Result<(), ModuleError> {
        let hex = format!("{id:x}");
        let mut tries = 0;
        loop {
            let output = self.etcdctl.call(&["member", "remove", &hex]).await?;
            if output.success() {
                return Ok(());
            }
            let answer = Answer::of(&output);
            if answer == Answer::NotFound {
                return Ok(());
            }
            if !worth_another_try(&answer) || tries >= self.retries {
                return Err(answer.error(&format!("cannot remove member {hex}")));
            }
            tries += 1;
            tokio::time::sleep(UNHEALTHY_PAUSE).await;
        }
    }
}

/// Whether the member may leave (I-05, I-07); gives those that are healthy and stay.
fn may_go(view: &View, id: u64) -> Result<Vec<u64>, ModuleError> {
    let refuse = |reason: String| {
        Err(ModuleError::Refused {
            reason,
            hint: "run `rrecover diagnose` and repair what it names first".to_owned(),
        })
    };
    let stay = view.healthy_without(id);
    let Some(goes) = view.voters.iter().find(|voter| voter.member.id == id) else {
        // A learner has no vote: it may go at any time.
        return Ok(stay);
    };
    let others = view.voters.len() - 1;
    if others == 0 {
        return refuse("the last voter cannot be removed (I-07)".to_owned());
    }
    if stay.len() < others / 2 + 1 {
        return refuse(format!(
            "without {} only {} of {others} voters would be healthy, which is no quorum (I-05)",
            label(&goes.member),
            stay.len()
        ));
    }
    if goes.fault.is_none() && stay.len() < others {
        return refuse(format!(
            "{} is healthy while others are not, so it is not the one to remove (I-05): {}",
            label(&goes.member),
            view.faults().join("; ")
        ));
    }
    Ok(stay)
}

fn is_gone_and_healthy(view: &View, id: u64, stay: &[u64]) -> Result<(), String> {
    if view.members.iter().any(|member| member.id == id) {
        return Err(format!("member {id:x} is still in the list"));
    }
    view.quorum()?;
    let lost = view
        .voters
        .iter()
        .filter(|voter| stay.contains(&voter.member.id) && voter.fault.is_some())
        .map(|voter| label(&voter.member));
    let lost: Vec<String> = lost.collect();
    if lost.is_empty() { Ok(()) } else { Err(format!("no longer healthy: {}", lost.join(", "))) }
}
