//! `storyd explain`: what a code of a problem means, with a wrong example and the right one.

use serde::Serialize;

use super::failure::{DONE, Failure};
use super::flags::Common;
use super::terminal::format::print_json;
use super::terminal::output::{self, say};
use crate::yaml::nearest::nearest;
use crate::yaml::problem::Code;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A code such as E021; without one all are listed
    code: Option<String>,
}

/// One code of what `--json` prints.
#[derive(Serialize)]
struct CodeRow {
    /// Such as `E021`.
    code: &'static str,
    /// `error`, `warning` or `note`.
    severity: &'static str,
    /// A few words.
    meaning: &'static str,
    /// The whole page, in Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<&'static str>,
}

impl CodeRow {
    fn of(code: Code, explanation: Option<&'static str>) -> Self {
        Self { code: code.as_str(), severity: code.severity().as_str(), meaning: code.meaning(), explanation }
    }
}

pub(super) fn run(common: &Common, args: &Args) -> Result<u8, Failure> {
    let Some(asked) = &args.code else {
        if common.json {
            print_json(&Code::ALL.iter().map(|code| CodeRow::of(*code, None)).collect::<Vec<_>>())?;
        } else {
            Code::ALL.iter().for_each(|code| say!("{code}  {}", code.meaning()));
        }
        return Ok(DONE);
    };
    let wanted = asked.trim_matches(['[', ']']).to_uppercase();
    let Some(code) = Code::ALL.iter().copied().find(|code| code.as_str() == wanted) else {
        let all: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let near = nearest(&wanted, &all).map(|near| format!("did you mean {near}? ")).unwrap_or_default();
        return Err(Failure::no_such_thing(format!("there is no code {asked}; {near}`storyd explain` lists all")));
    };
    if common.json {
        print_json(&CodeRow::of(code, Some(code.explanation())))?;
    } else {
        output::write(format_args!("{}", page(code.explanation())));
    }
    Ok(DONE)
}

/// The Markdown page as a terminal shows it: examples indented, no fences.
fn page(markdown: &str) -> String {
    let mut inside = false;
    let mut text = String::new();
    for line in markdown.lines() {
        if line.starts_with("```") {
            inside = !inside;
            continue;
        }
        let line = if inside { format!("    {line}") } else { line.trim_start_matches("# ").to_owned() };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
