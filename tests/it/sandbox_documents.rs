//! The programs and calls printed in Kakao's documents, against the sandbox: run where their tools exist, and always replayed byte
//! for byte as they were captured from those tools.
//!
//! The sample programs lie beside this file exactly as printed. What a run must change is listed at each test.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::sandbox_support::{Bench, Seen};

const PYTHON: &str = include_str!("sandbox_documents/upload_and_post.py");
const JAVA: &str = include_str!("sandbox_documents/MultiUploadTest.java");

/// A whole picture of one pixel.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\xdac\x64\xf8\xcfP\x0f\0\x03\x86\x01\x80\x5a4\x7dk\0\0\0\0IEND\xaeB`\x82";

/// Whether the tool can be started; says so when it cannot. The replay of its bytes runs either way.
pub(crate) fn exists(tool: &str, probe: &[&str]) -> bool {
    let found = Command::new(tool).args(probe).output().is_ok_and(|output| output.status.success());
    if !found {
        #[expect(clippy::print_stderr, reason = "a test that does less than its name must say so")]
        {
            eprintln!("{tool} {probe:?} does not run here: only the replay of its bytes is tested");
        }
    }
    found
}

/// Runs a program in `folder`, with no proxy between it and the sandbox. It runs to its end, so it must not run on a thread that the
/// sandbox needs: the sandbox has its own.
pub(crate) fn run(folder: &Path, bench: &Bench, program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    for proxy in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command.env("ACCESS_TOKEN", &bench.token).env("NO_PROXY", "127.0.0.1").current_dir(folder).args(arguments);
    command.output().expect("the program starts")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Changed: the host, the token, and Python 3's `print(…)`.
#[tokio::test]
async fn the_python_program_of_the_documents_posts_a_photo_story() {
    if !exists("python3", &["-c", "import requests"]) {
        return;
    }
    let bench = Bench::new().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("your_picture.jpeg"), PNG).unwrap();
    let program = PYTHON
        .replace("https://kapi.kakao.com", &bench.url(""))
        .replace("YOUR TOKEN HERE", &bench.token)
        .replace("print post_result", "print(post_result)");
    fs::write(folder.path().join("sample.py"), program).unwrap();
    let output = run(folder.path(), &bench, "python3", &["sample.py"]);
    assert_eq!(text(&output.stdout).trim(), "<Response [200]>", "{}", text(&output.stderr));
    assert_photo_story(&bench);
}

fn assert_photo_story(bench: &Bench) {
    let ledger = bench.sandbox.ledger();
    assert_eq!((ledger.len(), ledger[0].kind.as_str(), ledger[0].images.len()), (1, "photo", 1));
    assert_eq!((ledger[0].images[0].format.as_str(), ledger[0].images[0].bytes), ("png", PNG.len() as u64));
}

#[tokio::test]
async fn the_bytes_of_the_python_program_post_a_photo_story() {
    let bench = Bench::new().await;
    let mut body = b"--fd84c1540307cdb6804af1f06335fcbc\r\nContent-Disposition: form-data; name=\"file\"; filename=\"your_picture.jpeg\"\r\n\r\n".to_vec();
    body.extend_from_slice(PNG);
    body.extend_from_slice(b"\r\n--fd84c1540307cdb6804af1f06335fcbc--\r\n");
    let common = format!(
        "Host: {}\r\nUser-Agent: python-requests/2.34.2\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\n\
         Authorization: Bearer {}\r\n",
        bench.sandbox.address(),
        bench.token
    );
    let head = format!(
        "POST /v1/api/story/upload/multi HTTP/1.1\r\n{common}Content-Length: {}\r\n\
         Content-Type: multipart/form-data; boundary=fd84c1540307cdb6804af1f06335fcbc\r\n\r\n",
        body.len()
    );
    let uploaded = replay(&bench, &head, &body);
    assert_eq!(uploaded.status, 200, "{uploaded:?}");
    let form = format!("image_url_list={}", quote_plus(&uploaded.text));
    let head = format!(
        "POST /v1/api/story/post/photo HTTP/1.1\r\n{common}Content-Length: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n",
        form.len()
    );
    replay(&bench, &head, form.as_bytes()).id();
    assert_photo_story(&bench);
}

