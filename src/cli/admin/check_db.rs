//! `storyd admin check-db`: looks for damage. Reads every page, so it takes a while on a large queue; the daemon goes on meanwhile.

use super::super::failure::{DONE, Failure};
use super::super::flags::Common;
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::print_json;
use crate::cli::terminal::output::{note, say};
use crate::store::StoreError;

pub(super) async fn run(common: &Common, home: &CommandContext) -> Result<u8, Failure> {
    let store = home.open().await?;
    let found = store.check().await?;
    store.close().await;
    if common.json {
        print_json(&serde_json::json!({"damage": found}))?;
    }
    if found.is_empty() {
        if !common.json {
            say!("no damage found");
        }
        return Ok(DONE);
    }
    for line in &found {
        note!("{line}");
    }
    let path = home.data_dir.join("queue.db");
    let remedy = home.command("admin restore BACKUP");
    let failure = Failure::from(StoreError::Corrupt { path, what: found.join("; ") });
    Err(failure.saying(format!("the queue is damaged; stop the daemon and put a backup in place with `{remedy}`")))
}
