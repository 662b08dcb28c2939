//! The curl calls printed in Kakao's documents, against the sandbox: run where curl exists, and always replayed byte for byte as they
//! were captured from it.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::fs;
use std::path::Path;

use crate::sandbox_documents::{PNG, assert_two_paths, exists, replay, run, text};
use crate::sandbox_support::{Bench, Seen};

/// A documented curl call: as printed but for the host, `-G` in place of `-G GET` (which asks a host named GET as well), and the
/// placeholders in braces, which are filled in.
struct Call<'a> {
    shell: &'a str,
    /// What curl sends, as captured from it. `{head}`, `{form}` and `{added}` are its headers: without a body, with the documented
    /// `Content-Type`, and with the one that curl adds itself.
    bytes: &'a str,
    check: fn(&Seen),
}

fn ok(seen: &Seen) {
    assert_eq!(seen.status, 200, "{seen:?}");
}

fn invalid(seen: &Seen) {
    assert_eq!(seen.refusal(), (400, -2));
}

const CALLS: [Call<'static>; 9] = [
    Call {
        shell: r#"curl -v -X GET "https://kapi.kakao.com/v1/api/story/isstoryuser" \
    -H "Authorization: Bearer ${ACCESS_TOKEN}""#,
        bytes: "GET /v1/api/story/isstoryuser HTTP/1.1\r\n{head}\r\n",
        check: ok,
    },
    Call {
        shell: r#"curl -v -X GET "https://kapi.kakao.com/v1/api/story/profile" \
    -H "Authorization: Bearer ${ACCESS_TOKEN}""#,
        bytes: "GET /v1/api/story/profile HTTP/1.1\r\n{head}\r\n",
        check: ok,
    },
    Call {
        shell: r#"curl -v -X POST "https://kapi.kakao.com/v1/api/story/post/note" \
 -H "Content-Type: application/x-www-form-urlencoded" \
 -H "Authorization: Bearer ${ACCESS_TOKEN}" \
 --data-urlencode "content=This cafe is really awesome\!" \
 --data-urlencode "android_exec_param=cafe_id=1234" \
 --data-urlencode "ios_exec_param=cafe_id=1234""#,
        bytes: "POST /v1/api/story/post/note HTTP/1.1\r\n{form}\r\n\
                content=This+cafe+is+really+awesome%5C%21&android_exec_param=cafe_id%3D1234&ios_exec_param=cafe_id%3D1234",
        check: ok,
    },
    // The list in single quotes is no JSON: the sample cannot work as printed.
    Call {
        shell: r#"curl -v -X POST "https://kapi.kakao.com/v1/api/story/post/photo" \
    -H "Content-Type: application/x-www-form-urlencoded" \
    -H "Authorization: Bearer ${ACCESS_TOKEN}" \
    -d "permission=F" \
    -d "enable_share=true" \
    --data-urlencode "content=This cafe is really awesome\!" \
    --data-urlencode "image_url_list=['/aaa/bbb/img1.jpg?width=6200&height=3100','/aaa/ddd/img2.jpg?width=6200&height=3100']""#,
        bytes: "POST /v1/api/story/post/photo HTTP/1.1\r\n{form}\r\n\
                permission=F&enable_share=true&content=This+cafe+is+really+awesome%5C%21&image_url_list=%5B%27%2Faaa%2Fbbb%2Fimg1.jpg\
                %3Fwidth%3D6200%26height%3D3100%27%2C%27%2Faaa%2Fddd%2Fimg2.jpg%3Fwidth%3D6200%26height%3D3100%27%5D",
        check: invalid,
    },
    // As in the Korean document, unencoded; the description is what the post below hands back.
    Call {
        shell: r#"curl -v -X GET https://kapi.kakao.com/v1/api/story/linkinfo?url=http://bit.ly/1wwLqDl \
     -H "Authorization: Bearer ${ACCESS_TOKEN}""#,
        bytes: "GET /v1/api/story/linkinfo?url=http://bit.ly/1wwLqDl HTTP/1.1\r\n{head}\r\n",
        check: ok,
    },
    Call {
        shell: r#"curl -v -G "https://kapi.kakao.com/v1/api/story/linkinfo" \
    -H "Authorization: Bearer ${ACCESS_TOKEN}" \
    --data-urlencode "url=http://bit.ly/1wwLqDl""#,
        bytes: "GET /v1/api/story/linkinfo?url=http%3a%2f%2fbit.ly%2f1wwLqDl HTTP/1.1\r\n{head}\r\n",
        check: ok,
    },
    // The Korean document's; the English one ends its last line with an escaped quote, which no shell takes.
    Call {
        shell: r#"curl -v -X POST https://kapi.kakao.com/v1/api/story/post/link \
-H "Authorization: Bearer ${ACCESS_TOKEN}" \
--data-urlencode 'link_info={
                             "url":"https://developers.kakao.com/",
                             "requested_url":"http://bit.ly/1wwLqDl",
                             "host":"developers.kakao.com",
                             "title":"Kakao Developers_",
                             "image":["http://dn-l1-story.kakao.co.kr/dn/bc995u/hydnh8wbKi/dz59YCCjyZSXNmDgTPpPa0/img.jpg?height=630&width=1200"],
                             "description":"더 나은 세상을 꿈꾸고 그것을 현실로 만드는 이를 위하여 카카오에서 앱 개발 플랫폼 서비스를 시작합니다.",
                             "section":"",
                             "type":"website"
                            }' \
--data-urlencode 'content=better than expected!'"#,
        bytes: concat!(
            "POST /v1/api/story/post/link HTTP/1.1\r\n{added}\r\n",
            include_str!("sandbox_documents/post_link.form")
        ),
        check: ok,
    },
    Call {
        shell: r#"curl -v -G "https://kapi.kakao.com/v1/api/story/mystory" \
    -H "Authorization: Bearer ${ACCESS_TOKEN}" \
    -d "id={STORY_ID}""#,
        bytes: "GET /v1/api/story/mystory?id={STORY_ID} HTTP/1.1\r\n{head}\r\n",
        check: ok,
    },
    Call {
        shell: r#"curl -v -G "https://kapi.kakao.com/v1/api/story/mystories" \
    -H "Authorization: Bearer ${ACCESS_TOKEN}" \
    -d "last_id={STORY_ID}""#,
        bytes: "GET /v1/api/story/mystories?last_id={STORY_ID} HTTP/1.1\r\n{head}\r\n",
        check: ok,
    },
];

