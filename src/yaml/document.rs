//! YAML text → a tree in which every key and value knows its place. The only user of the YAML crates.
//!
//! Two readers walk the text in step: `serde_yaml` says what each value is, `granit-parser` says where it stands. Going through
//! a tree of our own keeps what a typed reading would lose: every duplicate key, the raw form of a time, and all the mistakes
//! of a file instead of the first one. It knows nothing of jobs.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span, options};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::problem::{Code, Problem, Source};
use super::syntax;

/// Most values that a file may hold after its aliases are expanded. A few times what the largest honest file needs.
const NODES_MAX: usize = 500_000;
/// Deepest nesting. Job files need five levels.
const DEPTH_MAX: usize = 64;

/// One value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Bytes of the source. An alias has the place of what it stands for.
    pub span: Range<usize>,
    /// What it is.
    pub kind: ValueKind,
    /// Whether it is a scalar written without quotes, so that ` #` ended it.
    pub plain: bool,
    /// Whether it is a block, `|` or `>`, whose place is that of its first line.
    pub block: bool,
}

/// What a value is, by the rules of YAML 1.2: `NO`, `off`, `yes` and `2026-12-01` are text.
#[derive(Clone, Debug)]
pub enum ValueKind {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer or a float; its raw form is in the source.
    Number,
    /// Text, quoted or not.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order of the file, duplicate keys and all. Merge keys (`<<`) are resolved.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Nearly always text.
    pub key: Node,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The text of a text.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            ValueKind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A scalar as it was written, so that `2026` and `"2026"` are the same to whoever reads times and names. Nothing for null,
    /// lists and mappings.
    pub fn raw<'a>(&'a self, source: &'a Source) -> Option<&'a str> {
        match &self.kind {
            ValueKind::Text(text) => Some(text),
            ValueKind::Bool(_) | ValueKind::Number => Some(source.slice(&self.span)),
            ValueKind::Null | ValueKind::List(_) | ValueKind::Map(_) => None,
        }
    }

    /// What it is, for a sentence: "a list", "the number 5".
    pub fn described(&self, source: &Source) -> String {
        match &self.kind {
            ValueKind::Null => "nothing".to_owned(),
            ValueKind::Bool(value) => format!("the truth value `{value}`"),
            ValueKind::Number if source.is_confidential() => "a number".to_owned(),
            ValueKind::Number => format!("the number {}", source.slice(&self.span)),
            ValueKind::Text(_) => "text".to_owned(),
            ValueKind::List(_) => "a list".to_owned(),
            ValueKind::Map(_) => "a mapping of keys to values".to_owned(),
        }
    }
}

/// What helps with a file that holds nothing.
pub(crate) const EMPTY: &str =
    "delete it, or write its keys into it; `jobs.example.yaml` and `storyd.example.yaml` show every key";

/// Reads one YAML document as it stands. Problems of YAML itself end the reading; what is wrong with the values is for the caller to find.
pub fn parse(source: &Arc<Source>) -> Result<Node, Vec<Problem>> {
    parse_text(source, source.text())
}

/// The same of a text in which every place is a place of the source.
pub(crate) fn parse_text(source: &Arc<Source>, text: &str) -> Result<Node, Vec<Problem>> {
    let hint = |problem: Problem| match source.is_confidential() {
        true => problem.help("the line is not shown, for it may hold a secret; quotes around a value are never wrong"),
        false => problem,
    };
    read(source, text).map_err(|problems| problems.into_iter().map(hint).collect())
}

fn read(source: &Arc<Source>, text: &str) -> Result<Node, Vec<Problem>> {
    if let Some(problem) = syntax::unsettled_merge(source) {
        return Err(vec![problem]);
    }
    let index = Index::build(source, text)?;
    let Some(root) = index.root else {
        let problem = Problem::new(Code::Empty, source, 0..0, "the file holds nothing").help(EMPTY);
        return Err(vec![problem]);
    };
    let left = Cell::new(NODES_MAX);
    let step = ReaderStep { source, index: &index, at: root, left: &left };
    step.deserialize(serde_yaml::Deserializer::from_str(text)).map_err(|err| {
        let offset = |index| text.char_indices().nth(index).map_or(text.len(), |(at, _)| at);
        let at = err.location().map_or_else(|| index.first_alias(), |place| offset(place.index()));
        let text = err.to_string();
        let too_much = left.get() == 0 || text.contains("recursion limit") || text.contains("repetition limit");
        vec![if too_much { expansion(source, at) } else { syntax::other(source, at, &text) }]
    })
}

