//! The exact bytes that each call sends, and what a plain answer becomes.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use sha2::{Digest, Sha256};
use storyd::domain::content::{AppParams, Artifact, Body, Content, Image, ImageFormat, Outgoing, Permission};
use storyd::network::kakao::ImageFile;
use storyd::network::kakao::story::{LinkCard, MediaType};
use storyd::network::kakao::token::{AccessToken, RefreshToken};

use crate::support::stub::{Act, Stub, answer, ok};

const ID: &str = r#"{"id":"AAAAAAA.BBBBBBBBBBB"}"#;

pub(crate) fn token() -> AccessToken {
    AccessToken::new("the-access-token").unwrap()
}

fn outgoing(body: Body, artifact: Option<&str>) -> Outgoing {
    let content = Content { body, permission: Permission::Public, enable_share: None, app: AppParams::default() };
    Outgoing { content, artifact: artifact.map(|json| Artifact(json.into())) }
}

pub(crate) fn note(text: &str) -> Outgoing {
    outgoing(Body::Note { text: text.into() }, None)
}

/// The only request that the stub was sent, as a snapshot.
macro_rules! assert_sent {
    ($stub:expr, @$expected:literal) => {
        let requests = $stub.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(r"127\.0\.0\.1:\d+", "[address]");
        settings.add_filter(concat!("storyd/", env!("CARGO_PKG_VERSION")), "storyd/[version]");
        settings.add_filter(r"[0-9a-f]{16}(-[0-9a-f]{16}){3}", "[boundary]");
        settings.add_filter(r"\r", "");
        settings.bind(|| insta::assert_snapshot!(requests[0], @$expected));
    };
}

