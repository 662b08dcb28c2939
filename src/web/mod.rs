//! The dashboard: read-only pages about the queue for people with a browser. They work without JavaScript and from one address.
//!
//! Reads through `store::view` and the plan in force, and writes nothing: what a page cannot do it names as a command to type.
//! Knows nothing of Kakao and of tokens, so it cannot show one.

mod case;
mod entry;
mod failed;
#[expect(unreachable_pub, reason = "the macro of a filter writes a public type")]
mod filters;
mod gate;
mod health;
mod listen;
mod metrics;
mod overview;
mod page;
mod pauses;
mod post;
mod posts;
pub mod redirect;
mod state;
mod stories;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::{RwLock, Semaphore, oneshot};
use tokio::task::JoinHandle;

use crate::engine::Ctx;
use listen::{BoundedListener, PATIENCE};
pub use state::Surroundings;
use state::{House, Queue};

/// Pages that are made at the same time. The store has four readers; the engine always finds one free, so that looking at the
/// queue never makes a post late.
const PAGES_AT_ONCE: usize = 2;

/// Why there is no dashboard.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The address cannot be listened on.
    #[error(
        "listen on {listen}: {source}; set another address under `dashboard` in storyd.yaml, as in `{{listen: 127.0.0.1:8421}}`, or `off`"
    )]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// The system's answer.
        source: io::Error,
    },
}

/// A dashboard that runs.
#[derive(Debug)]
pub struct Dashboard {
    address: SocketAddr,
    queue: Queue,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

/// Starts the dashboard. When this returns, it accepts connections.
///
/// # Errors
/// The address cannot be listened on.
pub async fn start(ctx: Arc<Ctx>, listen: SocketAddr, surroundings: Surroundings) -> Result<Dashboard, WebError> {
    start_with(ctx, listen, surroundings, PATIENCE).await
}

/// The same with another patience: how long a connection may bring about no answer before it is closed.
///
/// # Errors
/// The address cannot be listened on.
pub async fn start_with(
    ctx: Arc<Ctx>,
    listen: SocketAddr,
    surroundings: Surroundings,
    patience: Duration,
) -> Result<Dashboard, WebError> {
    let bound = async {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    let (listener, address) = bound.await.map_err(|source| WebError::Listen { listen, source })?;
    if !address.ip().to_canonical().is_loopback() {
        tracing::warn!(%address, "whoever reaches this address reads the dashboard; put a proxy that asks who they are before it");
    }
    let queue = Queue { ctx: Arc::new(RwLock::new(Some(ctx))), turns: Arc::new(Semaphore::new(PAGES_AT_ONCE)) };
    let house = Arc::new(House { queue: queue.clone(), surroundings, address });
    let server = axum::serve(BoundedListener::new(listener, patience), router(house));
    let (stop, stopped) = oneshot::channel();
    let server = server.with_graceful_shutdown(async {
        // An error means that the dashboard was dropped: the end all the same.
        let _dropped = stopped.await;
    });
    let server = tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the dashboard ended; posts go out all the same");
        }
    });
    Ok(Dashboard { address, queue, stop, server })
}

fn router(house: Arc<House>) -> Router {
    Router::new()
        .route("/", get(overview::show))
        .route("/posts", get(posts::show))
        .route("/posts/{id}", get(post::show))
        .route("/stories", get(stories::show))
        .route("/healthz", get(health::show))
        .route("/metrics", get(metrics::show))
        .route("/style.css", get(|| file("text/css; charset=utf-8", include_str!("style.css"))))
        .route("/icon.svg", get(|| file("image/svg+xml", include_str!("icon.svg"))))
        .fallback(page::nothing_here)
        .method_not_allowed_fallback(page::only_looking)
        .layer(axum::middleware::from_fn_with_state(house.clone(), gate::guard))
        .with_state(house)
}

async fn file(kind: &'static str, text: &'static str) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, kind)], text).into_response()
}

impl Dashboard {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address for a browser.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops listening and lets go of the queue. Pages that are being made are finished first; clients that read slowly are not
    /// waited for.
    pub async fn stop(self) {
        // Nobody listens when the server has ended already.
        let _ended = self.stop.send(());
        self.queue.ctx.write().await.take();
        self.server.abort();
        // Ended, or aborted just above: either way the listener is closed.
        let _ended = self.server.await;
    }
}
