//! From the plan to the queue and again: what is added, what follows an edit, what is withdrawn, and what is never touched.

use std::time::Duration;

use jiff::Timestamp;
use storyd::domain::policy::{InDoubt, Late, LateThen};
use storyd::domain::post::PostState;
use storyd::store::crash::dying_at;
use storyd::store::queue::{Enqueued, JobPosts, NewPost};

use crate::support::queue::{
    AHEAD, LEASE, Queue, ambiguous, micro, named, note, occurrence, photo, t, text, transient,
};

fn counted(added: u64, changed: u64, cancelled: u64, restored: u64, busy: u64) -> Enqueued {
    Enqueued { added, changed, cancelled, restored, busy, ..Enqueued::default() }
}

/// A job with these occurrences.
fn job(occurrences: Vec<NewPost>) -> JobPosts {
    JobPosts { occurrences, ..note("a", t(0)) }
}

fn none(job: &str) -> JobPosts {
    JobPosts { occurrences: Vec::new(), ..note(job, t(0)) }
}

fn skip(seconds: u64) -> Late {
    Late { within: Duration::from_secs(seconds), then: LateThen::Skip }
}

/// (name, instant, state) of every post of the job `a`, by instant.
async fn rows(queue: &Queue) -> Vec<(Timestamp, PostState)> {
    let mut rows: Vec<_> = queue.posts("a").await.into_iter().map(|row| (row.occurs_at, row.state)).collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn the_same_plan_twice_changes_nothing_the_second_time() {
    let queue = Queue::new().await;
    let plan = JobPosts {
        late: skip(600),
        delete_after: Some(Duration::from_secs(60)),
        tags: vec!["menu".into()],
        occurrences: vec![occurrence(t(0)), occurrence(t(1))],
        ..photo("a", t(0))
    };
    assert_eq!(queue.enqueue(&plan, t(-60)).await, counted(2, 0, 0, 0, 0));
    assert_eq!(queue.enqueue(&plan, t(-30)).await, Enqueued::default());
    assert_eq!(queue.number("SELECT count(*) FROM event").await, Some(2));
}

#[tokio::test]
async fn an_edit_reaches_a_post_that_waits() {
    let queue = Queue::new().await;
    let post = queue.add(&photo("a", t(0))).await;
    queue.prepare("cafe", t(-10)).await;
    let edited = JobPosts { content: text("고친 글"), ..photo("a", t(0)) };
    assert_eq!(queue.enqueue(&edited, t(-5)).await, counted(0, 1, 0, 0, 0));
    let row = queue.only("a").await;
    assert_eq!((row.kind.as_str(), row.content.text()), ("note", Some("고친 글")));
    assert_eq!(queue.instant(post, "artifact_until_at").await, None, "what was uploaded is of no use");
    assert_eq!(queue.events(post).await.pop().unwrap().reason, "the job file changed its content");
    assert_eq!(queue.claim("cafe", t(0)).await.unwrap().content().text(), Some("고친 글"));
}

#[tokio::test]
async fn an_edit_of_the_content_starts_with_fresh_attempts_and_an_edit_of_the_tags_does_not() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    let claim = queue.claim("cafe", t(0)).await.unwrap();
    let _ = queue.store.retry(claim, &transient(), t(5), AHEAD, t(0)).await.unwrap();
    queue.enqueue(&JobPosts { tags: vec!["x".into()], ..note("a", t(0)) }, t(1)).await;
    assert_eq!(queue.only("a").await.publish_failures, 1);
    queue.enqueue(&JobPosts { content: text("고친 글"), ..note("a", t(0)) }, t(2)).await;
    let row = queue.only("a").await;
    assert_eq!((row.publish_failures, row.due_at), (0, t(5)), "the next try is when it was");
}

