//! What the database itself refuses, whoever asks: every CHECK and every trigger, broken through raw SQL.

use storyd::domain::post::{PostEvent, PostState};

use crate::support::queue::{Queue, micro, note, photo, t};

/// Asserts that SQLite refuses `sql` and says `why`.
async fn refused(queue: &Queue, sql: &str, why: &str) {
    match queue.sql(sql).await {
        Ok(rows) => panic!("accepted, {rows} rows: {sql}"),
        Err(error) => assert!(error.contains(why), "{sql}\nsays {error:?} instead of {why:?}"),
    }
}

#[tokio::test]
async fn the_table_of_transitions_is_that_of_the_domain() {
    let queue = Queue::new().await;
    for state in PostState::ALL {
        for event in PostEvent::ALL {
            let next = state.next(event).map(PostState::as_str).unwrap_or("");
            let sql = format!(
                "SELECT coalesce((SELECT next FROM transition WHERE state = '{state}' AND event = '{event}'), '') = '{next}'"
            );
            assert_eq!(queue.number(&sql).await, Some(1), "{state} and {event} do not lead to {next:?}");
        }
    }
    let legal = PostState::ALL.iter().flat_map(|s| PostEvent::ALL.map(|e| s.next(e))).filter(Result::is_ok).count();
    assert_eq!(queue.number("SELECT count(*) FROM transition").await, i64::try_from(legal).ok());
}

