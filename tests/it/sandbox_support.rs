//! What the tests of the sandbox share: a sandbox on a clock moved by hand, and a client that only speaks HTTP.
//!
//! Uses nothing of the product's own client: the sandbox is held against Kakao's documents alone.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use kakao_sandbox::{AccountTokens, FaultRule, Options, Running, SandboxClock, start};
use serde_json::Value;

/// 2026-12-01T00:00:00Z in microseconds since the epoch.
pub(crate) const START_MICROS: i64 = 1_796_083_200_000_000;

/// One client for all tests, because making one reads the machine's certificates. It keeps no connection, since the runtimes of the
/// tests come and go.
static HTTP: LazyLock<reqwest::Client> = LazyLock::new(|| {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .no_proxy()
        .build()
        .expect("a client")
});

/// A sandbox with its clock and a client.
pub(crate) struct Bench {
    pub(crate) sandbox: Running,
    pub(crate) time: Arc<AtomicI64>,
    pub(crate) token: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// Status and Kakao's code.
    pub(crate) fn refusal(&self) -> (u16, i64) {
        (self.status, self.json()["code"].as_i64().unwrap_or_default())
    }

    /// The ID of a story just posted.
    pub(crate) fn id(&self) -> String {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With options changed by `choose`; the clock is already a manual one.
    pub(crate) async fn with(choose: impl FnOnce(&mut Options)) -> Self {
        Self::at(Arc::new(AtomicI64::new(START_MICROS)), choose).await
    }

    /// On a clock that an earlier sandbox may have used.
    pub(crate) async fn at(time: Arc<AtomicI64>, choose: impl FnOnce(&mut Options)) -> Self {
        let read = time.clone();
        let clock = SandboxClock::from_fn(Arc::new(move || read.load(Ordering::SeqCst)));
        let mut options = Options { clock, ..Options::default() };
        choose(&mut options);
        let sandbox = start(options).await.expect("the sandbox starts");
        let token = sandbox.accounts()[0].access_token.clone();
        Self { sandbox, time, token }
    }

    /// On the ledger file at `path`.
    pub(crate) async fn on_ledger(time: &Arc<AtomicI64>, path: &Path) -> Self {
        Self::at(time.clone(), |options| options.ledger = Some(path.to_owned())).await
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.time.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn first(&self) -> &AccountTokens {
        &self.sandbox.accounts()[0]
    }

    /// One rule in force.
    pub(crate) fn fault(&self, rule: FaultRule) {
        self.sandbox.set_faults(vec![rule]).expect("a valid rule");
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.sandbox.address())
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a method");
        HTTP.request(method, self.url(path)).bearer_auth(&self.token)
    }

    pub(crate) async fn try_send(&self, request: reqwest::RequestBuilder) -> Result<Seen, reqwest::Error> {
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Seen { status, headers, text: answer.text().await? })
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Seen {
        self.try_send(request).await.expect("an answer")
    }

    pub(crate) async fn get(&self, path: &str) -> Seen {
        self.send(self.request("GET", path)).await
    }

    /// A call without a token.
    pub(crate) async fn bare(&self, method: &str, path: &str) -> Seen {
        self.send(HTTP.request(method.parse().unwrap(), self.url(path))).await
    }

    pub(crate) async fn form(&self, path: &str, pairs: &[(&str, &str)]) -> Seen {
        self.send(self.request("POST", path).form(pairs)).await
    }

    pub(crate) async fn note(&self, content: &str) -> Seen {
        self.form("/v1/api/story/post/note", &[("content", content)]).await
    }

    pub(crate) async fn photo(&self, pairs: &[(&str, &str)]) -> Seen {
        self.form("/v1/api/story/post/photo", pairs).await
    }

    pub(crate) async fn link(&self, pairs: &[(&str, &str)]) -> Seen {
        self.form("/v1/api/story/post/link", pairs).await
    }

    pub(crate) async fn link_info(&self, url: &str) -> Seen {
        self.send(self.request("GET", "/v1/api/story/linkinfo").query(&[("url", url)])).await
    }

    /// Uploads files of these bytes, each as a part named `file`.
    pub(crate) async fn upload(&self, files: &[Vec<u8>]) -> Seen {
        let mut form = reqwest::multipart::Form::new();
        for bytes in files {
            form = form.part("file", reqwest::multipart::Part::bytes(bytes.clone()).file_name("0.jpg"));
        }
        self.send(self.request("POST", "/v1/api/story/upload/multi").multipart(form)).await
    }

    /// The IDs that the list shows on its first page.
    pub(crate) async fn listed(&self) -> Vec<String> {
        ids(&self.get("/v1/api/story/mystories").await.json())
    }

    pub(crate) async fn delete(&self, id: &str) -> Seen {
        self.send(self.request("DELETE", "/v1/api/story/delete/mystory").query(&[("id", id)])).await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Seen {
        let pairs = [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", refresh_token)];
        self.form("/oauth/token", &pairs).await
    }

    /// Sends these bytes on a connection of their own and reads to its end.
    pub(crate) fn raw(&self, request: &[u8]) -> Seen {
        raw(self.sandbox.address(), request)
    }
}

pub(crate) fn ids(list: &Value) -> Vec<String> {
    list.as_array().expect("an array").iter().map(|story| story["id"].as_str().unwrap().to_owned()).collect()
}

/// One HTTP exchange as bytes. The request must ask for, or the answer bring, a `Content-Length`.
pub(crate) fn raw(address: SocketAddr, request: &[u8]) -> Seen {
    let mut stream = TcpStream::connect(address).expect("connect");
    stream.write_all(request).expect("send");
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        read_some(&mut stream, &mut bytes);
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).expect("text");
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = reqwest::header::HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.append(name.parse::<reqwest::header::HeaderName>().unwrap(), value.parse().unwrap());
    }
    let length: usize = headers.get("content-length").map_or(0, |value| value.to_str().unwrap().parse().unwrap());
    while bytes.len() < head_end + length {
        read_some(&mut stream, &mut bytes);
    }
    Seen { status, headers, text: String::from_utf8(bytes[head_end..].to_vec()).expect("text") }
}

fn read_some(stream: &mut TcpStream, bytes: &mut Vec<u8>) {
    let mut chunk = [0; 4096];
    let count = stream.read(&mut chunk).expect("read");
    assert!(count > 0, "the connection ended: {:?}", String::from_utf8_lossy(bytes));
    bytes.extend_from_slice(&chunk[..count]);
}

/// The smallest PNG header that tells this size; the pixels are missing, which nobody looks at.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend_from_slice(&width.to_be_bytes());
    bytes.extend_from_slice(&height.to_be_bytes());
    bytes.extend_from_slice(&[8, 6, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

/// A GIF header of this size.
pub(crate) fn gif(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = b"GIF89a".to_vec();
    bytes.extend_from_slice(&width.to_le_bytes());
    bytes.extend_from_slice(&height.to_le_bytes());
    bytes.extend_from_slice(&[0, 0, 0, 0x3b]);
    bytes
}

/// A JPEG header of this size.
pub(crate) fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 16];
    bytes.extend_from_slice(b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    bytes.extend_from_slice(&[0xff, 0xc0, 0, 17, 8]);
    bytes.extend_from_slice(&height.to_be_bytes());
    bytes.extend_from_slice(&width.to_be_bytes());
    bytes.extend_from_slice(&[3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1, 0xff, 0xd9]);
    bytes
}
