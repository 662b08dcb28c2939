//! The SQL that finds what jobs have in the queue, many jobs with one statement.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::TryStreamExt;
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::SqliteConnection;

use super::pairing::{Existing, PairingRow};
use super::wanted::JobPosts;
use crate::domain::post::PostState;
use crate::store::error::{Result, StoreError};
use crate::store::values::{micros, read_json, write_json};

/// A job as the queue knows it.
#[derive(Clone, Copy, Debug)]
pub struct KnownJob {
    /// When it was first seen.
    pub first_seen_at: Timestamp,
    /// Up to here every occurrence has become a post. For a job that was in no job file this lies beyond any instant: what its
    /// schedule yielded meanwhile was not asked for.
    pub enqueued_until: Timestamp,
    /// `nominal_at` of the earliest post that still waits, or whose request is out.
    pub first_waiting: Option<Timestamp>,
    /// `nominal_at` of its `at: now` post, if it has one.
    pub now_post: Option<Timestamp>,
}

/// A post as SQL gives it: the array of these columns, in this order. Many of them come in one row, since handing over a row to
/// another thread takes longer than reading one.
#[derive(Deserialize)]
struct StoredPost {
    id: i64,
    job: String,
    nominal: String,
    nominal_at: i64,
    occurs_at: i64,
    state: String,
    actor: String,
    follow: bool,
    was_held: bool,
    lost: bool,
    blackout: Option<String>,
    tzdb: String,
    account: String,
    content: String,
    text_key: String,
    tags: String,
    zone: String,
    late_within: i64,
    late_then: String,
    in_doubt: String,
    delete_after: Option<i64>,
    delete_at: Option<i64>,
}

impl StoredPost {
    fn read(self) -> Result<(String, Existing)> {
        let state = PostState::parse(&self.state)
            .ok_or_else(|| StoreError::Nonsense { what: format!("the state {:?}", self.state) })?;
        let row = PairingRow {
            account: self.account,
            content: self.content,
            text_key: self.text_key,
            tags: self.tags,
            zone: self.zone,
            late_within: self.late_within,
            late_then: self.late_then,
            in_doubt: self.in_doubt,
            delete_after: self.delete_after,
            delete_at: self.delete_at,
        };
        let existing = Existing {
            id: self.id,
            nominal: self.nominal,
            nominal_at: self.nominal_at,
            occurs_at: self.occurs_at,
            state,
            by_plan: self.actor == "plan",
            follow: self.follow,
            was_held: self.was_held,
            lost: self.lost,
            blackout: self.blackout,
            tzdb: self.tzdb,
            row: row.into(),
        };
        Ok((self.job, existing))
    }
}

/// The number of a post that is no longer in the record.
pub(super) const PRUNED: i64 = 0;

/// Which of these jobs the queue has ever seen. The others have no post.
pub(super) async fn known(connection: &mut SqliteConnection, jobs: &[&JobPosts]) -> Result<HashSet<String>> {
    let names: Vec<&str> = jobs.iter().map(|posts| posts.job.as_str()).collect();
    let names = write_json(&names)?;
    let known =
        sqlx::query_scalar!("SELECT j.name FROM json_each($1) w CROSS JOIN job j WHERE j.name = w.value", names)
            .fetch_all(connection)
            .await?;
    Ok(known.into_iter().collect())
}

/// Which of these jobs the queue knows, as they are noted: with their place and, but for a day or half a short horizon, their watermark.
pub(super) async fn noted(
    connection: &mut SqliteConnection,
    jobs: &[&JobPosts],
    now: Timestamp,
) -> Result<HashSet<String>> {
    let at = micros(now);
    let rows: Vec<_> = jobs.iter().map(|posts| (&posts.job, &posts.source, micros(posts.complete_until))).collect();
    let rows = write_json(&rows)?;
    // The others are asked for: mostly there is none.
    let others = sqlx::query_scalar!(
        r#"SELECT w.value ->> 0 AS "job!: String" FROM jsonb_each($1) w
           WHERE NOT EXISTS (SELECT 1 FROM job j WHERE j.name = w.value ->> 0 AND j.source = w.value ->> 1
             AND j.gone_at IS NULL
             AND (w.value ->> 2) - j.enqueued_until_at < min(86400000000, max(1, ((w.value ->> 2) - $2) / 2)))"#,
        rows,
        at
    )
    .fetch_all(connection)
    .await?;
    let others: HashSet<String> = others.into_iter().collect();
    Ok(jobs.iter().map(|posts| &posts.job).filter(|job| !others.contains(*job)).cloned().collect())
}

