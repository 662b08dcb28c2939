//! What the engine asks: what is due, when to wake, what is known of an account and its stories. Knows nothing of how people
//! are shown any of it.

use jiff::{SignedDuration, Timestamp};

use crate::domain::clock::ServerTimeSample;
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{count, instant, instant_opt, micros};

/// What an account has to have done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaskKind {
    /// An upload or a scrape.
    Prepare,
    /// A publish request.
    Publish,
    /// A look at Kakao's list for a post in doubt.
    Reconcile,
    /// A take-down.
    Delete,
    /// A look whether an account that was turned away is served again.
    Probe,
    /// The delivery of a notice; the name with it is the sink's.
    Notify,
    /// A step of an audit.
    Audit,
    /// A look ahead at posts to come.
    Foresee,
    /// A look at Kakao's list after a backup was restored.
    Restore,
}

impl Store {
    /// What is due now, by account; nothing of an account that is blocked, or whose lane is taken.
    pub async fn due(&self, now: Timestamp) -> Result<Vec<(TaskKind, String)>> {
        self.due_of(None, now).await
    }

    /// The same of one account, or of all.
    pub async fn due_of(&self, account: Option<&str>, now: Timestamp) -> Result<Vec<(TaskKind, String)>> {
        let at = micros(now);
        let rows = sqlx::query!(
            r#"SELECT a.name,
                 EXISTS (SELECT 1 FROM post p WHERE p.state = 'scheduled' AND p.account = a.name
                           AND p.prepare_at IS NOT NULL AND p.prepare_at <= $1 AND p.follow = 0
                           AND NOT EXISTS (SELECT 1 FROM pause z WHERE (z.until_at IS NULL OR z.until_at > $1)
                        AND (z.scope = 'all' OR (z.scope IN ('account', 'restore') AND z.target = a.name)
                             OR (z.scope = 'job' AND z.target = p.job)
                             OR (z.scope = 'tag' AND z.target IN (SELECT value FROM json_each(p.tags)))))) AS "prepare!: bool",
                 (EXISTS (SELECT 1 FROM post p WHERE p.state = 'scheduled' AND p.account = a.name AND p.due_at <= $1
                           AND p.follow = 0
                           AND (p.kind = 'note' OR p.artifact_until_at > $1)
                           AND a.next_at <= $1 AND (a.next_late_at <= $1 OR coalesce(p.moved_to_at, p.occurs_at) >= $1 - 60000000)
                           AND (p.late_until_at IS NULL OR p.late_until_at >= $1)
                           AND (p.delete_at IS NULL OR p.delete_at > $1)
                           AND NOT EXISTS (SELECT 1 FROM post q WHERE q.account = a.name
                                AND q.parked_at IS NOT NULL AND q.text_key = p.text_key)
                           AND NOT EXISTS (SELECT 1 FROM pause z WHERE (z.until_at IS NULL OR z.until_at > $1)
                        AND (z.scope = 'all' OR (z.scope IN ('account', 'restore') AND z.target = a.name)
                             OR (z.scope = 'job' AND z.target = p.job)
                             OR (z.scope = 'tag' AND z.target IN (SELECT value FROM json_each(p.tags))))))
                  AND NOT EXISTS (SELECT 1 FROM post q WHERE q.account = a.name
                        AND (q.state = 'publishing' OR (q.state = 'in_doubt' AND q.parked_at IS NULL))))
                   AS "publish!: bool",
                 EXISTS (SELECT 1 FROM post p WHERE p.account = a.name AND p.state = 'in_doubt' AND p.parked_at IS NULL
                           AND p.reconcile_at <= $1) AS "reconcile!: bool",
                 EXISTS (SELECT 1 FROM story s WHERE s.account = a.name AND s.delete_at IS NOT NULL
                           AND s.deleted_at IS NULL AND s.delete_fault IS NULL AND s.delete_at <= $1) AS "delete!: bool",
                 coalesce(a.blocked_cure IN ('refresh', 'log_in', 'consent', 'join', 'settings'), 0) AS "probe!: bool",
                 EXISTS (SELECT 1 FROM audit u WHERE u.account = a.name AND u.ended_at IS NULL AND u.next_at <= $1)
                   AS "audit!: bool",
                 EXISTS (SELECT 1 FROM restore r WHERE r.account = a.name AND r.next_at <= $1) AS "restore!: bool",
                 EXISTS (SELECT 1 FROM preflight f WHERE f.account = a.name AND f.next_at IS NOT NULL AND f.next_at <= $1)
                   AS "foresee!: bool"
               FROM account a WHERE ($2 IS NULL OR a.name = $2) AND (a.probe_at IS NULL OR a.probe_at <= $1)
               ORDER BY a.name"#,
            at,
            account
        )
        .fetch_all(&self.readers)
        .await?;
        let mut due = Vec::new();
        for row in rows {
            // What can be asked without a post is asked first: a post is no probe then, and loses nothing.
            if row.probe {
                due.push((TaskKind::Probe, row.name));
                continue;
            }
            let kinds = [
                (TaskKind::Prepare, row.prepare),
                (TaskKind::Publish, row.publish),
                (TaskKind::Reconcile, row.reconcile),
                (TaskKind::Delete, row.delete),
                (TaskKind::Audit, row.audit),
                (TaskKind::Restore, row.restore),
                (TaskKind::Foresee, row.foresee),
            ];
            for (kind, _) in kinds.into_iter().filter(|(_, is)| *is) {
                due.push((kind, row.name.clone()));
            }
        }
        Ok(due)
    }

