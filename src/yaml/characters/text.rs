//! Lines of a text that is written over several lines, and whose indentation is made of blanks that YAML does not take for one: to YAML
//! the text ends above them.
//!
//! What is repaired keeps its length and stands in nobody's post: a file with such a line is refused.

use super::structure::{is_unseen, says_structure};
use crate::yaml::character::{CharacterClass, sort};

/// A value that may go on below its line.
pub(crate) struct Open {
    /// The indentation of its line, as it looks.
    outer: usize,
    /// The spaces that its further lines begin with.
    indent: usize,
    /// Whether it is a block: `|` or `>`.
    is_block: bool,
}

/// What the line is begun with in place of its odd blanks, up to which byte of it.
pub(crate) struct LineStart {
    pub(crate) end: usize,
    pub(crate) with: String,
    /// What to write.
    pub(crate) help: String,
}

impl Open {
    /// What stands open behind a line. `width`: of a full-width blank, in spaces.
    pub(crate) fn behind(line: &str, below: &[&str], width: usize) -> Self {
        let outer = looks(line, width);
        let usual = outer + 2;
        let mut indent = usual;
        for next in below {
            let spaces = spaces(next);
            let blank_or_odd = next[spaces..].trim().is_empty() || next[spaces..].starts_with(is_unseen);
            if spaces > outer && !next[spaces..].trim_matches(['\r', '\n']).is_empty() {
                indent = spaces;
                break;
            }
            if !blank_or_odd {
                break;
            }
        }
        Self { outer, indent, is_block: opens_block(line) }
    }

    /// Whether a line is one of its own, and nothing of YAML's.
    pub(crate) fn goes_on(&self, line: &str, width: usize) -> bool {
        let spaces = spaces(line);
        if line[spaces..].is_empty() || spaces > self.outer {
            return self.is_block;
        }
        let bare = line.trim_start_matches(|c: char| c == ' ' || is_unseen(c));
        if bare.len() == line.len() - spaces {
            return false;
        }
        if bare.is_empty() {
            return self.is_block;
        }
        let looks = looks(line, width);
        let is_ours = bare.split([':', '：']).next().is_some_and(str::is_ascii);
        let in_block = self.is_block && (looks > self.outer || looks == self.outer && !is_ours);
        in_block || !says_structure(bare)
    }

    /// The repair of such a line; nothing where YAML reads it as it stands.
    pub(crate) fn begin(&self, line: &str) -> Option<LineStart> {
        if spaces(line) >= self.indent {
            return None;
        }
        let bare = line.trim_start_matches(|c: char| c == ' ' || is_unseen(c));
        let blanks = line.len() - bare.len();
        if line[..blanks].bytes().all(|byte| byte == b' ') {
            return None;
        }
        let mut end = blanks.max(self.indent).min(line.len());
        while !line.is_char_boundary(end) {
            end += 1;
        }
        // What is left of the length must not be a blank: blanks in front would count as the indentation.
        let filler = if bare.is_empty() { " " } else { "." };
        let with = format!("{}{}", " ".repeat(end.min(self.indent)), filler.repeat(end.saturating_sub(self.indent)));
        let help = match bare.is_empty() {
            true => "delete the blanks: a line of a text may be empty".to_owned(),
            false => format!(
                "begin the line with {} spaces, as the text goes on there; blanks of another kind may stand behind them",
                self.indent
            ),
        };
        Some(LineStart { end, with, help })
    }
}

fn spaces(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// How far a line is moved in, as it looks.
fn looks(line: &str, width: usize) -> usize {
    let blanks = line.chars().take_while(|c| *c == ' ' || is_unseen(*c));
    blanks.map(|c| if c == '\u{3000}' { width } else { usize::from(sort(c) != CharacterClass::Invisible) }).sum()
}

fn opens_block(line: &str) -> bool {
    let value = line.rsplit_once(": ").or_else(|| line.rsplit_once("- ")).map_or("", |(_, value)| value.trim());
    let value = value.split(" #").next().unwrap_or_default().trim_end();
    value.starts_with(['|', '>']) && value[1..].chars().all(|c| matches!(c, '+' | '-' | '0'..='9'))
}
