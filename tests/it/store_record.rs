//! The record as people ask for it: lists page by page through every filter, causes, counts; and what people do to it: another time,
//! adoption, retention.

use std::time::Duration;

use storyd::domain::post::PostState;
use storyd::store::queue::{
    AdoptOrder, AuditedStory, DeleteOrder, FindingKind, JobPosts, Move, NewFinding, OperatorRefusal, ShownStory,
};
use storyd::store::view::{FailureFilter, PostQuery, PostRow, RecordTable, StoryFilter, StoryStands};

use crate::support::queue::{AHEAD, Queue, note, occurrence, t, text};

/// Forty posts a minute apart: even ones of job `a` on `cafe`, odd ones of job `b` on `shop`; every third is tagged `menu`.
async fn forty() -> Queue {
    let queue = Queue::new().await;
    for (job, account, first) in [("a", "cafe", 0), ("b", "shop", 1)] {
        for tagged in [false, true] {
            let minutes = (first..40).step_by(2).filter(|minute| (minute % 3 == 0) == tagged);
            let tags = if tagged { vec!["menu".to_owned()] } else { Vec::new() };
            let name = format!("{job}{}", if tagged { "-menu" } else { "" });
            let occurrences = minutes.map(|minute| occurrence(t(minute))).collect();
            queue.enqueue(&JobPosts { account: account.into(), tags, occurrences, ..note(&name, t(0)) }, t(-60)).await;
        }
    }
    queue
}

/// Every page of a list, as the minutes at which its posts are due.
async fn minutes(queue: &Queue, listing: &PostQuery, page: u32) -> Vec<i64> {
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let told = queue.store.listing(listing, after, page).await.unwrap();
        assert!(told.rows.len() <= page as usize);
        found.extend(told.rows.iter().map(|row: &PostRow| row.due_at.duration_since(t(0)).as_mins()));
        if told.end.is_none() {
            return found;
        }
        after = told.end;
    }
}

#[tokio::test]
async fn a_list_is_the_same_whatever_the_size_of_its_pages_and_every_filter_holds() {
    let queue = forty().await;
    queue.store.cancel(queue.posts("a").await[0].post, "anna", "", t(-50)).await.unwrap();
    let all: Vec<i64> = (0..40).collect();
    for page in [1, 3, 7, 100] {
        assert_eq!(minutes(&queue, &PostQuery::default(), page).await, all, "pages of {page}");
    }
    let account = PostQuery { account: Some("cafe".into()), ..PostQuery::default() };
    assert_eq!(minutes(&queue, &account, 7).await, (0..40).step_by(2).collect::<Vec<i64>>());
    let tag = PostQuery { tag: Some("menu".into()), ..PostQuery::default() };
    assert_eq!(minutes(&queue, &tag, 4).await, (0..40).step_by(3).collect::<Vec<i64>>());
    let both = PostQuery { account: Some("shop".into()), ..tag.clone() };
    assert_eq!(minutes(&queue, &both, 4).await, (3..40).step_by(6).collect::<Vec<i64>>());
    let job = PostQuery { job: Some("b-menu".into()), ..PostQuery::default() };
    assert_eq!(minutes(&queue, &job, 2).await, (3..40).step_by(6).collect::<Vec<i64>>());
    let period = PostQuery { from: Some(t(10)), until: Some(t(13)), ..PostQuery::default() };
    assert_eq!(minutes(&queue, &period, 2).await, [10, 11, 12]);
    let words = PostQuery { text: Some("글 A-MENU".into()), ..PostQuery::default() };
    assert_eq!(minutes(&queue, &words, 3).await, (0..40).step_by(6).collect::<Vec<i64>>());
    let words = PostQuery { account: Some("shop".into()), ..words };
    assert!(minutes(&queue, &words, 3).await.is_empty());
    let cancelled = PostQuery { states: vec![PostState::Cancelled], ..PostQuery::default() };
    assert_eq!(minutes(&queue, &cancelled, 3).await.len(), 1);
    let nothing = PostQuery { tag: Some("none".into()), ..PostQuery::default() };
    assert!(minutes(&queue, &nothing, 3).await.is_empty());
}

