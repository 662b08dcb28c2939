//! Entities and tags of HTML.

use super::found::{Leftover, around, leftover};

/// The entities that editors and exports write, with what they stand for.
const ENTITIES: [(&str, &str); 48] = [
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", " "),
    ("ensp", " "),
    ("emsp", " "),
    ("thinsp", " "),
    ("copy", "©"),
    ("reg", "®"),
    ("trade", "™"),
    ("hellip", "…"),
    ("mdash", "—"),
    ("ndash", "–"),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("sbquo", "‚"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("bdquo", "„"),
    ("laquo", "«"),
    ("raquo", "»"),
    ("middot", "·"),
    ("bull", "•"),
    ("euro", "€"),
    ("pound", "£"),
    ("yen", "¥"),
    ("won", "₩"),
    ("cent", "¢"),
    ("deg", "°"),
    ("times", "×"),
    ("divide", "÷"),
    ("plusmn", "±"),
    ("frac12", "½"),
    ("hearts", "♥"),
    ("star", "☆"),
    ("larr", "←"),
    ("rarr", "→"),
    ("uarr", "↑"),
    ("darr", "↓"),
    ("eacute", "é"),
    ("uuml", "ü"),
    ("ouml", "ö"),
    ("auml", "ä"),
    ("szlig", "ß"),
    ("zwj", ""),
    ("shy", ""),
];

/// Tags that nobody writes for anything else.
const ALWAYS: [&str; 28] = [
    "br",
    "p",
    "hr",
    "div",
    "span",
    "strong",
    "em",
    "ul",
    "ol",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "img",
    "tr",
    "td",
    "th",
    "tbody",
    "iframe",
    "script",
    "blockquote",
    "font",
    "html",
    "body",
    "href",
];
/// Tags whose names are words too: only with their end, or with attributes.
const WITH_AN_END: [&str; 30] = [
    "a", "b", "i", "u", "s", "q", "small", "big", "code", "pre", "title", "link", "label", "header", "footer",
    "button", "form", "mark", "section", "article", "table", "style", "center", "video", "audio", "sub", "sup", "del",
    "ins", "figure",
];

/// `&amp;`, numbered ones (decimal and hexadecimal), and `&nbsp` without its end.
pub(crate) fn entity(text: &str) -> Option<Leftover> {
    text.match_indices('&').find_map(|(at, _)| {
        let rest = &text[at + 1..];
        let word: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '#').take(12).collect();
        let ends = rest[word.len()..].starts_with(';');
        let meant = match word.strip_prefix('#') {
            Some(number) if ends => numbered(number),
            Some(_) => None,
            None => named(&word).filter(|_| ends || word == "nbsp"),
        }?;
        let end = at + 1 + word.len() + usize::from(ends);
        let help = match meant.trim().is_empty() {
            true => "write a blank, or a line break".to_owned(),
            false => format!("write `{meant}`"),
        };
        let message = format!("`{}` is HTML, and is posted as it stands: stories are plain text", &text[at..end]);
        Some(leftover(at..end, message, help))
    })
}

/// What an entity stands for.
pub(crate) fn named(word: &str) -> Option<String> {
    ENTITIES
        .iter()
        .find(|(name, _)| *name == word || (*name == word.to_ascii_lowercase() && word.len() < 5))
        .map(|(_, meant)| (*meant).to_owned())
}

pub(crate) fn numbered(number: &str) -> Option<String> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).map(String::from)
}

/// `<br>`, `</p>`, `<a href="…">…</a>`, `<!-- … -->`, and the same with brackets as forums write it.
pub(crate) fn tag(text: &str) -> Option<Leftover> {
    let help = "delete it; for a line break write `content: |` and the lines below it";
    for (at, _) in text.match_indices('<') {
        let rest = &text[at + 1..];
        if rest.starts_with("!--")
            || rest.starts_with("![CDATA[")
            || rest.starts_with("?xml")
            || rest.starts_with("!DOCTYPE")
        {
            return Some(leftover(at..at + 4, "a mark of HTML is posted as it stands: stories are plain text", help));
        }
        let Some(end) = rest.find(['>', '<', '\n']).filter(|end| rest[*end..].starts_with('>')) else { continue };
        let inside = &rest[..end];
        let bare = inside.strip_prefix('/').unwrap_or(inside);
        let name: String = bare.chars().take_while(char::is_ascii_alphanumeric).collect();
        let attributes = bare[name.len()..].trim_end_matches('/');
        let lower = name.to_ascii_lowercase();
        let one_case = name == lower || (name == name.to_ascii_uppercase() && name.len() > 1);
        let well_formed = attributes.trim().is_empty() || (attributes.starts_with(' ') && attributes.contains('='));
        let is_end = inside.starts_with('/');
        let ended = || text[at..].to_ascii_lowercase().contains(&format!("</{lower}>"));
        let meant = ALWAYS.contains(&lower.as_str())
            || (WITH_AN_END.contains(&lower.as_str()) && (is_end || attributes.contains('=') || ended()));
        if one_case && well_formed && meant {
            let shown = &text[at..at + end + 2];
            let message = format!("`{shown}` is HTML, and is posted as it stands: stories are plain text");
            return Some(leftover(at..at + shown.len(), message, help));
        }
    }
    const FORUM: [&str; 8] = ["[/b]", "[/i]", "[/u]", "[/url]", "[/img]", "[/color]", "[/size]", "[/quote]"];
    FORUM.iter().find_map(|tag| {
        let at = text.to_ascii_lowercase().find(tag)?;
        let (before, _) = around(text, at, tag.len());
        before?;
        let message = format!("`{tag}` is a mark of a forum, and is posted as it stands: stories are plain text");
        Some(leftover(at..at + tag.len(), message, "delete it, and the one that it ends"))
    })
}
