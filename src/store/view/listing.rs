//! Posts page by page: what comes next first, through any of the filters that people ask with. A page is read from where the one
//! before it ended, so that a list of any length starts at once and takes no memory.
//!
//! One filter that has an index (account, job or tag) is answered from it. What two of them share, and words, are looked for in what the
//! narrowest leaves: SQL passes over what cannot hold them, and each page tells how many posts were looked at, so that a caller can stop.

use std::collections::HashSet;

use jiff::Timestamp;
use sqlx::sqlite::SqliteConnection;

use super::limits::ROWS_MAX;
use super::posts::{PostFilter, PostRow, rows};
use crate::domain::content::composed;
use crate::domain::post::PostState;
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{instant, micros, write_json};

/// Posts that are looked at in one go, where no index answers the whole question.
const BATCH: i64 = 2_000;
/// Most characters of the words that SQL compares; the rest is left to the comparison that counts.
const PATTERN_MAX: usize = 100;

/// Which posts. Empty and `None` do not restrict.
#[derive(Clone, Debug, Default)]
pub struct PostQuery {
    /// These states only.
    pub states: Vec<PostState>,
    /// This account only.
    pub account: Option<String>,
    /// This job only.
    pub job: Option<String>,
    /// With this tag only.
    pub tag: Option<String>,
    /// Whose text or link holds these characters in this order, whatever the case and however their letters are composed: both sides in
    /// the lower case of Unicode and composed, and otherwise as they are written. Nothing is indexed for it: it looks through what the other filters leave.
    pub text: Option<String>,
    /// Due at or after this instant.
    pub from: Option<Timestamp>,
    /// Due before this instant.
    pub until: Option<Timestamp>,
}

/// Where a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageCursor {
    due_at: i64,
    post: i64,
}

impl PageCursor {
    /// When the last post of the page is due.
    pub fn due_at(self) -> Result<Timestamp> {
        instant(self.due_at)
    }

    /// The number of the last post that was looked at.
    pub fn post(self) -> i64 {
        self.post
    }
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct ListPage {
    /// Its posts, the earliest due first; fewer than were asked for do not mean the end.
    pub rows: Vec<PostRow>,
    /// Where the page after it starts; `None` at the end.
    pub end: Option<PageCursor>,
    /// Posts up to there that had to be looked at one by one, since no index answers the whole question. 0 where one does.
    pub looked_at: u32,
}

/// Where to go on, and up to where, in one state.
#[derive(Clone, Copy)]
struct Stretch<'a> {
    state: &'a str,
    after: PageCursor,
    until: i64,
}

impl Store {
    /// Posts, what comes next first.
    pub async fn posts(&self, filter: &PostFilter) -> Result<Vec<PostRow>> {
        let limit = filter.limit.unwrap_or(ROWS_MAX).min(ROWS_MAX);
        let PostFilter { states, account, job, .. } = filter.clone();
        let listing = PostQuery { states, account, job, ..PostQuery::default() };
        let (mut posts, mut after) = (Vec::new(), None);
        // One snapshot: between two statements a post may move on.
        let mut tx = self.readers.begin().await?;
        loop {
            let wanted = limit - u32::try_from(posts.len()).unwrap_or(limit);
            let page = page(&mut tx, &listing, after, wanted).await?;
            posts.extend(page.rows);
            after = page.end;
            if after.is_none() || posts.len() >= limit as usize {
                break;
            }
        }
        tx.commit().await?;
        Ok(posts)
    }

    /// The next posts of a list, the earliest due first, at most `limit`.
    pub async fn listing(&self, listing: &PostQuery, after: Option<PageCursor>, limit: u32) -> Result<ListPage> {
        // One snapshot: between two statements a post may move from one state to the next.
        let mut tx = self.readers.begin().await?;
        let page = page(&mut tx, listing, after, limit).await?;
        tx.commit().await?;
        Ok(page)
    }