#[tokio::test]
async fn a_user_is_asked_about() {
    let stub = Stub::play([ok(r#"{"isStoryUser":false}"#)]).await;
    assert_eq!(stub.client().is_story_user(&token()).await, Ok(false));
    assert_sent!(stub, @r#"
    GET /v1/api/story/isstoryuser HTTP/1.1
    authorization: Bearer the-access-token
    accept: */*
    user-agent: storyd/[version]
    accept-encoding: gzip
    host: [address]
    "#);
}

#[tokio::test]
async fn a_profile_is_asked_for_with_https_pictures() {
    let stub = Stub::play([ok(r#"{"nickName":"Ryan","profileImageURL":"https://x/a.jpeg"}"#)]).await;
    let profile = stub.client().profile(&token()).await.unwrap();
    assert_eq!(profile.nick_name.as_deref(), Some("Ryan"));
    assert_sent!(stub, @r#"
    GET /v1/api/story/profile?secure_resource=true HTTP/1.1
    authorization: Bearer the-access-token
    accept: */*
    user-agent: storyd/[version]
    accept-encoding: gzip
    host: [address]
    "#);
}

fn image(name: &str, format: ImageFormat, bytes: &[u8]) -> ImageFile {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    let sha256 = format!("{:x}", Sha256::digest(bytes));
    ImageFile { name: name.into(), format, bytes: bytes.len() as u64, sha256, file }
}

#[tokio::test]
async fn an_upload_names_its_parts_plainly() {
    let paths = "[\n \"/a/img.jpg?width=1&height=2\", \"/b/img.png?width=3&height=4\" ]";
    let stub = Stub::play([ok(paths)]).await;
    let images = vec![image("겨울 라떼.jpg", ImageFormat::Jpeg, b"(jpeg)"), image("b.png", ImageFormat::Png, b"(png)")];
    let artifact = stub.client().upload(&token(), images).await.unwrap();
    assert_eq!(artifact.0, paths, "kept byte for byte");
    assert_sent!(stub, @r#"
    POST /v1/api/story/upload/multi HTTP/1.1
    content-type: multipart/form-data; boundary=[boundary]
    content-length: 423
    authorization: Bearer the-access-token
    accept: */*
    user-agent: storyd/[version]
    accept-encoding: gzip
    host: [address]

    --[boundary]
    Content-Disposition: form-data; name="file"; filename="image-1.jpg"
    Content-Type: image/jpeg

    (jpeg)
    --[boundary]
    Content-Disposition: form-data; name="file"; filename="image-2.png"
    Content-Type: image/png

    (png)
    --[boundary]--
    "#);
}

/// An image is read while it leaves: what its file holds by then may be something else than what was checked.
#[tokio::test]
async fn an_image_that_changes_on_its_way_does_not_arrive() {
    const BYTES: usize = 300_000;
    let other = |mut file: &File| file.write_all(b"other").and_then(|()| file.rewind()).unwrap();
    let shorter = |file: &File| file.set_len(BYTES as u64 - 1).unwrap();
    let read = |mut file: &File| _ = file.seek(SeekFrom::End(0)).unwrap();
    let changes: [&dyn Fn(&File); 3] = [&other, &shorter, &read];
    for change in changes {
        let stub = Stub::play([ok("[\"/a\",\"/b\"]")]).await;
        let whole = || image("a.png", ImageFormat::Png, &[b'x'; BYTES]);
        let images = vec![whole(), whole()];
        change(&images[1].file);
        let fault = stub.client().upload(&token(), images).await.unwrap_err();
        assert_eq!(fault.class.as_str(), "transient", "{fault:?}");
        assert!(stub.requests().is_empty(), "nobody got a whole request");
        assert_eq!(stub.connections(), 1);
    }
    let stub = Stub::play([ok("[\"/a\"]")]).await;
    stub.client().upload(&token(), vec![image("a.png", ImageFormat::Png, &[b'x'; BYTES])]).await.unwrap();
    assert!(stub.requests()[0].contains(&"x".repeat(BYTES)));
}

#[tokio::test]
async fn hopeless_uploads_are_not_begun() {
    let stub = Stub::play([]).await;
    let small = |format| image("a", format, b"x");
    for images in [
        vec![],
        (0..11).map(|_| small(ImageFormat::Png)).collect(),
        vec![ImageFile { bytes: 10_000_000, ..small(ImageFormat::Png) }],
        vec![small(ImageFormat::Gif), small(ImageFormat::Png)],
    ] {
        let fault = stub.client().upload(&token(), images).await.unwrap_err();
        assert_eq!(fault.class.as_str(), "permanent");
    }
    assert_eq!(stub.connections(), 0);
}

#[tokio::test]
async fn a_page_is_scraped_by_its_encoded_url() {
    let info = "{\"title\":\"메뉴\", \"site_name\":\"x\" , \"image\":[\"i\"]}";
    let stub = Stub::play([ok(info)]).await;
    let artifact = stub.client().link_info(&token(), "https://example.com/메뉴?a=1&b=2#c d").await.unwrap();
    assert_eq!(artifact.0, info, "kept byte for byte");
    assert_eq!(LinkCard::read(&artifact).title.as_deref(), Some("메뉴"));
    assert_sent!(stub, @r#"
    GET /v1/api/story/linkinfo?url=https%3A%2F%2Fexample.com%2F%EB%A9%94%EB%89%B4%3Fa%3D1%26b%3D2%23c%20d HTTP/1.1
    authorization: Bearer the-access-token
    accept: */*
    user-agent: storyd/[version]
    accept-encoding: gzip
    host: [address]
    "#);
}

#[tokio::test]
async fn a_note_is_posted() {
    let date = "Date: Tue, 01 Dec 2026 00:00:00 GMT\r\n";
    let stub = Stub::play([Act::Say(answer(200, date, ID))]).await;
    let mut story = note("겨울 신메뉴\r\n라떼 & 케이크 = 5+1%");
    story.content.permission = Permission::Friends;
    story.content.app.android_exec_param = Some("cafe_id=1234&x=가".into());
    let posted = stub.client().publish(&token(), &story).await.unwrap();
    assert_eq!(posted.story_id, "AAAAAAA.BBBBBBBBBBB");
    assert_eq!(posted.server_date.unwrap().to_string(), "2026-12-01T00:00:00Z");
    assert_sent!(stub, @r#"
    POST /v1/api/story/post/note HTTP/1.1
    content-type: application/x-www-form-urlencoded;charset=utf-8
    authorization: Bearer the-access-token
    accept: */*
    user-agent: storyd/[version]
    host: [address]
    content-length: 202

    permission=F&enable_share=false&android_exec_param=cafe_id%3D1234%26x%3D%EA%B0%80&content=%EA%B2%A8%EC%9A%B8+%EC%8B%A0%EB%A9%94%EB%89%B4%0A%EB%9D%BC%EB%96%BC+%26+%EC%BC%80%EC%9D%B4%ED%81%AC+%3D+5%2B1%25
    "#);
}

#[tokio::test]
async fn a_photo_is_posted() {
    let stub = Stub::play([ok(ID)]).await;
    let image = Image { sha256: "0".repeat(64), name: "a.jpg".into(), format: ImageFormat::Jpeg, bytes: 6 };
    let body = Body::Photo { images: vec![image], text: None };
    let story = outgoing(body, Some("[ \"/a/img.jpg?width=1&height=2\" ]\n"));
    stub.client().publish(&token(), &story).await.unwrap();
    assert_sent!(stub, @r#"
    POST /v1/api/story/post/photo HTTP/1.1
    content-type: application/x-www-form-urlencoded;charset=utf-8
    authorization: Bearer the-access-token
    accept: */*
    user-agent: storyd/[version]
    host: [address]
    content-length: 84

    permission=A&image_url_list=%5B+%22%2Fa%2Fimg.jpg%3Fwidth%3D1%26height%3D2%22+%5D%0A
    "#);
}

#[tokio::test]
async fn a_link_is_posted() {
    let stub = Stub::play([ok(ID)]).await;
    let body = Body::Link { url: "https://example.com".into(), text: Some("보기".into()) };
    let mut story = outgoing(body, Some(r#"{"url":"https://example.com/","title":"é \u00e9"}"#));
    story.content.permission = Permission::Private;
    stub.client().publish(&token(), &story).await.unwrap();
    assert_sent!(stub, @r#"
    POST /v1/api/story/post/link HTTP/1.1
    content-type: application/x-www-form-urlencoded;charset=utf-8
    authorization: Bearer the-access-token
    accept: */*
    user-agent: storyd/[version]
    host: [address]
    content-length: 140

    permission=M&content=%EB%B3%B4%EA%B8%B0&link_info=%7B%22url%22%3A%22https%3A%2F%2Fexample.com%2F%22%2C%22title%22%3A%22%C3%A9+%5Cu00e9%22%7D
    "#);
}

#[tokio::test]
async fn a_story_is_read() {
    let stub = Stub::play([ok(r#"{"id":"A.B","created_at":"2026-12-01T00:00:00Z","media_type":"NOTE"}"#)]).await;
    let story = stub.client().story(&token(), "A.B").await.unwrap();
    assert_eq!(story.media_type, MediaType::Note);
    assert_sent!(stub, @r#"
    GET /v1/api/story/mystory?id=A.B HTTP/1.1
    authorization: Bearer the-access-token
    accept: */*
    user-agent: storyd/[version]
    accept-encoding: gzip
    host: [address]
    "#);
}

#[tokio::test]
async fn stories_are_listed_from_the_newest_on() {
    let date = "Date: Tue, 01 Dec 2026 00:00:00 GMT\r\n";
    let stub = Stub::play([Act::Say(answer(200, date, "[]"))]).await;
    let page = stub.client().stories(&token(), None).await.unwrap();
    assert!(page.entries.is_empty());
    assert_eq!(page.server_date.unwrap().to_string(), "2026-12-01T00:00:00Z");
    assert_sent!(stub, @r#"
    GET /v1/api/story/mystories HTTP/1.1
    authorization: Bearer the-access-token
    accept: */*
    user-agent: storyd/[version]
    accept-encoding: gzip
    host: [address]
    "#);
}

#[tokio::test]
async fn stories_are_listed_from_an_older_one_on() {
    let stub = Stub::play([ok("[]")]).await;
    stub.client().stories(&token(), Some("A.B&x")).await.unwrap();
    assert_sent!(stub, @r#"
    GET /v1/api/story/mystories?last_id=A.B%26x HTTP/1.1
    authorization: Bearer the-access-token
    accept: */*
    user-agent: storyd/[version]
    accept-encoding: gzip
    host: [address]
    "#);
}

#[tokio::test]
async fn a_story_is_taken_down() {
    let stub = Stub::play([Act::Say(answer(200, "", ""))]).await;
    assert_eq!(stub.client().delete(&token(), "A.B").await, Ok(()));
    assert_sent!(stub, @r#"
    DELETE /v1/api/story/delete/mystory?id=A.B HTTP/1.1
    authorization: Bearer the-access-token
    accept: */*
    user-agent: storyd/[version]
    accept-encoding: gzip
    host: [address]
    "#);
}

#[tokio::test]
async fn a_token_is_asked_about() {
    let stub = Stub::play([ok(r#"{"id":7,"expires_in":7199,"app_id":1}"#)]).await;
    assert_eq!(stub.client().token_info(&token()).await.unwrap().user_id, 7);
    assert_sent!(stub, @r#"
    GET /v1/user/access_token_info HTTP/1.1
    authorization: Bearer the-access-token
    accept: */*
    user-agent: storyd/[version]
    accept-encoding: gzip
    host: [address]
    "#);
}

#[tokio::test]
async fn consents_are_asked_for() {
    let stub = Stub::play([ok(r#"{"id":7,"scopes":[{"id":"story_publish","agreed":true}]}"#)]).await;
    let scopes = stub.client().scopes(&token(), &["story_publish", "story_read"]).await.unwrap();
    assert!(scopes[0].agreed);
    assert_sent!(stub, @r#"
    GET /v2/user/scopes?scopes=%5B%22story_publish%22%2C%22story_read%22%5D HTTP/1.1
    authorization: Bearer the-access-token
    accept: */*
    user-agent: storyd/[version]
    accept-encoding: gzip
    host: [address]
    "#);
}

#[tokio::test]
async fn a_token_is_refreshed() {
    let stub = Stub::play([ok(r#"{"access_token":"next","token_type":"bearer","expires_in":21599}"#)]).await;
    let (key, secret) = ("the-key".to_owned().into(), "the secret".to_owned().into());
    let refresh = RefreshToken::new("the-refresh-token").unwrap();
    let answer = stub.client().refresh(&key, Some(&secret), &refresh).await.unwrap();
    assert!(answer.access_token.is(&AccessToken::new("next").unwrap()));
    assert_sent!(stub, @r#"
    POST /oauth/token HTTP/1.1
    content-type: application/x-www-form-urlencoded;charset=utf-8
    accept: */*
    user-agent: storyd/[version]
    host: [address]
    content-length: 99

    grant_type=refresh_token&client_id=the-key&refresh_token=the-refresh-token&client_secret=the+secret
    "#);
}

#[tokio::test]
async fn a_base_url_may_have_a_path() {
    let stub = Stub::play([ok("{}")]).await;
    let client = crate::support::stub::client(
        &format!("{}/kakao/", stub.url("http")),
        storyd::network::kakao::Limits::default(),
    );
    client.profile(&token()).await.unwrap();
    assert!(stub.requests()[0].starts_with("GET /kakao/v1/api/story/profile?"), "{:?}", stub.requests());
}
