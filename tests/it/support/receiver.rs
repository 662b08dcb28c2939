//! The people's side of a notice: a webhook that keeps what it is sent, and a mail server that takes mail.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::serve::Listener;
use serde_json::Value;
use storyd::settings::Secret;
use storyd::settings::notify::{MailTls, Notify, SinkSettings};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use super::process::Folder;

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
    scheme: &'static str,
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    status: Arc<AtomicU16>,
    refused: Arc<Mutex<Option<String>>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::on("http", TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// One that speaks TLS, with a certificate of its own authority: whoever is to talk to it must trust that ([`run_trusting`]).
    pub(crate) async fn over_tls() -> Self {
        Self::on("https", Tls { listener: TcpListener::bind("127.0.0.1:0").await.unwrap(), acceptor: acceptor() })
    }

    fn on(scheme: &'static str, listener: impl Listener<Addr = SocketAddr>) -> Self {
        let address = listener.local_addr().unwrap();
        let (heard, refused) = Default::default();
        let receiver = Self { scheme, address, heard, status: Arc::new(AtomicU16::new(200)), refused };
        let router = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// From here on every request is answered so. It is kept only when that is a success.
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// From here on a body with these words is answered 400, and all others as before.
    pub(crate) fn refuse(&self, words: &str) {
        *self.refused.lock().unwrap() = Some(words.to_owned());
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
        let sink = SinkSettings::Webhook { url: Secret::Value(self.url("/hook").into()), secret: None };
        Notify { digest: None, sinks: [("ops".to_owned(), sink)].into(), ..Notify::default() }
    }
}

/// Connections over TLS. Those that come to no session are dropped.
struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (stream, peer) = self.listener.accept().await.unwrap();
            if let Ok(session) = self.acceptor.accept(stream).await {
                return (session, peer);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
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
    let is_refused = receiver.refused.lock().unwrap().as_ref().is_some_and(|words| heard.body.contains(words));
    let status = if is_refused { 400 } else { receiver.status.load(Ordering::SeqCst) };
    let status = StatusCode::from_u16(status).unwrap();
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

/// From where on a mail server says nothing any more, and leaves the connection open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Not even a greeting.
    Greeting,
    /// The mail was handed over, and nobody says whether it was taken.
    Taken,
    /// The mail was taken.
    Bye,
}

/// An SMTP server. It refuses a receiver whose name is `nobody` and a mail whose ID is `unwanted`, and can ask for a login. Ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct MailServer {
    address: SocketAddr,
    mails: Arc<Mutex<Vec<Mail>>>,
    words: Arc<Mutex<Vec<String>>>,
    silent_from: Option<Silence>,
}

impl MailServer {
    pub(crate) async fn start() -> Self {
        Self::with(MailTls::None).await
    }

    /// One that speaks TLS, with a certificate of its own authority: whoever is to talk to it must trust that ([`run_trusting`]).
    pub(crate) async fn with(tls: MailTls) -> Self {
        Self::on(tls, None).await
    }

    /// One that falls silent.
    pub(crate) async fn silent_from(silence: Silence) -> Self {
        Self::on(MailTls::None, Some(silence)).await
    }

    async fn on(tls: MailTls, silent_from: Option<Silence>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self { address, mails: Arc::default(), words: Arc::default(), silent_from };
        let kept = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = kept.clone();
                tokio::spawn(async move { kept.serve(stream, tls).await });
            }
        });
        server
    }

    async fn serve(&self, stream: TcpStream, tls: MailTls) -> std::io::Result<()> {
        if tls == MailTls::Tls {
            return self.talk(BufReader::new(acceptor().accept(stream).await?), true, false).await.map(drop);
        }
        match self.talk(BufReader::new(stream), true, tls == MailTls::StartTls).await? {
            Some(plain) => self.talk(BufReader::new(acceptor().accept(plain).await?), false, false).await.map(drop),
            None => Ok(()),
        }
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

    /// One conversation. Gives the connection back when the client wants to go on over TLS.
    async fn talk<S>(&self, mut stream: BufReader<S>, greet: bool, offer_tls: bool) -> std::io::Result<Option<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.silent_from == Some(Silence::Greeting) {
            return self.listen(stream).await;
        }
        if greet {
            stream.write_all(b"220 mail.test ready\r\n").await?;
        }
        let mut mail = Mail::default();
        let mut line = String::new();
        while stream.read_line(&mut line).await? > 0 {
            let word = line.trim_end().to_owned();
            line.clear();
            self.words.lock().unwrap().push(word.clone());
            let upper = word.to_uppercase();
            let answer = if upper.starts_with("EHLO") && offer_tls {
                // Without TLS there is no way to log in.
                "250-mail.test\r\n250 STARTTLS\r\n"
            } else if upper == "STARTTLS" && offer_tls {
                stream.write_all(b"220 go ahead\r\n").await?;
                return Ok(Some(stream.into_inner()));
            } else if upper.starts_with("EHLO") {
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
                if mail.data.contains("Message-ID: <unwanted@") {
                    stream.write_all(b"554 no such words here\r\n").await?;
                    continue;
                }
                self.mails.lock().unwrap().push(std::mem::take(&mut mail));
                if self.silent_from == Some(Silence::Taken) {
                    return self.listen(stream).await;
                }
                "250 taken\r\n"
            } else if upper == "QUIT" && self.silent_from == Some(Silence::Bye) {
                return self.listen(stream).await;
            } else if upper == "QUIT" {
                stream.write_all(b"221 bye\r\n").await?;
                // The client closes.
                let _ = stream.read(&mut [0; 1]).await;
                return Ok(None);
            } else {
                "250 fine\r\n"
            };
            stream.write_all(answer.as_bytes()).await?;
        }
        Ok(None)
    }

    /// Says nothing until the client goes.
    async fn listen<S: AsyncRead + Unpin>(&self, mut stream: BufReader<S>) -> std::io::Result<Option<S>> {
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(|_| None)
    }
}

/// The file with the certificate of the test's own authority. It, and the server's certificate for 127.0.0.1, end in a hundred years.
fn authority() -> PathBuf {
    tls_file("ca.pem")
}

/// Runs the program off the runtime, on which the server runs; it trusts the test's own authority or does not.
pub(crate) async fn run_trusting(folder: &Folder, line: &str, trusts: bool) -> Output {
    let mut command = folder.storyd(line);
    if trusts {
        command.env("SSL_CERT_FILE", authority());
    }
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

fn tls_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/tls").join(name)
}

fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(tls_file("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(tls_file("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}
