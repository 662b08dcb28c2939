//! What the sandbox serves beside Kakao's paths, what it writes down, and how it treats what it does not know.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use kakao_sandbox::{FaultName, FaultRule, LedgerEntry, RequestRecord};
use serde_json::{Value, json};

use crate::sandbox_support::{Bench, png};

#[tokio::test]
async fn the_ledger_is_served_to_everybody_as_it_is_in_process() {
    let bench = Bench::new().await;
    let paths = bench.upload(&[png(1, 1)]).await.text;
    let id = bench.photo(&[("image_url_list", &paths), ("permission", "M")]).await.id();
    bench.delete(&id).await;
    let seen = bench.bare("GET", "/_sandbox/ledger").await;
    assert_eq!(seen.header("content-type"), "application/json;charset=UTF-8");
    assert_eq!(serde_json::from_str::<Vec<LedgerEntry>>(&seen.text).unwrap(), bench.sandbox.ledger());
    let entry = &seen.json()[0];
    for key in ["id", "account", "kind", "permission", "images", "created_at", "deleted_at", "request"] {
        assert!(!entry[key].is_null(), "{key}: {entry}");
    }
    assert_eq!((&entry["permission"], &entry["created_at"]), (&json!("ONLY_ME"), &json!("2026-12-01T00:00:00Z")));
}

#[tokio::test]
async fn the_record_tells_what_was_sent_and_never_a_token() {
    let bench = Bench::new().await;
    let id = bench.form("/v1/api/story/post/note", &[("content", "한 잔"), ("content", "둘")]).await.id();
    bench.refresh(&bench.first().refresh_token).await;
    let secret = [
        ("grant_type", "authorization_code"),
        ("client_id", "my-key"),
        ("code", "my-code"),
        ("client_secret", "my-secret"),
    ];
    bench.form("/oauth/token", &secret).await;
    bench.fault(FaultRule::new(FaultName::AnswerLost));
    assert!(bench.try_send(bench.request("GET", "/v1/api/story/isstoryuser?access_token=my-token")).await.is_err());
    let seen = bench.bare("GET", "/_sandbox/requests").await;
    for hidden in [bench.token.as_str(), &bench.first().refresh_token, "my-key", "my-code", "my-secret", "my-token"] {
        assert!(!seen.text.contains(hidden), "{hidden}: {}", seen.text);
    }
    let records: Vec<RequestRecord> = serde_json::from_str(&seen.text).unwrap();
    assert_eq!(records, bench.sandbox.requests());
    assert_eq!(
        records.iter().map(|record| record.number).collect::<Vec<_>>(),
        [1, 2, 3, 4],
        "control requests do not count"
    );
    let post = &seen.json()[0];
    assert_eq!(post["params"], json!([{"name": "content", "value": "한 잔"}, {"name": "content", "value": "둘"}]));
    assert_eq!((&post["call"], &post["account"], &post["story"]), (&json!("note"), &json!("sandbox"), &json!(id)));
    assert_eq!((&post["outcome"], &post["status"]), (&json!("answered"), &json!(200)));
    let lost = &seen.json()[3];
    assert_eq!(
        (&lost["outcome"], &lost["status"], &lost["faults"]),
        (&json!("closed"), &Value::Null, &json!(["answer-lost"]))
    );
    assert_eq!(seen.json()[2]["code"], "KOE320");
}

#[tokio::test]
async fn faults_are_read_and_replaced_over_http() {
    let bench = Bench::new().await;
    let put = async |body: &str| bench.send(bench.request("PUT", "/_sandbox/faults").body(body.to_owned())).await;
    let seen = put("[{\"name\": \"code-10\", \"count\": 1, \"calls\": [\"note\"]}, \"answer_lost=0.25\"]").await;
    assert_eq!(seen.status, 200, "{seen:?}");
    assert_eq!(bench.note("x").await.refusal(), (400, -10));
    let rules = bench.bare("GET", "/_sandbox/faults").await.json();
    let expected = json!([
        {"name": "code-10", "probability": 1.0, "count": 0, "calls": ["note"]},
        {"name": "answer-lost", "probability": 0.25},
    ]);
    assert_eq!(rules, expected);
    for wrong in [
        "",
        "{}",
        "[1]",
        "[\"nonsense\"]",
        "[{\"name\":\"delay\",\"extra\":1}]",
        "[{\"name\":\"delay\",\"probability\":7}]",
    ] {
        let seen = put(wrong).await;
        assert_eq!(seen.status, 400, "{wrong}");
        assert!(seen.json()["error"].as_str().unwrap().contains("send a JSON array"), "{seen:?}");
    }
    assert_eq!(bench.bare("GET", "/_sandbox/faults").await.json(), expected, "a refused list changes nothing");
    assert_eq!(put("[]").await.json(), json!([]));
    bench.note("x").await.id();
}

