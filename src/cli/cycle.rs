//! The life of a run: observe, decide, plan, act, verify, in rounds.
//!
//! A round that starts stopped members is followed by another look; so is a run that was cut off,
//! because nothing is remembered that the hosts do not show (`docs/decisions/0003-rounds.md`).

use super::acting::{Acting, Begin};
use super::catalog::Modules;
use super::options::{Selection, TargetOptions};
use super::screen::Screen;
use super::session::{Opening, Session};
use crate::cluster::decision::{Action, Decision, Refusal, Wanted};
use crate::cluster::status::{ClusterStatus, EtcdHost};
use crate::cluster::{decide, verify};
use crate::error::{Failure, Kind, Problem, Problems};
use crate::event::Event;
use crate::exec::{EventSink, RunOutcome};
use crate::plan::{self, Known, Plan, PlanInput};
use crate::playbook::{self, Playbook};
use crate::report;
use crate::transport::Pool;
use serde_json::{Value, json};
use std::sync::Arc;

/// The judgement that the recovery playbook rests on.
const RECOVER: &str = "recover-control-plane";

/// One look and start, one more for members that hold older data, and the recovery itself.
const MOST_ROUNDS: usize = 4;

/// How far the operator lets a run go.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four independent switches of the command line")]
pub struct Say {
    /// Look and report, write nothing.
    pub check: bool,
    /// Show line by line what changes.
    pub diff: bool,
    /// Yes to what the plan shows.
    pub yes: bool,
    /// Take the lock from a run that is known to be dead.
    pub take_over: bool,
    /// How often `-v` was given.
    pub verbosity: u8,
}

/// One command line's run.
pub struct Cycle {
    pub(super) session: Session,
    pub(super) playbooks: Vec<Playbook>,
    pub(super) selection: Selection,
    pub(super) say: Say,
    pub(super) forks: usize,
    pub(super) screen: Arc<Screen>,
}

impl Cycle {
    /// Loads inventory and playbooks. Nothing is contacted.
    pub fn load(
        target: &TargetOptions,
        selection: &Selection,
        say: Say,
        screen: Arc<Screen>,
    ) -> Result<Self, Failure> {
        let opening = Opening::of(target)?;
        let mut problems = Problems::default();
        let mut playbooks = Vec::new();
        for name in &selection.playbooks {
            playbooks.extend(problems.take(playbook::load(name, opening.means())));
        }
        Self::new(opening, problems.or(playbooks)?, target, selection, say, screen)
    }

    /// Loads the inventory for playbooks that are loaded. Nothing is contacted.
    pub fn new(
        opening: Opening,
        playbooks: Vec<Playbook>,
        target: &TargetOptions,
        selection: &Selection,
        say: Say,
        screen: Arc<Screen>,
    ) -> Result<Self, Failure> {
        let directories = playbooks.iter().filter_map(|one| one.directory.clone()).collect();
        let mut session = Session::load(opening, target, directories)?;
        let known = |name: &&str| *name == RECOVER;
        if let Some(unknown) = playbooks.iter().flat_map(Playbook::decisions).find(|n| !known(n)) {
            return Err(Problem::new(format!("there is no decision `{unknown}`"))
                .hint(format!("`decide: {RECOVER}` is the one that there is"))
                .into());
        }
        if playbooks.iter().any(|one| !one.decisions().is_empty()) {
            session.needs_root();
            whole(selection)?;
        }
        Ok(Self {
            forks: session.forks,
            session,
            playbooks,
            selection: selection.clone(),
            say,
            screen,
        })
    }

    /// Compiles the playbooks against what was decided.
    pub fn compile(&self, decision: Option<&Decision>) -> Result<Plan, Failure> {
        let limit = self.limit()?;
        Ok(plan::compile(&PlanInput {
            playbooks: &self.playbooks,
            catalog: &Modules,
            inventory: Arc::clone(&self.session.inventory),
            cluster: decision.map(cluster),
            limit,
            tags: self.selection.tags.clone(),
            skip_tags: self.selection.skip_tags.clone(),
            start_at_task: self.selection.start_at_task.clone(),
            said: self.said(),
            run_id: self.session.run_id.clone(),
            user: self.session.user(),
        })?)
    }

