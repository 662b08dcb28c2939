//! What the sandbox takes as an upload, and what it refuses.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use serde_json::Value;

use crate::sandbox_support::{Bench, Seen, gif, jpeg, png};

const BOUNDARY: &str = "---------------------------012345678901234567890123456";

/// A part as it goes over the wire: its header lines and its bytes.
struct Piece {
    head: String,
    data: Vec<u8>,
}

fn piece(disposition: &str, data: Vec<u8>) -> Piece {
    Piece { head: format!("Content-Disposition: form-data; {disposition}\r\n"), data }
}

fn typed(disposition: &str, content_type: &str, data: Vec<u8>) -> Piece {
    let mut piece = piece(disposition, data);
    piece.head.push_str(&format!("Content-Type: {content_type}\r\n"));
    piece
}

fn body(pieces: &[Piece]) -> Vec<u8> {
    let mut body = Vec::new();
    for piece in pieces {
        body.extend_from_slice(format!("--{BOUNDARY}\r\n{}\r\n", piece.head).as_bytes());
        body.extend_from_slice(&piece.data);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

fn send_raw(bench: &Bench, content_type: &str, body: &[u8]) -> Seen {
    let mut request = format!(
        "POST /v1/api/story/upload/multi HTTP/1.1\r\nHost: kapi\r\nAuthorization: Bearer {}\r\n{content_type}Content-Length: {}\r\n\r\n",
        bench.token,
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    bench.raw(&request)
}

fn send(bench: &Bench, pieces: &[Piece]) -> Seen {
    send_raw(bench, &format!("Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"), &body(pieces))
}

fn paths(seen: &Seen) -> Vec<String> {
    assert_eq!(seen.status, 200, "{seen:?}");
    serde_json::from_value::<Vec<Value>>(seen.json())
        .unwrap()
        .iter()
        .map(|path| path.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn part_names_types_and_file_names_of_clients_in_the_field_are_taken() {
    let bench = Bench::new().await;
    for names in
        [["file", "file"], ["file[0]", "file[1]"], ["file[]", "file[]"], ["file_0", "file_1"], ["file1", "fileB"]]
    {
        let pieces: Vec<Piece> = names
            .iter()
            .zip([png(10, 20), jpeg(30, 40)])
            .map(|(name, data)| piece(&format!("name=\"{name}\"; filename=\"same.jpg\""), data))
            .collect();
        let paths = paths(&send(&bench, &pieces));
        assert!(
            paths[0].ends_with(".png?width=10&height=20") && paths[1].ends_with(".jpg?width=30&height=40"),
            "{paths:?}"
        );
    }
    let heads = [
        typed("name=\"file\"; filename=\"a.txt\"", "text/plain", png(1, 1)),
        typed("name=\"file\"; filename=\"a\"", "application/octet-stream", png(1, 1)),
        typed("name=\"file\"; filename=\"/srv/그림/0.jpg\"", "image/webp", png(1, 1)),
        typed("name=\"file\"; filename=\"C:\\그림\\0.jpg\"", "", png(1, 1)),
        piece("filename=file; name=file", png(1, 1)),
        piece("name=\"file\"; filename*=utf-8''%EA%B7%B8.png", png(1, 1)),
    ];
    assert_eq!(paths(&send(&bench, &heads)).len(), heads.len());
    let last = bench.sandbox.requests().pop().unwrap();
    assert_eq!(last.params.len(), heads.len());
    assert!(
        last.params[0].value.contains("\"a.txt\"") && last.params[0].value.contains("33 bytes"),
        "{:?}",
        last.params[0]
    );
}

#[tokio::test]
async fn parts_without_a_file_are_refused() {
    let bench = Bench::new().await;
    let cells: [Vec<Piece>; 5] = [
        vec![],
        vec![piece("name=\"file\"", png(1, 1))],
        vec![piece("name=\"file\"; filename=\"\"", png(1, 1))],
        vec![piece("name=\"image\"; filename=\"a.png\"", png(1, 1))],
        vec![piece("name=\"file\"; filename=\"a.png\"", png(1, 1)), piece("name=\"file[1]\"", b"@b.png".to_vec())],
    ];
    for (number, pieces) in cells.iter().enumerate() {
        assert_eq!(send(&bench, pieces).refusal(), (400, -2), "cell {number}");
    }
    let whole = body(&[piece("name=\"file\"; filename=\"a.png\"", png(1, 1))]);
    let multipart = format!("Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n");
    let cells = [
        ("", &whole[..]),
        ("Content-Type: multipart/form-data\r\n", &whole[..]),
        ("Content-Type: multipart/form-data; boundary=other\r\n", &whole[..]),
        ("Content-Type: image/png\r\n", &whole[..]),
        (multipart.as_str(), &whole[..whole.len() - 40]),
        (multipart.as_str(), b""),
    ];
    for (number, (content_type, body)) in cells.into_iter().enumerate() {
        assert_eq!(send_raw(&bench, content_type, body).refusal(), (400, -2), "cell {number}");
    }
}

#[tokio::test]
async fn limits_are_kept_to_the_byte_and_to_the_image() {
    let bench = Bench::new().await;
    let sized = |bytes: usize| {
        let mut image = png(4, 4);
        image.resize(bytes, 0);
        image
    };
    assert_eq!(paths(&bench.upload(&[sized(9_999_999)]).await).len(), 1);
    assert_eq!(bench.upload(&[sized(10_000_000)]).await.refusal(), (400, -602));
    assert_eq!(paths(&bench.upload(&vec![png(1, 1); 10]).await).len(), 10);
    assert_eq!(bench.upload(&vec![png(1, 1); 11]).await.refusal(), (400, -606));
    assert_eq!(paths(&bench.upload(&[gif(5, 6)]).await).len(), 1);
    assert_eq!(bench.upload(&[gif(5, 6), gif(5, 6)]).await.refusal(), (400, -606));
    assert_eq!(bench.upload(&[png(1, 1), gif(5, 6)]).await.refusal(), (400, -606));
    let total = body(&[piece("name=\"file\"; filename=\"a.png\"", sized(110_000_001))]);
    let multipart = format!("Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n");
    assert_eq!(send_raw(&bench, &multipart, &total).refusal(), (400, -602), "over the bound of the whole body");
    let nameless = send_raw(&bench, "Content-Type: multipart/form-data\r\n", &total[..2_000_000]);
    assert_eq!(nameless.refusal(), (400, -2), "large, but first of all without a boundary");
}

#[tokio::test]
async fn the_type_is_told_from_the_bytes() {
    let bench = Bench::new().await;
    let webp = b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0".to_vec();
    let bmp = b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0".to_vec();
    for wrong in [b"no image".to_vec(), Vec::new(), webp, bmp, png(1, 1)[..12].to_vec(), jpeg(1, 1)[..6].to_vec()] {
        let piece = typed("name=\"file\"; filename=\"a.png\"", "image/png", wrong.clone());
        assert_eq!(send(&bench, &[piece]).refusal(), (400, -911), "{wrong:?}");
    }
    let mixed = [png(1, 1), b"no image".to_vec()];
    assert_eq!(bench.upload(&mixed).await.refusal(), (400, -911));
}
