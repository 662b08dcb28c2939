//! What a person does to a post: let it go ahead, withdraw it, settle a doubt.

use std::time::Duration;

use jiff::Timestamp;

use super::write::note;
use crate::domain::post::{PostEvent, PostState};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::values::{micros, span};

/// Why a person's command changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum OperatorRefusal {
    /// There is no such post.
    #[error("there is no post {0}; `storyd admin queue --all` lists them")]
    NoSuchPost(i64),
    /// Its state does not allow it.
    #[error("post {post} is {state}{}", hint(*state))]
    NotPossible {
        /// The post.
        post: i64,
        /// The state it is in.
        state: PostState,
    },
    /// No job file names its job any more.
    #[error(
        "post {post} belongs to the job {job:?}, which no job file names any more; put the job back into its file, then try again"
    )]
    JobGone {
        /// The post.
        post: i64,
        /// Its job.
        job: String,
    },
    /// It is held because the job files ask for it no more.
    #[error(
        "post {0} is held because it left the job files; put it back into its file and it goes on by itself, or `storyd admin accept` withdraws it"
    )]
    Lost(i64),
    /// Its request may still take effect.
    #[error("post {post} may still appear: its request left moments ago; look at the account's page again in {} s, and resolve it then", wait.as_secs().max(1))]
    TooSoon {
        /// The post.
        post: i64,
        /// How long it may take.
        wait: Duration,
    },
    /// Its job file decides when it goes out at the earliest.
    #[error("post {post} is due at {occurs_at} by its job file; it goes out earlier only when its job file says so")]
    BeforeItsJob {
        /// The post.
        post: i64,
        /// What its job file says.
        occurs_at: jiff::Timestamp,
    },
    /// Another post of the job has that time.
    #[error("another post of the job of post {0} has that time; choose another one")]
    TimeTaken(i64),
    /// No audit has seen such a story, or it is on record.
    #[error("no audit has found a story {0} that is not on record")]
    NotFound(String),
    /// The story ID belongs to another post.
    #[error("the story {0} is already recorded for another post; `storyd admin stories` lists them")]
    StoryTaken(String),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is possible instead.
fn hint(state: PostState) -> &'static str {
    match state {
        PostState::Scheduled => ": it waits for its time; `cancel` withdraws it",
        PostState::Claimed => ": it is being prepared or about to leave; `cancel` withdraws it",
        PostState::Publishing => ": its request is under way; wait for the answer",
        PostState::InDoubt => ": nobody knows yet whether it was published; look at the account's page, then `resolve`",
        PostState::Published => ": its story is up; `delete` takes it down",
        PostState::Deleted => ": its story was taken down; to publish it again, give it a new time in its job file",
        PostState::Missed | PostState::Failed | PostState::Cancelled => ": `retry` lets it go ahead",
        PostState::Held => ": `release` lets it go ahead, `cancel` withdraws it",
    }
}

impl Store {
    /// Lets a post go ahead from those of the states `from` that can be released: due at its time, or the one that a person gave it, or at once
    /// when that has passed.
    /// Its failures are forgotten, its late window starts anew, and an artifact that is stale is made anew. One whose job has left
    /// the job files is refused: what no file says is not published. Whatever else the file says by now, the post follows first.
    pub async fn release(
        &self,
        post: i64,
        from: &[PostState],
        actor: &str,
        reason: &str,
        prepare_ahead: Duration,
        now: Timestamp,
    ) -> std::result::Result<(), OperatorRefusal> {
        let state = self.state_of(post).await?;
        if !from.contains(&state) || state.next(PostEvent::Release).is_err() {
            return Err(OperatorRefusal::NotPossible { post, state });
        }
        self.refuse_gone(post).await?;
        let (at, ahead, state_word) = (micros(now), span(prepare_ahead), state.as_str());
        let done = sqlx::query!(
            "UPDATE post SET state = 'scheduled', event = 'release', actor = $3, reason = $4, changed_at = $5,
               due_at = max(coalesce(moved_to_at, occurs_at), $5), prepare_failures = 0, publish_failures = 0, follow = iif(job GLOB '@*', 0, 1),
               late_until_at = iif(late_then = 'post', NULL, max(coalesce(moved_to_at, occurs_at), $5) + late_within),
               prepare_at = CASE WHEN kind = 'note' THEN NULL WHEN artifact_until_at > $5 THEN artifact_until_at
                                 ELSE max($5, max(coalesce(moved_to_at, occurs_at), $5) - $6) END
             WHERE id = $1 AND state = $2",
            post,
            state_word,
            actor,
            reason,
            at,
            ahead
        )
        .execute(self.writing().await)
        .await
        .map_err(StoreError::from)?;
        self.expect_moved(post, done.rows_affected()).await
    }

    /// Withdraws a post. Once this returns, no request for it begins any more.
    pub async fn cancel(
        &self,
        post: i64,
        actor: &str,
        reason: &str,
        now: Timestamp,
    ) -> std::result::Result<(), OperatorRefusal> {
        self.state_of(post).await?;
        let at = micros(now);
        let done = sqlx::query!(
            "UPDATE post SET state = 'cancelled', event = 'cancel', actor = $2, reason = $3, changed_at = $4,
               lease_until_at = NULL
             WHERE id = $1 AND state IN ('scheduled', 'claimed', 'held', 'failed')",
            post,
            actor,
            reason,
            at
        )
        .execute(self.writing().await)
        .await
        .map_err(StoreError::from)?;
        self.expect_moved(post, done.rows_affected()).await
    }

