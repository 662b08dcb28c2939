//! How a parked doubt is told on a terminal: the post's text above each story's that may be its own, where they differ, where to look and
//! what to type.

use jiff::Timestamp;

use crate::cli::context::CommandContext;
use crate::cli::failure::Failure;
use crate::cli::terminal::format::time;
use crate::cli::terminal::width::{self, width};
use crate::cli::terminal::wrap::{self, wrapped};
use crate::domain::case::{Candidate, Case, Difference, NO_STORY};
use crate::domain::content::comparable;
use crate::domain::printable;
use crate::store::Store;

/// What precedes a line of a text.
const BAR: &str = "    │ ";

/// How much of the texts is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextDetail {
    /// All of them.
    Whole,
    /// A line of each, around the place where they differ.
    InShort,
}

/// What a person compares, for those of these posts that only a person can settle.
pub(super) async fn cases(home: &CommandContext, store: &Store, posts: &[i64]) -> Result<Vec<Case>, Failure> {
    let cases = store.cases(posts).await?;
    Ok(cases.into_iter().map(|case| case.phrased(home.in_sandbox(), |words| home.command(words))).collect())
}

/// The lines of a case, each text cleaned by itself: a line break in it begins no line of ours.
pub(super) fn lines(case: &Case, texts: TextDetail, zone: &str, now: Timestamp) -> Vec<String> {
    let columns = width::of_terminal();
    let mut lines = vec![format!("  its request left {}", time(case.sent_at, zone, now))];
    if case.candidates.is_empty() {
        lines.push(format!("  {NO_STORY}"));
    }
    for candidate in &case.candidates {
        lines.extend(of_candidate(candidate, &case.text, texts, zone, columns));
    }
    for sentence in case.look.split_inclusive(". ") {
        lines.extend(wrapped(sentence.trim(), "  ", 2, columns));
    }
    lines.push(wrap::command(&case.published));
    lines.push("    it was published, with this ID".into());
    lines.push(wrap::command(&case.absent));
    lines.push("    it was not published".into());
    lines
}

fn of_candidate(candidate: &Candidate, sent: &str, texts: TextDetail, zone: &str, columns: usize) -> Vec<String> {
    let line = |text: String| printable::one_line(&text).into_owned();
    let url = candidate.url.as_deref().map_or_else(String::new, |url| format!("  {url}"));
    let mut lines = vec![line(format!("  story {}{url}", candidate.story_id))];
    let facts = format!("{}; {}", candidate.when(zone), candidate.facts());
    lines.extend(wrapped(&line(facts), "    ", 4, columns));
    lines.extend(wrapped(&line(candidate.why.clone()), "    ", 4, columns));
    match (&candidate.difference, texts) {
        (Some(difference), TextDetail::Whole) => {
            let listed = candidate.text.as_deref().unwrap_or_default();
            lines.push("    sent".into());
            lines.extend(marked(sent, difference));
            lines.push("    listed".into());
            lines.extend(marked(listed, difference));
            lines.extend(wrapped(&line(difference.words()), "    ", 4, columns));
        }
        _ => lines.extend(candidate.told(sent).into_iter().map(|told| line(format!("    {told}")))),
    }
    lines.push(wrap::command(&candidate.published));
    lines
}

/// A text, with a mark beneath the place where it differs.
fn marked(text: &str, difference: &Difference) -> Vec<String> {
    let text = comparable(text);
    if text.is_empty() {
        return vec![format!("{BAR}(no text)")];
    }
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.split('\n')) {
        lines.push(format!("{BAR}{}", printable::one_line(line)));
        if number == difference.line {
            let before: String = line.chars().take(difference.column - 1).collect();
            lines.push(format!("{BAR}{}^", " ".repeat(width(&printable::one_line(&before)))));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_beneath_the_place_whatever_its_letters_are_wide() {
        let (sent, listed) = ("겨울\n라떼 <딸기>\n끝", "겨울\n라떼 &lt;딸기&gt;\n끝");
        let difference = Difference::between(sent, listed).expect("differs");
        assert_eq!(marked(listed, &difference), ["    │ 겨울", "    │ 라떼 &lt;딸기&gt;", "    │      ^", "    │ 끝"]);
        assert_eq!(marked("", &difference), ["    │ (no text)"]);
    }
}
