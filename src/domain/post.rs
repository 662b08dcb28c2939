//! The states of a post and the one description of how it moves between them.
//!
//! The migration repeats the same table in SQL, and a test holds the two together.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a post stands. The names are those of the database, JSON and the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostState {
    /// Waits for its due time.
    Scheduled,
    /// Taken for one attempt: being prepared, or about to be published.
    Claimed,
    /// The intent is durable; the publish request is leaving or under way.
    Publishing,
    /// The request may have created a story, and nobody knows yet.
    InDoubt,
    /// The story exists, under a recorded story ID.
    Published,
    /// The story was taken down, confirmed by a read.
    Deleted,
    /// Not posted, because the late policy said so.
    Missed,
    /// Waits for a person.
    Held,
    /// A permanent fault, or the attempts are used up.
    Failed,
    /// Withdrawn before it was published.
    Cancelled,
}

/// What can happen to a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostEvent {
    /// Taken for an attempt.
    Claim,
    /// Preparing is done; back to waiting for the due time.
    Prepared,
    /// Certainly not published; another try later.
    Retry,
    /// Another try later that does not count: the account is the trouble, or the process stopped before the intent.
    Snooze,
    /// The publish request is about to leave.
    Intend,
    /// Kakao answered with a story ID, or its list shows the story.
    Publish,
    /// No plain answer came back.
    Doubt,
    /// Absence is proved; publish again.
    Repost,
    /// A permanent fault, or the attempts are used up.
    Fail,
    /// Too late, and the late policy says skip.
    Miss,
    /// A person must decide.
    Hold,
    /// Withdrawn by a person, or its job left the file.
    Cancel,
    /// A person lets it go ahead again.
    Release,
    /// The story is gone from Kakao.
    Delete,
    /// A story that is up at Kakao turned out to be this post's.
    Adopt,
}

/// An event that the state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a post that is {state} cannot take the event {event}")]
pub struct IllegalTransition {
    /// The state it was in.
    pub state: PostState,
    /// What was asked.
    pub event: PostEvent,
}

impl PostState {
    /// Every state, in the order of a post's life.
    pub const ALL: [Self; 10] = [
        Self::Scheduled,
        Self::Claimed,
        Self::Publishing,
        Self::InDoubt,
        Self::Published,
        Self::Deleted,
        Self::Missed,
        Self::Held,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The state after `event`, or an error when it is not allowed here.
    pub fn next(self, event: PostEvent) -> Result<Self, IllegalTransition> {
        use {PostEvent as E, PostState as S};
        let next = match (self, event) {
            (S::Scheduled, E::Claim) => S::Claimed,
            (S::Claimed, E::Prepared) => S::Scheduled,
            (S::Claimed | S::Publishing, E::Retry | E::Snooze) => S::Scheduled,
            // From `scheduled` when a post is taken and intended in one step.
            (S::Scheduled | S::Claimed, E::Intend) => S::Publishing,
            (S::Publishing | S::InDoubt, E::Publish) => S::Published,
            (S::Publishing, E::Doubt) => S::InDoubt,
            (S::InDoubt, E::Repost) => S::Scheduled,
            (S::Claimed | S::Publishing | S::InDoubt, E::Fail) => S::Failed,
            (S::Scheduled, E::Miss) => S::Missed,
            (S::Scheduled | S::InDoubt | S::Cancelled, E::Hold) => S::Held,
            (S::Scheduled | S::Claimed | S::Held | S::Failed, E::Cancel) => S::Cancelled,
            (S::Missed | S::Held | S::Failed | S::Cancelled, E::Release) => S::Scheduled,
            (S::Published, E::Delete) => S::Deleted,
            (S::Scheduled | S::Missed | S::Held | S::Failed | S::Cancelled, E::Adopt) => S::Published,
            _ => return Err(IllegalTransition { state: self, event }),
        };
        Ok(next)
    }

    /// The word of the database, JSON and the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Claimed => "claimed",
            Self::Publishing => "publishing",
            Self::InDoubt => "in_doubt",
            Self::Published => "published",
            Self::Deleted => "deleted",
            Self::Missed => "missed",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads [`as_str`](Self::as_str) back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

impl PostEvent {
    /// Every event.
    pub const ALL: [Self; 15] = [
        Self::Claim,
        Self::Prepared,
        Self::Retry,
        Self::Snooze,
        Self::Intend,
        Self::Publish,
        Self::Doubt,
        Self::Repost,
        Self::Fail,
        Self::Miss,
        Self::Hold,
        Self::Cancel,
        Self::Release,
        Self::Delete,
        Self::Adopt,
    ];

    /// The word of the event table, JSON and the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Prepared => "prepared",
            Self::Retry => "retry",
            Self::Snooze => "snooze",
            Self::Intend => "intend",
            Self::Publish => "publish",
            Self::Doubt => "doubt",
            Self::Repost => "repost",
            Self::Fail => "fail",
            Self::Miss => "miss",
            Self::Hold => "hold",
            Self::Cancel => "cancel",
            Self::Release => "release",
            Self::Delete => "delete",
            Self::Adopt => "adopt",
        }
    }
}

impl fmt::Display for PostState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for PostEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table as a person reads it: a row per state, what each event leads to.
    fn table() -> String {
        let mut out = String::new();
        for state in PostState::ALL {
            for event in PostEvent::ALL {
                if let Ok(next) = state.next(event) {
                    out.push_str(&format!("{state:<11} {event:<9} {next}\n"));
                }
            }
        }
        out
    }

    #[test]
    fn every_cell_of_state_and_event_is_as_written_down() {
        insta::assert_snapshot!(table(), @r"
        scheduled   claim     claimed
        scheduled   intend    publishing
        scheduled   miss      missed
        scheduled   hold      held
        scheduled   cancel    cancelled
        scheduled   adopt     published
        claimed     prepared  scheduled
        claimed     retry     scheduled
        claimed     snooze    scheduled
        claimed     intend    publishing
        claimed     fail      failed
        claimed     cancel    cancelled
        publishing  retry     scheduled
        publishing  snooze    scheduled
        publishing  publish   published
        publishing  doubt     in_doubt
        publishing  fail      failed
        in_doubt    publish   published
        in_doubt    repost    scheduled
        in_doubt    fail      failed
        in_doubt    hold      held
        published   delete    deleted
        missed      release   scheduled
        missed      adopt     published
        held        cancel    cancelled
        held        release   scheduled
        held        adopt     published
        failed      cancel    cancelled
        failed      release   scheduled
        failed      adopt     published
        cancelled   hold      held
        cancelled   release   scheduled
        cancelled   adopt     published
        ");
    }

    #[test]
    fn only_publishing_and_doubt_lead_to_published_but_for_a_story_that_kakao_shows() {
        for state in PostState::ALL {
            let leads = |adopts: bool| {
                let events = PostEvent::ALL.iter().filter(|event| (**event == PostEvent::Adopt) == adopts);
                events.into_iter().any(|event| state.next(*event) == Ok(PostState::Published))
            };
            assert_eq!(leads(false), matches!(state, PostState::Publishing | PostState::InDoubt), "{state}");
            assert_eq!(leads(true), state.next(PostEvent::Release).is_ok() || state == PostState::Scheduled, "{state}");
        }
    }

    #[test]
    fn words_read_back() {
        for state in PostState::ALL {
            assert_eq!(PostState::parse(state.as_str()), Some(state));
        }
        assert_eq!(PostState::parse("posted"), None);
    }
}