/// Whether a job that is not among `names` was there until now, or has a post that must learn of it.
pub(super) async fn any_gone(connection: &mut SqliteConnection, names: &[&str]) -> Result<bool> {
    let names = write_json(&names)?;
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM job j
             WHERE j.name NOT GLOB '@*' AND j.name NOT IN (SELECT value FROM json_each($1))
               AND (j.gone_at IS NULL
                    OR EXISTS (SELECT 1 FROM post p WHERE p.job = j.name AND p.state IN ('scheduled', 'claimed'))
                    OR EXISTS (SELECT 1 FROM post p WHERE p.job = j.name AND p.state = 'held' AND p.lost_at IS NULL)
                    OR EXISTS (SELECT 1 FROM post p WHERE p.job = j.name AND p.state IN ('publishing', 'in_doubt')
                         AND p.follow = 0))) AS "any!: bool""#,
        names
    )
    .fetch_one(connection)
    .await?)
}

/// Of each job, in their order, every post that waits, that bears a wanted name, or that lies where something may be wanted; of those
/// that are `known`, since the others have none.
pub(super) async fn existing_posts(
    connection: &mut SqliteConnection,
    jobs: &[&JobPosts],
    known: &HashSet<String>,
) -> Result<Vec<Vec<Existing>>> {
    let places: HashMap<&str, usize> =
        jobs.iter().map(|posts| posts.job.as_str()).zip(0..).filter(|(job, _)| known.contains(*job)).collect();
    let mut existing: Vec<Vec<Existing>> = jobs.iter().map(|_| Vec::new()).collect();
    if places.is_empty() {
        return Ok(existing);
    }
    let asked = || jobs.iter().filter(|posts| known.contains(&posts.job));
    let first = |posts: &JobPosts| posts.occurrences.iter().map(|occurrence| micros(occurrence.nominal_at)).min();
    let firsts: Vec<(&str, i64)> =
        asked().map(|posts| (posts.job.as_str(), first(posts).unwrap_or(i64::MAX))).collect();
    let names =
        asked().flat_map(|posts| posts.occurrences.iter().map(|one| (posts.job.as_str(), one.nominal.as_str())));
    let (firsts, names) = (write_json(&firsts)?, write_json(&names.collect::<Vec<_>>())?);
    let mut rows = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_array(id, job, nominal, nominal_at, occurs_at, state, actor, json(iif(follow, 'true', 'false')),
             json(iif(held_reason IS NULL, 'false', 'true')), json(iif(state = 'held' AND lost_at IS NOT NULL, 'true', 'false')), blackout, tzdb, account, content, text_key,
             tags, zone, late_within, late_then, in_doubt, delete_after, delete_at) ORDER BY id) AS "posts!: String"
           FROM post WHERE id IN (
             SELECT p.id FROM jsonb_each($1) w CROSS JOIN post p ON p.job = w.value ->> 0
               AND p.state IN ('scheduled', 'claimed', 'publishing', 'in_doubt', 'held')
             UNION SELECT p.id FROM jsonb_each($1) w CROSS JOIN post p ON p.job = w.value ->> 0
               AND p.nominal_at >= w.value ->> 1
             UNION SELECT p.id FROM jsonb_each($2) n CROSS JOIN post p ON p.job = n.value ->> 0
               AND p.nominal = n.value ->> 1)
           GROUP BY id >> 6 ORDER BY id >> 6"#,
        firsts,
        names
    )
    .fetch(&mut *connection);
    let mut shared: Option<Arc<PairingRow>> = None;
    while let Some(row) = rows.try_next().await? {
        for post in read_json::<Vec<StoredPost>>(&row, "posts")? {
            let (job, mut post) = post.read()?;
            match &shared {
                Some(row) if *row == post.row => post.row = row.clone(),
                _ => shared = Some(post.row.clone()),
            }
            if let Some(posts) = places.get(job.as_str()).and_then(|place| existing.get_mut(*place)) {
                posts.push(post);
            }
        }
    }
    drop(rows);
    let pruned = sqlx::query!(
        r#"SELECT p.job, p.nominal, p.nominal_at FROM jsonb_each($1) w CROSS JOIN pruned p ON p.job = w.value ->> 0
             AND p.nominal_at >= w.value ->> 1
           UNION SELECT p.job, p.nominal, p.nominal_at FROM jsonb_each($2) n CROSS JOIN pruned p ON p.job = n.value ->> 0
             AND p.nominal = n.value ->> 1"#,
        firsts,
        names
    )
    .fetch_all(connection)
    .await?;
    for row in pruned {
        if let Some(posts) = places.get(row.job.as_str()).and_then(|place| existing.get_mut(*place)) {
            posts.push(pruned_post(row.nominal, row.nominal_at));
        }
    }
    Ok(existing)
}

