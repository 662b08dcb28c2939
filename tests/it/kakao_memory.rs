//! What an answer costs in memory that holds a million of something: a few times the longest body that is read, whatever it holds.
//!
//! Each answer is read in a process of its own, which tells by how much its memory rose at most.

#![allow(clippy::print_stdout, reason = "a process tells its parent what it measured")]

use std::io::{Seek, Write};
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use storyd::domain::content::{AppParams, Body, Content, ImageFormat, Outgoing, Permission};
use storyd::network::kakao::story::LinkCard;
use storyd::network::kakao::token::AccessToken;
use storyd::network::kakao::{ImageFile, Limits};

use crate::support::stub::{Act, Stub, client};

/// Tells a process which answer it is to read.
const CASE: &str = "STORYD_TEST_ANSWER";
/// What an answer may cost at most, in KiB: the body as it grows, and its texts once more.
const MOST_KIB: u64 = 24 * 1024;
/// What a story has to have.
const STORY: &str = r#"{"id":"a.b","created_at":"2026-12-01T00:00:00Z""#;

/// An answer: the call, the status, what its body begins with, what comes again and again, and what it ends with.
type Case = (&'static str, u16, String, &'static str, &'static str);

fn cases() -> Vec<Case> {
    let list = |rest: &str| format!("[{STORY},{rest}");
    let one = |rest: &str| format!("{STORY},{rest}");
    let plain = str::to_owned;
    vec![
        ("stories", 200, list(r#""comments":["#), "{},", "{}]}]"),
        ("stories", 200, list(r#""likes":["#), "{},", "{}]}]"),
        ("stories", 200, list(r#""media":["#), "0,", "0]}]"),
        ("stories", 200, list(r#""comment_count":["#), "0,", "0]}]"),
        ("stories", 200, list(r#""url":["#), "0,", "0]}]"),
        ("stories", 200, list(r#""permission":{"x":["#), "0,", "0]}}]"),
        ("stories", 200, list(r#""filler":["#), "{},", "{}]}]"),
        ("stories", 200, list(r#""content":["#), "[],", "[]]}]"),
        ("stories", 200, list(r#""content":"#), "[", ""),
        ("stories", 200, list(r#""content":""#), "가", "\"}]"),
        ("stories", 200, list(r#""content":""#), "\\ud83d", "\"}]"),
        ("stories", 200, plain("["), "0,", "0]"),
        ("stories", 200, plain("["), "{},", "{}]"),
        ("stories", 200, plain("["), "{\"id\":\"a.b\",\"created_at\":\"2026-12-01T00:00:00Z\"},", "{}]"),
        ("stories", 200, plain("{"), "\"a\":0,", "\"b\":0}"),
        ("stories", 400, plain(r#"{"code":-402,"required_scopes":["#), "\"\",", "\"\"]}"),
        ("stories", 500, plain("["), "0,", "0]"),
        ("story", 200, one(r#""comments":["#), "{},", "{}]}"),
        ("story", 200, one(r#""likes":["#), "{\"actor\":{}},", "{}]}"),
        ("profile", 200, plain("{"), "\"a\":0,", "\"nickName\":\"x\"}"),
        ("scopes", 200, plain(r#"{"scopes":["#), "{\"id\":\"a\"},", "{\"id\":\"a\"}]}"),
        ("token_info", 200, plain(r#"{"id":1,"expires_in":["#), "0,", "0]}"),
        ("link_info", 200, plain(r#"{"requested_url":"https://example.com/","image":["#), "\"\",", "\"\"]}"),
        ("upload", 200, plain("["), "\"\",", "\"\"]"),
        ("publish", 200, plain(r#"{"id":"a.b","x":["#), "0,", "0]}"),
    ]
}

#[test]
fn no_answer_costs_more_than_a_few_times_the_longest_body() {
    if let Ok(number) = std::env::var(CASE) {
        return measure(&cases()[number.parse::<usize>().unwrap()]);
    }
    let cases = cases();
    let (mut table, mut complaints) = (String::new(), Vec::new());
    let numbered: Vec<(usize, &Case)> = cases.iter().enumerate().collect();
    for some in numbered.chunks(4) {
        let started = some.iter().map(|(number, case)| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            let name = "kakao_memory::no_answer_costs_more_than_a_few_times_the_longest_body";
            command.args(["--exact", name, "--nocapture"]).env(CASE, number.to_string());
            (case, command.stdout(Stdio::piped()).spawn().unwrap())
        });
        for (case, process) in started.collect::<Vec<_>>() {
            let (call, status, head, again, _) = case;
            let what = format!("{call} {status} {:.60}{again}…", head.trim_start_matches(&format!("[{STORY},")));
            let output = process.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let told = said.lines().find_map(|line| line.split("rose by ").nth(1));
            let told = told.unwrap_or_else(|| panic!("{what}: {said}"));
            let rose: u64 = told.split_once(' ').unwrap().0.parse().unwrap();
            table.push_str(&format!("{:>6} KiB  {what}  {}\n", rose, told.split_once(": ").unwrap().1));
            if rose > MOST_KIB {
                complaints.push(format!("{what} costs {rose} KiB"));
            }
        }
    }
    println!("{table}");
    assert!(complaints.is_empty(), "{}\n{table}", complaints.join("\n"));
}

/// Reads the answer, and tells by how much the memory of this process rose.
fn measure((call, status, head, again, tail): &Case) {
    let is_packed = *call != "publish";
    let limits = Limits::default();
    let mut packed = GzEncoder::new(Vec::new(), if is_packed { Compression::best() } else { Compression::none() });
    let mut left = limits.body_bytes_max - head.len() - tail.len();
    let chunk = again.repeat(64 * 1024 / again.len());
    let mut plain = head.clone().into_bytes();
    packed.write_all(head.as_bytes()).unwrap();
    while left >= again.len() {
        let part = &chunk[..chunk.len().min(left / again.len() * again.len())];
        if is_packed {
            packed.write_all(part.as_bytes()).unwrap()
        } else {
            plain.extend_from_slice(part.as_bytes())
        }
        left -= part.len();
    }
    packed.write_all(tail.as_bytes()).unwrap();
    plain.extend_from_slice(tail.as_bytes());
    let (body, encoding) =
        if is_packed { (packed.finish().unwrap(), "Content-Encoding: gzip\r\n") } else { (plain, "") };
    let mut answer = format!("HTTP/1.1 {status} X\r\n{encoding}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    answer.extend_from_slice(&body);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stub = Stub::play([Act::Say(answer)]).await;
        let (client, token) = (client(&stub.url("http"), limits), AccessToken::new("t").unwrap());
        let before = kib("VmRSS");
        // The highest level so far counts from here on.
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let body = Body::Note { text: "글".into() };
        let content = Content { body, permission: Permission::Public, enable_share: None, app: AppParams::default() };
        let came = match *call {
            "stories" => client.stories(&token, None).await.map(|page| format!("{} stories", page.entries.len())),
            "story" => client.story(&token, "a.b").await.map(|story| format!("story {}", story.id)),
            "profile" => client.profile(&token).await.map(|profile| format!("{:?}", profile.nick_name)),
            "scopes" => client.scopes(&token, &[]).await.map(|scopes| format!("{} consents", scopes.len())),
            "token_info" => client.token_info(&token).await.map(|info| info.user_id.to_string()),
            "link_info" => client
                .link_info(&token, "https://example.com/")
                .await
                .map(|artifact| format!("{} images", LinkCard::read(&artifact).images.len())),
            "upload" => client.upload(&token, vec![image()]).await.map(|artifact| artifact.0.len().to_string()),
            _ => client.publish(&token, &Outgoing { content, artifact: None }).await.map(|posted| posted.story_id),
        };
        let rose = kib("VmHWM").saturating_sub(before);
        let came = came.unwrap_or_else(|fault| format!("{:.120}", fault.to_string().replace('\n', " ")));
        println!("rose by {rose} KiB: {came}");
    });
}

fn image() -> ImageFile {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"x").unwrap();
    file.rewind().unwrap();
    ImageFile {
        name: "a.png".into(),
        format: ImageFormat::Png,
        bytes: 1,
        sha256: format!("{:x}", Sha256::digest(b"x")),
        file,
    }
}

/// A line of what the kernel knows of this process.
fn kib(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap().trim().trim_end_matches(" kB").parse().unwrap()
}
