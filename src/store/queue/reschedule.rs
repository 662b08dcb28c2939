//! A person gives a post another time.

use std::time::Duration;

use jiff::Timestamp;

use super::person::OperatorRefusal;
use super::write::note;
use crate::domain::post::{PostEvent, PostState};
use crate::domain::telling;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::values::{instant, micros, span};

/// Who moves it, why, and to when.
#[derive(Clone, Copy, Debug)]
pub struct Move<'a> {
    /// The new time.
    pub to: Timestamp,
    /// The IANA name of the zone in which the history tells it.
    pub zone: &'a str,
    /// A person.
    pub actor: &'a str,
    /// In their words; may be empty.
    pub reason: &'a str,
    /// How long before its time it is prepared.
    pub prepare_ahead: Duration,
}

impl Store {
    /// Gives a post that waits, or could go ahead again, another time. One of a job file is moved to a later time only: what its job
    /// file says stays its identity. One that a person put into the queue moves freely. Its late window starts anew.
    /// What did not wait follows its job file first, as after a release.
    ///
    /// # Errors
    /// Its state does not allow it, its job file says otherwise, or another post of its job has that time.
    pub async fn reschedule(
        &self,
        post: i64,
        order: Move<'_>,
        now: Timestamp,
    ) -> std::result::Result<(), OperatorRefusal> {
        let state = self.may_reschedule(post, order.to).await?;
        let (to, at, ahead, word) = (micros(order.to), micros(now), span(order.prepare_ahead), state.as_str());
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE post SET state = 'scheduled', event = iif(state = 'scheduled', event, 'release'), due_at = $3, moved_to_at = $3,
               occurs_at = iif(job GLOB '@*', $3, occurs_at), nominal_at = iif(job GLOB '@*', $3, nominal_at),
               actor = iif(state = 'scheduled', actor, $4), reason = iif(state = 'scheduled', reason, $5),
               changed_at = iif(state = 'scheduled', changed_at, $6), prepare_failures = 0, publish_failures = 0,
               follow = iif(state = 'scheduled' OR job GLOB '@*', follow, 1),
               late_until_at = iif(late_then = 'post', NULL, $3 + late_within),
               prepare_at = CASE WHEN kind = 'note' THEN NULL WHEN artifact_until_at > $3 THEN artifact_until_at
                                 ELSE max($6, $3 - $7) END
             WHERE id = $1 AND state = $2",
            post,
            word,
            to,
            order.actor,
            order.reason,
            at,
            ahead
        )
        .execute(&mut *tx)
        .await;
        let done = match done {
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                return Err(OperatorRefusal::TimeTaken(post));
            }
            done => done.map_err(StoreError::from)?,
        };
        if done.rows_affected() == 1 {
            let why = if order.reason.is_empty() { String::new() } else { format!(": {}", order.reason) };
            note(
                &mut tx,
                post,
                now,
                "reschedule",
                order.actor,
                &format!("to {}{why}", telling::instant(order.to, order.zone)),
            )
            .await?;
        }
        tx.commit().await?;
        self.expect_moved(post, done.rows_affected()).await
    }

    /// Whether [`reschedule`](Self::reschedule) would do it, and from which state.
    ///
    /// # Errors
    /// What `reschedule` would refuse, but for a time that another post has.
    pub async fn may_reschedule(&self, post: i64, to: Timestamp) -> std::result::Result<PostState, OperatorRefusal> {
        let state = self.state_of(post).await?;
        if state != PostState::Scheduled && state.next(PostEvent::Release).is_err() {
            return Err(OperatorRefusal::NotPossible { post, state });
        }
        let row = sqlx::query!(r#"SELECT occurs_at, job GLOB '@*' AS "by_hand!: bool" FROM post WHERE id = $1"#, post)
            .fetch_optional(&self.readers)
            .await
            .map_err(StoreError::from)?
            .ok_or(OperatorRefusal::NoSuchPost(post))?;
        self.refuse_gone(post).await?;
        if !row.by_hand && micros(to) < row.occurs_at {
            return Err(OperatorRefusal::BeforeItsJob { post, occurs_at: instant(row.occurs_at)? });
        }
        Ok(state)
    }
}
