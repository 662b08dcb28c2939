//! The drain by apalis-sqlite: fills its queue, says `go`, posts every task's note to the stub, says `done`. Its own settings, which its
//! `setup` makes: a write-ahead log at `synchronous=OFF`.
//!
//! `storyd-peer-apalis URL POSTS CONCURRENCY`, in the folder for the queue.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::*;
use apalis_sqlite::{Config, SqlitePool, SqliteStorage};
use futures::stream;

struct Target {
    client: reqwest::Client,
    url: String,
}

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Note {
    content: String,
}

async fn post(note: Note, target: Data<Arc<Target>>) -> Result<(), BoxDynError> {
    let form = [("permission", "A"), ("content", note.content.as_str())];
    let request = target.client.post(&target.url).header("Authorization", "Bearer token").form(&form);
    let answer = request.timeout(Duration::from_secs(75)).send().await?;
    answer.bytes().await?;
    Ok(())
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (posts, concurrency): (usize, usize) = (args[2].parse().expect("a number"), args[3].parse().expect("a number"));
    let pool = SqlitePool::connect("sqlite://apalis.db?mode=rwc").await.expect("a database");
    SqliteStorage::setup(&pool).await.expect("its tables");
    let config = Config::default().queue("notes").batch_size(concurrency);
    let mut backend = SqliteStorage::new(&pool).with_config(config);
    let notes = (0..posts).map(|number| Note { content: format!("겨울 신메뉴가 나왔어요 {}", number % 256) });
    let mut tasks = stream::iter(notes.map(|note| TaskBuilder::new(note).build()));
    backend.push_all(&mut tasks).await.expect("added");
    println!("go");
    let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(256).build().expect("a client");
    let target = Arc::new(Target { client, url: format!("{}/v1/api/story/post/note", args[1]) });
    let worker = WorkerBuilder::new("worker").backend(backend).data(target).concurrency(concurrency).build(post);
    tokio::spawn(async move { worker.run().await.expect("it works") });
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM Jobs WHERE status <> 'Done'")
            .fetch_one(&pool)
            .await
            .expect("a count");
        if left == 0 {
            break;
        }
    }
    println!("done");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
