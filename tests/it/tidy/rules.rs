//! The house rules for one file at a time, each a small function over what [`File`] holds.
//!
//! A rule sees one file and knows where it lies; what needs the whole tree stands in the parent module.

use super::scan::{File, Kind, Path, Token};

/// Where a file breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Breach {
    pub(super) line: usize,
    /// Where what breaks it ends; a written reason counts from the line before `line` to here.
    pub(super) last: usize,
    pub(super) what: String,
}

impl Breach {
    pub(super) fn at(line: usize, what: impl Into<String>) -> Self {
        Self { line, last: line, what: what.into() }
    }
}

/// The floors from the ground up; imports only go down. The two of one storey never meet.
pub(super) const FLOORS: &[&[&str]] = &[
    &["domain", "tls"],
    &["yaml"],
    &["plan"],
    &["settings"],
    &["store", "network", "notify"],
    &["engine"],
    &["web"],
    &["cli"],
];

/// The emulators. Cargo keeps them from importing anything of ours; only the commands may start one.
pub(super) const SANDBOXES: &[&str] = &["kakao_sandbox"];

fn storey(floor: &str) -> Option<usize> {
    FLOORS.iter().position(|floors| floors.contains(&floor))
}

/// Imports go down.
pub(super) fn floors(file: &File) -> Vec<Breach> {
    let Some(own) = file.floor() else { return Vec::new() };
    let mut breaches = named(file, "only the commands start a sandbox", |path| {
        own != "cli" && SANDBOXES.iter().any(|sandbox| path.starts(sandbox))
    });
    for path in file.paths.iter().filter(|path| path.parts[0] == "crate") {
        let Some(other) = path.parts.get(1) else { continue };
        let allowed = match (storey(own), storey(other)) {
            _ if other == own => true,
            (Some(own), Some(other)) => other < own,
            // A folder that is not a floor is caught where the map is compared; a name in lib.rs is nobody's.
            _ => false,
        };
        if !allowed {
            breaches.push(Breach::at(path.line, format!("{own} must not know {}", path.shown())));
        }
    }
    breaches
}

/// The dashboard reads through the view.
pub(super) fn web_reads_only(file: &File) -> Vec<Breach> {
    let writes = |path: &&Path| path.starts("crate::store::queue");
    if !file.under("src/web") {
        return Vec::new();
    }
    file.paths.iter().filter(writes).map(|path| Breach::at(path.line, "web reads through store::view")).collect()
}

/// `main.rs` hands over to the commands.
pub(super) fn thin_main(file: &File) -> Vec<Breach> {
    let ours = |path: &&Path| path.starts("crate") && !path.starts("crate::cli");
    if file.path != "src/main.rs" {
        return Vec::new();
    }
    let mut breaches: Vec<Breach> =
        file.paths.iter().filter(ours).map(|path| Breach::at(path.line, "main.rs knows the commands alone")).collect();
    if file.text.lines().count() > 34 {
        breaches.push(Breach::at(35, "main.rs parses, runs and gives the exit code; nothing else"));
    }
    breaches
}

/// Paths of code (not of tests) for which `outside` holds.
fn named(file: &File, what: &str, outside: impl Fn(&Path) -> bool) -> Vec<Breach> {
    let paths = file.paths.iter().filter(|path| !path.test && outside(path));
    paths.map(|path| Breach::at(path.line, format!("{}: {what}", path.shown()))).collect()
}

/// Strings of code (not of tests) for which `outside` holds.
fn said(file: &File, what: &str, outside: impl Fn(&str) -> bool) -> Vec<Breach> {
    let texts = file.code().filter(|(_, token)| token.kind == Kind::Text && outside(&token.text));
    texts.map(|(_, token)| Breach::at(token.line, format!("{:?}: {what}", excerpt(&token.text)))).collect()
}

fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

/// SQL lives in the store.
pub(super) fn sql(file: &File) -> Vec<Breach> {
    const STARTS: [&str; 9] = [
        "SELECT ",
        "INSERT INTO ",
        "INSERT OR ",
        "UPDATE ",
        "DELETE FROM ",
        "PRAGMA ",
        "CREATE TABLE ",
        "CREATE INDEX ",
        "BEGIN IMMEDIATE",
    ];
    if !file.is_source() || file.under("src/store") {
        return Vec::new();
    }
    let mut breaches = named(file, "SQL only under store", |path| {
        path.starts("sqlx") || path.starts("libsqlite3_sys") || path.starts("rusqlite")
    });
    breaches.extend(said(file, "SQL only under store", |text| {
        STARTS.iter().any(|start| text.trim_start().starts_with(start))
            || text.trim_start().starts_with("WITH RECURSIVE")
    }));
    breaches
}

