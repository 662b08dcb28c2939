//! The listener: takes no more connections than the dashboard may cost, so that a crowd at its door never uses up the files that
//! the queue and the posts need; and lets go of those that ask nothing, so that they never take the place of those that do.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::engine::daemon;

/// Connections at the same time; more wait with the system.
const CONNECTIONS_MAX: usize = 64;

/// A listener with a bounded number of open connections.
pub(super) struct Bounded {
    listener: TcpListener,
    slots: Arc<Semaphore>,
    patience: Duration,
}

impl Bounded {
    /// A connection is closed when it has brought about no answer, or no more of one, for as long as `patience`.
    pub(super) fn new(listener: TcpListener, patience: Duration) -> Self {
        Self { listener, slots: Arc::new(Semaphore::new(CONNECTIONS_MAX)), patience }
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let slot = self.slots.clone().acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let (patience, silence) = (self.patience, silence(self.patience));
        (Connection { stream, patience, silence: Some(silence), _slot: slot }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Ends after so long.
type Silence = Pin<Box<dyn Future<Output = ()> + Send>>;

fn silence(patience: Duration) -> Silence {
    Box::pin(daemon::pause(patience))
}

/// A connection that gives its slot back when it ends.
pub(super) struct Connection {
    stream: TcpStream,
    patience: Duration,
    /// Since the last that was written; none once it lasted too long.
    silence: Option<Silence>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Pending => {
                if self.silence.as_mut().is_none_or(|silence| silence.as_mut().poll(cx).is_ready()) {
                    self.silence = None;
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                Poll::Pending
            }
            read => read,
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
