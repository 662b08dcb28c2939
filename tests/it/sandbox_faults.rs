//! Every fault does what its name says, to the client and to the ledger, and only when its rule says so.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule, Outcome};
use serde_json::{Value, json};

use crate::sandbox_support::{Bench, Seen, png};

/// What the client gets to see of one request.
#[derive(Debug, PartialEq)]
enum View {
    /// The answer that it would get without the fault.
    Right,
    /// This status, and this code where there is one.
    Refused(u16, Option<String>),
    /// 200 without a readable body.
    Unreadable,
    /// The head of a 200 and a part of its body.
    Cut,
    /// The end of the connection, no byte.
    Closed,
    /// No byte, and the connection stays.
    Silence,
}

/// Whether a story exists after one post under the fault: at once, later, or not.
#[derive(Debug, PartialEq)]
enum Effect {
    Now,
    Later,
    Never,
}

/// What the documents say of each fault. No wildcard: a fault without an expectation does not compile.
fn expected(fault: FaultName) -> (View, Effect) {
    let plain = |status| View::Refused(status, None);
    match fault {
        FaultName::AnswerLost => (View::Closed, Effect::Now),
        FaultName::RequestDropped => (View::Closed, Effect::Never),
        FaultName::HangBeforeEffect => (View::Silence, Effect::Never),
        FaultName::HangAfterEffect => (View::Silence, Effect::Now),
        FaultName::ServerErrorBeforeEffect => (plain(500), Effect::Never),
        FaultName::ServerErrorAfterEffect => (plain(500), Effect::Now),
        FaultName::BadGatewayBeforeEffect => (plain(502), Effect::Never),
        FaultName::BadGatewayAfterEffect => (plain(502), Effect::Now),
        FaultName::GarbageAfterEffect | FaultName::EmptyAfterEffect => (View::Unreadable, Effect::Now),
        FaultName::TruncatedAfterEffect => (View::Cut, Effect::Now),
        FaultName::RedirectBeforeEffect => (plain(302), Effect::Never),
        FaultName::RedirectAfterEffect => (plain(302), Effect::Now),
        FaultName::LateEffect => (View::Closed, Effect::Later),
        FaultName::LateEffectServerError => (plain(500), Effect::Later),
        FaultName::TooManyRequests => (plain(429), Effect::Never),
        FaultName::Code(code) => (View::Refused(status_of(code), Some(code.to_string())), Effect::Never),
        FaultName::CodeAfterEffect(code) => (View::Refused(status_of(code), Some(code.to_string())), Effect::Now),
        FaultName::Koe(number) => {
            let status = match number {
                3 => 500,
                10 | 101 => 401,
                _ => 400,
            };
            (View::Refused(status, Some(format!("KOE{number:03}"))), Effect::Never)
        }
        FaultName::Delay
        | FaultName::ListLag
        | FaultName::TrimContent
        | FaultName::CrlfContent
        | FaultName::NfcContent
        | FaultName::NfdContent
        | FaultName::ReverseImages
        | FaultName::NoRefreshToken
        | FaultName::RotateRefreshToken
        | FaultName::ShortAccessToken
        | FaultName::Deceit(_) => (View::Right, Effect::Now),
    }
}

/// The table of the contract, written down a second time.
fn status_of(code: i32) -> u16 {
    match code {
        -401 | -406 => 401,
        -3 | -4 | -5 | -6 | -12 | -402 => 403,
        -404 => 404,
        -405 => 405,
        -9798 => 503,
        _ => 400,
    }
}

/// One valid request of a call, as bytes.
async fn request_bytes(bench: &Bench, call: Call) -> Vec<u8> {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let (method, path, form) = match call {
        Call::Note => ("POST", call.path().to_owned(), "content=x".to_owned()),
        Call::Photo => {
            let paths = bench.upload(&[png(1, 1)]).await.text;
            ("POST", call.path().to_owned(), format!("image_url_list={}", encode(&paths)))
        }
        Call::Link => {
            let info = bench.link_info("http://a.kr/").await.text;
            ("POST", call.path().to_owned(), format!("link_info={}", encode(&info)))
        }
        Call::Token => {
            let token = &bench.first().refresh_token;
            ("POST", call.path().to_owned(), format!("grant_type=refresh_token&client_id=app&refresh_token={token}"))
        }
        Call::MyStory => ("GET", format!("{}?id={}", call.path(), bench.note("y").await.id()), String::new()),
        Call::Delete => ("DELETE", format!("{}?id={}", call.path(), bench.note("y").await.id()), String::new()),
        Call::LinkInfo => ("GET", format!("{}?url=http://a.kr/", call.path()), String::new()),
        Call::Upload => return upload_bytes(bench),
        other => ("GET", other.path().to_owned(), String::new()),
    };
    format!(
        "{method} {path} HTTP/1.1\r\nHost: kapi\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        bench.token,
        form.len()
    )
    .into_bytes()
}

