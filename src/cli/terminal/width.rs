//! Columns of a terminal: a Hangul syllable and most emoji take two.

use std::io::IsTerminal;

use unicode_width::UnicodeWidthStr;

/// The columns that a line has; where the lines go to a file or a program as many as people read with ease.
pub(crate) fn of_terminal() -> usize {
    let from_environment = || std::env::var("COLUMNS").ok()?.parse().ok();
    let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let found = if std::io::stdout().is_terminal() { terminal().or_else(from_environment) } else { from_environment() };
    found.unwrap_or(80).clamp(40, 200)
}

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The text with blanks up to so many columns.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// At most so many columns of a text in one line, the last one an ellipsis when something was cut.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if width(&line) <= columns {
        return line;
    }
    let mut short = String::new();
    for (at, _) in line.char_indices() {
        let Some(start) = line.get(..at) else { break };
        if width(start) + 1 > columns {
            break;
        }
        short.replace_range(.., start);
    }
    // A joiner or a variation sign at the cut would act upon the ellipsis.
    format!("{}…", short.trim_end_matches(['\u{200d}', '\u{fe0f}', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hangul_and_emoji_count_for_two_columns() {
        assert_eq!((width("라떼"), width("☕ 라떼"), width("👨‍👩‍👧")), (4, 7, 2));
        assert_eq!(pad("라떼", 6), "라떼  ");
        assert_eq!(fit("겨울 신메뉴가 나왔어요!", 12), "겨울 신메뉴…");
        assert_eq!(fit("한\n줄", 10), "한 줄");
        assert!((1..20).all(|columns| width(&fit("👨‍👩‍👧 ☕️ 겨울 신메뉴가 나왔어요", columns)) <= columns));
    }
}