#[tokio::test]
async fn words_are_found_however_their_letters_are_composed() {
    let queue = Queue::new().await;
    let decomposed = "\u{1105}\u{1161}\u{1104}\u{1166}";
    let texts = [
        "라떼 두 잔".to_owned(),
        format!("{decomposed} 한 잔"),
        format!("따뜻한 라{}", "\u{1104}\u{1166}"),
        "café".to_owned(),
        "CAFE\u{301}".to_owned(),
        "が か\u{3099}".to_owned(),
        "모카".to_owned(),
    ];
    for (minute, said) in (0..).zip(&texts) {
        queue.add(&JobPosts { content: text(said), ..note(&format!("j{minute}"), t(minute)) }).await;
    }
    let found = async |words: &str| {
        let listing = PostQuery { text: Some(words.into()), ..PostQuery::default() };
        minutes(&queue, &listing, 2).await
    };
    for (words, expected) in [
        ("라떼", &[0, 1, 2][..]),
        (decomposed, &[0, 1, 2]),
        ("라떼 한", &[1]),
        ("Café", &[3, 4]),
        ("cafe\u{301}", &[3, 4]),
        ("がが", &[]),
        ("が が", &[5]),
        ("잔", &[0, 1]),
        ("모카", &[6]),
        ("라떼라", &[]),
    ] {
        assert_eq!(found(words).await, expected, "{words:?}");
    }
}

#[tokio::test]
async fn words_are_found_as_they_are_written_whatever_the_case_and_whatever_json_and_sql_make_of_them() {
    let queue = Queue::new().await;
    let texts = [
        "겨울 신메뉴가",
        "İstanbul",
        "25\u{212a}m",
        "ΟΔΟΣ",
        "50% off_er",
        "say \"hi\" \\o/",
        "두\n줄",
        "Straße É",
        "\u{7f}\u{1}",
    ];
    for (minute, said) in (0..).zip(texts) {
        queue.add(&JobPosts { content: text(said), ..note(&format!("j{minute}"), t(minute)) }).await;
    }
    let found = async |words: &str| {
        let listing = PostQuery { text: Some(words.into()), ..PostQuery::default() };
        minutes(&queue, &listing, 2).await
    };
    for (words, minute) in [
        ("메뉴", 0),
        ("울 신", 0),
        ("i\u{307}STAN", 1),
        ("stanbul", 1),
        ("5k", 2),
        ("KM", 2),
        ("δο", 3),
        ("50%", 4),
        ("F_E", 4),
        ("\"HI\"", 5),
        ("\\O/", 5),
        ("두\n줄", 6),
        ("STRAß", 7),
        ("é", 7),
        ("\u{7f}\u{1}", 8),
    ] {
        assert_eq!(found(words).await, [minute], "{words:?}");
    }
    // Neither what SQL takes for a wildcard, nor the keys and signs of the JSON around a text, are found.
    for words in ["5%f", "o__er", "겨울신", "permission", "\",\"", "\\n", "텍스트"] {
        assert!(found(words).await.is_empty(), "{words:?}");
    }
    assert_eq!(found("").await.len(), texts.len());
}

