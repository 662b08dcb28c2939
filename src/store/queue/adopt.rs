//! Stories that Kakao shows and the record lacks are taken into it: as the story of a post that was believed not to have gone out,
//! or as a post of their own.

use jiff::Timestamp;

use super::audit::ShownStory;
use super::person::OperatorRefusal;
use super::text_key::text_key;
use super::write::Write;
use crate::domain::post::PostState;
use crate::store::error::{Result, StoreError};
use crate::store::handle::Store;
use crate::store::values::{micros, read_json, write_json};

/// Who takes a story into the record, and why.
#[derive(Clone, Copy, Debug)]
pub struct AdoptOrder<'a> {
    /// A person, or `restore`.
    pub actor: &'a str,
    /// In their words; may be empty.
    pub reason: &'a str,
}

impl Store {
    /// Accounts for which an audit found this story and nobody has taken it into the record.
    pub async fn strangers(&self, story_id: &str) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            "SELECT DISTINCT f.account FROM account a JOIN finding f ON f.account = a.name AND f.story_id = $1
             WHERE f.story IS NOT NULL AND f.kind IN ('unknown', 'doubtful')
               AND NOT EXISTS (SELECT 1 FROM story s WHERE s.account = f.account AND s.story_id = f.story_id)
             ORDER BY f.account",
            story_id
        )
        .fetch_all(&self.readers)
        .await?)
    }

    /// Takes a story that an audit found into the record: as that of `post`, or as a post of its own. The number of the post.
    ///
    /// # Errors
    /// No audit found it, it is on record already, or the post's state does not allow it.
    pub async fn adopt(
        &self,
        account: &str,
        story_id: &str,
        post: Option<i64>,
        order: AdoptOrder<'_>,
        now: Timestamp,
    ) -> std::result::Result<i64, OperatorRefusal> {
        let mut tx = self.begin().await?;
        let shown = sqlx::query_scalar!(
            r#"SELECT story AS "story!" FROM finding WHERE account = $1 AND story_id = $2 AND story IS NOT NULL
               ORDER BY audit_id DESC LIMIT 1"#,
            account,
            story_id
        )
        .fetch_optional(&mut *tx)
        .await
        .map_err(StoreError::from)?
        .ok_or_else(|| OperatorRefusal::NotFound(story_id.to_owned()))?;
        let shown: ShownStory = read_json(&shown, "what an audit saw")?;
        let (post, by_hand) = match post {
            Some(post) => (post, false),
            None => (insert_stranger(&mut tx, account, story_id, &shown, order, now).await?, true),
        };
        let adopted = adopt_into(&mut tx, post, (account, story_id, shown.created_at), order, now).await;
        match adopted {
            Ok(1) => tx.commit().await?,
            Ok(_) if by_hand => return Err(OperatorRefusal::StoryTaken(story_id.to_owned())),
            Ok(_) => {
                drop(tx);
                let state: PostState = self.state_of(post).await?;
                return Err(OperatorRefusal::NotPossible { post, state });
            }
            Err(StoreError::Database(sqlx::Error::Database(error))) if error.is_unique_violation() => {
                return Err(OperatorRefusal::StoryTaken(story_id.to_owned()));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(post)
    }
}

/// Makes a post for a story that no post asked for. It never waits: the same transaction publishes it.
async fn insert_stranger(
    tx: &mut Write,
    account: &str,
    story_id: &str,
    shown: &ShownStory,
    order: AdoptOrder<'_>,
    now: Timestamp,
) -> std::result::Result<i64, OperatorRefusal> {
    let (at, created_at, job) = (micros(now), micros(shown.created_at), format!("@story-{story_id}"));
    let (content, kind) = (write_json(&shown.content)?, shown.content.kind());
    let key = text_key(shown.content.text().unwrap_or_default());
    let prepare_at = shown.content.needs_preparing().then_some(created_at);
    sqlx::query!(
        "INSERT INTO job (name, source, first_seen_at, enqueued_until_at) VALUES ($1, 'adopted', $2, $2) ON CONFLICT DO NOTHING",
        job,
        at
    )
    .execute(&mut **tx)
    .await
    .map_err(StoreError::from)?;
    let done = sqlx::query!(
        "INSERT INTO post (job, nominal, account, content, kind, text_key, zone, nominal_at, occurs_at, due_at, prepare_at, late_within,
           late_then, in_doubt, event, actor, reason, changed_at, created_at)
         VALUES ($1, $2, $2, $3, $4, $5, 'UTC', $6, $6, $6, $7, 0, 'post', 'hold', 'found', $8, $9, $10, $10)",
        job,
        account,
        content,
        kind,
        key,
        created_at,
        prepare_at,
        order.actor,
        order.reason,
        at
    )
    .execute(&mut **tx)
    .await;
    match done {
        Ok(done) => Ok(done.last_insert_rowid()),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            Err(OperatorRefusal::StoryTaken(story_id.to_owned()))
        }
        Err(error) => Err(StoreError::from(error).into()),
    }
}

/// Makes a story that post's own. How many posts moved: none when its state does not allow it, or it is of another account.
pub(super) async fn adopt_into(
    tx: &mut Write,
    post: i64,
    (account, story_id, created_at): (&str, &str, Timestamp),
    order: AdoptOrder<'_>,
    now: Timestamp,
) -> Result<u64> {
    let (at, created_at) = (micros(now), micros(created_at));
    let done = sqlx::query!(
        "UPDATE post SET state = 'published', event = 'adopt', actor = $4, reason = $5, changed_at = $6, intent_at = $7,
           story_id = $3
         WHERE id = $1 AND account = $2 AND state IN ('scheduled', 'missed', 'held', 'failed', 'cancelled')",
        post,
        account,
        story_id,
        order.actor,
        order.reason,
        at,
        created_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}
