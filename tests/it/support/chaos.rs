//! Real processes for the proof under SIGKILL: a sandbox, daemons that are killed, commands beside them. Owns the processes, their
//! folder and the job file; what comes of it is judged by [`super::evidence`].

#![allow(clippy::disallowed_methods, reason = "real processes live in real time")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kakao_sandbox::RequestRecord;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::world::png;

/// Whoever waits longer than this for a process waits for ever.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// The shortest that the settings take beside a publish time-out of two seconds.
pub(crate) const QUARANTINE_S: u64 = 33;
/// Pictures that the photo posts choose from.
const PICTURES: u8 = 6;
/// So many jobs stay below the largest job file that storyd reads.
const JOBS_PER_FILE: usize = 4_000;

/// The program under test: the one that was built with the tests, unless the environment names another.
fn program() -> PathBuf {
    let named = std::env::var_os("STORYD_CHAOS_PROGRAM");
    named.map_or_else(|| env!("CARGO_BIN_EXE_storyd").into(), |name| std::fs::canonicalize(name).unwrap())
}

/// Chance from a seed: splitmix64.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit.max(1)
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }
}

/// A process that dies with its handle. Its stdout is read line by line, its stderr goes to a file.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// Follows what it says for `length`. Ends early, with false, when it has nothing more to say: it is dead or dying.
    pub(crate) fn watch(&self, length: Duration) -> bool {
        let until = Instant::now() + length;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Waits until it tells of `event`; false when it ends without having done so.
    pub(crate) fn tells_of(&self, event: &str) -> bool {
        let wanted = format!("\"event\":\"{event}\"");
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(&wanted) => return true,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => panic!("it never told of {event}"),
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// What it ended with, once it has; waits for that a moment.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        std::thread::sleep(Duration::from_millis(2));
        self.child.try_wait().unwrap()
    }

    /// SIGKILL, wherever it is. What it had come to by then, if it was faster.
    pub(crate) fn kill(mut self) -> Option<ExitStatus> {
        let faster = self.child.try_wait().unwrap();
        let _ = self.child.kill();
        self.child.wait().unwrap();
        faster
    }

    /// Sends a signal by its name. One that is gone takes none.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args([&format!("-{name}"), &id]).stderr(Stdio::null()).status().unwrap();
    }

    /// SIGTERM, and its end.
    pub(crate) fn terminate(self) -> ExitStatus {
        self.signal("TERM");
        self.end()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if !self.watch(Duration::from_millis(100)) {
                return self.child.wait().unwrap();
            }
        }
        panic!("it does not end");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A job, and every text and time that it ever had.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) account: String,
    pub(crate) kind: &'static str,
    /// The last one is in the file.
    pub(crate) texts: Vec<String>,
    /// The last one is in the file; `None` is `now`.
    pub(crate) times: Vec<Option<Timestamp>>,
    pub(crate) in_file: bool,
    /// Further lines in the file.
    pub(crate) rest: String,
}

/// Everything that lives in one folder: the sandbox with its ledger, the settings, the job file, the queue.
pub(crate) struct Town {
    dir: tempfile::TempDir,
    /// Before `dir`, it would outlive its folder; the order does not matter to a killed process.
    sandbox: Option<Process>,
    url: String,
    http: (tokio::runtime::Runtime, reqwest::Client),
    pub(crate) jobs: Vec<Job>,
    pub(crate) requests: BTreeMap<u64, RequestRecord>,
    pub(crate) accounts: Vec<String>,
    sandbox_flags: Vec<String>,
}

