//! `{{ … }}` in a text: what it may name, and what stands in its place at a given local time. With `comparison` and `moment` the only
//! user of the template engine.
//!
//! Only expressions are read, no statements: what decides is `{{ "a" if weekday == "월요일" else "b" }}`, and nothing loops. A
//! `{%` is text like any other to the engine, and refused before it comes so far. Everything is bounded: the source, the fuel, the size of what comes out.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::civil::{DateTime, Weekday};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Object;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};

use super::dates::{DateFace, TemplateDate, add_days, days_until, days_until_of, format_filter, weekday};
use super::lint;
use super::lookalike;
use super::reserved::{BUILT_IN, COUNT};
use super::scan::{OPENING, multiplication, named, unclosed};
use super::trouble::{TemplateError, trouble};

/// The filters, for messages.
const FILTERS: [&str; 3] = ["format", "add_days", COUNT];
/// Longest source, in bytes. What may come out is far shorter.
const SOURCE_BYTES_MAX: usize = 64 * 1_024;
/// Most bytes that come out: no text of Kakao's longest is longer.
const OUTPUT_BYTES_MAX: usize = 64 * 1_024;
/// Steps that one text may take. A text of the longest source takes fewer.
const FUEL: u64 = 50_000;

/// What the names of a text stand for, whatever the time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'a> {
    pub(crate) vars: &'a BTreeMap<String, String>,
    pub(crate) job: &'a str,
    pub(crate) account: &'a str,
}

/// Whether braces in the text mean anything.
pub(crate) fn is_template(text: &str) -> bool {
    text.contains(OPENING)
}

/// The name, of storyd's own and of the variables, that a word is but for its case.
pub(crate) fn known<'a>(vars: &'a BTreeMap<String, String>, word: &str) -> Option<&'a str> {
    if let Some((name, _)) = vars.get_key_value(word) {
        return Some(name);
    }
    let lower = word.to_lowercase();
    let own = BUILT_IN.into_iter().find(|name| *name == lower);
    own.or_else(|| vars.keys().find(|name| name.to_lowercase() == lower).map(String::as_str))
}

/// Everything that is wrong with a template whatever the time: what cannot be read, and names that nobody set.
pub(crate) fn check(text: &str, vars: &BTreeMap<String, String>) -> Vec<TemplateError> {
    if text.len() > SOURCE_BYTES_MAX {
        let message = format!("the text has {} bytes before its variables are filled in", text.len());
        return vec![trouble(0..0, message, format!("at most {SOURCE_BYTES_MAX} are read; shorten it"))];
    }
    if let Some(error) = lookalike::three_braces(text) {
        return vec![error];
    }
    if let Some(at) = multiplication(text) {
        let help = "write the result itself: variables are texts, and texts are not multiplied".to_owned();
        return vec![trouble(at..at + 1, "`*` has no meaning in a text".to_owned(), help)];
    }
    if let Some(at) = unclosed(text) {
        let help = "write `}}` behind the name, as in `{{ date }}`; for the two braces themselves write `{{ \"{{\" }}`";
        return vec![trouble(at..at + 2, "`{{` is opened here and never closed".to_owned(), help.to_owned())];
    }
    let env = environment();
    let template = match env.template_from_named_str("text", text) {
        Ok(template) => template,
        Err(error) => return vec![lookalike::statement_in_braces(text).unwrap_or_else(|| told(&error, text))],
    };
    let known: BTreeSet<&str> = BUILT_IN.into_iter().chain(vars.keys().map(String::as_str)).collect();
    let mut unknown: Vec<String> = template
        .undeclared_variables(false)
        .into_iter()
        .filter(|name| !known.contains(name.as_str()) && name != COUNT)
        .collect();
    unknown.sort_by_key(|name| named(text, name).map(|range| range.start));
    if unknown.is_empty() {
        return lint::check(text, syntax());
    }
    unknown.into_iter().map(|name| nobody_set(text, name, &known)).collect()
}

