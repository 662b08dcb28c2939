//! The program as a person runs it: a folder, commands in it, and processes whose output is read while they run. Dropping the folder
//! ends them and judges what no output may hold: a token, a panic, a backtrace.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::machine;

/// Between two looks at something that is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// Looks until a test gives up: 90 seconds, for a machine that is busy with other tests.
const LOOKS_MAX: usize = 3_600;

/// An empty folder in which a person works.
pub(crate) struct Folder {
    dir: tempfile::TempDir,
    outputs: Mutex<Vec<Output>>,
    secrets: Mutex<BTreeSet<String>>,
    /// Where the wall clock of its programs stands still. It moves with the day when there is none.
    stands_at: Option<Timestamp>,
}

/// What a process wrote so far, to one of its streams.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<String>>);

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Done {
    /// Its exit code; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A process that runs. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    stdin: Option<std::process::ChildStdin>,
    stdout: Output,
    stderr: Output,
    readers: Vec<std::thread::JoinHandle<()>>,
}

/// `storyd sandbox` as a process of its own.
pub(crate) struct Emulator {
    _process: Process,
    pub(crate) url: String,
}

/// How a program can be given mounts of its own on this machine, if at all.
pub(crate) fn own_mounts() -> Option<&'static str> {
    let way = if is_root() { "unshare -m" } else { "unshare -rm" };
    let line = format!("{way} sh -c 'mount -t tmpfs -o size=64k storyd /mnt'");
    let tried = Command::new("sh").args(["-c", &line]).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success()).then_some(way)
}