impl Town {
    /// Founds it: tokens handed in, job file written, nothing running but the sandbox.
    pub(crate) fn new(accounts: Vec<String>, jobs: Vec<Job>, sandbox_seed: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let http = (tokio::runtime::Runtime::new().unwrap(), reqwest::Client::new());
        let mut sandbox_flags =
            vec!["--ledger".into(), "stories.jsonl".into(), "--seed".into(), sandbox_seed.to_string()];
        sandbox_flags.extend(accounts.iter().flat_map(|account| ["--account".into(), account.clone()]));
        let (sandbox, url, requests) = (None, String::new(), BTreeMap::new());
        let mut town = Self { dir, sandbox, url, http, jobs, requests, accounts, sandbox_flags };
        let started = town.start_sandbox("127.0.0.1:0");
        for shade in 0..PICTURES {
            std::fs::write(town.path(&format!("{shade}.png")), png(shade)).unwrap();
        }
        std::fs::write(town.path("storyd.yaml"), town.settings()).unwrap();
        town.write_jobs();
        for account in started["accounts"].as_array().unwrap() {
            let name = account["account"].as_str().unwrap();
            std::fs::write(town.path(&format!("{name}.access")), account["access_token"].as_str().unwrap()).unwrap();
            std::fs::write(town.path(&format!("{name}.refresh")), account["refresh_token"].as_str().unwrap()).unwrap();
            town.hand_in_tokens(name);
        }
        town
    }

    /// What the sandbox prints at its start.
    fn start_sandbox(&mut self, address: &str) -> Value {
        let mut command = Command::new(program());
        command.current_dir(self.dir.path()).args(["--json", "sandbox", "--listen", address]).args(&self.sandbox_flags);
        let sandbox = Process::start(command);
        let started = first_json(&sandbox);
        self.url = started["url"].as_str().unwrap().to_owned();
        self.sandbox = Some(sandbox);
        started
    }

    /// Kills the sandbox and starts it again from its ledger, so that what it tells from then on is what is on disk.
    pub(crate) fn sandbox_from_disk(&mut self) {
        if let Some(sandbox) = self.sandbox.take() {
            sandbox.kill();
        }
        self.start_sandbox("127.0.0.1:0");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The shortest times that the settings take.
    fn settings(&self) -> String {
        let url = &self.url;
        let mut text = format!(
            "data_dir: data\njobs: [{}]\napi_url: {url}\nlogin_url: {url}\ndashboard: {{listen: off}}\n\
             timeouts: {{connect: 1s, request: 2s, upload: 2s, publish: 2s, lease: 10s}}\n\
             defaults:\n  quarantine: {QUARANTINE_S}s\n  catch_up_gap: 1s\n  retry: [1s, 1s, 1s, 2s, 2s, 2s, 3s, 3s, 3s, 5s, 5s, 5s]\naccounts:\n",
            self.job_files().join(", ")
        );
        for account in &self.accounts {
            writeln!(text, "  {account}: {{rest_api_key: key}}").unwrap();
        }
        text
    }

    /// The names of the job files. Each job stays in its file, none of which is larger than storyd reads.
    fn job_files(&self) -> Vec<String> {
        let more = (1..self.jobs.len().div_ceil(JOBS_PER_FILE)).map(|number| format!("jobs-{number}.yaml"));
        std::iter::once("jobs.yaml".to_owned()).chain(more).collect()
    }

    /// What that job file says.
    fn job_file(&self, number: usize) -> String {
        let mut text = "version: 1\nzone: Asia/Seoul\njobs:\n".to_owned();
        // One that is never due keeps the file from being empty.
        let anchor = "{at: 2190-01-01 09:00, account: account0, type: note, content: never}";
        writeln!(text, "  {}: {anchor}", if number == 0 { "anchor".to_owned() } else { format!("anchor-{number}") })
            .unwrap();
        let jobs = self.jobs.iter().skip(number * JOBS_PER_FILE).take(JOBS_PER_FILE);
        for job in jobs.filter(|job| job.in_file) {
            let at = job.times.last().unwrap().map_or("now".to_owned(), |at| at.to_string());
            let (name, account, kind) = (&job.name, &job.account, job.kind);
            writeln!(text, "  {name}:\n    at: {at}\n    account: {account}\n    type: {kind}").unwrap();
            writeln!(text, "    content: {:?}\n{}", job.texts.last().unwrap(), job.rest).unwrap();
            match kind {
                "photo" => writeln!(text, "    images: [{}.png]", name.len() % usize::from(PICTURES)).unwrap(),
                "link" => writeln!(text, "    url: https://example.com/{name}").unwrap(),
                _ => {}
            }
        }
        text
    }

    /// Replaces the job files whole, one after the other, as an editor does.
    pub(crate) fn write_jobs(&self) {
        for (number, name) in self.job_files().iter().enumerate() {
            self.replace(name, &self.job_file(number));
        }
    }

    /// Writes the first job file in two goes, as a copying program does: for a moment half of it is there.
    pub(crate) fn write_jobs_in_place(&self) {
        let text = self.job_file(0);
        let half = (text.len() / 2..text.len()).find(|at| text.is_char_boundary(*at)).unwrap();
        std::fs::write(self.path("jobs.yaml"), &text[..half]).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        std::fs::write(self.path("jobs.yaml"), text).unwrap();
        self.write_jobs();
    }

    /// A file in the middle of being edited.
    pub(crate) fn break_jobs(&self) {
        self.replace("jobs.yaml", "version: 1\nzone: Asia/Seoul\njobs:\n  half-written:\n    at: 2026-");
    }

    /// Puts this text in the place of the file, unless it is there already.
    fn replace(&self, name: &str, text: &str) {
        if std::fs::read_to_string(self.path(name)).is_ok_and(|before| before == text) {
            return;
        }
        let new = format!("{name}.new");
        std::fs::write(self.path(&new), text).unwrap();
        std::fs::rename(self.path(&new), self.path(name)).unwrap();
    }

    fn storyd(&self, args: &[&str]) -> Command {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.path("log")).unwrap();
        let mut command = Command::new(program());
        command.current_dir(self.dir.path()).env_remove("STORYD_SETTINGS").args(args).stderr(log);
        command
    }