    /// The first instant after `now` at which something falls due by itself. What is due already is not among it.
    pub async fn next_wake(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let post = self.coming(now, 1).await?.pop().map(|(at, _)| at);
        let (other, lease) = (self.next_other(now).await?, self.next_lease(now).await?);
        Ok([post, other, lease].into_iter().flatten().min())
    }

    /// The end of the first lease.
    pub async fn next_lease(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let next = sqlx::query_scalar!(
            r#"SELECT min(lease_until_at) AS "at: i64" FROM post
               WHERE lease_until_at IS NOT NULL AND lease_until_at > $1"#,
            micros(now)
        )
        .fetch_one(&self.readers)
        .await?;
        instant_opt(next)
    }

    /// The same as [`next_wake`](Self::next_wake), but for posts that fall due and leases that end.
    pub async fn next_other(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let at = micros(now);
        let next = sqlx::query_scalar!(
            r#"SELECT min(at) AS "at: i64" FROM (
                 SELECT min(p.at) AS at FROM (SELECT (SELECT min(prepare_at) FROM post WHERE state = 'scheduled'
                     AND account = a.name AND prepare_at IS NOT NULL AND prepare_at > $1) AS at FROM account a) p
                 UNION ALL SELECT min(late_until_at) + 1 FROM post INDEXED BY post_late WHERE state = 'scheduled'
                     AND late_until_at IS NOT NULL AND late_until_at >= $1
                 UNION ALL SELECT min(delete_at) FROM post INDEXED BY post_delete WHERE state = 'scheduled'
                     AND delete_at IS NOT NULL AND delete_at > $1
                 UNION ALL SELECT min(reconcile_at) FROM post WHERE reconcile_at IS NOT NULL AND reconcile_at > $1
                 UNION ALL SELECT min(until_at) FROM pause WHERE until_at > $1
                 UNION ALL SELECT min(next_at) FROM account WHERE next_at > $1
                 UNION ALL SELECT min(next_late_at) FROM account WHERE next_late_at > $1
                 UNION ALL SELECT min(s.at) FROM (SELECT (SELECT min(delete_at) FROM story WHERE account = a.name
                     AND delete_at IS NOT NULL AND deleted_at IS NULL AND delete_fault IS NULL AND delete_at > $1) AS at
                     FROM account a) s
                 UNION ALL SELECT min(next_at) FROM audit WHERE ended_at IS NULL AND next_at > $1
                 UNION ALL SELECT min(next_at) FROM restore WHERE next_at > $1
                 UNION ALL SELECT min(next_at) FROM preflight WHERE next_at IS NOT NULL AND next_at > $1
                 UNION ALL SELECT min(probe_at) FROM account WHERE probe_at > $1
                 UNION ALL SELECT min(next_at) FROM notice WHERE next_at IS NOT NULL AND next_at > $1
                 UNION ALL SELECT next_at FROM notice_cursor WHERE next_at > $1)"#,
            at
        )
        .fetch_one(&self.readers)
        .await?;
        instant_opt(next)
    }

    /// The same of one account.
    pub async fn next_wake_of(&self, account: &str, now: Timestamp) -> Result<Option<Timestamp>> {
        let at = micros(now);
        let next = sqlx::query_scalar!(
            r#"SELECT min(at) AS "at: i64" FROM (
                 SELECT min(due_at) AS at FROM post WHERE state = 'scheduled' AND account = $1 AND due_at > $2
                 UNION ALL SELECT min(prepare_at) FROM post WHERE state = 'scheduled' AND account = $1
                     AND prepare_at IS NOT NULL AND prepare_at > $2
                 UNION ALL SELECT min(reconcile_at) FROM post WHERE account = $1 AND state = 'in_doubt'
                     AND parked_at IS NULL AND reconcile_at > $2
                 UNION ALL SELECT min(delete_at) FROM story WHERE account = $1 AND delete_at IS NOT NULL
                     AND deleted_at IS NULL AND delete_fault IS NULL AND delete_at > $2
                 UNION ALL SELECT next_at FROM account WHERE name = $1 AND next_at > $2
                 UNION ALL SELECT next_late_at FROM account WHERE name = $1 AND next_late_at > $2
                 UNION ALL SELECT min(next_at) FROM audit WHERE account = $1 AND ended_at IS NULL AND next_at > $2
                 UNION ALL SELECT next_at FROM restore WHERE account = $1 AND next_at > $2
                 UNION ALL SELECT min(next_at) FROM preflight WHERE account = $1 AND next_at IS NOT NULL AND next_at > $2
                 UNION ALL SELECT probe_at FROM account WHERE name = $1 AND probe_at > $2)"#,
            account,
            at
        )
        .fetch_one(&self.readers)
        .await?;
        instant_opt(next)
    }

    /// The next `limit` posts that fall due after `now`: when, and of which account.
    pub async fn coming(&self, now: Timestamp, limit: u32) -> Result<Vec<(Timestamp, String)>> {
        let at = micros(now);
        let rows = sqlx::query!(
            "SELECT due_at, account FROM post WHERE state = 'scheduled' AND due_at > $1 ORDER BY due_at LIMIT $2",
            at,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(|row| Ok((instant(row.due_at)?, row.account))).collect()
    }

    /// The last answer of Kakao's to the account that carried a date.
    pub async fn heard(&self, account: &str) -> Result<Option<ServerTimeSample>> {
        let row = sqlx::query!("SELECT heard_at, heard_server_at FROM account WHERE name = $1", account)
            .fetch_optional(&self.readers)
            .await?;
        match row.and_then(|row| row.heard_at.zip(row.heard_server_at)) {
            Some((at, server_at)) => Ok(Some(ServerTimeSample { at: instant(at)?, server_at: instant(server_at)? })),
            None => Ok(None),
        }
    }

    /// Whether a post waits for its job file to be followed before it may leave.
    pub async fn wants_enqueue(&self) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM post INDEXED BY post_follow WHERE follow = 1 AND state = 'scheduled') AS "found!: bool""#
        )
        .fetch_one(&self.readers)
        .await?)
    }

    /// The largest difference between Kakao's clock and ours that an account met, and which account.
    pub async fn largest_skew(&self) -> Result<Option<(String, SignedDuration)>> {
        let row = sqlx::query!(
            r#"SELECT name, heard_server_at - heard_at AS "skew!: i64" FROM account WHERE heard_at IS NOT NULL
               ORDER BY abs(heard_server_at - heard_at) DESC, name LIMIT 1"#
        )
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map(|row| (row.name, SignedDuration::from_micros(row.skew))))
    }

    /// Whether anything is claimed or publishing: what a drain waits for.
    pub async fn in_flight(&self) -> Result<u32> {
        let n = sqlx::query_scalar!(r#"SELECT count(*) AS "n!: i64" FROM post WHERE lease_until_at IS NOT NULL"#)
            .fetch_one(&self.readers)
            .await?;
        Ok(count(n))
    }
}
