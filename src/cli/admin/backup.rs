//! `storyd admin backup`: the whole record and the images in a folder, while the daemon works. Without tokens.

use std::path::PathBuf;

use super::super::failure::{DONE, Failure, NEEDS_ATTENTION};
use super::super::flags::Common;
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::print_json;
use crate::cli::terminal::output::{note, say};
use crate::domain::clock::Clock;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A folder that does not exist yet
    #[arg(value_name = "FOLDER")]
    to: PathBuf,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: &Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    let label = store.back_up(&args.to, Clock::system().now()).await?;
    store.close().await;
    if common.json {
        print_json(&label)?;
    } else {
        say!(
            "backed up and checked: {} posts, {} stories, {} images, {} bytes in {}",
            label.posts,
            label.stories,
            label.images,
            label.bytes,
            args.to.display()
        );
        note!("tokens are not part of it; `{}` hands them in again elsewhere", home.command("account add-token"));
    }
    if label.damaged.is_empty() {
        return Ok(DONE);
    }
    note!(
        "storyd: stored images are damaged and were left out: {}; bring them back with `{}` of an earlier backup, or load job files \
         that still have them, then back up again",
        label.damaged.join(", "),
        home.command("admin restore")
    );
    Ok(NEEDS_ATTENTION)
}