    /// A daemon.
    pub(crate) fn daemon(&self) -> Process {
        Process::start(self.storyd(&["--json", "run"]))
    }

    /// What all processes logged last.
    pub(crate) fn last_log(&self) -> String {
        let log = std::fs::read_to_string(self.path("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// A command that must do what it is told.
    pub(crate) fn tell(&self, args: &[&str]) {
        assert!(self.tries(args), "{args:?} was refused\n{}", self.last_log());
    }

    /// A command that may come too late: true when it did what it was told, false when it said that this is not possible.
    pub(crate) fn tries(&self, args: &[&str]) -> bool {
        let status = self.storyd(args).stdout(Stdio::null()).status().unwrap();
        match status.code() {
            Some(0) => true,
            Some(4..=6) => false,
            _ => panic!("{args:?} ended with {status}\n{}", self.last_log()),
        }
    }

    /// A command that goes on by itself.
    pub(crate) fn begins(&self, args: &[&str]) -> Process {
        Process::start(self.storyd(args))
    }

    /// What a command prints as JSON.
    pub(crate) fn ask<T: DeserializeOwned>(&self, args: &[&str]) -> T {
        let output = self.storyd(args).arg("--json").output().unwrap();
        assert!(output.status.success(), "{args:?} ended with {}\n{}", output.status, self.last_log());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Hands in the tokens that the sandbox gave at its start, which lifts a block.
    pub(crate) fn hand_in_tokens(&self, account: &str) {
        let (access, refresh) = (format!("{account}.access"), format!("{account}.refresh"));
        self.tell(&["account", "add-token", account, "--access-token-file", &access, "--refresh-token-file", &refresh]);
    }

    /// Reads from the sandbox.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let (runtime, client) = &self.http;
        let request = client.get(format!("{}{path}", self.url));
        runtime.block_on(async { request.send().await.unwrap().json().await.unwrap() })
    }

    /// What goes wrong from here on.
    pub(crate) fn set_faults(&self, rules: &[String]) {
        let (runtime, client) = &self.http;
        let request = client.put(format!("{}/_sandbox/faults", self.url)).json(rules);
        let (status, text) = runtime.block_on(async {
            let answer = request.send().await.unwrap();
            (answer.status(), answer.text().await.unwrap())
        });
        assert!(status.is_success(), "{text}");
    }

    /// Takes down the requests before the sandbox forgets them.
    pub(crate) fn note_requests(&mut self) {
        let seen: Vec<RequestRecord> = self.get("/_sandbox/requests");
        self.requests.extend(seen.into_iter().map(|request| (request.number, request)));
    }
}

fn first_json(process: &Process) -> Value {
    let mut text = String::new();
    let until = Instant::now() + PATIENCE;
    while let Ok(line) = process.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
        text.push_str(&line);
        if let Ok(value) = serde_json::from_str(&text) {
            return value;
        }
    }
    panic!("no JSON: {text}");
}