    /// The hosts that `--limit` leaves; `None` is all.
    pub(super) fn limit(&self) -> Result<Option<Vec<String>>, Failure> {
        let pattern = self.selection.limit.as_deref();
        Ok(pattern.map(|pattern| self.session.inventory.select(pattern)).transpose()?)
    }

    /// What is known before anything runs.
    pub(super) fn known(&self, decision: Option<&Decision>) -> Result<Known, Failure> {
        Ok(Known {
            inventory: Arc::clone(&self.session.inventory),
            cluster: decision.map(cluster),
            run_id: self.session.run_id.clone(),
            said: self.said(),
            limit: self.limit()?,
            user: self.session.user(),
            magic: plan::Magic::default(),
        })
    }

    /// Observes, decides and prints the plan.
    pub async fn plan(&mut self) -> Result<(), Failure> {
        self.ask()?;
        // It knows the passwords, which are not to be shown.
        let pool = self.session.pool()?;
        if !self.rests_on_a_decision() {
            let plan = self.compile(None)?;
            self.show_plan(&plan);
            return Ok(());
        }
        let mut wanted = self.session.wanted(self.selection.limit.as_deref())?;
        let status = self.session.observe(&pool, &wanted).await?;
        pool.close().await;
        self.continue_cut_off(&status, &mut wanted);
        let decision = self.decide(&wanted, &status, false)?;
        let plan = self.compile(Some(&decision))?;
        self.show_plan(&plan);
        Ok(())
    }

    /// Runs the playbooks and gives the exit code.
    pub async fn play(&mut self) -> Result<u8, Failure> {
        self.ask()?;
        let pool = Arc::new(self.session.pool()?);
        let result = if self.rests_on_a_decision() {
            self.recover(&pool).await
        } else {
            self.run_plain(&pool).await
        };
        pool.close().await;
        result
    }

    /// Playbooks that rest on no decision are run once, as they are.
    async fn run_plain(&mut self, pool: &Arc<Pool>) -> Result<u8, Failure> {
        let plan = self.compile(None)?;
        let destructive = plan
            .plays
            .iter()
            .filter(|play| !play.batches.is_empty() || play.undecided_hosts.is_some())
            .flat_map(|play| play.tasks().into_iter().chain(&play.handlers))
            .filter(|task| task.destructive)
            .map(|task| task.name.clone())
            .collect::<Vec<_>>();
        if !destructive.is_empty() {
            self.show_plan(&plan);
            self.confirm(&destructive)?;
        }
        let begin = Begin { cycle: self, pool, lock_hosts: Vec::new(), known: None };
        let mut acting = Acting::begin(begin).await?;
        let outcome = acting.run(&plan).await?;
        acting.finish(&outcome, outcome.exit_code()).await
    }

    /// Rounds until the cluster is what was promised, or nothing more may be done.
    async fn recover(&mut self, pool: &Arc<Pool>) -> Result<u8, Failure> {
        let mut wanted = self.session.wanted(self.selection.limit.as_deref())?;
        let mut status = self.session.observe(pool, &wanted).await?;
        self.continue_cut_off(&status, &mut wanted);
        let mut acting: Option<Acting> = None;
        for _ in 0..MOST_ROUNDS {
            let round = self.round(pool, &wanted, &mut status, &mut acting).await;
            match round {
                Ok(Next::Look(started)) => wanted.started.extend(started),
                Ok(Next::End(outcome, code)) => {
                    return match acting {
                        Some(acting) => acting.finish(&outcome, code).await,
                        None => Ok(self.finish_unchanged(&outcome, code)),
                    };
                }
                Err(failure) => {
                    if let Some(acting) = acting {
                        acting.abandon(&failure).await;
                    }
                    return Err(failure);
                }
            }
        }
        let failure = Failure::new(Kind::Unverified, "the cluster changes from look to look")
            .hint("see what changes it, then run again; nothing was restored");
        if let Some(acting) = acting {
            acting.abandon(&failure).await;
        }
        Err(failure)
    }