#[tokio::test]
async fn a_page_tells_how_many_posts_had_to_be_looked_at() {
    let queue = forty().await;
    let page = async |listing: &PostQuery, after| queue.store.listing(listing, after, 3).await.unwrap();
    let indexed = PostQuery { account: Some("cafe".into()), ..PostQuery::default() };
    assert_eq!(page(&indexed, None).await.looked_at, 0);
    let words = PostQuery { text: Some("a-menu".into()), ..PostQuery::default() };
    let first = page(&words, None).await;
    // Minutes 0, 6 and 12: what lies behind them is left to the next page.
    assert_eq!((first.rows.len(), first.looked_at), (3, 13));
    let second = page(&words, first.end).await;
    assert_eq!((second.rows.len(), second.looked_at), (3, 18));
    let last = first.rows.last().unwrap().post;
    assert_eq!(queue.store.place(last).await.unwrap(), first.end, "a list goes on after a post");
    assert_eq!(queue.store.place(99_999).await.unwrap(), None);
    let nowhere = PostQuery { text: Some("없는 말".into()), ..PostQuery::default() };
    assert_eq!((page(&nowhere, None).await.rows.len(), page(&nowhere, None).await.looked_at), (0, 40));
}

#[tokio::test]
async fn tags_follow_the_state_and_the_time_of_their_posts() {
    let queue = Queue::new().await;
    let post = queue.add(&JobPosts { tags: vec!["menu".into(), "주말".into()], ..note("a", t(5)) }).await;
    let tagged = async |state, tag: &str| {
        let listing = PostQuery { states: vec![state], tag: Some(tag.into()), ..PostQuery::default() };
        minutes(&queue, &listing, 9).await
    };
    assert_eq!(tagged(PostState::Scheduled, "주말").await, [5]);
    queue.store.cancel(post, "anna", "", t(1)).await.unwrap();
    assert_eq!(
        (tagged(PostState::Scheduled, "menu").await, tagged(PostState::Cancelled, "menu").await),
        (vec![], vec![5])
    );
    let order = Move { to: t(30), actor: "anna", reason: "rain", prepare_ahead: AHEAD, zone: "UTC" };
    queue.store.reschedule(post, order, t(2)).await.unwrap();
    assert_eq!(tagged(PostState::Scheduled, "menu").await, [30]);
    assert_eq!(queue.number("SELECT count(*) FROM post_tag").await, Some(2));
}

#[tokio::test]
async fn failures_are_grouped_by_their_cause_and_told_for_one_account_too() {
    let queue = Queue::new().await;
    for state in [PostState::Failed, PostState::Missed, PostState::Held, PostState::InDoubt] {
        queue.post_in(state).await;
    }
    let filter = FailureFilter { account: None, missed_since: t(-10_000) };
    let causes = queue.store.causes(filter).await.unwrap();
    let told: Vec<(&str, &str, u32)> =
        causes.iter().map(|row| (row.state.as_str(), row.cause.as_str(), row.posts)).collect();
    let expected = [("in_doubt", "checking", 1), ("failed", "-2", 1), ("held", "late", 1), ("missed", "late", 1)];
    assert_eq!(told, expected);
    for row in &causes {
        assert_eq!((row.numbers.as_slice(), row.or_more), (&[row.example][..], false), "{row:?}");
    }
    assert_eq!(causes[1].remedy, "correct the job");
    assert_eq!(queue.store.failed_for("-2", None).await.unwrap(), [causes[1].example]);
    assert!(queue.store.failed_for("-2", Some("nobody")).await.unwrap().is_empty());
    assert!(queue.store.failed_for("-3", None).await.unwrap().is_empty());
    let later = FailureFilter { missed_since: t(11), ..filter };
    assert!(queue.store.causes(later).await.unwrap().iter().all(|row| row.state != PostState::Missed));
    let one = FailureFilter { account: Some("account-held"), ..filter };
    assert_eq!(queue.store.causes(one).await.unwrap().len(), 1);
}

