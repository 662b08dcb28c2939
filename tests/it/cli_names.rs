//! What people type: posts by their number, job, day or story; names that nothing has; texts that begin with a dash; times in one zone; and
//! answers that say when a post will not go out.

use crate::support::process::{Emulator, Folder, Process, until};

const JOBS: &str = "sale:\n  at: 2098-12-24 09:00\n  type: note\n  content: 세일\n  tags: [할인]\n\
                    hello:\n  at: [2098-12-24 08:00, 2098-12-25 08:00, 2098-12-26 20:00]\n  type: note\n  content: 안녕\n\
                    신년인사:\n  at: 2099-01-01 09:00\n  type: note\n  content: 새해 복\n\
                    out:\n  at: now\n  type: note\n  content: 나갔다";

/// A folder with one published post and five that wait; and the daemon.
fn folder() -> (Folder, Emulator, Process) {
    let folder = Folder::new();
    let emulator = folder.emulator("");
    folder.hand_in_tokens();
    folder.jobs(JOBS);
    let daemon = folder.start("run");
    daemon.says("published  out ");
    (folder, emulator, daemon)
}

/// Runs a command whose last argument holds blanks or begins with a dash.
fn with_last(folder: &Folder, line: &str, last: &str) -> crate::support::process::Done {
    folder
        .start_with(line, |command| {
            command.arg(last);
        })
        .end()
}

fn refused(folder: &Folder, line: &str, code: i32, says: &str) {
    let done = folder.run(line);
    assert_eq!(done.code, Some(code), "storyd {line}: {done:#?}");
    assert!(done.stderr.contains(says), "storyd {line}: {says:?} is missing in {}", done.stderr);
}

#[test]
fn a_post_is_named_by_its_number_its_job_its_day_or_its_story() {
    let (folder, _emulator, _daemon) = folder();
    let post_of = |text: &str| {
        let done = with_last(&folder, "admin show --json", text);
        assert_eq!(done.code, Some(0), "{text}: {done:#?}");
        let shown: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
        (
            shown["post"]["job"].as_str().unwrap().to_owned(),
            shown["post"]["occurs_at"].as_str().unwrap()[..10].to_owned(),
        )
    };
    let story = folder.json("admin stories")[0]["story_id"].as_str().unwrap().to_owned();
    assert_eq!(post_of(&story).0, "out");
    assert_eq!(post_of("sale"), ("sale".into(), "2098-12-24".into()));
    assert_eq!(post_of("hello"), ("hello".into(), "2098-12-23".into()), "the next of several");
    assert_eq!(post_of("hello@2098-12-25"), ("hello".into(), "2098-12-24".into()));
    assert_eq!(post_of("hello@2098-12-26 20:00"), ("hello".into(), "2098-12-26".into()));
    assert_eq!(post_of("hello@2098-12-26T20:00"), ("hello".into(), "2098-12-26".into()));
    // As a Mac spells it.
    assert_eq!(
        post_of("\u{1109}\u{1175}\u{11ab}\u{1102}\u{1167}\u{11ab}\u{110b}\u{1175}\u{11ab}\u{1109}\u{1161}").0,
        "신년인사"
    );
    let number = folder.json("admin queue --job sale")[0]["post"].to_string();
    assert_eq!(post_of(&number).0, "sale");
    let told = folder.run("admin show hello");
    assert!(told.stderr.contains("hello has 2 other posts"), "{}", told.stderr);

    folder.ok("admin cancel sale");
    folder.ok("admin retry sale");
    folder.ok("admin cancel hello@2098-12-25 신년인사");
    assert_eq!(folder.ok("admin retry hello"), folder.ok("admin queue --job hello --json").pipe_post(1, "goes ahead"));
    refused(&folder, "admin reschedule sale --to 2098-12-24T00:00", 5, "is due Wed 2098-12-24 09:00 KST (in ");
    folder.ok("admin reschedule sale --to 2098-12-25T00:00");
    let done = folder.run("admin cancel hello");
    assert_eq!(done.code, Some(2), "{done:#?}");
    assert!(
        done.stderr.contains("hello could mean 3 posts") && done.stderr.contains("hello@2098-12-24"),
        "{}",
        done.stderr
    );
    assert!(done.stderr.contains("Wed 2098-12-24 08:00 KST"), "{}", done.stderr);
    assert_eq!(folder.json("admin queue --job hello").as_array().unwrap().len(), 3, "none was guessed");

    refused(&folder, "admin release sale", 5, "waits for its time");
    refused(&folder, "admin show slae", 4, "did you mean sale?");
    refused(&folder, "admin cancel helo@2098-12-25", 4, "did you mean hello?");
    refused(&folder, "admin show hello@2098-12-31", 4, "hello has no post of 2098-12-31");
    refused(&folder, "admin show 4711", 4, "there is no post 4711");
    refused(&folder, "admin delete sale --yes", 4, "has no story");
    refused(&folder, "admin delete nothing-like-it --yes", 4, "there is no post, job or story nothing-like-it");
    folder.ok("admin delete out --yes");
    assert!(folder.json("admin stories")[0]["deleted_at"].is_string());
}

