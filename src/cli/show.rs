//! How things look: times, tables, excerpts, colours. What a person reads on a terminal; JSON is made from the rows themselves.

use std::io::IsTerminal;
use std::time::Duration;

use comfy_table::{ContentArrangement, Table};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::failure::Failure;
use crate::domain::content::{Body, Content};
use crate::plan::problem::Paint;

/// Width of a table that goes to a pipe.
const WIDTH_PIPED: u16 = 120;

/// `Tue 2026-12-01 09:00 KST (in 3 d 4 h)`; with seconds where they are not zero.
pub(super) fn time(at: Timestamp, zone: &str, now: Timestamp) -> String {
    format!("{} ({})", instant(at, zone), relative(at, now))
}

/// `Tue 2026-12-01 09:00 KST`.
pub(super) fn instant(at: Timestamp, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let local = at.to_zoned(zone);
    let format = if local.second() == 0 { "%a %Y-%m-%d %H:%M %Z" } else { "%a %Y-%m-%d %H:%M:%S %Z" };
    local.strftime(format).to_string()
}

/// `in 3 d 4 h`, `5 min ago`, `now`.
pub(super) fn relative(at: Timestamp, now: Timestamp) -> String {
    let ahead = at >= now;
    let span =
        Duration::try_from(if ahead { at.duration_since(now) } else { now.duration_since(at) }).unwrap_or_default();
    if span < Duration::from_secs(1) {
        return "now".into();
    }
    let length = length(span);
    if ahead { format!("in {length}") } else { format!("{length} ago") }
}

/// A length of time in its two largest units.
pub(super) fn length(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) if seconds == 0 => format!("{} ms", span.as_millis()),
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (_, 0, _) => format!("{days} d"),
        (_, _, _) => format!("{days} d {hours} h"),
    }
}

/// One line of what a post says.
pub(super) fn excerpt(content: &Content, width: usize) -> String {
    let text = content.text().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let lead = match &content.body {
        Body::Note { .. } => String::new(),
        Body::Photo { images, .. } if images.len() == 1 => "[1 image] ".into(),
        Body::Photo { images, .. } => format!("[{} images] ", images.len()),
        Body::Link { url, .. } => format!("[{url}] "),
    };
    shorten(&format!("{lead}{text}"), width)
}

/// At most `width` characters, the last one an ellipsis when something was cut.
pub(super) fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.trim_end().to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// A table without lines, as wide as the terminal.
pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width());
    table.set_header(header);
    table
}

fn width() -> u16 {
    let from_environment = || std::env::var("COLUMNS").ok()?.parse().ok();
    if !std::io::stdout().is_terminal() {
        return from_environment().unwrap_or(WIDTH_PIPED);
    }
    terminal_size::terminal_size().map(|(width, _)| width.0).or_else(from_environment).unwrap_or(80)
}

/// Prints a table without trailing blanks.
pub(super) fn print_table(table: &Table) {
    for line in table.lines() {
        anstream::println!("{}", line.trim_end());
    }
}

/// Prints a value as JSON.
pub(super) fn print_json<T: serde::Serialize>(value: &T) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(value).map_err(|error| Failure::unexpected(error.to_string()))?;
    anstream::println!("{json}");
    Ok(())
}

/// Colours for a stream that is a terminal.
pub(super) fn paint(stream: &impl IsTerminal) -> Paint {
    if stream.is_terminal() && std::env::var_os("NO_COLOR").is_none() { Paint::Colour } else { Paint::Plain }
}

/// `1 post`, `3 posts`, `2 stories`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {noun}s"),
    }
}

/// Asks before something is destroyed. Without a terminal to ask on, `--yes` is needed.
pub(super) fn confirm(question: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "there is no terminal to ask on; add --yes when you are sure, or --dry-run to look",
        ));
    }
    anstream::eprint!("{question} [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|error| Failure::unexpected(error.to_string()))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_names_its_day_its_zone_and_how_far_away_it_is() {
        let now = at("2026-11-27T20:00:00Z");
        assert_eq!(time(at("2026-12-01T00:00:00Z"), "Asia/Seoul", now), "Tue 2026-12-01 09:00 KST (in 3 d 4 h)");
        assert_eq!(time(at("2026-11-27T19:54:30Z"), "UTC", now), "Fri 2026-11-27 19:54:30 UTC (5 min ago)");
    }

    #[test]
    fn an_excerpt_is_one_line_and_says_what_was_cut() {
        let content: Content =
            serde_json::from_str(r#"{"body":{"type":"note","text":"겨울 신메뉴가\n나왔어요!"}}"#).unwrap();
        assert_eq!(excerpt(&content, 30), "겨울 신메뉴가 나왔어요!");
        assert_eq!(excerpt(&content, 6), "겨울 신메…");
    }
}
