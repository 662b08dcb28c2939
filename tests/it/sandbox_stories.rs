//! Posting, reading back and deleting at the sandbox, cell by cell.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kakao_sandbox::{Normalisation, Quirks};
use serde_json::{Value, json};

use crate::sandbox_support::{Bench, START_MICROS, gif, ids, jpeg, png};

const INVALID: (u16, i64) = (400, -2);

#[tokio::test]
async fn a_note_is_in_the_ledger_as_it_was_sent_and_in_the_list_until_it_is_deleted() {
    let bench = Bench::new().await;
    let pairs = [
        ("content", "  한 줄\n두 줄 <b>&amp;</b> "),
        ("permission", "F"),
        ("enable_share", "1"),
        ("android_exec_param", "cafe_id=1234&x=1"),
        ("ios_market_param", "a=b"),
    ];
    let id = bench.form("/v1/api/story/post/note", &pairs).await.id();
    assert_eq!(id.matches('.').count(), 1);

    let entry = bench.sandbox.ledger().remove(0);
    assert_eq!(entry.id, id);
    assert_eq!((entry.kind.as_str(), entry.permission.as_str(), entry.enable_share), ("note", "FRIEND", true));
    assert_eq!(entry.content.as_deref(), Some("  한 줄\n두 줄 <b>&amp;</b> "));
    assert_eq!(entry.android_exec_param.as_deref(), Some("cafe_id=1234&x=1"));
    assert_eq!(entry.ios_market_param.as_deref(), Some("a=b"));
    assert_eq!(entry.created_at.as_microsecond(), START_MICROS);
    assert_eq!(bench.sandbox.requests().last().map(|request| request.number), Some(entry.request));

    let (profile, activity) = id.split_once('.').unwrap();
    let expected = json!({
        "id": id,
        "url": format!("https://story.kakao.com/{profile}/{activity}"),
        "media_type": "NOTE",
        "created_at": "2026-12-01T00:00:00Z",
        "comment_count": 0,
        "like_count": 0,
        "content": "  한 줄\n두 줄 <b>&amp;</b> ",
        "permission": "FRIEND",
    });
    let list = bench.get("/v1/api/story/mystories").await;
    assert_eq!(list.json(), json!([expected]));
    assert_eq!(list.header("content-type"), "application/json;charset=UTF-8");
    let one = bench.get(&format!("/v1/api/story/mystory?id={id}")).await.json();
    assert_eq!(one["comments"], json!([]));
    assert_eq!(one["likes"], json!([]));

    bench.advance(Duration::from_secs(60));
    let deleted = bench.delete(&id).await;
    assert_eq!((deleted.status, deleted.text.as_str(), deleted.header("content-length")), (200, "", "0"));
    assert_eq!(deleted.header("content-type"), "application/json;charset=UTF-8");
    assert_eq!(bench.delete(&id).await.refusal(), (400, -605));
    assert_eq!(bench.get(&format!("/v1/api/story/mystory?id={id}")).await.refusal(), (400, -605));
    assert!(bench.listed().await.is_empty());
    let entry = bench.sandbox.ledger().remove(0);
    assert_eq!(entry.deleted_at.map(Timestamp::as_microsecond), Some(START_MICROS + 60_000_000));
}

