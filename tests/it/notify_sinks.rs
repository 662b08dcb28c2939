//! Each way to people against a real receiver: what arrives, how it is signed, and what is said when it does not arrive.

use std::time::Duration;

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use storyd::domain::notice::{About, Item, Notice, Phase, Trouble};
use storyd::notify::{NotSent, Sinks};
use storyd::settings::Secret;
use storyd::settings::notify::{HeartbeatSettings, MailSettings, MailTls, Notify, SinkSettings};

use crate::support::ports::Nobody;
use crate::support::process::Folder;
use crate::support::receiver::{MailServer, Receiver, Silence, run_trusting};

fn at() -> Timestamp {
    "2026-12-01T00:00:00Z".parse().unwrap()
}

fn notice() -> Notice {
    let item = Item {
        post: Some(12),
        job: Some("주말-사진".into()),
        account: Some("cafe".into()),
        at: Some(at()),
        reason: "an image is too big (-602) <script> & more".into(),
        command: "storyd admin retry 12".into(),
        ..Item::default()
    };
    Notice::of(Trouble::Failed, Phase::Began, vec![item], at())
}

fn sinks(sink: SinkSettings) -> Sinks {
    Sinks::new(&Notify { sinks: [("it".to_owned(), sink)].into(), ..Notify::default() }).unwrap()
}

fn impatient(sink: SinkSettings) -> Sinks {
    let settings = Notify { sinks: [("it".to_owned(), sink)].into(), ..Notify::default() };
    Sinks::within(&settings, Duration::from_millis(500)).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::Value(text.to_owned().into())
}

#[tokio::test]
async fn a_chat_gets_one_text_that_it_cannot_take_for_markup() {
    let receiver = Receiver::start().await;
    let sinks = sinks(SinkSettings::Slack { url: secret(&receiver.url("/services/T0/B0/s3cret")) });
    sinks.send("it", "storyd-1", &notice(), at()).await.unwrap();
    let heard = receiver.heard().remove(0);
    assert_eq!((heard.method.as_str(), heard.path.as_str()), ("POST", "/services/T0/B0/s3cret"));
    assert_eq!(heard.header("content-type"), "application/json");
    insta::assert_snapshot!(heard.json()["text"].as_str().unwrap(), @r"
    1 post failed (주말-사진 on cafe)
    - 주말-사진 (post 12) on cafe: an image is too big (-602) &lt;script&gt; &amp; more
      storyd admin retry 12
    ");
}

/// A notice about a post that says a good deal, one of several.
fn told_of_a_post() -> Notice {
    let mut notice = notice();
    notice.items[0].about = Some(About {
        occurs_at: at(),
        when: "Tue 2026-12-01 09:00 KST".into(),
        text: "*주말*엔 `라떼` @everyone <@1> [a](b)".into(),
        images: vec!["라떼_1.jpg".into()],
        link: None,
        page: Some("https://storyd.example.com/posts/12_b".into()),
    });
    notice.more = 2;
    notice
}

#[tokio::test]
async fn jandi_gets_a_body_and_an_entry_for_each_item() {
    let receiver = Receiver::start().await;
    let sinks = sinks(SinkSettings::Jandi { url: secret(&receiver.url("/connect-api/webhook/1/s3cret")) });
    sinks.send("it", "storyd-1", &told_of_a_post(), at()).await.unwrap();
    let heard = receiver.heard().remove(0);
    assert_eq!(heard.method, "POST");
    assert_eq!(heard.header("content-type"), "application/json");
    assert_eq!(heard.header("accept"), "application/vnd.tosslab.jandi-v2+json");
    assert_eq!(
        heard.json(),
        serde_json::json!({
            "body": "1 post failed (주말-사진 on cafe)",
            "connectColor": "#D73A49",
            "connectInfo": [
                {
                    "title": "주말-사진 (post 12) on cafe: an image is too big (-602) <script> & more",
                    "description": "Tue 2026-12-01 09:00 KST · “*주말*엔 `라떼` @everyone <@1> [a](b)” · 라떼_1.jpg\n\
                                    storyd admin retry 12\nhttps://storyd.example.com/posts/12_b",
                },
                {"title": "and 2 more"},
            ],
        })
    );
    // The body alone is required, and is never empty.
    let plain = Notice::new(Phase::Said, None, "안녕".into(), Vec::new(), at());
    sinks.send("it", "storyd-2", &plain, at()).await.unwrap();
    assert_eq!(receiver.heard().pop().unwrap().json(), serde_json::json!({"body": "안녕", "connectColor": "#8C959F"}));
}

#[tokio::test]
async fn discord_gets_content_that_mentions_nobody_and_is_not_too_long() {
    let receiver = Receiver::start().await;
    receiver.answer(204);
    let sinks = sinks(SinkSettings::Discord { url: secret(&receiver.url("/api/webhooks/1/s3cret")) });
    sinks.send("it", "storyd-1", &told_of_a_post(), at()).await.unwrap();
    let heard = receiver.heard().remove(0);
    assert_eq!((heard.method.as_str(), heard.header("content-type")), ("POST", "application/json"));
    let body = heard.json();
    assert_eq!(body["allowed_mentions"], serde_json::json!({"parse": []}));
    assert_eq!(body["flags"], 4);
    insta::assert_snapshot!(body["content"].as_str().unwrap());
    let mut long = notice();
    long.items[0].reason = "가😀".repeat(2_000);
    sinks.send("it", "storyd-2", &long, at()).await.unwrap();
    let content = receiver.heard().pop().unwrap().json()["content"].as_str().unwrap().to_owned();
    assert!(content.encode_utf16().count() <= 2_000 && content.ends_with('…'), "{content}");
}

#[tokio::test]
async fn a_webhook_gets_json_whose_signature_its_owner_can_check() {
    let receiver = Receiver::start().await;
    let sinks =
        sinks(SinkSettings::Webhook { url: secret(&receiver.url("/hook?key=1")), secret: Some(secret("s3cret")) });
    sinks.send("it", "storyd-7", &notice(), at()).await.unwrap();
    let heard = receiver.heard().remove(0);
    assert_eq!(heard.path, "/hook?key=1");
    let timestamp = heard.header("x-storyd-timestamp");
    assert_eq!(timestamp, "1796083200");
    // As a receiver would: over the bytes that came.
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"s3cret").unwrap();
    mac.update(format!("{timestamp}.{}", heard.body).as_bytes());
    let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(heard.header("x-storyd-signature"), format!("v1={expected}"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&heard.json()).unwrap());
}