    async fn round(
        &mut self,
        pool: &Arc<Pool>,
        wanted: &Wanted,
        status: &mut ClusterStatus,
        acting: &mut Option<Acting>,
    ) -> Result<Next, Failure> {
        let mut decision = self.decide(wanted, status, acting.is_some())?;
        if decision.action == Action::Nothing {
            let outcome = acting.as_ref().map(Acting::outcome).unwrap_or_default();
            let code = self.verify(&decision, status, wanted, acting.as_ref());
            return Ok(Next::End(outcome, code));
        }
        let mut plan = self.compile(Some(&decision))?;
        if acting.is_none() {
            self.show_plan(&plan);
        }
        if decision.action != Action::Start && !self.say.check {
            self.confirm(&questions(&decision))?;
        }
        if acting.is_none() {
            let lock_hosts = reached(status);
            let known = Some(&decision);
            *acting = Some(Acting::begin(Begin { cycle: self, pool, lock_hosts, known }).await?);
            if !self.say.check {
                decision = self.look_again(pool, wanted, status, &decision).await?;
                plan = self.compile(Some(&decision))?;
            }
        }
        let Some(act) = acting.as_mut() else {
            return Err(Failure::new(Kind::Usage, "the run did not begin"));
        };
        act.decided(&decision)?;
        let outcome = act.run(&plan).await?;
        if outcome.failure().is_some() {
            return Ok(Next::End(outcome.clone(), outcome.exit_code()));
        }
        if self.say.check {
            if decision.action == Action::Start {
                self.notice("after the start the run would look again and decide what is left");
            }
            return Ok(Next::End(outcome, 0));
        }
        *status = self.session.observe(pool, wanted).await?;
        if decision.action == Action::Start {
            return Ok(Next::Look(decision.etcd.start));
        }
        let code = self.verify(&decision, status, wanted, acting.as_ref());
        Ok(Next::End(outcome, code))
    }

    /// Decides anew under the lock: while the operator read and while another run ended, the cluster
    /// may have changed, and only what was shown may be done (I-03).
    async fn look_again(
        &self,
        pool: &Arc<Pool>,
        wanted: &Wanted,
        status: &mut ClusterStatus,
        shown: &Decision,
    ) -> Result<Decision, Failure> {
        *status = self.session.observe(pool, wanted).await?;
        match decide(wanted, status) {
            Ok(decision) if same_way(shown, &decision) => Ok(decision),
            Ok(_) => {
                Err(Failure::new(Kind::Refused, "the cluster changed since the plan was shown")
                    .hint("nothing was changed")
                    .hint("run again to see what would be done now"))
            }
            Err(refusal) => Err(Self::refused(&refusal, false)),
        }
    }

    /// Judges. A refusal ends the run; what it changed before is said.
    fn decide(
        &self,
        wanted: &Wanted,
        status: &ClusterStatus,
        changed: bool,
    ) -> Result<Decision, Failure> {
        self.screen.send(Event::Observed { status: json!(status) });
        match decide(wanted, status) {
            Ok(decision) => {
                self.screen.send(Event::Decided { decision: json!(decision) });
                if self.screen.is_human() {
                    self.screen.talk(&report::decision(&decision, self.screen.style()));
                }
                Ok(decision)
            }
            Err(refusal) => Err(Self::refused(&refusal, changed)),
        }
    }

    fn refused(refusal: &Refusal, changed: bool) -> Failure {
        let kind = if changed { Kind::Unverified } else { Kind::Refused };
        let mut failure =
            Failure::new(kind, format!("refused ({}): {}", refusal.rule, refusal.reason));
        failure.causes.clone_from(&refusal.evidence);
        failure.hints.push(if changed {
            "members were started; nothing was stopped, moved or restored".to_owned()
        } else {
            "nothing was changed".to_owned()
        });
        failure.hints.extend(refusal.way_out.iter().cloned());
        failure
    }

    /// Compares what is seen now with what was promised; success comes only from here.
    fn verify(
        &self,
        decision: &Decision,
        after: &ClusterStatus,
        wanted: &Wanted,
        acting: Option<&Acting>,
    ) -> u8 {
        let verification = verify(decision, after, wanted);
        let mut findings = verification.findings.clone();
        if verification.holds {
            findings.push(verification.diagnosis.sentence.clone());
        }
        let event = Event::Verified { holds: verification.holds, findings };
        if let Some(acting) = acting {
            acting.note(&event);
        }
        self.screen.send(event);
        if verification.holds { 0 } else { Kind::Unverified.exit_code() }
    }

