//! The one pass that knows where each character may stand: below everything, before any value is read.
//!
//! What cannot be seen, or looks like another character, is named where it stands in a key or a value, and the value goes on as it
//! was meant: its other mistakes are found too, and it is not complained of twice. In texts nearly everything is ordinary; what is
//! not is warned about and left as it is.

mod correction;
mod line;
mod place;
mod role;
pub(crate) mod stray;
mod structure;
mod text;

use std::sync::Arc;

use self::correction::Mended;
use self::place::label;
pub(crate) use self::place::{beside, spot};
use self::role::{Role, Within};
use super::character::{CharacterClass, all_named, sort};
use super::document::{self, Entry, Node, ValueKind};
use super::mapping::Report;
use super::problem::{Code, Problem, Source};
use super::syntax::copyable;

/// Keys whose values may be lists.
const LISTS: [&str; 7] = ["at", "except", "dates", "weekdays", "tags", "images", "contents"];

/// Reads one YAML document and settles what its characters are. Nothing when the YAML cannot be read.
pub fn read(source: &Arc<Source>, report: &mut Report) -> Option<Node> {
    let readable = line::readable(source, &mut report.problems);
    let text = readable.as_deref().unwrap_or(source.text());
    let mut root = match document::parse_text(source, text) {
        Ok(root) => root,
        Err(problems) => match line::mended(source, text, &problems) {
            line::RepairOutcome::Whole(root, told) => {
                report.problems.extend(told);
                root
            }
            line::RepairOutcome::Blamed(told) => {
                report.problems.extend(told);
                return None;
            }
            line::RepairOutcome::Nothing => {
                // The complaint may be of a line that has been told of already.
                let told = report.problems.iter().any(|problem| problem.code == Code::Syntax);
                report.problems.extend(problems.into_iter().filter(|problem| !told || problem.code != Code::Syntax));
                return None;
            }
        },
    };
    let mut walk = CharacterWalk { source, found: Vec::new(), is_text: false };
    walk.node(&mut root, Role::Keys(Within::Keys), "");
    // `at：now` is no mapping to YAML, but a text where keys belong.
    if walk.is_text
        && let line::RepairOutcome::Whole(meant, told) = line::mended(source, text, &[])
    {
        report.problems.extend(told);
        walk = CharacterWalk { source, found: Vec::new(), is_text: false };
        root = meant;
        walk.node(&mut root, Role::Keys(Within::Keys), "");
    }
    report.problems.append(&mut walk.found);
    Some(root)
}

struct CharacterWalk<'s> {
    source: &'s Arc<Source>,
    found: Vec<Problem>,
    /// Whether a text stands where keys belong, or a key at the beginning of a line that was meant to be indented.
    is_text: bool,
}

