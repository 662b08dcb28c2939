//! `storyd account`: a person logs an account in, looks after it and logs it out, against the sandbox, whatever goes wrong there.

use std::io::{Read, Write};
use std::net::TcpStream;

use kakao_sandbox::{Call, FaultName, FaultRule, Options, Running};
use storyd::store::{Access, Store};

use crate::support::ports::Nobody;
use crate::support::process::{Done, Folder, until};
use crate::support::queue::{LEASE, ambiguous, note, t};
use crate::support::receiver::{Receiver, run_trusting};

/// A folder whose settings point at a sandbox of the test's own.
struct Desk {
    folder: Folder,
    sandbox: Running,
}

impl Desk {
    async fn new() -> Self {
        let options = Options {
            accounts: vec!["cafe".into(), "shop".into()],
            client_secret: Some("the-client-secret".into()),
            ..Options::default()
        };
        let sandbox = kakao_sandbox::start(options).await.unwrap();
        let folder = Folder::new();
        folder.keep_secret("the-client-secret");
        let url = sandbox.url();
        folder.write("secrets/client.txt", "the-client-secret\n");
        folder.write(
            "storyd.yaml",
            format!(
                "data_dir: data\njobs: [jobs.yaml]\napi_url: {url}\nlogin_url: {url}\ndashboard: {{listen: off}}\n\
                 timeouts: {{connect: 1s, request: 2s}}\n\
                 accounts:\n  cafe:\n    rest_api_key: the-key-that-a-browser-shows\n    \
                 client_secret: {{file: secrets/client.txt}}\n    redirect_uri: http://localhost:0/login\n"
            ),
        );
        Self { folder, sandbox }
    }

    /// Logs in as `user` of the sandbox, by its browser; `flags` go to the command, `page` to the consent page.
    fn login(&self, flags: &str, page: &str) -> Done {
        let process = self.folder.start(&format!("account login cafe {flags}"));
        let url = consent_url(&process.err_when("state="));
        let back = location(&get(&format!("{url}{page}")));
        let shown = get(&back);
        assert!(shown.contains("can be closed"), "{shown}");
        process.end()
    }

    /// Takes over fresh tokens of `user`.
    fn hand_in(&self, user: &str, flags: &str) -> Done {
        let tokens = self.sandbox.mint_tokens(user).unwrap();
        self.folder.write("secrets/access.txt", &tokens.access_token);
        self.folder.write("secrets/refresh.txt", &tokens.refresh_token);
        let files = "--access-token-file secrets/access.txt --refresh-token-file secrets/refresh.txt";
        self.folder.run(&format!("account add-token cafe {files} {flags}"))
    }

    fn fault(&self, rules: Vec<FaultRule>) {
        self.sandbox.set_faults(rules).unwrap();
    }

    /// The tokens on disk.
    fn tokens(&self) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(self.folder.path("data/tokens/cafe.json")).unwrap()).unwrap()
    }
}

impl crate::support::process::Process {
    fn err_when(&self, words: &str) -> String {
        until(|| format!("{words:?}: {}", self.err()), || Some(self.err()).filter(|text| text.contains(words)))
    }
}

fn consent_url(told: &str) -> String {
    told.lines().find(|line| line.contains("/oauth/authorize?")).unwrap().trim().to_owned()
}