#[tokio::test]
async fn a_post_is_refused_cell_by_cell_and_leaves_no_story() {
    let bench = Bench::new().await;
    let long = "가".repeat(2049);
    let emoji = "😀".repeat(1025);
    let cells: [&[(&str, &str)]; 12] = [
        &[],
        &[("content", "")],
        &[("content", &long)],
        &[("content", &emoji)],
        &[("content", "x"), ("permission", "B")],
        &[("content", "x"), ("permission", "a")],
        &[("content", "x"), ("permission", "")],
        &[("content", "x"), ("permission", "PUBLIC")],
        &[("content", "x"), ("enable_share", "yes")],
        &[("content", "x"), ("enable_share", "")],
        &[("contents", "x")],
        &[("content", ""), ("content", "x")],
    ];
    for cell in cells {
        let seen = bench.form("/v1/api/story/post/note", cell).await;
        assert_eq!(seen.refusal(), INVALID, "{:.60?}", cell);
        assert!(seen.json()["msg"].is_string());
    }
    for (content_type, body) in [("application/json", "{\"content\":\"x\"}"), ("text/plain", "content=x")] {
        let request = bench.request("POST", "/v1/api/story/post/note").header("content-type", content_type).body(body);
        assert_eq!(bench.send(request).await.refusal(), INVALID, "{content_type}");
    }
    let form = "application/x-www-form-urlencoded";
    let request = bench.request("POST", "/v1/api/story/post/note").header("content-type", form).body("content=%ff");
    assert_eq!(bench.send(request).await.refusal(), INVALID, "a text that is not UTF-8");
    let large = format!("content=x&a={}", "b".repeat(1_000_001));
    let request = bench.request("POST", "/v1/api/story/post/note").header("content-type", form).body(large);
    assert_eq!(bench.send(request).await.refusal(), INVALID, "a form over its bound");
    assert!(bench.sandbox.ledger().is_empty());
}

#[tokio::test]
async fn a_post_is_taken_in_every_documented_and_seen_shape() {
    let bench = Bench::new().await;
    let longest = "😀".repeat(1024);
    bench.note(&longest).await.id();
    for (permission, shown) in [("A", "PUBLIC"), ("F", "FRIEND"), ("M", "ONLY_ME")] {
        bench.form("/v1/api/story/post/note", &[("content", "x"), ("permission", permission)]).await.id();
        assert_eq!(bench.sandbox.ledger().last().unwrap().permission, shown);
    }
    for (text, share) in [("true", true), ("false", false), ("1", true), ("0", false), ("TRUE", true)] {
        bench.form("/v1/api/story/post/note", &[("content", "x"), ("enable_share", text)]).await.id();
        assert_eq!(bench.sandbox.ledger().last().unwrap().enable_share, share);
    }
    let in_query =
        bench.request("POST", "/v1/api/story/post/note").query(&[("content", "in the query"), ("permission", "M")]);
    bench.send(in_query).await.id();
    let last = bench.sandbox.ledger().pop().unwrap();
    assert_eq!((last.content.as_deref(), last.permission.as_str()), (Some("in the query"), "ONLY_ME"));
    let both = bench.request("POST", "/v1/api/story/post/note?content=query").form(&[("content", "body")]);
    bench.send(both).await.id();
    assert_eq!(bench.sandbox.ledger().pop().unwrap().content.as_deref(), Some("query"));
    let doubled = bench.form("/v1/api/story/post/note", &[("content", "first"), ("content", "second")]).await;
    doubled.id();
    assert_eq!(bench.sandbox.ledger().pop().unwrap().content.as_deref(), Some("first"));
    assert_eq!(bench.sandbox.ledger().len(), 12);
}

