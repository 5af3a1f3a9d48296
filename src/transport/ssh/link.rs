//! The byte stream under an SSH session: a TCP socket, a channel through a bastion, or
//! a `ProxyCommand`.

use russh::ChannelStream;
use russh::client::Msg;
use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, Join, ReadBuf};
use tokio::net::TcpStream;
use tokio::process::{ChildStdin, ChildStdout};
use tokio::time::{Sleep, sleep};

/// How long a write may make no progress. The session polls no keepalive while it writes, so a
/// peer that died in the middle of an upload is only found here.
const STALLED: Duration = Duration::from_secs(15);

pub(super) enum Wire {
    Tcp(TcpStream),
    Channel(ChannelStream<Msg>),
    /// A `ProxyCommand`.
    Process(Join<ChildStdout, ChildStdin>),
}

pub(super) struct Link {
    wire: Wire,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Link {
    pub(super) fn new(wire: Wire) -> Self {
        Self { wire, stalled: None }
    }

    /// Passes a result on, or fails when nothing has moved for too long.
    fn watch<T>(&mut self, cx: &mut Context<'_>, poll: Poll<Result<T>>) -> Poll<Result<T>> {
        if poll.is_ready() {
            self.stalled = None;
            return poll;
        }
        let timer = self.stalled.get_or_insert_with(|| Box::pin(sleep(STALLED)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the peer takes no more data")))
    }
}

impl AsyncRead for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        match &mut self.wire {
            Wire::Channel(stream) => Pin::new(stream).poll_read(cx, buf),
            Wire::Process(stream) => Pin::new(stream).poll_read(cx, buf),
            Wire::Tcp(stream) => {
                let poll = Pin::new(&mut *stream).poll_read(cx, buf);
                // The option does not stick: without it the first channel waits 40 ms for a
                // delayed acknowledgement.
                #[cfg(target_os = "linux")]
                if poll.is_ready() {
                    // Only speed hangs on it.
                    let _ = stream.set_quickack(true);
                }
                poll
            }
        }
    }
}

impl AsyncWrite for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<Result<usize>> {
        let poll = match &mut self.wire {
            Wire::Channel(stream) => Pin::new(stream).poll_write(cx, buf),
            Wire::Process(stream) => Pin::new(stream).poll_write(cx, buf),
            Wire::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
        };
        self.watch(cx, poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let poll = match &mut self.wire {
            Wire::Channel(stream) => Pin::new(stream).poll_flush(cx),
            Wire::Process(stream) => Pin::new(stream).poll_flush(cx),
            Wire::Tcp(stream) => Pin::new(stream).poll_flush(cx),
        };
        self.watch(cx, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let poll = match &mut self.wire {
            Wire::Channel(stream) => Pin::new(stream).poll_shutdown(cx),
            Wire::Process(stream) => Pin::new(stream).poll_shutdown(cx),
            Wire::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
        };
        self.watch(cx, poll)
    }
}
