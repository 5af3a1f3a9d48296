//! Stopping a run from outside, in two steps.

use tokio::sync::watch;

/// How urgently the run is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It is not.
    Run,
    /// Finish what runs, start nothing more: the first SIGINT.
    Finish,
    /// Let go of what runs; its outcome is unknown: the second SIGINT.
    Drop,
}

/// A handle on a run; clones are the same handle.
#[derive(Debug, Clone)]
pub struct Cancel(watch::Sender<Level>);

impl Default for Cancel {
    fn default() -> Self {
        Self(watch::Sender::new(Level::Run))
    }
}

impl Cancel {
    /// One step further: from running to finishing, from finishing to dropping.
    pub fn escalate(&self) -> Level {
        self.0.send_modify(|level| {
            *level = if *level == Level::Run { Level::Finish } else { Level::Drop };
        });
        self.level()
    }

    /// How urgently the run is to end now.
    pub fn level(&self) -> Level {
        *self.0.borrow()
    }

    /// Whether nothing more is to be started.
    pub fn is_asked(&self) -> bool {
        self.level() >= Level::Finish
    }

    /// Comes back when it is at least that urgent.
    pub async fn reached(&self, level: Level) {
        let mut levels = self.0.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = levels.wait_for(|now| *now >= level).await;
    }
}
