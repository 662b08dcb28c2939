//! The drain by effectum: fills its queue, says `go`, posts every job's note to the stub, says `done`. Its own settings: a rollback
//! journal at `synchronous=NORMAL`.
//!
//! `storyd-peer-effectum URL POSTS CONCURRENCY`, in the folder for the queue.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use effectum::{Job, JobRunner, Queue, RunningJob, Worker};

#[derive(Debug)]
struct Target {
    client: reqwest::Client,
    url: String,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Note {
    content: String,
}

async fn post(job: RunningJob, target: Arc<Target>) -> Result<(), String> {
    let note: Note = job.json_payload().map_err(|error| error.to_string())?;
    let form = [("permission", "A"), ("content", note.content.as_str())];
    let request = target.client.post(&target.url).header("Authorization", "Bearer token").form(&form);
    let answer = request.timeout(Duration::from_secs(75)).send().await.map_err(|error| error.to_string())?;
    answer.bytes().await.map_err(|error| error.to_string())?;
    Ok(())
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (posts, concurrency): (usize, u16) = (args[2].parse().expect("a number"), args[3].parse().expect("a number"));
    let queue = Queue::new(Path::new("effectum.db")).await.expect("a queue");
    for first in (0..posts).step_by(1000) {
        let jobs = (first..posts.min(first + 1000)).map(|number| {
            let note = Note { content: format!("겨울 신메뉴가 나왔어요 {}", number % 256) };
            Job::builder("note").json_payload(&note).expect("JSON").build()
        });
        queue.add_jobs(jobs.collect()).await.expect("added");
    }
    println!("go");
    let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(256).build().expect("a client");
    let target = Arc::new(Target { client, url: format!("{}/v1/api/story/post/note", args[1]) });
    let runner = JobRunner::builder("note", post).autoheartbeat(false).build();
    let worker =
        Worker::builder(&queue, target).max_concurrency(concurrency).jobs([runner]).build().await.expect("a worker");
    while worker.counts().finished < posts as u64 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!("done");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
