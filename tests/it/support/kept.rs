//! What was kept of the databases of every version: their files, how one is put together again, and what a database holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Row, SqliteConnection};

/// The columns of each table, and each row as SQL literals in their order.
pub(crate) type Contents = BTreeMap<String, (Vec<String>, Vec<Vec<String>>)>;

pub(crate) fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

pub(crate) fn file_of(version: i64) -> PathBuf {
    root("tests/databases").join(format!("{version:04}.sql"))
}

pub(crate) async fn migrations() -> Migrator {
    Migrator::new(root("migrations")).await.unwrap()
}

/// The tables and what they hold: each row as SQL literals, in the order of its columns.
pub(crate) async fn contents(connection: &mut SqliteConnection) -> Contents {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_sqlx%' ESCAPE '\\'
           AND (name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR name = 'sqlite_sequence')",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let mut found = BTreeMap::new();
    for table in tables {
        let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info(?) ORDER BY cid")
            .bind(&table)
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        let quoted: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
        let sql = format!("SELECT {} FROM {table} ORDER BY {}", quoted.join(", "), columns.join(", "));
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *connection).await.unwrap();
        let rows = rows.iter().map(|row| (0..columns.len()).map(|at| row.get(at)).collect()).collect();
        found.insert(table, (columns, rows));
    }
    found
}

/// A database of an earlier version in `data`, with what was kept of it.
pub(crate) async fn of_version(version: i64, data: &Path) -> SqliteConnection {
    std::fs::create_dir_all(data).unwrap();
    let options =
        SqliteConnectOptions::new().filename(data.join("queue.db")).create_if_missing(true).foreign_keys(false);
    let mut connection = options.auto_vacuum(SqliteAutoVacuum::Incremental).connect().await.unwrap();
    let mut upto = migrations().await;
    upto.migrations.to_mut().retain(|migration| migration.version <= version);
    upto.run(&mut connection).await.unwrap();
    let triggers: Vec<(String, String)> = sqlx::query_as("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let drop: String = triggers.iter().map(|(name, _)| format!("DROP TRIGGER {name};\n")).collect();
    let restore: String = triggers.iter().map(|(_, sql)| format!("{sql};\n")).collect();
    let kept = std::fs::read_to_string(file_of(version)).unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("BEGIN;\n{drop}{kept}{restore}COMMIT;")))
        .execute(&mut connection)
        .await
        .unwrap();
    connection
}