#[tokio::test]
async fn another_account_takes_the_post_over_and_prepares_it_anew() {
    let queue = Queue::new().await;
    let post = queue.add(&photo("a", t(0))).await;
    queue.prepare("cafe", t(-10)).await;
    assert_eq!(queue.enqueue(&JobPosts { account: "shop".into(), ..photo("a", t(0)) }, t(-5)).await.changed, 1);
    assert_eq!(queue.instant(post, "prepare_at").await, Some(t(-10)));
    assert!(queue.claim("cafe", t(0)).await.is_none() && queue.claim("shop", t(0)).await.is_none());
    assert_eq!(queue.prepare("shop", t(0)).await, post);
    assert!(queue.claim("shop", t(0)).await.is_some());
}

#[tokio::test]
async fn a_post_that_is_held_or_failed_follows_the_file_and_stays_where_it_is() {
    let queue = Queue::new().await;
    for state in [PostState::Held, PostState::Failed] {
        let post = queue.post_in(state).await;
        let name = state.as_str();
        let account = format!("account-{state}");
        let late = Late { within: Duration::from_secs(1200), then: LateThen::Skip };
        let edited = JobPosts { account, late, content: text("고친 글"), ..note(name, t(0)) };
        queue.enqueue(&edited, t(15)).await;
        let row = queue.only(name).await;
        assert_eq!((row.state, row.content.text()), (state, Some("고친 글")));
        assert_eq!(queue.last(post).await.0, "edit");
        assert_eq!(queue.enqueue(&edited, t(16)).await, Enqueued::default());
    }
}

#[tokio::test]
async fn a_claimed_post_is_edited_once_its_attempt_is_over() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    let claim = queue.claim("cafe", t(0)).await.unwrap();
    let edited = JobPosts { content: text("고친 글"), ..note("a", t(0)) };
    assert_eq!(queue.enqueue(&note("a", t(0)), t(0)).await, Enqueued::default(), "no edit, nobody is in the way");
    assert_eq!(queue.enqueue(&edited, t(0)).await, counted(0, 0, 0, 0, 1));
    assert_eq!(claim.content().text(), Some("글 a"));
    let _ = queue.store.retry(claim, &transient(), t(5), AHEAD, t(0)).await.unwrap();
    assert_eq!(queue.enqueue(&edited, t(1)).await, counted(0, 1, 0, 0, 0));
}

#[tokio::test]
async fn what_is_out_or_on_its_way_is_never_touched_nor_added_again() {
    let queue = Queue::new().await;
    for state in [PostState::Publishing, PostState::InDoubt, PostState::Published, PostState::Deleted] {
        let post = queue.post_in(state).await;
        let name = state.as_str();
        let before = queue.events(post).await.len();
        let account = format!("account-{state}");
        let edited = JobPosts { account: account.clone(), content: text("고친 글"), ..note(name, t(0)) };
        let moved = JobPosts { account, occurrences: vec![named(&t(0).to_string(), t(99))], ..note(name, t(0)) };
        let renamed = JobPosts { occurrences: vec![named("another name", t(0))], ..edited.clone() };
        for plan in [edited, moved, renamed, none(name)] {
            assert_eq!(queue.enqueue(&plan, t(1)).await, Enqueued::default(), "{state}");
        }
        assert_eq!((queue.state(post).await, queue.events(post).await.len()), (state, before));
        assert_eq!(queue.posts(name).await.len(), 1, "{state}");
    }
}

#[tokio::test]
async fn a_time_that_left_the_file_is_withdrawn_and_goes_on_when_it_is_back() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    assert_eq!(queue.enqueue(&none("a"), t(-50)).await, counted(0, 0, 1, 0, 0));
    let row = queue.only("a").await;
    assert_eq!((row.state, row.reason.as_str()), (PostState::Cancelled, "its time left the job file"));
    assert_eq!(queue.enqueue(&none("a"), t(-49)).await, Enqueued::default());
    assert_eq!(queue.enqueue(&note("a", t(0)), t(-40)).await, counted(0, 0, 0, 1, 0));
    assert_eq!(queue.last(post).await, ("release".to_owned(), "plan".to_owned()));
    assert!(queue.claim("cafe", t(0)).await.is_some());
}

