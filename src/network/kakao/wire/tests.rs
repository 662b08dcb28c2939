//! What is sent, to the letter, and what comes back, as documented and broken.

use super::*;
use crate::domain::content::{AppParams, Content, Image};
use crate::network::kakao::list::ListEntry;

fn note(text: &str) -> Outgoing {
    outgoing(content::Body::Note { text: text.into() }, None)
}

fn outgoing(body: content::Body, artifact: Option<&str>) -> Outgoing {
    let content = Content { body, permission: Permission::Public, enable_share: None, app: AppParams::default() };
    Outgoing { content, artifact: artifact.map(|json| Artifact(json.into())) }
}

fn photo(text: Option<&str>, artifact: Option<&str>) -> Outgoing {
    let image = Image { sha256: "0".repeat(64), name: "라떼.jpg".into(), format: ImageFormat::Jpeg, bytes: 1 };
    outgoing(content::Body::Photo { images: vec![image], text: text.map(str::to_owned) }, artifact)
}

fn names(outgoing: &Outgoing) -> Vec<&'static str> {
    post(outgoing).expect("can be sent").1.into_iter().map(|(name, _)| name).collect()
}

#[test]
fn every_field_comes_in_the_documented_order() {
    let mut story = note("라떼");
    story.content.permission = Permission::Friends;
    story.content.enable_share = Some(true);
    story.content.app = AppParams {
        android_exec_param: Some("a=1".into()),
        ios_exec_param: Some("b=2&c=3".into()),
        android_market_param: Some("d=4".into()),
        ios_market_param: Some("e=5".into()),
    };
    let (path, form) = post(&story).expect("can be sent");
    assert_eq!(path, "/v1/api/story/post/note");
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(
        fields,
        [
            ("permission", "F"),
            ("enable_share", "true"),
            ("android_exec_param", "a=1"),
            ("ios_exec_param", "b=2&c=3"),
            ("android_market_param", "d=4"),
            ("ios_market_param", "e=5"),
            ("content", "라떼"),
        ]
    );
}

#[test]
fn what_is_absent_or_empty_is_left_out() {
    assert_eq!(names(&note("x")), ["permission", "content"]);
    assert_eq!(names(&photo(None, Some("[]"))), ["permission", "image_url_list"]);
    assert_eq!(names(&photo(Some(""), Some("[]"))), ["permission", "image_url_list"]);
    let mut story = note("x");
    story.content.app.ios_exec_param = Some(String::new());
    assert_eq!(names(&story), ["permission", "content"]);
}

#[test]
fn sharing_is_said_for_friends_and_for_nobody_else() {
    let share = |permission, enable_share| {
        let mut story = note("x");
        story.content.permission = permission;
        story.content.enable_share = enable_share;
        let (_, form) = post(&story).expect("can be sent");
        form.into_iter().find(|(name, _)| *name == "enable_share").map(|(_, value)| value)
    };
    assert_eq!(share(Permission::Friends, None).as_deref(), Some("false"));
    assert_eq!(share(Permission::Friends, Some(true)).as_deref(), Some("true"));
    assert_eq!(share(Permission::Public, Some(true)), None);
    assert_eq!(share(Permission::Private, Some(true)), None);
}

#[test]
fn line_breaks_are_lf() {
    let (_, form) = post(&note("a\r\nb\rc\nd")).expect("can be sent");
    assert_eq!(form[1], ("content", "a\nb\nc\nd".to_owned()));
}

#[test]
fn an_artifact_is_handed_back_byte_for_byte() {
    let json = " [ \"/a/b/img.jpg?width=1&height=2\" ]\n";
    let (path, form) = post(&photo(Some("x"), Some(json))).expect("can be sent");
    assert_eq!(path, "/v1/api/story/post/photo");
    assert_eq!(form.last(), Some(&("image_url_list", json.to_owned())));
    let json = "{\"title\":\"\\u00e9 \\/ é\",\"site_name\": \"x\"}";
    let link = content::Body::Link { url: "https://example.com".into(), text: None };
    let (path, form) = post(&outgoing(link, Some(json))).expect("can be sent");
    assert_eq!(path, "/v1/api/story/post/link");
    assert_eq!(form.last(), Some(&("link_info", json.to_owned())));
}