fn expansion(source: &Arc<Source>, at: usize) -> Problem {
    Problem::new(
        Code::Expansion,
        source,
        at..at,
        "the file nests too deep, or its aliases (`*name`) expand to too much",
    )
    .help(format!("at most {DEPTH_MAX} levels and {NODES_MAX} values are read; write the entries out instead"))
}

/// Where every node stands, in the order of the text.
struct Index {
    spots: Vec<Spot>,
    anchors: HashMap<usize, usize>,
    root: Option<usize>,
}

struct Spot {
    span: Range<usize>,
    plain: bool,
    block: bool,
    shape: Shape,
}

enum Shape {
    Scalar,
    /// Children in order; of a mapping, key and value by turns.
    Collection(Vec<usize>),
    /// By the number of the anchor.
    Alias(usize),
}

impl Index {
    fn build(source: &Arc<Source>, text: &str) -> Result<Self, Vec<Problem>> {
        let options = options! { emit_comments: false, flow_nesting_limit: DEPTH_MAX, block_nesting_limit: DEPTH_MAX };
        let mut index = Self { spots: Vec::new(), anchors: HashMap::new(), root: None };
        let mut open: Vec<usize> = Vec::new();
        let mut tags = Vec::new();
        for next in Parser::new_from_str_with_options(text, options) {
            let (event, span) = next.map_err(|err| {
                let at = err.marker().byte_offset().unwrap_or(0);
                vec![match err.kind() {
                    ErrorKind::RecursionLimitExceeded => expansion(source, at),
                    kind => syntax::scan(source, at, kind),
                }]
            })?;
            if let Some(tag) = event.tag().filter(|tag| tag.is_custom()) {
                let at = span.tag_span().map_or_else(|| bytes(&span), |span| bytes(&span));
                tags.push(syntax::tag(source, at, &tag.original()));
            }
            if let Event::DocumentStart(..) = event
                && index.root.is_some()
            {
                return Err(vec![syntax::second_document(source, bytes(&span))]);
            }
            index.take(&event, &span, &mut open);
        }
        let asked: HashSet<usize> = index
            .spots
            .iter()
            .filter_map(|spot| match spot.shape {
                Shape::Alias(id) => Some(id),
                _ => None,
            })
            .collect();
        let unasked =
            index.anchors.iter().filter(|(id, _)| !asked.contains(id)).filter_map(|(_, at)| index.spots.get(*at));
        tags.extend(
            unasked.filter(|spot| spot.plain).filter_map(|spot| syntax::name_nobody_asks_for(source, spot.span.start)),
        );
        if tags.is_empty() { Ok(index) } else { Err(tags) }
    }

    fn take(&mut self, event: &Event<'_>, span: &Span, open: &mut Vec<usize>) {
        let (shape, style, anchor) = match event {
            Event::Scalar(_, style, anchor, _) => (Shape::Scalar, Some(*style), *anchor),
            Event::Alias(id) => (Shape::Alias(*id), None, 0),
            Event::SequenceStart(_, anchor, _) | Event::MappingStart(_, anchor, _) => {
                (Shape::Collection(Vec::new()), None, *anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(spot) = open.pop().and_then(|at| self.spots.get_mut(at)) {
                    spot.span.end = bytes(span).end.max(spot.span.start);
                }
                return;
            }
            _ => return,
        };
        let at = self.spots.len();
        let opens = matches!(shape, Shape::Collection(_));
        let plain = style == Some(ScalarStyle::Plain);
        let block = matches!(style, Some(ScalarStyle::Literal | ScalarStyle::Folded));
        self.spots.push(Spot { span: bytes(span), plain, block, shape });
        if anchor != 0 {
            self.anchors.insert(anchor, at);
        }
        match open.last().and_then(|parent| self.spots.get_mut(*parent)) {
            Some(Spot { shape: Shape::Collection(children), .. }) => children.push(at),
            _ => self.root = Some(at),
        }
        if opens {
            open.push(at);
        }
    }

    /// Where the expanding begins, for complaints that name no place.
    fn first_alias(&self) -> usize {
        self.spots.iter().find(|spot| matches!(spot.shape, Shape::Alias(_))).map_or(0, |spot| spot.span.start)
    }

    /// The node itself, or what the alias there stands for.
    fn resolve(&self, at: usize) -> usize {
        match self.spots.get(at).map(|spot| &spot.shape) {
            Some(Shape::Alias(id)) => self.anchors.get(id).copied().unwrap_or(at),
            _ => at,
        }
    }
}

fn bytes(span: &Span) -> Range<usize> {
    let start = span.start.byte_offset().unwrap_or(0);
    start..span.end.byte_offset().unwrap_or(start).max(start)
}

/// One step of the two readers: the value that comes next from `serde_yaml`, and the spot where it stands.
#[derive(Clone, Copy)]
struct ReaderStep<'a> {
    source: &'a Source,
    index: &'a Index,
    at: usize,
    left: &'a Cell<usize>,
}

