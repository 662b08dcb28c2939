//! Carries the steps out: many jobs in one transaction, a job with very many posts in several, and where a statement refuses something,
//! everything but that. Between two transactions whoever waits for the writer has a turn, and who is told to stop stops.

use std::time::Duration;

use jiff::Timestamp;

use super::add::Adds;
use super::batches::batches;
use super::columns::PostColumns;
use super::report::Enqueued;
use super::step::{EnqueueAction, EnqueueStep, Transition, steps};
use super::wanted::JobPosts;
use super::withdrawal::{self, Gone, JOB_GONE};
use super::{moves, read, rewrite};
use crate::domain::clock::earlier;
use crate::domain::post::PostState;
use crate::store::error::{Result, StatementFailure, StoreError};
use crate::store::handle::Store;
use crate::store::queue::write::{Write, note};
use crate::store::values::{micros, write_json};

/// Who brings what the job files say.
pub(super) const BY_PLAN: &str = "plan";
/// Most jobs, and occurrences of theirs, that are written together: few enough that a post that falls due need not wait for the writer for long. What changes of a job is
/// written at once; its new posts may be divided.
const WRITTEN_AT_ONCE: (usize, usize) = (250, 500);

/// Who brings it, and, for the job files, the names of all jobs as JSON.
#[derive(Clone, Copy)]
struct By<'a> {
    actor: &'a str,
    names: Option<&'a str>,
}

impl Store {
    pub(super) async fn bring(
        &self,
        jobs: &[JobPosts],
        names: Option<&[&str]>,
        actor: &str,
        now: Timestamp,
    ) -> Result<Enqueued> {
        let differing = self.differing(jobs, now).await?;
        let mut report = Enqueued::default();
        let json = names.map(|names| write_json(&names)).transpose()?;
        let by = By { actor, names: json.as_deref() };
        if let Some(names) = names
            && read::any_gone(&mut *self.readers.acquire().await?, names).await?
        {
            report += self.leave(names, now).await?;
        }
        for posts in batches(&differing, WRITTEN_AT_ONCE) {
            if self.is_told_to_stop() {
                break;
            }
            report += self.bring_batch(posts, by, now).await?;
        }
        if names.is_some() {
            let renamed = self.find_renamed(now).await?;
            report.withheld = report.withheld.saturating_sub(renamed.cancelled);
            report += renamed;
        }
        Ok(report)
    }

