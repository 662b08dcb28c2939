//! The parked doubts, each with the stories that may be its own.

use std::collections::BTreeMap;

use crate::domain::case::{Candidate, Case, Difference};
use crate::domain::content::Content;
use crate::domain::telling::{account_url, story_url};
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::queue::suspect::told_as;
use crate::store::values::{count, instant, read_json, write_json};

impl Store {
    /// The cases of those of these posts that are parked. Their words are still to be put in.
    pub async fn cases(&self, posts: &[i64]) -> Result<Vec<Case>> {
        let ids = write_json(&posts)?;
        // One snapshot: between two statements a post may be settled.
        let mut tx = self.readers.begin().await?;
        let rows = sqlx::query!(
            r#"SELECT p.id AS "id!", p.account, p.content, p.intent_at AS "intent_at!", p.reason, a.told_as,
                 (SELECT s.story_id FROM story s WHERE s.account = p.account AND s.learnt_by IN ('publish', 'reconcile')
                  ORDER BY s.published_at DESC, s.post_id DESC LIMIT 1) AS "newest: String"
               FROM json_each($1) n CROSS JOIN post p ON p.id = n.value JOIN account a ON a.name = p.account
               WHERE p.parked_at IS NOT NULL ORDER BY p.id"#,
            ids
        )
        .fetch_all(&mut *tx)
        .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let suspects = sqlx::query!(
            "SELECT post_id, story_id, url, kind, audience, images, text, created_at, ours_at, why, seen_at FROM suspect
             WHERE post_id IN (SELECT value FROM json_each($1)) ORDER BY post_id, number",
            ids
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut cases = BTreeMap::new();
        for row in rows {
            let content: Content = read_json(&row.content, "a content")?;
            let case = Case {
                post: row.id,
                account: row.account,
                text: content.text().unwrap_or_default().to_owned(),
                sent_at: instant(row.intent_at)?,
                why: row.reason,
                page: row.newest.as_deref().and_then(account_url),
                told_as: row.told_as.as_deref().map(told_as).transpose()?,
                candidates: Vec::new(),
                look: String::new(),
                published: String::new(),
                absent: String::new(),
            };
            cases.insert(row.id, case);
        }
        for row in suspects {
            let Some(case) = cases.get_mut(&row.post_id) else { continue };
            // Of an account without a story on record, its page is that of the stories in its list.
            case.page = case.page.take().or_else(|| account_url(&row.story_id));
            case.candidates.push(Candidate {
                difference: Difference::between(&case.text, row.text.as_deref().unwrap_or_default()),
                url: story_url(&row.story_id).or(row.url),
                story_id: row.story_id,
                kind: row.kind,
                audience: row.audience,
                images: count(row.images),
                text: row.text,
                created_at: instant(row.created_at)?,
                ours_at: instant(row.ours_at)?,
                why: row.why,
                seen_at: instant(row.seen_at)?,
                published: String::new(),
            });
        }
        Ok(cases.into_values().collect())
    }
}
