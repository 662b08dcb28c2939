//! Withdrawals by accident: a job file that vanished, a folder that was emptied, a branch that was checked out by mistake. What the job
//! files ask for no more is withdrawn; but when that is more than a few posts, and more than half of what their account has waiting, they
//! are held for a person instead. Decided here alone, in the transaction that withdraws them.
//!
//! What leaves the job files within a quarter of an hour counts as one change, and the half is counted from what waited before its first
//! part: a checkout that is read while it is half done, or a file that is deleted after another one, comes to the same. A post is not lost
//! where its job asks for another time in its place, or another job for the same post: then it was moved, or its job was renamed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use super::change::{ChangeKind, PostChange};
use super::pairing::Existing;
use super::read;
use super::report::Enqueued;
use crate::domain::clock::earlier;
use crate::domain::content::Content;
use crate::domain::post::PostState;
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::queue::write::Write;
use crate::store::values::{micros, write_json};

/// Why the posts of a job that no job file names are withdrawn.
pub(super) const JOB_GONE: &str = "its job left the job files";
/// So many posts of an account can leave the job files at once, and nobody is asked.
const UNASKED_MAX: i64 = 5;
/// What leaves the job files within this time is one change.
const TOGETHER: Duration = Duration::from_secs(900);
/// Said behind the reason why a post is withdrawn, when it is held instead.
const IN_CASE: &str = ", like more than half of what its account has waiting: held, in case that was an accident";
/// Said of a post that is not lost.
const RENAMED: &str = "another job says the same at its time";

/// Whether so many posts that are lost, of so many that waited, are perhaps an accident.
fn is_accident(lost: i64, waited: i64) -> bool {
    lost > UNASKED_MAX && 2 * lost > waited
}

/// A post that is withdrawn.
pub(super) struct Gone {
    pub(super) post: i64,
    pub(super) reason: &'static str,
    /// Whether its job asks for another one in its place.
    pub(super) replaced: bool,
}

/// Withdraws posts, or holds them where that may be an accident, with those that left shortly before. `names`, as JSON, are all jobs of the
/// job files: what is lost of a job that is among them again is about to come back. Without them a person gives the order, and is not
/// asked. Posts that are newer than `newest` came with this very change.
pub(super) async fn withdraw(
    tx: &mut Write,
    gone: &[Gone],
    names: Option<&str>,
    newest: i64,
    now: Timestamp,
) -> Result<Enqueued> {
    let (mut report, at) = (Enqueued::default(), micros(now));
    if gone.is_empty() {
        return Ok(report);
    }
    for Gone { post, reason, replaced } in gone {
        let settled = *replaced || names.is_none();
        let done = sqlx::query!(
            "UPDATE post SET state = 'cancelled', event = 'cancel', actor = 'plan', reason = $2, changed_at = $3,
               held_reason = iif(state = 'held', coalesce(held_reason, reason), NULL), follow = 0, lease_until_at = NULL,
               lost_at = iif($4, NULL, $3)
             WHERE id = $1 AND state IN ('scheduled', 'claimed', 'held')",
            post,
            reason,
            at,
            settled
        )
        .execute(&mut **tx)
        .await?;
        report.cancelled += done.rows_affected();
    }
    let Some(names) = names else { return Ok(report) };
    let posts = write_json(&gone.iter().filter(|gone| !gone.replaced).map(|gone| gone.post).collect::<Vec<_>>())?;
    let accounts = sqlx::query_scalar!(
        "SELECT DISTINCT account FROM post WHERE id IN (SELECT value FROM json_each($1)) AND +state = 'cancelled'",
        posts
    )
    .fetch_all(&mut **tx)
    .await?;
    for account in accounts {
        report.withheld += hold(tx, &account, names, newest, now).await?;
    }
    if report.withheld > 0 {
        let still = sqlx::query_scalar!(
            r#"SELECT count(*) AS "posts!: i64" FROM post WHERE id IN (SELECT value FROM json_each($1)) AND +state = 'held'"#,
            posts
        )
        .fetch_one(&mut **tx)
        .await?;
        report.cancelled = report.cancelled.saturating_sub(u64::try_from(still).unwrap_or(0));
    }
    Ok(report)
}