fn nobody_set(text: &str, name: String, known: &BTreeSet<&str>) -> TemplateError {
    let words: Vec<&str> = known.iter().copied().collect();
    let near =
        crate::yaml::nearest::nearest(&name, &words).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    TemplateError {
        range: named(text, &name).unwrap_or_default(),
        message: format!("nobody has set `{name}`"),
        help: format!("{near}Set it under `vars`, or write one of {}", crate::yaml::mapping::list(&words)),
        unknown: Some(name),
        always: true,
    }
}

/// The templates of one job, read once.
#[derive(Debug)]
pub(crate) struct TemplateEngine {
    env: Environment<'static>,
    fixed: Arc<HashMap<String, Value>>,
    /// Of each text on what of the time it depends.
    depends: Vec<Depends>,
    /// The texts that are the same on every date, or on every such weekday: made once.
    made: RefCell<HashMap<(usize, Option<Weekday>), String>>,
}

/// On what of the local time a text depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depends {
    Nothing,
    Weekday,
    /// A form may print the time of `date`, and the date of `time`.
    All,
}

/// What the names of a text stand for at one time, asked for by name.
#[derive(Debug)]
struct Moments {
    fixed: Arc<HashMap<String, Value>>,
    local: DateTime,
}

impl Object for Moments {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let local = self.local;
        match key.as_str()? {
            "date" => Some(Value::from_object(TemplateDate { local, face: DateFace::Date })),
            "time" => Some(Value::from_object(TemplateDate { local, face: DateFace::Time })),
            "weekday" => Some(Value::from(weekday(local.weekday()))),
            name => self.fixed.get(name).cloned(),
        }
    }
}

impl TemplateEngine {
    /// Texts without braces are left out: they stand for themselves.
    pub(crate) fn new(texts: &[String], names: Names<'_>) -> Self {
        let mut env = environment();
        let mut depends = vec![Depends::Nothing; texts.len()];
        for (index, text) in texts.iter().enumerate().filter(|(_, text)| is_template(text)) {
            // What cannot be read is found again, with its place, when it is asked for.
            let _ = env.add_template_owned(index.to_string(), text.clone());
            if let (Ok(template), Some(depends)) = (env.get_template(&index.to_string()), depends.get_mut(index)) {
                let used = template.undeclared_variables(false);
                let has = |names: &[&str]| names.iter().any(|name| used.contains(*name));
                *depends = match has(&["date", "time", COUNT]) {
                    true => Depends::All,
                    false if has(&["weekday"]) => Depends::Weekday,
                    false => Depends::Nothing,
                };
            }
        }
        let vars = names.vars.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        let own = [("job", names.job), ("account", names.account)];
        let own = own.map(|(name, value)| (name.to_owned(), Value::from(value)));
        Self { env, fixed: Arc::new(vars.chain(own).collect()), depends, made: RefCell::default() }
    }

    /// Of addresses: what a value holds that no address can is percent-encoded. What means something in one (`/`, `?`, `&`, `=`) stays.
    pub(crate) fn for_addresses(texts: &[String], names: Names<'_>) -> Self {
        let mut engine = Self::new(texts, names);
        engine.env.set_formatter(|out, _, value| {
            let encoded = encoded(&value.to_string());
            std::fmt::Write::write_str(out, &encoded).map_err(Error::from)
        });
        engine
    }

    /// The text at `index` with everything filled in.
    pub(crate) fn expand(&self, index: usize, text: &str, local: DateTime) -> Result<String, TemplateError> {
        if !is_template(text) {
            return Ok(text.to_owned());
        }
        let key = match self.depends.get(index) {
            Some(Depends::Nothing) => Some((index, None)),
            Some(Depends::Weekday) => Some((index, Some(local.weekday()))),
            _ => None,
        };
        if let Some(made) = key.and_then(|key| self.made.borrow().get(&key).cloned()) {
            return Ok(made);
        }
        let template = match self.env.get_template(&index.to_string()) {
            Ok(template) => template,
            Err(_) => self.env.template_from_named_str("text", text).map_err(|error| told(&error, text))?,
        };
        let names = Value::from_object(Moments { fixed: Arc::clone(&self.fixed), local });
        let mut out = BoundedWriter(Vec::with_capacity(text.len() + 64));
        let made = match template.render_captured_to(names, &mut out) {
            Ok(_) => String::from_utf8(out.0).map_err(|_| too_long()),
            Err(_) if out.0.len() >= OUTPUT_BYTES_MAX => Err(too_long()),
            Err(error) => Err(told(&error, text)),
        }?;
        if let Some(key) = key {
            self.made.borrow_mut().insert(key, made.clone());
        }
        Ok(made)
    }
}

