//! The real program is killed, or told to stop, while a request hangs; a sandbox in a process of its own says what really exists.

use serde_json::Value;
use sqlx::Connection;

use crate::support::process::{Done, Emulator, Folder, Process, until};

const NOTE: &str = "notice:\n  at: now\n  type: note\n  content: 겨울 신메뉴가 나왔어요!";

/// A folder with the job, the sandbox with its fault, and a daemon that has begun.
fn begun(jobs: &str, fault: &str) -> (Folder, Emulator, Process) {
    let folder = Folder::new();
    let emulator = folder.emulator(&format!("--fault {fault}"));
    folder.hand_in_tokens();
    folder.write("cup.png", crate::support::world::png(1));
    folder.jobs(jobs);
    let daemon = folder.start("run");
    (folder, emulator, daemon)
}

/// The only post.
fn post(folder: &Folder) -> Value {
    let posts = folder.json("admin queue --all");
    assert_eq!(posts.as_array().unwrap().len(), 1, "{posts}");
    posts[0].clone()
}

fn becomes(folder: &Folder, state: &str) -> Value {
    let mut last = Value::Null;
    until(
        || format!("the post to be {state}"),
        || {
            last = post(folder);
            (last["state"] == state).then(|| last.clone())
        },
    )
}

fn exists_once(folder: &Folder, emulator: &Emulator) {
    let (post, ledger) = (post(folder), emulator.ledger());
    assert_eq!(ledger.len(), 1, "{ledger:?}");
    assert_eq!((&post["state"], &post["story_id"]), (&"published".into(), &ledger[0]["id"]), "{post}");
}

/// The doubt is dated back by an hour, so that nobody has to wait.
fn minutes_pass_for_the_doubt(folder: &Folder) {
    let database = format!("sqlite:{}", folder.path("data/queue.db").display());
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let mut queue = sqlx::SqliteConnection::connect(&database).await.unwrap();
        let earlier = "UPDATE post SET changed_at = changed_at - 3600000000 WHERE state = 'in_doubt'";
        sqlx::query(earlier).execute(&mut queue).await.unwrap();
        queue.close().await.unwrap();
    });
}

#[test]
fn killed_after_the_story_came_to_exist_it_finds_the_story_and_posts_nothing() {
    let (folder, emulator, daemon) = begun(NOTE, "hang-after-effect,count=1,calls=note");
    emulator.is_asked("note");
    daemon.kill_9();
    let daemon = folder.start("run");
    daemon.says("1 post in doubt since the last stop");
    daemon.says("published  notice  →  story ");
    assert!(daemon.out().contains("found in the account's list"), "{}", daemon.out());
    exists_once(&folder, &emulator);
    assert_eq!(emulator.requests("note"), 1);
}

#[test]
fn killed_before_the_story_came_to_exist_it_stays_in_doubt_until_a_person_settles_it() {
    let (folder, emulator, daemon) = begun(NOTE, "hang-before-effect,count=1,calls=note");
    emulator.is_asked("note");
    daemon.kill_9();
    let daemon = folder.start("run");
    daemon.says("1 post in doubt since the last stop");
    until(|| "a look at the list".into(), || (emulator.requests("mystories") > 0).then_some(()));
    assert_eq!(becomes(&folder, "in_doubt")["parked_at"], Value::Null);
    assert_eq!((emulator.requests("note"), emulator.ledger().len()), (1, 0));
    let refused = folder.run("admin resolve 1 --absent");
    assert_eq!(refused.code, Some(5), "{}", refused.stderr);
    assert!(refused.stderr.contains("post 1 may still appear"), "{}", refused.stderr);
    minutes_pass_for_the_doubt(&folder);
    assert_eq!(folder.ok("admin resolve 1 --absent"), "post 1 goes back into the queue\n");
    daemon.says("published  notice");
    exists_once(&folder, &emulator);
    assert_eq!(emulator.requests("note"), 2);
}

#[test]
fn killed_during_an_upload_it_uploads_again_and_posts_once() {
    let photo = "photo:\n  at: now\n  type: photo\n  images: [cup.png]\n  content: 라떼";
    let (folder, emulator, daemon) = begun(photo, "hang-before-effect,count=1,calls=upload");
    emulator.is_asked("upload");
    daemon.kill_9();
    assert_eq!(post(&folder)["state"], "claimed");
    let daemon = folder.start("run");
    daemon.says("published  photo");
    exists_once(&folder, &emulator);
    assert_eq!((emulator.requests("upload"), emulator.requests("photo")), (2, 1));
}