fn upload_bytes(bench: &Bench) -> Vec<u8> {
    let mut body = Vec::new();
    for image in [png(1, 1), png(2, 2)] {
        body.extend_from_slice(b"--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n");
        body.extend_from_slice(&image);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--B--\r\n");
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: kapi\r\nAuthorization: Bearer {}\r\nContent-Type: multipart/form-data; boundary=B\r\n\
         Content-Length: {}\r\n\r\n",
        Call::Upload.path(),
        bench.token,
        body.len()
    );
    [head.into_bytes(), body].concat()
}

/// How long to wait for an answer: long where one must come, so that a slow machine is not taken for silence.
fn patience(expected: &View) -> Duration {
    if *expected == View::Silence { Duration::from_millis(60) } else { Duration::from_secs(20) }
}

/// Sends the bytes and tells what came back.
fn look(bench: &Bench, request: &[u8], patience: Duration) -> (View, String) {
    let mut stream = TcpStream::connect(bench.sandbox.address()).unwrap();
    stream.write_all(request).unwrap();
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    stream.set_read_timeout(Some(patience)).unwrap();
    let ended = loop {
        match stream.read(&mut chunk) {
            Ok(0) => break true,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break false,
            Err(_) => break true,
        }
        if complete(&bytes) {
            break false;
        }
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let view = match (text.split_once("\r\n\r\n"), ended) {
        (None, true) => View::Closed,
        (None, false) => View::Silence,
        (Some(_), true) => View::Cut,
        (Some((head, body)), false) => whole(head, body),
    };
    (view, text)
}

fn complete(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")).map(|text| text.parse::<usize>().unwrap());
    bytes.len() == head.len() + 4 + length.unwrap_or_default()
}

fn whole(head: &str, body: &str) -> View {
    let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
    let json = serde_json::from_str::<Value>(body).ok();
    let code = json.as_ref().and_then(|json| match (&json["code"], &json["error_code"]) {
        (Value::Number(code), _) => Some(code.to_string()),
        (_, Value::String(code)) => Some(code.clone()),
        _ => None,
    });
    match (status, json) {
        (200, Some(_)) => View::Right,
        (200, None) => View::Unreadable,
        _ => View::Refused(status, code),
    }
}

#[tokio::test]
async fn every_fault_does_what_its_name_says_on_every_call_that_it_fits_by_default() {
    for fault in FaultName::all() {
        let bench = Bench::new().await;
        for call in fault.default_calls() {
            let mut request = request_bytes(&bench, *call).await;
            let before = bench.sandbox.ledger().len();
            let mut rule = FaultRule::new(fault).on(&[*call]).times(1);
            if fault == FaultName::Delay {
                rule = rule.after(Duration::from_millis(1));
            }
            bench.fault(rule);
            let (mut right_view, right_effect) = expected(fault);
            let (view, text) = look(&bench, &request, patience(&right_view));
            if *call == Call::Delete && right_view == View::Right {
                right_view = View::Unreadable;
            }
            if *call == Call::Delete && fault == FaultName::TruncatedAfterEffect {
                // Half of nothing is nothing: the empty answer of a delete cannot be cut.
                right_view = View::Unreadable;
            }
            assert_eq!(view, right_view, "{fault} on {call}: {text}");

            let record = bench.sandbox.requests().pop().unwrap();
            assert_eq!(record.faults, [fault.to_string()], "{call}");
            let posts = matches!(call, Call::Note | Call::Photo | Call::Link);
            if posts {
                assert_eq!(record.story.is_some(), right_effect != Effect::Never, "{fault} on {call}");
                let now = bench.sandbox.ledger().len() - before;
                assert_eq!(now, usize::from(right_effect == Effect::Now), "{fault} on {call}");
            }
            if *call == Call::Delete {
                let deleted = bench.sandbox.ledger().pop().unwrap().deleted_at.is_some();
                assert_eq!(deleted, right_effect == Effect::Now, "{fault} on {call}");
            }
            // Its count is used up: the same request is answered rightly, unless the first one deleted the story.
            if *call == Call::Delete {
                request = request_bytes(&bench, *call).await;
            }
            let right = match (call, fault) {
                (Call::Delete, _) => View::Unreadable,
                // The token that it was sent with is dead.
                (_, FaultName::RotateRefreshToken) => View::Refused(400, Some("KOE322".to_owned())),
                _ => View::Right,
            };
            assert_eq!(look(&bench, &request, patience(&right)).0, right, "{fault} on {call}, again");
            if posts && right_effect == Effect::Later {
                bench.advance(Duration::from_micros(29_999_999));
                assert_eq!(bench.sandbox.ledger().len(), before + 1, "{fault}: not yet");
                bench.advance(Duration::from_micros(1));
                assert_eq!(bench.sandbox.ledger().len(), before + 2, "{fault}: there");
                assert!(bench.listed().await.contains(record.story.as_ref().unwrap()));
            }
        }
    }
}

#[tokio::test]
async fn faults_can_be_set_on_the_login_host_and_on_every_other_call_that_they_name() {
    for fault in FaultName::all() {
        for call in fault.possible_calls().iter().filter(|call| !fault.default_calls().contains(call)) {
            let bench = Bench::new().await;
            let request = request_bytes(&bench, *call).await;
            bench.fault(FaultRule::new(fault).on(&[*call]).after_if_any());
            let mut right = expected(fault).0;
            let (view, text) = look(&bench, &request, patience(&right));
            if *call == Call::Delete && right == View::Right {
                right = View::Unreadable;
            }
            assert_eq!(view, right, "{fault} on {call}: {text}");
        }
    }
}

/// A short `after` for the one fault that takes real time.
trait Short {
    fn after_if_any(self) -> Self;
}

impl Short for FaultRule {
    fn after_if_any(self) -> Self {
        if self.name == FaultName::Delay { self.after(Duration::from_millis(1)) } else { self }
    }
}

#[tokio::test]
async fn answers_of_faults_carry_the_headers_that_clients_go_by() {
    let bench = Bench::new().await;
    bench.fault(FaultRule::new(FaultName::TooManyRequests).after(Duration::from_secs(7)));
    assert_eq!(bench.note("x").await.header("retry-after"), "7");
    bench.fault(FaultRule::new(FaultName::Code(-401)));
    assert_eq!(bench.note("x").await.header("www-authenticate"), "Bearer error=invalid_token");
    bench.fault(FaultRule::new(FaultName::Code(-402)));
    let seen = bench.get("/v1/api/story/mystories").await.json();
    assert_eq!(seen["required_scopes"], json!(["story_read"]));
    assert!(seen["allowed_scopes"].as_array().unwrap().len() > 2);
    bench.fault(FaultRule::new(FaultName::RedirectBeforeEffect));
    let seen = bench.note("x").await;
    assert_eq!(seen.header("location"), "/v1/api/story/post/note?redirected=1");
    bench.fault(FaultRule::new(FaultName::BadGatewayBeforeEffect));
    let seen = bench.note("x").await;
    assert!(seen.header("content-type").starts_with("text/html") && seen.text.starts_with("<html>"));
}

#[tokio::test]
async fn a_delay_lasts_as_long_as_it_says() {
    let bench = Bench::new().await;
    bench.fault(FaultRule::new(FaultName::Delay).after(Duration::from_millis(80)));
    let request = bench.request("GET", "/v1/api/story/isstoryuser");
    let impatient = bench.try_send(request.timeout(Duration::from_millis(20))).await;
    assert!(impatient.unwrap_err().is_timeout());
    assert_eq!(bench.get("/v1/api/story/isstoryuser").await.status, 200);
}

#[tokio::test]
async fn a_late_effect_survives_a_restart_and_keeps_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let bench = Bench::with(|options| options.ledger = Some(path.clone())).await;
    bench.fault(FaultRule::new(FaultName::LateEffect).after(Duration::from_secs(90)));
    assert!(bench.try_send(bench.request("POST", Call::Note.path()).form(&[("content", "x")])).await.is_err());
    let (time, start) = (bench.time.clone(), crate::sandbox_support::START_MICROS);
    bench.sandbox.stop().await;
    let bench = Bench::on_ledger(&time, &path).await;
    bench.note("sooner").await.id();
    bench.advance(Duration::from_secs(90));
    let list = bench.get("/v1/api/story/mystories").await.json();
    assert_eq!(
        (&list[0]["content"], &list[1]["content"]),
        (&json!("x"), &json!("sooner")),
        "the list is by time of effect"
    );
    assert_eq!(bench.sandbox.ledger()[1].created_at.as_microsecond(), start + 90_000_000);
}

