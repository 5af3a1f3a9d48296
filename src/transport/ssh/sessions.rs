//! Session channels: the next one is opened while a command runs, so that a command costs one
//! round trip instead of two.

use super::dial::Client;
use russh::Channel;
use russh::client::{Handle, Msg};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

type Opening = JoinHandle<Result<Channel<Msg>, russh::Error>>;

/// The session channels of one connection.
pub(super) struct Sessions {
    handle: Arc<Handle<Client>>,
    ahead: Mutex<Option<Opening>>,
    /// The server refused a channel while others were open (`MaxSessions`): no more is opened
    /// ahead, it would take the place of a command.
    scarce: AtomicBool,
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

    /// A channel nothing was sent on yet. Waits for one that is in use when the server allows no
    /// more; the caller bounds the time.
    pub(super) async fn take(&self) -> Result<(Channel<Msg>, Ticket), russh::Error> {
        let mut give_up = None;
        loop {
            let freed = self.in_use.freed.notified();
            tokio::pin!(freed);
            // From here on a channel that comes free is not missed.
            freed.as_mut().enable();
            let refused = match self.open().await {
                Err(error @ russh::Error::ChannelOpenFailure(_)) => error,
                result => return result,
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
        let mut ticket = Ticket { in_use: Arc::clone(&self.in_use), open: false };
        let channel = match ahead {
            Some(opening) => opening.await.unwrap_or(Err(russh::Error::SendError))?,
            None => self.handle.channel_open_session().await?,
        };
        ticket.open = true;
        Ok((channel, ticket))
    }
}
