//! How things look: times, tables, excerpts, colours. What a person reads on a terminal; JSON is made from the rows themselves.

use comfy_table::{ContentArrangement, Table};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::io::IsTerminal;

use super::output::{self, note, say};
use crate::cli::failure::Failure;
use crate::domain::content::{Body, Content};
pub(crate) use crate::domain::telling::{instant, length, relative, story_url};
use crate::domain::{printable, telling};
use crate::yaml::problem::Paint;

/// Narrowest last column that is worth its place.
const LAST_MIN: u16 = 16;
/// Blanks between columns.
const GAP: u16 = 2;

/// `Tue 2026-12-01 09:00 KST (in 3 d 4 h)`; with seconds where they are not zero.
pub(crate) fn time(at: Timestamp, zone: &str, now: Timestamp) -> String {
    format!("{} ({})", instant(at, zone), relative(at, now))
}

/// `Tue 2026-12-01 09:00:00 KST`, for lines of a history, which stay under each other.
pub(crate) fn stamp(at: Timestamp, zone: &str) -> String {
    at.to_zoned(telling::zone(zone)).strftime("%a %Y-%m-%d %H:%M:%S %Z").to_string()
}

/// The IANA name of this machine's zone, for what belongs to no job.
pub(crate) fn local_zone() -> String {
    TimeZone::system().iana_name().unwrap_or("UTC").to_owned()
}

/// One line of what a post says.
pub(crate) fn excerpt(content: &Content, width: usize) -> String {
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
pub(crate) fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.trim_end().to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Rows in columns, in two forms: the wide one has one line a row, the narrow one stacks some of its cells in two.
pub(crate) struct ColumnLayout {
    wide: Table,
    narrow: Table,
    /// Lines of their own, each before the row of that number.
    headings: Vec<(usize, String)>,
}

impl ColumnLayout {
    /// The last column of each is cut to what is left of the line.
    pub(crate) fn new(wide: &[&str], narrow: &[&str]) -> Self {
        Self { wide: table(wide), narrow: table(narrow), headings: Vec::new() }
    }

    /// A line of its own before the next row. Where there are headings, the narrow form of each row has two lines.
    pub(crate) fn heading(&mut self, text: &str) {
        self.headings.push((self.wide.row_count(), text.to_owned()));
    }

    /// Adds a row in both forms.
    pub(crate) fn add(&mut self, wide: Vec<String>, narrow: Vec<String>) {
        // Of the wide form each cell is one line; those of the narrow one are stacked on purpose.
        self.wide.add_row(wide.iter().map(|cell| printable::one_line(cell)));
        self.narrow.add_row(narrow.iter().map(|cell| printable::lines(cell)));
    }

    /// The wide form, whole, where no terminal limits it or it fits; else the narrow one.
    fn lay_out(mut self, width: Option<u16>) -> Vec<String> {
        let Some(width) = width else {
            self.wide.set_content_arrangement(ContentArrangement::Disabled);
            return lines(&self.wide, &self.headings, 1);
        };
        let (mut table, lines_of_a_row) =
            if fixed_width(&self.wide) + LAST_MIN <= width { (self.wide, 1) } else { (self.narrow, 2) };
        table.set_width(width);
        let room = width.saturating_sub(fixed_width(&table));
        let last = table.column_count().saturating_sub(1);
        for (index, column) in table.column_iter_mut().enumerate() {
            if index < last {
                column.set_constraint(comfy_table::ColumnConstraint::ContentWidth);
            } else if room < LAST_MIN {
                column.set_constraint(comfy_table::ColumnConstraint::Hidden);
            }
        }
        for row in table.row_iter_mut() {
            row.max_height(lines_of_a_row);
        }
        lines(&table, &self.headings, lines_of_a_row)
    }

    /// Prints them, without trailing blanks.
    pub(crate) fn print(self) {
        for line in self.lay_out(width()) {
            say!("{line}");
        }
    }
}

/// The lines of a table with its headings between them, without trailing blanks.
fn lines(table: &Table, headings: &[(usize, String)], lines_of_a_row: usize) -> Vec<String> {
    let mut headings = headings.iter().peekable();
    let mut told = Vec::new();
    for (index, line) in table.lines().enumerate() {
        // The first line is the header.
        let row = index.checked_sub(1).filter(|row| row % lines_of_a_row == 0).map(|row| row / lines_of_a_row);
        while let Some((_, heading)) = headings.next_if(|(before, _)| Some(*before) == row) {
            told.push(heading.clone());
        }
        told.push(line.trim_end().to_owned());
    }
    told
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_truncation_indicator("…").set_header(header);
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    table
}

/// What all columns but the last take.
fn fixed_width(table: &Table) -> u16 {
    let widths = table.column_max_content_widths();
    widths.split_last().map_or(0, |(_, fixed)| fixed.iter().map(|width| width + GAP).sum())
}

/// Columns of the terminal, or of `$COLUMNS`; none where the lines go to a file or a program.
fn width() -> Option<u16> {
    let from_environment = || std::env::var("COLUMNS").ok()?.parse().ok();
    if !std::io::stdout().is_terminal() {
        return from_environment();
    }
    terminal_size::terminal_size().map(|(width, _)| width.0).or_else(from_environment).or(Some(80))
}

/// Prints a value as JSON.
pub(crate) fn print_json<T: serde::Serialize>(value: &T) -> Result<(), Failure> {
    output::write(format_args!("{}\n", output::pretty_json(value)?));
    Ok(())
}

/// Colours for a stream that is a terminal.
pub(crate) fn paint(stream: &impl IsTerminal) -> Paint {
    if stream.is_terminal() && std::env::var_os("NO_COLOR").is_none() { Paint::Colour } else { Paint::Plain }
}

/// `1 post`, `3 posts`, `2 stories`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {noun}s"),
    }
}