    /// Where a post stands in every list; `None` when there is no such post.
    pub async fn place(&self, post: i64) -> Result<Option<PageCursor>> {
        let place = sqlx::query_as!(PageCursor, r#"SELECT due_at, id AS "post!" FROM post WHERE id = $1"#, post);
        Ok(place.fetch_optional(&self.readers).await?)
    }
}

/// One page, as [`Store::listing`] gives it.
async fn page(
    connection: &mut SqliteConnection,
    listing: &PostQuery,
    after: Option<PageCursor>,
    limit: u32,
) -> Result<ListPage> {
    let start = PageCursor { due_at: listing.from.map_or(i64::MIN, micros), post: i64::MIN };
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
    let mut end = places.last().copied();
    let mut looked_at = 0;
    if !listing.is_indexed() {
        let all = places.clone();
        let may_hold = holding(connection, listing, &places).await?;
        places.retain(|place| may_hold.contains(&place.post));
        if places.len() > limit as usize {
            places.truncate(limit as usize);
            end = places.last().copied();
        }
        let up_to = all.partition_point(|place| Some(*place) <= end);
        looked_at = u32::try_from(up_to).unwrap_or(u32::MAX);
    }
    let ids: Vec<i64> = places.iter().map(|place| place.post).collect();
    let mut found = if ids.is_empty() { Vec::new() } else { rows(connection, &ids).await? };
    if let Some(text) = &listing.text {
        let text = folded(text);
        found.retain(|row| row.content.words().any(|said| folded(said).contains(&text)));
    }
    Ok(ListPage { rows: found, end, looked_at })
}

/// Those of these posts that all filters leave; of the words, those that may hold them.
async fn holding(
    connection: &mut SqliteConnection,
    listing: &PostQuery,
    places: &[PageCursor],
) -> Result<HashSet<i64>> {
    let posts = write_json(&places.iter().map(|place| place.post).collect::<Vec<i64>>())?;
    let pattern = listing.text.as_deref().map(pattern);
    let found = sqlx::query_scalar!(
        r#"SELECT p.id AS "id!" FROM json_each($1) n CROSS JOIN post p ON p.id = n.value
           WHERE ($2 IS NULL OR p.account = $2) AND ($3 IS NULL OR p.job = $3)
             AND ($4 IS NULL OR EXISTS (SELECT 1 FROM json_each(p.tags) g WHERE g.value = $4))
             AND ($5 IS NULL OR p.content LIKE $5 OR p.content GLOB $6)"#,
        posts,
        listing.account,
        listing.job,
        listing.tag,
        pattern,
        UNCOMPOSED
    )
    .fetch_all(connection)
    .await?;
    Ok(found.into_iter().collect())
}

/// The form in which texts are compared: in the lower case of Unicode, each syllable and each accented letter one character, however it was
/// typed.
fn folded(text: &str) -> String {
    composed(&text.to_lowercase())
}

/// A pattern of GLOB for texts with a character of which a composed text has none, or not always: such a text may hold the words in other
/// letters, and is compared itself.
const UNCOMPOSED: &str = concat!(
    "*[\u{300}-\u{36f}\u{374}\u{37e}\u{387}\u{483}-\u{487}\u{591}-\u{109f}\u{1100}-\u{11ff}\u{135d}-\u{135f}\u{1712}-\u{1734}",
    "\u{17d2}-\u{17dd}\u{18a9}\u{1939}-\u{193b}\u{1a17}-\u{1cff}\u{1dc0}-\u{1dff}\u{1f70}-\u{1fff}\u{2000}\u{2001}\u{20d0}-\u{20ff}",
    "\u{2126}\u{212a}\u{212b}\u{2329}\u{232a}\u{2adc}\u{2cef}-\u{2cf1}\u{2d7f}-\u{2dff}\u{302a}-\u{302f}\u{3099}\u{309a}",
    "\u{a66f}-\u{a69f}\u{a6f0}\u{a6f1}\u{a806}-\u{abed}\u{f900}-\u{faff}\u{fb1d}-\u{fb4f}\u{fe20}-\u{fe2f}",
    "\u{101fd}-\u{1ebff}\u{2f800}-\u{2fa1f}]*"
);

/// A pattern of LIKE that the JSON of every content that holds this text fits: its longest run of characters that stand in JSON as
/// they are, and that LIKE, which knows the case of ASCII alone, compares as the lower case of Unicode does.
fn pattern(text: &str) -> String {
    let text = folded(text);
    let runs = text.split(|character| !is_plain(character));
    let longest = runs.max_by_key(|run| run.chars().count()).unwrap_or_default();
    // Capitals that are not ASCII become these two; `_` stands for any one character.
    let run =
        longest.chars().take(PATTERN_MAX).map(|character| if "ik%_".contains(character) { '_' } else { character });
    format!("%{}%", run.collect::<String>())
}

/// Whether no other character has this one as its lower case, but for the capitals of ASCII, and for `İ` and the Kelvin sign; and it is not
/// escaped in JSON.
fn is_plain(character: char) -> bool {
    if character.is_ascii() {
        return !character.is_control() && !"\"\\".contains(character);
    }
    // U+0307 is what is left of `İ`.
    let has_case =
        character.to_lowercase().next() != Some(character) || character.to_uppercase().next() != Some(character);
    !has_case && character != '\u{307}'
}

impl PostQuery {
    /// Whether one index answers the whole question.
    fn is_indexed(&self) -> bool {
        let named = [&self.account, &self.job, &self.tag].iter().filter(|name| name.is_some()).count();
        named <= 1 && self.text.is_none()
    }
}

/// The posts of one state that are due first, by account or all.
pub(super) async fn first_in(
    connection: &mut SqliteConnection,
    listing: &PostQuery,
    state: PostState,
    limit: i64,
) -> Result<Vec<i64>> {
    let after = PageCursor { due_at: i64::MIN, post: i64::MIN };
    let stretch = Stretch { state: state.as_str(), after, until: i64::MAX };
    let places = places_in(connection, listing, stretch, limit).await?;
    Ok(places.into_iter().map(|place| place.post).collect())
}

/// The next posts of one state by the narrowest filter that has an index.
async fn places_in(
    connection: &mut SqliteConnection,
    listing: &PostQuery,
    stretch: Stretch<'_>,
    limit: i64,
) -> Result<Vec<PageCursor>> {
    let Stretch { state, after: PageCursor { due_at, post }, until } = stretch;
    let places = match (&listing.job, &listing.tag, &listing.account) {
        (Some(job), ..) => {
            sqlx::query_as!(
                PageCursor,
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
                PageCursor,
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
                PageCursor,
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
                PageCursor,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_compares_what_no_capital_of_another_script_could_stand_for() {
        assert_eq!(pattern("메뉴"), "%메뉴%");
        assert_eq!(pattern("신메뉴 \"ABC 12월\" é"), "%abc 12월%");
        assert_eq!(pattern("100%_\\n"), "%100__%");
        assert_eq!(pattern("Kiwi"), "%__w_%");
        assert_eq!((pattern(""), pattern("ÉÜ")), ("%%".into(), "%%".into()));
        assert_eq!(pattern(&"가".repeat(2_000)).chars().count(), PATTERN_MAX + 2);
    }

    #[test]
    fn a_character_that_a_composed_text_has_not_is_one_of_the_pattern() {
        let class: Vec<char> = UNCOMPOSED.trim_matches(['*', '[', ']']).chars().collect();
        let mut ranges = Vec::new();
        let mut rest = class.as_slice();
        while let [first, tail @ ..] = rest {
            match tail {
                ['-', last, tail @ ..] => {
                    ranges.push(*first..=*last);
                    rest = tail;
                }
                _ => {
                    ranges.push(*first..=*first);
                    rest = tail;
                }
            }
        }
        let held = |c: char| ranges.iter().any(|range| range.contains(&c));
        let parts = icu_normalizer::DecomposingNormalizerBorrowed::new_nfd();
        for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let whole = c.to_string();
            if composed(&whole) != whole {
                assert!(held(c), "{c:?} is another character when it is composed");
            }
            for part in parts.normalize(&whole).chars().skip(1).filter(|_| composed(&whole) == whole) {
                assert!(held(part), "{part:?} is composed to {c:?}");
            }
            // Marks that change places with others.
            if composed(&format!("a\u{345}{c}")) != format!("a\u{345}{c}") {
                assert!(held(c), "{c:?} changes places");
            }
        }
        assert!(
            "라떼 ABC é ☕ 漢字 かが 10% —“”".chars().all(|c| !held(c)),
            "what people write is not looked at twice"
        );
    }

    #[test]
    fn whatever_becomes_a_plain_character_in_lower_case_is_compared_as_one() {
        for capital in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let lower: Vec<char> = capital.to_lowercase().collect();
            if lower == [capital] || capital.is_ascii() {
                continue;
            }
            for character in lower {
                assert!(!is_plain(character) || "ik".contains(character), "{capital:?} becomes {character:?}");
            }
        }
    }
}
