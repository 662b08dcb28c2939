//! The gate that every request passes: who may ask, and the headers that every answer bears.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::failed::Failed;
use super::state::House;

/// A page may load its own style and icon, and nothing else; nobody may frame it or send a form from it.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Turns foreign names away, and makes every answer one that is neither kept, framed nor guessed at.
pub(super) async fn guard(State(house): State<Arc<House>>, request: Request, next: Next) -> Response {
    let mut answer = if is_ours(&request, house.address) {
        // A task of its own: a client that leaves does not cut a statement of the database short.
        tokio::spawn(next.run(request)).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a page of the dashboard ended unexpectedly; please report this");
            Failed::Unexpected.into_response()
        })
    } else {
        Failed::ForeignName.into_response()
    };
    dress(&mut answer);
    answer
}

/// The headers that every answer bears.
pub(super) fn dress(answer: &mut Response) {
    let headers: [(HeaderName, &'static str); 8] = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        // Connections are few; an idle browser must not keep one.
        (header::CONNECTION, "close"),
    ];
    for (name, value) in headers {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

/// Whether the request names us. A page of somebody else's whose name was made to lead here (DNS rebinding) calls us by that
/// name. Where other machines may ask, the proxy before us knows the names and not we.
fn is_ours(request: &Request, listens: SocketAddr) -> bool {
    let ip = listens.ip().to_canonical();
    if !ip.is_loopback() {
        return true;
    }
    let named = request.headers().get(header::HOST).map(|host| host.to_str().unwrap_or("?"));
    let named = request.uri().authority().map(|authority| authority.as_str()).or(named);
    // Without a name it is no browser.
    named.is_none_or(|named| {
        let host = without_port(named);
        let same = host.trim_start_matches('[').trim_end_matches(']').parse().is_ok_and(|named: IpAddr| ip == named);
        same || ["localhost", "127.0.0.1", "[::1]"].iter().any(|ours| host.eq_ignore_ascii_case(ours))
    })
}

/// Any port is ours: a tunnel brings its own.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(':') => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(listens: &str, host: Option<&str>) -> bool {
        let mut request = Request::builder().uri("/");
        if let Some(host) = host {
            request = request.header(header::HOST, host);
        }
        let request = request.body(axum::body::Body::empty()).expect("valid");
        is_ours(&request, listens.parse().expect("valid"))
    }

    #[test]
    fn on_the_loopback_only_its_own_names_are_answered() {
        for host in ["127.0.0.1:8420", "localhost:8420", "LOCALHOST", "127.0.0.1", "[::1]:9000", "[::1]"] {
            assert!(asks("127.0.0.1:8420", Some(host)), "{host}");
            assert!(asks("[::1]:8420", Some(host)), "{host}");
        }
        assert!(asks("127.0.0.2:8420", Some("127.0.0.2:8420")));
        assert!(asks("127.0.0.1:8420", None));
        for host in ["evil.example", "evil.example:8420", "localhost.evil.example", "127.0.0.1.nip.io", "", "127.0.0.9"]
        {
            assert!(!asks("127.0.0.1:8420", Some(host)), "{host}");
        }
    }

    #[test]
    fn elsewhere_any_name_may_lead_here() {
        assert!(asks("0.0.0.0:8420", Some("storyd.example.com")));
        assert!(asks("192.0.2.1:8420", Some("storyd.example.com")));
    }
}
