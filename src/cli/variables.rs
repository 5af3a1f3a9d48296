//! The variables of a run: what is known, with the decision of the round that goes on.

use crate::exec::Variables;
use crate::plan::{Known, PlannedPlay};
use crate::template::Scope;
use serde_json::Value;
use std::sync::{Mutex, PoisonError};

/// What is known now. A round's decision replaces that of the round before.
#[derive(Debug)]
pub(super) struct Current(Mutex<Known>);

impl Current {
    pub(super) fn new(known: Known) -> Self {
        Self(Mutex::new(known))
    }

    /// What playbooks read as `cluster` from now on.
    pub(super) fn decided(&self, cluster: Value) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).cluster = Some(cluster);
    }

    fn known(&self) -> Known {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Variables for Current {
    fn scope(&self, play: &PlannedPlay, host: &str) -> Option<Scope> {
        self.known().scope(&play.play, host)
    }

    fn hosts(&self) -> Vec<String> {
        self.known().hosts()
    }

    fn top(&self, scope: Scope) -> Scope {
        self.known().top(&scope)
    }
}