impl CharacterWalk<'_> {
    fn node(&mut self, node: &mut Node, role: Role, key: &str) {
        match (&mut node.kind, role) {
            (_, Role::Free) => {}
            (ValueKind::Map(entries), Role::Keys(within)) => self.entries(entries, within),
            (ValueKind::Map(entries), _) => self.entries(entries, Within::Keys),
            (ValueKind::List(items), role) => {
                for item in items.iter_mut() {
                    self.node(item, role, "");
                }
                split_at_commas(items, role);
            }
            (ValueKind::Text(text), Role::Keys(_)) => self.is_text |= !text.is_ascii(),
            (ValueKind::Text(text), role) => {
                // A list whose dashes are none is one text to YAML.
                self.is_text |= node.plain && LISTS.contains(&key) && line::is_entry(text);
                self.value(node, role, key);
            }
            (ValueKind::Null | ValueKind::Bool(_) | ValueKind::Number, _) => {}
        }
    }

    fn entries(&mut self, entries: &mut [Entry], within: Within) {
        for Entry { key, value } in entries {
            if let ValueKind::Text(_) = key.kind {
                self.key(key, within);
            }
            let name = key.text().unwrap_or_default();
            let role = role::of(name, within, self.source.is_confidential());
            self.node(value, role, name);
        }
    }

    fn key(&mut self, key: &mut Node, within: Within) {
        let ValueKind::Text(text) = &key.kind else { return };
        let role = role::of_key(within);
        let Some(mended) = correction::mend(text, role) else { return };
        // A blank in front is meant for the indentation.
        self.is_text |= text.starts_with(|c| sort(c) == CharacterClass::Blank);
        // A key of one's own is nobody's business.
        if within == Within::Keys && mended.text.starts_with("x-") {
            return;
        }
        let (shown, code) = match within {
            Within::Keys => ("the key", Code::UnknownKey),
            Within::Jobs => ("the name of the job", Code::BadName),
            Within::Names => ("the name", Code::BadName),
        };
        let what = match self.source.is_confidential() && within != Within::Keys {
            true => shown.to_owned(),
            false => format!("{shown} `{}`", mended.text),
        };
        let kept = mended.kept;
        let copy = format!("{}:", copyable(&mended.text));
        self.tell(code, key, &what, &copy, &mended);
        if !kept {
            key.kind = ValueKind::Text(mended.text);
        }
    }

    fn value(&mut self, node: &mut Node, role: Role, key: &str) {
        let ValueKind::Text(text) = &node.kind else { return };
        if role == Role::Text {
            self.found.extend(stray::warning(self.source, node, text));
            return;
        }
        let Some(mended) = correction::mend(text, role) else { return };
        let what = if key.is_empty() { "the value".to_owned() } else { format!("`{key}`") };
        let copy = match key {
            "" => copyable(&mended.text),
            key => format!("{key}: {}", copyable(&mended.text)),
        };
        let kept = mended.kept;
        // `［a，b］` is one text to YAML, and a list to whoever wrote it.
        let list =
            mended.text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).filter(|_| role.parts_at_commas());
        let list: Option<Vec<String>> = list.map(|inner| inner.split(',').map(|part| part.trim().to_owned()).collect());
        let copy = match &list {
            Some(parts) if !key.is_empty() => format!("{key}: [{}]", parts.join(", ")),
            _ => copy,
        };
        self.tell(role.code(), node, &what, &copy, &mended);
        let Node { span, plain, block, .. } = node.clone();
        match list {
            _ if kept => {}
            Some(parts) => {
                let entry = |part| Node { span: span.clone(), plain, block, kind: ValueKind::Text(part) };
                node.kind = ValueKind::List(parts.into_iter().map(entry).collect());
            }
            None => {
                node.kind = match mended.text.as_str() {
                    "true" | "false" if role.code() == Code::WrongType => ValueKind::Bool(mended.text == "true"),
                    _ => ValueKind::Text(mended.text),
                }
            }
        }
    }

    fn tell(&mut self, code: Code, node: &Node, what: &str, copy: &str, mended: &Mended) {
        let ValueKind::Text(text) = &node.kind else { return };
        let span = mended.odd.first().map_or(node.span.clone(), |(at, c)| spot(self.source, &node.span, text, *at, *c));
        let code = if mended.kept { Code::StrayCharacter } else { code };
        let names = all_named(mended.odd.iter().map(|(_, c)| *c));
        let hidden = self.source.is_confidential();
        let place = mended.odd.first().map(|(at, c)| beside(text, *at, *c, hidden)).unwrap_or_default();
        let message = match mended.odd.first() {
            None => {
                let at = text.trim_start().find("  ").map_or(0, |at| at + text.len() - text.trim_start().len());
                format!("{what} holds two blanks or more{}", beside(text, at, ' ', hidden))
            }
            Some((_, '\u{fffd}')) => format!("{what} holds {names}{place}: a letter was lost there"),
            Some(_) => format!("{what} holds {names}{place}"),
        };
        let problem = Problem::new(code, self.source, span, message);
        let problem = match mended.odd.first() {
            Some((_, c)) => problem.label(label(*c)),
            None => problem,
        };
        let problem = if mended.kept { problem } else { problem.about(node.span.clone()) };
        let lost = mended.odd.iter().any(|(_, c)| *c == '\u{fffd}');
        self.found.push(match (hidden, lost, mended.kept) {
            (_, true, _) => problem
                .help("it was lost when the file was saved in another encoding; type the value anew from its source"),
            (true, ..) => problem.help("delete the value, and type it anew"),
            (_, _, true) => problem.help(format!("write `{copy}` if that is meant; to storyd it is another name")),
            _ => problem.help(format!("write `{copy}`")),
        });
    }
}

/// `[a，b]` is one entry to YAML, and two to whoever wrote it.
fn split_at_commas(items: &mut Vec<Node>, role: Role) {
    if role == Role::Path || !items.iter().any(|item| item.text().is_some_and(|text| text.contains(','))) {
        return;
    }
    let all = std::mem::take(items);
    for item in all {
        match item.text().filter(|text| item.plain && text.contains(',') && role.parts_at_commas()) {
            Some(text) => items.extend(
                text.split(',').map(|part| Node { kind: ValueKind::Text(part.trim().to_owned()), ..item.clone() }),
            ),
            None => items.push(item),
        }
    }
}

/// The first character of a name that a reader does not see as it is: what cannot be seen, a blank that is none, a look-alike of ASCII.
pub(crate) fn unseen(name: &str) -> Option<(usize, char)> {
    use super::character::ascii;
    name.char_indices().find(|(_, c)| match sort(*c) {
        CharacterClass::Plain => !c.is_ascii() && !c.is_alphanumeric() && ascii(*c).is_some(),
        _ => true,
    })
}

/// A name as it is read: without what cannot be seen, and with the signs of ASCII for those that look like them.
pub(crate) fn seen_as(name: &str) -> String {
    use super::character::ascii;
    let mut out = String::new();
    for c in name.chars() {
        match sort(c) {
            CharacterClass::Plain if c.is_alphanumeric() => out.push(c),
            CharacterClass::Plain => out.push_str(&ascii(c).unwrap_or_else(|| c.to_string())),
            CharacterClass::Blank => out.push(' '),
            _ => {}
        }
    }
    out.trim().to_owned()
}
