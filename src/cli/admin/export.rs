//! `storyd admin export`: the whole record, for other programs.

use super::super::failure::{DONE, Failure};
use crate::cli::context::CommandContext;
use crate::cli::terminal::table::{ATTEMPT_COLUMNS, EVENT_COLUMNS, Form, POST_COLUMNS, RowStream, STORY_COLUMNS};
use crate::store::view::RecordTable;

/// Rows that are read in one go.
const BATCH: u32 = 1_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// posts, events, attempts or stories [default: all of them, as JSON Lines]
    #[arg(value_parser = read_table)]
    table: Option<RecordTable>,
    /// Print CSV, of one table, for a spreadsheet: UTF-8 with a byte-order mark, times in the zone of the settings, an apostrophe before a text that would
    /// be a formula
    #[arg(long, requires = "table")]
    csv: bool,
}

fn read_table(word: &str) -> Result<RecordTable, String> {
    let known = RecordTable::ALL.into_iter().find(|table| table.as_str() == word);
    known.ok_or_else(|| format!("the tables are {}", RecordTable::ALL.map(RecordTable::as_str).join(", ")))
}

pub(super) async fn run(home: &CommandContext, args: &Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    let zone = home.zone(&store).await?;
    let form = if args.csv { Form::Csv } else { Form::Lines };
    for table in RecordTable::ALL.into_iter().filter(|table| args.table.is_none_or(|wanted| wanted == *table)) {
        let columns: &'static [&'static str] = match table {
            RecordTable::Posts => &POST_COLUMNS,
            RecordTable::Events => &EVENT_COLUMNS,
            RecordTable::Attempts => &ATTEMPT_COLUMNS,
            RecordTable::Stories => &STORY_COLUMNS,
        };
        let (mut rows, mut after) = (RowStream::new(form, columns, &zone), 0);
        loop {
            let batch = store.record(table, after, BATCH).await?;
            let Some(last) = batch.last() else { break };
            after = last.key();
            for row in &batch {
                rows.add(row)?;
            }
        }
        rows.end();
    }
    store.close().await;
    Ok(DONE)
}
