//! `storyd admin prune`: takes out what the settings no longer keep. The daemon does the same once a day.

use std::collections::BTreeMap;

use super::super::failure::{DONE, Failure};
use super::super::flags::Common;
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::{confirm, counted, print_json};
use crate::cli::terminal::output::{note, say};
use crate::domain::clock::{Clock, earlier};
use crate::domain::post::PostState;
use crate::engine::tasks::prune;
use crate::store::queue::Pruned;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Only say how much it would be
    #[arg(long)]
    dry_run: bool,
}

/// What `--json` prints.
#[derive(serde::Serialize)]
struct PruneJson {
    /// Posts of each state that were older than it is kept, before anything was taken out.
    prunable: BTreeMap<PostState, u64>,
    /// Posts that were taken out.
    pruned: u64,
    /// Audits that were.
    audits: u64,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: &Args) -> Result<u8, Failure> {
    let keep = home.settings.keep;
    let store = home.open().await?;
    let now = Clock::system().now();
    let mut old = Vec::new();
    for (state, length) in prune::states(&keep) {
        if let Some(length) = length {
            old.push((state, earlier(now, length), store.prunable(state, earlier(now, length)).await?));
        }
    }
    let prunable = old.iter().map(|(state, _, posts)| (*state, *posts)).collect();
    let posts: u64 = old.iter().map(|(_, _, posts)| posts).sum();
    if old.is_empty() && keep.audits.is_none() {
        note!("everything is kept for ever; `keep` in storyd.yaml says for how long instead");
    }
    let audits = match keep.audits {
        Some(length) => store.prunable_audits(earlier(now, length)).await?,
        None => 0,
    };
    let number = |count: u64, noun| counted(usize::try_from(count).unwrap_or(usize::MAX), noun);
    let told = || format!("{} and {}", number(posts, "post"), number(audits, "audit"));
    if args.dry_run || posts + audits == 0 {
        store.close().await;
        if common.json {
            return print_json(&PruneJson { prunable, pruned: 0, audits: 0 }).map(|()| DONE);
        }
        for (state, _, posts) in &old {
            say!("{state}: {posts} older than they are kept");
        }
        if keep.audits.is_some() {
            say!("audits: {audits} older than they are kept");
        }
        return Ok(DONE);
    }
    if !args.yes && !confirm(&format!("take {} out of the record? only a backup has them afterwards", told()))? {
        return Err(Failure::not_possible("nothing was taken out"));
    }
    let mut pruned = Pruned::default();
    for (state, before, _) in old {
        loop {
            let more = store.prune_posts(state, before).await?;
            pruned.posts += more;
            if more == 0 {
                break;
            }
        }
    }
    if let Some(length) = keep.audits {
        while store.prune_audit(earlier(now, length)).await? > 0 {
            pruned.audits += 1;
        }
    }
    store.close().await;
    if common.json {
        print_json(&PruneJson { prunable, pruned: pruned.posts, audits: pruned.audits })?;
    } else {
        say!("taken out: {} posts, {} audits", pruned.posts, pruned.audits);
    }
    Ok(DONE)
}