/// The answer to a GET, head and body.
fn get(url: &str) -> String {
    let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap();
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1")).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn location(answer: &str) -> String {
    answer.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Without the address of the page, which is another each time.
fn steady(text: &str) -> String {
    text.lines().filter(|line| !line.contains("/oauth/authorize?")).collect::<Vec<_>>().join("\n")
}

const FILTERS: &[(&str, &str)] = &[
    (r"[A-Z][a-z]{2} \d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2})? KST", "[TIME]"),
    (r"\d{4}-\d{2}-\d{2}T[0-9:.]+Z", "[INSTANT]"),
    (r"\((now|in [^)]*|[^()]* ago)\)", "([AWAY])"),
    // A column is as wide as the longest age in it, and ages grow while the test runs.
    (r"(ACCESS TOKEN UNTIL|REFRESH TOKEN) {2,}", "$1  "),
    (r"localhost:\d+", "localhost:[PORT]"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]"),
    (r"\d{9,10}", "[USER]"),
    (r"/tmp/[^/]+/", "[FOLDER]/"),
];

macro_rules! shows {
    ($name:expr, $text:expr) => {
        insta::with_settings!({ filters => FILTERS.to_vec() }, { insta::assert_snapshot!($name, steady(&$text)); })
    };
}

#[tokio::test]
async fn a_person_logs_in_with_a_browser_and_looks_after_the_account() {
    let desk = Desk::new().await;
    let done = desk.login("", "");
    assert_eq!(done.code, Some(0), "{done:#?}");
    let mut told = format!("$ storyd account login cafe\n{}{}", done.stderr, done.stdout);
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(desk.folder.path("data/tokens/cafe.json")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    for line in [
        "account list",
        "account show cafe",
        "account show cafe --json",
        "account refresh cafe",
        "account doctor",
        "account doctor cafe --json",
        "account logout cafe --dry-run",
        "account logout cafe",
        "account logout cafe --yes",
        "account logout cafe --yes",
        "account show cafe",
        "account refresh cafe",
        "account doctor",
        "account show zoo",
        "account login zoo",
        "account login Cafe!",
    ] {
        let done = desk.folder.run(line);
        told.push_str(&format!("\n$ storyd {line}\n{}{}[exit {}]\n", done.stdout, done.stderr, done.code.unwrap()));
    }
    assert!(!desk.folder.path("data/tokens/cafe.json").exists());
    shows!("account_life", told);
}

#[tokio::test]
async fn on_a_machine_without_a_browser_the_address_is_pasted() {
    let desk = Desk::new().await;
    let mut process = desk.folder.talk("account login cafe --paste --json");
    let url = consent_url(&process.err_when("Paste"));
    let back = location(&get(&url));
    process.type_line("");
    process.type_line("https://kauth.kakao.com/oauth/authorize?client_id=x");
    process.type_line(&back.replace("state=", "state=0"));
    process.type_line(&format!("  {back}  "));
    let done = process.end();
    assert_eq!(done.code, Some(0), "{done:#?}");
    let row: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((&row["nickname"], &row["has_refresh_token"]), (&"cafe".into(), &true.into()));
    shows!("account_paste", done.stderr);

    let mut process = desk.folder.talk("account login cafe --paste");
    process.hang_up();
    assert_eq!(process.end().code, Some(2), "who pastes nothing is told so");
    let mut process = desk.folder.talk("account login cafe --paste");
    for _ in 0..5 {
        process.type_line("nonsense");
    }
    assert_eq!(process.end().code, Some(2), "and who pastes nonsense is not asked for ever");
}

#[tokio::test]
async fn a_code_of_another_login_ends_nothing_and_its_page_says_so() {
    let desk = Desk::new().await;
    let process = desk.folder.start("account login cafe");
    let url = consent_url(&process.err_when("state="));
    assert!(url.contains("code_challenge=") && url.contains("code_challenge_method=S256"), "{url}");
    let back = location(&get(&url));
    let foreign = back.replace("state=", "state=0");
    for page in [get(&foreign), get(&back.replace("code=", "kode=").replace("login?", "login?x="))] {
        assert!(!page.contains("has arrived"), "{page}");
        for header in
            ["content-security-policy: default-src 'none'", "x-frame-options: DENY", "cache-control: no-store"]
        {
            assert!(page.to_lowercase().contains(&header.to_lowercase()), "{header}: {page}");
        }
    }
    assert!(get(&foreign).contains("another login"));
    process.err_when("this address belongs to another login");
    // A browser may take `localhost` for either address.
    let port: u16 = back.split(['/', ':']).nth(4).unwrap().parse().unwrap();
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        let mut stream = TcpStream::connect(("::1", port)).unwrap();
        let (_, path) = back.trim_start_matches("http://").split_once('/').unwrap();
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("can be closed") && answer.contains("has arrived"), "{answer}");
    } else {
        assert!(get(&back).contains("has arrived"));
    }
    let done = process.end();
    assert_eq!(done.code, Some(0), "{done:#?}");
}

