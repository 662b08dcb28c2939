//! How an account's tokens are kept alive: once at a time, durable before use, never more often than Kakao bears.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use storyd::domain::clock::later;
use storyd::domain::fault::Fault;
use storyd::network::kakao::folder::TokenFolder;
use storyd::network::kakao::refresh::{Credentials, ONE_CALL, REFRESH_AHEAD, REFRESHES_MAX, Tokens};
use storyd::network::kakao::token::{AccessToken, RefreshToken, TokenOwner, TokenSet};
use storyd::network::kakao::{Client, Limits};
use tokio::sync::Notify;

use crate::support::ports::Nobody;
use crate::support::stub::{self, Act, Stub, answer, ok};

const NEXT: &str = r#"{"access_token":"access-2","expires_in":21599}"#;

/// A folder with the tokens of the account `cafe`, which expire at 06:00.
pub(crate) struct Home {
    place: tempfile::TempDir,
    owner: Option<i64>,
}

impl Home {
    fn new() -> Self {
        Self::with(Some("refresh-1"))
    }

    /// The same, of which it is known that Kakao's user 7 owns it.
    pub(crate) fn owned() -> Self {
        let home = Self { owner: Some(7), ..Self::new() };
        home.hand_in("access-1", Some("refresh-1"), at("00:00:00"));
        home
    }

    fn with(refresh_token: Option<&str>) -> Self {
        let home = Self { place: tempfile::tempdir().unwrap(), owner: None };
        home.hand_in("access-1", refresh_token, at("00:00:00"));
        home
    }

    fn hand_in(&self, access: &str, refresh: Option<&str>, obtained_at: Timestamp) {
        let set = TokenSet {
            access_token: AccessToken::new(access).unwrap(),
            access_expires_at: Some(at("06:00:00")),
            refresh_token: refresh.map(|token| RefreshToken::new(token).unwrap()),
            refresh_expires_at: None,
            scopes: None,
            owner: self.owner.map(|user_id| TokenOwner { user_id, nickname: None }),
            obtained_at,
            bought: None,
        };
        let folder = self.folder();
        let lock = folder.lock("cafe").unwrap();
        folder.save(&lock, &set).unwrap();
    }

    fn folder(&self) -> TokenFolder {
        TokenFolder::open(&self.place.path().join("tokens")).unwrap()
    }

    /// What a process starts with.
    pub(crate) fn tokens(&self) -> Tokens {
        Tokens::new(self.folder())
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.place.path().join("tokens").join(name)
    }

    /// The token file's text.
    pub(crate) fn saved(&self) -> String {
        std::fs::read_to_string(self.file("cafe.json")).unwrap()
    }
}

fn at(time: &str) -> Timestamp {
    format!("2026-12-01T{time}Z").parse().unwrap()
}

pub(crate) fn token(text: &str) -> AccessToken {
    AccessToken::new(text).unwrap()
}

fn credentials() -> Credentials {
    Credentials { rest_api_key: "the-key".to_owned().into(), client_secret: None }
}

pub(crate) async fn fresh(tokens: &Tokens, client: &Client, time: &str) -> Result<AccessToken, Fault> {
    tokens.fresh(client, "cafe", Some(&credentials()), REFRESH_AHEAD, at(time)).await
}

/// The token for a post that is due.
pub(crate) async fn at_once(tokens: &Tokens, client: &Client, time: &str) -> Result<AccessToken, Fault> {
    tokens.fresh(client, "cafe", Some(&credentials()), ONE_CALL, at(time)).await
}