trait PipePost {
    fn pipe_post(&self, index: usize, says: &str) -> String;
}

impl PipePost for String {
    /// `post N …` of a post in a listing.
    fn pipe_post(&self, index: usize, says: &str) -> String {
        let rows: serde_json::Value = serde_json::from_str(self).unwrap();
        format!("post {} {says}\n", rows[index]["post"])
    }
}

#[test]
fn a_name_that_nothing_has_is_refused_with_the_nearest() {
    let (folder, _emulator, _daemon) = folder();
    for (line, says) in [
        ("admin pause --tag 할일", "there is no tag 할일; did you mean 할인?"),
        ("admin pause --job sal", "there is no job sal; did you mean sale?"),
        ("admin pause --account caffe", "there is no account caffe; did you mean cafe?"),
        ("admin queue --job helo", "did you mean hello?"),
        ("admin queue --account kafe", "did you mean cafe?"),
        ("admin queue --tag 전혀다른말", "no post in the queue has it"),
        ("admin stories --job salle", "did you mean sale?"),
        ("admin stories --tag 할인가", "did you mean 할인?"),
        ("admin delete --tag 하린 --yes", "did you mean 할인?"),
        ("admin delete --account caf --yes", "did you mean cafe?"),
        ("admin failures --account cafee", "did you mean cafe?"),
        ("admin stats --account coffee-house", "`storyd account list` lists the accounts"),
        ("admin audit --account caffee", "did you mean cafe?"),
        ("admin retry --cause=timeout --account caffe", "did you mean cafe?"),
    ] {
        refused(&folder, line, 4, says);
    }
    assert!(folder.json("admin pause --job sale").as_array().unwrap().len() == 1, "nothing else was paused");
    folder.ok("admin resume --job sale");
    let told = folder.ok("admin pause --tag 할인 --for 2h");
    assert_eq!(told, "tag 할인 is paused for 2 h: no post of it falls due until then\n");
    let told = folder.ok("admin pause --job out");
    assert!(told.contains("no post of it waits now"), "{told}");
    assert!(folder.ok("admin pause --all").contains("5 posts wait"));
}

#[test]
fn a_length_or_a_time_in_other_words_is_answered_with_the_right_ones() {
    let (folder, _emulator, _daemon) = folder();
    for (line, last, says) in [
        ("admin pause --all --for", "1 hour", "the largest first; write `1h`"),
        ("admin pause --all --for", "2시간", "write `2h`"),
        ("admin pause --all --for", "90", "write `90m` for minutes"),
        ("admin pause --all --for", "soon", "write it as `30s`, `10m`, `1h30m` or `7d`"),
        ("admin queue --since", "2 hours", "write `2h`"),
        ("admin queue --until", "2026.12.24", "write `2026-12-24`"),
        ("admin reschedule sale --to", "2098년 12월 24일 오후 6시", "write `2098-12-24 18:00`"),
        ("admin post 안녕 --at", "12/24/2098 18:00", "write `2098-12-24 18:00`"),
    ] {
        let done = with_last(&folder, line, last);
        assert_eq!(done.code, Some(2), "{line} {last}: {done:#?}");
        assert!(done.stderr.contains(says), "{line} {last}: {}", done.stderr);
    }
    let told = with_last(&folder, "admin post --dry-run", r"안녕\n하세요").stderr;
    assert!(told.contains(r"warning: `\n` is posted as two characters; for a line break press Enter"), "{told}");
    assert!(!told.contains("content:"), "{told}");
}