#[test]
fn told_to_stop_during_a_publish_it_waits_for_the_answer() {
    let (folder, emulator, daemon) = begun(NOTE, "delay,count=1,calls=note,after=5s");
    emulator.is_asked("note");
    daemon.signal("TERM");
    let done = daemon.end();
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{}", done.stdout);
    assert!(done.stdout.contains("stopping; waits for 1 request under way\npublished  notice"), "{}", done.stdout);
    exists_once(&folder, &emulator);
}

#[test]
fn told_to_stop_during_a_publish_it_takes_no_other_post() {
    let other = NOTE.replace("notice:", "other:").replace("메뉴", "음료");
    let (folder, emulator, daemon) = begun(&format!("{NOTE}\n{other}"), "delay,count=2,calls=note,after=5s");
    emulator.is_asked("note");
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
    assert_eq!(emulator.requests("note"), 1);
    let states = folder
        .json("admin queue --all")
        .as_array()
        .unwrap()
        .iter()
        .map(|post| post["state"].clone())
        .collect::<Vec<_>>();
    assert!(states.contains(&"published".into()) && states.contains(&"scheduled".into()), "{states:?}");
}

#[test]
fn told_twice_to_stop_it_stops_at_once_and_settles_the_post_on_the_next_start() {
    let (folder, emulator, daemon) = begun(NOTE, "hang-after-effect,count=1,calls=note");
    emulator.is_asked("note");
    daemon.signal("TERM");
    daemon.says("stopping; waits for 1 request under way");
    daemon.signal("INT");
    let done = daemon.end();
    let expected = "storyd: stopped at once on the second signal; what was under way is settled on the next start\n";
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), expected));
    let daemon = folder.start("run");
    daemon.says("published  notice");
    exists_once(&folder, &emulator);
}

#[test]
fn told_to_stop_during_an_upload_that_hangs_it_leaves_the_post_for_the_next_start() {
    let photo = "photo:\n  at: now\n  type: photo\n  images: [cup.png]\n  content: 라떼";
    let (folder, emulator, daemon) = begun(photo, "hang-before-effect,count=1,calls=upload");
    emulator.is_asked("upload");
    daemon.signal("TERM");
    let done = daemon.end();
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{}", done.stdout);
    let daemon = folder.start("run");
    daemon.says("published  photo");
    exists_once(&folder, &emulator);
}

/// What becomes of `account refresh`, killed while its request hangs at Kakao, which replaces the refresh token.
fn killed_while_it_renews(hangs: &str) -> Done {
    let folder = Folder::new();
    let emulator =
        folder.emulator(&format!("--fault rotate-refresh-token,calls=token --fault {hangs},count=1,calls=token"));
    folder.hand_in_tokens();
    let refresh = folder.start("account refresh cafe");
    emulator.is_asked("token");
    refresh.kill_9();
    let kept: Value = serde_json::from_slice(&std::fs::read(folder.path("data/tokens/cafe.json")).unwrap()).unwrap();
    assert!(kept["refresh_token"].is_string(), "never half a file");
    folder.run("account refresh cafe")
}

#[test]
fn a_renewal_that_is_killed_before_kakao_has_answered_costs_no_login() {
    let next = killed_while_it_renews("hang-before-effect");
    assert_eq!(next.code, Some(0), "{next:?}");
    // Kakao has killed the old token by then, and its answer died with the process: only a person can help, and is told how.
    let next = killed_while_it_renews("hang-after-effect");
    assert_eq!(next.code, Some(5), "{next:?}");
    assert!(next.stderr.contains("storyd account login"), "{next:?}");
}

#[test]
fn renewals_that_are_killed_at_any_instant_leave_an_account_that_works() {
    let folder = Folder::new();
    let _emulator = folder.emulator("--fault delay,after=20ms,calls=token");
    folder.hand_in_tokens();
    let mut looks = 0;
    for kill in 0..12 {
        let refresh = folder.start("account refresh cafe");
        // Later and later: before it reads the tokens, while it waits for Kakao, while it writes, and after its end.
        until(
            || "the moment of the kill".into(),
            || {
                looks += 1;
                (looks % (1 + kill) == 0).then_some(())
            },
        );
        refresh.kill_9();
        let kept: Value =
            serde_json::from_slice(&std::fs::read(folder.path("data/tokens/cafe.json")).unwrap()).unwrap();
        assert!(kept["refresh_token"].is_string(), "never half a file");
    }
    folder.ok("account refresh cafe");
    folder.ok("account show cafe");
}
