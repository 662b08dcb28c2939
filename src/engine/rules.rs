//! The rules: what the operator decided about the engine's work, and what people are told of it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Time;

use crate::domain::content::Body;
use crate::domain::notice::About;
use crate::domain::policy::{InDoubt, Late, Pace, Preflight};
use crate::domain::telling::instant;
use crate::plan::schedule::blackout::Blackout;
use crate::settings::{Contradiction, Keep, Settings, contradictions};
use crate::store::view::PostRow;

/// What the operator decided about the engine's work.
#[derive(Clone, Debug)]
pub struct Rules {
    /// For jobs that do not say.
    pub late: Late,
    /// For jobs that do not say, by account; `in_doubt` for the others.
    pub in_doubt_of: BTreeMap<String, InDoubt>,
    /// For jobs that do not say.
    pub in_doubt: InDoubt,
    /// How densely accounts may post; `pace` for the others.
    pub pace_of: BTreeMap<String, Pace>,
    /// How densely an account may post.
    pub pace: Pace,
    /// Delays after the first, second, … failed attempt.
    pub retry: Vec<Duration>,
    /// How long an in-doubt post waits before its absence from Kakao's list counts.
    pub quarantine: Duration,
    /// How long a doubt may stay undecidable before a person is asked.
    pub doubt_limit: Duration,
    /// How long before its due time a post is prepared.
    pub prepare_ahead: Duration,
    /// For all jobs, beside those of their files.
    pub blackouts: Vec<Blackout>,
    /// How far ahead occurrences of a `cron` schedule become posts.
    pub horizon: Duration,
    /// Most posts that the patterns of all jobs may make until then.
    pub max_planned: u32,
    /// How long a claim or an intent holds.
    pub lease: Duration,
    /// How long an upload or a scrape is trusted.
    pub artifact_life: Duration,
    /// When Kakao is asked ahead whether a post could go out.
    pub preflight: Preflight,
    /// How long what is over stays on record.
    pub keep: Keep,
    /// When the accounts are audited: a cron pattern in UTC.
    pub audit: Option<String>,
    /// What people are told, and in which words.
    pub telling: Telling,
    /// The IANA name of the zone in which times are told and months are counted; absent: what all job files share.
    pub zone: Option<String>,
}

/// What people are told, and in which words.
#[derive(Clone, Debug)]
pub struct Telling {
    /// Whether each published story is told too.
    pub published: bool,
    /// When the day is told in short.
    pub digest: Option<Time>,
    /// The IANA name of the zone of `digest`, and of the instants in notices.
    pub zone: String,
    /// Fewer free bytes than this on the disk of the queue are told.
    pub disk_low: u64,
    /// The flags with which a command finds this queue, each after a blank; empty when it needs none.
    pub command_flags: String,
    /// Where others open the dashboard.
    pub dashboard: Option<String>,
    /// What people call the accounts that have a title.
    pub titles: BTreeMap<String, String>,
}

/// Most characters of a text that a notice shows.
const TOLD_CHARS_MAX: usize = 100;

impl Telling {
    /// A post as a notice describes it.
    pub(super) fn about(&self, post: &PostRow) -> About {
        let text = post.content.text().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let cut = text.chars().count() > TOLD_CHARS_MAX;
        let mut text: String = text.chars().take(TOLD_CHARS_MAX).collect();
        if cut {
            text.push('…');
        }
        let link = match &post.content.body {
            Body::Link { url, .. } => Some(url.clone()),
            _ => None,
        };
        About {
            occurs_at: post.occurs_at,
            when: instant(post.occurs_at, &self.zone),
            text,
            images: post.content.images().iter().map(|image| image.name.clone()).collect(),
            link,
            page: self.dashboard.as_ref().map(|url| format!("{url}/posts/{}", post.post)),
        }
    }

    /// What to type for another command on this queue.
    pub fn command(&self, words: &str) -> String {
        format!("storyd {words}{}", self.command_flags)
    }
}

/// How long a doubt may stay undecidable before a person is asked.
const DOUBT_LIMIT: Duration = Duration::from_secs(3600);

/// The zone of notices where the settings name none.
const NOTICE_ZONE: &str = "Asia/Seoul";

/// How long an upload or a scrape is trusted. No document says how long Kakao keeps an upload, so: not long.
const ARTIFACT_LIFE: Duration = Duration::from_secs(3600);

/// Free bytes below which people are told: well before nothing can be written, and more than a week of posts takes.
const DISK_LOW: u64 = 200_000_000;

impl Rules {
    /// How densely this account may post.
    pub fn pace_for(&self, account: &str) -> Pace {
        self.pace_of.get(account).copied().unwrap_or(self.pace)
    }

    /// The rules that the settings ask for.
    ///
    /// # Errors
    /// Limits that contradict each other and would break a promise, such as a lease that a request could outlive.
    pub fn new(settings: &Settings) -> Result<Self, Contradiction> {
        let (defaults, timeouts) = (&settings.defaults, &settings.timeouts);
        if let Some(contradiction) = contradictions(defaults, timeouts).into_iter().next() {
            return Err(contradiction);
        }
        let catch_up_gap = defaults.catch_up_gap;
        let accounts = settings.accounts.iter();
        let paces = accounts.clone().map(|(name, account)| {
            (name.clone(), Pace { min_gap: account.min_gap, max_per_day: account.max_per_day, catch_up_gap })
        });
        Ok(Self {
            late: defaults.late,
            in_doubt_of: accounts.clone().filter_map(|(name, a)| Some((name.clone(), a.in_doubt?))).collect(),
            pace_of: paces.collect(),
            pace: Pace { catch_up_gap, ..Pace::default() },
            in_doubt: defaults.in_doubt,
            retry: defaults.retry.clone(),
            quarantine: defaults.quarantine,
            doubt_limit: DOUBT_LIMIT.max(defaults.quarantine * 2),
            prepare_ahead: defaults.prepare_ahead,
            blackouts: settings.blackouts.clone(),
            horizon: settings.horizon,
            max_planned: settings.max_planned,
            lease: timeouts.lease,
            artifact_life: ARTIFACT_LIFE,
            telling: Telling {
                published: settings.notify.published,
                digest: settings.notify.digest,
                zone: settings
                    .notify
                    .zone
                    .clone()
                    .or_else(|| settings.zone.clone())
                    .unwrap_or_else(|| NOTICE_ZONE.into()),
                disk_low: DISK_LOW,
                command_flags: String::new(),
                dashboard: settings.dashboard_for_others(),
                titles: settings.titles(),
            },
            preflight: settings.preflight,
            keep: settings.keep,
            audit: settings.audit.clone(),
            zone: settings.zone.clone(),
        })
    }
}
