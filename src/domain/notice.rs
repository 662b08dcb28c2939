//! What people are told: the bad states, each an incident with a beginning and an end, and the notices about them.
//!
//! [`Trouble`] is the one list of what can be wrong. Pure words; who is told, and how it gets there, is decided elsewhere.

mod about;

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use about::About;

/// Most items that one notice lists; the others are counted.
pub const ITEMS_MAX: usize = 10;

/// Every bad state that a person is told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// A post failed for good.
    Failed,
    /// A post was not posted because it was too late.
    Missed,
    /// A post waits for a person.
    Held,
    /// A post is in doubt, and only a person can settle it.
    InDoubt,
    /// A story could not be taken down.
    NotDeleted,
    /// An audit found the record and Kakao to differ.
    Differences,
    /// An audit was given up: nobody has compared the record with Kakao.
    NotAudited,
    /// Kakao turns an account away.
    Blocked,
    /// The job files ask for most of an account's posts no more: they are held, in case that is an accident.
    Withdrawal,
    /// The job files do not load.
    BrokenFile,
    /// A text to come cannot be made, so that there is no post for it.
    NoText,
    /// Little room is left on the disk.
    DiskLow,
    /// The machine's clock is off.
    ClockOff,
    /// The machine's clock cannot be believed: nothing is done by it.
    ClockDoubt,
    /// A post that is still to come would not go out as things stand.
    Preflight,
    /// The queue refuses something that storyd wants to write down, or holds a row that cannot be read.
    Refused,
    /// The daemon did not stop cleanly the last time.
    Restarted,
}

impl Trouble {
    /// Every one of them.
    pub const ALL: [Self; 17] = [
        Self::Failed,
        Self::Missed,
        Self::Held,
        Self::InDoubt,
        Self::NotDeleted,
        Self::Differences,
        Self::NotAudited,
        Self::Blocked,
        Self::Withdrawal,
        Self::BrokenFile,
        Self::NoText,
        Self::DiskLow,
        Self::ClockOff,
        Self::ClockDoubt,
        Self::Preflight,
        Self::Refused,
        Self::Restarted,
    ];

