//! What the sandbox remembers over its end, and what it refuses to open.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use kakao_sandbox::{FaultName, FaultRule, Options, SandboxError, start};
use serde_json::{Value, json};

use crate::sandbox_support::{Bench, START_MICROS, png};

fn clock() -> Arc<AtomicI64> {
    Arc::new(AtomicI64::new(START_MICROS))
}

async fn open_error(path: &std::path::Path) -> SandboxError {
    start(Options { ledger: Some(path.to_owned()), ..Options::default() }).await.expect_err("refused")
}

#[tokio::test]
async fn a_restart_remembers_everything_that_kakao_would() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let time = clock();
    let mut bench = Bench::on_ledger(&time, &path).await;
    let kept = bench.note("kept").await.id();
    let deleted = bench.note("deleted").await.id();
    bench.delete(&deleted).await;
    let paths = bench.upload(&[png(3, 4)]).await.text;
    let info = bench.link_info("https://example.com/").await.text;
    bench.fault(FaultRule::new(FaultName::RotateRefreshToken));
    let dead = bench.first().refresh_token.clone();
    let rotated = bench.refresh(&dead).await.json()["refresh_token"].as_str().unwrap().to_owned();
    for _ in 0..19 {
        bench.sandbox.set_faults(vec![]).unwrap();
        bench.refresh(&rotated).await;
    }
    bench.sandbox.set_scopes("sandbox", &["story_publish", "story_read"]).unwrap();
    let cafe = bench.sandbox.add_account("cafe").unwrap();
    let (token, ledger) = (bench.token.clone(), bench.sandbox.ledger());
    let requests = bench.sandbox.requests().len() as u64;
    bench.sandbox.stop().await;

    bench = Bench::on_ledger(&time, &path).await;
    assert_eq!(bench.sandbox.ledger(), ledger);
    assert_eq!(bench.sandbox.accounts().iter().find(|account| account.account == "cafe"), Some(&cafe));
    bench.token = token;
    assert_eq!(bench.listed().await, std::slice::from_ref(&kept));
    assert_eq!(bench.delete(&deleted).await.refusal(), (400, -605));
    assert_eq!(bench.refresh(&dead).await.json()["error_code"], "KOE322");
    assert_eq!(bench.refresh(&rotated).await.json()["error_code"], "KOE237", "the limit is remembered too");
    assert_eq!(bench.get("/v1/api/story/profile").await.json(), json!({}), "and the consents");
    let photo = bench.photo(&[("image_url_list", &paths)]).await.id();
    let link = bench.link(&[("link_info", &info)]).await.id();
    assert!(photo != kept && link != deleted, "identifiers never come twice");
    assert!(bench.sandbox.ledger().iter().skip(2).all(|entry| entry.request > 3), "numbers go on: {requests}");
    let image =
        bench.get("/v1/api/story/mystories").await.json()[1]["media"][0]["original"].as_str().unwrap().to_owned();
    let image = bench.request("GET", image.strip_prefix(&bench.url("")).unwrap()).send().await.unwrap();
    assert_eq!(image.bytes().await.unwrap(), png(3, 4), "the bytes lie beside the ledger");
    bench.advance(Duration::from_secs(21_599));
    assert_eq!(bench.get("/v1/api/story/isstoryuser").await.refusal(), (401, -401), "and the expiry of tokens");
}

#[tokio::test]
async fn a_story_is_on_disk_when_its_answer_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let bench = Bench::on_ledger(&clock(), &path).await;
    let id = bench.note("x").await.id();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.ends_with('\n') && text.lines().last().unwrap().contains(&id));
    bench.delete(&id).await;
    let last: Value = serde_json::from_str(fs::read_to_string(&path).unwrap().lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["id"]), (&json!("story_deleted"), &json!(id)));
}

#[tokio::test]
async fn a_ledger_cut_at_any_byte_opens_with_every_story_whose_line_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let time = clock();
    let bench = Bench::on_ledger(&time, &path).await;
    for text in ["one", "two"] {
        bench.note(text).await.id();
    }
    bench.sandbox.stop().await;
    let whole = fs::read(&path).unwrap();
    let cut = folder.path().join("cut.jsonl");
    let mut counts = std::collections::BTreeSet::new();
    // Every kind of place: around each line break, and here and there within the lines.
    let near_break = |length: usize| whole[length.saturating_sub(2)..whole.len().min(length + 1)].contains(&b'\n');
    for length in (0..=whole.len()).filter(|length| length % 61 == 0 || near_break(*length)) {
        fs::write(&cut, &whole[..length]).unwrap();
        // A line is whole when nothing but its line break is missing.
        let lines =
            whole[..length].split(|byte| *byte == b'\n').filter(|line| serde_json::from_slice::<Value>(line).is_ok());
        let expected = lines.filter(|line| line.starts_with(b"{\"event\":\"story\"")).count();
        let bench = Bench::on_ledger(&time, &cut).await;
        assert_eq!(bench.sandbox.ledger().len(), expected, "cut at {length}");
        bench.note("three").await.id();
        bench.sandbox.stop().await;
        let bench = Bench::on_ledger(&time, &cut).await;
        assert_eq!(bench.sandbox.ledger().len(), expected + 1, "cut at {length}, written on, and opened again");
        counts.insert(expected);
    }
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [0, 1, 2]);
}

#[tokio::test]
async fn a_file_that_is_something_else_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let cells = [
        ("hello\n", "not a ledger of the sandbox"),
        ("hello", "not a ledger of the sandbox"),
        ("{\"a\":1}\n", "not a ledger of the sandbox"),
        ("{\"format\":\"other\",\"version\":1,\"salt\":0}\n", "its format is \"other\""),
        ("{\"format\":\"storyd-sandbox-ledger\",\"version\":2,\"salt\":0}\n", "its version is 2"),
        ("{\"format\":\"storyd-sandbox-ledger\",\"version\":1,\"salt\":0}\nnonsense\n", "line 2"),
        ("{\"format\":\"storyd-sandbox-ledger\",\"version\":1,\"salt\":0}\n{\"event\":\"unknown\"}\n", "line 2"),
    ];
    for (text, expected) in cells {
        fs::write(&path, text).unwrap();
        let error = open_error(&path).await.to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    let missing = open_error(&folder.path().join("no/such/folder")).await;
    assert!(matches!(missing, SandboxError::LedgerFile { .. }), "{missing}");
    let device = open_error(std::path::Path::new("/dev/null")).await;
    assert!(matches!(device, SandboxError::LedgerFormat { .. }), "{device}");
}

#[tokio::test]
async fn two_sandboxes_never_share_a_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let first = Bench::on_ledger(&clock(), &path).await;
    assert!(matches!(open_error(&path).await, SandboxError::LedgerBusy { .. }));
    drop(first);
    let again = Bench::on_ledger(&clock(), &path).await;
    again.note("x").await.id();
}

#[tokio::test]
async fn without_a_ledger_file_nothing_remains_and_the_same_seed_repeats_the_run() {
    let run = async |seed: u64| {
        let bench = Bench::with(|options| options.seed = seed).await;
        (bench.first().clone(), bench.note("x").await.id())
    };
    assert_eq!(run(1).await, run(1).await);
    assert_ne!(run(1).await, run(2).await);
}
