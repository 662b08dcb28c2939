//! `storyd admin restore`: a backup takes the place of the queue. What went out since it was made is looked for at Kakao before
//! anything goes out again.

use std::path::PathBuf;

use super::super::failure::{DONE, Failure};
use super::super::flags::Common;
use super::steering;
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::{confirm, length, print_json, time};
use crate::cli::terminal::output::{note, say};
use crate::domain::clock::Clock;
use crate::store::backup;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of the backup
    #[arg(value_name = "FOLDER")]
    from: PathBuf,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Only check the backup
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: &Args) -> Result<u8, Failure> {
    let now = Clock::system().now();
    let label = backup::read_backup(&args.from).await?;
    let damaged = backup::damaged_images(&args.from).await?;
    if !damaged.is_empty() {
        note!("storyd: images of this backup are damaged and are left out: {}", damaged.join(", "));
    }
    let made = time(label.made_at, &home.zone_anyway().await?, now);
    let what = format!("{} posts, {} stories, made {made}", label.posts, label.stories);
    if args.dry_run {
        if common.json {
            return print_json(&label).map(|()| DONE);
        }
        say!("a sound backup: {what}");
        return Ok(DONE);
    }
    if !args.yes && !confirm(&format!("put this backup in place of the queue in {}? {what}", home.data_dir.display()))?
    {
        return Err(Failure::not_possible("nothing was restored"));
    }
    let quarantine = home.settings.defaults.quarantine;
    let restored = backup::restore(&args.from, &home.data_dir, &steering::actor(), now).await?;
    if common.json {
        print_json(&serde_json::json!({"backup": restored.label, "aside": restored.aside}))?;
    } else {
        say!("restored: {what}");
        if let Some(aside) = &restored.aside {
            say!("the queue that was there lies in {}", aside.display());
        }
        note!(
            "nothing goes out before each account's list was read, {} after the daemon starts at the earliest; `{}` shows it",
            length(quarantine),
            home.command("admin queue")
        );
    }
    Ok(DONE)
}