    /// The word of the database and of JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Missed => "missed",
            Self::Held => "held",
            Self::InDoubt => "in_doubt",
            Self::NotDeleted => "not_deleted",
            Self::Differences => "differences",
            Self::NotAudited => "not_audited",
            Self::Blocked => "blocked",
            Self::Withdrawal => "withdrawal",
            Self::BrokenFile => "broken_file",
            Self::NoText => "no_text",
            Self::DiskLow => "disk_low",
            Self::ClockOff => "clock_off",
            Self::ClockDoubt => "clock_doubt",
            Self::Preflight => "preflight",
            Self::Refused => "refused",
            Self::Restarted => "restarted",
        }
    }

    /// The trouble of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trouble| trouble.as_str() == word)
    }

    /// Whether it is over the moment it is told: it has no end to tell of.
    pub fn is_news(self) -> bool {
        self == Self::Restarted
    }

    /// Whether it is about one post, and ends when that post is settled.
    pub fn is_of_post(self) -> bool {
        matches!(self, Self::Failed | Self::Missed | Self::Held | Self::InDoubt)
    }

    /// Whether it is of the job files, the machine or posts to come: in no list of posts, accounts or stories.
    pub fn stands_alone(self) -> bool {
        matches!(
            self,
            Self::Withdrawal
                | Self::BrokenFile
                | Self::NoText
                | Self::DiskLow
                | Self::ClockOff
                | Self::ClockDoubt
                | Self::Preflight
                | Self::Refused
        )
    }

    /// What it is called where it stands alone.
    pub fn title(self) -> String {
        self.began(1)
    }

    fn began(self, count: usize) -> String {
        let posts = counted(count, "post", "posts");
        match self {
            Self::Failed => format!("{posts} failed"),
            Self::Missed => format!("{posts} missed: too late to go out"),
            Self::Held => format!("{posts} held: waiting for you"),
            Self::InDoubt => format!("{posts} in doubt: only you can settle it"),
            Self::NotDeleted => format!("{} not taken down", counted(count, "story was", "stories were")),
            Self::Differences => "the record and what Kakao shows differ".into(),
            Self::NotAudited => format!("{} given up", counted(count, "audit was", "audits were")),
            Self::Blocked => format!("{} blocked", counted(count, "account is", "accounts are")),
            Self::Withdrawal => "posts that left the job files are held".into(),
            Self::BrokenFile => "the job files do not load".into(),
            Self::NoText => {
                format!("{} to come cannot be made", counted(count, "job has texts that", "jobs have texts that"))
            }
            Self::DiskLow => "the disk is nearly full".into(),
            Self::ClockOff => "the clock is off".into(),
            Self::ClockDoubt => "the clock is in doubt: nothing is posted".into(),
            Self::Preflight => "posts to come would not go out as things stand".into(),
            Self::Refused => "the queue refuses to write something down".into(),
            Self::Restarted => "storyd was restarted after it stopped uncleanly".into(),
        }
    }

    fn ended(self, count: usize) -> String {
        match self {
            Self::Failed | Self::Missed | Self::Held | Self::InDoubt => {
                format!("{} settled", counted(count, "post", "posts"))
            }
            Self::NotDeleted => format!("{} gone after all", counted(count, "story is", "stories are")),
            Self::Differences => "the record and what Kakao shows agree again".into(),
            Self::NotAudited => format!("{} complete again", counted(count, "audit is", "audits are")),
            Self::Blocked => format!("{} again", counted(count, "account posts", "accounts post")),
            Self::Withdrawal => "posts that had left the job files are settled".into(),
            Self::BrokenFile => "the job files load again".into(),
            Self::NoText => format!("the texts of {} can be made", counted(count, "job", "jobs")),
            Self::DiskLow => "the disk has room again".into(),
            Self::ClockOff => "the clock is right again".into(),
            Self::ClockDoubt => "the clock is believed again: the work goes on".into(),
            Self::Preflight => "nothing stands in the way of the posts to come any more".into(),
            Self::Refused => "the queue takes everything again".into(),
            Self::Restarted => "storyd runs".into(),
        }
    }
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// A trouble began.
    Began,
    /// A trouble is over.
    Ended,
    /// Stories were published.
    Published,
    /// The day in short.
    Digest,
    /// A person asked whether notices arrive.
    Test,
    /// Words of a person's, or of a script's.
    Said,
}

/// What one line of a notice is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The post's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<i64>,
    /// Its job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What people call it, where that is another word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_title: Option<String>,
    /// When it happened, or began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What happened, and why.
    pub reason: String,
    /// What to type; empty when nothing needs to be done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
    /// The page of the story.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What a person compares and types, line by line, where only a person can settle it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub case: Vec<String>,
    /// The post itself, for a reader who has no terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
}

/// One message to people. The same wherever it is sent, and each time that it is tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What it is about.
    pub phase: Phase,
    /// Which trouble; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// One line.
    pub title: String,
    /// When it was written.
    pub at: Timestamp,
    /// At most [`ITEMS_MAX`].
    pub items: Vec<Item>,
    /// How many more there are than `items` lists.
    pub more: usize,
}

impl Notice {
    /// The notice that a trouble began, or ended, for all of `items`.
    pub fn of(trouble: Trouble, phase: Phase, items: Vec<Item>, at: Timestamp) -> Self {
        let count = items.len();
        let title = if phase == Phase::Ended { trouble.ended(count) } else { trouble.began(count) };
        Self::new(phase, Some(trouble), with_account(title, &items), items, at)
    }

    /// A notice of another kind.
    pub fn new(phase: Phase, trouble: Option<Trouble>, title: String, mut items: Vec<Item>, at: Timestamp) -> Self {
        let more = items.len().saturating_sub(ITEMS_MAX);
        items.truncate(ITEMS_MAX);
        Self { phase, trouble, title, at, items, more }
    }

    /// All of it as plain text: the title, and a line for each item with what to type beneath.
    pub fn text(&self) -> String {
        let mut text = self.title.clone();
        for item in &self.items {
            // Writing to a text cannot fail.
            let _ = write!(text, "\n- {}", item.line());
            for line in item.details() {
                let _ = write!(text, "\n  {line}");
            }
        }
        if self.more > 0 {
            let _ = write!(text, "\n- and {} more", self.more);
        }
        text
    }
}

