//! Taking a post: the claim, and the durable intent that must precede a publish request. Knows nothing of what a request is.

use std::time::Duration;

use jiff::Timestamp;

use super::claim::{AttemptKind, Claim, Intent, Taken};
use super::gathering::ClaimRequest;
use super::row::{finish, open_attempt};
use crate::domain::clock::later;
use crate::domain::content::{Artifact, Outgoing};
use crate::domain::fault::Fault;
use crate::store::error::{Result, StatementFailure};
use crate::store::handle::Store;
use crate::store::queue::write::Write;
use crate::store::values::{count, instant, micros, read_json, write_json};
use crate::store::written::Written;

/// Most due posts of an account that are tried to find the one that is refused.
const CANDIDATES_MAX: i64 = 64;

impl Store {
    /// Takes the account's next post whose upload or scrape is due, unless the account is blocked.
    pub async fn claim_to_prepare(&self, account: &str, now: Timestamp, lease: Duration) -> Result<Option<Claim>> {
        let (at, until, left_alone) = (micros(now), micros(later(now, lease)), self.untouchable.as_json());
        let mut tx = self.begin().await?;
        let next = sqlx::query_scalar!(
            r#"SELECT id AS "id!" FROM post
                WHERE state = 'scheduled' AND account = $1 AND prepare_at IS NOT NULL AND prepare_at <= $2
                  AND follow = 0 AND id NOT IN (SELECT value FROM json_each($3))
                  AND NOT EXISTS (SELECT 1 FROM account a WHERE a.name = $1 AND a.probe_at > $2)
                  AND NOT EXISTS (SELECT 1 FROM pause z WHERE (z.until_at IS NULL OR z.until_at > $2)
                        AND (z.scope = 'all' OR (z.scope IN ('account', 'restore') AND z.target = $1)
                             OR (z.scope = 'job' AND z.target = post.job)
                             OR (z.scope = 'tag' AND z.target IN (SELECT value FROM json_each(post.tags)))))
                ORDER BY prepare_at, id LIMIT 1"#,
            account,
            at,
            left_alone
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(post) = next else { return Ok(None) };
        let claimed = claim_to_prepare(tx, account, post, (at, until), now).await;
        claimed.map(Some).map_err(|error| error.of_post(post))
    }

    /// Takes the account's next due post that is ready to be published, not too late, and not to be taken down already, unless the account is blocked or keeps a
    /// gap, has a post on its way or in doubt, the same text is in a parked doubt, or the post is paused.
    pub async fn claim_to_publish(&self, account: &str, now: Timestamp, lease: Duration) -> Result<Option<Claim>> {
        let left_alone = self.untouchable.as_json();
        let mut tx = self.begin().await?;
        let wish = ClaimRequest::new(account, now, lease);
        let Some(row) = claim(&mut tx, &[&wish], Claims::Any { but: &left_alone }, false).await?.pop() else {
            return Ok(None);
        };
        let attempt = open_attempt(&mut tx, row.post, "publish", now).await?;
        let claim = row.with_attempt(attempt)?;
        tx.commit().await?;
        Ok(Some(claim))
    }

    /// The post of the account that cannot be claimed because a statement refuses it, when the account's next post is one: nothing
    /// is changed by asking.
    pub async fn refused_claim(&self, account: &str, now: Timestamp, lease: Duration) -> Result<Option<i64>> {
        let (at, left_alone) = (micros(now), self.untouchable.as_json());
        let due = sqlx::query_scalar!(
            r#"SELECT id AS "id!" FROM post
               WHERE state = 'scheduled' AND account = $1 AND due_at <= $2 AND id NOT IN (SELECT value FROM json_each($3))
               ORDER BY due_at, id LIMIT $4"#,
            account,
            at,
            left_alone,
            CANDIDATES_MAX
        )
        .fetch_all(&self.readers)
        .await?;
        for post in due {
            let mut tx = self.begin().await?;
            let claimed = claim(&mut tx, &[&ClaimRequest::new(account, now, lease)], Claims::Only(post), true).await;
            let tried = match claimed.map(|mut rows| rows.pop()) {
                Ok(Some(row)) => match open_attempt(&mut tx, row.post, "publish", now).await {
                    Ok(attempt) => row.with_attempt(attempt).map(|_| ClaimResult::Claimable),
                    Err(error) => Err(error),
                },
                Ok(None) => Ok(ClaimResult::NotNow),
                Err(error) => Err(error),
            };
            // Not committed: it was only asked.
            drop(tx);
            match tried {
                Err(error) if error.trouble() == StatementFailure::Refused => return Ok(Some(post)),
                Err(error) => return Err(error),
                Ok(ClaimResult::Claimable) => return Ok(None),
                Ok(ClaimResult::NotNow) => {}
            }
        }
        Ok(None)
    }

    /// Makes the intent durable: after this commit, and only then, the publish request may leave.
    ///
    /// `None` when it must not leave: somebody cancelled or paused the post, its lease ended, the clock was set back before its due
    /// time, or another post of the account is on its way. A post that is still the claim's own goes back into the queue.
    pub async fn intend(&self, claim: Claim, now: Timestamp, lease: Duration) -> Result<Option<Intent>> {
        let post = claim.taken.post;
        self.write_intent(claim, now, lease).await.map_err(|error| error.of_post(post))
    }

    async fn write_intent(&self, claim: Claim, now: Timestamp, lease: Duration) -> Result<Option<Intent>> {
        let (at, until) = (micros(now), micros(later(now, lease)));
        let Claim { taken, content, artifact, occurs_at } = claim;
        // Without room for the result nothing leaves.
        let to_publish = taken.kind == AttemptKind::Publish && !self.is_short_of_room();
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE post SET state = 'publishing', event = 'intend', actor = 'publish', reason = '', changed_at = $3,
               intent_at = $3, lease_until_at = $4,
               (intent_skew, intent_floor_at) =
                 (SELECT min(coalesce(a.agreed_server_at - a.agreed_at, 0), a.heard_server_at - a.heard_at),
                    coalesce(a.agreed_server_at, min(a.heard_server_at, a.heard_at)) FROM account a WHERE a.name = $6),
               quarantine_at = NULL, quarantine_server_at = NULL, odd_at = NULL, odd_server_at = NULL, listed_newest = NULL
             WHERE id = $1 AND state = 'claimed' AND claim = $2 AND lease_until_at > $3 AND due_at <= $3 AND $5
               AND NOT EXISTS (SELECT 1 FROM post q WHERE q.account = $6
                     AND (q.state = 'publishing' OR (q.state = 'in_doubt' AND q.parked_at IS NULL)))
               AND NOT EXISTS (SELECT 1 FROM pause z WHERE (z.until_at IS NULL OR z.until_at > $3)
                     AND (z.scope = 'all' OR (z.scope IN ('account', 'restore') AND z.target = post.account)
                          OR (z.scope = 'job' AND z.target = post.job)
                          OR (z.scope = 'tag' AND z.target IN (SELECT value FROM json_each(post.tags)))))",
            taken.post,
            taken.token,
            at,
            until,
            to_publish,
            taken.account
        )
        .execute(&mut *tx)
        .await?;
        if Written::of(done.rows_affected()) == Written::Lost {
            give_back(tx, &taken, now).await?;
            return Ok(None);
        }
        tx.commit().await?;
        Ok(Some(Intent { taken, outgoing: Outgoing { content, artifact }, occurs_at, intent_at: now }))
    }
}

