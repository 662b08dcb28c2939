//! Databases of every version that storyd ever had, as they had been lived in: each is brought up to date, keeps every value that it
//! held, and answers everything that people ask. `tests/databases/` holds what was in them, one file a version; the tables are those of
//! the migrations up to that version, which are never changed once they are released.
//!
//! Before a migration is added, the database of the version before it is kept:
//! `STORYD_KEEP_DATABASE=1 cargo test --test it store_versions -- --test-threads=1`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use storyd::domain::post::PostState;
use storyd::store::queue::{DeleteOrder, PauseOrder, PauseScope};
use storyd::store::view::PostFilter;
use storyd::store::{Access, Store};

use crate::support::kept::{Contents, contents, file_of, migrations, of_version, root};
use crate::support::process::Folder;
use crate::support::world::{World, png};

const HOUR: Duration = Duration::from_secs(3_600);

/// A little of everything: each kind of story, each state that lasts, faults, take-downs, an audit with differences, a pause.
async fn lived() -> World {
    let mut world = World::new().await;
    world.write("a.png", &png(1));
    world.jobs(
        "note:
  {at: [2026-12-01 08:10, 2026-12-02 09:00, 2027-01-04 09:00], type: note, content: \"겨울 신메뉴 ☕\\n오늘부터\", tags: [menu, 주말]}
photo:
  {at: 2026-12-01 08:20, type: photo, images: [a.png], content: 라떼, permission: friends, enable_share: true, delete_after: 3h}
link:
  {account: shop, at: 2026-12-01 08:30, type: link, url: 'https://example.com/menu', content: 새 메뉴판, android_exec_param: menu_id=12}
refused:
  {account: shop, at: 2026-12-01 08:40, type: note, content: 거절}
doubtful:
  {account: shop, at: 2026-12-01 08:50, type: note, content: 의심}
missed:
  {at: 2026-12-01 06:00, type: note, content: 옛 글, late: {within: 10m, then: skip}}
held:
  {at: 2026-12-01 06:30, type: note, content: 기다리는 글, late: {within: 10m, then: hold}}
withdrawn:
  {at: 2026-12-03 09:00, type: note, content: 거둔 글}
",
    );
    world.settle().await;
    world.fault(vec![
        FaultRule::new(FaultName::AnswerLost).on(&[Call::Note]).account("cafe").times(1),
        FaultRule::new("code-602".parse().unwrap()).on(&[Call::Note]).account("shop").times(1),
        FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::Upload]).times(1),
    ]);
    world.pass(Duration::from_secs(45 * 60)).await;
    // Nobody will tell what became of this one.
    let unread = FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::MyStories]).account("shop");
    world.fault(vec![FaultRule::new(FaultName::AnswerLost).on(&[Call::Note]).account("shop").times(1), unread.clone()]);
    world.pass(4 * HOUR).await;
    let (now, withdrawn) = (world.clock.now(), world.post("withdrawn").await.post);
    world.ctx().store.cancel(withdrawn, "anna", "the price is wrong", now).await.unwrap();
    let link = world.post("link").await;
    let other = FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::Delete]);
    world.fault(vec![other, unread.clone()]);
    let order = DeleteOrder { actor: "anna", reason: "the wrong page" };
    let _ = world.ctx().store.order_delete(link.post, order, now, now).await.unwrap();
    world.pass(24 * HOUR).await;
    world.fault(vec![unread]);
    // Somebody posts by hand, and takes one of ours down by hand.
    world.condone("what people do by hand is what the audit is for");
    let note =
        world.ctx().store.posts(&PostFilter { job: Some("note".into()), ..PostFilter::default() }).await.unwrap();
    let gone = note.iter().filter_map(|post| post.story_id.clone()).next().unwrap();
    by_hand(&world, reqwest::Method::POST, "/v1/api/story/post/note", &[("content", "손으로 쓴 글")]).await;
    by_hand(&world, reqwest::Method::DELETE, &format!("/v1/api/story/delete/mystory?id={gone}"), &[]).await;
    // What is a few minutes old is not judged.
    world.pass(HOUR).await;
    let now = world.clock.now();
    let (weekend, pause) =
        (PauseScope::Tag("주말".into()), PauseOrder { actor: "anna", reason: "a holiday", until: None });
    let _ = world.ctx().store.pause(&weekend, pause, now).await.unwrap();
    world.ctx().store.order_audit("cafe", "anna", now).await.unwrap();
    world.pass(HOUR).await;
    world
}

async fn by_hand(world: &World, method: reqwest::Method, path: &str, form: &[(&str, &str)]) {
    let tokens = world.sandbox.mint_tokens("cafe").unwrap();
    let url = format!("{}{path}", world.sandbox.url());
    let request = reqwest::Client::new().request(method, url).bearer_auth(&tokens.access_token).form(form);
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
}