const UPLOAD: &str = r#"curl -v -X POST "https://kapi.kakao.com/v1/api/story/upload/multi" \
  -H "Content-Type: multipart/form-data" \
  -H "Authorization: Bearer ${ACCESS_TOKEN}" \
  -F "file=@/aaaa/bbbb/cccc/0.jpg" \
  -F "file=@/aaaa/bbbb/dddd/0.jpg""#;

const DELETE: &str = r#"curl -v -X DELETE "https://kapi.kakao.com/v1/api/story/delete/mystory?id={STORY_ID}" \
     -H "Authorization: Bearer ${ACCESS_TOKEN}""#;

/// Runs a call as printed and reads what curl shows of the answer.
fn curl(folder: &Path, bench: &Bench, shell: &str, story: &str) -> Seen {
    let shell = shell.replace("https://kapi.kakao.com", &bench.url("")).replace("{STORY_ID}", story);
    let shell = shell.replacen("curl -v", "curl -sS -w '\\n%{http_code}'", 1);
    let output = run(folder, bench, "sh", &["-c", &shell]);
    assert!(output.status.success(), "{shell}: {}", text(&output.stderr));
    let shown = text(&output.stdout);
    let (body, status) = shown.rsplit_once('\n').unwrap();
    Seen { status: status.parse().unwrap(), headers: Default::default(), text: body.to_owned() }
}

#[tokio::test]
async fn the_curl_calls_of_the_documents_are_answered() {
    if !exists("curl", &["--version"]) {
        return;
    }
    let bench = Bench::new().await;
    let folder = tempfile::tempdir().unwrap();
    let story = bench.note("first").await.id();
    for call in &CALLS {
        (call.check)(&curl(folder.path(), &bench, call.shell, &story));
    }
    assert_documented_stories(&bench);
    for name in ["cccc", "dddd"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("0.jpg"), PNG).unwrap();
    }
    let upload = UPLOAD.replace("/aaaa/bbbb", folder.path().to_str().unwrap());
    assert_two_paths(&curl(folder.path(), &bench, &upload, &story).text);
    let deleted = curl(folder.path(), &bench, DELETE, &story);
    assert_eq!((deleted.status, deleted.text.as_str()), (200, ""));
}

fn assert_documented_stories(bench: &Bench) {
    let ledger = bench.sandbox.ledger();
    assert_eq!(ledger.len(), 3, "{ledger:?}");
    // Between double quotes the shell keeps the backslash before the exclamation mark.
    assert_eq!(ledger[1].content.as_deref(), Some("This cafe is really awesome\\!"));
    assert_eq!(ledger[1].android_exec_param.as_deref(), Some("cafe_id=1234"));
    assert_eq!((ledger[2].kind.as_str(), ledger[2].content.as_deref()), ("link", Some("better than expected!")));
    assert_eq!(ledger[2].link_info.as_ref().unwrap()["title"], "Kakao Developers_");
}

#[tokio::test]
async fn the_bytes_of_the_curl_calls_are_answered() {
    let bench = Bench::new().await;
    let story = bench.note("first").await.id();
    let agent = format!("Host: {}\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n", bench.sandbox.address());
    let token = format!("Authorization: Bearer {}\r\n", bench.token);
    for call in &CALLS {
        let length =
            format!("Content-Length: {}\r\n", call.bytes.split_once("}\r\n").map_or(0, |(_, body)| body.len()));
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        let bytes = call
            .bytes
            .replace("{head}", &format!("{agent}{token}"))
            .replace("{form}", &format!("{agent}{kind}{token}{length}"))
            .replace("{added}", &format!("{agent}{token}{length}{kind}"));
        (call.check)(&bench.raw(bytes.replace("{STORY_ID}", &story).as_bytes()));
    }
    assert_documented_stories(&bench);

    let boundary = "------------------------7e3cb9ed2ecbc97d";
    let mut body = Vec::new();
    for _ in 0..2 {
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"0.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(PNG);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    // Told `multipart/form-data` without a boundary, curl adds the one it uses.
    let head = format!(
        "POST /v1/api/story/upload/multi HTTP/1.1\r\n{agent}{token}Content-Length: {}\r\nContent-Type: multipart/form-data; boundary={boundary}\r\n\r\n",
        body.len()
    );
    assert_two_paths(&replay(&bench, &head, &body).text);
    let deleted =
        bench.raw(format!("DELETE /v1/api/story/delete/mystory?id={story} HTTP/1.1\r\n{agent}{token}\r\n").as_bytes());
    assert_eq!((deleted.status, deleted.text.as_str()), (200, ""));
}