/// What decides on the wall clock of a program, for which it must be the same day as for the test.
fn is_of_the_clock(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name == "LD_PRELOAD" || name == "STORYD_TEST_AHEAD" || name.contains("FAKE_") || name.starts_with("FAKETIME")
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

/// Looks until there is something. Fails with `what` when there never is.
#[track_caller]
pub(crate) fn until<T>(what: impl Fn() -> String, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS_MAX {
        if let Some(found) = look() {
            return found;
        }
        #[expect(clippy::disallowed_methods, reason = "processes outside share no clock with the test")]
        std::thread::sleep(LOOK_EVERY);
    }
    panic!("waited in vain for {}", what());
}

impl Folder {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir, outputs: Mutex::default(), secrets: Mutex::default(), stands_at: None }
    }

    /// An empty folder in which it is always the same second: what its programs tell of ages is the same on every day.
    pub(crate) fn standing_at(second: &str) -> Self {
        let mut folder = Self::new();
        folder.stands_at = Some(second.parse().unwrap());
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// Writes `jobs.yaml` under the usual head.
    pub(crate) fn jobs(&self, jobs: &str) {
        let indented = jobs.lines().fold(String::new(), |mut text, line| {
            writeln!(text, "  {line}").unwrap();
            text
        });
        self.write("jobs.yaml", format!("version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n{indented}"));
    }

    /// The program, with nothing of this machine's environment but what finds programs and what sets the clock of the tests.
    pub(crate) fn storyd(&self, line: &str) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("storyd"));
        command.args(line.split_whitespace()).current_dir(self.dir.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(std::env::vars_os().filter(|(name, _)| is_of_the_clock(name)));
        // `faketime` would set the steady clock ahead too, by which threads wait for as long.
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
        if let Some(second) = self.stands_at {
            command.env("LD_PRELOAD", machine::preload()).env("STORYD_TEST_STANDS_AT", second.as_second().to_string());
        }
        // A backtrace, if there were one, must show.
        command.env("USER", "operator").env("TZ", "Asia/Seoul").env("RUST_BACKTRACE", "1");
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, line: &str) -> Done {
        self.start(line).end()
    }

    /// Runs a command that must succeed, and gives its output.
    #[track_caller]
    pub(crate) fn ok(&self, line: &str) -> String {
        let done = self.run(line);
        assert_eq!(done.code, Some(0), "storyd {line}: {done:#?}");
        done.stdout
    }

    /// The output of a command with `--json`.
    #[track_caller]
    pub(crate) fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.ok(&format!("{line} --json"))).unwrap()
    }

    pub(crate) fn start(&self, line: &str) -> Process {
        self.spawn(self.storyd(line), line)
    }

    /// Starts a command with something changed about it.
    pub(crate) fn start_with(&self, line: &str, change: impl FnOnce(&mut Command)) -> Process {
        let mut command = self.storyd(line);
        change(&mut command);
        self.spawn(command, line)
    }

    /// Starts a command to which a person types.
    pub(crate) fn talk(&self, line: &str) -> Process {
        let mut command = self.storyd(line);
        command.stdin(Stdio::piped());
        self.spawn(command, line)
    }

    /// From here on this text must appear in no output and no file.
    pub(crate) fn keep_secret(&self, text: &str) {
        self.secrets.lock().unwrap().insert(text.to_owned());
    }

    /// Starts the program from a shell that does something before, in the folder. With `own_mounts` what it mounts is seen by it and
    /// the program alone.
    pub(crate) fn start_after(&self, own_mounts: Option<&str>, before: &str, line: &str) -> Process {
        let plain = self.storyd(line);
        let shell = format!("{before} && exec \"$0\" \"$@\"");
        let mut words: Vec<&str> = own_mounts.into_iter().flat_map(str::split_whitespace).collect();
        words.extend(["sh", "-c", &shell]);
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .arg(plain.get_program())
            .args(plain.get_args())
            .current_dir(self.dir.path())
            .env_clear();
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
        self.spawn(command, line)
    }

    fn spawn(&self, mut command: Command, line: &str) -> Process {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (stdout, stderr) = (Output::default(), Output::default());
        let readers = vec![stdout.follow(child.stdout.take().unwrap()), stderr.follow(child.stderr.take().unwrap())];
        // What a sandbox prints at its start are tokens, on purpose.
        let told: &[&Output] = if line.starts_with("sandbox") { &[&stderr] } else { &[&stdout, &stderr] };
        self.outputs.lock().unwrap().extend(told.iter().copied().cloned());
        Process { stdin: child.stdin.take(), child, stdout, stderr, readers }
    }

    /// Starts a sandbox of its own with account `cafe`, and settings that point at it.
    pub(crate) fn emulator(&self, flags: &str) -> Emulator {
        let line = format!("sandbox --listen 127.0.0.1:0 --account cafe --ledger ledger.jsonl --json {flags}");
        let process = self.start(&line);
        let started =
            until(|| format!("the sandbox: {}", process.err()), || process.out().lines().next().map(str::to_owned));
        let started: Value = serde_json::from_str(&started).unwrap();
        let url = started["url"].as_str().unwrap().to_owned();
        for kind in ["access_token", "refresh_token"] {
            let token = started["accounts"][0][kind].as_str().unwrap().to_owned();
            self.write(&format!("secrets/{kind}.txt"), format!("{token}\n"));
            self.secrets.lock().unwrap().insert(token);
        }
        self.write(
            "storyd.yaml",
            format!(
                "data_dir: data\njobs: [jobs.yaml]\napi_url: {url}\nlogin_url: {url}\ndashboard: {{listen: off}}\n\
                 accounts: {{cafe: {{rest_api_key: the-key-of-the-app}}}}\n"
            ),
        );
        self.secrets.lock().unwrap().insert("the-key-of-the-app".into());
        Emulator { _process: process, url }
    }

    /// Hands the emulator's tokens in, as an operator does.
    pub(crate) fn hand_in_tokens(&self) {
        let files = "--access-token-file secrets/access_token.txt --refresh-token-file secrets/refresh_token.txt";
        let told = self.ok(&format!("account add-token cafe {files}"));
        assert_eq!(told, format!("tokens of account cafe stored in {}\n", self.path("data/tokens").display()));
    }

    /// Nothing that a process printed or kept shows a secret, and no process fell over.
    fn judge(&self) {
        let mut secrets = self.secrets.lock().unwrap().clone();
        let files = files(self.dir.path());
        let own = |file: &Path| {
            let text = file.display().to_string();
            ["/tokens/", "/secrets/"].iter().any(|folder| text.contains(folder))
        };
        for file in files.iter().filter(|file| own(file) && file.extension().is_some_and(|ext| ext == "json")) {
            let kept: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
            let tokens = ["access_token", "refresh_token"].iter().filter_map(|kind| kept[*kind].as_str());
            secrets.extend(tokens.map(str::to_owned));
        }
        for output in self.outputs.lock().unwrap().iter() {
            let text = output.text();
            for word in secrets.iter().map(String::as_str).chain(["panicked", "RUST_BACKTRACE", "stack backtrace"]) {
                assert!(!text.contains(word), "{word:?} was printed:\n{text}");
            }
        }
        // The sandbox's ledger stands for Kakao, which knows its tokens; the settings hold what was written into them.
        let theirs = |file: &Path| {
            file.extension().is_some_and(|ext| ext == "jsonl")
                || file.file_name().is_some_and(|name| name == "storyd.yaml")
        };
        for file in files.iter().filter(|file| !own(file) && !theirs(file)) {
            let bytes = std::fs::read(file).unwrap();
            for secret in &secrets {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{} holds a secret", file.display());
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.judge();
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

impl Output {
    fn follow(&self, stream: impl Read + Send + 'static) -> std::thread::JoinHandle<()> {
        let output = self.clone();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stream);
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                output.0.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
        })
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

impl Process {
    /// What it wrote to stdout so far.
    pub(crate) fn out(&self) -> String {
        self.stdout.text()
    }

    /// What it wrote to stderr so far.
    pub(crate) fn err(&self) -> String {
        self.stderr.text()
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Closes its stdin.
    pub(crate) fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// The number that the system knows it by.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for words on stdout.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) {
        let what = || format!("{words:?} on stdout\n{}\nstderr\n{}", self.out(), self.err());
        until(what, || self.out().contains(words).then_some(()));
    }

    /// Waits for words on stderr.
    #[track_caller]
    pub(crate) fn warns(&self, words: &str) {
        let what = || format!("{words:?} on stderr\n{}\nstdout\n{}", self.err(), self.out());
        until(what, || self.err().contains(words).then_some(()));
    }

    /// Whether it ended by itself.
    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Sends a signal by its name, as `kill` does.
    pub(crate) fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success(), "{line}");
    }

    /// Runs a shell line where this process sees its own mounts. Whether it succeeded.
    pub(crate) fn beside(&self, folder: &Folder, line: &str) -> bool {
        let pid = self.child.id();
        let user = if is_root() { "" } else { "-U --preserve-credentials" };
        let enter = format!("nsenter -t {pid} -m {user} sh -c 'cd {} && {line}'", folder.path("").display());
        Command::new("sh").args(["-c", &enter]).stderr(Stdio::null()).status().unwrap().success()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Done {
        let status = until(|| "the end of a process".into(), || self.child.try_wait().unwrap());
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        Done { code: status.code(), stdout: self.out(), stderr: self.err() }
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill_9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Emulator {
    /// Every story that exists or existed.
    pub(crate) fn ledger(&self) -> Vec<Value> {
        self.get("/_sandbox/ledger")
    }

    /// How many requests of a call came.
    pub(crate) fn requests(&self, call: &str) -> usize {
        self.get("/_sandbox/requests").iter().filter(|request| request["call"] == call).count()
    }

    /// Waits until a request of a call has come.
    pub(crate) fn is_asked(&self, call: &str) {
        until(|| format!("a request {call}"), || (self.requests(call) > 0).then_some(()));
    }

    /// Tells the sandbox something as its owner.
    pub(crate) fn put(&self, path: &str, body: &str) {
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).unwrap();
        let length = body.len();
        write!(stream, "PUT {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(" 200 "), "{body}: {answer}");
    }

    fn get(&self, path: &str) -> Vec<Value> {
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }
}
