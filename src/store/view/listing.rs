//! Posts page by page: what comes next first, through any of the filters that people ask with. A page is read from where the one
//! before it ended, so that a list of any length starts at once and takes no memory.

use jiff::Timestamp;
use sqlx::sqlite::SqliteConnection;

use super::posts::{PostRow, rows};
use crate::domain::post::PostState;
use crate::store::{Result, Store, micros};

/// Rows that are looked at in one go.
const BATCH: i64 = 500;

/// Which posts. Empty and `None` do not restrict.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// These states only.
    pub states: Vec<PostState>,
    /// This account only.
    pub account: Option<String>,
    /// This job only.
    pub job: Option<String>,
    /// With this tag only.
    pub tag: Option<String>,
    /// Whose text or link holds this, whatever the case. Nothing is indexed for it: it looks through what the other filters leave.
    pub text: Option<String>,
    /// Due at or after this instant.
    pub from: Option<Timestamp>,
    /// Due before this instant.
    pub until: Option<Timestamp>,
}

/// Where a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    due_at: i64,
    post: i64,
}

/// Where to go on, and up to where, in one state.
#[derive(Clone, Copy)]
struct Stretch<'a> {
    state: &'a str,
    after: Place,
    until: i64,
}

impl Store {
    /// The next posts of a list, the earliest due first, and where the page after it starts; `None` at its end. At most `limit`
    /// rows, and fewer do not mean the end.
    pub async fn listing(
        &self,
        listing: &Listing,
        after: Option<Place>,
        limit: u32,
    ) -> Result<(Vec<PostRow>, Option<Place>)> {
        // One snapshot: between two statements a post may move from one state to the next.
        let mut tx = self.readers.begin().await?;
        let page = page(&mut tx, listing, after, limit).await?;
        tx.commit().await?;
        Ok(page)
    }
}

/// One page, as [`Store::listing`] gives it.
pub(super) async fn page(
    connection: &mut SqliteConnection,
    listing: &Listing,
    after: Option<Place>,
    limit: u32,
) -> Result<(Vec<PostRow>, Option<Place>)> {
    let start = Place { due_at: listing.from.map_or(i64::MIN, micros), post: i64::MIN };
    let after = after.map_or(start, |after| after.max(start));
    let until = listing.until.map_or(i64::MAX, micros);
    let states = if listing.states.is_empty() { &PostState::ALL[..] } else { &listing.states };
    let batch = if listing.is_indexed() { BATCH.min(i64::from(limit)) } else { BATCH };
    let mut places = Vec::new();
    for state in states {
        let stretch = Stretch { state: state.as_str(), after, until };
        places.extend(places_in(connection, listing, stretch, batch).await?);
    }
    places.sort_unstable();
    places.truncate(usize::try_from(batch).unwrap_or(usize::MAX));
    let ids: Vec<i64> = places.iter().map(|place| place.post).collect();
    let found = if ids.is_empty() { Vec::new() } else { rows(connection, &ids).await? };
    let mut end = places.last().copied();
    let mut page = Vec::new();
    for row in found.into_iter().filter(|row| listing.holds(row)) {
        if page.len() >= limit as usize {
            end = page.last().map(place_of);
            break;
        }
        page.push(row);
    }
    Ok((page, end))
}

fn place_of(row: &PostRow) -> Place {
    Place { due_at: micros(row.due_at), post: row.post }
}

impl Listing {
    /// Whether one index answers the whole question.
    fn is_indexed(&self) -> bool {
        let named = [&self.account, &self.job, &self.tag].iter().filter(|name| name.is_some()).count();
        named <= 1 && self.text.is_none()
    }

    fn holds(&self, row: &PostRow) -> bool {
        let text = self.text.as_deref().map(str::to_lowercase);
        self.account.as_ref().is_none_or(|account| *account == row.account)
            && self.job.as_ref().is_none_or(|job| *job == row.job)
            && self.tag.as_ref().is_none_or(|tag| row.tags.contains(tag))
            && text.is_none_or(|text| row.content.words().any(|said| said.to_lowercase().contains(&text)))
    }
}

/// The posts of one state that are due first, by account or all.
pub(super) async fn first_in(
    connection: &mut SqliteConnection,
    listing: &Listing,
    state: PostState,
    limit: i64,
) -> Result<Vec<i64>> {
    let after = Place { due_at: i64::MIN, post: i64::MIN };
    let stretch = Stretch { state: state.as_str(), after, until: i64::MAX };
    let places = places_in(connection, listing, stretch, limit).await?;
    Ok(places.into_iter().map(|place| place.post).collect())
}

/// The next posts of one state by the narrowest filter that has an index.
async fn places_in(
    connection: &mut SqliteConnection,
    listing: &Listing,
    stretch: Stretch<'_>,
    limit: i64,
) -> Result<Vec<Place>> {
    let Stretch { state, after: Place { due_at, post }, until } = stretch;
    let places = match (&listing.job, &listing.tag, &listing.account) {
        (Some(job), ..) => {
            sqlx::query_as!(
                Place,
                r#"SELECT due_at, id AS "post!" FROM post WHERE job = $1 AND state = $2 AND (due_at, id) > ($3, $4) AND due_at < $5
                   ORDER BY due_at, id LIMIT $6"#,
                job,
                state,
                due_at,
                post,
                until,
                limit
            )
            .fetch_all(connection)
            .await?
        }
        (None, Some(tag), _) => {
            sqlx::query_as!(
                Place,
                "SELECT due_at, post_id AS post FROM post_tag WHERE tag = $1 AND state = $2 AND (due_at, post_id) > ($3, $4)
                   AND due_at < $5 ORDER BY due_at, post_id LIMIT $6",
                tag,
                state,
                due_at,
                post,
                until,
                limit
            )
            .fetch_all(connection)
            .await?
        }
        (None, None, Some(account)) => {
            sqlx::query_as!(
                Place,
                r#"SELECT due_at, id AS "post!" FROM post WHERE account = $1 AND state = $2 AND (due_at, id) > ($3, $4)
                     AND due_at < $5 ORDER BY due_at, id LIMIT $6"#,
                account,
                state,
                due_at,
                post,
                until,
                limit
            )
            .fetch_all(connection)
            .await?
        }
        (None, None, None) => {
            sqlx::query_as!(
                Place,
                r#"SELECT due_at, id AS "post!" FROM post WHERE state = $1 AND (due_at, id) > ($2, $3) AND due_at < $4
                   ORDER BY due_at, id LIMIT $5"#,
                state,
                due_at,
                post,
                until,
                limit
            )
            .fetch_all(connection)
            .await?
        }
    };
    Ok(places)
}