#[tokio::test]
async fn faults_that_rewrite_lag_or_reverse_do_so_for_single_requests() {
    let bench = Bench::new().await;
    let cells = [
        (FaultName::TrimContent, " a\u{ac00}\n b \n", "a\u{ac00}\n b"),
        (FaultName::CrlfContent, "a\nb", "a\r\nb"),
        (FaultName::NfcContent, "\u{1112}\u{1161}\u{11ab}", "\u{d55c}"),
        (FaultName::NfdContent, "\u{d55c}", "\u{1112}\u{1161}\u{11ab}"),
    ];
    for (fault, sent, shown) in cells {
        bench.advance(Duration::from_secs(1));
        bench.fault(FaultRule::new(fault).times(1));
        bench.note(sent).await.id();
        assert_eq!(bench.get("/v1/api/story/mystories").await.json()[0]["content"], shown, "{fault}");
        let entry = bench.sandbox.ledger().pop().unwrap();
        assert_eq!((entry.content.as_deref(), entry.shown_content.as_deref()), (Some(sent), Some(shown)));
    }
    let listed = bench.listed().await.len();
    bench.fault(FaultRule::new(FaultName::ListLag).after(Duration::from_secs(10)));
    bench.note("x").await.id();
    assert_eq!(bench.listed().await.len(), listed);
    bench.advance(Duration::from_secs(10));
    assert_eq!(bench.listed().await.len(), listed + 1);
    bench.fault(FaultRule::new(FaultName::ReverseImages));
    let paths = bench.upload(&[png(1, 1), png(2, 2)]).await.json();
    assert!(paths[0].as_str().unwrap().ends_with("width=2&height=2"));
}

