//! The statements of the store: described in `.sqlx/` as they are, and answered from an index.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Column, Executor, Row, SqlSafeStr, TypeInfo};

use crate::support::queue::Queue;

/// What `.sqlx/` holds: the statements with their descriptions.
fn described() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut found: Vec<(String, Value)> = files
        .map(|file| {
            let json: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
            (json["query"].as_str().unwrap().to_owned(), json["describe"].clone())
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// The text of every source file, with runs of white space as one space.
fn sources(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else {
            into.push_str(&one_line(&std::fs::read_to_string(path).unwrap()));
            into.push('\n');
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn the_descriptions_are_those_of_the_schema() {
    let queue = Queue::new().await;
    let mut connection = queue.connection().await;
    for (sql, stored) in described() {
        let now = connection.describe(AssertSqlSafe(sql.clone()).into_sql_str()).await.unwrap();
        let columns: Vec<(String, String)> =
            now.columns().iter().map(|c| (c.name().to_owned(), c.type_info().name().to_owned())).collect();
        let stored_columns = stored["columns"].as_array().unwrap().iter();
        let stored_columns: Vec<(String, String)> = stored_columns
            .map(|c| (c["name"].as_str().unwrap().to_owned(), c["type_info"].as_str().unwrap().to_uppercase()))
            .collect();
        let renew = "renew .sqlx/ as CONTRIBUTING.md says";
        assert_eq!(columns, stored_columns, "{sql}\n{renew}");
        let parameters = match now.parameters() {
            Some(sqlx::Either::Left(types)) => types.len(),
            Some(sqlx::Either::Right(count)) => count,
            None => 0,
        };
        assert_eq!(Some(parameters as u64), stored["parameters"]["Right"].as_u64(), "{sql}\n{renew}");
        let nullable: Vec<Option<bool>> = columns.iter().enumerate().map(|(at, _)| now.nullable(at)).collect();
        let stored_nullable: Vec<Option<bool>> =
            stored["nullable"].as_array().unwrap().iter().map(Value::as_bool).collect();
        assert_eq!(nullable, stored_nullable, "{sql}\n{renew}");
    }
}

#[test]
fn no_description_is_of_a_statement_that_is_gone() {
    let mut source = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut source);
    for (sql, _) in described() {
        assert!(source.contains(&one_line(&sql)), "nothing in src/ asks\n{sql}\ndelete its file in .sqlx/");
    }
}

/// A queue of some size: fifty accounts with a hundred posts each, most of them published long ago.
async fn large() -> Queue {
    let queue = Queue::new().await;
    let mut connection = queue.connection().await;
    let sql = r#"
        INSERT INTO account (name) WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 49)
          SELECT 'account-' || i FROM n;
        INSERT INTO job (name, source, first_seen_at, enqueued_until_at)
          WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
          SELECT 'job-' || i, 'jobs.yaml', 0, 0 FROM n;
        INSERT INTO post (job, nominal, account, content, kind, text_key, zone, nominal_at, occurs_at, due_at, late_within, late_then,
            in_doubt, actor, changed_at, created_at)
          WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4999)
          SELECT 'job-' || (i % 100), i, 'account-' || (i % 50), '{}', 'note', i, 'UTC', i, i, i, 0, 'post', 'repost', 'plan', 0, 0
          FROM n;
        UPDATE post SET state = 'claimed', event = 'claim', claim = 1, lease_until_at = 1 WHERE id % 20 > 1;
        INSERT INTO attempt (post_id, kind, started_at) SELECT id, 'publish', 0 FROM post WHERE state = 'claimed';
        UPDATE attempt SET ended_at = 1, verdict = 'lost';
    "#;
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    // One after the other: an account has one post on its way.
    let claimed: Vec<i64> =
        sqlx::query_scalar("SELECT id FROM post WHERE state = 'claimed'").fetch_all(&mut connection).await.unwrap();
    sqlx::raw_sql("BEGIN").execute(&mut connection).await.unwrap();
    for post in claimed {
        let sql = format!(
            "UPDATE post SET state = 'publishing', event = 'intend', intent_at = 1 WHERE id = {post};
             UPDATE post SET state = 'published', event = 'publish', lease_until_at = NULL, story_id = id WHERE id = {post}"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    sqlx::raw_sql("COMMIT").execute(&mut connection).await.unwrap();
    queue
}

/// Statements that look at every row by their nature, by a fragment that only they hold, and why that does no harm.
const MAY_SCAN: [(&str, &str); 9] = [
    (
        "SET follow = 1 WHERE follow = 0 AND state IN",
        "at most one of an account is on its way, and what is in doubt waits for a person",
    ),
    ("s.delete_fault AS", "walks an index that holds nothing but the stories that could not be taken down"),
    ("pruning!: i64", "looks for damage, which takes every row"),
    ("AS \"events!: i64\"", "counts what a backup holds, once it is written"),
    ("a wrong clock had made it", "puts right what a wrong clock did, once, when it is right again"),
    ("a wrong clock had found it too late", "puts right what a wrong clock did, once, when it is right again"),
    (
        "nominal = 'now' AND state = 'scheduled' AND nominal_at >",
        "puts right what a wrong clock did, once, when it is right again",
    ),
    ("GROUP BY state", "counts every post, from an index that holds nothing but the states"),
    ("FROM story ORDER BY published_at DESC", "walks the index of times backwards, no further than its LIMIT"),
];

#[tokio::test]
async fn no_statement_reads_a_whole_table_of_the_record() {
    let queue = large().await;
    let mut connection = queue.connection().await;
    let mut bad = BTreeMap::new();
    for (sql, _) in described() {
        if MAY_SCAN.iter().any(|(fragment, _)| sql.contains(fragment)) {
            continue;
        }
        let plan =
            sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(&mut connection).await.unwrap();
        let steps: Vec<String> = plan.iter().map(|row| row.get::<String, _>("detail")).collect();
        if steps.iter().any(|step| reads_all(step, &sql)) {
            bad.insert(sql, steps);
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

/// What `json_each` gives of a row is text, and each column that is taken out of it reads it anew.
#[test]
fn rows_are_taken_apart_in_their_binary_form() {
    let slow = |sql: &str| sql.contains("->>") && sql.contains("json_each($");
    assert!(slow("SELECT w.value ->> 0 FROM json_each($1) w") && !slow("SELECT w.value ->> 0 FROM jsonb_each($1) w"));
    assert!(slow("SELECT v ->> '$[0]' FROM (SELECT value AS v FROM json_each($1))"), "under another name");
    let slow: Vec<String> = described().into_iter().map(|(sql, _)| sql).filter(|sql| slow(sql)).collect();
    assert!(slow.is_empty(), "{slow:#?}");
}

/// Whether a step of a plan reads all of post, event, attempt or story. A scan of an index that holds only what waits is none.
fn reads_all(step: &str, sql: &str) -> bool {
    const SMALL: [&str; 9] = [
        "post_prepare",
        "post_late",
        "post_lease",
        "post_reconcile",
        "post_parked",
        "post_waiting",
        "post_follow",
        "post_photo",
        "attempt_open",
    ];
    // Of most states there are as many posts as there are at all.
    if step.ends_with(" USING INDEX post_state (state=?)") {
        return true;
    }
    let Some(rest) = step.strip_prefix("SCAN ") else { return false };
    let name = rest.split_whitespace().next().unwrap();
    let record = ["post", "event", "attempt", "story"].contains(&name)
        || ["p", "q", "s", "t"].contains(&name) && !sql.contains(&format!(") {name}"));
    record && !SMALL.iter().any(|index| rest.ends_with(&format!("INDEX {index}")))
}

/// The plan of the one statement that holds all of these fragments.
async fn plan_of(queue: &Queue, fragments: &[&str]) -> String {
    let found: Vec<String> = described()
        .into_iter()
        .map(|(sql, _)| sql)
        .filter(|sql| fragments.iter().all(|part| sql.contains(part)))
        .collect();
    assert_eq!(found.len(), 1, "{fragments:?}: {found:#?}");
    let mut connection = queue.connection().await;
    let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", found[0])))
        .fetch_all(&mut connection)
        .await
        .unwrap();
    plan.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn what_is_asked_all_the_time_is_answered_by_the_index_made_for_it() {
    let queue = large().await;
    let asked: [(&[&str], &[&str]); 22] = [
        (&["ORDER BY prepare_at, id LIMIT 1"], &["post_prepare (account=? AND prepare_at>? AND prepare_at<?)"]),
        (
            &["'to publish it'"],
            &[
                "post USING INTEGER PRIMARY KEY",
                "post_account (account=? AND state=? AND due_at<?)",
                "post_one_in_flight (account=?)",
                "post_parked (account=? AND text_key=?)",
            ],
        ),
        (
            &["\"publish!: bool\""],
            &[
                "post_prepare (account",
                "post_account (account=? AND state=? AND due_at<?)",
                "post_one_in_flight (",
                "post_parked (",
                "story_delete (account",
            ],
        ),
        (&["value ->> 'story'"], &["post USING INTEGER PRIMARY KEY", "story_one (story_id=?)"]),
        (&["SELECT due_at, account FROM post"], &["post_state (state=? AND due_at>?)"]),
        (
            &["AND account = $1 AND due_at > $2"],
            &["post_account (account=? AND state=? AND due_at>?)", "post_prepare (account", "story_delete (account"],
        ),
        (&["min(lease_until_at)"], &["post_lease ("]),
        (
            &["min(until_at) FROM pause"],
            &["post_prepare (", "post_late (", "post_delete (delete_at", "post_reconcile (", "story_delete ("],
        ),
        (&["intent_at AS", "absences, claim"], &["post_account (account=? AND state=?)", "attempt_post (post_id=?)"]),
        (&["EXISTS (SELECT 1 FROM post INDEXED BY post_delete"], &["post_delete (delete_at"]),
        (&["s.delete_by AS"], &["story_delete (account=? AND delete_at>? AND delete_at<?)"]),
        (&["SELECT story_id FROM story WHERE account"], &["story_account (account=? AND published_at>?)"]),
        (&["WHERE s.story_id IN (SELECT value"], &["story_one (story_id=?)"]),
        (&["EXISTS (SELECT 1 FROM post WHERE lease_until_at"], &["post_lease (lease_until_at"]),
        (&["EXISTS (SELECT 1 FROM post INDEXED BY post_late"], &["post_late (late_until_at"]),
        (&["late_then = 'skip'"], &["post_late (late_until_at"]),
        (&["INDEXED BY post_put_off"], &["post_put_off (changed_at>?)"]),
        (
            &["UNION SELECT p.id FROM jsonb_each($2) n CROSS JOIN post p"],
            &[
                "post_job (job=? AND state=?)",
                "post_instant (job=? AND nominal_at>?)",
                "post_nominal (job=? AND nominal=?)",
            ],
        ),
        (
            &["SELECT json_array(p.id", "CROSS JOIN post p", "'scheduled', 'claimed', 'held'"],
            &["post_job (job=? AND state=?)"],
        ),
        (&["json_extract(image.value"], &["post USING INDEX post_photo"]),
        (&["SELECT post_id FROM story WHERE account = $1 ORDER"], &["story_account (account=?)"]),
        (&["nth.number = excluded.max_per_day"], &["story_account (account=? AND published_at>?)"]),
    ];
    let mut without = Vec::new();
    for (fragments, indexes) in asked {
        let plan = plan_of(&queue, fragments).await;
        let missing = indexes.iter().filter(|index| !plan.contains(**index));
        without.extend(missing.map(|index| format!("{fragments:?} do without {index}:\n{plan}")));
    }
    assert!(without.is_empty(), "{}", without.join("\n\n"));
}
