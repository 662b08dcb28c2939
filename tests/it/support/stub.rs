//! A server of the tests' own: it says exactly the bytes of a script and keeps exactly the bytes that it was sent.
//!
//! Knows no Kakao, and enough HTTP to find a request's end: what a client does when a peer breaks the rules is what it is for.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use storyd::domain::clock::Clock;
use storyd::network::kakao::{Client, Endpoints, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

/// What the server does with the next request.
pub(crate) enum Act {
    /// Reads it, says these bytes, and keeps the connection.
    Say(Vec<u8>),
    /// Reads it, says these bytes, and closes.
    SayAndClose(Vec<u8>),
    /// Reads it, waits for the signal, then says these bytes.
    SayLater(Vec<u8>, Arc<Notify>),
    /// Closes without reading.
    Close,
    /// Says these bytes before it has read anything, and waits for the client to leave.
    Greet(Vec<u8>),
    /// Reads it, and says nothing for as long as the client stays.
    Silence,
    /// Reads it, says these bytes, and then one byte after the other without an end, as slowly as the client bears it.
    Trickle(Vec<u8>),
}

/// A running server. Ends with the test's runtime.
pub(crate) struct Stub {
    address: std::net::SocketAddr,
    stage: Arc<Stage>,
    seen: watch::Receiver<usize>,
}

struct Stage {
    script: Mutex<VecDeque<Act>>,
    requests: Mutex<Vec<Vec<u8>>>,
    connections: AtomicUsize,
    seen: watch::Sender<usize>,
}

impl Stub {
    /// Listens on a port of its own and plays `script`, one act per request; after the last it answers 599.
    pub(crate) async fn play(script: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, seen) = watch::channel(0);
        let stage = Arc::new(Stage {
            script: Mutex::new(script.into_iter().collect()),
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            seen: sender,
        });
        let played = stage.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                played.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, played.clone()));
            }
        });
        Self { address, stage, seen }
    }

    /// The server's base URL with this scheme.
    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    /// A client of this server.
    pub(crate) fn client(&self) -> Client {
        client(&self.url("http"), Limits::default())
    }

    /// How many connections were opened.
    pub(crate) fn connections(&self) -> usize {
        self.stage.connections.load(Ordering::SeqCst)
    }

    /// The requests so far, whole.
    pub(crate) fn requests(&self) -> Vec<String> {
        let requests = self.stage.requests.lock().unwrap();
        requests.iter().map(|request| String::from_utf8_lossy(request).into_owned()).collect()
    }

    /// Waits until this many requests were read.
    pub(crate) async fn seen(&self, count: usize) {
        self.seen.clone().wait_for(|seen| *seen >= count).await.unwrap();
    }
}

/// A client with both of its base URLs at `url`.
pub(crate) fn client(url: &str, limits: Limits) -> Client {
    let endpoints = Endpoints { api_url: url.into(), login_url: url.into() };
    Client::new(endpoints, limits, Clock::system()).unwrap()
}

/// A whole answer: the status, more headers (each with its CRLF), and the body with its length.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// 200 with JSON.
pub(crate) fn ok(body: &str) -> Act {
    Act::Say(answer(200, "Content-Type: application/json;charset=UTF-8\r\n", body))
}

async fn serve(mut stream: TcpStream, stage: Arc<Stage>) {
    loop {
        let unread = |act: &mut Act| matches!(act, Act::Close | Act::Greet(_));
        let act = stage.script.lock().unwrap().pop_front_if(unread);
        if let Some(act) = act {
            if let Act::Greet(bytes) = act {
                stream.write_all(&bytes).await.unwrap_or_default();
                while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
            }
            return;
        }
        let Some(request) = read(&mut stream).await else { return };
        let act = stage.script.lock().unwrap().pop_front();
        stage.requests.lock().unwrap().push(request);
        stage.seen.send_modify(|seen| *seen += 1);
        match act {
            Some(Act::Say(bytes)) => stream.write_all(&bytes).await.unwrap_or_default(),
            Some(Act::SayAndClose(bytes)) => return stream.write_all(&bytes).await.unwrap_or_default(),
            Some(Act::SayLater(bytes, signal)) => {
                signal.notified().await;
                stream.write_all(&bytes).await.unwrap_or_default();
            }
            Some(Act::Close | Act::Greet(_)) => return,
            Some(Act::Trickle(bytes)) => {
                let mut going = stream.write_all(&bytes).await.is_ok();
                while going {
                    #[expect(clippy::disallowed_methods, reason = "a peer that is slow shares no clock with the test")]
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                    going = stream.write_all(b"x").await.is_ok();
                }
            }
            Some(Act::Silence) => while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {},
            None => return stream.write_all(&answer(599, "", "the script is over")).await.unwrap_or_default(),
        }
    }
}

/// One request with its body, or nothing when the client leaves first.
async fn read(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let head = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if head.is_some_and(|head| bytes.len() >= head + 4 + length(&bytes[..head])) {
            return Some(bytes);
        }
        match stream.read(&mut chunk).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&chunk[..read]),
            _ => return None,
        }
    }
}

fn length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let line = head.lines().find_map(|line| line.strip_prefix("content-length:").map(str::to_owned));
    line.and_then(|length| length.trim().parse().ok()).unwrap_or(0)
}
