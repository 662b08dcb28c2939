//! A parked doubt as the pages show it: the post's text beside each story's that may be its own, where they differ, and what to type.

use jiff::Timestamp;

use super::entry::{CommandHint, TimeCell, lang};
use super::failed::Failed;
use super::state::{House, ReadPermit};
use crate::domain::case::{Candidate, Case as Told};
use crate::domain::content::comparable;
use crate::domain::printable;

/// The case of one post.
pub(super) struct CaseView {
    pub(super) sent: TimeCell,
    pub(super) candidates: Vec<CandidateView>,
    pub(super) look: String,
    pub(super) steps: Vec<CommandHint>,
}

/// A story that may be the post's, with both texts.
pub(super) struct CandidateView {
    pub(super) story_id: String,
    pub(super) url: Option<String>,
    pub(super) when: String,
    pub(super) facts: String,
    pub(super) why: String,
    pub(super) sent: Text,
    pub(super) listed: Text,
    /// Where they differ first, in words.
    pub(super) difference: Option<String>,
    pub(super) step: CommandHint,
}

/// A text, split where it differs from the other one.
pub(super) struct Text {
    pub(super) before: String,
    pub(super) differs: String,
    pub(super) after: String,
    pub(super) lang: &'static str,
}

/// The cases of those of these posts that are parked, each with its number.
pub(super) async fn of(
    house: &House,
    ctx: &ReadPermit,
    posts: &[i64],
    zone: &str,
    now: Timestamp,
) -> Result<Vec<(i64, CaseView)>, Failed> {
    let surroundings = &house.surroundings;
    let cases = ctx.store.cases(posts).await?.into_iter().map(|case| {
        let told = case.phrased(surroundings.sandbox_url.is_some(), |words| {
            format!("storyd {words}{}", surroundings.command_flags)
        });
        (told.post, CaseView::new(&told, zone, now))
    });
    Ok(cases.collect())
}

impl CaseView {
    fn new(told: &Told, zone: &str, now: Timestamp) -> Self {
        Self {
            sent: TimeCell::new(told.sent_at, zone, now),
            candidates: told
                .candidates
                .iter()
                .map(|candidate| CandidateView::new(candidate, &told.text, zone))
                .collect(),
            look: told.look.clone(),
            steps: vec![
                CommandHint { command: told.published.clone(), what: "it was published, with this ID" },
                CommandHint { command: told.absent.clone(), what: "it was not published" },
            ],
        }
    }
}

impl CandidateView {
    fn new(candidate: &Candidate, sent: &str, zone: &str) -> Self {
        let text = |text: &str| {
            let (before, differs, after) = match &candidate.difference {
                Some(difference) => difference.split(text),
                None => (comparable(text), String::new(), String::new()),
            };
            let clean = |part: String| printable::lines(&part).into_owned();
            Text { before: clean(before), differs: clean(differs), after: clean(after), lang: lang(text) }
        };
        let line = |text: &str| printable::one_line(text).into_owned();
        Self {
            story_id: line(&candidate.story_id),
            url: candidate.url.clone().filter(|url| url.starts_with("https://")),
            when: candidate.when(zone),
            facts: line(&candidate.facts()),
            why: candidate.why.clone(),
            sent: text(sent),
            listed: text(candidate.text.as_deref().unwrap_or_default()),
            difference: candidate.difference.as_ref().map(|difference| line(&difference.words())),
            step: CommandHint { command: line(&candidate.published), what: "if this is its story" },
        }
    }
}