impl<'a> ReaderStep<'a> {
    /// The `n`-th child; the parent itself if the readers ever disagree on the structure, so that the place stays near.
    fn child(&self, n: usize) -> ReaderStep<'a> {
        let at = match self.index.spots.get(self.at).map(|spot| &spot.shape) {
            Some(Shape::Collection(children)) => children.get(n).copied().unwrap_or(self.at),
            _ => self.at,
        };
        ReaderStep { at, ..*self }
    }

    fn node(&self, kind: ValueKind) -> Node {
        match self.index.spots.get(self.at) {
            Some(spot) => Node { span: spot.span.clone(), plain: spot.plain, block: spot.block, kind },
            None => Node { span: 0..0, plain: false, block: false, kind },
        }
    }
}

impl<'de> DeserializeSeed<'de> for ReaderStep<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(mut self, deserializer: D) -> Result<Node, D::Error> {
        self.at = self.index.resolve(self.at);
        match self.left.get().checked_sub(1) {
            Some(left) if left > 0 => self.left.set(left),
            _ => {
                self.left.set(0);
                return Err(D::Error::custom("too many values"));
            }
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ReaderStep<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(self.node(ValueKind::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(self.node(ValueKind::Bool(value)))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(self.node(ValueKind::Number))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(self.node(ValueKind::Number))
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(self.node(ValueKind::Number))
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(self.node(ValueKind::Number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(self.node(ValueKind::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(self.node(ValueKind::Text(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.child(list.len()))? {
            list.push(item);
        }
        Ok(self.node(ValueKind::List(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        let mut n = 0;
        while let Some(key) = entries.next_key_seed(self.child(n))? {
            map.push(Entry { key, value: entries.next_value_seed(self.child(n + 1))? });
            n += 2;
        }
        Ok(self.node(ValueKind::Map(merged(map, self.source))))
    }
}

/// Resolves merge keys: what stands in the mapping itself wins, then the earlier of the merged ones. A `<<` with a value that
/// cannot be merged stays, to be reported as an unknown key.
fn merged(entries: Vec<Entry>, source: &Source) -> Vec<Entry> {
    // As it was written: a job may be named `2026`. What is no word comes along, to be reported.
    let name = |entry: &Entry| entry.key.raw(source).map(str::to_owned);
    let (merges, mut own): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_merge);
    if merges.is_empty() {
        return own;
    }
    let mut taken: HashSet<String> = own.iter().filter_map(name).collect();
    for merge in merges {
        let maps = if let ValueKind::List(list) = merge.value.kind { list } else { vec![merge.value] };
        for map in maps {
            let ValueKind::Map(entries) = map.kind else { continue };
            // A key that stands twice in the merged mapping comes along twice, to be reported.
            let fresh = own.len();
            own.extend(entries.into_iter().filter(|entry| name(entry).is_none_or(|key| !taken.contains(&key))));
            taken.extend(own.iter().skip(fresh).filter_map(name));
        }
    }
    own
}

fn is_merge(entry: &Entry) -> bool {
    let mergeable = |node: &Node| matches!(node.kind, ValueKind::Map(_));
    entry.key.text() == Some("<<")
        && match &entry.value.kind {
            ValueKind::List(list) => list.iter().all(mergeable),
            _ => mergeable(&entry.value),
        }
}