#[tokio::test]
async fn a_photo_story_takes_only_paths_that_this_account_uploaded() {
    let bench = Bench::with(|options| options.accounts = vec!["cafe".into(), "bakery".into()]).await;
    let paths = bench.upload(&[png(160, 90), jpeg(1080, 1920)]).await;
    assert_eq!(paths.status, 200, "{paths:?}");
    let list: Vec<String> = serde_json::from_str(&paths.text).unwrap();
    assert!(list[0].starts_with('/') && list[0].ends_with("/img.png?width=160&height=90"), "{list:?}");
    assert!(list[1].ends_with("/img.jpg?width=1080&height=1920"), "{list:?}");

    bench.photo(&[("image_url_list", &paths.text), ("content", "주말엔 라떼 한 잔")]).await.id();
    let entry = bench.sandbox.ledger().remove(0);
    assert_eq!(entry.images.iter().map(|image| image.path.clone()).collect::<Vec<_>>(), list);
    assert_eq!((entry.images[1].format.as_str(), entry.images[1].width, entry.images[1].height), ("jpeg", 1080, 1920));
    assert_eq!(entry.images[0].sha256.len(), 64);
    let shown = bench.get("/v1/api/story/mystories").await.json();
    assert_eq!(shown[0]["media_type"], "PHOTO");
    for size in ["original", "xlarge", "large", "medium", "small"] {
        let url = shown[0]["media"][1][size].as_str().unwrap();
        let path = url.strip_prefix(&bench.url("")).unwrap();
        let image = bench.request("GET", path).send().await.unwrap();
        assert_eq!((image.status().as_u16(), image.headers()["content-type"].to_str().unwrap()), (200, "image/jpeg"));
        assert_eq!(image.bytes().await.unwrap(), jpeg(1080, 1920));
    }

    let first = serde_json::to_string(&list[0]).unwrap();
    let eleven = format!("[{}]", [first.as_str(); 11].join(","));
    let single_quotes = paths.text.replace('"', "'");
    let absolute = paths.text.replacen("\"/", "\"https://kapi.kakao.com/", 1);
    let unsized_path = paths.text.replace("?width=160&height=90", "");
    let cells =
        ["", "[]", "null", "{}", "[1]", "[[]]", &first, &list[0], &eleven, &single_quotes, &absolute, &unsized_path];
    for cell in cells {
        let seen = bench.photo(&[("image_url_list", cell)]).await;
        assert_eq!(seen.refusal(), INVALID, "{cell}");
    }
    assert_eq!(bench.photo(&[("content", "no list")]).await.refusal(), INVALID);
    let other = bench.sandbox.accounts().iter().find(|account| account.account == "bakery").unwrap();
    let body = format!("image_url_list={}", percent(&paths.text));
    let raw = format!(
        "POST /v1/api/story/post/photo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        other.access_token,
        body.len()
    );
    assert_eq!(bench.raw(raw.as_bytes()).refusal(), INVALID, "another account's upload");
    assert_eq!(bench.sandbox.ledger().len(), 1);
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn a_gif_stands_alone_in_a_story_too() {
    let bench = Bench::new().await;
    let picture = bench.upload(&[png(1, 1)]).await.json()[0].clone();
    let moving = bench.upload(&[gif(2, 3)]).await.json()[0].clone();
    assert!(moving.as_str().unwrap().ends_with("/img.gif?width=2&height=3"));
    let both = json!([picture, moving]).to_string();
    assert_eq!(bench.photo(&[("image_url_list", &both)]).await.refusal(), (400, -606));
    bench.photo(&[("image_url_list", &json!([moving]).to_string())]).await.id();
    let list = bench.get("/v1/api/story/mystories").await.json();
    assert!(list[0].get("content").is_none(), "a story without a text has no such key: {list}");
}

#[tokio::test]
async fn a_link_story_takes_only_what_linkinfo_answered() {
    let bench = Bench::new().await;
    let info = bench.link_info("https://example.com/메뉴?a=1").await;
    let value = info.json();
    assert_eq!(value["requested_url"], "https://example.com/메뉴?a=1");
    assert_eq!((value["host"].as_str(), value["site_name"].as_str()), (Some("example.com"), Some("example.com")));
    assert_eq!(bench.link_info("https://example.com/메뉴?a=1").await.text, info.text, "the same every time");

    bench.link(&[("link_info", &info.text), ("content", "메뉴")]).await.id();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    bench.link(&[("link_info", &pretty)]).await.id();
    let mut known = value.as_object().unwrap().clone();
    known.remove("site_name");
    let reversed: serde_json::Map<String, Value> = known.clone().into_iter().rev().collect();
    bench.link(&[("link_info", &Value::Object(reversed).to_string())]).await.id();
    let list = bench.get("/v1/api/story/mystories").await.json();
    assert_eq!(list[0]["media_type"], "NOT_SUPPORTED");
    assert!(list[0].get("media").is_none());

    known.insert("title".into(), json!("another"));
    let changed = Value::Object(known.clone()).to_string();
    known.insert("title".into(), value["title"].clone());
    known.insert("extra".into(), json!(1));
    let added = Value::Object(known).to_string();
    for cell in [
        "",
        "{}",
        "null",
        "[]",
        "https://example.com/",
        "{'url':1}",
        "{\"url\":\"https://example.org/\"}",
        &changed,
        &added,
    ] {
        assert_eq!(bench.link(&[("link_info", cell)]).await.refusal(), INVALID, "{cell}");
    }
    assert_eq!(bench.link(&[("content", "x")]).await.refusal(), INVALID);
    for url in ["", "example.com", "ftp://example.com/", "javascript:alert(1)", "/path"] {
        assert_eq!(bench.link_info(url).await.refusal(), INVALID, "{url}");
    }
    assert_eq!(bench.get("/v1/api/story/linkinfo").await.refusal(), INVALID);
    assert_eq!(bench.link_info("http://unscrapable.example.com/").await.refusal(), (400, -604));
    assert_eq!(bench.sandbox.ledger().len(), 3);
}

#[tokio::test]
async fn the_list_pages_by_eighteen_newest_first_to_an_empty_array() {
    let bench = Bench::new().await;
    let mut posted = Vec::new();
    for number in 0..41 {
        // Every third pair shares its microsecond: the order of the requests still holds.
        if number % 3 == 0 {
            bench.advance(Duration::from_millis(1));
        }
        posted.push(bench.note(&format!("{number}")).await.id());
    }
    posted.reverse();
    let mut seen = Vec::new();
    let mut sizes = Vec::new();
    loop {
        let last = seen.last().map(|id| format!("?last_id={id}")).unwrap_or_default();
        let page = ids(&bench.get(&format!("/v1/api/story/mystories{last}")).await.json());
        sizes.push(page.len());
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    assert_eq!(seen, posted);
    assert_eq!(sizes, [18, 18, 5, 0]);
    bench.delete(&posted[17]).await;
    let behind = bench.get(&format!("/v1/api/story/mystories?last_id={}", posted[17])).await.json();
    assert_eq!(ids(&behind)[0], posted[18], "a deleted story still marks its place");
    assert_eq!(bench.get("/v1/api/story/mystories?last_id=nobody.knows").await.refusal(), (400, -605));
}

#[tokio::test]
async fn a_story_appears_in_the_list_only_after_the_lag_but_is_there_at_once() {
    let bench = Bench::with(|options| options.list_lag = Duration::from_secs(5)).await;
    let id = bench.note("x").await.id();
    assert!(bench.listed().await.is_empty());
    assert_eq!(bench.get(&format!("/v1/api/story/mystory?id={id}")).await.status, 200);
    bench.advance(Duration::from_micros(4_999_999));
    assert!(bench.listed().await.is_empty());
    bench.advance(Duration::from_micros(1));
    assert_eq!(bench.listed().await, [id]);
}

#[tokio::test]
async fn quirks_change_what_is_shown_and_never_what_the_ledger_received() {
    let sent = " \u{d55c}\nx ";
    let quirk = |change: fn(&mut Quirks)| {
        let mut quirks = Quirks::default();
        change(&mut quirks);
        quirks
    };
    let cells = [
        (quirk(|_| {}), sent),
        (quirk(|quirks| quirks.trim_content = true), "\u{d55c}\nx"),
        (quirk(|quirks| quirks.crlf_content = true), " \u{d55c}\r\nx "),
        (quirk(|quirks| quirks.normalisation = Some(Normalisation::Nfd)), " \u{1112}\u{1161}\u{11ab}\nx "),
        (quirk(|quirks| quirks.normalisation = Some(Normalisation::Nfc)), sent),
    ];
    for (quirks, shown) in cells {
        let bench = Bench::with(|options| options.quirks = quirks).await;
        bench.note(sent).await.id();
        let list = bench.get("/v1/api/story/mystories").await.json();
        assert_eq!(list[0]["content"], shown);
        assert_eq!(bench.sandbox.ledger()[0].content.as_deref(), Some(sent));
    }
    let bench = Bench::new().await;
    bench.sandbox.set_quirks(quirk(|quirks| quirks.trim_content = true));
    assert_eq!(bench.note(" \n ").await.refusal(), INVALID);
    bench.sandbox.set_list_lag(Duration::from_secs(1));
    bench.note("x").await.id();
    assert!(bench.listed().await.is_empty());
}

#[tokio::test]
async fn upload_paths_can_grow_old_and_images_can_come_back_reversed() {
    let bench = Bench::with(|options| {
        options.quirks.upload_lifetime = Some(Duration::from_secs(60));
        options.quirks.reverse_images = true;
    })
    .await;
    let paths = bench.upload(&[png(1, 1), png(2, 2)]).await;
    assert!(paths.json()[0].as_str().unwrap().ends_with("width=2&height=2"));
    bench.advance(Duration::from_secs(60));
    bench.photo(&[("image_url_list", &paths.text)]).await.id();
    bench.advance(Duration::from_micros(1));
    assert_eq!(bench.photo(&[("image_url_list", &paths.text)]).await.refusal(), INVALID);
}

#[tokio::test]
async fn the_servers_clock_can_be_off_in_dates_and_creation_times() {
    let bench = Bench::with(|options| {
        options.clock_skew = SignedDuration::from_secs(-90);
        options.quirks.created_at_skew = SignedDuration::from_secs(3);
    })
    .await;
    bench.advance(Duration::from_millis(900));
    let posted = bench.note("x").await;
    assert_eq!(posted.header("date"), "Mon, 30 Nov 2026 23:58:30 GMT");
    let list = bench.get("/v1/api/story/mystories").await.json();
    assert_eq!(list[0]["created_at"], "2026-11-30T23:58:33Z");
    assert_eq!(bench.sandbox.ledger()[0].created_at.as_microsecond(), START_MICROS + 900_000);
}

#[tokio::test]
async fn accounts_do_not_see_each_other() {
    let bench = Bench::with(|options| options.accounts = vec!["cafe".into(), "bakery".into()]).await;
    let id = bench.note("x").await.id();
    let other = bench.sandbox.accounts()[1].access_token.clone();
    let raw = |method: &str, path: &str| {
        bench.raw(format!("{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {other}\r\n\r\n").as_bytes())
    };
    assert_eq!(raw("GET", "/v1/api/story/mystories").text, "[]");
    assert_eq!(raw("GET", &format!("/v1/api/story/mystory?id={id}")).refusal(), (400, -605));
    assert_eq!(raw("DELETE", &format!("/v1/api/story/delete/mystory?id={id}")).refusal(), (400, -605));
    assert_eq!(raw("DELETE", "/v1/api/story/delete/mystory").refusal(), INVALID);
}

#[tokio::test]
async fn posts_at_the_same_time_become_one_story_each() {
    let bench = Bench::new().await;
    let texts: Vec<String> = (0..40).map(|number| format!("note {number}")).collect();
    let answers = futures_util::future::join_all(texts.iter().map(|text| bench.note(text))).await;
    let mut told: Vec<String> = answers.iter().map(crate::sandbox_support::Seen::id).collect();
    let mut kept: Vec<String> = bench.sandbox.ledger().into_iter().map(|entry| entry.id).collect();
    told.sort_unstable();
    told.dedup();
    kept.sort_unstable();
    assert_eq!(told.len(), 40);
    assert_eq!(told, kept);
}

#[tokio::test]
async fn a_request_that_breaks_off_never_arrived() {
    use std::io::Write;
    let bench = Bench::new().await;
    let mut stream = std::net::TcpStream::connect(bench.sandbox.address()).unwrap();
    let request = format!(
        "POST /v1/api/story/post/note HTTP/1.1\r\nHost: k\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\ncontent=x",
        bench.token
    );
    stream.write_all(request.as_bytes()).unwrap();
    drop(stream);
    bench.note("y").await.id();
    let contents: Vec<_> = bench.sandbox.ledger().into_iter().filter_map(|entry| entry.content).collect();
    assert_eq!(contents, ["y"]);
    assert_eq!(bench.sandbox.requests().len(), 1);
}
