//! Session channels: the next one is opened while a command runs, so that a command costs one
//! round trip instead of two.

use super::dial::Client;
use russh::Channel;
use russh::client::{Handle, Msg};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

type Opening = JoinHandle<Result<Channel<Msg>, russh::Error>>;

/// The session channels of one connection.
pub(super) struct Sessions {
    handle: Arc<Handle<Client>>,
    ahead: Mutex<Option<Opening>>,
    /// The server refused a channel while others were open (`MaxSessions`), or closes those that
    /// wait: no more is opened ahead.
    scarce: AtomicBool,
    /// Set when commands go one at a time.
    turns: OnceLock<Arc<Semaphore>>,
    in_use: Arc<InUse>,
}

#[derive(Default)]
struct InUse {
    channels: AtomicUsize,
    freed: Notify,
}

/// Counts a channel as used until it is dropped.
pub(super) struct Ticket {
    in_use: Arc<InUse>,
    open: bool,
    /// Held only to be given back.
    turn: Option<OwnedSemaphorePermit>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.in_use.channels.fetch_sub(1, Ordering::AcqRel);
        if self.open {
            self.in_use.freed.notify_waiters();
        }
    }
}

/// How long a refused channel is asked for again although none is in use: sshd frees a closed
/// one only after it has answered what came in the same packet.
const GRACE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(5);

impl Sessions {
    pub(super) fn new(handle: Arc<Handle<Client>>) -> Self {
        Self {
            handle,
            ahead: Mutex::new(None),
            scarce: AtomicBool::new(false),
            turns: OnceLock::new(),
            in_use: Arc::default(),
        }
    }

    /// Starts to open the next channel, unless one is being opened or channels are scarce.
    pub(super) fn open_ahead(&self) {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        if ahead.is_none() && !self.scarce.load(Ordering::Acquire) {
            let handle = Arc::clone(&self.handle);
            *ahead = Some(tokio::spawn(async move { handle.channel_open_session().await }));
        }
    }

    /// From now on one command at a time, and no channel ahead.
    pub(super) fn one_at_a_time(&self) {
        self.open_none_ahead();
        // Twice is as good as once.
        let _ = self.turns.set(Arc::new(Semaphore::new(1)));
    }

    /// Opens no channel ahead any more, and forgets the one that is.
    pub(super) fn open_none_ahead(&self) {
        self.scarce.store(true, Ordering::Release);
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// A channel nothing was sent on yet. The server has `patience` to open it; when it allows no
    /// more, this waits for one that is in use, and the caller bounds the time.
    pub(super) async fn take(
        &self,
        patience: Duration,
    ) -> Result<(Channel<Msg>, Ticket), russh::Error> {
        let turn = match self.turns.get() {
            // The semaphore is never closed.
            Some(turns) => Arc::clone(turns).acquire_owned().await.ok(),
            None => None,
        };
        let mut give_up = None;
        loop {
            let freed = self.in_use.freed.notified();
            tokio::pin!(freed);
            // From here on a channel that comes free is not missed.
            freed.as_mut().enable();
            let opened = timeout(patience, self.open()).await;
            let refused = match opened.unwrap_or(Err(russh::Error::ConnectionTimeout)) {
                Err(error @ russh::Error::ChannelOpenFailure(_)) => error,
                Ok((channel, mut ticket)) => {
                    ticket.turn = turn;
                    return Ok((channel, ticket));
                }
                Err(error) => return Err(error),
            };
            self.scarce.store(true, Ordering::Release);
            if self.in_use.channels.load(Ordering::Acquire) > 0 {
                freed.await;
                give_up = None;
            } else if Instant::now() < *give_up.get_or_insert_with(|| Instant::now() + GRACE) {
                sleep(PAUSE).await;
            } else {
                return Err(refused);
            }
        }
    }

    async fn open(&self) -> Result<(Channel<Msg>, Ticket), russh::Error> {
        let ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Counted before it is open: two that are opened at once know of each other.
        self.in_use.channels.fetch_add(1, Ordering::AcqRel);
        let mut ticket = Ticket { in_use: Arc::clone(&self.in_use), open: false, turn: None };
        let channel = match ahead {
            Some(opening) => opening.await.unwrap_or(Err(russh::Error::SendError))?,
            None => self.handle.channel_open_session().await?,
        };
        ticket.open = true;
        Ok((channel, ticket))
    }
}