/// A value as it stands in an address. What is encoded already stays as it is.
fn encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let bytes = value.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let is_code = || bytes.get(at + 1..at + 3).is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit));
        match byte {
            b'%' if is_code() => out.push('%'),
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | b'%' => {
                out.push_str(&format!("%{byte:02X}"))
            }
            byte if byte.is_ascii_graphic() => out.push(char::from(*byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn environment<'s>() -> Environment<'s> {
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_debug(true);
    env.set_syntax(syntax());
    env.add_filter("format", format_filter);
    env.add_filter("add_days", add_days);
    env.add_filter(COUNT, days_until_of);
    env.add_function(COUNT, days_until);
    env
}

/// Delimiters that no text can hold: control characters are refused.
fn syntax() -> SyntaxConfig {
    let syntax = SyntaxConfig::builder()
        .block_delimiters("\u{1}%", "%\u{1}")
        .comment_delimiters("\u{1}#", "#\u{1}")
        .keep_trailing_newline(true)
        .build();
    syntax.unwrap_or_default()
}

/// Takes so much and no more.
struct BoundedWriter(Vec<u8>);

impl std::io::Write for BoundedWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let fits = bytes.len().min(OUTPUT_BYTES_MAX - self.0.len());
        self.0.extend_from_slice(&bytes[..fits]);
        if fits < bytes.len() { Err(std::io::Error::other("too long")) } else { Ok(fits) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn too_long() -> TemplateError {
    let message = format!("the text has more than {OUTPUT_BYTES_MAX} bytes once its variables are filled in");
    trouble(0..0, message, "shorten it".to_owned())
}

fn no_filter(called: &str) -> (String, String) {
    let name = called.split('(').next().unwrap_or(called).trim();
    let near = crate::yaml::nearest::nearest(name, &FILTERS)
        .map(|near| format!("did you mean `{near}`? "))
        .unwrap_or_default();
    (
        format!("there is no filter `{name}`"),
        format!("{near}After the bar stands `format`, `add_days` or `days_until`, nothing else"),
    )
}

/// The engine's complaint in a sentence of ours.
fn told(error: &Error, text: &str) -> TemplateError {
    let detail = error.detail().unwrap_or_default();
    let literal = "for the two braces themselves write `{{ \"{{\" }}`";
    let line = error.line().unwrap_or(1).saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let opening = text.get(start..).and_then(|rest| rest.find(OPENING)).map(|at| start + at..start + at + 2);
    let range = error.range().filter(|range| !range.is_empty() && range.end <= text.len());
    let range = range.or(opening).unwrap_or_else(|| text.find(OPENING).map_or(0..0, |at| at..at + 2));
    let (message, help) = match error.kind() {
        ErrorKind::SyntaxError | ErrorKind::BadEscape => (
            format!("what stands between `{{{{` and `}}}}` cannot be read: {detail}"),
            format!("write a name, as in `{{{{ date }}}}`; {literal}"),
        ),
        ErrorKind::UnknownFilter => no_filter(text.get(range.clone()).unwrap_or(detail)),
        ErrorKind::UndefinedError => (
            "a part is asked for that this value does not have".to_owned(),
            "`date` has `year`, `month` and `day`, `time` has `hour` and `minute`".to_owned(),
        ),
        ErrorKind::OutOfFuel => ("the text takes too many steps to make".to_owned(), "make it simpler".to_owned()),
        _ if detail.is_empty() => (error.kind().to_string(), literal.to_owned()),
        _ => (detail.to_owned(), "variables are texts; `date` and `time` can be formatted".to_owned()),
    };
    let always = matches!(error.kind(), ErrorKind::SyntaxError | ErrorKind::BadEscape | ErrorKind::UnknownFilter);
    TemplateError { always, ..trouble(range, message, help) }
}

#[cfg(test)]
mod tests;