#[tokio::test]
async fn what_does_not_arrive_is_told_without_the_address() {
    let receiver = Receiver::start().await;
    let sink = |url: String| sinks(SinkSettings::Webhook { url: secret(&url), secret: None });
    for (status, said) in [(500, "HTTP 500"), (404, "HTTP 404"), (302, "HTTP 302")] {
        receiver.answer(status);
        let why = sink(receiver.url("/s3cret")).send("it", "x", &notice(), at()).await.unwrap_err().to_string();
        assert!(why.contains(said) && !why.contains("s3cret"), "{why}");
    }
    let nobody = Nobody::new();
    let why = sink(format!("{}/s3cret", nobody.url())).send("it", "x", &notice(), at()).await.unwrap_err().to_string();
    assert_eq!(why, "no connection to the receiver came about");
    let why = sinks(SinkSettings::Command { run: vec!["true".into()], timeout: Duration::from_secs(5) });
    assert!(why.send("other", "x", &notice(), at()).await.unwrap_err().to_string().contains("no sink other"));
}

fn mail(server: &MailServer, tls: MailTls, to: &str) -> SinkSettings {
    SinkSettings::Mail(Box::new(MailSettings {
        server: "127.0.0.1".into(),
        port: server.port(),
        tls,
        user: Some("storyd".into()),
        password: Some(secret("pa55word")),
        from: "storyd <storyd@example.com>".into(),
        to: vec!["team@example.com".into(), to.into()],
    }))
}

#[tokio::test]
async fn a_mail_arrives_with_its_subject_its_text_and_an_id_that_stays() {
    let server = MailServer::start().await;
    let sinks = sinks(mail(&server, MailTls::None, "Boss <boss@example.com>"));
    for _ in 0..2 {
        sinks.send("it", "storyd-9", &notice(), at()).await.unwrap();
    }
    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].from, "<storyd@example.com>");
    assert_eq!(mails[0].to, ["<team@example.com>", "<boss@example.com>"]);
    // "\0storyd\0pa55word" in base 64.
    assert_eq!(mails[0].login.as_deref(), Some("AHN0b3J5ZABwYTU1d29yZA=="));
    for mail in &mails {
        assert!(mail.data.contains("Message-ID: <storyd-9@example.com>"), "{}", mail.data);
        assert!(mail.data.contains("Date: Tue, 01 Dec 2026 00:00:00 +0000"), "{}", mail.data);
        assert!(mail.data.contains("Subject: [storyd] 1 post failed "), "{}", mail.data);
        assert!(mail.data.contains("charset=utf-8"), "{}", mail.data);
    }
}