/// What became of a claim that was only tried.
enum ClaimResult {
    Claimable,
    /// Paused, or not ready.
    NotNow,
}

/// Claims the post whose upload or scrape is due, and opens its attempt.
async fn claim_to_prepare(
    mut tx: Write,
    account: &str,
    post: i64,
    (at, until): (i64, i64),
    now: Timestamp,
) -> Result<Claim> {
    let row = sqlx::query!(
        r#"UPDATE post SET state = 'claimed', event = 'claim', actor = 'prepare', reason = 'to prepare it',
             changed_at = $2, claim = claim + 1, lease_until_at = $3
           WHERE id = $1 AND state = 'scheduled'
           RETURNING id AS "id!", job, claim, content, occurs_at, prepare_failures"#,
        post,
        at,
        until
    )
    .fetch_one(&mut *tx)
    .await?;
    let attempt = open_attempt(&mut tx, row.id, "prepare", now).await?;
    let claim = Claim {
        taken: Taken {
            post: row.id,
            job: row.job,
            account: account.into(),
            failures: count(row.prepare_failures),
            token: row.claim,
            attempt,
            kind: AttemptKind::Prepare,
        },
        content: read_json(&row.content, "a content")?,
        artifact: None,
        occurs_at: instant(row.occurs_at)?,
    };
    tx.commit().await?;
    Ok(claim)
}

/// Puts a post back whose request must not leave, when it is still this claim's to give.
async fn give_back(mut tx: Write, taken: &Taken, now: Timestamp) -> Result<()> {
    let at = micros(now);
    let fault = Fault::transient(
        "not-sent",
        "it was paused, or its lease or its turn was over, before its request could leave",
    );
    let reason = fault.to_string();
    let done = sqlx::query!(
        "UPDATE post SET state = 'scheduled', event = 'snooze', actor = 'publish', reason = $4, changed_at = $3,
           lease_until_at = NULL
         WHERE id = $1 AND state = 'claimed' AND claim = $2",
        taken.post,
        taken.token,
        at,
        reason
    )
    .execute(&mut *tx)
    .await?;
    // Lost: somebody else took it first, and there is nothing to give back.
    let _ = finish(tx, taken, now, "snooze", Some(&fault), done.rows_affected()).await?;
    Ok(())
}