fn as_sql(contents: &Contents) -> String {
    let mut sql = String::new();
    for (table, (columns, rows)) in contents {
        writeln!(sql, "DELETE FROM {table};").unwrap();
        for row in rows {
            writeln!(sql, "INSERT INTO {table} ({}) VALUES ({});", columns.join(", "), row.join(", ")).unwrap();
        }
    }
    sql
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_of_every_version_is_kept() {
    let versions: Vec<i64> = migrations().await.iter().map(|migration| migration.version).collect();
    if std::env::var_os("STORYD_KEEP_DATABASE").is_some() {
        let world = lived().await;
        let mut connection =
            SqliteConnectOptions::new().filename(world.path("data/queue.db")).read_only(true).connect().await.unwrap();
        let kept = contents(&mut connection).await;
        std::fs::create_dir_all(root("tests/databases")).unwrap();
        // Where it was made is of no interest.
        let sql = as_sql(&kept).replace(&format!("{}/", world.path("").display()).replace("//", "/"), "/srv/storyd/");
        std::fs::write(file_of(*versions.last().unwrap()), sql).unwrap();
    }
    for version in &versions {
        assert!(file_of(*version).exists(), "keep the database of version {version} as CONTRIBUTING.md says");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_of_every_version_keeps_what_it_holds_and_answers_everything() {
    for migration in migrations().await.iter() {
        let (version, folder) = (migration.version, Folder::new());
        let data = folder.path("data");
        let mut connection = of_version(version, &data).await;
        let before = contents(&mut connection).await;
        connection.close().await.unwrap();
        let store = Store::open(&data, Access::Daemon).await.unwrap();
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new(), "version {version}");
        store.close().await;
        nothing_is_lost(version, &data, &before).await;
        folder.write(
            "storyd.yaml",
            "data_dir: data\njobs: [jobs.yaml]\naccounts: {cafe: {rest_api_key: k}, shop: {rest_api_key: k}}\n",
        );
        everything_is_answered(version, &folder, &before);
    }
}

/// Every value of the columns that were there stands where it stood.
async fn nothing_is_lost(version: i64, data: &Path, before: &Contents) {
    let options = SqliteConnectOptions::new().filename(data.join("queue.db")).read_only(true);
    let after = contents(&mut options.connect().await.unwrap()).await;
    for (table, (columns, rows)) in before {
        let (columns_after, rows_after) =
            after.get(table).unwrap_or_else(|| panic!("version {version}: {table} is gone"));
        let places: Vec<usize> = columns
            .iter()
            .map(|name| columns_after.iter().position(|after| after == name))
            .map(|place| place.unwrap_or_else(|| panic!("version {version}: a column of {table} is gone")))
            .collect();
        let mut kept: Vec<Vec<String>> =
            rows_after.iter().map(|row| places.iter().map(|place| row[*place].clone()).collect()).collect();
        let mut rows = rows.clone();
        kept.sort();
        rows.sort();
        assert_eq!(kept, rows, "version {version}: {table}");
    }
}

fn everything_is_answered(version: i64, folder: &Folder, before: &Contents) {
    let rows = |table: &str| before[table].1.len();
    let listed = folder.json("admin queue --all --limit 1000");
    assert_eq!(listed.as_array().unwrap().len(), rows("post"), "version {version}");
    let mut states: Vec<&str> = listed.as_array().unwrap().iter().map(|post| post["state"].as_str().unwrap()).collect();
    states.sort_unstable();
    states.dedup();
    for state in ["published", "deleted", "failed", "missed", "held", "cancelled", "scheduled", "in_doubt"] {
        assert!(states.contains(&state) && PostState::parse(state).is_some(), "version {version}: none is {state}");
    }
    let (mut events, mut attempts) = (0, 0);
    for post in listed.as_array().unwrap() {
        let shown = folder.json(&format!("admin show {}", post["post"]));
        events += shown["events"].as_array().unwrap().len();
        attempts += shown["attempts"].as_array().unwrap().len();
    }
    assert_eq!((events, attempts), (rows("event"), rows("attempt")), "version {version}");
    assert_eq!(folder.json("admin stories --limit 1000").as_array().unwrap().len(), rows("story"), "version {version}");
    let failures = folder.json("admin failures --missed-since 2000-01-01");
    assert!(failures["causes"].as_array().unwrap().len() >= 3, "version {version}: {failures}");
    assert_eq!(failures["deletions"].as_array().unwrap().len(), 1, "version {version}: {failures}");
    assert!(!folder.json("admin stats --since 2026-01-01").as_array().unwrap().is_empty(), "version {version}");
    assert!(!folder.json("admin stories --stats").as_array().unwrap().is_empty(), "version {version}");
    assert!(folder.run("admin audit --last --json").stdout.contains("\"audits\""), "version {version}");
    let exported = folder.ok("admin export");
    let whole = ["post", "event", "attempt", "story"].map(rows).iter().sum::<usize>();
    assert_eq!(exported.lines().count(), whole, "version {version}");
    folder.ok("admin check-db");
    folder.ok("admin backup copy");
}