#[tokio::test]
async fn every_month_is_counted_with_its_lateness() {
    let queue = Queue::new().await;
    for (job, late) in [("a", 0), ("b", 1), ("c", 90)] {
        queue.add(&note(job, t(100))).await;
        let intent = queue.intend("cafe", t(100) + Duration::from_secs(late)).await;
        let story = format!("_c.{job}");
        let at = t(100) + Duration::from_secs(late) + Duration::from_millis(80);
        let _ = queue.store.record_published(intent, &story, None, at).await.unwrap();
    }
    queue.post_in(PostState::Missed).await;
    let rows = queue.store.stats(Some("cafe"), t(0)).await.unwrap();
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((row.month.as_str(), row.published, row.late, row.retried, row.doubtful), ("2026-12", 3, 1, 0, 0));
    assert_eq!((row.lateness.p50_ms, row.lateness.p99_ms), (Some(1_500), Some(120_000)));
    assert_eq!((row.duration.p50_ms, row.duration.p99_ms), (Some(100), Some(100)));
    assert_eq!(queue.store.stats(None, t(0)).await.unwrap().len(), 2);
    assert!(queue.store.stats(Some("cafe"), t(60 * 24 * 40)).await.unwrap().is_empty());
}

#[tokio::test]
async fn months_begin_where_the_daemon_runs_and_follow_its_clocks() {
    let queue = Queue::new().await;
    let published = async |job: &str, at: &str| {
        let at: jiff::Timestamp = at.parse().unwrap();
        let posts = JobPosts { occurrences: vec![occurrence(at)], add_after: jiff::Timestamp::MIN, ..note(job, at) };
        queue.enqueue(&posts, t(-60)).await;
        let intent = queue.intend("cafe", at).await;
        let _ = queue.store.record_published(intent, &format!("_c.{job}"), None, at).await.unwrap();
    };
    let months = async || -> Vec<(String, u32)> {
        let rows = queue.store.stats(None, t(-60 * 24 * 40)).await.unwrap();
        rows.into_iter().map(|row| (row.month, row.published)).collect()
    };
    let zone = |name| jiff::tz::TimeZone::get(name).unwrap();
    assert_eq!(queue.store.counting_zone().await.unwrap(), "UTC");
    queue.store.keep_calendar(&zone("Asia/Seoul"), t(0)).await.unwrap();
    queue.store.keep_calendar(&zone("Asia/Seoul"), t(9)).await.unwrap();
    assert_eq!(queue.number("SELECT count(*) FROM calendar").await, Some(1), "told twice, written once");
    published("a", "2026-12-31T14:59:59Z").await;
    published("b", "2026-12-31T15:00:00Z").await;
    assert_eq!(months().await, [("2027-01".into(), 1), ("2026-12".into(), 1)]);
    // A clock that is put forward on the 14th of March is behind by an hour less at the end of the month.
    queue.store.keep_calendar(&zone("America/New_York"), "2027-02-01T00:00:00Z".parse().unwrap()).await.unwrap();
    let rows = queue.number("SELECT count(*) FROM calendar").await;
    queue.store.keep_calendar(&zone("America/New_York"), "2027-03-20T00:00:00Z".parse().unwrap()).await.unwrap();
    assert_eq!(queue.number("SELECT count(*) FROM calendar").await, rows, "known for years");
    published("c", "2027-03-01T04:59:59Z").await;
    published("d", "2027-04-01T03:59:59Z").await;
    published("e", "2027-04-01T04:00:00Z").await;
    let told = [
        ("2027-04".into(), 1),
        ("2027-03".into(), 1),
        ("2027-02".into(), 1),
        ("2027-01".into(), 1),
        ("2026-12".into(), 1),
    ];
    assert_eq!(months().await, told);
}

