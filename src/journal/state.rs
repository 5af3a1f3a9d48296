//! What a journal says, folded: what is done, what was in flight, what failed.

use super::chain::{self, Broken, ORIGIN};
use super::error::JournalError;
use super::record::{Line, Record, Step};
use super::{FILE, VERSION};
use crate::event::{Stats, Status};
use indexmap::IndexMap;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// How far a step has come.
#[derive(Debug, Clone, PartialEq)]
pub enum StepState {
    /// Started, and no result: it may have been sent, it may have worked.
    InFlight,
    /// It ended, with what it registered when that was kept.
    Finished {
        /// How.
        status: Status,
        /// What the task registered.
        result: Option<Value>,
    },
}

/// A journal, folded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The run's id.
    pub run: Option<String>,
    /// When the first record was written.
    pub started_at: Option<String>,
    /// When the last record was written.
    pub last_at: Option<String>,
    /// The process that wrote last.
    pub pid: Option<u32>,
    /// What was decided last.
    pub decision: Option<Value>,
    /// The hash of the plan that is carried out.
    pub plan: Option<String>,
    /// Each step in the order in which it was first started.
    pub steps: IndexMap<Step, StepState>,
    /// The last verification: whether it holds, and its findings.
    pub verified: Option<(bool, Vec<String>)>,
    /// The end, when the run was not cut off.
    pub finished: Option<(BTreeMap<String, Stats>, u8)>,
    /// Whether the last line was torn off by a crash. It counts as never written.
    pub torn: bool,
    /// How many records there are.
    pub records: u64,
    /// The hash that the next record is chained to.
    pub(super) hash: String,
    /// How many bytes are good.
    pub(super) length: u64,
    resumed_at: usize,
}

impl State {
    /// Reads and validates the journal of a run's directory.
    pub fn read(directory: &Path) -> Result<Self, JournalError> {
        let path = directory.join(FILE);
        let bytes = std::fs::read(&path).map_err(|error| JournalError::read(&path, &error))?;
        Self::fold(&path, &bytes)
    }

    /// Folds the bytes of a journal; `path` is for messages.
    pub fn fold(path: &Path, bytes: &[u8]) -> Result<Self, JournalError> {
        let mut state = Self { hash: ORIGIN.to_owned(), ..Self::default() };
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        for (index, raw) in lines.iter().enumerate() {
            let number = index + 1;
            // A record counts once its newline is there; what a crash cuts off is the end.
            let Some(raw) = raw.strip_suffix(b"\n") else {
                state.torn = true;
                break;
            };
            let text = std::str::from_utf8(raw)
                .map_err(|_| JournalError::damaged(path, number, "it is not UTF-8"))?;
            let (line, hash) =
                chain::read(text, &state.hash, state.records).map_err(|broken| match broken {
                    Broken::Newer(found) => {
                        JournalError::Newer { path: path.to_owned(), found, known: VERSION }
                    }
                    Broken::Form(reason) | Broken::Chain(reason) => {
                        JournalError::damaged(path, number, reason)
                    }
                })?;
            state.apply(line).map_err(|reason| JournalError::damaged(path, number, reason))?;
            state.hash = hash;
            state.records += 1;
            state.length += raw.len() as u64 + 1;
        }
        Ok(state)
    }

    /// The steps without a result, in order.
    pub fn in_flight(&self) -> impl Iterator<Item = &Step> {
        self.steps
            .iter()
            .filter(|(_, state)| matches!(state, StepState::InFlight))
            .map(|(step, _)| step)
    }

    /// The steps that ended with one of these.
    pub fn ended(&self, statuses: &[Status]) -> impl Iterator<Item = &Step> {
        self.steps
            .iter()
            .filter(move |(_, state)| match state {
                StepState::Finished { status, .. } => statuses.contains(status),
                StepState::InFlight => false,
            })
            .map(|(step, _)| step)
    }

    /// The steps that are done: nothing is left to do for them.
    pub fn done(&self) -> impl Iterator<Item = &Step> {
        self.ended(&[Status::Ok, Status::Changed, Status::Skipped])
    }

    /// Takes one record in, or says why it cannot follow what is there.
    fn apply(&mut self, line: Line) -> Result<(), String> {
        if self.started_at.is_none() && !matches!(line.record, Record::RunStarted { .. }) {
            return Err("the first record is not `run_started`".to_owned());
        }
        if self.finished.is_some() && !matches!(line.record, Record::Resumed { .. }) {
            return Err("it follows `run_finished`".to_owned());
        }
        match line.record {
            Record::RunStarted { run, pid, .. } => {
                if self.run.is_some() {
                    return Err("the run started twice".to_owned());
                }
                self.run = Some(run);
                self.pid = Some(pid);
                self.started_at = Some(line.at.clone());
            }
            Record::Resumed { pid } => {
                self.pid = Some(pid);
                self.finished = None;
                self.resumed_at = self.steps.len();
            }
            Record::Decided { decision } => self.decision = Some(decision),
            Record::Planned { sha256 } => self.plan = Some(sha256),
            Record::StepStarted { step } => self.start(step)?,
            Record::StepFinished { step, status, result, .. } => match self.steps.get_mut(&step) {
                Some(state @ StepState::InFlight) => {
                    *state = StepState::Finished { status, result };
                }
                Some(StepState::Finished { .. }) => return Err(format!("{step} ended twice")),
                None => return Err(format!("{step} ended and never started")),
            },
            Record::Notice { .. } => {}
            Record::Verified { holds, findings } => self.verified = Some((holds, findings)),
            Record::RunFinished { stats, exit_code } => self.finished = Some((stats, exit_code)),
        }
        self.last_at = Some(line.at);
        Ok(())
    }

    fn start(&mut self, step: Step) -> Result<(), String> {
        match self.steps.get_full(&step) {
            // A process that resumes may repeat what the one before it began.
            Some((index, _, _)) if index < self.resumed_at => {
                self.steps.shift_remove(&step);
                self.resumed_at -= 1;
            }
            Some(_) => return Err(format!("{step} started twice")),
            None => {}
        }
        self.steps.insert(step, StepState::InFlight);
        Ok(())
    }
}