/// Holds what an account has lost within the last quarter of an hour, if that is perhaps an accident. How many posts.
async fn hold(tx: &mut Write, account: &str, names: &str, newest: i64, now: Timestamp) -> Result<u64> {
    let (at, since) = (micros(now), micros(earlier(now, TOGETHER)));
    let counts = sqlx::query!(
        r#"SELECT
             (SELECT count(*) FROM post p WHERE state = 'cancelled' AND lost_at > $2 AND account = $1
                AND NOT EXISTS (SELECT 1 FROM job j WHERE j.name = p.job AND j.gone_at IS NOT NULL
                                  AND j.name IN (SELECT value FROM json_each($3)))) AS "recent!: i64",
             (SELECT count(*) FROM post p WHERE state = 'held' AND lost_at IS NOT NULL AND account = $1
                AND NOT EXISTS (SELECT 1 FROM job j WHERE j.name = p.job AND j.gone_at IS NOT NULL
                                  AND j.name IN (SELECT value FROM json_each($3)))) AS "held!: i64",
             (SELECT count(*) FROM post WHERE account = $1 AND state IN ('scheduled', 'claimed', 'held')
                AND job NOT GLOB '@*' AND id <= $4) AS "waiting!: i64""#,
        account,
        since,
        names,
        newest
    )
    .fetch_one(&mut **tx)
    .await?;
    if !is_accident(counts.recent + counts.held, counts.recent + counts.waiting) {
        return Ok(0);
    }
    let done = sqlx::query!(
        "UPDATE post AS p SET state = 'held', event = 'hold', actor = 'plan', changed_at = $3, reason = reason || $4
         WHERE state = 'cancelled' AND lost_at > $2 AND account = $1
           AND NOT EXISTS (SELECT 1 FROM job j WHERE j.name = p.job AND j.gone_at IS NOT NULL
                             AND j.name IN (SELECT value FROM json_each($5)))",
        account,
        since,
        at,
        IN_CASE,
        names
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

impl Store {
    /// After all that the job files ask for is in the queue: what another job says in the place of a post that is held, or left shortly
    /// before, is no loss; and what is left of a change after that may be so little that nobody need be asked.
    pub(super) async fn find_renamed(&self, now: Timestamp) -> Result<Enqueued> {
        let (mut report, at, since) = (Enqueued::default(), micros(now), micros(earlier(now, TOGETHER)));
        let any = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM post WHERE state = 'held' AND lost_at IS NOT NULL)
                 OR EXISTS (SELECT 1 FROM post WHERE state = 'cancelled' AND lost_at > $1) AS "any!: bool""#,
            since
        )
        .fetch_one(&self.readers)
        .await?;
        if !any {
            return Ok(report);
        }
        let renamed = sqlx::query!(
            r#"SELECT p.id AS "id!", p.state FROM post p
               WHERE ((p.state = 'held' AND p.lost_at > 0) OR (p.state = 'cancelled' AND p.lost_at > $1))
                 AND EXISTS (SELECT 1 FROM post q WHERE q.account = p.account
                   AND q.state IN ('scheduled', 'claimed', 'publishing', 'in_doubt', 'published', 'held')
                   AND q.due_at BETWEEN p.due_at - 86400000000 AND p.due_at + 86400000000
                   AND q.nominal_at = p.nominal_at AND q.lost_at IS NULL AND q.job <> p.job AND q.content = p.content)"#,
            since
        )
        .fetch_all(&self.readers)
        .await?;
        if renamed.is_empty() {
            return Ok(report);
        }
        let mut tx = self.begin().await?;
        for post in renamed {
            sqlx::query!("UPDATE post SET lost_at = NULL WHERE id = $1 AND state = 'cancelled'", post.id)
                .execute(&mut *tx)
                .await?;
            report.cancelled += cancel(&mut tx, post.id, RENAMED, at).await?;
        }
        // Few enough of this change are left.
        let rest = sqlx::query_scalar!(
            r#"SELECT id AS "id!" FROM post p WHERE state = 'held' AND lost_at = $1 AND
                 (SELECT count(*) FROM post q WHERE q.state = 'held' AND q.lost_at IS NOT NULL AND q.account = p.account) <= $2"#,
            at,
            UNASKED_MAX
        )
        .fetch_all(&mut *tx)
        .await?;
        for post in rest {
            report.cancelled += cancel(&mut tx, post, JOB_GONE, at).await?;
        }
        tx.commit().await?;
        Ok(report)
    }
}

