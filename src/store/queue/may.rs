//! What a person's command would refuse, asked without doing it: what lies beyond the state of the post.

use std::time::Duration;

use jiff::Timestamp;

use super::person::OperatorRefusal;
use crate::domain::post::{PostEvent, PostState};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::values::{micros, span};

impl Store {
    /// Whether [`resolve_found`](Self::resolve_found) would do it.
    ///
    /// # Errors
    /// What it would refuse.
    pub async fn may_resolve_found(&self, post: i64, story_id: &str) -> std::result::Result<(), OperatorRefusal> {
        self.may(post, PostEvent::Publish, &[PostState::InDoubt]).await?;
        let taken = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM post p JOIN story s ON s.account = p.account AND s.story_id = $2 WHERE p.id = $1)
                 AS "taken!: bool""#,
            post,
            story_id
        )
        .fetch_one(&self.readers)
        .await
        .map_err(StoreError::from)?;
        if taken { Err(OperatorRefusal::StoryTaken(story_id.to_owned())) } else { Ok(()) }
    }

    /// Whether [`resolve_absent`](Self::resolve_absent) would do it.
    ///
    /// # Errors
    /// What it would refuse.
    pub async fn may_resolve_absent(
        &self,
        post: i64,
        quarantine: Duration,
        now: Timestamp,
    ) -> std::result::Result<(), OperatorRefusal> {
        self.may(post, PostEvent::Repost, &[PostState::InDoubt]).await?;
        let (at, limit) = (micros(now), span(quarantine));
        // A doubt that seems to lie ahead arose before the clock was set back; only the person can tell how long ago.
        let left = sqlx::query_scalar!(
            r#"SELECT changed_at + $2 - $3 AS "left!: i64" FROM post
               WHERE id = $1 AND state = 'in_doubt' AND changed_at <= $3 AND changed_at + $2 > $3"#,
            post,
            limit,
            at
        )
        .fetch_optional(&self.readers)
        .await
        .map_err(StoreError::from)?;
        match left {
            Some(left) => {
                Err(OperatorRefusal::TooSoon { post, wait: Duration::from_micros(u64::try_from(left).unwrap_or(0)) })
            }
            None => Ok(()),
        }
    }

    /// Whether [`adopt`](Self::adopt) would make a story of `account` that of `post`.
    ///
    /// # Errors
    /// What it would refuse of the post.
    pub async fn may_adopt(&self, account: &str, post: i64) -> std::result::Result<(), OperatorRefusal> {
        self.may(post, PostEvent::Adopt, &PostState::ALL).await?;
        let of = sqlx::query_scalar!("SELECT account FROM post WHERE id = $1", post)
            .fetch_one(&self.readers)
            .await
            .map_err(StoreError::from)?;
        if of == account {
            return Ok(());
        }
        Err(OperatorRefusal::NotPossible { post, state: self.state_of(post).await? })
    }
}
