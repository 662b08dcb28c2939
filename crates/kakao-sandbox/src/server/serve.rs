//! The wire itself: a listener whose connections can be cut without a byte of an answer, and the one handler of all requests.
//!
//! Owns what TCP and HTTP need. Must not know any path.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use axum::serve::Listener;
use futures_util::StreamExt;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::exchange::{Delivery, exchange};
use super::host::Host;
use super::record::Outcome;
use crate::http::incoming;
use crate::inspect::control::control;
use crate::state::clock::http_date;

/// The host behind the lock that puts all requests in one order.
pub(crate) type Shared = Arc<Mutex<Host>>;

/// A poisoned lock is taken all the same: facts are applied one by one, so the memory is never half-changed.
pub(crate) fn lock(shared: &Shared) -> MutexGuard<'_, Host> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves until the future is dropped; the connections end with the runtime.
pub(crate) async fn serve(mut listener: TcpListener, shared: Shared) {
    loop {
        // Waits a moment where no connection can be taken.
        let (stream, _) = Listener::accept(&mut listener).await;
        // An answer in two packets must not wait for an acknowledgement in between.
        let _unimportant = stream.set_nodelay(true);
        let (shared, cut) = (shared.clone(), Cut(Arc::default()));
        let stream = TokioIo::new(CuttableStream { stream, cut: cut.clone() });
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            let (shared, cut) = (shared.clone(), cut.clone());
            async move { Ok::<_, Infallible>(handle(&shared, &cut, request.map(Body::new)).await) }
        });
        // A deceit may leave out the date, which would be added otherwise.
        let connection = http1::Builder::new().auto_date_header(false).serve_connection(stream, service);
        tokio::spawn(async move {
            // How a client ends its connection is its own affair.
            let _ended = connection.await;
        });
    }
}

async fn handle(shared: &Shared, cut: &Cut, request: Request<Body>) -> Response<Body> {
    let arrived_at = lock(shared).now();
    let (parts, body) = request.into_parts();
    let Some(incoming) = incoming::read(parts, body, arrived_at).await else {
        return Response::default();
    };
    let delivery = {
        let mut host = lock(shared);
        match control(&mut host, &incoming) {
            Some(answer) => {
                let dates = vec![http_date(host.server_time(host.now()))];
                Delivery { answer, outcome: Outcome::Answered, delay: Duration::ZERO, dates }
            }
            None => exchange(&mut host, &incoming),
        }
    };
    deliver(delivery, cut).await
}

async fn deliver(delivery: Delivery, cut: &Cut) -> Response<Body> {
    if !delivery.delay.is_zero() {
        #[expect(clippy::disallowed_methods, reason = "a delayed answer is delayed in the real time of its client")]
        tokio::time::sleep(delivery.delay).await;
    }
    let body = delivery.answer.body.clone();
    match delivery.outcome {
        Outcome::Answered => delivery.answer.into_response(&delivery.dates, Body::from(body)),
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
            delivery.answer.into_response(&delivery.dates, Body::from_stream(pieces))
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