/// Withdraws a post that was held.
async fn cancel(tx: &mut Write, post: i64, reason: &str, at: i64) -> Result<u64> {
    let done = sqlx::query!(
        "UPDATE post SET state = 'cancelled', event = 'cancel', actor = 'plan', changed_at = $2, reason = $3
         WHERE id = $1 AND state = 'held' AND lost_at IS NOT NULL",
        post,
        at,
        reason
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// How many posts of each account left shortly before, and how many are held for that; but for what is about to come back.
#[derive(Default)]
pub(super) struct LostBefore {
    /// Of each account.
    counts: HashMap<String, (i64, i64)>,
    /// Those that left shortly before, with their jobs.
    recent: Vec<(String, Existing)>,
}

impl Store {
    pub(super) async fn lost_before(&self, names: &[&str], now: Timestamp) -> Result<LostBefore> {
        let (since, names) = (micros(earlier(now, TOGETHER)), write_json(&names)?);
        let rows = sqlx::query!(
            r#"SELECT account, count(*) FILTER (WHERE state = 'cancelled') AS "recent!: i64",
                 count(*) FILTER (WHERE state = 'held') AS "held!: i64"
               FROM post p WHERE ((state = 'held' AND lost_at > 0) OR (state = 'cancelled' AND lost_at > $1))
                 AND NOT EXISTS (SELECT 1 FROM job j WHERE j.name = p.job AND j.gone_at IS NOT NULL
                                   AND j.name IN (SELECT value FROM json_each($2)))
               GROUP BY account"#,
            since,
            names
        )
        .fetch_all(&self.readers)
        .await?;
        let counts: HashMap<_, _> = rows.into_iter().map(|row| (row.account, (row.recent, row.held))).collect();
        let recent = match counts.values().any(|(recent, _)| *recent > 0) {
            true => read::posts_that_left(&mut *self.readers.acquire().await?, &names, since).await?,
            false => Vec::new(),
        };
        Ok(LostBefore { counts, recent })
    }
}

/// Of what would be withdrawn: which posts would be held instead. The same decision as above, on changes that are only shown.
pub(super) fn foretell(changes: &mut Vec<PostChange>, before: &LostBefore) -> Result<()> {
    // Of each account: posts that are lost, and posts that wait.
    let mut counts: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let mut said: HashMap<(String, String), Vec<Content>> = HashMap::new();
    for change in &*changes {
        let waits = matches!(change.state, Some(PostState::Scheduled | PostState::Claimed | PostState::Held));
        if let Some(face) = change.before.as_ref().or(change.after.as_ref()).filter(|_| waits) {
            let count = counts.entry(face.account.clone()).or_default();
            count.0 += i64::from(change.lost);
            count.1 += 1;
        }
        if let Some(face) = change.after.as_ref().filter(|_| change.becomes != PostState::Cancelled) {
            said.entry((face.account.clone(), change.nominal.clone())).or_default().push(face.content.clone());
        }
    }
    let is_renamed = |change: &PostChange| {
        let Some(face) = &change.before else { return false };
        let there = said.get(&(face.account.clone(), change.nominal.clone()));
        there.is_some_and(|contents| contents.contains(&face.content))
    };
    for (account, (lost, waiting)) in counts {
        let (recent, held) = before.counts.get(&account).copied().unwrap_or_default();
        if !is_accident(lost + recent + held, waiting + recent + held) {
            continue;
        }
        let of_account = |change: &PostChange| {
            change.lost && change.before.as_ref().is_some_and(|face| face.account == account) && !is_renamed(change)
        };
        let mut rest: Vec<&mut PostChange> = changes.iter_mut().filter(|change| of_account(change)).collect();
        let all = i64::try_from(rest.len()).unwrap_or(i64::MAX);
        let some_renamed = all < lost;
        let few = some_renamed && all + held + recent <= UNASKED_MAX;
        for change in rest.iter_mut().filter(|_| !few) {
            change.kind = ChangeKind::Held;
            change.becomes = PostState::Held;
            change.reason.push_str(IN_CASE);
        }
        // What left shortly before is held with them, unless it is on its way back.
        let back: HashSet<i64> = changes.iter().filter_map(|change| change.post).collect();
        for (job, post) in &before.recent {
            if post.row.account == account && !back.contains(&post.id) {
                let (kind, becomes) = (ChangeKind::Held, PostState::Held);
                let reason = format!("it left the job files{IN_CASE}");
                changes.push(PostChange { kind, becomes, ..PostChange::of_gone(job, post, &reason)? });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_accident;

    #[test]
    fn more_than_five_and_more_than_half_are_perhaps_an_accident() {
        let cases = [
            (0, 0, false),
            (1, 1, false),
            (5, 5, false),
            (5, 6, false),
            (6, 6, true),
            (6, 11, true),
            (6, 12, false),
            (7, 12, true),
            (36, 36, true),
            (50, 100, false),
            (51, 100, true),
            (20_000, 100_000, false),
        ];
        for (lost, waited, accident) in cases {
            assert_eq!(is_accident(lost, waited), accident, "{lost} of {waited}");
        }
    }
}