#[tokio::test]
async fn what_is_back_says_what_the_file_says_now() {
    let queue = Queue::new().await;
    queue.add(&photo("a", t(0))).await;
    queue.enqueue(&none("a"), t(-50)).await;
    let edited = JobPosts { content: text("고친 글"), late: skip(60), ..photo("a", t(0)) };
    assert_eq!(queue.enqueue(&edited, t(-40)).await, counted(0, 0, 0, 1, 0));
    assert_eq!(queue.claim("cafe", t(0)).await.unwrap().content().text(), Some("고친 글"));
}

#[tokio::test]
async fn a_claimed_post_whose_time_left_the_file_never_leaves() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    let claim = queue.claim("cafe", t(0)).await.unwrap();
    assert_eq!(queue.enqueue(&none("a"), t(0)).await.cancelled, 1);
    assert_eq!(queue.open_attempts().await, 0);
    assert!(queue.store.intend(claim, t(0), LEASE).await.unwrap().is_none());
    assert_eq!(queue.state(post).await, PostState::Cancelled);
}

#[tokio::test]
async fn what_a_person_cancelled_stays_cancelled_and_still_follows_the_file() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    queue.store.cancel(post, "anna", "not now", t(-50)).await.unwrap();
    let edited = JobPosts { content: text("고친 글"), ..note("a", t(0)) };
    assert_eq!(queue.enqueue(&edited, t(-40)).await, Enqueued::default());
    assert_eq!(queue.enqueue(&none("a"), t(-30)).await, Enqueued::default());
    assert_eq!(queue.enqueue(&edited, t(-20)).await, Enqueued::default());
    assert_eq!(queue.state(post).await, PostState::Cancelled);
    queue.store.release(post, &[PostState::Cancelled], "anna", "", AHEAD, t(-10)).await.unwrap();
    assert!(queue.claim("cafe", t(0)).await.is_none(), "not before it was held against the file once more");
    queue.enqueue(&edited, t(-9)).await;
    assert_eq!(queue.claim("cafe", t(0)).await.unwrap().content().text(), Some("고친 글"));
}

#[tokio::test]
async fn a_job_that_left_the_files_is_withdrawn_whole() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    queue.add(&note("b", t(1))).await;
    let claim = queue.claim("cafe", t(0)).await.unwrap();
    assert_eq!(queue.only_jobs(&["b"], t(0)).await, 1);
    assert_eq!(queue.only_jobs(&["b"], t(0)).await, 0);
    assert_eq!(queue.only("a").await.reason, "its job left the job files");
    assert_eq!(queue.only("b").await.state, PostState::Scheduled);
    assert_eq!(queue.open_attempts().await, 0);
    assert!(queue.store.intend(claim, t(0), LEASE).await.unwrap().is_none());
    assert_eq!(queue.enqueue(&note("a", t(0)), t(1)).await.restored, 1);
}

#[tokio::test]
async fn what_a_schedule_yielded_while_its_job_was_in_no_file_is_not_made_up_for() {
    let queue = Queue::new().await;
    queue.add(&JobPosts { complete_until: t(10), ..note("a", t(0)) }).await;
    let known = queue.store.known_job("a").await.unwrap().unwrap();
    assert_eq!((known.enqueued_until, known.first_waiting), (t(10), Some(t(0))));
    queue.only_jobs(&[], t(5)).await;
    let known = queue.store.known_job("a").await.unwrap().unwrap();
    assert_eq!((known.enqueued_until, known.first_waiting), (Timestamp::MAX, None));
    let back = JobPosts { complete_until: t(500), occurrences: vec![occurrence(t(400))], ..note("a", t(0)) };
    queue.enqueue(&back, t(300)).await;
    assert_eq!(queue.store.known_job("a").await.unwrap().unwrap().enqueued_until, t(500), "from here on it counts");
}

