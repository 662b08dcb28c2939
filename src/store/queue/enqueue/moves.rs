//! The SQL of the plan's own changes of state: a post is withdrawn, held, left out or let go again.

use jiff::Timestamp;

use super::step::Turn;
use crate::store::queue::Write;
use crate::store::{Result, micros, write_json};

/// Moves a post to another state on the plan's behalf.
pub(super) async fn turn(tx: &mut Write, post: i64, turn: &Turn, now: Timestamp) -> Result<()> {
    let at = micros(now);
    let done = match turn {
        // One that waited for a person does so again.
        Turn::Restore(why) | Turn::RestoreHeld(why) => {
            sqlx::query!(
                "UPDATE post SET state = iif(held_reason IS NULL, 'scheduled', 'held'),
                   event = iif(held_reason IS NULL, 'release', 'hold'), actor = 'plan', changed_at = $2,
                   reason = iif(held_reason IS NULL, $3, $3 || '; before that: ' || held_reason)
                 WHERE id = $1 AND state IN ('cancelled', 'missed', 'held')",
                post,
                at,
                why
            )
            .execute(&mut **tx)
            .await
        }
        Turn::Hold(why) => {
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
        Turn::Skip(why) => {
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

pub(super) async fn withdraw(tx: &mut Write, post: i64, reason: &str, now: Timestamp) -> Result<u64> {
    let at = micros(now);
    let done = sqlx::query!(
        "UPDATE post SET state = 'cancelled', event = 'cancel', actor = 'plan', reason = $2, changed_at = $3,
           held_reason = iif(state = 'held', coalesce(held_reason, reason), NULL), follow = 0, lease_until_at = NULL
         WHERE id = $1 AND state IN ('scheduled', 'claimed', 'held')",
        post,
        reason,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
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
