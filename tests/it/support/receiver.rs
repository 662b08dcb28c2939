//! The people's side of a notice: a webhook that keeps what it is sent, and a mail server that takes mail.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde_json::Value;
use storyd::settings::Secret;
use storyd::settings::notify::{Notify, Sink};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// An HTTP server that keeps every request. Ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Receiver {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    status: Arc<AtomicU16>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let receiver = Self { address, heard: Arc::default(), status: Arc::new(AtomicU16::new(200)) };
        let router = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From here on every request is answered so. It is kept only when that is a success.
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// What every notice so far was, in short: `failed began: title`.
    pub(crate) fn notices(&self) -> Vec<String> {
        let short = |heard: &Heard| {
            let notice = heard.json();
            let text = |key: &str| notice[key].as_str().unwrap_or_default().to_owned();
            format!("{} {}: {}", text("trouble"), text("phase"), text("title")).trim_start().to_owned()
        };
        self.heard().iter().map(short).collect()
    }

    /// Settings under which everything is told here, and nothing else.
    pub(crate) fn settings(&self) -> Notify {
        let sink = Sink::Webhook { url: Secret::Value(self.url("/hook").into()), secret: None };
        Notify { digest: None, sinks: [("ops".to_owned(), sink)].into(), ..Notify::default() }
    }
}

async fn take(State(receiver): State<Receiver>, request: Request) -> StatusCode {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let heard = Heard {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: headers.collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let status = StatusCode::from_u16(receiver.status.load(Ordering::SeqCst)).unwrap();
    if status.is_success() {
        receiver.heard.lock().unwrap().push(heard);
    }
    status
}

/// A mail as it came: who, to whom, and all of its text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) data: String,
    /// What the client logged in with, as it came.
    pub(crate) login: Option<String>,
}

/// An SMTP server. It refuses a receiver whose name is `nobody`, and can ask for a login. Ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct MailServer {
    address: SocketAddr,
    mails: Arc<Mutex<Vec<Mail>>>,
    words: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self { address, mails: Arc::default(), words: Arc::default() };
        let kept = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = kept.clone();
                tokio::spawn(async move { kept.talk(stream).await });
            }
        });
        server
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    /// Every command that was heard.
    pub(crate) fn words(&self) -> Vec<String> {
        self.words.lock().unwrap().clone()
    }

    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 mail.test ready\r\n").await?;
        let mut mail = Mail::default();
        let mut line = String::new();
        while stream.read_line(&mut line).await? > 0 {
            let word = line.trim_end().to_owned();
            line.clear();
            self.words.lock().unwrap().push(word.clone());
            let upper = word.to_uppercase();
            let answer = if upper.starts_with("EHLO") {
                "250-mail.test\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n"
            } else if upper.starts_with("AUTH PLAIN") {
                mail.login = word.split(' ').nth(2).map(str::to_owned);
                "235 welcome\r\n"
            } else if upper.starts_with("MAIL FROM:") {
                mail.from = word[10..].to_owned();
                "250 fine\r\n"
            } else if upper.starts_with("RCPT TO:<NOBODY") {
                "550 no such user\r\n"
            } else if upper.starts_with("RCPT TO:") {
                mail.to.push(word[8..].to_owned());
                "250 fine\r\n"
            } else if upper == "DATA" {
                stream.write_all(b"354 go on\r\n").await?;
                while stream.read_line(&mut mail.data).await? > 0 && !mail.data.ends_with("\r\n.\r\n") {}
                self.mails.lock().unwrap().push(std::mem::take(&mut mail));
                "250 taken\r\n"
            } else if upper == "QUIT" {
                stream.write_all(b"221 bye\r\n").await?;
                // The client closes.
                let _ = stream.read(&mut [0; 1]).await;
                return Ok(());
            } else {
                "250 fine\r\n"
            };
            stream.write_all(answer.as_bytes()).await?;
        }
        Ok(())
    }
}