/// The HTTP client lives in `network`, the HTTP server in the sandbox and the dashboard.
pub(super) fn http(file: &File) -> Vec<Breach> {
    if !file.is_source() {
        return Vec::new();
    }
    let mut breaches = Vec::new();
    if !file.under("src/network") && !file.under("src/notify") {
        breaches = named(file, "the HTTP client only under network and notify", |path| path.starts("reqwest"));
    }
    if !file.under("src/notify") {
        breaches.extend(named(file, "mail only under notify", |path| path.starts("lettre")));
    }
    if !file.under("crates") && !file.under("src/web") {
        breaches.extend(named(file, "the HTTP server only under sandbox and web", |path| {
            ["axum", "hyper", "tower"].iter().any(|name| path.starts(name))
        }));
    }
    breaches
}

/// What only Kakao's own documents explain lives in `network/kakao`, and once more in the sandbox.
pub(super) fn kakao_codes(file: &File) -> Vec<Breach> {
    const NUMBERS: [&str; 13] =
        ["401", "402", "403", "406", "501", "601", "602", "603", "604", "605", "606", "9798", "10000"];
    const PATHS: [&str; 4] = ["/v1/api/", "/v1/user/", "/v2/user/", "/oauth/"];
    if !file.is_source() || file.under("src/network/kakao") || file.under("crates/kakao-sandbox") {
        return Vec::new();
    }
    let mut breaches = said(file, "Kakao's codes and paths only under kakao", |text| {
        let number = text.strip_prefix('-').is_some_and(|rest| NUMBERS.contains(&rest));
        let koe = text.strip_prefix("KOE").is_some_and(|rest| rest.starts_with(|char: char| char.is_ascii_digit()));
        number || koe || PATHS.iter().any(|path| text.starts_with(path))
    });
    for (index, token) in file.code() {
        if token.kind == Kind::Number
            && NUMBERS.contains(&token.text.as_str())
            && file.before(index).is_some_and(|before| before.is("-"))
        {
            breaches.push(Breach::at(token.line, format!("-{}: Kakao's codes only under kakao", token.text)));
        }
    }
    breaches
}

/// One reading of YAML for the job files, one for the settings.
pub(super) fn yaml(file: &File) -> Vec<Breach> {
    let reader = file.under("src/yaml");
    if !file.is_source() || reader || file.under("src/settings") || file.path == "src/settings.rs" {
        return Vec::new();
    }
    named(file, "YAML only in yaml and settings", |path| {
        ["serde_yaml", "yaml_serde", "granit_parser"].iter().any(|name| path.starts(name))
    })
}

/// `now` comes from one place.
pub(super) fn clock(file: &File) -> Vec<Breach> {
    let clocks = ["src/domain/clock.rs", "crates/kakao-sandbox/src/state/clock.rs"];
    if !file.is_source() || clocks.contains(&file.path.as_str()) {
        return Vec::new();
    }
    named(file, "only domain/clock reads the time", |path| {
        [
            "Timestamp::now",
            "Zoned::now",
            "SystemTime::now",
            "Instant::now",
            "UNIX_EPOCH::elapsed",
            "Utc::now",
            "Local::now",
        ]
        .iter()
        .any(|now| path.ends(now))
    })
}

/// Waiting happens in one place, where a test can take its stead.
pub(super) fn sleep(file: &File) -> Vec<Breach> {
    if !file.is_source() {
        return Vec::new();
    }
    let mut breaches = named(file, "nobody blocks a thread to wait", |path| {
        ["thread::sleep", "thread::park_timeout"].iter().any(|wait| path.ends(wait))
    });
    // Neither a program that is started for a notice nor a mail server has a time-out of its own, and no statement of the store is inside.
    let waits = ["src/engine/sleep.rs", "src/notify/command.rs", "src/notify/mail.rs"].contains(&file.path.as_str());
    if !waits && !file.under("crates") {
        breaches.extend(named(file, "only engine/sleep sleeps", |path| {
            path.starts("tokio::time") || path.starts("tokio_util::time") || path.starts("futures_timer")
        }));
    }
    if file.path != "src/network/kakao/refresh.rs" {
        breaches.extend(named(file, "only network/kakao/refresh tries again by itself", |path| path.starts("backon")));
    }
    breaches
}