impl Item {
    /// What stands beneath its line: the post, what to type, where to look, and its case.
    pub fn details(&self) -> Vec<String> {
        let about = self.about.as_ref();
        let command = Some(self.command.clone()).filter(|command| !command.is_empty());
        let page = about.and_then(|about| about.page.clone());
        let lines = [about.map(About::line), command, page, self.url.clone()].into_iter().flatten();
        lines.chain(self.case.iter().cloned()).collect()
    }

    /// What people call its account.
    fn shown_account(&self) -> Option<&String> {
        self.account_title.as_ref().or(self.account.as_ref())
    }

    /// `weekend-photos (post 12) on cafe: why`.
    pub fn line(&self) -> String {
        let mut what = self.job.clone().unwrap_or_default();
        if let Some(post) = self.post {
            let _ = write!(what, "{}(post {post})", if what.is_empty() { "" } else { " " });
        }
        if let Some(account) = self.shown_account() {
            what = if what.is_empty() { account.clone() } else { format!("{what} on {account}") };
        }
        if what.is_empty() { self.reason.clone() } else { format!("{what}: {}", self.reason) }
    }
}

/// The title with the one account, or the one job, that all items share.
fn with_account(title: String, items: &[Item]) -> String {
    let Some(first) = items.first() else { return title };
    let job = first.job.as_ref().filter(|_| items.len() == 1);
    let account =
        first.account.as_ref().filter(|account| items.iter().all(|item| item.account.as_ref() == Some(account)));
    let account = account.and(first.shown_account());
    match (job, account) {
        (Some(job), Some(account)) => format!("{title} ({job} on {account})"),
        (None, Some(account)) => format!("{title} ({account})"),
        _ => title,
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(post: i64, account: &str) -> Item {
        Item {
            post: Some(post),
            job: Some(format!("job-{post}")),
            account: Some(account.into()),
            reason: "the page cannot be scraped (-604)".into(),
            command: format!("storyd admin show {post}"),
            ..Item::default()
        }
    }

    #[test]
    fn every_trouble_has_a_word_of_its_own_and_words_for_its_beginning_and_its_end() {
        for trouble in Trouble::ALL {
            assert_eq!(Trouble::parse(trouble.as_str()), Some(trouble));
            let json = serde_json::to_string(&trouble).expect("a word");
            assert_eq!(json, format!("{:?}", trouble.as_str()));
            assert_ne!(trouble.began(1), trouble.ended(1));
        }
    }

    #[test]
    fn a_notice_names_post_account_reason_and_what_to_type() {
        let at = "2026-12-01T00:00:00Z".parse().expect("valid");
        let one = Notice::of(Trouble::Failed, Phase::Began, vec![item(7, "cafe")], at);
        assert_eq!(
            one.text(),
            "1 post failed (job-7 on cafe)\n- job-7 (post 7) on cafe: the page cannot be scraped (-604)\n  storyd admin show 7"
        );
        let about = About {
            occurs_at: at,
            when: "Tue 2026-12-01 09:00 KST".into(),
            text: "주말엔 라떼 한 잔".into(),
            images: vec!["latte.jpg".into(), "cup.png".into()],
            link: None,
            page: Some("https://storyd.example.com/posts/7".into()),
        };
        let told = Item { about: Some(about), ..item(7, "cafe") };
        assert_eq!(
            told.details(),
            [
                "Tue 2026-12-01 09:00 KST · “주말엔 라떼 한 잔” · latte.jpg, cup.png",
                "storyd admin show 7",
                "https://storyd.example.com/posts/7"
            ]
        );
        let many: Vec<Item> = (0..14).map(|post| item(post, if post == 3 { "shop" } else { "cafe" })).collect();
        let many = Notice::of(Trouble::Missed, Phase::Began, many, at);
        assert_eq!((many.title.as_str(), many.items.len(), many.more), ("14 posts missed: too late to go out", 10, 4));
        assert!(many.text().ends_with("\n- and 4 more"));
        let again: Notice = serde_json::from_str(&serde_json::to_string(&many).expect("JSON")).expect("read");
        assert_eq!(again, many);
    }
}