/// What was taken out of the record for its age still stands for its occurrence.
fn pruned_post(nominal: String, nominal_at: i64) -> Existing {
    Existing {
        id: PRUNED,
        nominal,
        nominal_at,
        occurs_at: nominal_at,
        state: PostState::Deleted,
        by_plan: false,
        follow: false,
        was_held: false,
        lost: false,
        blackout: None,
        tzdb: String::new(),
        row: Arc::default(),
    }
}

/// The waiting posts of every job that is not among `names`, each with the name of its job; but for those that are held for that already.
pub(super) async fn posts_of_gone_jobs(
    connection: &mut SqliteConnection,
    names: &[&str],
) -> Result<Vec<(String, Existing)>> {
    let names = write_json(&names)?;
    let rows = sqlx::query_scalar!(
        r#"SELECT json_array(p.id, job, nominal, nominal_at, occurs_at, state, actor, json(iif(follow, 'true', 'false')),
             json(iif(held_reason IS NULL, 'false', 'true')), json(iif(state = 'held' AND lost_at IS NOT NULL, 'true', 'false')), blackout, tzdb, account, content, text_key,
             tags, zone, late_within, late_then, in_doubt, delete_after, delete_at) AS "post!: String"
           FROM job j CROSS JOIN post p
           WHERE p.job = j.name AND p.state IN ('scheduled', 'claimed', 'held') AND j.name NOT GLOB '@*'
             AND (p.state <> 'held' OR p.lost_at IS NULL)
             AND j.name NOT IN (SELECT value FROM json_each($1))
           ORDER BY p.nominal_at, p.id"#,
        names
    )
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| read_json::<StoredPost>(row, "a post")?.read()).collect()
}

/// The posts that left the job files after `since` and were withdrawn, but for those whose jobs are among `names`, as JSON, again.
pub(super) async fn posts_that_left(
    connection: &mut SqliteConnection,
    names: &str,
    since: i64,
) -> Result<Vec<(String, Existing)>> {
    let rows = sqlx::query_scalar!(
        r#"SELECT json_array(p.id, job, nominal, nominal_at, occurs_at, state, actor, json(iif(follow, 'true', 'false')),
             json(iif(held_reason IS NULL, 'false', 'true')), json('false'), blackout, tzdb, account, content, text_key,
             tags, zone, late_within, late_then, in_doubt, delete_after, delete_at) AS "post!: String"
           FROM post p WHERE p.state = 'cancelled' AND p.lost_at > $1
             AND NOT EXISTS (SELECT 1 FROM job j WHERE j.name = p.job AND j.gone_at IS NOT NULL
                               AND j.name IN (SELECT value FROM json_each($2)))
           ORDER BY p.nominal_at, p.id"#,
        since,
        names
    )
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| read_json::<StoredPost>(row, "a post")?.read()).collect()
}
