//! What a host has taught us about sending it commands.

use crate::transport::run_as::LoginShell;
use crate::transport::{RunAs, TransportError};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Learnt with the first commands, kept as long as the connection.
#[derive(Default)]
pub(super) struct Manners {
    shell: OnceLock<LoginShell>,
    terminal: AtomicBool,
    /// Passwords that were wrong: asking again could lock the account.
    wrong: Mutex<Vec<(RunAs, TransportError)>>,
}

impl Manners {
    pub(super) fn shell(&self) -> LoginShell {
        self.shell.get().copied().unwrap_or(LoginShell::Unknown)
    }

    pub(super) fn note(&self, shell: LoginShell) {
        if shell != LoginShell::Unknown {
            // Only the first one says it.
            let _ = self.shell.set(shell);
        }
    }

    /// Whether becoming another user needs a terminal.
    pub(super) fn wants_terminal(&self) -> bool {
        self.terminal.load(Ordering::Acquire)
    }

    pub(super) fn give_terminals(&self) {
        self.terminal.store(true, Ordering::Release);
    }

    /// The error of an earlier attempt with the same wrong password.
    pub(super) fn known_refusal(&self, run_as: Option<&RunAs>) -> Option<TransportError> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.iter().find(|(one, _)| Some(one) == run_as).map(|(_, error)| error.clone())
    }

    pub(super) fn note_refusal(&self, run_as: Option<&RunAs>, error: &TransportError) {
        let (Some(run_as), TransportError::RunAs { reason, .. }) = (run_as, error) else { return };
        if reason.starts_with("wrong password") {
            let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
            wrong.push((run_as.clone(), error.clone()));
        }
    }
}