#[tokio::test]
async fn a_mail_server_that_refuses_or_offers_no_tls_gets_no_password_in_the_clear() {
    let server = MailServer::start().await;
    let refused = sinks(mail(&server, MailTls::None, "nobody@example.com")).send("it", "x", &notice(), at()).await;
    assert_eq!(refused.unwrap_err().to_string(), "the mail server answered 550");
    assert!(server.mails().is_empty());
    let server = MailServer::start().await;
    for tls in [MailTls::StartTls, MailTls::Tls] {
        let why = sinks(mail(&server, tls, "a@example.com")).send("it", "x", &notice(), at()).await.unwrap_err();
        assert!(!why.to_string().contains("pa55word"), "{why}");
    }
    let auth: Vec<String> = server.words().into_iter().filter(|word| word.starts_with("AUTH")).collect();
    assert!(auth.is_empty(), "{auth:?}");
}

#[tokio::test]
async fn a_refusal_of_what_is_said_is_told_from_one_of_everything() {
    let server = MailServer::start().await;
    let why = sinks(mail(&server, MailTls::None, "boss@example.com")).send("it", "unwanted", &notice(), at()).await;
    assert_eq!(why.unwrap_err(), NotSent::Refused("the mail server answered 554".into()));
    let why = sinks(mail(&server, MailTls::None, "nobody@example.com")).send("it", "x", &notice(), at()).await;
    assert_eq!(why.unwrap_err(), NotSent::Way("the mail server answered 550".into()));
    let receiver = Receiver::start().await;
    for status in [400, 413, 422, 401, 403, 404, 408, 410, 429, 500, 503] {
        receiver.answer(status);
        let sinks = sinks(SinkSettings::Webhook { url: secret(&receiver.url("/hook")), secret: None });
        let why = sinks.send("it", "x", &notice(), at()).await.unwrap_err();
        assert_eq!(matches!(why, NotSent::Refused(_)), [400, 413, 422].contains(&status), "{status}: {why:?}");
    }
}

#[tokio::test]
async fn a_mail_server_that_falls_silent_has_not_taken_the_mail_unless_it_said_so() {
    for silence in [Silence::Greeting, Silence::Taken] {
        let server = MailServer::silent_from(silence).await;
        let sinks = impatient(mail(&server, MailTls::None, "boss@example.com"));
        let why = sinks.send("it", "x", &notice(), at()).await.unwrap_err();
        assert_eq!(why.to_string(), "the mail server did not answer in time", "{silence:?}");
    }
    let server = MailServer::silent_from(Silence::Bye).await;
    let sinks = impatient(mail(&server, MailTls::None, "boss@example.com"));
    sinks.send("it", "x", &notice(), at()).await.unwrap();
    assert_eq!(server.mails().len(), 1);
}

