//! The SQL of what is new: posts of many jobs with one statement.

use jiff::Timestamp;

use super::columns::PostColumns;
use super::wanted::NewPost;
use crate::store::error::{Result, StoreError};
use crate::store::queue::write::Write;
use crate::store::values::micros;

/// Most posts that one statement writes.
const ROWS_MAX: usize = 500;

/// New posts that are still to be written, each as the JSON of its columns.
pub(super) struct Adds<'a> {
    actor: &'a str,
    rows: Vec<u8>,
    count: usize,
}

impl<'a> Adds<'a> {
    /// Of whoever orders them: `plan`, or a person.
    pub(super) fn by(actor: &'a str) -> Self {
        Self { actor, rows: Vec::new(), count: 0 }
    }

    /// Takes a post along, `scheduled`. `why` is a sentence for its history; empty when there is nothing to say.
    pub(super) fn add(&mut self, is: &PostColumns<'_>, occurrence: &NewPost, why: &str) -> Result<()> {
        let (posts, row, (content, text_key)) = (is.posts, &is.row, is.says(occurrence));
        let occurs_at = micros(occurrence.occurs_at);
        let blackout = occurrence.falls_in.as_ref().map(ToString::to_string);
        let identity = (&posts.job, &occurrence.nominal, micros(occurrence.nominal_at), &row.account);
        let says = (content, posts.content.kind(), text_key, is.tags(occurrence), &row.zone);
        let times = (occurs_at, is.prepare_at(occurs_at), is.late_until(occurrence.occurs_at));
        let rules = (row.late_within, &row.late_then, &row.in_doubt, row.delete_after, row.delete_at);
        let origin = (blackout, &posts.source, &posts.commit, &posts.tzdb, why);
        self.rows.push(if self.count == 0 { b'[' } else { b',' });
        serde_json::to_writer(&mut self.rows, &(identity, says, times, rules, origin))
            .map_err(|error| StoreError::Nonsense { what: format!("a post without JSON form ({error})") })?;
        self.count += 1;
        Ok(())
    }

    /// Whether it is time to write them.
    pub(super) fn is_full(&self) -> bool {
        self.count >= ROWS_MAX
    }

    /// Writes them in the order in which they came; how many. One of whose name or instant there was one that was pruned is left out.
    pub(super) async fn write(&mut self, tx: &mut Write, now: Timestamp) -> Result<u64> {
        Ok(self.insert(tx, now).await?.0)
    }

    /// Writes the one post that came, and gives its number; none if it was there and was pruned.
    pub(super) async fn write_one(&mut self, tx: &mut Write, now: Timestamp) -> Result<Option<i64>> {
        let (written, last) = self.insert(tx, now).await?;
        Ok((written == 1).then_some(last))
    }

    async fn insert(&mut self, tx: &mut Write, now: Timestamp) -> Result<(u64, i64)> {
        if self.count == 0 {
            return Ok((0, 0));
        }
        self.rows.push(b']');
        self.count = 0;
        let (rows, at) = (String::from_utf8_lossy(&std::mem::take(&mut self.rows)).into_owned(), micros(now));
        let done = sqlx::query!(
            "INSERT INTO post (job, nominal, nominal_at, account, content, kind, text_key, tags, zone, occurs_at, due_at, prepare_at,
               late_until_at, late_within, late_then, in_doubt, delete_after, delete_at, blackout, source, commit_id, tzdb,
               actor, reason, changed_at, created_at)
             SELECT v ->> '$[0][0]', v ->> '$[0][1]', v ->> '$[0][2]', v ->> '$[0][3]',
               v ->> '$[1][0]', v ->> '$[1][1]', v ->> '$[1][2]', v ->> '$[1][3]', v ->> '$[1][4]',
               v ->> '$[2][0]', v ->> '$[2][0]', v ->> '$[2][1]', v ->> '$[2][2]',
               v ->> '$[3][0]', v ->> '$[3][1]', v ->> '$[3][2]', v ->> '$[3][3]', v ->> '$[3][4]',
               v ->> '$[4][0]', v ->> '$[4][1]', v ->> '$[4][2]', v ->> '$[4][3]', $3, v ->> '$[4][4]', $2, $2
             FROM (SELECT value AS v FROM jsonb_each($1))",
            rows,
            at,
            self.actor
        )
        .execute(&mut **tx)
        .await?;
        Ok((done.rows_affected(), done.last_insert_rowid()))
    }
}
