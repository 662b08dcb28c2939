//! What is wrong beside posts, accounts and stories, and what a full disk means.

use crate::cli::context::CommandContext;
use crate::cli::failure::Failure;
use crate::store::Store;
use crate::store::view::IncidentRow;

/// What is wrong beside posts, accounts and stories, which have lists of their own: the job files, texts, the machine, posts to come.
pub(super) async fn standing(store: &Store) -> Result<Vec<IncidentRow>, Failure> {
    let mut open = store.standing_incidents().await?;
    open.retain(|incident| incident.trouble.stands_alone());
    Ok(open)
}

/// What a full disk means, and what to do.
pub(super) fn disk_full(home: &CommandContext) -> String {
    let dir = home.data_dir.display();
    format!(
        "the disk is full: nothing is posted until there is room for {dir}; free some space (`df -h {dir}` tells where)"
    )
}