/// `notify test` of the real program, which trusts the test's own authority or does not, with a sink whose server speaks TLS.
async fn told_over_tls(sink: &str, trusts: bool) -> (Option<i32>, String) {
    let folder = Folder::new();
    folder.write("storyd.yaml", format!("data_dir: data\nnotify:\n  sinks:\n    team: {sink}\n"));
    let done = run_trusting(&folder, "notify test", trusts).await;
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(!said.contains("pa55word"), "{said}");
    (done.status.code(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_goes_over_tls_to_a_server_whose_certificate_is_good_and_to_no_other() {
    for tls in [MailTls::Tls, MailTls::StartTls] {
        let server = MailServer::with(tls).await;
        let (word, port) = (if tls == MailTls::Tls { "tls" } else { "starttls" }, server.port());
        let sink = format!(
            "{{type: email, server: 127.0.0.1, port: {port}, tls: {word}, user: storyd, password: pa55word, \
             from: storyd@example.com, to: team@example.com}}"
        );
        let (code, said) = told_over_tls(&sink, false).await;
        assert_eq!(code, Some(6), "{said}");
        assert!(said.contains("no TLS session with the mail server came about"), "{said}");
        let logins = server.words().into_iter().filter(|word| word.starts_with("AUTH")).count();
        assert_eq!((logins, server.mails().len()), (0, 0), "{tls:?}: nothing for a stranger");
        let (code, said) = told_over_tls(&sink, true).await;
        assert_eq!(code, Some(0), "{said}");
        let mails = server.mails();
        assert_eq!((mails.len(), mails[0].to[0].as_str()), (1, "<team@example.com>"), "{tls:?}");
        assert_eq!(mails[0].login.as_deref(), Some("AHN0b3J5ZABwYTU1d29yZA=="), "logged in, once it was safe");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_goes_over_tls_to_a_server_whose_certificate_is_good_and_to_no_other() {
    let server = Receiver::over_tls().await;
    let sink = format!("{{type: webhook, url: '{}', secret: pa55word}}", server.url("/hook"));
    let (code, said) = told_over_tls(&sink, false).await;
    assert_eq!((code, server.heard().len()), (Some(6), 0), "nothing for a stranger: {said}");
    let (code, said) = told_over_tls(&sink, true).await;
    assert_eq!((code, server.heard().len()), (Some(0), 1), "{said}");
}

#[tokio::test]
async fn a_command_gets_the_notice_on_its_stdin_without_a_shell_and_without_our_environment() {
    let folder = Folder::new();
    let command = |line: &[&str], timeout| {
        let run = line.iter().map(|word| (*word).to_owned()).collect();
        sinks(SinkSettings::Command { run, timeout: Duration::from_secs(timeout) })
    };
    let out = folder.path("out.json");
    let script = format!("cat > {}; env >> {}.env", out.display(), out.display());
    command(&["sh", "-c", &script, "$(touch never)"], 60).send("it", "storyd-3", &notice(), at()).await.unwrap();
    let got: serde_json::Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    assert_eq!(
        (&got["id"], &got["trouble"], &got["items"][0]["post"]),
        (&"storyd-3".into(), &"failed".into(), &12.into())
    );
    let env = std::fs::read_to_string(folder.path("out.json.env")).unwrap();
    let names: Vec<&str> = env.lines().filter_map(|line| line.split_once('=').map(|(name, _)| name)).collect();
    assert!(names.iter().all(|name| ["PATH", "PWD", "SHLVL", "_", "OLDPWD"].contains(name)), "{names:?}");
    assert!(!folder.path("never").exists());

    let why = async |line: &[&str], timeout| {
        command(line, timeout).send("it", "x", &notice(), at()).await.unwrap_err().to_string()
    };
    assert_eq!(why(&["false"], 60).await, "the command ended with exit status: 1");
    assert!(why(&["/no/such/program"], 60).await.starts_with("the command cannot be started"));
    assert_eq!(why(&["sleep", "100000"], 1).await, "the command did not end within 1 s and was killed");
}

#[tokio::test]
async fn the_heartbeat_is_a_get_and_its_loss_is_told() {
    let receiver = Receiver::start().await;
    let heartbeat = HeartbeatSettings { url: secret(&receiver.url("/ping/s3cret")), every: Duration::from_secs(60) };
    let sinks = Sinks::new(&Notify { heartbeat: Some(heartbeat), ..Notify::default() }).unwrap();
    sinks.beat().await.unwrap();
    assert_eq!((receiver.heard()[0].method.as_str(), receiver.heard()[0].path.as_str()), ("GET", "/ping/s3cret"));
    receiver.answer(503);
    assert_eq!(sinks.beat().await.unwrap_err().to_string(), "the receiver answered HTTP 503");
    Sinks::none().unwrap().beat().await.unwrap();
}

#[test]
fn an_address_that_is_none_is_refused_at_the_start_and_never_quoted() {
    for bad in ["hooks.example.com/s3cret", "ftp://example.com/s3cret", "s3cret"] {
        let sink = SinkSettings::Slack { url: secret(bad) };
        let error = Sinks::new(&Notify { sinks: [("team".to_owned(), sink)].into(), ..Notify::default() }).unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(told.contains("team") && !told.contains("s3cret"), "{told}");
    }
}