#[tokio::test]
async fn faults_of_the_token_call_change_what_tokens_come() {
    let bench = Bench::new().await;
    let refresh = bench.first().refresh_token.clone();
    bench.fault(FaultRule::new(FaultName::ShortAccessToken).after(Duration::from_secs(5)));
    assert_eq!(bench.refresh(&refresh).await.json()["expires_in"], 5);
    bench.fault(FaultRule::new(FaultName::RotateRefreshToken));
    let rotated = bench.refresh(&refresh).await.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(bench.refresh(&refresh).await.json()["error_code"], "KOE322");
    bench
        .sandbox
        .set_faults(vec![FaultRule::new(FaultName::RotateRefreshToken), FaultRule::new(FaultName::NoRefreshToken)])
        .unwrap();
    let answer = bench.refresh(&rotated).await.json();
    assert!(answer.get("refresh_token").is_none());
    assert_eq!(bench.refresh(&rotated).await.json()["error_code"], "KOE322", "replaced, but nobody was told");
}

#[tokio::test]
async fn a_request_that_hangs_does_not_keep_the_sandbox_from_stopping_or_from_answering_others() {
    let bench = Bench::new().await;
    bench.fault(FaultRule::new(FaultName::HangAfterEffect).times(1));
    let request = request_bytes(&bench, Call::Note).await;
    let mut stream = TcpStream::connect(bench.sandbox.address()).unwrap();
    stream.write_all(&request).unwrap();
    while bench.sandbox.requests().is_empty() {
        assert_eq!(bench.bare("GET", "/_sandbox/requests").await.status, 200);
    }
    assert_eq!(bench.sandbox.requests()[0].outcome, Outcome::Hung);
    let seen: Seen = bench.note("y").await;
    assert_eq!(seen.status, 200);
    bench.sandbox.stop().await;
    assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0, "the connection ended");
}