/// Only the commands print.
pub(super) fn print(file: &File) -> Vec<Breach> {
    const MACROS: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];
    if !file.is_source() || file.under("src/cli") {
        return Vec::new();
    }
    let mut breaches = named(file, "only cli prints", |path| {
        path.starts("anstream") || ["io::stdout", "io::stderr"].iter().any(|stream| path.ends(stream))
    });
    for (index, token) in file.code() {
        if token.kind == Kind::Word && MACROS.contains(&token.text.as_str()) && file.next_is(index, "!") {
            breaches.push(Breach::at(token.line, format!("{}!: only cli prints", token.text)));
        }
    }
    breaches
}

/// Nobody publishes without an intent, and only the store makes one.
pub(super) fn intent(file: &File) -> Vec<Breach> {
    const DECLARES: [&str; 7] = ["struct", "enum", "impl", "for", "->", "where", ">"];
    if !file.is_source() || file.under("src/store") {
        return Vec::new();
    }
    let mut breaches = Vec::new();
    for (index, token) in file.code() {
        let made = (token.is("Intent") || token.is("Outgoing")) && file.next_is(index, "{");
        if made && !file.before(index).is_some_and(|before| DECLARES.iter().any(|word| before.is(word))) {
            breaches.push(Breach::at(token.line, format!("{}: only the store makes one", token.text)));
        }
    }
    breaches
}

/// One call site of the one request that may create a story.
pub(super) fn publish(file: &File) -> Vec<Breach> {
    if !file.is_source() || file.path == "src/engine/tasks/publish.rs" {
        return Vec::new();
    }
    let calls = file.code().filter(|(index, token)| {
        token.is("publish")
            && file.next_is(*index, "(")
            && file.before(*index).is_some_and(|before| before.is(".") || before.is("::"))
    });
    calls.map(|(_, token)| Breach::at(token.line, "only engine/tasks/publish sends the publish request")).collect()
}

/// A statement of the store is never cut short.
pub(super) fn uncut(file: &File) -> Vec<Breach> {
    const CUTS: [&str; 8] =
        ["select", "select_biased", "timeout", "timeout_at", "abort", "abort_all", "shutdown", "AbortHandle"];
    if !file.under("src/store") {
        return Vec::new();
    }
    let cuts = file.code().filter(|(index, token)| {
        token.kind == Kind::Word
            && CUTS.contains(&token.text.as_str())
            && (file.next_is(*index, "!")
                || file.next_is(*index, "(")
                || file.before(*index).is_some_and(|b| b.is("::")))
    });
    cuts.map(|(_, token)| Breach::at(token.line, format!("{}: a dropped statement is a doubt of our own", token.text)))
        .collect()
}

/// Tasks meet in the database. Only the daemon and the maintenance, which decide when a task runs, may name one.
pub(super) fn tasks(file: &File) -> Vec<Breach> {
    let Some(inner) = file.path.strip_prefix("src/engine/") else { return Vec::new() };
    if ["daemon", "mod.rs", "tasks/mod.rs", "tasks/maintenance.rs"].iter().any(|caller| inner.starts_with(caller)) {
        return Vec::new();
    }
    let own = inner.strip_prefix("tasks/").and_then(|inner| inner.split(['/', '.']).next());
    let other = |path: &&Path| {
        let task = path.parts.get(3).filter(|_| path.starts("crate::engine::tasks"));
        task.is_some_and(|task| Some(task.as_str()) != own)
    };
    file.paths
        .iter()
        .filter(other)
        .map(|path| Breach::at(path.line, format!("a task calls {}", path.shown())))
        .collect()
}

/// Words and plans are values: they wait for nobody.
pub(super) fn no_async(file: &File) -> Vec<Breach> {
    if !["src/domain", "src/yaml", "src/plan"].iter().any(|folder| file.under(folder)) {
        return Vec::new();
    }
    let words = file.tokens.iter().filter(|token| token.is("async") || token.is("await"));
    words.map(|token| Breach::at(token.line, "nothing in domain, yaml and plan is async")).collect()
}

/// Words and plans are values: what they need from disk is gathered first, by one file.
pub(super) fn no_disk(file: &File) -> Vec<Breach> {
    const ASKS: [&str; 8] =
        ["exists", "try_exists", "is_file", "is_dir", "canonicalize", "metadata", "symlink_metadata", "read_dir"];
    let pure = ["src/domain", "src/yaml", "src/plan"].iter().any(|folder| file.under(folder));
    // The clock tells which start of the machine it counts from.
    if !pure || file.under("src/plan/files") || file.path == "src/domain/clock.rs" {
        return Vec::new();
    }
    let mut breaches = named(file, "only plan/files reads files", |path| {
        ["std::fs", "std::env", "std::net", "std::process", "tokio"].iter().any(|world| path.starts(world))
    });
    for (index, token) in file.code() {
        let asks = token.kind == Kind::Word && ASKS.contains(&token.text.as_str()) && file.next_is(index, "(");
        if asks && file.before(index).is_some_and(|before| before.is(".")) {
            breaches.push(Breach::at(token.line, format!(".{}(): only plan/files looks at the disk", token.text)));
        }
    }
    breaches
}