#[tokio::test]
async fn however_many_were_missed_so_many_are_looked_at_and_that_there_are_more_is_said() {
    let queue = Queue::new().await;
    queue.post_in(PostState::Missed).await;
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10050)
         INSERT INTO post (job, nominal, nominal_at, account, content, kind, text_key, zone, occurs_at, due_at, late_within, late_then,
           in_doubt, actor, changed_at, created_at)
         SELECT p.job, i, i, p.account, p.content, p.kind, p.text_key, p.zone, i, i, 0, 'post', 'repost', 'plan', p.changed_at, 0
         FROM n, post p WHERE p.id = 1";
    queue.sql(sql).await.unwrap();
    queue.sql("UPDATE post SET state = 'missed', event = 'miss' WHERE state = 'scheduled'").await.unwrap();
    let filter = FailureFilter { account: None, missed_since: t(-10_000) };
    let causes = queue.store.causes(filter).await.unwrap();
    let [row] = causes.as_slice() else { panic!("{causes:?}") };
    assert_eq!((row.posts, row.or_more, row.numbers.len()), (10_000, true, 1_000));
    let later = FailureFilter { missed_since: t(10_000), ..filter };
    assert!(queue.store.causes(later).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_post_of_a_job_file_moves_to_a_later_time_and_one_by_hand_to_any() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(60))).await;
    let to = |minutes| Move { to: t(minutes), actor: "anna", reason: "rain", prepare_ahead: AHEAD, zone: "UTC" };
    let early = queue.store.reschedule(post, to(30), t(0)).await.unwrap_err();
    assert!(matches!(early, OperatorRefusal::BeforeItsJob { .. }), "{early}");
    queue.store.reschedule(post, to(90), t(0)).await.unwrap();
    let row = queue.store.post(post).await.unwrap().unwrap();
    assert_eq!((row.due_at, row.occurs_at, row.state), (t(90), t(60), PostState::Scheduled));
    assert_eq!(queue.last(post).await, ("reschedule".into(), "anna".into()));
    let by_hand = queue.add(&note("@b", t(60))).await;
    queue.store.reschedule(by_hand, to(30), t(0)).await.unwrap();
    let row = queue.store.post(by_hand).await.unwrap().unwrap();
    assert_eq!((row.due_at, row.occurs_at), (t(30), t(30)));
    assert_eq!(queue.only_jobs(&["a"], t(1)).await, 0, "no job file withdraws what a person put there");
    let published = queue.post_in(PostState::Published).await;
    let refusal = queue.store.reschedule(published, to(90), t(0)).await.unwrap_err();
    assert!(matches!(refusal, OperatorRefusal::NotPossible { .. }), "{refusal}");
    let failed = queue.post_in(PostState::Failed).await;
    queue.store.reschedule(failed, to(90), t(5)).await.unwrap();
    assert_eq!(queue.state(failed).await, PostState::Scheduled);
}

/// An audit of `cafe` that found one story which nobody asked for.
async fn found(queue: &Queue, story: &str) {
    let audit = queue.store.order_audit("cafe", "anna", t(0)).await.unwrap();
    assert_eq!(queue.store.order_audit("cafe", "bert", t(1)).await.unwrap(), audit, "one at a time");
    let run = queue.store.audit_due("cafe", t(1)).await.unwrap().unwrap();
    let shown = Some(ShownStory { created_at: t(-100), content: text("남의 글") });
    let finding = NewFinding {
        story_id: story.into(),
        kind: FindingKind::Unknown,
        post: None,
        detail: "it is not on record".into(),
        shown,
    };
    let seen = [AuditedStory { story_id: story.into(), comments: 2, moods: 5, as_recorded: true }];
    let _ = queue.store.record_page(&run, &seen, &[finding], None, (t(2), t(1))).await.unwrap();
    let run = queue.store.audit_due("cafe", t(2)).await.unwrap().unwrap();
    assert!(run.listed && queue.store.unlisted(&run, t(-20), 9).await.unwrap().is_empty());
    let _ = queue.store.end_audit(&run, None, t(2)).await.unwrap();
}

