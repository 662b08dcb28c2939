//! What a parked doubt is about: the listed stories that may be its own, and in which alteration its account's stories come back.

use jiff::Timestamp;

use super::write::Write;
use crate::domain::content::Content;
use crate::domain::told_as::ToldAs;
use crate::store::error::{Result, StoreError};
use crate::store::handle::Store;
use crate::store::values::{micros, read_json};

/// Most stories that a parked post shows as those that may be its own.
pub const SUSPECTS_MAX: usize = 8;

/// Most parked posts of an account whose texts are compared with a listed story.
const RIVALS_MAX: i64 = 64;

/// A listed story that may be a parked post's, as Kakao showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// The story.
    pub story_id: String,
    /// Its page, where Kakao said it.
    pub url: Option<String>,
    /// Kakao's word for its kind.
    pub kind: String,
    /// Who may see it: our word, or Kakao's where it is none of the three; empty where it said none.
    pub audience: String,
    /// How many images it shows.
    pub images: u32,
    /// Its text, cut to what is kept.
    pub text: Option<String>,
    /// When it was posted, by Kakao's clock.
    pub created_at: Timestamp,
    /// The same by ours, as far as is known.
    pub ours_at: Timestamp,
    /// Why it may be the post's, in a few words.
    pub why: String,
}

impl Store {
    /// In which alteration the account's published stories came back, as was last seen.
    pub async fn told_as(&self, account: &str) -> Result<Option<ToldAs>> {
        let word = sqlx::query_scalar!("SELECT told_as FROM account WHERE name = $1", account)
            .fetch_optional(&self.readers)
            .await?
            .flatten();
        word.map(|word| told_as(&word)).transpose()
    }

    /// Records in which alteration the account's published stories come back; `None`: in none that is regular.
    pub async fn set_told_as(&self, account: &str, told_as: Option<ToldAs>) -> Result<()> {
        let word = told_as.map(ToldAs::as_str);
        sqlx::query!("UPDATE account SET told_as = $2 WHERE name = $1 AND told_as IS NOT $2", account, word)
            .execute(self.writing().await)
            .await?;
        Ok(())
    }

    /// The texts of the account's parked posts, the newest first: the stories of these are nobody's, too.
    pub async fn parked_texts(&self, account: &str) -> Result<Vec<String>> {
        let rows = sqlx::query_scalar!(
            "SELECT content FROM post WHERE account = $1 AND parked_at IS NOT NULL ORDER BY parked_at DESC LIMIT $2",
            account,
            RIVALS_MAX
        )
        .fetch_all(&self.readers)
        .await?;
        let text = |row: String| Ok(read_json::<Content>(&row, "a content")?.text().unwrap_or_default().to_owned());
        rows.into_iter().map(text).collect()
    }
}

/// The alteration of that word.
pub(crate) fn told_as(word: &str) -> Result<ToldAs> {
    ToldAs::parse(word).ok_or_else(|| StoreError::Nonsense { what: format!("the alteration {word:?}") })
}

/// Keeps these in the place of those of an earlier look.
pub(super) async fn keep_suspects(tx: &mut Write, post: i64, suspects: &[Suspect], at: i64) -> Result<()> {
    sqlx::query!("DELETE FROM suspect WHERE post_id = $1", post).execute(&mut **tx).await?;
    for (number, suspect) in (1_i64..).zip(suspects.iter().take(SUSPECTS_MAX)) {
        let (created_at, ours_at) = (micros(suspect.created_at), micros(suspect.ours_at));
        sqlx::query!(
            "INSERT INTO suspect (post_id, number, story_id, url, kind, audience, images, text, created_at, ours_at, why, seen_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            post,
            number,
            suspect.story_id,
            suspect.url,
            suspect.kind,
            suspect.audience,
            suspect.images,
            suspect.text,
            created_at,
            ours_at,
            suspect.why,
            at
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}
