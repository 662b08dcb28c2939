//! A post, a story and an instant as the pages show them: every text ready, nothing left to decide for a template.

use jiff::Timestamp;

use super::state::House;
use crate::domain::content::{Body, Content};
use crate::domain::post::PostState;
use crate::domain::telling;
use crate::store::view::{PostRow, StoryRow, WaitKind, standing_waits};

/// Characters of a text in a list.
const EXCERPT_CHARS: usize = 140;

/// An instant.
#[derive(Clone, Debug)]
pub(super) struct TimeCell {
    /// For programs.
    pub(super) machine: String,
    /// `Tue 2026-12-01 09:00 KST`.
    pub(super) full: String,
    /// `09:00 KST`: where a heading names the day.
    pub(super) clock: String,
    /// `in 3 d 4 h`.
    pub(super) relative: String,
}

impl TimeCell {
    pub(super) fn new(at: Timestamp, zone: &str, now: Timestamp) -> Self {
        let full = telling::instant(at, zone);
        // Behind the weekday and the date, which have a fixed length.
        let clock = full.splitn(3, ' ').nth(2).unwrap_or_default().to_owned();
        Self { machine: at.to_string(), clock, full, relative: telling::relative(at, now) }
    }
}

/// One command that a person may type, and what it does.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CommandHint {
    pub(super) command: String,
    pub(super) what: &'static str,
}

/// A post in a list.
pub(super) struct PostEntry {
    pub(super) post: i64,
    pub(super) job: String,
    pub(super) account: String,
    /// What people call it.
    pub(super) account_title: String,
    pub(super) tags: Vec<String>,
    pub(super) kind: &'static str,
    /// Pictures or the link, before the text.
    pub(super) lead: String,
    pub(super) says: String,
    pub(super) lang: &'static str,
    pub(super) state: &'static str,
    /// What the state word alone does not say: retries, a block, a doubt that is parked.
    pub(super) notes: Vec<String>,
    pub(super) reason: String,
    /// When it is next acted on, while it waits; else when it was to appear.
    pub(super) at: TimeCell,
    /// When it was to appear, where that is another instant.
    pub(super) planned: Option<TimeCell>,
    /// `Tue 2026-12-01`, of `at`.
    pub(super) day: String,
    /// `today` or `tomorrow`, where its zone says so.
    pub(super) day_word: &'static str,
    pub(super) steps: Vec<CommandHint>,
}

impl PostEntry {
    pub(super) fn new(house: &House, row: PostRow, zone: &str, now: Timestamp) -> Self {
        let steps = steps(&row, &house.surroundings.command_flags);
        let shown_at = if row.state == PostState::Scheduled { row.due_at } else { row.occurs_at };
        let local = shown_at.to_zoned(telling::zone(zone));
        let today = now.to_zoned(telling::zone(zone)).date();
        Self {
            notes: notes(&row, zone, now),
            steps,
            at: TimeCell::new(shown_at, zone, now),
            planned: (shown_at != row.occurs_at).then(|| TimeCell::new(row.occurs_at, zone, now)),
            day: local.strftime("%a %Y-%m-%d").to_string(),
            day_word: match local.date() {
                day if day == today => "today",
                day if today.tomorrow().is_ok_and(|tomorrow| day == tomorrow) => "tomorrow",
                _ => "",
            },
            post: row.post,
            kind: row.content.kind(),
            lead: lead(&row.content),
            says: excerpt(&row.content),
            lang: lang(row.content.text().unwrap_or_default()),
            state: row.state.as_str(),
            job: row.job,
            account_title: house.surroundings.shown(&row.account),
            account: row.account,
            tags: row.tags,
            reason: row.reason,
        }
    }
}

fn notes(row: &PostRow, zone: &str, now: Timestamp) -> Vec<String> {
    let mut notes = Vec::new();
    if row.parked_at.is_some() {
        notes.push("needs a person".to_owned());
    }
    if row.state == PostState::Scheduled {
        for wait in standing_waits(&row.waits, now) {
            let until = wait.until.filter(|_| wait.what != WaitKind::Blackout);
            let until = until.map(|at| format!(" until {}", telling::instant(at, zone))).unwrap_or_default();
            notes.push(match wait.what {
                // What blocks the account, and what is paused, has a box of its own on the first page.
                WaitKind::Block => wait.what.word().to_owned(),
                WaitKind::Pause => format!("paused{until}"),
                _ => format!("waits{until}: {}", wait.why),
            });
        }
        let failures = row.publish_failures + row.prepare_failures;
        if failures > 0 {
            notes.push(format!("failed {failures}×, tries again"));
        }
    }
    notes
}

