//! `storyd admin stories`: what was published, under which story ID.

use super::super::Common;
use super::super::failure::{DONE, Failure};
use super::super::output::note;
use super::super::setup::Home;
use super::super::show::{Columns, counted, excerpt, instant, print_json, relative};
use crate::domain::clock::Clock;
use crate::store::view::{ROWS_MAX, StoryRow};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Stories of this account only
    #[arg(long)]
    account: Option<String>,
    /// At most this many, the newest
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=i64::from(ROWS_MAX)))]
    limit: u32,
}

pub(super) async fn run(common: &Common, home: &Home, args: &Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    let rows = store.stories(args.account.as_deref(), None, args.limit).await?;
    store.close().await;
    if common.json {
        print_json(&rows)?;
    } else if rows.is_empty() {
        note!("no stories on record");
    } else {
        columns(&rows).print();
        note!("{} shown", counted(rows.len(), "story"));
    }
    Ok(DONE)
}

/// The table of stories.
pub(super) fn columns(rows: &[StoryRow]) -> Columns {
    let now = Clock::system().now();
    let mut columns = Columns::new(
        &["STORY", "POST", "PUBLISHED", "STANDS", "ACCOUNT", "JOB", "SAYS"],
        &["STORY", "PUBLISHED", "STANDS", "JOB", "SAYS"],
    );
    for row in rows {
        let (stands, when) = match (row.deleted_at, row.delete_at, &row.delete_fault) {
            (Some(_), _, _) => ("deleted", String::new()),
            (None, _, Some(_)) => ("up", "(deletion failed)".into()),
            (None, Some(at), None) => ("up", format!("(deleted {})", relative(at, now))),
            (None, None, None) => ("up", String::new()),
        };
        let (published, ago) = (instant(row.published_at, &row.zone), relative(row.published_at, now));
        let (story, account, job) = (row.story_id.clone(), row.account.clone(), row.job.clone());
        let says = excerpt(&row.content, 40);
        let narrow = vec![
            format!("{story}\npost {}", row.post),
            format!("{published}\n({ago})"),
            format!("{stands}\n{when}"),
            format!("{job}\non {account}"),
            says.clone(),
        ];
        let stands = format!("{stands} {when}").trim_end().to_owned();
        let published = format!("{published} ({ago})");
        columns.add(vec![story, row.post.to_string(), published, stands, account, job, says], narrow);
    }
    columns
}
