//! Tokens, their limits, and consents at the sandbox.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use serde_json::json;

use crate::sandbox_support::{Bench, Seen, png};

const DAY: Duration = Duration::from_secs(86_400);

fn koe(seen: &Seen) -> (u16, String) {
    let json = seen.json();
    assert!(json["error"].is_string() && json["error_description"].is_string(), "{seen:?}");
    (seen.status, json["error_code"].as_str().expect("an error_code").to_owned())
}

/// The parameters of the redirect behind an authorize answer.
fn redirected(seen: &Seen) -> Vec<(String, String)> {
    assert_eq!(seen.status, 302, "{seen:?}");
    let url = reqwest::Url::parse(seen.header("location")).unwrap();
    assert!(url.as_str().starts_with("http://127.0.0.1:9/callback?"), "{url}");
    url.query_pairs().into_owned().collect()
}

const AUTHORIZE: &str =
    "/oauth/authorize?client_id=app&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcallback&response_type=code&state=s%201";

async fn exchange(bench: &Bench, code: &str, redirect_uri: &str) -> Seen {
    let pairs =
        [("grant_type", "authorization_code"), ("client_id", "app"), ("redirect_uri", redirect_uri), ("code", code)];
    bench.form("/oauth/token", &pairs).await
}

#[tokio::test]
async fn a_call_needs_a_token_that_is_alive() {
    let mut bench = Bench::new().await;
    let missing = bench.bare("GET", "/v1/api/story/isstoryuser").await;
    assert_eq!(missing.refusal(), (401, -401));
    assert_eq!(missing.header("www-authenticate"), "Bearer error=invalid_token");
    let token = std::mem::replace(&mut bench.token, "nobody-knows".to_owned());
    assert_eq!(bench.get("/v1/api/story/isstoryuser").await.refusal(), (401, -401));
    bench.token = token;
    assert_eq!(bench.get("/v1/api/story/isstoryuser").await.json(), json!({"isStoryUser": true}));

    bench.advance(Duration::from_secs(21_598));
    let info = bench.get("/v1/user/access_token_info").await.json();
    assert_eq!((&info["expires_in"], &info["id"]), (&json!(1), &json!(bench.first().user_id)));
    assert!(info["app_id"].is_i64());
    bench.advance(Duration::from_secs(1));
    for path in
        ["/v1/api/story/isstoryuser", "/v1/user/access_token_info", "/v2/user/scopes", "/v1/api/story/mystories"]
    {
        assert_eq!(bench.get(path).await.refusal(), (401, -401), "{path}");
    }
    let fresh = bench.sandbox.mint_tokens("sandbox").unwrap();
    bench.token = fresh.access_token.clone();
    assert_eq!(bench.get("/v1/api/story/isstoryuser").await.status, 200);
    bench.sandbox.expire_access_token("sandbox").unwrap();
    assert_eq!(bench.note("x").await.refusal(), (401, -401));
    assert_eq!(bench.refresh(&fresh.refresh_token).await.status, 200, "the refresh token lives on");
}

