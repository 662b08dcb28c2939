//! Who may ask the dashboard, with which methods, and what every answer bears.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use sqlx::ConnectOptions;
use storyd::store::queue::{PauseOrder, PauseScope};
use storyd::web::{self, Dashboard, Surroundings, WebError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::world::World;

async fn dashboard(world: &World) -> Dashboard {
    web::start(world.shared(), "127.0.0.1:0".parse().unwrap(), Surroundings::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_can_be_neither_framed_nor_kept_nor_scripted() {
    let world = World::new().await;
    let dashboard = dashboard(&world).await;
    for path in ["/", "/posts", "/stories", "/healthz", "/style.css", "/icon.svg", "/posts/999", "/nowhere"] {
        let answer = reqwest::Client::new().get(format!("{}{path}", dashboard.url())).send().await.unwrap();
        let headers = answer.headers();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; img-src 'self';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        let others = ["x-content-type-options", "cache-control", "x-frame-options", "referrer-policy"];
        assert_eq!(others.map(|name| headers[name].to_str().unwrap()), ["nosniff", "no-store", "DENY", "no-referrer"]);
        assert!(headers.get("set-cookie").is_none());
    }
    dashboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_can_be_changed() {
    let world = World::new().await;
    let dashboard = dashboard(&world).await;
    let client = reqwest::Client::new();
    for path in ["/", "/posts", "/posts/1", "/stories", "/healthz"] {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
            let answer = client.request(method.clone(), format!("{}{path}", dashboard.url())).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        }
    }
    let head = client.head(format!("{}/", dashboard.url())).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.text().await.unwrap(), "");
    dashboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told_kindly() {
    let world = World::new().await;
    let dashboard = dashboard(&world).await;
    let missing = [
        "/posts/7",
        "/posts/x",
        "/posts/9999999999999999999999",
        "/posts/%3Cb%3E",
        "/posts/%FF",
        "/nowhere",
        "/posts?state=odd",
    ];
    for path in missing {
        let answer = reqwest::Client::new().get(format!("{}{path}", dashboard.url())).send().await.unwrap();
        let status = answer.status();
        let html = answer.text().await.unwrap();
        assert!(status.is_client_error() && !html.contains("<b>"), "{path}: {status} {html}");
        if path != "/posts/%FF" {
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            assert!(html.contains("Nothing here"), "{path}");
        }
    }
    dashboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_name_is_refused_on_the_loopback() {
    let world = World::new().await;
    let dashboard = dashboard(&world).await;
    let address = dashboard.url().trim_start_matches("http://").to_owned();
    let port = address.rsplit_once(':').unwrap().1.to_owned();
    let statuses = [
        (address.clone(), "200"),
        (format!("localhost:{port}"), "200"),
        ("evil.example".to_owned(), "421"),
        (format!("evil.example:{port}"), "421"),
    ];
    for (host, status) in statuses {
        for path in ["/", "/healthz", "/style.css"] {
            let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host}{path}: {answer}");
        }
    }
    dashboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_the_databases_answer() {
    let mut world = World::new().await;
    world.condone("its database is closed under it");
    let dashboard = dashboard(&world).await;
    let url = format!("{}/healthz", dashboard.url());
    let answer = reqwest::Client::new().get(&url).send().await.unwrap();
    assert_eq!((answer.status(), answer.text().await.unwrap().as_str()), (StatusCode::OK, "ok\n"));
    // A table that is gone stands for every way in which a database stops answering.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.path("data/queue.db"));
    let mut connection = options.connect().await.unwrap();
    sqlx::query("ALTER TABLE post RENAME TO gone").execute(&mut connection).await.unwrap();
    let answer = reqwest::Client::new().get(&url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    for path in ["/", "/posts/1", "/stories"] {
        let answer = reqwest::Client::new().get(format!("{}{path}", dashboard.url())).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(answer.text().await.unwrap().contains("The database does not answer"), "{path}");
    }
    dashboard.stop().await;
}

/// What `/healthz` answers.
async fn health(dashboard: &Dashboard) -> (u16, String) {
    let answer = reqwest::Client::new().get(format!("{}/healthz", dashboard.url())).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn metrics(dashboard: &Dashboard) -> String {
    reqwest::Client::new().get(format!("{}/metrics", dashboard.url())).send().await.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_that_the_loop_turns_and_that_what_is_due_goes_out() {
    let mut world = World::new().await;
    world.jobs("p:\n  at: 2026-12-01 08:10\n  type: note\n  content: 글\n  late: {within: 5h, then: skip}\n");
    world.settle().await;
    world.hand_in_access_token_alone("cafe", Duration::from_secs(86_400));
    let dashboard = dashboard(&world).await;
    let (pulse, clock) = (world.ctx().pulse.clone(), world.clock.clone());
    assert_eq!(health(&dashboard).await, (200, "ok\n".into()), "no loop runs here");
    pulse.turned(clock.now());
    clock.advance(Duration::from_secs(119));
    assert_eq!(health(&dashboard).await.0, 200);
    clock.advance(Duration::from_secs(2));
    let (status, why) = health(&dashboard).await;
    assert_eq!((status, why.as_str()), (503, "the daemon's loop has not turned for 121 s: nothing is posted\n"));

    // The loop turns, and yet a post that nothing holds stays where it is.
    clock.set("2026-12-01T08:14:00+09:00".parse().unwrap());
    pulse.turned(clock.now());
    assert_eq!(health(&dashboard).await.0, 200, "four minutes may be a burst");
    clock.advance(Duration::from_secs(120));
    pulse.turned(clock.now());
    let (status, why) = health(&dashboard).await;
    let told = "1 post is overdue, the oldest by 360 s, although nothing holds those of cafe\n";
    assert_eq!((status, why.as_str()), (503, told));
    let numbers = metrics(&dashboard).await;
    for line in [
        "storyd_overdue_posts 1",
        "storyd_stuck_accounts 1",
        "storyd_oldest_overdue_timestamp_seconds 1796080200",
        "storyd_loop_turned_timestamp_seconds 1796080560",
        "storyd_login_ends_timestamp_seconds{account=\"cafe\"} ",
    ] {
        assert!(numbers.contains(line), "{line}: {numbers}");
    }

    // What a person, or Kakao, holds is no fault of the daemon's.
    let order = PauseOrder { actor: "kim", reason: "", until: None };
    let _ = world.ctx().store.pause(&PauseScope::All, order, clock.now()).await.unwrap();
    assert_eq!(health(&dashboard).await.0, 200);
    let _ = world.ctx().store.resume(&PauseScope::All).await.unwrap();
    assert_eq!(health(&dashboard).await.0, 503);
    world.settle().await;
    assert_eq!(health(&dashboard).await.0, 200);
    assert!(metrics(&dashboard).await.contains("storyd_last_story_timestamp_seconds{account=\"cafe\"} 1796080560"));
    dashboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_lets_go_of_the_queue_and_the_port_though_a_client_dawdles() {
    let world = World::new().await;
    let ctx = world.shared();
    let holders = Arc::strong_count(&ctx);
    let dashboard = dashboard(&world).await;
    let address = dashboard.url().trim_start_matches("http://").to_owned();
    let mut dawdler = tokio::net::TcpStream::connect(&address).await.unwrap();
    dawdler.write_all(b"GET / HTTP/1.1\r\nHost: 127").await.unwrap();
    dashboard.stop().await;
    assert_eq!(Arc::strong_count(&ctx), holders);
    let again = web::start(ctx.clone(), address.parse().unwrap(), Surroundings::default()).await.unwrap();
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_ask_nothing_keep_nobody_else_out() {
    let world = World::new().await;
    let (listen, patience) = ("127.0.0.1:0".parse().unwrap(), Duration::from_secs(1));
    let dashboard = web::start_with(world.shared(), listen, Surroundings::default(), patience).await.unwrap();
    let address = dashboard.url().trim_start_matches("http://").to_owned();
    let mut silent = Vec::new();
    for number in 0..64 {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        if number % 2 == 0 {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: 127").await.unwrap();
        }
        silent.push(stream);
    }
    for path in ["/healthz", "/metrics", "/"] {
        let asked = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        let answer = asked.get(format!("{}{path}", dashboard.url())).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
    drop(silent);
    dashboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_ask_nothing_who_asks_is_answered_before_their_time_is_up() {
    let world = World::new().await;
    let (listen, for_ever) = ("127.0.0.1:0".parse().unwrap(), Duration::from_secs(1_000_000));
    let dashboard = web::start_with(world.shared(), listen, Surroundings::default(), for_ever).await.unwrap();
    let address = dashboard.url().trim_start_matches("http://").to_owned();
    let beginnings: [&[u8]; 4] = [b"", b"G", b"GET / HTTP/1.1\r\nHost: 127", b"GET / HTTP/1.1\r\n\r"];
    let mut silent = Vec::new();
    for number in 0..400 {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        // One that was shown out already may refuse it.
        let _ = stream.write_all(beginnings[number % beginnings.len()]).await;
        silent.push(stream);
    }
    for path in ["/healthz", "/metrics", "/"] {
        let asked = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        let answer = asked.get(format!("{}{path}", dashboard.url())).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
    drop(silent);
    dashboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named_with_the_way_out() {
    let world = World::new().await;
    let dashboard = dashboard(&world).await;
    let taken = dashboard.url().trim_start_matches("http://").parse().unwrap();
    let error = web::start(world.shared(), taken, Surroundings::default()).await.unwrap_err();
    assert!(matches!(&error, WebError::Listen { listen, .. } if *listen == taken));
    let told = error.to_string();
    assert!(told.contains(&taken.to_string()) && told.contains("dashboard"), "{told}");
    dashboard.stop().await;
}
