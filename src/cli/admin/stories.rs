//! `storyd admin stories`: what was published, under which story ID.

use std::collections::BTreeMap;

use super::super::failure::{DONE, Failure};
use super::super::flags::Common;
use super::filter::Filter;
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::{ColumnLayout, counted, excerpt, instant, relative};
use crate::cli::terminal::output::note;
use crate::cli::terminal::table::{Form, RowStream, STORY_COLUMNS};
use crate::domain::clock::Clock;
use crate::domain::telling;
use crate::store::Store;
use crate::store::view::{EngagementRow, StoryFilter, StoryPlace, StoryRow, StoryStands};

/// Rows that are read and printed in one go.
const PAGE: u32 = 200;
/// Stories that a person is shown unless told otherwise.
const LISTED: u32 = 100;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: Filter,
    /// Only those that are up, as far as the record knows
    #[arg(long)]
    up: bool,
    /// Comments and moods, as the audits saw them
    #[arg(long)]
    stats: bool,
    /// At most this many, the newest [default: 100; all with --json and --csv]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Print CSV for a spreadsheet: UTF-8 with a byte-order mark, times in the zone of the settings, an apostrophe before a text that would
    /// be a formula
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    super::names::check_filter(home, &store, &args.filter).await?;
    let zone = home.zone(&store).await?;
    let (from, until) = args.filter.period(&telling::zone(&zone), Clock::system().now())?;
    let Filter { account, job, tag, .. } = args.filter;
    let stands = if args.up { StoryStands::Up } else { StoryStands::Any };
    let filter = StoryFilter { account, job, tag, from, until, stands };
    let form = if args.csv {
        Form::Csv
    } else if common.json {
        Form::Json
    } else {
        Form::Human
    };
    // A program is given all of it.
    let limit = args.limit.unwrap_or(if form == Form::Human { LISTED } else { u32::MAX });
    let titles = home.settings.titles();
    let (shown, more) = if args.stats {
        engagement(&store, &filter, &zone, limit, form).await?
    } else {
        list(&store, &filter, (&zone, &titles), limit, form).await?
    };
    store.close().await;
    if more {
        note!("storyd: there are more than {limit}; a larger `--limit`, or `--until` the oldest one here, shows them");
    }
    if form == Form::Human {
        match shown {
            0 => note!("no stories on record"),
            _ => note!("{} shown", counted(shown, "story")),
        }
    }
    Ok(DONE)
}

async fn list(
    store: &Store,
    filter: &StoryFilter,
    (zone, titles): (&str, &BTreeMap<String, String>),
    limit: u32,
    form: Form,
) -> Result<(usize, bool), Failure> {
    let (mut after, mut shown) = (None, 0);
    let mut rows = RowStream::new(form, &STORY_COLUMNS, zone);
    while shown < limit as usize {
        let wanted = (limit - u32::try_from(shown).unwrap_or(limit)).min(PAGE);
        let (page, end) = store.story_page(filter, after, wanted).await?;
        shown += page.len();
        if form == Form::Human && !page.is_empty() {
            columns(&page, zone, titles).print();
        }
        for row in &page {
            rows.add(row)?;
        }
        after = end;
        if end.is_none() {
            break;
        }
    }
    if form != Form::Human {
        rows.end();
    }
    Ok((shown, more(store, filter, (shown, limit), after).await?))
}

/// Whether the limit kept any out.
async fn more(
    store: &Store,
    filter: &StoryFilter,
    (shown, limit): (usize, u32),
    after: Option<StoryPlace>,
) -> Result<bool, Failure> {
    Ok(shown >= limit as usize && after.is_some() && !store.story_page(filter, after, 1).await?.0.is_empty())
}

/// A story with what people left there.
#[derive(serde::Serialize)]
struct Engagement {
    story_id: String,
    post: i64,
    job: String,
    account: String,
    published_at: jiff::Timestamp,
    /// When an audit saw it.
    at: jiff::Timestamp,
    comments: u32,
    moods: u32,
}

const ENGAGEMENT_COLUMNS: [&str; 8] = ["story_id", "post", "job", "account", "published_at", "at", "comments", "moods"];

/// One row for each story and audit; for a person the first, the last and the difference.
async fn engagement(
    store: &Store,
    filter: &StoryFilter,
    zone: &str,
    limit: u32,
    form: Form,
) -> Result<(usize, bool), Failure> {
    let (mut after, mut shown) = (None, 0);
    let mut rows = RowStream::new(form, &ENGAGEMENT_COLUMNS, zone);
    let header = ["STORY", "POST", "SEEN", "COMMENTS", "MOODS", "JOB"];
    let mut table = ColumnLayout::new(&header, &header);
    while shown < limit as usize {
        let wanted = (limit - u32::try_from(shown).unwrap_or(limit)).min(PAGE);
        let (page, end) = store.story_page(filter, after, wanted).await?;
        shown += page.len();
        for row in page {
            let seen = store.engagement(&row.story_id).await?;
            if let (Some(first), Some(last)) = (seen.first(), seen.last()) {
                let more = |first: u32, last: u32| format!("{last} ({:+})", i64::from(last) - i64::from(first));
                let cells = vec![
                    row.story_id.clone(),
                    row.post.to_string(),
                    instant(last.at, zone),
                    more(first.comments, last.comments),
                    more(first.moods, last.moods),
                    row.job.clone(),
                ];
                table.add(cells.clone(), cells);
            }
            for EngagementRow { at, comments, moods, .. } in seen {
                let (story_id, job, account) = (row.story_id.clone(), row.job.clone(), row.account.clone());
                let published_at = row.published_at;
                rows.add(&Engagement { story_id, post: row.post, job, account, published_at, at, comments, moods })?;
            }
        }
        after = end;
        if end.is_none() {
            break;
        }
    }
    if form == Form::Human {
        table.print();
    } else {
        rows.end();
    }
    Ok((shown, more(store, filter, (shown, limit), after).await?))
}

/// The table of stories.
pub(super) fn columns(rows: &[StoryRow], zone: &str, titles: &BTreeMap<String, String>) -> ColumnLayout {
    let now = Clock::system().now();
    let mut columns = ColumnLayout::new(
        &["STORY", "POST", "PUBLISHED", "STATUS", "ACCOUNT", "JOB", "TEXT"],
        &["STORY", "PUBLISHED", "JOB, TEXT"],
    );
    for row in rows {
        let (stands, when) = match (row.deleted_at, row.delete_at, &row.delete_fault) {
            (Some(_), _, _) => ("deleted", String::new()),
            (None, _, Some(_)) => ("up", "(deletion failed)".into()),
            (None, Some(at), None) => ("up", format!("(deleted {})", relative(at, now))),
            (None, None, None) => ("up", String::new()),
        };
        let (published, ago) = (instant(row.published_at, zone), relative(row.published_at, now));
        let account = titles.get(&row.account).unwrap_or(&row.account).clone();
        let (story, job) = (row.story_id.clone(), row.job.clone());
        let says = excerpt(&row.content, 40);
        let narrow = vec![
            format!("{story}\npost {} on {account}", row.post),
            format!("{published}\n{}", format!("{stands} {when}").trim_end()),
            format!("{job}\n{says}"),
        ];
        let stands = format!("{stands} {when}").trim_end().to_owned();
        let published = format!("{published} ({ago})");
        columns.add(vec![story, row.post.to_string(), published, stands, account, job, says], narrow);
    }
    columns
}