#[tokio::test]
async fn a_row_moves_exactly_as_the_domain_allows() {
    let queue = Queue::new().await;
    for state in PostState::ALL {
        let post = queue.post_in(state).await;
        let mut connection = queue.connection().await;
        for event in PostEvent::ALL {
            for next in PostState::ALL.into_iter().filter(|next| *next != state) {
                // All that the CHECKs ask for in the new state, so that nothing but the move itself can be refused.
                let sql = format!(
                    "BEGIN; UPDATE post SET state = '{next}', event = '{event}', claim = claim + 1, intent_at = 1,
                       lease_until_at = iif('{next}' IN ('claimed', 'publishing'), 1, NULL), parked_at = NULL,
                       reconcile_at = iif('{next}' = 'in_doubt', 1, NULL),
                       story_id = iif('{next}' IN ('published', 'deleted'), coalesce(story_id, '_t.1'), story_id)
                     WHERE id = {post}"
                );
                let moved = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await;
                sqlx::raw_sql("ROLLBACK").execute(&mut connection).await.unwrap();
                match moved {
                    Ok(_) => assert_eq!(state.next(event), Ok(next), "{state} became {next} by {event}"),
                    Err(error) => {
                        assert!(
                            error.to_string().contains("illegal transition"),
                            "{state} to {next} by {event}: {error}"
                        );
                        assert_ne!(state.next(event), Ok(next), "{state} cannot become {next} by {event}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn the_table_of_transitions_cannot_be_changed() {
    let queue = Queue::new().await;
    refused(&queue, "DELETE FROM transition", "fixed").await;
    refused(&queue, "UPDATE transition SET next = 'published'", "fixed").await;
    refused(&queue, "INSERT INTO transition VALUES ('scheduled', 'publish', 'published')", "fixed").await;
    refused(&queue, "INSERT OR REPLACE INTO transition VALUES ('scheduled', 'claim', 'published')", "fixed").await;
}

#[tokio::test]
async fn a_post_starts_as_scheduled_and_without_a_past() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    let copy = |column: &str, value: &str| {
        format!(
            "INSERT INTO post (job, nominal, account, content, kind, text_key, zone, nominal_at, occurs_at, due_at, late_within,
               late_then, in_doubt, actor, changed_at, created_at, {column})
             SELECT job, 'b', account, content, kind, text_key, zone, 7, 7, 7, late_within, late_then, in_doubt, actor,
               changed_at, created_at, {value} FROM post"
        )
    };
    refused(&queue, &copy("state", "'held'"), "starts as scheduled").await;
    refused(&queue, &copy("claim", "1"), "starts as scheduled").await;
    refused(&queue, &copy("intent_at", "1"), "starts as scheduled").await;
    assert_eq!(queue.sql(&copy("tags", "'[]'")).await, Ok(1), "the copy itself is in order");
}

#[tokio::test]
async fn what_a_state_needs_is_there_and_what_it_excludes_is_not() {
    let queue = Queue::new().await;
    let scheduled = queue.post_in(PostState::Scheduled).await;
    let claimed = queue.post_in(PostState::Claimed).await;
    let publishing = queue.post_in(PostState::Publishing).await;
    let doubtful = queue.post_in(PostState::InDoubt).await;
    let published = queue.post_in(PostState::Published).await;
    for (post, change) in [
        (scheduled, "state = 'claimed', event = 'claim', claim = claim + 1"),
        (scheduled, "lease_until_at = 1"),
        (scheduled, "story_id = '_s.9'"),
        (scheduled, "parked_at = 1"),
        (scheduled, "reconcile_at = 1"),
        (scheduled, "artifact = '{}'"),
        (scheduled, "artifact_until_at = 1"),
        (scheduled, "prepare_at = 1"),
        (scheduled, "late_until_at = NULL"),
        (scheduled, "late_then = 'post'"),
        (scheduled, "late_then = 'never'"),
        (scheduled, "in_doubt = 'retry'"),
        (scheduled, "kind = 'video'"),
        (scheduled, "content = 'no json'"),
        (scheduled, "tags = 'no json'"),
        (scheduled, "occurs_at = -1"),
        (scheduled, "due_at = 253402207200000001"),
        (scheduled, "delete_after = 0"),
        (scheduled, "absences = -1"),
        (scheduled, "prepare_failures = -1"),
        (scheduled, "publish_failures = -1"),
        (scheduled, "late_within = -1"),
        (claimed, "lease_until_at = NULL"),
        (claimed, "state = 'publishing', event = 'intend'"),
        (publishing, "state = 'published', event = 'publish', lease_until_at = NULL"),
        (publishing, "state = 'published', event = 'publish', lease_until_at = NULL, story_id = ''"),
        (publishing, "state = 'in_doubt', event = 'doubt', lease_until_at = NULL"),
        (publishing, "intent_at = NULL"),
        (doubtful, "reconcile_at = NULL"),
        (doubtful, "parked_at = 1"),
        (doubtful, "intent_at = NULL"),
        (published, "intent_at = NULL"),
    ] {
        refused(&queue, &format!("UPDATE post SET {change} WHERE id = {post}"), "CHECK constraint failed").await;
    }
}

#[tokio::test]
async fn a_photo_cannot_be_on_its_way_without_its_upload_nor_wait_without_a_time_to_prepare() {
    let queue = Queue::new().await;
    let post = queue.add(&photo("a", t(0))).await;
    let claim = queue.store.claim_to_prepare("cafe", t(0), crate::support::queue::LEASE).await.unwrap();
    assert!(claim.is_some());
    let sql = format!("UPDATE post SET state = 'publishing', event = 'intend', intent_at = 1 WHERE id = {post}");
    refused(&queue, &sql, "CHECK constraint failed").await;
    refused(&queue, &format!("UPDATE post SET prepare_at = NULL WHERE id = {post}"), "CHECK constraint failed").await;
}

#[tokio::test]
async fn columns_hold_what_their_type_says() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    let why = "cannot store TEXT value in INTEGER column";
    refused(&queue, &format!("UPDATE post SET due_at = '2026-12-01T09:00:00Z' WHERE id = {post}"), why).await;
    let event =
        format!("INSERT INTO event (post_id, at, event, state, actor, reason) VALUES ({post}, 'now', '', '', '', '')");
    refused(&queue, &event, why).await;
}

#[tokio::test]
async fn a_claim_raises_the_token_by_one_and_nothing_lowers_it() {
    let queue = Queue::new().await;
    let scheduled = queue.post_in(PostState::Scheduled).await;
    let claimed = queue.post_in(PostState::Claimed).await;
    let why = "token of a post only rises";
    for rise in ["claim", "claim + 2", "claim - 1"] {
        let sql = format!(
            "UPDATE post SET state = 'claimed', event = 'claim', lease_until_at = 1, claim = {rise} WHERE id = {scheduled}"
        );
        refused(&queue, &sql, why).await;
    }
    refused(&queue, &format!("UPDATE post SET claim = 0 WHERE id = {claimed}"), why).await;
}

#[tokio::test]
async fn an_account_has_one_post_on_its_way_or_in_doubt() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    queue.add(&note("b", t(1))).await;
    let first = queue.claim("cafe", t(5)).await.unwrap();
    let second = queue.claim("cafe", t(5)).await.unwrap();
    let post = second.taken().post;
    assert!(queue.store.intend(first, t(5), crate::support::queue::LEASE).await.unwrap().is_some());
    let sql = format!("UPDATE post SET state = 'publishing', event = 'intend', intent_at = 1 WHERE id = {post}");
    refused(&queue, &sql, "UNIQUE constraint failed: post.account").await;
    queue.store.sweep_boot(t(5)).await.unwrap();
    let claim = format!(
        "UPDATE post SET state = 'claimed', event = 'claim', claim = claim + 1, lease_until_at = 1 WHERE id = {post}"
    );
    assert_eq!(queue.sql(&claim).await, Ok(1));
    refused(&queue, &sql, "UNIQUE constraint failed: post.account").await;
}

#[tokio::test]
async fn a_story_belongs_to_one_post_and_stays_with_it() {
    let queue = Queue::new().await;
    let published = queue.post_in(PostState::Published).await;
    let why = "story of a post never changes";
    refused(&queue, &format!("UPDATE post SET story_id = '_s.2' WHERE id = {published}"), why).await;
    refused(&queue, &format!("UPDATE post SET story_id = NULL WHERE id = {published}"), why).await;
    let other = queue.add(&note("b", t(0))).await;
    drop(queue.intend("cafe", t(0)).await);
    queue.sql(&format!("UPDATE post SET account = account WHERE id = {other}")).await.unwrap();
    let sql = format!(
        "UPDATE post SET state = 'published', event = 'publish', lease_until_at = NULL, story_id = '_s.1' WHERE id = {other}"
    );
    assert_eq!(queue.sql(&sql).await, Ok(1), "another account may have a story of the same name");
}

#[tokio::test]
async fn the_record_of_a_story_is_kept_as_it_is() {
    let queue = Queue::new().await;
    queue.post_in(PostState::Deleted).await;
    for change in
        ["story_id = '_s.2'", "published_at = 1", "came_at = 1", "deleted_at = NULL", "deleted_at = 1", "account = 'x'"]
    {
        refused(&queue, &format!("UPDATE story SET {change}"), "record of a story never changes").await;
    }
    refused(&queue, "DELETE FROM story", "never deleted").await;
    let replace = "INSERT OR REPLACE INTO story (account, story_id, post_id, published_at, came_at, learnt_by)
                   SELECT account, story_id, post_id, 1, 1, 'x' FROM story";
    refused(&queue, replace, "never deleted").await;
    refused(&queue, "UPDATE story SET delete_by = NULL", "CHECK constraint failed").await;
    refused(&queue, "UPDATE story SET delete_failures = -1", "CHECK constraint failed").await;
}

#[tokio::test]
async fn what_is_on_its_way_or_out_cannot_be_altered() {
    let queue = Queue::new().await;
    for state in
        [PostState::Claimed, PostState::Publishing, PostState::InDoubt, PostState::Published, PostState::Deleted]
    {
        let post = queue.post_in(state).await;
        for change in ["content = '{}'", "kind = 'link'", "account = 'x'", "occurs_at = 7", "text_key = 'x'"] {
            let sql = format!("UPDATE post SET {change} WHERE id = {post}");
            refused(&queue, &sql, "on its way cannot be altered").await;
        }
    }
}

#[tokio::test]
async fn the_identity_of_a_post_never_changes() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    for change in ["id = 99", "job = 'b'", "nominal = 'now'", "created_at = 1"] {
        let sql = format!("UPDATE post SET {change} WHERE id = {post}");
        refused(&queue, &sql, "identity of a post never changes").await;
    }
}

#[tokio::test]
async fn an_occurrence_is_one_post_by_its_name_and_by_its_instant() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    let copy = |nominal: &str, nominal_at: &str| {
        format!(
            "INSERT INTO post (job, nominal, account, content, kind, text_key, zone, nominal_at, occurs_at, due_at, late_within,
               late_then, in_doubt, actor, changed_at, created_at)
             SELECT job, {nominal}, account, content, kind, text_key, zone, {nominal_at}, 7, 7, late_within, late_then,
               in_doubt, actor, changed_at, created_at FROM post"
        )
    };
    refused(&queue, &copy("nominal", "7"), "UNIQUE constraint failed: post.job, post.nominal").await;
    refused(&queue, &copy("'b'", "nominal_at"), "UNIQUE constraint failed: post.job, post.nominal_at").await;
}

