//! What the database refuses costs the post, or the step, that it is about, and never the daemon: the post goes to a person, and the
//! account, and every other one, goes on.
//!
//! Only for what a statement refuses, or a row that cannot be read. A disk that fails and a page that is damaged end the daemon.

use std::time::Duration;

use super::context::Ctx;
use super::report::{Result, TaskOutcome, TaskReport};
use crate::domain::clock::later;
use crate::store::queue::{Aside, settle};
use crate::store::view::TaskKind;
use crate::store::{StatementFailure, StoreError};

/// How long a deed of an account rests about which a statement was refused, and no post is to blame.
pub(super) const REFUSED_REST: Duration = Duration::from_secs(60);

/// Whether the post that the deed is about takes no change: then nothing is asked of Kakao for it.
pub(super) async fn is_left_alone(ctx: &Ctx, deed: TaskKind, account: &str) -> Result<bool> {
    let left_alone = ctx.store.untouchable();
    if deed != TaskKind::Reconcile || left_alone.is_empty() {
        return Ok(false);
    }
    let doubt = unless_refused_again(ctx, ctx.store.doubt_of(account).await)?.flatten();
    Ok(doubt.is_some_and(|post| left_alone.contains(&post)))
}

/// A deed's report; where a statement was refused, what was set aside for it.
pub(super) async fn unless_refused(
    ctx: &Ctx,
    deed: TaskKind,
    account: &str,
    done: Result<TaskReport>,
) -> Result<TaskReport> {
    match done {
        Err(error) if ctx.store.notice(&error) == StatementFailure::Refused => {
            set_aside(ctx, deed, account, &error).await
        }
        done => done,
    }
}

/// What a step of the upkeep did; nothing where a statement refused it. The other steps are made all the same.
pub(super) fn step_unless_refused<T: Default>(ctx: &Ctx, step: &'static str, done: Result<T>) -> Result<T> {
    match done {
        Err(error) if ctx.store.notice(&error) == StatementFailure::Refused => {
            tracing::error!(%error, "to {step} was refused; everything else goes on");
            ctx.refused.note(step, &error.to_string());
            Ok(T::default())
        }
        done => {
            ctx.refused.over(step);
            done
        }
    }
}

async fn set_aside(ctx: &Ctx, deed: TaskKind, account: &str, error: &StoreError) -> Result<TaskReport> {
    let now = ctx.clock.now();
    let report = |post, outcome| TaskReport { deed, account: account.into(), post, outcome };
    let why = error.to_string();
    let Some(post) = blamed(ctx, deed, account, error).await? else {
        give_up(ctx, deed, account, &why).await?;
        return Ok(report(None, TaskOutcome::Refused { why }));
    };
    let job = unless_refused_again(ctx, ctx.store.job_of(post).await)?.flatten().map(|(job, _)| job);
    let aside = ctx.store.set_aside(post, &why, &settle(post), now).await;
    let aside = unless_refused_again(ctx, aside)?.unwrap_or(Aside::Untouchable);
    Ok(report(Some((post, job.unwrap_or_default())), TaskOutcome::SetAside { aside, why }))
}

/// The post about which a statement was refused.
async fn blamed(ctx: &Ctx, deed: TaskKind, account: &str, error: &StoreError) -> Result<Option<i64>> {
    let found = match (deed, error) {
        (_, StoreError::Refused { post, .. }) => return Ok(Some(*post)),
        // An account has one post in doubt at a time.
        (TaskKind::Reconcile, _) => ctx.store.doubt_of(account).await,
        (TaskKind::Publish, _) => ctx.store.refused_claim(account, ctx.clock.now(), ctx.rules.lease).await,
        _ => return Ok(None),
    };
    Ok(unless_refused_again(ctx, found)?.flatten())
}

/// A step that is no post's: what would only be refused again is given up where it can be.
async fn give_up(ctx: &Ctx, deed: TaskKind, account: &str, why: &str) -> Result<()> {
    let now = ctx.clock.now();
    let done = match deed {
        TaskKind::Audit => ctx.store.give_up_audit(account, why, now).await,
        TaskKind::Notify => ctx.store.give_up_notice(account, why, now).await,
        TaskKind::Foresee => ctx.store.put_off_looks(account, now, later(now, REFUSED_REST)).await,
        TaskKind::Prepare
        | TaskKind::Publish
        | TaskKind::Reconcile
        | TaskKind::Delete
        | TaskKind::Probe
        | TaskKind::Restore => Ok(()),
    };
    unless_refused_again(ctx, done).map(|_| ())
}

/// `None` where a statement was refused once more.
fn unless_refused_again<T>(ctx: &Ctx, done: Result<T>) -> Result<Option<T>> {
    match done {
        Err(error) if ctx.store.notice(&error) == StatementFailure::Refused => Ok(None),
        done => done.map(Some),
    }
}