#[tokio::test]
async fn a_refresh_token_is_replaced_only_in_its_last_month_and_the_old_one_is_dead_at_once() {
    let bench = Bench::new().await;
    let old = bench.first().refresh_token.clone();
    let answer = bench.refresh(&old).await.json();
    assert_eq!(answer["expires_in"], 21_599);
    assert_eq!(answer["token_type"], "bearer");
    assert!(answer.get("refresh_token").is_none() && answer.get("refresh_token_expires_in").is_none());
    // 60 days less a second at first: exactly 30 are left now.
    bench.advance(30 * DAY - Duration::from_secs(1));
    assert!(bench.refresh(&old).await.json().get("refresh_token").is_none());
    bench.advance(Duration::from_secs(1));
    let answer = bench.refresh(&old).await.json();
    assert_eq!(answer["refresh_token_expires_in"], 5_183_999);
    let new = answer["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(koe(&bench.refresh(&old).await), (400, "KOE322".into()));
    assert_eq!(bench.refresh(&new).await.status, 200);
    bench.advance(60 * DAY);
    assert_eq!(koe(&bench.refresh(&new).await), (400, "KOE322".into()), "dead of age");
    assert_eq!(koe(&bench.refresh("nobody-knows").await), (400, "KOE322".into()));
}

#[tokio::test]
async fn more_than_twenty_access_tokens_in_ten_minutes_are_refused() {
    let bench = Bench::new().await;
    let refresh = bench.first().refresh_token.clone();
    for _ in 0..20 {
        assert_eq!(bench.refresh(&refresh).await.status, 200);
    }
    assert_eq!(koe(&bench.refresh(&refresh).await), (400, "KOE237".into()));
    bench.advance(Duration::from_secs(599));
    assert_eq!(koe(&bench.refresh(&refresh).await), (400, "KOE237".into()), "asking in vain does not count either way");
    bench.advance(Duration::from_secs(1));
    assert_eq!(bench.refresh(&refresh).await.status, 200);
}

#[tokio::test]
async fn more_than_thirty_refresh_tokens_in_an_hour_are_refused() {
    let bench = Bench::new().await;
    bench.fault(FaultRule::new(FaultName::RotateRefreshToken));
    let mut refresh = bench.first().refresh_token.clone();
    for number in 0..30 {
        if number == 15 {
            bench.advance(Duration::from_secs(600));
        }
        refresh = bench.refresh(&refresh).await.json()["refresh_token"].as_str().unwrap().to_owned();
    }
    bench.advance(Duration::from_secs(600));
    assert_eq!(koe(&bench.refresh(&refresh).await), (400, "KOE237".into()));
    bench.advance(Duration::from_secs(2400));
    assert_eq!(bench.refresh(&refresh).await.status, 200);
}

#[tokio::test]
async fn a_login_by_code_gives_tokens_once_and_adds_the_consents_asked_for() {
    let bench = Bench::new().await;
    bench.sandbox.set_scopes("sandbox", &[]).unwrap();
    assert_eq!(bench.note("x").await.status, 403);
    let back = redirected(&bench.bare("GET", &format!("{AUTHORIZE}&scope=story_publish,story_read")).await);
    assert_eq!((back[0].0.as_str(), back[1].clone()), ("code", ("state".into(), "s 1".into())));
    let code = &back[0].1;

    assert_eq!(koe(&exchange(&bench, code, "http://127.0.0.1:9/other").await), (400, "KOE303".into()));
    assert_eq!(koe(&exchange(&bench, "nobody-knows", "http://127.0.0.1:9/callback").await), (400, "KOE320".into()));
    let tokens = exchange(&bench, code, "http://127.0.0.1:9/callback").await.json();
    assert_eq!(tokens["scope"], "story_publish story_read");
    assert_eq!((&tokens["expires_in"], &tokens["refresh_token_expires_in"]), (&json!(21_599), &json!(5_183_999)));
    assert_eq!(
        koe(&exchange(&bench, code, "http://127.0.0.1:9/callback").await),
        (400, "KOE320".into()),
        "a code works once"
    );
    bench.note("x").await.id();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(bench.refresh(refresh).await.status, 200);

    let late = redirected(&bench.bare("GET", AUTHORIZE).await)[0].1.clone();
    bench.advance(Duration::from_secs(600));
    assert_eq!(koe(&exchange(&bench, &late, "http://127.0.0.1:9/callback").await), (400, "KOE320".into()), "too old");
}

#[tokio::test]
async fn a_login_can_be_refused_by_the_user_and_for_what_is_asked() {
    let bench = Bench::new().await;
    let back = redirected(&bench.bare("GET", &format!("{AUTHORIZE}&deny")).await);
    assert_eq!(back[0], ("error".into(), "access_denied".into()));
    assert_eq!(back.last(), Some(&("state".into(), "s 1".into())));
    let back = redirected(&bench.bare("GET", &format!("{AUTHORIZE}&scope=nonsense")).await);
    assert_eq!(back[0], ("error".into(), "invalid_scope".into()));
    let back = redirected(&bench.bare("GET", &AUTHORIZE.replace("response_type=code", "response_type=token")).await);
    assert_eq!(back[0], ("error".into(), "unsupported_response_type".into()));
    assert_eq!(
        koe(&bench.bare("GET", "/oauth/authorize?client_id=app&response_type=code").await),
        (400, "KOE006".into())
    );
    assert_eq!(koe(&bench.bare("GET", "/oauth/authorize?response_type=code").await), (401, "KOE101".into()));
}

#[tokio::test]
async fn a_browser_gets_a_page_with_two_buttons_and_all_parameters_escaped() {
    let bench = Bench::with(|options| options.accounts = vec!["a<b".into(), "cafe".into()]).await;
    let path = format!("{AUTHORIZE}%22%3E%3Cscript%3E&scope=story_publish");
    let page = bench.send(bench.request("GET", &path).header("accept", "text/html,*/*")).await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    for expected in [
        "name=\"allow\"",
        "name=\"deny\"",
        "카카오스토리 글 작성",
        "<option>a&lt;b</option>",
        "s 1&quot;&gt;&lt;script&gt;",
    ] {
        assert!(page.text.contains(expected), "{expected}: {}", page.text);
    }
    assert!(!page.text.contains("<script>"));
    let allowed =
        bench.send(bench.request("GET", &format!("{AUTHORIZE}&allow=1&account=cafe")).header("accept", "text/html"));
    let code = redirected(&allowed.await)[0].1.clone();
    let mut cafe = bench;
    cafe.token =
        exchange(&cafe, &code, "http://127.0.0.1:9/callback").await.json()["access_token"].as_str().unwrap().to_owned();
    cafe.note("x").await.id();
    assert_eq!(cafe.sandbox.ledger()[0].account, "cafe");
}

#[tokio::test]
async fn the_apps_key_and_secret_are_checked_when_they_are_set() {
    let open = Bench::new().await;
    let refresh = open.first().refresh_token.clone();
    let pairs =
        [("grant_type", "refresh_token"), ("client_id", "any"), ("client_secret", "any"), ("refresh_token", &refresh)];
    assert_eq!(open.form("/oauth/token", &pairs).await.status, 200);
    assert_eq!(koe(&open.form("/oauth/token", &pairs[2..]).await), (401, "KOE101".into()), "the key is always needed");
    assert_eq!(open.form("/oauth/token", &[("client_id", "any"), ("grant_type", "password")]).await.status, 400);

    let strict = Bench::with(|options| {
        options.client_id = Some("key".into());
        options.client_secret = Some("secret".into());
    })
    .await;
    let refresh = strict.first().refresh_token.clone();
    let form = |key: &'static str, secret: Option<&'static str>| {
        let mut pairs = vec![("grant_type", "refresh_token"), ("client_id", key), ("refresh_token", refresh.as_str())];
        pairs.extend(secret.map(|secret| ("client_secret", secret)));
        strict.send(strict.request("POST", "/oauth/token").form(&pairs))
    };
    assert_eq!(koe(&form("other", Some("secret")).await), (401, "KOE101".into()));
    assert_eq!(koe(&form("key", None).await), (401, "KOE010".into()));
    assert_eq!(koe(&form("key", Some("other")).await), (401, "KOE010".into()));
    assert_eq!(form("key", Some("secret")).await.status, 200);
    assert_eq!(koe(&strict.bare("GET", AUTHORIZE).await), (401, "KOE101".into()));
}

#[tokio::test]
async fn each_call_asks_for_its_own_consent() {
    let bench = Bench::new().await;
    let id = bench.note("x").await.id();
    let paths = bench.upload(&[png(1, 1)]).await.text;
    let info = bench.link_info("https://example.com/").await.text;
    for (scope, publishes, reads) in
        [("story_publish", true, false), ("story_read", false, true), ("birthday", false, false)]
    {
        bench.sandbox.set_scopes("sandbox", &[scope]).unwrap();
        let posts = [
            bench.note("x").await,
            bench.photo(&[("image_url_list", &paths)]).await,
            bench.link(&[("link_info", &info)]).await,
        ];
        for seen in posts {
            assert_consent(&seen, publishes, "story_publish", scope);
        }
        let one = bench.get(&format!("/v1/api/story/mystory?id={id}")).await;
        for seen in [one, bench.get("/v1/api/story/mystories").await] {
            assert_consent(&seen, reads, "story_read", scope);
        }
        if !reads {
            assert_consent(&bench.delete(&id).await, false, "story_read", scope);
        }
        for seen in [bench.upload(&[png(1, 1)]).await, bench.link_info("https://example.com/").await] {
            assert_eq!(seen.status, 200, "a login alone is enough: {seen:?}");
        }
    }
}

fn assert_consent(seen: &Seen, allowed: bool, needed: &str, given: &str) {
    if allowed {
        assert_eq!(seen.status, 200, "{seen:?}");
    } else {
        assert_eq!(seen.refusal(), (403, -402));
        assert_eq!(seen.json()["required_scopes"], json!([needed]));
        assert_eq!(seen.json()["allowed_scopes"], json!([given]));
    }
}

#[tokio::test]
async fn the_profile_shows_what_the_user_agreed_to() {
    let bench = Bench::new().await;
    let keys = |seen: Seen| seen.json().as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let cells: [(&[&str], &[&str]); 5] = [
        (&[], &[]),
        (&["profile_nickname"], &["nickName"]),
        (&["profile_image"], &["profileImageURL", "thumbnailURL", "bgImageURL"]),
        (&["story_permalink"], &["permalink"]),
        (
            &["profile", "birthday"],
            &["nickName", "profileImageURL", "thumbnailURL", "bgImageURL", "birthday", "birthdayType"],
        ),
    ];
    for (scopes, expected) in cells {
        bench.sandbox.set_scopes("sandbox", scopes).unwrap();
        assert_eq!(keys(bench.get("/v1/api/story/profile").await), expected, "{scopes:?}");
    }
    for (text, scheme) in [("true", "https://"), ("1", "https://"), ("false", "http://"), ("0", "http://")] {
        let profile = bench.get(&format!("/v1/api/story/profile?secure_resource={text}")).await.json();
        assert!(profile["bgImageURL"].as_str().unwrap().starts_with(scheme), "{profile}");
    }
    assert_eq!(bench.get("/v1/api/story/profile?secure_resource=maybe").await.refusal(), (400, -2));
}

#[tokio::test]
async fn the_consents_can_be_read_as_a_list() {
    let bench = Bench::new().await;
    bench.sandbox.set_scopes("sandbox", &["story_read"]).unwrap();
    let request = bench.request("GET", "/v2/user/scopes").query(&[("scopes", "[\"story_publish\",\"story_read\"]")]);
    let answer = bench.send(request).await.json();
    assert_eq!(answer["id"], bench.first().user_id);
    let agreed: Vec<(String, bool)> = answer["scopes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scope| (scope["id"].as_str().unwrap().to_owned(), scope["agreed"].as_bool().unwrap()))
        .collect();
    assert_eq!(agreed, [("story_read".to_owned(), true), ("story_publish".to_owned(), false)]);
    assert!(answer["scopes"][0]["display_name"].is_string() && answer["scopes"][0]["using"] == true);
    assert!(bench.get("/v2/user/scopes").await.json()["scopes"].as_array().unwrap().len() > 2);
    assert_eq!(bench.get("/v2/user/scopes?scopes=story_read").await.refusal(), (400, -2));
}

#[tokio::test]
async fn who_is_no_story_user_is_told_so_and_refused_everywhere_else() {
    let bench = Bench::new().await;
    bench.sandbox.set_story_user("sandbox", false).unwrap();
    assert_eq!(bench.get("/v1/api/story/isstoryuser").await.json(), json!({"isStoryUser": false}));
    for path in ["/v1/api/story/profile", "/v1/api/story/mystories", "/v1/api/story/linkinfo?url=http://a.kr/"] {
        assert_eq!(bench.get(path).await.refusal(), (400, -601), "{path}");
    }
    assert_eq!(bench.note("x").await.refusal(), (400, -601));
    assert_eq!(bench.get("/v1/user/access_token_info").await.status, 200);
}

#[tokio::test]
async fn accounts_that_do_not_exist_are_named_in_the_error() {
    let bench = Bench::new().await;
    let error = bench.sandbox.mint_tokens("cafe").unwrap_err().to_string();
    assert!(error.contains("\"cafe\"") && error.contains("sandbox"), "{error}");
    let cafe = bench.sandbox.add_account("cafe").unwrap();
    assert_ne!(cafe.user_id, bench.first().user_id);
    assert_eq!(bench.sandbox.add_account("cafe").unwrap(), cafe, "the same again, with the tokens that still work");
    assert!(bench.sandbox.add_account("").is_err() && bench.sandbox.add_account("a b").is_err());
    assert_eq!(Call::ALL.len(), 14);
}

#[tokio::test]
async fn a_code_that_was_asked_for_with_a_challenge_wants_its_verifier() {
    let bench = Bench::new().await;
    // RFC 7636, appendix B.
    let (verifier, challenge) =
        ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let code = async |more: &str| {
        let parameters = redirected(&bench.bare("GET", &format!("{AUTHORIZE}{more}")).await);
        parameters.into_iter().find(|(name, _)| name == "code").map(|(_, code)| code)
    };
    let buy = async |code: &str, verifier: Option<&str>| {
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("client_id", "app"),
            ("redirect_uri", "http://127.0.0.1:9/callback"),
            ("code", code),
        ];
        pairs.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        bench.form("/oauth/token", &pairs).await
    };
    let with = format!("&code_challenge={challenge}&code_challenge_method=S256");
    let bought = code(&with).await.unwrap();
    for wrong in [None, Some(""), Some("x"), Some(challenge)] {
        assert_eq!(koe(&buy(&bought, wrong).await), (400, "KOE320".to_owned()), "{wrong:?}");
    }
    assert_eq!(buy(&bought, Some(verifier)).await.status, 200);
    // Without a challenge there is nothing to verify.
    let bought = code("").await.unwrap();
    assert_eq!(buy(&bought, Some(verifier)).await.status, 200);
    assert_eq!(code(&format!("&code_challenge={verifier}&code_challenge_method=plain")).await, None);
}
