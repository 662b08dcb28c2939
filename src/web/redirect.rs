//! Catches the redirect with which a login in a browser of this machine ends.
//!
//! Owns the page that the browser then shows. Must not know what a code is for: it hands the query on as it came.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::HeaderValue;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::gate;
use super::listen::{BoundedListener, PATIENCE};

/// Redirects that wait to be read; a browser that sends more is none of ours.
const WAITING_MAX: usize = 8;
const HTML: &str = "text/html; charset=utf-8";
const PAGE: &str = include_str!("redirect.html");
const OTHER_PAGE: &str = include_str!("redirect_other.html");
/// The pages carry their style with them; nothing else is loaded, sent or framed.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A listener for redirects.
#[derive(Debug)]
pub struct Redirects {
    port: u16,
    queries: mpsc::Receiver<String>,
    stop: watch::Sender<bool>,
    servers: Vec<JoinHandle<()>>,
}

/// Listens on `port` of each of `hosts` for redirects to `path` that are `expected`. When this returns, it accepts connections. Of
/// several hosts those that this machine does not have are left out.
///
/// # Errors
/// None of them can be listened on, or another program has the port on one of them and would get the redirect.
pub async fn catch(
    hosts: &[IpAddr],
    port: u16,
    path: &str,
    expected: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> io::Result<Redirects> {
    let listeners = listeners(hosts, port).await?;
    let port = listeners.first().map_or(Ok(port), |listener| listener.local_addr().map(|address| address.port()))?;
    let (sender, queries) = mpsc::channel(WAITING_MAX);
    let arriving = Arriving { path: path.into(), sender, expected: Arc::new(expected) };
    let (stop, stopped) = watch::channel(false);
    let serve = |listener| {
        let router = Router::new().fallback(get(arrived)).with_state(arriving.clone());
        let mut stopped = stopped.clone();
        let server = axum::serve(BoundedListener::new(listener, PATIENCE), router);
        let server = server.with_graceful_shutdown(async move {
            // An error means that the login was given up: the end all the same.
            let _dropped = stopped.wait_for(|stop| *stop).await;
        });
        tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the listener for the login ended");
            }
        })
    };
    let servers = listeners.into_iter().map(serve).collect();
    Ok(Redirects { port, queries, stop, servers })
}

/// One for each host, all on the same port, which the system chooses when it is zero.
async fn listeners(hosts: &[IpAddr], mut port: u16) -> io::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    let mut refused = None;
    for host in hosts {
        match TcpListener::bind(SocketAddr::new(*host, port)).await {
            Ok(listener) => {
                port = listener.local_addr()?.port();
                listeners.push(listener);
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(error) => refused = Some(error),
        }
    }
    match refused {
        Some(error) if listeners.is_empty() => Err(error),
        _ => Ok(listeners),
    }
}

/// What a redirect meets.
#[derive(Clone)]
struct Arriving {
    path: Arc<str>,
    sender: mpsc::Sender<String>,
    expected: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

async fn arrived(State(arriving): State<Arriving>, uri: axum::http::Uri, RawQuery(query): RawQuery) -> Response {
    let html = [(header::CONTENT_TYPE, HTML)];
    let ended = |query: &String| ["code=", "error="].iter().any(|key| query.contains(key));
    let mut answer = match query.filter(ended) {
        Some(query) if uri.path() == &*arriving.path => {
            let expected = (arriving.expected)(&query);
            // Whoever waits says what is wrong with another one. A full queue means that nobody reads any more.
            let _full = arriving.sender.try_send(query);
            if expected {
                (StatusCode::OK, html, PAGE).into_response()
            } else {
                (StatusCode::BAD_REQUEST, html, OTHER_PAGE).into_response()
            }
        }
        _ => (StatusCode::NOT_FOUND, html, "Nothing is here; the login ends elsewhere.").into_response(),
    };
    gate::dress(&mut answer);
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    answer
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
        let _ended = self.stop.send(true);
        for server in self.servers {
            let _ended = server.await;
        }
    }
}
