//! Whether a list is consistent with itself: each story once, newest first, none of the future, all of one account. Pure.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::clock::{ServerTimeSample, between, later};
use crate::network::kakao::list::{ListEntry, Unreadable};

/// By how much a story may seem newer than the one above it, and than the date of the answer that shows it: the clocks of Kakao's own
/// servers need not agree to the second. No window is narrower than this.
pub(crate) const APART_MAX: Duration = Duration::from_secs(60);
/// So many flaws are told apart; a list with more is no better than one with these.
const FLAWS_MAX: usize = 16;

/// A list contradicts itself, or what is on record. Completes "the list … ".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Inconsistency {
    /// One ID, two stories.
    Twice(String),
    /// The second stands below the first, and is newer.
    Order(String, String),
    /// The account's own stories stand in another order than they were published in.
    Shuffled,
    /// Its time has not come yet.
    Future(String),
    /// It has another profile than the account.
    Foreign(String),
    /// Kakao shows it when it is asked for it, and the list does not.
    Lacks(String),
    /// It cannot be read, and may be the story that is looked for.
    Unreadable {
        /// The story, where its ID can be read.
        id: Option<String>,
        /// What cannot be read.
        why: String,
    },
    /// It shows more stories that may be the one that is looked for than are compared.
    Crowded,
    /// The list shows it, and Kakao does not when it is asked for it.
    Denied(String),
    /// Nothing bears out that its stories are the account's.
    Unclaimed,
}

impl Inconsistency {
    /// Whether what the list says of this story is worth nothing.
    pub(crate) fn spoils(&self, id: &str) -> bool {
        match self {
            Self::Twice(spoilt) | Self::Future(spoilt) => spoilt == id,
            Self::Order(above, below) => above == id || below == id,
            Self::Foreign(spoilt) => profile_of(spoilt) == profile_of(id),
            Self::Denied(spoilt) => spoilt == id,
            Self::Lacks(_) | Self::Shuffled | Self::Unreadable { .. } | Self::Crowded | Self::Unclaimed => false,
        }
    }
}

impl fmt::Display for Inconsistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twice(id) => write!(f, "names story {id} twice, with different contents"),
            Self::Order(above, below) => {
                write!(f, "is not in order: {below} stands below {above} and has a later time")
            }
            Self::Shuffled => write!(f, "shows stories of this account in another order than they were published in"),
            Self::Future(id) => write!(f, "gives story {id} a time that has not come yet"),
            Self::Foreign(id) => write!(f, "shows story {id}, whose ID is not that of this account's stories"),
            Self::Lacks(id) => write!(f, "lacks story {id}, which Kakao shows when it is asked for it"),
            Self::Unreadable { id: Some(id), why } => write!(f, "shows story {id}, which cannot be read ({why})"),
            Self::Unreadable { id: None, why } => write!(f, "shows a story that cannot be read ({why})"),
            Self::Crowded => write!(f, "shows more stories that may be it than can be compared"),
            Self::Denied(id) => write!(f, "shows story {id}, which Kakao does not show when it is asked for it"),
            Self::Unclaimed => {
                write!(f, "may be another account's: no answer to a post has named a story of this account yet")
            }
        }
    }
}

/// What has been seen of a list.
#[derive(Debug)]
pub(crate) struct Order {
    /// A digest of each story by a digest of its ID. The keys of both are drawn anew for each list, so that nobody can aim at a
    /// collision.
    seen: HashMap<u64, u64>,
    digests: RandomState,
    /// The profile that every story must have.
    profile: Option<String>,
    /// Whether that one is on record, rather than that of the first story.
    is_at_home: bool,
    /// Whether an answer to a post bears out that the list is the account's.
    is_claimed: bool,
    /// The oldest time so far, and whose it is.
    oldest: Option<(Timestamp, String)>,
    newest: Option<String>,
    flaws: Vec<Inconsistency>,
}

impl Order {
    pub(crate) fn new(profile: Option<String>) -> Self {
        let (seen, digests) = (HashMap::new(), RandomState::new());
        let is_at_home = profile.is_some();
        Self {
            seen,
            digests,
            profile,
            is_at_home,
            is_claimed: is_at_home,
            oldest: None,
            newest: None,
            flaws: Vec::new(),
        }
    }

