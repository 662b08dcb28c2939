//! The record when it is large: what people ask is answered from an index, whatever has piled up. The size is that of a test unless
//! `STORYD_RECORD_POSTS` says otherwise; then the times are printed:
//! `STORYD_RECORD_POSTS=1000000 cargo test --release --test it store_plans -- --nocapture`.

use std::time::Instant;

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row};
use storyd::domain::post::PostState;
use storyd::store::view::{FailureFilter, PostQuery, StoryFilter, StoryStands};

use crate::support::queue::Queue;

fn size() -> i64 {
    std::env::var("STORYD_RECORD_POSTS").ok().and_then(|text| text.parse().ok()).unwrap_or(3_000)
}

/// A record of so many posts with three events each.
async fn large(posts: i64) -> Queue {
    let queue = Queue::new().await;
    let mut connection = queue.connection().await;
    let triggers: Vec<(String, String)> = sqlx::query_as("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    for (name, _) in &triggers {
        sqlx::raw_sql(AssertSqlSafe(format!("DROP TRIGGER {name}"))).execute(&mut connection).await.unwrap();
    }
    let sql = include_str!("support/large.sql").replace("$POSTS", &posts.to_string());
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    for (_, sql) in triggers {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    queue
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the times are what a large record is made for")]
async fn every_question_of_a_person_is_answered_whatever_has_piled_up() {
    let queue = large(size()).await;
    let store = &queue.store;
    let told =
        |what: &str, rows: usize, since: Instant| println!("{what:<45} {rows:>6} rows {:>9.2?}", since.elapsed());
    let open =
        vec![PostState::Scheduled, PostState::Claimed, PostState::Publishing, PostState::InDoubt, PostState::Held];
    let name = |name: &str| Some(name.to_owned());
    let lists = [
        ("queue", PostQuery { states: open.clone(), ..PostQuery::default() }),
        ("queue --all", PostQuery::default()),
        ("queue --all --account", PostQuery { account: name("account-3"), ..PostQuery::default() }),
        ("queue --all --job", PostQuery { job: name("job-77"), ..PostQuery::default() }),
        ("queue --all --tag", PostQuery { tag: name("menu"), ..PostQuery::default() }),
        ("queue --all --text", PostQuery { text: name(" 2000"), ..PostQuery::default() }),
        (
            "queue --state published --since",
            PostQuery {
                states: vec![PostState::Published],
                from: Timestamp::from_microsecond(1_700_000_000_000_000 + size() * 45_000_000).ok(),
                ..PostQuery::default()
            },
        ),
    ];
    for (what, listing) in lists {
        let since = Instant::now();
        let page = store.listing(&listing, None, 100).await.unwrap();
        told(what, page.rows.len(), since);
        assert!(!page.rows.is_empty(), "{what}");
    }
    for (what, stands, tag) in [
        ("stories", StoryStands::Any, None),
        ("stories --tag", StoryStands::Up, name("menu")),
        ("failed deletions", StoryStands::Undeleted, None),
    ] {
        let since = Instant::now();
        let filter = StoryFilter { stands, tag, ..StoryFilter::default() };
        let (rows, _) = store.story_page(&filter, None, 100).await.unwrap();
        told(what, rows.len(), since);
        assert!(!rows.is_empty() || stands == StoryStands::Undeleted, "{what}");
    }
    let since = Instant::now();
    let causes = store.causes(FailureFilter { account: None, missed_since: Timestamp::UNIX_EPOCH }).await.unwrap();
    told("failures, by cause", causes.len(), since);
    assert_eq!(causes.len(), 3);
    let since = Instant::now();
    let stats = store.stats(None, Timestamp::UNIX_EPOCH).await.unwrap();
    told("stats", stats.len(), since);
    let since = Instant::now();
    let shown = store.post(size() / 2).await.unwrap().is_some();
    let rows = store.events(size() / 2).await.unwrap().len() + store.attempts(size() / 2).await.unwrap().len();
    told("show", rows, since);
    assert!(shown && rows >= 3);
    let since = Instant::now();
    let counts = store.counts().await.unwrap();
    told("counts by state", counts.len(), since);
}

#[tokio::test]
async fn a_person_who_looks_for_words_is_told_how_far_a_short_look_went_and_how_to_go_on() {
    let queue = large(25_000).await;
    let admin = |line: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_storyd"));
        command
            .arg("admin")
            .args(line.split(' '))
            .arg("--data-dir")
            .arg(queue.dir.path())
            .current_dir(queue.dir.path());
        let output = command.env("TZ", "Asia/Seoul").env("COLUMNS", "120").output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (found, told) = admin("queue --all --text 24321");
    assert_eq!(found, "");
    assert!(told.starts_with("no such posts so far; in all: "), "{told}");
    let broken_off = format!(
        "20000 posts were looked at one by one, up to post 20000 ({}), and there are more:\n\
         the same command with `--after 20000` goes on from there; a narrower filter looks at fewer\n",
        instant_of(20_000)
    );
    assert!(told.contains(&broken_off), "{told}");
    let (found, told) = admin("queue --all --text 24321 --after 20000");
    assert!(found.contains("주말엔 라떼 한 잔 24321") && told.starts_with("1 post shown; in all: "), "{found}{told}");
    assert!(!told.contains("--after"), "the list is at its end: {told}");
    // What is asked with an index is not looked for, and a program is given the whole.
    assert!(!admin("queue --all --job job-77").1.contains("looked at one by one"));
    let whole: serde_json::Value = serde_json::from_str(&admin("queue --all --text 24321 --json").0).unwrap();
    assert_eq!((whole.as_array().unwrap().len(), &whole[0]["post"]), (1, &24_321.into()));
    assert_eq!(admin("queue --all --text 24321 --csv").0.lines().count(), 2);
}

/// When a post of the large record is due, as a person reads it.
fn instant_of(post: i64) -> String {
    let due = Timestamp::from_microsecond(1_700_000_000_000_000 + post * 90_000_000).unwrap();
    storyd::domain::telling::instant(due, "UTC")
}

/// Statements that only reading the record makes, by a fragment that only they hold.
const ASKED: [&str; 20] = [
    "FROM post WHERE job = $1 AND state = $2 AND (due_at, id) >",
    "FROM post_tag WHERE tag = $1 AND state = $2 AND (due_at, post_id) >",
    "FROM post WHERE account = $1 AND state = $2 AND (due_at, id) >",
    "FROM post WHERE state = $1 AND (due_at, id) >",
    "OR p.content LIKE",
    "INDEXED BY attempt_fault",
    "INDEXED BY story_undeleted",
    "FROM post_tag WHERE tag = $1 AND state = $2 AND (due_at, post_id) <",
    "FROM post WHERE job = $1 AND state = $2 AND (due_at, id) <",
    "FROM story WHERE account = $1 AND (published_at, post_id) <",
    "FROM story WHERE (published_at, post_id) <",
    "INDEXED BY post_missed",
    "CROSS JOIN post p ON p.id = n.value ORDER BY p.due_at",
    "FROM tally\n",
    "FROM event WHERE id > $1",
    "FROM attempt WHERE id > $1",
    "FROM story WHERE post_id > $1",
    "FROM post WHERE id > $1",
    "FROM audit_story s JOIN audit u",
    "count(deleted_at) AS",
];

#[tokio::test]
async fn no_question_of_a_person_reads_a_whole_table() {
    let queue = large(size()).await;
    let mut connection = queue.connection().await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let mut statements = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let json: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(file.unwrap().path()).unwrap()).unwrap();
        statements.push(json["query"].as_str().unwrap().to_owned());
    }
    for fragment in ASKED {
        let found: Vec<&String> = statements.iter().filter(|sql| sql.contains(fragment)).collect();
        assert!(!found.is_empty(), "nothing asks {fragment:?} any more");
        for sql in found {
            let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
                .fetch_all(&mut connection)
                .await
                .unwrap();
            let steps: Vec<String> = plan.iter().map(|row| row.get::<String, _>("detail")).collect();
            let scans = |step: &String| {
                let whole = ["SCAN post", "SCAN p", "SCAN event", "SCAN attempt", "SCAN story", "SCAN s"];
                // Counts by day are few, whatever has piled up; they are what is asked instead.
                whole.iter().any(|scan| step == scan || step.starts_with(&format!("{scan} ")))
            };
            assert!(!steps.iter().any(scans), "{sql}\n{steps:#?}");
            if fragment.contains("(due_at, id)") || fragment.contains("(published_at, post_id)") {
                assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "sorted by hand: {sql}\n{steps:#?}");
            }
        }
    }
}