#[test]
fn a_time_that_has_passed_or_lies_years_ahead_is_refused_while_the_person_is_still_there() {
    let (folder, _emulator, _daemon) = folder();
    for (at, says) in [
        ("2020-12-25 09:00", "has passed, so nothing would be posted then; correct --at"),
        ("2190-12-25 09:00", "is years ahead; correct the year in --at"),
    ] {
        for line in ["admin post 지난글 --dry-run --at", "admin post 지난글 --at"] {
            let done = folder.start_with(line, |command| {
                command.arg(at);
            });
            let done = done.end();
            assert_eq!(done.code, Some(5), "{line} {at}: {done:#?}");
            assert!(done.stderr.contains(says) && done.stdout.is_empty(), "{line} {at}: {done:#?}");
        }
    }
    assert_eq!(folder.json("admin queue --all --text 지난글").as_array().unwrap().len(), 0);
}

#[test]
fn a_pause_with_an_end_counts_what_falls_due_before_it() {
    let (folder, _emulator, _daemon) = folder();
    let post = |at: &str, tag: &str| folder.ok(&format!("admin post 안녕 --at {at} --tag {tag}"));
    post("+1h", "할인");
    post("+3h", "할인");
    post("+1h", "다른");
    for (line, says) in [
        ("admin pause --tag 할인 --for 2h", "1 post waits"),
        ("admin pause --tag 할인 --for 4h", "2 posts wait"),
        ("admin pause --tag 할인 --for 30m", "no post of it falls due until then"),
        ("admin pause --tag 할인", "3 posts wait"),
        ("admin pause --job sale --for 2h", "no post of it falls due until then"),
        ("admin pause --job sale", "1 post waits"),
        ("admin pause --account cafe --for 2h", "2 posts wait"),
        ("admin pause --account cafe", "8 posts wait"),
        ("admin pause --all --for 4h", "3 posts wait"),
        ("admin pause --all", "8 posts wait"),
    ] {
        let told = folder.ok(line);
        assert!(told.trim_end().ends_with(says), "{line}: {told}");
        folder.ok(line.replace("pause", "resume").split(" --for").next().unwrap());
    }
    folder.ok("admin pause --tag 할인 --for 2h");
    let waits = |index: usize| folder.json("admin queue --tag 할인")[index]["waits"].as_array().unwrap().len();
    assert_eq!((waits(0), waits(1)), (1, 0), "what falls due later is not shown as paused");
}

#[test]
fn a_day_or_a_length_is_no_time_at_which_something_is_done() {
    let (folder, _emulator, _daemon) = folder();
    for (at, says) in [
        ("2098-12-10", "\"2098-12-10\" is a whole day; add the time of day: `2098-12-10 09:00`"),
        ("2098.12.10", "add the time of day: `2098-12-10 09:00`"),
        ("tomorrow", "is a whole day; add the time of day: `"),
        ("2h", "\"2h\" is a length of time; from now on it is `+2h`"),
        ("2 hours", "write `+2h`"),
    ] {
        for line in ["admin post 안녕 --at", "admin post 안녕 --dry-run --at", "admin reschedule sale --to"] {
            let done = with_last(&folder, line, at);
            assert_eq!(done.code, Some(2), "{line} {at}: {done:#?}");
            assert!(done.stderr.contains(says) && done.stdout.is_empty(), "{line} {at}: {done:#?}");
        }
    }
    assert_eq!(folder.json("admin queue").as_array().unwrap().len(), 5);
}

