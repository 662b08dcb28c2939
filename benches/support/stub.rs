//! A bare HTTP server in the place of Kakao, as a process of its own: it answers at once, remembers when which text came, and tells.
//! The least that a server can do, so that what is measured is the other side.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream as Stream};

/// Set in the environment of a bench that is to be the stub.
const ROLE: &str = "STORYD_BENCH_STUB";

/// A post request that came.
pub(crate) struct Arrival {
    /// Microseconds since 1970.
    pub(crate) at: u64,
    /// Its text, as it stood in the form.
    pub(crate) text: String,
}

/// The stub, from the bench's side. Ends with it.
pub(crate) struct Stub {
    child: Child,
    address: String,
}

/// The bench's first deed: becomes the stub, and never returns, when it was started as one.
pub(crate) fn be_one_if_asked() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(serve());
}

impl Stub {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().expect("the bench itself"))
            .env(ROLE, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the bench starts itself as the stub");
        let mut line = Vec::new();
        let mut out = child.stdout.take().expect("piped");
        let mut byte = [0];
        while out.read(&mut byte).expect("the stub says where it is") == 1 && byte[0] != b'\n' {
            line.push(byte[0]);
        }
        Self { child, address: String::from_utf8(line).expect("an address") }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn ask(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("the stub listens");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: stub\r\nConnection: close\r\n\r\n").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer.split_once("\r\n\r\n").expect("a head and a body").1.to_owned()
    }

    /// Forgets what came.
    pub(crate) fn forget(&self) {
        self.ask("/stub/forget");
    }

    /// How many post requests came.
    pub(crate) fn count(&self) -> usize {
        self.ask("/stub/count").parse().expect("a number")
    }

    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        let parse = |line: &str| {
            let (at, text) = line.split_once(' ').expect("an instant and a text");
            Arrival { at: at.parse().expect("a number"), text: text.to_owned() }
        };
        self.ask("/stub/arrivals").lines().map(parse).collect()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How often each text came.
pub(crate) fn by_text(arrivals: &[Arrival]) -> HashMap<&str, usize> {
    let mut counts = HashMap::new();
    for arrival in arrivals {
        *counts.entry(arrival.text.as_str()).or_default() += 1;
    }
    counts
}

/// Requests a second from the first to the last one.
pub(crate) fn rate(arrivals: &[Arrival]) -> f64 {
    let first = arrivals.iter().map(|arrival| arrival.at).min().expect("requests came");
    let last = arrivals.iter().map(|arrival| arrival.at).max().expect("requests came");
    (arrivals.len() - 1) as f64 / ((last - first).max(1) as f64 / 1e6)
}

pub(crate) fn micros_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_micros()).expect("in range")
}

#[derive(Default)]
struct Memory {
    arrivals: Vec<Arrival>,
    stories: u64,
}

async fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("bound"));
    let memory: Arc<Mutex<Memory>> = Arc::default();
    // Whoever started it is gone when its end of the pipe is.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    loop {
        let (stream, _) = listener.accept().await.expect("connections come");
        let _ = stream.set_nodelay(true);
        tokio::spawn(talk(stream, memory.clone()));
    }
}

/// One connection, request after request.
async fn talk(mut stream: Stream, memory: Arc<Mutex<Memory>>) {
    let mut buffer = Vec::with_capacity(2048);
    loop {
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4) else {
            match stream.read_buf(&mut buffer).await {
                Ok(1..) => continue,
                _ => return,
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let chunked = head.contains("transfer-encoding: chunked");
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut body = buffer.split_off(end);
        buffer.clear();
        let (length, mut images) = (length.unwrap_or(0), 0);
        while body.len() < length || (chunked && !body.ends_with(b"\r\n0\r\n\r\n")) {
            // Of an upload only the number of its images is of interest.
            if path.contains("/upload/") && body.len() > 1 << 20 && chunked {
                images += parts(&body[..body.len() - 64]);
                body.drain(..body.len() - 64);
            }
            if !matches!(stream.read_buf(&mut body).await, Ok(1..)) {
                return;
            }
        }
        images += parts(&body);
        let answer = answer(&path, &body, images, &memory);
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", answer.len());
        if stream.write_all(format!("{head}{answer}").as_bytes()).await.is_err() || head.contains("connection: close") {
            return;
        }
        if path.starts_with("/stub/") {
            return;
        }
    }
}

fn parts(body: &[u8]) -> usize {
    body.windows(9).filter(|nine| nine == b"filename=").count()
}

fn answer(path: &str, body: &[u8], images: usize, memory: &Mutex<Memory>) -> String {
    let mut memory = memory.lock().expect("nobody panics here");
    match path {
        "/stub/forget" => {
            memory.arrivals.clear();
            String::new()
        }
        "/stub/count" => memory.arrivals.len().to_string(),
        "/stub/arrivals" => {
            memory.arrivals.iter().map(|arrival| format!("{} {}\n", arrival.at, arrival.text)).collect()
        }
        path if path.contains("/post/") => {
            let form = String::from_utf8_lossy(body);
            let text = form.split('&').find_map(|field| field.strip_prefix("content=")).unwrap_or_default().to_owned();
            memory.arrivals.push(Arrival { at: micros_now(), text });
            memory.stories += 1;
            format!("{{\"id\":\"_bench.{}\"}}", memory.stories)
        }
        path if path.contains("/upload/") => {
            let paths: Vec<String> = (0..images).map(|number| format!("\"/image/{number}\"")).collect();
            format!("[{}]", paths.join(","))
        }
        _ => "{}".to_owned(),
    }
}
