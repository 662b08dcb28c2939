//! The wire itself: a listener whose connections can be cut without a byte of an answer, and the one handler of all requests.
//!
//! Owns what TCP and HTTP need. Must not know any path.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::clock::http_date;
use super::control::control;
use super::exchange::{Delivery, exchange};
use super::host::Host;
use super::incoming;
use super::record::Outcome;

/// The host behind the lock that puts all requests in one order.
pub(super) type Shared = Arc<Mutex<Host>>;

/// A poisoned lock is taken all the same: facts are applied one by one, so the memory is never half-changed.
pub(super) fn lock(shared: &Shared) -> MutexGuard<'_, Host> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves until the future is dropped.
pub(super) async fn serve(listener: TcpListener, shared: Shared) -> io::Result<()> {
    let router = axum::Router::new().fallback(handle).with_state(shared);
    axum::serve(CuttableListener(listener), router.into_make_service_with_connect_info::<Cut>()).await
}

async fn handle(State(shared): State<Shared>, ConnectInfo(cut): ConnectInfo<Cut>, request: Request) -> Response {
    let arrived_at = lock(&shared).now();
    let (parts, body) = request.into_parts();
    let Some(incoming) = incoming::read(parts, body, arrived_at).await else {
        return Response::default();
    };
    let delivery = {
        let mut host = lock(&shared);
        match control(&mut host, &incoming) {
            Some(answer) => {
                let date = http_date(host.server_time(host.now()));
                Delivery { answer, outcome: Outcome::Answered, delay: Duration::ZERO, date }
            }
            None => exchange(&mut host, &incoming),
        }
    };
    deliver(delivery, &cut).await
}

async fn deliver(delivery: Delivery, cut: &Cut) -> Response {
    if !delivery.delay.is_zero() {
        #[expect(clippy::disallowed_methods, reason = "a delayed answer is delayed in the real time of its client")]
        tokio::time::sleep(delivery.delay).await;
    }
    let body = delivery.answer.body.clone();
    match delivery.outcome {
        Outcome::Answered => delivery.answer.into_response(&delivery.date, Body::from(body)),
        Outcome::Hung => std::future::pending().await,
        Outcome::Closed => {
            cut.0.store(true, Ordering::Relaxed);
            Response::default()
        }
        Outcome::Truncated => {
            let half = body.slice(..body.len() / 2);
            let broken = futures_util::stream::once(async {
                // Pending once, because the server writes what it has only when there is nothing more to get.
                tokio::task::yield_now().await;
                Err(io::Error::other("truncated on purpose"))
            });
            let pieces = futures_util::stream::iter([Ok::<Bytes, io::Error>(half)]).chain(broken);
            delivery.answer.into_response(&delivery.date, Body::from_stream(pieces))
        }
    }
}

/// Ends its connection when set: nothing more is written or read.
#[derive(Clone, Debug)]
struct Cut(Arc<AtomicBool>);

impl Cut {
    fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for Cut {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.io().cut.clone()
    }
}

struct CuttableListener(TcpListener);

impl Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (CuttableStream, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // An answer in two packets must not wait for an acknowledgement in between.
        let _unimportant = stream.set_nodelay(true);
        (CuttableStream { stream, cut: Cut(Arc::default()) }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

struct CuttableStream {
    stream: TcpStream,
    cut: Cut,
}

impl AsyncRead for CuttableStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