/// The store's time is an argument.
pub(super) fn sql_time(file: &File) -> Vec<Breach> {
    const CLOCKS: [&str; 9] = [
        "datetime(",
        "strftime(",
        "unixepoch(",
        "julianday(",
        "timediff(",
        "date('now",
        "time('now",
        "current_timestamp",
        "current_date",
    ];
    let reads = |text: &str| {
        let text = text.to_lowercase().replace(' ', "");
        CLOCKS.iter().find(|clock| text.contains(*clock)).map(|clock| format!("{clock}: `now` is an argument to SQL"))
    };
    if file.under("src/store") {
        let texts = file.code().filter(|(_, token)| token.kind == Kind::Text);
        return texts.filter_map(|(_, token)| Some(Breach::at(token.line, reads(&token.text)?))).collect();
    }
    if !file.path.ends_with(".sql") {
        return Vec::new();
    }
    let lines = sql_lines(&file.text);
    lines.filter_map(|(line, text)| Some(Breach::at(line, reads(text)?))).collect()
}

/// The lines of a migration without their comments.
fn sql_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).map(|(line, text)| (line, text.split_once("--").map_or(text, |(code, _)| code)))
}

/// A file is named after what it holds.
pub(super) fn file_names(file: &File) -> Vec<Breach> {
    const NAMES: [&str; 9] =
        ["util", "utils", "helper", "helpers", "common", "commons", "misc", "shared_code", "stuff"];
    let parts = file.path.trim_end_matches(".rs").split('/');
    parts
        .filter(|part| NAMES.contains(part))
        .map(|part| Breach::at(1, format!("{part}: name what it is for")))
        .collect()
}

/// A file says first what it is for.
pub(super) fn purpose(file: &File) -> Vec<Breach> {
    if file.path.ends_with(".rs") && !file.text.starts_with("//! ") {
        return vec![Breach::at(1, "begins with `//!` and one sentence of purpose")];
    }
    Vec::new()
}

/// Most lines of a file.
const FILE_LINES_MAX: usize = 400;
/// Most lines of a function, from its `fn` to its last brace.
const FUNCTION_LINES_MAX: usize = 70;

/// A file can be read at one sitting.
pub(super) fn long_file(file: &File) -> Vec<Breach> {
    let lines = file.text.lines().count();
    if !file.is_source() || lines <= FILE_LINES_MAX {
        return Vec::new();
    }
    vec![Breach { line: 1, last: lines, what: format!("{lines} lines, more than {FILE_LINES_MAX}") }]
}

/// A function fits on a screen.
pub(super) fn long_function(file: &File) -> Vec<Breach> {
    if !file.is_source() {
        return Vec::new();
    }
    let functions = file.functions().into_iter().map(|(name, line, last)| (name, line, last, last - line + 1));
    let long = functions.filter(|(.., lines)| *lines > FUNCTION_LINES_MAX);
    long.map(|(name, line, last, lines)| Breach {
        line,
        last,
        what: format!("`{name}` has {lines} lines, more than {FUNCTION_LINES_MAX}"),
    })
    .collect()
}

/// What is not done is not in the tree.
pub(super) fn unfinished(file: &File) -> Vec<Breach> {
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat(), ["HA", "CK"].concat()];
    let mut breaches = Vec::new();
    for (line, text) in (1..).zip(file.text.lines()) {
        let mut words = text.split(|char: char| !char.is_alphanumeric() && char != '_');
        if words.any(|word| marks.iter().any(|mark| mark == word)) {
            breaches.push(Breach::at(line, "do it, or leave it out"));
        }
    }
    breaches
}

/// A reader has the code, not somebody's list of tickets: comments and documents say what they mean.
pub(super) fn ticket(file: &File) -> Vec<Breach> {
    let document =
        [".md", ".toml", ".sql", ".yaml", ".sh", ".service", ".conf"].iter().any(|end| file.path.ends_with(end));
    let lines: Vec<(usize, &str)> = if file.path.ends_with(".rs") {
        file.comments.iter().map(|(line, text)| (*line, text.as_str())).collect()
    } else if document {
        (1..).zip(file.text.lines()).collect()
    } else {
        return Vec::new();
    };
    lines
        .into_iter()
        .filter(|(_, text)| names_ticket(text))
        .map(|(line, _)| Breach::at(line, "names a ticket"))
        .collect()
}