#[tokio::test]
async fn the_page_shows_what_a_follower_would_see_and_nothing_can_break_out_of_it() {
    let bench = Bench::with(|options| options.accounts = vec!["cafe".into(), "<b>".into()]).await;
    bench.note("<script>alert(\"1\")</script> & 라떼").await.id();
    bench.form("/v1/api/story/post/note", &[("content", "비밀 메모"), ("permission", "M")]).await.id();
    let gone = bench.note("지운 글").await.id();
    bench.delete(&gone).await;
    let path = bench.upload(&[png(7, 8)]).await.json()[0].as_str().unwrap().to_owned();
    bench.photo(&[("image_url_list", &json!([path]).to_string()), ("permission", "F")]).await.id();
    let info = bench.link_info("https://example.com/\"><i>").await.text;
    bench.link(&[("link_info", &info)]).await.id();

    let page = bench.bare("GET", "/").await;
    assert!(page.header("content-type").starts_with("text/html"));
    let image = format!("src=\"/dn{}\"", path.replace('&', "&amp;"));
    let shown = [
        "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; 라떼",
        "친구 공개",
        "나만 보기 스토리 1개",
        &image,
        "example.com",
        "2026년 12월 1일 09:00",
        "&lt;b&gt;",
        "아직 올라온 스토리가 없습니다",
    ];
    for expected in shown {
        assert!(page.text.contains(expected), "{expected}: {}", page.text);
    }
    for hidden in ["<script>", "비밀 메모", "지운 글", "<i>", "{{"] {
        assert!(!page.text.contains(hidden), "{hidden}: {}", page.text);
    }
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_are_answered_in_kakaos_shape() {
    let bench = Bench::new().await;
    for path in ["/v1/api/story", "/v1/api/story/post/note/", "/v2/api/talk/memo/send", "/v1/api/story/Mystories"] {
        assert_eq!(bench.get(path).await.refusal(), (404, -404), "{path}");
    }
    let cells = [
        ("GET", "post/note", "POST"),
        ("POST", "mystories", "GET"),
        ("GET", "delete/mystory", "DELETE"),
        ("PUT", "profile", "GET"),
    ];
    for (method, path, allowed) in cells {
        let seen = bench.send(bench.request(method, &format!("/v1/api/story/{path}"))).await;
        assert_eq!(seen.refusal(), (405, -405), "{method} {path}");
        assert_eq!(seen.header("allow"), allowed);
    }
    assert_eq!(bench.bare("POST", "/").await.status, 405);
    assert_eq!(bench.bare("GET", "/_sandbox/nothing").await.status, 404);
    assert_eq!(bench.bare("GET", "/dn/../../etc/passwd/x").await.status, 404);
    assert_eq!(bench.sandbox.requests().len(), 9, "what a client sent is written down, known or not");
}

#[tokio::test]
async fn the_record_is_a_ring_and_its_count_goes_on() {
    let bench = Bench::new().await;
    let mut request = b"GET /x HTTP/1.1\r\nHost: k\r\n\r\n".repeat(10_099);
    request.extend_from_slice(b"GET /x HTTP/1.1\r\nHost: k\r\nConnection: close\r\n\r\n");
    // All in one go on one connection: a thousand round trips would only take time.
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(bench.sandbox.address()).unwrap();
    let mut reader = stream.try_clone().unwrap();
    let drain = std::thread::spawn(move || {
        let mut chunk = vec![0; 1 << 16];
        while reader.read(&mut chunk).is_ok_and(|count| count > 0) {}
    });
    stream.write_all(&request).unwrap();
    drain.join().unwrap();
    let records = bench.sandbox.requests();
    assert_eq!(records.len(), 10_000);
    assert_eq!(records.last().unwrap().number, 10_100);
    assert_eq!(records[0].number, 101);
}

#[tokio::test]
async fn an_address_in_use_is_named_with_a_way_out() {
    let bench = Bench::new().await;
    let options = kakao_sandbox::Options { listen: bench.sandbox.address(), ..Default::default() };
    let error = kakao_sandbox::start(options).await.unwrap_err().to_string();
    assert!(error.contains(&bench.sandbox.address().to_string()) && error.contains("port 0"), "{error}");
}
