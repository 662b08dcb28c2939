//! Rows for programs: a JSON array that is printed row by row, or CSV with one stable list of columns for each kind of row. Both
//! begin at once and hold no more than the rows at hand.
//!
//! CSV is for spreadsheets, JSON for everything that must read each value back as it is: Korean Excel takes a file without a byte-order
//! mark for CP949, shows times as they are written, and runs a cell that begins like a formula.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::output::{self, say};
use crate::cli::failure::Failure;
use crate::domain::telling;

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For a person.
    Human,
    /// A JSON array.
    Json,
    /// One JSON object a line.
    Lines,
    /// Comma-separated values with a header, RFC 4180, UTF-8 behind a byte-order mark, lines ended by LF.
    Csv,
}

/// Columns of the posts.
pub(crate) const POST_COLUMNS: [&str; 19] = [
    "post",
    "job",
    "account",
    "kind",
    "state",
    "occurs_at",
    "due_at",
    "zone",
    "tags",
    "text",
    "url",
    "images",
    "permission",
    "reason",
    "story_id",
    "parked_at",
    "blocked",
    "publish_failures",
    "prepare_failures",
];
/// Columns of the stories.
pub(crate) const STORY_COLUMNS: [&str; 16] = [
    "story_id",
    "post",
    "job",
    "account",
    "kind",
    "published_at",
    "learnt_by",
    "delete_at",
    "deleted_at",
    "delete_fault",
    "tags",
    "zone",
    "text",
    "url",
    "images",
    "permission",
];
/// Columns of the events.
pub(crate) const EVENT_COLUMNS: [&str; 7] = ["id", "post", "at", "event", "state", "actor", "reason"];
/// Columns of the attempts.
pub(crate) const ATTEMPT_COLUMNS: [&str; 12] = [
    "id",
    "post",
    "kind",
    "started_at",
    "ended_at",
    "verdict",
    "fault_class",
    "fault_code",
    "fault_reason",
    "fault_remedy",
    "request",
    "answer",
];

/// A list for a program, on its way out.
pub(crate) struct RowStream {
    form: Form,
    columns: &'static [&'static str],
    /// In which CSV tells times.
    zone: String,
    begun: bool,
}

impl RowStream {
    /// Nothing is printed before the first row, or the end.
    pub(crate) fn new(form: Form, columns: &'static [&'static str], zone: &str) -> Self {
        Self { form, columns, zone: zone.to_owned(), begun: false }
    }

    /// Prints a row.
    pub(crate) fn add<T: Serialize>(&mut self, row: &T) -> Result<(), Failure> {
        match self.form {
            Form::Human => {}
            Form::Lines => say!("{}", output::json(row)?),
            Form::Json => {
                let text = output::pretty_json(row)?.replace('\n', "\n  ");
                output::write(format_args!("{}{text}", if self.begun { ",\n  " } else { "[\n  " }));
            }
            Form::Csv => {
                self.header();
                let value = serde_json::to_value(row).map_err(|error| Failure::unexpected(error.to_string()))?;
                output::raw(format_args!(
                    "{}\n",
                    line(self.columns.iter().map(|column| cell(&value, column, &self.zone)))
                ));
            }
        }
        self.begun = true;
        Ok(())
    }

    fn header(&self) {
        if !self.begun && self.form == Form::Csv {
            let names = line(self.columns.iter().map(|column| (*column).to_owned()));
            output::raw(format_args!("{BYTE_ORDER_MARK}{names}\n"));
        }
    }

    /// Ends the list.
    pub(crate) fn end(self) {
        match (self.form, self.begun) {
            (Form::Json, true) => output::write(format_args!("\n]\n")),
            (Form::Json, false) => say!("[]"),
            (Form::Csv, false) => self.header(),
            _ => {}
        }
    }
}

/// By which Excel knows UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// One cell; what a post says is taken out of its content.
fn cell(row: &Value, column: &str, zone: &str) -> String {
    let content = &row["content"];
    let value = match column {
        "text" | "url" if !content.is_null() => &content["body"][column],
        "permission" if !content.is_null() => &content[column],
        "images" if !content.is_null() => {
            let images = content["body"]["images"].as_array().map(Vec::as_slice).unwrap_or_default();
            let names: Vec<&str> = images.iter().filter_map(|image| image["name"].as_str()).collect();
            return plain(names.join(", "));
        }
        _ => &row[column],
    };
    match value {
        Value::Null => String::new(),
        Value::String(text) if column == "at" || column.ends_with("_at") => local(text, zone),
        Value::String(text) => plain(text.clone()),
        Value::Array(items) => {
            let items: Vec<String> =
                items.iter().map(|item| item.as_str().map_or(item.to_string(), str::to_owned)).collect();
            plain(items.join(" "))
        }
        other => other.to_string(),
    }
}

/// A time as spreadsheets read it, in the zone.
fn local(text: &str, zone: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(at) => at.to_zoned(telling::zone(zone)).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => plain(text.to_owned()),
    }
}

/// A text that no spreadsheet takes for a formula: an apostrophe stands before one that begins like it, which spreadsheets know as the
/// sign of a text.
fn plain(text: String) -> String {
    let begins = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    if text.starts_with(begins) { format!("'{text}") } else { text }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let quoted = cells.map(|cell| {
        if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
    });
    quoted.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_only_where_it_must_be() {
        let cells = ["라떼", "a,b", "say \"hi\"", "two\nlines", ""].map(str::to_owned);
        assert_eq!(line(cells.into_iter()), "라떼,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",");
    }

    #[test]
    fn what_a_post_says_has_columns_of_its_own() {
        let row = serde_json::json!({"post": 3, "tags": ["menu", "주말"], "reason": null,
            "due_at": "2026-11-30T15:30:00.25Z",
            "content": {"body": {"type": "photo", "images": [{"name": "라떼.jpg"}, {"name": "b.png"}], "text": "사진"},
                "permission": "friends"}});
        let columns = ["post", "tags", "reason", "text", "url", "images", "permission", "due_at"];
        let cells = columns.map(|column| cell(&row, column, "Asia/Seoul"));
        let expected = ["3", "menu 주말", "", "사진", "", "라떼.jpg, b.png", "friends", "2026-12-01 00:30:00"];
        assert_eq!(cells, expected);
    }

    #[test]
    fn no_text_is_a_formula() {
        let shown = |text: &str| {
            let row =
                serde_json::json!({"content": {"body": {"text": text}}, "reason": text, "tags": [text], "job": text});
            ["text", "reason", "tags", "job"].map(|column| cell(&row, column, "UTC"))
        };
        for text in [
            "=1+1 세일",
            "+82-2-123-4567",
            "-50% 세일",
            "@morningbean",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1+1",
            "＋1",
            "－5",
            "＠here",
            "=HYPERLINK(\"https://example.com\")",
        ] {
            assert_eq!(shown(text), [0; 4].map(|_| format!("'{text}")), "{text:?}");
        }
        for text in ["1+1", "라떼 =", "#세일", "'24 겨울", " =1", "", "(공지)", "~50%", "0123"] {
            assert_eq!(shown(text), [0; 4].map(|_| text.to_owned()), "{text:?}");
        }
        let row = serde_json::json!({"count": -5, "delete_at": null});
        assert_eq!(["count", "delete_at"].map(|column| cell(&row, column, "UTC")), ["-5", ""]);
    }
}