#[tokio::test]
async fn a_job_without_waiting_posts_is_noticed_when_it_leaves_the_files() {
    let queue = Queue::new().await;
    queue.enqueue(&none("a"), t(0)).await;
    assert_eq!(queue.only_jobs(&[], t(5)).await, 0);
    assert_eq!(queue.store.known_job("a").await.unwrap().unwrap().enqueued_until, Timestamp::MAX);
    assert!(queue.store.known_job("b").await.unwrap().is_none());
}

#[tokio::test]
async fn the_watermark_only_rises() {
    let queue = Queue::new().await;
    queue.add(&JobPosts { complete_until: t(10), ..note("a", t(0)) }).await;
    queue.enqueue(&JobPosts { complete_until: t(5), ..note("a", t(0)) }, t(-70)).await;
    let known = queue.store.known_job("a").await.unwrap().unwrap();
    assert_eq!((known.enqueued_until, known.first_seen_at), (t(10), t(-60)));
}

#[tokio::test]
async fn an_occurrence_before_the_start_is_kept_when_it_waits_and_never_added() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    let plan = JobPosts {
        add_after: t(5),
        occurrences: vec![occurrence(t(0)), occurrence(t(3)), occurrence(t(5)), occurrence(t(6))],
        ..note("a", t(0))
    };
    assert_eq!(queue.enqueue(&plan, t(5)).await, counted(1, 0, 0, 0, 0));
    assert_eq!(rows(&queue).await, [(t(0), PostState::Scheduled), (t(6), PostState::Scheduled)]);
}

#[tokio::test]
async fn a_changed_late_policy_applies_to_the_window_as_it_began() {
    let queue = Queue::new().await;
    let post = queue.add(&JobPosts { late: skip(600), ..note("a", t(0)) }).await;
    queue.enqueue(&JobPosts { late: skip(1200), ..note("a", t(0)) }, t(-50)).await;
    assert_eq!(queue.instant(post, "late_until_at").await, Some(t(20)));
    queue.enqueue(&note("a", t(0)), t(-40)).await;
    assert_eq!(queue.instant(post, "late_until_at").await, None, "post: never too late");
    queue.enqueue(&JobPosts { late: skip(600), ..note("a", t(0)) }, t(-30)).await;
    assert_eq!(queue.instant(post, "late_until_at").await, Some(t(10)));
    assert_eq!(queue.store.sweep_late(t(11)).await.unwrap().missed, 1);
    queue.store.release(post, &[PostState::Missed], "anna", "", AHEAD, t(60)).await.unwrap();
    queue.enqueue(&JobPosts { late: skip(1800), ..note("a", t(0)) }, t(61)).await;
    assert_eq!(queue.instant(post, "late_until_at").await, Some(t(90)), "what a person let go keeps its window");
}

#[tokio::test]
async fn how_long_a_story_stays_up_follows_the_file_until_it_is_out() {
    let queue = Queue::new().await;
    queue.add(&JobPosts { delete_after: Some(Duration::from_secs(60)), ..note("a", t(0)) }).await;
    queue.enqueue(&JobPosts { delete_at: Some(t(30)), in_doubt: InDoubt::Hold, ..note("a", t(0)) }, t(-5)).await;
    let intent = queue.intend("cafe", t(0)).await;
    let _ = queue.store.record_published(intent, "_s.1", None, t(0)).await.unwrap();
    let stays = note("a", t(0));
    assert_eq!(queue.enqueue(&stays, t(1)).await, Enqueued::default());
    assert_eq!(queue.store.stories(None, None, 9).await.unwrap()[0].delete_at, Some(t(30)));
}

