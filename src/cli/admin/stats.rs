//! `storyd admin stats`: what came of the posts, by account and month.

use super::super::failure::{DONE, Failure};
use super::super::flags::Common;
use super::filter::moment;
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::{ColumnLayout, length};
use crate::cli::terminal::output::note;
use crate::cli::terminal::table::{Form, RowStream};
use crate::domain::clock::Clock;
use crate::domain::telling;
use crate::store::view::{NameKind, Percentiles, StatsRow};

const COLUMNS: [&str; 16] = [
    "month",
    "zone",
    "account",
    "published",
    "late",
    "retried",
    "doubtful",
    "missed",
    "failed",
    "deleted",
    "lateness_p50_ms",
    "lateness_p90_ms",
    "lateness_p99_ms",
    "duration_p50_ms",
    "duration_p90_ms",
    "duration_p99_ms",
];

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Of this account only
    #[arg(long)]
    account: Option<String>,
    /// From the month of this time on, as in 2026-01-01 or 90d (ago)
    #[arg(long, value_name = "TIME", default_value = "365d")]
    since: String,
    /// Print CSV for a spreadsheet: UTF-8 with a byte-order mark, times in the zone of the settings, an apostrophe before a text that would
    /// be a formula
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

/// A row with its percentiles side by side.
#[derive(serde::Serialize)]
struct Flat<'a> {
    #[serde(flatten)]
    row: &'a StatsRow,
    lateness_p50_ms: Option<u64>,
    lateness_p90_ms: Option<u64>,
    lateness_p99_ms: Option<u64>,
    duration_p50_ms: Option<u64>,
    duration_p90_ms: Option<u64>,
    duration_p99_ms: Option<u64>,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: &Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    if let Some(account) = &args.account {
        super::names::check(home, &store, NameKind::Account, account).await?;
    }
    let zone = store.counting_zone().await?;
    let since = moment(&args.since, &telling::zone(&zone), Clock::system().now())?;
    let found = store.stats(args.account.as_deref(), since).await?;
    store.close().await;
    let form = if args.csv { Form::Csv } else { Form::Json };
    if common.json || args.csv {
        let mut rows = RowStream::new(form, &COLUMNS, &zone);
        for row in &found {
            if args.csv {
                rows.add(&flat(row))?;
            } else {
                rows.add(row)?;
            }
        }
        rows.end();
    } else if found.is_empty() {
        note!("nothing has been published, missed or refused since {}", args.since);
    } else {
        print(&found);
        note!("months are those of {zone}; late: more than a minute after its time");
        note!(
            "LATE and TOOK: half, nine tenths and 99 of a hundred posts were no later, and took no longer, than shown"
        );
    }
    Ok(DONE)
}

fn flat(row: &StatsRow) -> Flat<'_> {
    let (lateness, duration) = (row.lateness, row.duration);
    Flat {
        row,
        lateness_p50_ms: lateness.p50_ms,
        lateness_p90_ms: lateness.p90_ms,
        lateness_p99_ms: lateness.p99_ms,
        duration_p50_ms: duration.p50_ms,
        duration_p90_ms: duration.p90_ms,
        duration_p99_ms: duration.p99_ms,
    }
}

fn print(rows: &[StatsRow]) {
    let header = |names: &[&'static str]| names.to_vec();
    let wide = header(&[
        "MONTH",
        "ACCOUNT",
        "PUBLISHED",
        "LATE",
        "RETRIED",
        "DOUBTFUL",
        "MISSED",
        "FAILED",
        "DELETED",
        "LATE ≤ 50/90/99 %",
        "TOOK ≤ 50/90/99 %",
    ]);
    let narrow = header(&["MONTH", "PUBLISHED", "LATE", "RETRIED", "DOUBTFUL", "MISSED", "FAILED", "90 % WITHIN"]);
    let mut columns = ColumnLayout::new(&wide, &narrow);
    for row in rows {
        let [published, late, retried, doubtful, missed, failed, deleted] =
            [row.published, row.late, row.retried, row.doubtful, row.missed, row.failed, row.deleted]
                .map(|count| count.to_string());
        let (account, month) = (row.account.clone(), row.month.clone());
        let small = vec![
            format!("{month}\n{account}"),
            format!("{published}\n{deleted} deleted"),
            late.clone(),
            retried.clone(),
            doubtful.clone(),
            missed.clone(),
            failed.clone(),
            format!("late {}\ntook {}", told(row.lateness.p90_ms), told(row.duration.p90_ms)),
        ];
        let cells = vec![
            month,
            account,
            published,
            late,
            retried,
            doubtful,
            missed,
            failed,
            deleted,
            all(&row.lateness),
            all(&row.duration),
        ];
        columns.add(cells, small);
    }
    columns.print();
}

fn all(percentiles: &Percentiles) -> String {
    if percentiles.p50_ms.is_none() {
        return "–".into();
    }
    // Of one post, or of posts that are alike, one figure says all.
    if percentiles.p50_ms == percentiles.p99_ms {
        return told(percentiles.p50_ms);
    }
    let [half, most, nearly_all] = [percentiles.p50_ms, percentiles.p90_ms, percentiles.p99_ms].map(told);
    // One unit for all three where they share it.
    let unit = |text: &str| text.split_once(' ').map(|(_, unit)| unit.to_owned());
    match unit(&half) {
        Some(same) if [&most, &nearly_all].iter().all(|text| unit(text).as_deref() == Some(same.as_str())) => {
            let bare = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
            format!("{}/{}/{nearly_all}", bare(&half), bare(&most))
        }
        _ => [half, most, nearly_all].join("/"),
    }
}

fn told(ms: Option<u64>) -> String {
    match ms.map(Percentiles::length) {
        None => "–".into(),
        Some(None) => "weeks".into(),
        Some(Some(span)) => length(span),
    }
}
