//! Catches the redirect with which a login in a browser of this machine ends.
//!
//! Owns the page that the browser then shows. Must not know what a code is for: it hands the query on as it came.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::listen::Bounded;

/// Redirects that wait to be read; a browser that sends more is none of ours.
const WAITING_MAX: usize = 8;
const HTML: &str = "text/html; charset=utf-8";
const PAGE: &str = include_str!("redirect.html");

/// A listener for redirects.
#[derive(Debug)]
pub struct Redirects {
    port: u16,
    queries: mpsc::Receiver<String>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

/// Listens on `address` for redirects to `path`. When this returns, it accepts connections.
///
/// # Errors
/// The address cannot be listened on.
pub async fn catch(address: SocketAddr, path: &str) -> io::Result<Redirects> {
    let listener = TcpListener::bind(address).await?;
    let port = listener.local_addr()?.port();
    let (sender, queries) = mpsc::channel(WAITING_MAX);
    let path: Arc<str> = path.into();
    let router = Router::new().fallback(get(arrived)).with_state((path, sender));
    let (stop, stopped) = oneshot::channel();
    let server = axum::serve(Bounded::new(listener, super::PATIENCE), router).with_graceful_shutdown(async {
        // An error means that the login was given up: the end all the same.
        let _dropped = stopped.await;
    });
    let server = tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the listener for the login ended");
        }
    });
    Ok(Redirects { port, queries, stop, server })
}

type Arriving = (Arc<str>, mpsc::Sender<String>);

async fn arrived(State((path, sender)): State<Arriving>, uri: axum::http::Uri, RawQuery(query): RawQuery) -> Response {
    let close = [(header::CONTENT_TYPE, HTML), (header::CONNECTION, "close"), (header::CACHE_CONTROL, "no-store")];
    let ended = |query: &String| ["code=", "error="].iter().any(|key| query.contains(key));
    match query.filter(ended) {
        Some(query) if uri.path() == &*path => {
            // A full queue means that nobody reads any more.
            let _full = sender.try_send(query);
            (StatusCode::OK, close, PAGE).into_response()
        }
        _ => (StatusCode::NOT_FOUND, close, "Nothing is here; the login ends elsewhere.").into_response(),
    }
}

impl Redirects {
    /// The port, which the system chose when none was asked for.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The query of the next redirect.
    pub async fn next(&mut self) -> Option<String> {
        self.queries.recv().await
    }

    /// Stops, after the browser has its page.
    pub async fn stop(self) {
        // Nobody listens when the server has ended already.
        let _ended = self.stop.send(());
        let _ended = self.server.await;
    }
}
