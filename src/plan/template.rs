//! `{{ … }}` in a text: what it may name, and what stands in its place at a given local time. With `comparison` and `moment` the only
//! user of the template engine.
//!
//! Only expressions are read, no statements: what decides is `{{ "a" if weekday == "월요일" else "b" }}`, and nothing loops. So
//! `{%` and `{#` are text like any other. Everything is bounded: the source, the fuel, the size of what comes out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use jiff::civil::DateTime;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};

use super::braces::{multiplication, named, unclosed};
use super::comparison;
use super::moment::{Face, Moment, add_days, format_filter, weekday};

/// What makes a text a template.
pub(super) const OPENING: &str = "{{";
/// The names that storyd sets itself.
pub(super) const BUILT_IN: [&str; 5] = ["date", "time", "weekday", "job", "account"];
/// Words of the expressions, which cannot be names.
pub(super) const WORDS: [&str; 14] =
    ["and", "else", "false", "False", "if", "in", "is", "loop", "none", "None", "not", "or", "self", "true"];
/// The filters, for messages.
const FILTERS: [&str; 2] = ["format", "add_days"];
/// Longest source, in bytes. What may come out is far shorter.
const SOURCE_BYTES_MAX: usize = 64 * 1_024;
/// Most bytes that come out: no text of Kakao's longest is longer.
const OUTPUT_BYTES_MAX: usize = 64 * 1_024;
/// Steps that one text may take. A text of the longest source takes fewer.
const FUEL: u64 = 50_000;

/// Why a text cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TemplateError {
    /// What it is about, as bytes of the template; empty when nobody knows.
    pub(super) range: Range<usize>,
    /// The name that nobody set, if that is the trouble.
    pub(super) unknown: Option<String>,
    /// Whether it is wrong at any time.
    pub(super) always: bool,
    /// One sentence without a final period.
    pub(super) message: String,
    /// What to write instead.
    pub(super) help: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.help)
    }
}

impl std::error::Error for TemplateError {}

/// What the names of a text stand for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    pub(super) vars: &'a BTreeMap<String, String>,
    pub(super) job: &'a str,
    pub(super) account: &'a str,
    pub(super) local: DateTime,
}

/// Whether braces in the text mean anything.
pub(super) fn is_template(text: &str) -> bool {
    text.contains(OPENING)
}

/// Everything that is wrong with a template whatever the time: what cannot be read, and names that nobody set.
pub(super) fn check(text: &str, vars: &BTreeMap<String, String>) -> Vec<TemplateError> {
    if text.len() > SOURCE_BYTES_MAX {
        let message = format!("the text has {} bytes before its variables are filled in", text.len());
        return vec![trouble(0..0, message, format!("at most {SOURCE_BYTES_MAX} are read; shorten it"))];
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
        Err(error) => return vec![told(&error, text)],
    };
    let known: BTreeSet<&str> = BUILT_IN.into_iter().chain(vars.keys().map(String::as_str)).collect();
    let mut unknown: Vec<String> =
        template.undeclared_variables(false).into_iter().filter(|name| !known.contains(name.as_str())).collect();
    unknown.sort_by_key(|name| named(text, name).map(|range| range.start));
    if unknown.is_empty() {
        return comparison::check(text, syntax());
    }
    unknown.into_iter().map(|name| nobody_set(text, name, &known)).collect()
}

fn nobody_set(text: &str, name: String, known: &BTreeSet<&str>) -> TemplateError {
    let words: Vec<&str> = known.iter().copied().collect();
    let near = super::fields::nearest(&name, &words).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    TemplateError {
        range: named(text, &name).unwrap_or_default(),
        message: format!("nobody has set `{name}`"),
        help: format!("{near}Set it under `vars`, or write one of {}", super::fields::list(&words)),
        unknown: Some(name),
        always: true,
    }
}