    /// A run that was killed while it put restored data in place is continued under its own id:
    /// the names of what lies on the host, and the new cluster's token, hold that id.
    fn continue_cut_off(&mut self, status: &ClusterStatus, wanted: &mut Wanted) {
        let hosts = status.hosts.values().filter_map(|host| host.etcd.as_ref());
        let runs = hosts.filter_map(EtcdHost::cut_off_run);
        let newest = runs.filter(|run| ulid::Ulid::from_string(run).is_ok()).max();
        if let Some(run) = newest {
            self.notice(&format!("run {run} was cut off; this run continues it"));
            run.clone_into(&mut self.session.run_id);
            run.clone_into(&mut wanted.run_id);
        }
    }

    fn confirm(&self, questions: &[String]) -> Result<(), Failure> {
        if self.say.yes || self.say.check || questions.is_empty() {
            return Ok(());
        }
        if let Some(yes) = self.screen.ask_yes(questions) {
            let no = Failure::new(Kind::Refused, "you said no").hint("nothing was changed");
            return if yes { Ok(()) } else { Err(no) };
        }
        let mut failure = Failure::new(Kind::Refused, "nobody is here to say yes");
        failure.causes = questions.to_vec();
        Err(failure.hint("nothing was changed; say `--yes` when you want what the plan shows"))
    }

    fn show_plan(&self, plan: &Plan) {
        self.screen.send(Event::Plan { plan: plan::view(plan) });
        if self.screen.is_human() {
            self.screen.result(&plan::text(plan));
        }
    }

    fn notice(&self, message: &str) {
        self.screen.send(Event::Notice { message: message.to_owned() });
    }

    fn finish_unchanged(&self, outcome: &RunOutcome, code: u8) -> u8 {
        self.screen.send(Event::RunFinished { stats: outcome.stats.clone(), exit_code: code });
        code
    }

    fn rests_on_a_decision(&self) -> bool {
        self.playbooks.iter().any(|playbook| !playbook.decisions().is_empty())
    }
}

/// The steps of a recovery rest on each other: none of them, least of all a proof, is left out.
fn whole(selection: &Selection) -> Result<(), Problem> {
    let given = [
        ("--tags", !selection.tags.is_empty()),
        ("--skip-tags", !selection.skip_tags.is_empty()),
        ("--start-at-task", selection.start_at_task.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((option, _)) => Err(Problem::new(format!(
            "`{option}` cannot be used with a playbook that rests on a decision: its steps rest on \
             each other"
        ))
        .hint("run it whole: what is done already is seen and not done again")),
    }
}

/// What follows a round.
enum Next {
    /// Members were started: look and decide again.
    Look(Vec<String>),
    /// The run is over.
    End(RunOutcome, u8),
}

/// What playbooks read as `cluster`.
pub(super) fn cluster(decision: &Decision) -> Value {
    json!({ "etcd": decision.etcd })
}

/// Whether two decisions do the same to the same hosts. Revisions and sizes move on by themselves.
fn same_way(shown: &Decision, now: &Decision) -> bool {
    let way = |decision: &Decision| {
        let etcd = decision.etcd.clone();
        let restore =
            etcd.restore.map(|one| (one.host, one.source_dir, one.snapshot, one.data_dir));
        let lists = (etcd.start, etcd.retire, etcd.dead, etcd.joining, etcd.promised);
        (decision.action, restore, lists, etcd.forget_certificates_of)
    };
    way(shown) == way(now)
}

/// What has to be said yes to: what is destroyed, and what else the judgement asks.
fn questions(decision: &Decision) -> Vec<String> {
    let mut questions = decision.confirm.clone();
    if questions.is_empty() {
        questions.push(match decision.action {
            Action::Restore => "restore etcd as the plan shows".to_owned(),
            _ => "change etcd's membership as the plan shows".to_owned(),
        });
    }
    questions
}

/// The hosts that can hold the lock.
fn reached(status: &ClusterStatus) -> Vec<String> {
    let seen = status.hosts.iter().filter(|(_, host)| host.etcd.is_some());
    seen.map(|(name, _)| name.clone()).collect()
}
