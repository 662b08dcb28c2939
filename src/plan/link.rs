//! Whether an address can be opened by whoever reads it: whole, once, and on the public internet. What was probably meant is offered.

mod host;

use super::text::leftover::html;
use crate::domain::content::{composed, is_composed};
use crate::yaml::character::{CharacterClass, named, sort};
use crate::yaml::problem::Code;

/// Longest URL, in bytes: what browsers and proxies pass on without cutting.
const URL_BYTES_MAX: usize = 2_000;

/// Why a text is no link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LinkError {
    pub(super) code: Code,
    /// Completes "cannot be a link:".
    pub(super) why: String,
    /// The address that was probably meant.
    pub(super) instead: Option<String>,
}

/// Whether a text is an absolute http or https URL with a host. The error completes "cannot be …:".
pub fn check_url(text: &str) -> Result<(), String> {
    check_form(text).map_err(|error| error.why)
}

/// Whether a text is an address that readers can open.
pub(super) fn check(text: &str) -> Result<(), LinkError> {
    check_form(text)?;
    let Ok(url) = url::Url::parse(text) else { return Ok(()) };
    if url.port() == Some(0) {
        return Err(LinkError { code: Code::BadUrl, why: "there is no port 0".to_owned(), instead: None });
    }
    match host::private(&url) {
        None => Ok(()),
        Some(why) => Err(LinkError { code: Code::PrivateUrl, why, instead: None }),
    }
}

/// The address with composed letters, if its own are not: as they stand, or behind percent signs.
pub(super) fn composed_form(text: &str) -> Option<String> {
    if !text.contains('%') && is_composed(text) {
        return None;
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let (bytes, len) = percent_run(&rest[at..]);
        match std::str::from_utf8(&bytes) {
            Ok(letters) if len > 0 && !is_composed(letters) => {
                out.extend(composed(letters).bytes().map(|byte| format!("%{byte:02X}")));
            }
            _ => out.push_str(&rest[at..at + len.max(1)]),
        }
        rest = &rest[at + len.max(1)..];
    }
    out.push_str(rest);
    let whole = composed(&out);
    (whole != text).then_some(whole)
}

/// The bytes behind the percent signs at the beginning, and how long that is.
fn percent_run(text: &str) -> (Vec<u8>, usize) {
    let mut bytes = Vec::new();
    let hex = |at: usize| {
        text.get(at + 1..at + 3)
            .filter(|_| text[at..].starts_with('%'))
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
    };
    while let Some(byte) = hex(bytes.len() * 3).filter(|_| text.is_char_boundary(bytes.len() * 3)) {
        bytes.push(byte);
        if bytes.len() * 3 >= text.len() {
            break;
        }
    }
    let len = bytes.len() * 3;
    (bytes, len)
}

fn bad(why: impl Into<String>, instead: Option<String>) -> LinkError {
    // An offer that would be refused as well helps nobody.
    let instead = instead.filter(|instead| whole(instead).is_ok() && slips(instead).is_none());
    LinkError { code: Code::BadUrl, why: why.into(), instead }
}

fn check_form(text: &str) -> Result<(), LinkError> {
    if text.len() > URL_BYTES_MAX {
        return Err(bad(format!("it is longer than {URL_BYTES_MAX} bytes"), None));
    }
    match slips(text) {
        Some(error) => Err(error),
        None => whole(text).map_err(|why| bad(why, None)),
    }
}

/// The form of an address, without any guess at what was meant.
fn whole(text: &str) -> Result<(), String> {
    if let Some(c) = unseen(text) {
        return Err(format!("it holds a character that nobody sees, {}", named(c)));
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("it holds white space".to_owned());
    }
    let url = url::Url::parse(text).map_err(|err| match err {
        url::ParseError::RelativeUrlWithoutBase => "it does not begin with `https://`".to_owned(),
        err => err.to_string(),
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("it does not begin with `https://`".to_owned());
    }
    // "https:example.com" is mended by browsers, and by the parser; what is posted is not guessed.
    let beginning = format!("{}://", url.scheme());
    let rest = text.get(..beginning.len()).filter(|start| start.eq_ignore_ascii_case(&beginning));
    let rest = rest.and_then(|start| text.get(start.len()..)).unwrap_or_default();
    if rest.starts_with(['/', '\\']) || url.host_str().is_none_or(str::is_empty) {
        return Err("it names no host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name or a password, which everyone would see".to_owned());
    }
    Ok(())
}

/// A character of an address that nobody sees: as it stands, or behind percent signs. Those that belong to emoji may stand behind percent
/// signs.
fn unseen(text: &str) -> Option<char> {
    let is_of_emoji = |c: char| matches!(c, '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0020}'..='\u{e007f}');
    if let Some(bare) = text.chars().find(|c| sort(*c) == CharacterClass::Invisible) {
        return Some(bare);
    }
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (bytes, len) = percent_run(&rest[at..]);
        let letters = String::from_utf8_lossy(&bytes);
        if let Some(encoded) = letters.chars().find(|c| sort(*c) == CharacterClass::Invisible && !is_of_emoji(*c)) {
            return Some(encoded);
        }
        rest = &rest[at + len.max(1)..];
    }
    None
}