/// A post that was claimed to be published.
pub(super) struct ClaimedRow {
    pub(super) post: i64,
    job: String,
    pub(super) account: String,
    pub(super) claim: i64,
    content: String,
    artifact: Option<String>,
    occurs_at: i64,
    publish_failures: i64,
    pub(super) changed_at: i64,
}

impl ClaimedRow {
    pub(super) fn with_attempt(self, attempt: i64) -> Result<Claim> {
        let taken = Taken {
            post: self.post,
            job: self.job,
            account: self.account,
            failures: count(self.publish_failures),
            token: self.claim,
            attempt,
            kind: AttemptKind::Publish,
        };
        let content = read_json(&self.content, "a content")?;
        let (artifact, occurs_at) = (self.artifact.map(Artifact), instant(self.occurs_at)?);
        Ok(Claim { taken, content, artifact, occurs_at })
    }
}

/// Which posts a claim may take.
#[derive(Clone, Copy, Debug)]
pub(super) enum Claims<'a> {
    /// Any that may be published, but for these (a JSON array of numbers).
    Any {
        /// Those whose rows take nothing.
        but: &'a str,
    },
    /// This one, if it may.
    Only(i64),
}

/// Claims the next post of each account that may be published, at most one of an account; with `intends` it makes the intent in the
/// same UPDATE. The one place that says which may.
///
/// The `+` keeps the planner from finding the posts by their state, of which there are many, instead of by their IDs.
pub(super) async fn claim(
    tx: &mut Write,
    wishes: &[&ClaimRequest],
    claims: Claims<'_>,
    intends: bool,
) -> Result<Vec<ClaimedRow>> {
    let rows = write_json(&wishes)?;
    let (but, only) = match claims {
        Claims::Any { but } => (but, None),
        Claims::Only(post) => ("[]", Some(post)),
    };
    Ok(sqlx::query_as!(
        ClaimedRow,
        r#"UPDATE post SET state = iif($2, 'publishing', 'claimed'), event = iif($2, 'intend', 'claim'), actor = 'publish',
             reason = iif($2, '', 'to publish it'), changed_at = r.at, claim = claim + 1, lease_until_at = r.until,
             intent_at = iif($2, r.at, intent_at),
             (intent_skew, intent_floor_at) =
               (SELECT iif($2, min(coalesce(a.agreed_server_at - a.agreed_at, 0), a.heard_server_at - a.heard_at), intent_skew),
                  iif($2, coalesce(a.agreed_server_at, min(a.heard_server_at, a.heard_at)), intent_floor_at)
                FROM account a WHERE a.name = post.account),
             quarantine_at = iif($2, NULL, quarantine_at), quarantine_server_at = iif($2, NULL, quarantine_server_at),
             odd_at = iif($2, NULL, odd_at), odd_server_at = iif($2, NULL, odd_server_at),
             listed_newest = iif($2, NULL, listed_newest)
           FROM (SELECT q.at, q.until, (SELECT p.id FROM post p
                WHERE p.state = 'scheduled' AND p.account = q.account AND p.due_at <= q.at AND p.follow = 0
                  AND ($4 IS NULL OR p.id = $4) AND p.id NOT IN (SELECT value FROM jsonb_each($3))
                  AND (p.kind = 'note' OR p.artifact_until_at > q.at)
                  AND (p.late_until_at IS NULL OR p.late_until_at >= q.at)
                  AND (p.delete_at IS NULL OR p.delete_at > q.at)
                  AND NOT EXISTS (SELECT 1 FROM account a WHERE a.name = q.account
                        AND (a.probe_at > q.at OR a.next_at > q.at
                             OR (a.next_late_at > q.at AND coalesce(p.moved_to_at, p.occurs_at) < q.at - 60000000)))
                  AND NOT EXISTS (SELECT 1 FROM post o WHERE o.account = q.account
                        AND (o.state = 'publishing' OR (o.state = 'in_doubt' AND o.parked_at IS NULL)))
                  AND NOT EXISTS (SELECT 1 FROM post o WHERE o.account = q.account
                        AND o.parked_at IS NOT NULL AND o.text_key = p.text_key)
                  AND NOT EXISTS (SELECT 1 FROM pause z WHERE (z.until_at IS NULL OR z.until_at > q.at)
                        AND (z.scope = 'all' OR (z.scope IN ('account', 'restore') AND z.target = q.account)
                             OR (z.scope = 'job' AND z.target = p.job)
                             OR (z.scope = 'tag' AND z.target IN (SELECT value FROM json_each(p.tags)))))
                ORDER BY p.due_at, p.id LIMIT 1) AS id
              FROM (SELECT value ->> 'account' AS account, value ->> 'at' AS at, value ->> 'until' AS until
                    FROM jsonb_each($1)) AS q) AS r
           WHERE post.id = r.id AND +post.state = 'scheduled'
           RETURNING id AS "post!: i64", job, account, claim, content, artifact AS "artifact?", occurs_at, publish_failures,
             changed_at"#,
        rows,
        intends,
        but,
        only
    )
    .fetch_all(&mut **tx)
    .await?)
}