#[test]
fn a_post_is_found_by_the_day_it_is_shown_under_and_a_job_may_be_called_like_a_number() {
    let (folder, _emulator, _daemon) = folder();
    let first = folder.json("admin queue --all --job out")[0].clone();
    let now: jiff::Timestamp = first["occurs_at"].as_str().unwrap().parse().unwrap();
    let day = now.to_zoned(jiff::tz::TimeZone::get("Asia/Seoul").unwrap()).strftime("%Y-%m-%d").to_string();
    let shown = folder.json(&format!("admin show out@{day}"));
    assert_eq!(shown["post"]["post"], first["post"]);
    refused(&folder, "admin show out@2020-01-01", 4, "out has no post of 2020-01-01");

    let number = first["post"].to_string();
    folder.jobs(&format!("{JOBS}\n4711:\n  at: 2098-12-24 09:00\n  type: note\n  content: 사칠일일\n{number}:\n  at: 2098-12-24 09:00\n  type: note\n  content: 숫자"));
    let all = || folder.json("admin queue --all").as_array().unwrap().len();
    until(|| "the jobs to be in the queue".to_owned(), || (all() == 8).then_some(()));
    assert_eq!(folder.json("admin show 4711")["post"]["job"], "4711");
    let both = folder.run(&format!("admin show {number}"));
    assert_eq!(both.code, Some(0), "{both:#?}");
    assert!(both.stdout.contains("out"), "a number is a post's: {}", both.stdout);
    let says =
        format!("{number} is read as post {number}; of the job {number} name the day, as in `{number}@2098-12-24`");
    assert!(both.stderr.contains(&says), "{}", both.stderr);
    assert_eq!(folder.json(&format!("admin show {number}@2098-12-24"))["post"]["job"], number.as_str());
}

#[test]
fn a_dry_run_promises_only_what_would_come_of_it() {
    let (folder, _emulator, _daemon) = folder();
    folder.ok("admin post 안녕 --name promo --at +1d");
    for (line, would) in [
        ("admin cancel sale --dry-run", true),
        ("admin release sale --dry-run", false),
        ("admin release sale hello@2098-12-25 --dry-run", false),
        ("admin cancel sale nothing-like-it --dry-run", true),
        ("admin post 안녕 --at +1d --dry-run", true),
        ("admin post 안녕 --name promo --at +1d --dry-run", false),
    ] {
        let told = folder.run(line).stderr;
        let says = if would { "without --dry-run it would be" } else { "without --dry-run nothing would be" };
        assert!(told.trim_end().ends_with(says), "{line}: {told}");
    }
}

#[test]
fn an_account_is_shown_by_its_title_and_asked_for_by_its_name() {
    let (folder, _emulator, daemon) = folder();
    daemon.signal("TERM");
    daemon.end();
    let settings = std::fs::read_to_string(folder.path("storyd.yaml")).unwrap();
    let titled = settings.replacen("  cafe:\n", "  cafe:\n    title: 모닝빈\n", 1);
    let titled = if titled == settings { settings.replacen("cafe: {", "cafe: {title: 모닝빈, ", 1) } else { titled };
    assert_ne!(titled, settings, "{settings}");
    folder.write("storyd.yaml", &titled);
    for line in ["admin queue", "admin stories", "admin queue --account cafe"] {
        let told = folder.ok(line);
        assert!(told.contains("모닝빈") && !told.contains(" cafe "), "{line}: {told}");
    }
    assert!(folder.ok("admin show sale").contains("  account   모닝빈 (cafe)"));
    assert!(folder.ok("account list").contains("cafe (모닝빈)"));
    assert!(folder.ok("account show cafe").starts_with("cafe (모닝빈) is "));
    assert_eq!(folder.json("admin queue --job sale")[0]["account"], "cafe");
    refused(&folder, "admin queue --account 모닝빈", 4, "there is no account 모닝빈");
    folder.write("storyd.yaml", titled.replace("모닝빈", &"가".repeat(41)));
    refused(&folder, "check", 3, "a title is one line of at most 40 characters");
}

#[test]
fn what_the_doctor_learnt_of_the_consents_is_shown_afterwards() {
    let (folder, _emulator, _daemon) = folder();
    assert!(folder.ok("account show cafe").contains("consents       not known"));
    folder.run("account doctor cafe");
    let told = folder.ok("account show cafe");
    assert!(told.contains("story_publish") && !told.contains("not known"), "{told}");
}