/// What people and programs do to addresses.
fn slips(text: &str) -> Option<LinkError> {
    around_it(text)
        .or_else(|| quotes(text))
        .or_else(|| two_addresses(text))
        .or_else(|| beginning(text))
        .or_else(|| host_signs(text))
        .or_else(|| white_space(text))
        .or_else(|| backslashes(text))
        .or_else(|| entities(text))
}

/// Quotes that stand in pairs.
const QUOTES: [(char, char); 6] = [('"', '"'), ('`', '`'), ('“', '”'), ('‘', '’'), ('「', '」'), ('『', '』')];

/// Quotes, brackets and marks of a sentence that came along.
fn around_it(text: &str) -> Option<LinkError> {
    const PAIRS: [(char, char); 7] =
        [('<', '>'), ('(', ')'), ('[', ']'), ('{', '}'), ('"', '"'), ('\'', '\''), ('`', '`')];
    let bare = text.trim();
    let first = bare.chars().next()?;
    if let Some((open, close)) = PAIRS.iter().find(|(open, _)| *open == first && !bare.starts_with("{{")) {
        let inner = bare[open.len_utf8()..].trim_end_matches(*close).trim();
        return Some(bad(format!("it begins with `{open}`"), Some(inner.to_owned())));
    }
    let last = bare.chars().next_back()?;
    let is_odd = match last {
        '"' | '\'' | '`' | '<' | '>' | '|' | '\\' | ',' | ';' | '“' | '”' | '‘' | '’' | '」' | '』' | '】' | '》'
        | '、' | '。' => true,
        '}' => !bare.contains('{'),
        ')' | ']' => {
            let open = if last == ')' { '(' } else { '[' };
            bare.matches(last).count() > bare.matches(open).count()
        }
        _ => false,
    };
    is_odd.then(|| {
        // The other one of a pair stands within.
        let open = QUOTES.iter().find(|(_, close)| *close == last).map(|(open, _)| *open);
        let inner = open.map_or_else(|| bare.to_owned(), |open| bare.replace([open, last], ""));
        let inner = inner.trim_end_matches([
            '"', '\'', '`', '<', '>', '|', '\\', ',', ';', ')', ']', '}', '”', '’', '」', '』', '】', '》', '、', '。',
        ]);
        bad(format!("it ends with `{last}`"), Some(inner.to_owned()))
    })
}

/// Quotes around a part of it.
fn quotes(text: &str) -> Option<LinkError> {
    let bare = text.trim();
    let path = bare.split('?').next().unwrap_or(bare);
    let is_quoted = path.contains('"') && !bare.contains("{{");
    is_quoted.then(|| bad("it holds `\"`", Some(bare.replace('"', ""))))
}

