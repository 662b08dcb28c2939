//! The settings of the connections took, and a refused write leaves the writer usable.

use super::*;

#[tokio::test]
async fn the_settings_that_the_promises_rest_on_took() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Access::Daemon).await.unwrap();
    for (sql, wanted) in [
        ("PRAGMA synchronous", "2"),
        ("PRAGMA journal_mode", "wal"),
        ("PRAGMA foreign_keys", "1"),
        ("PRAGMA recursive_triggers", "1"),
        ("PRAGMA auto_vacuum", "2"),
        ("PRAGMA cell_size_check", "1"),
        ("PRAGMA journal_size_limit", "67108864"),
        ("PRAGMA busy_timeout", "10000"),
        ("PRAGMA application_id", "1398031449"),
    ] {
        let row = sqlx::query(sql).fetch_one(&store.writer).await.unwrap();
        assert_eq!(pragma_text(&row), wanted, "{sql}");
    }
    store.close().await;
}

#[tokio::test]
async fn a_setting_that_did_not_take_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let options = writer_options(&dir.path().join("queue.db")).synchronous(SqliteSynchronous::Normal);
    let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let error = read_settings_back(&writer).await.unwrap_err();
    assert_eq!(error.to_string().split(';').next(), Some("SQLite reports synchronous=1 where storyd needs 2"));
}

#[tokio::test]
async fn readers_cannot_write() {
    let dir = tempfile::tempdir().unwrap();
    for access in [Access::Daemon, Access::Beside] {
        let store = Store::open(dir.path(), access).await.unwrap();
        let written = sqlx::query("INSERT INTO account (name) VALUES ('a')").execute(&store.readers).await;
        assert!(written.unwrap_err().to_string().contains("readonly"));
        store.close().await;
    }
}

#[tokio::test]
async fn a_write_for_which_there_was_no_room_leaves_the_writer_as_good_as_before() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Access::Daemon).await.unwrap();
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&store.writer).await.unwrap();
    let limit = async |pages: i64| {
        let sql = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        sqlx::query(sql).execute(&store.writer).await.unwrap();
    };
    let fill = async || -> Result<()> {
        let mut tx = store.begin().await?;
        for n in 0..2_000 {
            let name = format!("account-{n:0>50}");
            sqlx::query("INSERT INTO account (name) VALUES ($1)").bind(name).execute(&mut *tx).await?;
        }
        tx.commit().await
    };
    limit(pages).await;
    let error = fill().await.unwrap_err();
    assert_eq!(store.notice(&error), super::super::StatementFailure::Full, "{error}");
    assert!(store.is_short_of_room());
    limit(pages + 1_000).await;
    fill().await.unwrap();
    let found: i64 = sqlx::query_scalar("SELECT count(*) FROM account").fetch_one(&store.readers).await.unwrap();
    assert_eq!(found, 2_000);
    store.close().await;
}