    /// A person has seen the story of a doubtful post.
    pub async fn resolve_found(
        &self,
        post: i64,
        story_id: &str,
        actor: &str,
        now: Timestamp,
    ) -> std::result::Result<(), OperatorRefusal> {
        self.state_of(post).await?;
        let at = micros(now);
        let done = sqlx::query!(
            "UPDATE post SET state = 'published', event = 'publish', actor = $2, reason = 'seen by a person',
               changed_at = $3, reconcile_at = NULL, parked_at = NULL, story_id = $4
             WHERE id = $1 AND state = 'in_doubt'",
            post,
            actor,
            at,
            story_id
        )
        .execute(self.writing().await)
        .await;
        match done {
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                Err(OperatorRefusal::StoryTaken(story_id.to_owned()))
            }
            Err(error) => Err(StoreError::from(error).into()),
            Ok(done) => self.expect_moved(post, done.rows_affected()).await,
        }
    }

    /// A person has made sure that the story of a doubtful post does not exist: it goes back into the queue, due at once. Refused
    /// while its request, which left within the last `quarantine`, may still take effect: nobody can be sure so soon.
    pub async fn resolve_absent(
        &self,
        post: i64,
        actor: &str,
        quarantine: Duration,
        now: Timestamp,
    ) -> std::result::Result<(), OperatorRefusal> {
        self.may_resolve_absent(post, quarantine, now).await?;
        let at = micros(now);
        let done = sqlx::query!(
            "UPDATE post SET state = 'scheduled', event = 'repost', actor = $2, reason = 'a person made sure that it is absent',
               changed_at = $3, due_at = max(coalesce(moved_to_at, occurs_at), $3), reconcile_at = NULL, parked_at = NULL, absences = 0,
               publish_failures = 0,
               late_until_at = iif(late_then = 'post', NULL, max(coalesce(moved_to_at, occurs_at), $3) + late_within),
               prepare_at = artifact_until_at
             WHERE id = $1 AND state = 'in_doubt'",
            post,
            actor,
            at
        )
        .execute(self.writing().await)
        .await
        .map_err(StoreError::from)?;
        self.expect_moved(post, done.rows_affected()).await
    }

    /// Whether a person's command would move a post that is in one of the states `from`.
    ///
    /// # Errors
    /// What the command would refuse, as far as that lies in the post and its job.
    pub async fn may(
        &self,
        post: i64,
        event: PostEvent,
        from: &[PostState],
    ) -> std::result::Result<(), OperatorRefusal> {
        let state = self.state_of(post).await?;
        if !from.contains(&state) || state.next(event).is_err() {
            return Err(OperatorRefusal::NotPossible { post, state });
        }
        if event == PostEvent::Release {
            self.refuse_gone(post).await?;
        }
        Ok(())
    }

    /// Writes a person's words into the history of a post.
    pub async fn remark(
        &self,
        post: i64,
        actor: &str,
        words: &str,
        now: Timestamp,
    ) -> std::result::Result<(), OperatorRefusal> {
        let mut tx = self.begin().await?;
        note(&mut tx, post, now, "remark", actor, words).await?;
        tx.commit().await?;
        Ok(())
    }

    pub(super) async fn expect_moved(&self, post: i64, rows: u64) -> std::result::Result<(), OperatorRefusal> {
        if rows == 1 {
            return Ok(());
        }
        Err(OperatorRefusal::NotPossible { post, state: self.state_of(post).await? })
    }

    /// What no job file says is not published, whoever orders it.
    pub(super) async fn refuse_gone(&self, post: i64) -> std::result::Result<(), OperatorRefusal> {
        let lost =
            sqlx::query_scalar!("SELECT id FROM post WHERE id = $1 AND state = 'held' AND lost_at IS NOT NULL", post)
                .fetch_optional(&self.readers)
                .await
                .map_err(StoreError::from)?;
        if lost.is_some() {
            return Err(OperatorRefusal::Lost(post));
        }
        let gone = sqlx::query_scalar!(
            "SELECT j.name FROM post p JOIN job j ON j.name = p.job WHERE p.id = $1 AND j.gone_at IS NOT NULL",
            post
        )
        .fetch_optional(&self.readers)
        .await
        .map_err(StoreError::from)?;
        match gone {
            Some(job) => Err(OperatorRefusal::JobGone { post, job }),
            None => Ok(()),
        }
    }

    pub(super) async fn state_of(&self, post: i64) -> std::result::Result<PostState, OperatorRefusal> {
        let word = sqlx::query_scalar!("SELECT state FROM post WHERE id = $1", post)
            .fetch_optional(&self.readers)
            .await
            .map_err(StoreError::from)?
            .ok_or(OperatorRefusal::NoSuchPost(post))?;
        PostState::parse(&word).ok_or_else(|| StoreError::Nonsense { what: format!("the state {word:?}") }.into())
    }
}
