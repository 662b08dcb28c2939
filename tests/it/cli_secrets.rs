//! No secret in anything that the process can emit: every command and every fault with marked secrets. Dropping a [`Folder`] looks
//! for them in all output and in every file but those that hold them on purpose.

use kakao_sandbox::FaultName;
use storyd::network::kakao::Client;
use storyd::network::kakao::refresh::Credentials;
use storyd::notify::Sinks;
use storyd::settings::Settings;

use crate::support::process::{Folder, until};
use crate::support::receiver::{MailServer, Receiver};

const MARKS: [&str; 6] = [
    "MARK-client-secret-9f3a",
    "MARK-slack-path-77c1",
    "MARK-hook-key-55d2",
    "MARK-signing-secret-01ab",
    "MARK-smtp-password-c4c4",
    "MARK-heartbeat-e8e8",
];

/// Settings full of marked secrets: some in files, some in place, as people have them.
fn settings(folder: &Folder, api: &str, receiver: &Receiver, mail: &MailServer) {
    let [client, slack, hook, signing, smtp, heartbeat] = MARKS;
    for mark in MARKS {
        folder.keep_secret(mark);
    }
    folder.write("secrets/client.txt", client);
    folder.write("secrets/slack.txt", receiver.url(&format!("/{slack}")));
    folder.write("secrets/smtp.txt", smtp);
    folder.write(
        "storyd.yaml",
        format!(
            "data_dir: data\njobs: [jobs.yaml]\napi_url: {api}\nlogin_url: {api}\ndashboard: {{listen: '127.0.0.1:0'}}\n\
             timeouts: {{connect: 1s, request: 2s, upload: 2s, publish: 3s}}\ndefaults: {{quarantine: 40s}}\n\
             notify:\n  published: true\n  heartbeat: {{url: '{beat}', every: 10s}}\n  sinks:\n    \
             team: {{type: slack, url: {{file: secrets/slack.txt}}}}\n    \
             ops: {{type: webhook, url: '{ops}', secret: {signing}}}\n    \
             mail: {{type: email, server: 127.0.0.1, port: {port}, tls: none, user: storyd, \
             password: {{file: secrets/smtp.txt}}, from: storyd@example.com, to: team@example.com}}\n\
             accounts:\n  cafe:\n    rest_api_key: the-key-of-the-app\n    client_secret: {{file: secrets/client.txt}}\n",
            beat = receiver.url(&format!("/{heartbeat}")),
            ops = receiver.url(&format!("/hook?key={hook}")),
            port = mail.port(),
        ),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_and_no_fault_shows_a_secret() {
    let folder = Folder::new();
    let (receiver, mail) = (Receiver::start().await, MailServer::start().await);
    let emulator = folder.emulator("");
    settings(&folder, &emulator.url, &receiver, &mail);
    folder.hand_in_tokens();
    folder.jobs(
        "p:\n  at: now\n  type: note\n  content: 글\nq:\n  at: 2036-12-01 09:00\n  type: note\n  content: 나중\n",
    );
    // Everything is logged, to the last word that a library has to say.
    let daemon = folder.start("run --log trace");
    daemon.says("published");
    // While the account is well, since these wait for the daemon's work on it.
    for line in ["admin audit --log trace", "admin delete 1 --yes --log trace"] {
        let done = folder.run(line);
        assert_eq!(done.code, Some(0), "{line}: {}", done.stderr);
    }
    let mut names: Vec<FaultName> = FaultName::all();
    names.retain(|name| !matches!(name, FaultName::Delay | FaultName::HangBeforeEffect | FaultName::HangAfterEffect));
    let mut posts = 0;
    for (n, name) in names.iter().enumerate() {
        let calls = name.possible_calls().iter().map(|call| call.name()).collect::<Vec<_>>().join("+");
        emulator.put("/_sandbox/faults", &format!(r#"["{name},calls={calls}"]"#));
        folder.run("account refresh cafe --log trace");
        folder.run("account doctor cafe --json --log trace");
        // The daemon meets some of them too.
        if n % 8 == 0 {
            posts += 1;
            folder.jobs(&format!("p{posts}:\n  at: now\n  type: note\n  content: 글 {posts}\n"));
        }
    }
    emulator.put("/_sandbox/faults", "[]");
    for line in [
        "account list",
        "account show cafe",
        "account list --json",
        "admin queue --json",
        "admin failures --json",
        "admin show 1",
        "admin stories --json",
        "check",
        "notify list --all --json",
        "notify test",
        "notify test --json --log trace",
        "account logout cafe --dry-run",
        "account login nobody",
    ] {
        folder.run(line);
    }
    every_command_of_the_queue(&folder);
    pages(&folder, &daemon.out()).await;
    receiver.answer(500);
    folder.run("notify test --log trace");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    until(|| "notices".into(), || (!receiver.heard().is_empty()).then_some(()));
    daemon.signal("TERM");
    let done = daemon.end();
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    // What people were told becomes files too, which are searched at the end for every secret, tokens too.
    assert!(!mail.mails().is_empty() && !receiver.heard().is_empty());
    for (n, told) in receiver.heard().into_iter().map(|heard| heard.body).enumerate() {
        folder.write(&format!("told/notice-{n}"), told);
    }
    for (n, told) in mail.mails().into_iter().map(|mail| mail.data).enumerate() {
        folder.write(&format!("told/mail-{n}"), told);
    }
    for line in ["admin restore backup --yes --log trace", "admin queue --all --json", "admin check-db"] {
        folder.run(line);
    }
}

/// Every command that reads or steers the queue and waits for nobody, with everything logged. What they print is searched at the end.
fn every_command_of_the_queue(folder: &Folder) {
    let lines = [
        "admin post 손으로 --account cafe",
        "admin post 나중에 --account cafe --at 2098-12-01T09:00:00+09:00 --json",
        "admin queue --all --csv",
        "admin show 2 --json",
        "admin reschedule 2 --to 2098-12-02T09:00:00+09:00",
        "admin cancel 2 --reason test",
        "admin retry 2",
        "admin release 2",
        "admin resolve 2 --absent",
        "admin pause --account cafe --reason test",
        "admin resume --account cafe",
        "admin stats --json",
        "admin stories --stats --json",
        "admin audit --last --json",
        "admin adopt nobody.knows",
        "admin delete 1 --dry-run",
        "admin export posts",
        "admin export events --csv",
        "admin export attempts",
        "admin export stories",
        "admin prune --yes",
        "admin check-db",
        "admin backup backup",
        "plan --json",
        "plan --markdown",
        "check --online --json",
        "explain E080",
        "schema settings",
        "notify list --all",
    ];
    for line in lines {
        folder.run(&format!("{line} --log trace"));
    }
    assert!(folder.path("backup").is_dir(), "a backup to search");
}

/// Keeps every page of the dashboard as a file, to be searched at the end.
async fn pages(folder: &Folder, said: &str) {
    let url = said.lines().find_map(|line| line.strip_prefix("dashboard at ")).unwrap().to_owned();
    for (n, page) in
        ["/", "/posts", "/posts/1", "/posts/2", "/stories", "/healthz", "/metrics", "/nothing"].iter().enumerate()
    {
        let answer = reqwest::Client::new().get(format!("{url}{page}")).send().await.unwrap();
        assert!(answer.status().is_success() || *page == "/nothing", "{page}: {}", answer.status());
        folder.write(&format!("pages/{n}.html"), answer.text().await.unwrap());
    }
}

#[test]
fn nothing_that_holds_a_secret_shows_it_when_it_is_debugged() {
    let text = format!(
        "accounts: {{cafe: {{rest_api_key: {0}, client_secret: {0}}}}}\nnotify:\n  heartbeat: {{url: 'http://h/{0}'}}\n  sinks:\n    \
         a: {{type: slack, url: 'http://h/{0}'}}\n    b: {{type: webhook, url: 'http://h/{0}', secret: {0}}}\n    \
         c: {{type: email, server: h, user: u, password: {0}, from: a@example.com, to: [b@example.com]}}\n",
        MARKS[0]
    );
    let settings = Settings::parse(&text, std::path::Path::new("/etc/storyd/storyd.yaml")).unwrap();
    let sinks = Sinks::new(&settings.notify).unwrap();
    let credentials =
        Credentials { rest_api_key: MARKS[0].to_owned().into(), client_secret: Some(MARKS[0].to_owned().into()) };
    let client = Client::new(Default::default(), Default::default(), storyd::domain::clock::Clock::system()).unwrap();
    let shown = format!("{settings:?} {settings:#?} {sinks:?} {credentials:?} {client:?}");
    assert!(!shown.contains(MARKS[0]), "{shown}");
}

#[test]
fn problems_of_the_settings_show_no_line_that_may_hold_a_secret() {
    let rows = [
        (
            5,
            "acounts: {}\naccounts:\n  cafe:\n    rest_api_kye: MARK\n    client_secret: [MARK]\nnotify:\n  sinks:\n    \
             a: {type: slak, url: MARK}\n    b: {type: webhook, url: 'http://h/MARK', secert: MARK}\n    \
             c: {type: email, password: MARK}\n",
        ),
        (1, "x-app: &app\n  rest_api_key: MARK\n  min_gab: 10m\naccounts: {cafe: *app, shop: *app}\n"),
        (1, "  horizon: 1h\n  accounts:\n    cafe:\n      rest_api_key: MARK\n      min_gab: 10m\n"),
        (1, "{accounts: {cafe: {rest_api_key: MARK, min_gab: 10m}}}\n"),
        (1, "? accounts\n: {cafe: {rest_api_key: MARK, min_gab: 10m}}\n"),
        (1, "account: {cafe: {rest_api_key: MARK}}\n"),
        (1, "accounts: {}\nhorizon: 1h\naccounts:\n  cafe:\n    rest_api_key: MARK\n    min_gab: 10m\n"),
        (1, "accounts: {cafe: {rest_api_key:MARK}}\n"),
        (1, "accounts:\n  cafe:\n    redirect_uri: MARK\n    rest_api_key: x\n"),
    ];
    for (errors, text) in rows {
        let text = text.replace("MARK", MARKS[0]);
        let problems = Settings::parse(&text, std::path::Path::new("storyd.yaml")).unwrap_err();
        let shown = format!(
            "{} {}",
            problems.render(storyd::yaml::problem::Paint::Plain),
            serde_json::to_string(problems.list()).unwrap_or_default()
        );
        assert!(problems.errors() >= errors && !shown.contains(MARKS[0]), "{shown}");
    }
}