/// The templates of one job, read once.
#[derive(Debug)]
pub(super) struct Engine(Environment<'static>);

impl Engine {
    /// Texts without braces are left out: they stand for themselves.
    pub(super) fn new(texts: &[String]) -> Self {
        let mut env = environment();
        for (index, text) in texts.iter().enumerate().filter(|(_, text)| is_template(text)) {
            // What cannot be read is found again, with its place, when it is asked for.
            let _ = env.add_template_owned(index.to_string(), text.clone());
        }
        Self(env)
    }

    /// The text at `index` with everything filled in.
    pub(super) fn expand(&self, index: usize, text: &str, names: Names<'_>) -> Result<String, TemplateError> {
        if !is_template(text) {
            return Ok(text.to_owned());
        }
        let template = match self.0.get_template(&index.to_string()) {
            Ok(template) => template,
            Err(_) => self.0.template_from_named_str("text", text).map_err(|error| told(&error, text))?,
        };
        let mut values: BTreeMap<&str, Value> =
            names.vars.iter().map(|(name, value)| (name.as_str(), Value::from(value.as_str()))).collect();
        let face = |face| Value::from_object(Moment { local: names.local, face });
        values.insert("date", face(Face::Date));
        values.insert("time", face(Face::Time));
        values.insert("weekday", Value::from(weekday(names.local.weekday())));
        values.insert("job", Value::from(names.job));
        values.insert("account", Value::from(names.account));
        let mut out = Bounded(Vec::new());
        match template.render_captured_to(values, &mut out) {
            Ok(_) => String::from_utf8(out.0).map_err(|_| too_long()),
            Err(_) if out.0.len() >= OUTPUT_BYTES_MAX => Err(too_long()),
            Err(error) => Err(told(&error, text)),
        }
    }
}

fn environment<'s>() -> Environment<'s> {
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_debug(true);
    env.set_syntax(syntax());
    env.add_filter("format", format_filter);
    env.add_filter("add_days", add_days);
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
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
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

pub(super) fn trouble(range: Range<usize>, message: String, help: String) -> TemplateError {
    TemplateError { range, unknown: None, always: false, message, help }
}

fn no_filter(called: &str) -> (String, String) {
    let name = called.split('(').next().unwrap_or(called).trim();
    let near =
        super::fields::nearest(name, &FILTERS).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    (format!("there is no filter `{name}`"), format!("{near}After the bar stands `format` or `add_days`, nothing else"))
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
mod tests {
    use super::*;

    fn say(text: &str) -> Result<String, String> {
        let vars =
            [("shop", "성수점"), ("가격", "4,500원")].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        if let Some(error) = check(text, &vars).first() {
            return Err(error.to_string());
        }
        let local = jiff::civil::date(2026, 12, 1).at(9, 5, 0, 0);
        let names = Names { vars: &vars, job: "공지", account: "cafe", local };
        Engine::new(&[text.to_owned()]).expand(0, text, names).map_err(|error| error.to_string())
    }

    #[test]
    fn names_become_what_they_stand_for() {
        for (text, said) in [
            ("{{ shop }} {{가격}}", "성수점 4,500원"),
            ("{{ date }} {{ time }} {{ weekday }}", "2026-12-01 09:05 화요일"),
            ("{{ date.month }}월 {{ date.day }}일, {{ time.hour }}시", "12월 1일, 9시"),
            ("{{ date | format('%-m월 %-d일 (%a) %p %-I시') }}", "12월 1일 (화) 오전 9시"),
            ("{{ date | format(\"%A, %d %B\", lang=\"en\") }}", "Tuesday, 01 December"),
            ("{{ date | add_days(6) | format(\"%m/%d %A\") }}", "12/07 월요일"),
            ("{{ weekday[:1] }} {{ job }} {{ account }}", "화 공지 cafe"),
            ("{{ '할인' if weekday == '화요일' else '' }}", "할인"),
            ("{{ \"{{\" }} {% x %} {# y #} }}", "{{ {% x %} {# y #} }}"),
            ("{{ shop ~ \" *\" }}\n", "성수점 *\n"),
            ("<{{ shop }}> & \"", "<성수점> & \""),
        ] {
            assert_eq!(say(text).as_deref(), Ok(said), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_made_is_told_and_never_posted() {
        for (text, said) in [
            ("{{ shpo }}", "nobody has set `shpo`; did you mean `shop`?"),
            ("{{ shop", "never closed"),
            ("{{ }}", "cannot be read"),
            ("{{ date.week }}", "does not have"),
            ("{{ shop | upper }}", "there is no filter `upper`"),
            ("{{ shop | format('%Y') }}", "only `date` and `time`"),
            ("{{ date | format('%Q%!') }}", "this form cannot be read"),
            ("{{ date | format('%Y', lang='fr') }}", "`lang` is"),
            ("{{ date | add_days(4000) }}", "at most"),
            ("{{ 'x' * 100000000 }}", "has no meaning"),
            ("{{ shop + 1 }}", "variables are texts"),
        ] {
            let told = say(text);
            assert!(told.as_ref().is_err_and(|told| told.contains(said)), "{text}: {told:?}");
        }
    }

    #[test]
    fn what_comes_out_is_bounded() {
        let vars = [("long".to_owned(), "가".repeat(2_000))].into();
        let local = jiff::civil::date(2026, 12, 1).at(9, 5, 0, 0);
        let names = Names { vars: &vars, job: "a", account: "a", local };
        let text = "{{ long }}".repeat(1_000);
        assert_eq!(check(&text, &vars), []);
        let told = Engine::new(&[]).expand(0, &text, names).map_err(|error| error.to_string());
        assert!(told.is_err_and(|told| told.contains("more than 65536 bytes")));
        assert!(!check(&"{{ long }} ".repeat(10_000), &vars).is_empty(), "the source is bounded");
    }
}
