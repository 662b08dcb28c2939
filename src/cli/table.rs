//! Rows for programs: a JSON array that is printed row by row, or CSV with one stable list of columns for each kind of row. Both
//! begin at once and hold no more than the rows at hand.

use serde::Serialize;
use serde_json::Value;

use super::failure::Failure;
use super::output::{self, say};

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// For a person.
    Human,
    /// A JSON array.
    Json,
    /// One JSON object a line.
    Lines,
    /// Comma-separated values with a header, RFC 4180, UTF-8, lines ended by LF.
    Csv,
}

/// Columns of the posts.
pub(super) const POST_COLUMNS: [&str; 19] = [
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
pub(super) const STORY_COLUMNS: [&str; 16] = [
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
pub(super) const EVENT_COLUMNS: [&str; 7] = ["id", "post", "at", "event", "state", "actor", "reason"];
/// Columns of the attempts.
pub(super) const ATTEMPT_COLUMNS: [&str; 12] = [
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
pub(super) struct Rows {
    form: Form,
    columns: &'static [&'static str],
    begun: bool,
}

impl Rows {
    /// Nothing is printed before the first row, or the end.
    pub(super) fn new(form: Form, columns: &'static [&'static str]) -> Self {
        Self { form, columns, begun: false }
    }

    /// Prints a row.
    pub(super) fn add<T: Serialize>(&mut self, row: &T) -> Result<(), Failure> {
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
                output::raw(format_args!("{}\n", line(self.columns.iter().map(|column| cell(&value, column)))));
            }
        }
        self.begun = true;
        Ok(())
    }

    fn header(&self) {
        if !self.begun && self.form == Form::Csv {
            say!("{}", line(self.columns.iter().map(|column| (*column).to_owned())));
        }
    }

    /// Ends the list.
    pub(super) fn end(self) {
        match (self.form, self.begun) {
            (Form::Json, true) => output::write(format_args!("\n]\n")),
            (Form::Json, false) => say!("[]"),
            (Form::Csv, false) => self.header(),
            _ => {}
        }
    }
}

/// One cell; what a post says is taken out of its content.
fn cell(row: &Value, column: &str) -> String {
    let content = &row["content"];
    let value = match column {
        "text" | "url" if !content.is_null() => &content["body"][column],
        "permission" if !content.is_null() => &content[column],
        "images" if !content.is_null() => {
            return content["body"]["images"].as_array().map_or(0, Vec::len).to_string();
        }
        _ => &row[column],
    };
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> =
                items.iter().map(|item| item.as_str().map_or(item.to_string(), str::to_owned)).collect();
            items.join(" ")
        }
        other => other.to_string(),
    }
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
            "content": {"body": {"type": "photo", "images": [{}, {}], "text": "사진"}, "permission": "friends"}});
        let cells = ["post", "tags", "reason", "text", "url", "images", "permission"].map(|column| cell(&row, column));
        assert_eq!(cells, ["3", "menu 주말", "", "사진", "", "2", "friends"]);
    }
}