    /// Takes a page and gives back the stories that no page has shown before. One without an ID is not known again.
    pub(crate) fn take(&mut self, entries: Vec<ListEntry>, heard: Option<ServerTimeSample>) -> Vec<ListEntry> {
        let mut fresh = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some(id) = entry.id() else {
                fresh.push(entry);
                continue;
            };
            let says = match &entry {
                ListEntry::Story(story) => {
                    let media_type = format!("{:?}", story.media_type);
                    self.digests.hash_one((story.created_at, &story.content, media_type, story.images))
                }
                ListEntry::Unreadable(Unreadable { created_at, content, why, .. }) => {
                    self.digests.hash_one((created_at, content, why))
                }
            };
            match self.seen.insert(self.digests.hash_one(id), says) {
                Some(before) if before != says => self.note(Inconsistency::Twice(id.to_owned())),
                Some(_) => {}
                None => {
                    self.look_at(id, entry.created_at(), heard);
                    fresh.push(entry);
                }
            }
        }
        fresh
    }

    fn look_at(&mut self, id: &str, created_at: Option<Timestamp>, heard: Option<ServerTimeSample>) {
        let own = profile_of(id);
        if own != self.profile.get_or_insert_with(|| own.to_owned()) {
            self.note(Inconsistency::Foreign(id.to_owned()));
        }
        self.newest.get_or_insert_with(|| id.to_owned());
        let Some(created_at) = created_at else { return };
        if heard.is_some_and(|heard| created_at > later(heard.server_at, APART_MAX)) {
            self.note(Inconsistency::Future(id.to_owned()));
        }
        match &self.oldest {
            Some((oldest, above)) if between(*oldest, created_at) > APART_MAX => {
                self.note(Inconsistency::Order(above.clone(), id.to_owned()));
            }
            Some((oldest, _)) if *oldest <= created_at => {}
            _ => self.oldest = Some((created_at, id.to_owned())),
        }
    }

    pub(crate) fn note(&mut self, flaw: Inconsistency) {
        if self.flaws.len() < FLAWS_MAX {
            self.flaws.push(flaw);
        }
    }

    /// It names a story that an answer to a post of the account named.
    pub(crate) fn claim(&mut self) {
        self.is_claimed = true;
    }

    /// Whether the account's profile is on record: the stories of the list that are of another one are known by it.
    pub(crate) fn is_at_home(&self) -> bool {
        self.is_at_home
    }

    /// Whether an answer to a post bears out that the list is the account's.
    pub(crate) fn is_claimed(&self) -> bool {
        self.is_claimed
    }

    /// How many stories it showed.
    pub(crate) fn listed(&self) -> usize {
        self.seen.len()
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.seen.contains_key(&self.digests.hash_one(id))
    }

    /// The story at its top.
    pub(crate) fn newest(&self) -> Option<&str> {
        self.newest.as_deref()
    }

    /// The oldest time that it showed.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        self.oldest.as_ref().map(|(at, _)| *at)
    }

    /// How it contradicts itself, or what is on record.
    pub(crate) fn flaws(&self) -> &[Inconsistency] {
        &self.flaws
    }
}