#[tokio::test]
async fn a_refused_consent_stores_nothing() {
    let desk = Desk::new().await;
    let done = desk.login("", "&deny=1");
    assert_eq!(done.code, Some(5), "{done:#?}");
    assert!(done.stderr.contains("the consent was refused at Kakao"), "{}", done.stderr);
    assert!(!desk.folder.path("data/tokens/cafe.json").exists());
}

#[tokio::test]
async fn the_wrong_user_in_the_browser_does_not_take_the_account_over() {
    let desk = Desk::new().await;
    assert_eq!(desk.login("", "").code, Some(0));
    let before = desk.tokens();
    let done = desk.login("", "&account=shop");
    assert_eq!(done.code, Some(5), "{done:#?}");
    assert!(done.stderr.contains("--other-user"), "{}", done.stderr);
    assert_eq!(desk.tokens(), before);
    assert_eq!(desk.login("--other-user", "&account=shop").code, Some(0));
    assert_eq!(desk.tokens()["nickname"], "shop");
}

#[tokio::test]
async fn tokens_of_another_user_that_are_handed_in_do_not_take_the_account_over() {
    let desk = Desk::new().await;
    assert_eq!(desk.login("", "").code, Some(0));
    let cafe = desk.tokens()["user_id"].clone();
    let before = desk.tokens();
    let done = desk.hand_in("shop", "");
    assert_eq!(done.code, Some(5), "{done:#?}");
    assert!(done.stderr.contains("--other-user") && done.stderr.contains("nothing was stored"), "{}", done.stderr);
    assert_eq!(desk.tokens(), before);
    // Fresh ones of the same user, and unknown ones while nobody can say whose they are, leave the account to whom it belongs.
    assert_eq!(desk.hand_in("cafe", "").code, Some(0));
    assert_ne!(desk.tokens()["access_token"], before["access_token"]);
    assert_eq!((&desk.tokens()["user_id"], &desk.tokens()["nickname"]), (&cafe, &"cafe".into()));
    desk.fault(vec![FaultRule::new(FaultName::BadGatewayBeforeEffect).on(&[Call::TokenInfo])]);
    assert_eq!(desk.hand_in("cafe", "").code, Some(0));
    assert_eq!(desk.tokens()["user_id"], cafe);
    desk.fault(vec![]);
    assert_eq!(desk.hand_in("shop", "--other-user").code, Some(0));
    assert!(desk.tokens()["user_id"].is_number(), "{}", desk.tokens()["user_id"]);
    assert_ne!(desk.tokens()["user_id"], cafe);
    assert_eq!(desk.login("", "").code, Some(5), "the account is the other user's from here on");
}