    /// Withdraws the waiting posts of every job that is not among `names`; those that can be, where a statement refuses one.
    async fn leave(&self, names: &[&str], now: Timestamp) -> Result<Enqueued> {
        let mut report = Enqueued::default();
        let gone = read::posts_of_gone_jobs(&mut *self.readers.acquire().await?, names).await?;
        let all: Vec<i64> = gone.iter().map(|(_, post)| post.id).collect();
        let mut parts = vec![all.as_slice()];
        while let Some(part) = parts.pop().filter(|_| !self.is_told_to_stop()) {
            match self.withdraw(part, names, now).await {
                Ok(done) => report += done,
                Err(error) if error.trouble() == StatementFailure::Refused && part.len() > 1 => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                }
                Err(error) if error.trouble() == StatementFailure::Refused && !part.is_empty() => {
                    tracing::error!(posts = ?part, %error, "the queue refused to withdraw a post whose job left the job files");
                    report.refused += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(report)
    }

    async fn withdraw(&self, posts: &[i64], names: &[&str], now: Timestamp) -> Result<Enqueued> {
        let mut tx = self.begin().await?;
        let gone: Vec<Gone> =
            posts.iter().map(|post| Gone { post: *post, reason: JOB_GONE, replaced: false }).collect();
        let json = write_json(&names)?;
        let report = withdrawal::withdraw(&mut tx, &gone, Some(&json), i64::MAX, now).await?;

        mark_gone(&mut tx, names, now).await?;
        tx.commit().await?;
        Ok(report)
    }

    /// The posts of a job that stands in no job file may be refused, and whoever asks for them is told so; of a job file what is refused is
    /// left out, and the rest is brought into the queue.
    async fn bring_batch(&self, posts: &[&JobPosts], by: By<'_>, now: Timestamp) -> Result<Enqueued> {
        match self.bring_together(posts, by, now).await {
            Err(error) if error.trouble() == StatementFailure::Refused && by.actor == BY_PLAN => {}
            done => return done,
        }
        let mut report = Enqueued::default();
        for job in posts {
            match self.bring_singly(job, by, now).await {
                Ok(done) => report += done,
                Err(error) if error.trouble() == StatementFailure::Refused => {
                    report.refused += refused(job, None, &error)
                }
                Err(error) => return Err(error),
            }
        }
        Ok(report)
    }

    /// Jobs in one transaction; of a job that is alone and has more new posts than that takes, the others in transactions of their own.
    async fn bring_together(&self, posts: &[&JobPosts], by: By<'_>, now: Timestamp) -> Result<Enqueued> {
        let mut tx = self.begin().await?;
        let known = read::known(&mut tx, posts).await?;
        let existing = read::existing_posts(&mut tx, posts, &known).await?;
        let columns = posts.iter().map(|posts| PostColumns::of(posts)).collect::<Result<Vec<_>>>()?;
        let mut all: Vec<Vec<EnqueueStep<'_>>> =
            existing.iter().zip(&columns).map(|(existing, is)| steps(existing, is, now)).collect();
        let later = all.first_mut().filter(|_| posts.len() == 1).map(put_off).unwrap_or_default();
        let noted: Vec<_> = posts.iter().map(|posts| (*posts, whole_until(posts, &later))).collect();
        note_jobs(&mut tx, &noted, now).await?;
        let (mut adds, mut report, newest) = (Adds::by(by.actor), Enqueued::default(), newest(&mut tx).await?);
        for (steps, columns) in all.iter().zip(&columns) {
            report += carry_out(&mut tx, steps, columns, &mut adds, now).await?;
        }
        report += withdrawal::withdraw(&mut tx, &gone(all.iter().flatten()), by.names, newest, now).await?;
        report.added += adds.write(&mut tx, now).await?;
        tx.commit().await?;
        if let [is] = columns.as_slice() {
            report += self.bring_later(&later, is, by, now).await?;
        }
        Ok(report)
    }

    /// The rest of the new posts of a job that has many, part by part: a post that falls due meanwhile does not wait for all of them. The
    /// watermark follows what is whole, so that an interrupted job goes on where it stopped.
    async fn bring_later(
        &self,
        later: &[EnqueueStep<'_>],
        is: &PostColumns<'_>,
        by: By<'_>,
        now: Timestamp,
    ) -> Result<Enqueued> {
        let (mut report, mut rest) = (Enqueued::default(), later);
        while !rest.is_empty() && !self.is_told_to_stop() {
            let (part, after) = rest.split_at(rest.len().min(WRITTEN_AT_ONCE.1));
            match self.bring_part(part, is, whole_until(is.posts, after), by, now).await {
                Ok(done) => report += done,
                Err(error) if error.trouble() == StatementFailure::Refused && by.actor == BY_PLAN => {
                    report += self.bring_halves(part, is, whole_until(is.posts, after), by, now).await?;
                }
                Err(error) => return Err(error),
            }
            rest = after;
            tokio::task::yield_now().await;
        }
        Ok(report)
    }

    /// One job of which something is refused: as much of it as is not.
    async fn bring_singly(&self, posts: &JobPosts, by: By<'_>, now: Timestamp) -> Result<Enqueued> {
        let (is, existing) = (PostColumns::of(posts)?, {
            let mut reader = self.readers.acquire().await?;
            let known = read::known(&mut reader, &[posts]).await?;
            read::existing_posts(&mut reader, &[posts], &known).await?
        });
        let steps = existing.first().map(|existing| steps(existing, &is, now)).unwrap_or_default();
        self.bring_halves(&steps, &is, posts.complete_until, by, now).await
    }

    /// Steps of one job of which something is refused, in smaller and smaller parts, until what is refused is known and left out.
    async fn bring_halves(
        &self,
        steps: &[EnqueueStep<'_>],
        is: &PostColumns<'_>,
        whole: Timestamp,
        by: By<'_>,
        now: Timestamp,
    ) -> Result<Enqueued> {
        let (mut report, mut parts) = (Enqueued::default(), vec![steps]);
        while let Some(part) = parts.pop() {
            match self.bring_part(part, is, whole, by, now).await {
                Ok(done) => report += done,
                Err(error) if error.trouble() == StatementFailure::Refused => match part {
                    [step] => report.refused += refused(is.posts, Some(step), &error),
                    _ => {
                        let (first, second) = part.split_at(part.len() / 2);
                        parts.extend([second, first]);
                    }
                },
                Err(error) => return Err(error),
            }
        }
        Ok(report)
    }

    async fn bring_part(
        &self,
        steps: &[EnqueueStep<'_>],
        is: &PostColumns<'_>,
        whole: Timestamp,
        by: By<'_>,
        now: Timestamp,
    ) -> Result<Enqueued> {
        let mut tx = self.begin().await?;
        note_jobs(&mut tx, &[(is.posts, whole)], now).await?;
        let (mut adds, newest) = (Adds::by(by.actor), newest(&mut tx).await?);
        let mut report = carry_out(&mut tx, steps, is, &mut adds, now).await?;
        report += withdrawal::withdraw(&mut tx, &gone(steps), by.names, newest, now).await?;
        report.added += adds.write(&mut tx, now).await?;
        tx.commit().await?;
        Ok(report)
    }
}

/// Takes the new posts out of a job's steps that are written after the others: all beyond as many as one transaction takes, in the order
/// of their times.
fn put_off<'a>(steps: &mut Vec<EnqueueStep<'a>>) -> Vec<EnqueueStep<'a>> {
    let is_new = |step: &EnqueueStep<'_>| matches!(step.deed, EnqueueAction::Add { .. });
    if steps.iter().filter(|step| is_new(step)).count() <= WRITTEN_AT_ONCE.1 {
        return Vec::new();
    }
    let (mut new, mut others): (Vec<EnqueueStep<'a>>, Vec<EnqueueStep<'a>>) =
        std::mem::take(steps).into_iter().partition(is_new);
    new.sort_by_key(|step| step.occurrence.map(|occurrence| occurrence.nominal_at));
    let later = new.split_off(WRITTEN_AT_ONCE.1);
    others.append(&mut new);
    *steps = others;
    later
}

/// Up to where a job is whole while these new posts of it are still missing.
fn whole_until(posts: &JobPosts, missing: &[EnqueueStep<'_>]) -> Timestamp {
    let next = missing.first().and_then(|step| step.occurrence);
    let before = next.map(|occurrence| earlier(occurrence.nominal_at, Duration::from_micros(1)));
    before.map_or(posts.complete_until, |before| before.min(posts.complete_until))
}

/// Says what a statement refused of a job. How many posts that costs.
fn refused(posts: &JobPosts, step: Option<&EnqueueStep<'_>>, error: &StoreError) -> u64 {
    let named =
        step.and_then(|step| step.occurrence.map(|o| o.nominal.as_str()).or(step.post.map(|post| &*post.nominal)));
    tracing::error!(job.name = posts.job, occurrence = named, %error, "the queue refused a post of the job files; the others follow them");
    if step.is_some() { 1 } else { posts.occurrences.len().max(1) as u64 }
}

/// Notes every job with its place and its watermark, their accounts, and which jobs no job file names any more. Writes only
/// what is news: the horizon of an endless schedule moves with the clock, and a watermark that lags behind it by up to a day, or
/// half a short horizon, costs nothing: it still lies ahead of the clock.
async fn note_jobs(tx: &mut Write, jobs: &[(&JobPosts, Timestamp)], now: Timestamp) -> Result<()> {
    let at = micros(now);
    let accounts: std::collections::BTreeSet<&str> = jobs.iter().map(|(posts, _)| posts.account.as_str()).collect();
    let accounts = write_json(&accounts)?;
    sqlx::query!(
        "INSERT INTO account (name) SELECT value FROM json_each($1) WHERE true ON CONFLICT (name) DO NOTHING",
        accounts
    )
    .execute(&mut **tx)
    .await?;
    let rows: Vec<_> = jobs.iter().map(|(posts, until)| (&posts.job, &posts.source, micros(*until))).collect();
    let rows = write_json(&rows)?;
    sqlx::query!(
        "INSERT INTO job (name, source, first_seen_at, enqueued_until_at)
         SELECT value ->> 0, value ->> 1, $2, value ->> 2 FROM jsonb_each($1) WHERE true
         ON CONFLICT (name) DO UPDATE SET source = excluded.source, gone_at = NULL,
           enqueued_until_at = max(enqueued_until_at, excluded.enqueued_until_at)
         WHERE source <> excluded.source OR gone_at IS NOT NULL
            OR excluded.enqueued_until_at - enqueued_until_at
               >= min(86400000000, max(1, (excluded.enqueued_until_at - $2) / 2))",
        rows,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes since when the jobs that are not among `names` are gone, and that their posts on the way must learn of it.
async fn mark_gone(tx: &mut Write, names: &[&str], now: Timestamp) -> Result<()> {
    let at = micros(now);
    moves::mark_gone_jobs(tx, names).await?;
    let names = write_json(&names)?;
    sqlx::query!(
        "UPDATE job SET gone_at = $2 WHERE gone_at IS NULL AND name NOT GLOB '@*' AND name NOT IN (SELECT value FROM json_each($1))",
        names,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The number of the newest post.
async fn newest(tx: &mut Write) -> Result<i64> {
    Ok(sqlx::query_scalar!(r#"SELECT coalesce(max(id), 0) AS "newest!: i64" FROM post"#).fetch_one(&mut **tx).await?)
}

/// The posts that steps withdraw.
fn gone<'a, 'b: 'a>(steps: impl IntoIterator<Item = &'a EnqueueStep<'b>>) -> Vec<Gone> {
    let of = |step: &EnqueueStep<'_>| match (&step.deed, step.post) {
        (EnqueueAction::Withdraw { reason, replaced }, Some(post)) => {
            Some(Gone { post: post.id, reason, replaced: *replaced })
        }
        _ => None,
    };
    steps.into_iter().filter_map(of).collect()
}

/// Writes the steps of one job down, but for those that withdraw; a new post that stays where it starts is left to `adds`, which many jobs share: it takes a place
/// that is free by then, and makes room for nobody.
async fn carry_out(
    tx: &mut Write,
    steps: &[EnqueueStep<'_>],
    columns: &PostColumns<'_>,
    adds: &mut Adds<'_>,
    now: Timestamp,
) -> Result<Enqueued> {
    let mut report = Enqueued::default();
    rewrite::set_aside(tx, steps).await?;
    for step in steps {
        match (&step.deed, step.post, step.occurrence) {
            (EnqueueAction::Mark(follow), Some(post), _) => moves::mark(tx, post.id, *follow).await?,
            (EnqueueAction::Edit { told, turns }, Some(post), Some(occurrence)) => {
                if post.follow {
                    moves::mark(tx, post.id, false).await?;
                }
                if let Some(told) = told {
                    rewrite::rewrite(tx, post, occurrence, columns).await?;
                    note(tx, post.id, now, "edit", "plan", told).await?;
                    report.changed += u64::from(matches!(post.state, PostState::Scheduled | PostState::Held));
                }
                for turn in turns {
                    moves::turn(tx, post.id, turn, now).await?;
                    report.restored += u64::from(matches!(
                        turn,
                        Transition::Restore(_) | Transition::RestoreHeld(_) | Transition::Return { .. }
                    ));
                    report.held += u64::from(matches!(turn, Transition::Hold(_)));
                    report.skipped += u64::from(matches!(turn, Transition::Skip(_)));
                }
            }
            (EnqueueAction::Add { why, turn: None }, None, Some(occurrence)) => {
                adds.add(columns, occurrence, why)?;
                if adds.is_full() {
                    report.added += adds.write(tx, now).await?;
                }
            }
            (EnqueueAction::Add { why, turn: Some(turn) }, None, Some(occurrence)) => {
                // In the order of their times, so that the numbers of new posts rise with them.
                report.added += adds.write(tx, now).await?;
                adds.add(columns, occurrence, why)?;
                // A pruned occurrence is refused: its post was there before.
                let Some(post) = adds.write_one(tx, now).await? else { continue };
                moves::turn(tx, post, turn, now).await?;
                report.held += u64::from(matches!(turn, Transition::Hold(_)));
                report.skipped += u64::from(matches!(turn, Transition::Skip(_)));
                report.added += 1;
            }
            (EnqueueAction::Busy, ..) => report.busy += 1,
            _ => {}
        }
    }
    Ok(report)
}
