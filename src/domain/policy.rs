//! What a person decided in advance: what becomes of a late post, of one whose absence was proved, and when it is asked ahead
//! whether a post could go out.

use std::time::Duration;

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

/// What happens to a post that is found due long after it should have appeared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Late {
    /// How long after `occurs_at` the post may still go out without question.
    pub within: Duration,
    /// What happens after that.
    pub then: LateThen,
}

/// The three answers to "it is too late".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateThen {
    /// Publish all the same.
    Post,
    /// Do not publish: the post ends `missed`.
    Skip,
    /// Ask a person: the post is `held`.
    Hold,
}

impl LateThen {
    /// The word of job files and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Skip => "skip",
            Self::Hold => "hold",
        }
    }
}

/// What happens to a post whose time falls into a blackout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlackoutThen {
    /// It goes out at the first free instant after the blackout.
    Move,
    /// It waits for a person.
    Hold,
    /// It is not posted.
    Skip,
}

impl BlackoutThen {
    /// The word of job files, settings and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::Hold => "hold",
            Self::Skip => "skip",
        }
    }
}

/// The blackout that a post falls into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FallsIn {
    /// What it does to the post.
    pub then: BlackoutThen,
    /// Why there is a blackout, in the words of whoever wrote it.
    pub reason: String,
}

/// `move: quiet hours`, as the database keeps it.
impl std::fmt::Display for FallsIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.then.as_str(), self.reason)
    }
}

/// How densely an account may post.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Shortest time between two stories; zero for none.
    pub min_gap: Duration,
    /// Most stories within any 24 hours.
    pub max_per_day: Option<u32>,
    /// Shortest time between two posts that are both more than a minute late, so that catching up is never a salvo.
    pub catch_up_gap: Duration,
}

/// When Kakao is asked ahead whether a post could go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preflight {
    /// At this time of the day before it is due, in its zone; `None`: not on the day before.
    pub evening: Option<Time>,
    /// Again so long before it is due; `None`: not again.
    pub before: Option<Duration>,
}

impl Preflight {
    /// Nobody is asked ahead.
    pub const OFF: Self = Self { evening: None, before: None };
}

impl Default for Preflight {
    fn default() -> Self {
        Self { evening: Some(Time::constant(18, 0, 0, 0)), before: Some(Duration::from_secs(1_800)) }
    }
}

/// What becomes of an in-doubt post once its absence from Kakao is proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InDoubt {
    /// Back into the queue.
    #[default]
    Repost,
    /// Wait for a person.
    Hold,
}

impl InDoubt {
    /// The word of job files and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Repost => "repost",
            Self::Hold => "hold",
        }
    }
}