/// What a person can do about a post that needs one.
fn steps(row: &PostRow, flags: &str) -> Vec<CommandHint> {
    let post = row.post;
    let step = |verb: &str, rest: &str, what| CommandHint {
        command: format!("storyd admin {verb} {post}{rest}{flags}"),
        what,
    };
    match row.state {
        PostState::Failed => {
            vec![step("retry", "", "tries again, once the cause is mended"), step("cancel", "", "withdraws it")]
        }
        PostState::Missed => vec![step("retry", "", "posts it now")],
        PostState::Held if row.is_lost() => {
            let command = format!("storyd admin accept --account {}{flags}", telling::shell_word(&row.account));
            vec![CommandHint {
                command,
                what: "withdraws it and all others; put back into its job file it goes on by itself",
            }]
        }
        PostState::Held => vec![step("release", "", "lets it go out"), step("cancel", "", "withdraws it")],
        PostState::InDoubt if row.parked_at.is_some() => vec![
            step("resolve", " --story ID", "if the account's page shows it"),
            step("resolve", " --absent", "if it is not there"),
        ],
        _ => Vec::new(),
    }
}

/// A recorded story in a list.
pub(super) struct StoryEntry {
    pub(super) story_id: String,
    /// Its page at Kakao, where there is one.
    pub(super) url: Option<String>,
    pub(super) post: i64,
    pub(super) job: String,
    /// What people call its account.
    pub(super) account: String,
    pub(super) kind: &'static str,
    pub(super) lead: String,
    pub(super) says: String,
    pub(super) lang: &'static str,
    pub(super) published: TimeCell,
    /// Who told us of it, where that was not Kakao's answer.
    pub(super) learnt: String,
    /// When it is taken down.
    pub(super) deletion: Option<TimeCell>,
    pub(super) deleted: Option<TimeCell>,
    pub(super) fault: Option<String>,
    /// What takes it down after all.
    pub(super) delete_command: String,
}

impl StoryEntry {
    pub(super) fn new(house: &House, row: StoryRow, zone: &str, now: Timestamp) -> Self {
        let moment = |at| TimeCell::new(at, zone, now);
        Self {
            url: story_url(house, &row.story_id),
            published: moment(row.published_at),
            learnt: match row.learnt_by.as_str() {
                "publish" => String::new(),
                "reconcile" => "found in the account's list".into(),
                person => format!("told by {person}"),
            },
            deletion: row.delete_at.filter(|_| row.deleted_at.is_none()).map(moment),
            deleted: row.deleted_at.map(moment),
            delete_command: format!("storyd admin delete {}{}", row.post, house.surroundings.command_flags),
            kind: row.content.kind(),
            lead: lead(&row.content),
            says: excerpt(&row.content),
            lang: lang(row.content.text().unwrap_or_default()),
            fault: row.delete_fault.filter(|_| row.deleted_at.is_none()),
            story_id: row.story_id,
            post: row.post,
            job: row.job,
            account: house.surroundings.shown(&row.account),
        }
    }
}

/// Where a story can be seen. What the sandbox holds has no page at Kakao.
pub(super) fn story_url(house: &House, story_id: &str) -> Option<String> {
    match house.surroundings.sandbox_url {
        Some(_) => None,
        None => telling::story_url(story_id),
    }
}

fn lead(content: &Content) -> String {
    match &content.body {
        Body::Note { .. } => String::new(),
        Body::Photo { images, .. } if images.len() == 1 => "1 image".into(),
        Body::Photo { images, .. } => format!("{} images", images.len()),
        Body::Link { url, .. } => shorten(url, EXCERPT_CHARS / 2),
    }
}

fn excerpt(content: &Content) -> String {
    let text = content.text().unwrap_or_default();
    shorten(&text.split_whitespace().collect::<Vec<_>>().join(" "), EXCERPT_CHARS)
}

fn shorten(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(chars_max.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// The language of a text, where its letters tell: for the voice that reads it out and the font that draws it.
pub(super) fn lang(text: &str) -> &'static str {
    let hangul = |c: char| matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7a3}');
    if text.chars().any(hangul) { "ko" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_ends_in_an_ellipsis_and_a_short_one_stays() {
        assert_eq!(shorten("겨울 신메뉴", 6), "겨울 신메뉴");
        assert_eq!(shorten("겨울 신메뉴", 5), "겨울 신…");
    }

    #[test]
    fn hangul_is_told_from_other_letters() {
        assert_eq!((lang("latte 라떼"), lang("latte ☕"), lang("")), ("ko", "", ""));
    }
}
