//! Real processes for the proof under SIGKILL: a sandbox, a daemon that is killed and started again, the person who steps in. Owns
//! the processes, their folder and the job file; what comes of it is judged by [`super::evidence`].

#![allow(clippy::disallowed_methods, reason = "real processes live in real time")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use storyd::domain::clock::Clock;
use storyd::sandbox::RequestRecord;

use super::world::png;

/// Whoever waits longer than this for a process waits for ever.
const PATIENCE: Duration = Duration::from_secs(120);
/// Pictures that the photo posts choose from.
const PICTURES: u8 = 6;

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

    /// SIGKILL, wherever it is.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and its end.
    pub(crate) fn terminate(self) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
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

/// A job, and every text that it ever had.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) account: String,
    pub(crate) kind: &'static str,
    /// The last one is in the file.
    pub(crate) texts: Vec<String>,
    /// `None` is `now`.
    pub(crate) at: Option<Timestamp>,
    pub(crate) in_file: bool,
    pub(crate) holds: bool,
}

/// How large the run is.
pub(crate) struct Size {
    pub(crate) posts: usize,
    pub(crate) accounts: usize,
    /// Due times are drawn from so many seconds.
    pub(crate) span_s: u64,
}

/// Everything that lives in one folder: the sandbox with its ledger, the settings, the job file, the queue.
pub(crate) struct Town {
    dir: tempfile::TempDir,
    /// Before `dir`, it would outlive its folder; the order does not matter to a killed process.
    _sandbox: Process,
    url: String,
    http: (tokio::runtime::Runtime, reqwest::Client),
    pub(crate) jobs: Vec<Job>,
    pub(crate) requests: BTreeMap<u64, RequestRecord>,
    pub(crate) accounts: Vec<String>,
}

impl Town {
    /// Founds it: tokens handed in, job file written, nothing running but the sandbox.
    pub(crate) fn new(size: &Size, dice: &mut Dice) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let accounts: Vec<String> = (0..size.accounts).map(|number| format!("account{number}")).collect();
        let mut command = Command::new(env!("CARGO_BIN_EXE_storyd"));
        command.current_dir(dir.path()).args([
            "--json",
            "sandbox",
            "--listen",
            "127.0.0.1:0",
            "--ledger",
            "stories.jsonl",
        ]);
        command.args(["--seed", &dice.below(u64::MAX).to_string()]);
        command.args(accounts.iter().flat_map(|account| ["--account", account]));
        let sandbox = Process::start(command);
        let started = first_json(&sandbox);
        let url = started["url"].as_str().unwrap().to_owned();
        let http = (tokio::runtime::Runtime::new().unwrap(), reqwest::Client::new());
        let jobs = draw_jobs(size, &accounts, dice);
        let town = Self { dir, _sandbox: sandbox, url, http, jobs, requests: BTreeMap::new(), accounts };
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

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The shortest times that the settings take.
    fn settings(&self) -> String {
        let url = &self.url;
        let mut text = format!(
            "data_dir: data\njobs: [jobs.yaml]\napi_url: {url}\nlogin_url: {url}\ndashboard: {{listen: off}}\n\
             timeouts: {{connect: 1s, request: 2s, upload: 2s, publish: 2s, lease: 10s}}\n\
             defaults:\n  quarantine: 33s\n  catch_up_gap: 1s\n  retry: [1s, 1s, 1s, 2s, 2s, 2s, 3s, 3s, 3s, 5s, 5s, 5s]\naccounts:\n"
        );
        for account in &self.accounts {
            writeln!(text, "  {account}: {{rest_api_key: key}}").unwrap();
        }
        text
    }

    /// Replaces the job file whole, as an editor does.
    pub(crate) fn write_jobs(&self) {
        let mut text = "version: 1\nzone: Asia/Seoul\njobs:\n".to_owned();
        for job in self.jobs.iter().filter(|job| job.in_file) {
            let at = job.at.map_or("now".to_owned(), |at| at.to_string());
            let (name, account, kind) = (&job.name, &job.account, job.kind);
            writeln!(text, "  {name}:\n    at: {at}\n    account: {account}\n    type: {kind}").unwrap();
            writeln!(text, "    content: {:?}", job.texts.last().unwrap()).unwrap();
            match kind {
                "photo" => writeln!(text, "    images: [{}.png]", name.len() % usize::from(PICTURES)).unwrap(),
                "link" => writeln!(text, "    url: https://example.com/{name}").unwrap(),
                _ => {}
            }
            if job.holds {
                writeln!(text, "    in_doubt: hold").unwrap();
            }
        }
        self.replace_jobs(&text);
    }

    /// A file in the middle of being edited.
    pub(crate) fn break_jobs(&self) {
        self.replace_jobs("version: 1\nzone: Asia/Seoul\njobs:\n  half-written:\n    at: 2026-");
    }

    fn replace_jobs(&self, text: &str) {
        std::fs::write(self.path("jobs.yaml.new"), text).unwrap();
        std::fs::rename(self.path("jobs.yaml.new"), self.path("jobs.yaml")).unwrap();
    }

    fn storyd(&self, args: &[&str]) -> Command {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.path("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_storyd"));
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
        let status = self.storyd(args).stdout(Stdio::null()).status().unwrap();
        assert!(status.success(), "{args:?} ended with {status}\n{}", self.last_log());
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

fn draw_jobs(size: &Size, accounts: &[String], dice: &mut Dice) -> Vec<Job> {
    let start = Clock::system().now();
    let mut jobs = Vec::new();
    for number in 0..size.posts {
        let kind = ["note", "note", "photo", "link"][dice.index(4)];
        // The same text more than once in an account is where one story can be taken for another.
        let text = match dice.below(10) {
            0 => format!("오늘의 커피 {}", dice.below(3)),
            1 => format!("  글 {number} \n둘째 줄: ☕ \"따옴표\" "),
            _ => format!("글 {number}"),
        };
        let seconds = i64::try_from(dice.below(size.span_s)).unwrap();
        let due = Timestamp::from_second(start.as_second() + seconds).unwrap();
        jobs.push(Job {
            name: format!("job-{number}"),
            account: accounts[dice.index(accounts.len())].clone(),
            kind,
            texts: vec![text],
            at: (!dice.percent(10)).then_some(due),
            in_file: true,
            holds: dice.percent(5),
        });
    }
    jobs
}
