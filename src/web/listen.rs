//! The listener: takes no more connections than the dashboard may cost, so that a crowd at its door never uses up the files that
//! the queue and the posts need; and lets go of those that ask nothing, so that they never take the place of those that do.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::engine::sleep;

/// Connections at the same time; of those that have asked nothing the oldest goes for the next one, however many stand at the door.
const CONNECTIONS_MAX: usize = 64;
/// How long a connection may bring about no answer: one that asks nothing takes the place of one that does.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// What ends the head of a request.
const HEAD_END: &[u8; 4] = b"\r\n\r\n";

/// A listener with a bounded number of open connections.
pub(super) struct BoundedListener {
    listener: TcpListener,
    slots: Arc<Semaphore>,
    patience: Duration,
    /// Those that had asked nothing when they were last looked at, the oldest first.
    silent: VecDeque<Weak<Guest>>,
}

/// What the door knows of a connection.
#[derive(Debug, Default)]
struct Guest {
    /// Whether its request has arrived whole: it is answered, whoever else comes.
    has_asked: AtomicBool,
    is_shown_out: AtomicBool,
    waker: AtomicWaker,
}

impl BoundedListener {
    /// A connection is closed when it has brought about no answer, or no more of one, for as long as `patience`.
    pub(super) fn new(listener: TcpListener, patience: Duration) -> Self {
        Self { listener, slots: Arc::new(Semaphore::new(CONNECTIONS_MAX)), patience, silent: VecDeque::new() }
    }
}

impl BoundedListener {
    /// A slot for one that has just come.
    async fn slot(&mut self) -> Option<OwnedSemaphorePermit> {
        if let Ok(slot) = self.slots.clone().try_acquire_owned() {
            return Some(slot);
        }
        while let Some(guest) = self.silent.pop_front() {
            if let Some(guest) = guest.upgrade().filter(|guest| !guest.has_asked.load(Ordering::Acquire)) {
                guest.is_shown_out.store(true, Ordering::Release);
                guest.waker.wake();
                break;
            }
        }
        self.slots.clone().acquire_owned().await.ok()
    }
}

impl Listener for BoundedListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let slot = self.slot().await;
        let (patience, silence) = (self.patience, silence(self.patience));
        let guest = Arc::new(Guest::default());
        self.silent.retain(|guest| guest.strong_count() > 0);
        self.silent.push_back(Arc::downgrade(&guest));
        (Connection { stream, patience, silence: Some(silence), guest, last: [0; 4], _slot: slot }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Ends after so long.
type Silence = Pin<Box<dyn Future<Output = ()> + Send>>;

fn silence(patience: Duration) -> Silence {
    Box::pin(sleep::pause(patience))
}

/// A connection that gives its slot back when it ends.
pub(super) struct Connection {
    stream: TcpStream,
    patience: Duration,
    /// Since the last that was written; none once it lasted too long.
    silence: Option<Silence>,
    guest: Arc<Guest>,
    /// The last bytes that came.
    last: [u8; 4],
    _slot: Option<OwnedSemaphorePermit>,
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Pending => {
                self.guest.waker.register(cx.waker());
                if self.guest.is_shown_out.load(Ordering::Acquire) {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
                }
                if self.silence.as_mut().is_none_or(|silence| silence.as_mut().poll(cx).is_ready()) {
                    self.silence = None;
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                Poll::Pending
            }
            read => {
                let come = buf.filled().get(before..).unwrap_or_default();
                self.take_note(come);
                read
            }
        }
    }
}

impl Connection {
    /// Whether what came so far holds the head of a request to its end.
    fn take_note(&mut self, come: &[u8]) {
        if self.guest.has_asked.load(Ordering::Relaxed) {
            return;
        }
        let mut seen = self.last.to_vec();
        seen.extend_from_slice(come);
        if seen.windows(HEAD_END.len()).any(|bytes| bytes == HEAD_END) {
            self.guest.has_asked.store(true, Ordering::Release);
        }
        if let Some(last) = seen.last_chunk::<4>() {
            self.last = *last;
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        if written.is_ready() {
            self.silence = Some(silence(self.patience));
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