#[tokio::test]
async fn a_post_of_now_keeps_its_instant() {
    let queue = Queue::new().await;
    queue.enqueue(&job(vec![named("now", t(0))]), t(0)).await;
    assert_eq!(queue.store.known_job("a").await.unwrap().unwrap().now_post, Some(t(0)));
    let intent = queue.intend("cafe", t(0)).await;
    let _ = queue.store.record_doubt(intent, &ambiguous(), t(1), micro(t(0))).await.unwrap();
    assert_eq!(queue.store.known_job("a").await.unwrap().unwrap().now_post, Some(t(0)));
    assert_eq!(queue.enqueue(&job(vec![named("now", t(0))]), t(9)).await, Enqueued::default());
}

/// More jobs, and more posts, than one statement reads or writes.
#[tokio::test]
async fn many_jobs_are_brought_in_line_together_each_by_its_own_word() {
    let queue = Queue::new().await;
    let name = |n: usize| format!("job-{n:04}");
    let mut jobs: Vec<JobPosts> = (0..1_100).map(|n| note(&name(n), t(n as i64))).collect();
    jobs[7].occurrences = (0..1_300).map(|n| occurrence(t(n))).collect();
    let names: Vec<String> = (0..1_100).map(name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let enqueue = async |jobs: &[JobPosts], now| queue.store.enqueue(jobs, &names, now).await.unwrap();
    assert_eq!(enqueue(&jobs, t(-60)).await, counted(2_399, 0, 0, 0, 0));
    assert_eq!(enqueue(&jobs, t(-59)).await, Enqueued::default());
    assert_eq!(queue.number("SELECT count(*) FROM event").await, Some(2_399));
    for (n, job) in jobs.iter().enumerate().filter(|(n, _)| n % 500 == 0) {
        let row = queue.only(&job.job).await;
        assert_eq!((row.occurs_at, row.state, row.job), (t(n as i64), PostState::Scheduled, name(n)));
    }
    let known = queue.store.known_jobs(&names).await.unwrap();
    assert_eq!((known.len(), known[names[1_099]].first_waiting), (1_100, Some(t(1_099))));

    // One that was pruned leaves its neighbours alone, and is not there to be held either.
    let gone = queue.only(names[3]).await.post;
    queue.store.cancel(gone, "anna", "", t(-50)).await.unwrap();
    let old = t(60 * 24 * 500);
    assert_eq!(queue.store.prune_posts(PostState::Cancelled, old).await.unwrap(), 1);
    jobs[2].occurrences.push(occurrence(t(5_000)));
    jobs[3].occurrences.push(occurrence(t(5_000)));
    jobs[4].content = text("고친 글");
    jobs[5].occurrences = vec![occurrence(t(5_001))];
    assert_eq!(enqueue(&jobs, t(-40)).await, counted(3, 1, 1, 0, 0));
    assert_eq!(queue.only(names[3]).await.occurs_at, t(5_000));
    assert_eq!(enqueue(&jobs, t(-39)).await, Enqueued::default());
    assert!(queue.store.check().await.unwrap().is_empty());
}

/// A post that falls due meanwhile gets its turn at the writer, and a start after a kill goes on where the one before it stopped.
#[tokio::test]
async fn what_is_interrupted_leaves_each_job_as_it_was_or_as_it_should_be_and_goes_on_there() {
    let queue = Queue::new().await;
    let name = |n: usize| format!("job-{n:04}");
    let mut jobs: Vec<JobPosts> = (0..1_000).map(|n| note(&name(n), t(n as i64))).collect();
    jobs[600].occurrences = (0..600).map(|n| occurrence(t(n))).collect();
    let names: Vec<String> = (0..1_000).map(name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let died = dying_at(Some(4), queue.store.enqueue(&jobs, &names, t(-60))).await;
    assert!(died.0.is_none());
    let written = queue.number("SELECT count(*) FROM post").await.unwrap();
    assert!((300..1_599).contains(&written), "{written}");
    // A job of many posts is whole up to its watermark, and no other is there without its posts.
    let of_many = queue.number("SELECT count(*) FROM post WHERE job = 'job-0600'").await.unwrap();
    assert!([0, 500, 600].contains(&of_many), "{of_many}");
    assert_eq!(
        queue.number("SELECT count(*) FROM job j WHERE NOT EXISTS (SELECT 1 FROM post p WHERE p.job = j.name)").await,
        Some(0),
        "no watermark of what is not there"
    );
    let beyond = "SELECT count(*) FROM job j WHERE j.name = 'job-0600' AND j.enqueued_until_at >
                    (SELECT max(nominal_at) + 60000000 FROM post WHERE job = j.name) AND 600 >
                    (SELECT count(*) FROM post WHERE job = j.name)";
    assert_eq!(queue.number(beyond).await, Some(0), "nor of what is still missing");
    let rest = u64::try_from(1_599 - written).unwrap();
    assert_eq!(queue.store.enqueue(&jobs, &names, t(-59)).await.unwrap(), counted(rest, 0, 0, 0, 0));
    assert_eq!(queue.store.enqueue(&jobs, &names, t(-58)).await.unwrap(), Enqueued::default());
}

/// One occurrence that the queue refuses costs that one: of its job, of a job of very many, and of a change of another.
#[tokio::test]
async fn what_is_refused_of_a_plan_is_left_out_and_the_rest_is_there() {
    let queue = Queue::new().await;
    let name = |n: usize| format!("job-{n:04}");
    let mut jobs: Vec<JobPosts> = (0..400).map(|n| note(&name(n), t(n as i64))).collect();
    jobs[60].occurrences = (0..1_600).map(|n| occurrence(t(n))).collect();
    jobs[70].occurrences = (0..20).map(|n| occurrence(t(n))).collect();
    let names: Vec<String> = (0..400).map(name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let at = |minutes: i64| t(minutes).as_microsecond();
    for (number, when) in [
        format!("NEW.job = 'job-0060' AND NEW.nominal_at IN ({}, {})", at(3), at(1_234)),
        format!("NEW.job = 'job-0070' AND NEW.nominal_at = {}", at(7)),
        "NEW.job = 'job-0080'".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let refuse = format!(
            "CREATE TRIGGER refuse_{number} BEFORE INSERT ON post WHEN {when} BEGIN SELECT RAISE(ABORT, 'as a test wants it'); END"
        );
        queue.sql(&refuse).await.unwrap();
    }
    let all = 397 + 1_600 + 20 + 1;
    let first = queue.store.enqueue(&jobs, &names, t(-60)).await.unwrap();
    assert_eq!((first.added, first.refused), (all - 4, 4));
    assert_eq!(queue.number("SELECT count(*) FROM post").await, Some(i64::try_from(all).unwrap() - 4));
    // The others follow their files all the same, and what was refused comes once it is taken.
    queue.sql("CREATE TRIGGER refuse_edit BEFORE UPDATE ON post WHEN OLD.job = 'job-0005' BEGIN SELECT RAISE(ABORT, 'no'); END").await.unwrap();
    for job in [5, 6] {
        jobs[job].content = text("고친 글");
    }
    let second = queue.store.enqueue(&jobs, &names, t(-50)).await.unwrap();
    assert_eq!((second.changed, second.refused), (1, 5));
    for trigger in ["refuse_0", "refuse_1", "refuse_2", "refuse_edit"] {
        queue.sql(&format!("DROP TRIGGER {trigger}")).await.unwrap();
    }
    let third = queue.store.enqueue(&jobs, &names, t(-40)).await.unwrap();
    assert_eq!((third.added, third.changed, third.refused), (4, 1, 0));
    // Jobs that leave: the one that cannot be withdrawn keeps none of the others.
    queue.sql("CREATE TRIGGER refuse_leave BEFORE UPDATE ON post WHEN OLD.job = 'job-0009' BEGIN SELECT RAISE(ABORT, 'no'); END").await.unwrap();
    let left = queue.store.enqueue(&[], &names[..5], t(-30)).await.unwrap();
    assert_eq!((left.withheld, left.refused), (all - 5 - 1, 1));
}