pub(crate) fn refusal(status: u16, code: &str, error: &str) -> Act {
    let body = format!(r#"{{"error":"{error}","error_description":"no","error_code":"{code}"}}"#);
    Act::Say(answer(status, "", &body))
}

#[tokio::test]
async fn a_living_token_is_used_as_it_is() {
    let (home, stub) = (Home::new(), Stub::play([]).await);
    assert!(fresh(&home.tokens(), &stub.client(), "05:54:59").await.unwrap().is(&token("access-1")));
    assert_eq!(stub.connections(), 0);
}

#[tokio::test]
async fn a_token_that_is_about_to_expire_is_renewed_and_saved_before_it_is_used() {
    let (home, stub) = (Home::new(), Stub::play([ok(NEXT)]).await);
    assert!(fresh(&home.tokens(), &stub.client(), "05:55:00").await.unwrap().is(&token("access-2")));
    insta::assert_snapshot!(home.saved(), @r#"
    {
      "version": 1,
      "access_token": "access-2",
      "access_expires_at": "2026-12-01T11:54:59Z",
      "refresh_token": "refresh-1",
      "obtained_at": "2026-12-01T05:55:00Z"
    }
    "#);
}

#[tokio::test]
async fn a_replaced_refresh_token_is_saved_too() {
    let next = r#"{"access_token":"access-2","refresh_token":"refresh-2","refresh_token_expires_in":5183999}"#;
    let (home, stub) = (Home::new(), Stub::play([ok(next), ok(NEXT)]).await);
    fresh(&home.tokens(), &stub.client(), "05:55:00").await.unwrap();
    assert!(home.saved().contains("refresh-2") && !home.saved().contains("refresh-1"), "{}", home.saved());
    let used = token("access-2");
    let (tokens, client) = (home.tokens(), stub.client());
    tokens.refresh_now(&client, "cafe", Some(&credentials()), &used, at("06:00:00")).await.unwrap();
    assert!(stub.requests()[1].contains("refresh_token=refresh-2"), "{:?}", stub.requests());
}

#[tokio::test]
async fn many_callers_and_two_processes_cause_one_refresh() {
    let (home, stub) = (Home::new(), Stub::play([ok(NEXT)]).await);
    let (one, other, client) = (home.tokens(), home.tokens(), stub.client());
    let calls = (0..10).map(|n| {
        let (tokens, client) = (if n % 2 == 0 { one.clone() } else { other.clone() }, client.clone());
        tokio::spawn(async move { fresh(&tokens, &client, "05:59:00").await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert!(call.await.unwrap().unwrap().is(&token("access-2")));
    }
    assert_eq!(stub.requests().len(), 1);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_however_many_met_the_refusal() {
    let (home, stub) = (Home::new(), Stub::play([ok(NEXT)]).await);
    let (tokens, client) = (home.tokens(), stub.client());
    for _ in 0..3 {
        let next = tokens.refresh_now(&client, "cafe", Some(&credentials()), &token("access-1"), at("01:00:00")).await;
        assert!(next.unwrap().is(&token("access-2")));
    }
    assert_eq!(stub.requests().len(), 1);
}

#[tokio::test]
async fn tokens_handed_in_meanwhile_are_used_without_a_refresh() {
    let (home, stub) = (Home::new(), Stub::play([]).await);
    let tokens = home.tokens();
    home.hand_in("access-9", Some("refresh-9"), at("01:00:00"));
    let next =
        tokens.refresh_now(&stub.client(), "cafe", Some(&credentials()), &token("access-1"), at("01:00:00")).await;
    assert!(next.unwrap().is(&token("access-9")));
    assert_eq!(stub.connections(), 0);
}

#[tokio::test]
async fn a_dead_refresh_token_asks_for_a_login_by_the_accounts_name() {
    let (home, stub) = (Home::new(), Stub::play([refusal(400, "KOE322", "invalid_grant")]).await);
    let fault = fresh(&home.tokens(), &stub.client(), "06:00:00").await.unwrap_err();
    insta::assert_snapshot!(fault, @r#"the refresh token is not valid any more: "no" (KOE322). Log the account in again with `storyd account login cafe`."#);
}

#[tokio::test]
async fn without_a_refresh_token_or_a_key_a_person_must_act() {
    let stub = Stub::play([]).await;
    let home = Home::with(None);
    let fault = fresh(&home.tokens(), &stub.client(), "06:00:00").await.unwrap_err();
    insta::assert_snapshot!(fault, @r#"the access token is spent and there is no refresh token to renew it (no-refresh-token). Log the account in again with `storyd account login cafe`."#);
    let home = Home::new();
    let fault = home.tokens().fresh(&stub.client(), "cafe", None, REFRESH_AHEAD, at("06:00:00")).await.unwrap_err();
    insta::assert_snapshot!(fault, @r#"the access token is spent and there is no REST API key to renew it (no-key). Give the account "cafe" its `rest_api_key` in the settings."#);
    let fault = home.tokens().fresh(&stub.client(), "zoo", None, REFRESH_AHEAD, at("06:00:00")).await.unwrap_err();
    insta::assert_snapshot!(fault, @r#"account "zoo" has no tokens (token-file). Log it in with `storyd account login zoo`."#);
    assert_eq!(stub.connections(), 0);
}

#[tokio::test]
async fn trouble_that_the_login_service_admits_is_tried_again() {
    let trouble = || refusal(500, "KOE003", "server_error");
    let (home, stub) = (Home::new(), Stub::play([trouble(), trouble(), ok(NEXT)]).await);
    assert!(fresh(&home.tokens(), &stub.client(), "06:00:00").await.unwrap().is(&token("access-2")));
    let (home, stub) = (Home::new(), Stub::play([trouble(), trouble(), trouble(), ok(NEXT)]).await);
    let fault = fresh(&home.tokens(), &stub.client(), "06:00:00").await.unwrap_err();
    assert_eq!((fault.class.as_str(), fault.code.as_str(), stub.requests().len()), ("transient", "KOE003", 3));
}

#[tokio::test]
async fn a_lost_answer_is_not_asked_for_again_at_once() {
    let (home, stub) = (Home::new(), Stub::play([Act::SayAndClose(vec![]), ok(NEXT)]).await);
    let tokens = home.tokens();
    let fault = fresh(&tokens, &stub.client(), "06:00:00").await.unwrap_err();
    assert_eq!((fault.class.as_str(), fault.code.as_str()), ("transient", "reset"));
    assert_eq!(stub.requests().len(), 1);
    assert!(fresh(&tokens, &stub.client(), "06:01:00").await.unwrap().is(&token("access-2")), "the next round is free");
}

#[tokio::test]
async fn a_login_service_out_of_reach_does_not_use_up_the_limit() {
    let home = Home::new();
    let nobody = Nobody::new();
    let fault = fresh(&home.tokens(), &stub::client(&nobody.url(), Limits::default()), "06:00:00").await.unwrap_err();
    assert_eq!((fault.class.as_str(), fault.code.as_str()), ("transient", "connect"));
    assert_eq!(std::fs::read_to_string(home.file("cafe.lock")).unwrap(), "");
}

#[tokio::test]
async fn a_failed_renewal_leaves_the_old_token_for_as_long_as_it_lives() {
    let gone = || refusal(400, "KOE322", "invalid_grant");
    let (home, stub) = (Home::new(), Stub::play([gone(), gone()]).await);
    assert!(fresh(&home.tokens(), &stub.client(), "05:59:59").await.unwrap().is(&token("access-1")));
    assert!(fresh(&home.tokens(), &stub.client(), "06:00:00").await.is_err());
}

#[tokio::test]
async fn refreshes_are_limited_across_restarts_and_clocks_that_jump() {
    let home = Home::new();
    let stub = Stub::play((0..=REFRESHES_MAX).map(|n| ok(&format!(r#"{{"access_token":"a{n}"}}"#)))).await;
    let (client, start) = (stub.client(), at("01:00:00"));
    let again = |used: String, now| {
        let (tokens, client) = (home.tokens(), client.clone());
        async move { tokens.refresh_now(&client, "cafe", Some(&credentials()), &token(&used), now).await }
    };
    let mut used = "access-1".to_owned();
    for n in 0..REFRESHES_MAX {
        again(used, later(start, Duration::from_secs(n as u64))).await.unwrap();
        used = format!("a{n}");
    }
    let fault = again(used.clone(), later(start, Duration::from_secs(60))).await.unwrap_err();
    assert!(format!("{:?}", fault.class).contains("Wait(540s)"), "{fault:?}");
    insta::assert_snapshot!(fault, @r#"the account's tokens were refreshed 5 times in ten minutes (refresh-limit). Look why Kakao keeps refusing the account's fresh tokens; tried again after ten minutes."#);
    assert_eq!(stub.requests().len(), REFRESHES_MAX);
    let back = again(used.clone(), at("00:30:00")).await;
    assert!(back.is_ok(), "marks in the future must not lock an account out: {back:?}");
}

#[tokio::test]
async fn a_caller_that_gives_up_loses_no_token() {
    let signal = Arc::new(Notify::new());
    let said = answer(200, "", NEXT);
    let (home, stub) = (Home::new(), Stub::play([Act::SayLater(said, signal.clone())]).await);
    let (tokens, client) = (home.tokens(), stub.client());
    tokio::select! {
        _ = fresh(&tokens, &client, "06:00:00") => panic!("no answer was given yet"),
        () = stub.seen(1) => {}
    }
    signal.notify_one();
    assert!(fresh(&tokens, &client, "06:00:00").await.unwrap().is(&token("access-2")));
    assert_eq!(stub.requests().len(), 1);
}

#[tokio::test]
async fn tokens_that_could_not_be_saved_are_kept_and_saved_later() {
    let (home, stub) = (Home::new(), Stub::play([ok(NEXT)]).await);
    let (tokens, client) = (home.tokens(), stub.client());
    // A folder where the new file should be written: the disk refuses.
    std::fs::create_dir(home.file("cafe.tmp")).unwrap();
    let fault = fresh(&tokens, &client, "06:00:00").await.unwrap_err();
    assert_eq!((fault.class.as_str(), fault.code.as_str()), ("transient", "token-file"));
    assert!(home.saved().contains("access-1"));
    std::fs::remove_dir(home.file("cafe.tmp")).unwrap();
    assert!(fresh(&tokens, &client, "06:00:00").await.unwrap().is(&token("access-2")));
    assert!(home.saved().contains("access-2"));
    assert_eq!(stub.requests().len(), 1, "bought once");
}

#[tokio::test]
async fn a_post_that_is_due_waits_for_no_renewal_while_its_token_lives() {
    let (home, stub) = (Home::new(), Stub::play([ok(NEXT)]).await);
    let tokens = home.tokens();
    for time in ["05:56:00", "05:58:59"] {
        assert!(at_once(&tokens, &stub.client(), time).await.unwrap().is(&token("access-1")), "{time}");
    }
    assert_eq!(stub.connections(), 0);
    assert!(at_once(&tokens, &stub.client(), "05:59:00").await.unwrap().is(&token("access-2")));
}

#[tokio::test]
async fn a_login_service_with_trouble_is_left_alone_for_a_while() {
    let trouble = || Act::Say(answer(503, "", "busy"));
    let (home, stub) = (Home::new(), Stub::play([trouble(), ok(NEXT)]).await);
    let (tokens, client) = (home.tokens(), stub.client());
    for time in ["05:56:00", "05:56:01", "05:56:59"] {
        assert!(fresh(&tokens, &client, time).await.unwrap().is(&token("access-1")), "{time}");
    }
    assert_eq!(stub.requests().len(), 1);
    assert!(fresh(&tokens, &client, "05:57:00").await.unwrap().is(&token("access-2")));
    // With a dead token it is asked again sooner, but not by everybody who comes.
    let (home, stub) = (Home::new(), Stub::play([trouble(), ok(NEXT)]).await);
    let (tokens, client) = (home.tokens(), stub.client());
    for time in ["06:00:00", "06:00:01", "06:00:04"] {
        assert_eq!(fresh(&tokens, &client, time).await.unwrap_err().code, "503", "{time}");
    }
    assert_eq!(stub.requests().len(), 1);
    assert!(fresh(&tokens, &client, "06:00:05").await.unwrap().is(&token("access-2")));
    // A clock that was set back keeps nobody waiting.
    let (home, stub) = (Home::new(), Stub::play([trouble(), ok(NEXT)]).await);
    let (tokens, client) = (home.tokens(), stub.client());
    assert!(fresh(&tokens, &client, "08:00:00").await.is_err());
    assert!(fresh(&tokens, &client, "06:30:00").await.unwrap().is(&token("access-2")));
}

#[tokio::test]
async fn a_login_service_that_answers_with_trouble_does_not_use_up_the_limit() {
    let trouble = (0..=REFRESHES_MAX).map(|_| Act::Say(answer(503, "", "busy")));
    let (home, stub) = (Home::new(), Stub::play(trouble.chain([ok(NEXT)])).await);
    for second in 0..=REFRESHES_MAX {
        let time = format!("06:00:{:02}", second * 5);
        assert_eq!(fresh(&home.tokens(), &stub.client(), &time).await.unwrap_err().code, "503", "{time}");
    }
    assert!(fresh(&home.tokens(), &stub.client(), "06:00:50").await.unwrap().is(&token("access-2")), "well again");
    // An answer that was lost may have carried tokens: those count.
    let lost = (0..REFRESHES_MAX).map(|_| Act::SayAndClose(vec![]));
    let (home, stub) = (Home::new(), Stub::play(lost.chain([ok(NEXT)])).await);
    for second in 0..REFRESHES_MAX {
        let time = format!("06:00:{:02}", second * 5);
        assert_eq!(fresh(&home.tokens(), &stub.client(), &time).await.unwrap_err().code, "reset", "{time}");
    }
    assert_eq!(fresh(&home.tokens(), &stub.client(), "06:00:50").await.unwrap_err().code, "refresh-limit");
}

#[tokio::test]
async fn a_token_is_renewed_for_what_is_to_come() {
    let (home, stub) = (Home::new(), Stub::play([Act::Say(answer(503, "", "busy")), ok(NEXT)]).await);
    let (tokens, client) = (home.tokens(), stub.client());
    let ahead = async |hours: u64, time: &str| {
        let life = Duration::from_secs(hours * 3_600);
        tokens.renew_ahead(&client, "cafe", Some(&credentials()), life, at(time)).await
    };
    ahead(1, "04:59:59").await.unwrap();
    assert_eq!(stub.connections(), 0, "it lives for so long");
    assert_eq!(ahead(1, "05:00:00").await.unwrap_err().code, "503", "told although the token lives still");
    ahead(1, "05:05:00").await.unwrap();
    assert!(home.saved().contains("access-2"));
}