#[test]
fn a_text_may_begin_with_a_dash_and_a_slip_of_an_option_is_not_posted() {
    let (folder, _emulator, _daemon) = folder();
    for text in ["-50% 세일", "- 오늘 휴무", "-5", "–", "--- 공지 ---", "-세일", "--50%", "-^^-", "—새 소식—", "-1+1-"]
    {
        let done = with_last(&folder, "admin post --at +1d --json", text);
        assert_eq!(done.code, Some(0), "{text}: {done:#?}");
        let post: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
        assert_eq!(post["content"]["body"]["text"], text);
    }
    for slip in ["--dryrun", "--dry", "-n", "--jsn", "--at2=now", "--no_ask"] {
        let done = with_last(&folder, "admin post", slip);
        assert_eq!(done.code, Some(2), "{slip}: {done:#?}");
        assert!(
            done.stderr
                .contains(&format!("storyd admin post -- {}", if slip.contains('=') { "'--at2=now'" } else { slip })),
            "{slip}: {}",
            done.stderr
        );
    }
    let done = with_last(&folder, "admin post --at +1d --json --", "--dryrun");
    let post: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(post["content"]["body"]["text"], "--dryrun");
}

#[test]
fn times_are_read_and_told_in_the_zone_of_the_job_files_whatever_the_machine_has() {
    let (folder, _emulator, daemon) = folder();
    let utc = |line: &str| {
        folder
            .start_with(line, |command| {
                command.env("TZ", "America/New_York");
            })
            .end()
    };
    let post = folder.start_with("admin post --json --at", |command| {
        command.env("TZ", "UTC").args(["2098-12-02 12:00", "점심"]);
    });
    let post: serde_json::Value = serde_json::from_str(&post.end().stdout).unwrap();
    assert_eq!(post["occurs_at"], "2098-12-02T03:00:00Z");
    for line in
        ["admin queue", "admin stories", "admin show sale", "admin failures", "account show cafe", "notify list"]
    {
        let done = utc(line);
        assert_eq!(done.code, Some(0), "{line}: {done:#?}");
        let told = format!("{}{}", done.stdout, done.stderr);
        assert!(!told.contains(" UTC") && !told.contains(" EST") && !told.contains(" EDT"), "{line}: {told}");
    }
    assert_eq!(folder.json("admin queue --until 2098-12-24").as_array().unwrap().len(), 1);
    let moved = folder.start_with("admin reschedule sale --to", |command| {
        command.env("TZ", "UTC").arg("2098-12-24 11:00");
    });
    assert!(moved.end().stdout.contains("Wed 2098-12-24 11:00 KST"));
    daemon.signal("TERM");
    daemon.end();
    // The settings win over the job files.
    let settings = std::fs::read_to_string(folder.path("storyd.yaml")).unwrap();
    folder.write("storyd.yaml", format!("{settings}\nzone: Asia/Tokyo\n"));
    assert!(folder.ok("admin show sale").contains("11:00 JST"));
    folder.write("storyd.yaml", format!("{settings}\nzone: Seoul\n"));
    let wrong = folder.run("check");
    assert_eq!(wrong.code, Some(3), "{wrong:#?}");
}

#[test]
fn no_answer_claims_success_for_what_waits_for_something_else() {
    let (folder, _emulator, daemon) = folder();
    folder.ok("admin pause --account cafe");
    let told = with_last(&folder, "admin post --at +1d", "안녕").stdout;
    assert!(told.contains("but account cafe is paused until a person resumes it"), "{told}");
    folder.ok("admin cancel sale");
    let told = folder.ok("admin retry sale");
    assert!(told.contains("but account cafe is paused"), "{told}");
    folder.ok("admin pause --account cafe --for 2h");
    assert!(
        !folder.ok("admin reschedule sale --to 2098-12-25T00:00").contains("but"),
        "it is due long after the pause"
    );
    let told = with_last(&folder, "admin post --at +1h", "곧").stdout;
    assert!(told.contains("but account cafe is paused until ") && told.contains("KST"), "{told}");
    let told = folder.run("admin post 곧 --at +1h --dry-run").stdout;
    assert!(told.contains("but account cafe is paused until ") && told.contains("KST"), "{told}");
    assert!(!folder.run("admin post 곧 --at +3h --dry-run").stdout.contains("but"), "it is due after the pause");
    folder.ok("admin resume --account cafe");
    assert!(!folder.ok("admin reschedule sale --to 2098-12-26T00:00").contains("but"));
    daemon.signal("KILL");
    daemon.end();
    let told = with_last(&folder, "admin post --at +1d", "안녕").stdout;
    assert!(told.contains("but no daemon runs: start `storyd run`"), "{told}");
    folder.ok("admin cancel sale");
    assert!(folder.ok("admin retry sale").contains("but no daemon runs"));
}