/// Asks before something is destroyed. Without a terminal to ask on, `--yes` is needed.
pub(crate) fn confirm(question: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "there is no terminal to ask on; add --yes when you are sure, or --dry-run to look",
        ));
    }
    note!("{question} [y/N]");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|error| Failure::unexpected(error.to_string()))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stay_under_each_other_with_hangul_and_emoji_and_stack_where_it_is_narrow() {
        let columns = || {
            let mut columns = ColumnLayout::new(&["POST", "WHEN", "JOB", "TEXT"], &["POST", "WHEN", "TEXT"]);
            for (post, job, says) in
                [("1", "주말-사진", "☕ 겨울 신메뉴가 나왔어요! 이번 주말까지"), ("12", "menu", "open")]
            {
                let (when, ahead) = ("Tue 2026-12-01 09:00 KST", "(in 3 d 4 h)");
                columns.add(
                    vec![post.into(), format!("{when} {ahead}"), job.into(), says.into()],
                    vec![post.into(), format!("{when}\n{ahead}"), says.into()],
                );
            }
            columns
        };
        let at = |width| columns().lay_out(width).join("\n");
        assert_eq!(
            at(None),
            "POST  WHEN                                   JOB        TEXT\n\
             1     Tue 2026-12-01 09:00 KST (in 3 d 4 h)  주말-사진  ☕ 겨울 신메뉴가 나왔어요! 이번 주말까지\n\
             12    Tue 2026-12-01 09:00 KST (in 3 d 4 h)  menu       open"
        );
        assert_eq!(
            at(Some(80)),
            "POST  WHEN                                   JOB        TEXT\n\
             1     Tue 2026-12-01 09:00 KST (in 3 d 4 h)  주말-사진  ☕ 겨울 신메뉴…\n\
             12    Tue 2026-12-01 09:00 KST (in 3 d 4 h)  menu       open"
        );
        assert_eq!(
            at(Some(60)),
            "POST  WHEN                      TEXT\n\
             1     Tue 2026-12-01 09:00 KST  ☕ 겨울 신메뉴가 나왔어요!\n\
             \u{20}     (in 3 d 4 h)              이번 주말까지\n\
             12    Tue 2026-12-01 09:00 KST  open\n\
             \u{20}     (in 3 d 4 h)"
        );
    }

    #[test]
    fn an_excerpt_is_one_line_and_says_what_was_cut() {
        let content: Content =
            serde_json::from_str(r#"{"body":{"type":"note","text":"겨울 신메뉴가\n나왔어요!"}}"#).unwrap();
        assert_eq!(excerpt(&content, 30), "겨울 신메뉴가 나왔어요!");
        assert_eq!(excerpt(&content, 6), "겨울 신메…");
    }
}