#[tokio::test]
async fn a_stranger_is_adopted_once_and_is_a_story_like_any_other() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(60))).await;
    found(&queue, "_c.9").await;
    assert_eq!(queue.store.open_findings(None).await.unwrap().len(), 1);
    let order = AdoptOrder { actor: "anna", reason: "posted by hand" };
    assert_eq!(queue.store.strangers("_c.9").await.unwrap(), ["cafe"]);
    let post = queue.store.adopt("cafe", "_c.9", None, order, t(3)).await.unwrap();
    assert_eq!(queue.state(post).await, PostState::Published);
    let (stories, _) = queue.store.story_page(&StoryFilter::default(), None, 9).await.unwrap();
    assert_eq!((stories[0].story_id.as_str(), stories[0].published_at), ("_c.9", t(-100)));
    assert!(queue.store.open_findings(None).await.unwrap().is_empty(), "it is seen to");
    assert!(queue.store.strangers("_c.9").await.unwrap().is_empty());
    let again = queue.store.adopt("cafe", "_c.9", None, order, t(4)).await.unwrap_err();
    assert!(matches!(again, OperatorRefusal::StoryTaken(_)), "{again}");
    let seen = queue.store.engagement("_c.9").await.unwrap();
    assert_eq!((seen[0].comments, seen[0].moods), (2, 5));
    assert!(queue.store.check().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_stranger_can_be_the_story_of_a_post_that_was_given_up() {
    let queue = Queue::new().await;
    let day = Duration::from_secs(86_400);
    queue.add(&JobPosts { delete_after: Some(day), ..note("a", t(60)) }).await;
    let failed = queue.post_in(PostState::Failed).await;
    found(&queue, "_c.9").await;
    let order = AdoptOrder { actor: "anna", reason: "" };
    let other = queue.store.adopt("cafe", "_c.9", Some(failed), order, t(3)).await.unwrap_err();
    assert!(matches!(other, OperatorRefusal::NotPossible { .. }), "it is of another account: {other}");
    let own = queue.only("a").await.post;
    assert_eq!(queue.store.adopt("cafe", "_c.9", Some(own), order, t(3)).await.unwrap(), own);
    assert_eq!(queue.last(own).await, ("adopt".into(), "anna".into()));
    let stories = queue.store.stories(None, None, 9).await.unwrap();
    assert_eq!(stories[0].delete_at, Some(t(-100) + day), "it is as old as Kakao says");
}

#[tokio::test]
async fn a_story_that_a_post_of_the_future_took_over_is_of_its_job_and_tag_in_any_period() {
    let queue = Queue::new().await;
    let job = JobPosts { tags: vec!["menu".into()], ..note("a", t(600)) };
    queue.add(&job).await;
    found(&queue, "_c.9").await;
    let order = AdoptOrder { actor: "anna", reason: "" };
    let post = queue.only("a").await.post;
    queue.store.adopt("cafe", "_c.9", Some(post), order, t(3)).await.unwrap();
    for (job, tag) in [(None, None), (Some("a"), None), (None, Some("menu")), (Some("a"), Some("menu"))] {
        let filter = |from, until| StoryFilter {
            job: job.map(str::to_owned),
            tag: tag.map(str::to_owned),
            from,
            until,
            stands: StoryStands::Up,
            ..StoryFilter::default()
        };
        // It was published at -100.
        for (from, until, stories) in
            [(None, Some(t(10)), 1), (Some(t(-101)), Some(t(-99)), 1), (None, Some(t(-100)), 0)]
        {
            let (found, _) = queue.store.story_page(&filter(from, until), None, 9).await.unwrap();
            assert_eq!(found.len(), stories, "{job:?} {tag:?} {from:?} {until:?}");
        }
    }
}

#[tokio::test]
async fn many_stories_are_ordered_down_one_after_the_other() {
    let queue = Queue::new().await;
    for job in ["a", "b", "c"] {
        queue.add(&note(job, t(0))).await;
        let intent = queue.intend("cafe", t(0)).await;
        let _ = queue.store.record_published(intent, &format!("_c.{job}"), None, t(0)).await.unwrap();
    }
    let up = StoryFilter { stands: StoryStands::Up, ..StoryFilter::default() };
    let (stories, _) = queue.store.story_page(&up, None, 9).await.unwrap();
    let posts: Vec<i64> = stories.iter().map(|story| story.post).collect();
    let order = DeleteOrder { actor: "anna", reason: "season is over" };
    let minute = Duration::from_secs(60);
    assert_eq!(queue.store.order_deletes(&posts, order, (t(1), minute), t(1)).await.unwrap(), 3);
    for (after, gone) in [(1, 1), (2, 2), (3, 3)] {
        let doomed = queue.store.begin_delete("cafe", t(after)).await.unwrap().unwrap();
        assert!(queue.store.begin_delete("cafe", t(0)).await.unwrap().is_none());
        let _ = queue.store.record_deleted(doomed, "taken down", t(after)).await.unwrap();
        assert_eq!(queue.store.deletions(&posts).await.unwrap().deleted, gone);
    }
    assert!(queue.store.story_page(&up, None, 9).await.unwrap().0.is_empty());
    assert_eq!(queue.store.order_deletes(&posts, order, (t(4), minute), t(4)).await.unwrap(), 0, "nothing is up");
    assert_eq!(queue.store.stats(None, t(0)).await.unwrap()[0].deleted, 3);
}

#[tokio::test]
async fn what_is_over_and_old_leaves_the_record_and_is_never_posted_again() {
    let queue = Queue::new().await;
    let states = [PostState::Deleted, PostState::Cancelled, PostState::Missed, PostState::Failed, PostState::Published];
    for state in states {
        queue.post_in(state).await;
    }
    for state in states {
        assert_eq!(queue.store.prune_posts(state, t(-1)).await.unwrap(), 0, "{state} is not old yet");
    }
    let old = t(60 * 24 * 500);
    for state in &states[..4] {
        assert_eq!(queue.store.prunable(*state, old).await.unwrap(), 1);
        assert_eq!(queue.store.prune_posts(*state, old).await.unwrap(), 1, "{state}");
        assert_eq!(queue.store.prune_posts(*state, old).await.unwrap(), 0);
    }
    assert_eq!(queue.store.prune_posts(PostState::Published, old).await.unwrap(), 0, "it is up");
    assert_eq!(queue.store.counts().await.unwrap(), [(PostState::Published, 1)]);
    for table in ["event", "attempt", "post_tag"] {
        let stray = format!("SELECT count(*) FROM {table} WHERE post_id NOT IN (SELECT id FROM post)");
        assert_eq!(queue.number(&stray).await, Some(0), "{table}");
    }
    let account = "account-missed".to_owned();
    let again = queue.enqueue(&JobPosts { account, ..note("missed", t(0)) }, old).await;
    assert_eq!(again.added, 0, "its name is remembered");
    assert!(queue.posts("missed").await.is_empty());
    assert!(queue.store.check().await.unwrap().is_empty());
    assert!(queue.sql("DELETE FROM post").await.is_err());
    assert!(queue.sql("DELETE FROM pruned").await.is_err());
}

#[tokio::test]
async fn an_export_holds_every_row_once() {
    let queue = forty().await;
    queue.post_in(PostState::Published).await;
    for (table, count) in [
        (RecordTable::Posts, "post"),
        (RecordTable::Events, "event"),
        (RecordTable::Attempts, "attempt"),
        (RecordTable::Stories, "story"),
    ] {
        let (mut keys, mut after) = (Vec::new(), 0);
        loop {
            let rows = queue.store.record(table, after, 7).await.unwrap();
            let Some(last) = rows.last() else { break };
            after = last.key();
            keys.extend(rows.iter().map(storyd::store::view::RecordRow::key));
        }
        assert!(keys.is_sorted_by(|a, b| a < b), "{table:?}");
        let all = queue.number(&format!("SELECT count(*) FROM {count}")).await;
        assert_eq!(i64::try_from(keys.len()).ok(), all, "{table:?}");
    }
}