/// Two addresses between blanks or commas, or one pasted behind the other.
fn two_addresses(text: &str) -> Option<LinkError> {
    let lower = text.to_ascii_lowercase();
    let mut starts = ["http://", "https://"]
        .iter()
        .flat_map(|scheme| lower.match_indices(scheme).map(|(at, _)| at))
        .collect::<Vec<_>>();
    starts.sort_unstable();
    let (&first, &second) = (starts.first()?, starts.get(1)?);
    let one = text.get(first..second)?;
    // An address within the path or the query of another belongs to it: archives and sharing pages are written so.
    let is_apart = one.ends_with(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|')) && !one.contains('?');
    let rest = one.split_once("://").map_or("", |(_, rest)| rest);
    let is_pasted = first == 0 && rest.contains('.') && !rest.contains(['/', '?', '#']);
    let again = text.get(second..).unwrap_or_default();
    // `https://a.kr/https://a.kr/x`: a variable that was the whole address already.
    if first == 0 && rest.contains('.') && !one.contains(['?', '#']) && again.starts_with(one.trim_end_matches('/')) {
        return Some(bad("its beginning stands twice", Some(again.to_owned())));
    }
    (is_apart || is_pasted).then(|| {
        let one = one.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|'));
        // `https://www.https://example.com`: the beginning of an address, and then the whole of it.
        let whole = if is_pasted && !rest.trim_matches('.').contains('.') { again } else { one };
        bad("it holds two addresses, and a link leads to one", Some(whole.to_owned()))
    })
}

/// Schemes of addresses that are no web pages, and what they are.
const OTHERS: [(&str, &str); 18] = [
    ("file", "a file on one machine"),
    ("mailto", "the address of a mailbox"),
    ("tel", "a phone number"),
    ("sms", "a phone number"),
    ("javascript", "a program, which no link may be"),
    ("data", "the page itself, which no link may be"),
    ("ftp", "a file server, which browsers do not open"),
    ("sftp", "a file server, which browsers do not open"),
    ("ssh", "a machine to log in to"),
    ("blob", "known to one browser only"),
    ("about", "known to one browser only"),
    ("chrome", "known to one browser only"),
    ("view-source", "known to one browser only"),
    ("ws", "no page"),
    ("wss", "no page"),
    ("intent", "known to phones with one app only"),
    ("kakaotalk", "known to phones with one app only"),
    ("market", "known to phones with one app only"),
];

/// The scheme: doubled, misspelt, missing, or another one.
fn beginning(text: &str) -> Option<LinkError> {
    let text = text.trim();
    let (word, rest) = split_scheme(text);
    let right = matches!(word.to_ascii_lowercase().as_str(), "http" | "https") && text[word.len()..].starts_with("://");
    if right {
        let (mut scheme, mut rest) = (word.to_ascii_lowercase(), &text[word.len() + 3..]);
        let mut count = 1;
        // `https://https://`, `https://https//`, `http://https:`.
        while let Some((again, behind)) = scheme_again(rest) {
            (scheme, rest, count) = (again, behind, count + 1);
        }
        let behind = rest.trim_start_matches(['/', '\\', ':']);
        if count > 1 {
            let instead = format!("{scheme}://{behind}");
            return Some(bad(format!("it begins with `{scheme}://` twice"), Some(instead)));
        }
        if behind.len() < rest.len() && rest.starts_with(['/', '\\', ':']) && !behind.is_empty() {
            return Some(bad(format!("its `{scheme}://` is not written so"), Some(format!("{scheme}://{behind}"))));
        }
        return None;
    }
    let lower = word.to_ascii_lowercase();
    if let Some((scheme, what)) =
        OTHERS.iter().find(|(other, _)| *other == lower && text[word.len()..].starts_with(':'))
    {
        return Some(bad(format!("`{scheme}:` leads to {what}"), None));
    }
    let scheme = if lower.contains('s') || lower.len() < 3 { "https" } else { "http" };
    let signs = text[word.len()..].len() - rest.len();
    let near = lower.len() >= 2 && ["http", "https"].iter().any(|right| strsim::osa_distance(&lower, right) <= 2);
    let meant = rest.trim_start_matches('/').replace('\\', "/");
    let (scheme, meant) = match scheme_again(&meant) {
        Some((again, behind)) => (again, behind.to_owned()),
        None => (scheme.to_owned(), meant),
    };
    if signs > 0 && near && lower.starts_with(['h', 't', 'p']) && !meant.is_empty() {
        return Some(bad(format!("its beginning is no `{scheme}://`"), Some(format!("{scheme}://{meant}"))));
    }
    // No scheme at all: a host with a dot in it.
    let bare = text.trim_start_matches([':', '/']);
    let host = bare.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let is_host =
        host.contains('.') && !host.contains(|c: char| c.is_whitespace() || c == '@') && !bare.contains("://");
    is_host.then(|| {
        let meant = format!("https://{bare}");
        bad("it does not begin with `https://`", Some(with_dots(&meant).unwrap_or(meant)))
    })
}

/// A comma where a dot belongs, or another sign that no name of a host has.
fn host_signs(text: &str) -> Option<LinkError> {
    let (_, rest) = text.split_once("://")?;
    let host = rest.split(['/', '?', '#', '\\']).next()?;
    // Who is named before `@`, numbers in brackets and what stands behind percent signs are looked at elsewhere.
    let is_odd = |c: &char| is_comma(*c) || c.is_ascii_graphic() && !c.is_ascii_alphanumeric() && !".-_:%".contains(*c);
    let odd = host.chars().find(is_odd).filter(|_| !host.contains(['@', '[', ']']))?;
    Some(bad(format!("the name of its host holds `{odd}`, which no such name has"), with_dots(text)))
}

fn is_comma(c: char) -> bool {
    matches!(c, ',' | ';' | '，' | '、' | '；')
}

/// The address with dots for the commas of its host; nothing where there are none.
fn with_dots(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    host.contains(is_comma).then(|| {
        let labels = host.split(|c| is_comma(c) || c == '.').map(str::trim).filter(|label| !label.is_empty());
        format!("{scheme}://{}{path}", labels.collect::<Vec<_>>().join("."))
    })
}

/// The letters at the beginning, and what stands behind the signs that follow them.
fn split_scheme(text: &str) -> (&str, &str) {
    let letters = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(text.len());
    let (word, rest) = text.split_at(letters);
    let signs = rest.trim_start_matches([':', '/', '\\', ';', ' ', '|']);
    // `https.//` too, but not `www.example.com`.
    let dotted = rest
        .strip_prefix('.')
        .filter(|rest| rest.starts_with(['/', ':']))
        .map(|rest| rest.trim_start_matches(['/', ':']));
    (word, dotted.unwrap_or(signs))
}

/// A scheme where the host belongs.
fn scheme_again(rest: &str) -> Option<(String, &str)> {
    let rest = rest.trim_start_matches(['/', ':']);
    let lower = rest.to_ascii_lowercase();
    let scheme = ["https", "http"].into_iter().find(|scheme| lower.starts_with(scheme))?;
    let behind = &rest[scheme.len()..];
    let signs = behind.len() - behind.trim_start_matches([':', '/', '\\']).len();
    // `https://http/` would be a host of that name: no public one is called so.
    let next = behind.trim_start_matches([':', '/', '\\']);
    let port = behind.starts_with(':') && next.starts_with(|c: char| c.is_ascii_digit());
    (signs > 0 && !port).then(|| (scheme.to_owned(), next))
}

fn white_space(text: &str) -> Option<LinkError> {
    if !text.contains(|c: char| c.is_whitespace()) {
        return None;
    }
    let joined = text.split_whitespace().collect::<Vec<_>>().join("%20");
    let is_wrapped = text.contains('\n');
    let instead = if is_wrapped { text.split_whitespace().collect() } else { joined };
    let outside = text.trim().len() < text.len() && !text.trim().contains(char::is_whitespace);
    let why = if outside { "it has a blank at its end or beginning" } else { "it holds white space" };
    let instead = if outside { text.trim().to_owned() } else { instead };
    Some(bad(why, Some(instead)))
}

fn backslashes(text: &str) -> Option<LinkError> {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    text[..end].contains('\\').then(|| {
        let instead = format!("{}{}", text[..end].replace('\\', "/"), &text[end..]);
        bad("it holds a backslash, where `/` belongs", Some(instead))
    })
}

/// `&amp;` between two parts of a query is always a copy from HTML.
fn entities(text: &str) -> Option<LinkError> {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut first) = (text, None);
    while let Some(at) = rest.find('&') {
        let (before, behind) = rest.split_at(at);
        out.push_str(before);
        let end = behind.find(';').filter(|end| *end <= 9);
        let meant = end.and_then(|end| match behind[1..end].strip_prefix('#') {
            Some(number) => html::numbered(number),
            None => html::named(&behind[1..end]),
        });
        match (meant, end) {
            (Some(meant), Some(end)) => {
                first = first.or_else(|| Some(behind[..=end].to_owned()));
                out.push_str(&meant);
                rest = &behind[end + 1..];
            }
            _ => {
                out.push('&');
                rest = &behind[1..];
            }
        }
    }
    out.push_str(rest);
    first.map(|entity| bad(format!("`{entity}` in it is HTML"), Some(out)))
}

#[cfg(test)]
mod tests;