#[test]
fn what_cannot_be_a_story_is_never_sent() {
    for story in [note(""), photo(Some("x"), None)] {
        let fault = post(&story).expect_err("is no story");
        assert_eq!((fault.class.as_str(), fault.code.as_str()), ("permanent", "request"));
    }
}

#[test]
fn a_refresh_names_the_secret_only_where_there_is_one() {
    let token = RefreshToken::new("r").expect("a token");
    let names = |secret| refresh("k", secret, &token).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(None), ["grant_type", "client_id", "refresh_token"]);
    assert_eq!(names(Some("s")), ["grant_type", "client_id", "refresh_token", "client_secret"]);
}

#[test]
fn an_error_is_told_by_its_code_and_never_assumed_to_be_json() {
    let coded = |code| ErrorBody::Coded { code, msg: String::new(), scopes: vec![] };
    assert_eq!(refusal(br#"{"code":-401}"#), coded(-401));
    assert_eq!(refusal(br#"{"code":-2,"msg":null,"extra":[1]}"#), coded(-2));
    for body in
        ["", "<html>502</html>", "[]", "null", "-401", r#"{"code":"-401"}"#, r#"{"code":502}"#, r#"{"code":0}"#, "{"]
    {
        assert!(matches!(refusal(body.as_bytes()), ErrorBody::Unreadable(_)), "{body:?}");
    }
    assert!(matches!(refusal(b"\xff\xfe"), ErrorBody::Unreadable(_)));
}

#[test]
fn a_missing_consent_tells_only_what_is_still_missing() {
    let body = br#"{"code":-402,"msg":"insufficient scopes.","api_type":"X",
        "required_scopes":["story_publish","profile"],"allowed_scopes":["profile"]}"#;
    let ErrorBody::Coded { scopes, .. } = refusal(body) else { panic!("has a code") };
    assert_eq!(scopes, ["story_publish"]);
    let ErrorBody::Coded { scopes, .. } = refusal(br#"{"code":-402,"required_scopes":["a"],"allowed_scopes":["a"]}"#)
    else {
        panic!("has a code")
    };
    assert_eq!(scopes, ["a"], "an answer that contradicts itself still names something");
}

#[test]
fn the_login_services_errors_are_told_apart() {
    let body = br#"{"error":"invalid_grant","error_description":"expired","error_code":"KOE322"}"#;
    let login = |code: &str| ErrorBody::Login {
        code: code.into(),
        error: "invalid_grant".into(),
        description: "expired".into(),
    };
    assert_eq!(refusal(body), login("KOE322"));
    assert_eq!(refusal(br#"{"error":"invalid_grant","error_description":"expired"}"#), login("invalid_grant"));
}

#[test]
fn a_story_id_of_any_form_is_kept() {
    let id = |body: &str| story_id(body.as_bytes());
    assert_eq!(id(r#"{"id":"AAAAAAA.BBBBBBBBBBB"}"#).as_deref(), Ok("AAAAAAA.BBBBBBBBBBB"));
    assert_eq!(id(r#"{"x":1,"id":"no-dot:at/all"}"#).as_deref(), Ok("no-dot:at/all"));
    assert_eq!(id(r#"{"id":"a.b.c"}"#).as_deref(), Ok("a.b.c"));
    assert_eq!(id(r#"{"id":12345}"#).as_deref(), Ok("12345"));
    assert!(id(&format!(r#"{{"id":"{}"}}"#, "가".repeat(256))).is_ok());
    for body in ["", "{}", "[]", "null", r#"{"id":""}"#, r#"{"id":null}"#, r#"{"id":["a"]}"#, "<html>", r#"{"id":"a"#] {
        assert!(id(body).is_err(), "{body}");
    }
    assert!(id(&format!(r#"{{"id":"{}"}}"#, "x".repeat(257))).is_err());
}

#[test]
fn a_story_id_that_cannot_be_stored_shown_or_typed_is_none() {
    let long = "x".repeat(257);
    let unusable: [&str; 23] = [
        &long,
        "",
        " ",
        "a b",
        "a.b\n",
        "\0a.b",
        "a\0.b",
        "\u{1b}[2Ja.b",
        "a.b\u{7}",
        "\u{9b}2Ja.b",
        "a\tb",
        "a.b\r",
        "\u{202e}b.a",
        "a.b\u{200b}",
        "\u{feff}a.b",
        "a\u{ad}.b",
        "a\u{a0}b",
        "a\u{2028}b",
        "a\u{3000}b",
        "a\u{7f}b",
        "a\u{2066}b",
        "a\u{85}b",
        "a.\u{fffd}b",
    ];
    for id in unusable {
        let posted = serde_json::json!({ "id": id }).to_string();
        let listed = serde_json::json!([{ "id": id, "created_at": "2026-12-01T00:00:00Z" }]).to_string();
        let told = story_id(posted.as_bytes()).expect_err(id);
        assert!(told.starts_with("a story's `id` ") && !told.contains(crate::domain::printable::acts), "{told}");
        let listed = crate::network::kakao::list::entries(listed.as_bytes()).expect("a page");
        let [ListEntry::Unreadable(unreadable)] = listed.as_slice() else { panic!("{id:?}: {listed:?}") };
        assert_eq!((&unreadable.id, &unreadable.why), (&None, &told), "{id:?}");
    }
}

#[test]
fn an_upload_must_name_as_many_images_as_were_sent() {
    let paths = |body: &str, images| image_paths(body.as_bytes(), images).map(|artifact| artifact.0);
    let body = " [\"/a?width=1&height=2\",\n\"/b\"] ";
    assert_eq!(paths(body, 2).as_deref(), Ok(body), "kept byte for byte");
    for (body, images) in [("[]", 1), (r#"["/a"]"#, 2), (r#"["/a",1]"#, 2), (r#"["/a",""]"#, 2), ("{}", 1), ("", 1)] {
        assert!(paths(body, images).is_err(), "{body}");
    }
}

#[test]
fn a_scrape_is_any_object_and_kept_byte_for_byte() {
    let body = "{ \"title\":\"\\uac00\",\n \"image\":[] }";
    assert_eq!(link(body.as_bytes()).map(|artifact| artifact.0).as_deref(), Ok(body));
    assert!(link(b"{}").is_ok());
    for body in ["", "[]", "null", "\"x\"", "{"] {
        assert!(link(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn a_refresh_is_read_with_and_without_a_next_refresh_token() {
    let body = br#"{"token_type":"bearer","access_token":"a1","expires_in":21599,"refresh_token":"r1",
        "refresh_token_expires_in":"5183999","scope":"story_publish story_read"}"#;
    let answer = token_answer(body).expect("reads");
    assert_eq!(answer.expires_in, Some(Duration::from_secs(21_599)));
    assert_eq!(answer.refresh_token.as_ref().map(RefreshToken::expose), Some("r1"));
    assert_eq!(answer.refresh_expires_in, Some(Duration::from_secs(5_183_999)));
    assert_eq!(answer.scopes, Some(vec!["story_publish".to_owned(), "story_read".to_owned()]));
    let answer = token_answer(br#"{"access_token":"a1","refresh_token":""}"#).expect("reads");
    assert!(answer.refresh_token.is_none() && answer.expires_in.is_none() && answer.scopes.is_none());
}

#[test]
fn what_a_refresh_answers_is_never_quoted() {
    for body in
        [r#"{"access_token":{"secret":1}}"#, r#"{"refresh_token":"secret"}"#, r#"{"access_token":"sec ret"}"#, "secret"]
    {
        let error = token_answer(body.as_bytes()).expect_err("no answer");
        assert!(!error.contains("sec"), "{error}");
    }
}

#[test]
fn a_servers_date_is_read() {
    let at = http_date("Tue, 01 Dec 2026 00:00:00 GMT").map(|at| at.to_string());
    assert_eq!(at.as_deref(), Some("2026-12-01T00:00:00Z"));
    assert_eq!(http_date("yesterday"), None);
    // A time that the queue cannot store is none.
    for at in ["Wed, 31 Dec 1969 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"] {
        assert_eq!(http_date(at), None, "{at}");
    }
}