/// The part of a story's ID that names the profile: `<profile>.<activity>`.
pub(crate) fn profile_of(id: &str) -> &str {
    id.rsplit_once('.').map_or("", |(profile, _)| profile)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::Permission;
    use crate::network::kakao::story::{Audience, MediaType, Story};

    fn story(id: &str, second: i64, text: &str) -> ListEntry {
        ListEntry::Story(Story {
            id: id.into(),
            url: None,
            media_type: MediaType::Note,
            created_at: at(second),
            content: Some(text.into()),
            audience: Audience::Known(Permission::Public),
            images: 0,
            comment_count: 0,
            like_count: 0,
        })
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_796_000_000 + second).expect("in range")
    }

    fn heard(second: i64) -> Option<ServerTimeSample> {
        Some(ServerTimeSample { at: at(second), server_at: at(second) })
    }

    /// The flaws of a list whose pages hold these stories: ID, second, text.
    fn flaws(home: Option<&str>, pages: &[&[(&str, i64, &str)]]) -> Vec<Inconsistency> {
        let mut order = Order::new(home.map(str::to_owned));
        for page in pages {
            order.take(page.iter().map(|(id, second, text)| story(id, *second, text)).collect(), heard(1_000));
        }
        order.flaws().to_vec()
    }

    #[test]
    fn a_list_that_holds_together_has_no_flaw() {
        assert!(flaws(None, &[]).is_empty());
        assert!(
            flaws(Some("_a"), &[&[("_a.3", 900, "c"), ("_a.2", 900, "b"), ("_a.1", 5, "a")]]).is_empty(),
            "equal seconds"
        );
        let overlapping: &[&[(&str, i64, &str)]] =
            &[&[("_a.3", 9, "c"), ("_a.2", 8, "b")], &[("_a.2", 8, "b"), ("_a.1", 5, "a")]];
        assert!(flaws(None, overlapping).is_empty(), "pages that overlap");
        assert!(flaws(None, &[&[("_a.2", 100, "b"), ("_a.1", 160, "a")]]).is_empty(), "servers a minute apart");
        assert!(flaws(None, &[&[("_a.2", 1_060, "b")]]).is_empty(), "a minute ahead");
    }

    #[test]
    fn whatever_contradicts_itself_is_noticed() {
        let twice = |pages| flaws(None, pages) == [Inconsistency::Twice("_a.1".into())];
        assert!(twice(&[&[("_a.1", 9, "c"), ("_a.1", 9, "d")]]), "another text");
        assert!(twice(&[&[("_a.1", 9, "c")], &[("_a.1", 8, "c")]]), "another time");
        let order = |pages| flaws(None, pages) == [Inconsistency::Order("_a.2".into(), "_a.1".into())];
        assert!(order(&[&[("_a.2", 100, "b"), ("_a.1", 161, "a")]]));
        assert!(order(&[&[("_a.3", 500, "c"), ("_a.2", 100, "b")], &[("_a.1", 400, "a")]]), "across pages");
        assert!(order(&[&[("_a.2", -900_000_000, "b"), ("_a.1", 161, "a")]]), "one time of long ago");
        assert_eq!(flaws(None, &[&[("_a.1", 1_061, "b")]]), [Inconsistency::Future("_a.1".into())]);
        assert_eq!(flaws(Some("_a"), &[&[("_b.1", 9, "b")]]), [Inconsistency::Foreign("_b.1".into())]);
        assert_eq!(flaws(None, &[&[("_a.2", 9, "b"), ("_b.1", 8, "b")]]), [Inconsistency::Foreign("_b.1".into())]);
        assert_eq!(flaws(Some("_a"), &[&[("17", 9, "b")]]), [Inconsistency::Foreign("17".into())], "no profile at all");
    }

    #[test]
    fn what_was_shown_before_is_not_given_back() {
        let mut order = Order::new(None);
        let page = || vec![story("_a.2", 9, "b"), story("_a.1", 8, "a")];
        assert_eq!(order.take(page(), None).len(), 2);
        assert!(order.take(page(), None).is_empty());
        assert!(order.has("_a.1") && !order.has("_a.3"));
        assert_eq!((order.listed(), order.newest(), order.oldest()), (2, Some("_a.2"), Some(at(8))));
    }

    #[test]
    fn a_flaw_spoils_what_it_is_about() {
        assert!(
            Inconsistency::Twice("_a.1".into()).spoils("_a.1") && !Inconsistency::Twice("_a.1".into()).spoils("_a.2")
        );
        assert!(
            Inconsistency::Foreign("_b.1".into()).spoils("_b.2")
                && !Inconsistency::Foreign("_b.1".into()).spoils("_a.2")
        );
        assert!(Inconsistency::Order("_a.2".into(), "_a.1".into()).spoils("_a.1"));
        assert!(!Inconsistency::Lacks("_a.1".into()).spoils("_a.2"));
    }
}