/// As Python's function of that name.
fn quote_plus(text: &str) -> String {
    let quote = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        b'_' | b'.' | b'-' | b'~' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(quote).collect()
}

pub(crate) fn replay(bench: &Bench, head: &str, body: &[u8]) -> Seen {
    bench.raw(&[head.as_bytes(), body].concat())
}

/// Changed: the host and with it `HttpsURLConnection` to `HttpURLConnection`, the token, and the folder of the two files.
#[tokio::test]
async fn the_java_program_of_the_documents_uploads_two_images() {
    if !exists("javac", &["-version"]) || !exists("java", &["-version"]) {
        return;
    }
    let bench = Bench::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("sample1.png"), PNG).unwrap();
    fs::write(path.join("sample2.png"), PNG).unwrap();
    let program = JAVA
        .replace("https://kapi.kakao.com", &bench.url(""))
        .replace("javax.net.ssl.HttpsURLConnection", "java.net.HttpURLConnection")
        .replace("HttpsURLConnection", "HttpURLConnection")
        .replace("[ACCESS_TOKEN]", &bench.token)
        .replace("/root/", &format!("{}/", path.display()));
    fs::write(path.join("MultiUploadTest.java"), program).unwrap();
    let compiled = run(path, &bench, "javac", &["MultiUploadTest.java"]);
    assert!(compiled.status.success(), "{}", text(&compiled.stderr));
    let output = run(path, &bench, "java", &["MultiUploadTest"]);
    assert_two_paths(&text(&output.stdout));
}

pub(crate) fn assert_two_paths(answer: &str) {
    let paths: Vec<String> = serde_json::from_str(answer).unwrap_or_else(|_| panic!("no list of paths: {answer}"));
    assert_eq!(paths.len(), 2);
    assert!(paths.iter().all(|path| path.starts_with('/') && path.ends_with("/img.png?width=1&height=1")), "{paths:?}");
}

#[tokio::test]
async fn the_bytes_of_the_java_program_upload_two_images() {
    let bench = Bench::new().await;
    let boundary = "---------------------------012345678901234567890123456";
    let mut body = Vec::new();
    for name in ["sample1.png", "sample2.png"] {
        let head =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(PNG);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let head = format!(
        "POST /v1/api/story/upload/multi HTTP/1.1\r\nContent-Type: multipart/form-data;boundary={boundary}\r\n\
         Authorization: Bearer {}\r\nCache-Control: no-cache\r\nPragma: no-cache\r\nUser-Agent: Java/17.0.15\r\nHost: {}\r\n\
         Accept: text/html, image/gif, image/jpeg, */*; q=0.2\r\nConnection: keep-alive\r\nContent-Length: {}\r\n\r\n",
        bench.token,
        bench.sandbox.address(),
        body.len()
    );
    assert_two_paths(&replay(&bench, &head, &body).text);
}

/// The PHP program as the PHP of its time sent it, with the pause that its curl asks for before a body.
#[tokio::test]
async fn the_bytes_of_the_php_program_upload_two_images() {
    use std::io::{Read, Write};
    let bench = Bench::new().await;
    let boundary = "----------------------------f2a3d5b0c1e4";
    let mut body = Vec::new();
    for (number, name) in ["your_example_image_1.jpg", "your_example_image_2.jpg"].iter().enumerate() {
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file[{number}]\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(PNG);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let head = format!(
        "POST /v1/api/story/upload/multi HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary={boundary}\r\n\r\n",
        bench.sandbox.address(),
        bench.token,
        body.len()
    );
    let mut stream = std::net::TcpStream::connect(bench.sandbox.address()).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(text(&go_on), "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(&body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_two_paths(answer.split_once("\r\n\r\n").unwrap().1);
}

#[tokio::test]
async fn linkinfo_answers_the_documented_sample_and_one_key_more() {
    let bench = Bench::new().await;
    let answer = bench.link_info("http://bit.ly/1wwLqDl").await.json();
    let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["url", "requested_url", "host", "title", "image", "description", "section", "type", "site_name"]);
    assert_eq!(answer["url"], "https://developers.kakao.com/");
    assert!(matches!(&answer["image"], Value::Array(images) if images.len() == 1));
}