#[tokio::test]
async fn an_occurrence_that_was_pruned_becomes_no_post_again_by_its_name_or_its_instant() {
    let queue = Queue::new().await;
    let gone = queue.add(&note("a", t(0))).await;
    queue.store.cancel(gone, "anna", "", t(1)).await.unwrap();
    assert_eq!(queue.store.prune_posts(PostState::Cancelled, t(9)).await.unwrap(), 1);
    let sample = queue.add(&note("b", t(0))).await;
    let again = async |nominal: &str, nominal_at: &str| {
        let sql = format!(
            "INSERT INTO post (job, nominal, account, content, kind, text_key, zone, nominal_at, occurs_at, due_at, late_within,
               late_then, in_doubt, actor, changed_at, created_at)
             SELECT p.job, {nominal}, account, content, kind, text_key, zone, {nominal_at}, 7, 7, late_within, late_then,
               in_doubt, actor, changed_at, created_at FROM post JOIN pruned p WHERE id = {sample}"
        );
        queue.sql(&sql).await.unwrap()
    };
    assert_eq!(again("p.nominal", "7").await, 0, "its name");
    assert_eq!(again("'other'", "p.nominal_at").await, 0, "its instant");
    assert_eq!(again("'other'", "7").await, 1, "another one");
}

#[tokio::test]
async fn no_row_of_the_record_can_be_deleted_or_replaced() {
    let queue = Queue::new().await;
    queue.post_in(PostState::Published).await;
    for table in ["post", "event", "attempt", "story", "job", "account"] {
        refused(&queue, &format!("DELETE FROM {table}"), "never deleted").await;
        // A post is refused even sooner: the new row would not start as scheduled.
        let why = if table == "post" { "starts as scheduled" } else { "never deleted" };
        refused(&queue, &format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}"), why).await;
    }
    let fresh = queue.add(&note("fresh", t(0))).await;
    let sql = format!("INSERT OR REPLACE INTO post SELECT * FROM post WHERE id = {fresh}");
    refused(&queue, &sql, "never deleted").await;
}

