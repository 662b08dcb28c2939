//! `storyd admin stories`: what was published, under which story ID.

use super::super::Common;
use super::super::failure::{DONE, Failure};
use super::super::setup::Home;
use super::super::show::{counted, excerpt, print_json, print_table, table, time};
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
    let store = super::open(home).await?;
    let rows = store.stories(args.account.as_deref(), None, args.limit).await?;
    store.close().await;
    if common.json {
        print_json(&rows)?;
    } else if rows.is_empty() {
        anstream::eprintln!("no stories on record");
    } else {
        print(&rows);
        anstream::eprintln!("{} shown", counted(rows.len(), "story"));
    }
    Ok(DONE)
}

/// The table of stories.
pub(super) fn print(rows: &[StoryRow]) {
    let now = Clock::system().now();
    let mut table = table(&["STORY", "POST", "PUBLISHED", "STANDS", "ACCOUNT", "JOB", "SAYS"]);
    for row in rows {
        let stands = match (row.deleted_at, row.delete_at, &row.delete_fault) {
            (Some(_), _, _) => "deleted".to_owned(),
            (None, _, Some(_)) => "deletion failed".to_owned(),
            (None, Some(at), None) => format!("up, deleted {}", super::super::show::relative(at, now)),
            (None, None, None) => "up".to_owned(),
        };
        table.add_row([
            row.story_id.clone(),
            row.post.to_string(),
            time(row.published_at, &row.zone, now),
            stands,
            row.account.clone(),
            row.job.clone(),
            excerpt(&row.content, 30),
        ]);
    }
    print_table(&table);
}

/// The page of a story, from an ID of the usual form `<profile>.<activity>`.
pub(super) fn url(story_id: &str) -> Option<String> {
    let (profile, activity) = story_id.split_once('.')?;
    let plain =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    (plain(profile) && plain(activity)).then(|| format!("https://story.kakao.com/{profile}/{activity}"))
}
