//! Adding a member and making it a voter.

use super::super::etcdctl::{Answer, POLL, UNHEALTHY_PAUSE, View, has_peer, label};
use super::{Change, add_words, describe, worth_another_try};
use crate::cluster::etcd_json;
use crate::cluster::status::Member;
use crate::modules::{ModuleError, Outcome};
use std::time::Duration;
use tokio::time::Instant;

/// A learner this close behind the leader has caught up.
const IN_SYNC: u64 = 100;

/// A learner gets at least this long to catch up, and longer for a large database.
const SYNC_FLOOR: Duration = Duration::from_secs(120);

/// How fast a database may be expected to be sent, in bytes a second.
const SYNC_RATE: u64 = 5_000_000;

impl Change<'_> {
    /// Adds the member, or adopts it when an earlier run added it and was cut off.
    pub(super) async fn add(&self) -> Result<Outcome, ModuleError> {
        let (name, url) = (self.member_name()?, self.peer_url()?);
        if self.context.check {
            return self.would_add(&name, &url).await;
        }
        let learner = self.args.boolean("learner", true)?;
        let mut tries = 0;
        loop {
            let view = self.etcdctl.view().await?;
            let view = view.map_err(|answer| answer.error("cannot look at the members"))?;
            if let Some(member) = view.by_peer(&url) {
                return Ok(describe(adopted(member), member, &view.members, &name));
            }
            nothing_pending(&view, &name, &url)?;
            let problem = match view.all_healthy() {
                Err(reason) => reason,
                Ok(()) => match self.add_to_list(learner).await? {
                    Ok(outcome) => return Ok(outcome),
                    // Somebody was faster: look again, adopt or refuse.
                    Err(Answer::Exists) => "a member with this peer URL appeared".to_owned(),
                    Err(answer) if worth_another_try(&answer) => answer.to_string(),
                    Err(answer) => return Err(answer.error(&format!("cannot add {name}"))),
                },
            };
            if tries >= self.retries {
                return Err(ModuleError::Failed(format!(
                    "cannot add {name} after {tries} retries: {problem}"
                )));
            }
            tries += 1;
            tokio::time::sleep(UNHEALTHY_PAUSE).await;
        }
    }

    /// What would be registered if the member were added. The steps before were not really done, so
    /// what now stands in the way, no quorum or a dead member, does not by then.
    async fn would_add(&self, name: &str, url: &str) -> Result<Outcome, ModuleError> {
        let (mut members, obstacle) = match self.etcdctl.view().await? {
            Ok(view) => match view.by_peer(url) {
                Some(member) => return Ok(describe(adopted(member), member, &view.members, name)),
                None => (view.members.clone(), view.all_healthy().err()),
            },
            Err(answer) => (Vec::new(), Some(answer.to_string())),
        };
        let own = Member { peer_urls: vec![url.to_owned()], ..Member::default() };
        members.push(own.clone());
        let text = match obstacle {
            None => format!("would add {name}"),
            Some(obstacle) => format!("would add {name}, once this is over: {obstacle}"),
        };
        Ok(describe(Outcome::changed(text), &own, &members, name))
    }

    async fn add_to_list(&self, learner: bool) -> Result<Result<Outcome, Answer>, ModuleError> {
        let mut words = add_words(self.args, learner);
        words.extend(["-w".to_owned(), "json".to_owned()]);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = self.etcdctl.call(&words).await?;
        if !output.success() {
            return Ok(Err(Answer::of(&output)));
        }
        let added = etcd_json::member_add(&output.stdout_text())
            .map_err(|error| ModuleError::Failed(error.to_string()))?;
        let name = self.member_name()?;
        let kind = if learner { "learner" } else { "voter" };
        let outcome = Outcome::changed(format!("added {name} as a {kind}"));
        Ok(Ok(describe(outcome, &added.member, &added.members, &name)))
    }

    /// Waits until the learner has caught up and makes it a voter.
    pub(super) async fn promote(&self) -> Result<Outcome, ModuleError> {
        let begun = Instant::now();
        let mut end = begun + self.sync_time(0);
        loop {
            // A voter that was added beside a single other one takes the quorum away until it has
            // started: no answer is then part of the wait.
            let reason = match self.etcdctl.view().await? {
                Ok(view) => {
                    let size = view.leader_answer().map_or(0, |leader| leader.db_size);
                    end = begun + self.sync_time(size);
                    match self.promote_once(&view).await? {
                        Ok(outcome) => return Ok(outcome),
                        Err(reason) => reason,
                    }
                }
                Err(answer) if self.context.check => {
                    let text = "would wait until it has caught up, and give it a vote";
                    return Ok(Outcome::changed(format!("{text}: {answer}")));
                }
                Err(answer) => answer.to_string(),
            };
            if Instant::now() + POLL > end {
                let waited = begun.elapsed().as_secs();
                return Err(ModuleError::Failed(format!(
                    "no voter after {waited} s: {reason}; see `journalctl -u etcd` on its host"
                )));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Promotes the member if it is time for it; `Err` says why it is not.
    async fn promote_once(&self, view: &View) -> Result<Result<Outcome, String>, ModuleError> {
        let Some(member) = self.find(&view.members)? else {
            if self.context.check {
                return Ok(Ok(Outcome::changed("would be promoted once it is a member")));
            }
            return Err(ModuleError::Failed("there is no such member to promote".to_owned()));
        };
        if !member.learner && member.started() {
            let outcome = Outcome::ok("is a voter");
            return Ok(Ok(describe(outcome, member, &view.members, &member.name)));
        }
        if self.context.check {
            return Ok(Ok(Outcome::changed(format!("would promote {}", label(member)))));
        }
        match behind(view, member) {
            Some(reason) => Ok(Err(reason)),
            None => Ok(self.promote_now(member).await?.map_err(|answer| answer.to_string())),
        }
    }

    async fn promote_now(&self, member: &Member) -> Result<Result<Outcome, Answer>, ModuleError> {
        let output = self.etcdctl.call(&["member", "promote", &member.hex_id()]).await?;
        if !output.success() {
            let answer = Answer::of(&output);
            let later = matches!(answer, Answer::NotInSync) || worth_another_try(&answer);
            return if later {
                Ok(Err(answer))
            } else {
                Err(answer.error(&format!("cannot promote {}", label(member))))
            };
        }
        let list = self.etcdctl.must_members().await?;
        let Some(now) = list.members.iter().find(|one| one.id == member.id) else {
            return Err(ModuleError::Failed("the promoted member is no longer listed".to_owned()));
        };
        if now.learner {
            return Ok(Err(Answer::Other("it is still a learner in the member list".to_owned())));
        }
        let outcome = Outcome::changed(format!("promoted {} to a voter", label(now)));
        Ok(Ok(describe(outcome, now, &list.members, &now.name)))
    }

    /// How long the learner may take: by the size of the database, times the retries.
    fn sync_time(&self, database_bytes: i64) -> Duration {
        if let Some(deadline) = self.deadline {
            return deadline;
        }
        let once = Duration::from_secs(database_bytes.unsigned_abs() / SYNC_RATE).max(SYNC_FLOOR);
        once * u32::try_from(self.retries.max(1)).unwrap_or(u32::MAX)
    }
}

/// What is said of a member that is in the list already.
fn adopted(member: &Member) -> Outcome {
    Outcome::ok(match (member.started(), member.learner) {
        (true, true) => "is a learner already",
        (true, false) => "is a voter already",
        (false, _) => "was added before and has not started yet: adopted",
    })
}

/// Refuses when another member is half-way in, or has our name (never two pending members).
fn nothing_pending(view: &View, name: &str, url: &str) -> Result<(), ModuleError> {
    let others = || view.members.iter().filter(|member| !has_peer(member, url));
    let Some((other, what)) = others().find_map(|member| {
        let what = match () {
            () if !member.started() => "was added and has not started",
            () if member.learner => "is still a learner",
            () if member.name == name => "has the same name",
            () => return None,
        };
        Some((member, what))
    }) else {
        return Ok(());
    };
    Err(ModuleError::Refused {
        reason: format!(
            "{} ({}) {what}, so {name} is not added",
            other.peer_urls.join(","),
            other.hex_id()
        ),
        hint: "finish or remove that member first: `rrecover diagnose` names it".to_owned(),
    })
}

/// Why the member cannot be promoted yet.
fn behind(view: &View, member: &Member) -> Option<String> {
    if !member.started() {
        return Some("it has not started".to_owned());
    }
    let Some(own) = member.client_urls.first().and_then(|url| view.answer(url)) else {
        return Some("it does not answer".to_owned());
    };
    let Some(leader) = view.leader_answer() else {
        return Some("the leader does not answer".to_owned());
    };
    let lag = leader.raft_applied_index.saturating_sub(own.raft_applied_index);
    (lag > IN_SYNC).then(|| format!("it is {lag} entries behind the leader"))
}
