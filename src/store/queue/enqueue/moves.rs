//! The SQL of the plan's own changes of state: a post is held, left out or let go again.

use jiff::Timestamp;

use super::step::Transition;
use crate::store::error::Result;
use crate::store::queue::write::Write;
use crate::store::values::{micros, write_json};

/// Moves a post to another state on the plan's behalf.
pub(super) async fn turn(tx: &mut Write, post: i64, turn: &Transition, now: Timestamp) -> Result<()> {
    let at = micros(now);
    let done = match turn {
        // One that waited for a person does so again.
        Transition::Restore(why) | Transition::RestoreHeld(why) => {
            sqlx::query!(
                "UPDATE post SET state = iif(held_reason IS NULL, 'scheduled', 'held'),
                   event = iif(held_reason IS NULL, 'release', 'hold'), actor = 'plan', changed_at = $2,
                   reason = iif(held_reason IS NULL, $3, $3 || '; before that: ' || held_reason), lost_at = NULL
                 WHERE id = $1 AND state IN ('cancelled', 'missed', 'held')",
                post,
                at,
                why
            )
            .execute(&mut **tx)
            .await
        }
        Transition::Return { why, held } => return give_back(tx, post, why, *held, now).await,
        Transition::Hold(why) => {
            sqlx::query!(
                "UPDATE post SET state = 'held', event = 'hold', actor = 'plan', reason = $3, changed_at = $2
                 WHERE id = $1 AND state = 'scheduled'",
                post,
                at,
                why
            )
            .execute(&mut **tx)
            .await
        }
        Transition::Skip(why) => {
            sqlx::query!(
                // What another blackout held waits for nobody once both are lifted.
                "UPDATE post SET state = 'cancelled', event = 'cancel', actor = 'plan', reason = $3, changed_at = $2,
                   held_reason = iif(state = 'held', coalesce(held_reason, iif(actor = 'plan', NULL, reason)), NULL)
                 WHERE id = $1 AND state IN ('scheduled', 'held')",
                post,
                at,
                why
            )
            .execute(&mut **tx)
            .await
        }
    };
    done?;
    Ok(())
}

/// A post that had left the job files goes on as if nothing had happened: by itself, or, if it was `held`, waiting for a person as before.
async fn give_back(tx: &mut Write, post: i64, why: &str, held: bool, now: Timestamp) -> Result<()> {
    let at = micros(now);
    let before = sqlx::query_scalar!("SELECT held_reason FROM post WHERE id = $1", post).fetch_one(&mut **tx).await?;
    sqlx::query!(
        "UPDATE post SET state = 'scheduled', event = 'release', actor = 'plan', reason = $3, changed_at = $2
         WHERE id = $1 AND state = 'held' AND lost_at IS NOT NULL",
        post,
        at,
        why
    )
    .execute(&mut **tx)
    .await?;
    if held {
        let reason = format!("{why}; before that: {}", before.as_deref().unwrap_or_default());
        sqlx::query!(
            "UPDATE post SET state = 'held', event = 'hold', actor = 'plan', reason = $3, changed_at = $2, held_reason = $4
             WHERE id = $1 AND state = 'scheduled'",
            post,
            at,
            reason,
            before
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Notes whether a post must follow its job file before it may leave.
pub(super) async fn mark(tx: &mut Write, post: i64, follow: bool) -> Result<()> {
    sqlx::query!("UPDATE post SET follow = $2 WHERE id = $1", post, follow).execute(&mut **tx).await?;
    Ok(())
}

/// Notes that posts whose request is out, and whose job is not among `names`, must not go out again.
pub(super) async fn mark_gone_jobs(tx: &mut Write, names: &[&str]) -> Result<()> {
    let names = write_json(&names)?;
    sqlx::query!(
        "UPDATE post SET follow = 1 WHERE follow = 0 AND state IN ('publishing', 'in_doubt') AND job NOT GLOB '@*'
           AND job NOT IN (SELECT value FROM json_each($1))",
        names
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