#[tokio::test]
async fn an_account_with_a_doubt_does_not_change_hands() {
    let desk = Desk::new().await;
    assert_eq!(desk.login("", "").code, Some(0));
    let store = Store::open(&desk.folder.path("data"), Access::Daemon).await.unwrap();
    let _ = store.enqueue(&[note("p", t(0))], &["p"], t(-60)).await.unwrap();
    let claim = store.claim_to_publish("cafe", t(0), LEASE).await.unwrap().unwrap();
    let post = claim.taken().post;
    let intent = store.intend(claim, t(0), LEASE).await.unwrap().unwrap();
    let _ = store.record_doubt(intent, &ambiguous(), t(1), t(0)).await.unwrap();
    let before = desk.tokens();
    for done in [desk.login("--other-user", "&account=shop"), desk.hand_in("shop", "--other-user")] {
        assert_eq!(done.code, Some(5), "{done:#?}");
        assert!(done.stderr.contains(&format!("storyd admin resolve {post}")), "{}", done.stderr);
        assert_eq!(desk.tokens(), before);
    }
    assert_eq!(desk.hand_in("cafe", "--other-user").code, Some(0), "the same user after all");
    store.resolve_found(post, "_s.1", "anna", t(2)).await.unwrap();
    store.close().await;
    assert_eq!(desk.hand_in("shop", "--other-user").code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_changed_hands_posts_as_its_new_user() {
    let desk = Desk::new().await;
    assert_eq!(desk.login("", "").code, Some(0));
    let job = |name: &str| format!("  {name}: {{at: now, type: note, content: {name}}}\n");
    let mut jobs = "version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n".to_owned();
    for (name, flags) in [("first", ""), ("second", "--other-user")] {
        let user = if flags.is_empty() { "cafe" } else { "shop" };
        assert_eq!(desk.hand_in(user, flags).code, Some(0));
        jobs.push_str(&job(name));
        desk.folder.write("jobs.yaml", &jobs);
        let daemon = desk.folder.start("run");
        daemon.says(&format!("published  {name}"));
        daemon.signal("TERM");
        assert_eq!(daemon.end().code, Some(0));
    }
    let users: Vec<String> = desk.sandbox.ledger().into_iter().map(|story| story.account).collect();
    assert_eq!(users, ["cafe", "shop"]);
}

#[tokio::test]
async fn what_the_user_did_not_give_is_named_with_the_page_for_exactly_that() {
    let desk = Desk::new().await;
    let mut told = String::new();
    for (scopes, story_user) in [("story_publish", true), ("story_read", true), ("story_publish,story_read", false)] {
        desk.sandbox.set_scopes("cafe", &[]).unwrap();
        desk.sandbox.set_story_user("cafe", story_user).unwrap();
        let done = desk.login(&format!("--scopes {scopes}"), "");
        let said: Vec<&str> = done.stderr.lines().filter(|line| line.starts_with("storyd:")).collect();
        told.push_str(&format!("{scopes}: exit {}\n{}\n", done.code.unwrap(), said.join("\n")));
    }
    shows!("account_consents", told);
}

#[tokio::test]
async fn every_fault_of_the_login_is_told_with_a_next_step_and_loses_no_tokens() {
    let desk = Desk::new().await;
    assert_eq!(desk.login("", "").code, Some(0));
    let refresh_token = desk.tokens()["refresh_token"].clone();
    let mut told = String::new();
    // The faults that hang or wait are those of the calls; a login meets the same time-out.
    let slow = |name: FaultName| matches!(name, FaultName::Delay | FaultName::HangAfterEffect);
    let faults =
        FaultName::all().into_iter().filter(|name| name.possible_calls().contains(&Call::Token) && !slow(*name));
    for name in faults {
        let rule = FaultRule::new(name).on(&[Call::Token]).times(1);
        desk.fault(vec![rule]);
        let done = desk.login("", "");
        let last = done.stderr.lines().last().unwrap_or_default();
        let good = done.code == Some(0);
        told.push_str(&format!(
            "{name}: exit {}{}\n",
            done.code.unwrap(),
            if good { String::new() } else { format!("\n  {last}") }
        ));
        if !good {
            assert!(last.starts_with("storyd: the login came to nothing"), "{name}: {last}");
        }
        assert!(desk.tokens()["refresh_token"].is_string(), "{name}: the account can still be renewed");
    }
    assert_ne!(desk.tokens()["refresh_token"], refresh_token, "logins that went well replaced it");
    shows!("account_login_faults", told);
}

#[tokio::test]
async fn a_blip_while_looking_who_it_is_loses_no_login() {
    let desk = Desk::new().await;
    assert_eq!(desk.login("", "").code, Some(0));
    let owner = |tokens: serde_json::Value| (tokens["user_id"].clone(), tokens["nickname"].clone());
    let before = owner(desk.tokens());
    for call in [Call::TokenInfo, Call::Scopes, Call::IsStoryUser, Call::Profile] {
        desk.fault(vec![FaultRule::new(FaultName::BadGatewayBeforeEffect).on(&[call])]);
        let done = desk.login("", "");
        assert_eq!(done.code, Some(0), "{call:?}: {done:#?}");
        assert!(done.stderr.contains("HTTP 502"), "{call:?}: {}", done.stderr);
        assert_eq!(owner(desk.tokens()), before, "{call:?}: whose it is stays known");
    }
}

#[tokio::test]
async fn a_login_that_dies_while_it_looks_around_has_kept_its_tokens() {
    let desk = Desk::new().await;
    desk.fault(vec![FaultRule::new(FaultName::HangAfterEffect).on(&[Call::Scopes])]);
    let process = desk.folder.start("account login cafe");
    let url = consent_url(&process.err_when("state="));
    get(&location(&get(&url)));
    let is_asked = || desk.sandbox.requests().iter().any(|request| request.call.as_deref() == Some("scopes"));
    until(|| "the question for the consents".into(), || is_asked().then_some(()));
    process.kill_9();
    assert!(desk.tokens()["refresh_token"].is_string());
    assert!(desk.tokens()["user_id"].is_number());
}

#[tokio::test]
async fn the_doctor_names_every_ill_with_its_remedy() {
    let desk = Desk::new().await;
    assert_eq!(desk.login("", "").code, Some(0));
    let mut told = String::new();
    let codes = [-401, -9, -10, -101, -402, -406, -601, -9798, -3, -5, -12, -4];
    for code in codes {
        desk.fault(vec![FaultRule::new(FaultName::Code(code)).on(&[
            Call::IsStoryUser,
            Call::Profile,
            Call::MyStories,
            Call::TokenInfo,
            Call::Scopes,
        ])]);
        let done = desk.folder.run("account doctor cafe");
        let ill: Vec<&str> = done.stdout.lines().skip_while(|line| !line.contains("Kakao Story")).take(2).collect();
        told.push_str(&format!("{code}: exit {}\n{}\n", done.code.unwrap(), ill.join("\n")));
    }
    desk.fault(vec![]);
    desk.sandbox.expire_all_tokens("cafe").unwrap();
    let text = std::fs::read_to_string(desk.folder.path("data/tokens/cafe.json")).unwrap();
    let mut tokens: serde_json::Value = serde_json::from_str(&text).unwrap();
    tokens["access_expires_at"] = "2026-01-01T00:00:00Z".into();
    desk.folder.write("data/tokens/cafe.json", tokens.to_string());
    let done = desk.folder.run("account doctor cafe");
    told.push_str(&format!("a revoked grant: exit {}\n{}", done.code.unwrap(), done.stdout));
    std::fs::remove_file(desk.folder.path("secrets/client.txt")).unwrap();
    let done = desk.folder.run("account doctor cafe");
    told.push_str(&format!("no client secret: exit {}\n{}", done.code.unwrap(), done.stdout));
    shows!("account_doctor", told);
}

#[tokio::test]
async fn the_doctor_calls_nobody_healthy_of_whom_nothing_could_be_found_out() {
    let desk = Desk::new().await;
    assert_eq!(desk.login("", "").code, Some(0));
    let url = desk.sandbox.url();
    let settings = std::fs::read_to_string(desk.folder.path("storyd.yaml")).unwrap();
    let nobody = Nobody::new();
    desk.folder.write("storyd.yaml", settings.replace(&url, &nobody.url()));
    let done = desk.folder.run("account doctor cafe");
    assert_eq!(done.code, Some(6), "{done:?}");
    assert!(done.stdout.contains("unknown") && !done.stderr.contains("nothing stands in the way"), "{done:?}");
    assert!(done.stderr.contains("could not be found out"), "{done:?}");
    let done = desk.folder.run("account doctor cafe --json");
    let told: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((done.code, &told[0]["can_post"]), (Some(6), &serde_json::Value::Null), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_over_tls_to_a_server_whose_certificate_is_good_and_to_no_other() {
    let server = Receiver::over_tls().await;
    for trusts in [false, true] {
        let folder = Folder::new();
        let url = server.url("");
        folder.write("storyd.yaml", format!("data_dir: data\napi_url: {url}\nlogin_url: {url}\n"));
        folder.write("secrets/token.txt", "a-token-worth-stealing");
        folder.keep_secret("a-token-worth-stealing");
        let line = "account add-token cafe --access-token-file secrets/token.txt";
        let done = run_trusting(&folder, line, trusts).await;
        let (said, heard) = (String::from_utf8_lossy(&done.stderr), server.heard());
        if trusts {
            assert_eq!(heard[0].path, "/v1/user/access_token_info");
            assert_eq!(heard[0].header("authorization"), "Bearer a-token-worth-stealing");
        } else {
            assert!(heard.is_empty(), "nothing for a stranger: {heard:?}");
            assert!(said.contains("stored without having been checked"), "{said}");
        }
        assert!(!said.contains("ERROR"), "it is told once, where it is handled: {said}");
    }
}
