//! Looks ahead: what of the posts to come would not go out as things stand, told while there is time to mend it.
//!
//! Asks nothing of Kakao: whether the tokens last beyond the posts, and whether the pictures are intact, is known here. Must not
//! change anything; the incidents are the parent's to begin and end.

use std::time::Duration;

use jiff::Timestamp;

pub use super::last_look::Outlook;
use super::last_look::PreflightResult;
use crate::domain::clock::later;
use crate::domain::notice::Trouble;
use crate::domain::telling::instant;
use crate::engine::context::Ctx;
use crate::engine::report::Result;
use crate::engine::rules::Telling;
use crate::network::kakao::folder::TokenError;
use crate::store::StoreError;
use crate::store::queue::NewIncident;
use crate::store::view::PostRow;

/// How far ahead pictures are looked at: the evening before, and until the post is due.
const PICTURES_AHEAD: Duration = Duration::from_secs(24 * 3_600);

/// What would go wrong.
pub(crate) async fn outlook(ctx: &Ctx) -> Result<Vec<NewIncident>> {
    let now = ctx.clock.now();
    let (_, generation) = ctx.plan.get();
    if let Some(found) = ctx.outlook.kept(now, generation) {
        return Ok(found);
    }
    let mut found = Vec::new();
    for account in ctx.store.waiting_accounts().await? {
        found.extend(tokens(ctx, &account, now).await?);
    }
    let photos = ctx.store.photos_due_by(later(now, PICTURES_AHEAD)).await?;
    found.extend(lost(ctx, photos).await?.iter().map(|(post, name)| picture(post, name, &ctx.rules.telling, now)));
    ctx.outlook.keep(PreflightResult { at: now, generation, found: found.clone() });
    Ok(found)
}

/// When each account that has tokens has to log in again: the end of its refresh token, or of the access token of one that has no
/// other.
pub fn token_ends(ctx: &Ctx) -> Vec<(String, Timestamp)> {
    let folder = ctx.tokens.folder();
    let end = |account: String| {
        let set = folder.load(&account).ok()?;
        let end = if set.refresh_token.is_some() { set.refresh_expires_at } else { set.access_expires_at };
        Some((account, end?))
    };
    folder.list().unwrap_or_default().into_iter().filter_map(end).collect()
}

/// An account whose posts outlive its tokens.
async fn tokens(ctx: &Ctx, account: &str, now: Timestamp) -> Result<Option<NewIncident>> {
    let telling = &ctx.rules.telling;
    let reason = match ctx.tokens.folder().load(account) {
        Ok(set) => {
            // Where they can be renewed they are, and a refresh token is replaced in its last month: no end is in sight then.
            let renewable = set.refresh_token.is_some() && ctx.credentials.get(account).is_some();
            let end = if renewable { set.refresh_expires_at.filter(|end| *end <= now) } else { set.access_expires_at };
            let Some(end) = end else { return Ok(None) };
            let after = ctx.store.waiting_from(account, end).await?;
            if after == 0 {
                return Ok(None);
            }
            let verb = if after == 1 { "post is" } else { "posts are" };
            format!("{after} {verb} due after the token of `{account}` ends on {}", instant(end, &telling.zone))
        }
        Err(TokenError::Missing(_)) => {
            let waiting = ctx.store.waiting_from(account, Timestamp::MIN).await?;
            let verb = if waiting == 1 { "post waits" } else { "posts wait" };
            format!("{waiting} {verb} for a login of `{account}`, which has no tokens")
        }
        // The disk or its permissions: whoever uses the tokens says so.
        Err(_) => return Ok(None),
    };
    Ok(Some(NewIncident {
        trouble: Trouble::Preflight,
        subject: format!("tokens of {account}"),
        post: None,
        job: None,
        account: Some(account.to_owned()),
        reason,
        command: telling.command(&format!("account login {account}")),
        began_at: now,
    }))
}

/// The posts whose pictures are not as they were taken over, each with the name of the first. Reads pictures through, beside what posts.
async fn lost(ctx: &Ctx, photos: Vec<PostRow>) -> Result<Vec<(PostRow, String)>> {
    let media = ctx.store.media().clone();
    let look = move || -> Vec<(PostRow, String)> {
        let lost = |post: PostRow| {
            let name = post.content.images().iter().find(|image| !media.holds(image))?.name.clone();
            Some((post, name))
        };
        photos.into_iter().filter_map(lost).collect()
    };
    let interrupted = |_| StoreError::Nonsense { what: "pictures whose reading was interrupted".into() };
    tokio::task::spawn_blocking(look).await.map_err(interrupted)
}

/// The trouble of a post whose picture is lost.
fn picture(post: &PostRow, name: &str, telling: &Telling, now: Timestamp) -> NewIncident {
    NewIncident {
        trouble: Trouble::Preflight,
        subject: format!("pictures of post {}", post.post),
        post: Some(post.post),
        job: Some(post.job.clone()),
        account: Some(post.account.clone()),
        reason: format!(
            "the stored picture {:?} is missing or damaged, and the post is due on {}; restore the media folder from a backup, or \
             cancel the post and enqueue it anew",
            name,
            instant(post.due_at, &post.zone)
        ),
        command: telling.command(&format!("admin show {}", post.post)),
        began_at: now,
    }
}
