//! What a server, a file or a person wrote reaches a terminal, a log or a page only as characters that are seen: none moves the cursor,
//! renames the window, begins a line or turns the order of what follows. Tried with every command on a record that is full of such texts.

use sqlx::{AssertSqlSafe, Connection};

use crate::cli_commands::{TYPED, kept, line};
use crate::support::process::{Done, Folder};

/// ESC, a C1 control sequence, an operating system command, a bell, backspaces, an override of direction, a line of its own.
const ATTACK: &str = "A\u{1b}[2J\u{9b}2J\u{1b}]0;owned\u{7}\u{8}\u{8}\u{202e}b\u{2066}c\u{2028}d\r\nstoryd: all is well\u{85}e\u{90}f\u{7f}";

/// Every column of words, wherever they may come from.
const COLUMNS: [(&str, &[&str]); 10] = [
    ("post", &["reason", "actor", "source", "blackout"]),
    ("event", &["reason", "actor"]),
    ("attempt", &["fault_code", "fault_reason", "fault_remedy", "request", "answer"]),
    ("story", &["delete_reason", "delete_fault", "learnt_by", "delete_by"]),
    ("finding", &["detail", "settled_by", "settled_reason"]),
    ("account", &["blocked_code", "blocked_reason", "blocked_remedy"]),
    ("incident", &["reason", "command", "outcome", "account"]),
    ("pause", &["reason", "actor"]),
    ("audit", &["fault", "actor"]),
    ("notice", &["problem"]),
];

/// The kept database with the attack in every word of it.
async fn attacked() -> Folder {
    let folder = kept().await;
    let database = format!("sqlite:{}", folder.path("data/queue.db").display());
    let mut queue = sqlx::SqliteConnection::connect(&database).await.unwrap();
    let triggers: Vec<(String, String)> = sqlx::query_as("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .fetch_all(&mut queue)
        .await
        .unwrap();
    let mut script = String::from("PRAGMA ignore_check_constraints = ON;\n");
    for (name, _) in &triggers {
        script += &format!("DROP TRIGGER {name};\n");
    }
    let attack = ATTACK.replace('\'', "''");
    for (table, columns) in COLUMNS {
        for column in columns {
            script += &format!("UPDATE {table} SET {column} = '{attack}' || {column} WHERE {column} IS NOT NULL;\n");
        }
    }
    script += &format!("UPDATE post SET content = json_set(content, '$.body.text', '{attack}');\n");
    for (_, sql) in triggers {
        script += &format!("{sql};\n");
    }
    sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut queue).await.unwrap();
    queue.close().await.unwrap();
    folder
}

#[track_caller]
fn acts_on_nobody(line: &str, done: &Done) {
    for stream in [&done.stdout, &done.stderr] {
        let acting = stream.chars().find(|c| storyd::domain::printable::acts(*c) && !matches!(c, '\n' | '\t'));
        assert_eq!(acting, None, "{line}: {stream:?}");
        assert!(
            !stream.lines().any(|line| line.starts_with("storyd: all is well")),
            "{line}: a line is forged: {stream}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_prints_what_acts_on_a_terminal() {
    let folder = attacked().await;
    let mut seen = 0;
    for (typed, _) in TYPED {
        let line = line(&folder, typed);
        let done = folder.run(&format!("admin {line}"));
        acts_on_nobody(&line, &done);
        seen += usize::from((done.stdout + &done.stderr).contains('\u{fffd}'));
    }
    assert!(seen > 8, "the attack was shown by {seen} commands only");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_keeps_the_words_and_acts_on_nobody() {
    let folder = attacked().await;
    for typed in ["queue --all", "stories", "failures --missed-since 2000-01-01", "audit --last", "show {failed}"] {
        let line = line(&folder, typed);
        let done = folder.run(&format!("admin {line} --json"));
        acts_on_nobody(&line, &done);
        let read: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
        assert!(holds(&read, ATTACK), "{line}: a program is given the words as they are");
    }
    let exported = folder.run("admin export");
    acts_on_nobody("export", &exported);
    // A program that reads CSV is given every byte; no terminal is there.
    assert!(folder.run("admin queue --all --csv").stdout.contains('\u{1b}'));
}

fn holds(value: &serde_json::Value, text: &str) -> bool {
    match value {
        serde_json::Value::String(found) => found.contains(text),
        serde_json::Value::Array(items) => items.iter().any(|item| holds(item, text)),
        serde_json::Value::Object(fields) => fields.values().any(|field| holds(field, text)),
        _ => false,
    }
}

#[test]
fn names_and_lines_of_files_act_on_nobody() {
    let folder = Folder::new();
    for (name, text) in [
        ("a\u{1b}[2J\u{9b}2J\u{202e}.yaml", "version: 9\n".to_owned()),
        ("b.yaml", "version: 1\nzone: UTC\naccount: a\njobs:\n  x: {at: now, type: note, contnet: \"\u{9b}2J\u{202e}\"}\n".to_owned()),
        ("c.yaml", "version: 1\nzone: UTC\naccount: a\njobs:\n  \"x\\e[2J\\u009b\": {at: now, type: note, content: x}\n".to_owned()),
        ("d.yaml", "version: 1\nzone: \"\\u202eLUOES\\e[2J\"\naccount: \"\\e]0;x\\a\"\njobs: {}\n".to_owned()),
        ("e.yaml", "version: 1\nzone: UTC\naccount: a\njobs:\n  x: {at: now, type: photo, images: [\"\\e[2J\\n\\u202e.png\"]}\n".to_owned()),
    ] {
        folder.write(name, text);
        for format in ["", "--format github"] {
            let mut command = folder.storyd("check");
            command.arg(name).args(format.split_whitespace());
            let output = command.output().unwrap();
            let done = Done {
                code: output.status.code(),
                stdout: String::from_utf8(output.stdout).unwrap(),
                stderr: String::from_utf8(output.stderr).unwrap(),
            };
            assert_eq!(done.code, Some(3), "{name:?}: {done:?}");
            acts_on_nobody(&format!("check {name:?} {format}"), &done);
        }
    }
}

#[test]
fn what_a_person_types_acts_on_nobody() {
    let folder = Folder::new();
    for arguments in [
        ["check", "\u{1b}[2J\u{9b}.yaml"].as_slice(),
        &["explain", "\u{1b}[2JE021"],
        &["admin", "queue", "--account", "\u{202e}\u{1b}[2J"],
        &["account", "show", "\u{1b}]0;x\u{7}"],
        &["--settings", "\u{9b}2J.yaml", "check"],
        &["--log", "\u{1b}[2J=x", "check"],
    ] {
        let output = folder.storyd("").args(arguments).output().unwrap();
        let done = Done {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert_ne!(done.code, Some(0), "{arguments:?}");
        acts_on_nobody(&format!("{arguments:?}"), &done);
    }
}
