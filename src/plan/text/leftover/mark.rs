//! Marks of Markdown, and lines of the job file itself that stand within the text.

use super::found::{Leftover, around, leftover, lines};

/// Longest part between stars that is taken for one that was to be bold, in characters.
const BOLD_MAX: usize = 60;

/// `[text](address)`.
pub(crate) fn link(text: &str) -> Option<Leftover> {
    let (at, _) = text.match_indices("](").find(|(at, _)| {
        let target = &text[at + 2..];
        let end = target.find([')', '\n']).filter(|end| target[*end..].starts_with(')'));
        let leads =
            |target: &str| target.contains("://") || target.starts_with(['/', '#']) || target.starts_with("mailto:");
        let is_picture = text[..*at].rfind('[').is_some_and(|open| text[..open].ends_with('!'));
        end.is_some_and(|end| leads(target[..end].trim_start()) || is_picture && end > 0) && text[..*at].contains('[')
    })?;
    let start = text[..at].rfind('[').unwrap_or(at);
    let message = "a link of Markdown is posted as it stands: stories are plain text";
    Some(leftover(start..at + 2, message, "write the address itself, or make the job a link: `type: link`, `url: …`"))
}

/// `**bold**`, `~~struck~~`, fences and the rule of a table. Lists, headings and single stars are how people write anyway.
pub(crate) fn markdown(text: &str) -> Option<Leftover> {
    for mark in ["**", "__", "~~"] {
        let mut from = 0;
        while let Some(open) = text[from..].find(mark).map(|found| from + found) {
            let inner = &text[open + 2..];
            let Some(len) = inner.find(mark) else { break };
            let inside = &inner[..len];
            let tight = !inside.is_empty()
                && inside.trim() == inside
                && !inside.contains(['\n', '*', '_', '~'])
                && inside.chars().count() <= BOLD_MAX
                && inside.chars().any(char::is_alphanumeric);
            let (before, behind) = (around(text, open, 0).0, around(text, open + 4 + len, 0).1);
            let alone = |c: Option<char>| c != mark.chars().next();
            // `김**, 이**` hides the rest of a name.
            let hides = around(text, open, 0).0.is_some_and(char::is_alphanumeric);
            // Under bars names are written too: `__init__`, `my__file__name`.
            let a_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            let is_name =
                mark == "__" && (inside.is_ascii() && !inside.contains(' ') || a_word(before) || a_word(behind));
            // Waves are how people sing a word: `~~이벤트~~`. A price or a word within a line is struck out.
            let sings = mark == "~~" && before != Some(' ') && !inside.contains(|c: char| c.is_ascii_digit());
            if tight && alone(before) && alone(behind) && !is_name && !hides && !sings {
                let message = format!("`{mark}{inside}{mark}` is posted with its `{mark}`: stories are plain text");
                return Some(leftover(open..open + 4 + len, message, format!("write `{inside}`")));
            }
            from = open + 2 + if tight { len + 2 } else { 0 };
        }
    }
    for (at, line) in lines(text) {
        let line = line.trim();
        let fence = line.starts_with("```") || line.starts_with("~~~~");
        let table = line.starts_with('|') && line.contains("--") && line.chars().all(|c| "|-: ".contains(c));
        if fence || table {
            let message = format!("`{line}` is a mark of Markdown, and is posted as it stands");
            return Some(leftover(at..at + line.len(), message, "delete the line"));
        }
    }
    None
}

/// A line that is a key of the job, indented so far that it belongs to the text; and a block's sign that came to stand in it.
pub(crate) fn yaml(text: &str) -> Option<Leftover> {
    let first = text.lines().next().unwrap_or_default().trim();
    if matches!(first, "|" | ">" | "|-" | ">-" | "|+" | ">+" | "｜" | "＞") && text.contains('\n') {
        let message = format!("the text begins with `{first}`, which is posted");
        return Some(leftover(
            0..first.len(),
            message,
            "write it behind `content:`, without quotes, and the text below it",
        ));
    }
    for wide in ['｜', '＞'] {
        if let Some(rest) = text.strip_prefix(wide)
            && rest.starts_with(' ')
        {
            let message = format!("the text begins with a full-width `{wide}`, which YAML does not know");
            let plain = if wide == '｜' { "|" } else { ">" };
            return Some(leftover(
                0..wide.len_utf8(),
                message,
                format!("write `content: {plain}` and the text below it"),
            ));
        }
    }
    for (at, line) in lines(text).skip(1) {
        let bare = line.trim();
        let Some((key, value)) = bare.split_once(':') else { continue };
        if is_key_of_a_job(key, value.trim()) && value.starts_with(' ') {
            let at = at + line.len() - line.trim_start().len();
            let message = format!("the line `{bare}` belongs to the text and is posted: it is indented as far");
            let help = "indent it as far as `content:` if it is a key of the job";
            return Some(leftover(at..at + bare.len(), message, help));
        }
    }
    None
}

fn is_key_of_a_job(key: &str, value: &str) -> bool {
    let digits = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    match key {
        "type" => matches!(value, "note" | "photo" | "link"),
        "permission" => matches!(value, "public" | "friends" | "private"),
        "at" | "delete_at" | "from" | "until" | "except" => {
            value == "now" || (value.len() >= 10 && digits(value) && value.as_bytes()[4] == b'-')
        }
        "cron" => value.trim_matches(['"', '\'']).split(' ').count() == 5,
        "images" | "tags" => value.starts_with('[') || value.ends_with(".jpg") || value.ends_with(".png"),
        "enable_share" => matches!(value, "true" | "false"),
        "delete_after" | "jitter" => digits(value) && value.ends_with(['s', 'm', 'h', 'd']),
        "late" => value.starts_with('{'),
        "in_doubt" => matches!(value, "hold" | "repost"),
        "url" => false,
        _ => false,
    }
}
