//! Every way in which a call can fail at the socket, for a call that may be repeated and for the one that must not.

use std::time::Duration;

use storyd::domain::clock::Clock;
use storyd::domain::fault::Fault;
use storyd::network::kakao::{Client, ClientError, Endpoints, Limits};

use crate::kakao_calls::{note, token};
use crate::support::ports::Nobody;
use crate::support::stub::{Act, Stub, answer, client, ok};

/// `(class, code)` of a read and of a post against the same server.
async fn both(client: &Client) -> [(&'static str, String); 2] {
    let read = client.story(&token(), "A.B").await.unwrap_err();
    let post = client.publish(&token(), &note("라떼")).await.unwrap_err();
    [(read.class.as_str(), read.code), (post.class.as_str(), post.code)]
}

/// Both calls against a server that does `act` to each, where the post must be in doubt and the read may be repeated.
async fn doubtful(act: impl Fn() -> Act, code: &str) {
    let stub = Stub::play([act(), act()]).await;
    let expected = [("transient", code.to_owned()), ("ambiguous", code.to_owned())];
    assert_eq!(both(&stub.client()).await, expected);
}

/// The same, where the post is taken for certain and only its story is unknown.
async fn taken(act: impl Fn() -> Act, code: &str) {
    let stub = Stub::play([act(), act()]).await;
    let expected = [("transient", code.to_owned()), ("ambiguous", "taken".to_owned())];
    assert_eq!(both(&stub.client()).await, expected);
}

async fn published(act: Act) -> Fault {
    let stub = Stub::play([act]).await;
    stub.client().publish(&token(), &note("라떼")).await.unwrap_err()
}

/// Limits that make silence short; the connection still has plenty of time.
fn impatient() -> Limits {
    let short = Duration::from_millis(700);
    let connect_timeout = Duration::from_millis(500);
    Limits {
        connect_timeout,
        request_timeout: short,
        upload_timeout: short,
        publish_timeout: short,
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_refused_connection_certainly_sent_nothing() {
    let nobody = Nobody::new();
    let expected = [("transient", "connect".to_owned()), ("transient", "connect".to_owned())];
    assert_eq!(both(&client(&nobody.url(), Limits::default())).await, expected);
}

#[tokio::test]
async fn a_name_that_cannot_be_resolved_certainly_sent_nothing() {
    // An empty label fails in the resolver itself: no network is asked.
    let expected = [("transient", "dns".to_owned()), ("transient", "dns".to_owned())];
    assert_eq!(both(&client("http://no..such", Limits::default())).await, expected);
}

#[tokio::test]
async fn a_failed_tls_handshake_certainly_sent_nothing() {
    let no_tls = || Act::Greet(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec());
    for acts in [[Act::Close, Act::Close], [no_tls(), no_tls()]] {
        let stub = Stub::play(acts).await;
        let expected = [("transient", "connect".to_owned()), ("transient", "connect".to_owned())];
        assert_eq!(both(&client(&stub.url("https"), Limits::default())).await, expected);
    }
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_certainly_sent_nothing() {
    let stub = Stub::play([Act::Silence, Act::Silence]).await;
    let limits = Limits { connect_timeout: Duration::from_millis(200), ..impatient() };
    let expected = [("transient", "connect".to_owned()), ("transient", "connect".to_owned())];
    assert_eq!(both(&client(&stub.url("https"), limits)).await, expected);
    assert!(stub.requests().is_empty());
}

#[tokio::test]
async fn a_connection_closed_before_the_request_was_read_is_a_doubt() {
    doubtful(|| Act::Close, "reset").await;
}

#[tokio::test]
async fn a_connection_closed_before_the_answer_is_a_doubt() {
    doubtful(|| Act::SayAndClose(vec![]), "reset").await;
}

#[tokio::test]
async fn a_connection_closed_in_the_headers_is_a_doubt() {
    doubtful(|| Act::SayAndClose(b"HTTP/1.1 200 OK\r\nContent-Le".to_vec()), "reset").await;
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_a_doubt() {
    doubtful(|| Act::SayAndClose(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()), "reset").await;
}

#[tokio::test]
async fn a_body_cut_short_of_its_length_is_a_doubt() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"id\":\"A.B\"}";
    taken(|| Act::SayAndClose(cut.to_vec()), "truncated").await;
}

#[tokio::test]
async fn a_chunked_body_without_its_end_is_a_doubt() {
    let cut = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{\"id\":\"A.B\"}\r\n";
    taken(|| Act::SayAndClose(cut.to_vec()), "truncated").await;
}

#[tokio::test]
async fn a_refusal_cut_short_is_a_doubt() {
    let cut = b"HTTP/1.1 400 X\r\nContent-Length: 999\r\n\r\n{\"code\":-2}";
    doubtful(|| Act::SayAndClose(cut.to_vec()), "400").await;
}

#[tokio::test]
async fn silence_is_a_doubt() {
    let stub = Stub::play([Act::Silence, Act::Silence]).await;
    let expected = [("transient", "timeout".to_owned()), ("ambiguous", "timeout".to_owned())];
    assert_eq!(both(&client(&stub.url("http"), impatient())).await, expected);
    assert_eq!(stub.requests().len(), 2, "each was sent once");
}

#[tokio::test]
async fn silence_inside_a_body_is_a_doubt() {
    let half = || Act::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"id\"".to_vec());
    let stub = Stub::play([half(), half()]).await;
    let expected = [("transient", "timeout".to_owned()), ("ambiguous", "taken".to_owned())];
    assert_eq!(both(&client(&stub.url("http"), impatient())).await, expected);
}

/// However slowly something comes: what counts is how long the whole takes.
#[tokio::test]
async fn an_answer_that_trickles_in_is_a_doubt() {
    for (head, code) in [
        ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"id\":\"", "taken"),
        ("HTTP/1.1 200 OK\r\nX-Slow: ", "timeout"),
        ("HTTP/1.1 200 ", "timeout"),
    ] {
        let slow = || Act::Trickle(head.as_bytes().to_vec());
        let stub = Stub::play([slow(), slow()]).await;
        let [read, post] = both(&client(&stub.url("http"), impatient())).await;
        assert_eq!((read, post), (("transient", "timeout".to_owned()), ("ambiguous", code.to_owned())), "{head:?}");
    }
}

#[tokio::test]
async fn an_answer_with_headers_without_measure_is_a_doubt() {
    let huge = format!("HTTP/1.1 200 OK\r\nX-Huge: {}\r\nContent-Length: 2\r\n\r\n{{}}", "x".repeat(8 << 20));
    doubtful(|| Act::Say(huge.clone().into_bytes()), "reset").await;
    let many: String = (0..20_000).map(|n| format!("X-{n}: x\r\n")).collect();
    doubtful(|| Act::Say(answer(200, &many, r#"{"id":"A.B"}"#)), "reset").await;
}

#[tokio::test]
async fn a_gateways_page_is_a_doubt() {
    for status in [502, 503, 504, 408, 413, 499, 403] {
        let page = || Act::Say(answer(status, "Content-Type: text/html\r\n", "<html>no</html>"));
        let stub = Stub::play([page(), page()]).await;
        let [_, post] = both(&stub.client()).await;
        assert_eq!(post, ("ambiguous", status.to_string()));
    }
}

#[tokio::test]
async fn a_redirect_is_a_doubt_and_never_followed() {
    let target = Stub::play([ok(r#"{"id":"A.B"}"#)]).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("Location: {}/v1/api/story/post/note\r\n", target.url("http"));
        doubtful(|| Act::Say(answer(status, &location, "")), &status.to_string()).await;
    }
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn a_success_without_a_usable_body_says_that_the_story_exists() {
    let body = |text: &str| Act::Say(answer(200, "", text));
    for text in ["", "{", "<html>", "{}", r#"{"id":""}"#] {
        let fault = published(body(text)).await;
        assert_eq!((fault.class.as_str(), fault.code.as_str()), ("ambiguous", "taken"), "{text:?}");
        assert!(fault.reason.contains("the story exists"), "{}", fault.reason);
        taken(|| body(text), "unreadable").await;
    }
}

#[tokio::test]
async fn a_success_that_holds_a_refusal_is_a_doubt_about_a_post() {
    let refusal = || ok(r#"{"msg":"no","code":-401}"#);
    let stub = Stub::play([refusal(), refusal()]).await;
    let expected = [("blocked", "-401".to_owned()), ("ambiguous", "-401".to_owned())];
    assert_eq!(both(&stub.client()).await, expected);
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_a_doubt() {
    let long = format!(r#"{{"id":"A.B","x":"{}"}}"#, "x".repeat(2000));
    let stub = Stub::play([ok(&long), ok(&long)]).await;
    let client = client(&stub.url("http"), Limits { body_bytes_max: 1000, ..Limits::default() });
    let expected = [("transient", "oversized".to_owned()), ("ambiguous", "taken".to_owned())];
    assert_eq!(both(&client).await, expected);
}

#[tokio::test]
async fn a_refusal_with_a_code_leaves_no_doubt() {
    let refusal = r#"{"msg":"content can't be null","code":-2}"#;
    let fault = published(Act::Say(answer(400, "", refusal))).await;
    insta::assert_snapshot!(fault, @r#"a parameter is missing or wrong: "content can't be null" (-2). Correct what it says in its job file, then let it go again with `storyd admin retry`; a post of `storyd admin post` is put in anew."#);
    let expired = r#"{"msg":"this access token does not exist","code":-401}"#;
    assert!(published(Act::Say(answer(401, "", expired))).await.wants_refresh());
}

#[tokio::test]
async fn a_wish_to_wait_is_counted_from_the_servers_own_clock() {
    let headers = "Date: Tue, 01 Dec 2026 00:00:00 GMT\r\nRetry-After: Tue, 01 Dec 2026 00:02:00 GMT\r\n";
    let fault = published(Act::Say(answer(429, headers, r#"{"code":-10}"#))).await;
    assert!(format!("{:?}", fault.class).contains("Wait(120s)"), "{:?}", fault.class);
}

#[tokio::test]
async fn no_request_leaves_on_a_connection_that_another_one_used() {
    let id = r#"{"id":"A.B","created_at":"2026-12-01T00:00:00Z"}"#;
    let stub = Stub::play([ok(id), ok(id), ok(id), ok(id)]).await;
    let client = client(&stub.url("http"), Limits::default());
    client.story(&token(), "A.B").await.unwrap();
    client.story(&token(), "A.B").await.unwrap();
    client.publish(&token(), &note("a")).await.unwrap();
    client.publish(&token(), &note("b")).await.unwrap();
    assert_eq!(stub.connections(), 4);
}

#[tokio::test]
async fn a_stray_answer_is_not_that_of_the_next_post() {
    let strays = [
        answer(200, "", r#"{"id":"A.GHOST"}"#),
        answer(401, "", r#"{"code":-401}"#),
        answer(400, "", r#"{"code":-2}"#),
        answer(429, "Retry-After: 0\r\n", ""),
    ];
    for stray in strays {
        let doubled = [answer(200, "", r#"{"id":"A.B"}"#), stray].concat();
        let stub = Stub::play([Act::Say(doubled), ok(r#"{"id":"A.C"}"#)]).await;
        let client = stub.client();
        assert_eq!(client.publish(&token(), &note("a")).await.unwrap().story_id, "A.B");
        assert_eq!(client.publish(&token(), &note("b")).await.unwrap().story_id, "A.C");
    }
}

#[tokio::test]
async fn a_success_that_kakao_does_not_document_names_no_story_and_shows_no_list() {
    for status in [201, 202, 203, 206, 226] {
        let fault = published(Act::Say(answer(status, "", r#"{"id":"A.B"}"#))).await;
        assert_eq!((fault.class.as_str(), fault.code.as_str()), ("ambiguous", "taken"), "{status}");
        let stub = Stub::play([Act::Say(answer(status, "", "[]"))]).await;
        let fault = stub.client().stories(&token(), None).await.unwrap_err();
        assert_eq!((fault.class.as_str(), fault.code.as_str()), ("transient", "unreadable"), "{status}");
    }
}

#[tokio::test]
async fn that_the_service_has_ended_is_believed_of_a_refusal_alone() {
    for (status, class) in [(400, "blocked"), (200, "transient"), (500, "transient"), (502, "transient")] {
        let stub = Stub::play([Act::Say(answer(status, "", r#"{"code":-9,"msg":"ended"}"#))]).await;
        let fault = stub.client().stories(&token(), None).await.unwrap_err();
        assert_eq!(fault.class.as_str(), class, "{status}: {fault:?}");
    }
}

#[tokio::test]
async fn a_server_that_dies_between_two_posts_leaves_no_doubt_about_the_second() {
    let stub = Stub::play([Act::SayAndClose(answer(200, "", r#"{"id":"A.B"}"#)), ok(r#"{"id":"A.C"}"#)]).await;
    let client = stub.client();
    assert_eq!(client.publish(&token(), &note("a")).await.unwrap().story_id, "A.B");
    assert_eq!(client.publish(&token(), &note("b")).await.unwrap().story_id, "A.C");
}

#[test]
fn a_base_url_or_limit_that_makes_no_sense_is_refused() {
    for url in ["", "kapi.kakao.com", "ftp://x", "https://x?a=1", "https://x#a", "https://user:pw@x"] {
        let endpoints = Endpoints { api_url: url.into(), ..Endpoints::default() };
        let made = Client::new(endpoints, Limits::default(), Clock::system());
        assert!(matches!(made, Err(ClientError::Url { name: "api_url", .. })), "{url}");
    }
    let limits = Limits { publish_timeout: Limits::default().connect_timeout, ..Limits::default() };
    let made = Client::new(Endpoints::default(), limits, Clock::system());
    assert!(matches!(made, Err(ClientError::Limits { name: "publish_timeout", .. })));
}