#[tokio::test]
async fn history_cannot_be_rewritten() {
    let queue = Queue::new().await;
    queue.post_in(PostState::Published).await;
    refused(&queue, "UPDATE event SET reason = 'x'", "never altered").await;
    refused(&queue, "UPDATE attempt SET ended_at = NULL, verdict = NULL", "closed attempt is never altered").await;
    refused(&queue, "UPDATE attempt SET fault_reason = 'x'", "closed attempt is never altered").await;
}

#[tokio::test]
async fn an_open_attempt_is_closed_with_a_verdict_and_stays_with_its_post() {
    let queue = Queue::new().await;
    let post = queue.post_in(PostState::Claimed).await;
    let other = queue.post_in(PostState::Scheduled).await;
    refused(&queue, "UPDATE attempt SET ended_at = 1", "CHECK constraint failed").await;
    refused(&queue, "UPDATE attempt SET verdict = 'lost'", "CHECK constraint failed").await;
    refused(&queue, "UPDATE attempt SET ended_at = 1, verdict = 'maybe'", "CHECK constraint failed").await;
    refused(&queue, "UPDATE attempt SET fault_class = 'transient'", "CHECK constraint failed").await;
    let moved = format!("UPDATE attempt SET post_id = {other}");
    refused(&queue, &moved, "only closed").await;
    refused(&queue, "UPDATE attempt SET started_at = 1", "only closed").await;
    let second = format!("INSERT INTO attempt (post_id, kind, started_at) VALUES ({post}, 'publish', 1)");
    refused(&queue, &second, "UNIQUE constraint failed: attempt.post_id").await;
    let nobody = "INSERT INTO attempt (post_id, kind, started_at) VALUES (999, 'publish', 1)";
    refused(&queue, nobody, "FOREIGN KEY constraint failed").await;
    let odd = format!("INSERT INTO attempt (post_id, kind, started_at) VALUES ({other}, 'guess', 1)");
    refused(&queue, &odd, "CHECK constraint failed").await;
}

#[tokio::test]
async fn a_block_is_whole_or_absent() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    for column in
        ["blocked_code = 'x'", "blocked_reason = 'x'", "blocked_remedy = 'x'", "blocked_at = 1", "probe_at = 1"]
    {
        refused(&queue, &format!("UPDATE account SET {column}"), "CHECK constraint failed").await;
    }
    refused(&queue, "INSERT INTO account (name) VALUES ('')", "CHECK constraint failed").await;
}

#[tokio::test]
async fn the_watermark_of_a_job_never_falls() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    refused(&queue, "UPDATE job SET enqueued_until_at = 1", "watermark of a job never falls").await;
}

#[tokio::test]
async fn every_move_leaves_an_event_with_its_reason_and_its_author() {
    let queue = Queue::new().await;
    let post = queue.post_in(PostState::Missed).await;
    let events = queue.events(post).await;
    let told: Vec<_> = events.iter().map(|e| (e.event.as_str(), e.state.as_str(), e.actor.as_str(), e.at)).collect();
    assert_eq!(told, [("enqueue", "scheduled", "plan", t(-60)), ("miss", "missed", "daemon", micro(t(10)))]);
    assert!(events[1].reason.contains("10 min after its time"), "{}", events[1].reason);
}