fn names_ticket(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let number = |word: &str| {
        let word = word.trim_matches(|char: char| !char.is_alphanumeric() && char != '#');
        let digits = word.strip_prefix('#').unwrap_or(word);
        (
            !digits.is_empty() && digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit()),
            word.starts_with('#'),
        )
    };
    let hashed = words.iter().any(|word| number(word) == (true, true));
    let spelt = words.windows(2).any(|pair| {
        let first = pair[0].trim_matches(|char: char| !char.is_alphanumeric()).to_lowercase();
        ["issue", "issues", "ticket", "session", "pr"].contains(&first.as_str()) && number(pair[1]).0
    });
    hashed || spelt
}

/// What is true on one machine alone is not in the tree.
pub(super) fn machine_path(file: &File) -> Vec<Breach> {
    let folders: Vec<String> =
        ["work", "farm", "home", "root", "Users"].iter().map(|folder| ["/", folder, "/"].concat()).collect();
    // The programs that the API's documents print are kept word for word.
    if file.path.starts_with("tests/it/sandbox_documents") {
        return Vec::new();
    }
    let mut breaches = Vec::new();
    for (line, text) in (1..).zip(file.text.lines()) {
        for folder in &folders {
            let alone =
                |at: usize| !text[..at].ends_with(|char: char| char.is_alphanumeric() || "._-}~".contains(char));
            if text.match_indices(folder.as_str()).any(|(at, _)| alone(at)) {
                breaches.push(Breach::at(line, format!("{folder}…: a path of one machine")));
            }
        }
    }
    breaches
}

/// Where crates come from is decided by whoever builds.
pub(super) fn registry_host(file: &File) -> Vec<Breach> {
    let hosts = [
        ["crates", "io"].join("."),
        ["pypi", "org"].join("."),
        ["registry.npmjs", "org"].join("."),
        ["deb.debian", "org"].join("."),
        ["proxy.golang", "org"].join("."),
    ];
    let mut breaches = Vec::new();
    for (line, text) in (1..).zip(file.text.lines()) {
        if let Some(host) = hosts.iter().find(|host| text.contains(host.as_str())) {
            breaches.push(Breach::at(line, format!("{host}: the host of a registry")));
        }
    }
    breaches
}

/// Terms that the glossary replaces: (never this, but this). Only those that mean nothing else in Rust or SQL.
const NEVER: [(&str, &str); 4] =
    [("misfire", "late"), ("lookahead", "horizon"), ("run_at", "due_at"), ("scheduled_at", "occurs_at")];
/// The same for what we declare ourselves; other people's names may hold these.
const NEVER_DECLARED: [(&str, &str); 5] =
    [("payload", "content"), ("task", "job"), ("dequeue", "claim"), ("mock", "sandbox"), ("fake", "sandbox")];

/// One term, one meaning.
pub(super) fn words(file: &File) -> Vec<Breach> {
    const DECLARES: [&str; 10] =
        ["struct", "enum", "union", "trait", "type", "mod", "fn", "const", "static", "macro_rules"];
    let mut breaches = Vec::new();
    let mut check = |line: usize, name: &str, terms: &[(&str, &str)]| {
        let name = snake(name);
        // A task is a unit of the daemon's work; a job is never called one.
        let of_the_daemon = file.under("src/engine") || name == "task_kind";
        let has = |term: &str| format!("_{name}_").contains(&format!("_{term}_")) && !(term == "task" && of_the_daemon);
        if let Some((never, but)) = terms.iter().find(|(term, _)| has(term)) {
            breaches.push(Breach::at(line, format!("`{name}`: we say {but}, not {never}")));
        }
    };
    if file.path.ends_with(".sql") {
        for (line, text) in sql_lines(&file.text) {
            for word in text.split(|char: char| !char.is_alphanumeric() && char != '_') {
                check(line, word, &NEVER);
                check(line, word, &NEVER_DECLARED);
            }
        }
        return breaches;
    }
    if !file.is_source() {
        return breaches;
    }
    for (index, token) in file.tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Word) {
        check(token.line, &token.text, &NEVER);
        let declared = file.before(index).is_some_and(|before: &Token| DECLARES.iter().any(|word| before.is(word)));
        if declared || file.next_is(index, ":") {
            check(token.line, &token.text, &NEVER_DECLARED);
        }
    }
    breaches
}

/// `RetryPayload` is `retry_payload`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut small = false;
    for char in name.chars() {
        if char.is_uppercase() && small {
            snake.push('_');
        }
        small = char.is_lowercase();
        snake.extend(char.to_lowercase());
    }
    snake
}
